# SPDX-License-Identifier: Apache-2.0
"""lyre, the client, over https."""
import os, re, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRE, Server
from tls_case import REQUIRED, WELCOME, SecureServer, authority, others


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

    def test_a_port_without_tls(self):
        with Server() as s:
            r = subprocess.run([LYRE, "--url", "https://127.0.0.1:%d" % s.port, "user_info"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, universal_newlines=True)
            self.assertEqual((r.returncode, r.stdout), (3, ""))
            self.assertRegex(r.stderr, "; if this port has no TLS, the address begins with http://\n$")

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


if __name__ == "__main__":
    unittest.main()
