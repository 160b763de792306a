# SPDX-License-Identifier: Apache-2.0
"""lyre export and lyre import: tables to files and back, between servers, and what interrupts that."""
import json, os, pty, re, signal, socketserver, stat, subprocess, sys, tempfile, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client_case import ClientCase, on_terminals
from lyre_server import LYRE, Server, built_modules, feature, until

with_import = unittest.skipUnless("import" in built_modules(), "this build has no module 'import'")
with_csv = unittest.skipUnless(feature("LYRE_FORMAT_CSV"), "this build does not write CSV")
with_lines = unittest.skipUnless(feature("LYRE_FORMAT_JSONL"), "this build does not write JSON lines")
with_sql = unittest.skipUnless("sql" in built_modules(), "this build has no module 'sql'")
# Every kind of value; nothing is absent, as answers have null for what a record does not have.
RECORDS = [
    {"id": 1, "n": 9007199254740993, "text": "quote \" comma , line\nbreak \\ tab\t", "o": {"a": [1, None, {"b": "ü"}]}, "z": None},
    {"id": 2, "n": -9223372036854775808, "text": "日本語 🐕", "o": [], "z": False},
    {"id": "two", "n": 18446744073709551615, "text": "", "o": {}, "z": True},
    {"id": -1.5, "n": 0.1, "text": "2026-11-29T12:00:00.000Z", "o": [[1], "x"], "z": 1e300},
]


def without_times(records):
    """In the order of their keys, without what each server sets by itself."""
    return sorted(({k: v for k, v in r.items() if not k.startswith("__")} for r in records), key=lambda r: str(r["id"]))


class Export(ClientCase):
    def table(self):
        return self.database() + ".t"

    def read(self, path):
        with open(path, "rb") as f:
            return f.read()

    def files(self, path):
        """What is left of a file in any state."""
        return [n for n in os.listdir(self.folder) if n.startswith(os.path.basename(path))]

    @with_lines
    def test_extension_tells_the_format(self):
        self.make(*RECORDS)
        for name in ("x.json", "X.JSON", "x.jsonl", "x.ndjson"):
            path = self.file(name)
            self.assertEqual(self.ok("export", self.table(), path), "exported 4 records\n")
            text = self.read(path).decode()
            self.assertTrue(text.endswith("\n") and not text.endswith("\n\n"), text)
            found = json.loads(text) if "json" == name[-4:].lower() and "nd" not in name else [json.loads(line) for line in text.splitlines()]
            self.assertEqual(without_times(found), without_times(RECORDS), name)
            self.assertEqual(self.files(path), [os.path.basename(path)])

    @with_csv
    def test_csv(self):
        self.make({"id": 1, "name": "a \"b\"\nc"}, {"id": 2, "name": None})
        path = self.file("x.csv")
        self.ok("export", self.table(), path, "--conditions", '{"attribute":"id","comparator":"less_than","value":2}')
        lines = self.read(path).decode().split("\n")
        self.assertEqual((lines[0].split(",")[0], lines[1].split(",")[0], lines[2:]), ('"id"', "1", ['c"', ""]))
        self.assertEqual(self.ok("export", self.table(), path, "--force"), "exported 2 records\n")

    @with_lines
    def test_standard_output(self):
        self.make(*RECORDS)
        for words in ([], ["-"], ["/dev/stdout"]):
            self.assertEqual(without_times(json.loads(self.piped("export", self.table(), *words))), without_times(RECORDS))
        lines = self.piped("export", self.table(), "--format", "jsonl").decode().splitlines()
        self.assertEqual(without_times(map(json.loads, lines)), without_times(RECORDS))
        self.assertEqual(self.piped("export", self.table(), "--json"), self.piped("export", self.table(), "--format=json"))
        self.assertFalse(os.path.exists("-"))

    @with_lines
    def test_empty_table(self):
        self.make()
        self.assertEqual(self.ok("export", self.table()), "[]\n")
        self.assertEqual(self.ok("export", self.table(), self.file("x.jsonl")), "exported 0 records\n")
        self.assertEqual(self.read(self.file("x.jsonl")), b"")

    def test_one_record(self):
        self.make({"id": 1})
        self.assertEqual(self.ok("export", self.table(), self.file("x.json")), "exported 1 record\n")
        self.assertEqual(self.ok("export", self.table(), self.file("x.json"), "-f", "-q"), "")

    @with_sql
    def test_statement(self):
        self.make({"id": 1, "n": 5}, {"id": 2, "n": 6})
        query = 'SELECT id, n * 2 AS twice FROM "%s".t ORDER BY id' % self.database()
        self.assertEqual(self.ok("export", "--sql", query), '[{"id":1,"twice":10},{"id":2,"twice":12}]\n')
        self.assertEqual(self.ok("export", "--sql", query, "-"), '[{"id":1,"twice":10},{"id":2,"twice":12}]\n')
        path = self.file("x.json")
        self.refused(1, "export", "--sql", "SELECT FROM nothing", path)
        self.assertEqual(self.files(path), [])

    @with_sql
    def test_statement_that_changes_something(self):
        self.make({"id": 1})
        for statement in ("DELETE FROM %s", "/* SELECT */ delete FROM %s", "WITH a AS (SELECT 1) DELETE FROM %s", "UPDATE %s SET n = 1",
                          "INSERT INTO %s (id) VALUES (2)", ";DELETE FROM %s"):
            self.refused(2 if statement[0] != ";" else 1, "export", "--sql", statement % ('"%s".t' % self.database()))
        self.assertEqual([r["id"] for r in json.loads(self.ok("export", self.table()))], [1])
        for statement in ("SELECT 1 AS n", "WITH my_update AS (SELECT 1 AS n) SELECT n FROM my_update", "SELECT 'DELETE' AS \"delete\""):
            self.ok("export", "--sql", statement)

    def test_conditions(self):
        self.make({"id": 1, "n": 5}, {"id": 2, "n": 6}, {"id": 3, "n": 7})
        found = lambda text: [r["id"] for r in json.loads(self.ok("export", self.table(), "--conditions", text))]
        self.assertEqual(found('{"attribute":"n","comparator":"greater_than","value":5}'), [2, 3])
        self.assertEqual(found('[{"attribute":"n","value":5}]'), [1])
        self.assertIn("--conditions is not JSON: unexpected end", self.refused(2, "export", self.table(), "--conditions", "["))
        self.assertIn("unknown attribute", self.refused(1, "export", self.table(), "--conditions", '{"attribute":"no","value":5}'))

    def test_names_with_dots(self):
        self.ok("create_table", "database=a.b", "table=c.d", "primary_key=id")
        self.assertEqual(self.ok("export", '"a.b"."c.d"'), "[]\n")
        self.ok("create_table", 'database=x"y', "table=z", "primary_key=id")
        for name in ('x"y.z', '"x""y".z'):
            self.assertEqual(self.ok("export", name), "[]\n")
        self.ok("create_table", "table=only", "primary_key=id")
        self.assertEqual(self.ok("export", "only"), "[]\n")
        for name in ("a.b.c", "", ".", "a.", ".b", '"a', '"a"b', '"a"".b', '"".b', "a..b"):
            self.assertIn("is not DATABASE.TABLE", self.refused(2, "export", name), name)

    def test_wrong_words(self):
        self.make()
        for words in ([], [self.table(), "x.json", "y"], ["--sql", "SELECT 1", "a", "b"], ["--sql", "SELECT 1", "--conditions", "[]"]):
            self.assertIn("usage: lyre export", self.refused(2, "export", *words))
        self.assertIn("cannot tell the format", self.refused(2, "export", self.table(), self.file("x.txt")))
        self.assertIn("cannot tell the format", self.refused(2, "export", self.table(), os.path.join(self.folder, "a.csv", "x")))
        self.assertIn("--format is", self.refused(2, "export", self.table(), "--format", "xml"))
        self.assertIn("does not exist", self.refused(1, "export", "nowhere.t", self.file("x.json")))
        self.assertIn("cannot write", self.refused(1, "export", self.table(), "/nowhere/x.json"))
        self.assertEqual(self.files(self.file("x")), [])

    # ---- what the file is ----

    def test_existing_file_is_kept(self):
        self.make({"id": 1})
        path = self.file("x.json", b"old")
        self.assertIn("exists: use --force", self.refused(1, "export", self.table(), path))
        self.assertIn("does not exist", self.refused(1, "export", self.database() + ".none", path, "--force"))
        self.assertEqual(self.read(path), b"old")
        link = self.file("link.json")
        os.symlink(path, link)
        self.ok("export", self.table(), link, "--force")
        self.assertTrue(os.path.islink(link))
        self.assertEqual(json.loads(self.read(path))[0]["id"], 1)

    def test_mode_follows_the_umask(self):
        self.make()
        self.addCleanup(os.umask, os.umask(0o027))
        self.ok("export", self.table(), self.file("x.json"))
        self.assertEqual(stat.S_IMODE(os.stat(self.file("x.json")).st_mode), 0o640)

    def test_pipe_stays_a_pipe(self):
        self.make(*RECORDS)
        fifo = self.file("fifo")
        os.mkfifo(fifo)
        reader = subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE)
        self.assertEqual(self.ok("export", self.table(), fifo, "--force"), "")
        self.assertEqual(len(json.loads(reader.communicate()[0])), 4)
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))

    @unittest.skipIf(os.geteuid(), "only root can make devices")
    def test_device_stays_a_device(self):
        self.make(*RECORDS)
        device = self.file("null")
        try:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except PermissionError:
            self.skipTest("devices cannot be made here")
        self.ok("export", self.table(), device, "--force")
        self.assertTrue(stat.S_ISCHR(os.stat(device).st_mode))

    @unittest.skipUnless(os.path.exists("/dev/full"), "this system has no /dev/full")
    def test_full_device(self):
        self.make(*RECORDS)
        self.assertIn("No space left", self.refused(1, "export", self.table(), "/dev/full"))

    # ---- interrupted ----

    @with_sql
    def test_interrupted_export_leaves_nothing(self):
        self.make({"id": 1})
        path = self.file("x.json", b"old")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.s.process.send_signal(signal.SIGSTOP)
            try:
                p = subprocess.Popen([LYRE, "--socket", self.s.socket_path, "export", "--sql", "SELECT 1", path, "--force"])
                until(lambda: os.path.exists(path + ".part"), "nothing has begun")
                self.interrupted(p, number)
            finally:
                self.s.process.send_signal(signal.SIGCONT)
            self.assertEqual((self.files(path), self.read(path)), ([os.path.basename(path)], b"old"))

    def make_large(self):
        self.make(*({"id": i, "text": "x" * 1000} for i in range(8000)))

    def test_interrupted_export_into_a_pipe(self):
        self.make_large()
        p = subprocess.Popen([LYRE, "--socket", self.s.socket_path, "export", self.table()], stdout=subprocess.PIPE)
        self.assertTrue(p.stdout.read(1))
        self.interrupted(p)
        p.stdout.close()

    def test_killed_server(self):
        """What has arrived is not taken for everything."""
        with Server() as s:
            s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
            s.ok({"operation": "insert", "database": "d", "table": "t", "records": [{"id": i, "text": "x" * 1000} for i in range(8000)]})
            p = subprocess.Popen([LYRE, "--socket", s.socket_path, "export", "d.t"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertTrue(p.stdout.read(1000))
            s.kill()
            out, err = p.communicate(timeout=60)
            self.assertEqual(p.returncode, 3)
            self.assertIn(b"broke off its answer", err)
            s.end(-signal.SIGKILL)
            s.start()

    # ---- progress ----

    @on_terminals
    def test_progress(self):
        self.make_large()
        with self.on_terminal("export", self.table(), "-", stdout=subprocess.PIPE) as (p, read):
            self.slowly(p, read, lambda: p.stdout.read(1000),
                        r"\r%s: \d+ of 8000 records \(\d+%%\), \d+/s, (\d+:)?\d+:\d\d left\x1b\[K" % self.table()[:24])
            p.stdout.read()
            self.assertEqual(p.wait(60), 0)
            self.assertRegex(read(), r"8000 of 8000 records \(100%\), \d+/s\x1b\[K\r\n$")
            p.stdout.close()

    @on_terminals
    def test_no_progress(self):
        """Not wanted; without a terminal, test_standard_output sees that nothing is printed."""
        self.make_large()
        with self.on_terminal("export", "--quiet", self.table(), "-", stdout=subprocess.PIPE) as (p, read):
            p.stdout.read()
            self.assertEqual((p.wait(60), read()), (0, ""))
            p.stdout.close()

    @on_terminals
    def test_rows_on_the_terminal(self):
        self.make({"id": 1})
        parent, child = pty.openpty()
        r = subprocess.run([LYRE, "--socket", self.s.socket_path, "export", self.table()], stdin=subprocess.DEVNULL,
                           stdout=child, stderr=child, timeout=60)
        os.close(child)
        text = os.read(parent, 4096).decode()
        os.close(parent)
        self.assertEqual((r.returncode, json.loads(text)[0]["id"]), (0, 1))


class Import(ClientCase):
    def table(self):
        return self.database() + ".t"

    def records(self, table=None, server=None):
        return without_times(json.loads(self.ok("export", table or self.table(), socket_path=server and server.socket_path)))

    def test_module_is_missing(self):
        with Server(config="modules:\n  schema: true\n  data: true\n") as s:
            s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
            for content in (b"[]", b"x" * 3000000):
                self.assertEqual(self.refused(1, "import", self.file("x.json", content), "d.t", socket_path=s.socket_path),
                                 "lyre: the server's module 'import', which loads files, is disabled or not built\n")

    def test_wrong_words(self):
        path = self.file("x.csv", b"id\n1\n")
        for words in ([], [path], [path, "d.t", "x"]):
            self.assertIn("usage: lyre import", self.refused(2, "import", *words))
        self.assertIn("--action is", self.refused(2, "import", path, "d.t", "--action", "delete"))
        self.assertIn("--format is", self.refused(2, "import", path, "d.t", "--format", "xml"))
        self.assertIn("is not DATABASE.TABLE", self.refused(2, "import", path, "a.b.c"))
        self.assertIn("No such file", self.refused(1, "import", self.file("none"), "d.t"))
        self.assertIn("Is a directory", self.refused(1, "import", self.folder, "d.t"))
        self.assertIn("cannot reach", self.refused(3, "import", path, "d.t", socket_path="/nowhere"))

    @with_import
    @with_lines
    def test_round_trips(self):
        self.make(*RECORDS)
        for format in ("json", "jsonl"):
            path, copy = self.file("x." + format), "%s.%s" % (self.database(), format)
            self.ok("export", self.table(), path)
            self.assertEqual(self.ok("import", path, copy, "--create", "id"), "successfully loaded 4 of 4 records\n")
            self.assertEqual(self.records(copy), without_times(RECORDS))

    @with_import
    @with_csv
    def test_round_trip_of_csv(self):
        """But for what CSV cannot say: null becomes "", and texts that look like other values become those."""
        records = [dict(r, id=i) for i, r in enumerate(RECORDS) if not r["text"].startswith("2026")]
        self.make(*records)
        path, copy = self.file("x.csv"), self.database() + ".copy"
        self.ok("export", self.table(), path)
        self.assertEqual(self.ok("import", path, copy, "--create", "id"), "successfully loaded 3 of 3 records\n")
        self.assertEqual(self.records(copy), without_times({k: "" if v is None else v for k, v in r.items()} for r in records))

    @with_import
    @with_lines
    def test_pipe_between_two_servers(self):
        self.make(*RECORDS)
        with Server(settings=["operationsApi.network.maxBodySize=100K"]) as other:
            other.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
            for format in ([], ["--format", "jsonl"]):
                take = subprocess.Popen([LYRE, "-s", self.s.socket_path, "export", self.table(), "-", *format], stdout=subprocess.PIPE)
                give = subprocess.run([LYRE, "-s", other.socket_path, "import", "-", "d.t", "--action", "upsert"], stdin=take.stdout,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                take.stdout.close()
                self.assertEqual((take.wait(), give.returncode, give.stderr), (0, 0, ""))
                self.assertEqual(give.stdout, "successfully loaded 4 of 4 records\n")
                self.assertEqual(self.records("d.t", other), without_times(RECORDS))

    @with_import
    def test_format_of_the_beginning(self):
        self.make()
        for i, text in enumerate(('[{"id":0}]', '\n {"id":1}\n', "\ufeffid\n2\n", '\ufeff[{"id":3}]', '"id"\n4\n')):
            self.assertEqual(self.ok("import", "-", self.table(), input=text.encode()), "successfully loaded 1 of 1 records\n")
        self.assertEqual([r["id"] for r in self.records()], [0, 1, 2, 3, 4])

    @with_import
    def test_nothing_to_load(self):
        self.make()
        for name in ("x.json", "x.jsonl", "x.csv", "x"):
            self.assertEqual(self.ok("import", self.file(name, b""), self.table()), "successfully loaded 0 of 0 records\n")
            self.assertEqual(self.ok("import", "-", self.table(), input=b""), "successfully loaded 0 of 0 records\n")
        self.assertEqual(self.ok("import", "-", self.table(), input=b"[]"), "successfully loaded 0 of 0 records\n")

    @with_import
    def test_missing_end_is_noticed(self):
        """When export fails, what it has written to the pipe is not taken for the whole table."""
        self.make(*RECORDS)
        text = self.piped("export", self.table(), "-")
        for cut in (1, text.index(b"}") + 1, text.index(b"},{") + 2, len(text) - 2):
            self.assertIn("malformed", self.refused(1, "import", "-", self.table(), "--action", "upsert", input=text[:cut]))

    @with_import
    def test_actions(self):
        self.make({"id": 1, "a": 1, "b": 1})
        load = lambda action: self.ok("import", "-", self.table(), "--action", action, input=b'[{"id":1,"a":2},{"id":2,"a":2}]')
        self.assertEqual(load("update"), "successfully loaded 1 of 2 records\n")
        self.assertEqual(self.records(), [{"id": 1, "a": 2, "b": 1}])
        self.assertEqual(load("insert"), "successfully loaded 1 of 2 records\n")
        self.assertEqual(load("upsert"), "successfully loaded 2 of 2 records\n")

    @with_import
    def test_table_is_created(self):
        path = self.file("x.json", b'[{"key":"k"}]')
        self.assertIn("does not exist", self.refused(1, "import", path, self.table()))
        for action in ("insert", "upsert"):
            self.assertEqual(self.ok("import", path, self.table(), "--create", "key", "--action", action), "successfully loaded 1 of 1 records\n")
        self.assertIn("with the primary key 'key'", self.refused(1, "import", path, self.table(), "--create", "id"))

    @with_import
    def test_refused_records(self):
        self.make()
        status, out, err = self.lyre("import", "-", self.table(), input=b'{"id":1}\n{"id":true}\n{"id":3}\n{"id":\n')
        self.assertEqual((status, out), (1, "successfully loaded 2 of 4 records\n"))
        first, *lines = err.splitlines()
        self.assertEqual(first, "lyre: 2 records were not loaded:")
        self.assertEqual(sorted(re.match(r"  line (\d): .", line).group(1) for line in lines), ["2", "4"])

    @with_import
    def test_interrupted_upload_loads_nothing(self):
        self.make()
        p = subprocess.Popen([LYRE, "-s", self.s.socket_path, "import", "-", self.table(), "--format", "jsonl"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdin.write(b"".join(b'{"id":%d}\n' % i for i in range(50000)))
        p.stdin.flush()
        folder = os.path.join(self.s.root, "database")
        left = lambda: [n for n in os.listdir(folder) if n.startswith(".") and n not in (".lock", ".reserve")]
        until(left, "nothing is sent")
        self.interrupted(p)
        self.assertEqual(p.communicate(), (b"", b""))
        until(lambda: not left(), lambda: "a file is left: %s" % left())
        self.assertEqual(self.records(), [])


class Answerer(socketserver.StreamRequestHandler):
    """A server whose answers the test chooses, by operation: bytes to be sent, or a value; a list has one for each request."""

    def handle(self):
        head, length, chunked = self.rfile.readline().decode(), 0, False
        while (line := self.rfile.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            chunked |= line.startswith(b"transfer-encoding:")
            if line.startswith(b"expect:"):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.chunks() if chunked else self.rfile.read(length)
        match = re.search(r"operation=(\w+)", head)
        operation = match.group(1) if match else json.loads(body)["operation"]
        self.server.requests.append((operation, head, body))
        answer = self.server.answers[operation]
        answer = answer.pop(0) if isinstance(answer, list) else answer
        try:
            self.wfile.write(answer if isinstance(answer, bytes) else whole(answer))
        except BrokenPipeError:  # it was interrupted
            pass

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body


def whole(value, status=200):
    body = json.dumps(value).encode()
    return b"HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


class Answers(ClientCase):
    """What a server of ours does only when something goes wrong."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="lyre-transfer-")
        cls.folder = cls.temporary.name
        cls.server = socketserver.ThreadingUnixStreamServer(os.path.join(cls.folder, "socket"), Answerer)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.temporary.cleanup()

    def answer(self, **answers):
        self.server.requests, self.server.answers = [], answers
        return self.server.server_address

    # ---- export ----

    def cut(self, body, path, headers=b"Connection: close", type=b"application/json"):
        """An export of an answer that ends where it should not."""
        there = self.answer(describe_table={"hash_attribute": "id", "record_count": 2},
                            search_by_value=b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n\r\n%s" % (type, headers, body))
        err = self.refused(3 if headers != b"Connection: close" else 1, "export", "d.t", path, socket_path=there)
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith(os.path.basename(path))], [])
        return err

    def test_answer_that_is_broken_off(self):
        for headers, body in ((b"Transfer-Encoding: chunked", b"a\r\n[{\"id\":1}]\n\r\n"), (b"Content-Length: 50", b'[{"id":1}]')):
            self.assertIn("broke off its answer", self.cut(body, self.file("x.json"), headers))

    def test_answer_that_is_cut_without_a_sign(self):
        """As by a proxy that speaks HTTP/1.0 to the server."""
        for body in (b"", b"[", b'[{"id":1}', b'[{"id":1},', b'[{"id":1},{"id":"]', b'[{"id":"\\"}]'):
            self.assertIn("incomplete", self.cut(body, self.file("x.json")), body)
        self.assertIn("incomplete", self.cut(b'{"id":1}\n{"id"', self.file("x.jsonl"), type=b"application/x-ndjson"))
        self.assertIn("incomplete", self.cut(b'"id"\n"a', self.file("x.csv"), type=b"text/csv"))

    def test_answer_of_another_kind(self):
        self.assertIn("instead of 'text/csv'", self.cut(b"[]", self.file("x.csv")))
        self.assertIn("not rows", self.cut(b'{"message":"done"}', self.file("x.json")))

    # ---- import ----

    STARTED = {"message": "Starting job with id j", "job_id": "j"}

    def load(self, *jobs, words=(), content=b"[]", name="x.json"):
        there = self.answer(import_file=self.STARTED, get_job=[[job] for job in jobs])
        return self.lyre("import", self.file(name, content), "d b.t&", *words, socket_path=there)

    def test_request(self):
        done = {"status": "COMPLETE", "message": "successfully loaded 3 of 3 records"}
        content = b'[{"id":1}]' * 30000
        self.assertEqual(self.load({"status": "CREATED"}, {"status": "IN_PROGRESS"}, done, content=content), (0, done["message"] + "\n", ""))
        (operation, head, body), *asked = self.server.requests
        self.assertEqual((operation, body), ("import_file", content))
        self.assertIn("table=t%26&action=insert&format=json&database=d%20b", head.replace("+", "%20"))
        self.assertEqual([json.loads(body) for _, _, body in asked], 3 * [{"operation": "get_job", "id": "j"}])
        for name, format in (("x.NDJSON", "jsonl"), ("x.csv", "csv"), ("x", "json")):
            self.load(done, name=name, words=("--action", "upsert"))
            self.assertIn("action=upsert&format=%s&" % format, self.server.requests[0][1])

    def test_refused_records(self):
        errors = [{"line": 2, "error": "bad\x1b\n"}, {"line": 7, "error": "worse"}]
        done = {"status": "COMPLETE", "message": "successfully loaded 1 of 6 records", "result": {"failed": 5, "errors": errors}}
        self.assertEqual(self.load(done), (1, done["message"] + "\n",
                                           "lyre: 5 records were not loaded:\n  line 2: bad\\u001b\\n\n  line 7: worse\n  and 3 more\n"))
        done["result"] = {"failed": 1, "errors": errors[1:]}
        self.assertEqual(self.load(done)[2], "lyre: 1 record was not loaded:\n  line 7: worse\n")

    def test_failed_job(self):
        self.assertEqual(self.load({"status": "ERROR", "message": "disk full"}), (1, "", "lyre: disk full\n"))
        self.assertEqual(self.load({"status": "ERROR", "message": "bad name '\x1b[31m'\n"}), (1, "", "lyre: bad name '\\u001b[31m'\\n\n"))

    def test_denied_job(self):
        message = {"error": "not permitted", "unauthorized_access": [{"table": "t"}], "invalid_schema_items": ["unknown \x1b[31m"]}
        self.assertEqual(self.load({"status": "ERROR", "message": message}),
                         (1, "", "lyre: not permitted\n  {\"table\":\"t\"}\n  unknown \\u001b[31m\n"))

    def test_lost_job(self):
        """Whatever becomes of it, its id is known."""
        hint = "lyre: the server may still be loading the file: lyre get_job id=j shows the result\n"
        there = self.answer(import_file=self.STARTED, get_job=[[{"status": "IN_PROGRESS"}], b"", []])
        path = self.file("x.json", b"[]")
        status, out, err = self.lyre("import", path, "d.t", socket_path=there)
        self.assertEqual((status, out, err.endswith(hint)), (3, "", True), err)
        there = self.answer(import_file=self.STARTED, get_job=[[]])
        self.assertEqual(self.refused(1, "import", path, "d.t", socket_path=there), "lyre: the server has no job j\n" + hint)
        there = self.answer(import_file={"message": "?"})
        self.assertIn("does not name a job", self.refused(1, "import", path, "d.t", socket_path=there))

    def test_refused_file(self):
        there = self.answer(import_file=whole({"error": "Table 'd.t' does not exist"}, 400))
        self.assertEqual(self.refused(1, "import", self.file("x.json", b"[]"), "d.t", socket_path=there), "lyre: Table 'd.t' does not exist\n")

    def waiting(self, there, *words, **more):
        p = subprocess.Popen([LYRE, "-s", there, "import", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        def asked():
            names = [r[0] for r in self.server.requests] # the first may be the last of the client before
            return "import_file" in names and "get_job" in names[names.index("import_file"):]
        until(asked, "no job has begun")
        return p

    def test_interrupted_job_goes_on(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            there = self.answer(import_file=self.STARTED, get_job=whole([{"status": "IN_PROGRESS"}]))
            p = self.waiting(there, self.file("x.json", b"[]"), "d.t")
            self.interrupted(p, number)
            out, err = p.communicate()
            self.assertEqual((out, err), (b"", b"lyre: the server may still be loading the file: lyre get_job id=j shows the result\n"))

    @on_terminals
    def test_progress(self):
        job = {"status": "IN_PROGRESS", "progress": {"done": 2500000, "total": 10000000}}
        there = self.answer(import_file=self.STARTED, get_job=whole([job]))
        path, rate = self.file("x.json", b"[]"), r"\d+(\.\d)? [kM]?B/s"
        with self.on_terminal("import", path, "d.t", socket_path=there, stdout=subprocess.PIPE) as (p, read):
            self.slowly(p, read, lambda: None, r"\rloading: 2.5 MB of 10.0 MB \(25%%\), %s, \d+:\d\d left\x1b\[K" % rate)
            self.server.answers["get_job"] = [[{"status": "COMPLETE", "message": "done"}]]
            self.assertEqual((p.wait(60), p.stdout.read()), (0, b"done\n"))
            self.assertRegex(read(), r"\rloading: 10.0 MB of 10.0 MB \(100%%\), %s\x1b\[K\r\n$" % rate)
            p.stdout.close()


del ClientCase  # it has no tests

if __name__ == "__main__":
    unittest.main()
