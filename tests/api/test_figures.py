# SPDX-License-Identifier: Apache-2.0
"""Descriptions are never older than the last answer, whoever asks and whatever is cached between two requests."""
import concurrent.futures, os, random, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import OneServer, until


class Figures(OneServer):
    def described(self, random_, database):
        """The same by either operation."""
        if random_.random() < 0.5:
            return self.s.ok({"operation": "describe_database", "database": database})
        return self.s.ok({"operation": "describe_all"})[database]

    def table(self, operation, name, **more):
        return self.s.ok(dict({"operation": operation, "database": "figures", "table": name}, **more))

    def write_and_look(self, number):
        name, other, count, newest, r = "t%d" % number, "other%d" % number, 0, 0, random.Random(number)
        for i in range(60):
            more = r.randint(1, 3)
            self.table("insert", name, records=[{"id": count + j, "x": j} for j in range(more)])
            count += more
            told = self.described(r, "figures")[name]
            self.assertEqual(told["record_count"], count)
            self.assertGreater(told["last_updated_record"], newest)
            self.assertEqual(self.table("describe_table", name)["record_count"], count)
            self.table("update", name, records=[{"id": r.randrange(count), "x": -1}])
            newest = self.described(r, "figures")[name]["last_updated_record"]
            self.assertGreater(newest, told["last_updated_record"])
            if i % 10 == 0:
                self.table("create_attribute", name, attribute="a%d" % i)
                self.assertIn("a%d" % i, [a["attribute"] for a in self.described(r, "figures")[name]["attributes"]])
                self.table("create_table", other, primary_key="id")
                self.assertEqual(self.described(r, "figures")[other]["record_count"], 0)
                self.table("drop_table", other)
                self.assertNotIn(other, self.described(r, "figures"))

    def test_each_writer_sees_its_own_writes(self):
        for i in range(4):
            self.table("create_table", "t%d" % i, primary_key="id")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.write_and_look, range(4)))

    def test_time_alone_changes_the_count_where_records_expire(self):
        self.s.ok({"operation": "create_table", "database": "expiring", "table": "t", "primary_key": "id", "expiration": 1})
        self.s.ok({"operation": "insert", "database": "expiring", "table": "t", "records": [{"id": 1}]})
        until(lambda: self.s.ok({"operation": "describe_all"})["expiring"]["t"]["record_count"] == 0, "expired records are counted")

    def test_a_database_made_again_is_empty(self):
        for _ in range(2):
            self.s.ok({"operation": "create_table", "database": "again", "table": "t", "primary_key": "id"})
            self.assertEqual(self.s.ok({"operation": "describe_all"})["again"]["t"]["record_count"], 0)
            self.s.ok({"operation": "insert", "database": "again", "table": "t", "records": [{"id": 1}]})
            self.assertEqual(self.s.ok({"operation": "describe_all"})["again"]["t"]["record_count"], 1)
            self.s.ok({"operation": "drop_database", "database": "again"})
            self.assertNotIn("again", self.s.ok({"operation": "describe_all"}))


if __name__ == "__main__":
    unittest.main()
