# SPDX-License-Identifier: Apache-2.0
"""Modules of others that are built into the server: what configure accepts, what its option makes, and that no text of the server or
the documents names an option of configure that does not exist."""
import glob, os, re, shutil, subprocess, sys, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, LYRED, STATIC_ONLY, Server

CONFIGURE = os.path.join(os.path.abspath(TOP), "configure")
MODULE = '#include <lyre/lyre.h>\nLYRE_MODULE(%s, "1", "One");\n'


def compiler():
    """The command that this build is made with, which may be for another machine."""
    with open(os.path.join(BUILD, "Makefile")) as f:
        return re.search(r"^CC = (.+)$", f.read(), re.M).group(1).split()


def built_in(name):
    p = subprocess.run([LYRED, "--module-info", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return "file:     built in\n" in p.stdout


class Case(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="lyre-extra-")
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)


class Refusals(Case):
    def write(self, name, text):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def refused(self, sentence, *folders):
        options = ["--with-extra-module=" + folder for folder in folders]
        p = subprocess.run([CONFIGURE, "-q", *options], cwd=self.work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=300)
        self.assertNotEqual(p.returncode, 0)
        self.assertIn("configure: error: ", p.stdout)
        self.assertIn(sentence, p.stdout)

    def test_no_folder(self):
        self.refused("--with-extra-module=nowhere: there is no such folder", "nowhere")
        self.refused("--with-extra-module needs a folder", "")

    def test_no_module(self):
        os.mkdir(os.path.join(self.work, "empty"))
        self.refused("--with-extra-module=empty: there is no .c file in it", "empty")
        self.write("none/none.c", "int none;\n")
        self.refused("--with-extra-module=none: no line of its C files begins with LYRE_MODULE(NAME", "none")

    def test_several_modules(self):
        for name in ("one", "two"):
            self.write("both/%s.c" % name, MODULE % name)
        self.refused("it has several modules: one two", "both")

    def test_same_name(self):
        self.write("a/one.c", MODULE % "one")
        self.write("b/one.c", MODULE % "one")
        self.refused("--with-extra-module=b: there are two modules 'one'", "a", "b")

    def test_configuration(self):
        self.write("one/one.c", MODULE % "one")
        self.write("one/lyre-module.conf", "source = one.c\n")
        self.refused("lyre-module.conf: 'source = one.c' is not 'KEY = VALUE' with one of name, sources, packages, libs", "one")
        self.write("one/lyre-module.conf", "# comment\n\nsources = one.c two.c\n")
        self.refused("its lyre-module.conf names two.c, which does not exist", "one")
        self.write("one/lyre-module.conf", "name = One\n")
        self.refused("'One' is not the name of a module", "one")

    def test_path_that_make_cannot_handle(self):
        self.write("a b/one.c", MODULE % "one")
        self.refused("its path has a character that make cannot handle", "a b")


@unittest.skipUnless(built_in("tally"), "tally is not built in: configure --with-extra-module=…/sdk/template")
class BuiltIn(unittest.TestCase):
    def test_used_if_the_configuration_names_it(self):
        with Server(config="modules:\n  tally:\n    step: 5\n") as s:
            self.assertEqual(s.call({"operation": "tally", "name": "a"}), (200, {"name": "a", "count": 5}))
            self.assertEqual(s.call({"operation": "tally", "name": "a", "by": 2}), (200, {"name": "a", "count": 7}))
            self.assertEqual(s.call({"operation": "tallies"})[1][0]["count"], 7)

    def test_not_used_otherwise(self):
        listed = subprocess.run([LYRED, "-c", "/dev/null", "--list-modules"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertNotIn("tally", listed)


@unittest.skipUnless(STATIC_ONLY and shutil.which(compiler()[0]), "this build loads modules, or its compiler is missing")
class NoLoading(Case):
    def test_module_info(self):
        module = os.path.join(self.work, "good.so")
        subprocess.run([*compiler(), "-shared", "-fPIC", "-I", os.path.join(TOP, "sdk", "include"), "-o", module,
                        os.path.join(TOP, "tests", "module", "good.c")], check=True)
        p = subprocess.run([LYRED, "--module-info", module], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertIn("version:  1.9.0\n", p.stdout)
        self.assertIn("loads:    no: this build has no dynamic loading: %s: build the server with --with-extra-module=DIR" % module, p.stdout)


class Texts(unittest.TestCase):
    def test_options_exist(self):
        known = subprocess.run([CONFIGURE, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        known = set(re.findall(r"--(?:with|without|enable|disable)-[\w-]+", known))
        known |= {re.sub("^--with(out)?-", "--with-", k) for k in known} | {re.sub("^--(disable|enable)-", "--%s-" % w, k)
                                                                          for k in known for w in ("disable", "enable")}
        known |= {"--with-module-NAME", "--with-module-%s"}
        found = set()
        for pattern in ("core/**/*.[ch]", "modules/**/*.[ch]", "sdk/**/*", "docs/*.md", "*.md", "packaging/**/*.md"):
            for path in glob.glob(os.path.join(TOP, pattern), recursive=True):
                if os.path.isfile(path):
                    with open(path, encoding="utf-8") as f:
                        # After a comma they are the linker's.
                        found |= {(name, os.path.relpath(path, TOP)) for name in re.findall(r"(?<!,)--(?:with|enable|disable)-[\w%-]+", f.read())}
        self.assertIn(("--with-module-%s", "core/module/find.c"), found)
        self.assertEqual(sorted(f for f in found if f[0] not in known), [])


if __name__ == "__main__":
    unittest.main()
