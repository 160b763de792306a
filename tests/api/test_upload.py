# SPDX-License-Identifier: Apache-2.0
"""Files that clients send as the body of a request: restore_backup."""
import contextlib, os, signal, socket, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, EMULATOR, PASSWORD, Server, built_modules, need_module, until

FIRST = 64 << 10  # bytes that are checked first


def setUpModule():
    need_module("schema")
    need_module("data")


with_users = unittest.skipUnless("users" in built_modules(), "this build has no module 'users'")


def make_backup(s, database="dev", records=3000):
    s.ok({"operation": "create_table", "database": database, "table": "t", "primary_key": "id"})
    for first in range(0, records, 500):
        s.ok({"operation": "insert", "database": database, "table": "t",
              "records": [{"id": i, "text": "x" * 400} for i in range(first, first + 500)]})
    status, _, backup = s.request(body=b'{"operation":"get_backup","database":"%s"}' % database.encode(),
                                  headers={"Content-Type": "application/json", "Authorization": s.authorization()})
    assert status == 200 and len(backup) > 8 * FIRST, (status, len(backup))
    return backup


class Upload(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Neither limit applies to files.
        cls.s = Server(settings=CHEAP_LOGINS + ["operationsApi.network.maxBodySize=400K", "operationsApi.maxRequestMemory=1M"])
        cls.addClassCleanup(cls.s.stop)
        cls.backup = make_backup(cls.s)
        assert len(cls.backup) > 1 << 20

    def setUp(self):
        self.name = self.id().split(".")[-1]

    def left(self, s=None):
        """Files of uploads."""
        return [n for n in os.listdir(os.path.join((s or self.s).root, "database")) if n.startswith(".upload-")]

    def none_left(self, s=None):
        until(lambda: not self.left(s), lambda: "a file is left: %s" % self.left(s))

    def send(self, body, target=None, headers=(), s=None, user=None, unix=False):
        """(status, text)"""
        s = s or self.s
        h = {"Content-Type": "application/octet-stream"}
        if not unix:
            h["Authorization"] = s.authorization(*(user or ()))
        h.update(headers)
        status, _, answer = s.request("POST", target or "/?operation=restore_backup&database=" + self.name, body, h, unix=unix)
        return status, answer.decode()

    def refused(self, expected, pattern, *args, **more):
        status, text = self.send(*args, **more)
        self.assertEqual(status, expected, text)
        self.assertRegex(text, pattern)
        self.none_left()
        self.assertNotIn(self.name, self.s.ok({"operation": "describe_all"}))

    def pieces(self, size):
        return (self.backup[i:i + size] for i in range(0, len(self.backup), size))

    def restored(self, name=None, s=None):
        table = (s or self.s).ok({"operation": "describe_table", "database": name or self.name, "table": "t", "exact_count": True})
        self.assertEqual(table["record_count"], 3000)
        self.none_left(s)

    @contextlib.contextmanager
    def begun(self, *lines, s=None, name=None, authorized=True):
        """A connection on which the header of an upload was sent."""
        s = s or self.s
        with socket.create_connection(("127.0.0.1", s.port), timeout=60) as c:
            head = ["POST /?operation=restore_backup&database=%s HTTP/1.1" % (name or self.name), "Host: x", "Content-Type: application/octet-stream"]
            if authorized:
                head.append("Authorization: " + s.authorization())
            c.sendall("\r\n".join(head + list(lines) + ["", ""]).encode())
            yield c

    def answer(self, c):
        """Everything received until the server closes."""
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while True:
                more = c.recv(65536)
                if not more:
                    break
                got += more
        return got.decode()

    def chunk(self, data):
        return b"%x\r\n%s\r\n" % (len(data), data)

    # ---- what works ----

    def test_whole(self):
        self.assertEqual(self.send(self.backup), (200, '{"message":"database \'test_whole\' successfully restored"}'))
        self.restored()
        self.assertEqual(os.stat(os.path.join(self.s.root, "database", "test_whole.mdb")).st_mode & 0o777, 0o600)

    def test_chunked(self):
        for size in (700, 5000, 100000, len(self.backup)):
            name = "chunked%d" % size
            status, text = self.send(self.pieces(size), "/?operation=restore_backup&database=" + name)
            self.assertEqual(status, 200, text)
            self.restored(name)

    def test_over_the_socket(self):
        status, text = self.send(self.backup, "/?database=a%20b%2Bc+d&operation=restore_backup", unix=True)
        self.assertEqual((status, "'a b+c d' successfully restored" in text), (200, True), text)
        self.restored("a b+c d")

    def test_old_words(self):
        status, text = self.send(self.backup, "/?operation=restore_backup&schema=old_words&unknown=1")
        self.assertEqual(status, 200, text)
        self.restored("old_words")

    def test_connection_goes_on(self):
        import http.client
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.s.port, timeout=60)) as c:
            headers = {"Content-Type": "application/octet-stream", "Authorization": self.s.authorization()}
            for i in range(2):
                for body in (self.backup, self.pieces(30000)):
                    c.request("POST", "/?operation=restore_backup&database=on%d" % i, body, headers)
                    r = c.getresponse()
                    text = r.read()
                    self.assertEqual(r.status, 400 if b"exists" in text else 200, text)
                    if c.sock is None:
                        break
            c.request("POST", "/", b'{"operation":"describe_all"}', dict(headers, **{"Content-Type": "application/json"}))
            self.assertEqual(c.getresponse().status, 200)

    # ---- refused before any of the body is read ----

    def refused_at_once(self, status, pattern, *lines, **more):
        """The body is neither requested nor waited for."""
        for length in ("Content-Length: %d" % len(self.backup), "Transfer-Encoding: chunked"):
            with self.begun(length, "Expect: 100-continue", *lines, **more) as c:
                text = self.answer(c)
            self.assertTrue(text.startswith("HTTP/1.1 %d " % status), text)
            self.assertRegex(text, pattern)
            self.assertEqual(self.left(), [])

    def test_nobody(self):
        self.refused_at_once(401, "Must login", authorized=False)
        self.refused(401, "Login failed", self.backup, user=("admin", "wrong"))
        self.refused(401, "Must login", self.backup, headers={"Authorization": ""})

    @with_users
    def test_without_permission(self):
        self.s.add_role("structural", {"structure_user": True})
        for user, role in (("nemo", None), ("builder", "structural")):
            if not role:
                role = "plain"
                self.s.add_role(role)
            self.s.add_user(user, role)
            self.refused(403, "not authorized", self.backup, user=(user, PASSWORD))
            self.refused_at_once(403, "not authorized", "Authorization: " + self.s.authorization(user, PASSWORD), authorized=False)

    def test_larger_than_the_disk(self):
        with self.begun("Content-Length: %d" % 10 ** 17, "Expect: 100-continue") as c:
            text = self.answer(c)
        self.assertTrue(text.startswith("HTTP/1.1 507 "), text)
        self.assertIn("there is room for", text)
        self.assertEqual(self.left(), [])

    def test_wrong_requests(self):
        to = "/?operation=restore_backup&database=x"
        for target, headers, status, pattern in (
                ("/", {}, 415, "Unsupported Media Type: application/octet-stream"),
                ("/?database=x", {}, 415, "Unsupported Media Type"),
                ("/?operation", {}, 400, "Operation '' not found"),
                ("/?operation=nothing", {}, 400, "'nothing' not found"),
                ("/?operation=insert&database=dev&table=t", {}, 415, "'insert' does not take a file"),
                ("/?operation=restore_backup", {}, 400, "'database' is required"),
                (to + "%2Fy", {}, 400, "'database' names cannot include"),
                (to + "%00", {}, 400, "'database' names cannot include"),
                (to + "%ff", {}, 400, "not UTF-8"),
                (to + "&database=y", {}, 400, "twice"),
                (to + "&path=%2Fetc%2Fpasswd", {}, 400, "'path' is the body"),
                (to, {"Content-Encoding": "gzip"}, 415, "Content-Encoding"),
                ("/x?operation=restore_backup&database=x", {}, 404, "Not found")):
            for body in (self.backup[:200000], self.pieces(50000)):
                with self.subTest(target, chunked=not isinstance(body, bytes)):
                    self.refused(status, pattern, body, target, headers)
        # For other bodies the query string is ignored.
        status, body = self.s.call({"operation": "describe_all"})
        got = self.s.request("POST", to, b'{"operation":"describe_all"}',
                             {"Content-Type": "application/json", "Authorization": self.s.authorization()})
        self.assertEqual(got[0], 200)

    # ---- refused after it has begun ----

    def test_no_backup(self):
        for body in (b"", b"x" * 100, b"x" * (4 * FIRST), bytes(len(self.backup))):
            self.refused(400, "the uploaded file: the file is", body)
        # The rest is not waited for.
        with self.begun("Transfer-Encoding: chunked") as c:
            c.sendall(self.chunk(b"x" * FIRST))
            text = self.answer(c)
        self.assertTrue(text.startswith("HTTP/1.1 400 "), text)
        self.none_left()

    def test_cut_off(self):
        for size in (10000, FIRST, FIRST + 1, len(self.backup) // 2, len(self.backup) - 1):
            self.refused(400, "cut off|missing", self.backup[:size])
            self.refused(400, "cut off|missing", iter([self.backup[:size]]))

    def test_damaged(self):
        bad = bytearray(self.backup)
        bad[20 * 4096:40 * 4096] = os.urandom(20 * 4096)
        self.refused(400, "cannot restore the uploaded file: the file is damaged: page", bytes(bad))

    def test_exists(self):
        status, text = self.send(self.backup, "/?operation=restore_backup&database=dev")
        self.assertEqual((status, "'dev' already exists" in text), (400, True), text)
        self.none_left()

    def test_backup_of_the_users(self):
        backup = self.s.request(body=b'{"operation":"get_backup","database":"system"}',
                                headers={"Content-Type": "application/json", "Authorization": self.s.authorization()})[2]
        self.refused(403, "'system' cannot be restored", backup)

    def test_two_at_once(self):
        with self.begun("Content-Length: %d" % len(self.backup)) as c:
            c.sendall(self.backup[:3 * FIRST])
            until(self.left, "nothing is written")
            until(lambda: self.send(self.backup)[0] == 503, "a second upload is accepted")
            self.assertIn("a restore of database 'test_two_at_once' is in progress", self.send(self.backup)[1])
            c.sendall(self.backup[3 * FIRST:])
            got = c.recv(65536).decode()
            self.assertIn("successfully restored", got)
        self.restored()

    @with_users
    def test_user_is_dropped_meanwhile(self):
        self.s.add_role("chief", {"super_user": True})
        self.s.add_user("cleo", "chief")
        with self.begun("Content-Length: %d" % len(self.backup), "Authorization: " + self.s.authorization("cleo", PASSWORD), authorized=False) as c:
            c.sendall(self.backup[:-1])
            until(self.left, "nothing is written")
            self.s.ok({"operation": "drop_user", "username": "cleo"})
            c.sendall(self.backup[-1:])
            got = c.recv(65536).decode()
        self.assertTrue(got.startswith("HTTP/1.1 401 "), got)
        self.none_left()
        self.assertNotIn(self.name, self.s.ok({"operation": "describe_all"}))

    # ---- interrupted midway ----

    def test_client_goes(self):
        for lines, data in ((["Content-Length: %d" % len(self.backup)], self.backup[:4 * FIRST]),
                            (["Transfer-Encoding: chunked"], self.chunk(self.backup[:4 * FIRST]))):
            with self.begun(*lines) as c:
                c.sendall(data)
                until(self.left, "nothing is written")
            self.none_left()
        self.assertEqual(self.send(self.backup)[0], 200)
        self.restored()

    def test_idle_connection_is_closed(self):
        with Server(settings=["operationsApi.network.timeout=1s"]) as s:
            with self.begun("Content-Length: %d" % len(self.backup), s=s) as c:
                c.sendall(self.backup[:2 * FIRST])
                until(lambda: self.left(s), "nothing is written")
                self.answer(c)
            self.none_left(s)
            self.assertEqual(self.send(self.backup, s=s)[0], 200)

    def test_slow_one_is_not_cut(self):
        """It may be silent for as long as others may take for the whole body."""
        limit = 5 if EMULATOR else 2
        with Server(settings=["operationsApi.network.timeout=%ds" % limit]) as s:
            with self.begun("Content-Length: %d" % len(self.backup), "Connection: close", s=s) as c:
                step, began = len(self.backup) // 40 + 1, time.monotonic()
                for i in range(0, len(self.backup), step):
                    c.sendall(self.backup[i:i + step])
                    time.sleep(limit / 20) # the test needs a slow sender
                self.assertGreater(time.monotonic() - began, limit)
                self.assertIn("successfully restored", self.answer(c))
            self.restored(s=s)

    def test_server_ends(self):
        for end in (signal.SIGKILL, signal.SIGTERM):
            s = Server()
            try:
                with self.begun("Content-Length: %d" % len(self.backup), s=s) as c:
                    c.sendall(self.backup[:4 * FIRST])
                    until(lambda: self.left(s), "nothing is written")
                    s.process.send_signal(end)
                    s.process.wait(60)
                if end == signal.SIGTERM:
                    self.assertEqual((s.process.returncode, self.left(s)), (0, []))
                s.output.close()
                s.start()
                self.assertEqual(self.left(s), [])
                self.assertNotIn(self.name, s.ok({"operation": "describe_all"}))
                self.assertEqual(self.send(self.backup, s=s)[0], 200)
                self.restored(s=s)
            finally:
                s.stop()

    def test_many_at_once(self):
        """They wait without occupying a thread each."""
        with contextlib.ExitStack() as stack:
            senders = [stack.enter_context(self.begun("Content-Length: %d" % len(self.backup), name="many%d" % i)) for i in range(40)]
            for c in senders:
                c.sendall(self.backup[:2 * FIRST])
            until(lambda: len(self.left()) == len(senders), lambda: "%d are written" % len(self.left()))
            self.assertEqual(self.send(self.backup)[0], 200)
        self.restored()


if __name__ == "__main__":
    unittest.main()
