# SPDX-License-Identifier: Apache-2.0
"""add_role, alter_role, drop_role, list_roles."""
import json, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import need_module, feature
from users_case import attribute, Case, dog, rights

REFUSED = "Errors in the role permissions JSON provided"
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "role_permissions.json")) as f:
    CASES = json.load(f)


def setUpModule():
    need_module("users")


class Roles(Case):
    def errors(self, main=(), tables=None, operation="add_role", **more):
        """All errors, in order."""
        self.assertEqual(self.call(operation, **more), (400, {
            "error": REFUSED, "main_permissions": list(main), "schema_permissions": tables or {}}))

    def ids(self):
        return [r["id"] for r in self.ok("list_roles")]

    def test_fresh(self):
        (r,) = self.ok("list_roles")
        self.assertEqual([r["id"], r["role"], r["permission"]], ["super_user", "super_user", {"super_user": True}])

    def test_add_alter_drop(self):
        self.add_dog()
        r = self.add_role("developer", dog())
        self.assertEqual(set(r), {"id", "role", "permission", "__createdtime__", "__updatedtime__"})
        self.assertEqual([r["id"], r["role"], r["permission"]], ["developer", "developer", dog()])
        self.assertEqual(r["__createdtime__"], r["__updatedtime__"])
        own = self.add_role("other", id="my-id")
        self.assertEqual([own["id"], own["role"]], ["my-id", "other"])
        self.assertEqual([x for x in self.ok("list_roles") if x["id"] != "super_user"], [r, own])

        changed = self.ok("alter_role", id="developer", permission=dog(delete=True))
        self.assertEqual([changed["role"], changed["permission"], changed["__createdtime__"]],
                         ["developer", dog(delete=True), r["__createdtime__"]])
        self.assertGreater(changed["__updatedtime__"], r["__updatedtime__"])
        renamed = self.ok("alter_role", id="my-id", role="renamed", permission={})
        self.assertEqual([renamed["id"], renamed["role"], renamed["permission"]], ["my-id", "renamed", {}])
        self.assertEqual([x for x in self.ok("list_roles") if x["id"] != "super_user"], [changed, renamed])

        self.assertEqual(self.ok("drop_role", id="my-id"), {"message": "renamed successfully deleted"})
        self.assertEqual(self.ok("drop_role", id="developer"), {"message": "developer successfully deleted"})
        self.assertEqual(self.ids(), ["super_user"])

    def test_kept_across_a_kill(self):
        self.add_dog()
        self.add_role("developer", dog())
        listed = self.ok("list_roles")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.ok("list_roles"), listed)

    def test_taken(self):
        self.add_role("one", id="first")
        self.add_role("two")
        self.refused(409, "A role with name 'one' already exists", "add_role", role="one", permission={})
        for more in ({"role": "three", "id": "first"}, {"role": "three", "id": "two"}):
            status, body = self.call("add_role", permission={}, **more)
            self.assertEqual([status, list(body)], [409, ["error"]], body)
        self.refused(409, "A role with name 'one' already exists", "alter_role", id="two", role="one", permission={})
        self.assertEqual([r["role"] for r in self.ok("list_roles")], ["one", "super_user", "two"])
        self.assertEqual(self.ok("alter_role", id="two", role="two", permission={})["role"], "two")

    def test_not_found(self):
        self.refused(400, "Invalid role id", "alter_role", id="nope", permission={})
        self.refused(404, "Role not found", "drop_role", id="nope")
        self.refused(404, "Role not found", "drop_role", id=5)
        self.refused(400, "Id is invalid", "drop_role", id=["x"])
        self.refused(400, "Id is invalid", "drop_role", id="super_user\0")
        blank = {"statusCode": 400, "error": "Bad Request", "message": "Id can't be blank"}
        for more in ({}, {"id": None}, {"id": ""}):
            self.assertEqual(self.call("drop_role", **more), (400, blank))
        self.assertEqual(self.ids(), ["super_user"])

    def test_in_use(self):
        self.add_role("worker", id="w")
        self.add_user("bob", "worker")
        self.refused(409, "Cannot drop role worker as it has active user(s) tied to this role", "drop_role", id="w")
        self.ok("alter_user", username="bob", active=False)
        self.assertEqual(self.ok("drop_role", id="w"), {"message": "worker successfully deleted"})
        (bob,) = [u for u in self.ok("list_users") if u["username"] == "bob"]
        self.assertIsNone(bob["role"])

    def test_accepted(self):
        self.add_dog()
        for i, row in enumerate(CASES["accepted"]):
            with self.subTest(row["name"]):
                permission = row["permission"]
                self.assertEqual(self.add_role("r%d" % i, permission)["permission"], permission)
                self.assertEqual(self.ok("alter_role", id="r%d" % i, permission=permission)["permission"], permission)

    def test_refused(self):
        for database, table in (("dev", "dog"), ("a_b", "c"), ("a", "b_c")):
            self.ok("create_table", database=database, table=table, primary_key="id")
        self.ok("create_attribute", database="dev", table="dog", attribute="name")
        for row in CASES["refused"]:
            with self.subTest(row["name"]):
                self.errors(row.get("main", []), row.get("tables"), **row["request"])
        self.assertEqual(self.ids(), ["super_user"])

    def test_bad_names(self):
        for name in CASES["bad names"]:
            with self.subTest(name):
                self.errors(["Role is invalid"], role=name, permission={})
                self.errors(["Id is invalid"], role="x", id=name, permission={})
                self.errors(["Id is invalid"], operation="alter_role", id=name, permission={})
        self.assertEqual(self.ids(), ["super_user"])

    def test_key_beside_listed_attributes(self):
        """A key that is not listed has the combined permissions of the listed attributes, and no more."""
        self.add_dog()
        self.ok("insert", database="dev", table="dog", records=[{"id": 1, "name": "rex"}])
        everything = dict(database="dev", table="dog", ids=[1], get_attributes=["*"])
        for i, (granted, seen, written) in enumerate(((("read",), [{"id": 1, "name": "rex"}], 403), (("insert",), 403, 200), ((), 403, 403))):
            self.add_role("r%d" % i, dog(delete=True, attributes=[attribute("name", *granted)]))
            self.add_user("u%d" % i, "r%d" % i)
            status, body = self.call("search_by_id", ("u%d" % i, "pw"), **everything)
            self.assertEqual(body if status == 200 else status, seen, body)
            status, body = self.call("insert", ("u%d" % i, "pw"), database="dev", table="dog", records=[{"id": 100 + i}])
            self.assertEqual(status, written, body)

    @unittest.skipUnless(feature("LYRE_FORMAT_CSV"), "this build has no CSV")
    def test_refused_as_csv(self):
        status, _, body = self.server.request(body=b'{"operation":"add_role"}', headers={
            "Content-Type": "application/json", "Accept": "text/csv", "Authorization": self.server.authorization()})
        self.assertEqual(status, 400)
        self.assertIn(b"Role can't be blank", body)

    def test_huge(self):
        # thousands of nonexistent databases and tables, and a role with very many attributes
        permission = {"dev%d" % i: {"tables": {"t": {}}} for i in range(5000)}
        self.add_dog()
        permission["dev"] = {"tables": {"t%d" % i: {"read": i} for i in range(10000)}}
        status, body = self.call("add_role", role="x", permission=permission)
        self.assertEqual(status, 400)
        self.assertEqual(len(body["main_permissions"]), 15000)
        for i in range(300):
            self.ok("create_table", database="wide", table="t%d" % i, primary_key="id")
        wide = {"wide": {"tables": {"t%d" % i: rights(attributes=[attribute("id", "read")]) for i in range(300)}}}
        self.assertEqual(self.add_role("wide", wide)["permission"], wide)
        self.assertEqual(self.ok("alter_role", id="wide", permission=wide)["permission"], wide)
        many = [{"attribute_name": "name", "read": True, "insert": False, "update": False}] * 20000
        self.assertEqual(len(self.add_role("many", dog(attributes=many))["permission"]["dev"]["tables"]["dog"]["attribute_permissions"]),
                         20000)
        self.add_user("bob", "many")
        self.assertEqual(self.call("search_by_id", ("bob", "pw"), database="dev", table="dog", ids=[1], get_attributes=["name"]),
                         (200, []))

    def test_deep(self):
        deep = '{"x":' * 490 + "1" + "}" * 490
        for permission in (deep, '{"dev":%s}' % deep, '{"super_user":%s}' % deep, '{"structure_user":[%s]}' % deep):
            body = '{"operation":"add_role","role":"x","permission":%s}' % permission
            status, _, text = self.server.request(body=body.encode(), headers={
                "Content-Type": "application/json", "Authorization": self.server.authorization()})
            self.assertEqual(status, 400, text)
            self.assertEqual(json.loads(text)["error"], REFUSED)

    def test_database_gone(self):
        # a role outlives what it names, and can be altered not to mention it
        self.add_dog()
        self.add_role("developer", dog())
        self.add_user("bob", "developer")
        self.ok("drop_database", database="dev")
        self.assertEqual(self.ok("user_info", ("bob", "pw"))["role"]["permission"], dog())
        self.errors(["database 'dev' does not exist"], operation="alter_role", id="developer", permission=dog())
        self.ok("alter_role", id="developer", permission={"super_user": False})


if __name__ == "__main__":
    unittest.main()
