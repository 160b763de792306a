# SPDX-License-Identifier: Apache-2.0
"""Bodies and headers that are too large or too slow, and compressed bodies."""
import base64, contextlib, gzip, os, re, socket, sys, time, unittest, zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import PATIENCE, feature
from raw_http import ANSWER, Answer, BODY, CHUNKED, Framing, HEALTH, HOST, LENGTH, POST


class Limits(Framing):
    settings = ("operationsApi.network.maxBodySize=1000000", "operationsApi.network.headersTimeout=1000",
                "operationsApi.network.timeout=%d" % (2000 * PATIENCE), "operationsApi.network.keepAliveTimeout=1000")

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

    def test_large_chunked_body_that_is_refused(self):
        raw = self.post(CHUNKED, b"80000\r\n" + b"x" * 0x80000 + b"\r\n0\r\n\r\n")
        for old, new, status in ((b"Basic ", b"Basic eDp5", 401), (b"application/json", b"text/x", 415), (b"POST /", b"POST /nope", 404)):
            for _ in range(5):
                self.check_refused(raw.replace(old, new, 1), status)

    def dribble(self, raw, seconds):
        """Sends a byte now and then, never idle for long; returns the seconds until the server closes."""
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
        self.assertLess(self.dribble(self.post(b"Content-Length: 1000\r\n", b"x" * 999), 20 * PATIENCE), 15 * PATIENCE)

    def test_idle_connection_is_closed(self):
        with contextlib.closing(self.connect()) as c:
            c.sendall(HEALTH)
            self.assertEqual(Answer(c.recv(65536)).header("keep-alive"), "timeout=1")
            c.settimeout(8)
            self.assertEqual(c.recv(10), b"")


class Waiting(Framing):
    settings = ("operationsApi.network.timeout=1000", "authentication.failures.free=0", "authentication.failures.delay=2500ms",
                "authentication.argon2.memory=8K", "authentication.argon2.iterations=1")

    def test_the_time_of_a_sign_in_is_not_that_of_the_client(self):
        body = b"80000\r\n" + b"x" * 0x80000 + b"\r\n0\r\n\r\n"
        for password in (b"one", b"two"):  # which has to wait
            wrong = b"Basic " + base64.b64encode(b"x:" + password)
            self.check_refused(re.sub(rb"Basic \S+", wrong, self.post(CHUNKED, body)), 401)


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
        """A body of that many bytes, some of which cannot be compressed."""
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
    def test_limits_apply_to_the_decoded_body(self):
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


if __name__ == "__main__":
    unittest.main()
