# SPDX-License-Identifier: Apache-2.0
"""Tokens: their content, how long they are valid, and what ends them."""
import concurrent.futures, json, os, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import need_module, PASSWORD, until
from tokens_case import Case, HEADER, INVALID, part

DAY = 86400


def setUpModule():
    need_module("users")


class Made(Case):
    def test_what_they_say(self):
        before = int(time.time())
        operation, refresh = self.tokens()
        after = int(time.time())
        for token, subject, lasts in (operation, "operation", DAY), (refresh, "refresh", 30 * DAY):
            self.assertEqual(part(token, 0), HEADER)
            claims = part(token, 1)
            self.assertEqual(sorted(claims), ["exp", "iat", "jti", "stamp", "sub", "super_user", "username"])
            self.assertEqual((claims["username"], claims["super_user"], claims["sub"]), ("bob", False, subject))
            self.assertEqual(claims["exp"] - claims["iat"], lasts)
            self.assertTrue(before <= claims["iat"] <= after, claims)
            self.assertNotIn(PASSWORD, json.dumps(claims))
        self.lets_in(operation)
        admin, _ = self.tokens(*self.s.admin)
        self.assertIs(part(admin, 1)["super_user"], True)
        self.lets_in(admin, "admin")
        self.assertEqual(self.bearer(admin, "list_users")[0], 200)
        self.assertEqual(self.bearer(operation, "list_users")[0], 403)

    def test_of_the_caller(self):
        status, body = self.s.call({"operation": "create_authentication_tokens"})
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"], "admin")
        # For the named user, whoever calls.
        status, body = self.s.call({"operation": "create_authentication_tokens", "username": "bob", "password": PASSWORD})
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"])
        status, body = self.s.call({"operation": "create_authentication_tokens", "username": "bob", "password": PASSWORD}, unix=True)
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"])

    def test_of_nobody(self):
        status, body = self.s.call({"operation": "create_authentication_tokens"}, unix=True)
        self.assertEqual((status, body), (400, {"error": "Tokens belong to a user: send 'username' and 'password', or sign in as the user"}))
        for more in {"username": "bob"}, {"password": PASSWORD}, {"username": "bob", "password": "wrong"}, {"username": "eve", "password": "x"}:
            for unix in False, True:
                status, body = self.s.call(dict({"operation": "create_authentication_tokens"}, **more), unix=unix)
                self.assertEqual((status, body), (401, {"error": "invalid credentials"}))

    def test_names(self):
        for name in "b\u00f6b", "\u4f60\u597d", "a\"b\\c", "n" * 500, " ", "\U0001f600":
            self.add(name)
            self.lets_in(self.tokens(name)[0], name)

    def test_expires_in(self):
        for given, lasts in (1, 1), (90.0, 90), ("1s", 1), ("30m", 1800), ("2h", 7200), ("1d", DAY), ("3600", 3600), ("30d", 30 * DAY), \
                (30 * DAY, 30 * DAY):
            claims = part(self.tokens(expires_in=given)[0], 1)
            self.assertEqual(claims["exp"] - claims["iat"], lasts, given)
        sentence = "'expires_in' must be a whole number of seconds, or one with s, m, h or d as in 30m, 2h, 1d; from 1s to 30d"
        for given in 0, -1, 1.5, 1e300, 10 ** 30, 30 * DAY + 1, "31d", "", "0", "0s", "-1", "1.5h", "1 d", " 1d", "d", "1w", "1dd", "1D", "soon", \
                "36501d", "9" * 400, "\uff11d", "1e3", "0x10", "999999999999d", "1000000000000":
            status, body = self.s.call({"operation": "create_authentication_tokens", "expires_in": given})
            self.assertEqual((status, body), (400, {"error": sentence}), given)
        status, body = self.s.call({"operation": "create_authentication_tokens", "expires_in": True})
        self.assertEqual((status, body), (400, {"error": "'expires_in' must be one of [string, number]"}))

    def test_expire(self):
        token, refresh = self.tokens(expires_in="4s")
        self.assertEqual(self.bearer(token)[0], 200)  # so that it is remembered when it ends
        until(lambda: self.bearer(token)[0] != 200, "the token does not end")
        self.assertGreaterEqual(time.time(), part(token, 1)["exp"])
        self.assertEqual(self.bearer(token), (401, {"error": "token expired"}))
        self.assertEqual(self.refresh(refresh)[0], 200)

    def test_role_is_for_others(self):
        operation, usable = self.tokens()
        token, refresh = self.tokens(role="custom")
        self.assertEqual(part(token, 1)["role"], "custom")
        self.refused(token)
        self.assertEqual(self.refresh(refresh), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}), INVALID)
        self.lets_in(operation)
        self.assertEqual(self.refresh(usable)[0], 200)
        for role in "", "r" * 256:
            status, body = self.s.call({"operation": "create_authentication_tokens", "role": role})
            self.assertEqual((status, body), (400, {"error": "'role' must be a string of 1 to 255 bytes"}))
        self.tokens(role="r" * 255)


class Refresh(Case):
    def test_refreshes(self):
        operation, refresh = self.tokens()
        status, body = self.refresh(refresh)
        self.assertEqual((status, list(body)), (200, ["operation_token"]))
        self.lets_in(body["operation_token"])
        self.assertEqual(part(body["operation_token"], 1)["sub"], "operation")
        # Again, and in the body of another user's request.
        self.assertEqual(self.refresh(refresh)[0], 200)
        status, body = self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh})
        self.assertEqual(status, 200, body)
        self.lets_in(body["operation_token"])
        self.lets_in(operation)

    def test_each_in_its_place(self):
        operation, refresh = self.tokens()
        self.refused(refresh)
        for name in "create_authentication_tokens", "login", "list_users", "nonsense":
            self.assertEqual(self.bearer(refresh, name)[0], 400 if name == "nonsense" else 401, name)
        self.assertEqual(self.bearer(refresh, "create_authentication_tokens"), INVALID)
        self.assertEqual(self.bearer(operation, "refresh_operation_token"), (400, {"error": "'refresh_token' is required"}))
        self.assertEqual(self.s.call({"operation": "refresh_operation_token"}), (400, {"error": "'refresh_token' is required"}))
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": operation}), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": 5}),
                         (400, {"error": "'refresh_token' must be a string"}))
        for bad in "", "abc", "a.b.c", refresh + "A", refresh[:-1], "x" * 100000:
            self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": bad}), INVALID)
            # The given token counts, whatever else is valid.
            self.assertEqual(self.bearer(refresh, "refresh_operation_token", refresh_token=bad), INVALID)
        status, body = self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}, headers={"Authorization": ""})
        self.assertEqual((status, body), (401, {"error": "Must login"}))

    def test_only_the_last(self):
        operation, first = self.tokens()
        self.assertEqual(self.refresh(first)[0], 200)
        _, second = self.tokens()
        self.assertNotEqual(first, second)
        self.assertEqual(self.refresh(first), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": first}), INVALID)
        self.assertEqual(self.refresh(second)[0], 200)
        self.lets_in(operation)
        # Another user's token is not affected.
        self.tokens(*self.s.admin)
        self.assertEqual(self.refresh(second)[0], 200)

    def test_made_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            pairs = list(pool.map(lambda _: self.tokens(), range(16)))
        made = {refresh for _, refresh in pairs}
        ids = {part(token, 1)["jti"] for pair in pairs for token in pair}
        self.assertEqual((len(made), len(ids)), (16, 32))  # although most are issued in the same second
        for text in ids:
            self.assertRegex(text, "^[0-9a-f]{32}$")
        answers = {t: self.refresh(t)[0] for t in made}
        self.assertEqual(sorted(answers.values()), [200] + [401] * (len(made) - 1))


class Setting(Case):
    settings = ["authentication.operationTokenTimeout=2h", "authentication.refreshTokenTimeout=3s"]

    def test_lasts(self):
        operation, refresh = self.tokens()
        for token, lasts in (operation, 7200), (refresh, 3):
            self.assertEqual(part(token, 1)["exp"] - part(token, 1)["iat"], lasts)
        until(lambda: self.refresh(refresh)[0] != 200, "the token does not end")
        self.assertEqual(self.refresh(refresh), (401, {"error": "token expired"}))
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}), (401, {"error": "token expired"}))
        status, body = self.s.call({"operation": "refresh_operation_token"}, headers={"Authorization": "Bearer " + operation})
        self.assertEqual(status, 400, body)


class Ceiling(Case):
    settings = ["authentication.operationTokenMaxTimeout=90m", "authentication.operationTokenTimeout=2h"]

    def test_what_a_client_may_ask_for(self):
        for given, lasts in ({"expires_in": "90m"}, 5400), ({}, 7200):
            claims = part(self.tokens(**given)[0], 1)
            self.assertEqual(claims["exp"] - claims["iat"], lasts)
        for given in "91m", 5401, "1d":
            status, body = self.s.call({"operation": "create_authentication_tokens", "expires_in": given})
            self.assertEqual((status, body["error"][-16:]), (400, "; from 1s to 90m"), body)


class Ended(Case):
    def ended(self, operation, refresh):
        self.refused(operation)
        self.assertEqual(self.refresh(refresh), INVALID)
        self.assertEqual(self.s.call({"operation": "refresh_operation_token", "refresh_token": refresh}), INVALID)

    def made(self):
        made = self.tokens()
        self.lets_in(made[0])
        self.assertEqual(self.refresh(made[1])[0], 200)
        return made

    def test_by_another_password(self):
        made = self.made()
        self.s.ok({"operation": "alter_user", "username": "bob", "password": "Other987!"})
        self.ended(*made)
        self.lets_in(self.tokens(password="Other987!")[0])
        # Even setting the same password again does not make it valid.
        self.s.ok({"operation": "alter_user", "username": "bob", "password": PASSWORD})
        self.ended(*made)

    def test_while_and_after_inactive(self):
        made = self.made()
        self.s.ok({"operation": "alter_user", "username": "bob", "active": False})
        self.ended(*made)
        self.s.ok({"operation": "alter_user", "username": "bob", "active": True})
        self.ended(*made)
        self.lets_in(self.tokens()[0])

    def test_with_the_user(self):
        made = self.made()
        self.s.ok({"operation": "drop_user", "username": "bob"})
        self.ended(*made)
        self.add("bob")
        self.ended(*made)
        self.lets_in(self.tokens()[0])

    def test_role_acts_at_once(self):
        operation, _ = self.made()
        self.assertEqual(self.bearer(operation, "list_users")[0], 403)
        self.s.ok({"operation": "alter_user", "username": "bob", "role": "super_user"})
        self.assertEqual(self.bearer(operation, "list_users")[0], 200)
        self.s.ok({"operation": "alter_user", "username": "bob", "role": "developer"})
        self.assertEqual(self.bearer(operation, "list_users")[0], 403)

    def test_not_lost_by_a_restart(self):
        operation, refresh = self.made()
        self.s.restart()
        self.lets_in(operation)
        self.assertEqual(self.refresh(refresh)[0], 200)
        self.s.ok({"operation": "drop_user", "username": "bob"})
        self.s.restart()
        self.ended(operation, refresh)


if __name__ == "__main__":
    unittest.main()
