# SPDX-License-Identifier: Apache-2.0
"""The server as its clients and its operator see it, beyond the recorded cases."""
import base64, concurrent.futures, json, os, stat, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRED, OwnDatabase, Server


class Hostile(OwnDatabase):
    def test_texts_are_not_cut_at_a_nul(self):
        self.table()
        self.insert({"id": 1, "n": 1})
        for operation, more in (
            ("drop_attribute", {"attribute": "n\0x"}),
            ("search_by_value", {"attribute": "n\0x", "value": "*"}),
            ("search_by_conditions", {"table": "t\0x", "conditions": [{"attribute": "n", "value": 1}]}),
            ("get_backup", {"tables": ["t\0x"]}),
            ("restore_backup", {"path": "/etc/passwd\0x"}),
        ):
            status, body = self.run_(operation, **more)
            self.assertEqual(status, 400, operation)
            self.assertIn("must not contain NUL characters", body["error"])
        self.assertEqual(self.find([{"attribute": "n", "value": 1}], get_attributes=["n"]), [{"n": 1}])
        self.assertEqual(self.find([{"attribute": "n", "value": "a\0b"}]), [])

    def test_errors_about_invalid_bytes_are_json(self):
        headers = {"Content-Type": "application/json", "Authorization": self.s.authorization()}
        for body in (b'{"a":\x97}', b'{"a":tru\xe3}', b'{"\\u00e9\\u00e9\xc3\xa9\xc3\xa9" x'):
            status, _, answer = self.s.request(body=body, headers=headers)
            self.assertEqual(status, 400)
            self.assertIn("error", json.loads(answer.decode("utf-8")))

    def test_a_file_that_is_not_a_backup_is_the_clients_mistake(self):
        status, body = self.s.call({"operation": "restore_backup", "database": "none", "path": "/etc/passwd"})
        self.assertEqual((status, body), (400, {"error": "cannot restore '/etc/passwd': the file is not an LMDB file"}))

    def test_long_lists_take_linear_time(self):
        def quick(operation, **more):
            start = time.monotonic()
            status, body = self.run_(operation, **more)
            self.assertLess(time.monotonic() - start, 20)
            return status, body

        attributes = [{"name": "a%d" % i} for i in range(60000)]
        self.assertEqual(quick("create_table", table="wide", primary_key="id", attributes=attributes)[0], 200)
        self.assertEqual(quick("create_table", table="twice", primary_key="id", attributes=attributes + [{"name": "a7"}]),
                         (400, {"error": "Attribute 'a7' is listed twice"}))
        self.assertEqual(quick("create_table", table="wider", primary_key="id", attributes=attributes * 2)[0], 400)
        self.table()
        self.insert({"id": 1, "a": list(range(100000))}, {"id": 2, "a": [7]})
        for reverse in (False, True):
            status, rows = quick("search_by_conditions", conditions=[{"attribute": "a", "comparator": "ge", "value": 5}], get_attributes=["id"],
                                 reverse=reverse)
            self.assertEqual((status, sorted(r["id"] for r in rows)), (200, [1, 2]))


class Names(OwnDatabase):
    def test_names_that_are_difficult_for_file_systems(self):
        names = ["..", ".", "DEV", "dev", "a b", "CON", "%41", "~", "x" * 250, "x" * 249 + "Y", "X" * 250, "a.mdb", "-lock"]
        for n in names:
            self.assertEqual(self.s.ok({"operation": "create_database", "database": n})["message"], "database '%s' successfully created" % n)
            self.s.ok({"operation": "create_table", "database": n, "table": n, "primary_key": "id"})
            self.s.ok({"operation": "insert", "database": n, "table": n, "records": [{"id": n}]})
        self.s.restart()
        described = self.s.ok({"operation": "describe_all"})
        for n in names:
            self.assertEqual(described[n][n]["record_count"], 1, n)
            self.assertEqual(self.s.ok({"operation": "search_by_id", "database": n, "table": n, "ids": [n], "get_attributes": ["id"]}), [{"id": n}])
            self.s.ok({"operation": "drop_database", "database": n})
        self.assertEqual(self.s.ok({"operation": "describe_all"}), {})


class Browser(OwnDatabase):
    def test_front_page(self):
        status, headers, body = self.s.request("GET", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"operations API", body)
        self.assertEqual(self.s.request("GET")[::2], (404, b"Not found\n"))


class Schema(OwnDatabase):
    def test_describe_as_documented(self):
        names = set()
        for database, table in (("a.b", "c"), ("a", "b.c"), ("a", "b"), ("b", "a")):
            self.s.ok({"operation": "create_table", "database": database, "table": table, "primary_key": "id"})
            described = self.s.ok({"operation": "describe_table", "database": database, "table": table})
            self.assertEqual(list(described["attributes"][0].items()), [("attribute", "id"), ("indexed", True), ("is_primary_key", True)])
            self.assertRegex(described["clustering_stream_name"], "^[0-9a-f]{32}$")
            names.add(described["clustering_stream_name"])
        self.assertEqual(len(names), 4)
        for database in ("a.b", "a", "b"):
            self.s.ok({"operation": "drop_database", "database": database})

    def test_attribute_without_index(self):
        self.table()
        self.ok("create_attribute", attribute="plain", indexed=False)
        self.ok("create_attribute", attribute="fast")
        self.insert({"id": 1, "plain": "a", "fast": "a"}, {"id": 2, "plain": "b", "fast": "b"})
        indexed = {a["attribute"]: a.get("indexed", False) for a in self.ok("describe_table")["attributes"]}
        self.assertEqual((indexed["plain"], indexed["fast"]), (False, True))
        self.assertEqual([r["id"] for r in self.find([{"attribute": "plain", "value": "b"}], get_attributes=["id"])], [2])
        self.assertEqual(self.run_("create_attribute", attribute="x", indexed="no"), (400, {"error": "'indexed' must be a boolean"}))

    def test_big_integers_as_keys(self):
        """A string of digits is accepted, as clients send what their numbers cannot represent; other strings are not integers."""
        self.table(attributes=[{"name": "id", "type": "BigInt"}])
        for key in (5, -5, 2 ** 64 - 1, "88", "-12345678901234567890123"):
            self.assertEqual(self.ok("insert", records=[{"id": key}])["inserted_hashes"], [key])
        for key in ("abc", "8.5", "", "5 ", 1.5):
            status, body = self.run_("insert", records=[{"id": key}])
            self.assertEqual((status, body["error"]), (400, "Value %s in property id must be an integer" % json.dumps(key)))

    def test_numbers_as_names_of_databases(self):
        """Operations on records accept a number as a name of a database, as for tables."""
        self.s.ok({"operation": "create_table", "database": "5", "table": "6", "primary_key": "id"})
        for operation, more in (("insert", {"records": [{"id": 1}]}), ("update", {"records": [{"id": 1}]}), ("upsert", {"records": [{"id": 1}]}),
                                ("search_by_id", {"ids": [1], "get_attributes": ["id"]}), ("search_by_value", {"attribute": "id", "value": 1}),
                                ("search_by_conditions", {"conditions": [{"attribute": "id", "value": 1}]}), ("delete", {"ids": [1]})):
            self.s.ok(dict(more, operation=operation, database=5, table=6))
        self.s.ok({"operation": "drop_database", "database": "5"})

    def test_describe_after_restart_is_the_same(self):
        self.table(attributes=[{"name": "id", "type": "Int"}, {"name": "z", "type": "String", "indexed": True}, {"name": "a", "type": "Date"}], expiration=3600)
        self.insert({"id": 1, "z": "x", "a": "2024-01-02"})
        before = self.ok("describe_table")
        self.assertEqual(before["expiration"], "3600s")
        self.s.restart()
        self.assertEqual(self.ok("describe_table"), before)

    def test_bad_attributes_are_refused(self):
        for attributes, text in (
            ([{"name": "id"}, {"name": "a", "type": "Bogus"}], "Bogus"),
            ([{"name": "id"}, {"name": "a"}, {"name": "a"}], "'a'"),
            ([{"type": "String"}], "name"),
            ("id", "'attributes' must be an array"),
            ([5], "'attributes[0]' must be of type object"),
        ):
            status, body = self.run_("create_table", primary_key="id", attributes=attributes)
            self.assertEqual(status, 400, body)
            self.assertIn(text, body["error"])

    def test_replicated_is_checked(self):
        self.table()
        self.assertEqual(self.run_("drop_table", replicated="yes"), (400, {"error": "'replicated' must be a boolean"}))
        self.assertEqual(self.run_("drop_table", replicated=True)[0], 200)


class Operator(unittest.TestCase):
    def test_everything_answered_survives_kill(self):
        s = Server()
        try:
            s.ok({"operation": "create_table", "database": "k", "table": "t", "primary_key": "id"})
            answered, stop = [], threading.Event()

            def write(worker):
                i = 0
                while not stop.is_set():
                    key = worker * 1000000 + i
                    try:
                        s.ok({"operation": "insert", "database": "k", "table": "t", "records": [{"id": key, "v": key}]})
                    except Exception:
                        return
                    answered.append(key)
                    i += 1

            threads = [threading.Thread(target=write, args=(w,)) for w in range(8)]
            for t in threads:
                t.start()
            time.sleep(1)
            s.kill()
            stop.set()
            for t in threads:
                t.join()
            s.start()
            self.assertTrue(answered)
            for i in range(0, len(answered), 500):
                ids = answered[i:i + 500]
                rows = s.ok({"operation": "search_by_id", "database": "k", "table": "t", "ids": ids, "get_attributes": ["id", "v"]})
                self.assertEqual(rows, [{"id": k, "v": k} for k in ids])
        finally:
            s.stop()

    def test_first_password_is_written_where_only_the_owner_reads(self):
        s = Server(start=False)
        try:
            s.admin = ("", "")
            s.start()
            text = s.said()
            path = os.path.join(s.root, "admin-password")
            self.assertIn(path, text)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            with open(path) as f:
                written = f.read()
            password = written.strip().split()[-1]
            self.assertNotIn(password, text)
            # The first start may have ended immediately because of a port in use: later starts report it too.
            s.end()
            s.output.close()
            s.start()
            self.assertIn(path, s.said()[len(text):])
            self.assertNotIn(password, s.said())
            s.admin = ("admin", password)
            self.assertEqual(s.ok({"operation": "describe_all"}), {})
        finally:
            s.stop()

    def test_two_servers_on_one_root(self):
        with Server() as s:
            p = subprocess.run([LYRED, "-r", s.root, "--set", "operationsApi.network.port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               universal_newlines=True, timeout=30)
            self.assertNotEqual(p.returncode, 0)
            self.assertIn(str(s.process.pid), p.stdout)

    def test_the_socket_needs_no_password(self):
        with Server() as s:
            self.assertEqual(s.call({"operation": "describe_all"}, unix=True), (200, {}))
            h = {"Authorization": s.authorization("admin", "wrong")}
            self.assertEqual(s.call({"operation": "describe_all"}, unix=True, headers=h)[0], 401)
        self.assertFalse(os.path.exists(s.socket_path))

    def test_passwords_stay_out_of_log_and_answers(self):
        secret = "S3cret-of-the-test"
        with Server(settings=["logging.level=trace"]) as s:
            for unix in (False, True):
                status, _ = s.call({"operation": "describe_all", "username": "admin", "password": secret}, headers={"Authorization": "Basic"})
                self.assertEqual(status, 401)
            s.call({"operation": "describe_all"}, headers={"Authorization": s.authorization("admin", secret)})
            s.call({"operation": "describe_all"}, headers={"Authorization": "Basic " + base64.b64encode(("x:" + secret).encode()).decode()})
            texts = [s.said()]
            for path, _, names in os.walk(os.path.join(s.root, "log")):
                for n in names:
                    with open(os.path.join(path, n), errors="replace") as f:
                        texts.append(f.read())
            self.assertFalse([t for t in texts if secret in t or s.admin[1] in t])

    def test_a_request_in_progress_is_answered_before_the_end(self):
        with Server() as s:
            s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                records = [{"id": i, "v": "x" * 50} for i in range(60000)]
                answer = pool.submit(s.call, {"operation": "insert", "database": "d", "table": "t", "records": records})
                time.sleep(0.5)
                s.end()
                try:
                    status = answer.result()[0]
                except Exception:
                    status = None
            s.start()
            count = s.ok({"operation": "describe_table", "database": "d", "table": "t"})["record_count"]
            self.assertIn((status, count), ((200, 60000), (503, 0), (None, 0)))

    def test_configuration_faults_name_file_line_and_nearest_key(self):
        s = Server(config="operationsApi:\n  network:\n    prot: 1\n", start=False)
        try:
            p = subprocess.run([LYRED, "-r", s.root, "-c", s.config, "--check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertNotEqual(p.returncode, 0)
            self.assertRegex(p.stdout, r"lyre\.yaml:3:5: unknown setting 'operationsApi\.network\.prot'.*operationsApi\.network\.port")
        finally:
            s.stop()

    def test_a_refused_start_says_why_once(self):
        def refused(root, *settings):
            words = [w for x in settings for w in ("--set", x)]
            p = subprocess.run([LYRED, "-c", "/dev/null", "-r", root, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               universal_newlines=True, timeout=60)
            self.assertEqual(p.returncode, 1, p.stdout)
            self.assertNotIn("cannot cannot", p.stdout)
            return [line for line in p.stdout.splitlines() if "notify" not in line]
        with Server() as s, tempfile.TemporaryDirectory() as root:
            port = "operationsApi.network.port=%d" % s.port
            for streams in ("true", "false"):
                said = refused(root, port, "operationsApi.network.host=127.0.0.1", "logging.stdStreams=" + streams)
                self.assertEqual(len(said), 1, said)
                self.assertRegex(said[0], r"cannot listen on '127\.0\.0\.1, port %d': Address (already )?in use" % s.port)
            self.assertRegex(refused("/dev/null/x", port)[0], r"cannot create the folder '/dev/null/x': Not a directory")

    def test_stacks_of_threads_have_the_size_of_the_setting(self):
        size = 40 << 20
        with Server(settings=["threads.stackSize=%d" % size]) as s:
            with open("/proc/%d/maps" % s.process.pid) as f:
                ranges = [line.split()[0].split("-") for line in f]
            large = sum((int(end, 16) - int(begin, 16)) // size for begin, end in ranges)
        self.assertGreaterEqual(large, 4) # the listener, a serving thread, the watcher, upkeep

    def test_environment_overrides(self):
        with Server(env={"LYRE_LOGGING_LEVEL": "debug", "LYRE_OPERATIONSAPI_NETWORK_CORS": "false"}) as s:
            status, headers, _ = s.request("GET", "/health", headers={"Origin": "http://x.example"})
            self.assertEqual((status, headers.get("access-control-allow-origin")), (200, None))


if __name__ == "__main__":
    unittest.main()
