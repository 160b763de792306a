# SPDX-License-Identifier: Apache-2.0
"""Everything at once, and the end of the server in the middle of it. With a sanitizer this finds races; without one, it is a stress test.

RACES_SECONDS: total time (6). RACES_SEED: seed of the random numbers (default: random).
"""
import http.client, json, os, random, re, signal, socket, threading, time, unittest

from faults import Server, create
from lyre_server import UnixConnection

SECONDS = float(os.environ.get("RACES_SECONDS", "6"))
ROUNDS = 3
TABLES = ("one", "two")
# Busy, or gone meanwhile: others create and drop what a request names.
ALLOWED = {200, 400, 404, 409, 503}
SETTINGS = ["logging.level=trace", "logging.rotation.maxSize=64K", "logging.rotation.maxTotalSize=256K", "logging.auditAuthEvents.logFailed=true",
            "authentication.cacheTTL=500ms", "logging.auditRetention=1s", "storage.mapSize=1M", "threads=3"]


class Races(unittest.TestCase):
    def setUp(self):
        self.seed = os.environ.get("RACES_SEED", "") or "%x" % random.getrandbits(32)
        self.faults, self.done = [], {}

    def once(self, s, rng, connection, operation, password=None, read=True):
        """Runs an operation over a persistent connection, with a password if it needs one."""
        headers = {"Content-Type": "application/json"}
        if password or not isinstance(connection, UnixConnection):
            headers["Authorization"] = s.authorization(password=password)
        connection.request("POST", "/", json.dumps(operation), headers)
        if not read:
            connection.close() # while the server works on the answer, or sends it
            return None
        r = connection.getresponse()
        try:
            body = r.read()
        except http.client.IncompleteRead:
            if self.stopping.is_set():
                raise
            connection.close()
            self.broken.append(operation)
            return None
        name = operation["operation"]
        allowed = {401, 429, 503} if password else ALLOWED
        if r.status not in allowed:
            raise AssertionError("%s: %d %s" % (name, r.status, body[:500]))
        self.done[name, r.status] = self.done.get((name, r.status), 0) + 1
        return json.loads(body) if r.status == 200 and "json" in r.headers["Content-Type"] else None

    # ---- what the threads do: one operation each time ----

    def read(self, rng):
        table = {"database": "dev", "table": rng.choice(TABLES)}
        return rng.choice((
            dict(table, operation="search_by_id", ids=[rng.randrange(600) for _ in range(5)], get_attributes=["*"]),
            dict(table, operation="search_by_value", attribute="name", value=rng.choice(("n1*", "*3*", "*")), get_attributes=["id", "name"]),
            dict(table, operation="search_by_conditions", get_attributes=["*"], sort={"attribute": "v", "descending": True},
                 conditions=[{"attribute": "v", "comparator": "between", "value": [rng.randrange(50), 80]}]),
            dict(table, operation="describe_table", exact_count=rng.random() < 0.5),
            {"operation": "describe_all"}, {"operation": "describe_storage"}, {"operation": "describe_operations"}))

    def write(self, rng):
        keys = [rng.randrange(600) for _ in range(rng.choice((1, 5, 40)))]
        table = {"database": rng.choice(("dev", "dev", "other")), "table": rng.choice(TABLES)}
        if rng.random() < 0.2:
            return dict(table, operation="delete", ids=keys)
        return dict(table, operation=rng.choice(("insert", "update", "upsert")),
                    records=[{"id": k, "name": "n%d" % rng.randrange(100), "v": rng.randrange(100), "pad": "x" * rng.randrange(2000)} for k in keys])

    def define(self, rng):
        name, where = "t%d" % rng.randrange(3), rng.choice(("dev", "other", "d%d" % rng.randrange(2)))
        table = {"database": where, "table": name}
        return rng.choice((
            dict(table, operation="create_table", primary_key="id"), dict(table, operation="create_table", primary_key="id"),
            dict(table, operation="insert", records=[{"id": i, "a": i, "b": str(i)} for i in range(50)]),
            dict(table, operation="create_attribute", attribute="c"), dict(table, operation="drop_attribute", attribute="a"),
            dict(table, operation="drop_table"), {"operation": "drop_database", "database": "d%d" % rng.randrange(2)},
            {"operation": "drop_attribute", "database": "dev", "table": "two", "attribute": rng.choice(("v", "name"))}))

    def maintain(self, rng):
        database = rng.choice(("dev", "other"))
        if os.path.exists(self.backup) and rng.random() < 0.3:
            return rng.choice(({"operation": "restore_backup", "database": "restored", "path": self.backup},
                               {"operation": "drop_database", "database": "restored"}))
        return {"operation": rng.choice(("compact_database", "check_database", "get_backup")), "database": database}

    # ---- the threads ----

    def loop(self, s, name, number, step):
        """Until the server has ended; it may fail only after it was told to stop."""
        rng = random.Random("%s %s %d" % (self.seed, name, number))
        # Password checks are slow: half of the requests have none, so that there is load.
        connection = UnixConnection(s.socket_path, 60) if number % 2 else http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
        while not self.stopping.is_set():
            try:
                step(rng, connection)
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as e:
                connection.close()
                if not self.stopping.is_set():
                    self.faults.append("%s: %s: %s" % (name, type(e).__name__, e))
                    return
        connection.close()

    def threads(self, s):
        def run(make, abandon=0.0):
            return lambda rng, c: self.once(s, rng, c, make(rng), read=rng.random() >= abandon)

        def wrong(rng, c):
            self.once(s, rng, c, {"operation": "describe_all"}, password="wrong%d" % rng.randrange(3))
            time.sleep(0.02) # each costs a processor tens of milliseconds

        def hang_up(rng, _):
            with socket.create_connection(("127.0.0.1", s.port), timeout=60) as raw:
                raw.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"[:rng.randrange(60)])
            time.sleep(0.01)

        def reopen_log(_rng, _c):
            s.process.send_signal(signal.SIGHUP) # the log is reopened
            time.sleep(0.1)

        def back_up(_rng, _c):
            status, _, body = s.request(body=b'{"operation":"get_backup","database":"dev"}', unix=True, headers={"Content-Type": "application/json"})
            if status == 200:
                with open(self.backup + ".new", "wb") as f:
                    f.write(body)
                os.rename(self.backup + ".new", self.backup)
            elif status != 503:
                raise AssertionError("get_backup: %d %s" % (status, body))
            time.sleep(0.2)

        steps = [("read", run(self.read)), ("read", run(self.read)), ("read and leave", run(self.read, 0.3)), ("write", run(self.write)),
                 ("write", run(self.write)), ("write and leave", run(self.write, 0.2)), ("define", run(self.define)), ("define", run(self.define)),
                 ("maintain", run(self.maintain)), ("wrong password", wrong), ("hang up", hang_up), ("SIGHUP", reopen_log), ("back up", back_up)]
        return [threading.Thread(target=self.loop, args=(s, name, i, step)) for i, (name, step) in enumerate(steps)]

    def check(self, s, begin):
        said = s.said(begin)
        bad = [line for line in said.splitlines() if re.search(r"Sanitizer|runtime error:| \[(error|fatal)\] ", line)]
        if bad:
            at = said.find("WARNING: ThreadSanitizer")
            self.fail("seed %s: the server said\n%s\n%s\nand its clients %s" % (
                self.seed, "\n".join(bad[:20]), said[at:at + 6000] if at >= 0 else "", self.faults))

        # An answer that is being sent ends if the table it reads is dropped, and the log reports it.
        self.assertGreaterEqual(said.count(" stopped while sending rows: "), len(self.broken), self.broken)

    def test_all_at_once(self):
        with Server(settings=SETTINGS) as s:
            self.backup = os.path.join(s.root, "backup.mdb")
            for database in ("dev", "other"):
                for table in TABLES:
                    create(s, table, database)
            for n in range(ROUNDS):
                begin = len(s.said().encode())
                self.stopping, self.broken = threading.Event(), []
                threads = self.threads(s)
                for t in threads:
                    t.start()
                time.sleep(SECONDS / ROUNDS)
                self.stopping.set()
                s.end() # amid everything in progress
                for t in threads:
                    t.join()
                self.check(s, begin)
                self.assertEqual(self.faults, [], "seed %s, round %d" % (self.seed, n))
                s.start()
                for database in s.ok({"operation": "describe_all"}):
                    self.assertIn(" is sound: ", s.ok({"operation": "check_database", "database": database})["message"])
            print(", ".join("%s %d: %d" % (o, status, n) for (o, status), n in sorted(self.done.items())), flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
