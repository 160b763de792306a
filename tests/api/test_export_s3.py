# SPDX-License-Identifier: Apache-2.0
"""export_to_s3: what objects contain, failures of the store, and that neither half an object nor a secret is left.

EXPORT_S3_MIB: size of the object that is sent in parts (24).
"""
import glob, json, os, re, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority
from export_case import HEAD_CSV, MANY, ROWS_CSV, ROWS_JSON, Case, by_id, by_value, content, need_modules, product
from lyre_server import CHEAP_LOGINS, HAS_PROC, feature, until
from s3_server import S3Server

MIB = int(os.environ.get("EXPORT_S3_MIB", 24))
SANITIZED = bool(os.environ.get("CK_FORK"))
CANCELLED = "The job was cancelled: the server was stopped or restarted"
PART = 8 << 20
TIMES = 110  # of product(): an object of three parts


def setUpModule():
    need_modules()
    if not feature("HAVE_REMOTE"):
        print("this build has no S3")
        sys.exit(77)


class S3Case(Case):
    more = ["modules.export.remote.localAddresses=true", "modules.export.remote.stallTimeout=2s", "modules.export.remote.retryTimeout=10s"]

    @classmethod
    def settings(cls):
        return CHEAP_LOGINS + ["operationsApi.network.drainTimeout=0"] + cls.more

    def setUp(self):
        super().setUp()
        self.store = self.new_store()

    def new_store(self, **more):
        store = S3Server(**more)
        self.addCleanup(self.end_store, store)
        return store

    def end_store(self, store):
        if not store.ending.is_set():
            store.stop()

    def begin(self, search, s3=None, **more):
        request = dict({"operation": "export_to_s3", "format": "json", "s3": self.store.given() if s3 is None else s3, "search_operation": search}, **more)
        return self.s.call({k: v for k, v in request.items() if v is not ...})

    def nothing_left(self):
        self.assertEqual((self.store.objects, self.store.uploads), ({}, {}))

    def fails(self, pattern, search, **more):
        """With a message that matches; nothing is left in the store."""
        job = self.export(search, **more)
        self.assertEqual(job["status"], "ERROR", job)
        self.assertRegex(job["message"], "^%s$" % pattern)
        self.assertNotIn("result", job)
        self.nothing_left()


class Objects(S3Case):
    def test_content(self):
        for format, want, type in (("json", "[%s]" % ",".join(ROWS_JSON), "application/json"), ("csv", "\n".join([HEAD_CSV] + ROWS_CSV), "text/csv")):
            key = "a/ä b+c.%s" % format
            job = self.export(by_value(), format=format, s3=self.store.given(key=key))
            self.assertEqual(job["status"], "COMPLETE", job)
            self.assertEqual(job["result"], {"message": "Successfully exported %s to S3." % format.upper(), "bucket": "dogs", "key": key,
                                             "size": len(want.encode())})
            self.assertEqual((self.store.objects["dogs", key].decode(), self.store.types["dogs", key]), (want, type))
            self.assertEqual((job["message"], job["type"]), ("Successfully completed job: " + job["id"], "export_to_s3"))

    def test_no_rows(self):
        for format, want in (("json", b"[]"), ("csv", b"")):
            job = self.export(by_id([99]), format=format)
            self.assertEqual((job["result"]["size"], self.store.objects["dogs", "a.json"]), (len(want), want))

    def test_temporary_credentials(self):
        self.store = self.new_store(token="a/session+token==")
        self.assertEqual(self.export(by_id([1]))["status"], "COMPLETE")

    def test_parts(self):
        """The same bytes as in a file, in several parts; memory does not grow with them."""
        self.many()
        times = MIB * (1 << 20) // (MANY * 60) + 1
        local = self.s.wait_for_job(self.s.ok({"operation": "export_local", "format": "json", "path": self.out, "filename": "x",
                                               "search_operation": product(times)})["job_id"])
        before, most = self.resident(), 0
        id = self.started(product(times))
        job = {"status": None}
        while job["status"] not in ("COMPLETE", "ERROR"):
            most = max(most, self.resident())
            job = self.s.wait_for_job(id, ("CREATED", "IN_PROGRESS", "COMPLETE", "ERROR"))
        self.assertEqual(job["status"], "COMPLETE", job)
        want = content(local["result"]["path"])
        self.assertGreater(len(want), MIB << 20)
        self.assertTrue(self.store.objects["dogs", "a.json"] == want, "the object has other bytes than the file")
        self.assertEqual((job["result"]["size"], self.store.uploads), (len(want), {}))
        self.assertEqual(len([1 for method, path, _ in self.store.log if method == "PUT" and "partNumber" in path]), -(-len(want) // PART))
        if HAS_PROC and not SANITIZED:
            self.assertLess(most - before, 16 << 10)

    def resident(self):
        if not HAS_PROC:
            return 0
        with open("/proc/%d/status" % self.s.process.pid) as f:
            return int(re.search(r"RssAnon:\s+(\d+) kB", f.read()).group(1))

    def test_replaced(self):
        self.store.put("dogs", "a.json", b"before")
        self.fails_and_keeps(by_value(table="nope"))
        self.assertEqual(self.export(by_id([2]))["status"], "COMPLETE")
        self.assertEqual(self.store.objects["dogs", "a.json"].decode(), "[%s]" % ROWS_JSON[1])

    def fails_and_keeps(self, search):
        self.assertEqual(self.export(search)["status"], "ERROR")
        self.assertEqual((self.store.objects["dogs", "a.json"], self.store.uploads), (b"before", {}))


class Refused(S3Case):
    def test_arguments(self):
        whole = self.store.given()

        def without(name):
            return {k: v for k, v in whole.items() if k != name}

        for error, more in ([("S3 object is missing.", {"s3": s3}) for s3 in (..., {}, "x", [1])] +
                            [(name + " is missing.", {"s3": without(name)}) for name in
                             ("aws_access_key_id", "aws_secret_access_key", "bucket", "key", "region")] +
                            [("bucket is missing.", {"s3": dict(whole, bucket=None)}), ("bucket must be a string", {"s3": dict(whole, bucket=5)}),
                             ("key must be a string", {"s3": dict(whole, key="a\0b")}), ("path_style must be true or false", {"s3": dict(whole, path_style=1)}),
                             ("format missing", {"format": ...}), ("format invalid. must be one of the following values: json, csv", {"format": "xml"}),
                             ("search_operation missing", {"search_operation": ...}), ("search_operation.operation missing", {"search_operation": {}})]):
            with self.subTest(error=error, more=str(more)):
                self.fails(re.escape(error), by_id([1]), **more)
        self.assertEqual(self.store.log, [])

    def test_wrong(self):
        for pattern, more in ((".*InvalidAccessKeyId.*|.*does not exist in our records.*", {"aws_access_key_id": "AKIDOTHER"}),
                              (".*SignatureDoesNotMatch.*|.*signature we calculated does not match.*", {"aws_secret_access_key": "other/secret"}),
                              (".*bucket does not exist.*", {"bucket": "cats"}), (".*eu-west-1.*", {"region": "us-east-1"})):
            self.fails(pattern, by_id([1]), s3=dict(self.store.given(), **more))

    def test_search(self):
        self.fails("Table 'dev.nope' does not exist", by_value(table="nope"))
        self.assertEqual(self.store.log, [], "nothing is sent for a search that fails")


class Faults(S3Case):
    def test_passing(self):
        """What goes away after a while is not even noticed."""
        self.many()
        for fault, more in (("503", {"times": 3}), ("500", {}), ("reset", {}), ("lost", {}), ("late error", {"query": "uploadId", "method": "POST"}),
                            ("silent", {})):
            for times in (0, TIMES):
                with self.subTest(fault=fault, parts=times > 0):
                    self.store = self.new_store()
                    self.store.fault(fault, after=1 if times else 0, **more)
                    job = self.export(product(times) if times else by_value())
                    self.assertEqual(job["status"], "COMPLETE", job)
                    self.assertEqual(job["result"]["size"], len(self.store.objects["dogs", "a.json"]))
                    rows = json.loads(self.store.objects["dogs", "a.json"])
                    self.assertEqual(len(rows), MANY * times or len(ROWS_JSON))

    def test_lasting(self):
        self.many()
        for fault in ("denied", "redirect", "bare"):
            for times, after in ((0, 0), (TIMES, 0), (TIMES, 2)):
                with self.subTest(fault=fault, parts=times > 0, after=after):
                    self.store = self.new_store()
                    self.store.fault(fault, times=1, after=after)
                    self.fails(".+", product(times) if times else by_value())

    def test_dies(self):
        self.many()
        self.store.fault("gone", after=2)
        job = self.export(product(TIMES))
        self.assertEqual((job["status"], self.store.objects), ("ERROR", {}), job)
        self.assertRegex(job["message"], "parts of it may be left in the bucket")

    def sending(self):
        """The id of an export that has sent a part."""
        self.many()
        id = self.started(product())
        until(lambda: any("partNumber" in path for _, path, _ in self.store.log), lambda: "nothing is sent: %s" % self.store.log, server=self.s)
        return id

    def test_stopped(self):
        id = self.sending()
        self.s.restart()
        job = self.s.wait_for_job(id)
        self.assertEqual((job["status"], job["message"]), ("ERROR", CANCELLED))
        self.nothing_left()

    def test_stopped_while_the_store_hangs(self):
        self.store.fault("silent", times=99)
        id = self.started(by_value())
        until(lambda: self.store.faults[0].times < 99, "nothing is sent", server=self.s)
        self.s.restart()
        job = self.s.wait_for_job(id)
        self.assertEqual((job["status"], job["message"]), ("ERROR", CANCELLED))

    def test_killed(self):
        id = self.sending()
        self.s.kill()
        self.assertEqual(self.store.objects, {})
        self.s.start()
        self.assertEqual(self.s.wait_for_job(id)["message"], "The job was interrupted: the server stopped before it was finished")


class Local(S3Case):
    """Without leave to connect to this machine."""
    more = []

    def test_refused(self):
        port = self.store.number
        for endpoint in (self.store.url, "http://localhost:%d" % port, "http://127.1:%d" % port, "http://[::1]:%d" % port, "http://0.0.0.0:%d" % port,
                         "http://[::ffff:127.0.0.1]:%d" % port, "http://169.254.169.254"):
            with self.subTest(endpoint):
                self.fails(".*local.*|.*address.*", by_id([1]), s3=dict(self.store.given(), endpoint=endpoint, path_style=True))
        for endpoint in ("ftp://127.0.0.1", "file:///etc/passwd", "http://user:hush@127.0.0.1", "nonsense", "http://", "\u00e9\u00e9", "http://a b/"):
            with self.subTest(endpoint):
                job = self.export(by_id([1]), s3=dict(self.store.given(), endpoint=endpoint))
                self.assertEqual(job["status"], "ERROR", job)
                self.assertNotIn("hush", job["message"])
        self.assertEqual(self.store.log, [])


class Certificates(S3Case):
    @classmethod
    def settings(cls):
        cls.authority, cls.other = Authority("Store"), Authority("Other")
        for a in (cls.authority, cls.other):
            cls.addClassCleanup(a.__exit__)
        return super().settings() + ["modules.export.remote.certificateAuthority=" + cls.authority.path]

    def with_certificate(self, authority, host):
        self.store = self.new_store(pair=authority.files(authority.issue("store", hosts=[host])))

    def test_verified(self):
        self.with_certificate(self.authority, "IP:127.0.0.1")
        self.assertEqual(self.export(by_value())["status"], "COMPLETE")

    def test_wrong(self):
        for authority, host in ((self.other, "IP:127.0.0.1"), (self.authority, "store.example.com")):
            with self.subTest(host):
                self.with_certificate(authority, host)
                self.fails(".*certificate.*", by_value())


class Secrets(S3Case):
    """Credentials are in the request, and nowhere else."""
    ACCESS, SECRET, TOKEN = "AKIDPLUGHXYZZY", "plugh/Secret+Xyzzy0123", "plugh/Session+Xyzzy4567=="

    @classmethod
    def settings(cls):
        return super().settings() + ["logging.level=trace", "logging.auditLog=true", "modules.export.remote.retryTimeout=1s"]

    def new_store(self, **more):
        return super().new_store(access=self.ACCESS, secret=self.SECRET, token=self.TOKEN, **more)

    def each_export(self):
        """Exports of every outcome."""
        self.many()
        yield self.export(by_value())
        yield self.export(product(TIMES))
        yield self.export(by_value(table="nope"))
        for more in ({"bucket": "cats"}, {"region": "us-east-1"}, {"aws_access_key_id": self.ACCESS + "2"}, {"aws_secret_access_key": self.SECRET + "2"},
                     {"aws_session_token": self.TOKEN + "2"}, {"endpoint": "http://127.0.0.1:1"}, {"endpoint": "nonsense"}, {"key": 5}, {"bucket": None}):
            yield self.export(by_value(), s3=dict(self.store.given(), **more))
        for fault in ("denied", "redirect", "bare", "503", "late error"):
            self.store.fault(fault, times=99)
            yield self.export(by_value())
            self.store.faults.clear()
        status, body = self.begin("x")
        self.assertEqual(status, 400)
        yield body
        status, body = self.begin(by_value(), format={"a": 1})
        yield body

    def secrets(self):
        return [s.encode() for s in (self.SECRET, self.TOKEN, self.SECRET.replace("/", "\\/"), self.TOKEN.replace("/", "\\/"))]

    def in_memory(self, secret):
        """Whether the server's memory has it anywhere."""
        process = "/proc/%d/" % self.s.process.pid
        with open(process + "maps") as maps, open(process + "mem", "rb", buffering=0) as memory:
            for line in maps:
                begin, end, flags = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
                if "w" in flags:
                    memory.seek(int(begin, 16))
                    if secret in memory.read(int(end, 16) - int(begin, 16)):
                        return True
        return False

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    @unittest.skipIf(SANITIZED, "sanitizers map more than can be read")
    def test_memory(self):
        """When a job has ended, its secret key has been erased. A session token may stay in buffers of libcurl, which sends it; it is
        worth nothing without the key."""
        try:
            self.in_memory(b"x")
        except OSError as e:
            self.skipTest("cannot read the server's memory: %s" % e)
        self.store.fault("silent", times=99)
        id = self.started(by_value())
        until(lambda: self.store.faults[0].times < 99, "nothing is sent", server=self.s)
        self.assertTrue(self.in_memory(self.SECRET.encode()), "this test looks in the wrong place")
        self.store.faults.clear()
        self.s.wait_for_job(id)
        self.export(by_value(table="nope"))
        self.export(by_value(), s3=dict(self.store.given(), bucket="cats"))
        until(lambda: not self.in_memory(self.SECRET.encode()), "it is still in memory", seconds=10)

    def test_nowhere(self):
        answers = list(self.each_export())
        self.assertEqual({a.get("status") for a in answers}, {"COMPLETE", "ERROR", None})
        answers.append(self.s.ok({"operation": "search_jobs_by_start_date", "from_date": "2000-01-01", "to_date": "2999-01-01"}))
        answers.append(self.s.ok({"operation": "search_by_value", "database": "system", "table": "hdb_job", "attribute": "id", "value": "*"}))
        answers.append(self.s.ok({"operation": "read_log", "limit": 100000}))
        answers.append(self.s.ok({"operation": "get_configuration"}))
        told = json.dumps(answers).encode()
        self.assertIn(b"export_to_s3", told)
        places = {"answers": told}
        for path in glob.glob(os.path.join(self.s.root, "**"), recursive=True):
            if os.path.isfile(path):
                places[path] = content(path)
        if HAS_PROC:
            for name in ("cmdline", "environ", "comm"):
                places[name] = content("/proc/%d/%s" % (self.s.process.pid, name))
        for place, found in places.items():
            for secret in self.secrets():
                self.assertNotIn(secret, found, place)


if __name__ == "__main__":
    unittest.main()
