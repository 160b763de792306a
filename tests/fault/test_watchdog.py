# SPDX-License-Identifier: Apache-2.0
"""A serving thread that hangs: the server reports it and exits, to be restarted; nothing else makes it exit."""
import contextlib, json, os, re, signal, socket, subprocess, sys, tempfile, time, unittest

from faults import BUILD, STATIC_ONLY, Server, until

HANG = os.path.join(BUILD, "tests", "module", ".libs", "hang.so")
CONFIG = "modules:\n  schema: true\n  data: true\n  hang:\n    path: %s\n" % HANG
# Stops every thread of a process like a debugger, until it is ended itself.
TRACER = """
import ctypes, os, sys
libc, seize = ctypes.CDLL(None), 0x4206
threads = os.listdir("/proc/%s/task" % sys.argv[1])
print("traced" if all(libc.ptrace(seize, int(t), None, None) == 0 for t in threads) else "refused", flush=True)
sys.stdin.read()
"""


def setUpModule():
    if STATIC_ONLY:
        print("this build loads no modules")
        sys.exit(77)


class Watchdog(unittest.TestCase):
    def server(self, *settings, **more):
        s = Server(config=CONFIG, settings=["threads=2"] + list(settings), **more)
        self.addCleanup(s.remove)
        self.addCleanup(lambda: s.output.close())
        self.addCleanup(s.kill)
        return s

    def hang(self, s, **more):
        """Sends the request, and does not wait for its answer."""
        c = socket.create_connection(("127.0.0.1", s.port), 60)
        self.addCleanup(c.close)
        body = json.dumps(dict(more, operation="hang"))
        c.sendall(("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\n"
                   "Content-Length: %d\r\n\r\n%s" % (s.authorization(), len(body), body)).encode())
        return c

    def ended(self, s):
        return until(lambda: s.process.poll() is not None, "it continues with a hanging thread") and s.process.returncode

    def test_a_thread_hangs(self):
        s = self.server("operationsApi.network.hangTimeout=1200ms")
        self.hang(s, for_ever=True)
        self.assertEqual(self.ended(s), 1)
        self.assertRegex(s.said(), r"\[fatal\].* thread http/\d+ \(\d+\) has hung for \d+ seconds: the server exits")

    def test_a_thread_recovers(self):
        s = self.server("operationsApi.network.hangTimeout=24s")
        c = self.hang(s, ms=100)
        self.assertIn(b"that was long", c.recv(4096))
        s.end()
        self.assertNotIn("the thread", s.said())

    def test_off(self):
        for value in ("0", "null"):
            s = self.server("operationsApi.network.hangTimeout=" + value)
            self.assertIn(b"that was long", self.hang(s, ms=300).recv(4096))
            s.end()
            self.assertNotIn("come round", s.said())

    def test_the_whole_process_stands_still(self):
        s = self.server("operationsApi.network.hangTimeout=600ms")
        for _ in range(3):
            s.process.send_signal(signal.SIGSTOP)
            time.sleep(1.2)  # twice the time that a thread may hang
            s.process.send_signal(signal.SIGCONT)
            self.assertEqual(s.request("GET", "/health")[0], 200)
        s.end()
        self.assertNotIn("has hung", s.said())

    def test_a_debugger_looks_at_the_thread(self):
        s = self.server("operationsApi.network.hangTimeout=1200ms")
        tracer = subprocess.Popen([sys.executable, "-c", TRACER, str(s.process.pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(tracer.communicate)
        self.addCleanup(tracer.kill)
        if tracer.stdout.readline() != b"traced\n":
            self.skipTest("no tracing here")
        self.hang(s, for_ever=True)
        until(lambda: "has not responded" in s.said(), "the thread is not reported", server=s)
        time.sleep(1.8)  # longer than it may hang
        self.assertIsNone(s.process.poll())
        tracer.kill()
        self.assertEqual(self.ended(s), 1)

    def test_end_with_a_busy_thread(self):
        s = self.server("operationsApi.network.hangTimeout=0", "threads=1", "operationsApi.network.drainTimeout=100ms")
        self.hang(s, for_ever=True)
        until(lambda: not self.answers(s), "it does not hang", server=s)
        s.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ended(s), 1)
        self.assertRegex(s.said(), r"the thread http/\d+ \(\d+\) hangs")

    def answers(self, s):
        with contextlib.suppress(socket.timeout):
            return s.request("GET", "/health", timeout=0.5)[0] == 200


class Manager(unittest.TestCase):
    """The service manager is notified that all is well, as long as it is."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="lyre-notify-")
        self.addCleanup(os.rmdir, folder)
        path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(os.unlink, path)
        self.addCleanup(self.socket.close)
        self.socket.bind(path)
        self.env = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}

    def told(self, seconds):
        """The next notification; None if there is none within this many seconds."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(200)
        except socket.timeout:
            return None

    def serve(self, *settings):
        s = Server(config=CONFIG, settings=["threads=2"] + list(settings), env=self.env)
        self.addCleanup(s.stop)
        self.assertEqual(self.told(60), b"READY=1")
        return s

    def test_notified_while_all_threads_respond(self):
        for watchdog in ("60s", "null"):
            s = self.serve("operationsApi.network.hangTimeout=" + watchdog)
            for _ in range(5):
                self.assertEqual(self.told(60), b"WATCHDOG=1")
            s.end()
            while self.told(0.05):
                pass

    def test_not_notified_while_one_hangs(self):
        s = self.serve("operationsApi.network.hangTimeout=60s")
        c = Watchdog.hang(self, s, ms=3000)
        until(lambda: self.told(1) is None, "it is still notified that all is well")
        self.assertIn(b"that was long", c.recv(4096))
        self.assertEqual(self.told(60), b"WATCHDOG=1")

    def test_not_its_own(self):
        self.env["WATCHDOG_PID"] = "1"
        self.serve()
        self.assertIsNone(self.told(0.5))


if __name__ == "__main__":
    unittest.main()
