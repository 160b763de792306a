# SPDX-License-Identifier: Apache-2.0
"""Sockets opened and passed by the service manager (socket activation): the server listens on them, or refuses to start."""
import contextlib, fcntl, os, re, shutil, socket, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import HAS_PROC, LYRED, Server, built_modules, feature, open_files, until

NETWORK = "operationsApi.network."


def begin(root, sockets, settings=(), names=None):
    """A server on root that is passed the sockets; its own settings are those given, and those of the file. names: of the sockets."""
    s = Server(root=root, config="", start=False)
    s.output = open(os.path.join(root, "output"), "ab+")

    def place():
        high = [fcntl.fcntl(x.fileno(), fcntl.F_DUPFD, 20) for x in sockets]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
            os.close(fd)

    command = ["sh", "-c", "LISTEN_PID=$$; export LISTEN_PID; exec \"$@\"", "sh", LYRED, "-r", root, "-c", s.config,
               "--set", "logging.stdStreams=true"]
    for setting in settings:
        command += ["--set", setting]
    env = dict(os.environ, LYRE_ADMIN_USERNAME=s.admin[0], LYRE_ADMIN_PASSWORD=s.admin[1], LISTEN_FDS=str(len(sockets)))
    if names:
        env["LISTEN_FDNAMES"] = ":".join(names)
    s.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=s.output, stderr=s.output, env=env, preexec_fn=place,
                                 close_fds=False)
    return s


class Activation(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, self.root)
        self.path = os.path.join(self.root, "operations-server")

    def tcp(self, host="127.0.0.1", family=socket.AF_INET):
        s = socket.create_server((host, 0), family=family)
        self.addCleanup(s.close)
        return s

    def domain(self, path=None):
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.bind(path or self.path)
        s.listen()
        return s

    @contextlib.contextmanager
    def serving(self, sockets, *settings, names=None):
        s = begin(self.root, sockets, settings, names)
        with s:
            until(lambda: "listening on unix:" in s.said(), s.said, server=s)
            s.port = next((x.getsockname()[1] for x in sockets if x.family == socket.AF_INET), None)
            yield s

    def check_refused(self, sockets, settings, *words, names=None):
        s = begin(self.root, sockets, settings, names)
        try:
            self.assertIn(s.process.wait(60), (1, 3))
            said = s.said()
            for w in words:
                self.assertIn(w, said)
            self.assertNotIn("listening on", said)
        finally:
            s.kill()
            s.output.close()

    @staticmethod
    def listens_at(s):
        """The TCP addresses that the process listens on: (address, port) as in /proc."""
        sockets = (re.match(r"socket:\[(\d+)\]", name) for _, name in open_files(s.process.pid))
        inodes, found = {m.group(1) for m in sockets if m}, []
        for table in ("tcp", "tcp6"):
            with open("/proc/net/" + table) as f:
                for line in f.readlines()[1:]:
                    words = line.split()
                    if words[3] == "0A" and words[9] in inodes:
                        address, port = words[1].split(":")
                        found.append((address, int(port, 16)))
        return found

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    def test_the_socket_decides(self):
        """Settings without host and port do not ask to listen elsewhere, even after restarts."""
        tcp = self.tcp()
        port = tcp.getsockname()[1]
        with self.serving([tcp]) as s:
            for again in (True, True, False):
                self.assertEqual(self.listens_at(s), [("0100007F", port)])
                self.assertIn("listening on http://127.0.0.1:%d\n" % port, s.said())
                self.assertEqual(s.ok({"operation": "describe_all"}), {})
                if again and "system" in built_modules():
                    self.restart(s)

    def restart(self, s):
        before = s.said().count("listening on unix:")
        s.ok({"operation": "restart"})
        until(lambda: s.said().count("listening on unix:") > before, s.said, server=s)

    def test_all_sockets(self):
        """Both kinds, and the file of the domain socket stays."""
        with self.serving([self.tcp(), self.domain()]) as s:
            self.assertEqual(s.ok({"operation": "describe_all"}), {})
            self.assertEqual(s.call({"operation": "describe_all"}, unix=True), (200, {}))
            if "system" in built_modules():
                self.restart(s)
                self.assertEqual(s.call({"operation": "describe_all"}, unix=True), (200, {}))
        self.assertTrue(os.path.exists(self.path))

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    def test_domain_alone(self):
        """Nobody asked for the default port."""
        with self.serving([self.domain(os.path.join(self.root, "own"))]) as s:
            self.assertEqual(self.listens_at(s), [])
            s.socket_path = os.path.join(self.root, "own")
            self.assertEqual(s.call({"operation": "describe_all"}, unix=True), (200, {}))

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    def test_domain_and_a_port_of_the_settings(self):
        with self.serving([self.domain()], NETWORK + "port=0", NETWORK + "host=127.0.0.1") as s:
            self.assertEqual(len(self.listens_at(s)), 1)

    def test_settings_that_agree(self):
        tcp = self.tcp()
        with self.serving([tcp], NETWORK + "host=127.0.0.1", NETWORK + "port=%d" % tcp.getsockname()[1]) as s:
            self.assertEqual(s.ok({"operation": "describe_all"}), {})

    def test_settings_that_contradict(self):
        tcp = self.tcp()
        name = "127.0.0.1:%d" % tcp.getsockname()[1]
        self.check_refused([tcp], [NETWORK + "host=127.0.0.2"], name, "host is 127.0.0.2")
        self.check_refused([tcp], [NETWORK + "host=0.0.0.0"], name, "host is 0.0.0.0")
        self.check_refused([tcp], [NETWORK + "port=1"], name, "port is 1")
        self.check_refused([tcp], [NETWORK + "port=null"], name, "port is null")
        domain = self.domain()
        self.check_refused([domain], [NETWORK + "domainSocket=other"], self.path, "domainSocket is", "/other")
        self.check_refused([domain], [NETWORK + "domainSocket=null"], self.path, "domainSocket is null")

    def test_what_cannot_be_used(self):
        first, second = self.tcp(), self.tcp()
        self.check_refused([first, second], [], "127.0.0.1:%d" % first.getsockname()[1], "127.0.0.1:%d" % second.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as deaf, open(os.devnull) as file:
            udp.bind(("127.0.0.1", 0))
            for x in (udp, deaf, file):
                self.check_refused([x], [], "is not a listening stream socket")

    @unittest.skipUnless(feature("HAVE_TLS"), "this build has no TLS")
    @unittest.skipUnless(HAS_PROC, "needs /proc")
    def test_one_for_tls(self):
        """It is the one with the name; nobody asked for the default port in addition."""
        secure, tcp = self.tcp(), self.tcp()
        port = secure.getsockname()[1]
        with self.serving([secure, self.domain()], names=["secure", "connection"]) as s:
            for again in (True, False):
                self.assertEqual(self.listens_at(s), [("0100007F", port)])
                self.assertIn("listening on https://127.0.0.1:%d\n" % port, s.said())
                if again and "system" in built_modules():
                    before = s.said().count("listening on unix:")
                    self.assertEqual(s.call({"operation": "restart"}, unix=True)[0], 200)
                    until(lambda: s.said().count("listening on unix:") > before, s.said, server=s)
        with self.serving([tcp, secure, self.domain(os.path.join(self.root, "other"))], names=["lyred.socket", "secure", ""]) as s:
            s.port = tcp.getsockname()[1]
            self.assertEqual(s.ok({"operation": "describe_all"}), {})
            with socket.create_connection(("127.0.0.1", port), 30) as c:
                c.sendall(b"GET / HTTP/1.1\r\n\r\n")
                self.assertIn(b"speaks HTTPS", c.recv(1000))

    @unittest.skipUnless(feature("HAVE_TLS"), "this build has no TLS")
    def test_one_for_tls_that_contradicts(self):
        secure, other = self.tcp(), self.tcp()
        name = "127.0.0.1:%d" % secure.getsockname()[1]
        self.check_refused([secure], [NETWORK + "securePort=1"], name, "securePort is 1", names=["secure"])
        self.check_refused([secure], [NETWORK + "securePort=null"], name, "securePort is null", names=["secure"])
        self.check_refused([secure, other], [], name, "at most one TCP socket can be used", names=["secure", "secure"])
        self.check_refused([secure, other], [], "FileDescriptorName=secure", names=["one", "other"])

    @unittest.skipIf(feature("HAVE_TLS"), "this build has TLS")
    def test_one_for_tls_in_a_build_without(self):
        self.check_refused([self.tcp()], [], "this build has no TLS", names=["secure"])

    @unittest.skipUnless("system" in built_modules(), "needs restart")
    def test_restart_with_settings_that_contradict(self):
        """is refused, and the server continues."""
        with self.serving([self.tcp()]) as s:
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    host: 127.0.0.2\n")
            status, body = s.call({"operation": "restart"})
            self.assertNotEqual(status, 200)
            self.assertIn("host is 127.0.0.2", body["error"])
            job = s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers"})["job_id"])
            self.assertEqual(job["status"], "ERROR")
            self.assertIn("host is 127.0.0.2", job["message"])
            self.assertEqual(s.ok({"operation": "describe_all"}), {})


if __name__ == "__main__":
    unittest.main()
