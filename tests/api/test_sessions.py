# SPDX-License-Identifier: Apache-2.0
"""Sessions: login, the cookie and what it permits from which origin, and what ends a session."""
import concurrent.futures, hashlib, http.client, json, os, re, sys, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, PASSWORD, Server, need_module, table_permission, until

# The limit per user in modules/users.
SESSIONS_OF_ONE = 1000
MUST_LOGIN = (401, {"error": "Must login"})
# The servers of the tests are configured with port 0, which picks a free one.
COOKIE = "hdb-session-0"
ORIGIN = "A session cookie is accepted for this operation only with an Origin header that names this server"


def setUpModule():
    need_module("users")


class Case(unittest.TestCase):
    settings, maxDiff = (), None

    def setUp(self):
        self.s = Server(settings=CHEAP_LOGINS + list(self.settings))
        self.addCleanup(self.s.stop)
        self.s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
        self.s.add_role("developer", {"super_user": False, "dev": {"tables": {"dog": table_permission("read", "insert", "update", "delete")}}})
        self.add("bob")

    def add(self, name, password=PASSWORD):
        self.s.add_user(name, "developer", password)

    def own(self):
        return "http://127.0.0.1:%d" % self.s.port

    def ask(self, operation, cookie=None, origin="own", connection=None, **more):
        """(status, headers, body) of a request with a cookie's value, or a whole Cookie header."""
        headers = {"Content-Type": "application/json"}
        if cookie:
            headers["Cookie"] = cookie if "=" in cookie else "%s=%s" % (COOKIE, cookie)
        if origin:
            headers["Origin"] = self.own() if origin == "own" else origin
        headers.update(more.pop("headers", {}))
        body = json.dumps(dict({"operation": operation}, **more)).encode()
        if connection:
            connection.request("POST", "/", body=body, headers=headers)
            r = connection.getresponse()
            status, answered, text = r.status, r.headers, r.read()
        else:
            status, answered, text = self.s.request(body=body, headers=headers, unix=more.pop("unix", False))
        return status, answered, json.loads(text)

    def login(self, user="bob", password=PASSWORD, cookie=None):
        """The value of the cookie."""
        status, headers, body = self.ask("login", cookie, None, username=user, password=password)
        self.assertEqual((status, body), (200, {"message": "Login successful"}))
        return re.match(r"%s=([0-9a-f]{64});" % COOKIE, headers["Set-Cookie"]).group(1)

    def lets_in(self, cookie, user="bob"):
        status, _, body = self.ask("user_info", cookie)
        self.assertEqual((status, body.get("username")), (200, user), body)

    def records(self):
        return self.s.ok({"operation": "describe_table", "database": "system", "table": "hdb_session", "exact_count": True})["record_count"]

    def refused(self, cookie):
        status, _, body = self.ask("user_info", cookie)
        self.assertEqual((status, body), MUST_LOGIN, cookie)


class Login(Case):
    def test_cookie(self):
        status, headers, body = self.ask("login", username="bob", password=PASSWORD)
        self.assertEqual((status, body), (200, {"message": "Login successful"}))
        value, *attributes = headers["Set-Cookie"].split("; ")
        self.assertRegex(value, "^%s=[0-9a-f]{64}$" % COOKIE)
        attributes = {a.lower() for a in attributes}
        self.assertLessEqual({"path=/", "httponly", "samesite=strict", "max-age=86400"}, attributes)
        self.assertNotIn("secure", attributes)  # there is no TLS here
        self.assertFalse([a for a in attributes if a.startswith("domain")])
        self.lets_in(value)

    def test_one_of_several_of_the_name(self):
        """Any host of the domain can set a cookie of the name, which precedes ours."""
        right, made_up = self.login(), "0" * 64
        pair = lambda value: "%s=%s" % (COOKIE, value)
        for planted in [""], ["x"], [made_up], ["", made_up, ""], [made_up, "x", "y"], ["", "", "", "", ""]:
            self.lets_in("; ".join(map(pair, planted + [right])))
            self.lets_in("; ".join(map(pair, planted + [right, self.login("admin", self.s.admin[1])])))
        self.refused("; ".join(map(pair, [made_up, "x", "y", "z", right])))
        # It ends the session that signed in.
        status, _, body = self.ask("logout", "; ".join(map(pair, ["x", right])))
        self.assertEqual(status, 200, body)
        self.refused(right)

    def test_each_is_its_own(self):
        cookies = [self.login() for _ in range(20)]
        self.assertEqual(len(set(cookies)), 20)
        for c in cookies:
            self.lets_in(c)
        self.lets_in(self.login(*self.s.admin), "admin")

    def test_of_the_caller(self):
        status, headers, body = self.ask("login", headers={"Authorization": self.s.authorization("bob", PASSWORD)})
        self.assertEqual(status, 200, body)
        self.lets_in(headers["Set-Cookie"].split(";")[0])

    def test_tokens_and_sessions_create_no_others(self):
        """A token or a session cannot create others: a stolen one is valid only for its own lifetime."""
        token = self.s.ok({"operation": "create_authentication_tokens", "username": "bob", "password": PASSWORD})["operation_token"]
        cookie = self.login()
        for operation, what in ("login", "Sessions"), ("create_authentication_tokens", "Tokens"):
            refused = (400, {"error": what + " require a password: send 'username' and 'password'"})
            status, _, body = self.ask(operation, headers={"Authorization": "Bearer " + token})
            self.assertEqual((status, body), refused)
            status, _, body = self.ask(operation, cookie)
            self.assertEqual((status, body), refused)
            for header in {"Authorization": "Bearer " + token}, {"Cookie": cookie}:
                status, _, body = self.ask(operation, headers=header, username="bob", password=PASSWORD)
                self.assertEqual(status, 200, body)
        self.lets_in(self.login())

    def test_wrong(self):
        for more in {"username": "bob", "password": "wrong"}, {"username": "bob"}, {"password": PASSWORD}, {"username": "eve", "password": "x"}:
            status, headers, body = self.ask("login", **more)
            self.assertEqual((status, body), (401, {"error": "Login failed"}))
            self.assertNotIn("Set-Cookie", headers)
        status, _, body = self.ask("login")
        self.assertEqual((status, body), MUST_LOGIN)
        status, body = self.s.call({"operation": "login"}, unix=True)
        self.assertEqual((status, body), (400, {"error": "Sessions belong to a user: send 'username' and 'password', or sign in as the user"}))

    def test_a_new_login_ends_the_earlier_session(self):
        first = self.login()
        second = self.login(cookie=first)
        self.refused(first)
        self.lets_in(second)
        # Whoever signs in, the browser has one session.
        third = self.login(*self.s.admin, cookie=second)
        self.refused(second)
        self.lets_in(third, "admin")
        # A wrong password ends nothing, and a cookie that is not a session does no harm.
        self.assertEqual(self.ask("login", third, username="bob", password="wrong")[0], 401)
        self.lets_in(third, "admin")
        self.lets_in(self.login(cookie="0" * 64))
        self.lets_in(self.login(cookie="nonsense"))

    def test_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            cookies = list(pool.map(lambda _: self.login(), range(40)))
        self.assertEqual(len(set(cookies)), 40)
        for c in cookies:
            self.lets_in(c)

    def test_of_others(self):
        good = self.login()
        for bad in "0" * 64, good[:-1], good + "0", good.upper(), good[::-1], "x", "", "%00", "a" * 8000, good + "%00", '"%s"' % good, \
                hashlib.sha256(good.encode()).hexdigest(), COOKIE + "=", "hdb-session-1=" + good, "hdb-session=" + good, \
                "x%s=%s" % (COOKIE, good), "%s x=%s" % (COOKIE, good), COOKIE.upper() + "=" + good, "x=" + COOKIE + "=" + good, \
                "%s=%s,%s=%s" % (COOKIE, good, COOKIE, good), ";;;=;=" + good, "\xff=\xff":
            if "=" not in bad:
                bad = "%s=%s" % (COOKIE, bad)
            self.refused(bad)
        for right in "a=b; %s=%s" % (COOKIE, good), "%s=%s; a=b" % (COOKIE, good), "a=b;%s=%s;c=d" % (COOKIE, good), "%s=%s ; " % (COOKIE, good):
            self.lets_in(right)

    def test_header_comes_first(self):
        cookie = self.login()
        status, _, body = self.ask("user_info", cookie, headers={"Authorization": self.s.authorization()})
        self.assertEqual((status, body["username"]), (200, "admin"))
        status, _, _ = self.ask("user_info", cookie, headers={"Authorization": self.s.authorization("bob", "wrong")})
        self.assertEqual(status, 401)
        status, _, _ = self.ask("user_info", cookie, headers={"Authorization": "Bearer x"})
        self.assertEqual(status, 401)

    def test_stored_values_cannot_sign_in(self):
        """The database file contains no cookie values."""
        cookie = self.login()
        self.s.end()
        found = False
        for folder, _, names in os.walk(self.s.root):
            for name in names:
                if name.endswith((".mdb", ".log", "output")):
                    with open(os.path.join(folder, name), "rb") as f:
                        data = f.read()
                    self.assertNotIn(cookie.encode(), data)
                    self.assertNotIn(bytes.fromhex(cookie), data)
                    found |= hashlib.sha256(cookie.encode()).hexdigest().encode() in data
        self.assertTrue(found)
        self.s.start()


class Origin(Case):
    def test_changes_need_our_origin(self):
        cookie = self.login()
        port = self.s.port
        record = {"database": "dev", "table": "dog", "records": [{"id": 1}]}
        for origin in None, "null", "http://example.org", "http://127.0.0.1", "http://127.0.0.1:%d" % (port % 65535 + 1), \
                "http://127.0.0.1.example.org:%d" % port, "http://example.org:%d" % port, "http://127.0.0.1:%d.example.org" % port, \
                "http://127.0.0.1:%d@example.org" % port, "http://example.org/http://127.0.0.1:%d" % port, "127.0.0.1:%d" % port, \
                "file://127.0.0.1:%d" % port, "http://localhost:%d" % port, "http://127.0.0.1:0%d0" % port, "http://", "http://:%d" % port, \
                "http://[127.0.0.1]:%d" % port, "http://127.0.0.1:%d http://example.org" % port, "http://127.0.0.1:%d/" % port:
            status, _, body = self.ask("upsert", cookie, origin, **record)
            self.assertEqual((status, body), (403, {"error": ORIGIN}), origin)
            for name in "login", "create_authentication_tokens", "logout", "user_info":
                status, _, body = self.ask(name, cookie, origin)
                self.assertEqual((status, body), (403, {"error": ORIGIN}), (name, origin))
            # Operations that only read need no Origin, but a foreign page's is refused.
            status, _, body = self.ask("search_by_value", cookie, origin, database="dev", table="dog", attribute="id", value="*")
            self.assertEqual((status, body), (403, {"error": ORIGIN}) if origin else (200, []), origin)
        for i, origin in enumerate(("own", "HTTP://127.0.0.1:%d" % port, "https://127.0.0.1:%d" % port)):
            status, _, body = self.ask("upsert", cookie, origin, database="dev", table="dog", records=[{"id": i}])
            self.assertEqual(status, 200, body)
        self.assertEqual(len(self.s.ok({"operation": "search_by_value", "database": "dev", "table": "dog", "attribute": "id", "value": "*"})), 3)

    def test_only_where_the_cookie_signs_in(self):
        cookie = self.login()
        for origin in None, "http://example.org":
            status, _, body = self.ask("upsert", cookie, origin, headers={"Authorization": self.s.authorization("bob", PASSWORD)},
                                       database="dev", table="dog", records=[{"id": 1}])
            self.assertEqual(status, 200, body)
            self.assertEqual(self.ask("logout", None, origin)[0], 200)

    def test_host_is_what_the_client_asked_for(self):
        cookie = self.login()
        for host, origin, expected in ("lyre.example", "https://lyre.example", 200), ("lyre.example", "http://lyre.example", 200), \
                ("lyre.example:443", "https://lyre.example", 200), ("lyre.example", "http://LYRE.example:80", 200), \
                ("[::1]:9925", "http://[::1]:9925", 200), ("[::1]:9925", "http://[::1]", 403), ("lyre.example", "http://lyre.example.org", 403), \
                ("lyre.example", "http://lyre", 403):
            status, _, body = self.ask("user_info", cookie, origin, headers={"Host": host})
            self.assertEqual(status, expected, (host, origin, body))


class Ended(Case):
    def test_logout(self):
        cookie, other = self.login(), self.login()
        connections = [http.client.HTTPConnection("127.0.0.1", self.s.port) for _ in range(8)]
        for c in connections:
            self.addCleanup(c.close)
            self.assertEqual(self.ask("user_info", cookie, connection=c)[0], 200)
        status, headers, body = self.ask("logout", cookie)
        self.assertEqual((status, body), (200, {"message": "Logout successful"}))
        value, *attributes = headers["Set-Cookie"].split("; ")
        self.assertEqual(value, COOKIE + "=")
        self.assertIn("max-age=0", {a.lower() for a in attributes})
        for c in connections:
            self.assertEqual(self.ask("user_info", cookie, connection=c)[::2], MUST_LOGIN)
        self.lets_in(other)
        self.s.restart()
        self.refused(cookie)
        self.lets_in(other)

    def test_logout_while_at_work(self):
        """No request that starts after the answer to logout succeeds."""
        for _ in range(10):
            cookie = self.login()
            ended, answers, failures = [], [], []

            def work():
                try:
                    c = http.client.HTTPConnection("127.0.0.1", self.s.port, timeout=60)
                    while True:
                        after = bool(ended)
                        status = self.ask("user_info", cookie, connection=c)[0]
                        answers.append((after, status))
                        if after:
                            break
                    c.close()
                except Exception as e:
                    failures.append(e)
            threads = [threading.Thread(target=work) for _ in range(4)]
            for t in threads:
                t.start()
            until(lambda: len(answers) >= 20 or failures, "no answers")
            self.assertEqual(self.ask("logout", cookie)[0], 200)
            ended.append(True)
            for t in threads:
                t.join()
            self.assertEqual(failures, [])
            self.assertIn((False, 200), answers)
            self.assertEqual({status for after, status in answers if after}, {401})

    def test_logout_without_a_session(self):
        for cookie in None, "0" * 64, "nonsense", self.login() + "0":
            status, _, body = self.ask("logout", cookie)
            self.assertEqual((status, body), (200, {"message": "Logout successful"}))
        self.assertEqual(self.s.call({"operation": "logout"}), (200, {"message": "Logout successful"}))

    def test_by_another_password(self):
        cookie = self.login()
        self.lets_in(cookie)
        self.s.ok({"operation": "alter_user", "username": "bob", "password": "Other987!"})
        self.refused(cookie)
        self.lets_in(self.login(password="Other987!"))
        self.s.ok({"operation": "alter_user", "username": "bob", "password": PASSWORD})
        self.refused(cookie)

    def test_while_and_after_inactive(self):
        cookie = self.login()
        self.lets_in(cookie)
        self.s.ok({"operation": "alter_user", "username": "bob", "active": False})
        self.refused(cookie)
        self.s.ok({"operation": "alter_user", "username": "bob", "active": True})
        self.refused(cookie)
        self.lets_in(self.login())

    def test_with_the_user(self):
        cookie = self.login()
        self.lets_in(cookie)
        self.s.ok({"operation": "drop_user", "username": "bob"})
        self.refused(cookie)
        self.add("bob")
        self.refused(cookie)

    def test_not_lost_by_a_restart(self):
        cookie, ended = self.login(), self.login()
        self.s.ok({"operation": "alter_role", "id": "developer", "role": "developer", "permission": {"super_user": False}})
        self.assertEqual(self.ask("logout", ended)[0], 200)
        self.s.restart()
        self.lets_in(cookie)
        self.refused(ended)

    def test_not_lost_by_kill(self):
        cookie = self.login()
        self.s.kill()
        self.s.output.close()
        self.s.start()
        self.lets_in(cookie)


class Time(Case):
    settings = ["authentication.sessionTimeout=4s"]

    def wait_for_end(self, cookie):
        until(lambda: self.ask("user_info", cookie)[0] != 200, "the session does not end")

    def test_expires(self):
        status, headers, body = self.ask("login", username="bob", password=PASSWORD)
        self.assertEqual(status, 200, body)
        self.assertIn("max-age=4", headers["Set-Cookie"].lower())
        cookie = headers["Set-Cookie"].split(";")[0]
        self.lets_in(cookie)  # so that it is remembered when it ends
        self.wait_for_end(cookie)
        self.refused(cookie)
        self.lets_in(self.login())

    def test_each_session_keeps_its_lifetime(self):
        """A session lasts as long as it was created for, whatever is set later."""
        short = self.login()
        self.s.end()
        self.s.settings[-1] = "authentication.sessionTimeout=1h"
        self.s.start()
        long = self.login()
        self.wait_for_end(short)
        self.s.end()
        self.s.settings[-1] = "authentication.sessionTimeout=4s"
        self.s.start()
        self.lets_in(long)
        self.refused(short)

    def test_records_go(self):
        for _ in range(40):
            last = self.login()
        self.wait_for_end(last)
        for _ in range(4):
            self.login()
        self.assertLessEqual(self.records(), 4)


class Many(Case):
    settings = ["authentication.cacheTTL=0"]

    def test_the_oldest_ends(self):
        first, of_another = self.login(), self.login("admin", self.s.admin[1])
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: self.login(), range(SESSIONS_OF_ONE + 5)))
        last = self.login()
        self.assertLessEqual(self.records(), SESSIONS_OF_ONE + 1)
        self.refused(first)
        self.lets_in(last)
        self.lets_in(of_another, "admin")


class Off(Case):
    settings = ["authentication.enableSessions=false"]

    def test_off(self):
        status, headers, body = self.ask("login", username="bob", password=PASSWORD)
        self.assertEqual((status, body), (400, {"error": "Sessions are disabled: authentication.enableSessions is false"}))
        self.assertNotIn("Set-Cookie", headers)
        self.assertEqual(self.ask("logout")[::2], (200, {"message": "Logout successful"}))
        self.s.end()
        self.s.settings[-1] = "authentication.enableSessions=true"
        self.s.start()
        cookie = self.login()
        self.lets_in(cookie)
        self.s.end()
        self.s.settings[-1] = "authentication.enableSessions=false"
        self.s.start()
        self.refused(cookie)
        # Existing sessions can still be ended.
        self.assertEqual(self.ask("logout", cookie)[0], 200)
        self.s.end()
        self.s.settings[-1] = "authentication.enableSessions=true"
        self.s.start()
        self.refused(cookie)


if __name__ == "__main__":
    unittest.main()
