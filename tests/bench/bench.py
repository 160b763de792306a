# SPDX-License-Identifier: Apache-2.0
"""make bench: our result beside its upper limit, in the same run.

One line each: name, ours, the limit, the ratio, our p50 and p99. The limits: an echo on bare libmicrohttpd with answers of
the same size (tests/bench/echo), a bare LMDB loop that writes the same bytes in the same batches (tests/bench/lmdb_loop), and
the same load without what is measured. Machines are noisy: quote the ratios. Ours and the limit take turns, in rounds, and
the best round of each counts; beside an echo, the line ends with the processor time per request of both, which is not affected
by other work on the machine. BENCH="insert search" prints the lines with one of these words in their names, which are those
of the functions below; BENCH_SECONDS (of a round), BENCH_ROUNDS and BENCH_RECORDS scale the run.
"""
import json, os, re, shutil, sqlite3, tempfile, time

from measure import BUILD, CONNECTIONS, GROUPS, SOURCE, Echo, Logins, Server, Wrk, credentials, line, lmdb, load, processor_seconds, resident_mib, table_permission, wrk
from certificates import Authority
from lyre_server import built_modules, feature, until

SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
RECORDS = int(os.environ.get("BENCH_RECORDS", "100000"))
TABLES, TABLE_RECORDS = 100, 10000
EXPORTED = 2 * RECORDS
EXPORTS = tempfile.TemporaryDirectory(prefix="lyre-bench-") # a folder, removed at the end
T = {"database": "bench", "table": "t"}


class Secure(Server):
    """A server that also has TLS, at secure_port, with the certificate and the key in the files pair; pair is None in a build without TLS."""

    def __init__(self, settings):
        module = os.path.join(BUILD, "tests", "module", ".libs", "tls_files.so")
        self.pair = None
        if not feature("HAVE_TLS") or not os.path.exists(module):
            super().__init__(settings=settings)
            return
        self.authority = Authority("Bench")
        self.pair = self.authority.files(self.authority.issue("bench"))
        for path, name in zip(self.pair, ("chain.pem", "key.pem")):
            shutil.copy(path, self.authority.file(name))
        names = "".join("  %s: {}\n" % m for m in sorted(built_modules()))
        super().__init__(settings=settings + ["operationsApi.network.securePort=0"],
                         config="modules:\n%s  tls_files:\n    path: %s\n    folder: %s\n" % (names, module, self.authority.folder))
        self.secure_port = int(until(lambda: re.search(r"listening on https://127\.0\.0\.1:(\d+)", self.said()), self.said).group(1))

    def remove(self):
        super().remove()
        if self.pair:
            self.authority.__exit__()


class Bench:
    """One server for most lines; the first line to need a table creates it."""

    def __init__(self, server):
        self.server = server
        self.authorization = server.authorization()
        self.tables = set()

    def table(self, name):
        if name in self.tables:
            return
        self.tables.add(name)
        self.server.ok({"operation": "create_table", "database": "bench", "table": name, "primary_key": "id"})
        if name == "t":
            load(self.server, "bench", "t", 1, RECORDS)

    def load(self, kind, table="t"):
        for name in {"t", table}:
            self.table(name)
        return wrk(self.server.port, kind, self.authorization, RECORDS, SECONDS, table=table)

    def costed(self, whose, kind, pair=None):
        """(rate, p50, p99) of one round, microseconds of processor time per request, and bytes per answer."""
        before = processor_seconds(whose.process.pid)
        port = whose.secure_port if pair and whose is self.server else whose.port
        run = Wrk(port, kind, self.authorization, RECORDS, SECONDS, scheme="https" if pair else "http")
        result = run.result()
        return result, 1e6 * (processor_seconds(whose.process.pid) - before) / max(1, result[0] * SECONDS), run.answer_bytes

    def beside_echo(self, title, kind, operation, server=None, pair=None):
        """Prints a line; returns (ours, the limit's rate). The size of the echo is that of one answer; pair: over TLS, with its files."""
        s = server or self.server
        if s is self.server:
            self.table("t")
        size = len(json.dumps(s.ok(operation), separators=(",", ":"), ensure_ascii=False).encode())
        with Echo(size, pair=pair) as e:
            limits, ours = zip(*[(self.costed(e, kind, pair), self.costed(s, kind, pair)) for _ in range(ROUNDS)])
        best, limit = max(ours)[0], max(limits)[0][0]
        for (_, _, mine), (_, _, its) in zip(ours, limits):
            if abs(mine - its) > 0.1 * its + 32: # records differ slightly in length
                raise SystemExit("%s: answers have %.0f bytes, those of the limit %.0f: they are not the same work" % (title, mine, its))
        line(title, "/s", best[0], limit, "echo of %d bytes" % size, *best[1:],
             more="processor %.1f us, limit %.1f us" % (min(cost for _, cost, _ in ours), min(cost for _, cost, _ in limits)))
        return best, limit

    def beside_lmdb(self, title, kind, table, a_request, what, *loop):
        """Records per second compared with the bare loop; a_request: records per request."""
        ours, limits = zip(*[(self.load(kind, table), lmdb(self.server.root, *loop)) for _ in range(ROUNDS)])
        rate, p50, p99 = max(ours)
        line(title, "/s", rate * a_request, max(limits), what, p50, p99)

    # ---- the lines ----

    def search_by_id_one(self):
        self.beside_echo("search_by_id, one record", "one", dict(T, operation="search_by_id", ids=[1000], get_attributes=["*"]))

    def tls(self):
        """Each request over a persistent connection, and over one of its own: then the handshakes take the time."""
        if not self.server.pair:
            return
        one = dict(T, operation="search_by_id", ids=[1000], get_attributes=["*"])
        self.beside_echo("search_by_id over TLS", "one", one, pair=self.server.pair)
        self.beside_echo("  the same, a handshake each (ECDSA)", "one_close", one, pair=self.server.pair)

    def search_by_id_twenty(self):
        self.beside_echo("search_by_id, twenty records", "twenty",
                         dict(T, operation="search_by_id", ids=list(range(1000, 1020)), get_attributes=["id", "name", "price"]))

    def limited_role(self):
        self.table("t")
        s = self.server
        seen = [{"attribute_name": n, "read": True, "insert": False, "update": False} for n in ("id", "name", "group", "price", "city")]
        s.add_role("five", {"bench": {"tables": {"t": table_permission("read", attributes=seen)}}})
        s.add_user("five", "five", "five")
        mine = s.authorization("five", "five")
        for title, kind in (("search_by_id, role of five attributes", "one"), ("  the same, all named", "five")):
            ours, limits = zip(*[[wrk(s.port, kind, a, RECORDS, SECONDS) for a in (mine, self.authorization)] for _ in range(ROUNDS)])
            rate, p50, p99 = max(ours)
            line(title, "/s", rate, max(limits)[0], "a super_user", p50, p99)

    def remembered_credential(self):
        ours, limits = zip(*[credentials(self.server.root) for _ in range(ROUNDS)])
        line("remembered credential", "us", min(ours), min(limits), "one keyed hash of it")

    def reads_beside_logins(self):
        self.table("t")

        def beside():
            with Logins(self.server.port, CONNECTIONS) as logins:
                time.sleep(1)
                before = logins.refused
                result = self.load("one")
                return result, (logins.refused - before) / SECONDS

        alone, loaded = zip(*[(self.load("one"), beside()) for _ in range(ROUNDS)])
        (rate, p50, p99), refused = max(loaded)
        line("search_by_id, %d wrong logins beside" % CONNECTIONS, "/s", rate, max(alone)[0], "without them; %.0f/s are refused" % refused, p50, p99)

    def search_by_value(self):
        rows = RECORDS / GROUPS
        ours, limit = self.beside_echo("search_by_value, %d rows" % rows, "value",
                                       dict(T, operation="search_by_value", attribute="group", value=7, get_attributes=["*"]))
        line("  the same, in rows", "rows/s", ours[0] * rows, limit * rows, "the same echo", *ours[1:])

    def search_by_conditions(self):
        ours, limits = zip(*[(self.load("conditions"), self.load("value")) for _ in range(ROUNDS)])
        rate, p50, p99 = max(ours)
        line("two conditions, sort, limit 10", "/s", rate, max(limits)[0], "search_by_value", p50, p99)

    def describe_table(self):
        self.beside_echo("describe_table", "describe", dict(T, operation="describe_table"))

    def describe_all(self):
        with Server(settings=["logging.auditLog=false"]) as s:
            for n in range(TABLES):
                s.ok({"operation": "create_table", "database": "bench", "table": "t%d" % n, "primary_key": "id"})
                load(s, "bench", "t%d" % n, 1, TABLE_RECORDS)
            self.beside_echo("describe_all, %d tables of %d" % (TABLES, TABLE_RECORDS), "describe_all", {"operation": "describe_all"}, s)

    def reads_beside_writes(self):
        self.table("beside")

        def beside():
            writers = Wrk(self.server.port, "insert", self.authorization, RECORDS, SECONDS + 2, table="beside")
            time.sleep(1)
            return self.load("one"), writers.result()[0]

        alone, beside = zip(*[(self.load("one"), beside()) for _ in range(ROUNDS)])
        (rate, p50, _), written = max(beside)
        p99, limit = min(b[0][2] for b in beside), min(a[2] for a in alone)
        line("search_by_id, 64 writers beside", "/s", rate, max(alone)[0], "without them; they insert %.0f/s" % written, p50, p99)
        line("  the same, p99", "ms", p99, limit, "without them", p50, p99)

    def sql(self):
        if "sql" not in built_modules():
            return
        for title, kind, limit in (("sql, one record by its key", "sql_one", "one"), ("sql, a group of %d rows" % (RECORDS / GROUPS), "sql_group", "value"),
                                   ("sql, count(*) of the table", "sql_count", "one")):
            ours, limits = zip(*[(self.load(kind), self.load(limit)) for _ in range(ROUNDS)])
            rate, p50, p99 = max(ours)
            line(title, "/s", rate, max(limits)[0], {"one": "search_by_id", "value": "search_by_value"}[limit], p50, p99)
        self.sql_beside_sqlite()

    def sql_beside_sqlite(self):
        """Statements that read much, one after the other, and the same in plain SQLite on the same rows."""
        self.table("t")
        db = sqlite3.connect(os.path.join(self.server.root, "plain.sqlite"))
        db.execute("CREATE TABLE t (id PRIMARY KEY, name, 'group', price, city, active, note) WITHOUT ROWID")
        names = [row[1] for row in db.execute("PRAGMA table_info(t)")]
        rows = self.server.ok(dict(T, operation="search_by_value", attribute="id", value="*", get_attributes=names))
        db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", [[row[n] for n in names] for row in rows])
        db.execute("CREATE INDEX g ON t ('group')".replace("'", '"'))
        db.commit()
        for title, text in (("sql, a walk with a filter", "SELECT count(*) AS n FROM %s WHERE note LIKE '%%99%%' AND price > 100"),
                            ("sql, a join of all rows with 345", "SELECT count(*) AS n FROM (SELECT id FROM %s WHERE id < 345) AS a JOIN %s AS b ON b.`group` = a.id")):
            def seconds(run):
                start = time.monotonic()
                return run() and time.monotonic() - start
            ours = min(seconds(lambda: self.server.ok({"operation": "sql", "sql": text.replace("%s", "bench.t").replace("%%", "%")})) for _ in range(ROUNDS))
            limit = min(seconds(lambda: db.execute(text.replace("%s", "t").replace("%%", "%")).fetchall()) for _ in range(ROUNDS))
            line(title, "rows/s", RECORDS / ours, RECORDS / limit, "plain SQLite", 1000 * ours, 1000 * ours)
        db.close()

    def insert(self):
        self.beside_lmdb("insert, 64 writers", "insert", "w", 1, "LMDB, %d a commit" % CONNECTIONS, 20000, CONNECTIONS)

    def update(self):
        self.beside_lmdb("update, 64 writers", "update", "t", 1, "LMDB, %d updates a commit" % CONNECTIONS, RECORDS, CONNECTIONS, 20000)

    def insert_bulk(self):
        self.beside_lmdb("insert of 1,000 records", "bulk", "b", 1000, "LMDB, 1000 a commit", 100000, 1000)

    def rate_of_job(self, request, records):
        """(records per second, the job)"""
        job = self.server.wait_for_job(self.server.ok(request)["job_id"], seconds=600)
        return 1000 * records / (job["end_datetime"] - job["start_datetime"]), job

    def export(self, format):
        """(records per second, path of the file)"""
        if "x" not in self.tables:
            self.table("x")
            load(self.server, "bench", "x", 1, EXPORTED)
        rate, job = self.rate_of_job({"operation": "export_local", "format": format, "path": EXPORTS.name, "filename": "x", "search_operation": {
            "operation": "search_by_value", "database": "bench", "table": "x", "attribute": "id", "value": "*", "get_attributes": ["*"]}}, EXPORTED)
        return rate, job["result"]["path"]

    def beside_bulk(self, format):
        """A load of an exported file into an empty table, compared with inserts of 1,000 records over HTTP."""
        if not {"export", "import"} <= built_modules():
            return
        path = self.export(format)[1]
        ours, limits = [], []
        for n in range(ROUNDS):
            table = "%s%d" % (format, n)
            self.table(table)
            rate, job = self.rate_of_job({"operation": "import_file", "database": "bench", "table": table, "file_path": path}, EXPORTED)
            wanted = "successfully loaded %d of %d records" % (EXPORTED, EXPORTED)
            if job["message"] != wanted:
                raise SystemExit("import_file: %s, not %s" % (job["message"], wanted))
            ours.append(rate)
            limits.append(1000 * self.load("bulk", "b")[0])
        line("import_file, %s" % format.upper(), "/s", max(ours), max(limits), "insert of 1,000 records")

    def beside_lmdb_file(self, format):
        """An export of a table, compared with the bare loop that reads as many records and writes as many bytes."""
        if "export" not in built_modules():
            return
        ours, limits = [], []
        for _ in range(ROUNDS):
            rate, path = self.export(format)
            size = os.path.getsize(path)
            ours.append(rate)
            limits.append(lmdb(EXPORTS.name, EXPORTED, 5000, "export", size))
        line("export_local, %s" % format.upper(), "/s", max(ours), max(limits), "LMDB read, %d MiB written" % (size >> 20))

    def export_json(self):
        self.beside_lmdb_file("json")

    def export_csv(self):
        self.beside_lmdb_file("csv")

    def import_json(self):
        self.beside_bulk("json")

    def import_csv(self):
        self.beside_bulk("csv")

    def resident(self):
        for title, config, threads in (("resident, idle, all modules", None, None), ("resident, idle, minimal.yaml", "minimal.yaml", 1)):
            text = None
            if config:
                with open(os.path.join(SOURCE, "etc", config)) as f:
                    text = f.read()
            # From a second start: the first one creates the first user.
            with Server(config=text) as s, Echo(100, threads) as e:
                s.restart()
                time.sleep(1)
                line(title, "MiB", resident_mib(s.process.pid), resident_mib(e.process.pid), "the echo, idle, as many threads")

    lines = (search_by_id_one, tls, search_by_id_twenty, limited_role, remembered_credential, reads_beside_logins, search_by_value, search_by_conditions, sql,
             describe_table, describe_all, reads_beside_writes, insert, update, insert_bulk, export_json, export_csv, import_json, import_csv,
             resident)


def main():
    words = os.environ.get("BENCH", "").split()
    names = [function.__name__ for function in Bench.lines]
    for word in words:
        if not any(word in name for name in names):
            raise SystemExit("BENCH: no line has '%s' in its name; the lines: %s" % (word, " ".join(names)))
    with Secure(settings=["logging.auditLog=false"]) as s:
        bench = Bench(s)
        for function in Bench.lines:
            if not words or any(word in function.__name__ for word in words):
                function(bench)


if __name__ == "__main__":
    main()
