# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, misbehave, are many, or disconnect: they cost little, do not affect others, and leave nothing behind.

CLIENTS_IDLE: number of idle connections (10000, or as many as descriptors allow). CLIENTS_RESULT: MiB of the result that
is read slowly (48). CLIENTS_RATE: MiB per second at which it is read (16).
"""
import base64, contextlib, gzip, http.client, json, os, socket, struct, sys, threading, time, unittest

from faults import CHEAP_LOGINS, HAS_PROC, Server, create, feature, insert, open_files, raise_descriptors, until, uses_musl

IDLE = int(os.environ.get("CLIENTS_IDLE", "10000"))
RESULT = int(os.environ.get("CLIENTS_RESULT", "48"))
RATE = int(os.environ.get("CLIENTS_RATE", "16"))
LISTENERS = 2  # sockets: TCP and domain
SANITIZED = bool(os.environ.get("CK_FORK"))  # their memory is not the server's
KIB, MIB = 1 << 10, 1 << 20


def receive(c):
    """One complete answer: (status, body)."""
    r = http.client.HTTPResponse(c)
    r.begin()
    return r.status, r.read()


def reset(c):
    """Closes with a reset, like a killed client."""
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()


@unittest.skipUnless(HAS_PROC, "needs /proc")
class Clients(unittest.TestCase):
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.descriptors = raise_descriptors(IDLE + 500)
        cls.s = Server(settings=["operationsApi.network.maxConnections=%d" % (IDLE + 200), "logging.auditLog=false"] + list(cls.settings))
        create(cls.s)
        insert(cls.s, [{"id": i, "text": "t%d" % i} for i in range(100)])
        for _ in range(3):
            cls.check_served(cls)

    @classmethod
    def tearDownClass(cls):
        said = cls.s.said()
        cls.s.stop()
        for trouble in ("wait for their answers", "[error]", "[fatal]"):
            if trouble in said:
                raise AssertionError(said[-4000:])

    def setUp(self):
        self.threads_before = self.status("Threads")
        self.memory_before = self.memory()

    def tearDown(self):
        self.check_left()
        self.check_served()

    def check_left(self):
        """All connections are gone."""
        until(lambda: self.sockets() == LISTENERS, lambda: "%d sockets, were %d" % (self.sockets(), LISTENERS))
        self.check_threads()

    def check_threads(self):
        # Writers of databases start and end.
        self.assertLessEqual(self.status("Threads"), self.threads_before + 4)

    def status(self, name):
        with open("/proc/%d/status" % self.s.process.pid) as f:
            for line in f:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
        raise AssertionError(name)

    def memory(self):
        """Bytes of memory that does not belong to files."""
        return self.status("RssAnon") * KIB

    def sockets(self):
        return sum(name.startswith("socket:") for _, name in open_files(self.s.process.pid))

    def check_memory(self, grown, most, what):
        if not SANITIZED:
            self.assertLess(grown, most, what)

    def check_served(self, i=42):
        rows = self.s.ok({"operation": "search_by_id", "database": "dev", "table": "t", "ids": [i], "get_attributes": ["id", "text"]})
        if rows != [{"id": i, "text": "t%d" % i}]:
            raise AssertionError(rows)

    def connect(self, number=0, buffer=None):
        """number: one of many, which would run out of ports from one address."""
        c = socket.socket()
        c.settimeout(60)
        if buffer:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        c.bind(("127.0.0.%d" % (1 + number % 8), 0))
        c.connect(("127.0.0.1", self.s.port))
        return c

    def head(self, length=None, auth=True, password=None, more=()):
        lines = ["POST / HTTP/1.1", "Host: x", "Content-Type: application/json"]
        if auth:
            lines.append("Authorization: " + self.s.authorization(password=password))
        lines.append("Transfer-Encoding: chunked" if length is None else "Content-Length: %d" % length)
        return ("\r\n".join(lines + list(more)) + "\r\n\r\n").encode()

    def raw(self, operation, **more):
        body = json.dumps(operation).encode()
        return self.head(len(body), **more) + body

    def search(self, i):
        return self.raw({"operation": "search_by_id", "database": "dev", "table": "t", "ids": [i], "get_attributes": ["text"]})

    @staticmethod
    def answer_of(i):
        return 200, b'[{"text":"t%d"}]' % i


class Patience(Clients):
    def test_slow_senders(self):
        """A byte at a time in the headers and in the body."""
        count = 60
        with contextlib.ExitStack() as all_:
            clients = [(i, all_.enter_context(contextlib.closing(self.connect()))) for i in range(count)]
            raws = [self.search(i) for i in range(count)]
            at = [raw.index(b"\r\n\r\n") + 8 if i % 2 else 0 for i, raw in enumerate(raws)]
            for i, c in clients:
                c.sendall(raws[i][:at[i]])
            for turn in range(25):
                for i, c in clients:
                    c.sendall(raws[i][at[i] + turn:at[i] + turn + 1])
                self.check_served(turn)
            self.check_memory(self.memory() - self.memory_before, count * 100 * KIB + MIB, "memory of slow senders")
            for i, c in clients:
                if i % 3:
                    c.sendall(raws[i][at[i] + 25:])
            for i, c in clients:
                if i % 3:
                    self.assertEqual(receive(c), self.answer_of(i))

    def test_half_closed(self):
        for i in range(40):
            with contextlib.closing(self.connect()) as c:
                c.sendall(self.search(i))
                c.shutdown(socket.SHUT_WR)
                self.assertEqual(receive(c), self.answer_of(i))

    def test_half_closed_amid(self):
        for cut in (0, 10, 40, -5):
            with contextlib.ExitStack() as all_:
                clients = [all_.enter_context(contextlib.closing(self.connect())) for _ in range(40)]
                for i, c in enumerate(clients):
                    c.sendall(self.search(i)[:cut])
                    c.shutdown(socket.SHUT_WR)
                for c in clients:
                    self.assertNotIn(b"200 OK", c.recv(1000))

    def test_pipelining(self):
        count = 600
        with contextlib.closing(self.connect()) as c:
            sender = threading.Thread(target=c.sendall, args=(b"".join(self.search(i % 100) for i in range(count)),))
            sender.start()
            with c.makefile("rb") as f:
                for i in range(count):
                    self.assertIn(b" 200 ", f.readline())
                    length = None
                    while (line := f.readline()) not in (b"\r\n", b""):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    self.assertEqual((200, f.read(length)), self.answer_of(i % 100))
            sender.join()

    def test_disconnects(self):
        search = self.search(7)
        body_at = search.index(b"\r\n\r\n") + 4
        write = self.raw({"operation": "upsert", "database": "dev", "table": "t", "records": [{"id": "w", "text": "w" * 1000}]})
        large = self.head(MIB, password="not remembered")
        stream = self.raw({"operation": "search_by_conditions", "database": "dev", "table": "wide", "get_attributes": ["*"],
                           "conditions": [{"attribute": "id", "comparator": "not_equal", "value": -1}]})
        create(self.s, table="wide")
        for i in range(8):
            insert(self.s, [{"id": i * 100 + j, "text": "x" * 10000} for j in range(100)], table="wide")

        def leave(close, raw, wait=0, read=0):
            c = self.connect(buffer=64 * KIB)
            c.sendall(raw)
            time.sleep(wait)
            while read > 0:
                read -= len(c.recv(read))
            close(c)

        for _ in range(10):
            for close in (reset, socket.socket.close):
                leave(close, b"")
                leave(close, b"POST / HTTP/1.1\r\n")
                leave(close, search[:60])
                leave(close, search[:body_at])
                leave(close, search[:body_at + 5])
                leave(close, self.head(MIB) + b"x" * 1000)
                leave(close, self.head(None) + b"1000\r\nxx")
                leave(close, search)
                leave(close, write)
                leave(close, write, wait=0.001)
                leave(close, large)
                leave(close, large, wait=0.01)
                leave(close, stream, read=200 * KIB)
                leave(close, stream)
            self.check_served()
        self.check_left()
        self.check_memory(self.memory() - self.memory_before, 12 * MIB, "memory after disconnects")


class Idle(Clients):
    def test_idle_connections(self):
        count = min(IDLE, self.descriptors - 200)
        if count < IDLE:
            print("%d idle connections only: no more descriptors may be had" % count, file=sys.stderr)
        request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        clients = []
        try:
            for i in range(count):
                clients.append(self.connect(i))
            until(lambda: self.sockets() >= LISTENERS + count, lambda: "%d sockets" % self.sockets())
            fresh = self.memory() - self.memory_before
            for c in clients:
                c.sendall(request)
            for c in clients:
                self.assertEqual(receive(c), (200, b"HarperDB is running."))
            used = self.memory() - self.memory_before
            if os.environ.get("VERBOSE"):
                print("%d connections: %d bytes each, %d after a request" % (count, fresh // count, used // count), file=sys.stderr)
            for i in range(50):
                self.check_served(i)
            self.check_threads()
            # libmicrohttpd clears the memory of a connection after each request: all of it is touched then.
            # musl touches both ends of a block, which are on two pages.
            self.check_memory(fresh, count * (10 if uses_musl() else 8) * KIB + MIB, "memory of connections without a request")
            self.check_memory(used, count * 40 * KIB + MIB, "memory of idle connections")
        finally:
            for c in clients:
                c.close()
        self.check_left()
        if not SANITIZED:
            until(lambda: self.memory() - self.memory_before < count * 2 * KIB + 4 * MIB,
                       lambda: "%d KiB more after %d connections" % ((self.memory() - self.memory_before) // KIB, count))


class Bodies(Clients):
    settings = ("operationsApi.network.maxBodySize=4M", "operationsApi.maxMemory=20M", "operationsApi.maxRequestMemory=10M")
    UNKNOWN = (400, b'{"error":"Operation \'nope\' not found"}')

    @staticmethod
    def body(size):
        text = b'{"operation":"nope","pad":"'
        return text + b"x" * (size - len(text) - 2) + b'"}'

    @staticmethod
    def chunks(body, size=100000):
        out = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size))
        return out + b"0\r\n\r\n"

    def exchange(self, raw):
        with contextlib.closing(self.connect()) as c:
            with contextlib.suppress(ConnectionError):
                c.sendall(raw)
            return receive(c)

    def test_over_the_limit(self):
        error = b'{"error":"Request body is too large"}'
        self.assertEqual(self.exchange(self.head(4 * MIB + 1)), (413, error))
        self.assertEqual(self.exchange(self.head(None) + self.chunks(self.body(4 * MIB + 1))), (413, error))
        self.assertEqual(self.exchange(self.head(4 * MIB) + self.body(4 * MIB)), self.UNKNOWN)

    def test_deep_and_huge(self):
        for text in (b"[" * 3000000, b'{"a":' * 600000, b'{"operation":"nope","a":' + b"[" * 100000 + b"]" * 100000 + b"}"):
            status, _ = self.exchange(self.head(len(text)) + text)
            self.assertEqual(status, 400)
            self.check_served()
        text = b'{"operation":"nope","a":[' + b",".join([b"0"] * 500000) + b"]}"
        for _ in range(3): # the previous request's memory may be freed shortly after its answer
            until(lambda: self.exchange(self.head(len(text)) + text) == self.UNKNOWN, "it is not decoded")
        if not SANITIZED:
            until(lambda: self.memory() - self.memory_before < 8 * MIB, lambda: "%d bytes" % (self.memory() - self.memory_before))

    def test_budget(self):
        size, error = 3500000, b'{"error":"Too many request bodies at once"}'
        begin = len(self.s.said())
        with contextlib.ExitStack() as all_:
            holders = [all_.enter_context(contextlib.closing(self.connect())) for _ in range(2)]
            for c in holders:
                c.sendall(self.head(size) + self.body(size)[:-1])
            # Once their data is read, there is no room for another.
            until(lambda: self.exchange(self.head(size, auth=False))[0] == 503, "the budget is not used up")
            for _ in range(5):
                self.assertEqual(self.exchange(self.head(size)), (503, error))
                self.assertEqual(self.exchange(self.head(None) + self.chunks(self.body(size))), (503, error))
            self.check_served()
            self.assertEqual(self.s.said()[begin:].count("operationsApi.maxMemory"), 1)
            holders[0].sendall(b"}")
            self.assertEqual(receive(holders[0]), self.UNKNOWN)
            # Its memory may be freed shortly after its answer.
            until(lambda: self.exchange(self.head(size) + self.body(size)) == self.UNKNOWN, "its part is not freed")
        # The one that disconnected midway has freed its part too.
        self.check_left()
        with contextlib.ExitStack() as all_:
            holders = [all_.enter_context(contextlib.closing(self.connect())) for _ in range(2)]
            for c in holders:
                c.sendall(self.head(size) + self.body(size))
            for c in holders:
                self.assertEqual(receive(c), self.UNKNOWN)

class Strangers(Bodies):
    """Credentials are checked for each request: a large body waits for that."""
    settings = ("authentication.cacheTTL=0",)
    test_over_the_limit = test_deep_and_huge = test_budget = None

    def test_strangers(self):
        """Clients with no credentials or wrong ones are refused before they have sent a large body."""
        must, failed = b'{"error":"Must login"}', b'{"error":"Login failed"}'
        self.assertEqual(self.exchange(self.head(MIB, auth=False)), (401, must))
        self.assertEqual(self.exchange(self.head(None, auth=False) + self.chunks(self.body(MIB))), (401, must))
        self.assertEqual(self.exchange(self.head(MIB, auth=False).replace(b"POST / ", b"POST /nope ")), (404, b"Not found\n"))
        self.assertEqual(self.exchange(self.head(MIB, password="wrong")), (401, failed))
        self.assertEqual(self.exchange(self.head(MIB, password="wrong") + self.body(MIB)), (401, failed))
        self.assertEqual(self.exchange(self.head(None, password="wrong") + self.chunks(self.body(MIB))), (401, failed))
        self.assertEqual(self.exchange(self.head(MIB) + self.body(MIB)), self.UNKNOWN)
        self.assertEqual(self.exchange(self.head(None) + self.chunks(self.body(MIB))), self.UNKNOWN)
        self.assertEqual(self.exchange(self.head(None) + self.chunks(self.body(MIB), 10)), self.UNKNOWN)
        # Small bodies are read, as they may contain credentials, and the connection stays.
        with contextlib.closing(self.connect()) as c:
            for size in (100, 200 * KIB):
                c.sendall(self.head(size, auth=False) + self.body(size))
                self.assertEqual(receive(c), (401, must))
            user, password = self.s.admin
            text = json.dumps({"operation": "nope", "username": user, "password": password, "pad": "x" * 100000}).encode()
            c.sendall(self.head(len(text), auth=False) + text)
            self.assertEqual(receive(c), self.UNKNOWN)

    def test_expect_continue(self):
        with contextlib.closing(self.connect()) as c:
            c.sendall(self.head(MIB, more=["Expect: 100-continue"]))
            self.assertEqual(c.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            c.sendall(self.body(MIB))
            self.assertEqual(receive(c), self.UNKNOWN)
            c.sendall(self.head(MIB, auth=False, more=["Expect: 100-continue"]))
            self.assertEqual(receive(c)[0], 401)

    def test_trusted(self):
        c = socket.socket(socket.AF_UNIX)
        with contextlib.closing(c):
            c.settimeout(60)
            c.connect(self.s.socket_path)
            c.sendall(self.head(MIB, auth=False) + self.body(MIB))
            self.assertEqual(receive(c), self.UNKNOWN)


class Crowd(Bodies):
    """Clients that do not sign in hold all the memory that they may, on a small server."""
    settings = ("operationsApi.maxMemory=8M", "authentication.cacheTTL=0", *CHEAP_LOGINS)
    SIZE = 200000
    test_over_the_limit = test_deep_and_huge = test_budget = None

    def setUp(self):
        super().setUp()
        self.crowd = contextlib.ExitStack()
        error = b'{"error":"Too many request bodies at once"}'
        def refused():
            """Whether another is refused. One by one, since many at once can refuse each other and leave room."""
            c = self.crowd.enter_context(contextlib.closing(self.connect()))
            with contextlib.suppress(ConnectionError): # if there is no memory for it
                c.sendall(self.head(self.SIZE, auth=False) + self.body(self.SIZE)[:-1])
            return self.exchange(self.head(self.SIZE, auth=False) + self.body(self.SIZE)) == (503, error)
        until(refused, "the memory is not used up")

    def tearDown(self):
        self.crowd.close()
        super().tearDown()

    def test_those_who_sign_in_are_served(self):
        body = self.body(self.SIZE)
        packed = gzip.compress(body)
        gzipped = self.head(len(packed), more=["Content-Encoding: gzip"]) + packed
        for name, raw in (("length", self.head(len(body)) + body), ("chunks", self.head(None) + self.chunks(body)),
                          ("small chunks", self.head(None) + self.chunks(body, 1000)), ("compressed", gzipped)):
            if name == "compressed" and not feature("HAVE_ZLIB"):
                continue
            with self.subTest(name):
                self.assertEqual(self.exchange(raw), self.UNKNOWN)
        self.check_served()

    def test_credentials_in_a_small_body_are_read(self):
        user = dict(zip(("username", "password"), self.s.admin))
        self.assertEqual(self.exchange(self.raw({"operation": "nope", **user}, auth=False)), self.UNKNOWN)
        self.assertEqual(self.exchange(self.raw({"operation": "nope", **user}, auth=False, more=["Cookie: a=b"])), self.UNKNOWN)

    def test_wrong_credentials_take_nothing(self):
        body, failed = self.body(self.SIZE), (401, b'{"error":"Login failed"}')
        self.assertEqual(self.exchange(self.head(len(body), password="wrong")), failed)
        self.assertEqual(self.exchange(self.head(None, password="wrong") + self.chunks(body)), failed)


class Named(Bodies):
    """A header that may tell who asks, but does not."""
    test_over_the_limit = test_deep_and_huge = test_budget = None

    def test_credentials_in_the_body(self):
        more = ["Cookie: a=b"]
        def body(size):
            user = json.dumps(dict(zip(("username", "password"), self.s.admin))).encode()
            return user[:-1] + b"," + self.body(size - len(user))[1:]
        for size in (100000, 250000):
            sent = body(size)
            self.assertEqual(self.exchange(self.head(len(sent), auth=False, more=more) + sent), self.UNKNOWN)
            self.assertEqual(self.exchange(self.head(None, auth=False, more=more) + self.chunks(sent)), self.UNKNOWN)
        gzipped = [["Content-Encoding: gzip"], more + ["Content-Encoding: gzip"]] if feature("HAVE_ZLIB") else []
        for header in (more, *gzipped):
            self.assertEqual(self.exchange(self.head(MIB, auth=False, more=header)), (401, b'{"error":"Must login"}'), header)
        error = (413, b'{"error":"Request body is too large"}')
        self.assertEqual(self.exchange(self.head(None, auth=False, more=more) + self.chunks(body(MIB))), error)


class SlowReader(Clients):
    settings = ("operationsApi.network.timeout=3600s",)

    def file_size(self):
        return os.path.getsize(os.path.join(self.s.root, "database", "big.mdb"))

    def test_large_result(self):
        """It needs little memory and pins nothing: pages that the writer frees are reused."""
        text = "x" * 16000
        create(self.s, database="big")
        for i in range(RESULT):
            status, body = insert(self.s, [{"id": i * 64 + j, "text": text} for j in range(64)], database="big")
            self.assertEqual(status, 200, body)
        create(self.s, table="busy", database="big")

        def update(n):
            status, body = self.s.call({"operation": "upsert", "database": "big", "table": "busy", "records": [{"id": 1, "n": n, "text": text}]})
            self.assertEqual(status, 200, body)

        for n in range(50):
            update(n)
        memory, size, grown, updates = self.memory(), self.file_size(), 0, 0
        request = self.raw({"operation": "search_by_conditions", "database": "big", "table": "t", "get_attributes": ["*"],
                            "conditions": [{"attribute": "id", "comparator": "greater_than_equal", "value": 0}]})
        with contextlib.closing(self.connect(buffer=64 * KIB)) as c:
            c.sendall(request)
            r = http.client.HTTPResponse(c)
            r.begin()
            self.assertEqual(r.status, 200)
            begin, got, rows = time.monotonic(), 0, 0
            while piece := r.read1(64 * KIB):
                rows += piece.count(b'"id"')
                got += len(piece)
                if got % MIB < len(piece):
                    for _ in range(max(1, 1000 // RESULT)):
                        update(updates)
                        updates += 1
                    grown = max(grown, self.memory() - memory)
                time.sleep(max(0, begin + got / MIB / RATE - time.monotonic()))
        self.assertGreater(got, RESULT * 64 * len(text))
        # A name may be split by the end of a piece: those are few.
        self.assertGreater(rows, RESULT * 64 * 0.9)
        if os.environ.get("VERBOSE"):
            print("%d MiB in %.0f s: %d KiB more memory, file %d KiB larger after %d updates" % (got // MIB, time.monotonic() - begin,
                  grown // KIB, (self.file_size() - size) // KIB, updates), file=sys.stderr)
        self.check_memory(grown, 2 * MIB, "memory of a slow reader")
        # Each update frees at least five pages: with a pinned snapshot it would use new ones.
        self.assertLess(self.file_size() - size, updates * 5 * 4096 / 2)


if __name__ == "__main__":
    unittest.main()
