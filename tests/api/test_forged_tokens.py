# SPDX-License-Identifier: Apache-2.0
"""Only the server can create tokens, and its key is protected."""
import glob, http.client, json, os, re, stat, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, need_module, PASSWORD, Server
from tokens_case import by_hmac, Case, HEADER, INVALID, Key, part, segment


def setUpModule():
    need_module("users")


class Forged(Case):
    def setUp(self):
        super().setUp()
        self.key = Key(self.s)
        self.operation, self.refresh_token = self.tokens()
        self.lets_in(self.operation)
        self.claims = part(self.operation, 1)

    def test_ours_is_as_theirs(self):
        """The other tokens lack only what they are meant to lack."""
        self.lets_in(self.key.token(self.claims))
        self.assertEqual(self.key.token(self.claims).split(".")[0], self.operation.split(".")[0])

    def all_refused(self, tokens):
        self.assertTrue(tokens)
        for token in tokens:
            self.refused(token)
            self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": token}), INVALID, token)
        self.lets_in(self.operation)

    def test_without_a_signature(self):
        admin = dict(self.claims, username="admin", super_user=True)
        tokens = []
        for alg in "none", "None", "NONE", "nOnE", "", None, 0:
            for claims in self.claims, admin:
                text = segment({"alg": alg, "typ": "JWT"}) + "." + segment(claims)
                tokens += [text + ".", text, text + "." + self.operation.split(".")[2]]
        text = self.operation.rpartition(".")[0]
        self.all_refused(tokens + [text + ".", text, segment({}) + "." + segment(self.claims) + "."])

    def test_with_the_public_key_as_secret(self):
        pem = self.key.public_pem()
        tokens = []
        for secret in pem, pem.rstrip("\n"), "".join(pem.splitlines()[1:-1]), "", "\0":
            for alg, function in ("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512"), ("RS256", "sha256"):
                tokens.append(by_hmac(secret, self.claims, {"alg": alg, "typ": "JWT"}, function))
            tokens.append(by_hmac(secret, self.claims, '{"alg":"RS256","alg":"HS256","typ":"JWT"}'))
            tokens.append(by_hmac(secret, self.claims, '{"alg":"HS256","alg":"RS256","typ":"JWT"}'))
        self.all_refused(tokens)

    def test_with_another_key(self):
        with Server(settings=CHEAP_LOGINS) as other:
            key = Key(other)
            self.assertNotEqual(key.n, self.key.n)
            self.all_refused([key.token(self.claims), key.token(dict(self.claims, username="admin"))] + [
                key.token(self.claims, dict(HEADER, **more)) for more in ({"kid": "../../keys/jwt.pem"}, {"jku": "http://127.0.0.1:1/"},
                    {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}, {"x5c": ["AAAA"]}, {"x5u": "http://127.0.0.1:1/"})])

    def test_other_headers(self):
        """Even with the key: no header decides how a token is checked."""
        self.all_refused([self.key.token(self.claims, header) for header in (
            dict(HEADER, kid="1"), dict(HEADER, jku="http://127.0.0.1:1/"), dict(HEADER, crit=["exp"]), dict(HEADER, typ="JWE"),
            dict(HEADER, alg="RS512"), dict(HEADER, alg="PS256"), dict(HEADER, alg="rs256"), dict(HEADER, alg=["RS256"]), {"typ": "JWT"},
            [HEADER], "RS256", "", "{", '{"alg":"RS256","typ":"JWT"} ', '{"alg":"RS256","typ":"JWT","alg":"none"}', "[" * 2000)])

    def test_other_claims(self):
        """Even with the key: a claim of the wrong type is not converted."""
        odd = []
        for name, values in {
            "exp": (self.claims["exp"] + 0.5, float(self.claims["exp"]), str(self.claims["exp"]), -1, -self.claims["exp"], None, True, [], {},
                    10 ** 15, 2 ** 63, 10 ** 30),
            "iat": (1.5, "1", -1, None, [], 2 ** 64),
            "sub": ("Operation", "", "refreshed", None, 1, ["operation"], "operation\0"),
            "username": ("", None, 5, ["bob"], "b" * 256, "bob\0", "eve", "Bob", "b\u00f6b", "admin"),
            "super_user": (0, 1, "false", None, []),
            "stamp": ("", None, 5, "0" * 32, "0" * 33, self.claims["stamp"][:-1]),
            "role": ("custom", "", None, 5, []),
        }.items():
            odd += [dict(self.claims, **{name: v}) for v in values]
            odd.append({k: v for k, v in self.claims.items() if k != name} if name != "role" else {})
        text = json.dumps(self.claims)
        odd += ["", "null", "[]", "{", text + "}", text[:-1], "[%s]" % text, "[" * 2000, b"\xff\xfe", text.replace("bob", "b\xff").encode("latin-1"),
                text[:-1] + ', "username": "admin"}', text[:-1] + ', "sub": "none"}']
        self.all_refused([self.key.token(claims) for claims in odd])

    def test_no_claim_gives_rights(self):
        token = self.key.token(dict(self.claims, super_user=True, permission={"super_user": True}))
        self.assertEqual(self.bearer(token, "list_users")[0], 403)

    def test_mangled(self):
        token = self.operation
        a, b, c = token.split(".")
        x, y, z = self.refresh_token.split(".")
        odd = [token[:i] for i in range(1, len(token), 29)] + [token[:-1]]
        odd += [".".join(p) for p in ((a, b, c, ""), (a, b, c, c), ("", a, b, c), (a, y, c), (a, b, z), (b, a, c), (a, b, b), ("", "", ""),
                                      (a, "", c), ("", b, c), (a, b, c + "="), (a, b, c + "AA"), (a + "=", b, c), (a, b, c, c, c))]
        for i in range(0, len(token), 41):
            odd.append(token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1:])
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(c[-1])
        odd += [token[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ bit] for bit in (1, 2, 4, 8)]
        odd += ["a.b.c", "null", "undefined", "..", "%", "\xff\xfe", "Bearer " + token, token + " " + token, '"%s"' % token,
                token.replace(".", ","), "bob:" + PASSWORD]
        for text in odd:
            self.refused(text)
        self.lets_in(token)

    def test_huge(self):
        """Refused for its size or its content, and the server continues."""
        for size in 8000, 8193, 12000, 60000, 1000000:
            for text in self.operation + "A" * size, "A" * size, "." * size, self.key.token(self.claims, "{" + " " * size):
                try:
                    status, _ = self.bearer(text)
                    self.assertIn(status, (401, 431))
                except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
                    pass  # it stops reading
        self.lets_in(self.operation)

    def test_schemes(self):
        for header in "Bearer", "Bearer ", "bearer " + self.operation, "BEARER " + self.operation, "Bearer" + self.operation, \
                "Token " + self.operation, self.operation:
            status, body = self.s.call({"operation": "user_info"}, headers={"Authorization": header})
            self.assertEqual((status, body), (401, {"error": "Must login"}), header)
        for header in "Bearer  " + self.operation, "Bearer " + self.operation + "  ":
            self.assertEqual(self.s.call({"operation": "user_info"}, headers={"Authorization": header})[0], 200)


class Files(unittest.TestCase):
    def setUp(self):
        self.s = Server(settings=CHEAP_LOGINS + ["logging.level=trace"])
        self.addCleanup(self.s.stop)
        self.folder = os.path.join(self.s.root, "keys")
        self.path = os.path.join(self.folder, "jwt.pem")

    def made(self):
        return self.s.ok({"operation": "create_authentication_tokens"})

    def test_modes(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder).st_mode), 0o700)
        self.assertEqual(glob.glob(os.path.join(self.folder, "jwt*")), [self.path])

    def test_no_secret_is_revealed(self):
        made = self.made()
        headers = {"Authorization": "Bearer " + made["operation_token"]}
        self.s.ok({"operation": "user_info"}, headers=headers)
        self.s.call({"operation": "user_info"}, headers={"Authorization": headers["Authorization"] + "A"})
        self.s.call({"operation": "refresh_operation_token", "refresh_token": made["refresh_token"]})
        self.s.call({"operation": "refresh_operation_token", "refresh_token": made["refresh_token"] + "A"})
        with open(self.path) as f:
            secrets = [made[n].split(".")[2] for n in made] + [line for line in f.read().splitlines() if "KEY" not in line]
        self.s.end()
        kept = b""
        for folder, _, names in os.walk(self.s.root):
            for name in names:
                path = os.path.join(folder, name)
                if path != self.path and stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, "rb") as f:
                        kept += f.read()
        self.assertIn(b"started", kept)
        for secret in secrets:
            self.assertNotIn(secret[:40].encode(), kept)

    def start_fails(self, sentence):
        with self.assertRaises(RuntimeError) as raised:
            self.s.start()
        self.assertIn(sentence, str(raised.exception))
        self.assertNotIn("PRIVATE", str(raised.exception))
        self.assertNotIn(".. ", str(raised.exception))

    def test_not_a_key(self):
        self.s.end()
        for text in "", "garbage", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n":
            with open(self.path, "w") as f:
                f.write(text)
            self.start_fails("The token key, %s, is not a PEM key" % self.path)
            with open(self.path) as f:
                self.assertEqual(f.read(), text)
        os.unlink(self.path)
        os.mkdir(self.path)
        self.start_fails("The token key, %s, cannot be read" % self.path)
        os.rmdir(self.path)
        self.s.start()

    def test_restart_is_refused(self):
        """A module that would not start does not replace the running one."""
        made = self.made()
        with open(self.path) as f:
            right = f.read()
        with open(self.path, "w") as f:
            f.write("garbage")
        status, body = self.s.call({"operation": "restart"})
        self.assertNotEqual(status, 200)
        self.assertIn("The token key, %s, is not a PEM key" % self.path, body["error"])
        authorization = {"Authorization": "Bearer " + made["operation_token"]}
        self.assertEqual(self.s.call({"operation": "user_info"}, headers=authorization)[0], 200)
        with open(self.path, "w") as f:
            f.write(right)

    def test_open_to_others(self):
        made = self.made()
        self.s.end()
        os.chmod(self.path, 0o644)
        before = len(self.s.said())
        self.s.start()
        self.assertRegex(self.s.said()[before:], r"warn.*The token key, %s, is accessible to users other than its owner" % re.escape(self.path))
        self.assertEqual(self.s.call({"operation": "user_info"}, headers={"Authorization": "Bearer " + made["operation_token"]})[0], 200)

    def test_another_one(self):
        made = self.made()
        self.s.end()
        os.unlink(self.path)
        self.s.start()
        status, body = self.s.call({"operation": "user_info"}, headers={"Authorization": "Bearer " + made["operation_token"]})
        self.assertEqual((status, json.loads(body) if isinstance(body, bytes) else body), INVALID)
        self.assertEqual(glob.glob(os.path.join(self.folder, "jwt*")), [self.path])


if __name__ == "__main__":
    unittest.main()
