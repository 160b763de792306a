# SPDX-License-Identifier: Apache-2.0
"""A clock that is set forward and back, under a running server and between two runs (core/store/clock.h has the rules).

Debian's libfaketime is preloaded into the server; durations use the real clock.
"""
import glob, os, re, shutil, sys, tempfile, time, unittest

import faults # noqa: F401, for the path to lyre_server
from faults import Server, create, insert, until
from certificates import Authority
from lyre_server import BUILD, LYRED, built_modules, need_module

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
HOUR, DAY = 3600000, 86400000


def elf_class(path):
    """1 for a 32-bit file, 2 for a 64-bit one."""
    with open(path, "rb") as f:
        return f.read(5)[4]


def setUpModule():
    need_module("users")
    need_module("system")
    if not LIBRARY:
        print("there is no libfaketime")
        sys.exit(77)
    if elf_class(LIBRARY) != elf_class(LYRED):
        print("libfaketime has other words than the server")
        sys.exit(77)
    with open(os.path.join(BUILD, "Makefile")) as f:
        if "-fsanitize=" in f.read():
            print("a sanitizer has to be loaded first")
            sys.exit(77)


def now():
    return time.time() * 1000


class Clock(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lyre-test-")
        self.addCleanup(folder.cleanup)
        self.offset = os.path.join(folder.name, "offset")
        self.at("+0")
        self.env = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": self.offset, "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    def at(self, offset):
        with open(self.offset + ".new", "w") as f:
            f.write(offset + "\n")
        os.rename(self.offset + ".new", self.offset)

    def server(self, *settings):
        s = Server(settings=["logging.auditLog=true"] + list(settings), env=self.env)
        self.addCleanup(s.stop)
        return s

    def times(self, s, id, table="t"):
        found = s.ok({"operation": "search_by_id", "database": "dev", "table": table, "ids": [id], "get_attributes": ["*"]})
        return found and (found[0]["__createdtime__"], found[0]["__updatedtime__"])

    def near(self, time, offset=0):
        self.assertLess(abs(time - now() - offset), HOUR / 2)

    def audit(self, s, *span):
        more = {"search_type": "timestamp", "search_values": list(span)} if span else {}
        entries = s.ok(dict(more, operation="read_audit_log", database="dev", table="t"))
        return [e["hash_values"] for e in entries]

    def sound(self, s):
        self.assertIn("is sound", s.ok({"operation": "check_database", "database": "dev"})["message"])

    def warnings(self, s, what):
        return re.findall(r"\[warn\].*the clock was set %s.*" % what, s.said())

    def step_back(self, restart):
        s = self.server()
        create(s)
        create(s, table="short", expiration=1)
        insert(s, [{"id": "before"}])
        self.at("+2d")
        insert(s, [{"id": "ahead"}, {"id": "changed"}])
        insert(s, [{"id": "ahead"}], table="short")
        self.near(self.times(s, "ahead")[1], 2 * DAY)
        if restart:
            s.end()
        self.at("+0")
        if restart:
            s.start()
        insert(s, [{"id": "behind"}])
        insert(s, [{"id": "behind"}], table="short")
        s.ok({"operation": "update", "database": "dev", "table": "t", "records": [{"id": "changed", "a": 1}]})
        self.near(self.times(s, "behind")[1])
        created, updated = self.times(s, "changed")
        self.assertGreaterEqual(updated, created)
        until(lambda: not self.times(s, "behind", "short"), "a record does not expire, as if the clock were ahead")
        until(lambda: not self.times(s, "ahead", "short"), "a record with a time ahead does not expire")
        said = self.warnings(s, "back")
        self.assertEqual(len(said), 1, said)
        self.assertEqual(len(re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+Z", said[0])), 2, said[0])
        self.assertEqual(self.audit(s), [["before"], ["ahead", "changed"], ["behind"], ["changed"]])
        self.assertEqual(self.audit(s, now() - HOUR, now() + HOUR), [["before"], ["behind"], ["changed"]])
        self.assertEqual(self.audit(s, now() + HOUR, now() + 3 * DAY), [["ahead", "changed"]])
        self.assertEqual(self.audit(s, now() + 3 * DAY, now() + 4 * DAY), [])
        self.sound(s)
        return s

    def remove_old(self, s):
        job = s.ok({"operation": "delete_audit_logs_before", "database": "dev", "table": "t", "timestamp": int(now() + HOUR)})
        self.assertEqual(s.wait_for_job(job["job_id"])["status"], "COMPLETE")
        self.assertEqual(self.audit(s), [["ahead", "changed"]])
        self.sound(s)

    def test_set_back_while_running(self):
        s = self.step_back(False)
        self.remove_old(s)
        s.restart()
        self.near(self.times(s, "behind")[1])
        self.assertEqual(self.audit(s), [["ahead", "changed"]])
        insert(s, [{"id": "late"}])
        self.assertEqual(len(self.warnings(s, "back")), 1)
        self.sound(s)

    def test_set_back_across_a_restart(self):
        self.remove_old(self.step_back(True))

    def test_small_step_is_bridged(self):
        s = self.server()
        create(s)
        last = 0
        for offset in ("+0", "-1s", "-2s", "-3s"):
            self.at(offset)
            insert(s, [{"id": offset}])
            time = self.times(s, offset)[1]
            self.assertGreater(time, last)
            last = time
        self.assertEqual(self.warnings(s, "back"), [])
        self.sound(s)

    def test_set_forward_and_back(self):
        """What expired by a clock that was temporarily ahead is visible again when the clock is back."""
        s = self.server()
        create(s, expiration=600)
        insert(s, [{"id": 1}, {"id": 2}])
        self.at("+1h")
        self.assertEqual(self.times(s, 1), [])
        # The background checks after a write.
        insert(s, [{"id": 3}])
        until(lambda: self.warnings(s, "forward"), "the jump is not reported")
        self.sound(s)
        # A record that is written where an expired one was.
        s.ok({"operation": "upsert", "database": "dev", "table": "t", "records": [{"id": 2, "a": 2}]})
        self.sound(s)
        self.at("+0")
        self.assertTrue(self.times(s, 1))
        self.sound(s)
        insert(s, [{"id": 4}])
        self.assertTrue(self.times(s, 4))
        self.sound(s)

    def test_retention_is_not_longer(self):
        """Entries with times ahead of the clock are removed when the retention has passed since the clock was set back."""
        s = self.server("logging.auditRetention=1000")
        create(s)
        self.at("+2d")
        insert(s, [{"id": "ahead"}])
        self.at("+0")
        insert(s, [{"id": "behind"}])
        until(lambda: ["ahead"] not in self.audit(s), "an entry with a time ahead is kept")
        self.sound(s)

    def test_sessions(self):
        """A session that has ended is valid again for no longer than the clock was set back."""
        s = self.server("authentication.sessionTimeout=60000", "authentication.cacheTTL=0")
        _, headers, _ = s.request(body=b'{"operation":"login","username":"admin","password":"Abc1234!"}',
                                  headers={"Content-Type": "application/json"})
        cookie = {"Cookie": headers["Set-Cookie"].split(";")[0], "Content-Type": "application/json",
                  "Origin": "http://127.0.0.1:%d" % s.port}

        def status():
            return s.request(body=b'{"operation":"user_info"}', headers=cookie)[0]

        for offset, expected in (("+0", 200), ("+2m", 401), ("-1h", 200), ("+61s", 401)):
            self.at(offset)
            self.assertEqual(status(), expected, offset)

    @unittest.skipUnless("certs" in built_modules() and shutil.which("openssl"), "needs certificates")
    def test_an_overdue_revocation_list_is_logged_daily(self):
        with Authority("Test authority") as ca:
            path = ca.write("list.pem", ca.revoked(overdue=True))
            s = self.server("operationsApi.network.securePort=0", "operationsApi.network.mtls=true", "tls.certificateAuthority=" + ca.path, "tls.revocationList=" + path)
            lines = lambda: s.said().count("certificate revocation list %s should have been replaced" % path)
            until(lambda: lines() == 1, s.said)
            for hours, count in ((23, 1), (25, 2), (26, 2), (50, 3)):
                self.at("+%dh" % hours)
                # lets the module's thread look, which it does every hour
                s.ok({"operation": "add_certificate", "name": "at%d" % hours, "certificate": ca.certificate, "is_authority": True})
                until(lambda: lines() >= count, s.said)
                time.sleep(0.3)
                self.assertEqual(lines(), count, "after %d hours" % hours)


if __name__ == "__main__":
    unittest.main(verbosity=2)
