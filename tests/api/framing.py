# SPDX-License-Identifier: Apache-2.0
"""The HTTP protocol, byte by byte: what is answered, what is refused, and that no two readers of the same bytes can disagree."""
import base64, contextlib, fcntl, gzip, json, os, re, socket, sys, tempfile, termios, threading, time, unittest, zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import Server, feature, until

BODY = b'{"operation":"nope"}'
ANSWER = b'{"error":"Operation \'nope\' not found"}'
HOST = b"Host: localhost\r\n"
POST = b"POST / HTTP/1.1\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"a\r\n" + BODY[:10] + b"\r\na\r\n" + BODY[10:] + b"\r\n0\r\n\r\n"
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"


class Answer:
    """One HTTP answer, taken from the front of bytes."""

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
            return socket.create_connection(("127.0.0.1", self.s.port), timeout=20)
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(20)
        c.connect(self.s.socket_path)
        return c

    def talk(self, raw, quiet=0.4, half_close=False, unix=False):
        """Sends, reads until nothing comes for a moment. (all bytes, whether the server closed)"""
        with contextlib.closing(self.connect(unix)) as c:
            try:
                c.sendall(raw)
                if half_close:
                    c.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while we were sending: the answer is what counts
            data = b""
            while True:
                c.settimeout(quiet if data else 5)
                try:
                    piece = c.recv(1 << 16)
                except socket.timeout:
                    return data, False
                except ConnectionError:
                    return data, True
                if not piece:
                    return data, True
                data += piece

    def post(self, headers=LENGTH, body=BODY, start=POST + HOST):
        return start + self.auth + headers + b"\r\n" + body

    def answers(self, raw, **more):
        data, closed = self.talk(raw, **more)
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
        """Refused, closed, and nothing of what follows is read as a request."""
        data, closed = self.talk(raw + HEALTH)
        self.assertTrue(closed, data[:300])
        self.assertNotIn(b"HarperDB is running", data)
        self.assertNotIn(ANSWER, data)
        a = Answer(data)
        self.assertEqual(a.status, status, data[:300])
        self.assertEqual(a.header("connection"), "close")
        return a


class Good(Framing):
    def test_headers_of_an_answer(self):
        a = self.check_works(self.post())
        self.assertEqual({k: v for k, v in a.headers.items() if k not in ("date", "server-timing")}, {
            "server": ["HarperDB"], "vary": ["Origin"], "content-type": ["application/json"], "content-length": [str(len(ANSWER))],
            "connection": [a.header("connection")], "keep-alive": ["timeout=30"]})
        self.assertEqual(a.header("connection").lower(), "keep-alive")
        self.assertRegex(a.header("server-timing"), r"^db;dur=\d+\.\d{3}$")
        self.assertRegex(a.header("date"), r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")

    def test_health_and_head(self):
        (a,), _ = self.answers(HEALTH)
        self.assertEqual((a.status, a.body, a.header("content-type")), (200, b"HarperDB is running.", "text/plain; charset=utf-8"))
        data, _ = self.talk(b"HEAD /health HTTP/1.1\r\n" + HOST + b"\r\n")
        a = Answer(data, head_only=True)
        self.assertEqual((a.status, a.header("content-length"), a.rest), (200, "20", b""))

    def test_unknown_path_has_few_headers(self):
        for line in (b"GET / HTTP/1.1\r\n", b"GET /nope HTTP/1.1\r\n", b"PUT / HTTP/1.1\r\n", b"BREW / HTTP/1.1\r\n"):
            (a,), closed = self.answers(line + HOST + b"\r\n")
            self.assertEqual((a.status, a.body, closed), (404, b"Not found\n", False))
            self.assertEqual(set(a.headers), {"server", "date", "connection", "keep-alive", "content-length"})

    def test_query_string_is_ignored(self):
        self.check_works(self.post(start=b"POST /?operation=x&%00 HTTP/1.1\r\n" + HOST))

    def test_escaped_nul_does_not_end_a_path(self):
        (a,), _ = self.answers(self.post(start=b"POST /%00x HTTP/1.1\r\n" + HOST))
        self.assertEqual(a.status, 404)

    def test_absolute_form(self):
        self.check_works(self.post(start=b"POST http://localhost:9925/ HTTP/1.1\r\n" + HOST))
        self.check_works(self.post(start=b"POST HTTP://localhost HTTP/1.1\r\n" + HOST))

    def test_chunked(self):
        self.check_works(self.post(CHUNKED, CHUNKS))
        self.check_works(self.post(b"transfer-encoding: Chunked\r\n", CHUNKS))

    def test_chunk_extensions_and_trailers(self):
        self.check_works(self.post(CHUNKED, b'14;a=b;c="d"\r\n' + BODY + b"\r\n0;e\r\nX-Trailer: 1\r\n\r\n"))

    def test_trailers_do_not_frame(self):
        out, _ = self.answers(self.post(CHUNKED, CHUNKS[:-2] + b"Content-Length: 500\r\n\r\n") + HEALTH)
        self.assertEqual([a.status for a in out], [400, 200])

    def test_blanks_around_a_value(self):
        self.check_works(self.post(b"Content-Length:\t  20\r\nX-Empty:\r\nX-Tail: a \r\nX-None:b\r\n"))

    def test_bytes_beyond_ascii_in_a_value(self):
        self.check_works(self.post(LENGTH + b"X: \xff\xfe\r\n"))

    def test_body_in_pieces(self):
        with contextlib.closing(self.connect()) as c:
            for byte in self.post():
                c.send(bytes([byte]))
            c.settimeout(10)
            self.assertEqual(Answer(c.recv(65536)).body, ANSWER)

    def test_pipelined(self):
        out, closed = self.answers(self.post() + self.post(LENGTH + b"Connection: close\r\n"))
        self.assertEqual([(a.status, a.body) for a in out], [(400, ANSWER)] * 2)
        self.assertEqual(out[1].header("connection"), "close")
        self.assertIsNone(out[1].header("keep-alive"))
        self.assertTrue(closed)

    def test_many_pipelined(self):
        out, closed = self.answers(self.post() * 50 + HEALTH)
        self.assertEqual([a.status for a in out], [400] * 50 + [200])
        self.assertFalse(closed)

    def test_empty_lines_before_a_request(self):
        (a,), _ = self.answers(b"\r\n\r\n" + HEALTH)
        self.assertEqual(a.status, 200)

    def test_connection_close(self):
        a = self.check_works(self.post(LENGTH + b"Connection: foo, Close\r\n"), keep=False)
        self.assertEqual(a.header("connection"), "close")

    def test_http_1_0(self):
        a = self.check_works(self.post(start=b"POST / HTTP/1.0\r\n"), keep=False)
        self.assertEqual(a.header("connection"), "close")
        self.assertIsNone(a.header("keep-alive"))
        a = self.check_works(self.post(start=b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n"))
        self.assertEqual(a.header("connection").lower(), "keep-alive")
        (a,), closed = self.answers(b"GET /health HTTP/1.0\r\n\r\n")
        self.assertEqual((a.status, closed), (200, True))

    def test_expect_continue(self):
        with contextlib.closing(self.connect()) as c:
            c.sendall(self.post(LENGTH + b"Expect: 100-continue\r\n", b""))
            self.assertEqual(c.recv(65536), b"HTTP/1.1 100 Continue\r\n\r\n")
            c.sendall(BODY)
            self.assertEqual(Answer(c.recv(65536)).body, ANSWER)

    def test_half_closed(self):
        (a,), _ = self.answers(self.post(), half_close=True)
        self.assertEqual((a.status, a.body), (400, ANSWER))

    def test_half_closed_in_the_body(self):
        data, closed = self.talk(self.post(body=BODY[:5]), half_close=True)
        self.assertTrue(closed)
        self.assertNotIn(b"200 OK", data)

    def test_body_of_a_get_is_read_past(self):
        out, _ = self.answers(b"GET /health HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n" + BODY + HEALTH)
        self.assertEqual([a.status for a in out], [200, 200])

    def test_upgrade_is_ignored(self):
        (a,), _ = self.answers(b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        self.assertEqual(a.status, 200)

    def test_large_body(self):
        body = b'{"operation":"nope","pad":"' + b"x" * 12000000 + b'"}'
        self.check_works(self.post(b"Content-Length: %d\r\n" % len(body), body))

    def test_domain_socket_needs_no_credentials(self):
        raw = POST + HOST + b"Content-Type: application/json\r\n" + LENGTH + b"\r\n" + BODY
        (a,), _ = self.answers(raw, unix=True)
        self.assertEqual((a.status, a.body), (400, ANSWER))
        (a,), _ = self.answers(raw)
        self.assertEqual(a.status, 401)


class Smuggling(Framing):
    def test_both_lengths(self):
        self.check_refused(self.post(LENGTH + CHUNKED, CHUNKS))
        self.check_refused(self.post(CHUNKED + LENGTH, CHUNKS))

    def test_two_content_lengths(self):
        self.check_refused(self.post(LENGTH + b"Content-Length: 5\r\n"))
        self.check_refused(self.post(LENGTH + LENGTH))

    def test_bad_content_lengths(self):
        for value in (b"abc", b"+20", b"-20", b"0x14", b"", b"20, 20", b"20 5", b"2 0", b"20;", b"2e1", b"\x0b20"):
            with self.subTest(value=value):
                self.check_refused(self.post(b"Content-Length: " + value + b"\r\n"))

    def test_content_length_beyond_64_bits(self):
        for value in (b"18446744073709551636", b"99999999999999999999999999"):
            with self.subTest(value=value):
                data, closed = self.talk(self.post(b"Content-Length: " + value + b"\r\n") + HEALTH)
                self.assertTrue(closed)
                self.assertIn(Answer(data).status, (400, 413))
                self.assertNotIn(b"HarperDB is running", data)

    def test_transfer_encodings(self):
        for value in (b"gzip, chunked", b"chunked, gzip", b"xchunked", b"identity", b"chunked;a=b", b"chunked,", b"", b"\x0bchunked",
                      b"\"chunked\"", b"chunked chunked"):
            with self.subTest(value=value):
                self.check_refused(self.post(b"Transfer-Encoding: " + value + b"\r\n", CHUNKS))
        self.check_refused(self.post(CHUNKED + CHUNKED, CHUNKS))
        self.check_refused(self.post(CHUNKED + b"Transfer-Encoding: identity\r\n", CHUNKS))

    def test_chunked_in_http_1_0(self):
        self.check_refused(self.post(CHUNKED, CHUNKS, start=b"POST / HTTP/1.0\r\n"))

    def test_blank_before_the_colon(self):
        for header in (b"Content-Length : 20\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding\t: chunked\r\n", b"X : y\r\n"):
            with self.subTest(header=header):
                self.check_refused(self.post(header))

    def test_folded_lines(self):
        for header in (b"X: a\r\n b\r\n", b"Transfer-Encoding:\r\n chunked\r\n", b"Content-Length:\r\n 20\r\n",
                       b"X: a\r\n\tTransfer-Encoding: chunked\r\n"):
            with self.subTest(header=header):
                self.check_refused(self.post(header, b""))
        self.check_refused(POST + b" X: y\r\n" + HOST + self.auth + LENGTH + b"\r\n" + BODY)

    def test_bad_names(self):
        for header in (b"NoColon\r\n", b": x\r\n", b"X\x00Y: a\r\n", b"X Y: a\r\n", b"X(Y): a\r\n", b"X\xffY: a\r\n", b"X\x01: a\r\n"):
            with self.subTest(header=header):
                self.check_refused(self.post(header + LENGTH))
                self.check_refused(self.post(LENGTH + header))

    def test_nul(self):
        for header in (b"X: a\x00b\r\n" + LENGTH, b"Content-Length: 20\x00 5\r\n", b"Transfer-Encoding: chunked\x00x\r\n",
                       b"Content-Length: 20\x00\x00X: y\r\n", b"Content-Length: 20\x00\x00\x00\x005\r\n"):
            with self.subTest(header=header):
                self.check_refused(self.post(header))
        self.check_refused(self.post(start=b"POST /\x00x HTTP/1.1\r\n" + HOST))

    def test_bare_line_ends(self):
        for header in (b"X: a\rContent-Length: 5\r\n", b"X: a\nContent-Length: 5\r\n", b"X: a\rb\r\n", b"X: a\n"):
            with self.subTest(header=header):
                self.check_refused(self.post(header + LENGTH))
        self.check_refused(self.post(b"").replace(b"\r\n", b"\n"))

    def test_hosts(self):
        data, _ = self.talk(self.post(start=POST))
        self.assertEqual(data.count(b"HTTP/1.1 "), 1, data)
        self.check_refused(self.post(start=POST))
        self.check_refused(self.post(start=POST + HOST + b"Host: other\r\n"))

    def test_expects_nothing(self):
        self.check_refused(POST + HOST + self.auth + b"Expect: 100-continue\r\n\r\n" + BODY)
        self.check_refused(POST + HOST + self.auth + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n" + BODY)

    def test_chunk_sizes(self):
        for size in (b"-1", b"0x14", b" 14", b"14 ", b"", b"g", b"+14"):
            with self.subTest(size=size):
                self.check_refused(self.post(CHUNKED, size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"))
        for size in (b"fffffffffffffffff", b"10000000000000014"):
            with self.subTest(size=size):
                self.check_refused(self.post(CHUNKED, size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), 413)

    def test_chunk_without_its_end(self):
        self.check_refused(self.post(CHUNKED, b"14\r\n" + BODY + b"XX0\r\n\r\n"))
        self.check_refused(self.post(CHUNKED, b"13\r\n" + BODY + b"\r\n0\r\n\r\n"))

    def check_cut(self, parts, status=400):
        """Refused however the bytes come: one answer, in JSON, the connection closed, nothing behind it read, no operation run."""
        for alone in (False, True):
            with self.subTest(parts=parts[1:], alone=alone), contextlib.closing(self.connect()) as c:
                pieces = parts + [HEALTH] if alone else [b"".join(parts) + HEALTH]
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with contextlib.suppress(OSError):
                    for n, piece in enumerate(pieces):
                        if n:
                            self.until_read(c)
                        c.sendall(piece)
                data = b""
                with contextlib.suppress(ConnectionError):
                    while piece := c.recv(65536):
                        data += piece
                a = Answer(data)
                self.assertEqual((a.status, a.rest, len(re.findall(rb"HTTP/1\.1 \d\d\d ", data))), (status, b"", 1), data)
                self.assertEqual((a.header("content-type"), a.header("connection")), ("application/json", "close"))
                self.assertEqual(list(json.loads(a.body)), ["error"])

    @staticmethod
    def until_read(c):
        """Until the server has taken what was sent, so that it cannot get it together with what follows; Linux tells, others wait."""
        until(lambda: not fcntl.ioctl(c.fileno(), termios.TIOCOUTQ, b"\0" * 4).strip(b"\0"), "nothing is read")
        time.sleep(0.003)

    def test_bare_line_feeds_in_a_chunked_body(self):
        head, size, data = self.post(CHUNKED, b""), b"14\r\n", BODY + b"\r\n"
        for parts in ([b"14\n", data, b"0\r\n\r\n"], [size, BODY + b"\n", b"0\r\n\r\n"], [size, BODY, b"\n", b"0\r\n\r\n"],
                      [size, data, b"0\n", b"\r\n"], [size, data, b"0\r\n", b"\n"], [size, data, b"0\n\n"], [size, data, b"0\r\nX: y\n", b"\r\n"],
                      [size, data, b"0\r\nX: y\r\n", b"\n"], [b"014\n", data, b"0\r\n\r\n"], [b"14\r", b"\r\n", data, b"0\r\n\r\n"],
                      [size, BODY + b"\r", b"\r\n", b"0\r\n\r\n"]):
            self.check_cut([head] + parts)

    def test_chunk_extensions_that_two_readers_read_differently(self):
        head, data = self.post(CHUNKED, b""), BODY + b"\r\n"
        for line in (b"14;\n", b"14;a\nb\r\n", b"14;a=\"\n\"\r\n", b"14;a\rb\r\n", b"14;\x00\r\n", b"14 ;a\r\n", b"14\t\r\n", b"00000000000000014\r\n"):
            self.check_cut([head, line, data, b"0\r\n\r\n"])
        self.check_cut([head, b"14\r\n", data, b"0;\n", b"\r\n"])
        self.check_cut([head, b"14;", b"a" * 100000, b"\r\n" + data])

    def test_trailers_that_are_none(self):
        head = self.post(CHUNKED, b"14\r\n" + BODY + b"\r\n0\r\n")
        for trailer in (b"X\r\n", b": y\r\n", b"X : y\r\n", b" X: y\r\n", b"X: y\r\n z\r\n", b"X: \x00\r\n", b"X: a\rb\r\n", b"X: " + b"y" * 5000 + b"\r\n"):
            self.check_cut([head, trailer, b"\r\n"])

    def test_chunked_requests_behind_others(self):
        """Where the bytes of several requests are read at once, each is looked at where it begins."""
        chunked, plain = self.post(CHUNKED, b"14;x=y\r\n" + BODY + b"\r\n0\r\nX: y\r\n\r\n"), self.post()
        for raw in (plain + chunked, chunked + plain, b"\r\n" + chunked * 3, HEALTH + b"\r\n\r\n" + chunked + chunked, (plain + chunked) * 30,
                    self.post(LENGTH.replace(b"20", b"40000"), b"{" + b" " * 39999) + chunked):
            out, closed = self.answers(raw)
            self.assertEqual(len(out), raw.count(b"HTTP/1.1\r\n"))
            self.assertFalse(closed)
        for before in (plain, chunked, HEALTH + b"\r\n"):
            for bad in (b"14\n" + BODY + b"\r\n0\r\n\r\n", b"14\r\n" + BODY + b"\r\n0\n\r\n"):
                out, closed = self.answers(before + self.post(CHUNKED, bad) + HEALTH)
                self.assertEqual((len(out), out[1].status, out[1].body, closed), (2, 400, b'{"error":"The chunked body is not valid"}', True))

    def test_chunked_body_byte_by_byte(self):
        with contextlib.closing(self.connect()) as c:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(2):
                for byte in self.post(CHUNKED, b'14;a="b"\r\n' + BODY + b"\r\n0;e\r\nX-Trailer: 1\r\n\r\n"):
                    c.send(bytes([byte]))
                c.settimeout(10)
                self.assertEqual(Answer(c.recv(65536)).body, ANSWER)

    def test_one_answer_where_the_library_has_one_too(self):
        for value in (b"+5", b"-1", b"5, 5", b"18446744073709551616", b"abc", b"", b"5 5"):
            self.check_cut([self.post(b"Content-Length: " + value + b"\r\n")])
        self.check_cut([self.post(b"NoColon\r\n")])
        self.check_cut([self.post(LENGTH + b"NoColon\r\n")])
        self.check_cut([self.post(start=b"POST / HTTP/2.0\r\n" + HOST)], 505)
        self.check_cut([self.post(LENGTH + b"X: " + b"x" * 300000 + b"\r\n")], 431)
        self.check_cut([self.post(LENGTH + b"X: y\r\n" * 5000)], 431)
        self.check_cut([self.post(start=b"POST /" + b"x" * 300000 + b" HTTP/1.1\r\n" + HOST)], 414)
        self.check_cut([self.post(CHUNKED, b"14\r\n" + BODY + b"\r\n0\r\n" + b"X: y\r\n" * 5000 + b"\r\n")])

    def test_request_lines(self):
        for line in (b"POST  / HTTP/1.1\r\n", b"POST\t/ HTTP/1.1\r\n", b"POST /  HTTP/1.1\r\n", b"POST / x HTTP/1.1\r\n", b" POST / HTTP/1.1\r\n",
                     b"garbage\r\n", b"\x16\x03\x01\x02\x00\x01\r\n", b"POST /\r\n", b"POST / HTTP/1.10\r\n", b"POST / http/1.1\r\n"):
            with self.subTest(line=line):
                data, closed = self.talk(self.post(start=line + HOST) + HEALTH)
                self.assertTrue(closed, data)
                self.assertNotIn(b"HarperDB is running", data)
                self.assertNotIn(ANSWER, data)
                if data:  # a line that is no request at all may be cut without a word
                    self.assertEqual(Answer(data).status, 400)

    def test_other_versions(self):
        for version in (b"HTTP/2.0", b"HTTP/1.2", b"HTTP/0.9", b"HTTP/3.0"):
            with self.subTest(version=version):
                self.check_refused(b"POST / " + version + b"\r\n" + HOST + self.auth + LENGTH + b"\r\n" + BODY, 505)


class Waiting(Framing):
    """Passwords are hardly remembered: requests wait for their check, and libmicrohttpd may read on meanwhile."""
    settings = ("authentication.cacheTTL=1",)

    def test_chunked_requests_behind_one_that_waits(self):
        body = b'{"operation":"nope","more":"%s"}' % (b"x" * 100000)
        chunked = self.post(CHUNKED, b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
        wrong = []

        def client(unix):
            for cut in (0, 500, 15000) * 4:
                with contextlib.closing(self.connect(unix)) as c, c.makefile("rb") as f:
                    c.sendall(self.post() + chunked[:cut])
                    c.sendall(chunked[cut:] + HEALTH.replace(HOST, HOST + b"Connection: close\r\n"))
                    said = f.read()
                    if said.count(ANSWER) != 2 or not said.endswith(b"HarperDB is running."):
                        wrong.append(said[-300:])

        clients = [threading.Thread(target=client, args=(i % 2,)) for i in range(4)]
        for c in clients:
            c.start()
        for c in clients:
            c.join()
        self.assertEqual(wrong, [])


class Limits(Framing):
    settings = ("operationsApi.network.maxBodySize=1000000", "operationsApi.network.headersTimeout=1000",
                "operationsApi.network.timeout=2000", "operationsApi.network.keepAliveTimeout=1000")

    def test_large_headers(self):
        self.check_works(self.post(LENGTH + b"X-Big: " + b"x" * 12000 + b"\r\n"))
        self.check_refused(self.post(LENGTH + b"X-Big: " + b"x" * 100000 + b"\r\n"), 431)
        self.check_refused(self.post(LENGTH + b"X-Big: " + b"x" * 300000 + b"\r\n"), 431)
        self.check_refused(self.post(LENGTH + b"".join(b"X-%d: y\r\n" % i for i in range(5000))), 431)

    def test_long_target(self):
        self.check_refused(self.post(start=b"POST /?" + b"x" * 10000 + b" HTTP/1.1\r\n" + HOST), 414)
        self.check_refused(self.post(start=b"POST /" + b"x" * 300000 + b" HTTP/1.1\r\n" + HOST), 414)

    def test_body_over_the_limit_by_its_length(self):
        a = self.check_refused(self.post(b"Content-Length: 1000001\r\n", b"x" * 100), 413)
        self.assertEqual(a.header("content-type"), "application/json")
        self.assertIn(b'"error"', a.body)

    def test_answer_arrives_though_the_body_is_sent_on(self):
        self.check_refused(self.post(b"Content-Length: 5000000\r\n", b"x" * 5000000), 413)

    def test_body_over_the_limit_expecting_continue(self):
        data, closed = self.talk(self.post(b"Content-Length: 1000001\r\nExpect: 100-continue\r\n", b""))
        self.assertEqual((Answer(data).status, closed), (413, True))

    def test_chunked_body_over_the_limit(self):
        chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
        self.check_refused(self.post(CHUNKED, chunk * 5 + b"0\r\n\r\n"), 413)

    def test_chunked_body_far_over_the_limit(self):
        chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
        for raw in (self.post(CHUNKED, chunk * 40), self.post(CHUNKED, b"1\r\n{\r\n" * 2000000), self.post(CHUNKED, b"7000000\r\n" + b"x" * 8000000)):
            for _ in range(5):
                data, closed = self.talk(raw)
                self.assertEqual((Answer(data).status, closed), (413, True))

    def test_large_chunked_body_of_nobody(self):
        raw = self.post(CHUNKED, b"80000\r\n" + b"x" * 0x80000 + b"\r\n0\r\n\r\n")
        for old, new, status in ((b"Basic ", b"Basic eDp5", 401), (b"application/json", b"text/x", 415), (b"POST /", b"POST /nope", 404)):
            for _ in range(5):
                self.check_refused(raw.replace(old, new, 1), status)

    def dribble(self, raw, seconds):
        """Sends a byte now and then, never idle for long; seconds until the server hangs up."""
        with contextlib.closing(self.connect()) as c:
            c.settimeout(0.1)
            begin = time.monotonic()
            for byte in raw:
                try:
                    c.send(bytes([byte]))
                    if c.recv(65536) == b"":
                        break
                except socket.timeout:
                    pass
                except OSError:
                    break
                if time.monotonic() - begin > seconds:
                    self.fail("still connected after %s s" % seconds)
            return time.monotonic() - begin

    def test_slow_headers_are_cut(self):
        self.assertLess(self.dribble(POST + HOST + b"X: " + b"y" * 1000, 8), 6)

    def test_slow_body_is_cut(self):
        self.assertLess(self.dribble(self.post(b"Content-Length: 1000\r\n", b"x" * 999), 20), 15)

    def test_idle_connection_is_closed(self):
        with contextlib.closing(self.connect()) as c:
            c.sendall(HEALTH)
            self.assertEqual(Answer(c.recv(65536)).header("keep-alive"), "timeout=1")
            c.settimeout(8)
            self.assertEqual(c.recv(10), b"")


class Encoded(Framing):
    settings = ("operationsApi.network.maxBodySize=1000000",)
    ENCODERS = {b"gzip": gzip.compress, b"X-GZip": gzip.compress, b"deflate": zlib.compress}
    NOT_VALID = b'{"error":"The compressed body is not valid"}'

    def encoded(self, encoding, body, chunked=False):
        if chunked:
            return self.post(b"Content-Encoding: " + encoding + b"\r\n" + CHUNKED, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        return self.post(b"Content-Encoding: " + encoding + b"\r\nContent-Length: %d\r\n" % len(body), body)

    @staticmethod
    def padded(size, noise=0):
        """A body of that many bytes, some of which do not compress."""
        return b'{"operation":"nope","noise":"' + os.urandom(noise // 2).hex().encode() + b'","pad":"' + b"x" * (size - 40 - noise // 2 * 2) + b'"}'

    @unittest.skipUnless(feature("HAVE_ZLIB"), "this build has no zlib")
    def test_bodies(self):
        for encoding, encode in self.ENCODERS.items():
            for body in (BODY, self.padded(400000, 20000), self.padded(1000000, 20000)):
                for chunked in (False, True):
                    with self.subTest(encoding=encoding, size=len(body), chunked=chunked):
                        self.check_works(self.encoded(encoding, encode(body), chunked))
        self.check_works(self.encoded(b"gzip", gzip.compress(BODY[:7]) + gzip.compress(b"") + gzip.compress(BODY[7:])))
        with contextlib.closing(self.connect()) as c:
            for byte in self.encoded(b"gzip", gzip.compress(BODY)):
                c.send(bytes([byte]))
            c.settimeout(10)
            self.assertEqual(Answer(c.recv(65536)).body, ANSWER)

    @unittest.skipUnless(feature("HAVE_ZLIB"), "this build has no zlib")
    def test_bodies_that_are_not_valid(self):
        whole = {b"gzip": gzip.compress(BODY), b"deflate": zlib.compress(BODY)}
        raw = zlib.compress(BODY)[2:-4]
        for encoding, good in whole.items():
            for bad in (BODY, good[:-1], good[:5], good + b"x", good[:-1] + bytes([good[-1] ^ 1]), raw, zlib.compress(BODY) + zlib.compress(b"")):
                with self.subTest(encoding=encoding, bad=bad):
                    self.assertEqual(self.check_refused(self.encoded(encoding, bad)).body, self.NOT_VALID)
        self.check_refused(self.encoded(b"gzip", whole[b"deflate"]))
        self.check_refused(self.encoded(b"deflate", whole[b"gzip"]))

    @unittest.skipUnless(feature("HAVE_ZLIB"), "this build has no zlib")
    def test_the_limits_are_those_of_what_is_decoded(self):
        for encoding, encode in self.ENCODERS.items():
            self.check_refused(self.encoded(encoding, encode(self.padded(1000001, 20000))), 413)
            self.check_refused(self.encoded(encoding, encode(self.padded(999999))), 413)
            self.check_refused(self.encoded(encoding, encode(b"\0" * 100000000)), 413)
        self.check_refused(self.encoded(b"gzip", gzip.compress(b"") * 60000), 413)
        large = self.encoded(b"gzip", gzip.compress(self.padded(400000, 20000)))
        self.check_refused(large.replace(b"Basic ", b"Basic eDp5", 1), 401)

    def test_encodings_that_are_not_taken(self):
        taken = "gzip, deflate" if feature("HAVE_ZLIB") else "identity"
        body = gzip.compress(gzip.compress(BODY))
        for encoding in (b"br", b"zstd", b"gzip, gzip", b"gzip,", b"", b"gzip;q=1", b"gzip\r\nContent-Encoding: gzip", b"compress"):
            for chunked in (False, True):
                with self.subTest(encoding=encoding, chunked=chunked):
                    a = self.check_refused(self.encoded(encoding, body, chunked), 415)
                    self.assertEqual((a.header("accept-encoding"), a.body), (taken, b'{"error":"Unsupported Content-Encoding"}'))
        self.check_works(self.encoded(b"identity", BODY))


class Cors(Framing):
    ORIGIN = b"Origin: http://example.org\r\n"

    def test_origin_is_repeated(self):
        for raw in (self.post(LENGTH + self.ORIGIN), b"GET /nope HTTP/1.1\r\n" + HOST + self.ORIGIN + b"\r\n"):
            (a,), _ = self.answers(raw)
            self.assertEqual(a.header("access-control-allow-origin"), "http://example.org")
            self.assertEqual(a.header("access-control-allow-credentials"), "true")

    def test_no_origin_no_headers(self):
        (a,), _ = self.answers(self.post())
        self.assertFalse([name for name in a.headers if name.startswith("access-control")])

    def test_preflight(self):
        for path in (b"/", b"/nope"):
            (a,), closed = self.answers(b"OPTIONS " + path + b" HTTP/1.1\r\n" + HOST + self.ORIGIN + b"Access-Control-Request-Method: POST\r\n\r\n")
            self.assertEqual((a.status, a.body, a.header("content-length"), closed), (200, b"", "0", False))
            self.assertEqual(a.header("access-control-allow-methods"), "POST, GET, PUT, DELETE, PATCH, OPTIONS")
            self.assertEqual(a.header("access-control-allow-headers"), "Accept, Content-Type, Authorization")
            self.assertEqual(a.header("access-control-allow-origin"), "http://example.org")
            self.assertEqual(a.header("access-control-allow-credentials"), "true")
            self.assertRegex(a.header("server-timing"), r"^hdb;dur=\d+\.\d\d$")
            self.assertIsNone(a.header("content-type"))

    def test_preflight_without_origin(self):
        (a,), _ = self.answers(b"OPTIONS / HTTP/1.1\r\n" + HOST + b"\r\n")
        self.assertEqual((a.status, a.header("content-type"), a.body), (400, "text/plain", b"Invalid Preflight Request"))

    def test_origin_that_is_none(self):
        (a,), _ = self.answers(self.post(LENGTH + b"Origin: a\tb\r\n"))
        self.assertIsNone(a.header("access-control-allow-origin"))


class CorsList(Framing):
    settings = ("operationsApi.network.corsAccessList=[http://a.example, http://b.example]",)

    def test_only_those_listed(self):
        for origin, allowed in ((b"http://a.example", True), (b"http://b.example", True), (b"http://c.example", False),
                                (b"http://a.example.org", False)):
            (a,), _ = self.answers(self.post(LENGTH + b"Origin: " + origin + b"\r\n"))
            self.assertEqual(a.header("access-control-allow-origin"), origin.decode() if allowed else None)
            (a,), _ = self.answers(b"OPTIONS / HTTP/1.1\r\n" + HOST + b"Origin: " + origin + b"\r\n\r\n")
            self.assertEqual(a.status, 200 if allowed else 404)


class CorsOff(Framing):
    settings = ("operationsApi.network.cors=false",)

    def test_no_headers(self):
        (a,), _ = self.answers(self.post(LENGTH + b"Origin: http://a.example\r\n"))
        self.assertFalse([name for name in a.headers if name.startswith("access-control")])
        for origin in (b"", b"Origin: http://a.example\r\n"):
            (a,), _ = self.answers(b"OPTIONS / HTTP/1.1\r\n" + HOST + origin + b"\r\n")
            self.assertEqual((a.status, a.body), (404, b"Not found\n"))


class Listening(unittest.TestCase):
    def test_domain_socket_file(self):
        s = Server()
        try:
            path = s.socket_path
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
            s.end()
            self.assertFalse(os.path.exists(path))
            stale = socket.socket(socket.AF_UNIX)
            stale.bind(path)
            stale.close()
            s.start()  # takes the place of a file that nobody answers on
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as c:
                c.connect(path)
        finally:
            s.stop()

    def test_domain_socket_in_use_or_not_ours(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.closing(socket.socket(socket.AF_UNIX)) as other:
            path = os.path.join(folder, "s")
            other.bind(path)
            other.listen(1)
            with self.assertRaisesRegex(RuntimeError, "another process listens"):
                Server(settings=["operationsApi.network.domainSocket=" + path])
            self.assertTrue(os.path.exists(path))
            plain = os.path.join(folder, "plain")
            with open(plain, "w"):
                pass
            with self.assertRaisesRegex(RuntimeError, "is not a socket"):
                Server(settings=["operationsApi.network.domainSocket=" + plain])
            self.assertTrue(os.path.exists(plain))

    def test_port_in_use(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as other:
            with self.assertRaisesRegex(RuntimeError, "Address already in use"):
                Server(settings=["operationsApi.network.port=%d" % other.getsockname()[1]])


if __name__ == "__main__":
    unittest.main()
