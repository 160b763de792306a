# SPDX-License-Identifier: Apache-2.0
"""Routes of modules: methods, query strings, headers, bodies, and what an answer has beside its body."""
import gzip, json, os, socket, sys, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, CHEAP_LOGINS, PASSWORD, STATIC_ONLY, Server, need_module

HOOKS = os.path.join(BUILD, "tests", "module", ".libs", "hooks.so")
CONFIG = "modules:\n  users: true\n  hooks:\n    path: %s\n%%s" % HOOKS
GET, POST, PUT, PATCH, DELETE = 1, 2, 4, 8, 16
ECHO = "/hooks/echo"
MIB = 1 << 20


def setUpModule():
    if STATIC_ONLY:
        print("no dynamic loading in this build")
        sys.exit(77)
    need_module("users")


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = s = Server(config=CONFIG % "", settings=(*CHEAP_LOGINS, "operationsApi.network.maxBodySize=1M"))
        cls.addClassCleanup(s.stop)
        s.add_role("nobody")
        s.add_user("nobody", "nobody")

    def ask(self, method, path, body=None, user=None, **headers):
        if user:
            headers["Authorization"] = self.s.authorization(*user)
        return self.s.request(method, path, body=body, headers=headers)

    def shown(self, *args, **more):
        status, _, body = self.ask(*args, **more)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def refused(self, answer, status, text):
        self.assertEqual((answer[0], json.loads(answer[2])), (status, {"error": text}))

    def talk(self, *parts):
        """Everything that comes back for bytes sent as they are."""
        with socket.create_connection(("127.0.0.1", self.s.port), 30) as c:
            for p in parts:
                c.sendall(p)
            got = b""
            while True:
                piece = c.recv(65536)
                if not piece:
                    return got
                got += piece


class Methods(Case):
    def test_each_is_known(self):
        for method, bit in (("GET", GET), ("POST", POST), ("PUT", PUT), ("PATCH", PATCH), ("DELETE", DELETE)):
            self.assertEqual(self.shown(method, ECHO)["method"], bit)
        self.assertEqual(self.ask("HEAD", ECHO)[2], b"")

    def test_others_are_refused(self):
        for method, path, allowed in (("POST", "/hooks/in/any", "PUT"), ("GET", "/hooks/in/x", "POST"),
                                      ("DELETE", "/hooks/answer", "GET, HEAD, POST"), ("BREW", "/hooks/answer", "GET, HEAD, POST")):
            with self.subTest(method=method, path=path):
                answer = self.ask(method, path)
                self.refused(answer, 405, "This path answers %s, no other methods" % allowed)
                self.assertEqual(answer[1]["Allow"], allowed)

    def test_paths(self):
        for path in ("/hooks", "/hooks/", "/hooks/echo/", "/hooks/echoes", "/hooks/in", "/Hooks/echo", "/hooks/%65cho"):
            self.assertEqual(self.ask("POST", path)[0], 404, path)


class Addresses(Case):
    def rest(self, rest):
        return self.ask("POST", "/hooks/in/" + rest, user=self.s.admin)

    def test_the_rest_of_a_path(self):
        for sent, seen in (("", ""), ("a/b", "a/b"), ("a%20b%2Fc?x=1", "a b/c"), ("%C3%A4", "ä"), ("a//b/", "a//b/"), ("...", "..."), ("100%", "100%")):
            self.assertEqual(json.loads(self.rest(sent)[2])["rest"], seen)

    def test_a_rest_that_leaves_its_place(self):
        for sent in ("..", ".", "a/../b", "a/%2e%2E", "a%2F..", "%00", "a%0Ab", "%ff", "a%7F"):
            self.refused(self.rest(sent), 400, "The path is not valid")

    def test_parameters(self):
        seen = self.shown("GET", ECHO + "?a=1&b&a=%C3%A4+%2B%26&=x&c=%zz&d==")
        self.assertEqual(seen["params"], [["a", "1"], ["b", ""], ["a", "ä +&"], ["", "x"], ["c", "%zz"], ["d", "="]])
        self.assertEqual(seen["second"], "ä +&")
        self.assertEqual(self.shown("GET", ECHO + "?a=1&stop=&b=2")["params"], [["a", "1"], ["stop", ""]])
        self.assertEqual(self.shown("GET", ECHO + "?")["params"], [])

    def test_parameters_that_are_not_text(self):
        for query in ("a=%ff", "%00=1", "a=x%00y", "a=%C3"):
            self.refused(self.ask("GET", ECHO + "?" + query), 400, "The query string is not UTF-8 text")

    def test_many_parameters(self):
        self.assertEqual(len(self.shown("GET", ECHO + "?" + "a&" * 200)["params"]), 200)


class Headers(Case):
    def test_they_are_shown(self):
        seen = self.shown("POST", ECHO, b"x", **{"X-Signature": "sha256=00ff", "Content-Type": "text/x-any", "X-Latin": "\xe4"})
        self.assertEqual(seen["signature"], "sha256=00ff")
        for pair in (["Content-Type", "text/x-any"], ["X-Latin", "ä"], ["Content-Length", "1"]):
            self.assertIn(pair, seen["headers"])

    def test_credentials_are_not(self):
        """Also those that the server does not know."""
        for value in (self.s.authorization(), "Hook unknown", "x"):
            seen = self.shown("GET", ECHO, AUTHORIZATION=value, cookie="a=b", **{"Proxy-Authorization": "p"})
            self.assertEqual(seen["secret"], "none")
            self.assertEqual([h for h in seen["headers"] if h[0].lower() in ("authorization", "cookie", "proxy-authorization")], [])

    def test_a_foreign_page_cannot_use_a_session(self):
        s = self.s
        _, headers, _ = s.request("POST", "/", json.dumps({"operation": "login", "username": s.admin[0], "password": s.admin[1]}), {"Content-Type": "application/json"})
        cookie = headers["set-cookie"].split(";")[0]
        own = "http://127.0.0.1:%d" % s.port
        for origin, status in ((own, 200), ("http://evil.example", 403), (None, 403)):
            more = {"Origin": origin} if origin else {}
            self.assertEqual(self.ask("POST", ECHO, b"", Cookie=cookie, **more)[0], status, origin)
        self.assertEqual(self.ask("GET", ECHO, Cookie=cookie)[0], 200)


class Bodies(Case):
    def test_byte_for_byte(self):
        body = bytes(range(256)) * 900
        for method, path in (("POST", ECHO), ("PUT", ECHO), ("DELETE", ECHO), ("POST", "/hooks/in/x")):
            seen = self.shown(method, path, body, user=self.s.admin)
            self.assertEqual((seen["bytes"], seen["sum"], seen["ended"]), (len(body), sum(body), True))
        self.assertEqual(self.shown("POST", ECHO)["bytes"], 0)

    def test_larger_than_what_is_read_of_anyone(self):
        body = b"0123456789" * 45000
        seen = self.shown("POST", "/hooks/in/x", body, user=self.s.admin)
        self.assertEqual((seen["bytes"], seen["sum"], seen["user"]), (len(body), sum(body), self.s.admin[0]))
        self.assertEqual(self.shown("POST", "/hooks/in/x", iter([body[:7], body[7:]]), user=self.s.admin)["bytes"], len(body))
        self.refused(self.ask("POST", "/hooks/in/x", body), 401, "Must login")
        self.assertEqual(self.ask("PUT", "/hooks/in/any", body, user=("nobody", PASSWORD))[0], 403)

    def test_compressed(self):
        seen = self.shown("POST", ECHO, gzip.compress(b"a" * 1000), **{"Content-Encoding": "gzip"})
        self.assertEqual((seen["bytes"], seen["sum"]), (1000, 97000))

    def test_limits(self):
        """The route's own; of anyone; the server's."""
        for path, most in (("/hooks/in/x", 500000), (ECHO, 256 << 10), ("/hooks/in/any", MIB)):
            method = "PUT" if path.endswith("any") else "POST"
            with self.subTest(path):
                self.assertEqual(self.shown(method, path, b"x" * most, user=self.s.admin)["bytes"], most)
                over = b"x" * (most + 1)
                packed = gzip.compress(os.urandom(most // 2) + b"x" * (most + 1 - most // 2))
                for body, more in ((over, {}), (iter([over]), {}), (packed, {"Content-Encoding": "gzip"}), (iter([packed]), {"Content-Encoding": "gzip"})):
                    self.refused(self.ask(method, path, body, user=self.s.admin, **more), 413, "Request body is too large")

    def test_a_large_body_is_refused_before_it_is_sent(self):
        head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" % ECHO.encode()
        self.assertTrue(self.talk(head).startswith(b"HTTP/1.1 413 "))

    def test_a_body_of_get_is_ignored(self):
        self.assertEqual(self.shown("GET", ECHO, b"abc")["bytes"], 0)


class Answers(Case):
    def told(self, query):
        return self.ask("GET", "/hooks/answer?" + query)

    def test_status_and_headers(self):
        status, headers, body = self.told("status=201&X-One=a+b&x-one=c&Location=/a&Content-Disposition=inline")
        self.assertEqual((status, body, headers["content-type"]), (201, b"done", "text/plain"))
        self.assertEqual((headers.get_all("X-One"), headers["Location"], headers.get_all("content-disposition")), (["a b", "c"], "/a", ["inline"]))

    def test_without_a_body(self):
        for status in (204, 304):
            got, headers, body = self.told("status=%d&ETag=a" % status)
            self.assertEqual((got, headers["ETag"], headers["content-type"], body), (status, "a", None, b""))
            self.assertEqual(self.told("status=%d" % status)[2], b"")

    def test_a_failure_has_neither(self):
        status, headers, body = self.told("status=201&X-One=a&fail=")
        self.assertEqual((status, headers["X-One"], body), (409, None, b'{"error":"told to"}'))

    def test_a_status_that_is_refused(self):
        for status in (0, 100, 199, 500, 1000, -1):
            self.refused(self.told("status=%d" % status), 500, "module 'hooks' answers with the status %d, which is not one of 200 to 499" % status)

    def test_headers_that_are_refused(self):
        for name in ("Content-Length", "transfer-encoding", "CONNECTION", "Set-Cookie", "content-type", "Access-Control-Allow-Origin", "Date", "Keep-Alive"):
            self.refused(self.told(name + "=1"), 400, "a page cannot have the header '%s': the server sends it itself" % name)
        for name in ("", "a+b", "a:", "a%0D%0Ab", "%C3%A4", 101 * "x"):
            self.assertIn("its name is not valid", json.loads(self.told(name + "=1")[2])["error"])
        for value in ("a%0D%0AX-Two:b", "%0A", "%C3%A4", "%7F", "%09"):
            self.refused(self.told("X-One=" + value), 400, "the value of the header 'X-One' is not printable ASCII")
        for query in ("&".join("x%d=" % i for i in range(33)), "x=" + 4096 * "a"):
            self.refused(self.told(query), 400, "a page cannot have more than 32 headers, of 4096 bytes together")
        self.assertEqual(len(self.told("x=" + 4095 * "a")[1]["x"]), 4095)

    def test_an_operation_is_no_page(self):
        status, body = self.s.call({"operation": "no_page"})
        self.assertEqual((status, body), (500, {"error": "'no_page' is not a route: its answer has no status or headers of its own"}))


class Declarations(unittest.TestCase):
    def refused(self, sentence, **settings):
        with self.assertRaisesRegex(RuntimeError, sentence):
            Server(config=CONFIG % "".join("    %s: %s\n" % s for s in settings.items())).stop()

    def test_refused(self):
        self.refused("module 'hooks' already uses this path", methods=GET | POST)
        self.refused("module 'hooks' already uses this path", last="/hooks/in/", methods=PUT)
        self.refused("unknown access or way to run, method or flag", methods=32)
        self.refused("unknown access or way to run, method or flag", flags=2)
        self.refused("it must end with /", last="/other", flags=1)
        self.refused("the server uses this path", last="/", flags=1)


if __name__ == "__main__":
    unittest.main()
