# SPDX-License-Identifier: Apache-2.0
"""lyre_count(): as many as a search would find, whatever the plan; and what the caller may not read does not count."""
import os, sys, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, CHEAP_LOGINS, PASSWORD, STATIC_ONLY, Server, need_module, table_permission

SNEAKY = os.path.join(BUILD, "tests", "module", ".libs", "sneaky.so")
CONFIG = "modules:\n  schema: true\n  data: true\n  users: true\n  sneaky:\n    path: %s\n" % SNEAKY
ROWS = 3000


def setUpModule():
    if STATIC_ONLY:
        print("no dynamic loading in this build")
        sys.exit(77)
    for name in ("schema", "data", "users"):
        need_module(name)


def condition(attribute, comparator, value):
    return {"attribute": attribute, "comparator": comparator, "value": value}


def record(i):
    return {"id": i, "kind": "k%d" % (i % 7), "list": [i % 3, i % 5, i % 3], "long": "x" * 600 + str(i % 2), "mixed": (i % 4, str(i % 4), None, True)[i % 4], "n": i / 2}


CONDITIONS = [
    [condition("kind", "equals", "k1")],
    [condition("kind", "equals", "none")],
    [condition("kind", "not_equal", "k1")],
    [condition("list", "equals", 1)],
    [condition("list", "greater_than", 1)],
    [condition("long", "equals", "x" * 600 + "1")],
    [condition("mixed", "equals", 0)],
    [condition("mixed", "equals", "1")],
    [condition("mixed", "equals", None)],
    [condition("mixed", "equals", True)],
    [condition("n", "between", [10, 20])],
    [condition("n", "less_than", 7)],
    [condition("id", "equals", 5)],
    [condition("id", "greater_than", 2000)],
    [condition("kind", "in", ["k1", "k2", "k1"])],
    [condition("kind", "starts_with", "k")],
    [condition("kind", "equals", "k1"), condition("n", "greater_than", 700)],
    [{"operator": "or", "conditions": [condition("kind", "equals", "k1"), condition("list", "equals", 2), condition("id", "equals", 1)]}],
]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = s = Server(config=CONFIG, settings=CHEAP_LOGINS)
        cls.addClassCleanup(s.stop)
        for name, more in (("dog", {}), ("cat", {"expiration": 3600})):
            s.ok({"operation": "create_table", "database": "dev", "table": name, "primary_key": "id", **more})
            s.ok({"operation": "insert", "database": "dev", "table": name, "records": [record(i) for i in range(ROWS)]})
            s.ok({"operation": "delete", "database": "dev", "table": name, "ids": list(range(0, ROWS, 10))})
        s.add_role("reader", {"super_user": False, "dev": {"tables": {"dog": table_permission("read", attributes=[
            {"attribute_name": n, "read": True, "insert": False, "update": False} for n in ("id", "kind")])}}})
        s.add_user("reader", "reader")

    def sneak(self, service, table="dog", headers=None, **more):
        return self.s.call({"operation": "sneak", "service": service, "database": "dev", "table": table, **more}, headers)

    def count(self, **more):
        status, body = self.sneak("count", **more)
        self.assertEqual(status, 200, body)
        return body


class Counts(Case):
    def test_as_many_as_a_search_finds(self):
        for table in ("dog", "cat"):
            for conditions in CONDITIONS:
                with self.subTest(table=table, conditions=conditions):
                    rows = self.sneak("query", table, conditions=conditions, select=["id"])[1]
                    self.assertEqual(self.count(table=table, conditions=conditions), len(rows))

    def test_all(self):
        for table in ("dog", "cat"):
            self.assertEqual(self.count(table=table), ROWS - ROWS // 10)

    def test_offset_and_limit(self):
        for conditions in (None, [condition("kind", "equals", "k1")]):
            more = {"conditions": conditions} if conditions else {}
            whole = self.count(**more)
            for offset, limit, expected in ((0, 10, 10), (10, whole, whole - 10), (whole - 1, 5, 1), (whole, 5, 0), (whole + 1, 5, 0), (5, 0, 0)):
                self.assertEqual(self.count(offset=offset, limit=limit, **more), expected, (offset, limit))

    def test_the_order_does_not_matter(self):
        self.assertEqual(self.count(conditions=CONDITIONS[0], sort={"attribute": "n"}), self.count(conditions=CONDITIONS[0]))

    def test_rights(self):
        reader = {"Authorization": self.s.authorization("reader", PASSWORD)}
        self.assertEqual(self.count(headers=reader, conditions=CONDITIONS[0]), self.count(conditions=CONDITIONS[0]))
        self.assertEqual(self.sneak("count", headers=reader, conditions=[condition("n", "equals", 1)]), (400, {"error": "unknown attribute 'n'"}))
        self.assertEqual(self.sneak("count", "cat", headers=reader)[0], 403)

    def test_bad_conditions(self):
        self.assertEqual(self.sneak("count", conditions=[condition("n", "is", 1)])[0], 400)
        self.assertEqual(self.sneak("count", conditions=[])[0], self.sneak("query", conditions=[])[0])


if __name__ == "__main__":
    unittest.main()
