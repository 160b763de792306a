# SPDX-License-Identifier: Apache-2.0
"""Running out of memory: at each allocation of a request in turn, and at each allocation of the start.

alloc_fail.c is preloaded into the server. Whichever allocation fails, alone or with all later ones, the answer is the usual
one, or says that memory ran out, or the connection is closed; answered changes are made, refused ones leave nothing behind,
nothing leaks, and the next request is served as usual.

ALLOC_ALL: every allocation is tried; otherwise only some of those of long requests.
"""
import contextlib, http.client, json, mmap, os, random, re, shutil, socket, ssl, struct, subprocess, tempfile, time, unittest

import faults # noqa: F401, for the path to lyre_server
from certificates import Authority
from lyre_server import BUILD, CHEAP_LOGINS, HAS_PROC, LYRED, SOURCE, Server, built_modules, feature, until

LIBRARY = os.path.join(BUILD, "tests", "fault", ".libs", "alloc_fail.so")
TEST_MODULES = os.path.join(BUILD, "tests", "module", ".libs")
JSON_C = os.path.join(TEST_MODULES, "json_c.so")
ALL = bool(os.environ.get("ALLOC_ALL"))
FRAMES = 24
# The C library has another message for modules and threads, and libmicrohttpd none.
NO_MEMORY = r"(?i)memory|Resource temporarily unavailable|\.so[.\w]*: cannot|cannot start the threads|No thread can be started"


class Memory:
    """Shared by alloc_fail.c and the test."""

    def __init__(self):
        fd, self.path = tempfile.mkstemp(prefix="lyre-test-")
        os.ftruncate(fd, mmap.PAGESIZE)
        self.map = mmap.mmap(fd, mmap.PAGESIZE)
        os.close(fd)
        self.env = {"LD_PRELOAD": LIBRARY, "ALLOC_FAIL_FILE": self.path}

    def close(self):
        self.map.close()
        os.unlink(self.path)

    def get(self, field):
        return struct.unpack_from("q", self.map, 8 * field)[0]

    def set(self, field, value):
        struct.pack_into("q", self.map, 8 * field, value)

    def arm(self, n, onwards):
        self.set(2, 0)
        self.set(5, 0)
        self.set(0, n)
        self.set(1, int(onwards))

    def disarm(self):
        """How many allocations failed."""
        self.set(1, 0)
        self.set(0, 0)
        return self.get(2)

    @property
    def calls(self):
        return self.get(3)

    def live(self):
        """Blocks in use, once the number is stable."""
        before, same = None, 0
        for _ in range(2000):
            now = self.get(4)
            same = same + 1 if now == before else 0
            if same == 4:
                break
            before = now
            time.sleep(0.001)
        return now

    def frames(self, maps):
        """The callers of the first failed allocation, as file+offset."""
        out = []
        for i in range(min(self.get(5), FRAMES)):
            address = struct.unpack_from("Q", self.map, 48 + 8 * i)[0]
            for begin, end, offset, path in maps:
                if begin <= address < end:
                    out.append("%s+%#x" % (os.path.basename(path), address - begin + offset))
        return "\n  ".join(out[2:])


def mappings(pid):
    out = []
    if HAS_PROC:
        with open("/proc/%d/maps" % pid) as f:
            for line in f:
                m = re.match(r"([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+ +(/.*)", line)
                if m:
                    out.append((int(m[1], 16), int(m[2], 16), int(m[3], 16), m[4]))
    return out


def sampled(most):
    """1, 2, 3, … without end; above MOST only some, different ones each time, so that many runs try all of them."""
    n, step = 1, 1
    while True:
        yield n
        if not ALL and n >= most:
            step = 1 + n // most * 2
        n += random.randint(1, 2 * step - 1)


def why_not():
    """Why these tests cannot be run here; None if they can."""
    with open(os.path.join(BUILD, "config.status")) as f:
        sanitizer = re.search(r"-fsanitize=[a-z,]+", f.read())
    if sanitizer:
        return "a build with %s has an allocator of its own" % sanitizer[0]
    if not os.path.exists(LIBRARY):
        return "%s is not built" % LIBRARY
    memory = Memory()
    try:
        subprocess.run([LYRED, "--version"], env=dict(os.environ, **memory.env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return None if memory.calls else "nothing can be preloaded into %s" % LYRED
    finally:
        memory.close()


WHY_NOT = why_not()


class Case:
    """A request, and its effect. {} in it stands for a unique name."""

    def __init__(self, name, operation=None, before=(), after=(), there=None, status=200, raw=None, headers=None, same=True):
        self.name, self.operation, self.raw, self.headers = name, operation, raw, headers or {}
        self.before, self.after = before, after # operations, or functions(server): what it needs, what undoes it
        self.there = there                      # function(server): None if the effect is absent, True if it is complete
        self.status, self.same = status, same   # of the correct answer; whether that is always the same


DEV = {"database": "dev", "table": "t"}
RECORDS = [{"id": i, "a": i % 7, "text": "text %d" % i, "more": {"x": [i, None, True]}} for i in range(300)]
BULK = [{"id": "b%d" % i, "a": i, "text": "y" * 200} for i in range(400)]
NEW = [{"id": "n1", "a": 1, "text": "new"}, {"id": "n2", "b": [1, {"c": 2}]}, {"id": "n3"}]
ALL_IDS = dict(DEV, operation="search_by_value", attribute="id", value="*", get_attributes=["*"])


def op(name, /, **more):
    return dict(more, operation=name)


def search(*conditions, **more):
    conditions = [dict(zip(("attribute", "comparator", "value"), c)) for c in conditions]
    return {**DEV, "operation": "search_by_conditions", "conditions": conditions, "get_attributes": ["*"], **more}


def has_records(ids, table="t"):
    def there(s):
        found = {r["id"] for r in s.ok(op("search_by_id", database="dev", table=table, ids=ids, get_attributes=["id"]))}
        by_index = {r["id"] for r in s.ok(search(("a", "not_equal", "none"), table=table, get_attributes=["id"]))} if table == "t" else found
        if not found:
            return False if not by_index & set(ids) else "in the index alone"
        return True if found == set(ids) else "a part: %s" % found
    return there


def has_value(key, attribute, new):
    def there(s):
        r = s.ok(op("search_by_id", ids=[key], get_attributes=["*"], **DEV))
        by = s.ok(search((attribute, "equals", new)))
        if (r[0].get(attribute) == new) != any(b["id"] == key for b in by):
            return "record and index differ: %s %s" % (r, by)
        return r[0].get(attribute) == new
    return there


def lacks(there):
    def inverse(s):
        got = there(s)
        return not got if isinstance(got, bool) else got
    return inverse


def has_table(database, table):
    def there(s):
        return table in s.ok(op("describe_all")).get(database, {})
    return there


def has_database(database):
    def there(s):
        names = database in s.ok(op("describe_all"))
        status, _ = s.call(op("describe_database", database=database))
        return names if names == (status == 200) else "listed: %s, described: %d" % (names, status)
    return there


def has_attribute(name):
    def there(s):
        return name in [a["attribute"] for a in s.ok(op("describe_table", **DEV))["attributes"]]
    return there


def has_role(name, permission=None):
    def there(s):
        found = [r for r in s.ok(op("list_roles")) if r["role"] == name]
        return bool(found) and (permission is None or found[0]["permission"] == permission)
    return there


def has_user(name, active=True):
    def there(s):
        return (name, active) in [(u["username"], u["active"]) for u in s.ok(op("list_users"))]
    return there


NEW_IDS = [r["id"] for r in NEW]
BULK_IDS = [r["id"] for r in BULK]
CSV = {"Accept": "text/csv"}
# Other formats, and the macro of builds that have them.
OTHERS = {"cbor": "application/cbor", "msgpack": "application/msgpack", "yaml": "text/yaml", "jsonl": "application/jsonl", "csv": "text/csv"}


def has_formats(headers):
    """Whether this build has the formats that the headers name."""
    named = (headers or {}).values()
    return all(feature("LYRE_FORMAT_" + name.upper()) for name, kind in OTHERS.items() if kind in named)


NOTHING = {"super_user": False}
PERMISSION = dict(NOTHING, dev={"tables": {"t": {"read": True, "insert": False, "update": False, "delete": False, "attribute_permissions": [
    {"attribute_name": "text", "read": True, "insert": False, "update": False}]}}})
# Of the users module; the role worker, the user bob who has it, and the role idle, which nobody has, exist.
USERS = [
    Case("add_role", op("add_role", role="m1", permission=PERMISSION), there=has_role("m1"), after=[op("drop_role", id="m1")]),
    Case("add_role, refused", op("add_role", role="", foo=1, permission={"nope": {}, "dev": {"tables": {"no": {}, "t": {"read": 1}, "large": {}}}}), status=400),
    Case("add_role, refused, CSV", op("add_role", foo=1), headers=CSV, status=400),
    Case("alter_role", op("alter_role", id="idle", permission=PERMISSION), there=has_role("idle", PERMISSION),
         after=[op("alter_role", id="idle", permission=NOTHING)]),
    Case("drop_role", op("drop_role", id="m2"), there=lacks(has_role("m2")), before=[op("add_role", role="m2", permission=NOTHING)]),
    Case("drop_role, in use", op("drop_role", id="worker"), status=409),
    Case("list_roles", op("list_roles")),
    Case("add_user", op("add_user", username="ann", password="pw", role="worker", active=True), there=has_user("ann"),
         after=[op("drop_user", username="ann")]),
    Case("add_user, taken", op("add_user", username="bob", password="pw", role="worker", active=True), status=409),
    Case("alter_user", op("alter_user", username="bob", active=False), there=has_user("bob", False),
         after=[op("alter_user", username="bob", active=True)]),
    Case("drop_user", op("drop_user", username="eve"), there=lacks(has_user("eve")),
         before=[op("add_user", username="eve", password="pw", role="worker", active=True)]),
    Case("drop_user, the last", op("drop_user", username="admin"), status=409),
    Case("list_users", op("list_users")),
    Case("user_info", op("user_info")),
]
def spoil_connection(s):
    """SQLite's connection is not used again after it has been refused memory: the next statement makes a new one."""
    status, body = s.call(op("sql", sql="SELECT HEX(ZEROBLOB(1 << 20))"))
    assert status == 413 and "modules.sql.memory" in body["error"], body


# Of the module sql.
SQL_SETTINGS = ["modules.sql.memory=1M"]
SQL = [
    Case("sql, new connection", op("sql", sql="SELECT text FROM dev.t WHERE id = 5"), before=[spoil_connection]),
    Case("sql, select", op("sql", sql="SELECT id, TRIM(LEADING 't' FROM text) AS t, SEARCH_JSON('{\"a\": [$, *][0]}', text) AS j, EXTRACT(YEAR FROM 0) AS y "
                                      "FROM dev.t WHERE a = 3 ORDER BY text")),
    Case("sql, select, refused", op("sql", sql="SELECT SEARCH_JSON('$[', text) FROM dev.t"), status=400),
    Case("sql, update", op("sql", sql="UPDATE dev.t SET text = CONVERT(VARCHAR(10), 'changed') WHERE id = 5"), there=has_value(5, "text", "changed"),
         after=[op("update", records=[{"id": 5, "text": "text 5"}], **DEV)]),
]
CASES = [
    Case("health", raw=("GET", "/health", None)),
    Case("unknown path", raw=("GET", "/none", None), status=404),
    Case("bad JSON", raw=("POST", "/", b'{"operation": "describe_all", '), status=400),
    Case("bad media type", raw=("POST", "/", b"x"), headers={"Content-Type": "text/html"}, status=415),
    Case("unknown operation", op("nonesuch"), status=400),
    Case("missing argument", op("create_table", database="dev"), status=400),
    Case("credentials in the body", op("describe_table", username="admin", password="Abc1234!", **DEV), headers={"Authorization": ""}),
    Case("no credentials", op("describe_all"), headers={"Authorization": ""}, status=401),
    Case("wrong credentials", op("describe_all"), headers={"Authorization": "Basic YWRtaW46eA=="}, status=401),
    Case("unknown user", op("describe_all"), headers={"Authorization": "Basic bm9ib2R5Ong="}, status=401),
    Case("another origin", op("describe_table", **DEV), headers={"Origin": "http://else.example"}),
    Case("long body", op("describe_table", padding=["x" * 1000] * 300, **DEV)),
    Case("create_database", op("create_database", database="d1"), there=has_database("d1"), after=[op("drop_database", database="d1")]),
    Case("drop_database", op("drop_database", database="d2"), there=lacks(has_database("d2")), before=[op("create_database", database="d2")]),
    Case("create_table", op("create_table", database="dev", table="t1", primary_key="id", attributes=[{"name": "id", "type": "ID"}, {"name": "x", "type": "Int", "indexed": True}]),
         there=has_table("dev", "t1"), after=[op("drop_table", database="dev", table="t1")]),
    Case("create_table and its database", op("create_table", database="d3", table="t1", primary_key="id"),
         there=has_table("d3", "t1"), after=[op("drop_database", database="d3")]), # only the database may stay
    Case("drop_table", op("drop_table", database="dev", table="t2"), there=lacks(has_table("dev", "t2")),
         before=[op("create_table", database="dev", table="t2", primary_key="id"), op("insert", database="dev", table="t2", records=NEW)]),
    Case("create_attribute", op("create_attribute", attribute="z1", **DEV), there=has_attribute("z1"), after=[op("drop_attribute", attribute="z1", **DEV)], same=False),
    Case("drop_attribute", op("drop_attribute", attribute="z2", **DEV), there=lacks(has_attribute("z2")), before=[op("create_attribute", attribute="z2", **DEV)]),
    Case("insert", op("insert", records=NEW, **DEV), there=has_records(NEW_IDS), after=[op("delete", ids=NEW_IDS, **DEV)]),
    Case("insert, new attributes", op("insert", records=[{"id": "w1", "w": 1, "v": "x"}], **DEV), there=has_records(["w1"]),
         after=[op("delete", ids=["w1"], **DEV), op("drop_attribute", attribute="w", **DEV), op("drop_attribute", attribute="v", **DEV)]),
    Case("insert, many", op("insert", records=BULK, **DEV), there=has_records(BULK_IDS), after=[op("delete", ids=BULK_IDS, **DEV)]),
    Case("insert, a long array", op("insert", records=[{"id": "l1", "a": list(range(-3000, 0))}], **DEV), there=has_records(["l1"]),
         after=[op("delete", ids=["l1"], **DEV)]),
    Case("update", op("update", records=[{"id": 5, "text": "changed"}], **DEV), there=has_value(5, "text", "changed"),
         after=[op("update", records=[{"id": 5, "text": "text 5"}], **DEV)]),
    Case("upsert", op("upsert", records=[{"id": 6, "text": "changed too"}], **DEV), there=has_value(6, "text", "changed too"),
         after=[op("update", records=[{"id": 6, "text": "text 6"}], **DEV)]),
    Case("delete", op("delete", ids=NEW_IDS, **DEV), there=lacks(has_records(NEW_IDS)), before=[op("insert", records=NEW, **DEV)]),
    Case("search_by_id", op("search_by_id", ids=[1, 2, 299], get_attributes=["*"], **DEV)),
    Case("search_by_value", op("search_by_value", attribute="a", value=3, get_attributes=["*"], **DEV)),
    Case("search_by_value, pattern", op("search_by_value", attribute="text", value="text 1*", get_attributes=["id", "text"], **DEV)),
    Case("search_by_conditions", search(("a", "between", [2, 4]), ("text", "contains", "5"))),
    Case("search_by_conditions, or", op("search_by_conditions", operator="or", get_attributes=["*"], conditions=[
        {"attribute": "a", "comparator": "equals", "value": 3}, {"attribute": "id", "comparator": "less_than", "value": 20},
        {"operator": "and", "conditions": [{"attribute": "a", "value": 1}, {"attribute": "text", "comparator": "ends_with", "value": "9"}]}], **DEV)),
    Case("search_by_conditions, sorted", search(("id", "greater_than", 10), sort={"attribute": "more", "next": {"attribute": "text", "descending": True}})),
    *(Case("search_by_conditions, " + name, search(("a", "equals", 3)), headers={"Accept": kind}) for name, kind in OTHERS.items()),
    *(Case("a stream, " + name, search(("big", "not_equal", "none"), table="large"), headers={"Accept": kind})
      for name, kind in OTHERS.items()),
    *(Case("a refusal, " + name, op("nope"), headers={"Accept": kind}, status=400) for name, kind in OTHERS.items()),
    Case("a body, cbor", raw=("POST", "/", b"\xbf\x69operation\x6cdescribe_all\x61x\x9f\x01\xc2\x49\x01\0\0\0\0\0\0\0\0\x80\xbf\x61a\x61b\xff\xff\xff"),
         headers={"Content-Type": OTHERS["cbor"]}, same=False),
    Case("a body, msgpack", raw=("POST", "/", b"\x82\xa9operation\xacdescribe_all\xa1x\x93\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x81\xa1a\xa1b"),
         headers={"Content-Type": OTHERS["msgpack"]}, same=False),
    Case("search in arrays", search(("list", "between", [3, 5]), table="large")),
    Case("search for an array", search(("list", "equals", list(range(600))), table="large")),
    Case("a stream", search(("big", "not_equal", "none"), table="large")),
    Case("a stream, sorted", search(("id", "not_equal", "none"), table="large", sort={"attribute": "big"})),
    Case("describe_all", op("describe_all"), same=False),
    Case("describe_database", op("describe_database", database="dev"), same=False),
    Case("describe_table", op("describe_table", exact_count=True, **DEV)),
    *(Case("describe_table, " + name, op("describe_table", **DEV), headers={"Accept": kind}, same=False) for name, kind in OTHERS.items()),
    Case("describe_operations", op("describe_operations")),
    Case("describe_settings", op("describe_settings")),
    Case("describe_storage", op("describe_storage"), same=False),
    Case("get_backup", op("get_backup", database="dev"), same=False),
    Case("get_backup of a table", op("get_backup", database="dev", table="t"), same=False),
    Case("restore_backup", op("restore_backup", database="d4", path="{backup}"), there=has_records(NEW_IDS) and has_database("d4"),
         after=[op("drop_database", database="d4")], same=False),
    Case("compact_database", op("compact_database", database="dev"), same=False),
    Case("check_database", op("check_database", database="dev"), same=False),
]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Requests(unittest.TestCase):
    """One server for all of them."""
    config = None
    densely = 8 # so many allocations are tried one by one
    settings = ["logging.auditLog=true", "authentication.cacheTTL=1h", "threads=2"] + CHEAP_LOGINS

    def setUp(self):
        self.memory = Memory()
        self.addCleanup(self.memory.close)
        self.server = s = Server(config=self.config, settings=self.settings + (SQL_SETTINGS if "sql" in built_modules() else []), env=self.memory.env)
        self.addCleanup(self.end)
        self.maps = mappings(s.process.pid)
        s.ok(op("create_table", primary_key="id", **DEV))
        s.ok(op("insert", records=RECORDS, **DEV))
        s.ok(op("create_table", database="dev", table="large", primary_key="id"))
        s.ok(op("insert", database="dev", table="large", records=[
            dict({"id": i, "big": "z" * 500}, **({"list": list(range(600))} if i % 100 == 0 else {})) for i in range(1000)]))
        if "users" in built_modules():
            for role in ("worker", "idle"):
                s.add_role(role, NOTHING)
            s.add_user("bob", "worker")
        self.backup = os.path.join(s.root, "backup.mdb")
        with open(self.backup, "wb") as f:
            f.write(s.request(body=json.dumps(op("get_backup", database="dev")).encode(), headers=self.headers({}))[2])

    def end(self):
        s = self.server
        try:
            if s.process.poll() is None:
                s.end()
        finally:
            if s.process.poll() is None:
                s.kill()
            shutil.rmtree(s.root, ignore_errors=True)

    def headers(self, more):
        h = {"Content-Type": "application/json", "Authorization": self.server.authorization(), "Connection": "close"}
        h.update(more)
        return {k: v for k, v in h.items() if v}

    def send(self, case):
        """(status, body); status 0: the connection was closed."""
        method, path, body = case.raw or ("POST", "/", json.dumps(case.operation).replace("{backup}", self.backup).encode())
        try:
            status, headers, body = self.server.request(method, path, body, self.headers(case.headers), timeout=30)
            return status, body
        except socket.timeout:
            raise AssertionError("no answer")
        except (http.client.HTTPException, OSError):
            return 0, b""

    def judge(self, case, status, body, failed):
        """Whether the answer is the correct one. Fails the test if it is neither that nor lack of memory."""
        if status == 0:
            self.assertTrue(failed, "the connection is cut without need")
            return None
        if status == case.status:
            if case.same:
                self.assertEqual(self.timeless(body), case.right)
            return True
        self.assertTrue(failed, "%d %s" % (status, body))
        self.assertEqual(status, 503, body)
        self.assertRegex(body.decode(errors="replace"), NO_MEMORY)
        if body.startswith(b"{"):
            self.assertEqual(list(json.loads(body)), ["error"])
        return False

    @staticmethod
    def timeless(body):
        """Without what changes by itself: times, sizes, and the order of rows that were requested without one."""
        body = re.sub(rb'("(__(cre|upd)atedtime__|audit_size|db_size|table_size|last_updated_record)":)[0-9.]+', rb"\1 0", body)
        return b"\n".join(sorted(re.split(rb"(?<=\}),(?=\{\"id\")", body[1:-1]))) if body.startswith(b"[") else body

    def attempt(self, case, n, onwards):
        """Returns whether an allocation failed"""
        s, memory = self.server, self.memory
        for o in case.before:
            if s.process.poll() is None and not (case.there and case.there(s) is False):
                o(s) if callable(o) else s.ok(o)
        memory.arm(n, onwards)
        try:
            status, body = self.send(case)
        finally:
            failed = memory.disarm()
        if not n:
            case.right = self.timeless(body)
        try:
            self.assertIsNone(s.process.poll(), "the server ended")
            right = self.judge(case, status, body, failed)
            if case.there:
                there = case.there(s)
                self.assertIn(there, (True, False))
                if right is not None:
                    self.assertEqual(there, right, "it says %d %s" % (status, body))
                if there:
                    for o in case.after:
                        s.ok(o)
            else:
                self.assertEqual(s.request("GET", "/health")[0], 200)
        except (AssertionError, OSError, http.client.HTTPException) as e:
            raise self.failureException("%s, allocation %d%s, server %s: %s\n  %s" % (
                case.name, n, " and all behind" if onwards else "", s.process.poll(), e, memory.frames(self.maps))) from None
        return failed

    def sweep(self, case, onwards):
        for n in sampled(self.densely):
            if not self.attempt(case, n, onwards):
                return

    def run_case(self, case):
        self.assertEqual(self.attempt(case, 0, False), 0)
        self.sweep(case, False)
        self.sweep(case, True)
        # What is kept for the next request has been allocated by now; repeated leaks show.
        grown = []
        for _ in range(3):
            before = self.memory.live()
            self.sweep(case, False)
            grown.append(self.memory.live() - before)
            if grown[-1] <= 0:
                break
        self.assertLessEqual(min(grown), 0, "%s: blocks lost at each of three sweeps" % case.name)

    def cases(self):
        return CASES + (USERS if "users" in built_modules() else []) + (SQL if "sql" in built_modules() else [])

    def test_requests(self):
        s, only, modules = self.server, os.environ.get("ALLOC_CASE"), built_modules()
        for case in self.cases():
            if (only and only != case.name) or not has_formats(case.headers) or (
                    case.name in ("describe_operations", "describe_settings") and "help" not in modules):
                continue
            with self.subTest(case.name):
                if s.process.poll() is not None:
                    s.start()
                    self.maps = mappings(s.process.pid)
                self.run_case(case)
                if case.there:
                    s.ok(op("check_database", database="dev"))
        s.restart()
        self.assertEqual(len(s.ok(ALL_IDS)), len(RECORDS))
        s.ok(op("check_database", database="dev"))


def with_modules(*names):
    """The configuration of a server with these test modules, too."""
    return "modules:\n" + "".join("  %s: true\n" % m for m in built_modules()) + "".join(
        "  %s:\n    path: %s\n" % (name, os.path.join(TEST_MODULES, name + ".so")) for name in names)


@unittest.skipUnless(os.path.exists(JSON_C), "built without json-c, or without dynamic loading")
class JsonC(Requests):
    """lyre/json-c.h, in a module that uses it."""
    config = with_modules("json_c")

    def cases(self):
        # No object of more than ten members: if a larger table cannot be allocated, json-c 0.16 loses the name.
        value = {"a": [1, -1.5, True, None, "x" * 100, 2 ** 64 - 1, 2 ** 64, [[], {}]], "b": {"c": {"d": list(range(40))}}}
        return [Case("there and back", op("json_c_echo", value=value)),
                Case("refused", op("json_c_echo", value=[value, {"a\0b": 1}]), status=400)]


@unittest.skipUnless(os.path.exists(os.path.join(TEST_MODULES, "hooks.so")), "built without dynamic loading")
class Modules(Requests):
    """Routes of modules, and operations that run others."""
    config = with_modules("errands", "hooks")

    def cases(self):
        relay = lambda request, **more: op("relay", request=dict(request, **DEV), **more)
        return [
            Case("a route", raw=("GET", "/hooks/echo?a=1&a=%C3%A4&b=x+y", None), headers={"X-Signature": "abc"}),
            Case("a route with a body", raw=("POST", "/hooks/in/a/b%20c?a=1", b"x" * 5000), headers={"Content-Type": "text/plain"}),
            Case("a route that sets headers", raw=("GET", "/hooks/answer?status=201&X-One=1&X-Two=2", None), status=201),
            Case("a method that a route lacks", raw=("DELETE", "/hooks/answer", None), status=405),
            Case("a nested search", relay(op("search_by_value", attribute="a", value=3, get_attributes=["*"]))),
            # One that changes nothing: after it, memory may be lacking for the outer answer.
            Case("a nested write", relay(op("update", records=[{"id": 6, "text": "text 6"}]), writes=True)),
            Case("a nested write, refused", relay(op("insert", records=NEW)), status=400),
            Case("a nested answer that is too long", relay(op("search_by_value", attribute="id", value="*", get_attributes=["*"]), most=5000), status=413),
            Case("nested twice", op("relay", request=relay(op("describe_table"))), same=False),
        ]


def has_certificate(name):
    def there(s):
        return name in [c["name"] for c in s.ok(op("list_certificates"))]
    return there


class TlsCase(Case):
    """One that comes over TLS, with a connection of its own, or with one that is kept."""

    def __init__(self, *args, version=ssl.TLSVersion.TLSv1_3, certificate=False, kept=False, **more):
        super().__init__(*args, **more)
        self.version, self.certificate, self.kept = version, certificate, kept
        if kept:
            self.headers["Connection"] = "keep-alive"


@unittest.skipUnless("certs" in built_modules() and shutil.which("openssl"), "needs certificates")
class Tls(Requests):
    """Handshakes, requests over TLS, and certificates that change."""
    densely = 1 # a handshake has thousands
    settings = Requests.settings + ["operationsApi.network.securePort=0", "operationsApi.network.mtls=true", "node.hostname=node1"]

    def setUp(self):
        self.connection = None
        self.authority = Authority("Test authority")
        self.addCleanup(self.authority.__exit__)
        self.settings = self.settings + ["tls.certificateAuthority=" + self.authority.path]
        super().setUp()
        self.own = self.authority.files(self.authority.issue("admin", use="clientAuth"))

    def dial(self, case):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        c.minimum_version = c.maximum_version = case.version
        if case.certificate:
            c.load_cert_chain(*self.own)
        port = int(re.findall(r"listening on https://127\.0\.0\.1:(\d+)", self.server.said())[-1])
        raw = socket.create_connection(("127.0.0.1", port), 30)
        try:
            return c.wrap_socket(raw, server_hostname="node1")
        except BaseException:
            raw.close()
            raise

    def send(self, case):
        if not isinstance(case, TlsCase):
            return super().send(case)
        method, path, body = case.raw or ("POST", "/", json.dumps(case.operation).encode())
        c, self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", timeout=30), None
        try:
            c.sock = c.sock or self.dial(case)
            c.request(method, path, body, self.headers(case.headers))
            r = c.getresponse()
            body = r.read()
            if case.kept and c.sock:
                self.connection, c = c, None
            return r.status, body
        except socket.timeout:
            raise AssertionError("no answer")
        except (http.client.HTTPException, OSError):
            return 0, b""
        finally:
            if c:
                c.close()

    def attempt(self, case, n, onwards):
        if getattr(case, "kept", False) and not self.connection:
            self.send(case) # while there is memory
        return super().attempt(case, n, onwards)

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.server.process.pid))

    def run_case(self, case):
        self.attempt(case, 0, False)
        before = self.descriptors() if HAS_PROC else 0
        super().run_case(case)
        if self.connection:
            self.connection.close()
            self.connection = None
        if HAS_PROC:
            until(lambda: self.descriptors() <= before, lambda: "%d descriptors, and %d before" % (self.descriptors(), before))

    def cases(self):
        pair, other, found = (self.authority.issue(name, [name + ".example"]) for name in ("one", "two", "found"))
        add = lambda name, pair: op("add_certificate", name=name, certificate=pair[0], private_key=pair[1], is_authority=False)
        self.server.ok(add("keeper", found)) # its key stays
        anonymous, old = {"Authorization": ""}, ssl.TLSVersion.TLSv1_2
        return [
            TlsCase("a handshake", raw=("GET", "/health", None)),
            TlsCase("a handshake, TLS 1.2", raw=("GET", "/health", None), version=old),
            TlsCase("a request over TLS", op("search_by_value", attribute="a", value=3, get_attributes=["*"], **DEV)),
            TlsCase("a client certificate", op("describe_table", **DEV), headers=anonymous, certificate=True),
            TlsCase("a client certificate, TLS 1.2", op("describe_table", **DEV), headers=anonymous, certificate=True, version=old),
            TlsCase("a client certificate that is verified again", op("describe_table", **DEV), headers=dict(anonymous), certificate=True, kept=True, before=[add("two", other)]),
            Case("list_certificates", op("list_certificates")),
            Case("add_certificate", add("one", pair), there=has_certificate("one"), after=[op("remove_certificate", name="one")]),
            Case("renew_certificates", op("renew_certificates"), same=False),
            Case("add_certificate, replaced", add("node1", other), same=False),
            Case("add_certificate, its key among the files", op("add_certificate", name="found", certificate=found[0], is_authority=False),
                 there=has_certificate("found"), after=[op("remove_certificate", name="found")]),
            Case("add_certificate, an authority", op("add_certificate", name="above", certificate=self.authority.certificate, is_authority=True),
                 there=has_certificate("above"), after=[op("remove_certificate", name="above")]),
            Case("add_certificate, refused", add("one", (pair[0], other[1])), status=400),
            Case("remove_certificate", op("remove_certificate", name="two"), there=lacks(has_certificate("two")), before=[add("two", other)]),
        ]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Start(unittest.TestCase):
    """A start, and commands that read the configuration: it succeeds as usual, or is refused with a message."""

    # Not the system module: of what it starts with, procps_stat_reap() of libproc2 4.0.2 and others there, and glibc's
    # localtime_r(), crash when they get no memory.
    MODULES = "modules:\n" + "".join("  %s: true\n" % m for m in ("schema", "data", "help", "metrics") if m in built_modules())

    def setUp(self):
        self.memory = Memory()
        self.addCleanup(self.memory.close)
        self.root = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, self.root)

    def samples(self, total, most, first=1):
        """Some of the allocations, or all; most of them after the first ones, which the configuration uses."""
        some = range(1, total + 1) if ALL else random.sample(range(1, total + 1), min(total, most))
        if not ALL:
            some = some[:most // 4] + random.sample(range(first, total + 1), min(total + 1 - first, most))[most // 4:]
        return [(n, onwards) for n in sorted(some) for onwards in (False, True)]

    def start(self, root, n, onwards):
        """A server; None if it refused to start."""
        s = Server(root=root, config=self.MODULES, env=self.memory.env, start=False)
        output = os.path.join(root, "output")
        begin = os.path.getsize(output) if os.path.exists(output) else 0
        self.memory.arm(n, onwards)
        try:
            s.start()
        except RuntimeError as e:
            self.memory.disarm()
            self.assertGreater(s.process.wait(60), 0, "allocation %d: %s" % (n, e))
            self.assertRegex(s.said(begin), NO_MEMORY, "allocation %d: %s" % (n, e))
            return None
        self.memory.disarm()
        return s

    def allocations(self, command):
        """How many allocations a command or a start makes."""
        before = self.memory.calls
        command()
        return self.memory.calls - before

    def started(self, root):
        s = self.start(root, 0, False)
        s.end()

    def checked(self):
        config = os.path.join(self.root, "checked.yaml")
        with open(config, "w") as f:
            f.write(self.MODULES)
        self.assertEqual(self.run_lyred("-c", config, "--check")[0], 0)

    def test_first_start(self):
        """A failed start leaves nothing behind that prevents the next."""
        first = self.allocations(self.checked)
        total = self.allocations(lambda: self.started(self.root))
        for n, onwards in self.samples(total, 8, first):
            root = tempfile.mkdtemp(prefix="lyre-test-")
            try:
                s = self.start(root, n, onwards) or self.start(root, 0, False)
                try:
                    self.assertEqual(s.call(op("describe_all"))[0], 200, "allocation %d" % n)
                finally:
                    s.end()
            finally:
                shutil.rmtree(root)

    def test_start(self):
        """A database is served completely, or the start is refused."""
        with Server(root=self.root) as s:
            s.ok(op("create_table", primary_key="id", **DEV))
            s.ok(op("insert", records=RECORDS, **DEV))
        first = self.allocations(self.checked)
        total = self.allocations(lambda: self.started(self.root))
        for n, onwards in self.samples(total, 8, first):
            s = self.start(self.root, n, onwards)
            if s:
                try:
                    self.assertEqual(len(s.ok(ALL_IDS)), len(RECORDS), "allocation %d" % n)
                finally:
                    s.end()

    def test_first_request(self):
        """Each thread allocates what it keeps when it first needs it."""
        for n, onwards in self.samples(45, 8):
            s = self.start(self.root, 0, False)
            try:
                self.memory.arm(n, onwards)
                try:
                    status, body = s.call(op("describe_all"))
                except (http.client.HTTPException, OSError):
                    status, body = 503, "out of memory"
                self.memory.disarm()
                self.assertIn(status, (200, 503), "allocation %d: %s" % (n, body))
                if status == 503:
                    self.assertRegex(str(body), NO_MEMORY)
                self.assertEqual(s.call(op("describe_all"))[0], 200, "allocation %d" % n)
            finally:
                s.end()

    def run_lyred(self, *arguments):
        p = subprocess.run([LYRED, "-r", self.root, *arguments], env=dict(os.environ, **self.memory.env), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return p.returncode, p.stdout, p.stderr

    def test_commands(self):
        config = os.path.join(SOURCE, "etc", "lyre.yaml")
        for arguments in (["-c", config, "--check"], ["-c", config, "--list-operations"], ["--list-modules"], ["--help"]):
            before = self.memory.calls
            right = self.run_lyred(*arguments)
            self.assertEqual(right[0], 0, right)
            for n, onwards in self.samples(self.memory.calls - before, 12):
                self.memory.arm(n, onwards)
                status, out, err = self.run_lyred(*arguments)
                self.memory.disarm()
                what = "%s, allocation %d%s: %s" % (arguments, n, " and all behind" if onwards else "", (status, out, err))
                if status == 0:
                    self.assertEqual(out, right[1], what)
                else:
                    self.assertGreater(status, 0, what)
                    self.assertRegex(err.decode(), NO_MEMORY, what)


if __name__ == "__main__":
    unittest.main(verbosity=2)
