# SPDX-License-Identifier: Apache-2.0
"""RPM packages: built from a release, with the same files in the same packages as those of Debian; installed and removed.

DIST: the release, as make dist makes it. What the systemd-rpm-macros of other distributions define is defined here.
"""
import fnmatch, glob, os, re, shutil, subprocess, sys, tempfile, unittest

SOURCE = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DIST = os.environ.get("DIST", "")
PACKAGES = os.path.join(SOURCE, "packaging")
# The packages that have another name in Debian.
DEBIAN = {"lyre-devel": "lyre-dev"}
ALL = "lyred lyre-module-system lyre-module-users lyre-module-sql lyre-module-export lyre-module-import lyre-devel lyre-doc lyre-minimal".split()
MACROS = {"_unitdir": "/usr/lib/systemd/system", "_sysusersdir": "/usr/lib/sysusers.d", "debug_package": "%{nil}",
          "systemd_post()": "systemctl --no-reload preset %{?*} || :", "systemd_preun()": "systemctl --no-reload disable --now %{?*} || :",
          "systemd_postun()": "systemctl daemon-reload || :", "systemd_postun_with_restart()": "systemctl try-restart %{?*} || :"}


def run(*command, **more):
    p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800, **more)
    if p.returncode:
        raise AssertionError("%s ended with %d:\n%s" % (" ".join(command), p.returncode, p.stdout[-6000:]))
    return p.stdout


def build(folder):
    """name: file of each package."""
    os.makedirs(os.path.join(folder, "SOURCES"))
    shutil.copy(DIST, os.path.join(folder, "SOURCES"))
    defined = ["_topdir " + folder] + ["%s %s" % pair for pair in MACROS.items()]
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "AM_MAKEFLAGS", "MAKELEVEL", "DESTDIR")}
    for spec in "lyre.spec", "lyre-minimal.spec":
        run("rpmbuild", "-ba", "--quiet", "--nodeps", "--without", "tests", *[w for d in defined for w in ("--define", d)],
            os.path.join(PACKAGES, "rpm", spec), env=dict(clean, RPM_BUILD_NCPUS="2"))
    return {query(path, "%{NAME}"): path for path in glob.glob(os.path.join(folder, "RPMS", "*", "*.rpm"))}


def query(path, form):
    return run("rpm", "-qp", "--nosignature", "--queryformat", form, path)


def files(path):
    """Its files with the paths that Debian has them at, without folders and licences."""
    lines = query(path, "[%{FILEMODES:perms} %{FILENAMES}\n]").splitlines()
    for mode, name in (line.split(" ", 1) for line in lines):
        if mode[0] == "-" and not name.startswith("/usr/share/licenses/"):
            name = re.sub(r"^/usr/lib(?:64)?/(?=lyre/|pkgconfig/)", "usr/lib/x86/", name)
            name = re.sub(r"^/usr(?=/lib/systemd/)", "", name)
            yield re.sub(r"(/man\d/.*)\.gz$", r"\1", name).lstrip("/")


def patterns(name):
    """What Debian has in that package."""
    with open(os.path.join(PACKAGES, "debian", DEBIAN.get(name, name) + ".install")) as f:
        return [re.sub("^debian/minimal/", "", line.split()[0]) for line in f if line.strip()]


def matches(name, pattern):
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, pattern + "/*")


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lyre-rpm-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.built = build(os.path.join(folder.name, "build"))

    def test_the_packages_are_those_of_debian(self):
        self.assertEqual(sorted(self.built), sorted(ALL))

    def test_files_are_in_the_same_packages(self):
        for name, path in self.built.items():
            expected, found = patterns(name), list(files(path))
            with self.subTest(name):
                self.assertEqual([f for f in found if not any(matches(f, p) for p in expected)], [])
                self.assertEqual([p for p in expected if not any(matches(f, p) for f in found)], [])

    def test_scripts_are_valid(self):
        for name, path in self.built.items():
            for tag in "%{PREIN}", "%{POSTIN}", "%{PREUN}", "%{POSTUN}", "[%{TRANSFILETRIGGERSCRIPTS}\n]":
                with self.subTest("%s %s" % (name, tag)):
                    run("sh", "-n", "-c", query(path, tag).replace("(none)", ""))
        scripts = query(self.built["lyred"], "[%{TRANSFILETRIGGERSCRIPTS}\n]")
        self.assertEqual(scripts.count("printf '%s\\n' \"$said\""), 2, scripts)
        self.assertNotIn("%{", scripts)

    def test_modules_need_the_abi_that_the_server_provides(self):
        provided = query(self.built["lyred"], "[%{PROVIDENEVRS}\n]").splitlines()
        for name in self.built:
            if name.startswith("lyre-module-"):
                needed = query(self.built[name], "[%{REQUIRENEVRS}\n]")
                abi = re.search(r"^lyre-module-abi-\d+\S* >= [\d.]+$", needed, re.M)
                self.assertTrue(abi, needed)
                self.assertIn(abi.group(0).replace(">=", "="), provided)

    @unittest.skipIf(os.geteuid(), "needs root")
    def test_installed_and_removed(self):
        root = os.path.join(self.folder, "root")
        rpm = ["rpm", "--root", root, "--nodeps", "--noscripts", "--notriggers", "--nosignature"]
        os.mkdir(root)
        run(*rpm, "-i", *[path for name, path in self.built.items() if name != "lyre-minimal"])
        self.assertRegex(run(os.path.join(root, "usr/sbin/lyred"), "--version"), "^lyred ")
        modules = glob.glob(os.path.join(root, "usr/lib*/lyre/modules-1/*.so"))
        self.assertEqual(len(modules), sum(p.endswith(".so") for name in ALL for p in patterns(name)))
        for module in modules:
            run(os.path.join(root, "usr/sbin/lyred"), "--module-info", module)
        run(*rpm, "-e", *[name for name in self.built if name != "lyre-minimal"])
        left = [name for _, _, names in os.walk(root) for name in names if "lyre" in name]
        self.assertEqual(left, [])
        run(*rpm, "-i", self.built["lyre-minimal"])
        self.assertEqual(run(os.path.join(root, "usr/sbin/lyred"), "--list-modules", "-c", os.path.join(root, "etc/lyre/lyre.yaml")).split()[0], "schema")


if __name__ == "__main__":
    if not shutil.which("rpmbuild") or not os.path.exists(DIST):
        print("needs rpmbuild, and a release in DIST")
        sys.exit(77)
    unittest.main()
