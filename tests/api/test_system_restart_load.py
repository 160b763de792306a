# SPDX-License-Identifier: Apache-2.0
"""restart and restart_service under load: no client is refused, and nothing is lost.

RESTART_SECONDS=60 runs the load that long, at the intervals RESTART_EVERY (5) and SERVICE_EVERY (7), and prints the results."""
import contextlib, os, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import HAS_PROC, need_module, Server, until
from restarts import Client, entries, restart, rss

SECONDS = float(os.environ.get("RESTART_SECONDS", 6))
RESTART_EVERY = float(os.environ.get("RESTART_EVERY", 5 if SECONDS >= 30 else 1))
SERVICE_EVERY = float(os.environ.get("SERVICE_EVERY", 7 if SECONDS >= 30 else 1.4))
CONNECTIONS = int(os.environ.get("RESTART_CONNECTIONS", 32 if SECONDS >= 30 else 16))


def setUpModule():
    need_module("system")


@unittest.skipUnless(HAS_PROC, "no /proc")
class Load(unittest.TestCase):
    def test_no_client_notices(self):
        with Server(settings=["logging.level=warn"]) as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "load", "primary_key": "id"})
            restart(s)
            # A database's first write starts its writer, which stays; a job is one of the server's own records.
            s.ok({"operation": "insert", "database": "dev", "table": "load", "records": [{"id": "first"}]})
            s.ok({"operation": "set_status", "status": "under load"})
            pid = s.process.pid
            before = entries(pid, "fd"), entries(pid, "task"), rss(pid)
            end = time.monotonic() + SECONDS
            clients = [Client(s, n, end) for n in range(CONNECTIONS)]
            for c in clients:
                c.start()
            counts = self.keep_restarting(s, end)
            for c in clients:
                c.join(120)
                self.assertFalse(c.is_alive())
            failures = [f for c in clients for f in c.failures]
            calls = sum(c.calls for c in clients)
            lost = [k for c in clients for k, n in c.written.items()
                    if s.ok({"operation": "search_by_id", "database": "dev", "table": "load", "ids": [k], "get_attributes": ["n"]})
                    != [{"n": n}]]
            self.assertEqual(pid, s.process.pid)
            self.assertIsNone(s.process.poll())
            with contextlib.suppress(AssertionError):  # reported below, after the results
                until(lambda: entries(pid, "fd") <= before[0] and entries(pid, "task") <= before[1], "more than before")
            after = entries(pid, "fd"), entries(pid, "task"), rss(pid)
            print("%d calls on %d connections, %d restarts, %d restart_services; failed %d, lost %d of %d records; "
                  "fds %d to %d, threads %d to %d, RSS %d to %d KiB" % (
                      calls, CONNECTIONS, counts[0], counts[1], len(failures), len(lost), sum(len(c.written) for c in clients),
                      before[0], after[0], before[1], after[1], before[2], after[2]))
            self.assertEqual([], failures[:3])
            self.assertEqual([], lost[:3])
            self.assertLessEqual(after[0], before[0])
            self.assertLessEqual(after[1], before[1])
            self.assertGreater(counts[0], 1)
            self.assertGreater(counts[1], 1)
            self.assertNotIn("[error]", s.said())
            self.assertNotIn("cuts off", s.said())

    def keep_restarting(self, s, end):
        """(restarts, restart_services) done; the second kind may coincide with the first."""
        counts, at = [0, 0], time.monotonic()
        due = [at + RESTART_EVERY, at + SERVICE_EVERY]
        requests = [{"operation": "restart"}, {"operation": "restart_service", "service": "http_workers"}]
        while min(due) < end:
            which = due.index(min(due))
            time.sleep(max(0, due[which] - time.monotonic()))
            due[which] += (RESTART_EVERY, SERVICE_EVERY)[which]
            status, body = s.call(requests[which])
            self.assertEqual(200, status, body)
            counts[which] += 1
        return counts


if __name__ == "__main__":
    unittest.main()
