# SPDX-License-Identifier: Apache-2.0
"""Maintenance of a database in use: compacting and checking."""
import concurrent.futures, http.client, json, os, random, re, resource, subprocess, sys, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRE, MINIMAL, OwnDatabase, Server


class AtWork(OwnDatabase):
    """Maintenance of a database in use."""

    def on(self, operation, s=None, **more):
        return (s or self.s).call(dict({"operation": operation, "database": self.database()}, **more))

    def file(self, s=None):
        return os.path.join((s or self.s).root, "database", self.database() + ".mdb")

    def fill(self, s, first, count):
        rows = [{"id": i, "group": i % 10, "name": "name %06d" % i, "text": "x" * 300} for i in range(first, first + count)]
        for i in range(0, count, 2000):
            s.ok({"operation": "upsert", "database": self.database(), "table": "t", "records": rows[i:i + 2000]})
        return rows

    def sound(self, s=None):
        status, body = self.on("check_database", s)
        self.assertEqual(status, 200, body)
        return [int(n) for n in re.fullmatch(r"database '\w+' is sound: (\d+) tables?, (\d+) records?, (\d+) index entr(?:y|ies)", body["message"]).groups()]

    def rows(self, s=None, **condition):
        return (s or self.s).ok({"operation": "search_by_conditions", "database": self.database(), "table": "t", "get_attributes": ["*"],
                                 "conditions": [condition or {"attribute": "id", "comparator": "ge", "value": 0}]})

    def no_scraps(self, s=None):
        self.assertEqual([n for n in os.listdir(os.path.dirname(self.file(s))) if ".mdb.new" in n], [])

    def test_compacting_under_reads_and_writes(self):
        self.table(audit=False)
        self.fill(self.s, 0, 20000)
        self.ok("delete", ids=list(range(2000, 20000)))
        storage = self.on("describe_storage")[1][0]
        before = os.path.getsize(self.file())
        self.assertEqual((storage["database"], storage["file_size"]), (self.database(), before))
        self.assertEqual(storage["used_size"] + storage["reclaimable_size"], before)
        self.assertGreater(storage["reclaimable_size"], before // 2)
        stop, written, read = threading.Event(), [[] for _ in range(4)], [0] * 4

        def write(worker):
            n = 100000 * (worker + 1)
            while not stop.is_set():
                self.ok("insert", records=[{"id": n, "group": "new", "pair": n // 2}, {"id": n + 1, "group": "new", "pair": n // 2}])
                written[worker] += [n, n + 1]
                n += 2

        def look(worker):
            while not stop.is_set():
                group = self.find([{"attribute": "group", "value": worker}], get_attributes=["id"])
                self.assertEqual([r["id"] for r in group], list(range(worker, 2000, 10)))
                self.assertEqual(self.ok("search_by_id", ids=[worker], get_attributes=["name"]), [{"name": "name %06d" % worker}])
                read[worker] += 1

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            threads = [pool.submit(f, i) for i in range(4) for f in (write, look)]
            try:
                for _ in range(5):
                    time.sleep(0.1)
                    status, body = self.on("compact_database")
                    self.assertEqual(status, 200, body)
                    self.assertRegex(body["message"], r"^compacted '\w+': \d+ to \d+ bytes$")
                    self.sound()
            finally:
                stop.set()
            for t in threads:
                t.result()
        self.assertTrue(all(written) and all(read), (written, read))
        self.assertLess(os.path.getsize(self.file()), before // 2)
        self.no_scraps()
        for again in (False, True):
            if again:
                self.s.restart()
            self.assertEqual([r["id"] for r in self.rows()], list(range(2000)) + sorted(sum(written, [])))
            self.assertEqual(len(self.rows(attribute="group", value="new")), len(sum(written, [])))
            self.assertEqual([r["name"] for r in self.rows(attribute="name", value="name 000007")], ["name 000007"])
            self.assertEqual(self.sound()[:2], [1, 2000 + len(sum(written, []))])

    def test_definitions_continue_after_compacting(self):
        self.table(expiration=3600)
        self.insert({"id": 1, "a": 1})
        described = self.ok("describe_table")
        for n in range(3):
            self.assertEqual(self.on("compact_database")[0], 200)
            now = self.ok("describe_table")
            self.assertEqual((now["attributes"], now["record_count"]), (described["attributes"], 1))
            name = "n%d" % n
            self.s.ok({"operation": "create_table", "database": self.database(), "table": name, "primary_key": "id"})
            self.ok("insert", table=name, records=[{"id": 1, name: n}])
            self.assertEqual(self.find([{"attribute": "a", "value": 1}], get_attributes=["id"]), [{"id": 1}])
            self.ok("create_attribute", attribute=name)
            if n:
                self.ok("drop_table", table="n%d" % (n - 1))
            described = self.ok("describe_table")
        self.assertEqual(self.sound()[0], 2)
        self.assertEqual(self.ok("search_by_value", table="n2", attribute="n2", value=2, get_attributes=["id"]), [{"id": 1}])

    def test_a_result_that_is_being_sent(self):
        self.table()
        rows = self.fill(self.s, 0, 20000)
        body = json.dumps({"operation": "search_by_value", "database": self.database(), "table": "t", "attribute": "id", "value": "*",
                           "get_attributes": ["id", "group", "name", "text"]}).encode()
        c = http.client.HTTPConnection("127.0.0.1", self.s.port, timeout=60)
        c.request("POST", "/", body, {"Content-Type": "application/json", "Authorization": self.s.authorization()})
        r = c.getresponse()
        head = r.read(100000)
        self.ok("delete", ids=[0, 1])
        self.assertEqual(self.on("compact_database")[0], 200)
        self.assertEqual(json.loads(head + r.read()), rows)
        c.close()

    def test_refusals(self):
        for operation in ("compact_database", "check_database", "describe_storage"):
            self.assertEqual(self.on(operation), (404, {"error": "database '%s' does not exist" % self.database()}))
        for operation in ("compact_database", "check_database"):
            status, body = self.s.call({"operation": operation})
            self.assertEqual(status, 400, body)
        self.assertEqual(self.s.call({"operation": "compact_database", "database": "system"})[0], 200)
        self.assertEqual(self.s.call({"operation": "check_database", "database": "system"})[0], 200)

    @unittest.skipIf(MINIMAL, "the minimal build has no client")
    def test_commands_of_the_client(self):
        def run(*words):
            p = subprocess.run([LYRE, "--socket", self.s.socket_path, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            return p.returncode, p.stdout

        name = "@a b"  # not a file, so no number
        self.s.ok({"operation": "create_database", "database": name})
        status, out = run("compact", name)
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"^compacted '@a b': \d+ to \d+ bytes\n$")
        self.assertEqual(run("check", name), (0, "database '@a b' is sound: 0 tables, 0 records, 0 index entries\n"))
        self.assertEqual(run("check", "none"), (1, "lyre: database 'none' does not exist\n"))
        self.assertEqual(run("compact"), (2, "lyre: usage: lyre compact DATABASE\n"))
        self.s.ok({"operation": "drop_database", "database": name})

    def test_what_fails_leaves_the_database_as_it_was(self):
        self.table()
        rows = self.fill(self.s, 0, 4000)
        resource.prlimit(self.s.process.pid, resource.RLIMIT_FSIZE, (500000, resource.RLIM_INFINITY))
        try:
            status, body = self.on("compact_database")
        finally:
            resource.prlimit(self.s.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertIn(status, (500, 507), body)
        self.no_scraps()
        self.assertEqual(self.sound()[:2], [1, 4000])
        self.insert({"id": 5000})
        self.assertEqual(len(self.rows()), len(rows) + 1)
        self.assertEqual(self.on("compact_database")[0], 200)

    def test_killed_while_compacting(self):
        rnd = random.Random(3)
        with Server() as s:
            s.ok({"operation": "create_table", "database": self.database(), "table": "t", "primary_key": "id", "audit": False})
            rows = self.fill(s, 0, 8000)
            for round_ in range(6):
                self.fill(s, 10000, 6000)
                s.ok({"operation": "delete", "database": self.database(), "table": "t", "ids": list(range(10000, 16000))})

                def compact():
                    try:
                        return self.on("compact_database", s)[0]
                    except Exception:
                        return None

                thread = threading.Thread(target=compact)
                thread.start()
                time.sleep(rnd.random() * 0.08)
                s.kill()
                thread.join()
                s.output.close()
                s.start()
                self.no_scraps(s)
                self.assertEqual([(r["id"], r["name"]) for r in self.rows(s)], [(r["id"], r["name"]) for r in rows])
                self.assertEqual(self.sound(s)[:2], [1, 8000])

    def test_checking_finds_damage(self):
        with Server(settings=["storage.checkAtStart=0"]) as s:  # otherwise the start finds it
            s.ok({"operation": "create_table", "database": self.database(), "table": "t", "primary_key": "id", "audit": False})
            self.fill(s, 0, 500)
            self.assertEqual(self.on("compact_database", s)[0], 200)  # so that nothing is left of earlier pages
            self.sound(s)
            s.end()
            with open(self.file(s), "rb") as f:
                whole = f.read()
            places = [m.start() for m in re.finditer(b"name 000123", whole)]
            self.assertEqual(len(places), 2)  # in the record, and in the index
            said = set()
            page = places[0] - places[0] % 4096  # the page number stored in it
            for place in [p + 7 for p in places] + [page]:
                with open(self.file(s), "r+b") as f:
                    f.seek(place)
                    f.write(bytes([whole[place] ^ 1]))
                s.start()
                try:
                    status, body = self.on("check_database", s)
                    self.assertEqual(status, 500, body)
                    self.assertRegex(body["error"], r"^database '\w+' failed the check: the file is damaged: %s" % (
                        "page %d: has the number of another page$" % (page // 4096) if place == page else
                        "(the index of 'name' in table 't' |page [0-9]+: )"))
                    said.add(re.sub("page [0-9]+", "page", body["error"]))
                    self.assertIn(body["error"], s.said())
                    self.assertEqual(len(self.rows(s, attribute="id", value=1)), 1)
                finally:
                    s.end()
                with open(self.file(s), "wb") as f:
                    f.write(whole)
            self.assertEqual(len(said), 3, said)
            s.start()
            self.sound(s)


if __name__ == "__main__":
    unittest.main()
