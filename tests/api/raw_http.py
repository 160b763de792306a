# SPDX-License-Identifier: Apache-2.0
"""HTTP written byte by byte, and its answers."""
import base64, contextlib, re, socket, unittest

from lyre_server import PATIENCE, Server

BODY = b'{"operation":"nope"}'
ANSWER = b'{"error":"Operation \'nope\' not found"}'
HOST = b"Host: localhost\r\n"
POST = b"POST / HTTP/1.1\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"a\r\n" + BODY[:10] + b"\r\na\r\n" + BODY[10:] + b"\r\n0\r\n\r\n"
LAST_REQUEST = b"GET /last HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
CLOSES = re.compile(rb"\r\nConnection: close\r\n", re.I)
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"


class Answer:
    """One HTTP answer, taken from the start of the bytes."""

    def __init__(self, data, head_only=False):
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        m = re.fullmatch(rb"HTTP/1\.1 (\d\d\d) .+", lines[0])
        if not m:
            raise AssertionError("not an answer: %r" % data[:200])
        self.status = int(m.group(1))
        self.head = head
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b": ")
            self.headers.setdefault(name.decode().lower(), []).append(value.decode("latin-1"))
        if head_only or self.status < 200:
            self.body, self.rest = b"", rest
        elif self.header("transfer-encoding") == "chunked":
            self.body, self.rest = self.unchunk(rest)
        elif self.header("content-length") is not None:
            n = int(self.header("content-length"))
            self.body, self.rest = rest[:n], rest[n:]
        else:
            self.body, self.rest = rest, b""

    @staticmethod
    def unchunk(data):
        body = b""
        while True:
            size, _, data = data.partition(b"\r\n")
            n = int(size, 16)
            body, data = body + data[:n], data[n + 2:]
            if n == 0:
                return body, data

    def header(self, name):
        values = self.headers.get(name)
        return values[0] if values else None


class Framing(unittest.TestCase):
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=cls.settings)
        pair = "%s:%s" % tuple(cls.s.admin)
        cls.auth = b"Authorization: Basic " + base64.b64encode(pair.encode()) + b"\r\nContent-Type: application/json\r\n"

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def connect(self, unix=False):
        if not unix:
            return socket.create_connection(("127.0.0.1", self.s.port), timeout=20 * PATIENCE)
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(20 * PATIENCE)
        c.connect(self.s.socket_path)
        return c

    def talk(self, raw, half_close=False, unix=False, goes_on=False):
        """Sends, and reads until the server closes. (all bytes, whether it did)

        goes_on: the server may keep the connection open; then one more request, whose answer is not returned, asks it to close."""
        with contextlib.closing(self.connect(unix)) as c:
            try:
                c.sendall(raw)
                if half_close:
                    c.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while we were sending: only the answer matters
            data, asked = b"", False
            while True:
                ask = goes_on and data and not asked and not CLOSES.search(data)
                c.settimeout(0.02 if ask else 20 * PATIENCE)
                try:
                    piece = c.recv(1 << 16)
                    if not piece:
                        break
                    data += piece
                except socket.timeout:
                    if not ask:
                        return data, False
                    with contextlib.suppress(OSError):
                        c.sendall(LAST_REQUEST)
                    asked = True
                except ConnectionError:
                    break
            last = data.rfind(b"HTTP/1.1 404 ")
            if asked and last >= 0 and CLOSES.search(data, last):
                return data[:last], False
            return data, True

    def post(self, headers=LENGTH, body=BODY, start=POST + HOST):
        return start + self.auth + headers + b"\r\n" + body

    def answers(self, raw, **more):
        data, closed = self.talk(raw, goes_on=not more.get("half_close"), **more)
        out = []
        while data:
            a = Answer(data)
            out.append(a)
            data = a.rest
        return out, closed

    def check_works(self, raw, keep=True):
        (a,), closed = self.answers(raw)
        self.assertEqual((a.status, a.body), (400, ANSWER))
        self.assertEqual(closed, not keep)
        return a

    def check_refused(self, raw, status=400):
        """Checks that a request is refused, the connection closed, and nothing that follows is read as a request."""
        data, closed = self.talk(raw + HEALTH)
        self.assertTrue(closed, data[:300])
        self.assertNotIn(b"HarperDB is running", data)
        self.assertNotIn(ANSWER, data)
        a = Answer(data)
        self.assertEqual(a.status, status, data[:300])
        self.assertEqual(a.header("connection"), "close")
        return a
