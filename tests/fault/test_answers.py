# SPDX-License-Identifier: Apache-2.0
"""Every answer is the answer to its own request, byte for byte.

64 connections send requests whose answers differ from all others, several at once on one connection (pipelining), while tables
and attributes are created and dropped, and other clients disconnect midway. Answers are read by a parser that accepts only what
RFC 9112 allows: bytes of a request in the place of a status line are found at once.

ANSWERS_SECONDS: how long (4). ANSWERS_SEED: seed of the random numbers (default: random).
"""
import json, os, random, socket, threading, time, unittest

from faults import Server, create, insert

SECONDS = float(os.environ.get("ANSWERS_SECONDS", "4"))
CONNECTIONS = 64
RECORDS = 40   # of each connection
PIPELINED = 6  # maximum number of pipelined requests


class Wire:
    """A connection, and a strict reader of its answers."""

    def __init__(self, s):
        self.s, self.buffer = s, b""
        self.socket = socket.create_connection(("127.0.0.1", s.port), timeout=120)

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError("the connection ended where an answer was due, after %r" % self.buffer[-200:])
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def bytes(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def chunks(self):
        body = b""
        while True:
            size = int(self.line(), 16)
            body += self.bytes(size)
            if self.bytes(2) != b"\r\n":
                raise AssertionError("a chunk does not end where it says")
            if not size:
                return body

    def answer(self):
        status = self.line()
        if not status.startswith(b"HTTP/1.1 ") or not status[9:12].isdigit():
            raise AssertionError("no status line: %r" % status[:300])
        headers = {}
        for line in iter(self.line, b""):
            name, colon, value = line.partition(b":")
            if not colon or name.lower() in headers:
                raise AssertionError("no header, or one that was there: %r" % line[:300])
            headers[name.lower()] = value.strip()
        if b"content-length" in headers:
            body = self.bytes(int(headers[b"content-length"]))
        elif headers.get(b"transfer-encoding") == b"chunked":
            body = self.chunks()
        else:
            raise AssertionError("no length: %r" % headers)
        return int(status[9:12]), json.loads(body)

    def request(self, operation):
        body = json.dumps(operation).encode()
        return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s" % (
            self.s.authorization().encode(), len(body), body)


class Client:
    """What one connection requests, with answers that only it can get."""

    def __init__(self, number, rng):
        self.number, self.rng, self.written = number, rng, 0
        self.table = {"database": "dev", "table": "t"}

    def record(self, n):
        return {"id": "%d/%d" % (self.number, n), "owner": self.number, "n": n, "pad": "%d." % self.number * (n * n % 700)}

    def one(self):
        n = self.rng.randrange(RECORDS)
        return dict(self.table, operation="search_by_id", ids=["%d/%d" % (self.number, n)], get_attributes=["id", "owner", "n", "pad"]), [self.record(n)]

    def all(self):
        """For some, more than the server sends in one piece."""
        rows = sorted((self.record(n) for n in range(RECORDS)), key=lambda r: r["id"])
        return dict(self.table, operation="search_by_value", attribute="owner", value=self.number, get_attributes=["id", "owner", "n", "pad"]), rows

    def write(self):
        self.written += 1
        key = "new %d/%d" % (self.number, self.written)
        return (dict(self.table, operation="upsert", records=[{"id": key, "owner": -1}]),
                {"message": "upserted 1 of 1 records", "upserted_hashes": [key]})

    def missing(self):
        name = "nothing%d_%d" % (self.number, self.rng.randrange(1000))
        return {"operation": name}, {"error": "Operation '%s' not found" % name}

    def next(self):
        return self.rng.choice((self.one, self.one, self.one, self.all, self.write, self.missing))()


class Answers(unittest.TestCase):
    def guard(self, step, name):
        """Runs a step until the time is over or a fault was found."""
        try:
            while time.monotonic() < self.end and not self.faults:
                step()
        except (OSError, AssertionError, ValueError) as e:
            self.faults.append("%s: %s: %s" % (name, type(e).__name__, e))

    def ask(self, s, number):
        client, wire = Client(number, random.Random("%s %d" % (self.seed, number))), Wire(s)

        def step():
            asked = [client.next() for _ in range(client.rng.randint(1, PIPELINED))]
            wire.socket.sendall(b"".join(wire.request(operation) for operation, _ in asked))
            for operation, expected in asked:
                _, got = wire.answer()
                if got != expected:
                    raise AssertionError("%s was answered %.1000s" % (operation, got))
                self.counts[number] += 1

        self.guard(step, "connection %d" % number)
        wire.socket.close()

    def define(self, s, number):
        rng, table = random.Random("%s d %d" % (self.seed, number)), {"database": "dev", "table": "d%d" % number}

        def step():
            s.call(dict(table, operation="create_table", primary_key="id"))
            s.call(dict(table, operation="insert", records=[{"id": i, "a": i} for i in range(20)]))
            s.call({"operation": "create_attribute", "database": "dev", "table": "t", "attribute": "extra%d" % number})
            s.call(dict(table, operation=rng.choice(("drop_table", "describe_table"))))
            s.call({"operation": "drop_attribute", "database": "dev", "table": "t", "attribute": "extra%d" % number})

        self.guard(step, "definitions")

    def leave(self, s):
        rng = random.Random("%s leave" % self.seed)

        def step():
            wire = Wire(s)
            request = wire.request({"operation": "search_by_value", "database": "dev", "table": "t", "attribute": "owner", "value": rng.randrange(CONNECTIONS)})
            wire.socket.sendall((request * 3)[:rng.randrange(3 * len(request))])
            wire.socket.close()
            time.sleep(0.002)

        self.guard(step, "leaving")

    def test_each_answer_is_its_own_requests(self):
        self.seed = os.environ.get("ANSWERS_SEED", "") or "%x" % random.getrandbits(32)
        self.faults, self.counts = [], [0] * CONNECTIONS
        with Server() as s:
            create(s)
            for number in range(CONNECTIONS):
                client = Client(number, None)
                self.assertEqual(insert(s, [client.record(n) for n in range(RECORDS)])[0], 200)
            self.end = time.monotonic() + SECONDS
            threads = [threading.Thread(target=self.ask, args=(s, n)) for n in range(CONNECTIONS)]
            threads += [threading.Thread(target=self.define, args=(s, n)) for n in range(2)] + [threading.Thread(target=self.leave, args=(s,))]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(self.faults, [], "seed %s" % self.seed)
            self.assertTrue(all(self.counts), "some connection was never answered: %s" % self.counts)
        print("%d answers, seed %s" % (sum(self.counts), self.seed), flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
