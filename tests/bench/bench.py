# SPDX-License-Identifier: Apache-2.0
"""make bench: our rate beside its limit, in the same run.

A line each: name, our rate, the limit's rate, the ratio, p50 and p99 of ours in milliseconds. The limits: an echo on bare
libmicrohttpd with answers of the same size (tests/bench/echo), and a bare LMDB loop that puts the same bytes with the same
batch (tests/bench/lmdb_loop). Machines are noisy: quote the ratios. BENCH_SECONDS and BENCH_RECORDS scale the run.
"""
import json, os, shutil, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.environ["TOP_SRCDIR"], "tests", "api"))
from lyre_server import BUILD, SOURCE, Server

SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
RECORDS = int(os.environ.get("BENCH_RECORDS", "100000"))
CONNECTIONS = 64
LUA = os.path.join(SOURCE, "tests", "bench", "requests.lua")


def wrk(port, kind, authorization):
    out = subprocess.run(["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", "%ds" % SECONDS, "-s", LUA,
                          "http://127.0.0.1:%d/" % port, "--", kind, authorization, str(RECORDS)],
                         stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    rate, p50, p99, errors = [line for line in out.splitlines() if line.startswith("result ")][0].split()[1:]
    if int(errors):
        raise SystemExit("%s: %s answers were errors" % (kind, errors))
    return float(rate), float(p50), float(p99)


class Echo:
    def __init__(self, size):
        self.process = subprocess.Popen([os.path.join(BUILD, "tests", "bench", "echo"), "0", str(size)], stdout=subprocess.PIPE, universal_newlines=True)
        self.port = int(self.process.stdout.readline().split()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def lmdb(folder, count, batch, updates=0):
    path = tempfile.mkdtemp(prefix="loop-", dir=folder)
    out = subprocess.run([os.path.join(BUILD, "tests", "bench", "lmdb_loop"), path, str(count), str(batch)] + ([str(updates)] if updates else []),
                         stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    shutil.rmtree(path)
    return float(out)


def line(name, ours, limit, what):
    rate, p50, p99 = ours
    print("%-34s %12.0f/s  limit %12.0f/s (%s)  ratio %5.2f  p50 %8.3f ms  p99 %8.3f ms" % (name, rate, limit, what, rate / limit, p50, p99), flush=True)


def record(i):
    return {"id": i, "name": "name %d" % i, "group": i % 345, "price": round(i / 7, 2), "city": "city %d" % (i % 1000), "active": i % 2 == 0,
            "note": "a note of some length, number %d" % i}


def main():
    with Server(settings=["logging.auditLog=false"]) as s:
        auth = s.authorization()
        for table in ("t", "w", "b"):
            s.ok({"operation": "create_table", "database": "bench", "table": table, "primary_key": "id"})
        for first in range(1, RECORDS + 1, 5000):
            s.ok({"operation": "insert", "database": "bench", "table": "t", "records": [record(i) for i in range(first, min(first + 5000, RECORDS + 1))]})

        ids = [{"operation": "search_by_id", "database": "bench", "table": "t", "ids": list(range(1000, 1000 + n)), "get_attributes": a}
               for n, a in ((1, ["*"]), (20, ["id", "name", "price"]))]
        value = {"operation": "search_by_value", "database": "bench", "table": "t", "attribute": "group", "value": 7, "get_attributes": ["*"]}
        describe = {"operation": "describe_table", "database": "bench", "table": "t"}
        for name, kind, operation in (("search_by_id, one record", "one", ids[0]), ("search_by_id, twenty records", "twenty", ids[1]),
                                      ("search_by_value, %d rows" % (RECORDS // 345), "value", value), ("describe_table", "describe", describe)):
            size = len(json.dumps(s.ok(operation), separators=(",", ":"), ensure_ascii=False).encode())
            with Echo(size) as e:
                limit = wrk(e.port, kind, auth)[0]
            line(name, wrk(s.port, kind, auth), limit, "echo of %d bytes" % size)
        rate, p50, p99 = wrk(s.port, "conditions", auth)
        line("two conditions, sort, limit 10", (rate, p50, p99), wrk(s.port, "value", auth)[0], "the plain search above")

        line("insert, 64 writers", wrk(s.port, "insert", auth), lmdb(s.root, 20000, CONNECTIONS), "LMDB, %d a commit" % CONNECTIONS)
        line("update, 64 writers", wrk(s.port, "update", auth), lmdb(s.root, RECORDS, CONNECTIONS, 20000), "LMDB, %d updates a commit" % CONNECTIONS)
        rate, p50, p99 = wrk(s.port, "bulk", auth)
        line("insert of 1,000 records", (rate * 1000, p50, p99), lmdb(s.root, 100000, 1000), "LMDB, 1000 a commit")


if __name__ == "__main__":
    main()
