# SPDX-License-Identifier: Apache-2.0
"""The HTTP protocol, byte by byte: what is answered, and where the server listens."""
import contextlib, os, socket, sys, tempfile, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import Server
from raw_http import ANSWER, Answer, BODY, CHUNKED, CHUNKS, Framing, HEALTH, HOST, LENGTH, POST


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
        data, _ = self.talk(b"HEAD /health HTTP/1.1\r\n" + HOST + b"\r\n", goes_on=True)
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

    def test_body_of_a_get_is_skipped(self):
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


class Waiting(Framing):
    """Passwords are not remembered for long: requests wait for their check, and libmicrohttpd may read on meanwhile."""
    settings = ("authentication.cacheTTL=1",)

    def test_chunked_requests_after_a_waiting_one(self):
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
            s.start()  # replaces a socket file that no process listens on
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
            with self.assertRaisesRegex(RuntimeError, "Address (already )?in use"):
                Server(settings=["operationsApi.network.port=%d" % other.getsockname()[1]])


if __name__ == "__main__":
    unittest.main()
