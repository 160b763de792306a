# SPDX-License-Identifier: Apache-2.0
"""The template of a module, as its author would use it: built against the installed SDK with make and with automake, its own tests run,
against the fake host and against this server; and what the fake host says of what it does not have."""
import glob, os, re, shutil, subprocess, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from staged_sdk import TOP, StagedSdk
from commands import run
from lyre_server import LYRE, LYRED, Server, built_modules


class Template(StagedSdk):
    targets = ["install-%s" % part for part in "lyreincludeHEADERS pkgconfigDATA m4DATA sdktestingDATA nobase_docDATA".split()]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = os.path.dirname(cls.find("tally.c"))
        cls.testing = os.path.dirname(cls.find("fake_host.c"))
        cls.programs = ["LYRED=" + LYRED, "LYRE=" + LYRE]

    def copy(self, name):
        folder = os.path.join(self.work, name)
        shutil.copytree(self.template, folder)
        return folder

    @unittest.skipUnless(os.path.exists(LYRE), "this build has no client")
    def test_make(self):
        folder = self.copy("make")
        said = run("make", "check", "CFLAGS=-O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror",
                   "testing=" + self.testing, *self.programs, cwd=folder, env=self.env)
        self.assertIn("tests passed\n", said)
        self.assertIn("loads:    yes\n", said)
        self.assertIn("the module works in a server\n", said)
        if "help" in built_modules():
            with Server(config="modules:\n  help: true\n  tally:\n    path: %s/tally.so\n" % folder) as s:
                self.assertIn("(number, whole, 1 to 1000000)", run(LYRE, "--socket", s.socket_path, "help", "tally"))
        stage = os.path.join(self.work, "make-stage")
        run("make", "install", "DESTDIR=" + stage, cwd=folder, env=self.env)
        found = [os.path.join(d, n) for d, _, names in os.walk(stage) for n in names]
        self.assertEqual([f[f.index("/lyre/"):] for f in found], ["/lyre/modules-1/tally.so"])

    @unittest.skipUnless(os.path.exists(LYRE) and shutil.which("autoreconf"), "this build has no client, or autoconf is missing")
    def test_automake(self):
        folder = self.copy("automake")
        for name in os.listdir(os.path.join(folder, "autotools")):
            shutil.move(os.path.join(folder, "autotools", name), folder)
        os.remove(os.path.join(folder, "Makefile"))
        env = dict(self.env, ACLOCAL_PATH=os.path.dirname(self.find("lyre.m4")))
        run("autoreconf", "-fi", cwd=folder, env=env)
        build = os.path.join(folder, "build")
        os.mkdir(build)
        run("../configure", "-q", cwd=build, env=env)
        said = run("make", "check", "LYRE_TESTING=" + self.testing, *self.programs, cwd=build, env=env)
        self.assertIn("# PASS:  2\n", said)

    def test_mistakes(self):
        """What the server refuses, or what would harm it, ends a test with the mistake's name."""
        program = os.path.join(self.work, "mistakes")
        run("cc", "-std=c11", *run("pkg-config", "--cflags", "lyre", env=self.env).split(), "-o", program,
            os.path.join(TOP, "tests", "module", "fake_mistakes.c"), *glob.glob(os.path.join(self.testing, "*.c")), "-lm")
        for operation, sentence in (("twice", "the answer of twice is not one JSON value: {"),
                                    ("text_and_value", "text_and_value answers twice"),
                                    ("half", "the answer of half is not one JSON value"), ("closed", "closed is not one JSON value"),
                                    ("nothing", "nothing returned 0, but gave no answer"),
                                    ("the_end", "the_end returned 2: a handler returns 0, LYRE_PENDING or a negative"),
                                    ("pending", "pending returned LYRE_PENDING, but nothing is pending"),
                                    ("unawaited", "unawaited wrote with lyre_write(), but did not return LYRE_PENDING"),
                                    ("two_writes", "two_writes writes before its lyre_write() is done"),
                                    ("rows_and_value", "rows_and_value is not one JSON value"),
                                    ("waits_outside", "write with lyre_write_wait()"),
                                    ("write_waits", "write_waits calls lyre_table_create(), which blocks, on the connection's thread"),
                                    ("other_kind", "'number' with the function for another type"),
                                    ("undeclared", "the module has no operation 'undeclared'"),
                                    ("start {'nummer': 1}", "the module has no setting 'nummer'")):
            with self.subTest(operation):
                p = subprocess.run([program, *operation.split(" ", 1)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                self.assertLess(p.returncode, 0, p.stdout)
                self.assertIn(sentence, p.stdout)
        p = subprocess.run([program, "reads"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual((p.returncode, p.stdout), (0, "null\n"))
        self.assertIn("reads reads the argument 'nmae', which it does not declare", p.stderr)

    def test_nothing_leaks(self):
        """The fake host does what its header says, and its tests and those of the template are clean under the sanitizers and all warnings."""
        include = run("pkg-config", "--cflags", "lyre", env=self.env).split()
        flags = "-std=c11 -g -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -fsanitize=address,undefined".split()
        work = os.path.join(self.work, "sanitized")
        os.mkdir(work)
        p = subprocess.run(["cc", *flags, *include, "-c", *sorted(glob.glob(os.path.join(self.testing, "*.c")))], cwd=work,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual((p.returncode, p.stdout), (0, ""))
        for source in os.path.join(self.template, "tests", "test_tally.c"), os.path.join(TOP, "tests", "module", "fake_host.c"):
            program = os.path.join(work, "test")
            p = subprocess.run(["cc", *flags, *include, "-o", program, source, *glob.glob(os.path.join(work, "*.o")), "-lm"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if re.search("cannot find .*san", p.stdout):
                self.skipTest("the compiler has no sanitizers here")
            self.assertEqual((p.returncode, p.stdout), (0, ""))
            run(program)


if __name__ == "__main__":
    unittest.main()
