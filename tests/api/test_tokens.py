# SPDX-License-Identifier: Apache-2.0
"""Tokens: what they say, how long they are good for, what ends them, and that nobody makes one but the server."""
import base64, concurrent.futures, hashlib, hmac, http.client, json, os, re, stat, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, PASSWORD, Server, need_module, until

HEADER = {"alg": "RS256", "typ": "JWT"}
INVALID = (401, {"error": "invalid token"})
DAY = 86400


def setUpModule():
    need_module("users")


# ---- tokens of our own making ----

def segment(data):
    if not isinstance(data, (str, bytes)):
        data = json.dumps(data, separators=(",", ":"))
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def part(token, i):
    text = token.split(".")[i]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def der(tag, *contents):
    body = b"".join(contents)
    size = len(body)
    head = bytes([size]) if size < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(size.to_bytes((size.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + head + body


def der_integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


class Key:
    """The key of a server, read from its file: what a thief of it could do, or who only knows its public half."""

    def __init__(self, server):
        with open(os.path.join(server.root, "keys", "jwt.pem")) as f:
            text = f.read()
        data = base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("-----") and ":" not in line))
        numbers, at = [], 4  # behind the head of the sequence
        while at < len(data):
            size, at = data[at + 1], at + 2
            if size & 0x80:
                n = size & 0x7f
                size, at = int.from_bytes(data[at:at + n], "big"), at + n
            numbers.append(int.from_bytes(data[at:at + size], "big"))
            at += size
        _, self.n, self.e, _, self.p, self.q, self.dp, self.dq, self.inverse = numbers[:9]

    def sign(self, text):
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(text.encode()).digest()
        size = (self.n.bit_length() + 7) // 8
        padded = b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
        number = int.from_bytes(padded, "big")
        a, b = pow(number, self.dp, self.p), pow(number, self.dq, self.q)
        return (b + (a - b) * self.inverse % self.p * self.q).to_bytes(size, "big")

    def token(self, payload, header=None):
        text = segment(HEADER if header is None else header) + "." + segment(payload)
        return text + "." + segment(self.sign(text))

    def public_pem(self):
        algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
        key = der(0x30, der_integer(self.n), der_integer(self.e))
        text = base64.b64encode(der(0x30, algorithm, der(3, b"\0", key))).decode()
        return "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % "\n".join(text[i:i + 64] for i in range(0, len(text), 64))


def by_hmac(secret, payload, header, function="sha256"):
    text = segment(header) + "." + segment(payload)
    return text + "." + segment(hmac.new(secret.encode(), text.encode(), function).digest())


# ---- a server with a user ----

class Case(unittest.TestCase):
    settings, maxDiff = (), None

    def setUp(self):
        self.s = Server(settings=CHEAP_LOGINS + list(self.settings))
        self.addCleanup(self.s.stop)
        self.s.add_role("developer")
        self.add("bob")

    def add(self, name, password=PASSWORD):
        self.s.add_user(name, "developer", password)

    def tokens(self, user="bob", password=PASSWORD, **more):
        """(operation token, refresh token)"""
        status, body = self.s.call(dict({"operation": "create_authentication_tokens", "username": user, "password": password}, **more),
                                   headers={"Authorization": ""})
        self.assertEqual(status, 200, body)
        self.assertEqual(sorted(body), ["operation_token", "refresh_token"])
        return body["operation_token"], body["refresh_token"]

    def bearer(self, token, operation="user_info", **more):
        status, body = self.s.call(dict({"operation": operation}, **more), headers={"Authorization": "Bearer " + token})
        try:
            return status, json.loads(body) if isinstance(body, bytes) else body
        except ValueError:
            return status, body

    def lets_in(self, token, user="bob"):
        status, body = self.bearer(token)
        self.assertEqual((status, body.get("username")), (200, user), body)

    def refused(self, token, answer=INVALID):
        self.assertEqual(self.bearer(token), answer, token)

    def refresh(self, token):
        return self.bearer(token, "refresh_operation_token")


class Made(Case):
    def test_what_they_say(self):
        before = int(time.time())
        operation, refresh = self.tokens()
        after = int(time.time())
        for token, subject, lasts in (operation, "operation", DAY), (refresh, "refresh", 30 * DAY):
            self.assertEqual(part(token, 0), HEADER)
            claims = part(token, 1)
            self.assertEqual(sorted(claims), ["exp", "iat", "jti", "stamp", "sub", "super_user", "username"])
            self.assertEqual((claims["username"], claims["super_user"], claims["sub"]), ("bob", False, subject))
            self.assertEqual(claims["exp"] - claims["iat"], lasts)
            self.assertTrue(before <= claims["iat"] <= after, claims)
            self.assertNotIn(PASSWORD, json.dumps(claims))
        self.lets_in(operation)
        admin, _ = self.tokens(*self.s.admin)
        self.assertIs(part(admin, 1)["super_user"], True)
        self.lets_in(admin, "admin")
        self.assertEqual(self.bearer(admin, "list_users")[0], 200)
        self.assertEqual(self.bearer(operation, "list_users")[0], 403)

    def test_of_the_caller(self):
        status, body = self.s.call({"operation": "create_authentication_tokens"})
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"], "admin")
        # Of the user who is named, whoever calls.
        status, body = self.s.call({"operation": "create_authentication_tokens", "username": "bob", "password": PASSWORD})
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"])
        status, body = self.s.call({"operation": "create_authentication_tokens", "username": "bob", "password": PASSWORD}, unix=True)
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"])

    def test_of_nobody(self):
        status, body = self.s.call({"operation": "create_authentication_tokens"}, unix=True)
        self.assertEqual((status, body), (400, {"error": "Tokens belong to a user: send 'username' and 'password', or sign in as the user"}))
        for more in {"username": "bob"}, {"password": PASSWORD}, {"username": "bob", "password": "wrong"}, {"username": "eve", "password": "x"}:
            for unix in False, True:
                status, body = self.s.call(dict({"operation": "create_authentication_tokens"}, **more), unix=unix)
                self.assertEqual((status, body), (401, {"error": "invalid credentials"}))

    def test_names(self):
        for name in "b\u00f6b", "\u4f60\u597d", "a\"b\\c", "n" * 500, " ", "\U0001f600":
            self.add(name)
            self.lets_in(self.tokens(name)[0], name)

    def test_expires_in(self):
        for given, lasts in (1, 1), (90.0, 90), ("1s", 1), ("30m", 1800), ("2h", 7200), ("1d", DAY), ("3600", 3600), ("30d", 30 * DAY), \
                (30 * DAY, 30 * DAY):
            claims = part(self.tokens(expires_in=given)[0], 1)
            self.assertEqual(claims["exp"] - claims["iat"], lasts, given)
        sentence = "'expires_in' must be a whole number of seconds, or one with s, m, h or d as in 30m, 2h, 1d; from 1s to 30d"
        for given in 0, -1, 1.5, 1e300, 10 ** 30, 30 * DAY + 1, "31d", "", "0", "0s", "-1", "1.5h", "1 d", " 1d", "d", "1w", "1dd", "1D", "soon", \
                "36501d", "9" * 400, "\uff11d", "1e3", "0x10", "999999999999d", "1000000000000":
            status, body = self.s.call({"operation": "create_authentication_tokens", "expires_in": given})
            self.assertEqual((status, body), (400, {"error": sentence}), given)
        status, body = self.s.call({"operation": "create_authentication_tokens", "expires_in": True})
        self.assertEqual((status, body), (400, {"error": "'expires_in' must be one of [string, number]"}))

    def test_expire(self):
        token, refresh = self.tokens(expires_in="4s")
        self.assertEqual(self.bearer(token)[0], 200)  # so that it is remembered when it ends
        until(lambda: self.bearer(token)[0] != 200, "the token does not end")
        self.assertGreaterEqual(time.time(), part(token, 1)["exp"])
        self.assertEqual(self.bearer(token), (401, {"error": "token expired"}))
        self.assertEqual(self.refresh(refresh)[0], 200)

    def test_role_is_for_others(self):
        operation, usable = self.tokens()
        token, refresh = self.tokens(role="custom")
        self.assertEqual(part(token, 1)["role"], "custom")
        self.refused(token)
        self.assertEqual(self.refresh(refresh), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}), INVALID)
        self.lets_in(operation)
        self.assertEqual(self.refresh(usable)[0], 200)
        for role in "", "r" * 256:
            status, body = self.s.call({"operation": "create_authentication_tokens", "role": role})
            self.assertEqual((status, body), (400, {"error": "'role' must be a string of 1 to 255 bytes"}))
        self.tokens(role="r" * 255)


class Refresh(Case):
    def test_refreshes(self):
        operation, refresh = self.tokens()
        status, body = self.refresh(refresh)
        self.assertEqual((status, list(body)), (200, ["operation_token"]))
        self.lets_in(body["operation_token"])
        self.assertEqual(part(body["operation_token"], 1)["sub"], "operation")
        # Again, and in the body of another's request.
        self.assertEqual(self.refresh(refresh)[0], 200)
        status, body = self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh})
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"])
        self.lets_in(operation)

    def test_each_in_its_place(self):
        operation, refresh = self.tokens()
        self.refused(refresh)
        for name in "create_authentication_tokens", "login", "list_users", "nonsense":
            self.assertEqual(self.bearer(refresh, name)[0], 400 if name == "nonsense" else 401, name)
        self.assertEqual(self.bearer(refresh, "create_authentication_tokens"), INVALID)
        self.assertEqual(self.bearer(operation, "refresh_operation_token"), (400, {"error": "'refresh_token' is required"}))
        self.assertEqual(self.s.call({"operation": "refresh_operation_token"}), (400, {"error": "'refresh_token' is required"}))
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": operation}), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": 5}),
                         (400, {"error": "'refresh_token' must be a string"}))
        for bad in "", "abc", "a.b.c", refresh + "A", refresh[:-1], "x" * 100000:
            self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": bad}), INVALID)
            # What is given is what counts, whatever else is right.
            self.assertEqual(self.bearer(refresh, "refresh_operation_token", refresh_token=bad), INVALID)
        status, body = self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}, headers={"Authorization": ""})
        self.assertEqual((status, body), (401, {"error": "Must login"}))

    def test_only_the_last(self):
        operation, first = self.tokens()
        self.assertEqual(self.refresh(first)[0], 200)
        _, second = self.tokens()
        self.assertNotEqual(first, second)
        self.assertEqual(self.refresh(first), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": first}), INVALID)
        self.assertEqual(self.refresh(second)[0], 200)
        self.lets_in(operation)
        # Another user's is another matter.
        self.tokens(*self.s.admin)
        self.assertEqual(self.refresh(second)[0], 200)

    def test_made_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            pairs = list(pool.map(lambda _: self.tokens(), range(16)))
        made = {refresh for _, refresh in pairs}
        ids = {part(token, 1)["jti"] for pair in pairs for token in pair}
        self.assertEqual((len(made), len(ids)), (16, 32))  # though most are of the same second
        for text in ids:
            self.assertRegex(text, "^[0-9a-f]{32}$")
        answers = {t: self.refresh(t)[0] for t in made}
        self.assertEqual(sorted(answers.values()), [200] + [401] * (len(made) - 1))


class Setting(Case):
    settings = ["authentication.operationTokenTimeout=2h", "authentication.refreshTokenTimeout=3s"]

    def test_lasts(self):
        operation, refresh = self.tokens()
        for token, lasts in (operation, 7200), (refresh, 3):
            self.assertEqual(part(token, 1)["exp"] - part(token, 1)["iat"], lasts)
        until(lambda: self.refresh(refresh)[0] != 200, "the token does not end")
        self.assertEqual(self.refresh(refresh), (401, {"error": "token expired"}))
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}), (401, {"error": "token expired"}))
        status, body = self.s.call({"operation": "refresh_operation_token"}, headers={"Authorization": "Bearer " + operation})
        self.assertEqual(status, 400, body)


class Ceiling(Case):
    settings = ["authentication.operationTokenMaxTimeout=90m", "authentication.operationTokenTimeout=2h"]

    def test_what_a_client_may_ask_for(self):
        for given, lasts in ({"expires_in": "90m"}, 5400), ({}, 7200):
            claims = part(self.tokens(**given)[0], 1)
            self.assertEqual(claims["exp"] - claims["iat"], lasts)
        for given in "91m", 5401, "1d":
            status, body = self.s.call({"operation": "create_authentication_tokens", "expires_in": given})
            self.assertEqual((status, body["error"][-16:]), (400, "; from 1s to 90m"), body)


class Ended(Case):
    def ended(self, operation, refresh):
        self.refused(operation)
        self.assertEqual(self.refresh(refresh), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}), INVALID)

    def made(self):
        made = self.tokens()
        self.lets_in(made[0])
        self.assertEqual(self.refresh(made[1])[0], 200)
        return made

    def test_by_another_password(self):
        made = self.made()
        self.s.ok({"operation": "alter_user", "username": "bob", "password": "Other987!"})
        self.ended(*made)
        self.lets_in(self.tokens(password="Other987!")[0])
        # Not even the same one again brings it back.
        self.s.ok({"operation": "alter_user", "username": "bob", "password": PASSWORD})
        self.ended(*made)

    def test_while_and_after_inactive(self):
        made = self.made()
        self.s.ok({"operation": "alter_user", "username": "bob", "active": False})
        self.ended(*made)
        self.s.ok({"operation": "alter_user", "username": "bob", "active": True})
        self.ended(*made)
        self.lets_in(self.tokens()[0])

    def test_with_the_user(self):
        made = self.made()
        self.s.ok({"operation": "drop_user", "username": "bob"})
        self.ended(*made)
        self.add("bob")
        self.ended(*made)
        self.lets_in(self.tokens()[0])

    def test_role_acts_at_once(self):
        operation, _ = self.made()
        self.assertEqual(self.bearer(operation, "list_users")[0], 403)
        self.s.ok({"operation": "alter_user", "username": "bob", "role": "super_user"})
        self.assertEqual(self.bearer(operation, "list_users")[0], 200)
        self.s.ok({"operation": "alter_user", "username": "bob", "role": "developer"})
        self.assertEqual(self.bearer(operation, "list_users")[0], 403)

    def test_not_by_a_restart(self):
        operation, refresh = self.made()
        self.s.restart()
        self.lets_in(operation)
        self.assertEqual(self.refresh(refresh)[0], 200)
        self.s.ok({"operation": "drop_user", "username": "bob"})
        self.s.restart()
        self.ended(operation, refresh)


class Forged(Case):
    def setUp(self):
        super().setUp()
        self.key = Key(self.s)
        self.operation, self.refresh_token = self.tokens()
        self.lets_in(self.operation)
        self.claims = part(self.operation, 1)

    def test_ours_is_as_theirs(self):
        """What the others lack is only what they are to lack."""
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
        """Even with the key: no header says how a token is to be checked."""
        self.all_refused([self.key.token(self.claims, header) for header in (
            dict(HEADER, kid="1"), dict(HEADER, jku="http://127.0.0.1:1/"), dict(HEADER, crit=["exp"]), dict(HEADER, typ="JWE"),
            dict(HEADER, alg="RS512"), dict(HEADER, alg="PS256"), dict(HEADER, alg="rs256"), dict(HEADER, alg=["RS256"]), {"typ": "JWT"},
            [HEADER], "RS256", "", "{", '{"alg":"RS256","typ":"JWT"} ', '{"alg":"RS256","typ":"JWT","alg":"none"}', "[" * 2000)])

    def test_other_claims(self):
        """Even with the key: a claim that is not what it should be is not made to be."""
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
        """Refused for its size or for what it is, and the server goes on."""
        for size in 8000, 8193, 12000, 60000, 1000000:
            for text in self.operation + "A" * size, "A" * size, "." * size, self.key.token(self.claims, "{" + " " * size):
                try:
                    status, _ = self.bearer(text)
                    self.assertIn(status, (401, 431))
                except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
                    pass  # it does not read on
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
        self.assertEqual(os.listdir(self.folder), ["jwt.pem"])

    def test_no_secret_is_told(self):
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
        """What would not start does not take the place of what runs."""
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
        self.assertEqual(os.listdir(self.folder), ["jwt.pem"])


if __name__ == "__main__":
    unittest.main()
