# SPDX-License-Identifier: Apache-2.0
"""add_role, alter_role, drop_role, list_roles."""
import json, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import MINIMAL, need_module
from users_case import attribute, Case, dog, rights

REFUSED = "Errors in the role permissions JSON provided"


def setUpModule():
    need_module("users")


class Roles(Case):
    def errors(self, main=(), tables=None, operation="add_role", **more):
        """All errors, in their order."""
        self.assertEqual(self.call(operation, **more), (400, {
            "error": REFUSED, "main_permissions": list(main), "schema_permissions": tables or {}}))

    def bad(self, permission, *main, tables=None):
        self.errors(main, tables, role="x", permission=permission)

    def bad_dog(self, table, *sentences):
        self.bad({"dev": {"tables": {"dog": table}}}, tables={"dev_dog": list(sentences)})

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

    def test_kept_over_a_kill(self):
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
        for i, permission in enumerate((
                {}, {"super_user": True}, {"super_user": False, "cluster_user": False}, {"cluster_user": True},
                {"super_user": True, "cluster_user": False, "structure_user": False}, {"structure_user": True},
                {"structure_user": ["dev"]}, {"structure_user": []}, {"dev": {}}, {"dev": {"tables": {}}},
                {"system": {"tables": {"hdb_user": rights()}}}, dog(),
                {"dev": {"tables": {"dog": dict(rights(), attribute_permissions=None)}}},
                dog(attributes=[{"attribute_name": "name", "read": True, "insert": False, "update": False, "delete": True}]),
                dog(attributes=[attribute("id", "read"), attribute("__createdtime__", "read")]))):
            self.assertEqual(self.add_role("r%d" % i, permission)["permission"], permission)
            self.assertEqual(self.ok("alter_role", id="r%d" % i, permission=permission)["permission"], permission)

    def test_request(self):
        for role in ("", "a b", "a/b", "rölé", "a\nb", "a\0b", "a'b", 'a"b', "null", 5, ["x"], {"x": 1}, True):
            self.errors(["Role is invalid"], role=role, permission={})
            self.errors(["Id is invalid"], role="x", id=role, permission={})
            self.errors(["Id is invalid"], operation="alter_role", id=role, permission={})
        self.errors(["Role is too long (maximum is 250 characters)"], role="r" * 251, permission={})
        self.errors(["Role can't be blank"], permission={})
        self.errors(["Role can't be blank"], role=None, permission={})
        self.errors(["Role can't be blank", "Permission can't be blank"])
        for permission in ("x", 5, [], True):
            self.errors(["Permission must be an object"], role="x", permission=permission)
        self.errors(["Id can't be blank", "Permission can't be blank"], operation="alter_role")
        self.errors(["Invalid key in JSON body - 'foo'"], operation="alter_role", id="super_user", permission={}, foo=1)
        self.errors(["Invalid keys in JSON body - 'foo', 'it's \0 \"ö\"'"], role="x", permission={}, foo=1, **{"it's \0 \"ö\"": 2})
        self.assertEqual(self.ids(), ["super_user"])

    def test_permission(self):
        self.add_dog()
        self.bad({"super_user": "yes"}, "Value for 'super_user' permission must be a boolean")
        self.bad({"cluster_user": None}, "Value for 'cluster_user' permission must be a boolean")
        other = "Roles with '%s' set to true cannot have other permissions set."
        self.bad(dict(dog(), super_user=True), other % "super_user")
        self.bad(dict(dog(), cluster_user=True), other % "cluster_user")
        self.bad({"super_user": True, "structure_user": True}, other % "super_user")
        self.bad({"super_user": True, "structure_user": ["dev"]}, other % "super_user")
        for value in ("x", 1, None, {}, [1], ["dev", None]):
            self.bad({"structure_user": value}, "Value for 'structure_user' permission must be a boolean or Array")
        self.bad({"structure_user": ["nope", "dev", "a\0b"]}, "database 'nope' does not exist", "database 'a\0b' does not exist")
        self.bad({"nope": {}, "dev\0": {}, "": {}}, "database 'nope' does not exist", "database 'dev\0' does not exist",
                 "database '' does not exist")
        self.bad({"dev": 5}, "Value for 'dev' permission must be an object")
        self.bad({"dev": {"tables": [], "table": {}}}, "Value for 'tables' of database 'dev' must be an object",
                 "Invalid database permission key value 'table'")
        self.bad({"dev": {"tables": {"nope": {}, "dog\0": {}, "../dog": {}}}}, "Table 'dev.nope' does not exist",
                 "Table 'dev.dog\0' does not exist", "Table 'dev.../dog' does not exist")

    def test_table(self):
        self.add_dog()
        self.bad_dog([], "Table permissions must be an object")
        self.bad_dog({}, "Missing table READ permission", "Missing table INSERT permission", "Missing table UPDATE permission",
                     "Missing table DELETE permission", "Missing 'attribute_permissions' array")
        self.bad_dog(rights(read="yes", delete=1), "Table READ permission must be a boolean", "Table DELETE permission must be a boolean")
        self.bad_dog(dict(rights(), drop=True), "Invalid table permission key value 'drop'")
        self.bad_dog(dict(rights(), attribute_permissions="x"), "Value for 'attribute_permissions' must be an array")
        missing = "Permission object in 'attribute_permission' missing an 'attribute_name'"
        self.bad_dog(rights(attributes=[{"read": True}, 5, "name", {"attribute_name": ""}, {"attribute_name": 5}]), *[missing] * 5)
        self.bad_dog(rights(attributes=[{"attribute_name": "nope"}, {"attribute_name": "name\0", "read": "x", "foo": 1}]),
                     "Invalid attribute 'nope' in 'attribute_permissions'", "READ attribute permission missing for 'nope'",
                     "INSERT attribute permission missing for 'nope'", "UPDATE attribute permission missing for 'nope'",
                     "Invalid attribute 'name\0' in 'attribute_permissions'", "Invalid attribute permission key value 'foo'",
                     "READ attribute permission for 'name\0' must be a boolean", "INSERT attribute permission missing for 'name\0'",
                     "UPDATE attribute permission missing for 'name\0'")

    def test_attribute_exceeds_its_table(self):
        self.add_dog()
        conflict = "You have a conflict with TABLE permissions for 'dev.dog' being false and ATTRIBUTE permissions being true"
        for right in ("read", "insert", "update"):
            attributes = [attribute("name"), attribute("id", right)]
            self.bad_dog(rights(**dict({right: False}, attributes=attributes)), conflict)
        # delete has no effect on an attribute
        self.add_role("fine", dog(delete=False, attributes=[dict(attribute("name"), delete=True)]))

    def test_key_beside_listed_attributes(self):
        """A key that is not listed has what the listed attributes have together, and no more."""
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

    def test_all_at_once(self):
        self.add_dog()
        self.errors(["Invalid key in JSON body - 'foo'", "Role is invalid", "Value for 'super_user' permission must be a boolean",
                     "database 'nope' does not exist", "Table 'dev.nope' does not exist"],
                    {"dev_dog": ["Table READ permission must be a boolean", "Missing table INSERT permission",
                                 "Missing table UPDATE permission", "Missing table DELETE permission",
                                 "Permission object in 'attribute_permission' missing an 'attribute_name'"]},
                    role="", foo=1, permission={"super_user": "x", "nope": {}, "dev": {"tables": {
                        "nope": {}, "dog": {"read": "x", "attribute_permissions": [{}]}}}})
        # two tables that share a key in the answer
        for database, table in (("a_b", "c"), ("a", "b_c")):
            self.ok("create_table", database=database, table=table, primary_key="id")
        self.bad({"a": {"tables": {"b_c": rights(read=1)}}, "a_b": {"tables": {"c": rights(delete=1)}}},
                 tables={"a_b_c": ["Table READ permission must be a boolean", "Table DELETE permission must be a boolean"]})

    @unittest.skipIf(MINIMAL, "the minimal build has no CSV")
    def test_refused_as_csv(self):
        status, _, body = self.server.request(body=b'{"operation":"add_role"}', headers={
            "Content-Type": "application/json", "Accept": "text/csv", "Authorization": self.server.authorization()})
        self.assertEqual(status, 400)
        self.assertIn(b"Role can't be blank", body)

    def test_huge(self):
        # thousands of databases and tables that there are not, and a role of very many attributes
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
        # a role outlives what it names, and can be altered to say nothing of it
        self.add_dog()
        self.add_role("developer", dog())
        self.add_user("bob", "developer")
        self.ok("drop_database", database="dev")
        self.assertEqual(self.ok("user_info", ("bob", "pw"))["role"]["permission"], dog())
        self.errors(["database 'dev' does not exist"], operation="alter_role", id="developer", permission=dog())
        self.ok("alter_role", id="developer", permission={"super_user": False})


if __name__ == "__main__":
    unittest.main()
