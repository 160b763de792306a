# SPDX-License-Identifier: Apache-2.0
"""The module sql answers as SQLite does: random statements over random tables, here and in Python's sqlite3.

Both get the same text. A statement that fails must fail on both sides. Corrupted statements are answered too, and no
answer to a user who may not see everything reveals what is hidden. SQL_STATEMENTS says how many, SQL_SEED which ones."""
import http.client, json, os, random, re, sqlite3, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, PASSWORD, Server, built_modules, need_module, table_permission
from sql_statements import COLUMNS, Generator, Values, need_same_doubles, plain, sortable, spoil, stored

STATEMENTS = int(os.environ.get("SQL_STATEMENTS", 1500))
SEED = int(os.environ.get("SQL_SEED", 1))
TABLES = {"dev.t1": 60, "dev.t2": 25, "prod.t3": 8}


def setUpModule():
    need_module("sql")
    need_module("data")
    need_same_doubles()


class Differential(unittest.TestCase):
    maxDiff = None
    records = {}

    @classmethod
    def setUpClass(cls):
        s = Server(settings=CHEAP_LOGINS)
        cls.addClassCleanup(s.stop)
        cls.fill_server(s, random.Random(SEED))

    @classmethod
    def fill_server(cls, server, r):
        cls.r, cls.s, cls.db = r, server, sqlite3.connect(":memory:", isolation_level=None)
        for name, rows in TABLES.items():
            cls.fill(name, rows)

    @classmethod
    def fill(cls, name, rows):
        database, table = name.split(".")
        if database not in [row[1] for row in cls.db.execute("PRAGMA database_list")]:
            cls.db.execute("ATTACH ':memory:' AS " + database)
        cls.db.execute("CREATE TABLE %s (id PRIMARY KEY, %s) WITHOUT ROWID" % (name, ", ".join(COLUMNS)))
        cls.s.ok({"operation": "create_table", "database": database, "table": table, "primary_key": "id"})
        values, records = Values(cls.r), []
        for i in range(rows):
            record = {"id": i if i % 5 else "k%d" % i}
            # some have no value at all
            record.update((c, values.any(c)) for c in COLUMNS if c == "a" or cls.r.random() < 0.9)
            records.append(record)
            row = [plain(record.get(c)) for c in ["id"] + COLUMNS]
            cls.db.execute("INSERT INTO %s VALUES (?, ?, ?, ?, ?, ?)" % name, row)
        records.append(dict.fromkeys(["id"] + COLUMNS, 4711))  # makes every attribute known
        cls.db.execute("INSERT INTO %s VALUES (?, ?, ?, ?, ?, ?)" % name, [4711] * 6)
        cls.s.ok({"operation": "insert", "database": database, "table": table, "records": records})
        cls.records[name] = records

    def expected(self, text):
        try:
            return [[plain(v) for v in row] for row in self.db.execute(text)]
        except sqlite3.Error as e:
            return "error: %s" % e

    def answered(self, text):
        status, body = self.s.call({"operation": "sql", "sql": text})
        if status != 200:
            self.assertLess(status, 500, "%s: %s" % (text, body))
            return "error: %s" % body["error"]
        return [[plain(v) for v in row.values()] for row in body]

    def test_statements(self):
        generator, wrong = Generator(self.r, TABLES), []
        for _ in range(STATEMENTS):
            text, ordered = generator.statement()
            want, got = self.expected(text), self.answered(text)
            if isinstance(want, str) and isinstance(got, str):
                continue
            if not ordered and isinstance(want, list) and isinstance(got, list):
                want, got = sorted(want, key=sortable), sorted(got, key=sortable)
            if want != got:
                wrong.append("%s\n  wanted %s\n  got    %s" % (text, str(want)[:600], str(got)[:600]))
        self.assertEqual(len(wrong), 0, "of %d statements, SQL_SEED=%d:\n%s" % (STATEMENTS, SEED, "\n".join(wrong[:10])))


class DifferentialWrites(Differential):
    """Statements write what SQLite writes, and nothing else."""

    def rows(self, name):
        return self.answered("SELECT id, a, b, c, d, e FROM %s ORDER BY id" % name)

    def restore(self, name):
        self.s.ok({"operation": "sql", "sql": "DELETE FROM " + name})
        database, table = name.split(".")
        self.s.ok({"operation": "insert", "database": database, "table": table, "records": self.records[name]})

    def test_statements(self):
        generator, wrong, refused, changed, count = Generator(self.r, TABLES), [], 0, 0, STATEMENTS // 2
        before = {name: self.rows(name) for name in TABLES}
        for _ in range(count):
            text, target = generator.write()
            self.db.execute("BEGIN")
            want = self.expected(text.replace("INSERT", "INSERT OR IGNORE"))  # records with a key that exists are skipped
            rows = [[stored(v) for v in row] for row in self.db.execute("SELECT * FROM %s ORDER BY id" % target)]
            self.db.execute("ROLLBACK")
            status, body = self.s.call({"operation": "sql", "sql": text})
            got = self.rows(target)
            if status != 200:
                self.assertEqual((status, got), (400, before[target]), text)
                refused += isinstance(want, list)
                self.assertTrue(isinstance(want, str) or "A value to be stored" in body["error"], "%s: %s" % (text, body))
                continue
            if rows != got:
                wrong.append("%s\n  wanted %s\n  got    %s" % (text, *([row for row in a if row not in b][:5] for a, b in ((rows, got), (got, rows)))))
            if got != before[target]:
                changed += 1
                self.restore(target)
        self.assertEqual(len(wrong), 0, "of %d statements, SQL_SEED=%d:\n%s" % (count, SEED, "\n".join(wrong[:10])))
        self.assertGreater(changed, count / 4)
        self.assertLess(refused, count / 10)


WRITES = ["INSERT INTO dev.t1 (id, a) VALUES (1, 'x'), ('z9', TRUE)", "INSERT INTO prod.t3 (id, a, f) SELECT id || 'q', a, e FROM dev.t1 WHERE a < 3",
          "UPDATE dev.t1 SET a = a + 1, b = e, c = FALSE WHERE id < 10", "DELETE FROM prod.t3 WHERE id LIKE '%q'"]


class Spoiled(unittest.TestCase):
    """No statement crashes the server, or is answered with 500."""

    def test_statements(self):
        r = random.Random(SEED)
        with Server(settings=CHEAP_LOGINS + ["modules.sql.timeout=1s", "modules.sql.memory=4M"]) as s:
            Differential.fill_server(s, r)
            generator = Generator(r, TABLES)
            for i in range(STATEMENTS):
                text = spoil(r, r.choice(WRITES) if r.random() < 0.2 else generator.statement()[0])
                try:
                    status, body = s.call({"operation": "sql", "sql": text})
                except (OSError, http.client.HTTPException) as e:
                    self.fail("%s: %s" % (text, e))
                self.assertIn(status, (200, 400, 403, 404, 413, 503), "%s: %s" % (text, body))
                if status == 503:
                    self.assertIn("ran for more than", body["error"], text)


class Hidden(unittest.TestCase):
    """Whatever a statement does with data that its role may not see, no answer reveals any of it."""
    WORD = "frobozz"

    def setUp(self):
        if "users" not in built_modules():
            self.skipTest("this build has no module users")

    def test_statements(self):
        r = random.Random(SEED)
        with Server(settings=CHEAP_LOGINS + ["modules.sql.timeout=1s"]) as s:
            for name in TABLES:
                database, table = name.split(".")
                s.ok({"operation": "create_table", "database": database, "table": table, "primary_key": "id"})
                s.ok({"operation": "insert", "database": database, "table": table, "records": [
                    {"id": i, "a": i, "b": "t%d" % i, "c": self.WORD, "d": "{\"x\":\"%s\"}" % self.WORD, "e": {"x": self.WORD}} for i in range(12)]})
            seen = [{"attribute_name": n, "read": True, "insert": False, "update": n in ("id", "a")} for n in ("id", "a", "b")]
            s.add_role("some", {"super_user": False, "dev": {"tables": {"t1": table_permission("read", "update", attributes=seen)}}})
            s.add_user("some", "some")
            headers, generator, rows = {"Authorization": s.authorization("some", PASSWORD)}, Generator(r, TABLES), 0
            for _ in range(STATEMENTS):
                text = generator.statement()[0]
                if r.random() < 0.7:  # most name something else hidden
                    text = re.sub(r"dev\.t2|prod\.t3", "dev.t1", text)
                if r.random() < 0.5:
                    text = re.sub(r"\b(\w+)\.[cde]\b", lambda m: "%s.%s" % (m.group(1), r.choice("ab")), text)
                if r.random() < 0.4:
                    text = spoil(r, text)
                status, body = s.call({"operation": "sql", "sql": text}, headers)
                if status == 200 and self.WORD not in text:
                    rows += 1
                    self.assertNotIn(self.WORD, json.dumps(body), text)
            self.assertGreater(rows, STATEMENTS / 50)


if __name__ == "__main__":
    unittest.main()
