# SPDX-License-Identifier: Apache-2.0
"""Signing in with name and password: what is remembered, what waits, and what a flood of wrong passwords must not affect."""
import contextlib, http.client, json, re, threading, unittest

from lyre_server import EMULATOR, PASSWORD, Server, UnixConnection, built_modules, until

JSON = {"Content-Type": "application/json"}
ASK = {"operation": "describe_all"}
DESCRIBED = (200, b"{}")
FAILED = (401, b'{"error":"Login failed"}')
TOO_MANY = (503, b'{"error":"Too many credentials are waiting to be checked"}')
FAILED_OFTEN = (429, b'{"error":"Too many attempts to sign in as this user have failed: try again later"}')
STOPPING = (503, b'{"error":"The server is stopping"}')
CHEAP = ["authentication.argon2.memory=8M", "authentication.argon2.iterations=1"]
# One check takes so long that the queue is full before it ends.
SLOW = ["authentication.argon2.memory=8M", "authentication.argon2.iterations=%d" % (1 if EMULATOR else 50), "authentication.argon2.threads=1"]
# Longer than any test: an attempt delayed by this is not answered before the server stops.
FOR_EVER = CHEAP + ["authentication.failures.free=0", "authentication.failures.delay=10m", "authentication.failures.maxDelay=10m"]
NO_DELAY = ["authentication.failures.delay=0"]
NOT_REMEMBERED = ["authentication.cacheTTL=0"]
AUDITED = ["logging.level=info", "logging.auditAuthEvents.logFailed=true", "logging.auditAuthEvents.logSuccessful=true"]
# Seconds for an answer that waits behind many checks, on slow machines too.
ANSWER_SECONDS = 300
# With one thread, one attempt is checked, and FRESH_MAX of core/dispatch/gate.c wait for it: the rest of a larger flood is refused.
HELD = 1 + 256
FLOOD = 400
# If every delay is the maximum, DELAYS_MAX attempts of a user wait (core/auth/throttle.c): further ones are refused.
IN_LINE = 2
AT_ONCE = 20
# The longest name, LYRE_USER_NAME_MAX; and more names than the table of failures holds (SETS * WAYS of core/auth/throttle.c).
NAME_MAX = 500
NAMES = 10000


def send(s, user=None, password=None, unix=False):
    """Signs in by the header, and leaves the answer to be read."""
    c = UnixConnection(s.socket_path, ANSWER_SECONDS) if unix else http.client.HTTPConnection("127.0.0.1", s.port, timeout=ANSWER_SECONDS)
    c.request("POST", "/", json.dumps(ASK).encode(), dict(JSON, Authorization=s.authorization(user, password)))
    return c


def read(c):
    """(status, bytes)"""
    with contextlib.closing(c):
        r = c.getresponse()
        return r.status, r.read()


def ask(*args, **more):
    return read(send(*args, **more))


class Attempt(threading.Thread):
    """An attempt that was sent, and continues while the test does."""

    def __init__(self, *args, **more):
        super().__init__()
        self.connection, self.answer = send(*args, **more), None
        self.start()

    def run(self):
        self.answer = read(self.connection)

    def end(self):
        self.join(ANSWER_SECONDS)
        return self.answer


def answered(attempts):
    """The answers received so far."""
    return [a.answer for a in attempts if a.answer]


def send_flood(s, known=None):
    """Sends wrong passwords, until all those that cannot wait are answered; known: called repeatedly meanwhile."""
    def is_full():
        if known:
            known()
        return len(answered(flood)) >= FLOOD - HELD

    flood = [Attempt(s, "user%d" % i, "wrong") for i in range(FLOOD)]
    until(is_full, lambda: "%d of %d are answered" % (len(answered(flood)), FLOOD), ANSWER_SECONDS, s)
    return flood


class Remembered(unittest.TestCase):
    def test_a_flood_of_wrong_passwords_does_not_affect_remembered_users(self):
        with Server(settings=CHEAP + NO_DELAY) as s:
            self.assertEqual(ask(s), DESCRIBED)
            flood = [Attempt(s, "user%d" % i, "wrong") for i in range(64)]
            for _ in range(200):
                self.assertEqual(ask(s), DESCRIBED)
            self.assertEqual({a.end() for a in flood}, {FAILED})

    def test_too_many_attempts_are_refused_and_the_end_waits_for_none(self):
        with Server(settings=SLOW + NO_DELAY) as s:
            self.assertEqual(ask(s), DESCRIBED)
            flood = send_flood(s, lambda: self.assertEqual(ask(s), DESCRIBED))
            self.assertIn(TOO_MANY, answered(flood))
            s.end()
            self.assertLessEqual({a.end() for a in flood}, {FAILED, TOO_MANY, STOPPING})

    def test_another_address_does_not_wait_behind_a_flood(self):
        with Server(settings=SLOW + NO_DELAY + AUDITED) as s:
            flood = send_flood(s)
            waiting, checked = FLOOD - len(answered(flood)), s.said().count("' failed")
            # There is room for it, and its turn is the next but one at the latest, as the log shows.
            self.assertEqual(ask(s, unix=True), DESCRIBED)
            self.assertLess(s.said().partition("' succeeded")[0].count("' failed") - checked, waiting // 2)
            s.end()
            self.assertLessEqual({a.end() for a in flood}, {FAILED, TOO_MANY, STOPPING})

    def test_a_known_password_does_not_wait_for_wrong_ones(self):
        with Server(settings=FOR_EVER) as s:
            self.assertEqual(ask(s), DESCRIBED)
            self.assertEqual(ask(s, password="wrong"), FAILED)
            self.assertEqual(ask(s), DESCRIBED)

    def test_simultaneous_right_passwords_share_one_check(self):
        with Server(settings=FOR_EVER) as s:
            self.assertEqual({a.end() for a in [Attempt(s) for _ in range(40)]}, {DESCRIBED})


class Delayed(unittest.TestCase):
    def test_each_failure_makes_the_next_attempt_wait(self):
        with Server(settings=FOR_EVER + NOT_REMEMBERED) as s:
            self.assertEqual(ask(s, "nobody", "wrong"), FAILED)
            delayed = Attempt(s, "nobody", "wrong")
            # Neither another user nor another address waits for it.
            self.assertEqual(ask(s), DESCRIBED)
            self.assertEqual(ask(s, "somebody", "wrong"), FAILED)
            self.assertEqual(ask(s, "nobody", "wrong", unix=True), FAILED)
            self.assertIsNone(delayed.answer)
            s.end()
            self.assertEqual(delayed.end(), STOPPING)

    def test_the_right_password_waits_too(self):
        # Not remembered from another address either, where it would be accepted at once.
        with Server(settings=FOR_EVER + NOT_REMEMBERED) as s:
            self.assertEqual(ask(s, password="wrong"), FAILED)
            delayed = Attempt(s)
            self.assertEqual(ask(s, unix=True), DESCRIBED)
            self.assertIsNone(delayed.answer)
            s.end()
            self.assertEqual(delayed.end(), STOPPING)

    def test_attempts_refused_unchecked_displace_no_failure(self):
        with Server(settings=FOR_EVER + NOT_REMEMBERED) as s:
            self.assertEqual(ask(s, "nobody", "wrong"), FAILED)
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", s.port, timeout=ANSWER_SECONDS)) as c:
                for i in range(NAMES):
                    c.request("POST", "/", headers={"Authorization": s.authorization("%d" % i + "x" * NAME_MAX, "wrong")})
                    self.assertEqual(c.getresponse().read(), FAILED[1])
            delayed = Attempt(s, "nobody", "wrong")
            self.assertEqual(ask(s), DESCRIBED)
            self.assertIsNone(delayed.answer)
            s.end()
            self.assertEqual(delayed.end(), STOPPING)

    def send_at_once(self, s):
        """Sends wrong passwords of one user, until all but those that wait are answered."""
        attempts = [Attempt(s, "nobody", "wrong") for _ in range(AT_ONCE)]
        until(lambda: len(answered(attempts)) >= AT_ONCE - IN_LINE, lambda: "answered: %s" % answered(attempts), ANSWER_SECONDS, s)
        return attempts

    def test_many_connections_are_no_faster_than_one(self):
        with Server(settings=FOR_EVER + AUDITED) as s:
            self.assertEqual(ask(s, "nobody", "wrong"), FAILED)
            attempts = self.send_at_once(s)
            told = re.findall(r"127.0.0.1: sign-ins as 'nobody' refused without checking the password .*; (\d+) since", s.said())
            self.assertLess(len(told), AT_ONCE - IN_LINE) # once a minute, however many there are
            self.assertIn(sum(int(n) for n in told), range(1, AT_ONCE - IN_LINE + 1))
            self.assertEqual(answered(attempts), [FAILED_OFTEN] * (AT_ONCE - IN_LINE))
            s.end()
            self.assertEqual([a.end() for a in attempts].count(STOPPING), IN_LINE)

    def test_simultaneous_unknown_attempts_wait_after_one_failure(self):
        with Server(settings=FOR_EVER + ["authentication.argon2.threads=1"]) as s:
            attempts = self.send_at_once(s)
            answers = answered(attempts)
            self.assertEqual((answers.count(FAILED), answers.count(FAILED_OFTEN)), (1, AT_ONCE - IN_LINE - 1))
            s.end()
            self.assertEqual([a.end() for a in attempts].count(STOPPING), IN_LINE)

    def test_the_answer_says_when_to_retry(self):
        with Server(settings=FOR_EVER) as s:
            self.assertEqual(ask(s, password="wrong"), FAILED)
            waiting = [Attempt(s, password="wrong") for _ in range(AT_ONCE)]
            until(lambda: len(answered(waiting)) == AT_ONCE - IN_LINE, "attempts for which there is no room are not answered", ANSWER_SECONDS, s)
            with contextlib.closing(send(s, password="wrong")) as c:
                r = c.getresponse()
                self.assertEqual((r.status, r.read()), FAILED_OFTEN)
                self.assertIn(int(r.headers["Retry-After"]), range(1, (IN_LINE + 1) * 600 + 1))
            login = {"operation": "login", "username": s.admin[0], "password": "wrong"}
            status, _, body = s.request(body=json.dumps(login).encode(), headers=JSON)
            self.assertEqual((status, body), FAILED_OFTEN)
            s.end()

    def test_recently_successful_sources_are_not_delayed(self):
        with Server(settings=FOR_EVER + NOT_REMEMBERED) as s:
            self.assertEqual(ask(s), DESCRIBED)
            self.assertEqual(ask(s, password="wrong"), FAILED)
            waiting = [Attempt(s, password="wrong") for _ in range(AT_ONCE)]
            until(lambda: len(answered(waiting)) == AT_ONCE - IN_LINE, "attempts for which there is no room are not answered", ANSWER_SECONDS, s)
            for _ in range(3):
                self.assertEqual(ask(s), DESCRIBED)
            # This does not help an attacker who guesses.
            self.assertEqual(ask(s, password="wrong"), FAILED_OFTEN)
            s.end()
            self.assertEqual([a.end() for a in waiting].count(STOPPING), IN_LINE)

    def test_waiting_attempts_are_answered(self):
        short = ["authentication.failures.free=1", "authentication.failures.delay=20ms", "authentication.failures.maxDelay=100ms"]
        with Server(settings=CHEAP + short + NOT_REMEMBERED) as s:
            for _ in range(6):
                self.assertEqual(ask(s, password="wrong"), FAILED)
            self.assertEqual(ask(s), DESCRIBED)
            answers = {a.end() for a in [Attempt(s, password="wrong") for _ in range(AT_ONCE)]}
            self.assertLessEqual(answers, {FAILED, FAILED_OFTEN})
            self.assertEqual(ask(s), DESCRIBED)
            self.assertEqual(ask(s, password="wrong"), FAILED)

    def test_the_end_does_not_wait_for_delayed_attempts(self):
        with Server(settings=FOR_EVER) as s:
            delayed = []
            for i in range(30):
                self.assertEqual(ask(s, "user%d" % i, "wrong"), FAILED)
                delayed.append(Attempt(s, "user%d" % i, "wrong"))
            self.assertEqual(ask(s), DESCRIBED)
            s.end()
            self.assertEqual({a.end() for a in delayed}, {STOPPING})

    @unittest.skipUnless("system" in built_modules(), "this build cannot restart by itself")
    def test_a_restart_does_not_wait_for_delayed_attempts(self):
        with Server(settings=FOR_EVER) as s:
            self.assertEqual(ask(s, "nobody", "wrong"), FAILED)
            delayed = Attempt(s, "nobody", "wrong")
            self.assertEqual(ask(s), DESCRIBED)
            s.ok({"operation": "restart"})
            self.assertIn(delayed.end(), (STOPPING, FAILED))  # the next program knows of no failure, if the attempt reached it

            def is_next():
                self.assertEqual(ask(s), DESCRIBED)
                return s.said().count(" starting, root folder ") >= 2
            until(is_next, s.said)

    def test_a_client_that_disconnects_while_it_waits(self):
        with Server(settings=FOR_EVER) as s:
            self.assertEqual(ask(s, "nobody", "wrong"), FAILED)
            body = json.dumps(ASK).encode()
            for _ in range(2):
                with self.assertRaises(TimeoutError):
                    s.request(body=body, headers=dict(JSON, Authorization=s.authorization("nobody", "wrong")), timeout=0.2)
            self.assertEqual(ask(s), DESCRIBED)


class Parameters(unittest.TestCase):
    def test_credentials_in_the_body_wait_like_others(self):
        with Server(settings=FOR_EVER) as s:
            body = json.dumps(dict(ASK, username="nobody", password="wrong")).encode()
            self.assertEqual(s.request(body=body, headers=JSON)[0], 401)
            delayed = Attempt(s, "nobody", "wrong")
            self.assertEqual(ask(s), DESCRIBED)
            self.assertIsNone(delayed.answer)
            s.end()
            self.assertEqual(delayed.end(), STOPPING)

    def test_the_log_reports_each_password_once(self):
        with Server(settings=AUDITED) as s:
            for _ in range(3):
                self.assertEqual(ask(s), DESCRIBED)
            self.assertEqual(ask(s, "nobody", "wrong"), FAILED)
            said = s.said()
            self.assertEqual(said.count("sign-in as 'admin' succeeded"), 1)
            self.assertEqual(said.count("sign-in as 'nobody' failed"), 1)
            self.assertNotIn("wrong'", said)

    @unittest.skipUnless("users" in built_modules(), "this build has no module 'users'")
    def test_the_log_says_why_a_right_password_is_refused(self):
        with Server(settings=AUDITED) as s:
            s.add_user("ann", "super_user", active=False)
            self.assertEqual(ask(s, "ann", PASSWORD), (401, b'{"error":"Cannot complete request: User is inactive"}'))
            self.assertRegex(s.said(), r"\[warn\] \[auth\]: 127.0.0.1: sign-in as 'ann' refused: the user is inactive\n")

    def test_an_unknown_scheme_is_not_credentials(self):
        with Server() as s:
            for header in ("Digest x", "Negotiate", "Bearer", "Bearer  ", "bearer x", ""):
                status, headers, body = s.request(body=json.dumps(ASK).encode(), headers=dict(JSON, Authorization=header))
                self.assertEqual((status, headers["content-type"], body), (401, "application/json", b'{"error":"Must login"}'), header)


if __name__ == "__main__":
    unittest.main()
