# SPDX-License-Identifier: Apache-2.0
"""Credentials that a module verifies: a scheme and a cookie, what the server does with each verdict, and cookies that are set."""
import json, os, re, sys, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, STATIC_ONLY, Server

BADGES = os.path.join(BUILD, "tests", "module", ".libs", "badges.so")
JSON = {"Content-Type": "application/json"}


def setUpModule():
    if STATIC_ONLY:
        print("no dynamic loading in this build")
        sys.exit(77)


def config(*settings):
    return "modules:\n  badges:\n    path: %s\n%s" % (BADGES, "".join("    %s\n" % s for s in settings))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(config=config(), settings=["logging.auditAuthEvents.logFailed=true", "authentication.failures.delay=0"])
        cls.addClassCleanup(cls.s.stop)

    def ask(self, operation, headers=(), path="/", method="POST", unix=False, **more):
        """(status, content type, decoded body)"""
        body = json.dumps(dict(more, operation=operation)).encode() if method == "POST" else None
        status, got, text = self.s.request(method, path, body, dict(JSON, **dict(headers)), unix)
        self.cookie = got["set-cookie"]
        try:
            text = json.loads(text)
        except ValueError:
            pass
        return status, got["content-type"], text

    def badge(self, badge, operation="badge_who", /, **more):
        return self.ask(operation, {"Authorization": "Badge " + badge}, **more)

    def by_cookie(self, badge, operation="badge_read", origin=None, **more):
        headers = {"Cookie": "a=1; badge=%s; b=2" % badge}
        if origin:
            headers["Origin"] = origin
        return self.ask(operation, headers, **more)

    def own(self):
        return "http://127.0.0.1:%d" % self.s.port


class Schemes(Case):
    def test_good_ones(self):
        for _ in range(2):
            status, _, body = self.badge("is:admin")
            self.assertEqual((status, body["user"], body["limited"]), (200, "admin", False))

    def test_credentials_are_remembered_until_forgotten(self):
        before = self.badge("is:admin")[2]["asked"]
        self.assertEqual(self.badge("is:admin")[2]["asked"], before)
        self.assertEqual(self.badge("is:admin", "badge_forget", badge="is:nobody")[0], 200)
        self.assertEqual(self.badge("is:admin")[2]["asked"], before)
        self.assertEqual(self.badge("is:admin", "badge_forget", badge="is:admin")[0], 200)
        self.assertEqual(self.badge("is:admin")[2]["asked"], before + 1)

    def test_wrong_tokens_are_refused_everywhere(self):
        for badge, text in (("none", "this is no badge"), ("is:nobody", "nobody has this badge"), ("mute", "invalid token"), ("unknown", "invalid token"),
                            ("old:admin", "invalid token"), ("past:admin", "invalid token"), ("nobody", "invalid token"),
                            ("is:admin " + "x" * 9000, "invalid token")):
            for more in ({}, {"unix": True}, {"path": "/health", "method": "GET"}, {"path": "/nope"}, {"path": "/badge", "method": "GET"}):
                self.assertEqual(self.badge(badge, **more), (401, None, {"error": text}), badge[:20])

    def test_expired_credentials_are_reported_as_such(self):
        self.assertEqual(self.badge("over"), (401, "application/json", {"error": "the badge is over"}))

    def test_failures_of_the_module_are_not_refusals(self):
        for badge, status, text in (("broken", 500, "the list of badges cannot be read"), ("busy", 503, "too many badges"),
                                    ("pending", 500, "module 'badges' did not say whether credentials are valid")):
            self.assertEqual(self.badge(badge), (status, "application/json", {"error": text}))

    def test_open_resources_are_closed(self):
        """The server's rights above all."""
        for path, method in (("/", "POST"), ("/badge", "GET")):
            status, _, body = self.badge("open:admin", path=path, method=method)
            self.assertEqual((status, body["user"]), (200, "admin"))
        plain = self.s.call({"operation": "badge_who"})[1]["may"]
        self.assertEqual(self.badge("open:admin")[2]["may"], plain)

    def test_one_operation_only(self):
        status, _, body = self.badge("only:admin", "badge_only")
        self.assertEqual((status, body["user"], body["limited"]), (200, "admin", True))
        refused = (401, "application/json", {"error": "invalid token"})
        for operation in ("badge_who", "badge_open"):
            self.assertEqual(self.badge("only:admin", operation), refused)
        self.assertEqual(self.badge("only:admin", path="/badge", method="GET"), refused)
        self.assertEqual(self.badge("only:admin", "nothing")[0], 400)

    def test_other_schemes_and_none(self):
        must_login = (401, "application/json", {"error": "Must login"})
        for header in ("badge is:admin", "Badge", "Badge  ", "Badger is:admin", "Bad is:admin"):
            self.assertEqual(self.ask("badge_who", {"Authorization": header}), must_login, header)

    def test_open_operations_need_nobody(self):
        for more in ({}, {"username": "x", "password": "y"}):
            self.assertEqual(self.ask("badge_open", **more)[2]["user"], "")
        self.assertEqual(self.badge("is:admin", "badge_open")[2]["user"], "admin")
        self.assertEqual(self.badge("none", "badge_open")[0], 401)

    def test_failures_are_logged_without_what_was_sent(self):
        begin = len(self.s.said())
        self.badge("secret-word")
        self.assertEqual(len(re.findall(r"127\.0\.0\.1: sign-in failed with credentials that name no user \(a token\)", self.s.said(begin))), 1)
        self.assertNotIn("secret-word", self.s.said())


class Cookies(Case):
    def test_reading(self):
        for origin in (None, self.own()):
            status, _, body = self.by_cookie("is:admin", origin=origin)
            self.assertEqual((status, body["user"], body["cookie"]), (200, "admin", "is:admin"))
        self.assertEqual(self.by_cookie("is:admin", path="/badge", method="GET")[2]["user"], "admin")

    def test_other_operations_need_a_page_of_this_server(self):
        text = "A session cookie is accepted for this operation only with an Origin header that names this server"
        for operation in ("badge_who", "badge_open", "badge_read_in_a_job"):
            for origin in (None, "null", "http://127.0.0.1", "http://localhost:%d" % self.s.port, self.own() + "0", "file://"):
                self.assertEqual(self.by_cookie("is:admin", operation, origin), (403, "application/json", {"error": text}))
            self.assertEqual(self.by_cookie("is:admin", operation, self.own())[0], 200)
            self.assertEqual(self.by_cookie("is:admin", operation, self.own().replace("http", "HTTP"))[0], 200)
        self.assertEqual(self.by_cookie("is:admin", "nothing")[0], 400)

    def test_an_invalid_cookie_is_ignored(self):
        for badge in ("none", "over", "old:admin", "", "x" * 9000):
            self.assertEqual(self.by_cookie(badge), (401, "application/json", {"error": "Must login"}))
            self.assertEqual(self.by_cookie(badge, "badge_open")[2]["user"], "")
            status, _, body = self.by_cookie(badge, "badge_who", username="admin", password="Abc1234!")
            self.assertEqual((status, body["user"]), (200, "admin"))
            self.assertEqual(self.by_cookie(badge, "badge_who", unix=True)[0], 200)
        self.assertEqual(self.by_cookie("broken")[0], 500)

    def test_a_header_counts_and_the_cookie_does_not(self):
        headers = {"Authorization": self.s.authorization(), "Cookie": "badge=none"}
        self.assertEqual(self.ask("badge_who", headers)[0], 200)
        self.assertEqual(self.ask("badge_who", dict(headers, Authorization="Other x", Cookie="badge=is:admin"))[0], 401)

    def test_large_bodies(self):
        self.assertEqual(self.by_cookie("is:admin", more="x" * 400000)[2]["user"], "admin")
        self.assertEqual(self.by_cookie("is:admin", "badge_who", more="x" * 400000)[0], 403)
        self.assertEqual(self.badge("is:admin", more="x" * 400000)[2]["user"], "admin")

    def test_setting_one(self):
        self.assertEqual(self.ask("badge_cookie", value="aZ0-._~", age=60)[0], 200)
        self.assertRegex(self.cookie, r"^badge=aZ0-\._~; Path=/; Max-Age=60; "
                         r"Expires=[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT; HttpOnly; SameSite=Strict$")
        for more in ({"value": ""}, {"value": "x", "age": 0}, {"value": "", "age": 60}):
            self.assertEqual(self.ask("badge_cookie", **more)[0], 200)
            self.assertIn("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; ", self.cookie)
        self.assertEqual(self.ask("badge_cookie", value="x", age=9e15)[0], 200)
        self.assertIn("; Expires=Fri, 31 Dec 9999 23:59:59 GMT; ", self.cookie)

    def test_what_cannot_be_set(self):
        for more in ({"value": "a;b"}, {"value": "a b"}, {"value": "a\r\nb"}, {"value": "\u00e4"}, {"value": "x" * 5000}, {"name": ""},
                     {"name": "a=b"}, {"name": "a b"}, {"name": "a;"}):
            status, _, body = self.ask("badge_cookie", **dict({"value": "v"}, **more))
            self.assertEqual((status, self.cookie), (500, None), more)
            self.assertIn("module 'badges' sets a cookie whose name or value", body["error"])

    def test_a_failure_sets_none(self):
        self.assertEqual((self.ask("badge_cookie_fails")[0], self.cookie), (409, None))
        self.assertEqual((self.ask("badge_open")[0], self.cookie), (200, None))


class Loading(unittest.TestCase):
    def refused(self, sentence, *settings, before=""):
        with self.assertRaisesRegex(RuntimeError, sentence):
            with Server(config=config(*settings).replace("modules:\n", "modules:\n" + before)):
                pass

    def test_an_invalid_name(self):
        for name in ("''", "'a b'", "'a,b'", '"a\\xe4"', "'%s'" % ("x" * 101)):
            self.refused("have a name that is invalid in a header", "scheme: " + name)
        self.refused("have a name that is invalid in a header", "cookie: 'a=b'")

    def test_the_servers_own(self):
        for name in ("Basic", "basic"):
            self.refused("'%s' of module 'badges' is not allowed: the server handles it itself" % name, "scheme: " + name)

    def test_a_scheme_that_is_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(BADGES, "rb") as f:
                data = f.read()
            other = os.path.join(folder, "badger.so")
            with open(other, "wb") as f:
                f.write(data.replace(b"badges\0", b"badger\0"))
            os.chmod(other, 0o644)
            self.refused("the scheme 'Badge' of module 'badges' is not allowed: module 'badger' already handles it",
                         before="  badger:\n    path: %s\n" % other)


if __name__ == "__main__":
    unittest.main()
