# SPDX-License-Identifier: Apache-2.0
"""Random SQL statements, and values as SQLite and the server return them: for tests that compare the two, or corrupt statements."""
import decimal, json, math, os, re, unittest

from lyre_server import LYRED

COLUMNS = ["a", "b", "c", "d", "e"]
TEXTS = ["", "a", "A", "ab", "abc", "Abd", "b", "é", "ÉA", "5", "05", "-1", "[", "[1]", "{", "{\"x\":1}", "zz", "日本", "a b", "x" * 250, "x" * 250 + "y",
         "true", "null", "0", "1.5"]
NUMBERS = [0, 1, 2, 3, 5, 7, -1, -3, 10, 100, 0.5, 1.5, -2.25, 2**53, 2**53 + 1, 2**63 - 1, -2**63, 1e18 + 0.0, 3e-7, 1e300]


def need_same_doubles():
    """For setUpModule(): skips the tests of a file if the server computes differently from Python."""
    with open(os.path.realpath(LYRED), "rb") as f:
        if f.read(5) == b"\x7fELF\x01":
            raise unittest.SkipTest("with 32 bits SQLite computes doubles by an x87, whose last digit may differ")


def json_text(v):
    return json.dumps(v, ensure_ascii=False, separators=(",", ":"))


class Values:
    """Values of a certain kind for each column, often equal, so that conditions find some."""

    def __init__(self, r):
        self.r = r

    def number(self):
        n = self.r.choice(NUMBERS)
        # JSON has only one kind of number: here, a whole number is an integer
        return int(n) if isinstance(n, float) and n == int(n) and abs(n) < 2**63 else n

    def any(self, column):
        r = self.r
        kind = r.random()
        if column == "a":  # small integers, some null
            return None if kind < 0.15 else r.randrange(8)
        if column == "b":  # strings
            return None if kind < 0.1 else r.choice(TEXTS)
        if column == "c":  # anything but arrays and objects
            return None if kind < 0.1 else self.number() if kind < 0.5 else r.choice(TEXTS) if kind < 0.8 else r.random() < 0.5
        if column == "d":  # numbers
            return self.number()
        return r.choice([True, False, {"x": r.randrange(3)}, [1, r.choice(TEXTS)], [], {}, 0, 1, "a", None])


class Generator:
    """Statements over tables that all have the attributes id and COLUMNS. Subclasses may know them by other names."""

    def __init__(self, r, tables):
        self.r, self.values, self.tables, self.depth = r, Values(r), list(tables), 0

    def table(self):
        return self.r.choice(self.tables)

    def alias(self, name, table):
        """A name for a table in a statement."""
        return name

    def name(self, alias, column):
        return "%s.%s" % (alias, column)

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
        return self.name(self.r.choice(scope), self.r.choice(COLUMNS + ["id"]))

    def below(self, scope):
        """(a table for a subquery, its alias there, which hides no other, the names that can be used in the subquery)"""
        table = self.table()
        self.depth += 1
        s = self.alias("s%d" % self.depth, table)
        return table, s, [s] + scope

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
        table, s, scope = self.below(scope)
        found = r.choice(["max(%s)" % self.name(s, "a"), "count(*)", "min(%s)" % self.name(s, "b"), "count(%s)" % self.name(s, "c")])
        return "(SELECT %s FROM %s AS %s WHERE %s)" % (found, table, s, self.condition(scope, depth + 2))

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
        table, s, scope = self.below([])
        return "%s IN (SELECT %s FROM %s AS %s WHERE %s)" % (c, self.column(scope), table, s, self.condition(scope, depth + 2))

    def source(self):
        """(the clause after FROM, the names in it)"""
        r = self.r
        kind = r.random()
        if kind < 0.5:
            t = self.table()
            return (t, [self.alias(t.split(".")[1], t)]) if r.random() < 0.3 else (t + " AS x", [self.alias("x", t)])
        if kind < 0.9:
            t, u = self.table(), self.table()
            x, y = self.alias("x", t), self.alias("y", u)
            return "%s AS x %s %s AS y ON %s = %s" % (t, r.choice(["JOIN", "LEFT JOIN"]), u, self.column([x]), self.column([y])), [x, y]
        t, s, _ = self.below([])
        return "(SELECT * FROM %s AS %s WHERE %s < 5) AS x" % (t, s, self.name(s, "a")), [self.alias("x", t)]

    def statement(self):
        """(text, whether the order of the rows matters)"""
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
            t = self.table()
            return "SELECT %s AS v FROM %s%s %s SELECT %s FROM %s AS z" % (
                self.value(scope), source, where, r.choice(["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]),
                self.value([self.alias("z", t)]), t), False
        if kind < 0.35:
            return "WITH w AS (SELECT %s AS v, %s AS k FROM %s%s) SELECT v, count(*) AS n FROM w WHERE k IS NOT NULL GROUP BY v" % (
                self.value(scope), self.column(scope), source, where), False
        if kind < 0.4:
            return "SELECT %s AS i, row_number() OVER (ORDER BY %s) AS n FROM %s%s" % (
                self.name(scope[0], "id"), ", ".join(self.name(s, "id") for s in scope), source, where), False
        columns = ", ".join("%s AS v%d" % (self.value(scope), i) for i in range(r.randrange(1, 4)))
        distinct = "DISTINCT " if r.random() < 0.15 else ""
        text = "SELECT %s%s FROM %s%s" % (distinct, columns, source, where)
        if distinct or r.random() < 0.3:
            return text, False
        keys = ", ".join(self.name(s, "id") + r.choice(["", " DESC"]) for s in scope)
        if r.random() < 0.6:
            keys = "%s%s, %s" % (self.column(scope), r.choice(["", " DESC"]), keys)
        text += " ORDER BY " + keys
        if r.random() < 0.5:
            text += " LIMIT %d" % r.randrange(12)
            if r.random() < 0.4:
                text += " OFFSET %d" % r.randrange(5)
        return text, True

    def written(self, scope, target):
        """A value for a row."""
        while True:
            text = self.value(scope)
            if target not in text:
                return text

    def target(self, verb):
        """A table to insert into, update or delete from."""
        return self.table()

    def written_names(self, target, verb):
        """Attributes of a table that a statement writes."""
        return self.r.sample(COLUMNS, self.r.randrange(1, 4))

    def insert(self, target):
        r = self.r
        columns, t = self.written_names(target, "insert"), self.table()
        x = self.alias("x", t)
        values = ", ".join(self.written([x], "\0") for _ in columns)
        end = r.choice(["", " ORDER BY " + self.column([x])])
        return "INSERT INTO %s (id, %s) SELECT %s || 'q', %s FROM %s AS x WHERE %s%s" % (
            target, ", ".join(columns), self.name(x, "id"), values, t, self.condition([x]), end)

    def rows_to_write(self, name):
        """(the WITH clause before the verb, a condition)"""
        r, begin = self.r, ""
        condition = self.condition([name], r.choice([0, 0, 2]))
        if r.random() < 0.3:
            condition = "(%s)" % condition
        if r.random() < 0.2:
            t, s, scope = self.below([])
            begin = "WITH w AS (SELECT %s AS k FROM %s AS %s WHERE %s) " % (self.name(s, "id"), t, s, self.condition(scope, 1))
            condition = "(%s IN (SELECT k FROM w) OR %s)" % (self.name(name, "id"), condition)
        return begin, condition

    def write(self):
        """(text, the table that it writes), which no subquery reads: SQLite could evaluate it after changing some rows."""
        r = self.r
        verb = r.choice(["insert", "delete", "update"])
        target = self.target(verb)
        name = self.alias(target.split(".")[1], target)
        if verb == "insert":
            return self.insert(target), target
        while True:
            begin, condition = self.rows_to_write(name)
            if "FROM %s " % target not in begin + condition:
                break
        if verb == "delete":
            return "%sDELETE FROM %s WHERE %s" % (begin, target, condition), target
        columns, scope, source = self.written_names(target, verb), [name], ""
        if r.random() < 0.3:
            t = self.table()
            y = self.alias("y", t)
            scope, source = [name, y], " FROM %s AS y" % t
            condition = "(%s = %s) AND %s" % (self.name(y, "id"), self.name(name, "id"), condition)
        sets = ", ".join("%s = %s" % (c, self.written(scope, target)) for c in columns)
        return "%sUPDATE %s SET %s%s WHERE %s" % (begin, target, sets, source, condition), target


def plain(v):
    """A value of an answer as SQLite returns it."""
    if isinstance(v, bool):
        return int(v)
    if isinstance(v, (dict, list)):
        return json_text(v)
    if isinstance(v, int) and not -2**63 <= v < 2**63:
        return float(v)
    if isinstance(v, float):
        if math.isinf(v):
            return None  # JSON has no such number
        # whole numbers are written with as few digits as distinguish them from their neighbours
        return int(decimal.Decimal(repr(v))) if v == int(v) and abs(v) < 2**63 else v
    return v


def stored(v):
    """A value of SQLite as it comes back from the store: whole numbers with all digits."""
    return int(v) if isinstance(v, float) and abs(v) < 2**63 and v == int(v) else plain(v)


def sortable(row):
    return json.dumps(row, sort_keys=True)


WORDS = """SELECT FROM WHERE AND OR NOT NULL IN ( ) , . * = < > || ; -- /* */ ' " ` [ ] AS ON JOIN LEFT UNION ALL GROUP BY ORDER HAVING LIMIT OFFSET WITH
RECURSIVE INSERT INTO VALUES VALUE UPDATE SET DELETE EXISTS CASE WHEN THEN ELSE END TOP DISTINCT CAST COLLATE NOCASE LIKE GLOB BETWEEN IS TRUE FALSE
count(*) max(id) json_each(e) json_tree(e) dev.t1 prod.t3 dev.nope id a b c d e __createdtime__ OVER (PARTITION WINDOW NATURAL CROSS USING(id) EXPLAIN QUERY PLAN
1 0 -1 9223372036854775807 1e999 X'00' ?1 :a @a $a RETURNING REPLACE INDEXED NOT MATERIALIZED EXCEPT INTERSECT RAISE PRAGMA main temp sqlite_master""".split()


def spoil(r, text):
    """A statement with a few tokens removed, repeated, replaced or inserted."""
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
