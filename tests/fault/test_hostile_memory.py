# SPDX-License-Identifier: Apache-2.0
"""Clients that try to use up all memory: large arrays, bodies that are never completed, sorted results that are not read; from
clients without credentials, users without permissions, and users with them. Others are served meanwhile, and the memory is freed.
"""
import contextlib, http.client, json, os, socket, sys, threading, time, unittest

from faults import HAS_PROC, Server, create, insert, until
import lyre_server

SANITIZED = bool(os.environ.get("CK_FORK"))  # they need far more memory than there may be here
KIB, MIB = 1 << 10, 1 << 20
LIMIT = 512 * MIB


def setUpModule():
    lyre_server.need_module("users")


@unittest.skipIf(SANITIZED or not HAS_PROC, "needs /proc, and an allocator that a limit holds for")
class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(start=False, settings=["storage.mapSize=8M", "operationsApi.network.maxConnections=200", "threads=2",
                                              "logging.auditLog=false"] + lyre_server.CHEAP_LOGINS)
        cls.addClassCleanup(cls.s.stop)
        limited = os.path.join(cls.s.root, "limited")
        with open(limited, "w") as f:
            f.write('#!/bin/sh\nulimit -d %d\nexec "%s" "$@"\n' % (LIMIT // KIB, os.path.realpath(lyre_server.LYRED)))
        os.chmod(limited, 0o755)
        whole, lyre_server.LYRED = lyre_server.LYRED, limited
        try:
            cls.s.start()
        finally:
            lyre_server.LYRED = whole
        create(cls.s)
        for part in range(0, 20000, 4000):
            status, body = insert(cls.s, [{"id": i, "text": "%06d%s" % (i * 7919 % 1000003, "x" * 200)} for i in range(part, part + 4000)])
            assert status == 200, body
        cls.s.add_role("nothing")
        cls.s.add_user("mallory", "nothing")
        cls.admin = cls.s.authorization()
        cls.user = cls.s.authorization("mallory", lyre_server.PASSWORD)

    def memory(self, name="RssAnon"):
        with open("/proc/%d/status" % self.s.process.pid) as f:
            return next(int(line.split()[1]) * KIB for line in f if line.startswith(name + ":"))

    def connect(self):
        c = socket.create_connection(("127.0.0.1", self.s.port), timeout=60)
        self.addCleanup(c.close)
        return c

    @staticmethod
    def head(length, authorization=None):
        more = "Authorization: %s\r\n" % authorization if authorization else ""
        return ("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (more, length)).encode()

    def status_of(self, body, authorization=None):
        """The answer to a request, as far as it arrives: the server may refuse it before reading everything."""
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.s.port), timeout=60)) as c:
            with contextlib.suppress(ConnectionError):
                c.sendall(self.head(len(body), authorization) + body)
            try:
                r = http.client.HTTPResponse(c)
                r.begin()
                r.read()
                return r.status, r.headers
            except (ConnectionError, http.client.HTTPException):
                return 0, {}

    @staticmethod
    def array(size, member="records"):
        return b'{"operation":"insert","database":"dev","table":"t","%s":[' % member.encode() + b"0," * (size // 2) + b"0]}"

    def check_served(self, i):
        search = {"operation": "search_by_id", "database": "dev", "table": "t", "ids": [i], "get_attributes": ["id"]}
        self.assertEqual(self.s.call(search), (200, [{"id": i}]))
        status, body = insert(self.s, [{"id": 100000 + i, "text": "new"}])
        self.assertEqual(status, 200, body)

    def send_all(self, stop, answers, *request):
        while not stop.is_set():
            answers.append(self.status_of(*request)[0])

    def test_others_are_served(self):
        self.check_served(0)
        before = self.memory()
        stop, answers = threading.Event(), {}
        kinds = {
            "strangers": (self.array(100 * KIB),),
            "who may do nothing": (self.array(4 * MIB), self.user),
            "unknown parameter": (self.array(4 * MIB, "pad"), self.admin),
            "who may": (self.array(12 * MIB), self.admin),
        }
        threads = [threading.Thread(target=self.send_all, args=(stop, answers.setdefault(kind, [])) + request)
                   for kind, request in kinds.items() for _ in range(3)]
        sort = json.dumps({"operation": "search_by_conditions", "database": "dev", "table": "t", "get_attributes": ["*"], "sort": {"attribute": "text"},
                           "conditions": [{"attribute": "id", "comparator": "greater_than", "value": -1}]}).encode()
        for _ in range(16):  # these never read
            self.connect().sendall(self.head(len(sort), self.admin) + sort)
        held = []
        for authorization, size in [(self.admin, 20 * MIB)] * 12 + [(None, 200 * KIB)] * 10:  # these never finish
            held.append(self.connect())
            with contextlib.suppress(OSError):
                held[-1].settimeout(1)
                held[-1].sendall(self.head(size, authorization) + b"[" + b"0," * (size // 3))
        for t in threads:
            t.start()
        try:
            for i in range(25):
                self.check_served(i)
                time.sleep(0.02)
            until(lambda: all(answers.values()), "some got no answer")
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertIsNone(self.s.process.poll())
        if os.environ.get("VERBOSE"):
            print({k: {a: v.count(a) for a in sorted(set(v))} for k, v in answers.items()}, file=sys.stderr)
            print("peak %d MiB, before %d MiB" % (self.memory("VmHWM") // MIB, before // MIB), file=sys.stderr)
        for kind, expected in (("strangers", {401, 503}), ("who may do nothing", {403, 503, 0}), ("who may", {413, 503, 0})):
            self.assertLessEqual(set(answers[kind]), expected, kind)
        self.assertLess(self.memory("VmHWM"), 300 * MIB)
        self.doCleanups()
        until(lambda: self.memory() < before + 24 * MIB, lambda: "%d KiB, were %d" % (self.memory() // KIB, before // KIB))
        self.check_served(61)

    def test_large_and_too_many_requests(self):
        status, headers = self.status_of(self.array(30 * MIB), self.admin)
        self.assertEqual((status, headers.get("Retry-After")), (413, None))
        with contextlib.ExitStack() as all_:
            for _ in range(8):
                c = all_.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", self.s.port), timeout=1)))
                with contextlib.suppress(OSError):
                    c.sendall(self.head(20 * MIB, self.admin) + b"[" + b"0," * (9 * MIB))
            until(lambda: self.status_of(self.array(20 * MIB), self.admin)[0] == 503, "there is still memory for another")
            status, headers = self.status_of(self.array(20 * MIB), self.admin)
            self.assertEqual(status, 503)
            self.assertGreater(int(headers["Retry-After"]), 0)
            self.check_served(70)
        until(lambda: self.status_of(b'{"operation":"insert","database":"dev","table":"t","records":[{"id":1,"text":"' + b"x" * (10 * MIB) + b'"}]}',
                                     self.admin)[0] == 200, "the memory does not come back")


if __name__ == "__main__":
    unittest.main(verbosity=2)
