# SPDX-License-Identifier: Apache-2.0
"""make bench-growth: the same operations on tables of growing size, and the time of a server from exec to its first answer.

All sizes have a server each, at the same time; an operation is measured on one after the other in rounds, and the best round
counts, so that a noisy minute affects all sizes equally. One line each: operation, records, rate, its ratio to the smallest
size, processor time per request with that ratio, p50 and p99. Lines that must not grow with the table say "flat" while the
rate or the processor time stays within 30 % (the latter is not affected by other work on the machine), else "NOT FLAT", and
the exit status is 1.

GROWTH_SIZES: numbers of records, smallest first; GROWTH_LOAD_SECONDS: time limit for loading one size, after which what was
loaded is measured; GROWTH_SECONDS: of a measurement; GROWTH_ROUNDS; GROWTH_FOLDER: databases are kept there, and reused if
they exist. Ten million records take 6 GB.
"""
import contextlib, http.client, json, os, socket, statistics, subprocess, sys, time

from measure import CONNECTIONS, GROUPS, Server, load, processor_seconds, resident_mib, wrk
from lyre_server import LYRED, UnixConnection

SIZES = [int(n) for n in os.environ.get("GROWTH_SIZES", "10000 1000000 10000000").split()]
LOAD_SECONDS = float(os.environ.get("GROWTH_LOAD_SECONDS", "720"))
FOLDER = os.environ.get("GROWTH_FOLDER")
SECONDS = int(os.environ.get("GROWTH_SECONDS", "2"))
ROUNDS = int(os.environ.get("GROWTH_ROUNDS", "3"))
STEP = 500000
FLAT = 0.30
STARTS = 7
SETTINGS = ["logging.auditLog=false"]

# (name, kind of requests.lua, whether it must be flat, connections: few if an answer grows with the table)
READS = (("search_by_id, one record", "one", True, CONNECTIONS), ("search_by_id, twenty records", "twenty", True, CONNECTIONS),
         ("search_by_value, one row", "unique", True, CONNECTIONS), ("search_by_value, limit 20", "limited", True, CONNECTIONS),
         ("describe_table", "describe", True, CONNECTIONS), ("describe_all", "describe_all", True, CONNECTIONS),
         ("search_by_value, all of a group", "value", False, 4), ("two conditions, sort, limit 10", "conditions", False, 4))
WRITES = (("update, 64 writers", "update", False, CONNECTIONS), ("insert, 64 writers", "insert", False, CONNECTIONS))


class Table:
    """A server with a root of its own, and one table."""

    def __init__(self, target):
        root = None
        if FOLDER:
            root = os.path.join(FOLDER, str(target))
            os.makedirs(root, exist_ok=True)
        self.server = s = Server(root, settings=SETTINGS)
        self.file = os.path.join(s.root, "database", "bench.mdb")
        if os.path.exists(self.file):
            self.count = s.ok({"operation": "describe_table", "database": "bench", "table": "t"})["record_count"]
        else:
            self.load(target)
        self.warm()
        print("%d records: %.2f GiB" % (self.count, os.stat(self.file).st_size / 2 ** 30), flush=True)

    def warm(self):
        """Brings the file into the page cache, so that the server is measured and not the disk."""
        with open(self.file, "rb") as f:
            while f.read(1 << 20):
                pass

    def load(self, target):
        self.count = 0
        self.server.ok({"operation": "create_table", "database": "bench", "table": "t", "primary_key": "id"})
        begin = time.monotonic()
        while self.count < target and time.monotonic() < begin + LOAD_SECONDS:
            lot, start = min(STEP, target - self.count), time.monotonic()
            load(self.server, "bench", "t", self.count + 1, self.count + lot)
            self.count += lot
            print("loaded %10d records, the last %7d at %8.0f records/s" % (self.count, lot, lot / (time.monotonic() - start)), flush=True)
        if self.count < target:
            print("%d records were to be loaded; after %.0f s there are %d" % (target, LOAD_SECONDS, self.count))

    def measure(self, kind, connections):
        """(requests per second, microseconds of processor time per request, p50, p99)"""
        s = self.server
        before = processor_seconds(s.process.pid)
        rate, p50, p99 = wrk(s.port, kind, s.authorization(), self.count, SECONDS, connections=connections)
        cost = 1e6 * (processor_seconds(s.process.pid) - before) / max(1, rate * SECONDS)
        if kind == "insert":
            self.take_back()
        return rate, cost, p50, p99

    def take_back(self):
        """Deletes what was inserted above the loaded keys."""
        while True:
            ids = [r["id"] for r in self.server.ok({"operation": "search_by_value", "database": "bench", "table": "t", "attribute": "id", "value": "*",
                                                    "get_attributes": ["id"], "sort": {"attribute": "id", "descending": True}, "limit": 5000})]
            added = [i for i in ids if i > self.count]
            if not added:
                return
            self.server.ok({"operation": "delete", "database": "bench", "table": "t", "ids": added})


def compare(tables, operations):
    """Prints the lines; returns how many that must be flat are not."""
    steep = 0
    for name, kind, must, connections in operations:
        rounds = [[t.measure(kind, connections) for t in tables] for _ in range(ROUNDS)]
        first = None
        for i, t in enumerate(tables):
            rate, _, p50, p99 = max(r[i] for r in rounds)
            cost = min(r[i][1] for r in rounds)
            first = first or (rate, cost)
            flat = rate >= first[0] * (1 - FLAT) or first[1] >= cost * (1 - FLAT)
            steep += must and not flat
            print("%-34s %9d records %10.0f/s  ratio %5.2f  processor %9.1f us  ratio %7.2f  p50 %9.3f ms  p99 %9.3f ms  %s" %
                  (name, t.count, rate, rate / first[0], cost, cost / first[1], p50, p99, ("flat" if flat else "NOT FLAT") if must else ""), flush=True)
            if kind == "value":
                rows = t.count / GROUPS
                print("%-34s %9d records %10.0f rows/s, %.0f a search, processor %.2f us a row" % ("", t.count, rate * rows, rows, cost / rows), flush=True)
    return steep


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def first_answer(server, body, unix):
    """Milliseconds from exec to the first 200, on the data of a stopped server."""
    port = free_port()
    path = os.path.join(server.root, "operations-server")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    headers = {"Content-Type": "application/json"}
    if not unix:
        headers["Authorization"] = server.authorization()
    command = [LYRED, "-r", server.root]
    for s in SETTINGS + ["operationsApi.network.port=%d" % port, "operationsApi.network.host=127.0.0.1", "logging.stdStreams=false"]:
        command += ["--set", s]
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.closing(UnixConnection(path) if unix else http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as c:
                try:
                    c.request("POST", "/", body, headers)
                    answer = c.getresponse()
                    text = answer.read()
                    if answer.status != 200:
                        raise SystemExit("the first answer is %d %s" % (answer.status, text))
                    return 1000 * (time.monotonic() - begin)
                except (FileNotFoundError, ConnectionRefusedError):
                    if process.poll() is not None or time.monotonic() > begin + 60:
                        raise SystemExit("lyred does not start")
                    time.sleep(0.0002)
    finally:
        process.terminate()
        process.wait()


def first_answers(tables):
    with Server(settings=SETTINGS) as bare: # the limit: nothing but the one record that is requested
        bare.ok({"operation": "create_table", "database": "bench", "table": "t", "primary_key": "id"})
        bare.ok({"operation": "insert", "database": "bench", "table": "t", "records": [{"id": 1}]})
        bare.end()
        roots = [(0, bare)] + [(t.count, t.server) for t in tables]
        for t in tables:
            t.server.end()
            t.warm()
        bodies = [json.dumps({"operation": "search_by_id", "database": "bench", "table": "t", "ids": [max(1, count // 2)], "get_attributes": ["*"]}) for count, _ in roots]
        for way, unix in (("Unix socket", True), ("TCP, a password to verify", False)):
            rounds = [[first_answer(server, body, unix) for (_, server), body in zip(roots, bodies)] for _ in range(STARTS)]
            for i, (count, _) in enumerate(roots):
                middle, limit = (statistics.median(r[n] for r in rounds) for n in (i, 0))
                print("%-48s %9d records %8.1f ms  limit %8.1f ms (a bare root)  ratio %5.2f  least %8.1f ms" %
                      ("exec to first answer, " + way, count, middle, limit, middle / limit, min(r[i] for r in rounds)), flush=True)
        bare.start()


def main():
    with contextlib.ExitStack() as stack:
        tables = []
        for size in SIZES:
            tables.append(Table(size))
            stack.callback(tables[-1].server.stop)
        steep = compare(tables, READS) + compare(tables, WRITES)
        for t in tables:
            print("%d records: resident %.0f MiB" % (t.count, resident_mib(t.server.process.pid)))
        first_answers(tables)
        for t in tables:
            t.server.start()
        return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main())
