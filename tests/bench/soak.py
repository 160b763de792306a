# SPDX-License-Identifier: Apache-2.0
"""make soak: a mixed load for half an hour, during which the server's resources must not grow.

Reads of every kind, writes on a bounded set of records, tables created and dropped, backups and restores, compaction, wrong
passwords, and clients that disconnect midway. Fails if anonymous memory, threads, descriptors or the folder grow from the
second quarter to the last, or if an answer is wrong. SOAK_SECONDS: how long; under ten minutes the warm-up extends into the
second quarter and appears as growth. SOAK_RATE: requests per second, of all clients together.
"""
import base64, http.client, json, os, random, socket, statistics, struct, sys, threading, time

from measure import Server, processor_seconds
from lyre_server import UnixConnection

SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))
RATE = float(os.environ.get("SOAK_RATE", "60"))
CLIENTS = 6
RECORDS = 5000
SAMPLE_SECONDS = max(0.25, min(5, SECONDS / 200))
# Allowed growth from the second quarter to the last: a fraction plus a fixed amount.
BOUNDS = {"anonymous KiB": (0.15, 2048), "threads": (0, 0), "descriptors": (0, 2), "folder KiB": (0.25, 8192)}


def record(key, r):
    return {"id": key, "name": "name %d" % r.randrange(10 ** 6), "group": r.randrange(100), "price": r.randrange(10 ** 5) / 100, "active": r.random() < 0.5,
            "tags": ["a", {"b": r.randrange(10)}], "note": "x" * r.choice((10, 100, 1000, 9000))}


class Client(threading.Thread):
    """One client with a connection of its own, which does the jobs below at random."""

    def __init__(self, server, number, until):
        super().__init__()
        self.server, self.number, self.until = server, number, until
        self.random = random.Random(number)
        self.connection, self.done, self.faults = None, {}, []
        self.jobs, self.weights = zip(*[(getattr(self, name), weight) for name, weight in self.mix.items()])

    # Relative frequency of each job.
    mix = {"by_id": 200, "by_value": 60, "by_conditions": 60, "wide_search": 5, "table_description": 40, "all_descriptions": 20, "operations": 2,
           "insert": 80, "upsert": 80, "update": 120, "delete": 80, "bulk": 5, "refused": 30, "csv": 10, "new_connection": 20,
           "wrong_password": 4, "half_request": 20, "hang_up": 10, "not_http": 10,
           "table": 10, "attribute": 10, "database": 3, "backup": 3, "restore": 1, "check": 2, "compact": 2, "storage": 10}

    def run(self):
        gap = CLIENTS / RATE
        due = time.monotonic() + self.random.random() * gap
        while due < self.until:
            time.sleep(max(0, due - time.monotonic()))
            due = max(due + gap, time.monotonic() - 10 * gap) # a slow job is caught up with, but not forever
            job = self.random.choices(self.jobs, self.weights)[0]
            try:
                job()
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as e:
                self.faults.append("%s: %s: %s" % (job.__name__, type(e).__name__, e))
                print("soak: " + self.faults[-1], file=sys.stderr, flush=True)
                self.connection = None
            self.done[job.__name__] = self.done.get(job.__name__, 0) + 1
        if self.connection:
            self.connection.close()

    # ---- building blocks of the jobs ----

    def post(self, operation, expect=(200,), headers=None, password=None, one_at_a_time=False):
        """The body of the answer; None if the operation runs once at a time per database, and another client was first."""
        if not self.connection:
            unix = self.random.random() < 0.3
            self.connection = UnixConnection(self.server.socket_path, 60) if unix else http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        h = {"Content-Type": "application/json", "Authorization": self.server.authorization(password=password)}
        h.update(headers or {})
        self.connection.request("POST", "/", body=json.dumps(operation).encode(), headers=h)
        answer = self.connection.getresponse()
        body = answer.read()
        if one_at_a_time and answer.status == 503 and b"is in progress" in body:
            return None
        if answer.status not in expect:
            raise AssertionError("%s answered %d %s" % (operation.get("operation"), answer.status, body[:300]))
        return body

    def t(self, operation, **more):
        return self.post(dict({"operation": operation, "database": "soak", "table": "t"}, **more))

    def key(self):
        return self.random.randrange(RECORDS)

    def raw(self, data, read=0):
        """Sends bytes, reads some or waits for nothing for a while, and closes with a reset."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=0.3) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                s.sendall(data)
                if read:
                    s.recv(read)
            except (socket.timeout, ConnectionError): # a server may wait for more, or close first
                pass

    def head(self, length):
        return ("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n" %
                (self.server.authorization(), length)).encode()

    # ---- reads ----

    def by_id(self):
        self.t("search_by_id", ids=[self.key() for _ in range(self.random.choice((1, 1, 1, 20, 500)))], get_attributes=["*"])

    def by_value(self):
        attribute, value = self.random.choice((("group", self.random.randrange(100)), ("name", "name %d*" % self.random.randrange(100)), ("name", "*%d*" % self.key()), ("active", True)))
        self.t("search_by_value", attribute=attribute, value=value, get_attributes=["id", "name"], limit=200)

    def by_conditions(self):
        low = self.random.randrange(900)
        self.t("search_by_conditions", operator=self.random.choice(("and", "or")), limit=50, offset=self.random.randrange(20), sort={"attribute": "price", "descending": True}, get_attributes=["*"],
               conditions=[{"attribute": "price", "comparator": "between", "value": [low, low + 100]}, {"attribute": "group", "comparator": "greater_than", "value": 50}])

    def wide_search(self):
        self.t("search_by_value", attribute="id", value="*", get_attributes=["*"])

    def csv(self):
        self.post({"operation": "search_by_value", "database": "soak", "table": "t", "attribute": "group", "value": 1, "get_attributes": ["id", "name"]}, headers={"Accept": "text/csv"})

    def table_description(self):
        self.t("describe_table", exact_count=self.random.random() < 0.1)

    def all_descriptions(self):
        self.post({"operation": "describe_all"})

    def operations(self):
        self.post({"operation": "describe_operations"})

    def storage(self):
        self.post({"operation": "describe_storage"})

    # ---- writes: the keys are bounded, and so is the content of the tables ----

    def insert(self):
        self.t("insert", records=[record(self.key(), self.random)])

    def upsert(self):
        self.t("upsert", records=[record(self.key(), self.random) for _ in range(self.random.choice((1, 1, 10)))])

    def update(self):
        self.t("update", records=[{"id": self.key(), "price": self.random.randrange(10 ** 5) / 100}])

    def delete(self):
        self.t("delete", ids=[self.key() for _ in range(self.random.choice((1, 3, 12)))])

    def bulk(self):
        first = self.key()
        self.t("upsert", records=[record(k % RECORDS, self.random) for k in range(first, first + 300)])

    # ---- definitions and whole databases; each client has its own names, unless they are meant to collide ----

    def table(self):
        name = {"database": "soak", "table": "own%d" % self.number}
        self.post(dict(name, operation="create_table", primary_key="id"))
        self.post(dict(name, operation="insert", records=[record(k, self.random) for k in range(20)]))
        self.post(dict(name, operation="search_by_value", attribute="id", value="*", get_attributes=["*"]))
        self.post(dict(name, operation="drop_table"))

    def attribute(self):
        name = {"operation": "", "database": "soak", "table": "shared", "attribute": "a%d" % self.random.randrange(4)}
        self.post(dict(name, operation="create_attribute"), expect=(200, 400))
        self.post({"operation": "upsert", "database": "soak", "table": "shared", "records": [{"id": self.key() % 50, name["attribute"]: self.key()}]})
        self.post(dict(name, operation="drop_attribute"), expect=(200, 400, 404))

    def database(self):
        name = "own%d" % self.number
        self.post({"operation": "create_database", "database": name})
        self.post({"operation": "create_table", "database": name, "table": "t", "primary_key": "id"})
        self.post({"operation": "insert", "database": name, "table": "t", "records": [record(k, self.random) for k in range(20)]})
        self.post({"operation": "drop_database", "database": name})

    def backup(self):
        return self.post({"operation": "get_backup", "database": "soak"}, one_at_a_time=True)

    def restore(self):
        path, name = os.path.join(self.server.root, "backup%d.mdb" % self.number), "restored%d" % self.number
        backup = self.backup()
        if backup is None:
            return
        with open(path, "wb") as f:
            f.write(backup)
        self.post({"operation": "restore_backup", "database": name, "path": path})
        self.post({"operation": "describe_table", "database": name, "table": "t"})
        self.post({"operation": "drop_database", "database": name})
        os.unlink(path)

    def check(self):
        self.post({"operation": "check_database", "database": "soak"}, one_at_a_time=True)

    def compact(self):
        self.post({"operation": "compact_database", "database": "soak"}, one_at_a_time=True)

    # ---- clients that misbehave or disconnect ----

    def refused(self):
        self.post(self.random.choice(({"operation": "nope"}, {"operation": "search_by_id", "database": "soak", "table": "none", "ids": [1], "get_attributes": ["*"]},
                                      {"operation": "insert", "database": "soak", "table": "t"}, {"operation": "create_table", "database": "soak", "table": "t", "primary_key": "id"},
                                      {"operation": "search_by_value", "database": "soak", "table": "t", "attribute": "none", "value": 1, "get_attributes": ["*"]})), expect=(400, 404))

    def wrong_password(self):
        self.new_connection()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.post({"operation": "describe_all"}, expect=(401,), password="wrong %d" % self.random.randrange(10 ** 9))

    def new_connection(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def half_request(self):
        body = json.dumps({"operation": "describe_all", "more": "x" * 5000}).encode()
        whole = self.head(len(body)) + body
        self.raw(whole[:self.random.randrange(1, len(whole))])

    def hang_up(self):
        body = json.dumps({"operation": "search_by_value", "database": "soak", "table": "t", "attribute": "id", "value": "*", "get_attributes": ["*"]}).encode()
        self.raw(self.head(len(body)) + body, self.random.choice((0, 1, 100000)))

    def not_http(self):
        self.raw(self.random.choice((b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", base64.b64encode(os.urandom(3000)))), 1000)


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return {line.split(":")[0]: line.split()[1] for line in f if len(line.split()) > 1}


def folder_kib(path):
    total = 0
    for top, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(top, name)).st_blocks
            except FileNotFoundError: # between listing and stat
                pass
    return total // 2


def sample(s):
    st = status(s.process.pid)
    return {"anonymous KiB": int(st["RssAnon"]), "threads": int(st["Threads"]), "descriptors": len(os.listdir("/proc/%d/fd" % s.process.pid)),
            "folder KiB": folder_kib(os.path.join(s.root, "database")), "resident KiB": int(st["VmRSS"])}


def judge(samples):
    """The messages about what grew. Medians of quarters, so that a short peak of one request does not count."""
    quarter = len(samples) // 4
    grown = []
    for name, (share, more) in BOUNDS.items():
        second, last = (statistics.median(x[name] for x in part) for part in (samples[quarter:2 * quarter], samples[-quarter:]))
        highest = max(x[name] for x in samples)
        over = last > second * (1 + share) + more
        print("%-14s second quarter %10.0f   last quarter %10.0f   highest %10.0f   %s" % (name, second, last, highest, "GROWN" if over else "steady"), flush=True)
        if over:
            grown.append("%s: %.0f, then %.0f" % (name, second, last))
    return grown


def prepare(s):
    s.ok({"operation": "create_table", "database": "soak", "table": "t", "primary_key": "id"})
    s.ok({"operation": "create_table", "database": "soak", "table": "shared", "primary_key": "id"})
    r = random.Random(0)
    for first in range(0, RECORDS, 500):
        s.ok({"operation": "insert", "database": "soak", "table": "t", "records": [record(k, r) for k in range(first, first + 500)]})


def main():
    # The audit log is pruned, and remembered passwords expire, during the run.
    with Server(settings=["logging.auditRetention=%ds" % max(5, SECONDS / 20), "authentication.cacheTTL=5s", "logging.rotation.maxSize=256K", "logging.rotation.maxTotalSize=1M"]) as s:
        prepare(s)
        begin = time.monotonic()
        begin_processor = processor_seconds(s.process.pid)
        clients = [Client(s, n, begin + SECONDS) for n in range(CLIENTS)]
        for c in clients:
            c.start()
        samples, said = [], begin
        while time.monotonic() < begin + SECONDS:
            time.sleep(SAMPLE_SECONDS)
            samples.append(sample(s))
            if time.monotonic() >= said:
                said += 60
                print("%6.0f s  %8d requests  %3d faults  %s" % (time.monotonic() - begin, sum(sum(c.done.values()) for c in clients), sum(len(c.faults) for c in clients),
                                                             "  ".join("%s %d" % x for x in samples[-1].items())), flush=True)
        for c in clients:
            c.join()
        used = processor_seconds(s.process.pid) - begin_processor
        faults = [f for c in clients for f in c.faults]
        print("%d jobs in %.0f s, the server used %.1f %% of a processor" % (sum(sum(c.done.values()) for c in clients), SECONDS, 100 * used / SECONDS))
        grown = judge(samples)
        s.ok({"operation": "check_database", "database": "soak"})
        for sentence in grown:
            print("soak: " + sentence, file=sys.stderr)
        return 1 if faults or grown else 0


if __name__ == "__main__":
    sys.exit(main())
