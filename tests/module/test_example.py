# SPDX-License-Identifier: Apache-2.0
"""The way of a module's author: install the SDK, build the example against that alone, load it, call it."""
import os, shutil, subprocess, sys, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, STATIC_ONLY, Server


def run(*command, cwd=None, env=None):
    p = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=600)
    if p.returncode != 0:
        raise AssertionError("%s ended with %d:\n%s" % (" ".join(command), p.returncode, p.stdout))
    return p.stdout


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
@unittest.skipUnless(shutil.which("pkg-config") and shutil.which("cc"), "pkg-config or cc is missing")
class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="lyre-example-")
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        # make is told nothing of the make that runs this test: a job server or a dry run of that is not ours.
        clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
        cls.installed = os.path.join(cls.work, "installed")
        run("make", "-C", BUILD, "install", "DESTDIR=" + cls.installed, env=clean)
        pc = [os.path.join(d, "lyre.pc") for d, _, names in os.walk(cls.installed) if "lyre.pc" in names]
        assert len(pc) == 1, pc
        cls.env = dict(clean, PKG_CONFIG_PATH=os.path.dirname(pc[0]), PKG_CONFIG_SYSROOT_DIR=cls.installed)
        cls.source = os.path.join(cls.work, "greeting")
        os.mkdir(cls.source)
        for name in ("Makefile", "greeting.c"):
            shutil.copy(os.path.join(TOP, "sdk", "example", name), cls.source)
        run("make", "CFLAGS=-O2 -Wall -Wextra -Wpedantic -Werror", cwd=cls.source, env=cls.env)
        cls.module = os.path.join(cls.source, "greeting.so")

    def test_install(self):
        stage = os.path.join(self.work, "stage")
        run("make", "install", "DESTDIR=" + stage, cwd=self.source, env=self.env)
        found = [os.path.join(d, n) for d, _, names in os.walk(stage) for n in names]
        self.assertEqual([os.path.basename(f) for f in found], ["greeting.so"])
        self.assertTrue(os.path.dirname(found[0]).endswith("/lyre/modules-1"), found)

    def test_variables(self):
        for variable, value in (("abi_major", "1"), ("abi_minor", None), ("moduledir", None), ("lyred", None)):
            text = run("pkg-config", "--variable=" + variable, "lyre", env=self.env).strip()
            self.assertTrue(text, variable)
            if value is not None:
                self.assertEqual(text, value)

    def test_headers_in_cxx(self):
        if not shutil.which("c++"):
            self.skipTest("c++ is missing")
        path = os.path.join(self.work, "all.cc")
        with open(path, "w") as f:
            f.write("#include <lyre/lyre.h>\n")
        flags = run("pkg-config", "--cflags", "lyre", env=self.env).split()
        run("c++", "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", path, *flags)

    def config(self, *settings):
        return "\n".join(["modules:", "  greeting:", "    path: " + self.module] + ["    " + s for s in settings]) + "\n"

    def test_greet(self):
        with Server(config=self.config("word: Ahoy")) as s:
            self.assertEqual(s.call({"operation": "greet", "name": "Ann"}), (200, {"message": "Ahoy, Ann!"}))
            self.assertEqual(s.call({"operation": "greet", "name": "Ann"}),
                             (200, {"message": "Ahoy again, Ann! This is greeting number 2."}))
            self.assertEqual(s.call({"operation": "greet"}), (200, {"message": "Ahoy, world!"}))
            status, body = s.call({"operation": "greet", "name": ""})
            self.assertEqual(status, 400, body)
            status, rows = s.call({"operation": "greetings"})
            self.assertEqual(status, 200, rows)
            self.assertEqual(sorted((r["name"], r["count"]) for r in rows), [("Ann", 2), ("world", 1)])

    def test_start_fails(self):
        with self.assertRaisesRegex(RuntimeError, "modules.greeting.word must not be empty"):
            with Server(config=self.config('word: ""')):
                pass


if __name__ == "__main__":
    unittest.main()
