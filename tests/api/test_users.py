# SPDX-License-Identifier: Apache-2.0
"""add_user, alter_user, drop_user, list_users, user_info."""
import json, os, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import need_module, Server
from users_case import Case, rights


def setUpModule():
    need_module("users")


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
        """The log shows who changed which user, and no password."""
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
            # in the body, as a name with a colon is not possible in the header
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
        # an empty value is not ignored beside others
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

class PasswordFile(unittest.TestCase):
    def start(self, content):
        path = os.path.join(self.folder, "secret")
        with open(path, "wb") as f:
            f.write(content)
        return Server(env={"LYRE_ADMIN_USERNAME": "boss", "LYRE_ADMIN_PASSWORD": "", "LYRE_ADMIN_PASSWORD_FILE": path})

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_its_first_line_is_the_password(self):
        with self.start(b"Mine 1234!\nnot this\n") as s:
            s.admin = ("boss", "Mine 1234!")
            s.ok({"operation": "describe_all"})
            self.assertFalse(os.path.exists(os.path.join(s.root, "admin-password")))
            self.assertRegex(s.said(), r"the first super_user is 'boss', with the password from /\S+/secret\n")

    def test_it_may_be_named_by_a_link(self):
        os.symlink("kept", os.path.join(self.folder, "secret"))
        with self.start(b"Mine 1234!\n") as s:
            s.admin = ("boss", "Mine 1234!")
            s.ok({"operation": "describe_all"})

    def test_what_is_no_file_does_not_block_the_start(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        for path in (pipe, self.folder, "/dev/null", "/dev/zero"):
            with self.subTest(path), self.assertRaisesRegex(Exception, "LYRE_ADMIN_PASSWORD_FILE: '%s' is not a regular file" % path):
                Server(env={"LYRE_ADMIN_PASSWORD": "", "LYRE_ADMIN_PASSWORD_FILE": path})

    def test_without_a_password_the_server_does_not_start(self):
        for content, said in ((b"\n", "does not begin with a password"), (b"p" * 1025, "from /\\S+/secret, must have at most 1024 bytes"),
                              ("Mine 1234!\n".encode("utf-16-le"), "does not begin with a password in UTF-8"), (b"Mine 1234!\0", "in UTF-8"), (b"Mine\xff1234!\n", "in UTF-8")):
            with self.subTest(said), self.assertRaisesRegex(Exception, said):
                with self.start(content):
                    pass


if __name__ == "__main__":
    unittest.main()
