# SPDX-License-Identifier: Apache-2.0
"""The module certs: the certificates of the first start, and its operations."""
import glob, json, os, re, socket, stat, subprocess, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import KINDS, Authority, openssl
from certs_case import FUTURE, LIST, NETWORK, OWN_KEY, PAST, Case, CertServer, authority, checked, others, own_root, read, serial_of, write
from lyre_server import LYRE, PASSWORD


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


if __name__ == "__main__":
    unittest.main()
