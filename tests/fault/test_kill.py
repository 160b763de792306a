# SPDX-License-Identifier: Apache-2.0
"""kill -9 under many writers, DDL, backups and compaction.

FAULT_ROUNDS: rounds of kill -9 (3). FAULT_SEED: seed of the random numbers (default: random).
"""
import collections, contextlib, http.client, json, os, random, sys, threading, time, unittest

from faults import Server, all_records, count, create

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))
SEED = os.environ.get("FAULT_SEED") or str(random.SystemRandom().randrange(1 << 32))
WRITERS = 32
OWN_MAX = 120  # approximate number of records per writer
# The front of the log is removed while its end is written, if a run is long enough.
SETTINGS = ["logging.auditLog=true", "logging.auditRetention=15s"]


class Connection:
    """A persistent connection; requests over it raise OSError or HTTPException once the server is killed."""

    def __init__(self, s):
        self.connection = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
        self.headers = {"Content-Type": "application/json", "Authorization": s.authorization()}

    def status(self, operation):
        self.connection.request("POST", "/", json.dumps(operation), self.headers)
        self.response = self.connection.getresponse()
        return self.response.status

    def body(self):
        return self.response.read()

    def ok(self, operation):
        status, body = self.status(operation), self.body()
        if status != 200:
            raise AssertionError("%s: %d %s" % (operation, status, body[:1000]))
        return body

    def close(self):
        self.connection.close()


@contextlib.contextmanager
def connected(s, faults):
    """A connection for the work of the block, which ends with the server; any other end is a fault."""
    c = Connection(s)
    try:
        yield c
    except (OSError, http.client.HTTPException):
        pass
    except Exception as e:
        faults.append(repr(e))
    finally:
        c.close()


class Writer:
    """It uses its own records, so their expected state is known for each request: complete once that was answered."""

    def __init__(self, number):
        self.number, self.random = number, random.Random("%s %d" % (SEED, number))
        self.records = {}    # by id: as of the last answer
        self.pending = None  # (operation, the records after it)
        self.next = self.answered = 0

    def record(self, key, pad):
        self.next += 1
        return {"id": key, "writer": self.number, "value": self.next, "tags": [self.next % 5, "t%d" % (self.next % 7)],
                "pad": "x" * self.random.randrange(pad)}

    def choose(self):
        """(operation, {id: the record after it; None: deleted})"""
        r = self.random
        own, kind = list(self.records), r.random()
        some = r.sample(own, min(len(own), r.randint(1, 25)))
        new = ["%02d-%d" % (self.number, self.next + i) for i in range(r.randint(1, 12))]
        if len(own) > OWN_MAX and kind < 0.7:
            gone = r.sample(own, len(own) // 2)
            return {"operation": "delete", "ids": gone}, dict.fromkeys(gone)
        if not own or kind < 0.35:
            rows = [self.record(key, 300) for key in new]
            return {"operation": "insert", "records": rows}, {row["id"]: row for row in rows}
        if kind < 0.6:
            self.next += 1
            rows = [{"id": key, "value": self.next, "extra": {"n": [self.next]}} for key in some]
            return {"operation": "update", "records": rows}, {row["id"]: dict(self.records[row["id"]], **row) for row in rows}
        if kind < 0.998:
            rows = [self.record(key, 300) for key in some + new]
        else:  # its log entry is split
            rows = [self.record("%02d-%d" % (self.number, self.next + i), 9000) for i in range(400)]
        return {"operation": "upsert", "records": rows}, {row["id"]: dict(self.records.get(row["id"], {}), **row) for row in rows}

    def run(self, s, until, faults):
        with connected(s, faults) as c:
            while time.monotonic() < until:
                operation, changes = self.choose()
                then = {k: v for k, v in dict(self.records, **changes).items() if v is not None}
                self.next += len(changes)
                self.pending = operation, then
                status = c.status(dict(operation, database="dev", table="t"))
                if status == 200:
                    self.records, self.pending = then, None
                    self.answered += 1
                body = c.body()
                if status != 200 or json.loads(body).get("skipped_hashes"):
                    raise AssertionError("%s: %d %s" % (operation, status, body[:1000]))


class Kill(unittest.TestCase):
    """Every answered write is there after kill -9; unanswered ones are there completely or not at all."""

    def setUp(self):
        self.random = random.Random(SEED)
        self.writers = [Writer(i) for i in range(WRITERS)]
        self.tables, self.maybe_tables = set(), set()
        self.faults = []  # of the threads
        self.lock = threading.Lock()
        self.figures = collections.Counter()

    def define(self, s, base, until):
        """Tables, attributes and databases are created and dropped."""
        n = 0
        with connected(s, self.faults) as c:
            while time.monotonic() < until:
                n += 1
                name = "t%d_%d" % (base, n)
                where = "d%d_%d" % (base, n) if n % 3 == 0 else "dev"
                on = {"database": where, "table": name}
                with self.lock:
                    self.maybe_tables.add((where, name))
                c.ok(dict(on, operation="create_table", primary_key="id"))
                with self.lock:
                    self.tables.add((where, name))
                    self.maybe_tables.discard((where, name))
                c.ok(dict(on, operation="insert", records=[{"id": i, "v": i, "w": [i, "x"]} for i in range(200)]))
                c.ok(dict(on, operation="drop_attribute", attribute="v"))
                c.ok(dict(on, operation="create_attribute", attribute="v"))
                self.figures["definitions"] += 3
                if n % 2:
                    continue
                with self.lock:
                    self.tables.discard((where, name))
                    self.maybe_tables.add((where, name))
                c.ok(dict(on, operation="drop_table") if where == "dev" else {"operation": "drop_database", "database": where})
                with self.lock:
                    self.maybe_tables.discard((where, name))

    def maintain(self, s, base, until):
        """What an operator does meanwhile."""
        r = random.Random("%s maintain %d" % (SEED, base))
        with connected(s, self.faults) as c:
            while time.monotonic() < until:
                time.sleep(r.uniform(0, 0.3))
                operation = r.choice([{"operation": "get_backup"}, {"operation": "get_backup", "tables": ["t"]},
                                      {"operation": "compact_database"}, {"operation": "check_database"}])
                c.ok(dict(operation, database="dev"))
                self.figures["backups, compactions, checks"] += 1

    def check_writer(self, w, there, what):
        if w.pending and there == w.pending[1] and there != w.records:
            w.records = there
            self.figures["unanswered, there"] += 1
        elif there == w.records:
            self.figures["unanswered, absent"] += w.pending is not None
        else:
            keys = set(there) | set(w.records)
            wrong = {k: (w.records.get(k), (w.pending or ({}, {}))[1].get(k), there.get(k)) for k in keys if there.get(k) != w.records.get(k)}
            self.fail("%s: of writer %d %d records differ (answered, asked for, there), by %.300s:\n%.3000s" % (
                what, w.number, len(wrong), w.pending and w.pending[0], wrong))
        w.pending = None

    def sound(self, s, database):
        return s.ok({"operation": "check_database", "database": database})["message"]

    def check(self, s, what):
        records = all_records(s)
        by_writer = {w.number: {} for w in self.writers}
        for r in records:
            by_writer[r["writer"]][r["id"]] = {k: v for k, v in r.items() if v is not None and not k.startswith("__")}
        for w in self.writers:
            self.check_writer(w, by_writer[w.number], what)
        self.assertEqual(count(s), len(records), what)
        # Each index has every record once, and finds it.
        for attribute, least in (("value", -1e9), ("pad", ""), ("__updatedtime__", 0)):
            by = s.ok({"operation": "search_by_conditions", "database": "dev", "table": "t", "get_attributes": ["id"],
                       "conditions": [{"attribute": attribute, "comparator": "greater_than_equal", "value": least}]})
            self.assertEqual(sorted(r["id"] for r in by), sorted(r["id"] for r in records), "%s: the index of %s" % (what, attribute))
        there = {(d, t) for d, tables in s.ok({"operation": "describe_all"}).items() for t in tables} - {("dev", "t")}
        self.assertLessEqual(self.tables, there, what)
        self.assertLessEqual(there, self.tables | self.maybe_tables, what)
        for database, table in there:
            n = count(s, table, database)
            self.assertIn(n, (0, 200), what)
            self.assertEqual(len(all_records(s, table, database)), n, what)
        for database in {d for d, _ in there} | {"dev", "system"}:
            self.assertIn("is sound", self.sound(s, database), what)
        self.assertEqual([n for n in os.listdir(os.path.join(s.root, "database")) if ".mdb.new" in n], [], what)
        # So that a long run ends with no more databases than a short one.
        for database, table in sorted(there)[:-5]:
            s.ok({"operation": "drop_table", "database": database, "table": table} if database == "dev" else
                 {"operation": "drop_database", "database": database})
            there.discard((database, table))
        self.tables, self.maybe_tables = there, set()

    def test_kill(self):
        with Server(settings=SETTINGS) as s:
            create(s)
            for base in range(ROUNDS):
                until = time.monotonic() + 60
                threads = [threading.Thread(target=w.run, args=(s, until, self.faults)) for w in self.writers]
                threads += [threading.Thread(target=f, args=(s, base, until)) for f in (self.define, self.maintain)]
                for t in threads:
                    t.start()
                time.sleep(self.random.uniform(0.2, 1.5))
                s.kill()
                for t in threads:
                    t.join()
                what = "round %d of seed %s" % (base, SEED)
                self.assertEqual(self.faults, [], what)
                self.figures["kills that hit an unfinished request"] += any(w.pending for w in self.writers)
                s.output.close()
                s.start()
                self.check(s, what)
            self.figures["answered"] = sum(w.answered for w in self.writers)
            print("%d rounds: %s; %s" % (ROUNDS, ", ".join("%s %d" % f for f in sorted(self.figures.items())), self.sound(s, "dev")), file=sys.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
