# SPDX-License-Identifier: Apache-2.0
"""Clients with certificates, and clients that stop midway."""
import contextlib, json, os, re, shutil, socket, ssl, subprocess, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority
from lyre_server import HAS_PROC, built_modules, until
from tls_case import DESCRIBE, NETWORK, NONE, REQUIRED, WELCOME, SecureServer, authority, others, resident_kib, trusting


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


if __name__ == "__main__":
    unittest.main()
