# SPDX-License-Identifier: Apache-2.0
"""GET /metrics, and pages of modules: who may read them, their content, and how metrics change with the work done."""
import os, re, shutil, subprocess, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import BUILD, HAS_PROC, LYRED, STATIC_ONLY, Server, need_module

PAGES = os.path.join(BUILD, "tests", "module", ".libs", "pages.so")
TYPE = "text/plain; version=0.0.4; charset=utf-8"
MODULES = "modules:\n  schema: true\n  data: true\n"
BARE = re.compile(r"^(lyre_[a-z0-9_]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"(?:,|$)')
STATUSES = {"2xx", "3xx", "4xx", "5xx"}
LEVELS = {"notify", "fatal", "error", "warn", "info", "debug", "trace"}


def setUpModule():
    need_module("metrics")


def parse(text):
    """{(name, ((label, value), …)): number}, and {name: type}"""
    values, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, "%s is described twice" % name
            types[name] = kind
        elif not line.startswith("# HELP "):
            m = BARE.match(line)
            assert m, line
            key = (m.group(1), tuple(LABEL.findall(m.group(2) or "")))
            assert key not in values, line
            values[key] = float(m.group(3))
    return values, types


class Case(unittest.TestCase):
    config, settings, maxDiff = None, (), None

    def setUp(self):
        self.s = Server(config=self.config, settings=self.settings)
        self.addCleanup(self.s.stop)

    def get(self, path="/metrics", method="GET", user=True, **headers):
        if user:
            headers["Authorization"] = self.s.authorization()
        return self.s.request(method, path, headers=headers)

    def read(self):
        status, headers, body = self.get()
        self.assertEqual((status, headers["content-type"]), (200, TYPE))
        self.values, self.types = parse(body.decode())
        return self.values

    def value(self, name, **labels):
        return self.values["lyre_" + name, tuple(labels.items())]

    def moved(self, work, *figures):
        """By how much metrics change while work is done: (name, label, value) or (name,) each."""
        before = self.read()
        work()
        after = self.read()
        keys = [("lyre_" + f[0], (tuple(f[1:]),) if f[1:] else ()) for f in figures]
        return [after[k] - before[k] for k in keys]


class Figures(Case):
    def test_promtool(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("promtool is not there (Debian's package prometheus)")
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
        self.s.ok({"operation": "create_database", "database": 'a "quoted\\ name'})
        self.s.ok({"operation": "insert", "table": "t", "records": [{"id": 1}]})
        _, _, body = self.get()
        p = subprocess.run([promtool, "check", "metrics"], input=body, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((p.returncode, p.stdout), (0, b""))
        self.assertEqual(parse(body.decode())[0]["lyre_commits_total", (("database", 'a \\"quoted\\\\ name'),)], 0)

    def test_requests_and_errors(self):
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})

        def work():
            for _ in range(7):
                self.s.ok({"operation": "search_by_id", "table": "t", "ids": [1], "get_attributes": ["*"]})
            for _ in range(3):
                self.s.call({"operation": "insert", "table": "nope", "records": [{"id": 1}]})
            for _ in range(2):
                self.s.call({"operation": "no_such"})
            self.s.request("GET", "/health")

        # This request itself is counted too, from the second time on.
        moved = self.moved(work, ("requests_total", "status", "2xx"), ("requests_total", "status", "4xx"),
                           ("operations_total", "operation", "search_by_id"), ("operations_total", "operation", "insert"),
                           ("operation_errors_total", "operation", "search_by_id"),
                           ("operation_errors_total", "operation", "insert"), ("operations_total", "operation", "other"),
                           ("operation_errors_total", "operation", "other"), ("request_duration_seconds_count",),
                           ("connections_accepted_total",))
        self.assertEqual(moved, [9, 5, 7, 3, 0, 3, 4, 2, 14, 14])
        self.assertGreater(self.value("request_duration_seconds_sum"), 0)
        self.assertEqual(self.value("requests_in_flight"), 1)
        self.assertGreaterEqual(self.value("connections_open"), 1)

    def test_an_alias_is_counted_as_its_operation(self):
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
        work = lambda: self.s.ok({"operation": "search_by_hash", "table": "t", "hash_values": [1], "get_attributes": ["*"]})
        self.assertEqual(self.moved(work, ("operations_total", "operation", "search_by_id")), [1])

    def test_bodies(self):
        text = "x" * 100000
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
        insert = lambda: self.s.ok({"operation": "insert", "table": "t", "records": [{"id": 1, "text": text}]})
        received, = self.moved(insert, ("request_body_bytes_total",))
        self.assertTrue(100000 < received < 101000, received)
        search = lambda: self.s.ok({"operation": "search_by_id", "table": "t", "ids": [1], "get_attributes": ["*"]})
        page = len(self.get()[2])
        sent, = self.moved(search, ("response_body_bytes_total",))
        self.assertTrue(100000 < sent - page < 102000, (sent, page))

    def test_commits(self):
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
        data = ("database", "data")

        def work():
            for i in range(5):
                self.s.ok({"operation": "insert", "table": "t", "records": [{"id": 10 * i + n} for n in range(4)]})
            self.s.ok({"operation": "insert", "table": "t", "records": [{"id": 0}]})

        moved = self.moved(work, ("commit_requests_count",) + data, ("commit_requests_sum",) + data,
                           ("commit_records_sum",) + data, ("commit_records_count",) + data)
        self.assertEqual(moved, [6, 6, 20, 6])
        self.assertGreaterEqual(self.value("commits_total", database="data"), 6)
        self.assertGreater(self.value("commit_duration_seconds_sum", database="data"), 0)
        self.assertEqual(self.value("write_queue_requests", database="data"), 0)
        self.assertEqual(self.value("oldest_reader_commits", database="data"), 0)
        used = self.value("database_used_bytes", database="data")
        free = self.value("database_reclaimable_bytes", database="data")
        self.assertEqual(used + free, self.value("database_file_bytes", database="data"))
        page = self.s.ok({"operation": "describe_table", "table": "t"})
        self.assertEqual(self.value("database_file_bytes", database="data"), page["db_size"])

    def test_records_counted_by_kind_of_write(self):
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
        write = lambda operation, **more: self.s.ok(dict(more, operation=operation, table="t"))

        def work():
            write("insert", records=[{"id": 1}, {"id": 2}, {"id": 3}])
            write("insert", records=[{"id": 3}, {"id": 4}])
            write("update", records=[{"id": 1, "a": 1}, {"id": 9}])
            write("upsert", records=[{"id": 1}, {"id": 2}, {"id": 5}])
            write("delete", ids=[1, 2, 9])

        data = ("database", "data")
        self.assertEqual(self.moved(work, ("records_created_total",) + data, ("records_updated_total",) + data,
                                    ("records_deleted_total",) + data), [5, 3, 2])

    def test_a_dropped_database_is_gone(self):
        self.s.ok({"operation": "create_database", "database": "gone"})
        self.read()
        self.assertIn(("lyre_commits_total", (("database", "gone"),)), self.values)
        self.s.ok({"operation": "drop_database", "database": "gone"})
        self.read()
        self.assertNotIn(("lyre_commits_total", (("database", "gone"),)), self.values)

    def test_credentials(self):
        wrong = lambda: self.assertEqual(self.s.call({"operation": "describe_all"}, headers={
            "Authorization": self.s.authorization("admin", "wrong")})[0], 401)
        moved = self.moved(wrong, ("sign_in_failures_total",), ("credential_cache_misses_total",), ("credential_cache_hits_total",))
        self.assertEqual(moved, [1, 1, 1])

    def test_log_lines(self):
        with self.assertRaises(AssertionError):
            self.s.ok({"operation": "no_such"})
        self.read()
        self.assertGreaterEqual(self.value("log_lines_total", level="notify"), 1)

    @unittest.skipUnless(HAS_PROC, "no /proc")
    def test_process(self):
        self.read()
        folder = "/proc/%d/" % self.s.process.pid
        self.assertGreater(self.value("process_threads"), 1)
        self.assertLess(abs(self.value("process_open_fds") - len(os.listdir(folder + "fd"))), 4)
        with open(folder + "statm") as f:
            resident = int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        self.assertLess(abs(self.value("process_resident_memory_bytes") - resident), 16 << 20)
        self.assertGreater(self.value("process_cpu_seconds_total"), 0)

    def test_names_and_labels_are_bounded(self):
        self.read()
        names = set(self.values)
        for i in range(20):
            self.s.call({"operation": "made_up_%d" % i})
            self.s.request("GET", "/made/up/%d" % i)
            self.s.call({"operation": "describe_all"}, headers={"Authorization": self.s.authorization("u%d" % i, "p")})
        self.read()
        self.assertEqual(set(self.values), names)
        operations = set(re.findall(r"^(\w+)", subprocess.run([LYRED, "--list-operations"], stdout=subprocess.PIPE, text=True,
                                                              check=True).stdout, re.M))
        allowed = {"operation": operations | {"other"}, "status": STATUSES | {"complete", "error"}, "level": LEVELS,
                   "database": {"system"}, "task": {"certs/watch"}, "version": None, "le": None}
        for name, labels in self.values:
            for label, value in labels:
                self.assertIn(label, allowed, name)
                self.assertTrue(allowed[label] is None or value in allowed[label], (name, label, value))
        for name, kind in self.types.items():
            self.assertEqual(name.endswith("_total"), kind == "counter", name)

    def test_histograms_are_whole(self):
        self.read()
        for name, kind in self.types.items():
            if kind != "histogram":
                continue
            series = {}
            for (n, labels), v in self.values.items():
                if n == name + "_bucket":
                    series.setdefault(labels[:-1], []).append((float(labels[-1][1]), v))
            self.assertTrue(series, name)
            for labels, buckets in series.items():
                self.assertEqual(buckets, sorted(buckets))
                self.assertEqual([v for _, v in buckets], sorted(v for _, v in buckets))
                self.assertEqual(buckets[-1], (float("inf"), self.values[name + "_count", labels]))

    def test_head_has_only_the_headers(self):
        status, headers, body = self.get(method="HEAD")
        self.assertEqual((status, headers["content-type"], body), (200, TYPE, b""))
        length = int(headers["content-length"])
        self.assertLess(abs(length - len(self.get()[2])), 500)

    def test_whatever_is_accepted(self):
        for accept in ("text/html", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "text/csv", ""):
            status, headers, _ = self.get(Accept=accept)
            self.assertEqual((status, headers["content-type"]), (200, TYPE), accept)

    def test_who_may_read(self):
        self.assertEqual(self.get(user=False)[::2], (401, b'{"error":"Must login"}'))
        self.assertEqual(self.get(user=False, Authorization=self.s.authorization("admin", "wrong"))[::2],
                         (401, b'{"error":"Login failed"}'))
        self.assertEqual(self.s.request("GET", "/metrics", unix=True)[0], 200)

    def test_other_methods_and_paths(self):
        for path in ("/metrics/", "/Metrics", "/"):
            self.assertEqual(self.get(path)[::2], (404, b"Not found\n"), path)
        for method in ("POST", "PUT"):
            status, headers, _ = self.get("/metrics", method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.get("/metrics?x=1")[0], 200)


class Open(Case):
    settings = ("modules.metrics.open=true", "modules.metrics.route=/figures")

    def test_anybody_may_read(self):
        status, headers, _ = self.get("/figures", user=False)
        self.assertEqual((status, headers["content-type"]), (200, TYPE))
        self.assertEqual(self.get(user=True)[0], 404)
        self.assertEqual(self.get("/figures", user=False, Authorization=self.s.authorization("admin", "wrong"))[0], 401)


class Off(Case):
    config = MODULES

    def test_no_page(self):
        self.assertEqual(self.get()[::2], (404, b"Not found\n"))


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Pages(Case):
    config = MODULES + "  pages: {path: %s}\n" % PAGES

    def test_text(self):
        status, headers, body = self.get("/pages/text", user=False)
        self.assertEqual((status, headers["content-type"], body.decode()), (200, "text/plain; charset=utf-8", "A text, ä"))
        status, headers, body = self.get("/pages/text", "HEAD", user=False)
        self.assertEqual((status, headers["content-length"], body), (200, "10", b""))

    def test_json_of_a_user(self):
        self.assertEqual(self.get("/pages/json", user=False)[::2], (401, b'{"error":"Must login"}'))
        self.assertEqual(self.get("/pages/json")[::2], (200, b'{"user":"admin"}'))
        status, headers, body = self.get("/pages/json", Accept="text/csv")
        self.assertEqual((status, headers["content-type"], body), (200, "text/csv", b'"user"\n"admin"'))

    def test_failure(self):
        self.assertEqual(self.get("/pages/fails", user=False)[::2], (409, b'{"error":"this page fails"}'))

    def test_metrics(self):
        self.s.stop()
        self.s = Server(config=self.config + "  metrics: true\n")
        self.addCleanup(self.s.stop)
        self.read()
        self.assertEqual((self.value("pages", page="even"), self.value("pages_read_total", page='odd \\"1\\"')), (2, 0.5))
        self.assertEqual((self.types["lyre_pages"], self.types["lyre_pages_read_total"]), ("gauge", "counter"))

    def test_own_pages_stay(self):
        self.assertEqual(self.get("/health", user=False)[2], b"HarperDB is running.")


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Refusals(unittest.TestCase):
    def refused(self, config, *sentences):
        with self.assertRaises(RuntimeError) as refusal:
            Server(config=config).stop()
        for s in sentences:
            self.assertIn(s, str(refusal.exception))

    def pages(self, first, more=""):
        return MODULES + "  metrics: true\n  pages: {path: %s, first: '%s'%s}\n" % (PAGES, first, more)

    def test_a_path_twice(self):
        self.refused(self.pages("/metrics"), "module 'pages' (", "the route '/metrics' of module 'pages'",
                     "module 'metrics' already uses this path")
        self.refused(self.pages("/pages/json"), "module 'pages' already uses this path")

    def test_paths_of_the_server(self):
        for path in ("/", "/health"):
            self.refused(self.pages(path), "the route '%s' of module 'pages' is not allowed: the server uses this path" % path)

    def test_malformed(self):
        for path in ("", "metrics", "/a b", "/a?b", "/a#b", "/%41", "/" + 250 * "x", "/ä"):
            self.refused(self.pages(path), "is not a valid path for a route")

    def test_metrics(self):
        config = MODULES + "  pages: {path: %s, metric: '%%s'}\n" % PAGES
        for name in ("", "Pages", "1x", "a b"):
            self.refused(config % name, "adds an invalid metric")
        self.refused(config % "pages_read_total", "the metric 'pages_read_total' of module 'pages' is not allowed: module 'pages' already has it")

    def test_a_failed_start_takes_its_pages_along(self):
        s = Server(config=MODULES + "  pages: {path: %s, first: /metrics, fail: true, optional: true}\n  metrics: true\n" % PAGES)
        self.addCleanup(s.stop)
        self.assertIn("told to fail", s.said())
        for path, status in (("/pages/json", 404), ("/metrics", 200)):
            self.assertEqual(s.request("GET", path, headers={"Authorization": s.authorization()})[0], status)


if __name__ == "__main__":
    unittest.main()
