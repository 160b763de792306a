# SPDX-License-Identifier: Apache-2.0
"""lyred --check reports the host's faults that would prevent the start, with the same messages, and changes nothing."""
import os, resource, shutil, socket, subprocess, sys, tempfile, unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRED, PATIENCE, Server, built_modules, feature, until

NETWORK = "operationsApi.network."


def run(root, *arguments, files=None, settings=()):
    """(status, output). files: the limit of descriptors"""
    limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
    words = [w for x in settings for w in ("--set", x)]
    p = subprocess.run([LYRED, "-r", root, *arguments, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       universal_newlines=True, timeout=60 * PATIENCE, preexec_fn=limit)
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
            self.check_refused(files=files, word="may open only %d files" % files)
            shutil.rmtree(self.root, ignore_errors=True)

    @unittest.skipIf(feature("HAVE_TLS"), "this build has TLS")
    def test_no_tls(self):
        self.check_refused(NETWORK + "securePort=0", word="securePort: this build has no TLS")

    def test_nothing_is_made(self):
        status, said = run(self.root, "--check", settings=[NETWORK + "port=0"])
        self.assertEqual(status, 0, said)
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_a_port_in_use(self):
        """may belong to the server that is being checked, and is only mentioned: the service manager may hold it."""
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
        """means fewer connections, and a line in the log."""
        s = Server(start=False, settings=["threads=1"])
        self.addCleanup(s.stop)
        command = os.path.join(s.root, "lyred")
        with open(command, "w") as f:
            f.write("#!/bin/sh\nulimit -n 100\nexec '%s' \"$@\"\n" % LYRED)
        os.chmod(command, 0o755)
        with mock.patch("lyre_server.LYRED", command):
            s.start()
        until(lambda: "at most 48 connections at once, not 1000" in s.said(), s.said, server=s)
        clients = [socket.create_connection(("127.0.0.1", s.port), 60) for _ in range(100)]
        self.assertEqual(s.call({"operation": "describe_all"}, unix=True), (200, {}))
        for c in clients:
            c.close()
        self.assertEqual(s.ok({"operation": "describe_all"}), {})


class AllFaults(unittest.TestCase):
    """All faults are reported together, one per line, by --check and by the start."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, "root")

    def faults(self, text, *settings, root=None, arguments=("--check",), status=3):
        """The reported faults, without the name of the file."""
        path = os.path.join(self.folder, "lyre.yaml")
        with open(path, "w") as f:
            f.write(text)
        got, said = run(root or self.root, *arguments, "-c", path, settings=settings)
        self.assertEqual(got, status, said)
        for line in said.splitlines():
            self.assertTrue(line.startswith("lyred: "), said)
        return [line[len("lyred: "):].replace(path, "FILE") for line in said.splitlines()]

    def match(self, got, *words):
        self.assertEqual(len(got), len(words), got)
        for line, word in zip(got, words):
            self.assertIn(word, line)

    TEXT = ("operationsApi:\n  network:\n    port: 99999\n    host: no-such-host.invalid\n    prot: 5\n"
            "logging: {level: loud, root: /dev/null/logs}\nthreads: many\nauthentication:\n  argon2:\n    memory: 1\n")
    WORDS = ("FILE:3:11: 'operationsApi.network.port' must be", "FILE:5:5: unknown setting 'operationsApi.network.prot'", "FILE:6:18: 'logging.level' must be one of",
             "FILE:7:10: 'threads' must be", "FILE:10:13: 'authentication.argon2.memory' must be", "'/dev/null/logs'", "'no-such-host.invalid' is not an address")

    def test_settings_and_host(self):
        for arguments in (("--check",), ()):
            self.match(self.faults(self.TEXT, arguments=arguments), *self.WORDS)
            self.assertEqual(os.listdir(self.folder), ["lyre.yaml"])

    def test_command_line(self):
        self.match(self.faults("", "threads=0", "nothing=1", "logging=5", "logging.level='loud'", "rootPath=[1"), "--set rootPath: ", "--set threads: 'threads' must be",
                   "--set logging.level: 'logging.level' must be", "--set nothing: unknown setting", "--set logging: 'logging' is a section")

    def test_modules(self):
        path = "/nowhere/none.so"
        got = self.faults("modules:\n  none: true\n  Bad Name: true\n  far:\n    path: %s\n    any: 5\n  schema:\n    optional: 5\n  relative:\n    path: x.so\n" % path,
                          "modules.none.x=1", "modules.off.y=1", "modules.Ugly=true")
        self.match(got, "FILE:3:3: 'Bad Name' is not a module name", "FILE:8:15: 'modules.schema.optional' must be", "--set modules.Ugly: 'Ugly' is not a module name", "module 'none' (FILE:2): ",
                   "module 'far' (FILE:4): ", "module 'relative' (FILE:9): ", "unknown setting 'modules.off.y'")

    def test_consequences_of_another_fault_are_not_reported(self):
        # Folders and the socket below the root; a root that nobody asked for; costs that do not fit a default.
        self.match(self.faults("", root="/dev/null/root"), "'/dev/null/root'")
        self.match(self.faults("rootPath: []\nauthentication: {argon2: {lanes: 16, memory: x}}\n", arguments=("--check", "--set", "rootPath=[")), "--set rootPath", "FILE:1", "FILE:2")

    def test_the_first_of_many(self):
        got = self.faults("".join("x%d: 1\n" % i for i in range(1, 31)))
        self.match(got, *["unknown setting 'x%d'" % i for i in range(1, 21)], "and 10 more")
        self.match(self.faults("".join("x%d: 1\n" % i for i in range(1, 21))), *["unknown setting 'x%d'" % i for i in range(1, 21)])

    def test_a_file_that_cannot_be_read(self):
        self.match(self.faults("a: [\n", "threads=0"), "FILE:2")

    def test_start_on_a_host_that_does_not_fit(self):
        status, said = run(self.root, settings=["storage.path=/dev/null/data", NETWORK + "host=no-such-host.invalid"])
        self.assertEqual(status, 1, said)
        for word in ("'/dev/null/data'", "'no-such-host.invalid' is not an address"):
            self.assertEqual(said.count(word), 1, said)

    @unittest.skipUnless("system" in built_modules(), "this build has no module 'system'")
    def test_restart(self):
        with Server(config="logging:\n  level: warn\n") as s:
            with open(s.config, "w") as f:
                f.write("logging:\n  level: loud\nthreads: many\nnothing: 1\n")
            status, body = s.call({"operation": "restart"})
            self.assertEqual(status, 400)
            self.assertTrue(body["error"].startswith("No restart: "), body)
            for word in ("'logging.level' must be", "; ", "'threads' must be", "unknown setting 'nothing'"):
                self.assertIn(word, body["error"])


if __name__ == "__main__":
    unittest.main()
