# SPDX-License-Identifier: Apache-2.0
"""Records as clients write, search and read them, beyond the recorded cases."""
import concurrent.futures, os, random, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import OwnDatabase, feature


class Data(OwnDatabase):
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

    def test_adjacent_integers_beyond_int64_are_distinct_records(self):
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
            said = (400, {"error": f"Primary key {key} is an integer of more than 64 bits, which cannot be stored exactly: use a string"})
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

    def test_an_object_is_not_a_search_value(self):
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

    def test_expired_records_are_hidden_and_removed(self):
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

    def test_large_results_are_streamed_completely(self):
        self.table()
        rows = [{"id": i, "text": "row %d " % i + "x" * 100} for i in range(20000)]
        for i in range(0, len(rows), 5000):
            self.insert(*rows[i:i + 5000])
        self.assertEqual(self.ok("search_by_value", attribute="id", value="*", get_attributes=["id", "text"]), rows)

    @unittest.skipUnless(feature("LYRE_FORMAT_CSV"), "this build has no CSV")
    def test_csv_streams_too(self):
        self.table()
        self.insert(*[{"id": i, "t": 'a "b", %d' % i} for i in range(5000)])
        status, body = self.s.call({"operation": "search_by_value", "database": self.database(), "table": "t", "attribute": "id", "value": "*",
                                    "get_attributes": ["id", "t"]}, headers={"Accept": "text/csv"})
        lines = body.decode().split("\n")
        self.assertEqual((status, len(lines), lines[0], lines[-1]), (200, 5001, '"id","t"', '4999,"a ""b"", 4999"'))

    def test_all_concurrent_writes_are_stored(self):
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


if __name__ == "__main__":
    unittest.main()
