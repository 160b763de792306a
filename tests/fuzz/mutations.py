# SPDX-License-Identifier: Apache-2.0
"""Almost valid requests: valid ones of every operation, mutated at random. A seed and a number always give the same one."""
import json, os, random, re

from statements import Statements

# Values near limits, and values on which parsers, stores and names are known to fail.
TEXTS = [
    "", "*", "**", "*a*", "a*b", "id", "name", "dog", "dev", "data", "system", "hdb_user", "constructor", "prototype", "__proto__",
    "__createdtime__", "__updatedtime__", "null", "true", "1", "-1", "1e5", ".", "..", "../../x", "/", "`", "%s%n%d", "a b", " ", "\t", "\n",
    "\0", "a\0b", "\x7f", "\u0080", "\u00e9", "e\u0301", "\u00df", "\u0130", "\u202e", "\ufeff", "\ufffd", "\U0001f600", "\U0010ffff",
    "x" * 250, "x" * 251, "\u00e9" * 250, "x" * 400, "x" * 511, "x" * 3000, "\U0001f600" * 130, "and", "or", "equals", "not_equal", "contains",
    "starts_with", "ends_with", "greater_than", "greater_than_equal", "less_than", "less_than_equal", "between", "in", "not_in", "not_contains",
    "not_starts_with", "not_ends_with", "==", "ge", "Any", "String",
    "Int", "Long", "BigInt", "Float", "Boolean", "Date", "ID", "Bytes", "Blob", "2024-02-30T25:61:00Z", "2024-01-02T03:04:05.678Z",
]
NUMBERS = [
    0, 1, -1, 2, 3, 7, 10, 255, 1000, 65536, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 10**30, -10**400,
    0.1, -0.0, 0.5, 1.5, 1e15, 1e21, 1e22, 1.7976931348623157e308, 5e-324, -2.5e-308,
]


class Raw(str):
    """A piece of JSON to be written as it is, valid or not."""


RAW = [Raw(t) for t in (
    "1e309", "-1e309", "1e-400", "0e0", "-0", "1E+2", "00", "01", "1.", ".5", "+1", "0x10", "-", "NaN", "Infinity", "-Infinity", "undefined", "nul",
    "truE", "'a'", '"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\x41"', '"\\u12"', '"a\nb"', '"\\', "/**/1", "1 2", "",
    "1" * 400, "0." + "0" * 400 + "1", "[" * 5000, '{"a":' * 3000, "[" * 40 + "]" * 40, "[" * 3000 + "1" + "]" * 3000, '{"a":' * 1500 + "1" + "}" * 1500,
    '[{"a":' * 500 + "1" + "}]" * 500, "[" + "1," * 2000 + "1]", "{" + ",".join('"k%d":%d' % (i, i) for i in range(600)) + "}",
)]


class Object(list):
    """The members of an object: pairs, so that a name may occur twice."""


def decode(text):
    return json.loads(text, object_pairs_hook=lambda pairs: Object([list(p) for p in pairs]))


def encode(x, ascii_only=False):
    if isinstance(x, Object):
        return "{" + ",".join(encode(k, ascii_only) + ":" + encode(v, ascii_only) for k, v in x) + "}"
    if isinstance(x, list):
        return "[" + ",".join(encode(v, ascii_only) for v in x) + "]"
    return x if isinstance(x, Raw) else json.dumps(x, ensure_ascii=ascii_only)


def places(x, out=None):
    """(container, index) of every value below x; for a member, its pair and 1."""
    out = [] if out is None else out
    if isinstance(x, list):
        for i, v in enumerate(x):
            out.append((v, 1) if isinstance(x, Object) else (x, i))
            places(v[1] if isinstance(x, Object) else v, out)
    return out


def objects(x, out=None):
    out = [] if out is None else out
    if isinstance(x, Object):
        out.append(x)
    if isinstance(x, list):
        for v in x:
            objects(v[1] if isinstance(x, Object) else v, out)
    return out


def members(x):
    """The pairs of all objects; that of the operation only if there is no other: without it little of a request is checked."""
    pairs = [pair for o in objects(x) for pair in o]
    return [pair for pair in pairs if pair[0] != "operation"] or pairs


class Mutator:
    """paths: names of files that a request may name; declared: the answer of describe_operations; users: the authorizations of the
users who send statements."""

    def __init__(self, seed, declared, recorded, users, paths):
        self.seed, self.users, self.authorization = seed, [u.encode() for u in users], users[0].encode()
        self.texts = TEXTS + paths
        self.names = sorted({p["name"] for d in declared for p in d["parameters"]} | {a for d in declared for a in d["aliases"]} |
                            {d["operation"] for d in declared} | {"schema", "hash_values", "hash_attribute", "username", "password", "search_attribute"})
        known = {n for d in declared for n in [d["operation"]] + d["aliases"]}
        self.has_sql = "sql" in known
        by_operation = {}
        for body in recorded:
            if isinstance(body.get("operation"), str) and body["operation"] in known:
                text = json.dumps(body)
                if len(text) < 5000:
                    by_operation.setdefault(body["operation"], set()).add(text)
        for d in declared:
            for name in [d["operation"]] + d["aliases"]:
                by_operation.setdefault(name, set()).add(json.dumps(self.typical(d, name, paths)))
        # Every operation as often as any other, however many of its requests are recorded; but a dropped object cannot be used.
        self.seeds = [sorted(texts) for name, texts in sorted(by_operation.items()) for _ in range(1 if name.startswith("drop_") else 8)]

    @staticmethod
    def typical(declared, name, paths):
        """A valid request, according to the declaration."""
        values = {"database": "dev", "table": "dog", "primary_key": "id", "attribute": "name", "ids": [1, "2"], "get_attributes": ["*"], "value": "P*",
                  "records": [{"id": 1, "name": "Penny", "age": 7}], "conditions": [{"attribute": "age", "comparator": "greater_than", "value": 3}],
                  "path": paths[0], "tables": ["dog"], "attributes": [{"name": "id"}, {"name": "when", "type": "Date", "indexed": True}],
                  "sort": {"attribute": "age", "descending": True, "next": {"attribute": "name"}}, "operator": "or", "name": "insert", "residence": None}
        body = {"operation": name}
        if declared["operation"] == "restore_backup":
            values["database"] = "restored"
        for p in declared["parameters"]:
            by_type = {"number": 1, "boolean": False, "string": "x", "array": [], "object": {}}
            body[p["name"]] = values.get(p["name"], by_type.get(p["types"][0]))
        return body

    # ---- values ----

    def value(self, rng):
        n = rng.random()
        if n < 0.35:
            return rng.choice(self.texts)
        if n < 0.6:
            return rng.choice(NUMBERS)
        if n < 0.78:
            return rng.choice(RAW)
        if n < 0.88:
            return rng.choice((None, True, False, [], Object(), [[]], [None], Object([["", None]]), [Object()]))
        if n < 0.94:
            return "".join(chr(rng.choice((rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0xe000, 0x11000)))) for _ in range(rng.randrange(1, 20)))
        return decode(rng.choice(rng.choice(self.seeds)))

    def bend(self, rng, body):
        """Changes one thing in a decoded body."""
        where = places(body)
        if not where:
            return
        holder, i = rng.choice(where)
        if holder[0] == "operation":
            holder, i = rng.choice(where)
        old, n = holder[i], rng.random()
        if n < 0.4:
            holder[i] = self.value(rng)
        elif n < 0.5:
            other, j = rng.choice(where)
            holder[i], other[j] = json_copy(other[j]), json_copy(old)
        elif n < 0.58:
            holder[i] = rng.choice(([old], Object([["value", old]]), [old, old], [[old]], encode(old), str(old)[:5000]))
        elif n < 0.72:
            o = rng.choice(objects(body))
            if not o or n < 0.65:
                o.insert(rng.randrange(len(o) + 1), [rng.choice(self.names), self.value(rng)])
            elif n < 0.69:
                o.insert(rng.randrange(len(o) + 1), [rng.choice(o)[0], self.value(rng)])
            else:
                o.append(json_copy(rng.choice(o)))
        elif n < 0.8:
            pair = rng.choice(members(body))
            pair[0] = rng.choice((rng.choice(self.names), rng.choice(self.texts), pair[0].upper(), pair[0] + "\0", pair[0][:-1]))
        elif n < 0.9:
            gone = rng.choice(members(body))
            for o in objects(body):
                o[:] = [pair for pair in o if pair is not gone]
        elif isinstance(old, str) and not isinstance(old, Raw) and old:
            at = rng.randrange(len(old))
            holder[i] = rng.choice((old[:at], old[at:], old[:at] + rng.choice(self.texts) + old[at:], old * rng.choice((2, 50)), old.swapcase()))
        elif isinstance(old, list) and old:
            old.extend(json_copy(old[0]) for _ in range(rng.choice((1, 3, 100, 1500 if len(encode(old[0])) < 100 else 2))))
        else:
            holder[i] = self.value(rng)

    @staticmethod
    def name_what_is_there(rng, tree):
        """A recorded request names tables of its own; these exist in the test."""
        database, table = rng.choice((("dev", "dog"), ("dev", "typed"), ("data", "dog")))
        operation = next(v for k, v in tree if k == "operation")
        if operation.startswith(("create_d", "create_s", "drop_", "restore_")):
            return
        for pair in tree:
            if pair[0] in ("database", "schema"):
                pair[1] = database
            elif pair[0] == "table" and operation != "create_table":
                pair[1] = table

    # ---- bytes ----

    @staticmethod
    def scramble(rng, data):
        """Changes a few bytes."""
        data = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 4))):
            at, n = rng.randrange(len(data) + 1), rng.random()
            if n < 0.3 and at < len(data):
                data[at] = rng.choice((rng.randrange(256), data[at] ^ 1 << rng.randrange(8)))
            elif n < 0.5:
                data[at:at] = rng.choice((b"\0", b"\"", b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\r\n", b"\n", b" ",
                                          bytes((rng.randrange(256),))))
            elif n < 0.7:
                del data[at:at + rng.choice((1, 1, 2, 8))]
            elif n < 0.85:
                data[at:at] = data[at:at + rng.randrange(1, 40)]
            else:
                del data[at:]
        return bytes(data)

    def body(self, rng):
        text = rng.choice(rng.choice(self.seeds))
        n = rng.random()
        if n > 0.03:
            tree = decode(text)
            if rng.random() < 0.8:
                self.name_what_is_there(rng, tree)
            for _ in range(rng.choice((1, 1, 1, 2, 2, 5)) if n < 0.85 else rng.choice((0, 0, 1))):
                self.bend(rng, tree)
            text = encode(tree, rng.random() < 0.2)
        data = text.encode("utf-8", "surrogatepass")
        return self.scramble(rng, data) if n >= 0.85 else data

    # ---- headers and framing ----

    def lines(self, body, user=None):
        return [b"POST / HTTP/1.1", b"Host: localhost", b"Authorization: " + (user or self.authorization), b"Content-Type: application/json",
                b"Content-Length: %d" % len(body)]

    def whole(self, body, user=None):
        return b"\r\n".join(self.lines(body, user)) + b"\r\n\r\n" + body

    def statement(self, rng):
        body = json.dumps({"operation": "sql", "sql": Statements(rng).mutated()}, ensure_ascii=rng.random() < 0.5)
        return self.whole(body.encode(), rng.choice(self.users))

    RESTORED = [b'{"operation":"create_table","database":"dev","table":"dog","primary_key":"id"}',
                b'{"operation":"upsert","database":"dev","table":"dog","records":[%s]}' %
                b",".join(b'{"id":%d,"name":"P%d","age":%d}' % (i, i % 9, i % 13) for i in range(40))]

    HEADERS = [b"Accept: text/csv", b"Accept: application/cbor", b"Accept: application/x-msgpack", b"Accept: text/yaml", b"Accept: application/jsonl",
               b"Content-Type: application/cbor", b"Content-Type: application/msgpack", b"Accept: application/json;q=0, */*", b"Accept: x/y", b"Accept: ,;q=,*", b"Accept:", b"Origin: null",
               b"Origin: http://a", b"Expect: 100-continue", b"Expect: 200-maybe", b"Connection: close", b"Connection: keep-alive, upgrade",
               b"Upgrade: websocket", b"Content-Encoding: gzip", b"Accept-Encoding: gzip", b"Cookie: a=b; c", b"Content-Type: text/csv",
               b"Content-Type: application/json; charset=utf-16", b"Content-Type: multipart/form-data; boundary=x", b"Content-Type:", b"X: " + b"y" * 3000,
               b"X: " + b"y" * 200000, b"Host: b", b"Host: \xff", b": x", b"X\0: y", b"X: a\0b", b"X : y", b" folded", b"X", b"Range: bytes=0-0",
               b"If-None-Match: *", b"Authorization: Basic", b"Authorization: Basic ====", b"Authorization: Basic YTpi", b"Authorization: Bearer x.y.z",
               b"Authorization: Digest x", b"Authorization: Basic " + b"QQ" * 3000, b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
               b"Transfer-Encoding: identity", b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: 99999999999999999999",
               b"Content-Length: 900000000", b"Content-Length: 5, 5", b"Content-Length: 0x10", b"Content-Length: +5"]
    STARTS = [b"GET / HTTP/1.1", b"GET /health HTTP/1.1", b"PUT / HTTP/1.1", b"OPTIONS / HTTP/1.1", b"DELETE / HTTP/1.1", b"CONNECT a:1 HTTP/1.1",
              b"POST /x HTTP/1.1", b"POST /?a=b HTTP/1.1", b"POST http://a/ HTTP/1.1", b"POST /%00 HTTP/1.1", b"POST  / HTTP/1.1", b"POST / HTTP/1.0",
              b"POST / HTTP/2.0", b"POST / HTTP/1.9", b"POST /", b"post / HTTP/1.1", b"POST " + b"/a" * 20000 + b" HTTP/1.1", b"", b"\x16\x03\x01\x02\x00"]

    def head(self, rng, body):
        lines = self.lines(body)
        for _ in range(rng.choice((1, 1, 2, 3))):
            n = rng.random()
            if n < 0.6:
                lines.insert(rng.randrange(1, len(lines) + 1), rng.choice(self.HEADERS))
            elif n < 0.7:
                lines[0] = rng.choice(self.STARTS)
            elif n < 0.78:
                lines.pop(rng.randrange(len(lines)))
            elif n < 0.84 and len(lines) > 1:
                lines.append(rng.choice(lines[1:]))
            elif n < 0.88:
                lines.extend(b"X-%d: y" % i for i in range(rng.choice((100, 1000))))
            elif lines:
                at = rng.randrange(len(lines))
                lines[at] = self.scramble(rng, lines[at])
            if not lines:
                break
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def framing(self, rng, body):
        lines, n = self.lines(body), rng.random()
        if n < 0.15:
            lines[-1] = b"Content-Length: %d" % rng.choice((0, max(0, len(body) - 1), len(body) + 1, len(body) // 2))
            return b"\r\n".join(lines) + b"\r\n\r\n" + body
        whole = self.whole(body)
        if n < 0.3:
            return self.scramble(rng, whole)
        if n < 0.4:
            return whole[:rng.randrange(len(whole))]
        if n < 0.5:
            return whole + rng.choice((b"\r\n", b"\n", b"\0", b"x", b"\r\n\r\n")) + whole
        if n < 0.58:
            return whole.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\r\n", b"\r\n ")), rng.choice((1, 2, 9)))
        lines[-1] = b"Transfer-Encoding: chunked"
        chunked, rest = b"", body
        while rest:
            size = rng.randrange(1, 200)
            piece, rest = rest[:size], rest[size:]
            chunked += rng.choice((b"%x", b"%X", b"0%x", b"%x;a=b", b'%x;a="\\""')) % len(piece) + b"\r\n" + piece + b"\r\n"
        chunked += b"0\r\n" + rng.choice((b"", b"", b"X: y\r\n", b"Content-Length: 5\r\n")) + b"\r\n"
        if n > 0.7:
            chunked = rng.choice((self.scramble(rng, chunked), re.sub(rb"^\w+", rng.choice((b"ffffffffffffffff", b"-1", b"0x5", b"fffffff", b" 5", b"")), chunked),
                                  chunked[:-2], chunked + whole))
        return b"\r\n".join(lines) + b"\r\n\r\n" + chunked

    def request(self, number):
        """(bytes, whether its framing is valid and it may be sent among others on a connection)"""
        rng = random.Random("%s %d" % (self.seed, number))
        if number % 20 < 2:
            return self.whole(self.RESTORED[number % 20]), True # restores what was dropped
        if self.has_sql and rng.random() < 0.2:
            return self.statement(rng), True
        body, n = self.body(rng), rng.random()
        if n < 0.88:
            return self.whole(body), True
        return (self.head if n < 0.95 else self.framing)(rng, body), False


def json_copy(x):
    if isinstance(x, Object):
        return Object([[k, json_copy(v)] for k, v in x])
    return [json_copy(v) for v in x] if isinstance(x, list) else x


def recorded_bodies(folder):
    """The bodies of recorded requests that are JSON objects."""
    bodies = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as f:
            bodies += [c["request"].get("body") for c in json.load(f)]
    return [b for b in bodies if isinstance(b, dict)]
