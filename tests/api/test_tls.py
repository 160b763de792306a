# SPDX-License-Identifier: Apache-2.0
"""The listener with TLS: certificates by name, changed while running, client certificates, and everything that plain connections do.

Certificates come from a test module (tests/module/tls_files.c), as they would from a module that manages them."""
import base64, contextlib, http.client, json, os, re, shutil, socket, ssl, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority
from lyre_server import BUILD, HAS_PROC, LYRE, LYRED, PASSWORD, STATIC_ONLY, Server, built_modules, feature, until

MODULE = os.path.join(BUILD, "tests", "module", ".libs", "tls_files.so")
NETWORK = "operationsApi.network."
JSON = {"Content-Type": "application/json"}
DESCRIBE = b'{"operation":"describe_all"}'
NONE, WELCOME, REQUIRED = 0, 1, 2


def setUpModule():
    if not feature("HAVE_TLS") or STATIC_ONLY or not shutil.which("openssl"):
        print("no TLS, no dynamic loading, or no openssl")
        sys.exit(77)
    global authority, others
    authority, others = Authority("Test authority"), Authority("Another authority")
    unittest.addModuleCleanup(authority.__exit__)
    unittest.addModuleCleanup(others.__exit__)


def configuration(*lines):
    modules = [m for m in ("schema", "data", "system", "metrics", "users") if m in built_modules()]
    return "modules:\n%s  tls_files:\n    path: %s\n%s" % ("".join("  %s: {}\n" % m for m in modules), MODULE, "".join("    %s\n" % l for l in lines))


class SecureServer(Server):
    def __init__(self, settings=(), lines=(), **more):
        super().__init__(config=configuration(*lines), settings=[NETWORK + "securePort=0"] + list(settings), **more)

    def start(self):
        super().start()
        said = until(lambda: re.findall(r"listening on https://127\.0\.0\.1:(\d+)", self.said()), "it does not listen for TLS", server=self)
        self.secure_port = int(said[-1])
        return self

    def use(self, *certificates, **more):
        """certificates: (name, (chain, key), hosts); status and body"""
        return self.call({"operation": "tls_use", "certificates": [{"name": n, "chain": p[0], "key": p[1], "hosts": list(h)} for n, p, h in certificates]}, **more)

    def must_use(self, *certificates, **more):
        status, body = self.use(*certificates, **more)
        assert status == 200, body

    def dial(self, name=None, context=None, pair=None, timeout=30, **more):
        """A connection after its handshake."""
        c = context or trusting(**more)
        if pair:
            c.load_cert_chain(*authority.files(pair))
        raw = socket.create_connection(("127.0.0.1", self.secure_port), timeout)
        try:
            return c.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def shown(self, name=None, **more):
        """The common name of the certificate served for a name."""
        with self.dial(name, **more) as s:
            return common_name(s)

    def https(self, name="first.example", **more):
        c = http.client.HTTPConnection("127.0.0.1", self.secure_port, timeout=60)
        c.sock = self.dial(name, **more)
        return c

    def ask(self, body=DESCRIBE, headers=None, connection=None, admin=True, **more):
        """(status, headers, body) over TLS."""
        c = connection or self.https(**more)
        h = dict(JSON, **({"Authorization": self.authorization()} if admin else {}))
        h.update(headers or {})
        c.request("POST", "/", body, h)
        r = c.getresponse()
        result = r.status, r.headers, r.read()
        if not connection:
            c.close()
        return result


def resident_kib(s):
    with open("/proc/%d/status" % s.process.pid) as f:
        return int(re.search(r"^VmRSS:\s*(\d+)", f.read(), re.M).group(1))


def trusting(check=True, version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.load_verify_locations(authority.path)
    if not check:
        c.verify_mode = ssl.CERT_NONE
    if version:
        c.minimum_version = c.maximum_version = version
    return c


def common_name(s):
    return next(value for part in s.getpeercert()["subject"] for key, value in part if key == "commonName")


class Names(unittest.TestCase):
    """Which certificate is served."""

    @classmethod
    def setUpClass(cls):
        cls.s = SecureServer()
        cls.addClassCleanup(cls.s.stop)

    def test_no_handshake_without_certificates(self):
        with SecureServer() as s:
            self.assertRegex(s.said(), r"\[warn\].*no module has provided a certificate")
            with self.assertRaisesRegex(ssl.SSLError, "ALERT_HANDSHAKE_FAILURE"):
                s.dial("first.example")
            s.must_use(("first", authority.issue("first", ["first.example"]), ["first.example"]))
            self.assertEqual(s.shown("first.example"), "first")

    def test_exact_then_wildcard_then_default(self):
        issue = lambda name, *hosts, **more: (name, authority.issue(name, hosts, **more), hosts)
        self.s.must_use(issue("default", "default.example"), issue("wild", "*.example.com", kind="rsa"), issue("exact", "www.example.com", kind="ed25519"),
                        issue("both", "example.com", "*.www.example.com"), issue("address", "IP:127.0.0.1"))
        for name, shown in (("default.example", "default"), ("www.example.com", "exact"), ("WWW.Example.COM", "exact"), ("other.example.com", "wild"),
                            ("example.com", "both"), ("a.www.example.com", "both"), ("a.b.example.com", "default"), ("nobody.example", "default"),
                            ("com", "default"), (None, "default")):
            self.assertEqual(self.s.shown(name), shown, name)

    def test_kinds_of_keys(self):
        for kind in ("rsa", "ecdsa", "ed25519"):
            self.s.must_use((kind, authority.issue(kind, ["a.example"], kind=kind), ["a.example"]))
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.s.dial("a.example", version=version) as c:
                    self.assertEqual(common_name(c), kind)

    def test_one_host_with_two_key_types(self):
        self.s.must_use(("ecdsa", authority.issue("ecdsa", ["a.example"]), ["a.example"]), ("rsa", authority.issue("rsa", ["a.example"], kind="rsa"), ["a.example"]))
        self.assertEqual(self.s.shown("a.example"), "ecdsa")
        shown = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.s.secure_port, "-servername", "a.example", "-sigalgs", "RSA-PSS+SHA256"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True).stdout
        self.assertRegex(shown, "subject=CN ?= ?rsa")

    def test_an_expired_certificate_comes_last(self):
        wild = ("wild", authority.issue("wild", ["*.a.example"]), ["*.a.example"])
        old = ("old", authority.issue("old", ["x.a.example"], start="20200101000000Z", days="20210101000000Z"), ["x.a.example"])
        early = ("early", authority.issue("early", ["x.a.example"], start="20480101000000Z", days="20490101000000Z"), ["x.a.example"])
        self.s.must_use(old, wild, early)
        self.assertEqual(self.s.shown("x.a.example"), "wild")
        self.s.must_use(wild, old)
        self.assertEqual(self.s.shown("y.a.example"), "wild")
        self.s.must_use(old)
        with self.assertRaisesRegex(ssl.SSLError, "expired"):
            self.s.shown("x.a.example")

    def test_chain(self):
        with Authority("Between", authority) as between, Authority("Below", between) as below:
            chain, key = below.issue("leaf", ["leaf.example"])
            parts = re.findall("-----BEGIN.*?END CERTIFICATE-----\n", chain, re.S)
            self.assertEqual(len(parts), 3)
            for order in (parts, [parts[0], parts[2], parts[1]]):
                self.s.must_use(("leaf", ("".join(order), key), ["leaf.example"]))
                self.assertEqual(self.s.shown("leaf.example"), "leaf")
                shown = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.s.secure_port, "-CAfile", authority.path, "-verify_return_error",
                                        "-verify_hostname", "leaf.example"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
                self.assertIn("Verify return code: 0 (ok)", shown.stdout)

    @unittest.skipUnless(shutil.which("curl"), "there is no curl")
    def test_curl(self):
        self.s.must_use(("curl", authority.issue("curl", ["IP:127.0.0.1", "curl.example"], kind="rsa"), ["curl.example"]))
        for host in ("127.0.0.1", "curl.example"):
            r = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", authority.path, "--resolve", "curl.example:%d:127.0.0.1" % self.s.secure_port, "-u", "admin:Abc1234!", "-H",
                                "Content-Type: application/json", "-d", DESCRIBE, "https://%s:%d/" % (host, self.s.secure_port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertEqual(r.stdout, "{}")

    def test_a_refused_change_changes_nothing(self):
        a, b = authority.issue("a", ["a.example"]), authority.issue("b", ["b.example"], kind="rsa")
        self.s.must_use(("a", a, ["a.example"]))
        key = tempfile.NamedTemporaryFile("w", suffix=".key", dir=authority.folder)
        with key:
            key.write(b[1])
            key.flush()
            locked = subprocess.run(["openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in", key.name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    universal_newlines=True, check=True).stdout
        good = ("a", a, ["a.example"])
        for certificates, more, words in (
                ([], {}, "there is no certificate"), ([("mine", (a[0], b[1]), [])], {}, "'mine': the private key does not match it"),
                ([("mine", ("nonsense", b[1]), [])], {}, "'mine': it cannot be read"), ([("mine", (b[0], "nonsense"), [])], {}, "'mine': its private key cannot be read"),
                ([("mine", (b[0][:400], b[1]), [])], {}, "'mine': it cannot be read"), ([("mine", (b[0], locked), [])], {}, "'mine': its private key is encrypted"),
                ([("mine", (b[0] * 20, b[1]), [])], {}, "'mine': its chain has more than 16"), ([good, ("mine", b, ["a.*"])], {}, "'mine': 'a.*' is not a host name"),
                ([("mine", b, [""])], {}, "'mine': '' is not a host name"), ([good], {"client": WELCOME}, "no authority to verify them"),
                ([good], {"client": WELCOME, "authorities": "nonsense"}, "authorities for client certificates cannot be read"), ([good], {"client": 3}, "invalid client certificate mode"),
                ([good], {"client": WELCOME, "authorities": authority.certificate, "revoked": "nonsense"}, "certificate revocation lists (CRLs) cannot be read"),
                ([good], {"client": WELCOME, "authorities": authority.certificate, "revoked": others.revoked()}, "not signed by any of the authorities"),
                ([good], {"ciphers": "RUBBISH"}, "neither cipher suite names nor a GnuTLS priority string"),
                ([good], {"ciphers": "NORMAL:+NONSENSE"}, "starting at"), ([good], {"ciphers": "NORMAL:+NULL"}, "a broken cipher"),
                ([good], {"ciphers": "NORMAL:+ANON-ECDH"}, "an anonymous key exchange"),
                ([good], {"ciphers": "NORMAL:-VERS-ALL:+VERS-TLS1.1"}, "neither TLS 1.2 nor TLS 1.3"),
                ([good], {"ciphers": "ECDHE-RSA-AES128-GCM-SHA256:RC4-MD5"}, "'RC4-MD5' is not a known and safe cipher suite")):
            status, body = self.s.use(*certificates, **more)
            self.assertEqual(status, 400, (words, body))
            self.assertIn(words, body["error"])
            self.assertNotIn("PRIVATE", body["error"])
        self.assertEqual(self.s.shown("a.example"), "a")

    def test_who_may(self):
        self.s.add_role("nothing")
        self.s.add_user("eve", "nothing")
        pair = authority.issue("a", [])
        status, body = self.s.call({"operation": "tls_try", "certificates": [{"name": "a", "chain": pair[0], "key": pair[1]}]},
                                   headers={"Authorization": self.s.authorization("eve", PASSWORD)})
        self.assertEqual(status, 403, body)


class Protocol(unittest.TestCase):
    """Supported parts of TLS."""

    @classmethod
    def setUpClass(cls):
        cls.s = SecureServer()
        cls.addClassCleanup(cls.s.stop)
        cls.pair = authority.issue("first", ["first.example"])
        cls.rsa = authority.issue("rsa", ["rsa.example"], kind="rsa")

    def setUp(self):
        self.s.must_use(("first", self.pair, ["first.example"]), ("rsa", self.rsa, ["rsa.example"]))

    def client(self, *args, text=""):
        return subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.s.secure_port, "-CAfile", authority.path] + list(args), input=text,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=60).stdout

    def test_versions(self):
        for version, good in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
            said = self.client(version, "-cipher", "DEFAULT@SECLEVEL=0", "-servername", "rsa.example")
            self.assertEqual("Verify return code: 0 (ok)" in said and "Cipher is (NONE)" not in said, good, (version, said))
            if not good:
                self.assertRegex(said, "alert (handshake failure|protocol version)")

    def test_default_ciphers(self):
        """Only those with forward secrecy and authenticated encryption."""
        for cipher, good in (("ECDHE-RSA-AES128-GCM-SHA256", True), ("ECDHE-RSA-CHACHA20-POLY1305", True), ("AES128-GCM-SHA256", False), ("AES128-SHA", False),
                             ("ECDHE-RSA-AES128-SHA", False), ("ECDHE-RSA-AES256-SHA384", False), ("DHE-RSA-AES128-GCM-SHA256", False), ("ADH-AES128-GCM-SHA256", False),
                             ("NULL-SHA256", False)):
            said = self.client("-tls1_2", "-cipher", cipher + ":@SECLEVEL=0", "-servername", "rsa.example")
            self.assertEqual("Cipher is " + cipher in said, good, (cipher, said))

    def test_ciphers_of_the_setting(self):
        def cipher(*args):
            found = re.search("Cipher is (.*)", self.client("-servername", "rsa.example", *args))
            return found and found.group(1)

        use = lambda c: self.s.must_use(("rsa", self.rsa, ["rsa.example"]), ciphers=c)
        use("ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384")
        self.assertEqual(cipher("-tls1_2"), "ECDHE-RSA-CHACHA20-POLY1305")
        self.assertEqual(cipher("-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"), "ECDHE-RSA-AES256-GCM-SHA384")
        self.assertEqual(cipher("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "(NONE)")
        self.assertEqual(cipher("-tls1_3"), "(NONE)")
        use("TLS_AES_256_GCM_SHA384")
        self.assertEqual(cipher(), "TLS_AES_256_GCM_SHA384")
        self.assertEqual(cipher("-tls1_2"), "(NONE)")
        use("TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256")
        self.assertEqual(cipher(), "TLS_AES_128_GCM_SHA256")
        self.assertEqual(cipher("-tls1_2"), "ECDHE-RSA-AES128-GCM-SHA256")
        use("SECURE256:-VERS-TLS1.3")
        self.assertEqual(cipher(), "ECDHE-RSA-AES256-GCM-SHA384")
        use("NORMAL:+VERS-TLS1.1:+VERS-TLS1.0")
        self.assertEqual(cipher("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"), "(NONE)")

    def test_no_renegotiation_no_compression(self):
        p = subprocess.Popen(["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.s.secure_port, "-tls1_2", "-servername", "rsa.example"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        try:
            lines = []
            while "Extended master secret" not in "".join(lines[-1:]):
                lines.append(p.stdout.readline())
            self.assertIn("Compression: NONE\n", lines)
            p.stdin.write("R\n")
            p.stdin.flush()
            said = p.stdout.read() # to its end
            self.assertIn("RENEGOTIATING", said)
            self.assertNotIn("verify return", said)
        finally:
            p.kill()
            p.wait()
            p.stdin.close()
            p.stdout.close()
        self.assertEqual(self.s.ask(name="rsa.example")[0], 200)

    def test_sessions_are_resumed_until_the_certificates_change(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context, session = trusting(version=version), None
            for reused in (False, True, False):
                raw = socket.create_connection(("127.0.0.1", self.s.secure_port), 30)
                with context.wrap_socket(raw, server_hostname="first.example", session=session) as c:
                    self.assertEqual(c.session_reused, reused, version)
                    c.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                    self.assertIn(b" 200 ", c.recv(4096)) # a ticket of TLS 1.3 comes with it
                    session = c.session
                if reused:
                    self.s.must_use(("first", self.pair, ["first.example"]))

    def test_plain_http_gets_a_message(self):
        for begin in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50000, b"\r\nGET", b"PRI * HTTP/2.0\r\n"):
            with socket.create_connection(("127.0.0.1", self.s.secure_port), 30) as c:
                c.sendall(begin)
                answer = b"".join(iter(lambda: c.recv(65536), b""))
                self.assertRegex(answer, rb'^HTTP/1.1 400 Bad Request\r\n[^{]*\r\n\r\n\{"error":"This port speaks HTTPS: the address must begin with https://"\}$')

    def test_nonsense_is_closed(self):
        for begin in (b"\x00" * 100, b"\x80\x2e\x01\x03\x01" + b"a" * 60, b"\x16\x03\x01\xff\xff" + b"a" * 1000, b"\x15\x03\x01\x00\x02\x02\x28", b"\x16\x03\x01\x00\x05hello"):
            with socket.create_connection(("127.0.0.1", self.s.secure_port), 30) as c:
                c.sendall(begin)
                c.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    while c.recv(65536):
                        pass
        self.assertEqual(self.s.ask()[0], 200)

    def test_hello_on_the_plain_port_is_closed(self):
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 506
        before = self.s.said()
        for piece in (hello, hello[:1]):
            with socket.create_connection(("127.0.0.1", self.s.port), 30) as c:
                c.sendall(piece)
                with contextlib.suppress(ConnectionResetError):
                    self.assertEqual(c.recv(100), b"")
        self.assertEqual(self.s.said(), before)
        with self.assertRaises((ssl.SSLError, OSError)):
            trusting().wrap_socket(socket.create_connection(("127.0.0.1", self.s.port), 30))


class Requests(unittest.TestCase):
    """Requests over TLS are answered like those without it."""

    @classmethod
    def setUpClass(cls):
        cls.s = SecureServer(settings=[NETWORK + "maxBodySize=4M"])
        cls.addClassCleanup(cls.s.stop)
        cls.s.must_use(("first", authority.issue("first", ["first.example"]), ["first.example"]))

    def answer(self, c):
        """Everything received until the server closes the TLS connection cleanly."""
        return b"".join(iter(lambda: c.recv(65536), b""))

    def send(self, *pieces):
        with self.s.dial("first.example", timeout=60) as c:
            for p in pieces:
                c.sendall(p)
            return self.answer(c)

    def head(self, *lines):
        return ("POST / HTTP/1.1\r\nHost: first.example\r\nAuthorization: %s\r\nContent-Type: application/json\r\n%s\r\n" %
                (self.s.authorization(), "".join(l + "\r\n" for l in lines))).encode()

    def test_keep_alive_and_pipelining(self):
        c = self.s.https()
        for _ in range(20):
            self.assertEqual(self.s.ask(connection=c)[0], 200)
        c.close()
        one = self.head("Content-Length: %d" % len(DESCRIBE)) + DESCRIBE
        last = self.head("Content-Length: %d" % len(DESCRIBE), "Connection: close") + DESCRIBE
        self.assertEqual(self.send(one * 9 + last).count(b"HTTP/1.1 200 OK"), 10)

    def test_bodies(self):
        rows = [{"id": i, "text": "x" * 1000} for i in range(2000)]
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
        body = json.dumps({"operation": "insert", "table": "t", "records": rows}).encode()
        self.assertEqual(self.s.ask(body)[0], 200)
        status, _, text = self.s.ask(json.dumps({"operation": "search_by_value", "table": "t", "attribute": "id", "value": "*", "get_attributes": ["*"]}).encode())
        self.assertEqual((status, len(json.loads(text))), (200, 2000))
        status, headers, text = self.s.ask(json.dumps({"operation": "get_backup", "database": "data"}).encode())
        self.assertEqual((status, len(text)), (200, int(headers["Content-Length"])))
        plain = self.s.request(body=json.dumps({"operation": "get_backup", "database": "data"}).encode(), headers=dict(JSON, Authorization=self.s.authorization()))[2]
        self.assertEqual(len(text), len(plain))

    def test_a_slow_reader_gets_all(self):
        self.s.ok({"operation": "create_table", "table": "slow", "primary_key": "id"})
        self.s.ok({"operation": "insert", "table": "slow", "records": [{"id": i, "text": "y" * 2000} for i in range(1000)]})
        body = b'{"operation":"search_by_value","table":"slow","attribute":"id","value":"*","get_attributes":["*"]}'
        with self.s.dial("first.example") as c:
            c.sendall(self.head("Content-Length: %d" % len(body), "Connection: close") + body)
            text = b""
            while True:
                piece = c.recv(1000 + len(text) // 10)
                if not piece:
                    break
                text += piece
            self.assertEqual(text.count(b'"text"'), 1000)

    def test_chunked(self):
        chunk = lambda s: b"%x\r\n%s\r\n" % (len(s), s)
        head = self.head("Transfer-Encoding: chunked", "Connection: close")
        for pieces in ([head + chunk(DESCRIBE) + b"0\r\n\r\n"], [head, chunk(DESCRIBE[:5]), chunk(DESCRIBE[5:]), b"0\r\n\r\n"],
                       [bytes([b]) for b in head + chunk(DESCRIBE) + b"0\r\n\r\n"]):
            self.assertIn(b"HTTP/1.1 200 OK", self.send(*pieces))
        for bad in (b"%x\n%s\r\n0\r\n\r\n" % (len(DESCRIBE), DESCRIBE), b"%x \r\n%s\r\n0\r\n\r\n" % (len(DESCRIBE), DESCRIBE), chunk(DESCRIBE) + b"0\n\n", b"zz\r\n"):
            answer = self.send(head, bad)
            self.assertIn(b"400 Bad Request", answer, bad)
            self.assertIn(b"The chunked body is not valid", answer)
        self.assertIn(b"413 ", self.send(head, b"ffffff\r\n"))

    def test_early_refusals(self):
        for head, status in ((self.head("Content-Length: 99999999"), b"413 "), (self.head("Content-Length: x"), b"400 "), (self.head("Content-Length: 5", "Content-Encoding: br"), b"415 "),
                             (b"POST / HTTP/3.0\r\n\r\n", b"505 "), (b"POST / HTTP/1.1\r\n\r\n", b"400 "), (b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\n\r\n", b"414 "),
                             (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n", b"401 ")):
            answer = self.send(head)
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), (status, answer[:300]))
            self.assertIn(b'{"error":', answer)
            self.assertEqual(answer.count(b"\r\nServer:"), 1)
            self.assertNotIn(b"<html>", answer)

    def test_a_refusal_reaches_a_client_that_sends_on(self):
        with self.s.dial("first.example", timeout=60) as c:
            c.sendall(self.head("Content-Length: 99999999"))
            with contextlib.suppress(OSError):
                for _ in range(50):
                    c.sendall(b"x" * 10000)
            self.assertTrue(self.answer(c).startswith(b"HTTP/1.1 413 "))

    def test_expect(self):
        with self.s.dial("first.example") as c:
            c.sendall(self.head("Content-Length: %d" % len(DESCRIBE), "Expect: 100-continue", "Connection: close"))
            self.assertEqual(c.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            c.sendall(DESCRIBE)
            self.assertIn(b"200 OK", self.answer(c))

    @unittest.skipUnless("users" in built_modules(), "needs login")
    def test_cookies_are_secure(self):
        status, headers, _ = self.s.ask(b'{"operation":"login","username":"admin","password":"Abc1234!"}', admin=False)
        self.assertEqual(status, 200)
        self.assertIn("; Secure", headers["set-cookie"])

    @unittest.skipUnless("metrics" in built_modules(), "needs metrics")
    def test_metrics(self):
        def read(name):
            return int(float(re.search(r"^lyre_%s (\S+)$" % name, self.s.request("GET", "/metrics", headers={"Authorization": self.s.authorization()})[2].decode(), re.M).group(1)))

        done, failed = read("tls_handshakes_total"), read("tls_handshakes_failed_total")
        self.s.ask()
        with socket.create_connection(("127.0.0.1", self.s.secure_port), 30) as c:
            c.sendall(b"\x17\x03\x03\x00\x05hello")
            while c.recv(100):
                pass
        self.assertEqual(read("tls_handshakes_total"), done + 1)
        until(lambda: read("tls_handshakes_failed_total") == failed + 1, "the failure is not counted")


class Certified(unittest.TestCase):
    """Clients with certificates."""

    @classmethod
    def setUpClass(cls):
        cls.s = SecureServer(settings=["logging.auditAuthEvents.logFailed=true"])
        cls.addClassCleanup(cls.s.stop)
        cls.pair = authority.issue("first", ["first.example"])
        cls.s.add_role("nothing")
        cls.s.add_user("ada", "nothing")
        cls.s.add_user("lazy", "nothing", active=False)
        cls.ada = authority.issue("ada", use="clientAuth")
        cls.admin = authority.issue("admin")

    def use(self, client, **more):
        self.s.must_use(("first", self.pair, ["first.example"]), client=client, **dict({"authorities": authority.certificate}, **more))

    def who(self, headers=None, **more):
        status, _, body = self.s.ask(b'{"operation":"user_info"}', headers=headers, admin=False, **more)
        body = json.loads(body)
        return body.get("username") or (status, body["error"])

    def check_refused(self, alert, version, **more):
        """Whether the handshake ends with an alert, which in TLS 1.3 comes after the client's part of it."""
        with self.assertRaisesRegex((ssl.SSLError, OSError), alert):
            with self.s.dial("first.example", version=version, **more) as c:
                with contextlib.suppress(OSError): # the alert may arrive earlier
                    c.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                c.recv(100)

    @unittest.skipUnless("users" in built_modules(), "needs user_info")
    def test_the_common_name_is_the_user(self):
        self.use(WELCOME)
        self.assertEqual(self.who(pair=self.ada), "ada")
        self.assertEqual(self.who(pair=self.admin), "admin")
        self.assertEqual(self.who()[0], 401)
        self.assertEqual(self.who(pair=self.ada, headers={"Authorization": self.s.authorization()}), "admin")
        self.assertEqual(self.who(pair=self.ada, headers={"Authorization": self.s.authorization("admin", "wrong")})[0], 401)
        # a connection is not reused for another certificate
        c = self.s.https(pair=self.ada)
        for _ in range(3):
            self.assertEqual(json.loads(self.s.ask(b'{"operation":"user_info"}', connection=c, admin=False)[2])["username"], "ada")
        c.close()

    @unittest.skipUnless("users" in built_modules(), "needs user_info")
    def test_its_role_applies(self):
        self.use(WELCOME)
        status, _, body = self.s.ask(b'{"operation":"create_database","database":"mine"}', admin=False, pair=self.ada)
        self.assertEqual(status, 403, body)
        large = json.dumps({"operation": "user_info", "x": "y" * 300000}).encode()
        self.assertEqual(self.s.ask(large, admin=False, pair=self.ada)[0], 200)
        self.assertEqual(self.s.ask(large, admin=False)[0], 401)

    @unittest.skipUnless("users" in built_modules(), "needs user_info")
    def test_changes_of_the_user_act_at_once(self):
        self.use(WELCOME)
        self.s.add_user("bob", "nothing")
        c = self.s.https(pair=authority.issue("bob"))
        ask = lambda: self.s.ask(b'{"operation":"user_info"}', connection=c, admin=False)[0]
        self.assertEqual(ask(), 200)
        self.s.ok({"operation": "alter_user", "username": "bob", "active": False})
        self.assertEqual(ask(), 401)
        self.s.ok({"operation": "alter_user", "username": "bob", "active": True})
        self.assertEqual(ask(), 200)
        self.s.ok({"operation": "drop_user", "username": "bob"})
        self.assertEqual(ask(), 401)
        c.close()

    @unittest.skipUnless("users" in built_modules(), "needs user_info")
    def test_names_that_sign_nobody_in(self):
        self.use(WELCOME)
        for pair in (authority.issue("nobody"), authority.issue("lazy"), authority.issue("x", subject="/CN=admin/CN=ada"), authority.issue("root@socket")):
            self.assertEqual(self.who(pair=pair)[0], 401)
        self.assertRegex(self.s.said(), "127.0.0.1: sign-in as 'nobody' failed")
        # they can still sign in otherwise
        self.assertEqual(self.who(pair=authority.issue("nobody"), headers={"Authorization": self.s.authorization()}), "admin")

    @unittest.skipUnless("users" in built_modules(), "needs user_info")
    def test_a_fixed_user_or_nobody(self):
        self.use(WELCOME, user="admin")
        self.assertEqual(self.who(pair=self.ada), "admin")
        self.assertEqual(self.who()[0], 401)
        self.use(WELCOME, user="")
        self.assertEqual(self.who(pair=self.ada)[0], 401)

    @unittest.skipUnless("users" in built_modules(), "needs user_info")
    def test_pages_of_others_cannot_use_it(self):
        self.use(WELCOME)
        own = "https://127.0.0.1:%d" % self.s.secure_port
        self.assertEqual(self.who(pair=self.ada, headers={"Origin": own}), "ada")
        for origin in ("https://evil.example", "null"):
            self.assertEqual(self.who(pair=self.ada, headers={"Origin": origin})[0], 403)
        self.assertEqual(self.who(pair=self.ada, headers={"Origin": "https://evil.example", "Authorization": self.s.authorization()}), "admin")

    @unittest.skipUnless("users" in built_modules(), "needs tokens")
    def test_it_cannot_be_exchanged_for_a_token(self):
        self.use(WELCOME)
        status, _, body = self.s.ask(b'{"operation":"create_authentication_tokens"}', admin=False, pair=self.ada)
        self.assertNotEqual(status, 200, body)

    def test_refused_certificates(self):
        expired = authority.issue("ada", start="20200101000000Z", days="20210101000000Z")
        early = authority.issue("ada", start="20480101000000Z", days="20490101000000Z")
        revoked = authority.issue("ada")
        authority.revoke(revoked)
        for client in (WELCOME, REQUIRED):
            self.use(client, revoked=authority.revoked())
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                for pair, alert in ((others.issue("ada"), "UNKNOWN_CA"), (expired, "CERTIFICATE_EXPIRED"), (early, "CERTIFICATE_EXPIRED"), (revoked, "CERTIFICATE_REVOKED"),
                                    (authority.issue("ada", use="serverAuth"), "UNSUPPORTED_CERTIFICATE")):
                    self.check_refused(alert, version, pair=pair)
                self.assertEqual(self.s.ask(pair=self.ada, version=version)[0], 200)
        self.assertRegex(self.s.said(), r"\[warn\].*127.0.0.1: client certificate refused: ")

    def kept(self, pair=None, **more):
        """A connection that stays, and has been used."""
        c = self.s.https(pair=pair, **more)
        self.addCleanup(c.close)
        self.assertEqual(self.s.ask(connection=c, admin=False)[0], 200 if pair else 401)
        return c

    def check_ended(self, c, why, admin=False):
        """Whether the next request of a connection is refused, and the connection closed."""
        status, headers, body = self.s.ask(connection=c, admin=admin)
        self.assertEqual((status, json.loads(body)["error"]), (401, "The client certificate is no longer accepted: " + why))
        self.assertEqual(headers["Connection"].lower(), "close")

    def test_a_kept_connection_loses_its_certificate(self):
        """What would no longer get through a handshake does not get through with a connection that is there already."""
        revoked = authority.issue("ada")
        self.use(WELCOME, revoked=authority.revoked())
        first, second, third, other = self.kept(revoked), self.kept(revoked, version=ssl.TLSVersion.TLSv1_2), self.kept(revoked), self.kept(self.ada)
        authority.revoke(revoked)
        self.use(WELCOME, revoked=authority.revoked())
        self.check_ended(first, "it is revoked")
        self.check_ended(second, "it is revoked", admin=True)
        # with a body that has not been read
        third.sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 300000)
        self.assertIn(b"401 ", third.sock.recv(100))
        self.assertEqual(self.s.ask(connection=other, admin=False)[0], 200)
        self.assertRegex(self.s.said(), r"\[warn\].*127.0.0.1: client certificate refused: it is revoked")
        self.use(WELCOME, authorities=others.certificate)
        self.check_ended(other, "it is not signed by a known authority")

    def test_a_kept_connection_whose_certificate_expires(self):
        end = time.time() + 3
        short = authority.issue("ada", start="20200101000000Z", days=time.strftime("%Y%m%d%H%M%SZ", time.gmtime(end)))
        self.use(WELCOME)
        c = self.kept(short)
        time.sleep(max(0, int(end) + 1.1 - time.time()))
        self.check_ended(c, "it has expired, or is not valid yet")

    def test_a_kept_connection_when_certificates_become_required(self):
        self.use(NONE)
        early = self.kept()
        self.use(WELCOME)
        self.assertEqual(self.s.ask(connection=early)[0], 200)
        known, unknown = self.kept(self.ada), self.kept()
        self.use(REQUIRED)
        for c in (early, unknown):
            self.check_ended(c, "none was sent", admin=True)
        self.assertEqual(self.s.ask(connection=known, admin=False)[0], 200)

    @unittest.skipUnless("users" in built_modules(), "needs user_info")
    def test_a_kept_connection_has_the_user_of_today(self):
        self.use(WELCOME)
        c = self.kept(self.ada)
        who = lambda: json.loads(self.s.ask(b'{"operation":"user_info"}', connection=c, admin=False)[2]).get("username")
        for more, user in (({"user": "admin"}, "admin"), ({"user": ""}, None), ({}, "ada")):
            self.use(WELCOME, **more)
            self.assertEqual(who(), user)
        self.use(NONE)
        self.assertIsNone(who())

    def test_an_overdue_list_counts_still(self):
        revoked = authority.issue("ada")
        authority.revoke(revoked)
        self.use(REQUIRED, revoked=authority.revoked(overdue=True))
        self.check_refused("CERTIFICATE_REVOKED", ssl.TLSVersion.TLSv1_3, pair=revoked)
        self.assertEqual(self.s.ask(pair=self.ada)[0], 200)

    def test_required(self):
        self.use(REQUIRED)
        self.check_refused("HANDSHAKE_FAILURE", ssl.TLSVersion.TLSv1_2)
        self.check_refused("CERTIFICATE_REQUIRED", ssl.TLSVersion.TLSv1_3)
        self.assertEqual(self.s.ask(pair=self.ada)[0], 200)

    def test_no_session_stands_in_for_a_certificate(self):
        self.use(WELCOME)
        context, session = trusting(version=ssl.TLSVersion.TLSv1_2), None
        context.load_cert_chain(*authority.files(self.ada))
        for _ in range(3):
            raw = socket.create_connection(("127.0.0.1", self.s.secure_port), 30)
            with context.wrap_socket(raw, server_hostname="first.example", session=session) as c:
                self.assertFalse(c.session_reused)
                session = c.session

    def test_chains_of_clients(self):
        with Authority("Clients", authority) as between:
            self.use(REQUIRED)
            self.assertEqual(self.s.ask(pair=between.issue("ada"))[0], 200)

    def test_huge_tokens_are_refused(self):
        self.use(WELCOME)
        chain, key = self.ada
        with self.assertRaises((ssl.SSLError, OSError)):
            self.s.ask(pair=(chain * 100, key))
        self.assertEqual(self.s.ask(pair=self.ada)[0], 200)

    @unittest.skipUnless(shutil.which("curl"), "there is no curl")
    def test_curl(self):
        self.use(REQUIRED)
        certificate, key = authority.files(self.admin)
        r = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", authority.path, "--cert", certificate, "--key", key, "--resolve", "first.example:%d:127.0.0.1" % self.s.secure_port,
                            "-H", "Content-Type: application/json", "-d", DESCRIBE, "https://first.example:%d/" % self.s.secure_port], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, universal_newlines=True)
        self.assertEqual(r.stdout, "{}")


class Hostile(unittest.TestCase):
    """Clients that stop midway."""

    def hello(self, version=None):
        """The bytes of a ClientHello, and the context and buffers to continue with."""
        c, incoming, outgoing = trusting(version=version), ssl.MemoryBIO(), ssl.MemoryBIO()
        o = c.wrap_bio(incoming, outgoing, server_hostname="first.example")
        with contextlib.suppress(ssl.SSLWantReadError):
            o.do_handshake()
        return outgoing.read(), (o, incoming, outgoing)

    def stalled(self, s):
        """Connections that have reached each point of a handshake, and stay there."""
        hello, _ = self.hello()
        all = []
        for send in (b"", hello[:1], hello[:5], hello[:6], hello[:-1], hello, b"\x16\x03\x01\x00\x05\x01\x6f\xff\xff\x03"):
            c = socket.create_connection(("127.0.0.1", s.secure_port), 60)
            c.sendall(send)
            all.append(c)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            # all but the last byte of the client's second flight
            hello, (o, incoming, outgoing) = self.hello(version)
            c = socket.create_connection(("127.0.0.1", s.secure_port), 60)
            c.sendall(hello)
            rest = b""
            while not rest:
                incoming.write(c.recv(65536))
                with contextlib.suppress(ssl.SSLWantReadError):
                    o.do_handshake()
                rest = outgoing.read()
            c.sendall(rest[:-1])
            all.append(c)
        all.append(s.dial("first.example"))        # no request
        all.append(s.dial("first.example"))
        all[-1].sendall(b"POST / HTTP/1.1\r\nHo") # the start of a request
        return all

    def test_stalled_ones_end(self):
        with SecureServer(settings=[NETWORK + "headersTimeout=1s", NETWORK + "keepAliveTimeout=1s"]) as s:
            s.must_use(("first", authority.issue("first", ["first.example"]), ["first.example"]))
            begun = time.monotonic()
            waiting = [c for _ in range(5) for c in self.stalled(s)]
            self.assertEqual(s.ask()[0], 200)
            kept = s.https()
            self.assertEqual(s.ask(connection=kept)[0], 200)
            for c in waiting:
                with c, contextlib.suppress(ConnectionResetError):
                    while c.recv(65536):
                        pass
            self.assertGreaterEqual(time.monotonic() - begun, 1)
            # an idle connection is closed cleanly, without an error
            self.assertEqual(kept.sock.recv(100), b"")
            kept.close()
            if "metrics" in built_modules():
                open_ones = lambda: re.search(r"^lyre_connections_open (\S+)$", s.request("GET", "/metrics", headers={"Authorization": s.authorization()})[2].decode(), re.M).group(1)
                until(lambda: float(open_ones()) <= 1, open_ones)

    def test_they_count_as_connections(self):
        with SecureServer(settings=[NETWORK + "maxConnections=20", NETWORK + "maxConnectionsPerAddress=15"]) as s:
            s.must_use(("first", authority.issue("first", ["first.example"]), ["first.example"]))
            with contextlib.ExitStack() as waiting:
                def hold():
                    waiting.enter_context(socket.create_connection(("127.0.0.1", s.secure_port), 60))

                def full():
                    """One more at a time: some may be refused while the server has not noticed yet that others were closed."""
                    hold()
                    return not self.works(s)

                for _ in range(12):
                    hold()
                until(lambda: self.works(s), "it is full below the limit")
                until(full, "it accepts more than the limit")
            until(lambda: self.works(s), "it does not recover")

    def works(self, s):
        with contextlib.suppress(ssl.SSLError, OSError):
            return s.ask()[0] == 200

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    def test_an_endless_message_is_cut(self):
        """A ClientHello that announces 16 MB gets no memory for them."""
        with SecureServer() as s:
            s.must_use(("first", authority.issue("first", ["first.example"]), ["first.example"]))
            with socket.create_connection(("127.0.0.1", s.secure_port), 60) as c:
                before = resident_kib(s)
                with contextlib.suppress(OSError):
                    c.sendall(b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"a" * 16380)
                    for _ in range(900):
                        c.sendall(b"\x16\x03\x01\x40\x00" + b"a" * 16384)
                    while c.recv(100):
                        pass
                self.assertLess(resident_kib(s), before + 8192)

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    @unittest.skipIf(os.environ.get("CK_FORK"), "a sanitizer keeps what is freed")
    def test_memory_is_given_back(self):
        with SecureServer() as s:
            s.must_use(("first", authority.issue("first", ["first.example"]), ["first.example"]))
            sizes = []
            for _ in range(4):
                waiting = [c for _ in range(8) for c in self.stalled(s)]
                for c in waiting:
                    c.close()
                self.assertEqual(s.ask()[0], 200)
                sizes.append(resident_kib(s))
            self.assertLess(sizes[-1], sizes[0] + 8192)


class Proxied(unittest.TestCase):
    """The PROXY protocol comes before TLS."""

    def test_header(self):
        with SecureServer(settings=['operationsApi.network.trustedProxies=["127.0.0.1"]', "logging.auditAuthEvents.logFailed=true", "authentication.failures.delay=0"]) as s:
            s.must_use(("first", authority.issue("first", ["first.example"]), ["first.example"]))
            header = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n"
            for pieces in ([header], [header[:10], header[10:]], []):
                raw = socket.create_connection(("127.0.0.1", s.secure_port), 30)
                for p in pieces:
                    raw.sendall(p)
                c = http.client.HTTPConnection("127.0.0.1", s.secure_port)
                c.sock = trusting().wrap_socket(raw, server_hostname="first.example")
                status, _, _ = s.ask(connection=c, headers={"Authorization": s.authorization("who%d" % len(pieces), "wrong")})
                self.assertEqual(status, 401)
                c.close()
                self.assertIn("%s: sign-in as 'who%d' failed" % ("192.0.2.7" if pieces else "127.0.0.1", len(pieces)), s.said())
            for bad in (b"PROXY nonsense\r\n", b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\nGET / HTTP/1.1\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", s.secure_port), 30) as c:
                    c.sendall(bad)
                    with contextlib.suppress(ConnectionResetError):
                        answer = b"".join(iter(lambda: c.recv(1000), b""))
                        self.assertEqual(b"speaks HTTPS" in answer, b"GET" in bad)


class Started(unittest.TestCase):
    """Starts and restarts."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lyre-pem-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.place(authority.issue("first", ["first.example"]))

    def place(self, pair):
        for name, text in zip(("chain.pem", "key.pem"), pair):
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text)

    def server(self, *settings, **more):
        return SecureServer(lines=["folder: " + self.folder], settings=settings, **more)

    def restart(self, s):
        before = s.said().count("listening on https")
        s.ok({"operation": "restart"})
        until(lambda: s.said().count("listening on https") > before, s.said, server=s)

    @unittest.skipUnless("system" in built_modules(), "needs restart")
    def test_restart(self):
        """The socket stays open, idle connections close cleanly, requests in progress are answered."""
        with self.server() as s:
            idle = [s.dial("first.example") for _ in range(3)]
            used = s.https()
            self.assertEqual(s.ask(connection=used)[0], 200)
            plain = http.client.HTTPConnection("127.0.0.1", s.port)
            self.assertEqual(s.ask(connection=plain)[0], 200)
            port = s.secure_port
            said = len(s.said())
            self.restart(s)
            self.assertIn("listening on https://127.0.0.1:%d\n" % port, s.said(said))
            for c in idle + [used.sock]:
                c.settimeout(30)
                self.assertEqual(c.recv(100), b"") # an end of TLS, not of the connection
                c.close()
            self.assertEqual(s.ask(connection=plain)[0], 200) # it was handed over
            plain.close()
            self.assertEqual(s.ask()[0], 200)

    @unittest.skipUnless("system" in built_modules(), "needs restart")
    def test_restart_under_load(self):
        """A new connection is answered at any time; a persistent one is answered, or closed cleanly before."""
        with self.server() as s:
            over, faults, served = threading.Event(), [], [0, 0]

            def new():
                while not over.is_set():
                    try:
                        if s.ask()[0] == 200:
                            served[0] += 1
                    except Exception as e:
                        faults.append(("new", repr(e)))

            def keep():
                c = None
                while not over.is_set():
                    try:
                        fresh, c = not c, c or s.https()
                        status, headers, _ = s.ask(connection=c)
                        served[1] += status == 200
                        if headers.get("Connection", "").lower() == "close":
                            c.close()
                            c = None
                    except http.client.RemoteDisconnected as e:
                        if fresh:
                            faults.append(("kept", repr(e)))
                        c.close()
                        c = None
                    except Exception as e:
                        faults.append(("kept", repr(e)))
                        c = None
                if c:
                    c.close()

            threads = [threading.Thread(target=f) for f in (new, new, keep, keep)]
            for t in threads:
                t.start()
            try:
                for _ in range(2):
                    self.restart(s)
                    mark = list(served)
                    until(lambda: served[0] > mark[0] + 5 and served[1] > mark[1] + 5, lambda: "no more is served: %s" % faults, server=s)
            finally:
                over.set()
                for t in threads:
                    t.join()
            self.assertEqual(faults, [])

    @unittest.skipUnless("system" in built_modules(), "needs restart_service")
    def test_new_workers(self):
        """Listeners are added and removed with restart_service; certificates stay."""
        config = configuration("folder: " + self.folder)
        s = Server(config=config)
        with s:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            renew = lambda: self.assertEqual(s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers"})["job_id"])["status"], "COMPLETE")
            s.ok({"operation": "set_configuration", "operationsApi_network_securePort": port})
            renew()
            until(lambda: "listening on https://127.0.0.1:%d" % port in s.said(), s.said)
            dial = lambda: trusting().wrap_socket(socket.create_connection(("127.0.0.1", port), 30), server_hostname="first.example")
            with dial() as c:
                self.assertEqual(common_name(c), "first")
                renew()
                with dial() as again:
                    self.assertEqual(common_name(again), "first")
                c.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertIn(b"Connection: close", b"".join(iter(lambda: c.recv(4096), b"")))
            s.ok({"operation": "set_configuration", "operationsApi_network_securePort": None})
            renew()
            with self.assertRaises(OSError):
                dial()

    def test_stop_closes_connections_cleanly(self):
        s = self.server()
        try:
            with s.dial("first.example") as c:
                s.end()
                self.assertEqual(c.recv(100), b"")
        finally:
            s.remove()

    def check(self, *settings, config=None):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(config or configuration())
            f.flush()
            r = subprocess.run([LYRED, "-c", f.name, "-r", os.path.join(self.folder, "root"), "--check"] + [a for s in settings for a in ("--set", s)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        return r.returncode, r.stdout

    def test_check(self):
        self.assertEqual(self.check(NETWORK + "port=0", NETWORK + "securePort=0")[0], 0)
        code, said = self.check(NETWORK + "port=23456", NETWORK + "securePort=23456")
        self.assertEqual(code, 3)
        self.assertIn("operationsApi.network.securePort and operationsApi.network.port are both 23456: they must differ", said)
        code, said = self.check(NETWORK + "port=0", NETWORK + "securePort=99999")
        self.assertEqual(code, 3)
        self.assertIn("securePort", said)
        code, said = self.check(NETWORK + "port=0", NETWORK + "host=192.0.2.77", NETWORK + "securePort=23457")
        self.assertEqual(code, 3)
        self.assertIn("192.0.2.77", said)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, said = self.check(NETWORK + "port=0", NETWORK + "host=127.0.0.1", NETWORK + "securePort=%d" % taken.getsockname()[1])
            self.assertIn("listen on '127.0.0.1, port %d'" % taken.getsockname()[1], said)
            with self.assertRaisesRegex(RuntimeError, "port %d" % taken.getsockname()[1]):
                SecureServer(settings=[NETWORK + "securePort=%d" % taken.getsockname()[1]])

    def test_a_module_can_try(self):
        config = configuration("folder: " + self.folder)
        self.assertEqual(self.check(NETWORK + "port=0", config=config)[0], 0)
        self.place((authority.issue("first")[0], authority.issue("second")[1]))
        code, said = self.check(NETWORK + "port=0", config=config)
        self.assertEqual(code, 3)
        self.assertIn("certificate 'first': the private key does not match it", said)

    def test_the_module_knows_of_the_listener(self):
        with self.server() as s:
            self.assertIn("[tls_files]: TLS 1 1", s.said())
        with Server(config=configuration()) as s:
            self.assertIn("[tls_files]: TLS 1 0", s.said())
            self.assertNotIn("https", s.said())


@unittest.skipUnless(os.path.exists(LYRE), "this build has no client")
class Client(unittest.TestCase):
    """lyre over https."""

    def lyre(self, s, *args, host="127.0.0.1", user="admin", **env):
        """(status, output, errors) of describe_all"""
        r = subprocess.run([LYRE, "--url", "https://%s:%d" % (host, s.secure_port), *(["--user", user] if user else []), *args, "describe_all", "--json"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                           env=dict(os.environ, **dict({"LYRE_PASSWORD": "Abc1234!", "HOME": "/nonexistent", "XDG_CONFIG_HOME": "", "no_proxy": "*"}, **env)))
        return r.returncode, r.stdout.strip(), r.stderr

    def test_trust(self):
        with SecureServer() as s:
            s.must_use(("first", authority.issue("first", ["IP:127.0.0.1"]), []))
            self.assertEqual(self.lyre(s, "--cacert", authority.path), (0, "{}", ""))
            status, _, said = self.lyre(s)
            self.assertEqual(status, 3)
            self.assertIn("--cacert FILE names the authority", said)
            self.assertEqual(self.lyre(s, "--cacert", others.path)[0], 3)
            self.assertEqual(self.lyre(s, "--cacert", authority.path, host="localhost")[0], 3) # another name
            status, out, said = self.lyre(s, "--insecure", host="localhost")
            self.assertEqual((status, out), (0, "{}"))
            self.assertRegex(said, "^lyre: warning: --insecure: the identity of .* is not verified\n$")
            status, _, said = self.lyre(s, "--insecure", "--cacert", authority.path)
            self.assertEqual(status, 2)
            self.assertIn("cannot be used together", said)

    def test_its_own_certificate(self):
        with SecureServer() as s:
            s.must_use(("first", authority.issue("first", ["IP:127.0.0.1"]), []), client=REQUIRED, authorities=authority.certificate)
            trust, pair = ["--cacert", authority.path], authority.issue("admin", kind="rsa", use="clientAuth")
            certificate, key = authority.files(pair)
            both = authority.write("both.pem", "".join(pair))
            for words in (["--cert", certificate, "--key", key], ["--cert", both]):
                self.assertEqual(self.lyre(s, *trust, *words, user=None), (0, "{}", ""))
            home = tempfile.mkdtemp(prefix="lyre-home-")
            self.addCleanup(shutil.rmtree, home)
            os.mkdir(os.path.join(home, "lyre"))
            with open(os.path.join(home, "lyre", "config"), "w") as f:
                f.write("cacert = %s\ncert = %s\nkey = %s\n" % (authority.path, certificate, key))
            self.assertEqual(self.lyre(s, user=None, XDG_CONFIG_HOME=home), (0, "{}", ""))
            # what the command line has takes the place of both
            self.assertEqual(self.lyre(s, "--cert", both, user=None, XDG_CONFIG_HOME=home), (0, "{}", ""))
            self.assertIn("there is no private key in PEM in '%s'" % certificate, self.lyre(s, "--cert", certificate, user=None, XDG_CONFIG_HOME=home)[2])

    def test_what_the_server_does_not_take(self):
        with SecureServer() as s:
            trust, theirs = ["--cacert", authority.path], others.files(others.issue("admin"))
            for ciphers in ("NORMAL:-VERS-TLS1.3", "NORMAL:-VERS-TLS1.2"):
                s.must_use(("first", authority.issue("first", ["IP:127.0.0.1"]), []), client=REQUIRED, authorities=authority.certificate, ciphers=ciphers)
                for words, said in ((["--cert", theirs[0], "--key", theirs[1]], "the server may have refused the certificate '%s'" % theirs[0]),
                                    ([], "the server may require a certificate: give yours with --cert FILE")):
                    status, out, errors = self.lyre(s, *trust, *words, user=None)
                    self.assertEqual((status, out), (3, ""), errors)
                    self.assertIn(said, errors)

    def test_its_own_certificate_at_fault(self):
        with SecureServer() as s:
            s.must_use(("first", authority.issue("first", ["IP:127.0.0.1"]), []), client=WELCOME, authorities=authority.certificate)
            trust, pair = ["--cacert", authority.path], authority.issue("admin", kind="rsa")
            certificate, key = authority.files(pair)
            other = authority.files(authority.issue("other"))[1]
            damaged = authority.write("damaged.pem", re.sub("(?<=-\n)....", "!!!!", pair[0]))
            locked = [authority.write("locked%d.pem" % i, subprocess.run(["openssl", "rsa", "-in", key, "-aes128", "-passout", "pass:secret", *more], check=True, stdout=subprocess.PIPE,
                                                                         stderr=subprocess.DEVNULL, universal_newlines=True).stdout) for i, more in enumerate(([], ["-traditional"]))]
            for words, said in ((["--cert", "/none.pem", "--key", key], "cannot read the certificate '/none.pem': No such file"),
                                (["--cert", certificate, "--key", "/none.key"], "cannot read the private key '/none.key': No such file"),
                                (["--cert", "/", "--key", key], "cannot read the certificate '/': Is a directory"),
                                (["--cert", key, "--key", key], "there is no certificate in PEM in '%s'" % key),
                                (["--cert", certificate, "--key", certificate], "there is no private key in PEM in '%s'" % certificate),
                                (["--cert", certificate, "--key", locked[0]], "the private key '%s' is encrypted" % locked[0]),
                                (["--cert", certificate, "--key", locked[1]], "the private key '%s' is encrypted" % locked[1]),
                                (["--key", key], "--key needs --cert")):
                status, out, errors = self.lyre(s, *trust, *words, user=None)
                self.assertEqual((status, out), (2, ""), errors)
                self.assertIn(said, errors)
            for paths, said in (((certificate, other), "does the private key in '%s' belong to the certificate '%s'?" % (other, certificate)),
                                ((damaged, key), "does the private key in '%s' belong to the certificate '%s'?" % (key, damaged))):
                # GnuTLS loses a certificate whose key does not match
                status, out, errors = self.lyre(s, *trust, "--cert", paths[0], "--key", paths[1], user=None, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
                self.assertEqual((status, out), (3, ""), errors)
                self.assertIn(said, errors)

    def test_a_certificate_is_for_https(self):
        for where in (["--url", "http://127.0.0.1:1"], ["--socket", "/nowhere"]):
            r = subprocess.run([LYRE, "--cert", authority.path, *where, "describe_all"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertEqual(r.returncode, 2)
            self.assertIn("--cert needs an https address", r.stdout)

    def test_insecure_is_for_https(self):
        for where in (["--url", "http://127.0.0.1:1"], ["--socket", "/nowhere"]):
            r = subprocess.run([LYRE, "--insecure", *where, "describe_all"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertEqual(r.returncode, 2)
            self.assertIn("--insecure needs an https address", r.stdout)


class Rotation(unittest.TestCase):
    """Certificates that change continuously, with new and persistent connections."""

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    def test_rotation(self):
        rounds, seconds = int(os.environ.get("ROTATIONS", "20")), float(os.environ.get("ROTATION_SECONDS", "3"))
        pairs = [authority.issue("pair%d" % i, ["first.example"], kind=("ecdsa", "rsa", "ed25519")[i % 3]) for i in range(6)]
        # the server's certificate can only be served with its own key: a mixed pair fails the handshake
        with SecureServer() as s:
            s.must_use(("first", pairs[0], ["first.example"]))
            over, faults, seen, served = threading.Event(), [], set(), [0, 0]

            def new():
                while not over.is_set():
                    try:
                        with s.dial("first.example") as c:
                            seen.add(common_name(c))
                            c.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                            answer = b"".join(iter(lambda: c.recv(4096), b""))
                        served[0] += answer.startswith(b"HTTP/1.1 200 ")
                    except Exception as e:
                        faults.append(repr(e))

            def keep():
                c = s.https()
                while not over.is_set():
                    try:
                        served[1] += s.ask(connection=c)[0] == 200
                    except Exception as e:
                        faults.append(repr(e))
                        return
                c.close()

            threads = [threading.Thread(target=f) for f in (new, new, new, keep, keep)]
            for t in threads:
                t.start()
            sizes = []
            try:
                begun = time.monotonic()
                for i in range(rounds):
                    pair = pairs[i % len(pairs)]
                    s.must_use(("first", pair, ["first.example"]))
                    self.assertEqual(s.shown("first.example"), "pair%d" % (i % len(pairs))) # the very next connection
                    sizes.append(resident_kib(s))
                    time.sleep(max(0, begun + (i + 1) * seconds / rounds - time.monotonic()))
                    self.assertEqual(faults, [])
            finally:
                over.set()
                for t in threads:
                    t.join()
            self.assertEqual(faults, [])
            self.assertEqual(len(seen), len(pairs))
            self.assertGreater(min(served), rounds)
            if not os.environ.get("CK_FORK"):  # a sanitizer keeps what is freed
                self.assertLess(sizes[-1], sizes[len(sizes) // 2] + 8192)


if __name__ == "__main__":
    unittest.main()
