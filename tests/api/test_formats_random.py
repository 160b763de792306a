# SPDX-License-Identifier: Apache-2.0
"""Random values, written by public encoders and read by public decoders: cbor2, msgpack and PyYAML, if installed.

FORMATS_SEED: which (1); FORMATS_ROUNDS: how many hundreds of values (3).
"""
import json, os, random, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, OneServer, Server, feature


def library(name, macro):
    """A Python library, if it is installed and the build has its format."""
    try:
        return __import__(name) if feature("LYRE_FORMAT_" + macro) else None
    except ImportError:
        return None


cbor2, msgpack, yaml = library("cbor2", "CBOR"), library("msgpack", "MSGPACK"), library("yaml", "YAML")
SEED, ROUNDS = int(os.environ.get("FORMATS_SEED", 1)), int(os.environ.get("FORMATS_ROUNDS", 3))
WORDS = ["", "a", "null", "~", "true", "No", "on", "1", "-1", "+1", "0x1F", "0o17", "017", "1e3", "1.", ".5", "1_000", "12:30:45", ".inf", "-.Inf", ".NaN",
         "2001-12-14", "2001-12-14 21:59:43.10 -5", "=", "<<", "- a", "a: b", "a #b", "#", "? x", "! x", "& x", "*x", "%x", "@x", "`x", "|", ">", "---", "...",
         "{a}", "[a]", "a, b", "'", '"', "\\", "a'b", " a", "a ", "a\n", "\na", "a\nb", "a\n\nb", "  a\nb", "a\n  b", "a \nb", "a\n\n", "a\r\nb", "a\rb", "a\tb",
         "\t", "a\u0085b", "a\u2028b", "a\u2029", "\ufeff", "\0", "\x01", "\x7f", "\x80", "\x9f", "\xa0", "ü", "水", "🐕", "\ufffe", "x" * 31, "x" * 32, "x" * 255,
         "x" * 256, "x" * 300 + " " + "y" * 300]


def text(r):
    if r.random() < 0.6:
        return r.choice(WORDS)
    return "".join(r.choice("ab 01.-:\n\t'\"#,[]{}&*!|>%@`\r\u0085\u2028ü水🐕\0") for _ in range(r.randrange(12)))


def number(r):
    kind = r.randrange(5)
    if kind == 0:
        return r.randrange(-300, 300)
    if kind == 1:  # where the encodings of integers change
        edge = r.choice([5, 7, 8, 15, 16, 31, 32, 63, 64])
        n = r.choice([1, -1]) * (1 << edge) + r.randrange(-2, 3)
        return max(-2**63, min(n, 2**64 - 1))
    if kind == 2:
        return r.choice([0.0, 0.5, -1.5, 1e300, -1e-300, 5e-324, 2.0**70, 1e21, 1e-7, 65504.0, 2.0**-24, 3.4028234663852886e38])
    return r.uniform(-1e6, 1e6) if kind == 3 else r.random() * 10.0**r.randrange(-300, 300)


def value(r, depth=0):
    kind = r.randrange(6 if depth < 5 else 4)
    if kind < 3:
        return text(r) if kind else number(r)
    if kind == 3:
        return r.choice([None, True, False])
    size = r.choice([0, 1, 2, 3, 15, 16, 23, 24] if depth < 2 else [0, 1, 2])
    if kind == 4:
        return [value(r, depth + 1) for _ in range(size)]
    return {text(r) + str(i): value(r, depth + 1) for i in range(size)}


def same(want, got):
    """Whether a value came back. In text formats an integral double becomes an integer, with as few digits as possible."""
    if isinstance(want, float) and type(got) is int:
        return float(got) == want
    if type(want) is not type(got):
        return False
    if isinstance(want, dict):
        return want.keys() == got.keys() and all(same(v, got[k]) for k, v in want.items())
    if isinstance(want, list):
        return len(want) == len(got) and all(map(same, want, got))
    return want == got


class Random(OneServer):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + ["storage.writeAsync=true"])
        cls.addClassCleanup(cls.s.stop)
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "t", "primary_key": "id"})
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "big", "primary_key": "id",
                  "attributes": [{"name": "id"}, {"name": "v", "type": "BigInt"}]})

    def send(self, body, kind, accept):
        status, headers, data = self.s.request(body=body, headers={"Content-Type": kind, "Accept": accept, "Authorization": self.s.authorization()})
        self.assertEqual((status, headers["content-type"]), (200, accept), data[:300])
        return data

    def ask(self, table, count, accept):
        body = {"operation": "search_by_id", "database": "dev", "table": table, "ids": list(range(count)), "get_attributes": ["id", "v"]}
        return self.send(json.dumps(body).encode(), "application/json", accept)

    def there_and_back(self, kind, dumps, loads, make=value, table="t"):
        """Written in the format, then read in it and in JSON; and a value that passes through a handler's tokens."""
        for round in range(ROUNDS):
            r = random.Random(SEED * 1000 + round)
            rows = [{"id": i, "v": make(r)} for i in range(100)]
            body = {"operation": "upsert", "database": "dev", "table": table, "records": rows}
            answer = loads(self.send(dumps(body, r), kind, kind))
            self.assertEqual(answer["upserted_hashes"], list(range(100)))
            for got in (loads(self.ask(table, 100, kind)), json.loads(self.ask(table, 100, "application/json"))):
                for want, row in zip(rows, got):
                    self.assertTrue(same(want, row), "seed %d, round %d: %r, wanted %r" % (SEED, round, row, want))

    @unittest.skipUnless(cbor2, "cbor2 is missing, or this build has no CBOR")
    def test_cbor(self):
        self.there_and_back("application/cbor", lambda v, r: cbor2.dumps(v, canonical=r.random() < 0.5), cbor2.loads)

    @unittest.skipUnless(cbor2, "cbor2 is missing, or this build has no CBOR")
    def test_cbor_bignums(self):
        make = lambda r: r.choice([1, -1]) * r.getrandbits(r.choice([60, 64, 65, 72, 128, 500, 1000]))
        self.there_and_back("application/cbor", lambda v, r: cbor2.dumps(v), cbor2.loads, make, "big")

    @unittest.skipUnless(cbor2, "cbor2 is missing, or this build has no CBOR")
    def test_cbor_dates(self):
        from datetime import datetime, timezone
        for date in (datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc), datetime(1960, 1, 1, tzinfo=timezone.utc)):
            self.send(cbor2.dumps({"operation": "upsert", "database": "dev", "table": "t", "records": [{"id": 0, "v": date}]},
                                  datetime_as_timestamp=True), "application/cbor", "application/cbor")
            self.assertEqual(json.loads(self.ask("t", 1, "application/json"))[0]["v"], date.strftime("%Y-%m-%dT%H:%M:%S.000Z"))

    @unittest.skipUnless(msgpack, "msgpack is missing, or this build has no MessagePack")
    def test_msgpack(self):
        self.there_and_back("application/x-msgpack", lambda v, r: msgpack.packb(v), lambda data: msgpack.unpackb(data, strict_map_key=True))

    @unittest.skipUnless(msgpack, "msgpack is missing, or this build has no MessagePack")
    def test_msgpack_dates(self):
        for seconds, nanoseconds in ((0, 0), (1704164645, 678000000), (-1, 500000000), (2**33, 0)):
            self.send(msgpack.packb({"operation": "upsert", "database": "dev", "table": "t", "records": [
                {"id": 0, "v": msgpack.Timestamp(seconds, nanoseconds)}]}), "application/msgpack", "application/msgpack")
            from datetime import datetime, timedelta
            want = datetime(1970, 1, 1) + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
            self.assertEqual(json.loads(self.ask("t", 1, "application/json"))[0]["v"], want.isoformat(timespec="milliseconds") + "Z")

    @unittest.skipUnless(yaml, "PyYAML is missing, or this build has no YAML")
    def test_yaml(self):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for round in range(ROUNDS):
            r = random.Random(SEED * 1000 + round)
            rows = [{"id": i, "v": value(r)} for i in range(100)] + [{"id": 100 + i, "v": [w, {w: w}]} for i, w in enumerate(WORDS)]
            self.s.ok({"operation": "upsert", "database": "dev", "table": "t", "records": rows})
            got = yaml.load(self.ask("t", len(rows), "text/yaml").decode(), Loader=loader)
            for want, row in zip(rows, got):
                self.assertTrue(same(want, row), "seed %d, round %d: %r, wanted %r" % (SEED, round, row, want))


if __name__ == "__main__":
    if not (cbor2 or msgpack or yaml):
        print("neither cbor2 nor msgpack nor PyYAML is there, or this build has none of their formats")
        sys.exit(77)
    unittest.main()
