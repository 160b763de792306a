# SPDX-License-Identifier: Apache-2.0
"""The module sql answers as SQLite does: random statements over random tables, here and in Python's sqlite3.

Both get the same statement, and it must fail on both sides or on neither. Damaged statements are answered too, and no answer reveals what
is hidden from its user. SQL_STATEMENTS is the number of statements, SQL_SEED chooses them."""
import decimal, http.client, json, math, os, random, re, sqlite3, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, LYRED, PASSWORD, Server, built_modules, need_module, table_permission

STATEMENTS = int(os.environ.get("SQL_STATEMENTS", 1500))
SEED = int(os.environ.get("SQL_SEED", 1))
TABLES = {"dev.t1": 60, "dev.t2": 25, "prod.t3": 8}
COLUMNS = ["a", "b", "c", "d", "e"]
TEXTS = ["", "a", "A", "ab", "abc", "Abd", "b", "é", "ÉA", "5", "05", "-1", "[", "[1]", "{", "{\"x\":1}", "zz", "日本", "a b", "x" * 250, "x" * 250 + "y",
         "true", "null", "0", "1.5"]
NUMBERS = [0, 1, 2, 3, 5, 7, -1, -3, 10, 100, 0.5, 1.5, -2.25, 2**53, 2**53 + 1, 2**63 - 1, -2**63, 1e18 + 0.0, 3e-7, 1e300]


def setUpModule():
    need_module("sql")
    need_module("data")
    with open(os.path.realpath(LYRED), "rb") as f:
        if f.read(5) == b"\x7fELF\x01":
            raise unittest.SkipTest("with 32 bits SQLite computes doubles by an x87, whose last digit may differ")


def json_text(v):
    return json.dumps(v, ensure_ascii=False, separators=(",", ":"))


class Values:
    """Values of a certain kind for each column, so that equal ones are compared."""

    def __init__(self, r):
        self.r = r

    def number(self):
        n = self.r.choice(NUMBERS)
        # JSON has one type of number: whole ones are integers here
        return int(n) if isinstance(n, float) and n == int(n) and abs(n) < 2**63 else n

    def any(self, column):
        r = self.r
        kind = r.random()
        if column == "a":  # small integers, some null
            return None if kind < 0.15 else r.randrange(8)
        if column == "b":  # strings
            return None if kind < 0.1 else r.choice(TEXTS)
        if column == "c":  # everything but arrays and objects
            return None if kind < 0.1 else self.number() if kind < 0.5 else r.choice(TEXTS) if kind < 0.8 else r.random() < 0.5
        if column == "d":  # numbers
            return self.number()
        return r.choice([True, False, {"x": r.randrange(3)}, [1, r.choice(TEXTS)], [], {}, 0, 1, "a", None])


class Generator:
    def __init__(self, r):
        self.r, self.values = r, Values(r)

    def literal(self):
        r = self.r
        kind = r.random()
        if kind < 0.55:
            v = r.randrange(-2, 9) if r.random() < 0.7 else self.values.number()
            return "(-9223372036854775807 - 1)" if v == -2**63 else repr(v)
        if kind < 0.9:
            return "'%s'" % r.choice(TEXTS).replace("'", "''")
        return r.choice(["NULL", "TRUE", "FALSE"])

    def column(self, scope):
        alias = self.r.choice(scope)
        return "%s.%s" % (alias, self.r.choice(COLUMNS + ["id"]))

    def value(self, scope, depth=0):
        r = self.r
        kind = r.random()
        if depth > 2 or kind < 0.5:
            return self.column(scope)
        if kind < 0.65:
            return self.literal()
        if kind < 0.75:
            return "(%s %s %s)" % (self.value(scope, depth + 1), r.choice(["+", "-", "*", "/", "%", "||"]), self.value(scope, depth + 1))
        if kind < 0.85:
            return "%s(%s)" % (r.choice(["length", "typeof", "hex", "quote", "ltrim"]), self.value(scope, depth + 1))
        if kind < 0.87:
            texts = self.r.choice(["instr(%s, %s)", "replace(%s, %s, 'zz')", "trim(%s, %s)", "rtrim(%s, %s)", "ltrim(%s, %s)"])
            return texts % (self.value(scope, depth + 1), self.literal())
        if kind < 0.9:
            return "coalesce(%s, %s)" % (self.value(scope, depth + 1), self.literal())
        if kind < 0.95:
            return "CASE WHEN %s THEN %s ELSE %s END" % (self.condition(scope, depth + 1), self.value(scope, depth + 1), self.literal())
        return "(SELECT %s FROM %s AS s WHERE %s)" % (
            r.choice(["max(s.a)", "count(*)", "min(s.b)", "count(s.c)"]), self.table(), self.condition(["s"] + scope, depth + 2))

    def condition(self, scope, depth=0):
        r = self.r
        kind = r.random()
        if depth < 3 and kind < 0.25:
            return "(%s %s %s)" % (self.condition(scope, depth + 1), r.choice(["AND", "OR", "AND"]), self.condition(scope, depth + 1))
        if depth < 3 and kind < 0.3:
            return "NOT (%s)" % self.condition(scope, depth + 1)
        c = self.column(scope)
        if kind < 0.55:
            return "%s %s %s" % (c, r.choice(["=", "=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT"]), self.literal())
        if kind < 0.62:
            return "%s %s %s" % (c, r.choice(["=", "<", ">"]), self.value(scope, depth + 2))
        if kind < 0.7:
            return "%s %sBETWEEN %s AND %s" % (c, r.choice(["", "NOT "]), self.literal(), self.literal())
        if kind < 0.8:
            return "%s %sIN (%s)" % (c, r.choice(["", "NOT "]), ", ".join(self.literal() for _ in range(r.randrange(1, 5))))
        if kind < 0.88:
            return "%s %sLIKE '%s'" % (c, r.choice(["", "NOT "]), r.choice(["a%", "A%", "%b", "ab_", "%", "é%", "5%", "[%", "{%", "-%", "x%y", "T%"]))
        if kind < 0.92:
            return "%s GLOB '%s'" % (c, r.choice(["a*", "[ab]*", "A?d", "*", "5*", "x*y"]))
        if kind < 0.96:
            return "%s IS %sNULL" % (c, r.choice(["", "NOT "]))
        if depth > 1:
            return "%s = %s" % (c, self.literal())
        return "%s IN (SELECT s.%s FROM %s AS s WHERE %s)" % (
            c, r.choice(COLUMNS + ["id"]), self.table(), self.condition(["s"], depth + 2))

    def table(self):
        return self.r.choice(list(TABLES))

    def source(self):
        """(the clause after FROM, the names in it)"""
        r = self.r
        kind = r.random()
        if kind < 0.5:
            t = self.table()
            return (t, [t.split(".")[1]]) if r.random() < 0.3 else (t + " AS x", ["x"])
        if kind < 0.9:
            on = " ON x.%s = y.%s" % (r.choice(COLUMNS + ["id"]), r.choice(COLUMNS + ["id"]))
            return "%s AS x %s %s AS y%s" % (self.table(), r.choice(["JOIN", "LEFT JOIN"]), self.table(), on), ["x", "y"]
        return "(SELECT * FROM %s WHERE a < 5) AS x" % self.table(), ["x"]

    def statement(self):
        """(text, whether the order of the rows counts)"""
        r = self.r
        source, scope = self.source()
        where = " WHERE " + self.condition(scope) if r.random() < 0.8 else ""
        kind = r.random()
        if kind < 0.2:
            by = self.value(scope)
            return "SELECT %s AS g, count(*) AS n, count(%s) AS m, min(%s) AS o, max(%s) AS p FROM %s%s GROUP BY %s%s" % (
                by, self.column(scope), self.column(scope), self.column(scope), source, where, by,
                " HAVING count(*) > 1" if r.random() < 0.3 else ""), False
        if kind < 0.3:
            return "SELECT %s AS v FROM %s%s %s SELECT %s FROM %s AS z" % (
                self.value(scope), source, where, r.choice(["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]),
                self.value(["z"]), self.table()), False
        if kind < 0.35:
            return "WITH w AS (SELECT %s AS v, %s AS k FROM %s%s) SELECT v, count(*) AS n FROM w WHERE k IS NOT NULL GROUP BY v" % (
                self.value(scope), self.column(scope), source, where), False
        if kind < 0.4:
            return "SELECT %s.id AS i, row_number() OVER (ORDER BY %s) AS n FROM %s%s" % (
                scope[0], ", ".join("%s.id" % s for s in scope), source, where), False
        columns = ", ".join("%s AS v%d" % (self.value(scope), i) for i in range(r.randrange(1, 4)))
        distinct = "DISTINCT " if r.random() < 0.15 else ""
        text = "SELECT %s%s FROM %s%s" % (distinct, columns, source, where)
        if distinct or r.random() < 0.3:
            return text, False
        keys = ", ".join("%s.id%s" % (s, r.choice(["", " DESC"])) for s in scope)
        if r.random() < 0.6:
            keys = "%s%s, %s" % (self.column(scope), r.choice(["", " DESC"]), keys)
        text += " ORDER BY " + keys
        if r.random() < 0.5:
            text += " LIMIT %d" % r.randrange(12)
            if r.random() < 0.4:
                text += " OFFSET %d" % r.randrange(5)
        return text, True


    def written(self, scope, target):
        """A value for a row, without a subquery on the target: when SQLite runs that, it has already updated some rows."""
        while True:
            text = self.value(scope)
            if target not in text:
                return text

    def write(self):
        """(text, the written table)"""
        r = self.r
        target = self.table()
        name = target.split(".")[1]
        kind = r.random()
        begin = ""
        if kind < 0.3:
            columns = r.sample(COLUMNS, r.randrange(1, 4))
            values = ", ".join(self.written(["x"], "\0") for _ in columns)
            end = r.choice(["", " ORDER BY " + self.column(["x"])])
            return "INSERT INTO %s (id, %s) SELECT x.id || 'q', %s FROM %s AS x WHERE %s%s" % (
                target, ", ".join(columns), values, self.table(), self.condition(["x"]), end), target
        condition = self.condition([name], r.choice([0, 0, 2]))
        if r.random() < 0.3:
            condition = "(%s)" % condition
        if r.random() < 0.2:
            begin = "WITH w AS (SELECT s.id FROM %s AS s WHERE %s) " % (self.table(), self.condition(["s"], 1))
            condition = "(%s.id IN (SELECT id FROM w) OR %s)" % (name, condition)
        if kind < 0.6:
            return "%sDELETE FROM %s WHERE %s" % (begin, target, condition), target
        columns, scope, source = r.sample(COLUMNS, r.randrange(1, 4)), [name], ""
        if r.random() < 0.3:
            scope, source = [name, "y"], " FROM %s AS y" % self.table()
            condition = "(y.id = %s.id) AND %s" % (name, condition)
        sets = ", ".join("%s = %s" % (c, self.written(scope, target)) for c in columns)
        return "%sUPDATE %s SET %s%s WHERE %s" % (begin, target, sets, source, condition), target


def plain(v):
    """A value of an answer as SQLite has it."""
    if isinstance(v, bool):
        return int(v)
    if isinstance(v, (dict, list)):
        return json_text(v)
    if isinstance(v, int) and not -2**63 <= v < 2**63:
        return float(v)
    if isinstance(v, float):
        if math.isinf(v):
            return None  # JSON has no such number
        # a whole number is written with the digits that distinguish it from its neighbours
        return int(decimal.Decimal(repr(v))) if v == int(v) and abs(v) < 2**63 else v
    return v


def stored(v):
    """A value of SQLite as it comes back from the store: whole numbers with all digits."""
    return int(v) if isinstance(v, float) and abs(v) < 2**63 and v == int(v) else plain(v)


def sortable(row):
    return json.dumps(row)


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
        generator, wrong = Generator(self.r), []
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
        generator, wrong, refused, changed, count = Generator(self.r), [], 0, 0, STATEMENTS // 2
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


WORDS = """SELECT FROM WHERE AND OR NOT NULL IN ( ) , . * = < > || ; -- /* */ ' " ` [ ] AS ON JOIN LEFT UNION ALL GROUP BY ORDER HAVING LIMIT OFFSET WITH
RECURSIVE INSERT INTO VALUES VALUE UPDATE SET DELETE EXISTS CASE WHEN THEN ELSE END TOP DISTINCT CAST COLLATE NOCASE LIKE GLOB BETWEEN IS TRUE FALSE
count(*) max(id) json_each(e) json_tree(e) dev.t1 prod.t3 dev.nope id a b c d e __createdtime__ OVER (PARTITION WINDOW NATURAL CROSS USING(id) EXPLAIN QUERY PLAN
1 0 -1 9223372036854775807 1e999 X'00' ?1 :a @a $a RETURNING REPLACE INDEXED NOT MATERIALIZED EXCEPT INTERSECT RAISE PRAGMA main temp sqlite_master""".split()
WRITES = ["INSERT INTO dev.t1 (id, a) VALUES (1, 'x'), ('z9', TRUE)", "INSERT INTO prod.t3 (id, a, f) SELECT id || 'q', a, e FROM dev.t1 WHERE a < 3",
          "UPDATE dev.t1 SET a = a + 1, b = e, c = FALSE WHERE id < 10", "DELETE FROM prod.t3 WHERE id LIKE '%q'"]


def spoil(r, text):
    """A statement with a few words removed, doubled, replaced or inserted."""
    words = re.findall(r"\s+|\w+|'(?:[^']|'')*'|.", text)
    for _ in range(r.randrange(1, 5)):
        i = r.randrange(len(words))
        kind = r.random()
        if kind < 0.3:
            del words[i:i + r.randrange(1, 4)]
        elif kind < 0.5:
            words[i:i] = words[i:i + r.randrange(1, 6)]
        else:
            words.insert(i, " %s " % r.choice(WORDS))
        words = words or ["SELECT"]
    return "".join(words)


class Spoiled(unittest.TestCase):
    """No statement crashes the server, or is answered with 500."""

    def test_statements(self):
        r = random.Random(SEED)
        with Server(settings=CHEAP_LOGINS + ["modules.sql.timeout=1s", "modules.sql.memory=4M"]) as s:
            Differential.fill_server(s, r)
            generator = Generator(r)
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
            headers, generator, rows = {"Authorization": s.authorization("some", PASSWORD)}, Generator(r), 0
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
