# SPDX-License-Identifier: Apache-2.0
"""TLS when the server starts, restarts and stops, and certificates that change all the time."""
import http.client, os, shutil, socket, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import HAS_PROC, LYRED, Server, built_modules, until
from tls_case import NETWORK, SecureServer, authority, common_name, configuration, resident_kib, trusting


class Started(unittest.TestCase):
    """Starts and restarts."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lyre-pem-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.place(authority.issue("first", ["first.example"]))

    def place(self, pair):
        for name, text in zip(("chain.pem", "key.pem"), pair):
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text)

    def server(self, *settings, **more):
        return SecureServer(lines=["folder: " + self.folder], settings=settings, **more)

    def restart(self, s):
        before = s.said().count("listening on https")
        s.ok({"operation": "restart"})
        until(lambda: s.said().count("listening on https") > before, s.said, server=s)

    @unittest.skipUnless("system" in built_modules(), "needs restart")
    def test_restart(self):
        """The socket stays open, idle connections close cleanly, requests in progress are answered."""
        with self.server() as s:
            idle = [s.dial("first.example") for _ in range(3)]
            used = s.https()
            self.assertEqual(s.ask(connection=used)[0], 200)
            plain = http.client.HTTPConnection("127.0.0.1", s.port)
            self.assertEqual(s.ask(connection=plain)[0], 200)
            port = s.secure_port
            said = len(s.said())
            self.restart(s)
            self.assertIn("listening on https://127.0.0.1:%d\n" % port, s.said(said))
            for c in idle + [used.sock]:
                c.settimeout(30)
                self.assertEqual(c.recv(100), b"") # an end of TLS, not of the connection
                c.close()
            self.assertEqual(s.ask(connection=plain)[0], 200) # it was handed over
            plain.close()
            self.assertEqual(s.ask()[0], 200)

    @unittest.skipUnless("system" in built_modules(), "needs restart")
    def test_restart_under_load(self):
        """A new connection is answered at any time; a persistent one is answered, or closed cleanly before."""
        with self.server() as s:
            over, faults, served = threading.Event(), [], [0, 0]

            def new():
                while not over.is_set():
                    try:
                        if s.ask()[0] == 200:
                            served[0] += 1
                    except Exception as e:
                        faults.append(("new", repr(e)))

            def keep():
                c = None
                while not over.is_set():
                    try:
                        fresh, c = not c, c or s.https()
                        status, headers, _ = s.ask(connection=c)
                        served[1] += status == 200
                        if headers.get("Connection", "").lower() == "close":
                            c.close()
                            c = None
                    except http.client.RemoteDisconnected as e:
                        if fresh:
                            faults.append(("kept", repr(e)))
                        c.close()
                        c = None
                    except Exception as e:
                        faults.append(("kept", repr(e)))
                        c = None
                if c:
                    c.close()

            threads = [threading.Thread(target=f) for f in (new, new, keep, keep)]
            for t in threads:
                t.start()
            try:
                for _ in range(2):
                    self.restart(s)
                    mark = list(served)
                    until(lambda: served[0] > mark[0] + 5 and served[1] > mark[1] + 5, lambda: "no more is served: %s" % faults, server=s)
            finally:
                over.set()
                for t in threads:
                    t.join()
            self.assertEqual(faults, [])

    @unittest.skipUnless("system" in built_modules(), "needs restart_service")
    def test_new_workers(self):
        """Listeners are added and removed with restart_service; certificates stay."""
        config = configuration("folder: " + self.folder)
        s = Server(config=config)
        with s:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            renew = lambda: self.assertEqual(s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers"})["job_id"])["status"], "COMPLETE")
            s.ok({"operation": "set_configuration", "operationsApi_network_securePort": port})
            renew()
            until(lambda: "listening on https://127.0.0.1:%d" % port in s.said(), s.said)
            dial = lambda: trusting().wrap_socket(socket.create_connection(("127.0.0.1", port), 30), server_hostname="first.example")
            with dial() as c:
                self.assertEqual(common_name(c), "first")
                renew()
                with dial() as again:
                    self.assertEqual(common_name(again), "first")
                c.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertIn(b"Connection: close", b"".join(iter(lambda: c.recv(4096), b"")))
            s.ok({"operation": "set_configuration", "operationsApi_network_securePort": None})
            renew()
            with self.assertRaises(OSError):
                dial()

    def test_stop_closes_connections_cleanly(self):
        s = self.server()
        try:
            with s.dial("first.example") as c:
                s.end()
                self.assertEqual(c.recv(100), b"")
        finally:
            s.remove()

    def check(self, *settings, config=None):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(config or configuration())
            f.flush()
            r = subprocess.run([LYRED, "-c", f.name, "-r", os.path.join(self.folder, "root"), "--check"] + [a for s in settings for a in ("--set", s)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        return r.returncode, r.stdout

    def test_check(self):
        self.assertEqual(self.check(NETWORK + "port=0", NETWORK + "securePort=0")[0], 0)
        code, said = self.check(NETWORK + "port=23456", NETWORK + "securePort=23456")
        self.assertEqual(code, 3)
        self.assertIn("operationsApi.network.securePort and operationsApi.network.port are both 23456: they must differ", said)
        code, said = self.check(NETWORK + "port=0", NETWORK + "securePort=99999")
        self.assertEqual(code, 3)
        self.assertIn("securePort", said)
        code, said = self.check(NETWORK + "port=0", NETWORK + "host=192.0.2.77", NETWORK + "securePort=23457")
        self.assertEqual(code, 3)
        self.assertIn("192.0.2.77", said)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, said = self.check(NETWORK + "port=0", NETWORK + "host=127.0.0.1", NETWORK + "securePort=%d" % taken.getsockname()[1])
            self.assertIn("listen on '127.0.0.1, port %d'" % taken.getsockname()[1], said)
            with self.assertRaisesRegex(RuntimeError, "port %d" % taken.getsockname()[1]):
                SecureServer(settings=[NETWORK + "securePort=%d" % taken.getsockname()[1]])

    def test_a_module_can_try(self):
        config = configuration("folder: " + self.folder)
        self.assertEqual(self.check(NETWORK + "port=0", config=config)[0], 0)
        self.place((authority.issue("first")[0], authority.issue("second")[1]))
        code, said = self.check(NETWORK + "port=0", config=config)
        self.assertEqual(code, 3)
        self.assertIn("certificate 'first': the private key does not match it", said)

    def test_the_module_knows_of_the_listener(self):
        with self.server() as s:
            self.assertIn("[tls_files]: TLS 1 1", s.said())
        with Server(config=configuration()) as s:
            self.assertIn("[tls_files]: TLS 1 0", s.said())
            self.assertNotIn("https", s.said())


class Rotation(unittest.TestCase):
    """Certificates that change continuously, with new and persistent connections."""

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    def test_rotation(self):
        rounds, seconds = int(os.environ.get("ROTATIONS", "20")), float(os.environ.get("ROTATION_SECONDS", "3"))
        pairs = [authority.issue("pair%d" % i, ["first.example"], kind=("ecdsa", "rsa", "ed25519")[i % 3]) for i in range(6)]
        # the server's certificate can only be served with its own key: a mixed pair fails the handshake
        with SecureServer() as s:
            s.must_use(("first", pairs[0], ["first.example"]))
            over, faults, seen, served = threading.Event(), [], set(), [0, 0]

            def new():
                while not over.is_set():
                    try:
                        with s.dial("first.example") as c:
                            seen.add(common_name(c))
                            c.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                            answer = b"".join(iter(lambda: c.recv(4096), b""))
                        served[0] += answer.startswith(b"HTTP/1.1 200 ")
                    except Exception as e:
                        faults.append(repr(e))

            def keep():
                c = s.https()
                while not over.is_set():
                    try:
                        served[1] += s.ask(connection=c)[0] == 200
                    except Exception as e:
                        faults.append(repr(e))
                        return
                c.close()

            threads = [threading.Thread(target=f) for f in (new, new, new, keep, keep)]
            for t in threads:
                t.start()
            sizes = []
            try:
                begun = time.monotonic()
                for i in range(rounds):
                    pair = pairs[i % len(pairs)]
                    s.must_use(("first", pair, ["first.example"]))
                    self.assertEqual(s.shown("first.example"), "pair%d" % (i % len(pairs))) # the very next connection
                    sizes.append(resident_kib(s))
                    time.sleep(max(0, begun + (i + 1) * seconds / rounds - time.monotonic()))
                    self.assertEqual(faults, [])
            finally:
                over.set()
                for t in threads:
                    t.join()
            self.assertEqual(faults, [])
            self.assertEqual(len(seen), len(pairs))
            self.assertGreater(min(served), rounds)
            if not os.environ.get("CK_FORK"):  # a sanitizer keeps what is freed
                self.assertLess(sizes[-1], sizes[len(sizes) // 2] + 8192)


if __name__ == "__main__":
    unittest.main()
