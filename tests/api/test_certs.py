# SPDX-License-Identifier: Apache-2.0
"""The module certs: certificates of the table and of the configuration, their keys, and how the TLS listener uses them."""
import contextlib, glob, http.client, json, os, re, shutil, socket, ssl, stat, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import KINDS, Authority, openssl
from lyre_server import LYRE, LYRED, PASSWORD, Server, built_modules, need_module, until

NETWORK = "operationsApi.network."
LIST = {"operation": "list_certificates"}
OWN_KEY = "privateKey.pem"
PAST, FUTURE = "20200101000000Z", "20990101000000Z"


def setUpModule():
    need_module("certs")
    if not shutil.which("openssl"):
        print("no openssl")
        sys.exit(77)
    global authority, others
    authority, others = Authority("Test authority"), Authority("Another authority")
    unittest.addModuleCleanup(authority.__exit__)
    unittest.addModuleCleanup(others.__exit__)


def read(path):
    with open(path) as f:
        return f.read()


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


class CertServer(Server):
    """With a TLS listener, unless secure is False."""

    def __init__(self, settings=(), secure=True, **more):
        self.secure = secure
        super().__init__(settings=["node.hostname=node1"] * (not any(s.startswith("node.") for s in settings)) + list(settings)
                         + [NETWORK + "securePort=0"] * secure, **more)

    def start(self):
        super().start()
        if self.secure:
            said = until(lambda: re.findall(r"listening on https://127\.0\.0\.1:(\d+)", self.said()), "it does not listen for TLS", server=self)
            self.secure_port = int(said[-1])
        return self

    def keys(self, *name):
        return os.path.join(self.root, "keys", *name)

    def key_files(self):
        return {name: (read(self.keys(name)), stat.S_IMODE(os.stat(self.keys(name)).st_mode)) for name in os.listdir(self.keys())}

    def list(self):
        return {c["name"]: c for c in self.ok(LIST)}

    def add(self, name, pair, is_authority=False, **more):
        """pair: (chain, key or None); status and body"""
        body = {"operation": "add_certificate", "name": name, "certificate": pair[0], "is_authority": is_authority}
        if pair[1] is not None:
            body["private_key"] = pair[1]
        return self.call(dict(body, **more))

    def must_add(self, name, pair, **more):
        status, body = self.add(name, pair, **more)
        assert (status, body.get("message")) == (200, "Successfully added certificate: " + name), (status, body)
        return body

    def remove_certificate(self, name):
        return self.call({"operation": "remove_certificate", "name": name})

    def dial(self, name=None, pair=None, trust=None):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname = False
        if trust:
            c.load_verify_locations(trust)
            c.check_hostname = name is not None
        else:
            c.verify_mode = ssl.CERT_NONE
        if pair:
            c.load_cert_chain(*authority.files(pair))
        raw = socket.create_connection(("127.0.0.1", self.secure_port), 60)
        try:
            return c.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def serial(self, name=None, **more):
        """The serial number of the certificate served for a name."""
        with self.dial(name, **more) as s:
            return serial_of(ssl.DER_cert_to_PEM_cert(s.getpeercert(True)))

    def ask(self, operation, pair=None, headers=None):
        """Over TLS, without a password: (status, decoded body)."""
        c = http.client.HTTPConnection("127.0.0.1", self.secure_port, timeout=60)
        c.sock = self.dial("node1", pair)
        with contextlib.closing(c):
            c.request("POST", "/", json.dumps(operation), dict({"Content-Type": "application/json"}, **(headers or {})))
            r = c.getresponse()
            return r.status, json.loads(r.read())


def serial_of(pem):
    return openssl("x509", "-noout", "-serial", text=pem).strip().split("=")[1]


def checked(root, *settings):
    """What --check says is wrong."""
    command = [LYRED, "--check", "-r", root, "--set", NETWORK + "securePort=0", "--set", NETWORK + "port=0"]
    done = subprocess.run(command + [x for s in settings for x in ("--set", s)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return done.stdout if done.returncode else ""


def own_root(test):
    root = tempfile.mkdtemp(prefix="lyre-test-")
    test.addCleanup(shutil.rmtree, root, True)
    return root


class Case(unittest.TestCase):
    maxDiff = None

    def server(self, *settings, **more):
        s = CertServer(settings=settings, **more)
        self.addCleanup(s.stop)
        return s

    def refused(self, *settings, **more):
        """The message of a server that does not start."""
        with self.assertRaises(RuntimeError) as refusal:
            CertServer(settings=settings, **more).stop()
        return str(refusal.exception)

    def served(self, s, name, pair, why=None):
        """Waits until the certificate is served for a name."""
        until(lambda: s.serial(name) == serial_of(pair[0]), lambda: why or "it is not served: %s" % s.said()[-2000:])


class FirstStart(Case):
    def test_authority_and_certificate(self):
        s = self.server()
        listed = s.ok(LIST)
        self.assertEqual([c["name"] for c in listed], ["HarperDB-Certificate-Authority-node1", "node1"])
        ca, own = listed
        self.assertEqual(list(own), ["name", "certificate", "private_key_name", "is_authority", "details", "is_self_signed", "uses"])
        self.assertEqual((ca["is_authority"], own["is_authority"], ca["is_self_signed"], own["is_self_signed"]), (True, False, True, True))
        self.assertEqual((ca["uses"], own["uses"]), (["https", "wss"], ["https", "wss", "operations"]))
        self.assertEqual((ca["private_key_name"], own["private_key_name"]), (OWN_KEY, OWN_KEY))
        self.assertEqual(own["details"]["issuer"], ca["details"]["subject"])
        self.assertEqual(own["details"]["subject"], "CN=node1")
        self.assertEqual(own["details"]["subject_alt_name"], "IP Address:127.0.0.1, DNS:localhost, IP Address:0:0:0:0:0:0:0:1, DNS:node1")
        self.assertNotIn("subject_alt_name", ca["details"])
        self.assertEqual(own["details"]["serial_number"], serial_of(own["certificate"]))
        dates = openssl("x509", "-noout", "-startdate", "-enddate", text=own["certificate"]).split("\n")
        self.assertEqual([own["details"][d] for d in ("valid_from", "valid_to")], [d.split("=")[1] for d in dates if d])
        self.assertIn("prime256v1", openssl("x509", "-noout", "-text", text=own["certificate"]))
        self.assertIn("-----BEGIN CERTIFICATE-----\r\n", own["certificate"])
        self.assertEqual(stat.S_IMODE(os.stat(s.keys()).st_mode), 0o700)
        self.assertEqual(s.key_files()[OWN_KEY][1], 0o600)
        trust = write(os.path.join(s.root, "ca.pem"), ca["certificate"])
        for name in ("localhost", "node1", "127.0.0.1"):
            self.assertEqual(s.serial(name, trust=trust), own["details"]["serial_number"])
        checked = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", trust], input=own["certificate"], stdout=subprocess.PIPE,
                                 universal_newlines=True)
        self.assertEqual(checked.stdout, "stdin: OK\n")
        s.restart()
        self.assertEqual([c["certificate"] for c in s.ok(LIST)], [c["certificate"] for c in listed])

    def test_names(self):
        s = self.server("node.hostname=10.9.8.7", secure=False)
        self.assertIn("IP Address:10.9.8.7", s.list()["10.9.8.7"]["details"]["subject_alt_name"])
        self.assertEqual(s.list()["10.9.8.7"]["uses"], ["https", "wss"])
        s = self.server("node.hostname=null", secure=False)
        self.assertIn(socket.gethostname(), s.list())
        self.assertIn("'node.hostname' is not a valid host name: 'a b'", self.refused("node.hostname=a b"))

    def test_an_existing_key(self):
        root = own_root(self)
        os.mkdir(os.path.join(root, "keys"), 0o700)
        path = os.path.join(root, "keys", OWN_KEY)
        write(path, "not a key")
        self.assertRegex(self.refused(root=root), "cannot be used: it is not in PEM.*: restore it, or remove it")
        openssl("genpkey", *KINDS["ecdsa"], "-out", path)
        key = read(path)
        with CertServer(root=root) as s:
            self.assertEqual(read(path), key)
            own = s.list()["node1"]["certificate"]
        self.assertEqual(openssl("x509", "-noout", "-pubkey", text=own), openssl("pkey", "-pubout", text=key))

    def test_expired_ones_are_replaced_by_renewing(self):
        s = self.server()
        before, key = s.list(), s.key_files()[OWN_KEY]
        trust = write(os.path.join(s.root, "ca.pem"), before["HarperDB-Certificate-Authority-node1"]["certificate"])
        answer = subprocess.run([LYRE, "-s", s.socket_path, "renew-certs"], stdout=subprocess.PIPE, universal_newlines=True)
        self.assertEqual((answer.returncode, answer.stdout), (0, "Successfully renewed HarperDB-Certificate-Authority-node1 and node1\n"))
        after = s.list()
        for name in before:
            self.assertNotEqual(before[name]["details"]["serial_number"], after[name]["details"]["serial_number"])
        self.assertEqual(s.key_files()[OWN_KEY], key)
        # clients that trust the old authority need no change
        self.assertEqual(s.serial("localhost", trust=trust), after["node1"]["details"]["serial_number"])
        os.unlink(s.keys(OWN_KEY))
        status, body = s.call({"operation": "renew_certificates"})
        self.assertEqual(status, 200)
        self.assertRegex(body["warning"], "a new one was made")
        self.assertEqual(s.serial("localhost"), s.list()["node1"]["details"]["serial_number"])
        s.must_add("node1", authority.issue("node1", ["node1"]))
        self.assertEqual(s.call({"operation": "renew_certificates"}), (409, {"error": "'node1' was not made by this server: remove it first"}))


class Add(Case):
    @classmethod
    def setUpClass(cls):
        cls.s = CertServer()
        cls.addClassCleanup(cls.s.stop)

    def test_kinds_of_keys(self):
        for kind in KINDS:
            pair = authority.issue(kind, ["%s.example" % kind], kind=kind)
            self.s.must_add(kind, pair)
            self.assertEqual(self.s.serial("%s.example" % kind, trust=authority.path), serial_of(pair[0]))
            key, mode = self.s.key_files()["%s.pem" % kind]
            self.assertEqual(mode, 0o600)
            self.assertEqual(openssl("pkey", "-pubout", text=key), openssl("pkey", "-pubout", text=pair[1]))
            shown = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.s.secure_port, "-servername", "%s.example" % kind,
                                    "-CAfile", authority.path, "-verify_return_error"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, universal_newlines=True)
            self.assertIn("Verify return code: 0 (ok)", shown.stdout, shown.stderr)

    def test_fields(self):
        pair = authority.issue("fields", ["a.fields.example", "*.fields.example", "IP:10.1.2.3", "IP:fe80::1", "URI:http://x.example/"],
                               subject="/CN=fields.example", kind="rsa")
        self.s.must_add("fields", pair, hosts=["other.example", "*.other.example"])
        listed = self.s.list()["fields"]
        self.assertEqual(list(listed), ["name", "certificate", "private_key_name", "is_authority", "details", "is_self_signed", "uses", "hosts"])
        self.assertEqual((listed["certificate"], listed["private_key_name"], listed["is_authority"]), (pair[0], "fields.pem", False))
        self.assertEqual(listed["details"]["subject_alt_name"], "DNS:a.fields.example, DNS:*.fields.example, IP Address:10.1.2.3, "
                         "IP Address:FE80:0:0:0:0:0:0:1, URI:http://x.example/")
        self.assertEqual((listed["details"]["issuer"], listed["details"]["subject"]), ("CN=Test authority", "CN=fields.example"))
        self.assertEqual((listed["is_self_signed"], listed["uses"]), (False, ["https", "operations"]))
        self.assertEqual(listed["hosts"], ["other.example", "*.other.example"])
        for name in ("other.example", "x.other.example"):
            self.assertEqual(self.s.serial(name), serial_of(pair[0]), name)

    def test_chains(self):
        with Authority("Middle", authority) as middle:
            pair = middle.issue("chained", ["chained.example"])
            self.assertEqual(pair[0].count("BEGIN"), 2)
            self.s.must_add("chained", pair)
            self.assertEqual(self.s.serial("chained.example", trust=authority.path), serial_of(pair[0]))
            first, second = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", pair[0], re.S)
            status, body = self.s.add("chained", (second + first, pair[1]))
            self.assertEqual((status, body["error"]), (400, "'certificate' cannot be used: its certificates are not in order: each must be "
                                                            "followed by the one that signed it"))

    def test_sni(self):
        """Exact names, then wildcards, then any other certificate."""
        exact, wild = authority.issue("exact", ["www.sni.example"]), authority.issue("wild", ["*.sni.example"])
        self.s.must_add("wild", wild)
        self.s.must_add("exact", exact)
        for name, pair in (("www.sni.example", exact), ("WWW.SNI.example", exact), ("a.sni.example", wild)):
            self.assertEqual(self.s.serial(name), serial_of(pair[0]), name)

    def test_default(self):
        """For names that no certificate has: the configuration's (see Files), then the one issued last, then our own."""
        stamp = lambda seconds: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
        with CertServer() as s:
            old, new = authority.issue("old", ["old.example"], start=stamp(-7200)), authority.issue("new", ["new.example"], start=stamp(-3600))
            late = authority.issue("late", ["late.example"], start=stamp(3600), days=stamp(86400))
            own = s.list()["node1"]["details"]["serial_number"]
            for name, pair, wanted in ((None, None, own), ("new", new, serial_of(new[0])), ("old", old, serial_of(new[0])), ("late", late, serial_of(new[0]))):
                if name:
                    s.must_add(name, pair)
                for host in ("a.b.example", None):
                    self.assertEqual(s.serial(host), wanted, name)
            self.assertEqual(s.serial("localhost"), own)

    def test_key_found_among_the_files(self):
        pair = authority.issue("found", ["found.example"])
        error = {"error": "no 'private_key' was given, and no key in the keys folder matches 'certificate'"}
        self.assertEqual(self.s.add("found", (pair[0], None)), (400, error))
        self.assertNotIn("found", self.s.list())
        write(self.s.keys("mine.pem"), pair[1])
        self.s.must_add("found", (pair[0], None))
        self.assertEqual(self.s.list()["found"]["private_key_name"], "mine.pem")
        self.assertEqual(self.s.serial("found.example"), serial_of(pair[0]))

    def test_the_key_of_tokens_is_private(self):
        pair = authority.issue("jwt", ["jwt.example"], key_path=self.s.keys("jwt.pem"))
        self.assertEqual(self.s.add("thief", (pair[0], None))[0], 400)

    def test_names_of_files_that_are_taken(self):
        """An existing key stays, whatever the certificate is called."""
        before = self.s.key_files()
        for name in ("jwt", "privateKey"):
            pair = authority.issue(name, ["%s.names.example" % name])
            self.s.must_add(name, pair)
            self.assertEqual(self.s.list()[name]["private_key_name"], name + "-2.pem")
            self.assertEqual(self.s.key_files()[name + ".pem"], before[name + ".pem"])
            self.s.must_add(name, pair)
            self.assertEqual(self.s.list()[name]["private_key_name"], name + "-2.pem")

    def test_authorities(self):
        self.s.must_add("clients", (others.certificate, None), is_authority=True)
        listed = self.s.list()["clients"]
        self.assertEqual((listed["is_authority"], listed["is_self_signed"], listed["uses"]), (True, True, []))
        self.assertNotIn("private_key_name", listed)

    def test_validity(self):
        """Certificates that have expired or are not valid yet are stored, and served only if nothing else fits."""
        old = authority.issue("old", ["valid.example", "old.example"], start=PAST, days="20210101000000Z")
        new = authority.issue("new", ["valid.example"], start="20980101000000Z", days=FUTURE)
        right, wild = authority.issue("right", ["valid.example"]), authority.issue("wild", ["*.example"])
        self.assertEqual(self.s.must_add("old", old)["warning"], "The certificate expired on Jan  1 00:00:00 2021 GMT.")
        self.assertEqual(self.s.must_add("new", new)["warning"], "The certificate is not valid until Jan  1 00:00:00 2098 GMT.")
        self.assertRegex(self.s.said(), r"\[warn\] \[certs\]: certificate 'old': The certificate expired")
        self.assertIn(self.s.serial("valid.example"), (serial_of(old[0]), serial_of(new[0])))
        self.assertNotIn("warning", self.s.must_add("right", right))
        self.assertEqual(self.s.serial("valid.example"), serial_of(right[0]))
        self.assertEqual(self.s.serial("old.example"), serial_of(old[0]))
        self.s.must_add("wild of validity", wild)
        self.assertEqual(self.s.serial("old.example"), serial_of(wild[0]))
        self.assertEqual(self.s.remove_certificate("wild of validity")[0], 200)

    def test_replacing(self):
        """In one step: nothing of the previous one stays."""
        first = authority.issue("first", ["replaced.example"])
        second = authority.issue("second", ["replaced.example"], kind="rsa")
        self.s.must_add("replaced", first, hosts=["replaced.example", "first.replaced.example"])
        self.s.must_add("replaced", second)
        listed = self.s.list()["replaced"]
        self.assertEqual((listed["certificate"], listed["private_key_name"]), (second[0], "replaced.pem"))
        self.assertNotIn("hosts", listed)
        self.assertEqual(self.s.serial("replaced.example"), serial_of(second[0]))
        key = self.s.key_files()["replaced.pem"][0]
        self.assertEqual(openssl("pkey", "-pubout", text=key), openssl("pkey", "-pubout", text=second[1]))
        self.s.must_add("replaced", (second[0], None))
        self.assertEqual(self.s.list()["replaced"]["private_key_name"], "replaced.pem")
        self.s.must_add("replaced", (others.certificate, None), is_authority=True)
        self.assertNotIn("replaced.pem", self.s.key_files())
        self.assertNotIn("private_key_name", self.s.list()["replaced"])

    def test_a_shared_key_is_not_overwritten(self):
        first, second = authority.issue("one", ["one.example"]), authority.issue("two", ["two.example"])
        self.s.must_add("one", first)
        self.s.must_add("sharer", (first[0], None))
        self.s.must_add("one", second)
        listed = self.s.list()
        self.assertEqual((listed["sharer"]["private_key_name"], listed["one"]["private_key_name"]), ("one.pem", "one-2.pem"))
        self.assertEqual(self.s.serial("one.example"), serial_of(first[0]))
        self.assertEqual(self.s.serial("two.example"), serial_of(second[0]))

    def test_faults(self):
        pair, other = authority.issue("fault", ["fault.example"]), authority.issue("other", ["other.example"])
        small = self.small_rsa()
        encrypted = openssl("pkey", "-aes128", "-passout", "pass:x", text=pair[1])
        before = self.s.list(), self.s.key_files()
        garbage = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
        unusable = "'certificate' cannot be used: "
        cases = [
            (dict(name=None), "'name' must be a string"),
            (dict(name=""), "'name' is not allowed to be empty"),
            (dict(name="a/b"), "'name' names cannot include backticks or forward slashes"),
            (dict(name="../b"), "'name' names cannot include backticks or forward slashes"),
            (dict(name=".."), "'name' must not begin with a period"),
            (dict(name=241 * "x"), "'name' length must be less than or equal to 240 characters long"),
            (dict(certificate=""), "'certificate' is not allowed to be empty"),
            (dict(certificate=5), "'certificate' must be a string"),
            (dict(certificate="hello"), unusable + "it is not in PEM: there is no line -----BEGIN CERTIFICATE-----"),
            (dict(certificate=garbage), unusable + "it is not a valid certificate"),
            (dict(certificate=pair[0] + garbage), unusable + "it is not a valid certificate"),
            (dict(certificate=pair[0] + pair[1]), unusable + "it contains a private key"),
            (dict(certificate=pair[0] + "\0"), "'certificate' must not contain NUL characters"),
            (dict(certificate=17 * pair[0]), unusable + "it has more than 16 certificates"),
            (dict(certificate=pair[0] + 150000 * "x"), unusable + "it is larger than 128K"),
            (dict(certificate=small[0], private_key=small[1]), unusable + "its RSA key has 1024 bits: clients require at least 2048"),
            (dict(is_authority=True), "'is_authority' is true, but 'certificate' is not an authority's: it may not sign others"),
            (dict(is_authority="yes"), "'is_authority' must be a boolean"),
            (dict(private_key="hello"), "'private_key' cannot be used: it is not in PEM: there is no line -----BEGIN PRIVATE KEY-----"),
            (dict(private_key=encrypted), "'private_key' cannot be used: it is encrypted: remove its password, as with openssl pkey"),
            (dict(private_key=pair[1].replace("M", "N", 1)), "'private_key' cannot be used: it is not a valid private key"),
            (dict(private_key=other[1]), "'private_key' does not match 'certificate'"),
            (dict(hosts="a.example"), "'hosts' must be an array"),
            (dict(hosts=[5]), "'hosts' must be an array of strings"),
            (dict(hosts=101 * ["a.example"]), "'hosts' has 101 items: at most 100 are allowed"),
        ]
        for host in ("", "a b", "a..b", "-a.example", "*", "*.", "a.*.example", "http://a.example", "a.example:443", "1.2.3.4.5", 64 * "a" + ".example",
                     "ä.example", "a.example."):
            cases.append((dict(hosts=["right.example", host]), "'%s' in 'hosts' is not a valid host name, such as www.example.com or *.example.com" % host))
        for change, sentence in cases:
            body = dict({"operation": "add_certificate", "name": "fault", "certificate": pair[0], "is_authority": False, "private_key": pair[1]}, **change)
            status, answer = self.s.call(body)
            self.assertEqual(status, 400, (change, answer))
            self.assertTrue(answer["error"].startswith(sentence), (answer["error"], sentence))
            self.assertNotIn("PRIVATE KEY-----\nM", json.dumps(answer))
        for missing in ("name", "certificate", "is_authority"):
            body = {"operation": "add_certificate", "name": "fault", "certificate": pair[0], "is_authority": False, "private_key": pair[1]}
            del body[missing]
            self.assertEqual(self.s.call(body), (400, {"error": "'%s' is required" % missing}))
        self.assertEqual((self.s.list(), self.s.key_files()), before)

    def small_rsa(self):
        path = os.path.join(self.s.root, "small.key")
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", path)
        return authority.issue("small", ["small.example"], key_path=path)

    def test_a_key_is_only_in_its_file(self):
        pair = authority.issue("secret", ["secret.example"])
        lines = [line for line in pair[1].split("\n") if len(line) > 40]
        self.s.must_add("secret", pair)
        self.s.add("secret", (pair[0], pair[1][:-40]))
        places = [json.dumps(self.s.ok(LIST)), self.s.said(),
                  json.dumps(self.s.ok({"operation": "search_by_value", "database": "system", "table": "hdb_certificate", "attribute": "name",
                                        "value": "*", "get_attributes": ["*"]}))]
        for path in glob.glob(os.path.join(self.s.root, "database", "*")) + glob.glob(os.path.join(self.s.root, "log", "*")):
            with open(path, "rb") as f:
                places.append(f.read().decode("latin-1"))
        for place in places:
            for line in lines:
                self.assertNotIn(line, place)

    def test_others_are_denied(self):
        self.s.add_role("nobody")
        self.s.add_user("nobody", "nobody")
        h = {"Authorization": self.s.authorization("nobody", PASSWORD)}
        for operation in ("list_certificates", "add_certificate", "remove_certificate", "renew_certificates"):
            self.assertEqual(self.s.call({"operation": operation, "name": "node1"}, headers=h)[0], 403)
            self.assertEqual(self.s.request(body=json.dumps({"operation": operation}), headers={"Content-Type": "application/json"})[0], 401)


class Remove(Case):
    def test_row_and_key(self):
        s = self.server(secure=False)
        pair = authority.issue("a", ["a.example"])
        s.must_add("a", pair)
        s.must_add("b", (pair[0], None))
        self.assertEqual(s.remove_certificate("a"), (200, {"message": "Successfully removed a"}))
        self.assertIn("a.pem", s.key_files()) # b has it too
        self.assertEqual(s.remove_certificate("b"), (200, {"message": "Successfully removed b"}))
        self.assertNotIn("a.pem", s.key_files())
        self.assertEqual(s.remove_certificate("b"), (404, {"error": "there is no certificate 'b'"}))
        self.assertEqual(s.remove_certificate(""), (400, {"error": "'name' is not allowed to be empty"}))
        self.assertEqual(s.remove_certificate("node1"), (200, {"message": "Successfully removed node1"}))
        self.assertIn(OWN_KEY, s.key_files())

    def test_what_the_listener_serves(self):
        s = self.server()
        pair = authority.issue("a", ["a.example"])
        s.must_add("a", pair)
        status, body = s.remove_certificate("a")
        self.assertEqual((status, body["message"]), (200, "Successfully removed a"))
        self.assertRegex(body["warning"], "serves other certificates")
        self.assertEqual(s.serial("a.example"), s.list()["node1"]["details"]["serial_number"])
        before = s.list(), s.key_files()
        self.assertEqual(s.remove_certificate("node1"), (409, {"error": "'node1' is the only certificate that the TLS listener can serve: "
                                                                        "add another one first"}))
        self.assertEqual((s.list(), s.key_files()), before)
        s.must_add("a", pair)
        self.assertEqual(s.remove_certificate("node1")[0], 200)
        self.assertEqual(s.serial("localhost"), serial_of(pair[0]))

    def test_the_last_authority(self):
        s = self.server(NETWORK + "mtls.required=true")
        s.must_add("clients", (authority.certificate, None), is_authority=True)
        self.assertRegex(s.remove_certificate("HarperDB-Certificate-Authority-node1")[1]["warning"], "can no longer sign in")
        status, body = s.remove_certificate("clients")
        self.assertEqual((status, body["error"]), (409, "'clients' is the only authority, and 'operationsApi.network.mtls.required' is on: "
                                                        "without one, no client could connect"))
        self.assertIn("clients", s.list())


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
