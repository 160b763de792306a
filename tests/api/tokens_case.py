# SPDX-License-Identifier: Apache-2.0
"""Tokens of our own making, and a server with a user whose tokens they claim to be."""
import base64, hashlib, hmac, json, os, unittest

from lyre_server import CHEAP_LOGINS, PASSWORD, Server

HEADER = {"alg": "RS256", "typ": "JWT"}
INVALID = (401, {"error": "invalid token"})


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
