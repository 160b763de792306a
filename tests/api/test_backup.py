# SPDX-License-Identifier: Apache-2.0
"""Backups: taken during writes, restored elsewhere; and files that are not restored."""
import gzip, json, os, random, shutil, socket, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import HAS_PROC, OwnDatabase, Server, feature, until


class Backup(OwnDatabase):
    def fetch(self, encoding="identity", **more):
        body = json.dumps(dict({"operation": "get_backup", "database": self.database()}, **more)).encode()
        headers = {"Content-Type": "application/json", "Authorization": self.s.authorization(), "Accept-Encoding": encoding}
        return self.s.request(body=body, headers=headers)

    @unittest.skipUnless(feature("HAVE_ZLIB"), "this build has no zlib")
    def test_compressed(self):
        self.table()
        for i in range(20):
            self.insert(*[{"id": 500 * i + j, "text": "%x" % random.getrandbits(2000) if j % 2 else "x" * 600} for j in range(500)])
        plain = self.fetch()[2]
        self.assertGreater(len(plain), 3 << 20)
        for accepted in ("gzip", "gzip, deflate, br", "br;q=1.0, x-gzip;q=0.5", "*", "identity;q=0.5, GZIP ; q=0.6", "deflate, *;q=0.1", "gzip;q=1"):
            status, headers, body = self.fetch(accepted)
            self.assertEqual((status, headers["content-encoding"], headers["content-type"]), (200, "gzip", "application/octet-stream"), accepted)
            self.assertEqual(headers["content-length"], None)
            self.assertIn("filename", headers["content-disposition"])
            self.assertLess(len(body), len(plain) * 3 // 4)
            # The copies differ in leftover bytes of pages, but not in their content.
            self.assertEqual(len(gzip.decompress(body)), len(plain))
        with tempfile.NamedTemporaryFile() as f:
            f.write(gzip.decompress(body))
            f.flush()
            self.s.ok({"operation": "restore_backup", "database": self.database() + "_copy", "path": f.name})
        copy = self.s.ok({"operation": "describe_table", "database": self.database() + "_copy", "table": "t", "exact_count": True})
        self.assertEqual(copy["record_count"], 10000)
        for refused in ("", "identity", "br", "gzip;q=0", "*, gzip;q=0.0", "gzip;q=0.3, identity;q=0.4", "gzipped", "deflate", "gzip;q=x"):
            status, headers, body = self.fetch(refused)
            self.assertEqual((status, headers["content-encoding"], len(body)), (200, None, len(plain)), refused)
        self.assertEqual(self.fetch("gzip", database="none")[1]["content-encoding"], None)

    @unittest.skipUnless(feature("HAVE_ZLIB") and HAS_PROC, "this build has no zlib, or this system no /proc")
    def test_compressed_by_half(self):
        """Clients that disconnect during the answer leave nothing behind."""
        self.table()
        self.insert(*[{"id": i, "text": "%x" % random.getrandbits(8000)} for i in range(2000)])
        fds = lambda: len(os.listdir("/proc/%d/fd" % self.s.process.pid))
        before = fds()
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", self.s.port)) as c:
                body = json.dumps({"operation": "get_backup", "database": self.database()})
                c.sendall(("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\nAccept-Encoding: gzip\r\n"
                           "Content-Length: %d\r\n\r\n%s" % (self.s.authorization(), len(body), body)).encode())
                self.assertIn(b"200 OK", c.recv(1000))
        until(lambda: fds() <= before, lambda: "%d files were open, and %d are" % (before, fds()))

    def test_backup_under_writes_is_consistent_and_restores_elsewhere(self):
        self.table()
        self.insert(*[{"id": i, "pair": i, "text": "t%d" % i} for i in range(3000)])
        stop = threading.Event()

        def write():
            n = 10000
            while not stop.is_set():
                self.insert({"id": n, "pair": n, "text": "new"}, {"id": n + 1, "pair": n, "text": "new"})
                n += 2

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.2)
        status, headers, body = self.fetch()
        stop.set()
        writer.join()
        self.assertEqual((status, headers["content-type"]), (200, "application/octet-stream"))
        folder = tempfile.mkdtemp(prefix="lyre-backup-")
        try:
            path = os.path.join(folder, "copy.mdb")
            with open(path, "wb") as f:
                f.write(body)
            if shutil.which("mdb_stat"):
                out = subprocess.run(["mdb_stat", "-n", "-a", path], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
                self.assertIn("Entries", out)
            with Server() as other:
                other.ok({"operation": "restore_backup", "database": "back", "path": path})
                rows = other.ok({"operation": "search_by_value", "database": "back", "table": "t", "attribute": "id", "value": "*"})
                self.assertGreaterEqual(len(rows), 3000)
                # a request's two records are both there or neither
                new = [r for r in rows if r["id"] >= 10000]
                self.assertEqual(len(new) % 2, 0)
                self.assertEqual(other.ok({"operation": "describe_table", "database": "back", "table": "t"})["record_count"], len(rows))
                for r in random.Random(1).sample(rows, 50):
                    found = other.ok({"operation": "search_by_value", "database": "back", "table": "t", "attribute": "pair", "value": r["pair"]})
                    self.assertIn(r, found)
                self.assertEqual(other.call({"operation": "restore_backup", "database": "back", "path": path}),
                                 (400, {"error": "database 'back' already exists"}))
                for damage in (body[:len(body) // 2], b"", b"x" * 100000, body[:40] + b"\0" * 4096 + body[4136:]):
                    with open(path, "wb") as f:
                        f.write(damage)
                    status, answer = other.call({"operation": "restore_backup", "database": "bad", "path": path})
                    self.assertNotEqual(status, 200)
                    self.assertIn("error", answer)
                self.assertNotIn("bad", other.ok({"operation": "describe_all"}))
        finally:
            shutil.rmtree(folder)

    def test_what_is_not_restored(self):
        """A database's own file, which may change while it is read; and the users' credentials, under another name."""
        self.table()
        storage = os.path.join(self.s.root, "database")
        status, body = self.s.call({"operation": "restore_backup", "database": "x", "path": os.path.join(storage, self.database() + ".mdb")})
        self.assertEqual((status, "in use" in body["error"]), (400, True), body)
        with tempfile.TemporaryDirectory(prefix="lyre-backup-") as folder:
            path = os.path.join(folder, "system.mdb")
            for more in ({}, {"table": "hdb_user"}):
                status, _, body = self.fetch(database="system", **more)
                self.assertEqual(status, 200, body)
                with open(path, "wb") as f:
                    f.write(body)
                for name in ("x", "system"):
                    status, body = self.s.call({"operation": "restore_backup", "database": name, "path": path})
                    self.assertIn(status, (400, 403), body)
        self.assertNotIn("x", self.s.ok({"operation": "describe_all"}))

    def test_only_regular_files_are_restored(self):
        paths = ("/dev/tty", "/dev/null", "/dev/zero", "/dev/ptmx", "/", "/proc/self/status", "/proc/self/mem", "/proc/kmsg")
        for path in (p for p in paths if os.access(p, os.R_OK)):
            status, body = self.s.call({"operation": "restore_backup", "database": "x", "path": path})
            self.assertEqual(status, 400, (path, body))
            self.assertRegex(body["error"], "^'%s' is (a device|a folder|not a file on a disk)" % path)

    def test_a_backup_copied_into_the_folder_is_the_database(self):
        self.table()
        self.insert({"id": 1, "a": "x"})
        body = self.fetch()[2]
        root = tempfile.mkdtemp(prefix="lyre-copy-")
        try:
            os.makedirs(os.path.join(root, "database"))
            with open(os.path.join(root, "database", "Copied.mdb"), "wb") as f:
                f.write(body)
            with Server(root=root) as other:
                self.assertEqual(other.ok({"operation": "search_by_value", "database": "Copied", "table": "t", "attribute": "a", "value": "x",
                                           "get_attributes": ["id"]}), [{"id": 1}])
                other.ok({"operation": "insert", "database": "Copied", "table": "t", "records": [{"id": 2}]})
        finally:
            shutil.rmtree(root)

    def test_tables_of_a_database(self):
        self.table()
        self.s.ok({"operation": "create_table", "database": self.database(), "table": "u", "primary_key": "id"})
        self.insert({"id": 1})
        status, _, body = self.fetch(table="t")
        self.assertEqual(status, 200)
        with tempfile.NamedTemporaryFile(suffix=".mdb") as f:
            f.write(body)
            f.flush()
            self.s.ok({"operation": "restore_backup", "database": "one_table", "path": f.name})
        self.assertEqual(list(self.s.ok({"operation": "describe_database", "database": "one_table"})), ["t"])
        self.assertEqual(self.fetch(tables=["t", "nope"])[0], 404)


if __name__ == "__main__":
    unittest.main()
