# SPDX-License-Identifier: Apache-2.0
"""A server as its clients and its operator see it, beyond the recorded cases."""
import base64, concurrent.futures, gzip, http.client, json, os, random, re, resource, shutil, socket, stat, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import HAS_PROC, LYRE, LYRED, MINIMAL, OneServer, Server, feature, until


class Shared(OneServer):
    """Each test uses a database of its own."""

    def database(self):
        return self.id().split(".")[-1]

    def table(self, **more):
        self.s.ok(dict({"operation": "create_table", "database": self.database(), "table": "t", "primary_key": "id"}, **more))

    def run_(self, operation, **more):
        return self.s.call(dict({"operation": operation, "database": self.database(), "table": "t"}, **more))

    def ok(self, operation, **more):
        status, body = self.run_(operation, **more)
        self.assertEqual(status, 200, body)
        return body

    def insert(self, *records):
        return self.ok("insert", records=list(records))

    def find(self, conditions, **more):
        return self.ok("search_by_conditions", conditions=conditions, **more)


class Data(Shared):
    def test_generated_keys_are_returned(self):
        self.table()
        keys = self.insert({"a": 1}, {"a": 2})["inserted_hashes"]
        self.assertEqual([type(k) for k in keys], [int, int])
        rows = self.ok("search_by_id", ids=keys, get_attributes=["id", "a"])
        self.assertEqual(rows, [{"id": keys[0], "a": 1}, {"id": keys[1], "a": 2}])

    def test_generated_uuids(self):
        self.table(attributes=[{"name": "id", "type": "ID"}, {"name": "a"}])
        (key,) = self.ok("upsert", records=[{"a": 1}])["upserted_hashes"]
        self.assertRegex(key, r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")

    def test_integers_are_exact(self):
        self.table()
        values = [9007199254740993, 9223372036854775807, -9223372036854775808, 9223372036854775808, 18446744073709551614,
                  18446744073709551615]
        self.insert(*[{"id": v, "v": v} for v in values])
        rows = self.ok("search_by_id", ids=values, get_attributes=["id", "v"])
        self.assertEqual(rows, [{"id": v, "v": v} for v in values])
        self.assertEqual(self.find([{"attribute": "v", "value": values[0]}], get_attributes=["id"]), [{"id": values[0]}])
        self.assertEqual(self.find([{"attribute": "v", "value": values[0] - 1}], get_attributes=["id"]), [])
        self.assertEqual(self.find([{"attribute": "v", "value": values[-1]}], get_attributes=["id"]), [{"id": values[-1]}])
        self.assertEqual(self.find([{"attribute": "id", "value": values[-2]}], get_attributes=["v"]), [{"v": values[-2]}])

    def test_neighbours_beyond_int64_are_records_of_their_own(self):
        self.table()
        low, high = 18446744073709551614, 18446744073709551615
        self.assertEqual(self.insert({"id": low, "w": "a"}, {"id": high, "w": "b"})["inserted_hashes"], [low, high])
        self.assertEqual(self.ok("upsert", records=[{"id": high, "w": "c"}])["upserted_hashes"], [high])
        self.assertEqual(self.ok("update", records=[{"id": high - 2, "w": "x"}])["skipped_hashes"], [high - 2])
        self.ok("delete", ids=[high - 2])
        everything = lambda: self.ok("search_by_value", attribute="id", value="*", get_attributes=["id", "w"])
        self.assertEqual(everything(), [{"id": low, "w": "a"}, {"id": high, "w": "c"}])
        self.assertEqual(self.ok("delete", ids=[low])["deleted_hashes"], [low])
        self.assertEqual(everything(), [{"id": high, "w": "c"}])

    def test_an_integer_key_that_cannot_be_kept_exactly_is_refused(self):
        self.table()
        for key in (18446744073709551616, -18446744073709551616, 10 ** 30 + 1):
            said = (400, {"error": f"Primary key {key} is an integer of more than 64 bits, which cannot be kept exactly: use a string"})
            for operation in ("insert", "upsert", "update"):
                self.assertEqual(self.run_(operation, records=[{"id": 1}, {"id": key}]), said)
            self.assertEqual(self.run_("delete", ids=[key]), said)
            self.assertEqual(self.ok("search_by_id", ids=[key], get_attributes=["id"]), [])
            self.assertEqual(self.find([{"attribute": "id", "value": key}]), [])
        self.assertEqual(self.ok("search_by_value", attribute="id", value="*"), [])

    def test_a_double_as_a_key_is_found_by_what_it_is_shown_as(self):
        self.table()
        for key in (9007199254740993.0, 2.0 ** 60, 2.0 ** 63, 1e19, 2.0 ** 64, 1e20, 1e21, -1e20, 1e300):
            (shown,) = self.insert({"id": key})["inserted_hashes"]
            self.assertEqual(self.ok("search_by_id", ids=[shown], get_attributes=["id"]), [{"id": shown}])
            self.assertEqual(self.ok("search_by_id", ids=[key], get_attributes=["id"]), [{"id": shown}])
            self.assertEqual(self.find([{"attribute": "id", "value": shown}], get_attributes=["id"]), [{"id": shown}])
            self.assertEqual(self.ok("delete", ids=[shown])["deleted_hashes"], [shown])

    def test_one_bad_record_fails_the_request_whole(self):
        self.table(attributes=[{"name": "id", "type": "Int"}, {"name": "n", "type": "Int"}])
        status, body = self.run_("insert", records=[{"id": 1, "n": 1}, {"id": 2, "n": "x"}])
        self.assertEqual((status, body), (400, {"error": 'Value "x" in property n must be an integer (from -2147483648 to 2147483647)'}))
        self.assertEqual(self.ok("search_by_value", attribute="id", value="*"), [])

    def test_indexes_follow_updates_and_deletes(self):
        self.table()
        self.insert({"id": 1, "c": "red", "tags": ["a", "b"]}, {"id": 2, "c": "red"})
        self.ok("update", records=[{"id": 1, "c": "blue", "tags": ["b", "c"]}])
        equals = lambda a, v: [r["id"] for r in self.find([{"attribute": a, "value": v}], get_attributes=["id"])]
        self.assertEqual((equals("c", "red"), equals("c", "blue")), ([2], [1]))
        self.assertEqual((equals("tags", "a"), equals("tags", "b"), equals("tags", "c")), ([], [1], [1]))
        self.ok("delete", ids=[1])
        self.assertEqual((equals("c", "blue"), equals("tags", "b")), ([], []))

    def test_an_object_is_nothing_to_search_for(self):
        self.table()
        self.insert({"id": 1, "owner": {"name": "Ann"}})
        text = {"error": 'Unable to serialize object as a key: {"name":"Ann"}'}
        for operation, more in (("search_by_value", {"attribute": "owner", "value": {"name": "Ann"}}),
                                ("search_by_conditions", {"conditions": [{"attribute": "owner", "value": {"name": "Ann"}}]})):
            self.assertEqual(self.run_(operation, **more), (400, text))

    def test_long_texts_keep_their_order_and_stay_exact(self):
        self.table()
        long = "x" * 5000
        self.insert({"id": 1, "v": long + "b"}, {"id": 2, "v": long + "a"}, {"id": 3, "v": long})
        self.assertEqual([r["id"] for r in self.find([{"attribute": "v", "value": long + "a"}], get_attributes=["id"])], [2])
        rows = self.find([{"attribute": "id", "comparator": "greater_than", "value": 0}], sort={"attribute": "v"}, get_attributes=["id"])
        self.assertEqual([r["id"] for r in rows], [3, 2, 1])

    def test_a_dropped_attribute_does_not_come_back(self):
        self.table()
        self.insert(*[{"id": i, "a": i, "b": i} for i in range(2000)])
        self.assertEqual(self.ok("drop_attribute", attribute="a"), {"message": "successfully deleted attribute 'a'"})
        self.assertNotIn("a", self.ok("search_by_id", ids=[5], get_attributes=["*"])[0])
        self.insert({"id": 5000, "a": "new"})
        self.assertIsNone(self.ok("search_by_id", ids=[5], get_attributes=["*"])[0]["a"])
        self.assertEqual(self.find([{"attribute": "a", "comparator": "greater_than", "value": 0}], get_attributes=["id"]), [{"id": 5000}])

    def test_key_and_time_attributes_cannot_be_dropped(self):
        self.table()
        self.assertEqual(self.run_("drop_attribute", attribute="id"), (400, {"error": "You cannot drop a hash attribute"}))
        status, body = self.run_("drop_attribute", attribute="__updatedtime__")
        self.assertEqual((status, body), (400, {"error": "cannot drop internal timestamp attribute: __updatedtime__"}))

    def test_expired_records_are_never_seen_and_go(self):
        self.table(expiration=1)
        self.insert(*[{"id": i, "v": 1} for i in range(1200)])
        self.assertEqual(self.ok("describe_table")["record_count"], 1200)
        time.sleep(1.1)
        self.assertEqual(self.ok("search_by_id", ids=[1], get_attributes=["id"]), [])
        self.assertEqual(self.find([{"attribute": "v", "value": 1}]), [])
        self.assertEqual(self.ok("describe_table")["record_count"], 0)
        self.assertEqual(self.insert({"id": 1, "v": 2})["inserted_hashes"], [1])

    def test_random_searches_agree_with_a_plain_evaluation(self):
        rnd = random.Random(7)
        self.table()
        rows = [{"id": i, "n": rnd.choice([None, rnd.randrange(20), rnd.random() * 20]), "s": rnd.choice(["", "a", "ab", "b%d" % i]),
                 "b": rnd.random() < 0.5} for i in range(500)]
        for r in rows:
            if rnd.random() < 0.1:
                del r["n"]
        self.insert(*rows)
        number = lambda v: isinstance(v, (int, float)) and not isinstance(v, bool)
        tests = {
            "equals": lambda a, b: a == b,
            "greater_than": lambda a, b: number(a) and a > b,
            "greater_than_equal": lambda a, b: number(a) and a >= b,
            "less_than": lambda a, b: number(a) and a < b,
            "less_than_equal": lambda a, b: number(a) and a <= b,
        }
        for _ in range(60):
            conditions, wanted = [], set(range(500))
            for _ in range(rnd.randrange(1, 4)):
                if rnd.random() < 0.6:
                    op, value = rnd.choice(list(tests)), rnd.randrange(20)
                    conditions.append({"attribute": "n", "comparator": op, "value": value})
                    wanted &= {r["id"] for r in rows if r.get("n") is not None and tests[op](r["n"], value)}
                else:
                    value = rnd.choice(["a", "b1", ""])
                    conditions.append({"attribute": "s", "comparator": "starts_with", "value": value})
                    wanted &= {r["id"] for r in rows if r["s"].startswith(value)}
            got = self.find(conditions, get_attributes=["id"])
            self.assertEqual(sorted(r["id"] for r in got), sorted(wanted), conditions)

    def test_large_results_stream_whole(self):
        self.table()
        rows = [{"id": i, "text": "row %d " % i + "x" * 100} for i in range(20000)]
        for i in range(0, len(rows), 5000):
            self.insert(*rows[i:i + 5000])
        self.assertEqual(self.ok("search_by_value", attribute="id", value="*", get_attributes=["id", "text"]), rows)

    @unittest.skipIf(MINIMAL, "the minimal build has no CSV")
    def test_csv_streams_too(self):
        self.table()
        self.insert(*[{"id": i, "t": 'a "b", %d' % i} for i in range(5000)])
        status, body = self.s.call({"operation": "search_by_value", "database": self.database(), "table": "t", "attribute": "id", "value": "*",
                                    "get_attributes": ["id", "t"]}, headers={"Accept": "text/csv"})
        lines = body.decode().split("\n")
        self.assertEqual((status, len(lines), lines[0], lines[-1]), (200, 5001, '"id","t"', '4999,"a ""b"", 4999"'))

    def test_concurrent_writers_all_land(self):
        self.table()

        def write(worker):
            for i in range(40):
                body = self.insert({"id": worker * 1000 + i, "w": worker})
                self.assertEqual(body["inserted_hashes"], [worker * 1000 + i])

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(write, range(16)))
        self.assertEqual(self.ok("describe_table")["record_count"], 640)
        for w in range(16):
            self.assertEqual(len(self.find([{"attribute": "w", "value": w}])), 40)


class Hostile(Shared):
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
            self.assertIn("must not hold NUL characters", body["error"])
        self.assertEqual(self.find([{"attribute": "n", "value": 1}], get_attributes=["n"]), [{"n": 1}])
        self.assertEqual(self.find([{"attribute": "n", "value": "a\0b"}]), [])

    def test_errors_of_broken_bytes_are_json(self):
        headers = {"Content-Type": "application/json", "Authorization": self.s.authorization()}
        for body in (b'{"a":\x97}', b'{"a":tru\xe3}', b'{"\\u00e9\\u00e9\xc3\xa9\xc3\xa9" x'):
            status, _, answer = self.s.request(body=body, headers=headers)
            self.assertEqual(status, 400)
            self.assertIn("error", json.loads(answer.decode("utf-8")))

    def test_a_file_that_is_no_backup_is_the_clients_mistake(self):
        status, body = self.s.call({"operation": "restore_backup", "database": "none", "path": "/etc/passwd"})
        self.assertEqual((status, body), (400, {"error": "cannot restore '/etc/passwd': the file is no LMDB file"}))

    def test_long_lists_take_no_square_of_time(self):
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


class Names(Shared):
    def test_names_that_trouble_file_systems(self):
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


class Browser(Shared):
    def test_front_page(self):
        status, headers, body = self.s.request("GET", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"operations API", body)
        self.assertEqual(self.s.request("GET")[::2], (404, b"Not found\n"))


class Schema(Shared):
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
        """Digits may be a text, as clients send what their numbers cannot hold; other texts are no integers."""
        self.table(attributes=[{"name": "id", "type": "BigInt"}])
        for key in (5, -5, 2 ** 64 - 1, "88", "-12345678901234567890123"):
            self.assertEqual(self.ok("insert", records=[{"id": key}])["inserted_hashes"], [key])
        for key in ("abc", "8.5", "", "5 ", 1.5):
            status, body = self.run_("insert", records=[{"id": key}])
            self.assertEqual((status, body["error"]), (400, "Value %s in property id must be an integer" % json.dumps(key)))

    def test_numbers_as_names_of_databases(self):
        """Operations on records take a number for a name, as of tables."""
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


class Backup(Shared):
    def fetch(self, encoding="identity", **more):
        body = json.dumps(dict({"operation": "get_backup", "database": self.database()}, **more)).encode()
        headers = {"Content-Type": "application/json", "Authorization": self.s.authorization(), "Accept-Encoding": encoding}
        return self.s.request(body=body, headers=headers)

    @unittest.skipUnless(feature("HAVE_ZLIB"), "this build has no zlib")
    def test_compressed(self):
        self.table()
        for i in range(20):
            self.insert(*[{"id": 500 * i + j, "text": "%x" % random.getrandbits(2000) if j % 2 else "x" * 600} for j in range(500)])
        plain = self.fetch()[2]
        self.assertGreater(len(plain), 3 << 20)
        for accepted in ("gzip", "gzip, deflate, br", "br;q=1.0, x-gzip;q=0.5", "*", "identity;q=0.5, GZIP ; q=0.6", "deflate, *;q=0.1", "gzip;q=1"):
            status, headers, body = self.fetch(accepted)
            self.assertEqual((status, headers["content-encoding"], headers["content-type"]), (200, "gzip", "application/octet-stream"), accepted)
            self.assertEqual(headers["content-length"], None)
            self.assertIn("filename", headers["content-disposition"])
            self.assertLess(len(body), len(plain) * 3 // 4)
            # The copies differ in what pages have left over, but not in what they hold.
            self.assertEqual(len(gzip.decompress(body)), len(plain))
        with tempfile.NamedTemporaryFile() as f:
            f.write(gzip.decompress(body))
            f.flush()
            self.s.ok({"operation": "restore_backup", "database": self.database() + "_copy", "path": f.name})
        copy = self.s.ok({"operation": "describe_table", "database": self.database() + "_copy", "table": "t", "exact_count": True})
        self.assertEqual(copy["record_count"], 10000)
        for refused in ("", "identity", "br", "gzip;q=0", "*, gzip;q=0.0", "gzip;q=0.3, identity;q=0.4", "gzipped", "deflate", "gzip;q=x"):
            status, headers, body = self.fetch(refused)
            self.assertEqual((status, headers["content-encoding"], len(body)), (200, None, len(plain)), refused)
        self.assertEqual(self.fetch("gzip", database="none")[1]["content-encoding"], None)

    @unittest.skipUnless(feature("HAVE_ZLIB") and HAS_PROC, "this build has no zlib, or this system no /proc")
    def test_compressed_by_half(self):
        """Clients that go while it is sent leave nothing behind."""
        self.table()
        self.insert(*[{"id": i, "text": "%x" % random.getrandbits(8000)} for i in range(2000)])
        fds = lambda: len(os.listdir("/proc/%d/fd" % self.s.process.pid))
        before = fds()
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", self.s.port)) as c:
                body = json.dumps({"operation": "get_backup", "database": self.database()})
                c.sendall(("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\nAccept-Encoding: gzip\r\n"
                           "Content-Length: %d\r\n\r\n%s" % (self.s.authorization(), len(body), body)).encode())
                self.assertIn(b"200 OK", c.recv(1000))
        until(lambda: fds() <= before, lambda: "%d files were open, and %d are" % (before, fds()))

    def test_backup_under_writes_is_consistent_and_restores_elsewhere(self):
        self.table()
        self.insert(*[{"id": i, "pair": i, "text": "t%d" % i} for i in range(3000)])
        stop = threading.Event()

        def write():
            n = 10000
            while not stop.is_set():
                self.insert({"id": n, "pair": n, "text": "new"}, {"id": n + 1, "pair": n, "text": "new"})
                n += 2

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.2)
        status, headers, body = self.fetch()
        stop.set()
        writer.join()
        self.assertEqual((status, headers["content-type"]), (200, "application/octet-stream"))
        folder = tempfile.mkdtemp(prefix="lyre-backup-")
        try:
            path = os.path.join(folder, "copy.mdb")
            with open(path, "wb") as f:
                f.write(body)
            if shutil.which("mdb_stat"):
                out = subprocess.run(["mdb_stat", "-n", "-a", path], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
                self.assertIn("Entries", out)
            with Server() as other:
                other.ok({"operation": "restore_backup", "database": "back", "path": path})
                rows = other.ok({"operation": "search_by_value", "database": "back", "table": "t", "attribute": "id", "value": "*"})
                self.assertGreaterEqual(len(rows), 3000)
                # a request's two records are there both or not at all
                new = [r for r in rows if r["id"] >= 10000]
                self.assertEqual(len(new) % 2, 0)
                self.assertEqual(other.ok({"operation": "describe_table", "database": "back", "table": "t"})["record_count"], len(rows))
                for r in random.Random(1).sample(rows, 50):
                    found = other.ok({"operation": "search_by_value", "database": "back", "table": "t", "attribute": "pair", "value": r["pair"]})
                    self.assertIn(r, found)
                self.assertEqual(other.call({"operation": "restore_backup", "database": "back", "path": path}),
                                 (400, {"error": "database 'back' already exists"}))
                for damage in (body[:len(body) // 2], b"", b"x" * 100000, body[:40] + b"\0" * 4096 + body[4136:]):
                    with open(path, "wb") as f:
                        f.write(damage)
                    status, answer = other.call({"operation": "restore_backup", "database": "bad", "path": path})
                    self.assertNotEqual(status, 200)
                    self.assertIn("error", answer)
                self.assertNotIn("bad", other.ok({"operation": "describe_all"}))
        finally:
            shutil.rmtree(folder)

    def test_what_is_not_restored(self):
        """A database's own file, which may change while it is read; and what users sign in with, under another name."""
        self.table()
        storage = os.path.join(self.s.root, "database")
        status, body = self.s.call({"operation": "restore_backup", "database": "x", "path": os.path.join(storage, self.database() + ".mdb")})
        self.assertEqual((status, "in use" in body["error"]), (400, True), body)
        with tempfile.TemporaryDirectory(prefix="lyre-backup-") as folder:
            path = os.path.join(folder, "system.mdb")
            for more in ({}, {"table": "hdb_user"}):
                status, _, body = self.fetch(database="system", **more)
                self.assertEqual(status, 200, body)
                with open(path, "wb") as f:
                    f.write(body)
                for name in ("x", "system"):
                    status, body = self.s.call({"operation": "restore_backup", "database": name, "path": path})
                    self.assertIn(status, (400, 403), body)
        self.assertNotIn("x", self.s.ok({"operation": "describe_all"}))

    def test_what_is_no_file_is_not_restored(self):
        for path in ("/dev/tty", "/dev/null", "/dev/zero", "/dev/ptmx", "/", "/proc/self/status", "/proc/self/mem", "/proc/kmsg"):
            status, body = self.s.call({"operation": "restore_backup", "database": "x", "path": path})
            self.assertEqual(status, 400, (path, body))
            self.assertRegex(body["error"], "^'%s' is (a device|a folder|not a file on a disk)" % path)

    def test_a_backup_copied_into_the_folder_is_the_database(self):
        self.table()
        self.insert({"id": 1, "a": "x"})
        body = self.fetch()[2]
        root = tempfile.mkdtemp(prefix="lyre-copy-")
        try:
            os.makedirs(os.path.join(root, "database"))
            with open(os.path.join(root, "database", "Copied.mdb"), "wb") as f:
                f.write(body)
            with Server(root=root) as other:
                self.assertEqual(other.ok({"operation": "search_by_value", "database": "Copied", "table": "t", "attribute": "a", "value": "x",
                                           "get_attributes": ["id"]}), [{"id": 1}])
                other.ok({"operation": "insert", "database": "Copied", "table": "t", "records": [{"id": 2}]})
        finally:
            shutil.rmtree(root)

    def test_tables_of_a_database(self):
        self.table()
        self.s.ok({"operation": "create_table", "database": self.database(), "table": "u", "primary_key": "id"})
        self.insert({"id": 1})
        status, _, body = self.fetch(table="t")
        self.assertEqual(status, 200)
        with tempfile.NamedTemporaryFile(suffix=".mdb") as f:
            f.write(body)
            f.flush()
            self.s.ok({"operation": "restore_backup", "database": "one_table", "path": f.name})
        self.assertEqual(list(self.s.ok({"operation": "describe_database", "database": "one_table"})), ["t"])
        self.assertEqual(self.fetch(tables=["t", "nope"])[0], 404)


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
            # The first start may have ended at once, for a port in use: later ones say it, too.
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

    def test_a_request_under_way_is_answered_before_the_end(self):
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
            p = subprocess.run([LYRED, "-r", root, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=60)
            self.assertEqual(p.returncode, 1, p.stdout)
            self.assertNotIn("cannot cannot", p.stdout)
            return [line for line in p.stdout.splitlines() if "notify" not in line]
        with Server() as s, tempfile.TemporaryDirectory() as root:
            port = "operationsApi.network.port=%d" % s.port
            for streams in ("true", "false"):
                said = refused(root, port, "operationsApi.network.host=127.0.0.1", "logging.stdStreams=" + streams)
                self.assertEqual(len(said), 1, said)
                self.assertRegex(said[0], r"cannot listen on '127\.0\.0\.1, port %d': Address already in use" % s.port)
            self.assertRegex(refused("/dev/null/x", port)[0], r"cannot make the folder '/dev/null/x': Not a directory")

    def test_environment_overrides(self):
        with Server(env={"LYRE_LOGGING_LEVEL": "debug", "LYRE_OPERATIONSAPI_NETWORK_CORS": "false"}) as s:
            status, headers, _ = s.request("GET", "/health", headers={"Origin": "http://x.example"})
            self.assertEqual((status, headers.get("access-control-allow-origin")), (200, None))


class AtWork(Shared):
    """What an operator does with a database that is in use."""

    def on(self, operation, s=None, **more):
        return (s or self.s).call(dict({"operation": operation, "database": self.database()}, **more))

    def file(self, s=None):
        return os.path.join((s or self.s).root, "database", self.database() + ".mdb")

    def fill(self, s, first, count):
        rows = [{"id": i, "group": i % 10, "name": "name %06d" % i, "text": "x" * 300} for i in range(first, first + count)]
        for i in range(0, count, 2000):
            s.ok({"operation": "upsert", "database": self.database(), "table": "t", "records": rows[i:i + 2000]})
        return rows

    def sound(self, s=None):
        status, body = self.on("check_database", s)
        self.assertEqual(status, 200, body)
        return [int(n) for n in re.fullmatch(r"database '\w+' is sound: (\d+) tables, (\d+) records, (\d+) index entries", body["message"]).groups()]

    def rows(self, s=None, **condition):
        return (s or self.s).ok({"operation": "search_by_conditions", "database": self.database(), "table": "t", "get_attributes": ["*"],
                                 "conditions": [condition or {"attribute": "id", "comparator": "ge", "value": 0}]})

    def no_scraps(self, s=None):
        self.assertEqual([n for n in os.listdir(os.path.dirname(self.file(s))) if ".mdb.new" in n], [])

    def test_compacting_under_reads_and_writes(self):
        self.table(audit=False)
        self.fill(self.s, 0, 20000)
        self.ok("delete", ids=list(range(2000, 20000)))
        storage = self.on("describe_storage")[1][0]
        before = os.path.getsize(self.file())
        self.assertEqual((storage["database"], storage["file_size"]), (self.database(), before))
        self.assertEqual(storage["used_size"] + storage["reclaimable_size"], before)
        self.assertGreater(storage["reclaimable_size"], before // 2)
        stop, written, read = threading.Event(), [[] for _ in range(4)], [0] * 4

        def write(worker):
            n = 100000 * (worker + 1)
            while not stop.is_set():
                self.ok("insert", records=[{"id": n, "group": "new", "pair": n // 2}, {"id": n + 1, "group": "new", "pair": n // 2}])
                written[worker] += [n, n + 1]
                n += 2

        def look(worker):
            while not stop.is_set():
                group = self.find([{"attribute": "group", "value": worker}], get_attributes=["id"])
                self.assertEqual([r["id"] for r in group], list(range(worker, 2000, 10)))
                self.assertEqual(self.ok("search_by_id", ids=[worker], get_attributes=["name"]), [{"name": "name %06d" % worker}])
                read[worker] += 1

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            threads = [pool.submit(f, i) for i in range(4) for f in (write, look)]
            try:
                for _ in range(5):
                    time.sleep(0.1)
                    status, body = self.on("compact_database")
                    self.assertEqual(status, 200, body)
                    self.assertRegex(body["message"], r"^compacted '\w+': \d+ to \d+ bytes$")
                    self.sound()
            finally:
                stop.set()
            for t in threads:
                t.result()
        self.assertTrue(all(written) and all(read), (written, read))
        self.assertLess(os.path.getsize(self.file()), before // 2)
        self.no_scraps()
        for again in (False, True):
            if again:
                self.s.restart()
            self.assertEqual([r["id"] for r in self.rows()], list(range(2000)) + sorted(sum(written, [])))
            self.assertEqual(len(self.rows(attribute="group", value="new")), len(sum(written, [])))
            self.assertEqual([r["name"] for r in self.rows(attribute="name", value="name 000007")], ["name 000007"])
            self.assertEqual(self.sound()[:2], [1, 2000 + len(sum(written, []))])

    def test_definitions_go_on_behind_compacting(self):
        self.table(expiration=3600)
        self.insert({"id": 1, "a": 1})
        described = self.ok("describe_table")
        for n in range(3):
            self.assertEqual(self.on("compact_database")[0], 200)
            now = self.ok("describe_table")
            self.assertEqual((now["attributes"], now["record_count"]), (described["attributes"], 1))
            name = "n%d" % n
            self.s.ok({"operation": "create_table", "database": self.database(), "table": name, "primary_key": "id"})
            self.ok("insert", table=name, records=[{"id": 1, name: n}])
            self.assertEqual(self.find([{"attribute": "a", "value": 1}], get_attributes=["id"]), [{"id": 1}])
            self.ok("create_attribute", attribute=name)
            if n:
                self.ok("drop_table", table="n%d" % (n - 1))
            described = self.ok("describe_table")
        self.assertEqual(self.sound()[0], 2)
        self.assertEqual(self.ok("search_by_value", table="n2", attribute="n2", value=2, get_attributes=["id"]), [{"id": 1}])

    def test_a_result_that_is_under_way(self):
        self.table()
        rows = self.fill(self.s, 0, 20000)
        body = json.dumps({"operation": "search_by_value", "database": self.database(), "table": "t", "attribute": "id", "value": "*",
                           "get_attributes": ["id", "group", "name", "text"]}).encode()
        c = http.client.HTTPConnection("127.0.0.1", self.s.port, timeout=60)
        c.request("POST", "/", body, {"Content-Type": "application/json", "Authorization": self.s.authorization()})
        r = c.getresponse()
        head = r.read(100000)
        self.ok("delete", ids=[0, 1])
        self.assertEqual(self.on("compact_database")[0], 200)
        self.assertEqual(json.loads(head + r.read()), rows)
        c.close()

    def test_refusals(self):
        for operation in ("compact_database", "check_database", "describe_storage"):
            self.assertEqual(self.on(operation), (404, {"error": "database '%s' does not exist" % self.database()}))
        for operation in ("compact_database", "check_database"):
            status, body = self.s.call({"operation": operation})
            self.assertEqual(status, 400, body)
        self.assertEqual(self.s.call({"operation": "compact_database", "database": "system"})[0], 200)
        self.assertEqual(self.s.call({"operation": "check_database", "database": "system"})[0], 200)

    @unittest.skipIf(MINIMAL, "the minimal build has no client")
    def test_commands_of_the_client(self):
        def run(*words):
            p = subprocess.run([LYRE, "--socket", self.s.socket_path, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            return p.returncode, p.stdout

        name = "@a b"  # no file, no number
        self.s.ok({"operation": "create_database", "database": name})
        status, out = run("compact", name)
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"^compacted '@a b': \d+ to \d+ bytes\n$")
        self.assertEqual(run("check", name), (0, "database '@a b' is sound: 0 tables, 0 records, 0 index entries\n"))
        self.assertEqual(run("check", "none"), (1, "lyre: database 'none' does not exist\n"))
        self.assertEqual(run("compact"), (2, "lyre: usage: lyre compact DATABASE\n"))
        self.s.ok({"operation": "drop_database", "database": name})

    def test_what_fails_leaves_the_database_as_it_was(self):
        self.table()
        rows = self.fill(self.s, 0, 4000)
        resource.prlimit(self.s.process.pid, resource.RLIMIT_FSIZE, (500000, resource.RLIM_INFINITY))
        try:
            status, body = self.on("compact_database")
        finally:
            resource.prlimit(self.s.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertIn(status, (500, 507), body)
        self.no_scraps()
        self.assertEqual(self.sound()[:2], [1, 4000])
        self.insert({"id": 5000})
        self.assertEqual(len(self.rows()), len(rows) + 1)
        self.assertEqual(self.on("compact_database")[0], 200)

    def test_killed_while_compacting(self):
        rnd = random.Random(3)
        with Server() as s:
            s.ok({"operation": "create_table", "database": self.database(), "table": "t", "primary_key": "id", "audit": False})
            rows = self.fill(s, 0, 8000)
            for round_ in range(6):
                self.fill(s, 10000, 6000)
                s.ok({"operation": "delete", "database": self.database(), "table": "t", "ids": list(range(10000, 16000))})

                def compact():
                    try:
                        return self.on("compact_database", s)[0]
                    except Exception:
                        return None

                thread = threading.Thread(target=compact)
                thread.start()
                time.sleep(rnd.random() * 0.08)
                s.kill()
                thread.join()
                s.output.close()
                s.start()
                self.no_scraps(s)
                self.assertEqual([(r["id"], r["name"]) for r in self.rows(s)], [(r["id"], r["name"]) for r in rows])
                self.assertEqual(self.sound(s)[:2], [1, 8000])

    def test_checking_finds_damage(self):
        with Server(settings=["storage.checkAtStart=0"]) as s:  # else the start finds it
            s.ok({"operation": "create_table", "database": self.database(), "table": "t", "primary_key": "id", "audit": False})
            self.fill(s, 0, 500)
            self.assertEqual(self.on("compact_database", s)[0], 200)  # so that nothing is left of earlier pages
            self.sound(s)
            s.end()
            with open(self.file(s), "rb") as f:
                whole = f.read()
            places = [m.start() for m in re.finditer(b"name 000123", whole)]
            self.assertEqual(len(places), 2)  # in the record, and in the index
            said = set()
            page = places[0] - places[0] % 4096  # the number that it says it has
            for place in [p + 7 for p in places] + [page]:
                with open(self.file(s), "r+b") as f:
                    f.seek(place)
                    f.write(bytes([whole[place] ^ 1]))
                s.start()
                try:
                    status, body = self.on("check_database", s)
                    self.assertEqual(status, 500, body)
                    self.assertRegex(body["error"], r"^database '\w+' is not sound: the file is damaged: %s" % (
                        "page %d: has the number of another page$" % (page // 4096) if place == page else
                        "(the index of 'name' in table 't' |page [0-9]+: )"))
                    said.add(re.sub("page [0-9]+", "page", body["error"]))
                    self.assertIn(body["error"], s.said())
                    self.assertEqual(len(self.rows(s, attribute="id", value=1)), 1)
                finally:
                    s.end()
                with open(self.file(s), "wb") as f:
                    f.write(whole)
            self.assertEqual(len(said), 3, said)
            s.start()
            self.sound(s)


if __name__ == "__main__":
    unittest.main()
