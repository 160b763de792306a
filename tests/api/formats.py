# SPDX-License-Identifier: Apache-2.0
"""Readers of the answer formats, for tests; they support only what the server writes.

value_of(media type, bytes) gives the value, as json.loads() would of the same answer in JSON.
"""
import csv, io, json, struct


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if len(self.data) - self.at < n:
            raise ValueError("cut off")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]


END = object()


def cbor_item(b):
    first = b.number("B")
    major, info = first >> 5, first & 31
    if first in (0xf4, 0xf5, 0xf6, 0xf7, 0xff):
        return {0xf4: False, 0xf5: True, 0xff: END}.get(first)
    if major == 7:
        return b.number({25: "e", 26: "f", 27: "d"}[info])
    n = info if info < 24 else None if info == 31 else b.number({24: "B", 25: "H", 26: "I", 27: "Q"}[info])
    if major < 2:
        return n if major == 0 else -1 - n
    if major == 3:
        return b.take(n).decode()
    if major == 6:
        if n not in (2, 3):
            raise ValueError("tag %d" % n)
        magnitude = int.from_bytes(b.take(b.number("B") & 31), "big")
        return magnitude if n == 2 else -1 - magnitude
    return items(lambda: cbor_item(b), n, major == 5)


def items(read, n, is_map):
    """An array or an object of n items, or up to END if n is None."""
    found = []
    while n is None or len(found) < n:
        item = read()
        if item is END:
            break
        found.append((item, read()) if is_map else item)
    return dict(found) if is_map else found


def msgpack_item(b):
    first = b.number("B")
    if first < 0x80 or first >= 0xe0:
        return first if first < 0x80 else first - 256
    if first < 0xc0:
        n = first & (31 if first >= 0xa0 else 15)
        return b.take(n).decode() if first >= 0xa0 else items(lambda: msgpack_item(b), n, first < 0x90)
    if first in (0xc0, 0xc2, 0xc3):
        return {0xc0: None, 0xc2: False, 0xc3: True}[first]
    n = b.number({0xca: "f", 0xcb: "d", 0xcc: "B", 0xcd: "H", 0xce: "I", 0xcf: "Q", 0xd0: "b", 0xd1: "h", 0xd2: "i", 0xd3: "q",
                  0xd9: "B", 0xda: "H", 0xdb: "I", 0xdc: "H", 0xdd: "I", 0xde: "H", 0xdf: "I"}[first])
    if first < 0xd9:
        return n
    return b.take(n).decode() if first < 0xdc else items(lambda: msgpack_item(b), n, first >= 0xde)


def whole(read, data):
    b = Bytes(data)
    value = read(b)
    if b.at != len(data):
        raise ValueError("bytes behind the value")
    return value


def lines(data):
    *found, last = data.decode().split("\n")
    if last:
        raise ValueError("the last line has no end")
    return [json.loads(line) for line in found]


def yaml_value(data):
    import yaml
    try:
        return yaml.load(data.decode(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as e:
        raise ValueError(str(e)) from None


def has_yaml():
    try:
        import yaml
    except ImportError:
        return False
    return bool(yaml)


READERS = {
    "application/json": json.loads,
    "application/cbor": lambda data: whole(cbor_item, data),
    "application/x-msgpack": lambda data: whole(msgpack_item, data),
    "application/msgpack": lambda data: whole(msgpack_item, data),
    "text/yaml": yaml_value,
    "application/x-ndjson": lambda data: lines(data),
    "application/jsonl": lambda data: lines(data),
    "text/csv": lambda data: list(csv.DictReader(io.StringIO(data.decode(), newline=""))),
}


def value_of(media_type, data):
    return READERS[media_type](data)
