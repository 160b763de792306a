# SPDX-License-Identifier: Apache-2.0
"""Changes of users and roles take effect with the next request, never remove the last super_user, and are stored."""
import os, sys, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import need_module
from users_case import Case, dog

# The messages that protect the last super_user.
LAST = "^(User admin is the last active super_user and cannot be .+|Role (super_user|boss) must remain a super_user: there is no other active super_user)$"


def setUpModule():
    need_module("users")


class NextRequest(Case):
    """A change takes effect with the next request, even for a remembered user."""

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
    """There is always somebody who can repair things."""

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
        # others that do not count
        self.add_role("boss", {"super_user": True})
        self.add_user("asleep", "boss", active=False)
        self.add_user("bob", "nothing")
        for operation, more in self.steps():
            self.kept(operation, **more)
        # a change that takes nothing away is allowed
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
            # admin no longer is one; eve is now the last
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
        # each removes the other's rights: one of them must fail
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
