# SPDX-License-Identifier: Apache-2.0
"""lyred --check refuses what the start would refuse for what the host is like, in the same words, and changes nothing."""
import os, resource, shutil, socket, subprocess, sys, tempfile, unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRED, Server

NETWORK = "operationsApi.network."


def run(root, *arguments, files=None, settings=()):
    """(status, what it said). files: descriptors that it may have"""
    limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
    words = [w for x in settings for w in ("--set", x)]
    p = subprocess.run([LYRED, "-r", root, *arguments, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       universal_newlines=True, timeout=60, preexec_fn=limit)
    return p.returncode, p.stdout


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, "root")
        self.file = os.path.join(self.folder, "file")
        open(self.file, "w").close()

    def check_refused(self, *settings, root=None, word, **more):
        settings = settings if any("port=" in s for s in settings) else (NETWORK + "port=0",) + settings
        for arguments, status in (("--check",), 3), ((), 1):
            got, said = run(root or self.root, *arguments, settings=settings, **more)
            self.assertEqual(got, status, said)
            self.assertIn(word, said)
            if arguments:
                self.assertEqual(os.listdir(self.folder), ["file"])

    def test_hosts(self):
        for host in ("127.0.0.1:9925", "no-such-host.invalid", "[::1]", "http://127.0.0.1", "192.0.2.1"):
            with self.subTest(host=host):
                self.check_refused(NETWORK + "host='%s'" % host, word=host)
                shutil.rmtree(self.root)

    def test_folders(self):
        self.check_refused(root=os.path.join(self.file, "root"), word=self.file)
        for setting in ("logging.root", "storage.path"):
            self.check_refused("%s=%s/x" % (setting, self.file), word=self.file)
            shutil.rmtree(self.root)

    def test_domain_socket(self):
        self.check_refused(NETWORK + "domainSocket=" + self.file, word="not a socket")
        shutil.rmtree(self.root)
        self.check_refused(NETWORK + "domainSocket=" + "x" * 200, word="the path has")

    def test_too_few_descriptors(self):
        for files in (40, 60):
            self.check_refused(files=files, word="may open %d files" % files)
            shutil.rmtree(self.root, ignore_errors=True)

    def test_nothing_is_made(self):
        status, said = run(self.root, "--check", settings=[NETWORK + "port=0"])
        self.assertEqual(status, 0, said)
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_a_port_in_use(self):
        """is the server's that is checked for, or worth a word: the service manager may hold it."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            place = [NETWORK + "host=127.0.0.1", NETWORK + "port=%d" % other.getsockname()[1]]
            status, said = run(self.root, "--check", settings=place)
            self.assertEqual(status, 0, said)
            self.assertIn("port %d" % other.getsockname()[1], said)
        with Server() as s:
            status, said = run(s.root, "--check", settings=[NETWORK + "host=127.0.0.1", NETWORK + "port=%d" % s.port])
            self.assertEqual(status, 0, said)
            self.assertNotIn("in use", said)
            self.assertEqual(s.ok({"operation": "describe_all"}), {})

    def test_fewer_descriptors_than_connections(self):
        """are fewer connections, and a line of the log."""
        s = Server(start=False, settings=["threads=1"])
        self.addCleanup(s.stop)
        command = os.path.join(s.root, "lyred")
        with open(command, "w") as f:
            f.write("#!/bin/sh\nulimit -n 100\nexec '%s' \"$@\"\n" % LYRED)
        os.chmod(command, 0o755)
        with mock.patch("lyre_server.LYRED", command):
            s.start()
        self.assertIn("at most 48 connections at once, not 1000", s.said())
        clients = [socket.create_connection(("127.0.0.1", s.port), 60) for _ in range(100)]
        self.assertEqual(s.call({"operation": "describe_all"}, unix=True), (200, {}))
        for c in clients:
            c.close()
        self.assertEqual(s.ok({"operation": "describe_all"}), {})


if __name__ == "__main__":
    unittest.main()
