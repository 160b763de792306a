# SPDX-License-Identifier: Apache-2.0
"""install_node_modules, with this system's npm and with stand-ins that do what it cannot be made to do."""
import json, os, shutil, sys, tempfile, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import Server, need_module, until


def setUpModule():
    need_module("system")


class Npm(unittest.TestCase):
    def start(self, npm=None, settings=(), path=None):
        """npm: a script that is the only program in PATH."""
        env = {"SECRET_OF_SOMEBODY": "x"}
        if npm is not None:
            self.bin = tempfile.mkdtemp(prefix="lyre-test-")
            self.addCleanup(shutil.rmtree, self.bin)
            with open(os.path.join(self.bin, "npm"), "w") as f:
                f.write("#!/bin/sh\n" + npm)
            os.chmod(os.path.join(self.bin, "npm"), 0o755)
            env["PATH"] = self.bin + ":/usr/bin:/bin"
        if path is not None:
            env["PATH"] = path
        self.server = Server(settings=list(settings), env=env)
        self.addCleanup(self.server.stop)
        self.components = os.path.join(self.server.root, "components")
        os.makedirs(self.components, exist_ok=True)

    def project(self, name, package='{"name": "p", "version": "1.0.0"}'):
        folder = os.path.join(self.components, name)
        os.makedirs(folder)
        if package is not None:
            with open(os.path.join(folder, "package.json"), "w") as f:
                f.write(package)
        return folder

    def install(self, *projects, **more):
        return self.server.call(dict({"operation": "install_node_modules", "projects": list(projects)}, **more))

    @unittest.skipUnless(shutil.which("npm"), "npm is not here")
    def test_a_dry_run_runs_nothing_of_the_project(self):
        self.start()
        ran = os.path.join(self.server.root, "ran")
        script = "touch " + ran
        folder = self.project("one", json.dumps({"name": "one", "version": "1.0.0", "scripts": {
            name: script for name in ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare", "dependencies")}}))
        with open(os.path.join(folder, ".npmrc"), "w") as f:
            f.write("ignore-scripts=false\ndry-run=false\n")
        status, body = self.install("one", dry_run=True)
        self.assertEqual((status, body["one"]["npm_error"]), (200, None), body)
        self.assertFalse(os.path.exists(ran))
        self.install("one")
        self.assertTrue(os.path.exists(ran)) # these scripts would have been run

    @unittest.skipUnless(shutil.which("npm"), "npm is not here")
    def test_real(self):
        self.start()
        folder = self.project("one", '{"name": "one", "version": "1.0.0", "dependencies": {"two": "file:../two"}}')
        self.project("two", '{"name": "two", "version": "1.0.0"}')
        status, body = self.install("one", dry_run=True)
        self.assertEqual(status, 200, body)
        self.assertIsNone(body["one"]["npm_error"], body)
        self.assertFalse(os.path.exists(os.path.join(folder, "node_modules")))
        status, body = self.install("one", "two")
        self.assertEqual(status, 200, body)
        self.assertEqual(list(body), ["one", "two", "warning"])
        self.assertIsNone(body["one"]["npm_error"], body)
        self.assertTrue(body["one"]["npm_output"])
        self.assertTrue(os.path.exists(os.path.join(folder, "node_modules", "two", "package.json")))
        with open(os.path.join(folder, "package.json"), "w") as f:
            f.write("this is no JSON")
        status, body = self.install("one")
        self.assertEqual(status, 200, body)
        self.assertIn("EJSONPARSE", body["one"]["npm_error"])

    def test_environment_of_npm(self):
        self.start('echo "$@"; pwd; env; cat; ls /proc/self/fd >fds\n')
        folder = self.project("a b; $(touch x)")
        status, body = self.install("a b; $(touch x)")
        self.assertEqual(status, 200, body)
        lines = body["a b; $(touch x)"]["npm_output"].splitlines()
        self.assertEqual(lines[:2], ["install", os.path.realpath(folder)])
        for name in ("LYRE_ADMIN_PASSWORD", "LYRE_ADMIN_USERNAME", "SECRET_OF_SOMEBODY"):
            self.assertFalse(any(l.startswith(name + "=") for l in lines), lines)
        self.assertTrue(any(l.startswith("PATH=") for l in lines))
        self.assertEqual(sorted(os.listdir(folder)), ["fds", "package.json"])
        status, body = self.install("a b; $(touch x)", dry_run=True)
        self.assertEqual(body["a b; $(touch x)"]["npm_output"].splitlines()[0], "install --dry-run --ignore-scripts --git=git")

    def test_failures(self):
        self.start("echo out; echo wrong >&2; exit 3\n")
        self.project("p")
        self.assertEqual(self.install("p")[1]["p"], {"npm_output": "out\n", "npm_error": "wrong\n"})
        with open(os.path.join(self.bin, "npm"), "w") as f:
            f.write("#!/bin/sh\nexit 4\n")
        self.assertEqual(self.install("p")[1]["p"], {"npm_output": None, "npm_error": "npm exited with status 4"})
        with open(os.path.join(self.bin, "npm"), "w") as f:
            f.write("#!/bin/sh\nkill -9 $$\n")
        self.assertEqual(self.install("p")[1]["p"], {"npm_output": None, "npm_error": "npm was killed by signal 9"})
        with open(os.path.join(self.bin, "npm"), "w") as f:
            f.write("#!/bin/sh\nprintf 'a\\377b\\000c'; echo beware >&2\n")
        self.assertEqual(self.install("p")[1]["p"], {"npm_output": "a?b\0cbeware\n", "npm_error": None})

    def test_much_output(self):
        self.start("head -c 3000000 /dev/zero | tr '\\0' x\n", settings=["modules.system.npm.maxOutput=4096"])
        self.project("p")
        self.assertEqual(self.install("p")[1]["p"], {"npm_output": "x" * 4096, "npm_error": None})

    def test_timeout_ends_all_it_started(self):
        self.start("echo begun; sleep 1000 & echo $! >child; wait\n", settings=["modules.system.npm.timeout=1s"])
        folder = self.project("p")
        status, body = self.install("p")
        self.assertEqual(status, 200, body)
        self.assertEqual(body["p"]["npm_output"], "begun\n")
        self.assertIn("modules.system.npm.timeout", body["p"]["npm_error"])
        with open(os.path.join(folder, "child")) as f:
            child = int(f.read())
        until(lambda: not self.is_alive(child), "npm's children are still running")

    @staticmethod
    def is_alive(pid):
        try:
            with open("/proc/%d/stat" % pid) as f:
                return f.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def test_processes_left_behind_are_not_waited_for(self):
        self.start("sleep 1000 &\necho done\n")
        self.project("p")
        self.assertEqual(self.install("p")[1]["p"], {"npm_output": "done\n", "npm_error": None})

    def test_one_at_a_time(self):
        self.start("touch begun; while [ ! -e go ]; do sleep 0.02; done; echo went\n")
        folder = self.project("p")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.install("p")))
        thread.start()
        try:
            # If it were sent earlier, the second could be accepted and the first refused.
            until(lambda: os.path.exists(os.path.join(folder, "begun")), "npm was not started")
            status, body = self.install("nope")
            self.assertEqual(status, 503, body)
            self.assertIn("npm is running", body["error"])
        finally:
            open(os.path.join(folder, "go"), "w").close()
            thread.join()
        self.assertEqual(answers[0][1]["p"], {"npm_output": "went\n", "npm_error": None})
        self.assertEqual(self.install("p")[0], 200)

    def test_names(self):
        self.start("echo ran >ran\n")
        outside = os.path.join(self.server.root, "outside")
        os.mkdir(outside)
        with open(os.path.join(outside, "package.json"), "w") as f:
            f.write("{}")
        os.symlink(outside, os.path.join(self.components, "link"))
        folder = self.project("good")
        os.symlink(folder, os.path.join(self.components, "alias"))
        for name in ("..", ".", "", "a/b", "../outside", "/etc", outside, "good/", "good\0x"):
            status, body = self.install("good", name)
            self.assertEqual((status, body), (400, {"error": "'projects[1]' must be the name of a folder in componentsRoot"}), name)
        self.assertEqual(self.install("good", "link"), (400, {"error": "'projects[1]' leads outside componentsRoot"}))
        self.assertEqual(self.install("good", 1), (400, {"error": "'projects[1]' must be a string"}))
        self.assertFalse(os.path.exists(os.path.join(folder, "ran")))
        self.assertFalse(os.path.exists(os.path.join(outside, "ran")))
        self.project("bare", None)
        status, body = self.install("bare", "nope", "alias", "alias")
        self.assertEqual(status, 200)
        self.assertEqual(body["bare"], {"npm_output": None, "npm_error": "the folder has no package.json"})
        self.assertEqual(body["nope"], {"npm_output": None, "npm_error": "no such folder in componentsRoot"})
        self.assertEqual(list(body), ["bare", "nope", "alias", "warning"])
        self.assertTrue(os.path.exists(os.path.join(folder, "ran")))

    def test_no_npm(self):
        empty = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(os.rmdir, empty)
        self.start(path=empty)
        self.project("p")
        status, body = self.install("p")
        self.assertEqual(status, 501)
        self.assertIn("npm is not installed", body["error"])


if __name__ == "__main__":
    unittest.main()
