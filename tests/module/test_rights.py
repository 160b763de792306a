# SPDX-License-Identifier: Apache-2.0
"""The services of the SDK honour the caller's rights, whatever a module has declared: a module that declares nothing requests everything."""
import os, sys, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, PASSWORD, STATIC_ONLY, Server, need_module

SNEAKY = os.path.join(BUILD, "tests", "module", ".libs", "sneaky.so")
CONFIG = "modules:\n  schema: true\n  data: true\n  system: true\n  users: true\n  metrics:\n    open: true\n  sneaky:\n    path: %s\n" % SNEAKY
REFUSED = "This operation is not authorized due to role restrictions and/or invalid database items"
SYSTEM = "The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed."
INSERT, UPDATE, UPSERT, DELETE = range(4)

TABLE_SERVICES = ("spec", "stats", "query", "cursor", "count", "lookup", "reader", "range", "index", "write", "write_wait", "changes", "changes_remove",
                  "create_attribute", "drop_attribute")
SERVER_SERVICES = ("backup", "restore", "compact", "storage", "check", "pages", "metrics", "settings", "configuration", "configuration_set",
                   "restart", "restart_workers", "log")


def table(read=False, insert=False, update=False, delete=False, attributes=()):
    return {"read": read, "insert": insert, "update": update, "delete": delete,
            "attribute_permissions": [{"attribute_name": n, "read": "r" in may, "insert": "i" in may, "update": "u" in may}
                                      for n, may in attributes]}


ROLES = {
    "limited": {"super_user": False, "dev": {"tables": {
        "dog": table(read=True),
        "cat": table(True, True, True, False, (("id", "riu"), ("name", "ri"), ("nick", "riu"), ("age", ""))),
        "mouse": table(insert=True),
    }}},
    "nothing": {"super_user": False},
    "structure": {"super_user": False, "structure_user": ["dev"]},
    "structure_all": {"super_user": False, "structure_user": True},
}


def setUpModule():
    if STATIC_ONLY:
        print("no dynamic loading in this build")
        sys.exit(77)
    for name in ("schema", "data", "system", "users", "metrics"):
        need_module(name)


def refusal(unauthorized=(), invalid=()):
    return 403, {"error": REFUSED, "unauthorized_access": list(unauthorized), "invalid_schema_items": list(invalid)}


def lacking(name, *permissions, attributes=()):
    return {"schema": "dev", "table": name, "required_table_permissions": list(permissions),
            "required_attribute_permissions": [{"attribute_name": a, "required_permissions": p} for a, p in attributes]}


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = s = Server(config=CONFIG, settings=["logging.auditLog=true"])
        cls.addClassCleanup(s.stop)
        rows = [{"id": i, "name": "n%d" % i, "age": i % 3, "nick": "k%d" % (i % 2), "secret": "s"} for i in range(6)]
        for name in ("dog", "cat", "bird", "mouse"):
            s.ok({"operation": "create_table", "database": "dev", "table": name, "primary_key": "id"})
            s.ok({"operation": "insert", "database": "dev", "table": name, "records": rows})
        s.ok({"operation": "create_table", "database": "other", "table": "t", "primary_key": "id"})
        for role, permission in ROLES.items():
            s.add_role(role, permission)
            s.add_user(role, role)

    def as_user(self, user, operation, **more):
        headers = {"Authorization": self.s.authorization(user, PASSWORD)} if user else {}
        return self.s.call(dict(operation, **more), headers=headers)

    def sneak(self, user, service, database="dev", name="cat", operation="sneak", **more):
        request = dict({"operation": operation, "service": service, "database": database, "table": name}, **more)
        if operation == "sneak_open":
            return self.s.call(request, headers={"Authorization": ""})
        return self.as_user(user, request)

    def ok(self, *args, **more):
        status, body = self.sneak(*args, **more)
        self.assertEqual(status, 200, body)
        return body


class Readers(Case):
    def test_readable(self):
        self.assertEqual(self.ok("limited", "reader", attribute="name"), 2 * ["n%d" % i for i in range(6)])
        self.assertEqual(self.ok("limited", "range", attribute="name"), 2 * ["n%d" % i for i in reversed(range(6))])
        self.assertEqual(self.ok("limited", "index", attribute="name"), 6)

    def test_unreadable(self):
        """An attribute that may not be read cannot be told from one that does not exist, but for what was asked."""
        for service in ("reader", "range"):
            for attribute in ("age", "secret"):
                status, body = self.sneak("limited", service, attribute=attribute)
                self.assertEqual(status, 400, body)
        for attribute in ("age", "secret", "nope"):
            self.assertEqual(self.ok("limited", "index", attribute=attribute), 0)
        for service in ("reader", "range", "index"):
            self.assertEqual(self.sneak("limited", service, name="mouse", attribute="name"), refusal([lacking("mouse", "read")]))

    def test_outside_of_a_moment(self):
        status, body = self.sneak("limited", "reader_alone", attribute="name")
        self.assertEqual((status, "outside of a moment" in body["error"]), (500, True), body)


class Tables(Case):
    def ask(self, user, service, database, name):
        return self.sneak(user, service, database, name, records=[{"id": 9}], attribute="new")

    def test_hidden_table(self):
        for service in TABLE_SERVICES:
            with self.subTest(service):
                for name in ("bird", "nope"):
                    self.assertEqual(self.ask("limited", service, "dev", name),
                                     refusal(invalid=["Table 'dev.%s' does not exist" % name]))

    def test_hidden_database(self):
        for service in TABLE_SERVICES:
            with self.subTest(service):
                for database in ("other", "nope"):
                    self.assertEqual(self.ask("limited", service, database, "t"),
                                     refusal(invalid=["database '%s' does not exist" % database]))
                self.assertEqual(self.ask("nothing", service, "dev", "dog"), refusal(invalid=["database 'dev' does not exist"]))

    def test_system_tables(self):
        for service in TABLE_SERVICES:
            for user in ("limited", "structure_all"):
                status, body = self.ask(user, service, "system", "hdb_user")
                self.assertEqual((status, body["error"]), (403, REFUSED), (service, user))

    def test_nobody_is_signed_in(self):
        for service in TABLE_SERVICES:
            self.assertEqual(self.sneak(None, service, operation="sneak_open", records=[]), refusal(), service)
        self.assertEqual(self.ok(None, "databases", operation="sneak_open"), [])
        self.assertEqual(self.sneak(None, "tables", operation="sneak_open"), (404, {"error": "database 'dev' does not exist"}))
        self.assertEqual(self.ok(None, "stats", operation="sneak_open", rights=True, name="bird"), 6)

    def test_without_reading(self):
        want = refusal([lacking("mouse", "read")])
        for service in ("query", "cursor", "lookup"):
            self.assertEqual(self.sneak("limited", service, name="mouse", records=[1]), want)
        self.assertEqual(list(self.ok("limited", "spec", name="mouse")), ["mouse"])
        self.assertEqual(self.ok("limited", "stats", name="mouse"), 6)

    def test_lists(self):
        self.assertEqual(self.ok("limited", "databases"), ["dev"])
        self.assertEqual(self.ok("nothing", "databases"), [])
        self.assertEqual(self.ok(None, "databases"), ["dev", "other"])
        self.assertEqual(self.sneak("limited", "tables", "other"), (404, {"error": "database 'other' does not exist"}))
        self.assertEqual(self.sneak("limited", "tables", "nope"), (404, {"error": "database 'nope' does not exist"}))
        self.assertEqual(self.sneak("limited", "figures", "other"), (404, {"error": "database 'other' does not exist"}))
        all_of_them = self.ok(None, "tables")
        self.assertEqual(list(all_of_them), ["dog", "cat", "bird", "mouse"])
        seen = self.ok("limited", "tables")
        self.assertEqual(list(seen), ["dog", "cat", "mouse"])
        self.assertEqual(seen["dog"], all_of_them["dog"])
        self.assertEqual(seen["cat"], ["id", "name", "nick"])
        self.assertEqual(self.ok("limited", "tables", rights=True), all_of_them)

    def test_kept_text(self):
        """Texts cached for some callers are not shown to others, whoever comes first."""
        for _ in range(2):
            self.assertEqual(self.ok("limited", "figures"), self.ok("limited", "tables"))
            self.assertEqual(self.ok(None, "figures"), self.ok(None, "tables"))
            self.assertEqual(self.ok("limited", "figures", rights=True), self.ok(None, "tables"))
            self.assertEqual(self.sneak("nothing", "figures")[0], 404)
        for _ in range(2):
            self.assertEqual(self.ok("limited", "figures", "system", rights=True), self.ok(None, "tables", "system", rights=True))
            told = self.ok(None, "figures", "system")
            self.assertNotIn("password", told["hdb_user"])
            self.assertEqual(told, self.ok(None, "tables", "system"))

    def test_describe(self):
        self.assertEqual(self.as_user("nothing", {"operation": "describe_all"}), (200, {}))
        status, body = self.as_user("limited", {"operation": "describe_all"})
        self.assertEqual((status, list(body), list(body["dev"])), (200, ["dev"], ["dog", "cat", "mouse"]))
        whole = self.s.ok({"operation": "describe_all"})
        self.assertEqual(body["dev"]["dog"], whole["dev"]["dog"])
        shown = [a["attribute"] for a in body["dev"]["cat"]["attributes"]]
        self.assertEqual(shown, ["id", "name", "nick"])
        self.assertEqual(body["dev"]["cat"]["last_updated_record"], whole["dev"]["cat"]["last_updated_record"])


class Reading(Case):
    SEEN = ("id", "name", "nick")

    def filtered(self, rows):
        return [{k: r[k] for k in self.SEEN} for r in rows]

    def test_rows(self):
        for select in (None, ["*"], list(self.SEEN)):
            more = {"select": select} if select else {}
            for service in ("query", "cursor", "lookup"):
                whole = self.ok(None, service, records=[3, 1, 99, 0])
                self.assertIn("secret", whole[0])
                got = self.ok("limited", service, records=[3, 1, 99, 0], **more)
                self.assertEqual([list(r) for r in got], [list(self.SEEN)] * len(whole), service)
                self.assertEqual(got, self.filtered(whole))
                self.assertEqual(self.ok("limited", service, records=[3, 1, 99, 0], rights=True), whole)

    def test_whole_table(self):
        self.assertEqual(self.ok("limited", "query", name="dog"), self.ok(None, "query", name="dog"))

    def test_hidden_names_are_unknown(self):
        """The same message, to the letter, as for a name that does not exist."""
        def condition(attribute):
            return [{"attribute": attribute, "comparator": "equals", "value": 1}]

        for hidden in ("age", "secret", "__createdtime__"):
            for ask in (lambda a: ("query", {"select": ["id", a]}), lambda a: ("lookup", {"select": [a], "records": [1]}),
                        lambda a: ("query", {"select": [{"name": a, "select": ["x"]}]}),
                        lambda a: ("query", {"conditions": condition(a)}),
                        lambda a: ("query", {"conditions": [{"operator": "or", "conditions": condition(a) + condition("id")}]}),
                        lambda a: ("query", {"conditions": condition(a), "select": [a, "id"]}),
                        lambda a: ("cursor", {"sort": {"attribute": a}}),
                        lambda a: ("query", {"sort": {"attribute": "id", "next": {"attribute": a}}})):
                service, request = ask(hidden)
                status, body = self.sneak("limited", service, **request)
                service, request = ask("nope")
                unknown = self.sneak("limited", service, **request)
                self.assertEqual((status, body["error"].replace(hidden, "nope")), (unknown[0], unknown[1]["error"]), request)
                self.assertIn(unknown[0], (400, 404))
                self.assertEqual(self.sneak(None, service, **ask(hidden)[1])[0], 200)

    def test_later_attributes(self):
        before = self.ok("limited", "query")
        self.s.ok({"operation": "update", "database": "dev", "table": "cat", "records": [{"id": 0, "later": "x"}]})
        self.assertEqual(self.ok("limited", "query"), before)
        self.assertEqual(self.ok("limited", "query", select=["*"]), before)
        self.assertNotIn("later", self.ok("limited", "spec")["cat"])
        self.assertIn("later", self.ok(None, "spec")["cat"])

    def test_search_by_value_of_any(self):
        request = {"operation": "search_by_value", "database": "dev", "table": "cat", "attribute": "nick", "value": "*"}
        self.assertEqual(self.as_user("limited", request), (200, self.filtered(self.s.ok(request))))
        self.assertEqual(self.as_user("limited", request, attribute="secret"),
                         refusal(invalid=["Attribute 'secret' does not exist on 'dev.cat'"]))

    def test_secrets(self):
        spec = self.ok(None, "spec", "system", "hdb_user")["hdb_user"]
        whole = self.ok(None, "spec", "system", "hdb_user", rights=True)["hdb_user"]
        secret = [a for a in whole if a not in spec]
        self.assertIn("password", secret)
        self.assertEqual([a for a in whole if a not in secret], spec)
        rows = self.ok(None, "query", "system", "hdb_user")
        self.assertEqual({k for r in rows for k in r}.intersection(secret), set())
        for name in secret:
            self.assertEqual(self.sneak(None, "query", "system", "hdb_user", select=[name]),
                             (400, {"error": "unknown attribute '%s'" % name}))
            self.assertEqual(self.sneak(None, "query", "system", "hdb_user", sort={"attribute": name})[0], 404)
        self.assertEqual(len(self.ok(None, "query", "system", "hdb_user", select=["password"], rights=True)), len(rows))

    def test_log(self):
        self.assertEqual(self.sneak("limited", "changes", name="dog"), refusal())
        self.assertEqual(self.sneak("limited", "changes_remove", name="dog"), refusal())
        self.ok(None, "changes", name="dog")
        self.ok("limited", "changes", name="dog", rights=True)
        for service in ("changes", "changes_remove"):
            self.assertEqual(self.sneak(None, service, "system", "hdb_user"),
                             (403, {"error": "The log of the 'system' database cannot be read."}))
            self.assertNotEqual(self.sneak(None, service, "system", "hdb_user", rights=True)[0], 403)


class Writing(Case):
    def write(self, user, mode, records, name="cat", **more):
        answers = [self.sneak(user, service, name=name, mode=mode, records=records, **more) for service in ("write", "write_wait")]
        self.assertEqual(answers[0], answers[1]) if answers[0][0] != 200 else None
        return answers[0]

    def test_tables(self):
        for mode, needed in ((INSERT, ["insert"]), (UPDATE, ["update"]), (UPSERT, ["insert", "update"]), (DELETE, ["delete"])):
            self.assertEqual(self.write("limited", mode, [1] if mode == DELETE else [{"id": 1}], "dog"), refusal([lacking("dog", *needed)]))
        self.assertEqual(self.write("limited", DELETE, [1]), refusal([lacking("cat", "delete")]))
        self.assertEqual(self.write("limited", UPSERT, [{"id": 1}], "mouse"), refusal([lacking("mouse", "update")]))
        self.assertEqual(self.ok("limited", "write", name="mouse", records=[{"id": "w", "anything": 1}])["message"], "1")

    def test_attributes(self):
        unknown = ["Attribute 'age' does not exist on 'dev.cat'"]
        for mode in (INSERT, UPDATE, UPSERT):
            self.assertEqual(self.write("limited", mode, [{"id": 1, "nick": "x"}, {"id": 2, "age": 1}, {"id": 3, "age": 2}]), refusal(invalid=unknown))
        self.assertEqual(self.write("limited", INSERT, [{"id": 70, "brandnew": 1, "__createdtime__": 1}]), refusal(invalid=[
            "Attribute 'brandnew' does not exist on 'dev.cat'", "Attribute '__createdtime__' does not exist on 'dev.cat'"]))
        for mode in (UPDATE, UPSERT):
            self.assertEqual(self.write("limited", mode, [{"id": 1, "name": "x", "age": 1}]),
                             refusal([lacking("cat", attributes=[("name", ["update"])])], unknown))
        self.assertEqual(self.s.ok({"operation": "search_by_id", "database": "dev", "table": "cat", "ids": [70, 1], "get_attributes": ["id", "nick"]}),
                         [{"id": 1, "nick": "k1"}])

    def test_what_is_permitted(self):
        for service in ("write", "write_wait"):
            self.assertEqual(self.ok("limited", service, mode=INSERT, records=[{"id": service, "name": "n"}, {"nick": "k"}])["message"], "2")
            self.assertEqual(self.ok("limited", service, mode=UPDATE, records=[{"id": service, "nick": service}])["message"], "1")
        self.assertEqual(self.s.ok({"operation": "search_by_id", "database": "dev", "table": "cat", "ids": ["write"],
                                    "get_attributes": ["id", "name", "nick"]}), [{"id": "write", "name": "n", "nick": "write"}])

    def test_many_names(self):
        records = [{"id": i, **{"x%d" % (i * 50 + j): 1 for j in range(50)}} for i in range(40)]
        status, body = self.write("limited", INSERT, records)
        self.assertEqual((status, body["error"]), (403, REFUSED))
        self.assertEqual(body["invalid_schema_items"][:2], ["Attribute 'x0' does not exist on 'dev.cat'", "Attribute 'x1' does not exist on 'dev.cat'"])
        self.assertLessEqual(len(body["invalid_schema_items"]), 100)

    def test_values_that_are_not_records(self):
        for records in ([1, None, "x"], [[{"age": 1}]]):
            self.assertEqual(self.write("limited", INSERT, records)[0], 400)

    def test_server_rights(self):
        self.assertEqual(self.ok("limited", "write", mode=INSERT, name="bird", records=[{"id": "r", "age": 1}], rights=True)["message"], "1")
        self.assertEqual(self.ok("nothing", "write_wait", mode=DELETE, name="bird", records=["r"], rights=True)["message"], "1")

    def test_system_tables(self):
        for mode in (INSERT, UPDATE, UPSERT, DELETE):
            records = ["admin"] if mode == DELETE else [{"username": "admin", "active": False}]
            for service in ("write", "write_wait"):
                self.assertEqual(self.sneak(None, service, "system", "hdb_user", mode=mode, records=records), (403, {"error": SYSTEM}))
                self.assertEqual(self.sneak("limited", service, "system", "hdb_user", mode=mode, records=records)[0], 403)
        self.assertEqual(self.s.call({"operation": "set_status", "status": "fine"})[0], 200)
        self.assertEqual(self.s.ok({"operation": "get_status", "id": "primary"})["status"], "fine")

    def test_in_a_job(self):
        body = self.as_user("limited", {"operation": "sneak_job", "service": "write", "database": "dev", "table": "cat",
                                        "records": [{"id": 1, "age": 1}]})[1]
        job = self.s.wait_for_job(body["job_id"])
        self.assertEqual(job["status"], "ERROR")
        self.assertIn(REFUSED, str(job["message"]))
        body = self.as_user("limited", {"operation": "sneak_job", "service": "cursor", "database": "dev", "table": "cat"})[1]
        self.assertEqual({k for r in self.s.wait_for_job(body["job_id"])["result"] for k in r}, {"id", "name", "nick"})

    def test_whose_job(self):
        id = self.as_user("limited", {"operation": "sneak_job", "service": "databases"})[1]["job_id"]
        job = self.s.wait_for_job(id)
        self.assertEqual(self.as_user("limited", {"operation": "get_job", "id": id}), (200, [job]))
        for user in ("nothing", "structure_all"):
            self.assertEqual(self.as_user(user, {"operation": "get_job", "id": id}), (200, []))
        self.assertEqual(self.as_user("limited", {"operation": "get_job", "id": "x"}), (200, []))


class Definitions(Case):
    def test_others(self):
        for user in ("limited", "nothing"):
            for service, database in (("create_database", "new"), ("drop_database", "dev"), ("create_table", "dev"), ("drop_table", "dev")):
                self.assertEqual(self.sneak(user, service, database), refusal(), service)
        self.assertEqual(self.sneak("limited", "create_attribute", name="dog", attribute="a"), refusal())
        for name in ("dog", "cat", "mouse"):
            self.assertEqual(self.sneak("limited", "drop_attribute", name=name, attribute="age"), refusal())
        self.ok("limited", "create_attribute", name="mouse", attribute="by_inserter")

    def test_structure_user(self):
        for service in ("create_database", "drop_database"):
            self.assertEqual(self.sneak("structure", service, "dev"), refusal())
        self.ok("structure", "create_table", name="s")
        self.ok("structure", "create_attribute", name="s", attribute="a")
        self.assertIn("a", self.ok("structure", "spec", name="s")["s"])
        self.assertEqual(self.sneak("structure", "query", name="s")[0], 403)
        self.assertEqual(self.sneak("structure", "write", name="s", records=[{"id": 1}])[0], 403)
        self.ok("structure", "drop_attribute", name="s", attribute="a")
        self.ok("structure", "drop_table", name="s")
        for service in ("create_table", "drop_table"):
            for database in ("other", "system", "nope"):
                self.assertEqual(self.sneak("structure", service, database, "t"), refusal())

    def test_structure_user_of_all(self):
        self.ok("structure_all", "create_database", "mine")
        self.ok("structure_all", "create_table", "mine", "t")
        self.ok("structure_all", "create_attribute", "mine", "t", attribute="a")
        self.assertEqual(self.sneak("structure_all", "query", "mine", "t")[0], 403)
        self.ok("structure_all", "drop_database", "mine")
        for service in ("create_table", "drop_table"):
            self.assertEqual(self.sneak("structure_all", service, "system", "t"), refusal())
        self.assertEqual(self.sneak("structure_all", "drop_database", "system")[0], 403)

    def test_the_server(self):
        for service in SERVER_SERVICES:
            for user in ("limited", "nothing", "structure", "structure_all"):
                self.assertEqual(self.sneak(user, service, attribute="/nowhere"), refusal(), service)
            self.assertEqual(self.sneak(None, service, operation="sneak_open", attribute="/nowhere"), refusal())
        for service in ("backup", "storage", "check", "pages", "metrics", "settings", "configuration", "log"):
            self.ok(None, service)
            self.ok("nothing", service, rights=True)

    def test_open_page(self):
        status, _, body = self.s.request("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn(b"lyre_commits_total{", body)


class Refusals(Case):
    def test_after_a_scope(self):
        self.assertEqual(self.sneak("limited", "scoped", name="bird"), refusal(invalid=["Table 'dev.bird' does not exist"]))
        self.assertEqual(self.sneak("limited", "scoped", name="cat", records=[{"id": 1, "a long name of an attribute": 1}]),
                         refusal(invalid=["Attribute 'a long name of an attribute' does not exist on 'dev.cat'"]))
        self.assertEqual(self.sneak("limited", "scoped", name="dog", records=[{"id": 1}]), refusal([lacking("dog", "insert")]))

    def test_own_words(self):
        self.assertEqual(self.sneak("limited", "own_words", name="bird"), (403, {"error": "my own words"}))

    def test_change_of_a_role(self):
        self.s.add_role("brief", ROLES["limited"])
        self.s.add_user("brief", "brief")
        self.ok("brief", "query")
        self.s.ok({"operation": "alter_role", "id": "brief", "permission": {"super_user": False}})
        self.assertEqual(self.sneak("brief", "query"), refusal(invalid=["database 'dev' does not exist"]))


if __name__ == "__main__":
    unittest.main()
