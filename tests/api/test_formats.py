# SPDX-License-Identifier: Apache-2.0
"""Requests and answers in formats other than JSON: the same values, refusals and limits."""
import json, sys, os, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from formats import has_yaml, value_of
from lyre_server import CHEAP_LOGINS, PASSWORD, OneServer, Server, built_modules, feature

JSON = "application/json"
# Media type, and the macro of builds that have it.
FORMATS = [("application/cbor", "CBOR"), ("application/x-msgpack", "MSGPACK"), ("application/msgpack", "MSGPACK"), ("text/yaml", "YAML"),
           ("application/x-ndjson", "JSONL"), ("application/jsonl", "JSONL"), ("text/csv", "CSV")]
TYPES = [kind for kind, macro in FORMATS if feature("LYRE_FORMAT_" + macro)]
# Formats whose readers give the same values as JSON's.
EXACT = [t for t in TYPES if t != "text/csv" and (t != "text/yaml" or has_yaml())]
LINES = ("application/x-ndjson", "application/jsonl")
BODIES = [t for t in TYPES if "cbor" in t or "msgpack" in t]

ROWS = [{"id": 1, "name": 'a, "b"\nc', "n": 1.5, "o": {"x": [1, {"y": None}]}, "b": True, "l": None},
        {"id": 2, "name": "zwölf", "n": -2**63, "o": 2**63, "b": False, "l": [1, [], {}]},
        {"id": 3, "name": "", "n": 1e300, "o": 2**64 - 1, "b": None, "l": ["no", "1", "null", "2001-12-14", " x ", "#", "a: b"]},
        {"id": "x", "name": "\0\r\t\u2028\u0085\ufeff", "n": 0.1, "o": {}, "b": None, "l": "-"}]


def cbor_of(v):
    """The shortest encoding: for bodies."""
    head = lambda major, n: bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 27]) + n.to_bytes(8, "big")
    if v is None or isinstance(v, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[v]
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, float):
        import struct
        return b"\xfb" + struct.pack(">d", v)
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(cbor_of, v))
    return head(5, len(v)) + b"".join(cbor_of(k) + cbor_of(x) for k, x in v.items())


def msgpack_of(v):
    import struct
    if v is None or isinstance(v, bool):
        return {None: b"\xc0", True: b"\xc3", False: b"\xc2"}[v]
    if isinstance(v, int):
        return struct.pack(">BQ", 0xcf, v) if v >= 0 else struct.pack(">Bq", 0xd3, v)
    if isinstance(v, float):
        return struct.pack(">Bd", 0xcb, v)
    if isinstance(v, str):
        return struct.pack(">BI", 0xdb, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return struct.pack(">BI", 0xdd, len(v)) + b"".join(map(msgpack_of, v))
    return struct.pack(">BI", 0xdf, len(v)) + b"".join(msgpack_of(k) + msgpack_of(x) for k, x in v.items())


def body_of(kind, v):
    return json.dumps(v).encode() if kind == JSON else cbor_of(v) if "cbor" in kind else msgpack_of(v)


class Formats(OneServer):
    def setUp(self):
        self.s.call({"operation": "drop_database", "database": "dev"})
        self.s.ok({"operation": "create_table", "database": "dev", "table": "t", "primary_key": "id"})
        self.s.ok({"operation": "insert", "database": "dev", "table": "t", "records": ROWS})

    def ask(self, operation, accept, content_type=JSON, authorization=True, body=None, **more):
        """(status, content type, value); the value as bytes if it has no type."""
        headers = {"Content-Type": content_type, "Accept": accept}
        if authorization:
            headers["Authorization"] = self.s.authorization() if authorization is True else authorization
        if body is None:
            body = body_of(content_type, dict({"operation": operation, "database": "dev", "table": "t"}, **more))
        status, got, data = self.s.request(body=body, headers=headers)
        kind = (got.get("content-type") or "").split(";")[0]
        return status, kind, value_of(kind, data) if kind else data

    def same(self, operation, status=200, types=EXACT, **more):
        want = self.ask(operation, JSON, **more)
        self.assertEqual(want[:2], (status, JSON), want)
        for kind in types:
            value = want[2] if isinstance(want[2], list) or kind not in LINES else [want[2]]
            self.assertEqual(self.ask(operation, kind, **more), (status, kind, value))

    def test_rows(self):
        self.same("search_by_value", attribute="id", value="*", get_attributes=["id", "name", "n", "o", "b", "l"])
        self.same("search_by_value", attribute="id", value="*", get_attributes=["*"])
        self.same("search_by_id", ids=[2, "x"], get_attributes=["l", "id"])
        self.same("search_by_id", ids=[77], get_attributes=["id"])
        self.same("search_by_conditions", conditions=[{"attribute": "id", "comparator": "greater_than", "value": 1}],
                  get_attributes=["id", {"name": "o", "select": ["x"]}])

    def test_dates_are_texts(self):
        self.s.ok({"operation": "create_table", "database": "dev", "table": "dates", "primary_key": "id", "attributes": [
            {"name": "id"}, {"name": "d", "type": "Date"}, {"name": "by", "type": "Bytes"}, {"name": "bi", "type": "BigInt"}]})
        self.s.ok({"operation": "insert", "database": "dev", "table": "dates", "records": [
            {"id": 1, "d": "2024-01-02T03:04:05.678Z", "by": "ab", "bi": 1}, {"id": 2, "d": None}]})
        self.same("search_by_value", table="dates", attribute="id", value="*", get_attributes=["*"])

    def test_large_integers(self):
        self.s.ok({"operation": "create_table", "database": "dev", "table": "big", "primary_key": "id",
                   "attributes": [{"name": "id"}, {"name": "bi", "type": "BigInt"}]})
        values = [2**63, -2**63 - 1, 2**64, -2**64, 123456789012345678901234567890]
        self.s.ok({"operation": "insert", "database": "dev", "table": "big", "records": [{"id": i, "bi": str(v)} for i, v in enumerate(values)]})
        request = dict(table="big", attribute="id", value="*", get_attributes=["bi"])
        self.same("search_by_value", types=[t for t in EXACT if "msgpack" not in t], **request)
        for kind in (t for t in EXACT if "msgpack" in t):
            status, _, rows = self.ask("search_by_value", kind, **request)
            self.assertEqual([r["bi"] for r in rows], [2**63] + [str(v) for v in values[1:]])

    def test_what_handlers_write(self):
        for operation, more in (("describe_table", {}), ("describe_database", {}), ("list_users", {}), ("describe_operations", {}),
                                ("create_table", {"primary_key": "id"})):
            if operation.startswith("list") and "users" not in built_modules() or operation.endswith("operations") and "help" not in built_modules():
                continue
            status = 400 if operation == "create_table" else 200
            self.same(operation, status, **more)
        for kind in EXACT:
            answer = self.ask("insert", kind, records=[{"id": 1}])[2]
            self.assertEqual(answer[0] if kind in LINES else answer,
                             {"message": "inserted 0 of 1 records", "inserted_hashes": [], "skipped_hashes": [1]})

    def test_a_job(self):
        if "system" not in built_modules():
            self.skipTest("this build has no jobs")
        for kind in EXACT:
            status, _, answer = self.ask("delete_records_before", kind, date="2000-01-01")
            answer = answer[0] if kind in LINES else answer
            self.assertEqual((status, sorted(answer)), (200, ["job_id", "message"]))
            self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "No records found to delete")

    def test_refusals(self):
        self.same("nope", 400)
        self.same("search_by_value", 404, table="nope", attribute="id", value=1)
        self.same("describe_all", 401, authorization=False)
        for kind in EXACT:
            error = {"error": "Invalid character"}
            self.assertEqual(self.ask("describe_all", kind, authorization="Basic !"), (401, kind, [error] if kind in LINES else error))
            status, got, value = self.ask(None, kind, body=b"[]")
            value = value[0] if kind in LINES else value
            self.assertEqual((status, value["statusCode"], value["error"]), (400, 400, "Bad Request"))
            status, headers, data = self.s.request("GET", "/nope", headers={"Accept": kind})
            self.assertEqual((status, headers.get("content-type"), data), (404, None, b"Not found\n"))

    def test_failed_logins(self):
        """In JSON they have no content type. Few, as the server delays those of a user who fails often."""
        wrong = self.s.authorization("admin", "wrong")
        for authorization, error in (wrong, b'{"error":"Login failed"}'), ("Basic !", b'{"error":"Invalid character"}'):
            self.assertEqual(self.ask("describe_all", JSON, authorization=authorization), (401, "", error))
        for kind in EXACT[:1]:
            error = {"error": "Login failed"}
            self.assertEqual(self.ask("describe_all", kind, authorization=wrong), (401, kind, [error] if kind in LINES else error))

    @unittest.skipUnless("users" in built_modules(), "this build makes no users")
    def test_denials(self):
        self.s.call({"operation": "drop_user", "username": "bob"})
        self.s.call({"operation": "drop_role", "id": "nothing"})
        self.s.add_role("nothing")
        self.s.add_user("bob", "nothing")
        bob = self.s.authorization("bob", PASSWORD)
        self.same("search_by_id", 403, authorization=bob, ids=[1], get_attributes=["*"])
        self.same("add_role", 403, authorization=bob, role="x")
        self.same("add_role", 400, role="", foo=1)

    def test_not_acceptable(self):
        for accept in ("image/png", "application/*", "text/html", "application/cbor;q=0"):
            status, kind, value = self.ask("describe_all", accept)
            self.assertEqual((status, kind, value["statusCode"]), (406, JSON, 406))
            self.assertEqual(value["message"].split("include: ")[1].split(", "), [JSON] + sorted(
                TYPES, key=["application/cbor", "application/x-msgpack", "application/msgpack", "text/csv", "text/yaml",
                            "application/x-ndjson", "application/jsonl"].index) + ["*/*"])

    def test_csv(self):
        if "text/csv" in TYPES:
            self.assertEqual(self.ask("insert", "text/csv", records=[{"id": 1}])[2], [
                {"message": "inserted 0 of 1 records", "inserted_hashes": "[]", "skipped_hashes": "[1]"}])
            self.assertEqual(self.ask("search_by_id", "text/csv", ids=[2], get_attributes=["id", "n", "l"])[2], [
                {"id": "2", "n": str(-2**63), "l": "[1,[],{}]"}])

    # ---- bodies ----

    def test_bodies(self):
        rows = [{"id": i, "a": v} for i, v in enumerate([None, True, -1, 2**63 - 1, -2**63, 1.5, "x", "", "ü\0", [1, []], {"b": {}}, [{"c": 1}]], 100)]
        for kind in BODIES:
            status, _, answer = self.ask("upsert", kind, content_type=kind, records=rows)
            self.assertEqual((status, answer["message"]), (200, "upserted %d of %d records" % (len(rows), len(rows))))
            got = self.ask("search_by_id", kind, content_type=kind, ids=[r["id"] for r in rows], get_attributes=["id", "a"])
            self.assertEqual(got[2], rows)
            self.ask("delete", kind, content_type=kind, ids=[r["id"] for r in rows])

    def test_bad_bodies(self):
        for kind in BODIES:
            whole = body_of(kind, {"operation": "describe_all", "x": [1, {"y": "z"}]})
            for n in range(1, len(whole)):
                status, got, value = self.ask(None, kind, content_type=kind, body=whole[:n])
                self.assertEqual((status, got), (400, kind))
                self.assertRegex(value["error"], "^Unexpected end of (CBOR|MessagePack) input$")
            self.assertEqual(self.ask(None, JSON, content_type=kind, body=whole + b"\0")[2], {
                "error": "Data read, but end of buffer not reached"})
            self.assertEqual(self.ask(None, JSON, content_type=kind, body=b"")[2], {
                "error": "Body cannot be empty when content-type is set to '%s'" % kind})
            for bad in ({"operation": "describe_all", "__proto__": 1}, {"operation": "describe_all", "x": [{"constructor": {"prototype": 1}}]}):
                self.assertEqual(self.ask(None, JSON, content_type=kind, body=body_of(kind, bad))[:3:2], (
                    400, {"error": "Object contains forbidden prototype property"}))
            for value in (None, [], "x", {}, 7):
                status, _, answer = self.ask(None, kind, content_type=kind, body=body_of(kind, value))
                self.assertEqual((status, answer["message"]), (400, "Request body must include an 'operation' property."))
        for kind in set(TYPES) - set(BODIES):
            self.assertEqual(self.ask(None, JSON, content_type=kind, body=b"{}")[:3:2], (415, {"error": "Unsupported Media Type: " + kind}))

    def test_a_name_in_pieces(self):
        if "application/cbor" in BODIES:
            body = b"\xa2" + cbor_of("operation") + cbor_of("describe_all") + b"\x7f" + cbor_of("__pro") + cbor_of("to__") + b"\xff\x01"
            self.assertEqual(self.ask(None, JSON, content_type="application/cbor", body=body)[:3:2], (
                400, {"error": "Object contains forbidden prototype property"}))

    @unittest.skipUnless("users" in built_modules(), "this build makes no users")
    def test_large_bodies(self):
        """They are decoded once it is known that their sender may do what it asks for; the answers are the same."""
        self.s.call({"operation": "drop_user", "username": "eve"})
        self.s.call({"operation": "drop_role", "id": "writer"})
        self.s.add_role("writer", {"super_user": False, "dev": {"tables": {"t": {
            "read": True, "insert": True, "update": False, "delete": False, "attribute_permissions": []}}}})
        self.s.add_user("eve", "writer")
        eve = self.s.authorization("eve", PASSWORD)
        rows = [{"id": 1000 + i, "text": "x" * 50, "list": [i, {"a": None}]} for i in range(3000)]
        for kind in BODIES:
            self.assertEqual(self.ask("insert", kind, content_type=kind, authorization=eve, records=rows)[2]["message"],
                             "inserted 3000 of 3000 records")
            self.assertEqual(self.ask("search_by_id", kind, content_type=kind, authorization=eve, ids=[1000, 3999] + list(range(10**6, 10**6 + 20000)),
                                      get_attributes=["id", "text", "list"])[2], [rows[0], rows[2999]])
            status, _, answer = self.ask("update", kind, content_type=kind, authorization=eve, records=rows)
            self.assertEqual((status, sorted(answer)), (403, ["error", "invalid_schema_items", "unauthorized_access"]))
            self.assertEqual(self.ask("update", kind, content_type=kind, authorization=False, records=rows)[:3:2], (401, {"error": "Must login"}))
            # a fault far behind is found first
            body = body_of(kind, dict(operation="update", database="dev", table="t", records=rows))[:-1]
            self.assertEqual(self.ask(None, kind, content_type=kind, authorization=eve, body=body)[0], 400)
            self.ask("delete", kind, content_type=kind, ids=[r["id"] for r in rows])

    def test_credentials_in_a_body(self):
        for kind in BODIES:
            for password, status in ((self.s.admin[1], 200), ("wrong", 401)):
                got = self.ask("describe_table", kind, content_type=kind, authorization=False, username="admin", password=password)
                self.assertEqual(got[0], status)


class Streams(unittest.TestCase):
    """Rows of many megabytes, although a request may use only one."""
    ROWS = 100000

    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + ["operationsApi.maxRequestMemory=4M", "storage.writeAsync=true"])
        cls.addClassCleanup(cls.s.stop)
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "t", "primary_key": "id"})
        for start in range(0, cls.ROWS, 5000):
            cls.s.ok({"operation": "insert", "database": "dev", "table": "t", "records": [
                {"id": i, "text": "row %d " % i + "x" * 80} for i in range(start, start + 5000)]})

    def get(self, kind, limit=None):
        body = {"operation": "search_by_value", "database": "dev", "table": "t", "attribute": "id", "value": "*", "get_attributes": ["id", "text"]}
        status, headers, data = self.s.request(body=json.dumps(dict(body, **({"limit": limit} if limit else {}))).encode(), headers={
            "Content-Type": JSON, "Accept": kind, "Authorization": self.s.authorization()}, timeout=300)
        self.assertEqual(headers["content-type"], kind)
        return status, data

    def test_streams(self):
        want = [{"id": i, "text": "row %d " % i + "x" * 80} for i in range(self.ROWS)]
        for kind in [JSON] + [t for t in TYPES if "msgpack" not in t]:
            status, data = self.get(kind)
            self.assertEqual(status, 200, data[:200])
            self.assertGreater(len(data), 9 << 20)
            if kind == "text/csv":
                self.assertEqual([{"id": int(r["id"]), "text": r["text"]} for r in value_of(kind, data)], want)
            elif kind == "text/yaml":
                lines = data.decode().split("\n")
                self.assertEqual((len(lines), lines[:3]), (2 * self.ROWS + 1, ["- id: 0", "  text: " + want[0]["text"], "- id: 1"]))
            else:
                self.assertEqual(value_of(kind, data), want)

    def test_messagepack_is_held(self):
        for kind in (t for t in TYPES if "msgpack" in t):
            status, data = self.get(kind, 20000)
            self.assertEqual((status, len(value_of(kind, data))), (200, 20000))
            status, data = self.get(kind)
            self.assertEqual(status, 413)
            self.assertIn("accept application/cbor or application/x-ndjson", value_of(kind, data)["error"])


if __name__ == "__main__":
    unittest.main()
