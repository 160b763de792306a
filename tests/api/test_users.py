# SPDX-License-Identifier: Apache-2.0
"""add_user, alter_user, drop_user, list_users, user_info, add_role, alter_role, drop_role, list_roles."""
import json, os, sys, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, Server, feature, need_module

REFUSED = "Errors in the role permissions JSON provided"
# The sentences of who would be the last to go.
LAST = "^(User admin is the last active super_user and cannot be .+|Role (super_user|boss) must remain a super_user: there is no other active super_user)$"


def setUpModule():
    need_module("users")


def rights(read=True, insert=True, update=True, delete=False, attributes=()):
    return {"read": read, "insert": insert, "update": update, "delete": delete, "attribute_permissions": list(attributes)}


def attribute(name, *granted):
    return dict({right: right in granted for right in ("read", "insert", "update")}, attribute_name=name)


def dog(**more):
    """A permission on the table dev.dog."""
    return {"super_user": False, "dev": {"tables": {"dog": rights(**more)}}}


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = Server(settings=CHEAP_LOGINS)
        self.addCleanup(self.server.stop)

    def call(self, operation, as_=None, **more):
        """(status, answer), asked by the first user, or by as_, a pair of name and password."""
        headers = {"Authorization": self.server.authorization(*as_)} if as_ else None
        return self.server.call(dict(more, operation=operation), headers=headers)

    def ok(self, operation, as_=None, **more):
        status, body = self.call(operation, as_, **more)
        self.assertEqual(status, 200, body)
        return body

    def refused(self, status, error, operation, **more):
        self.assertEqual(self.call(operation, **more), (status, {"error": error}))

    def add_dog(self):
        self.ok("create_table", database="dev", table="dog", primary_key="id")
        self.ok("create_attribute", database="dev", table="dog", attribute="name")

    def add_role(self, role, permission=None, **more):
        return self.ok("add_role", role=role, permission={"super_user": False} if permission is None else permission, **more)

    def add_user(self, username, role, password="pw", active=True):
        return self.ok("add_user", username=username, password=password, role=role, active=active)

    def names(self):
        return [u["username"] for u in self.ok("list_users")]


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

    @unittest.skipUnless(feature("LYRE_FORMAT_CSV"), "this build has no CSV")
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


class Users(Case):
    def setUp(self):
        super().setUp()
        self.add_role("worker", id="w")

    def test_add_list_info_drop(self):
        self.assertEqual(self.add_user("bob", "worker"), {"message": "bob successfully added"})
        self.assertEqual(self.add_user("ann", "worker", active=False), {"message": "ann successfully added"})
        listed = self.ok("list_users")
        self.assertEqual([u["username"] for u in listed], ["admin", "ann", "bob"])
        for u in listed:
            self.assertEqual(set(u), {"username", "role", "active", "__createdtime__", "__updatedtime__"})
            self.assertEqual(set(u["role"]), {"id", "role", "permission", "__createdtime__", "__updatedtime__"})
        self.assertEqual([u["active"] for u in listed], [True, False, True])
        self.assertEqual(listed[0]["role"]["permission"], {"super_user": True})
        permission = listed[1]["role"]["permission"]
        self.assertIs(permission["super_user"], False)
        system = permission["system"]["tables"]
        self.assertEqual(set(system), {t for t in self.ok("describe_database", database="system")})
        self.assertIn("hdb_user", system)
        for t in system.values():
            self.assertEqual(t, rights(False, False, False, False))

        info = self.ok("user_info", ("bob", "pw"))
        self.assertEqual([info["active"], info["username"]], [True, "bob"])
        self.assertEqual(set(info), {"active", "username", "role"})
        role = dict(listed[2]["role"], permission={"super_user": False})
        self.assertEqual(info["role"], role)
        self.assertEqual(self.ok("user_info", username="bob")["username"], "admin")

        self.assertEqual(self.ok("drop_user", username="bob"), {"message": "bob successfully deleted"})
        self.refused(404, "User bob does not exist", "drop_user", username="bob")
        self.assertEqual(self.names(), ["admin", "ann"])

    def test_server_itself(self):
        status, info = self.server.call({"operation": "user_info"}, unix=True)
        self.assertEqual([status, info["username"], info["active"]], [200, "root@socket", True])
        self.server.call({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"}, unix=True)
        self.server.call({"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": 1}]}, unix=True)
        self.assertEqual([entry["user_name"] for entry in self.ok("read_audit_log", database="dev", table="dog")], ["root@socket"])
        self.refused(400, "Username 'root@socket' is reserved for the server", "add_user", username="root@socket", password="x", role="worker", active=True)
        self.assertEqual([info["role"]["role"], info["role"]["permission"]], ["super_user", {"super_user": True}])

    def test_secrets(self):
        self.add_user("bob", "worker", "Xyzzy1234")
        self.ok("alter_user", username="bob", password="Plugh1234")
        tokens = self.ok("create_authentication_tokens", ("bob", "Plugh1234"))
        (stored,) = self.ok("search_by_id", database="system", table="hdb_user", ids=["bob"], get_attributes=["*"])
        answers = json.dumps([self.ok("list_users"), self.ok("user_info", ("bob", "Plugh1234")), self.ok("list_roles"), stored])
        for secret in ("Xyzzy1234", "Plugh1234", "$argon2", tokens["operation_token"], tokens["refresh_token"], '"stamp"', '"hash"',
                       '"refresh_token"', '"password"'):
            self.assertNotIn(secret, answers)
        self.call("add_user", username="eve", password="Plover1234", role="nope", active=True)
        self.call("alter_user", username="bob", password="Plover1234", role="nope")
        self.call("add_user", username="bob", password="Plover1234", role="worker", active=True)
        with open(os.path.join(self.server.root, "database", "system.mdb"), "rb") as f:
            kept = f.read()
        for secret in ("Xyzzy1234", "Plugh1234", "Plover1234"):
            self.assertNotIn(secret, self.server.said())
            self.assertNotIn(secret.encode(), kept)
        self.assertNotIn(tokens["refresh_token"].encode(), kept)

    def test_log(self):
        """Who changed whom stands in the log, and no password."""
        before = len(self.server.said())
        self.add_role("other")
        self.ok("add_user", username="bob\n[main] [fatal]: x", password="secret one", role="other", active=True)
        self.ok("alter_user", username="bob\n[main] [fatal]: x", password="secret two", active=False)
        self.ok("drop_user", username="bob\n[main] [fatal]: x")
        self.ok("drop_role", id="other")
        said = self.server.said()[before:]
        for what in "added the role 'other'", "added the user 'bob", "changed the password of the user 'bob", \
                "deactivated the user 'bob", "dropped the user 'bob", "dropped the role 'other'":
            self.assertIn("'admin' " + what, said)
        self.assertNotIn("secret", said)
        self.assertNotIn("\n[main]", said)

    def test_refused_add(self):
        whole = {"username": "x", "password": "pw", "role": "worker", "active": True}

        def refused(error, status=400, **more):
            self.refused(status, error, "add_user", **{k: v for k, v in dict(whole, **more).items() if v is not Ellipsis})

        for blank in (..., None, ""):
            refused("Username can't be blank", username=blank)
            refused("Password can't be blank", password=blank)
            refused("Role can't be blank", role=blank)
        refused("Active can't be blank", active=...)
        refused("Active can't be blank", active=None)
        for active in ("true", 1, 0, [], {}):
            refused("Active must be a boolean", active=active)
        refused("Username can't be blank,Password can't be blank,Role can't be blank,Active can't be blank",
                username="", password=None, role=..., active=...)
        for name in ("null", "undefined"):
            refused("Username is invalid", username=name)
        for value in (True, [], ["x"], {"x": 1}, "a\0b", "\0"):
            refused("Username is invalid", username=value)
            refused("Password is invalid", password=value)
            refused("Role is invalid", role=value)
        for role in (5, "a b", "a/b", "rölé", "worker\n"):
            refused("Role is invalid", role=role)
        refused("Username is too long (maximum is 500 bytes)", username="u" * 501)
        refused("Username is too long (maximum is 500 bytes)", username="ü" * 251)
        refused("Password is too long (maximum is 1024 bytes)", password="p" * 1025)
        refused("Username You cannot create tables within the system schema", username="system")
        refused("nope role not found", 404, role="nope")
        refused("w role not found", 404, role="w")
        refused("User admin already exists", 409, username="admin")
        self.assertEqual(self.names(), ["admin"])

    def test_names_and_passwords(self):
        for name in ("a:b", "it's", 'a"b', "a\nb", "a\tb", "jürgen", "名前", "u" * 500, "ü" * 250, "../x", "{}", " ", "%s%n",
                     "<b>", "5e1", "\x7f", "\U0001f600"):
            self.assertEqual(self.add_user(name, "worker", "pw:" + name), {"message": name + " successfully added"})
            self.refused(409, "User %s already exists" % name, "add_user", username=name, password="x", role="worker", active=True)
            # in the body, as a name with a colon cannot stand in a header
            info = self.server.call({"operation": "user_info", "username": name, "password": "pw:" + name}, headers={"Authorization": ""})
            self.assertEqual([info[0], info[1].get("username")], [200, name], info)
            if ":" not in name:
                self.assertEqual(self.ok("user_info", (name, "pw:" + name))["username"], name)
            self.assertIn(name, self.names())
            self.assertEqual(self.ok("drop_user", username=name), {"message": name + " successfully deleted"})
        self.assertEqual(self.names(), ["admin"])
        self.assertEqual(self.add_user(5, "worker", 5), {"message": "5 successfully added"})
        self.assertEqual(self.ok("user_info", ("5", "5"))["username"], "5")
        self.assertEqual(self.ok("drop_user", username=5), {"message": "5 successfully deleted"})
        self.add_user("long", "worker", "p" * 1024)
        self.assertEqual(self.ok("user_info", ("long", "p" * 1024))["username"], "long")
        self.assertEqual(self.call("user_info", ("long", "p" * 1023))[0], 401)

    def test_refused_drop(self):
        for blank in ({}, {"username": None}, {"username": ""}):
            self.refused(400, "Username can't be blank", "drop_user", **blank)
        for value in (True, [], {}, "admin\0"):
            self.refused(400, "Username is invalid", "drop_user", username=value)
        self.refused(404, "User nobody does not exist", "drop_user", username="nobody")

    def test_alter(self):
        self.add_user("bob", "worker")
        self.add_role("boss", {"super_user": True})
        done = {"message": "updated 1 of 1 records", "txn_time": 0, "update_hashes": ["bob"], "skipped_hashes": []}
        for more in ({"password": "pw2"}, {"role": "boss"}, {"active": False}, {"active": True, "role": "worker", "password": "pw3"},
                     {"password": "5", "role": None}):
            self.assertEqual(self.ok("alter_user", username="bob", **more), done)
        self.assertEqual(self.ok("user_info", ("bob", "5"))["role"]["id"], "w")
        self.assertEqual(self.ok("alter_user", username="nobody", password="x", role="nope"),
                         {"message": "updated 0 of 1 records", "txn_time": 0, "update_hashes": [], "skipped_hashes": ["nobody"]})

    def test_refused_alter(self):
        self.add_user("bob", "worker")
        for blank in ({}, {"username": None}, {"username": ""}):
            self.refused(400, "username is required", "alter_user", password="x", **blank)
        for nothing in ({}, {"password": ""}, {"password": None}, {"role": ""}, {"active": None}):
            self.refused(400, "nothing to update, must supply active, role or password to update", "alter_user", username="bob", **nothing)
        for active in ("true", 1, []):
            self.refused(400, "Active must be a boolean", "alter_user", username="bob", active=active)
        for value in (True, {}, "x\0"):
            self.refused(400, "Username is invalid", "alter_user", username=value, active=True)
            self.refused(400, "Password is invalid,Role is invalid", "alter_user", username="bob", password=value, role=value)
        # what is empty beside something else is not passed over
        for blank in ("", " ", "\t \n"):
            self.refused(400, "Password can't be blank", "alter_user", username="bob", password=blank, active=True)
        self.refused(400, "Role can't be blank", "alter_user", username="bob", role="", active=True)
        self.refused(400, "Password must be a string", "alter_user", username="bob", password=5)
        self.refused(400, "Password is too long (maximum is 1024 bytes)", "alter_user", username="bob", password="p" * 1025)
        self.refused(404, "Update failed.  Requested 'nope' role not found.", "alter_user", username="bob", role="nope", password="other")
        self.assertEqual(self.ok("user_info", ("bob", "pw"))["role"]["id"], "w")


class MadeUpPassword(unittest.TestCase):
    def test_file_goes_with_the_password(self):
        with Server(env={"LYRE_ADMIN_USERNAME": "", "LYRE_ADMIN_PASSWORD": ""}) as s:
            path = os.path.join(s.root, "admin-password")
            with open(path) as f:
                s.admin = ("admin", f.read().strip())
            s.add_role("worker")
            s.add_user("bob", "worker")
            s.ok({"operation": "alter_user", "username": "bob", "password": "other"})
            s.ok({"operation": "alter_user", "username": "admin", "active": True})
            self.assertTrue(os.path.exists(path))
            s.restart()
            s.ok({"operation": "alter_user", "username": "admin", "password": "Mine1234!"})
            self.assertFalse(os.path.exists(path))
            self.assertIn("admin-password removed", s.said())


class NextRequest(Case):
    """A change acts on the next request, also of who was remembered."""

    def setUp(self):
        super().setUp()
        self.add_dog()
        self.ok("insert", database="dev", table="dog", records=[{"id": 1, "name": "rex"}])
        self.add_role("reader", dog())
        self.add_role("nothing")
        self.add_user("bob", "reader")
        self.assertEqual(self.read(), 200)
        self.assertEqual(self.read(), 200)

    def read(self, password="pw"):
        return self.call("search_by_id", ("bob", password), database="dev", table="dog", ids=[1], get_attributes=["name"])[0]

    def test_password(self):
        self.ok("alter_user", username="bob", password="pw2")
        self.assertEqual([self.read(), self.read("pw2"), self.read()], [401, 200, 401])
        self.ok("alter_user", username="bob", password="pw")
        self.assertEqual([self.read(), self.read("pw2")], [200, 401])

    def test_active(self):
        for _ in range(3):
            self.ok("alter_user", username="bob", active=False)
            self.assertEqual(self.call("user_info", ("bob", "pw")), (401, {"error": "Cannot complete request: User is inactive"}))
            self.assertEqual(self.read(), 401)
            self.ok("alter_user", username="bob", active=True)
            self.assertEqual(self.read(), 200)

    def test_role(self):
        self.ok("alter_user", username="bob", role="nothing")
        self.assertEqual(self.read(), 403)
        self.assertEqual(self.ok("user_info", ("bob", "pw"))["role"]["id"], "nothing")
        self.ok("alter_user", username="bob", role="reader")
        self.assertEqual(self.read(), 200)

    def test_permission(self):
        self.ok("alter_role", id="reader", permission=dog(read=False))
        self.assertEqual(self.read(), 403)
        self.ok("alter_role", id="reader", permission=dog())
        self.assertEqual(self.read(), 200)
        self.ok("alter_role", id="reader", role="viewer", permission={"super_user": True})
        self.assertEqual(self.ok("user_info", ("bob", "pw"))["role"]["role"], "viewer")
        self.assertEqual(self.call("list_roles", ("bob", "pw"))[0], 200)

    def test_dropped(self):
        self.ok("drop_user", username="bob")
        self.assertEqual(self.read(), 401)
        self.add_user("bob", "nothing", "pw2")
        self.assertEqual([self.read(), self.read("pw2")], [401, 403])

    def test_role_dropped(self):
        self.ok("alter_user", username="bob", active=False)
        self.ok("drop_role", id="reader")
        self.ok("alter_user", username="bob", active=True)
        self.assertEqual(self.read(), 403)
        self.add_role("reader", dog())
        self.assertEqual(self.read(), 200)

    def test_not_by_the_data_operations(self):
        for operation, more in (("update", {"table": "hdb_user", "records": [{"username": "bob", "active": False}]}),
                                ("upsert", {"table": "hdb_role", "records": [{"id": "nothing", "permission": {"super_user": True}}]}),
                                ("insert", {"table": "hdb_user", "records": [{"username": "eve", "active": True}]}),
                                ("delete", {"table": "hdb_user", "ids": ["bob"]}), ("drop_table", {"table": "hdb_user"})):
            self.assertEqual(self.call(operation, database="system", **more)[0], 403)
        self.assertEqual(self.names(), ["admin", "bob"])
        self.assertEqual(self.read(), 200)


class LastSuperUser(Case):
    """There is always somebody who can put things right."""

    def kept(self, operation, **more):
        status, body = self.call(operation, **more)
        self.assertEqual([status, list(body)], [409, ["error"]], body)
        self.assertRegex(body["error"], LAST)
        self.assertEqual(self.ok("user_info")["role"]["permission"], {"super_user": True})

    def steps(self):
        return (("drop_user", {"username": "admin"}), ("alter_user", {"username": "admin", "active": False}),
                ("alter_user", {"username": "admin", "role": "nothing"}),
                ("alter_role", {"id": "super_user", "permission": {"super_user": False}}),
                ("alter_role", {"id": "super_user", "permission": {}}))

    def test_alone(self):
        self.add_role("nothing")
        for operation, more in self.steps():
            self.kept(operation, **more)
        # others that are no help
        self.add_role("boss", {"super_user": True})
        self.add_user("asleep", "boss", active=False)
        self.add_user("bob", "nothing")
        for operation, more in self.steps():
            self.kept(operation, **more)
        # what takes nothing away is no matter
        self.ok("alter_user", username="admin", active=True, role="super_user")
        self.ok("alter_role", id="super_user", role="root", permission={"super_user": True})
        self.ok("alter_user", username="admin", role="boss")
        self.ok("alter_role", id="super_user", permission={})
        self.kept("alter_role", id="boss", permission={})
        self.assertEqual(self.ok("user_info")["role"]["id"], "boss")

    def test_of_two(self):
        self.add_role("nothing")
        self.add_role("boss", {"super_user": True})
        for operation, more in self.steps():
            self.add_user("eve", "boss")
            self.ok(operation, **more)
            # admin is one no more; eve is the last one now
            for last in (("drop_user", {}), ("alter_user", {"active": False}), ("alter_user", {"role": "nothing"})):
                status, body = self.call(last[0], ("eve", "pw"), username="eve", **last[1])
                self.assertEqual(status, 409, body)
            eve = ("eve", "pw")
            self.ok("alter_role", eve, id="super_user", permission={"super_user": True})
            if operation == "drop_user":
                self.ok("add_user", eve, username="admin", password=self.server.admin[1], role="super_user", active=True)
            else:
                self.ok("alter_user", eve, username="admin", active=True, role="super_user")
            self.ok("drop_user", username="eve")

    def test_two_at_once(self):
        # each takes the other's rights: one of them must fail
        self.add_role("nothing")
        for _ in range(8):
            self.add_user("eve", "super_user")
            answers = {}

            def demote(who, whom, password):
                answers[who] = self.call("alter_user", (who, password), username=whom, role="nothing")

            threads = [threading.Thread(target=demote, args=a) for a in (("admin", "eve", self.server.admin[1]), ("eve", "admin", "pw"))]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            statuses = sorted(a[0] for a in answers.values())
            self.assertEqual(statuses[0], 200, answers)
            self.assertIn(statuses[1], (403, 409), answers)
            winner = "admin" if answers["admin"][0] == 200 else "eve"
            if winner == "eve":
                self.ok("alter_user", ("eve", "pw"), username="admin", role="super_user")
            self.ok("drop_user", username="eve")


class Many(Case):
    def test_one_user_by_many(self):
        self.add_role("worker")
        counts, failures = {"added": 0, "dropped": 0}, []
        lock = threading.Lock()

        def work(number):
            for _ in range(12):
                if number % 2:
                    status, body = self.call("add_user", username="bob", password="pw%d" % number, role="worker", active=True)
                    key, other = "added", (409, {"error": "User bob already exists"})
                else:
                    status, body = self.call("drop_user", username="bob")
                    key, other = "dropped", (404, {"error": "User bob does not exist"})
                with lock:
                    if status == 200:
                        counts[key] += 1
                    elif (status, body) != other:
                        failures.append((status, body))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])
        self.assertEqual(counts["added"] - counts["dropped"], 1 if "bob" in self.names() else 0, counts)
        self.assertGreater(counts["added"], 0)

    def test_one_role_by_many(self):
        answers = []
        threads = [threading.Thread(target=lambda i=i: answers.append(self.call(
            "add_role", role="same", id="id%d" % i, permission={})[0])) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(answers), [200] + [409] * 7)
        self.assertEqual([r["role"] for r in self.ok("list_roles")].count("same"), 1)

    def test_hundreds(self):
        self.add_role("worker")
        for i in range(300):
            self.add_user("u%03d" % i, "worker")
        self.assertEqual(self.names(), ["admin"] + ["u%03d" % i for i in range(300)])


class Kill(Case):
    def test_answered_is_kept(self):
        self.add_role("worker")
        for i in range(4):
            name = "u%d" % i
            self.add_user(name, "worker", "pw%d" % i)
            if i:
                self.ok("alter_user", username="u%d" % (i - 1), password="new%d" % (i - 1))
            self.server.kill()
            self.server.start()
            self.assertEqual(self.ok("user_info", (name, "pw%d" % i))["username"], name)
            if i:
                self.assertEqual(self.call("user_info", ("u%d" % (i - 1), "pw%d" % (i - 1)))[0], 401)
                self.assertEqual(self.ok("user_info", ("u%d" % (i - 1), "new%d" % (i - 1)))["username"], "u%d" % (i - 1))
        self.ok("drop_user", username="u0")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.names(), ["admin", "u1", "u2", "u3"])


if __name__ == "__main__":
    unittest.main()
