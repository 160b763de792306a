# SPDX-License-Identifier: Apache-2.0
"""Drop-ins of the configuration file, in a real server: modules, set_configuration, SIGHUP, lyred --check."""
import os, shutil, signal, subprocess, unittest

from lyre_server import LYRED, PATIENCE, Server, need_module, until

FILE = "modules: {schema: true, data: true, system: true}\nlogging: {level: error}\n"


def setUpModule():
    need_module("system")


def drop(s, name, text=None):
    """Writes a drop-in of the server's file, or removes it."""
    path = os.path.join(s.config + ".d", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if text is None:
        os.unlink(path)
    else:
        with open(path, "w") as f:
            f.write(text)
    return path


class Running(unittest.TestCase):
    def modules(self, s):
        modules = s.ok({"operation": "get_configuration"})["modules"]
        return {name for name in modules if modules[name]}

    def test_modules(self):
        """A drop-in adds one, and disables one; without drop-ins, all is as before."""
        with Server(config=FILE) as s:
            self.assertEqual(s.call({"operation": "describe_operations"})[0], 400)
            drop(s, "50-help.yaml", "modules: {help: true}\n")
            drop(s, "60-data.yaml", "modules:\n  data: false\n")
            s.restart()
            self.assertEqual(self.modules(s), {"schema", "system", "help"})
            self.assertEqual(s.call({"operation": "describe_operations"})[0], 200)
            self.assertEqual(s.call({"operation": "insert", "table": "t", "records": []})[0], 400)
            shutil.rmtree(s.config + ".d")
            s.restart()
            self.assertEqual(self.modules(s), {"schema", "data", "system"})

    def test_optional_module_of_a_removed_package(self):
        with Server(config=FILE, start=False) as s:
            drop(s, "absent.yaml", "modules:\n  absent:\n    optional: true\n    step: 2\n")
            s.start()
            self.assertIn("skipped, as it is optional", s.said())
            self.assertIn("absent.yaml:2)", s.said())

    def hang_up(self, s, word):
        begin = len(s.said().encode())
        s.process.send_signal(signal.SIGHUP)
        until(lambda: word in s.said(begin), s.said, server=s)

    def is_debug(self, s):
        begin = len(s.said().encode())
        s.call({"operation": "describe_database", "database": "none"})
        s.call({"operation": "nothing"})
        return "[debug]" in s.said(begin)

    def test_reload(self):
        """A drop-in that comes, is broken, changes and goes while the server runs."""
        with Server(config=FILE) as s:
            drop(s, "log.yml", "logging: {level: info}\n")
            drop(s, "log.yaml", "logging: {level: debug}\njobs: {parallel: 3}\nmodules: {help: true}\n")
            self.hang_up(s, "these need one: jobs.parallel, modules.help\n")
            until(lambda: self.is_debug(s), s.said, server=s)
            until(lambda: "log.yml is ignored: the names of drop-ins end in .yaml\n" in s.said(), s.said, server=s)
            drop(s, "log.yaml", "logging: {level: loud}\n")
            self.hang_up(s, "settings unchanged: ")
            self.assertIn("log.yaml:1:18: 'logging.level' must be one of", s.said())
            self.assertEqual(s.call({"operation": "set_configuration", "threads": 2})[0], 400)
            drop(s, "log.yaml")
            self.hang_up(s, "SIGHUP: log file reopened")
            self.assertFalse(self.is_debug(s))

    def test_set_configuration(self):
        """writes to the file, and says what a drop-in overrides."""
        with Server(config=FILE) as s:
            path = drop(s, "log.yaml", "logging: {level: warn}\n")
            status, said = s.call({"operation": "set_configuration", "logging_level": "info"})
            self.assertEqual(status, 200, said)
            self.assertIn("'logging.level' in the file has no effect: it is overridden by %s" % path, s.said())
            self.assertEqual(s.ok({"operation": "get_configuration"})["logging"]["level"], "warn")
            with open(s.config) as f:
                self.assertEqual(f.read(), FILE.replace("error", "info"))
            with open(path) as f:
                self.assertEqual(f.read(), "logging: {level: warn}\n")

    def test_name_of_bytes(self):
        """Answers stay valid, and the reason of a refused restart is complete."""
        with Server(config=FILE) as s:
            drop(s, b"a\xff\n.yaml".decode("utf-8", "surrogateescape"), "thread: 1\n")
            for operation in {"operation": "set_configuration", "threads": 2}, {"operation": "restart"}:
                status, said = s.call(operation)
                self.assertEqual(status, 400, said)
                self.assertRegex(said["error"], r"/a\?[?\n]\.yaml:1:1: unknown setting 'thread'; did you mean 'threads'\?\Z")


class Check(unittest.TestCase):
    def setUp(self):
        self.server = Server(config="threads: 2\n", start=False)
        self.addCleanup(self.server.remove)

    def check(self):
        root = os.path.join(self.server.root, "new")
        p = subprocess.run([LYRED, "--check", "-c", self.server.config, "-r", root, "--set", "operationsApi.network.port=0"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                           timeout=60 * PATIENCE)
        return p.returncode, p.stdout

    def test_valid(self):
        drop(self.server, "a.yaml", "threads: 1\n")
        status, said = self.check()
        self.assertEqual(status, 0, said)
        self.assertIn("lyre.yaml, 1 drop-in, ", said)

    def test_faults_of_all_files(self):
        with open(self.server.config, "w") as f:
            f.write("threads: many\n")
        drop(self.server, "a.yaml", "modules:\n  no-such: true\n")
        drop(self.server, "b.yaml", "\nthreads: none\nnonsense: 1\n")
        status, said = self.check()
        self.assertEqual(status, 3, said)
        for place in "lyre.yaml:1:10: 'threads'", "/a.yaml:2): ", "/b.yaml:2:10: 'threads'", "/b.yaml:3:1: unknown setting 'nonsense'":
            self.assertIn(place, said)

    def test_each_fault_is_a_line(self):
        """whatever characters are in names and values."""
        drop(self.server, "a\n\x1b[2J\x9b2J.yaml", 'threads: "\\e[2J\\nlyred: fine"\n')
        status, said = self.check()
        self.assertEqual(status, 3, said)
        self.assertRegex(said, r"\Alyred: [ -~]+/a\?\?\[2J\?\?2J\.yaml:1:10: 'threads' must be [ -~]+found the string \"\?\[2J\?lyred: fine\"\n\Z")

    def test_a_pipe_does_not_block(self):
        drop(self.server, "a.yaml", "")
        os.mkfifo(os.path.join(self.server.config + ".d", "b.yaml"))
        status, said = self.check()
        self.assertEqual(status, 3, said)
        self.assertIn("/b.yaml' is not a regular file", said)

    def test_standard_input(self):
        """has no drop-ins."""
        p = subprocess.run([LYRED, "--check", "-c", "/dev/stdin", "-r", os.path.join(self.server.root, "new")], input="operationsApi.network.port: 0\n",
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=60 * PATIENCE)
        self.assertEqual(p.returncode, 0, p.stdout)
        self.assertIn("/dev/stdin, ", p.stdout)
        self.assertNotIn("drop-in", p.stdout)


if __name__ == "__main__":
    unittest.main()
