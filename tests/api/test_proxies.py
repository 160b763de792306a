# SPDX-License-Identifier: Apache-2.0
"""Behind proxies and across origins: whose address counts, which pages are the server's own, cookies and challenges."""
import http.client, json, os, shutil, socket, struct, subprocess, sys, tempfile, unittest, urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, LYRED, Server, built_modules, need_module, until


def setUpModule():
    need_module("users")


LOGIN = json.dumps({"operation": "login", "username": "admin", "password": "Abc1234!"}).encode()
INFO = b'{"operation":"user_info"}'
JSON = {"Content-Type": "application/json"}


def logged(s, user):
    """The address logged with a user's failed sign-in."""
    for line in s.said().splitlines():
        if "sign-in as '%s'" % user in line:
            return line.split("]: ", 1)[1].split(": sign-in")[0]
    raise AssertionError("no line about %s" % user)


class Proxied(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + [
            'operationsApi.network.trustedProxies=["127.0.0.0/8", "2001:db8::/32"]', "logging.auditAuthEvents.logFailed=true",
            'operationsApi.network.corsAccessList=["*", "https://app.example"]'])
        cls.addClassCleanup(cls.s.stop)

    def test_address_of_the_client(self):
        for i, (sent, seen) in enumerate((
                (None, "127.0.0.1"), ("192.0.2.7", "192.0.2.7"), ("10.9.9.9, 192.0.2.7", "192.0.2.7"), ("192.0.2.7, 127.0.0.3", "192.0.2.7"),
                ("192.0.2.7,127.0.0.3 ,2001:db8::5", "192.0.2.7"), ("192.0.2.7:4711", "192.0.2.7"), ("[2001:db9::1]:80", "2001:db9::1"),
                ("127.0.0.9", "127.0.0.9"), ("nonsense", "127.0.0.1"), ("192.0.2.7, nonsense, 127.0.0.3", "127.0.0.3"), ("", "127.0.0.1"), (",", "127.0.0.1"))):
            headers = dict(JSON, Authorization=self.s.authorization("who%d" % i, "wrong"))
            if sent is not None:
                headers["X-Forwarded-For"] = sent
            self.assertEqual(self.s.request(body=INFO, headers=headers)[0], 401)
            self.assertEqual(logged(self.s, "who%d" % i), seen, sent)

    def login(self, **headers):
        status, answer, _ = self.s.request(body=LOGIN, headers=dict(JSON, **headers))
        self.assertEqual(status, 200)
        return answer["set-cookie"]

    def test_cookie_over_tls_of_the_proxy(self):
        self.assertNotIn("Secure", self.login())
        self.assertTrue(self.login(**{"X-Forwarded-Proto": "https"}).endswith("SameSite=Strict; Secure"))
        self.assertNotIn("Secure", self.login(**{"X-Forwarded-Proto": "http"}))
        # pages of another site that is allowed by name get it too
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

    def test_preflight_allows_the_requested_headers(self):
        ask = lambda **more: self.s.request("OPTIONS", headers=dict({"Origin": "https://app.example"}, **more))[1]
        self.assertEqual(ask()["Access-Control-Allow-Headers"], "Accept, Content-Type, Authorization")
        self.assertEqual(ask(**{"Access-Control-Request-Headers": "content-type,x-trace-id"})["Access-Control-Allow-Headers"], "content-type,x-trace-id")
        self.assertEqual(ask(**{"Access-Control-Request-Headers": "a(b)"})["Access-Control-Allow-Headers"], "Accept, Content-Type, Authorization")

    def test_challenge(self):
        """For wget and similar programs; a page's script must not make the browser ask for a password."""
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
        # the second is refused before it is read completely: bodies this large are read only from authenticated clients
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

    def test_invalid_networks_are_refused(self):
        for entry in ("example.com", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0.0/8x", "", "/8"):
            r = subprocess.run([LYRED, "-c", "/dev/null", "-r", "/tmp/lyre-none", "--check", "--set", "operationsApi.network.trustedProxies=" + json.dumps([entry])],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertNotEqual(r.returncode, 0, r.stdout)
            self.assertIn("'%s' is not an address or a network" % entry, r.stdout)


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version_2(address=None, command=0x21, family=None, more=b"", size=None):
    body = b""
    if address:
        af = socket.AF_INET6 if ":" in address else socket.AF_INET
        family = family or (0x21 if af == socket.AF_INET6 else 0x11)
        body = socket.inet_pton(af, address) * 2 + struct.pack(">HH", 4711, 9925)
    body += more
    return SIGNATURE + struct.pack(">BBH", command, family or 0, len(body) if size is None else size) + body


def version_1(text):
    return b"PROXY " + text.encode() + b"\r\n"


class Line:
    """A connection of a proxy: bytes out, answers in."""

    def __init__(self, s, first=b"", pieces=None, path=None):
        """pieces: their size; path: of a domain socket in front."""
        self.s = s
        if path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(60)
            self.sock.connect(path)
        else:
            self.sock = socket.create_connection(("127.0.0.1", s.port), 60)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(0, len(first), pieces or len(first) or 1):
            self.send(first[i:i + (pieces or len(first))])

    def send(self, data):
        self.sock.sendall(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def ask(self, body=INFO, **headers):
        """The status of the answer."""
        head = "".join("%s: %s\r\n" % h for h in dict(JSON, **{k.replace("_", "-"): v for k, v in headers.items()}).items())
        self.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), head.encode(), body))
        return self.answer()

    def answer(self):
        r = http.client.HTTPResponse(self.sock)
        r.begin()
        r.read()
        return r.status

    def try_user(self, user, **headers):
        """A failed sign-in that can be found in the log."""
        return self.ask(Authorization=self.s.authorization(user, "wrong"), **headers)

    def refused(self):
        """With an answer, or without one if it is not HTTP."""
        try:
            return self.answer() == 400 and self.ended()
        except ConnectionError:
            return True

    def ended(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True


class Protocol(unittest.TestCase):
    """The PROXY protocol."""

    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + ['operationsApi.network.trustedProxies=["127.0.0.1"]', "logging.auditAuthEvents.logFailed=true", "logging.level=debug"])
        cls.addClassCleanup(cls.s.stop)

    def closed(self, s, first, said, end=False):
        begin = len(s.said())
        with Line(s, first) as line:
            if end:
                line.sock.shutdown(socket.SHUT_WR)
            self.assertTrue(line.ended(), first)
            until(lambda: said in s.said()[begin:], "the log does not say '%s' about %r" % (said, first))

    def test_address_of_the_client(self):
        tlvs = b"\x04\0\x03abc" + b"\x20\x07\xd0" + b"x" * 2000
        for i, (header, seen) in enumerate((
                (b"", "127.0.0.1"), (version_1("TCP4 192.0.2.7 192.0.2.1 4711 9925"), "192.0.2.7"), (version_1("TCP6 2001:DB8::7 ::1 4711 9925"), "2001:db8::7"),
                (version_1("TCP6 ::ffff:192.0.2.7 ::1 4711 9925"), "192.0.2.7"), (version_1("UNKNOWN"), "127.0.0.1"), (version_1("UNKNOWN ::1 ::2 1 2"), "127.0.0.1"),
                (version_2("192.0.2.7"), "192.0.2.7"), (version_2("2001:db8::7"), "2001:db8::7"), (version_2("::ffff:192.0.2.7"), "192.0.2.7"),
                (version_2("192.0.2.7", more=tlvs), "192.0.2.7"), (version_2("192.0.2.7", more=b"x" * (4096 - 28)), "192.0.2.7"), (version_2(), "127.0.0.1"),
                (version_2("192.0.2.7", command=0x20), "127.0.0.1"), (version_2(command=0x20), "127.0.0.1"),
                (version_2(family=0x31, more=b"\0" * 216), "127.0.0.1"), (version_2("192.0.2.7", family=0x12), "127.0.0.1"))):
            with Line(self.s, header) as line:
                self.assertEqual(line.try_user("v%d" % i), 401, header)
                self.assertEqual(logged(self.s, "v%d" % i), seen, header)
                # It applies to the connection: the next request is the same client's.
                self.assertEqual(line.try_user("w%d" % i), 401, header)
                self.assertEqual(logged(self.s, "w%d" % i), seen, header)

    def test_headers_of_the_client_are_its_own(self):
        for user, address, forwarded, seen in (("x1", "192.0.2.7", "10.0.0.9", "192.0.2.7"), ("x2", "127.0.0.1", "10.0.0.9", "10.0.0.9")):
            with Line(self.s, version_2(address)) as line:
                self.assertEqual(line.try_user(user, X_Forwarded_For=forwarded), 401)
            self.assertEqual(logged(self.s, user), seen)

    def test_pieces_of_any_size(self):
        for i, header in enumerate((version_1("TCP4 192.0.2.7 192.0.2.1 4711 9925"), version_2("192.0.2.7", more=b"t" * 30))):
            for pieces in (1, 7):
                with Line(self.s, header, pieces) as line:
                    self.assertEqual(line.try_user("p%d-%d" % (i, pieces)), 401)
                self.assertEqual(logged(self.s, "p%d-%d" % (i, pieces)), "192.0.2.7")

    def test_requests_in_pieces_without_a_header(self):
        for first in (b"P", b"PRO", b"\r\n", b"\r\n\r\n"):
            rest = b"PFIND / HTTP/1.1\r\nHost: x\r\n\r\n" if first == b"PRO" else b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"[first == b"P":]
            with Line(self.s, first) as line:
                line.send(rest)
                self.assertIn(line.answer(), (400, 404), first)
        with Line(self.s, b"PRO") as line:
            line.sock.shutdown(socket.SHUT_WR)
            self.assertTrue(line.ended())

    def test_once_per_connection(self):
        header = version_1("TCP4 192.0.2.7 192.0.2.1 4711 9925")
        with Line(self.s, header + header) as line:
            self.assertTrue(line.refused())
        with Line(self.s, header) as line:
            self.assertEqual(line.try_user("once"), 401)
            line.send(version_2("192.0.2.8"))
            self.assertTrue(line.refused())

    def test_malformed(self):
        for header, why in ((version_1("TCP4 192.0.2.7 192.0.2.1 4711"), "a port is not valid"), (version_1("TCP4 192.0.2.777 192.0.2.1 1 2"), "an address is not valid"),
                            (version_1("TCP9 192.0.2.7 192.0.2.1 1 2"), "it names an unknown address family"), (b"PROXY UNKNOWN\n", "the line is not valid"),
                            (b"PROXY UNKNOWN " + b"x" * 200, "the line is too long"), (version_2("192.0.2.7", command=0x31), "its version or command is unknown"),
                            (version_2("192.0.2.7", family=0x41), "it names an unknown address family"), (version_2("192.0.2.7", size=11), "it is too short for its addresses"),
                            (version_2("192.0.2.7", size=65535), "it is too long")):
            self.closed(self.s, header, "127.0.0.1: connection closed: its PROXY header is not valid: " + why)

    PARTS = ((b"PROXY TCP4 192.0", "127.0.0.1"), (version_2("192.0.2.7")[:20], "127.0.0.1"), (version_2("192.0.2.7", more=b"x", size=100), "192.0.2.7"))

    def test_cut(self):
        for part, address in self.PARTS:
            self.closed(self.s, part, address + ": connection closed: the proxy closed it in the middle of its PROXY header", end=True)

    def test_slow(self):
        with Server(settings=['operationsApi.network.trustedProxies=["127.0.0.1"]', "logging.level=debug", "operationsApi.network.headersTimeout=1s"]) as s:
            for part, address in self.PARTS:
                self.closed(s, part, address + ": connection closed: its PROXY header did not arrive within operationsApi.network.headersTimeout")

    def test_connection_outlives_a_restart(self):
        with Line(self.s, version_2("2001:db8::7")) as used, Line(self.s, version_2("192.0.2.7")) as idle, Line(self.s) as empty, Line(self.s, b"PROXY TCP4 192.0.2.9 ") as begun:
            self.assertEqual(used.try_user("before"), 401)
            self.assertEqual(empty.ask(), 401)
            begin = len(self.s.said())
            self.s.ok({"operation": "restart"})
            until(lambda: "listening on" in self.s.said()[begin:], "it does not start again")
            for line, user, seen in ((used, "used", "2001:db8::7"), (idle, "idle", "192.0.2.7"), (empty, "empty", "127.0.0.1")):
                self.assertEqual(line.try_user(user), 401)
                self.assertEqual(logged(self.s, user), seen)
            # Once per connection, even if its peer is the client.
            empty.send(version_2("192.0.2.8"))
            self.assertTrue(empty.refused())


class NoProtocol(unittest.TestCase):
    def test_from_others_it_is_a_bad_request(self):
        with Server(settings=CHEAP_LOGINS + ['operationsApi.network.trustedProxies=["192.0.2.1"]']) as s:
            for header in (version_1("TCP4 192.0.2.7 192.0.2.1 1 2"), version_2("192.0.2.7")):
                with Line(s, header + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as line:
                    self.assertTrue(line.refused())


HAPROXY = """
defaults
    mode http
    timeout connect 60s
    timeout client 60s
    timeout server 60s
frontend f
    bind unix@{root}/front
    default_backend b
frontend g
    bind unix@{root}/back accept-proxy
    default_backend b
backend b
    http-request set-header X-Forwarded-Proto https
    server s 127.0.0.1:{port} {version} check inter 100ms
"""


@unittest.skipUnless(shutil.which("haproxy"), "there is no haproxy")
class Haproxy(unittest.TestCase):
    def test_both_versions(self):
        settings = CHEAP_LOGINS + ['operationsApi.network.trustedProxies=["127.0.0.1"]', "logging.auditAuthEvents.logFailed=true"]
        for version in ("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl"):
            with Server(settings=settings) as s, tempfile.TemporaryDirectory(prefix="lyre-test-") as root:
                with open(root + "/cfg", "w") as f:
                    f.write(HAPROXY.format(root=root, port=s.port, version=version))
                process = subprocess.Popen(["haproxy", "-db", "-f", root + "/cfg"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    until(lambda: os.path.exists(root + "/back"), "haproxy does not start")
                    for user, first, seen in (("near", b"", "127.0.0.1"), ("far", version_1("TCP4 192.0.2.7 192.0.2.1 1 2"), "192.0.2.7")):
                        with Line(s, first, path=root + ("/back" if first else "/front")) as line:
                            self.assertEqual(line.try_user(user), 401)
                        self.assertEqual(logged(s, user), seen)
                finally:
                    process.terminate()
                    process.wait()
                self.assertNotIn("PROXY", s.said())


if __name__ == "__main__":
    unittest.main(verbosity=2)
