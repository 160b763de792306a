# SPDX-License-Identifier: Apache-2.0
"""The module sql answers as SQLite does: random statements over random tables, here and in Python's sqlite3.

Both get the same text. A statement that fails must fail on both sides. SQL_STATEMENTS says how many, SQL_SEED which ones."""
import decimal, json, math, os, random, sqlite3, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, Server, need_module

STATEMENTS = int(os.environ.get("SQL_STATEMENTS", 2000))
SEED = int(os.environ.get("SQL_SEED", 1))
TABLES = {"dev.t1": 60, "dev.t2": 25, "prod.t3": 8}
COLUMNS = ["a", "b", "c", "d", "e"]
TEXTS = ["", "a", "A", "ab", "abc", "Abd", "b", "é", "ÉA", "5", "05", "-1", "[", "[1]", "{", "{\"x\":1}", "zz", "日本", "a b", "x" * 250, "x" * 250 + "y",
         "true", "null", "0", "1.5"]
NUMBERS = [0, 1, 2, 3, 5, 7, -1, -3, 10, 100, 0.5, 1.5, -2.25, 2**53, 2**53 + 1, 2**63 - 1, -2**63, 1e18 + 0.0, 3e-7, 1e300]


def setUpModule():
    need_module("sql")
    need_module("data")


def json_text(v):
    return json.dumps(v, ensure_ascii=False, separators=(",", ":"))


class Values:
    """Values of a kind for each column: what is alike is found alike."""

    def __init__(self, r):
        self.r = r

    def number(self):
        n = self.r.choice(NUMBERS)
        # JSON has one kind of numbers: a whole one is an integer here
        return int(n) if isinstance(n, float) and n == int(n) and abs(n) < 2**63 else n

    def any(self, column):
        r = self.r
        kind = r.random()
        if column == "a":  # small integers, some null
            return None if kind < 0.15 else r.randrange(8)
        if column == "b":  # texts
            return None if kind < 0.1 else r.choice(TEXTS)
        if column == "c":  # everything but what nests
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
        """(the clause behind FROM, the names in it)"""
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
        # a whole number is written with the digits that tell it from its neighbours
        return int(decimal.Decimal(repr(v))) if v == int(v) and abs(v) < 2**63 else v
    return v


def sortable(row):
    return json.dumps(row)


class Differential(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.r = random.Random(SEED)
        cls.s = Server(settings=CHEAP_LOGINS)
        cls.addClassCleanup(cls.s.stop)
        cls.db = sqlite3.connect(":memory:")
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
        records.append(dict.fromkeys(["id"] + COLUMNS, 4711))  # every attribute is known
        cls.db.execute("INSERT INTO %s VALUES (?, ?, ?, ?, ?, ?)" % name, [4711] * 6)
        cls.s.ok({"operation": "insert", "database": database, "table": table, "records": records})

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


if __name__ == "__main__":
    unittest.main()
