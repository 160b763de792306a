# SPDX-License-Identifier: Apache-2.0
"""What tests of users and roles begin with: a server of its own for each, and short words."""
import unittest

from lyre_server import CHEAP_LOGINS, Server


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
        with self.subTest(operation, **more):
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
