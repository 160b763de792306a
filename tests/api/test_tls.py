# SPDX-License-Identifier: Apache-2.0
"""The listener with TLS: certificates by name, changed while running, and everything that plain connections do."""
import contextlib, http.client, json, os, re, shutil, socket, ssl, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority
from lyre_server import PASSWORD, built_modules, until
from tls_case import DESCRIBE, JSON, NETWORK, WELCOME, SecureServer, authority, common_name, others, trusting


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


if __name__ == "__main__":
    unittest.main()
