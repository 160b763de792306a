# SPDX-License-Identifier: Apache-2.0
"""Revoked rights are gone: while users work on many connections, signed in by password, token and cookie, a role is
altered, a password changed, a user deactivated or dropped. No request that starts after the answer may succeed."""
import contextlib, json, os, socket, sys, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_permissions
from test_permissions import ROLES, Caller, decode
from lyre_server import CHEAP_LOGINS, PASSWORD, Server, table_permission, until

ROUNDS = int(os.environ.get("REVOCATIONS", "4"))
# Requests of each connection that must have started, and ended, before and after a change.
ENOUGH = 15
DOG = {"database": "kennel", "table": "dog"}
READ = ("search_by_value", dict(DOG, attribute="name", value="*"))
READ_ID = ("search_by_id", dict(DOG, ids=[1], get_attributes=["*"]))
WRITE = ("upsert", dict(DOG, records=[{"id": 1, "name": "rex"}]))


def setUpModule():
    test_permissions.setUpModule()


class Worker(threading.Thread):
    """Sends the same request on one connection repeatedly, and notes when each request started, and its answer."""

    def __init__(self, caller, request):
        super().__init__()
        self.caller, self.request, self.answers, self.go, self.failure = caller, request, [], True, None
        self.start()

    def run(self):
        try:
            while self.go:
                begun = time.monotonic()
                status, _, body = self.caller.ask(*self.request)
                self.answers.append((begun, time.monotonic(), status, body))
        except Exception as e:
            self.failure = e
        finally:
            self.caller.close()

    def since(self, when):
        return [a for a in list(self.answers) if a[0] > when]


class Case(unittest.TestCase):
    def setUp(self):
        self.s = Server(settings=CHEAP_LOGINS)
        self.addCleanup(self.s.stop)
        test_permissions.prepare(self.s)
        self.admin = Caller(self.s, "super_user")
        self.addCleanup(self.admin.close)

    def signed_in(self, user="limited", password=PASSWORD):
        """Callers of one user: by password, token and cookie."""
        basic = Caller(self.s, user, {"Authorization": self.s.authorization(user, password)})
        self.addCleanup(basic.close)
        status, _, body = basic.ask("create_authentication_tokens")
        self.assertEqual(status, 200, body)
        token = json.loads(body)["operation_token"]
        status, headers, body = basic.ask("login")
        self.assertEqual(status, 200, body)
        callers = [basic, Caller(self.s, user, {"Authorization": "Bearer " + token}),
                   Caller(self.s, user, {"Cookie": headers["set-cookie"].split(";")[0], "Origin": "http://127.0.0.1:%d" % self.s.port})]
        for c in callers[1:]:
            self.addCleanup(c.close)
        return callers

    def back(self):
        self.assertEqual(self.admin.ask("alter_user", {"username": "limited", "active": True})[0], 200)
        return self.signed_in()


class Revocation(Case):
    def wait(self, workers, when):
        """Waits until each has done enough requests that started after when."""
        until(lambda: all(len(w.since(when)) >= ENOUGH or not w.is_alive() for w in workers), "a connection makes no progress", 120)

    @contextlib.contextmanager
    def at_work(self, *asked):
        """Workers, for a caller and its request each, that have done enough when the block begins and continue until it ends."""
        workers = [Worker(caller, request) for caller, request in asked]
        try:
            self.wait(workers, time.monotonic())
            yield workers
        finally:
            for w in workers:
                w.go = False
            for w in workers:
                w.join()
        for w in workers:
            self.assertIsNone(w.failure)

    def change(self, callers, requests, *steps):
        """Runs the steps, (operation, request, the status that all answers must have after it), while the callers send requests."""
        marks = [(time.monotonic(), time.monotonic(), 200)]
        with self.at_work(*[(Caller(self.s, c.name, c.headers), r) for c in callers for r in requests]) as workers:
            for operation, request, status in steps:
                before = time.monotonic()
                answer = self.admin.ask(operation, request)
                marks.append((before, time.monotonic(), status))
                self.assertEqual(answer[0], 200, answer[2])
                self.wait(workers, marks[-1][1])
        for w in workers:
            for i, (_, answered, status) in enumerate(marks):
                end = marks[i + 1][0] if i + 1 < len(marks) else float("inf")
                for begun, ended, got, body in w.answers:
                    if begun > answered and ended < end:
                        self.assertEqual(got, status, "%s, %s, after step %d: %s" % (w.request[0], list(w.caller.headers)[0], i, decode(body)))

    def test_role_loses_table(self):
        callers = self.signed_in() + [self.signed_in()[0]]
        for _ in range(ROUNDS):
            self.change(callers, [READ, READ_ID, WRITE],
                        ("alter_role", {"id": "limited", "permission": {"super_user": False}}, 403),
                        ("alter_role", {"id": "limited", "permission": ROLES["limited"]}, 200))

    def test_role_loses_writing(self):
        permission = {"super_user": False, "kennel": {"tables": {"dog": table_permission("read")}}}
        for _ in range(ROUNDS):
            self.change(self.signed_in(), [WRITE], ("alter_role", {"id": "limited", "permission": permission}, 403),
                        ("alter_role", {"id": "limited", "permission": ROLES["limited"]}, 200))

    def test_role_loses_attribute(self):
        """Not only the decision: also what the answer contains of each record."""
        with self.at_work((Caller(self.s, "reader"), READ_ID)) as (worker,):
            permission = {"super_user": False, "kennel": {"tables": {"dog": table_permission("read", attributes=[
                {"attribute_name": "name", "read": True, "insert": False, "update": False}])}}}
            self.assertEqual(self.admin.ask("alter_role", {"id": "reader", "permission": permission})[0], 200)
            when = time.monotonic()
            self.wait([worker], when)
        self.assertIn("xyzzy_chip", decode(worker.answers[0][3])[0])
        for _, _, status, body in worker.since(when):
            self.assertEqual((status, decode(body)), (200, [{"id": 1, "name": "rex"}]))

    def test_user_gets_other_role(self):
        for _ in range(ROUNDS):
            self.change(self.signed_in(), [READ], ("alter_user", {"username": "limited", "role": "nothing"}, 403),
                        ("alter_user", {"username": "limited", "role": "reader"}, 200))

    def test_password_changed(self):
        passwords = [PASSWORD, "the-Other0ne"]
        for i in range(ROUNDS):
            old, new = passwords[i % 2], passwords[(i + 1) % 2]
            self.change(self.signed_in(password=old), [READ], ("alter_user", {"username": "limited", "password": new}, 401))
            self.assertEqual(self.signed_in(password=new)[0].ask(*READ)[0], 200)

    def test_user_made_inactive(self):
        for _ in range(ROUNDS):
            callers = self.signed_in()
            # callers with the password can sign in again; earlier tokens and sessions cannot
            self.change(callers, [READ], ("alter_user", {"username": "limited", "active": False}, 401))
            self.change(self.back(), [READ])
            for caller in callers[1:]:
                self.assertEqual(caller.ask(*READ)[0], 401)

    def test_user_dropped(self):
        for _ in range(ROUNDS):
            callers = self.signed_in()
            self.change(callers, [READ], ("drop_user", {"username": "limited"}, 401))
            # another user with the same name and password is not the one that the tokens were issued to
            self.s.add_user("limited", "limited")
            self.assertEqual([c.ask(*READ)[0] for c in callers], [200, 401, 401])

    def test_logout(self):
        for _ in range(ROUNDS):
            basic, bearer, cookie = self.signed_in()
            with self.at_work((Caller(self.s, "limited", cookie.headers), READ)) as (worker,):
                self.assertEqual(cookie.ask("logout")[0], 200)
                when = time.monotonic()
                self.wait([worker], when)
            self.assertEqual({status for _, _, status, _ in worker.since(when)}, {401})
            self.assertEqual([basic.ask(*READ)[0], bearer.ask(*READ)[0]], [200, 200])

    def test_changes_at_once(self):
        """Many callers alter the same role; the last answer determines the result, and no answer is lost."""
        states = [ROLES["limited"], {"super_user": False}]
        for _ in range(ROUNDS):
            answers = []
            admins = [Caller(self.s, "super_user") for _ in range(4)]
            threads = [threading.Thread(target=lambda c=c, i=i: answers.append(
                c.ask("alter_role", {"id": "limited", "permission": states[i % 2]})[0])) for i, c in enumerate(admins)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            for c in admins:
                c.close()
            self.assertEqual(answers, [200] * 4)
            role = [r for r in self.s.ok({"operation": "list_roles"}) if r["id"] == "limited"][0]
            want = 200 if "kennel" in role["permission"] else 403
            caller = Caller(self.s, "limited")
            self.addCleanup(caller.close)
            self.assertEqual(caller.ask(*READ)[0], want)


class SlowBody(Case):
    """A client may send a large body as slowly as it likes: the caller's rights count when the body is complete."""

    def begin(self, caller, operation, request=None):
        """Sends everything but the body, and waits until the server knows the sender and asks for it. Returns (connection, body)"""
        body = json.dumps(dict(request or {}, operation=operation)).encode().ljust(300 << 10)
        connection = socket.create_connection(("127.0.0.1", self.s.port), timeout=60)
        self.addCleanup(connection.close)
        headers = dict(caller.headers, **{"Host": "127.0.0.1:%d" % self.s.port, "Content-Type": "application/json",
                                          "Content-Length": len(body), "Expect": "100-continue", "Connection": "close"})
        connection.sendall(b"POST / HTTP/1.1\r\n" + "".join("%s: %s\r\n" % h for h in headers.items()).encode() + b"\r\n")
        said = b""
        while not said.endswith(b"\r\n\r\n"):
            said += connection.recv(1)
        self.assertRegex(said, rb"^HTTP/1.1 100 ")
        return connection, body

    def end(self, begun):
        """(status, body) of the answer."""
        connection, body = begun
        connection.sendall(body)
        with connection.makefile("rb") as f:
            head, _, answer = f.read().partition(b"\r\n\r\n")
        return int(head.split()[1]), answer

    def check(self, change, callers, status, operations=None):
        """After the change, the requests that the callers had begun are answered with the status."""
        operations = operations or [READ, ("create_authentication_tokens", None), ("login", None)]
        begun = [(list(c.headers)[0], o, self.begin(c, o, r)) for c in callers for o, r in operations]
        for operation, request in change:
            answer = self.admin.ask(operation, request)
            self.assertEqual(answer[0], 200, answer[2])
        for by, operation, request in begun:
            with self.subTest(change=[c[0] for c in change], by=by, operation=operation):
                got, answer = self.end(request)
                self.assertEqual(got, status, answer)

    def test_nothing_changed(self):
        self.check([], self.signed_in(), 200, [READ])
        self.check([], self.signed_in()[:1], 200)

    def test_password_changed(self):
        self.check([("alter_user", {"username": "limited", "password": "the-Other0ne"})], self.signed_in(), 401)

    def test_user_made_inactive(self):
        self.check([("alter_user", {"username": "limited", "active": False})], self.signed_in(), 401)

    def test_user_dropped(self):
        self.check([("drop_user", {"username": "limited"})], self.signed_in(), 401)

    def test_another_user_of_the_same_name(self):
        callers = self.signed_in()
        self.check([("drop_user", {"username": "limited"}),
                    ("add_user", {"username": "limited", "role": "limited", "password": "another1", "active": True})], callers, 401)

    def test_role_altered(self):
        self.check([("alter_role", {"id": "limited", "permission": {"super_user": False}})], self.signed_in(), 403, [READ])

    def test_former_super_user(self):
        """A former super_user cannot create another."""
        self.s.add_user("second", "super_user")
        other = ("add_user", {"username": "third", "role": "super_user", "password": "pw", "active": True})
        for change, status in ((("alter_user", {"username": "second", "role": "nothing"}), 403), (("drop_user", {"username": "second"}), 401)):
            self.check([change], self.signed_in("second"), status, [other])
        self.assertNotIn("third", [u["username"] for u in self.s.ok({"operation": "list_users"})])

    def test_logout(self):
        basic, bearer, cookie = self.signed_in()
        begun = [self.begin(c, *READ) for c in (basic, bearer, cookie)]
        self.assertEqual(cookie.ask("logout")[0], 200)
        self.assertEqual([self.end(b)[0] for b in begun], [200, 200, 401])


class SlowReader(Case):
    """Rows are sent for as long as a client reads them, but only while the caller may sign in."""

    def read(self, change=None):
        """Everything of a long answer after its header; the change is made when the first part has arrived."""
        with socket.socket() as c:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
            c.settimeout(60)
            c.connect(("127.0.0.1", self.s.port))
            body = json.dumps({"operation": "search_by_value", "database": "kennel", "table": "long", "attribute": "id", "value": "*"}).encode()
            head = "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" \
                   "Connection: close\r\n\r\n" % (self.s.authorization("ann", PASSWORD), len(body))
            c.sendall(head.encode() + body)
            answer = c.recv(1 << 12)
            if change:
                self.assertEqual(self.admin.ask(*change)[0], 200)
            while True:
                try:
                    piece = c.recv(1 << 16)
                except ConnectionResetError:
                    break
                if not piece:
                    break
                answer += piece
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "))
        return answer

    def test_user_dropped(self):
        self.s.ok({"operation": "create_table", "database": "kennel", "table": "long", "primary_key": "id"})
        for i in range(0, 1500, 100):
            self.s.ok({"operation": "insert", "database": "kennel", "table": "long", "records": [
                {"id": j, "text": "x" * 10000} for j in range(i, i + 100)]})
        self.s.ok({"operation": "add_role", "role": "reading", "permission": {
            "super_user": False, "kennel": {"tables": {"long": table_permission("read")}}}})
        self.s.add_user("ann", "reading")
        whole = self.read()
        self.assertTrue(whole.endswith(b"]\r\n0\r\n\r\n"))
        # unrelated changes do not matter
        other = self.read(("alter_user", {"username": "inactive", "role": "nothing"}))
        self.assertTrue(other.endswith(b"]\r\n0\r\n\r\n"))
        broken = self.read(("drop_user", {"username": "ann"}))
        self.assertFalse(broken.endswith(b"0\r\n\r\n"))
        self.assertLess(len(broken), len(whole))
        self.assertIn("search_by_value by 'ann' stopped while sending rows: User ann does not exist", self.s.said())


if __name__ == "__main__":
    unittest.main()
