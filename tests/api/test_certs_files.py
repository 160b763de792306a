# SPDX-License-Identifier: Apache-2.0
"""Certificates of the configuration, and files that are replaced."""
import os, shutil, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certs_case import NETWORK, OWN_KEY, Case, CertServer, authority, checked, own_root, serial_of, write
from lyre_server import built_modules, until


class Files(Case):
    """Certificates of the configuration, and files that are replaced."""

    def setUp(self):
        self.folder = own_root(self)
        self.certificate, self.key = os.path.join(self.folder, "c.pem"), os.path.join(self.folder, "k.pem")

    def put(self, pair, rename=False):
        for path, text in zip((self.certificate, self.key), pair):
            if rename:
                write(path + ".tmp", text)
                os.rename(path + ".tmp", path)
            else:
                write(path, text)
        return pair

    def settings(self, section="tls"):
        return ["%s.certificate=%s" % (section, self.certificate), "%s.privateKey=%s" % (section, self.key)]

    def test_served_first(self):
        pair = self.put(authority.issue("configured", ["configured.example"]))
        s = self.server(*self.settings())
        for name in ("configured.example", None):
            self.assertEqual(s.serial(name), serial_of(pair[0]))
        self.assertEqual(s.serial("localhost"), s.list()["node1"]["details"]["serial_number"])
        listed = s.list()["configured"]
        self.assertEqual((listed["certificate"], listed["private_key_name"], listed["uses"], listed["setting"]),
                         (pair[0], self.key, ["https", "operations"], "tls.certificate"))
        self.assertEqual(s.remove_certificate("configured"), (400, {"error": "'configured' is a certificate of the configuration: change "
                                                                             "'tls.certificate' in the file and restart"}))
        # it is enough to serve with
        self.assertEqual(s.remove_certificate("node1")[0], 200)

    def test_sections(self):
        """A list for SNI, and operationsApi.tls instead of tls."""
        pairs = [authority.issue(name, ["%s.example" % name]) for name in ("first", "second")]
        paths = [authority.files(p) for p in pairs]
        def listed(indent, hosts):
            return "".join("%s- certificate: %s\n%s  privateKey: %s\n%s" % (indent, c, indent, k, "%s  host: %s\n" % (indent, h) if h else "")
                           for (c, k), h in zip(paths, hosts))
        s = self.server(config="tls:\n" + listed("  ", (None, "host.example")))
        self.assertEqual(s.serial("first.example"), serial_of(pairs[0][0]))
        self.assertEqual(s.serial("host.example"), serial_of(pairs[1][0]))
        self.assertEqual(s.serial("second.example"), serial_of(pairs[0][0]))
        self.assertEqual(s.list()["second"]["setting"], "tls.1.certificate")
        tree = s.ok({"operation": "get_configuration"})["tls"] if "system" in built_modules() else [{}, {"host": "host.example"}]
        self.assertEqual((len(tree), tree[1]["host"]), (2, "host.example"))
        self.put(authority.issue("other", ["other.example"]))
        s = self.server(*self.settings(), config="operationsApi:\n  tls:\n" + listed("    ", (None, None)))
        self.assertEqual(s.serial("second.example"), serial_of(pairs[1][0]))
        self.assertEqual(s.serial("other.example"), serial_of(pairs[0][0]))

    def test_wrong_ones(self):
        pair, other = authority.issue("a", ["a.example"]), authority.issue("b", ["b.example"])
        self.put((pair[0], other[1]))
        wrong = "'tls.certificate': the private key %s does not match the certificate %s" % (self.key, self.certificate)
        self.assertIn(wrong, self.refused(*self.settings()))
        self.assertIn(wrong, checked(self.folder, *self.settings()))
        s = self.server(*self.settings(), secure=False)
        self.assertIn(wrong + "; no listener needs it", s.said())
        self.assertNotIn("a", s.list())
        os.unlink(self.key)
        self.assertIn("cannot read the private key", self.refused(*self.settings()))
        self.assertIn("'tls.certificate' is set without a privateKey", self.refused("tls.certificate=" + self.certificate, "tls.privateKey=null"))
        self.put(pair)
        self.assertIn("the host 'a b' next to 'tls.certificate' is not a valid host name", self.refused(*self.settings(), "tls.host=a b"))
        for command in (lambda: self.refused(*self.settings(), "tls.ciphers=NONSENSE"), lambda: checked(self.folder, *self.settings(), "tls.ciphers=NONSENSE"),
                        lambda: checked(self.folder, "tls.ciphers=NONSENSE")):
            self.assertRegex(command(), "module 'certs'.*does not start: .*NONSENSE")
        for name, kind in (("certificateAuthority", "it has no valid certificates"), ("revocationList", "it has no valid certificate revocation list (CRL)")):
            self.assertIn(kind, self.refused(*self.settings(), NETWORK + "mtls=true", "tls.%s=%s" % (name, self.key)))

    def test_replaced(self):
        """In place, by rename, one of the two first, and invalid files."""
        pairs = [authority.issue("r%d" % i, ["r.example"]) for i in range(4)]
        self.put(pairs[0])
        s = self.server(*self.settings())
        with s.dial("r.example") as kept:
            for pair, rename in ((pairs[1], False), (pairs[2], True)):
                self.put(pair, rename)
                self.served(s, "r.example", pair)
            write(self.certificate, pairs[3][0])
            until(lambda: "previous certificate is kept" in s.said(), s.said)
            self.assertRegex(s.said(), r"\[error\] \[certs\]: the files have changed.*does not match the certificate")
            self.assertEqual(s.serial("r.example"), serial_of(pairs[2][0]))
            write(self.key, pairs[3][1])
            self.served(s, "r.example", pairs[3])
            # no connection was closed
            kept.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(kept.recv(100))
        write(self.certificate, "nonsense")
        until(lambda: s.said().count("previous certificate is kept") == 2, s.said)
        self.assertEqual(s.serial("r.example"), serial_of(pairs[3][0]))

    def test_links(self):
        """As with ACME clients: links to files in another folder."""
        old, new = authority.issue("l1", ["l.example"]), authority.issue("l2", ["l.example"])
        archive = own_root(self)
        for number, pair in enumerate((old, new)):
            for name, text in zip("ck", pair):
                write(os.path.join(archive, "%s%d.pem" % (name, number)), text)
        def link(number):
            for name, path in (("c", self.certificate), ("k", self.key)):
                os.symlink(os.path.join(archive, "%s%d.pem" % (name, number)), path + ".tmp")
                os.rename(path + ".tmp", path)
        link(0)
        s = self.server(*self.settings())
        self.assertEqual(s.serial("l.example"), serial_of(old[0]))
        link(1)
        self.served(s, "l.example", new)
        third = authority.issue("l3", ["l.example"])
        for name, text in zip("ck", third):
            write(os.path.join(archive, name + "1.pem"), text)
        self.served(s, "l.example", third)

    def test_a_missing_key_is_found_again(self):
        """As after restoring the database system on another machine."""
        with CertServer(root=self.folder) as s:
            pair = authority.issue("moved", ["moved.example"])
            s.must_add("moved", pair)
        other = own_root(self)
        shutil.copytree(os.path.join(self.folder, "database"), os.path.join(other, "database"))
        s = self.server(root=other, secure=False)
        listed = s.list()
        self.assertTrue(all(c["private_key_missing"] for c in listed.values()))
        for name in listed:
            self.assertRegex(s.said(), r"\[error\] \[certs\]: certificate '%s' cannot be .*: cannot read the private key .*/keys/" % name)
        s.end()
        self.assertIn("there is no certificate with a private key", self.refused(root=other))
        os.makedirs(os.path.join(other, "keys"), exist_ok=True)
        shutil.copy(os.path.join(self.folder, "keys", OWN_KEY), os.path.join(other, "keys"))
        s = self.server(root=other)
        self.assertEqual({n for n, c in s.list().items() if "private_key_missing" in c}, {"moved"})
        write(s.keys("moved.pem"), pair[1])
        self.served(s, "moved.example", pair)
        self.assertNotIn("private_key_missing", s.list()["moved"])

    def test_what_a_crash_leaves(self):
        """A key that was not moved into place yet, and a key without a certificate."""
        first, second = authority.issue("a", ["a.example"]), authority.issue("b", ["b.example"])
        with CertServer(root=self.folder) as s:
            s.must_add("a", first)
            s.must_add("b", second)
            os.rename(s.keys("a.pem"), s.keys("a.pem.new"))
            write(s.keys("a.pem"), second[1])
            write(s.keys("b.pem.new"), first[1])
            s.restart()
            self.assertEqual((s.serial("a.example"), s.serial("b.example")), (serial_of(first[0]), serial_of(second[0])))
            self.assertEqual({n for n in os.listdir(s.keys()) if n.endswith(".new")}, set())


if __name__ == "__main__":
    unittest.main()
