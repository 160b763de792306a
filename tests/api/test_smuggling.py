# SPDX-License-Identifier: Apache-2.0
"""What is refused so that two readers of the same bytes cannot disagree."""
import contextlib, fcntl, json, os, re, socket, sys, termios, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import PATIENCE, until
from raw_http import ANSWER, Answer, BODY, CHUNKED, CHUNKS, Framing, HEALTH, HOST, LENGTH, POST


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
        """Refused however the bytes are split: one answer, in JSON, the connection closed, nothing after it read, no operation run."""
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
        """Waits until the server has read what was sent, so that what follows is read separately; on Linux it can be observed."""
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

    def test_invalid_trailers(self):
        head = self.post(CHUNKED, b"14\r\n" + BODY + b"\r\n0\r\n")
        for trailer in (b"X\r\n", b": y\r\n", b"X : y\r\n", b" X: y\r\n", b"X: y\r\n z\r\n", b"X: \x00\r\n", b"X: a\rb\r\n", b"X: " + b"y" * 5000 + b"\r\n"):
            self.check_cut([head, trailer, b"\r\n"])

    def test_chunked_requests_after_others(self):
        """If the bytes of several requests are read at once, each is checked where it begins."""
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
                c.settimeout(10 * PATIENCE)
                self.assertEqual(Answer(c.recv(65536)).body, ANSWER)

    def test_one_answer_even_if_the_library_has_one(self):
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
                if data:  # a line that is not a request at all may be closed without an answer
                    self.assertEqual(Answer(data).status, 400)

    def test_other_versions(self):
        for version in (b"HTTP/2.0", b"HTTP/1.2", b"HTTP/0.9", b"HTTP/3.0"):
            with self.subTest(version=version):
                self.check_refused(b"POST / " + version + b"\r\n" + HOST + self.auth + LENGTH + b"\r\n" + BODY, 505)


if __name__ == "__main__":
    unittest.main()
