# SPDX-License-Identifier: Apache-2.0
"""Requests from pages of other origins."""
import os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from raw_http import Framing, HOST, LENGTH


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

    def test_invalid_origin(self):
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


if __name__ == "__main__":
    unittest.main()
