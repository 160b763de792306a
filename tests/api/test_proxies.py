# SPDX-License-Identifier: Apache-2.0
"""Behind proxies and across origins: whose address counts, which pages are the server's own, what cookies and challenges say."""
import json, os, subprocess, sys, unittest, urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, LYRED, Server, built_modules, need_module


def setUpModule():
    need_module("users")


LOGIN = json.dumps({"operation": "login", "username": "admin", "password": "Abc1234!"}).encode()
INFO = b'{"operation":"user_info"}'
JSON = {"Content-Type": "application/json"}


class Proxied(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + [
            'operationsApi.network.trustedProxies=["127.0.0.0/8", "2001:db8::/32"]', "logging.auditAuthEvents.logFailed=true",
            'operationsApi.network.corsAccessList=["*", "https://app.example"]'])
        cls.addClassCleanup(cls.s.stop)

    def log(self, user):
        """The address that a failed sign-in of a user is logged with."""
        for line in self.s.said().splitlines():
            if "sign-in as '%s'" % user in line:
                return line.split("]: ", 1)[1].split(": sign-in")[0]
        self.fail("no line about %s" % user)

    def test_address_of_the_client(self):
        for i, (sent, seen) in enumerate((
                (None, "127.0.0.1"), ("192.0.2.7", "192.0.2.7"), ("10.9.9.9, 192.0.2.7", "192.0.2.7"), ("192.0.2.7, 127.0.0.3", "192.0.2.7"),
                ("192.0.2.7,127.0.0.3 ,2001:db8::5", "192.0.2.7"), ("192.0.2.7:4711", "192.0.2.7"), ("[2001:db9::1]:80", "2001:db9::1"),
                ("127.0.0.9", "127.0.0.9"), ("nonsense", "127.0.0.1"), ("192.0.2.7, nonsense, 127.0.0.3", "127.0.0.3"), ("", "127.0.0.1"), (",", "127.0.0.1"))):
            headers = dict(JSON, Authorization=self.s.authorization("who%d" % i, "wrong"))
            if sent is not None:
                headers["X-Forwarded-For"] = sent
            self.assertEqual(self.s.request(body=INFO, headers=headers)[0], 401)
            self.assertEqual(self.log("who%d" % i), seen, sent)

    def login(self, **headers):
        status, answer, _ = self.s.request(body=LOGIN, headers=dict(JSON, **headers))
        self.assertEqual(status, 200)
        return answer["set-cookie"]

    def test_cookie_over_tls_of_the_proxy(self):
        self.assertNotIn("Secure", self.login())
        self.assertTrue(self.login(**{"X-Forwarded-Proto": "https"}).endswith("SameSite=Strict; Secure"))
        self.assertNotIn("Secure", self.login(**{"X-Forwarded-Proto": "http"}))
        # pages of another site, that are let in by name, get it as well
        self.assertTrue(self.login(**{"X-Forwarded-Proto": "https", "Origin": "https://app.example"}).endswith("SameSite=None; Secure; Partitioned"))

    def info(self, cookie, **headers):
        return self.s.request(body=INFO, headers=dict(JSON, Cookie=cookie, **headers))[0]

    def test_own_origins(self):
        cookie = self.login().split(";")[0]
        port = self.s.port
        for host, forwarded, origin, status in (
                ("127.0.0.1:%d" % port, None, "http://127.0.0.1:%d" % port, 200), ("127.0.0.1:%d" % port, "db.example", "https://db.example", 200),
                ("db.example", None, "https://db.example", 200), ("127.0.0.1:%d" % port, "db.example:8443", "https://db.example:8443", 200),
                ("127.0.0.1:%d" % port, None, "https://app.example", 200), ("127.0.0.1:%d" % port, None, "https://evil.example", 403),
                ("127.0.0.1:%d" % port, "db.example", "https://evil.example", 403)):
            more = {"Host": host, "Origin": origin}
            if forwarded:
                more["X-Forwarded-Host"] = forwarded
            self.assertEqual(self.info(cookie, **more), status, more)

    def test_preflight_allows_what_is_asked_for(self):
        ask = lambda **more: self.s.request("OPTIONS", headers=dict({"Origin": "https://app.example"}, **more))[1]
        self.assertEqual(ask()["Access-Control-Allow-Headers"], "Accept, Content-Type, Authorization")
        self.assertEqual(ask(**{"Access-Control-Request-Headers": "content-type,x-trace-id"})["Access-Control-Allow-Headers"], "content-type,x-trace-id")
        self.assertEqual(ask(**{"Access-Control-Request-Headers": "a(b)"})["Access-Control-Allow-Headers"], "Accept, Content-Type, Authorization")

    def test_challenge(self):
        """For wget and the like; a page's script must not make the browser ask for a password."""
        wrong = {"Authorization": self.s.authorization("admin", "wrong")}
        self.assertEqual(self.s.request("GET", headers=wrong)[1]["WWW-Authenticate"], 'Basic realm="Lyre", charset="UTF-8"')
        if "metrics" in built_modules():
            self.assertIsNotNone(self.s.request("GET", "/metrics")[1]["WWW-Authenticate"])
        for headers in (wrong, {}):
            self.assertIsNotNone(self.s.request(body=INFO, headers=dict(JSON, **headers))[1]["WWW-Authenticate"])
            for origin in ("https://app.example", "null"):
                self.assertIsNone(self.s.request("GET", headers=dict(wrong, Origin=origin))[1]["WWW-Authenticate"])
                self.assertIsNone(self.s.request(body=INFO, headers=dict(JSON, Origin=origin, **headers))[1]["WWW-Authenticate"])

    def test_clients_that_wait_for_a_challenge(self):
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        url = "http://127.0.0.1:%d/" % self.s.port
        passwords.add_password(None, url, *self.s.admin)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
        # the second is refused before it is read whole: so much is read from authenticated clients only
        for body in (INFO, INFO + b" " * 300000):
            with opener.open(urllib.request.Request(url, body, JSON)) as r:
                self.assertEqual(json.load(r)["username"], "admin")


class Untrusted(unittest.TestCase):
    def test_headers_of_others_have_no_effect(self):
        with Server(settings=CHEAP_LOGINS + ["logging.auditAuthEvents.logFailed=true", 'operationsApi.network.trustedProxies=["192.0.2.1"]']) as s:
            forged = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
            s.request(body=INFO, headers=dict(JSON, Authorization=s.authorization("who", "wrong"), **forged))
            self.assertIn("127.0.0.1: sign-in as 'who'", s.said())
            cookie = s.request(body=LOGIN, headers=dict(JSON, **forged))[1]["set-cookie"]
            self.assertNotIn("Secure", cookie)
            status, _, _ = s.request(body=INFO, headers=dict(JSON, Cookie=cookie.split(";")[0], Origin="https://evil.example", **forged))
            self.assertEqual(status, 403)

    def test_what_is_no_network_is_refused(self):
        for entry in ("example.com", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0.0/8x", "", "/8"):
            r = subprocess.run([LYRED, "-c", "/dev/null", "-r", "/tmp/lyre-none", "--check", "--set", "operationsApi.network.trustedProxies=" + json.dumps([entry])],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertNotEqual(r.returncode, 0, r.stdout)
            self.assertIn("'%s' is not an address or a network" % entry, r.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
