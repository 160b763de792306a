# SPDX-License-Identifier: Apache-2.0
"""What a server must not reveal or keep: who asked, passwords, memory."""
import http.client, json, os, socket, unittest

from lyre_server import HAS_PROC, BUILD, EMULATOR, Server, until

JSON = {"Content-Type": "application/json"}
with open(os.path.join(BUILD, "Makefile")) as makefile:
    SANITIZED = "-fsanitize=" in makefile.read()
ASK = json.dumps({"operation": "describe_all"}).encode()


def resident_kib(s):
    with open("/proc/%d/status" % s.process.pid) as f:
        return [int(line.split()[1]) for line in f if line.startswith("VmRSS")][0]


class Guard(unittest.TestCase):
    def test_a_user_name_cannot_imitate_an_address_in_the_log(self):
        with Server(settings=["logging.auditAuthEvents.logFailed=true"]) as s:
            for name in ("x' from 8.8.8.8: sign-in failed\n2026-01-01T00:00:00.000Z [main] [warn] [auth]: 8.8.4.4: ", "long" * 5000):
                body = json.dumps({"operation": "describe_all", "username": name, "password": "secret-word"}).encode()
                self.assertEqual(s.request(body=body, headers=JSON)[0], 401)
            lines = [line for line in s.said().splitlines() if "[auth]" in line and "failed" in line]
            self.assertEqual(len(lines), 2)
            for line in lines:
                self.assertRegex(line, r"^\S+ \[[^]]+\] \[warn\] \[auth\]: 127\.0\.0\.1: sign-in as '.*' failed$")
            self.assertNotIn("secret-word", s.said())

    def test_a_header_is_quoted_as_valid_json(self):
        with Server() as s:
            status, _, body = s.request(body=ASK, headers={"Content-Type": b"text/\xfc\xff", "Authorization": s.authorization()})
            self.assertEqual((status, json.loads(body.decode("utf-8"))), (415, {"error": "Unsupported Media Type: text/\u00fc\u00ff"}))

    @unittest.skipIf(EMULATOR, "an emulator has the environment in its own memory")
    @unittest.skipUnless(HAS_PROC, "there is no /proc")
    def test_the_first_password_leaves_the_environment(self):
        with Server() as s, open("/proc/%d/environ" % s.process.pid, "rb") as f:
            self.assertNotIn(s.admin[1].encode(), f.read())

    def test_the_first_of_two_authorizations_counts(self):
        with Server() as s:
            right, wrong = s.authorization(), s.authorization("admin", "no")
            for first, second, status in ((right, wrong, 200), (wrong, right, 401)):
                raw = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: %s\r\nauthorization: %s\r\nContent-Length: %d\r\n\r\n"
                self.assertEqual(self.send(s, (raw % (first, second, len(ASK))).encode() + ASK), status)

    def send(self, s, raw):
        with socket.create_connection(("127.0.0.1", s.port), timeout=30) as c:
            c.sendall(raw)
            with c.makefile("rb") as f:
                return int(f.readline().split()[1])

    def test_wrong_credentials_are_refused_everywhere(self):
        with Server() as s:
            body = json.dumps({"operation": "describe_all", "username": s.admin[0], "password": s.admin[1]}).encode()
            headers = dict(JSON, Authorization=s.authorization("admin", "no"))
            self.assertEqual(s.request(body=body, headers=headers)[0], 401)
            self.assertEqual(s.request(body=body, headers=headers, unix=True)[0], 401)
            self.assertEqual(s.request(body=body, headers=JSON)[0], 200)

    @unittest.skipIf(SANITIZED, "sanitizers keep what is freed")
    @unittest.skipUnless(HAS_PROC, "there is no /proc")
    def test_a_burst_of_large_requests_leaves_little_behind(self):
        with Server() as s:
            s.ok({"operation": "describe_all"})
            before = resident_kib(s)
            body = json.dumps({"operation": "describe_all", "more": "x" * 200000}).encode()
            headers = dict(JSON, Authorization=s.authorization())

            def hold(_):
                c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
                c.putrequest("POST", "/")
                for k, v in headers.items():
                    c.putheader(k, v)
                c.putheader("Content-Length", str(len(body)))
                c.endheaders(body[:-1])
                return c

            held = [hold(i) for i in range(200)]
            for c in held:
                c.send(body[-1:])
            for c in held:
                self.assertEqual(c.getresponse().read(), b"{}")
                c.close()
            until(lambda: resident_kib(s) - before < 12 << 10, lambda: "%d KiB are left behind" % (resident_kib(s) - before))


if __name__ == "__main__":
    unittest.main()
