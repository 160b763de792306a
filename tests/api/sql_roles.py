# SPDX-License-Identifier: Apache-2.0
"""Random roles, tables of which they may see only a part, and statements of their users: for tests of permissions in SQL."""
import sqlite3

from lyre_server import table_permission
from sql_statements import COLUMNS, Generator, Values, plain

ROWS = (25, 14, 8, 5)
NAMES = {"id": "id", "a": "alpha", "b": "bravo", "c": "charlie", "d": "delta", "e": "echo"}
TABLES = ("one", "two", "three", "four")
TIMES = ("__createdtime__", "__updatedtime__")
# Marks after a name in a generated statement: the role cannot know that it exists; it knows, but may not do this.
UNKNOWN, DENIED = "\x01", "\x02"


def clean(text):
    return text.replace(UNKNOWN, "").replace(DENIED, "")


class Table:
    """A table, and what a role may do with it."""

    def __init__(self, r, name):
        self.name, self.rows = name, r.choice(ROWS)
        kind = r.random()
        granted = {"read", "insert", "update", "delete"} if kind < 0.5 else {p for p in ("read", "insert", "update", "delete") if r.random() < 0.65}
        self.granted = set() if kind > 0.85 else granted
        self.listed = None
        if self.granted and r.random() < 0.7:
            self.listed = {c: {p for p in ("read", "insert", "update") if p in self.granted and r.random() < 0.65}
                           for c in COLUMNS + ["id"] * (r.random() < 0.5) if r.random() < 0.85}
            if not any("read" in p for p in self.listed.values()):
                self.granted.discard("read")  # rows would show which keys exist
                self.listed = {c: p - {"read"} for c, p in self.listed.items()}
            self.listed = self.listed or None

    def permission(self, gone=()):
        """gone: attributes that do not exist, so that a role cannot list them."""
        entries = [dict({"attribute_name": NAMES[c]}, **{p: p in has for p in ("read", "insert", "update")})
                   for c, has in (self.listed or {}).items() if c not in gone]
        return table_permission(*self.granted, attributes=entries)

    def may(self, verb, column):
        if verb not in self.granted:
            return False
        if self.listed is None or (verb == "read" and column == "id"):
            return True
        if column == "id" and "id" not in self.listed:
            return any(verb in p for p in self.listed.values())
        return verb in self.listed.get(column, ())

    def knows(self, column):
        return self.listed is None or column == "id" or bool(self.listed.get(column))

    def readable(self):
        return [c for c in COLUMNS if self.may("read", c)]

    def marked(self, column, verb, upper=False):
        name = NAMES[column].upper() if upper else NAMES[column]
        return name + ("" if self.may(verb, column) else DENIED if self.knows(column) else UNKNOWN)

    def permits(self, verbs):
        return self.granted.issuperset(verbs) and ("update" not in verbs or self.may("update", "id"))  # every record has a key

    def marked_name(self, *verbs):
        return self.name + (UNKNOWN if not self.granted else "" if self.permits(verbs) else DENIED)


class Alias(str):
    """The name of a table in a statement."""

    def __new__(cls, text, table, full=None):
        s = str.__new__(cls, text)
        s.table, s.full = table, full
        return s


class Limited(Generator):
    """Statements of a role. If bold, they may name what the role may not."""

    def __init__(self, r, tables):
        super().__init__(r, [t.name for t in tables])
        self.of = {t.name: t for t in tables}
        self.bold = False

    def pick(self, allowed, everything):
        return self.r.choice(everything if self.bold or not allowed else allowed)

    def table(self):
        everything = list(self.of.values())
        return self.pick([t for t in everything if "read" in t.granted], everything).marked_name("read")

    def target(self, verb):
        verbs, everything = {verb} | ({"read"} if verb != "insert" else set()), list(self.of.values())
        return self.pick([t for t in everything if t.permits(verbs)], everything).marked_name(*verbs)

    def alias(self, name, table):
        t = self.of[clean(table)]
        return Alias(name, t, table if name == table.split(".")[1] else None)

    def name(self, alias, column):
        t, r = alias.table, self.r
        if column != "id" and not (self.bold or t.may("read", column)):
            column = r.choice(t.readable() or ["id"])
        front = alias.full if alias.full and r.random() < 0.3 else alias
        if "read" not in t.granted:
            return "%s.%s" % (front, NAMES[column])  # the table is what does not exist
        return "%s.%s" % (front, t.marked(column, "read", r.random() < 0.05))

    def written_names(self, target, verb):
        t, r = self.of[clean(target)], self.r
        columns = [c for c in COLUMNS if self.bold or t.may(verb, c)] or COLUMNS
        if verb not in t.granted:
            return [NAMES[c] for c in columns[:2]]
        return [t.marked(c, verb) for c in r.sample(columns, r.randrange(1, min(3, len(columns)) + 1))]

    def insert(self, target):
        t, text = self.of[clean(target)], super().insert(target)
        may = "insert" not in t.granted or t.may("insert", "id")
        return text if may else text.replace("(id,", "(id%s," % DENIED, 1)

    # ---- statements that only read ----

    def star(self):
        source, scope = self.source()
        r, where = self.r, self.condition(scope)
        what = r.choice(["*", "%s.*" % scope[0], "%s.*, %s AS v" % (scope[-1], self.value(scope)), "count(*)"])
        return "SELECT %s FROM %s%s" % (what, source, r.choice(["", " WHERE " + where])), False

    def count(self):
        return "SELECT count(*) AS n FROM %s" % self.table(), True

    def lookup(self):
        t = self.table()
        x = self.alias("x", t)
        return "SELECT %s AS u, %s AS v FROM %s AS x WHERE %s = %s" % (
            self.column([x]), self.column([x]), t, self.name(x, "id"), self.r.choice(["3", "2", "'k5'", "99"])), False

    def exists(self):
        t = self.table()
        x = self.alias("x", t)
        u, s, scope = self.below([x])
        return "SELECT %s AS v FROM %s AS x WHERE %sEXISTS (SELECT 1 FROM %s AS %s WHERE %s = %s AND %s)" % (
            self.name(x, "id"), t, self.r.choice(["", "NOT "]), u, s, self.column([s]), self.column([x]), self.condition(scope, 2)), False

    def grouped(self):
        source, scope = self.source()
        by = self.value(scope, 1)
        return "SELECT %s AS v, sum(length(%s)) AS n FROM %s GROUP BY %s HAVING max(%s) > %s ORDER BY %s" % (
            by, self.column(scope), source, by, self.column(scope), self.literal(), self.column(scope)), False

    def window(self):
        t = self.table()
        x = self.alias("x", t)
        return "SELECT %s AS i, count(%s) OVER (PARTITION BY %s ORDER BY %s) AS n, lag(%s) OVER w AS l FROM %s AS x WINDOW w AS (ORDER BY %s)" % (
            self.name(x, "id"), self.column([x]), self.column([x]), self.name(x, "id"), self.name(x, "a"), t, self.name(x, "id")), False

    def json(self):
        t = self.table()
        x = self.alias("x", t)
        e, i, a = self.name(x, "e"), self.name(x, "id"), self.name(x, "a")
        return self.r.choice([
            "SELECT %s AS i, json_extract(%s, '$.x') AS v FROM %s AS x WHERE json_valid(%s)" % (i, e, t, e),
            "SELECT %s AS i, json_extract(%s, '$.x') AS v FROM %s AS x" % (i, e, t),
            "SELECT %s AS i, j.value AS v FROM %s AS x, json_each(CASE WHEN json_valid(%s) THEN %s END) AS j" % (i, t, e, e),
            "SELECT json_group_array(k) AS v FROM (SELECT typeof(%s) AS k FROM %s AS x ORDER BY %s)" % (a, t, i)]), False

    def joined(self):
        t, u = self.table(), self.table()
        x, y = self.alias("x", t), self.alias("y", u)
        column = self.r.choice(COLUMNS)
        names = [a.table.marked(column, "read") for a in (x, y) if "read" in a.table.granted]
        if not self.bold and any(n != clean(n) for n in names):
            names = ["id"]
        return "SELECT %s AS i, count(*) AS n FROM %s AS x JOIN %s AS y USING (%s) GROUP BY 1" % (
            self.name(x, "id"), t, u, max(names, default="id", key=lambda n: (UNKNOWN in n, DENIED in n))), False

    def recursive(self):
        t = self.table()
        x = self.alias("x", t)
        return "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 4) SELECT n.k AS k, count(%s) AS v " \
               "FROM n LEFT JOIN %s AS x ON %s = n.k GROUP BY n.k ORDER BY n.k" % (self.name(x, "id"), t, self.column([x])), True

    def quoted(self):
        """A name in double quotes is a string if no attribute has it, or only a hidden one."""
        t = self.table()
        return "SELECT \"%s\" AS v FROM %s AS x" % (NAMES[self.r.choice(COLUMNS)], t), False

    def wrong(self):
        t = self.table()
        x = self.alias("x", t)
        c = self.column([x])
        return self.r.choice(["SELECT abs(-9223372036854775807 - 1 + 0 * length(%s)) AS v FROM %s AS x", "SELECT max(count(%s)) AS v FROM %s AS x",
                              "SELECT %s AS v FROM %s AS x ORDER BY 7", "SELECT nope(%s) AS v FROM %s AS x",
                              "SELECT json_extract(%s, 'x') AS v FROM %s AS x", "SELECT json('{' || %s) AS v FROM %s AS x"]) % (c, t), False

    def read(self):
        r = self.r
        more = [self.star, self.star, self.count, self.lookup, self.exists, self.grouped, self.window, self.json, self.joined, self.recursive, self.quoted, self.wrong]
        return r.choice(more)() if r.random() < 0.6 else self.statement()


class World:
    """The databases of a role: what it sees, in SQLite, and what exists on each of two servers."""

    def __init__(self, r, number):
        self.r, self.number, self.user = r, number, "user%d" % number
        self.tables = [Table(r, "%s%d.%s" % ("dp"[i % 2], number, name)) for i, name in enumerate(TABLES)]
        while not any(t.readable() for t in self.tables):
            self.tables[0] = Table(r, self.tables[0].name)
        self.seen, self.all = (sqlite3.connect(":memory:", isolation_level=None) for _ in range(2))
        for db in (self.seen, self.all):
            for letter in "dp":
                db.execute("ATTACH ':memory:' AS %s%d" % (letter, number))
        self.records, self.gone = {}, {}
        self.mentioned = {t.name for t in self.tables if t.granted or r.random() < 0.5}
        for t in self.tables:
            self.fill(t)

    def fill(self, t):
        values = Values(self.r)
        records = [dict.fromkeys(NAMES.values(), 4711)]  # makes every attribute known
        for i in range(t.rows):
            records.append(dict({"id": i if i % 5 else "k%d" % i}, **{
                NAMES[c]: values.any(c) for c in COLUMNS if c == "a" or self.r.random() < 0.9}))
        self.make(self.all, t.name, list(NAMES.values()), records)
        if "read" in t.granted:
            times = list(TIMES) if t.listed is None else []
            self.make(self.seen, t.name, ["id"] + [NAMES[c] for c in t.readable()] + times, records)
        self.records[t.name] = (records, self.hidden_otherwise(t, records))

    @staticmethod
    def make(db, name, columns, records):
        db.execute("CREATE TABLE %s (%s) WITHOUT ROWID" % (name, ", ".join([columns[0] + " PRIMARY KEY"] + columns[1:])))
        for record in records:
            values = [plain(record.get(c)) for c in columns]
            db.execute("INSERT INTO %s (%s) VALUES (%s)" % (name, ", ".join(columns), ", ".join("?" * len(columns))), values)

    def hidden_otherwise(self, t, records):
        """The records on the second server; None if the table does not exist."""
        r, values = self.r, Values(self.r)
        self.gone[t.name] = set()
        if not t.granted and r.random() < 0.4:
            return None
        hidden = [c for c in COLUMNS if not t.may("read", c)]
        gone = {c for c in hidden if not t.knows(c) and r.random() < 0.5} if t.granted else set()
        if gone >= set(t.listed or ()):
            gone = set()
        self.gone[t.name] = gone
        if "read" not in t.granted:
            records = [dict(record, id=record["id"] if r.random() < 0.5 else "other%d" % i) for i, record in enumerate(records[::r.choice([1, 2])])]
        others = []
        for record in records:
            record = dict(record)
            for c in hidden:
                record.pop(NAMES[c], None)
                if c not in gone and r.random() < 0.8:
                    record[NAMES[c]] = values.any(r.choice(COLUMNS))
            others.append(record)
        others[0] = {n: others[0].get(n, "known") for c, n in NAMES.items() if c not in gone}  # same order of attributes
        if t.listed is not None and r.random() < 0.5:
            others[0]["foxtrot"] = 1
        return others

    def permission(self, which=0):
        """The role on one of the servers."""
        tables = {}
        for t in self.tables:
            database, name = t.name.split(".")
            if t.name in self.mentioned:
                tables.setdefault(database, {"tables": {}})
            if t.name in self.mentioned and self.records[t.name][which] is not None:
                tables[database]["tables"][name] = t.permission(self.gone[t.name] if which else ())
        return dict({"super_user": False}, **tables)

    def create(self, server, which):
        for t in self.tables:
            if self.records[t.name][which] is not None:
                database, name = t.name.split(".")
                server.ok({"operation": "create_table", "database": database, "table": name, "primary_key": "id"})
                server.ok({"operation": "insert", "database": database, "table": name, "records": self.records[t.name][which]})

    def restore(self, servers, name):
        database, table = name.split(".")
        for which, server in enumerate(servers):
            server.ok({"operation": "sql", "sql": "DELETE FROM " + name})
            server.ok({"operation": "insert", "database": database, "table": table, "records": self.records[name][which]})
