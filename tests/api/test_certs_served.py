# SPDX-License-Identifier: Apache-2.0
"""Certificates in use: clients that sign in with them, those that expire, and those that are replaced under load."""
import contextlib, http.client, json, os, re, sys, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority
from certs_case import LIST, NETWORK, PAST, Case, authority, checked, others, own_root, write
from lyre_server import built_modules, until


class Clients(Case):
    """Signing in by certificate."""

    def sign_in(self, s, pair):
        """The name of the user; None if the server refuses; OSError if the handshake fails."""
        status, body = s.ask({"operation": "user_info"}, pair)
        return body["username"] if status == 200 else None

    def prepared(self, *settings, **more):
        s = self.server(*settings, **more)
        s.add_role("nobody")
        for name in ("ann", "bob"):
            s.add_user(name, "nobody")
        return s

    def test_off(self):
        s = self.prepared()
        s.must_add("clients", (authority.certificate, None), is_authority=True)
        self.assertIsNone(self.sign_in(s, authority.issue("ann", use="clientAuth")))
        self.assertEqual(s.list()["clients"]["uses"], [])

    def test_an_authority_added_while_running(self):
        s = self.prepared(NETWORK + "mtls=true")
        ann = authority.issue("ann", use="clientAuth")
        with self.assertRaises(OSError):
            self.sign_in(s, ann)
        s.must_add("clients", (authority.certificate, None), is_authority=True)
        self.assertEqual(s.list()["clients"]["uses"], ["client_authentication"])
        self.assertEqual(self.sign_in(s, ann), "ann")
        self.assertIsNone(self.sign_in(s, None))
        self.assertIsNone(self.sign_in(s, authority.issue("carl", use="clientAuth")))
        with self.assertRaises(OSError):
            self.sign_in(s, others.issue("ann", use="clientAuth"))
        with self.assertRaises(OSError):
            self.sign_in(s, authority.issue("ann", use="clientAuth", start=PAST, days="20210101000000Z"))
        self.assertEqual(s.remove_certificate("clients")[0], 200)
        with self.assertRaises(OSError):
            self.sign_in(s, ann)

    def test_settings(self):
        ann = authority.issue("ann", use="clientAuth")
        authorities = "tls.certificateAuthority=" + authority.path
        s = self.prepared(authorities, config="operationsApi:\n  network:\n    mtls:\n      required: true\n      user: bob\n")
        self.assertEqual(self.sign_in(s, ann), "bob")
        with self.assertRaises(OSError):
            self.sign_in(s, None)
        s = self.prepared(authorities, config="operationsApi:\n  network:\n    mtls: {required: true, user: null}\n")
        self.assertIsNone(self.sign_in(s, ann))
        self.assertEqual(s.ask(LIST, ann, {"Authorization": s.authorization()})[0], 200)
        s = self.prepared(authorities, config="operationsApi:\n  network:\n    mtls: {enabled: false, required: true}\n")
        self.assertIsNone(self.sign_in(s, ann))

    def test_revoked(self):
        with Authority("Revoking") as ca:
            ann, bob = ca.issue("ann", use="clientAuth"), ca.issue("bob", use="clientAuth")
            path = ca.write("list.pem", ca.revoked())
            s = self.prepared(NETWORK + "mtls=true", "tls.certificateAuthority=" + ca.path, "tls.revocationList=" + path)
            self.assertEqual((self.sign_in(s, ann), self.sign_in(s, bob)), ("ann", "bob"))
            ca.revoke(ann)
            ca.write("list.pem", ca.revoked())
            def refused():
                try:
                    return self.sign_in(s, ann) is None
                except OSError:
                    return True
            until(refused, "the list was not read again")
            self.assertEqual(self.sign_in(s, bob), "bob")

    def test_what_signs_a_list(self):
        """A CRL counts only if an authority of the configuration has signed it: at the start, for --check, and when it is replaced."""
        folder = own_root(self)
        path = os.path.join(folder, "list.pem")
        write(path, authority.revoked() + others.revoked())
        mtls, lists = NETWORK + "mtls=true", "tls.revocationList=" + path
        fault = "revocationList %s: it is not signed by an authority of certificateAuthority" % path
        for settings in ((mtls, lists), (mtls, lists, "tls.certificateAuthority=" + authority.path)):
            self.assertIn(fault, self.refused(*settings))
            self.assertIn(fault, checked(folder, *settings))
        both = "tls.certificateAuthority=" + write(os.path.join(folder, "both.pem"), authority.certificate + others.certificate)
        self.assertEqual(checked(folder, mtls, lists, both), "")
        s = self.prepared(mtls, lists, both)
        ann, theirs = authority.issue("ann", use="clientAuth"), authority.revoked()
        self.assertEqual(self.sign_in(s, ann), "ann")
        with Authority("Third") as third:
            write(path, third.revoked())
            until(lambda: fault in s.said(), s.said)
        self.assertEqual(self.sign_in(s, ann), "ann")
        if "system" in built_modules():
            status, body = s.call({"operation": "restart"})
            self.assertEqual(status, 400, body)
            self.assertIn(fault, body["error"])
        write(path, theirs)
        until(lambda: "files have changed" in s.said(), s.said)

    def test_authorities_of_the_table_are_enough(self):
        """--check, which cannot see the table, does not miss authorities."""
        self.assertEqual(checked(own_root(self), NETWORK + "mtls=true"), "")

    def test_overdue_lists(self):
        folder = own_root(self)
        path = os.path.join(folder, "list.pem")
        write(path, authority.revoked(overdue=True))
        s = self.prepared(NETWORK + "mtls=true", "tls.certificateAuthority=" + authority.path, "tls.revocationList=" + path)
        overdue = r"\[warn\] \[certs\]: the certificate revocation list %s should have been replaced by Jan  1 00:00:00 2021 GMT; it is still used" % path
        until(lambda: re.search(overdue, s.said()), s.said)

        def remaining():
            text = s.request("GET", "/metrics", headers={"Authorization": s.authorization()})[2].decode()
            return [float(v) for v in re.findall(r'^lyre_revocation_list_remaining_seconds\{file="%s"\} (\S+)$' % path, text, re.M)]

        if "metrics" in built_modules():
            self.assertAlmostEqual(remaining()[0], 1609459200 - time.time(), delta=600)
        self.assertEqual(self.sign_in(s, authority.issue("ann", use="clientAuth")), "ann")
        s.must_add("another", authority.issue("another")) # hands over, and reads it again
        write(path, authority.revoked())
        until(lambda: "files have changed" in s.said(), s.said)
        self.assertEqual(len(re.findall(overdue, s.said())), 1)
        if "metrics" in built_modules():
            self.assertAlmostEqual(remaining()[0], 30 * 86400, delta=600)

    def test_lists_that_nobody_needs(self):
        folder = own_root(self)
        path = os.path.join(folder, "list.pem")
        write(path, authority.revoked(overdue=True))
        s = self.server("tls.certificateAuthority=" + authority.path, "tls.revocationList=" + path)
        self.assertEqual(s.serial(), s.list()["node1"]["details"]["serial_number"])
        self.assertNotIn("revocation list", s.said())

    def test_connections_that_stay(self):
        """A client whose certificate is revoked, or whose authority is removed, is out with its next request."""
        with Authority("Revoking") as ca:
            ann, bob = ca.issue("ann", use="clientAuth"), authority.issue("bob", use="clientAuth")
            path = ca.write("list.pem", ca.revoked())
            s = self.prepared(NETWORK + "mtls=true", "tls.certificateAuthority=" + ca.path, "tls.revocationList=" + path)
            s.must_add("clients", (authority.certificate, None), is_authority=True)
            kept = [http.client.HTTPConnection("127.0.0.1", s.secure_port, timeout=60) for _ in range(2)]

            def ask(c):
                c.request("POST", "/", b'{"operation":"user_info"}', {"Content-Type": "application/json"})
                body = json.loads(c.getresponse().read())
                return body.get("username") or body["error"]

            for c, pair in zip(kept, (ann, bob)):
                self.addCleanup(c.close)
                c.sock = s.dial("node1", pair)
            self.assertEqual([ask(c) for c in kept], ["ann", "bob"])
            ca.revoke(ann)
            ca.write("list.pem", ca.revoked())
            until(lambda: "is revoked" in ask(kept[0]), "the list was not read again")
            self.assertEqual(ask(kept[1]), "bob")
            self.assertEqual(s.remove_certificate("clients")[0], 200)
            self.assertIn("not signed by a known authority", ask(kept[1]))


class Ends(Case):
    def test_warnings_and_metric(self):
        s = self.server()
        stamp = lambda days: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400 * days))
        for days in (90, 20, 5, 1):
            s.must_add("d%d" % days, authority.issue("d%d" % days, ["d%d.example" % days], days=stamp(days - 0.1)))
        wanted = [("d20", "19 days"), ("d5", "4 days"), ("d1", "less than 22 hours")]
        for name, left in wanted:
            until(lambda: re.search(r"\[warn\] \[certs\]: certificate '%s' expires in %s, on " % (name, left), s.said()), s.said)
        s.must_add("again", authority.issue("again", ["again.example"]))
        for name, _ in wanted:
            self.assertEqual(len(re.findall("certificate '%s' expires" % name, s.said())), 1)
        self.assertNotIn("'d90' expires", s.said())
        if "metrics" in built_modules():
            text = s.request("GET", "/metrics", headers={"Authorization": s.authorization()})[2].decode()
            left = dict(re.findall(r'^lyre_certificate_remaining_seconds\{certificate="(\w+)"\} (\S+)$', text, re.M))
            self.assertEqual(set(left), {"d90", "d20", "d5", "d1", "again", "node1"})
            self.assertAlmostEqual(float(left["d90"]), 89.9 * 86400, delta=600)

    def test_an_expiry_while_running(self):
        """A certificate that expires or becomes valid while the server runs changes what is served."""
        s = self.server()
        stamp = lambda seconds: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
        short = authority.issue("short", ["ends.example"], start=PAST, days=stamp(4))
        s.must_add("short", short)
        s.must_add("long", authority.issue("long", ["ends.example"], start=stamp(-86400), days=stamp(864000)))
        self.assertEqual(s.remove_certificate("node1")[0], 200)
        until(lambda: "certificate 'short' expired on" in s.said(), s.said)
        self.served(s, "elsewhere.example", (s.list()["long"]["certificate"], None))


class Rotation(Case):
    def test_under_load(self):
        """Every handshake succeeds while the certificate is replaced repeatedly."""
        s = self.server()
        pairs = [authority.issue("load", ["load.example"], kind=kind) for kind in ("ecdsa", "rsa", "ed25519")]
        s.must_add("load", pairs[0])
        failures, done, ending = [], [0], threading.Event()

        def connect():
            while not ending.is_set():
                try:
                    s.serial("load.example", trust=authority.path)
                    done[0] += 1
                except Exception as e:
                    failures.append(repr(e))

        threads = [threading.Thread(target=connect) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            kept = http.client.HTTPConnection("127.0.0.1", s.secure_port, timeout=60)
            kept.sock = s.dial("load.example")
            with contextlib.closing(kept):
                for i in range(int(os.environ.get("ROTATIONS", "100"))):
                    s.must_add("load", pairs[i % 3])
                    kept.request("GET", "/health")
                    r = kept.getresponse()
                    self.assertEqual((r.status, r.read()), (200, b"HarperDB is running."))
            until(lambda: done[0] > 20 or failures, "no handshake")
        finally:
            ending.set()
            for t in threads:
                t.join()
        self.assertEqual(failures[:1], [])


if __name__ == "__main__":
    unittest.main()
