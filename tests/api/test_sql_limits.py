# SPDX-License-Identifier: Apache-2.0
"""Statements that would run forever, or use all memory: each is refused or stopped, and nobody else waits for it."""
import concurrent.futures, http.client, json, os, random, sys, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, Server, need_module, until

LIMITS = ["modules.sql.timeout=2s", "modules.sql.memory=8M", "modules.sql.maxLength=1M"]
COUNTING = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c%s) "
ENDLESS = COUNTING % "" + "SELECT count(*) FROM c"


def setUpModule():
    need_module("sql")
    need_module("data")
    need_module("schema")


def fill(server):
    for table, count in (("dog", 4), ("many", 300)):
        server.ok({"operation": "create_table", "database": "dev", "table": table, "primary_key": "id"})
        server.ok({"operation": "insert", "database": "dev", "table": table, "records": [
            {"id": i, "name": "n%d" % i, "age": i % 7} for i in range(count)]})


def memory_of(server):
    """The resident memory of the server, in bytes."""
    with open("/proc/%d/statm" % server.process.pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


TIME, MEMORY, LENGTH, REQUEST = "modules.sql.timeout", "modules.sql.memory", "modules.sql.maxLength", "the limit for one request"
LARGE = "(hex(zeroblob(8000)) || x)"
MANY_PARTS = ".".join(['{"a": $, "b": $}'] * 99)
MANY_ITEMS = "$." + ".".join(["[[$], [$]]"] * 98)
# Statements, each with the possible answers: a part of an error, or None for rows.
def chain(count, select):
    """Tables that each select from the one before."""
    return "WITH %s SELECT x FROM c%d LIMIT 1" % (", ".join("c%d AS (%s)" % (i, select % ("c%d" % (i - 1) if i else "(SELECT 1 AS x)")) for i in range(count)), count - 1)


HOSTILE = [
    # endless
    (ENDLESS, TIME),
    (COUNTING % "" + "SELECT x FROM c", TIME, REQUEST),
    (COUNTING % "" + "SELECT count(*) FROM c WHERE " + LARGE + " LIKE '" + "%0" * 400 + "_1'", TIME),
    (COUNTING % "" + "SELECT sum(" + LARGE + " GLOB '" + "*[^a-z]" * 120 + "1') FROM c", TIME),
    (COUNTING % "" + "SELECT sum(" + LARGE + " REGEXP '[0-9]*0[0-9]{255}x') FROM c", TIME),
    (COUNTING % "" + "SELECT sum(length(randomblob(1000000))) FROM c", TIME),
    (COUNTING % "" + "INSERT INTO dev.dog (id, n) SELECT x || 'e', x FROM c", TIME, REQUEST),
    ("SELECT count(*) FROM " + ", ".join("dev.many AS d%d" % i for i in range(64)), TIME),
    # ten million rows
    (COUNTING % " LIMIT 10000000" + "SELECT x FROM c ORDER BY -x", MEMORY),
    (COUNTING % " LIMIT 10000000" + "SELECT x FROM c ORDER BY -x LIMIT 1", TIME, None),
    (COUNTING % " LIMIT 10000000" + "SELECT x, count(*) FROM c GROUP BY -x", MEMORY),
    (COUNTING % " LIMIT 10000000" + "SELECT count(DISTINCT x) FROM c", MEMORY),
    (COUNTING % " LIMIT 10000000" + "SELECT sum(x) OVER (ORDER BY -x) FROM c", MEMORY),
    (COUNTING % " LIMIT 10000000" + "SELECT id FROM dev.dog WHERE id IN (SELECT x FROM c)", MEMORY),
    (COUNTING % " LIMIT 10000000" + "SELECT median(x) FROM c", LENGTH, MEMORY),
    (COUNTING % " LIMIT 10000000" + "SELECT array(x) FROM c", LENGTH, MEMORY),
    (COUNTING % " LIMIT 10000000" + "SELECT json_group_array(x) FROM c", MEMORY, LENGTH),
    # strings of a GiB
    ("SELECT zeroblob(1073741824)", LENGTH),
    ("SELECT length(zeroblob(9223372036854775807))", LENGTH),
    ("SELECT length(randomblob(1073741824))", LENGTH),
    ("SELECT hex(zeroblob(536870912))", LENGTH),
    ("SELECT length(replace(replace(hex(zeroblob(1000)), '0', hex(zeroblob(1000))), '0', hex(zeroblob(1000))))", LENGTH),
    (COUNTING % " LIMIT 20000000" + "SELECT length(group_concat(hex(zeroblob(1000)))) FROM c", LENGTH),
    ("SELECT length(printf('%1073741824d', 1))", LENGTH),
    ("SELECT length(printf('%.*c', 1073741824, 'x'))", LENGTH),
    ("WITH RECURSIVE c(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM c) SELECT length(max(x)) FROM c", LENGTH),
    ("SELECT length(concat(%s))" % ", ".join(["hex(zeroblob(400000))"] * 100), MEMORY, LENGTH),
    ("WITH RECURSIVE c(n, x) AS (SELECT 1, '{}' UNION ALL SELECT n + 1, json_set(x, '$.k' || n, x) FROM c) SELECT length(max(x)) FROM c", LENGTH),
    # patterns
    ("SELECT hex(zeroblob(500000)) LIKE '" + "%0_" * 300 + "1'", "the LIKE or GLOB pattern is too long"),
    ("SELECT hex(zeroblob(8000)) REGEXP '" + "(((0?){10}){10}){3}" + "1'", "the regular expression cannot be used"),
    ("SELECT 'a' REGEXP '" + "(" * 490 + "a" + ")" * 490 + "'", "the regular expression cannot be used"),
    ("SELECT hex(zeroblob(8000)) REGEXP '(0*)*(0*)*(0*)*1' AS x", None),
    # deep, wide, many
    ("SELECT " + "(" * 10000 + "1" + ")" * 10000, "more than 250 levels of parentheses"),
    ("SELECT " + "(" * 240 + "1" + ")" * 240, "parser stack overflow"),
    ("SELECT " + "NOT " * 10000 + "1", "parser stack overflow"),
    ("SELECT " + "- " * 100000 + "1", "parser stack overflow"),
    ("SELECT " + "CASE WHEN 1 THEN " * 5000 + "1" + " END" * 5000, "parser stack overflow"),
    ("SELECT 1 WHERE " + " AND ".join(["1"] * 10000), "Expression tree is too large"),
    ("SELECT id FROM dev.dog WHERE " + " OR ".join("id = %d" % i for i in range(50000)), "Expression tree is too large"),
    (" UNION ".join(["SELECT 1"] * 1000), "too many terms in compound SELECT"),
    (" UNION ".join(["SELECT 1"] * 5000), "more than 1000 SELECTs"),
    # deep although no part of it is
    (chain(490, "SELECT x FROM %s" + " UNION SELECT 1" * 20), "more than 1000 SELECTs"),
    (chain(490, "SELECT x" + " || ''" * 20 + " AS x FROM %s"), "Expression tree is too large"),
    (chain(490, "SELECT x || '' AS x FROM %s"), None),
    ("SELECT id FROM dev.dog ORDER BY id" + " COLLATE NOCASE" * 60000, "more than 2000 COLLATEs"),
    ("SELECT " + ", ".join("id AS c%d" % i for i in range(2000)) + " FROM dev.dog", None),
    ("SELECT " + ", ".join(["id"] * 2001) + " FROM dev.dog", "too many columns in result set"),
    ("SELECT count(*) FROM dev.dog AS d0" + "".join(" JOIN dev.dog AS d%d USING (id)" % i for i in range(1, 1000)), "too many FROM clause terms"),
    ("SELECT id FROM dev.dog WHERE id IN (%s)" % ",".join(map(str, range(130000))), MEMORY),
    ("VALUES " + ",".join(["(1)"] * 100000), MEMORY),
    ("WITH c0 AS (SELECT 1 AS x), " + ", ".join("c%d AS (SELECT a.x FROM c%d a, c%d b)" % (i, i - 1, i - 1) for i in range(1, 40)) +
     " SELECT count(*) FROM c39", MEMORY),
    ("SELECT " + ", ".join("sum(id) OVER (ORDER BY age ROWS %d PRECEDING)" % i for i in range(1000)) + " FROM dev.dog", MEMORY),
    # JSON
    ("SELECT json('%s')" % ("[" * 100000), "malformed JSON"),
    ("SELECT count(*) FROM json_each('[' || replace(hex(zeroblob(200000)), '0', '1,') || '1]')", MEMORY),
    ("SELECT count(*) FROM json_tree('[' || replace(hex(zeroblob(100000)), '0', '[1],') || '1]')", MEMORY),
    ("SELECT json_extract('[]', '$%s') AS x" % (".a" * 100000), None),
    ("WITH t(x) AS (SELECT '[' || replace(hex(zeroblob(5000)), '0', '1,') || '1]') SELECT count(*) FROM t, json_each(t.x) a, json_each(t.x) b, "
     "json_each(t.x) c", TIME),
    # values that have a part in them 2^99 times
    ("SELECT SEARCH_JSON('%s', 0)" % MANY_PARTS, LENGTH, MEMORY),
    ("SELECT SEARCH_JSON('$string(%s)', 0)" % MANY_PARTS, MEMORY),
    ("SELECT SEARCH_JSON('[%s = %s]', 0)" % (MANY_PARTS, MANY_PARTS), TIME),
    ("SELECT SEARCH_JSON('%s ? 1 : 2', 0)" % MANY_ITEMS, TIME),
    ("SELECT SEARCH_JSON('$boolean(%s)', 0)" % MANY_ITEMS, TIME),
]


class Hostile(unittest.TestCase):
    """Everything that a hostile client may send, all at once, with two threads for statements."""

    def ask_others(self, s):
        self.assertEqual(s.request("GET", "/health")[0], 200)
        self.assertEqual(s.ok({"operation": "search_by_id", "database": "dev", "table": "dog", "ids": [1], "get_attributes": ["id"]}), [{"id": 1}])

    def judge(self, text, wanted, answer):
        status, body = answer
        shown = text if len(text) < 300 else text[:300] + "…"
        if status == 200:
            self.assertIn(None, wanted, shown)
            return
        statuses = {TIME: 503, MEMORY: 413, LENGTH: 413, REQUEST: 413}
        # on a slow machine, any of them may run out of time
        said = next((w for w in wanted + (TIME,) if w and w in body["error"]), None)
        self.assertIsNotNone(said, "%s: %s %s" % (shown, status, body))
        self.assertEqual(status, statuses.get(said, 400), shown)

    def test_statements(self):
        settings = LIMITS + ["modules.sql.timeout=1s", "operationsApi.maxRequestMemory=64M", "threads=2"]
        with Server(settings=CHEAP_LOGINS + settings) as s, concurrent.futures.ThreadPoolExecutor(8) as clients:
            fill(s)
            s.ok({"operation": "sql", "sql": "SELECT upper(name) FROM dev.dog"})
            before = memory_of(s)
            asked = [(row[0], row[1:], clients.submit(s.call, {"operation": "sql", "sql": row[0]})) for row in HOSTILE]
            while concurrent.futures.wait([f for _, _, f in asked], 0.05).not_done:
                self.ask_others(s)
            for text, wanted, f in asked:
                self.judge(text, wanted, f.result())
            if not os.environ.get("CK_FORK"):  # sanitizers keep freed memory
                until(lambda: memory_of(s) < before + (32 << 20), lambda: "it keeps %d bytes" % (memory_of(s) - before))

    def test_small_stacks(self):
        with Server(settings=[*CHEAP_LOGINS, "threads.stackSize=128K"]) as s:
            fill(s)
            for text, error in ((" || ".join(["name"] * 400), "Expression tree is too large (maximum depth 96)"),
                                (" || ".join(["name"] * 90), None),
                                (" UNION ".join(["1"] + ["SELECT 1"] * 250), "The statement has more than 48 SELECTs"),
                                (" UNION ".join(["1"] + ["SELECT 1"] * 40), None)):
                status, body = s.call({"operation": "sql", "sql": "SELECT %s FROM dev.dog" % text})
                self.assertEqual((status, body["error"] if status != 200 else None), (400, error) if error else (200, None))

    def test_endless_clients(self):
        """Hundreds of statements that never end, some of clients that have gone: others are served, and the server stops."""
        s = Server(settings=CHEAP_LOGINS + ["threads=2", "modules.sql.timeout=null", "operationsApi.network.drainTimeout=500ms"])
        self.addCleanup(s.remove)
        fill(s)
        body = json.dumps({"operation": "sql", "sql": ENDLESS}).encode()
        clients = [http.client.HTTPConnection("127.0.0.1", s.port, timeout=60) for _ in range(300)]
        for c in clients:
            self.addCleanup(c.close)
            c.request("POST", "/", body, {"Authorization": s.authorization(), "Content-Type": "application/json"})
        for i in range(20):
            self.ask_others(s)
            s.ok({"operation": "create_table", "database": "dev", "table": "t%d" % i, "primary_key": "id"})
        for c in clients[::3]:
            c.close()
        self.ask_others(s)
        s.end()
        for c in clients[1::3]:
            self.assertEqual(json.loads(c.getresponse().read()), {"error": "The server is stopping"})


class Limits(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + LIMITS)
        cls.addClassCleanup(cls.s.stop)
        fill(cls.s)

    def sql(self, text):
        return self.s.call({"operation": "sql", "sql": text})

    def values(self, text):
        status, body = self.sql(text)
        self.assertEqual(status, 200, "%s: %s" % (text, body))
        return [list(row.values())[0] for row in body]

    def test_time(self):
        self.assertEqual(self.sql(ENDLESS),
                         (503, {"error": "The statement was stopped: it ran for more than 2000 ms (modules.sql.timeout)"}))

    def test_memory(self):
        wanted = (413, {"error": "The statement needs more than 8388608 bytes of memory (modules.sql.memory)"})
        self.assertEqual(self.sql("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000) "
                                  "SELECT x, random() AS r, hex(zeroblob(1000)) FROM c ORDER BY r"), wanted)
        self.assertEqual(self.values("SELECT 1"), [1])

    def test_length(self):
        sentence = "A string or the statement is longer than 1048576 bytes (modules.sql.maxLength)"
        self.assertEqual(self.sql("SELECT length(hex(zeroblob(1000000)))"), (413, {"error": sentence}))
        self.assertEqual(self.sql("SELECT replace(hex(zeroblob(500000)), '0', 'abcdefgh')"), (413, {"error": sentence}))
        self.assertEqual(self.sql("SELECT '%s'" % ("x" * (1 << 20)))[0], 413)
        self.assertEqual(self.sql("SELECT " + "(" * 300 + "1" + ")" * 300)[0], 400)

    def test_long_texts(self):
        """Functions whose SQLite versions take time proportional to the product of two lengths: minutes, and uninterruptible."""
        text = "WITH t(x) AS (SELECT hex(zeroblob(500000))) SELECT %s FROM t"
        for function, want in (("instr(x, substr(x, 1, 400000) || '1')", 0), ("length(replace(x, substr(x, 1, 400000) || '1', ''))", 1000000),
                               ("length(rtrim(x, '1' || '0'))", 0)):
            self.assertEqual(self.values(text % function), [want])
        self.assertEqual(self.sql(text % "trim(x, hex(zeroblob(200)))")[0], 400)

    def test_one_long_call(self):
        """Calls that cannot be interrupted are refused if they would run for long."""
        sentence = "A string or the statement is longer than 1048576 bytes (modules.sql.maxLength)"
        for text, want in (("SELECT printf('%.*c', 2000000000, 'x')", (413, {"error": sentence})),
                           ("SELECT format('%2000000000d', 1)", (413, {"error": sentence})),
                           ("SELECT hex(zeroblob(500000)) LIKE '%' || hex(zeroblob(450)) || '1'", None),
                           ("SELECT hex(zeroblob(500000)) GLOB '*' || hex(zeroblob(450)) || '1'", None)):
            got = self.sql(text)
            refused = (400, {"error": "the LIKE or GLOB pattern is too long for a string of this length"})
            self.assertEqual(got, want or refused)

    def test_patterns(self):
        """Patterns whose automatons could grow with the string: memory does not, and time has its limit."""
        self.s.ok({"operation": "create_table", "database": "dev", "table": "long", "primary_key": "id"})
        name = "".join(random.Random(1).choices("ab", k=16000))
        self.s.ok({"operation": "insert", "database": "dev", "table": "long", "records": [{"id": 1, "name": name}]})
        before = memory_of(self.s)
        columns = ", ".join("name REGEXP '[ab]*a[ab]{255}c' AS r%d" % i for i in range(80))
        status, body = self.sql("SELECT %s FROM dev.long WHERE id = 1" % columns)
        self.assertIn(status, (200, 503), body)
        self.assertLess(memory_of(self.s) - before, 64 << 20)

    def test_many_values(self):
        """The time to prepare a statement grows with its length, not with the square: nothing ends it there."""
        def timed(count):
            text = "INSERT INTO dev.many (id, n) VALUES " + ", ".join("('k%d', 1 + 1)" % i for i in range(count))
            started = time.monotonic()
            status, body = self.sql(text)
            self.assertIn(status, (200, 503), body)
            return time.monotonic() - started

        some, taken = (timed(count) for count in (200, 3200))
        self.assertLess(taken, 5 + 64 * some, "16 times as many values took far longer")


class Waiting(unittest.TestCase):
    """A long statement, and writes that must wait until it has finished reading."""

    @classmethod
    def setUpClass(cls):
        need_module("metrics")
        cls.s = Server(settings=CHEAP_LOGINS + ["storage.mapSize=1M", "modules.sql.timeout=3s"])
        cls.addClassCleanup(cls.s.stop)
        for table in ("dog", "cat"):
            cls.s.ok({"operation": "create_table", "database": "dev", "table": table, "primary_key": "id"})
        cls.s.ok({"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": i} for i in range(1000)]})

    def is_read(self):
        page = self.s.request("GET", "/metrics", None, {"Authorization": self.s.authorization()})[2].decode()
        return 'lyre_readers_open{database="dev"} 0' not in page

    def check(self, write, why):
        s, ended, written = self.s, [], []
        statement = threading.Thread(target=lambda: ended.append(s.call(
            {"operation": "sql", "sql": "SELECT COUNT(a.id + b.id + c.id) FROM dev.dog a, dev.dog b, dev.dog c"})))
        statement.start()
        until(self.is_read, "the statement never began")
        writer = threading.Thread(target=lambda: written.append(s.call(write)))
        writer.start()
        answered = 0
        while not ended and (writer.is_alive() or not answered):
            s.ok({"operation": "search_by_id", "database": "dev", "table": "dog", "ids": [1], "get_attributes": ["id"]})
            answered += not ended
        statement.join()
        writer.join()
        self.assertEqual(written[0][0], 200, written)
        self.assertEqual(ended[0][0], 503, ended)
        self.assertIn(why, ended[0][1]["error"])
        self.assertTrue(answered, "others waited, too")

    def test_the_file_grows(self):
        self.check({"operation": "insert", "database": "dev", "table": "dog", "records": [
            {"id": 10000 + i, "text": "x" * 100000} for i in range(60)]},
            "writes to a database")

    def test_a_table_is_dropped(self):
        """Its space is freed later: the statement continues."""
        self.check({"operation": "drop_table", "database": "dev", "table": "cat"}, "ran for more than")


class Answers(unittest.TestCase):
    def test_large(self):
        """An answer that exceeds a request's memory is refused, and one that fits is complete."""
        with Server(settings=CHEAP_LOGINS + ["operationsApi.maxRequestMemory=24M"]) as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "big", "primary_key": "id"})
            for n in range(4):
                s.ok({"operation": "insert", "database": "dev", "table": "big", "records": [
                    {"id": 1000 * n + i, "text": "x" * 500} for i in range(1000)]})
            rows = s.ok({"operation": "sql", "sql": "SELECT * FROM dev.big"})
            self.assertEqual([row["id"] for row in rows], list(range(4000)))
            status, body = s.call({"operation": "sql", "sql": "SELECT * FROM dev.big a, dev.big b"})
            self.assertIn(status, (413, 503), body)
            self.assertEqual(s.ok({"operation": "sql", "sql": "SELECT 1 AS x"}), [{"x": 1}])

    def test_client_goes(self):
        """Statements are stopped when their clients have gone, even without a timeout."""
        with Server(settings=CHEAP_LOGINS + ["modules.sql.timeout=null", "threads=1"]) as s:
            body = json.dumps({"operation": "sql", "sql": ENDLESS}).encode()
            for _ in range(3):
                c = http.client.HTTPConnection("127.0.0.1", s.port)
                c.request("POST", "/", body, {"Authorization": s.authorization(), "Content-Type": "application/json"})
                c.close()
            self.assertEqual(s.ok({"operation": "sql", "sql": "SELECT upper('x') AS x"}), [{"x": "X"}])

    def test_long_row(self):
        """SQLite's own functions, each of which runs for a while: the time limit is checked within the row."""
        def timed(s, functions):
            text = "WITH t(x) AS MATERIALIZED (SELECT '[' || replace(hex(zeroblob(1000000)), '0', '1,') || '1]') SELECT %s FROM t" % (
                " + ".join(["json_valid(x || '')"] * functions))
            started = time.monotonic()
            return s.call({"operation": "sql", "sql": text})[0], time.monotonic() - started

        settings = CHEAP_LOGINS + ["modules.sql.memory=512M"]
        with Server(settings=settings + ["modules.sql.timeout=1m"]) as s:
            status, some = timed(s, 9)
            self.assertEqual(status, 200)
        with Server(settings=settings + ["modules.sql.timeout=1s"]) as s:
            status, taken = timed(s, 900)
            self.assertEqual(status, 503)
            self.assertLess(taken, 1 + 50 * some, "the row, which takes 100 times as long as the shorter one, was finished")

    @staticmethod
    def slow_row(patterns):
        """A statement of one row, which takes a while."""
        return "SELECT %s FROM (SELECT '%s' AS x)" % (
            " + ".join("((x || %d) REGEXP '[ab]*a[ab]{%d}c')" % (i, 200 + i % 50) for i in range(patterns)), "".join(random.Random(1).choices("ab", k=16000)))

    def send(self, s, text):
        c = http.client.HTTPConnection("127.0.0.1", s.port)
        self.addCleanup(c.close)
        c.request("POST", "/", json.dumps({"operation": "sql", "sql": text}).encode(),
                  {"Authorization": s.authorization(), "Content-Type": "application/json"})
        s.ok({"operation": "describe_all"})
        return c

    def test_client_goes_early(self):
        """Statements whose clients go while they wait for a thread hold nobody up."""
        with Server(settings=CHEAP_LOGINS + ["modules.sql.timeout=null", "threads=1"]) as s:
            clients = [self.send(s, ENDLESS) for _ in range(4)]
            for c in clients:
                c.close()
            self.assertEqual(s.ok({"operation": "sql", "sql": "SELECT upper('x') AS x"}), [{"x": "X"}])

    def test_server_stops(self):
        """A statement is stopped when the drain time of a stopping server ends, even in the middle of a row."""
        s = Server(settings=CHEAP_LOGINS + ["modules.sql.timeout=null", "operationsApi.network.drainTimeout=500ms", "threads=1"])
        self.addCleanup(s.remove)
        started = time.monotonic()
        s.ok({"operation": "sql", "sql": self.slow_row(9)})
        some = time.monotonic() - started
        c = self.send(s, self.slow_row(900))
        started = time.monotonic()
        s.end()
        self.assertLess(time.monotonic() - started, 0.5 + 50 * some, "the row, which takes 100 times as long as the shorter one, was finished")
        self.assertEqual(c.getresponse().status, 503)


if __name__ == "__main__":
    unittest.main()
