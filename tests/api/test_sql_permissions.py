# SPDX-License-Identifier: Apache-2.0
"""No statement shows what a role may not see: random roles, tables and statements.

Two servers have the same databases, except for values, attributes, rows and tables that the role may not read. Each of them must answer a
statement with the same bytes. One that names something that may not be read is refused, with the error for what does not exist. All others are
answered as by SQLite, over the attributes and tables that the role may read. SQL_STATEMENTS says how many, SQL_SEED which ones."""
import json, os, random, re, sqlite3, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, PASSWORD, Server, need_module
from sql_roles import DENIED, NAMES, TIMES, UNKNOWN, Limited, World, clean
from sql_statements import need_same_doubles, plain, sortable, spoil, stored

STATEMENTS = int(os.environ.get("SQL_STATEMENTS", 2000))
SEED = int(os.environ.get("SQL_SEED", 1))
ROLES = 8


def setUpModule():
    for name in ("sql", "data", "schema", "users"):
        need_module(name)
    need_same_doubles()


def result_names(description):
    """The names of an answer's columns: of several with the same name, all but the first get a number."""
    names, first = [], []
    for name in (d[0] for d in description):
        n, given = max(1, first.count(name)), name
        first.append(name)
        while given in names:
            given, n = "%s%d" % (name, n), n + 1
        names.append(given)
    return names


def is_time(name):
    return name.startswith(TIMES)


def rows_of(db, text):
    try:
        found = db.execute(text)
        names = result_names(found.description or ())
        return [{n: plain(v) for n, v in zip(names, row) if not is_time(n)} for row in found]
    except sqlite3.Error as e:
        return "error: %s" % e


class Permissions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        r = random.Random(SEED)
        cls.r, cls.worlds, cls.servers = r, [World(r, i) for i in range(ROLES)], []
        for which in range(2):
            s = Server(settings=CHEAP_LOGINS)
            cls.addClassCleanup(s.stop)
            cls.servers.append(s)
            for w in cls.worlds:
                w.create(s, which)
                s.add_role(w.user, w.permission(which))
                s.add_user(w.user, w.user)

    @staticmethod
    def ask(server, user, text):
        """The status, and the bytes of the answer without its timestamps."""
        headers = {"Authorization": server.authorization(user, PASSWORD), "Content-Type": "application/json"}
        status, _, body = server.request(body=json.dumps({"operation": "sql", "sql": text}).encode(), headers=headers)
        return status, re.sub(r'("__(?:created|updated)time__\d*":)\d+(\.\d+)?', r"\1 0", body.decode())

    def same(self, w, text):
        """The answer, which must be the same from both servers."""
        answers = [self.ask(s, w.user, clean(text)) for s in self.servers]
        self.assertEqual(*answers, "they differ in what %s may not read: %s" % (w.permission(), clean(text)))
        self.assertIn(answers[0][0], (200, 400, 403), "%s: %s" % (clean(text), answers[0]))
        return answers[0]

    # ---- refused statements ----

    def refused(self, w, text):
        """What may not be read is refused, as if it did not exist."""
        status, body = self.same(w, text)
        self.assertIn(status, (400, 403), "%s: %s" % (clean(text), body))
        names = {n for n in re.findall(r"(\w+)" + UNKNOWN, text)}
        if DENIED in text or not names:
            return
        unknown, forget = text, lambda x: x
        for n in names:
            unknown = unknown.replace(n + UNKNOWN, "z" + n[1:])
        for n in names | {n.lower() for n in names}:
            forget = lambda x, n=n, before=forget: re.sub(r"\b%s\b" % n, "z" + n[1:], before(x))
        other_status, other = self.ask(self.servers[0], w.user, unknown)
        self.assertEqual((status, forget(body)), (other_status, forget(other)), "%s\nas if it were %s" % (clean(text), unknown))

    # ---- answered statements ----

    def answered(self, w, text, ordered):
        status, body = self.same(w, text)
        want = rows_of(w.seen, clean(text))
        if isinstance(want, str):
            self.assertEqual(status, 400, "%s\n%s, but %s" % (clean(text), want, body))
            return
        self.assertEqual(status, 200, "%s: %s" % (clean(text), body))
        got = [{n: plain(v) for n, v in row.items() if not is_time(n)} for row in json.loads(body)]
        if re.match(r"SELECT count\(\*\) FROM", text) and got:  # named by its text
            want, got = ([{"n": n} for row in rows for n in row.values()] for rows in (want, got))
        if not ordered:
            want, got = (sorted(rows, key=sortable) for rows in (want, got))
        self.assertEqual(want, got, clean(text))

    def written(self, w, text, target):
        """\\return whether something was changed"""
        name = clean(target)
        w.all.execute("BEGIN")
        want = rows_of(w.all, clean(text).replace("INSERT", "INSERT OR IGNORE"))
        names = ", ".join(NAMES.values())
        after = [[stored(v) for v in row] for row in w.all.execute("SELECT %s FROM %s ORDER BY id" % (names, name))]
        w.all.execute("ROLLBACK")
        before = self.table_rows(name)
        status, body = self.same(w, text)
        got = self.table_rows(name)
        if status != 200:
            self.assertEqual((status, got), (400, before), "%s: %s" % (clean(text), body))
            self.assertTrue(isinstance(want, str) or "A value to be stored" in body, "%s: %s" % (clean(text), body))
        else:
            self.assertEqual(after, got, clean(text))
        if got != before:
            w.restore(self.servers, name)
        return got != before

    def table_rows(self, name):
        rows = self.servers[0].ok({"operation": "sql", "sql": "SELECT %s FROM %s ORDER BY id" % (", ".join(NAMES.values()), name)})
        return [[plain(v) for v in row.values()] for row in rows]

    def test_statements(self):
        refused = answered = changed = 0
        for i in range(STATEMENTS):
            w = self.worlds[i % ROLES]
            g = Limited(self.r, w.tables)
            g.bold = self.r.random() < 0.35
            writes = self.r.random() < 0.25
            text, other = g.write() if writes else g.read()
            explains = self.r.random() < 0.1
            if explains:
                text = "EXPLAIN QUERY PLAN " + text
            if UNKNOWN in text or DENIED in text:
                self.refused(w, text)
                refused += 1
            elif explains:
                self.same(w, text)
            elif writes:
                changed += self.written(w, text, other)
            else:
                self.answered(w, text, other)
                answered += 1
        self.assertGreater(min(refused, answered), STATEMENTS / 10)
        self.assertGreater(changed, STATEMENTS / 100)

    def test_spoiled(self):
        """Corrupted statements."""
        for i in range(STATEMENTS // 3):
            w = self.worlds[i % ROLES]
            g = Limited(self.r, w.tables)
            g.bold = self.r.random() < 0.5
            text = spoil(self.r, clean(g.statement()[0]))
            answers = [self.ask(s, w.user, text) for s in self.servers]
            self.assertEqual(*answers, "they differ in what %s may not read: %s" % (w.permission(), text))
            self.assertIn(answers[0][0], (200, 400, 403, 404), "%s: %s" % (text, answers[0]))


if __name__ == "__main__":
    unittest.main()
