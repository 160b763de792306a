# SPDX-License-Identifier: Apache-2.0
"""Jobs of modules: requests that they make as their caller, files that are sent to them, records that are refused."""
import json, os, sys, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, CHEAP_LOGINS, PASSWORD, STATIC_ONLY, Server, built_modules, feature, need_module, table_permission, until

ERRANDS = os.path.join(BUILD, "tests", "module", ".libs", "errands.so")
MODULES = [m for m in ("schema", "data", "system", "users", "sql", "certs", "help") if m in built_modules()]
CONFIG = "modules:\n%s  errands:\n    path: %s\n" % ("".join("  %s: true\n" % m for m in MODULES), ERRANDS)
ROWS = 5000
with_sql = unittest.skipUnless("sql" in MODULES, "this build has no module 'sql'")


def setUpModule():
    if STATIC_ONLY:
        print("no dynamic loading in this build")
        sys.exit(77)
    for name in ("schema", "data", "system", "users"):
        need_module(name)


def search(table="dog", **more):
    return {"operation": "search_by_value", "database": "dev", "table": table, "attribute": "id", "value": "*", **more}


NOTHING = search(value="none")


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = s = Server(config=CONFIG, settings=CHEAP_LOGINS)
        cls.addClassCleanup(s.stop)
        for name in ("dog", "cat"):
            s.ok({"operation": "create_table", "database": "dev", "table": name, "primary_key": "id"})
            s.ok({"operation": "insert", "database": "dev", "table": name,
                  "records": [{"id": i, "name": "n%d" % i, "text": "x" * 20} for i in range(ROWS)]})
        s.add_role("reader", {"super_user": False, "dev": {"tables": {"dog": table_permission("read", attributes=[{"attribute_name": n, "read": True, "insert": False, "update": False} for n in ("id", "name")])}}})
        s.add_user("reader", "reader")

    def job(self, operation, headers=None):
        """The job of an operation, when it has ended."""
        status, answer = self.s.call(operation, headers)
        self.assertEqual(status, 200, answer)
        return self.s.wait_for_job(answer["job_id"])

    def ask(self, request, headers=None, **more):
        return self.job({"operation": "ask", "request": request, **more}, headers)

    def as_reader(self):
        return {"Authorization": self.s.authorization("reader", PASSWORD)}

    def failed(self, job, message):
        self.assertEqual((job["status"], job["message"]), ("ERROR", message))


class Requests(Case):
    def test_answer_comes_in_pieces(self):
        job = self.ask(search())
        self.assertEqual((job["status"], job["message"]), ("COMPLETE", "%d rows" % ROWS))
        _, rows = self.s.call(search())
        self.assertEqual(job["result"]["bytes"], len(json.dumps(rows, separators=(",", ":"))))
        self.assertGreater(job["result"]["pieces"], 3)

    @unittest.skipUnless(feature("LYRE_FORMAT_CSV"), "this build has no CSV")
    def test_types(self):
        job = self.ask(search(get_attributes=["id", "name"], limit=2), type="text/csv")
        self.assertEqual(job["result"]["text"], '"id","name"\n0,"n0"\n1,"n1"')
        self.failed(self.ask(search(), type="text/html"), "This server cannot answer with 'text/html'")

    @with_sql
    def test_sql_comes_in_pieces(self):
        job = self.ask({"operation": "sql", "sql": "SELECT * FROM dev.dog"})
        self.assertEqual(job["message"], "%d rows" % ROWS)
        self.assertGreater(job["result"]["pieces"], 3)
        if feature("LYRE_FORMAT_CSV"):
            job = self.ask({"operation": "sql", "sql": "SELECT name, id, id > 1 AS big FROM dev.dog ORDER BY id LIMIT 3"}, type="text/csv")
            self.assertEqual(job["result"]["text"], '"name","id","big"\n"n0",0,0\n"n1",1,0\n"n2",2,1')

    def test_failure_is_the_jobs(self):
        self.failed(self.ask(search(table="bird")), "Table 'dev.bird' does not exist")
        self.failed(self.ask({"operation": "search_by_value", "database": "dev", "table": "dog"}), "'attribute' is required. 'value' is required")
        self.failed(self.ask(search(), most=1), "that is enough")
        self.failed(self.ask({"operation": "nope"}), "Operation 'nope' not found")
        self.failed(self.ask({}), "'operation' must be a string")
        if "sql" in MODULES:
            self.failed(self.ask({"operation": "sql", "sql": "SELECT * FROM dev.dog"}, most=1), "that is enough")

    def test_changes_are_refused(self):
        for request in ({"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": -1}]},
                        {"operation": "delete", "database": "dev", "table": "dog", "ids": [1]},
                        {"operation": "drop_table", "database": "dev", "table": "dog"}, {"operation": "restart"}, {"operation": "logout"},
                        {"operation": "set_configuration", "logging_level": "debug"}, {"operation": "ask", "request": {}}):
            job = self.ask(request)
            self.assertEqual(job["status"], "ERROR")
            self.assertRegex(job["message"], "^Operation '%s' cannot be run as part of (another|one that only reads)$" % request["operation"])
        if "sql" in MODULES:
            for statement in ("INSERT INTO dev.dog (id) VALUES (-1)", "UPDATE dev.dog SET name = 'x'", "DELETE FROM dev.dog"):
                self.failed(self.ask({"operation": "sql", "sql": statement}), "An operation that is run as part of another may only read here")
        self.assertEqual(len(self.s.ok(search())), ROWS)

    def test_rights_are_the_callers(self):
        job = self.ask(search(limit=1), self.as_reader())
        self.assertEqual(job["result"]["text"], '[{"id":0,"name":"n0"}]')
        job = self.ask(search(table="cat"), self.as_reader())
        self.assertEqual((job["status"], job["message"]), ("ERROR", self.s.call(search(table="cat"), self.as_reader())[1]))
        if "sql" in MODULES:
            self.assertEqual(self.ask({"operation": "sql", "sql": "SELECT * FROM dev.cat"}, self.as_reader())["status"], "ERROR")


class Relays(Case):
    """Operations that other operations run, and answer with their answer."""

    def relay(self, request, operation="relay", headers=None, **more):
        return self.s.call({"operation": operation, "request": request, **more}, headers)

    def insert(self, id, table="dog"):
        return {"operation": "insert", "database": "dev", "table": table, "records": [{"id": id}]}

    def test_answer(self):
        for operation in ("relay", "relay_longer"):
            self.assertEqual(self.relay(search(limit=1, get_attributes=["name"]), operation), (200, [{"name": "n0"}]))
            self.assertEqual(len(self.relay(search(), operation)[1]), ROWS)
        self.assertEqual(self.relay(NOTHING), (200, []))
        self.assertEqual(self.relay({"operation": "user_info"}, writes=True), self.s.call({"operation": "user_info"}))

    def test_limit(self):
        self.assertEqual(self.relay(NOTHING, most=2), (200, []))
        for most in (0, 1):
            self.assertEqual(self.relay(NOTHING, most=most), (413, {"error": "The answer of the operation is longer than %d bytes" % most}))
        self.assertEqual(self.relay(search(), most=200000)[0], 413)

    def test_which_operations_only_read(self):
        """As permissions.json says of each: nothing else can be run where writing is not permitted."""
        with open(os.path.join(TOP, "tests", "api", "permissions.json")) as f:
            table = {name: entry for name, entry in json.load(f).items() if entry["module"] in MODULES and feature(entry.get("needs", "PACKAGE"))}
        for name, entry in table.items():
            with self.subTest(name):
                refused = "cannot be run as part of" in json.dumps(self.relay({"operation": name})[1])
                self.assertEqual(not refused, entry.get("reads", False))

    def test_writes(self):
        """What is pending in the inner operation holds up the outer one, not the server."""
        self.assertEqual(self.relay(self.insert("a")), (400, {"error": "Operation 'insert' cannot be run as part of one that only reads"}))
        self.assertEqual(self.relay(self.insert("a"), writes=True)[1]["inserted_hashes"], ["a"])
        status, answer = self.relay({"operation": "delete", "database": "dev", "table": "dog", "ids": ["a"]}, writes=True)
        self.assertEqual(answer["deleted_hashes"], ["a"])
        self.assertEqual(self.relay({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"}, writes=True),
                         self.s.call({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"}))
        self.assertEqual(self.relay({"operation": "relay", "writes": True, "request": self.insert("a")})[0], 400)

    def test_never(self):
        login = {"operation": "login", "username": "admin", "password": PASSWORD}
        for request in ({"operation": "restart"}, login, {"operation": "ask", "request": {}}):
            self.assertEqual(self.relay(request, writes=True), (400, {"error": "Operation '%s' cannot be run as part of another" % request["operation"]}))
        status, answer = self.relay({"operation": "insert", "database": "system", "table": "hdb_user", "records": [{"username": "a"}]}, writes=True, rights=True)
        self.assertEqual(status, 403)

    def test_bad_requests(self):
        self.assertEqual(self.relay({}), (400, {"error": "'operation' must be a string"}))
        self.assertEqual(self.relay({"operation": "nope"}), (400, {"error": "Operation 'nope' not found"}))
        self.assertEqual(self.relay({"operation": "insert", "database": "dev"}, writes=True)[0], 400)
        self.assertEqual(self.relay(search(table="bird")), (404, {"error": "Table 'dev.bird' does not exist"}))

    def test_rights(self):
        """The caller's; the server's only where the module says so."""
        reader = self.as_reader()
        self.assertEqual(self.relay(search(limit=1), headers=reader), (200, [{"id": 0, "name": "n0"}]))
        for request in (search(table="cat"), self.insert("b")):
            self.assertEqual(self.relay(request, headers=reader, writes=True), self.s.call(request, reader))
        self.assertEqual(self.relay(search(table="cat", limit=1, get_attributes=["text"]), headers=reader, rights=True), (200, [{"text": "x" * 20}]))
        self.assertEqual(self.relay(self.insert("b"), headers=reader, rights=True, writes=True)[0], 200)
        self.assertEqual(self.relay(self.insert("c"), headers=reader, writes=True)[0], 403)

    def test_outside_a_request(self):
        self.assertEqual(self.s.call({"operation": "relay_work", "table": "cat"}, self.as_reader()), (200, {"message": "worked"}))
        self.assertEqual(self.s.ok({"operation": "search_by_id", "database": "dev", "table": "cat", "ids": ["work"], "get_attributes": ["id"]}), [{"id": "work"}])
        self.assertEqual(self.s.call({"operation": "relay_work", "table": "bird"}), (400, {"error": "the work failed"}))

    def test_depth(self):
        self.assertEqual(self.s.call({"operation": "relay_self"}), (400, {"error": "Operations run each other deeper than 4 levels"}))
        request = NOTHING
        for _ in range(3):
            request = {"operation": "relay", "request": request}
        self.assertEqual(self.relay(request), (200, []))
        self.assertEqual(self.relay({"operation": "relay", "request": request})[0], 400)

    def test_where_it_is_not_allowed(self):
        status, answer = self.relay(search(), "relay_inline")
        self.assertEqual((status, answer["error"].split(":")[0]), (500, "'relay_inline' runs another operation on the connection's thread"))
        status, answer = self.relay(search(), "relay_at_a_moment")
        self.assertEqual((status, answer["error"].split(":")[0]), (500, "'relay_at_a_moment' runs another operation before lyre_moment_end()"))


class Files(Case):
    def send(self, query="", size=300000):
        status, _, answer = self.s.request("POST", "/?operation=weigh" + query, b"x" * size, {
            "Content-Type": "application/octet-stream", "Authorization": self.s.authorization()})
        return status, json.loads(answer)

    def left(self):
        return [n for n in os.listdir(os.path.join(self.s.root, "database")) if n.startswith(".upload-")]

    def test_a_job_has_its_file_until_it_ends(self):
        status, answer = self.send()
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "300000 bytes")
        until(lambda: not self.left(), "the file is left")

    def test_its_check_sees_the_beginning(self):
        self.assertEqual(self.send("&refuse=yes"), (409, {"error": "not this file"}))
        until(lambda: not self.left(), "the file is left")


class Records(Case):
    def put(self, *records, table="bird"):
        return self.job({"operation": "put", "database": "dev", "table": table, "records": list(records)})["message"]

    def test_refused_records_are_told(self):
        self.s.ok({"operation": "create_table", "database": "dev", "table": "bird", "primary_key": "id",
                   "attributes": [{"name": "id"}, {"name": "n", "type": "Int"}]})
        self.assertEqual(self.put({"id": 1, "n": 1}), "none was refused")
        self.assertEqual(self.put({"id": 2, "n": 1}, {"id": 3, "n": "x"}, {"id": 4, "n": "y"}), "refused: 1 2")
        self.assertEqual(self.put({"id": 2, "n": "x"}), "refused: 0")
        self.assertEqual(len(self.s.ok(search(table="bird"))), 1)

    def test_all_records_without_what_is_required_are_told(self):
        self.s.ok({"operation": "create_table", "database": "dev", "table": "fish", "primary_key": "id",
                   "attributes": [{"name": "id"}, {"name": "n", "nullable": False}]})
        self.assertEqual(self.put({"id": 1}, {"id": 2, "n": 1}, {"id": 1}, {"id": 2}, {"id": 3}, {"id": 1}, table="fish"), "refused: 0 2 4 5")
        self.assertEqual(self.put({"id": 1}, {"id": 1, "n": 1}, {"id": 1}, table="fish"), "refused: 0")
        self.assertEqual(self.put({"id": 1, "n": 1}, {"id": 1}, table="fish"), "none was refused")


if __name__ == "__main__":
    unittest.main()
