# SPDX-License-Identifier: Apache-2.0
"""Who may do what: for every operation and every kind of caller the decision is that of permissions.json; and no answer reveals
what is hidden from the caller.

permissions.json has for each operation its module, its declared access and permissions, whether it only reads (tests/module/
test_jobs.py), what it needs of the build (a macro of config.h), and requests with the decision for each caller: a status;
"passes", whatever follows the decision; "restricted", refused as an operation for super_users; or the lists of a refusal, of
which those not given are empty.
"""
import base64, http.client, json, os, re, subprocess, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, LYRED, PASSWORD, SOURCE, Server, built_modules, feature, table_permission

REFUSED = "This operation is not authorized due to role restrictions and/or invalid database items"

# What the limited role must not learn: words that occur nowhere else.
HIDDEN_ATTRIBUTE, HIDDEN_VALUES = "xyzzy_chip", ["plugh1", "plugh2"]
HIDDEN_TABLE, HIDDEN_DATABASE, HIDDEN_DATABASE_TABLE = "zanzibar_vault", "quagmire", "grue"
HIDDEN_RECORD = "frobozz"


ROLES = {
    "nothing": {"super_user": False},
    "reader": {"super_user": False, "kennel": {"tables": {"dog": table_permission("read")}}},
    "limited": {"super_user": False, "kennel": {"tables": {"dog": table_permission("read", "insert", "update", attributes=[
        {"attribute_name": "id", "read": True, "insert": True, "update": True},
        {"attribute_name": "name", "read": True, "insert": True, "update": True},
        {"attribute_name": "weight", "read": True, "insert": False, "update": False}])}}},
    "structure": {"structure_user": ["kennel"]},
    "structure_all": {"structure_user": True},
}
CALLERS = ["nobody", "wrong_password", "inactive"] + list(ROLES) + ["super_user"]
SIGNED_IN = list(ROLES) + ["super_user"]

# Operations that the documents restrict to super_user roles, by their headings.
DOCUMENTED = [
    # Databases and Tables
    "create_database",        # Create database
    "drop_database",          # Drop database
    "create_table",           # Create Table
    "drop_table",             # Drop Table
    "drop_attribute",         # Drop Attribute
    "get_backup",             # Get Backup
    # Utility Operations
    "restart",                # Restart
    "restart_service",        # Restart Service
    "system_information",     # System Information
    "delete_records_before",  # Delete Records Before
    "install_node_modules",   # Install Node Modules
    "set_configuration",      # Set Configuration
    "get_configuration",      # Get Configuration
    "add_certificate",        # Add Certificate
    "remove_certificate",     # Remove Certificate
    "list_certificates",      # List Certificates
]
# Also recorded: roles with structure_user may do these too, if its list names the database, or for all.
STRUCTURE = {"create_table": ["structure", "structure_all"], "drop_table": ["structure", "structure_all"],
             "drop_attribute": ["structure", "structure_all"], "create_database": ["structure_all"], "drop_database": ["structure_all"]}


MODULES = built_modules()
LISTED = subprocess.run([LYRED, "-c", "/dev/null", "--list-operations"], stdout=subprocess.PIPE, text=True, check=True).stdout
OPERATIONS = {line.split()[0] for line in LISTED.splitlines() if line.strip()}
with open(os.path.join(SOURCE, "tests", "api", "permissions.json")) as f:
    TABLE = {name: entry for name, entry in json.load(f).items() if feature(entry.get("needs", "PACKAGE"))}


def setUpModule():
    if not {"users", "schema", "data"} <= MODULES:
        print("this build has no users, or nothing that they could do")
        sys.exit(77)


def prepare(s):
    """A database with visible and hidden parts, and a user for each role, named after it."""
    s.ok({"operation": "create_table", "database": "kennel", "table": "dog", "primary_key": "id"})
    s.ok({"operation": "insert", "database": "kennel", "table": "dog", "records": [
        {"id": 1, "name": "rex", "weight": 7, HIDDEN_ATTRIBUTE: HIDDEN_VALUES[0]},
        {"id": 2, "name": "ada", "weight": 9, HIDDEN_ATTRIBUTE: HIDDEN_VALUES[1]}]})
    for database, table in (("kennel", HIDDEN_TABLE), (HIDDEN_DATABASE, HIDDEN_DATABASE_TABLE)):
        s.ok({"operation": "create_table", "database": database, "table": table, "primary_key": "id"})
        s.ok({"operation": "insert", "database": database, "table": table, "records": [{"id": 1, "note": HIDDEN_RECORD}]})
    for name, permission in ROLES.items():
        s.add_role(name, permission)
        s.add_user(name, name)
    s.add_user("inactive", "limited", active=False)


def start():
    return Server(settings=CHEAP_LOGINS)


class Caller:
    """A caller: a persistent connection, and headers with credentials."""

    def __init__(self, server, name, headers=None):
        self.server, self.name, self.connection = server, name, None
        if headers is None:
            headers = {} if name == "nobody" else {"Authorization":
                server.authorization() if name == "super_user" else
                server.authorization("reader", "not it") if name == "wrong_password" else server.authorization(name, PASSWORD)}
        self.headers = headers

    def send(self, method="POST", path="/", body=None):
        """(status, headers, bytes); retried if the server has closed an idle connection."""
        for again in (True, False):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            try:
                self.connection.request(method, path, body=body, headers=dict(self.headers, **{"Content-Type": "application/json"}))
                r = self.connection.getresponse()
                return r.status, r.headers, r.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()
                if not again:
                    raise

    def ask(self, operation, request=()):
        return self.send(body=json.dumps(dict({"operation": operation}, **dict(request))).encode())

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None


def camel_case(name):
    words = name.split("_")
    return words[0] + "".join(w.capitalize() for w in words[1:])


def refusal(decision, operation):
    """The whole body of a 403."""
    if decision == "restricted":
        name = TABLE[operation].get("refused_as", camel_case(operation))
        decision = {"unauthorized_access": ["Operation '%s' is restricted to 'super_user' roles" % name]}
    if "error" in decision:
        return decision
    tables = [item if isinstance(item, str) else dict({"required_table_permissions": [], "required_attribute_permissions": []}, **item)
              for item in decision.get("unauthorized_access", [])]
    return {"error": REFUSED, "unauthorized_access": tables, "invalid_schema_items": decision.get("invalid_schema_items", [])}


def mistake(decision, operation, status, body):
    """What is wrong with an answer; None: nothing."""
    if decision == "passes":
        return "is refused with %d %s" % (status, body) if status in (401, 403) else None
    if isinstance(decision, int):
        return "is answered with %d %s" % (status, body) if status != decision else None
    want = refusal(decision, operation)
    return None if (status, body) == (403, want) else "is answered with %d %s, wanted 403 %s" % (status, body, want)


def decode(body):
    try:
        return json.loads(body)
    except ValueError:
        return body


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = start()
        cls.addClassCleanup(cls.s.stop)
        prepare(cls.s)
        cls.described = {o["operation"]: o for o in cls.s.ok({"operation": "describe_operations"})} if "help" in MODULES else {}

    def caller(self, name, headers=None):
        c = Caller(self.s, name, headers)
        self.addCleanup(c.close)
        return c


def last(operations):
    """restart comes last: it ends sign-ins that depend on an open connection."""
    return sorted(operations, key=lambda name: name == "restart")


class Matrix(Case):
    def decide(self, callers, operations, request_as=lambda name: [name]):
        wrong = []
        for operation in last(operations):
            for row in TABLE[operation]["rows"]:
                for caller in callers:
                    for name in request_as(operation):
                        status, _, body = caller.ask(name, row["request"])
                        fault = mistake(row["decisions"][caller.name], operation, status, decode(body))
                        if fault:
                            wrong.append("%s %s as %s %s" % (name, json.dumps(row["request"]), caller.name, fault))
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_complete(self):
        self.assertEqual(sorted(OPERATIONS - set(TABLE)), [], "without a row in permissions.json")
        gone = {name for name in set(TABLE) - OPERATIONS if TABLE[name]["module"] in MODULES}
        self.assertEqual(sorted(gone), [], "in permissions.json, but no operation of a module of this build")
        for name in sorted(set(TABLE) - OPERATIONS):
            print("skipped: %s, this build has no module %s" % (name, TABLE[name]["module"]))
        for name, entry in TABLE.items():
            self.assertTrue(entry["rows"], name)
            for row in entry["rows"]:
                self.assertEqual(list(row["decisions"]), CALLERS, name)

    def test_declared(self):
        if not self.described:
            self.skipTest("this build has no module help")
        self.assertEqual(sorted(self.described), sorted(OPERATIONS))
        for name, o in self.described.items():
            want = TABLE[name]
            self.assertEqual([name, o["module"], o["access"], o["permissions"]],
                             [name, want["module"], want["access"], want.get("permissions", [])])

    def test_password(self):
        self.decide([self.caller(name) for name in CALLERS], set(TABLE) & OPERATIONS)

    def test_aliases(self):
        """It makes no difference which name an operation is called by."""
        other = {name: o["aliases"] for name, o in self.described.items() if o["aliases"]}
        if not other:
            self.skipTest("this build has no module help, or nothing with another name")
        self.decide([self.caller(name) for name in CALLERS], other, request_as=lambda name: other[name])

    def test_socket(self):
        """A peer on the domain socket is a super_user."""
        for operation in set(TABLE) & OPERATIONS - {"restart"}:
            for row in TABLE[operation]["rows"]:
                status, body = self.s.call(dict({"operation": operation}, **row["request"]), unix=True)
                self.assertIsNone(mistake(row["decisions"]["super_user"], operation, status, body), operation)

    def test_bearer(self):
        callers = []
        for name in SIGNED_IN:
            status, _, body = self.caller(name).ask("create_authentication_tokens")
            self.assertEqual(status, 200, body)
            callers.append(self.caller(name, {"Authorization": "Bearer " + json.loads(body)["operation_token"]}))
        self.decide(callers, set(TABLE) & OPERATIONS - {"restart"})

    def test_cookie(self):
        callers = []
        for name in SIGNED_IN:
            status, headers, body = self.caller(name).ask("login")
            self.assertEqual(status, 200, body)
            self.assertIn("HttpOnly", headers["set-cookie"])
            callers.append(self.caller(name, {"Cookie": headers["set-cookie"].split(";")[0],
                                              "Origin": "http://127.0.0.1:%d" % self.s.port}))
        # logout would end the session that the others use; login starts another session
        self.decide(callers, set(TABLE) & OPERATIONS - {"restart", "login", "logout"})

    def test_pages(self):
        if "metrics" not in MODULES:
            self.skipTest("this build has no module metrics")
        for name in CALLERS:
            want = 401 if name in CALLERS[:3] else 200 if name == "super_user" else 403
            for method in ("GET", "HEAD"):
                self.assertEqual(self.caller(name).send(method, "/metrics")[0], want, name)
            self.assertEqual(self.caller(name).send("GET", "/health")[0], 401 if name in CALLERS[1:3] else 200, name)


class Documents(Case):
    def test_restricted(self):
        self.assertTrue(set(DOCUMENTED) & OPERATIONS)
        for operation in sorted(set(DOCUMENTED) & OPERATIONS - {"restart"}) + ["restart"] * ("restart" in OPERATIONS):
            request = TABLE[operation]["rows"][0]["request"]
            for name in CALLERS:
                if name == "super_user" or name in STRUCTURE.get(operation, []):
                    continue
                status, _, body = self.caller(name).ask(operation, request)
                self.assertEqual([operation, name, status], [operation, name, 401 if name in CALLERS[:3] else 403], body)
                if status == 403:
                    self.assertEqual(json.loads(body), refusal("restricted", operation))


class Leaks(Case):
    SECRETS = [HIDDEN_ATTRIBUTE, HIDDEN_TABLE, HIDDEN_DATABASE, HIDDEN_DATABASE_TABLE, HIDDEN_RECORD] + HIDDEN_VALUES
    DOG = {"database": "kennel", "table": "dog"}

    def hidden(self, caller, operation, request):
        """Fails if an answer names what the request did not."""
        status, headers, body = caller.ask(operation, request)
        answer, asked = str(headers).encode() + body, json.dumps(request)
        for secret in self.SECRETS:
            if secret not in asked:
                self.assertNotIn(secret.encode(), answer, "%s %s: %d" % (operation, asked, status))
        return status, body

    def requests(self):
        for operation in last(set(TABLE) & OPERATIONS):
            for row in TABLE[operation]["rows"]:
                yield operation, row["request"]

    def probes(self):
        """Requests for everything that the limited role may see, in every way that might reveal more."""
        dog, name = self.DOG, {"attribute": "name", "value": "*"}
        for more in ({}, {"get_attributes": ["*"]}, {"get_attributes": ["*", "name"]}, {"get_attributes": ["name", "*"]},
                     {"get_attributes": ["*", "*"]}, {"get_attributes": []}, {"sort": {"attribute": "name", "next": {"attribute": "weight"}}},
                     {"get_attributes": None}, {"get_attributes": "*"}, {"get_attributes": {"a": 1}}, {"get_attributes": ["*", 1]}):
            yield "search_by_value", dict(dog, **dict(name, **more))
            yield "search_by_value", dict(dog, attribute="weight", value=7, **more)
            yield "search_by_id", dict(dog, ids=[1, 2], **more)
            yield "search_by_conditions", dict(dog, conditions=[dict(name, comparator="starts_with", value="")], **more)
            yield "search_by_conditions", dict(dog, conditions=[{"attribute": "weight", "comparator": "between", "value": [0, 99]}], **more)
            yield "search_by_conditions", dict(dog, conditions=[{"attribute": "weight", "comparator": "not_in", "value": [1, 2]}], **more)
        for attribute in ("*", "", "nosuch", 1, None, ["name"]):
            yield "search_by_value", dict(dog, attribute=attribute, value="*")
            yield "search_by_conditions", dict(dog, conditions=[{"attribute": attribute, "value": "rex"}])
        for operation in ("describe_all", "describe_database", "describe_schema", "describe_table"):
            for more in (dog, dict(dog, exact_count=True), {"database": "kennel"}, {"database": "nosuch"}, {"database": "kennel", "table": "nosuch"}, {}):
                yield operation, more
        for operation in ("insert", "update", "upsert"):
            for records in ([{"id": 1, "name": "rex"}], [{"id": 3, "name": "zoe"}], [{"id": 1, "weight": 7}], [{"id": 1, "nosuch": 1}],
                            [{"name": "max"}], [{"id": {}}], ["x"], "x", [{"id": 1, "name": "rex"}] * 2):
                yield operation, dict(dog, records=records)
        for operation in ("search_by_id", "delete", "insert", "describe_table", "create_attribute", "search_by_value", "search_by_conditions"):
            for more in ({}, {"table": "dog"}, {"database": "kennel"}, {"database": "", "table": ""}, {"database": 1, "table": {}},
                         {"database": "system", "table": "hdb_user"}, {"database": "kennel", "table": "Dog"}):
                yield operation, more

    def test_limited_role(self):
        caller = self.caller("limited")
        for operation, request in self.requests():
            self.hidden(caller, operation, request)
        for operation, request in self.probes():
            self.hidden(caller, operation, request)
        # what it may see is there
        status, body = self.hidden(caller, "search_by_value", dict(self.DOG, attribute="name", value="rex"))
        self.assertEqual((status, json.loads(body)), (200, [{"id": 1, "name": "rex", "weight": 7}]))

    def test_limited_role_as_csv(self):
        caller = self.caller("limited")
        caller.headers["Accept"] = "text/csv"
        for operation, request in self.probes():
            self.hidden(caller, operation, request)

    def test_named_attribute_of_other(self):
        """A hidden attribute is reported with the same message as a nonexistent one."""
        name = {"attribute": "name", "value": "rex"}
        hidden = {"attribute": "@", "value": "plugh1"}
        old_words = {"search_attribute": "@", "search_value": "plugh1"}
        requests = [
            ("search_by_value", hidden), ("search_by_value", old_words), ("search_by_value", dict(old_words, **name)),
            ("search_by_value", dict(hidden, **{"search_attribute": "name", "search_value": "rex"})),
            ("search_by_value", {"attribute": ["@"], "value": "plugh1"}), ("search_by_value", {"attribute": "@", "value": "p*"}),
            ("search_by_value", {"attribute": "dog.@", "value": "plugh1"}), ("search_by_value", {"attribute": "@", "value": "*", "limit": 0}),
            ("search_by_id", {"ids": [1], "get_attributes": ["@"]}), ("search_by_id", {"ids": [1], "get_attributes": ["*", "@"]}),
            ("search_by_id", {"ids": [1], "get_attributes": [{"name": "@"}]}), ("search_by_id", {"ids": [1], "get_attributes": [["@"]]}),
            ("search_by_id", {"ids": [], "get_attributes": ["@"]}), ("search_by_id", {"get_attributes": ["@"]}),
            ("insert", {"records": [{"id": 1, "@": 1}]}), ("insert", {"records": [{"id": 1, "name": "rex"}, {"id": 1, "@": None}]}),
            ("update", {"records": [{"id": 1, "@": 1}]}), ("upsert", {"records": [{"id": 1, "@": 1}]}),
            ("insert", {"records": {"id": 1, "@": 1}}), ("insert", {"records": [[{"id": 1, "@": 1}]]}),
            ("create_attribute", {"attribute": "@"}), ("drop_attribute", {"attribute": "@"}),
        ]
        for more in ({"get_attributes": ["@"]}, {"get_attributes": ["name", "@"]}, {"get_attributes": "@"}, {"get_attributes": {"a": "@"}},
                     {"get_attributes": [{"name": "name", "select": ["@"]}]}, {"sort": {"attribute": "@"}}, {"sort": {"attribute": ["@"]}},
                     {"sort": {"attribute": "name", "next": {"attribute": "@"}}}, {"sort": "@"}, {"sort": ["@"]},
                     {"sort": {"attribute": "name", "search_attribute": "@"}}):
            requests += [("search_by_value", dict(name, **more)), ("search_by_conditions", dict({"conditions": [name]}, **more))]
        for conditions in ([hidden], [old_words], [name, hidden], [dict(name, **old_words)], [dict(hidden, search_attribute="name")],
                           [{"operator": "or", "conditions": [name, hidden]}], [{"operator": "or", "conditions": [name, old_words]}],
                           [{"attribute": ["@"], "value": "plugh1"}], [{"attribute": ["name", "@"], "value": "plugh1"}],
                           [dict(name, conditions=[hidden])], [[hidden]], {"a": hidden}, hidden, [dict(hidden, comparator="not_equal")],
                           [dict(hidden, comparator="in", value=["plugh1", 1])], [dict(hidden, comparator="not_in", value=[])],
                           [dict(hidden, comparator="not_contains")], [dict(hidden, comparator="in")],
                           [dict(hidden, comparator="nosuch")], [{"attribute": "@"}], [{"conditions": [{"conditions": [hidden]}]}]):
            requests += [("search_by_conditions", {"conditions": conditions}),
                         ("search_by_conditions", {"conditions": conditions, "operator": "or", "get_attributes": ["id"]})]
        caller = self.caller("limited")
        for operation, request in requests:
            answers = []
            for attribute in (HIDDEN_ATTRIBUTE, "nosuch"):
                body = json.dumps(dict({"operation": operation}, **dict(self.DOG, **request))).replace("@", attribute)
                status, _, body = caller.send(body=body.encode())
                answers.append((status, body.replace(attribute.encode(), b"@")))
            self.assertEqual(answers[0], answers[1], "%s %s" % (operation, request))
            self.assertNotIn(b"plugh2", answers[0][1])

    def test_names_given_twice(self):
        """Of two members with the same name, or with a name and its old word, the decision uses the one that takes effect."""
        caller = self.caller("limited")
        for text in ('"table":"dog","table":"zanzibar_vault"', '"table":"zanzibar_vault","table":"dog"',
                     '"table":"dog","schema":"quagmire"', '"table":"grue","schema":"quagmire","database":"kennel"',
                     '"table":"grue","database":"kennel","schema":"quagmire"', '"table":"hdb_user","schema":"system"',
                     '"table":"grue","database":"kennel","database":"quagmire"', '"table":"hdb_user","database":"system","schema":"kennel"'):
            for rest in ('"attribute":"id","value":"*"', '"attribute":"username","value":"*"',
                         '"attribute":"name","value":"*","attribute":"xyzzy_chip"', '"attribute":"xyzzy_chip","attribute":"name","value":"*"',
                         '"attribute":"name","value":"*","get_attributes":["name"],"get_attributes":["xyzzy_chip"]'):
                database = '"database":"kennel",' if "kennel" not in text and "schema" not in text else ""
                status, _, body = caller.send(body=('{"operation":"search_by_value",%s%s,%s}' % (database, text, rest)).encode())
                for secret in HIDDEN_VALUES + [HIDDEN_RECORD, "super_user"]:
                    self.assertNotIn(secret.encode(), body, text + rest)

    def test_named_table_of_other(self):
        """The same for tables and databases."""
        for name in ("nothing", "reader", "limited"):
            caller = self.caller(name)
            for operation, request in self.requests():
                if request.get("database") != "kennel" or request.get("table") != "dog":
                    continue
                for hidden, none in ((("kennel", HIDDEN_TABLE), ("kennel", "nosuch")), ((HIDDEN_DATABASE, HIDDEN_DATABASE_TABLE), ("nosuch", "nosuch"))):
                    answers = []
                    for database, table in (hidden, none):
                        status, _, body = caller.ask(operation, dict(request, database=database, table=table))
                        answers.append((status, body.replace(table.encode(), b"@").replace(database.encode(), b"@")))
                    self.assertEqual(answers[0], answers[1], "%s as %s" % (operation, name))

    def test_job_of_other(self):
        """Another user's job does not reveal what it worked on."""
        if "get_job" not in OPERATIONS:
            self.skipTest("this build has no module system")
        started = self.s.ok({"operation": "delete_records_before", "database": "kennel", "table": HIDDEN_TABLE, "date": "2001-01-01"})
        for name in ("nothing", "limited", "structure_all"):
            self.assertEqual(self.hidden(self.caller(name), "get_job", {"id": started["job_id"]}), (200, b"[]"), name)
        self.assertEqual([job["user"] for job in self.s.ok({"operation": "get_job", "id": started["job_id"]})], [Server.admin[0]])

    def test_secrets_of_users(self):
        """A super_user sees the records of users, but neither hashes nor other credentials."""
        status, _, body = self.caller("limited").ask("create_authentication_tokens")
        tokens = json.loads(body)
        payload = tokens["operation_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.assertEqual(claims["username"], "limited")
        stamps = [v.encode() for v in claims.values() if isinstance(v, str) and re.fullmatch("[0-9a-f]{32}", v)]
        status, headers, _ = self.caller("limited").ask("login")
        session = headers["set-cookie"].split(";")[0].split("=", 1)[1].encode()
        caller, tables = self.caller("super_user"), sorted(self.s.ok({"operation": "describe_database", "database": "system"}))
        self.assertIn("hdb_user", tables)
        asked = [(o, r) for o, r in self.requests() if o not in ("restart", "get_backup", "create_authentication_tokens", "login")]
        for table in tables:
            key = self.s.ok({"operation": "describe_table", "database": "system", "table": table})["hash_attribute"]
            where = {"database": "system", "table": table}
            asked += [("search_by_value", dict(where, attribute=key, value="*", **more)) for more in ({}, {"get_attributes": ["*"]})]
            asked += [("search_by_value", dict(where, attribute=attribute, value="*")) for attribute in ("password", "stamp", "hash", "refresh_token")]
            asked += [("search_by_id", dict(where, ids=["limited", "admin"], get_attributes=more)) for more in (["*"], ["password"], ["stamp", "refresh_token"])]
            asked += [("search_by_conditions", dict(where, conditions=[{"attribute": key, "comparator": "starts_with", "value": ""}]))]
            asked += [(o, where) for o in ("describe_table", "read_audit_log", "read_transaction_log", "list_users", "user_info", "list_roles")]
        for operation, request in asked:
            if operation not in OPERATIONS:
                continue
            status, headers, body = caller.ask(operation, request)
            answer = str(headers).encode() + body
            for secret in [b"$argon2", tokens["operation_token"].encode(), tokens["refresh_token"].encode(), session] + stamps:
                self.assertNotIn(secret, answer, "%s %s" % (operation, request))
        users = self.s.ok({"operation": "search_by_value", "database": "system", "table": "hdb_user", "attribute": "username", "value": "*"})
        self.assertLessEqual({"admin", "limited", "inactive"}, {u["username"] for u in users})
        for u in users + self.s.ok({"operation": "list_users"}) + [self.s.ok({"operation": "user_info"})]:
            self.assertFalse({"password", "hash", "stamp", "refresh_token"} & set(u), u)

    def test_secrets_in_the_log(self):
        """Passwords, tokens and sessions do not appear in the server's log."""
        with Server(settings=CHEAP_LOGINS + ["logging.level=trace", "logging.auditAuthEvents.logFailed=true",
                                         "logging.auditAuthEvents.logSuccessful=true"]) as s:
            prepare(s)
            secrets = [PASSWORD, "another-Secret9", "not it", Server.admin[1]]
            c = Caller(s, "limited")
            tokens = json.loads(c.ask("create_authentication_tokens")[2])
            secrets += [tokens["operation_token"], tokens["refresh_token"]]
            secrets.append(c.ask("login")[1]["set-cookie"].split(";")[0].split("=", 1)[1])
            c.close()
            for name in ("wrong_password", "inactive"):
                c = Caller(s, name)
                self.assertEqual(c.ask("user_info")[0], 401)
                c.close()
            for request in ({"username": "limited", "password": "another-Secret9"}, {"username": "nosuch", "password": "another-Secret9"},
                            {"username": "limited", "password": "another-Secret9", "role": "nosuch"}):
                s.call(dict({"operation": "alter_user"}, **request))
            s.call({"operation": "add_user", "username": "more", "password": "another-Secret9", "role": "nosuch", "active": True})
            c = Caller(s, "bearer", {"Authorization": "Bearer " + tokens["operation_token"]})
            self.assertEqual(c.ask("user_info")[0], 401)  # the password has changed since
            c.close()
            text = s.said()
            for folder, _, names in os.walk(s.root):
                for name in names:
                    if name.endswith(".log"):
                        with open(os.path.join(folder, name), "rb") as f:
                            text += f.read().decode("utf-8", "replace")
            for secret in secrets + ["$argon2"]:
                self.assertNotIn(secret, text)


if __name__ == "__main__":
    unittest.main()
