# SPDX-License-Identifier: Apache-2.0
"""Shared by the measurements: load from wrk, records loaded over the API, the limits to compare with, and the printed line."""
import base64, http.client, itertools, json, os, shutil, subprocess, sys, tempfile, threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "api"))
from lyre_server import BUILD, SOURCE, Server, table_permission # noqa: F401, for importing files

Server.hashes = [] # of passwords: those of a user

CONNECTIONS = 64
LOADERS = 4
BATCH = 2000
GROUPS = 345
LUA = os.path.join(SOURCE, "tests", "bench", "requests.lua")
runs = itertools.count(1)


class Wrk:
    """A running load of one kind; result() waits for its end: (requests per second, p50, p99 in milliseconds), and stores the size
of an answer, with its header, in answer_bytes."""

    def __init__(self, port, kind, authorization, records, seconds, table="t", connections=CONNECTIONS, scheme="http"):
        self.kind = kind
        self.process = subprocess.Popen(["wrk", "-t", "2", "-c", str(connections), "-d", "%ds" % seconds, "--timeout", "60s", "-s", LUA, "%s://127.0.0.1:%d/" % (scheme, port),
                                         "--", kind, authorization, str(records), "bench", table, str(next(runs))],
                                        stdout=subprocess.PIPE, universal_newlines=True)

    def result(self):
        out, _ = self.process.communicate()
        found = [line for line in out.splitlines() if line.startswith("result ")]
        if self.process.returncode or not found:
            raise SystemExit("%s: wrk ended with %d: %s" % (self.kind, self.process.returncode, out))
        rate, p50, p99, errors, size = found[0].split()[1:]
        self.answer_bytes = float(size)
        if int(errors):
            raise SystemExit("%s: %s answers were errors" % (self.kind, errors))
        return float(rate), float(p50), float(p99)


def wrk(*args, **more):
    return Wrk(*args, **more).result()


class Echo:
    """The echo on bare libmicrohttpd, with answers of a given size; threads: default one per processor; pair: files of a
    certificate and its key, for TLS."""

    def __init__(self, size, threads=None, pair=None):
        options = (["-t", str(threads)] if threads else []) + (["-c", pair[0], "-k", pair[1]] if pair else [])
        self.process = subprocess.Popen([os.path.join(BUILD, "tests", "bench", "echo")] + options + ["0", str(size)], stdout=subprocess.PIPE, universal_newlines=True)
        self.port = int(self.process.stdout.readline().split()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def lmdb(folder, count, batch, *more):
    """Records per second of the bare LMDB loop; more: a number of updates, or "export" and the bytes of the file."""
    path = tempfile.mkdtemp(prefix="loop-", dir=folder)
    out = subprocess.run([os.path.join(BUILD, "tests", "bench", "lmdb_loop"), path, str(count), str(batch), *map(str, more)],
                         stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    shutil.rmtree(path)
    return float(out)


def credentials(folder):
    """Microseconds for a remembered credential, and for one keyed hash of it."""
    path = tempfile.mkdtemp(prefix="credentials-", dir=folder)
    out = subprocess.run([os.path.join(BUILD, "tests", "bench", "credentials"), path, "1000000"], stdout=subprocess.PIPE,
                         universal_newlines=True, check=True).stdout
    shutil.rmtree(path)
    return [float(ns) / 1000 for ns in out.split()]


class Logins:
    """Connections that sign in with wrong passwords, one attempt after the other, each as another user: none of them is delayed."""

    def __init__(self, port, connections):
        self.port = port
        self.refused = 0
        self.over = False
        self.names = itertools.count(1)
        self.threads = [threading.Thread(target=self.work) for _ in range(connections)]

    def work(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        while not self.over:
            user = "nobody %d:wrong" % next(self.names)
            c.request("POST", "/", '{"operation":"describe_all"}', {"Content-Type": "application/json",
                      "Authorization": "Basic " + base64.b64encode(user.encode()).decode()})
            answer = c.getresponse()
            answer.read()
            if answer.status not in (401, 503):
                raise SystemExit("a wrong login was answered %d" % answer.status)
            self.refused += 1
        c.close()

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for t in self.threads:
            t.join()


def record(i):
    """The JSON of record i: the same as in requests.lua and lmdb_loop.c."""
    return ('{"id":%d,"name":"name %d","group":%d,"price":%.2f,"city":"city %d","active":%s,"note":"a note of some length, number %d"}' %
            (i, i, i % GROUPS, i / 7, i % 1000, "true" if i % 2 == 0 else "false", i))


def load(s, database, table, first, last):
    """Inserts the records first to last, in batches, over a few persistent connections."""
    lots = iter(range(first, last + 1, BATCH))
    lock = threading.Lock()
    faults = []

    def work():
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=600)
        headers = {"Content-Type": "application/json", "Authorization": s.authorization()}
        while not faults:
            with lock:
                begin = next(lots, None)
            if begin is None:
                break
            rows = ",".join(map(record, range(begin, min(begin + BATCH, last + 1))))
            c.request("POST", "/", '{"operation":"insert","database":%s,"table":%s,"records":[%s]}' % (json.dumps(database), json.dumps(table), rows), headers)
            answer = c.getresponse()
            body = answer.read()
            if answer.status != 200:
                faults.append("%d %s" % (answer.status, body[:500]))
        c.close()

    threads = [threading.Thread(target=work) for _ in range(LOADERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if faults:
        raise SystemExit("loading %s.%s: %s" % (database, table, faults[0]))


def processor_seconds(pid):
    """Processor time that a process has used so far, user and system together."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    with open("/proc/%d/status" % pid) as f:
        return [int(line.split()[1]) for line in f if line.startswith("VmRSS:")][0] / 1024


def line(name, unit, ours, limit, what, p50=None, p99=None, more=""):
    """One line of the promised form: name, ours, the limit, the ratio, p50 and p99; a missing figure is shown as '-'. more: appended."""
    digits = 0 if unit.endswith("/s") else 2
    times = ["p50 %11s" % ("-" if p50 is None else "%8.3f ms" % p50), "p99 %11s" % ("-" if p99 is None else "%8.3f ms" % p99)]
    print("%-36s %12.*f %-6s limit %12.*f %-6s (%s)  ratio %5.2f  %s  %s" %
          (name, digits, ours, unit, digits, limit, unit, what, ours / limit, "  ".join(times), more), flush=True)
