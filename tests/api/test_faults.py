# SPDX-License-Identifier: Apache-2.0
"""Faults: kill -9, a full disk, a full database, no file descriptors, damaged files, a folder that is read-only.

FAULT_ROUNDS: rounds of kill -9 (3). What needs a mount of its own is skipped where mounting is not allowed.
"""
import concurrent.futures, contextlib, ctypes, http.client, json, os, random, resource, shutil, subprocess, tempfile, threading, time, unittest

from lyre_server import HAS_PROC, Server

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))
WRITERS = 16


@contextlib.contextmanager
def scratch_file_system(options="size=12m"):
    """A small file system of its own."""
    folder = tempfile.mkdtemp(prefix="lyre-test-")
    try:
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as e:
        mount = subprocess.CompletedProcess([], 1, str(e).encode())
    if mount.returncode:
        os.rmdir(folder)
        raise unittest.SkipTest("cannot mount a tmpfs: " + mount.stdout.decode().strip())
    try:
        yield folder
    finally:
        # The command would look into /proc, which a bare chroot has not.
        if ctypes.CDLL(None, use_errno=True).umount2(folder.encode(), 2):
            raise OSError(ctypes.get_errno(), "umount2", folder)
        os.rmdir(folder)


def fill(folder, leave=0):
    """Takes all the space there is; the file's path."""
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))
        f.truncate(max(0, f.tell() - leave))
    return path


def create(s, table="t", database="dev", **more):
    s.ok(dict(more, operation="create_table", database=database, table=table, primary_key="id"))


def insert(s, records, table="t", database="dev"):
    return s.call({"operation": "insert", "database": database, "table": table, "records": records})


def all_records(s, table="t", database="dev"):
    return s.ok({"operation": "search_by_conditions", "database": database, "table": table, "get_attributes": ["*"],
                 "conditions": [{"attribute": "id", "comparator": "not_equal", "value": "none"}]})


def count(s, table="t", database="dev"):
    return s.ok({"operation": "describe_table", "database": database, "table": table})["record_count"]


class Disk(unittest.TestCase):
    def test_full(self):
        with scratch_file_system() as folder:
            s = Server(root=folder, settings=["logging.auditLog=false"])
            try:
                create(s)
                answered, statuses = set(), set()

                def write(thread):
                    for i in range(400):
                        first = thread * 100000 + i * 10
                        status, body = insert(s, [{"id": first + j, "a": j, "text": "x" * 400} for j in range(10)])
                        statuses.add(status)
                        if status == 200:
                            answered.update(body["inserted_hashes"])
                            continue
                        self.assertEqual(status, 507, body)
                        self.assertIn("No space left", body["error"])
                        return

                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    list(pool.map(write, range(8)))
                self.assertEqual(statuses, {200, 507})
                ballast = fill(folder)
                for _ in range(3):
                    status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
                    self.assertEqual(status, 507, body)
                # Neither making nor reading needs more than there is.
                status, body = s.call({"operation": "create_database", "database": "other"})
                self.assertEqual(status, 507, body)
                self.assertNotIn("other", s.ok({"operation": "describe_all"}))
                self.assertEqual({r["id"] for r in all_records(s)}, answered)
                os.unlink(ballast)
                subprocess.run(["mount", "-o", "remount,size=24m", folder], check=True)
                status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
                self.assertEqual(status, 200, body)
                s.ok({"operation": "create_database", "database": "other"})
                s.restart()
                self.assertEqual({r["id"] for r in all_records(s)}, answered | {"late"})
                s.end()
            finally:
                if s.process.poll() is None:
                    s.kill()

    def test_starts_when_full(self):
        with scratch_file_system() as folder:
            s = Server(root=folder)
            try:
                create(s)
                insert(s, [{"id": 1}])
                s.end()
                for name in os.listdir(os.path.join(folder, "database")):
                    if name.endswith("-lock"):
                        os.unlink(os.path.join(folder, "database", name))
                fill(folder)
                try:
                    s.start()
                except RuntimeError as e:
                    # It may refuse, but not be killed by a signal.
                    self.assertIn("lyred ended with 1", str(e))
                    self.assertIn("No space left", str(e))
                else:
                    self.assertEqual(all_records(s)[0]["id"], 1)
            finally:
                if s.process.poll() is None:
                    s.kill()

    def test_file_size_limit(self):
        with Server(start=False) as s:
            s.start()
            resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (2 << 20, resource.RLIM_INFINITY))
            create(s)
            done, status = 0, 200
            while status == 200 and done < 4000:
                status, body = insert(s, [{"id": done + j, "text": "x" * 800} for j in range(100)])
                done += 100 if status == 200 else 0
            self.assertEqual(status, 507, body)
            status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
            self.assertEqual(status, 507, body)
            self.assertEqual(count(s), done)
            resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
            self.assertEqual(status, 200, body)

    def test_read_only(self):
        with scratch_file_system() as folder:
            s = Server(root=folder)
            create(s)
            s.end()
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            # The harness needs a place for what the server says.
            with tempfile.TemporaryDirectory(prefix="lyre-test-") as other:
                s = Server(root=other, settings=["storage.path=" + os.path.join(folder, "database")], start=False)
                with self.assertRaises(RuntimeError) as c:
                    s.start()
                self.assertIn("lyred ended with 1", str(c.exception))
                self.assertIn("Read-only file system", str(c.exception))


class Limits(unittest.TestCase):
    def test_max_size(self):
        with Server(settings=["storage.maxSize=4194304", "logging.auditLog=false"]) as s:
            create(s)
            done, status = [], 200
            while status == 200:
                self.assertLess(len(done), 100000)
                records = [{"id": len(done) + j, "text": "x" * 500, "a": j} for j in range(100)]
                status, body = insert(s, records)
                if status == 200:
                    done += body["inserted_hashes"]
            self.assertEqual(status, 507, body)
            self.assertIn("storage.maxSize", body["error"])
            # One that shares its commit with one too large is not harmed by it.
            self.assertEqual(count(s), len(done))
            for first in range(0, len(done), 100):
                s.ok({"operation": "delete", "database": "dev", "table": "t", "ids": done[first:first + 100]})
            self.assertEqual(count(s), 0)
            deadline, status = time.monotonic() + 10, 0
            while status != 200 and time.monotonic() < deadline:
                status, body = insert(s, [{"id": "again", "text": "z" * 500}])
            self.assertEqual(status, 200, body)

    @unittest.skipUnless(HAS_PROC, "there is no /proc")
    def test_no_descriptors(self):
        with Server() as s:
            create(s)
            insert(s, [{"id": 1}])
            used = len(os.listdir("/proc/%d/fd" % s.process.pid))
            before = resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE)

            def call_with(spare, operation):
                """A connection for which there is no descriptor waits until there is one."""
                resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, (used + spare, before[1]))
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    answer = pool.submit(s.call, operation)
                    concurrent.futures.wait([answer], 0.3)
                    resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, before)
                    return answer.result()

            for spare in range(1, 8):
                name = "d%d" % spare
                made, body = call_with(spare, {"operation": "create_database", "database": name})
                there = name in s.ok({"operation": "describe_all"})
                self.assertEqual(there, made == 200, body)
                if not there: # it can be made now
                    s.ok({"operation": "create_database", "database": name})
                dropped, body = call_with(spare, {"operation": "drop_database", "database": name})
                there = name in s.ok({"operation": "describe_all"})
                self.assertEqual(there, dropped != 200, body)
                if there:
                    s.ok({"operation": "drop_database", "database": name})
                s.ok({"operation": "create_database", "database": name})
                s.ok({"operation": "drop_database", "database": name})
            self.assertEqual(count(s), 1)


class Damage(unittest.TestCase):
    def database(self):
        root = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, root)
        s = Server(root=root)
        create(s)
        create(s, database="sound")
        insert(s, [{"id": 1}], database="sound")
        insert(s, [{"id": i, "text": "x" * 300, "a": i % 7} for i in range(2000)])
        s.end()
        path = os.path.join(s.root, "database", "dev.mdb")
        with open(path, "rb") as f:
            return s, path, f.read()

    def check(self, s, what):
        """The server starts, the sound database answers, and so does the other, with an error at most."""
        s.start()
        try:
            self.assertEqual(count(s, database="sound"), 1, what)
            status, body = s.call({"operation": "describe_table", "database": "dev", "table": "t"})
            if status == 200:
                all_records(s)
            else:
                self.assertIn("error", body, what)
                # What cannot be read is not written over.
                status, body = s.call({"operation": "create_database", "database": "dev"})
                self.assertNotEqual(status, 200, what)
        except (OSError, http.client.HTTPException) as e:
            self.fail("%s: %s (%s)\n%s" % (what, e, s.process.poll(), s.said()[-1000:]))
        finally:
            s.kill()
            s.output.close()

    def test_truncated(self):
        s, path, whole = self.database()
        for size in (0, 1, 1023, 1024, 4095, 4096, 8192, 8193, 12288, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
            with open(path, "wb") as f:
                f.write(whole[:size])
            self.check(s, "%d of %d bytes" % (size, len(whole)))

    def test_foreign(self):
        s, path, whole = self.database()
        for what in (b"\0" * 65536, b"SQLite format 3\0" * 4096, os.urandom(65536), whole[:8192] + os.urandom(8192) + whole[16384:]):
            with open(path, "wb") as f:
                f.write(what)
            self.check(s, repr(what[:16]))
        os.unlink(path)
        os.mkdir(path)
        self.check(s, "a folder")
        os.rmdir(path)
        os.symlink("/nowhere", path)
        self.check(s, "a dangling link")


class Kill(unittest.TestCase):
    """Every answered write is there after kill -9; what was not answered is wholly there or not at all."""

    def setUp(self):
        self.random = random.Random(int(os.environ.get("FAULT_SEED", "0")) or None)
        self.answered, self.unknown = {}, {}  # key of a batch: its value
        self.deleted, self.maybe_deleted = set(), set()
        self.tables, self.maybe_tables = set(), set()
        self.faults = []  # of the threads
        self.lock = threading.Lock()

    def write(self, s, number, base, until):
        """Batches of ten records that share a value; now and then an earlier one is deleted or written again."""
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": s.authorization()}
        rng, own, n = random.Random("%d %d" % (base, number)), [], 0
        try:
            while time.monotonic() < until:
                n += 1
                batch = "%d-%d-%d" % (base, number, n)
                kind = rng.random()
                if kind < 0.15 and own:
                    batch = own.pop()
                    operation = {"operation": "delete", "ids": ["%s-%d" % (batch, j) for j in range(10)]}
                    with self.lock:
                        self.maybe_deleted.add(batch)
                else:
                    value = n
                    if kind < 0.3 and own:
                        batch, value = own[-1], -n
                    records = [{"id": "%s-%d" % (batch, j), "batch": batch, "value": value, "pad": "x" * rng.randrange(300)} for j in range(10)]
                    operation = {"operation": "upsert", "records": records}
                    with self.lock:
                        self.unknown[batch] = value
                c.request("POST", "/", json.dumps(dict(operation, database="dev", table="t")), headers)
                r = c.getresponse()
                body = r.read()
                if r.status != 200:
                    self.fail("%d %s" % (r.status, body))
                with self.lock:
                    if operation["operation"] == "delete":
                        self.answered.pop(batch, None)
                        self.maybe_deleted.discard(batch)
                        self.deleted.add(batch)
                    else:
                        self.answered[batch] = value
                        del self.unknown[batch]
                        if value > 0:
                            own.append(batch)
        except (OSError, http.client.HTTPException):
            pass
        except AssertionError as e:
            self.faults.append(str(e))
        finally:
            c.close()

    def define(self, s, base, until):
        """Tables, attributes and databases come and go."""
        n = 0
        try:
            while time.monotonic() < until:
                n += 1
                name = "t%d_%d" % (base, n)
                where = "d%d_%d" % (base, n) if n % 3 == 0 else "dev"
                with self.lock:
                    self.maybe_tables.add((where, name))
                create(s, name, where)
                with self.lock:
                    self.tables.add((where, name))
                    self.maybe_tables.discard((where, name))
                s.ok({"operation": "insert", "database": where, "table": name, "records": [{"id": i, "v": i, "w": [i, "x"]} for i in range(200)]})
                s.ok({"operation": "drop_attribute", "database": where, "table": name, "attribute": "v"})
                s.ok({"operation": "create_attribute", "database": where, "table": name, "attribute": "v"})
                if n % 2:
                    continue
                with self.lock:
                    self.tables.discard((where, name))
                    self.maybe_tables.add((where, name))
                if where == "dev":
                    s.ok({"operation": "drop_table", "database": where, "table": name})
                else:
                    s.ok({"operation": "drop_database", "database": where})
                with self.lock:
                    self.maybe_tables.discard((where, name))
        except (OSError, http.client.HTTPException):
            pass
        except AssertionError as e:
            self.faults.append(str(e))

    def check(self, s, what):
        batches, records = {}, all_records(s)
        for r in records:
            batches.setdefault(r["batch"], []).append(r["value"])
        for batch, values in batches.items():
            self.assertEqual(len(values), 10, "%s: a part of %s" % (what, batch))
            self.assertEqual(len(set(values)), 1, "%s: %s mixed: %s" % (what, batch, values))
            if batch in self.unknown:
                self.assertIn(values[0], (self.unknown[batch], self.answered.get(batch)), what)
            else:
                self.assertEqual(values[0], self.answered.get(batch), "%s: %s" % (what, batch))
        for batch in self.answered:
            self.assertTrue(batch in batches or batch in self.maybe_deleted, "%s: %s is lost" % (what, batch))
        self.assertEqual(count(s), len(records), what)
        # Each index has every record once, and finds it.
        for attribute, least in (("value", -1e9), ("batch", ""), ("pad", "")):
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
        self.tables, self.maybe_tables = there, set()
        # What is there now is what the next round goes by.
        self.answered = {b: v[0] for b, v in batches.items()}
        self.unknown, self.maybe_deleted = {}, set()

    def test_kill(self):
        with Server() as s:
            create(s)
            for base in range(ROUNDS):
                until = time.monotonic() + 10
                threads = [threading.Thread(target=self.write, args=(s, i, base, until)) for i in range(WRITERS)]
                threads.append(threading.Thread(target=self.define, args=(s, base, until)))
                for t in threads:
                    t.start()
                time.sleep(self.random.uniform(0.2, 1.2))
                s.kill()
                for t in threads:
                    t.join()
                self.assertEqual(self.faults, [])
                s.output.close()
                s.start()
                self.check(s, "round %d" % base)


if __name__ == "__main__":
    unittest.main(verbosity=2)
