# SPDX-License-Identifier: Apache-2.0
"""restart_service, SIGHUP, and notifications to the service manager."""
import contextlib, os, shutil, signal, socket, sys, tempfile, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import HAS_PROC, need_module, Server, until
from restarts import entries, keep_alive, Raw, restart, starts


def setUpModule():
    need_module("system")


def listening(s):
    """The inodes of the TCP sockets listening on the server's port."""
    found = set()
    for table in ("tcp", "tcp6"):
        if os.path.exists("/proc/net/" + table):
            for line in open("/proc/net/" + table).readlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == s.port:
                    found.add(fields[9])
    return found


class Service(unittest.TestCase):
    def test_refusals(self):
        with Server() as s:
            for service in ("nope", "", None, "HTTP_WORKERS", 7, ["http"]):
                self.assertEqual((400, {"error": "Invalid service"}), s.call({"operation": "restart_service", "service": service}))
            self.assertEqual((400, {"error": "Invalid service"}), s.call({"operation": "restart_service"}))
            for service in ("clustering", "clustering_config"):
                self.assertEqual((400, {"error": "Clustering is not enabled"}),
                                 s.call({"operation": "restart_service", "service": service}))
            self.assertEqual((400, {"error": "'replicated' must be a boolean"}),
                             s.call({"operation": "restart_service", "service": "http_workers", "replicated": "x"}))

    def test_names_and_job(self):
        with Server() as s:
            for service in ("http_workers", "http", "custom_functions", "custom functions", "harperdb"):
                body = s.ok({"operation": "restart_service", "service": service})
                self.assertEqual("Restarting " + service, body["message"])
                job = s.wait_for_job(body["job_id"])
                self.assertEqual(("COMPLETE", "restart_service"), (job["status"], job["type"]), job)
            job = s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers", "replicated": True})["job_id"])
            self.assertEqual(("ERROR", "Replication not implemented."), (job["status"], job["message"]))
            self.assertEqual(1, starts(s))

    @unittest.skipUnless(HAS_PROC, "no /proc")
    def test_all_addresses(self):
        """The socket that listens on all addresses stays the same, so that no client finds it closed."""
        with Server(settings=["operationsApi.network.host=null"]) as s:
            before = listening(s)
            self.assertEqual("COMPLETE", s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers"})["job_id"])["status"])
            self.assertEqual(before, listening(s))
            restart(s)
            self.assertEqual(before, listening(s))

    def test_new_settings_of_listeners(self):
        with Server(config="operationsApi:\n  network:\n    keepAliveTimeout: 41s\n    domainSocket: first\n") as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "kept", "primary_key": "id"})
            old = Raw(s)
            self.assertEqual(200, old.call({"operation": "describe_all"})[0])
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    keepAliveTimeout: 42s\n    domainSocket: second\n")
            body = s.ok({"operation": "restart_service", "service": "http_workers"})
            until(lambda: os.path.exists(os.path.join(s.root, "second")) and not os.path.exists(os.path.join(s.root, "first")),
                  lambda: "the domain socket is not the second: %s" % os.listdir(s.root), server=s)
            # The existing connection gets one more answer.
            status, _, close = old.call({"operation": "describe_all"})
            self.assertEqual((200, True), (status, close))
            old.close()
            self.assertEqual("COMPLETE", s.wait_for_job(body["job_id"])["status"])
            self.assertEqual("timeout=42", keep_alive(s))
            network = s.ok({"operation": "get_configuration"})["operationsApi"]["network"]
            self.assertEqual((42000, os.path.join(s.root, "second")), (network["keepAliveTimeout"], network["domainSocket"]))
            self.assertEqual(1, starts(s))

    def test_bad_settings_change_nothing(self):
        with Server(config="operationsApi:\n  network:\n    keepAliveTimeout: 41s\n") as s:
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    keepAliveTimeout: soon\n")
            job = s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers"})["job_id"])
            self.assertEqual("ERROR", job["status"])
            self.assertIn("keepAliveTimeout", job["message"])
            self.assertEqual("timeout=41", keep_alive(s))

    def test_nothing_is_left(self):
        with Server() as s:
            def renew(times):
                for _ in range(times):
                    self.assertEqual("COMPLETE", s.wait_for_job(s.ok({"operation": "restart_service", "service": "http"})["job_id"])["status"])
            renew(1)
            if not HAS_PROC:
                return
            self.assertEqual({}, s.ok({"operation": "describe_all"}))
            before = entries(s.process.pid, "fd"), entries(s.process.pid, "task")
            renew(12)
            now = lambda: (entries(s.process.pid, "fd"), entries(s.process.pid, "task"))
            until(lambda: now()[0] <= before[0] and now()[1] <= before[1],
                  lambda: "descriptors and threads were %d and %d, are %d and %d" % (before + now()))


class Reload(unittest.TestCase):
    def test_hangup(self):
        """SIGHUP: live settings are read again, and the log file is reopened."""
        with Server(config="logging:\n  level: error\n") as s:
            log = os.path.join(s.root, "log", "lyre.log")
            self.hang_up(s, 1)
            self.assertNotIn("[debug]", s.said())
            os.rename(log, log + ".1")
            with open(s.config, "w") as f:
                f.write("logging:\n  level: debug\njobs:\n  parallel: 3\n")
            self.hang_up(s, 2)
            self.assertIn("these need one: jobs.parallel\n", s.said())
            self.assertTrue(os.path.exists(log))
            self.assertEqual(400, s.call({"operation": "nothing"})[0])
            self.assertEqual(404, s.call({"operation": "describe_database", "database": "none"})[0])
            until(lambda: "[debug]" in s.said(), s.said, server=s)
            with open(s.config, "w") as f:
                f.write("logging:\n  level: loud\n")
            s.process.send_signal(signal.SIGHUP)
            until(lambda: "settings unchanged: " in s.said(), s.said, server=s)
            self.assertEqual({}, s.ok({"operation": "describe_all"}))

    def hang_up(self, s, times):
        s.process.send_signal(signal.SIGHUP)
        until(lambda: s.said().count("SIGHUP: log file reopened") == times, s.said, server=s)


class ServiceManager(unittest.TestCase):
    def test_notifications(self):
        folder = tempfile.mkdtemp(prefix="lyre-notify-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "notify")
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
            manager.bind(path)
            manager.settimeout(30)
            with Server(env={"NOTIFY_SOCKET": path}) as s:
                self.assertEqual(b"READY=1", manager.recv(1000))
                before = time.monotonic_ns() // 1000
                restart(s)
                said = dict(line.split(b"=") for line in manager.recv(1000).split(b"\n"))
                self.assertEqual(b"1", said[b"RELOADING"])
                self.assertTrue(before <= int(said[b"MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000)
                self.assertEqual(b"READY=1", manager.recv(1000))
                s.process.send_signal(signal.SIGHUP)
                self.assertTrue(manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC="))
                self.assertEqual(b"READY=1", manager.recv(1000))
            self.assertEqual(b"STOPPING=1", manager.recv(1000))


if __name__ == "__main__":
    unittest.main()
