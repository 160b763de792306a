# SPDX-License-Identifier: Apache-2.0
"""What configure says to builders of small systems, whether the recipes for them have all its options, and what the static program needs."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(os.environ["TOP_SRCDIR"])
sys.path[1:1] = [os.path.join(SOURCE, "tests", "api"), os.path.join(SOURCE, "packaging", "embedded")]
import measure  # noqa: E402
from lyre_server import LYRED, until, uses_musl  # noqa: E402


def configure(*arguments):
    """Beside the sources, which may have a build in them: configure would refuse another one there."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configure", "build-aux", "core", "sdk"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(folder, name))
        build = os.path.join(folder, "build")
        os.mkdir(build)
        return subprocess.run(["../configure", "-q", *arguments], cwd=build, capture_output=True, text=True)


class Static(unittest.TestCase):
    def test_static_in_ldflags_is_refused_with_the_option_to_use(self):
        for flags in ("-static", "-O1 -all-static", "--static", "-static-pie"):
            run = configure("LDFLAGS=" + flags)
            self.assertNotEqual(run.returncode, 0, flags)
            self.assertIn("use --enable-static-program", run.stderr)

    def test_all_static_is_not_needed_with_the_option(self):
        run = configure("--enable-static-program", "LDFLAGS=-all-static")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("leave -all-static out of LDFLAGS", run.stderr)


class Choices(unittest.TestCase):
    def test_what_an_option_does_not_have_is_refused_under_its_own_name(self):
        for option, message in (("--with-tls=/usr/local", "--with-tls must be auto, yes or no, not '/usr/local'"),
                                ("--with-modules=all", "--with-modules must be auto, shared, static or no, not 'all'")):
            run = configure(option)
            self.assertNotEqual(run.returncode, 0, option)
            self.assertIn(message, run.stderr)

    def test_shared_modules_need_dynamic_loading(self):
        run = configure("--enable-minimal", "--with-modules=shared")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("--with-modules=shared: this build has no dynamic loading", run.stderr)


# Options that are for developers, or not ours.
OTHERS = {
    "option-checking", "FEATURE", "PACKAGE", "silent-rules", "dependency-tracking", "static", "shared", "fast-install", "libtool-lock",
    "pic", "aix-soname", "gnu-ld", "sysroot", "python-sys-prefix", "python_prefix", "python_exec_prefix",
    "asan", "ubsan", "tsan", "fuzzing", "werror", "extra-module"}


class Recipes(unittest.TestCase):
    def test_each_recipe_has_a_switch_for_every_option_and_no_other(self):
        words = re.findall(r"^  --(?:enable|disable|with|without)-([\w-]+)", configure("--help").stdout, re.MULTILINE)
        options = set(words) - OTHERS
        self.assertLess({"minimal", "tls", "module-sql", "static-program"}, options)
        for recipe in ("buildroot/lyre/lyre.mk", "openwrt/lyre/Makefile"):
            with open(os.path.join(SOURCE, "packaging", "embedded", recipe)) as f:
                text = f.read()
            used = set(re.findall(r"--(?:enable|disable|with|without)-([a-z][\w-]*)", text))
            for names in re.findall(r"lyre_switch,[A-Z_]+,([a-z -]+)\)", text):
                used.update(names.split())
            self.assertEqual(sorted(used), sorted(options), recipe)


@unittest.skipUnless(uses_musl() and os.uname().machine == "x86_64", "not the program with musl for x86-64")
class Memory(unittest.TestCase):
    """KiB, besides the pages of databases."""
    IDLE, LOAD = 1228, 4 << 10
    CONFIG = os.path.join(SOURCE, "etc", "minimal.yaml")

    def resident(self, server):
        kinds = server.resident()
        return kinds["memory"] + kinds["program"]

    def test_it_stays_below_what_the_readme_promises(self):
        with tempfile.TemporaryDirectory(prefix="lyre-test-") as root:
            for start in ("the first", "a later"):
                with measure.Server(LYRED, self.CONFIG, root) as s:
                    until(lambda: self.resident(s) <= self.IDLE, lambda: "%d KiB after %s start" % (self.resident(s), start), 20)
            with measure.Server(LYRED, self.CONFIG, root) as s:
                most = measure.load(s, 16000, 8)
                self.assertLessEqual(most["memory"] + most["program"], self.LOAD)


if __name__ == "__main__":
    unittest.main()
