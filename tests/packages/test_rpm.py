# SPDX-License-Identifier: Apache-2.0
"""RPM packages: built from a release, with the same files in the same packages as those of Debian; installed, used and erased.

DIST: the release, as make dist makes it; BUILT: the folder of an earlier build, ROOT: a tar archive of a system, to save time. What the systemd-rpm-macros of other distributions define is defined here.
"""
import atexit, fnmatch, functools, glob, json, os, re, shutil, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debian_system import SOURCE, SYSTEM_TOOLS, System, unbroken
from commands import run, outside_make

DIST = os.environ.get("DIST", "")
PACKAGES = os.path.join(SOURCE, "packaging")
# The packages that have another name in Debian.
DEBIAN = {"lyre-devel": "lyre-dev"}
ALL = "lyred lyre-module-system lyre-module-users lyre-module-sql lyre-module-export lyre-module-import lyre-devel lyre-doc lyre-minimal".split()
FULL = [name for name in ALL if name != "lyre-minimal"]
CONFIG = "/etc/lyre/lyre.yaml"
RELOAD = "systemctl daemon-reload || :; "
MACROS = {"_unitdir": "/usr/lib/systemd/system", "_sysusersdir": "/usr/lib/sysusers.d", "debug_package": "%{nil}",
          "systemd_post()": RELOAD + "if [ $1 -eq 1 ]; then systemctl --no-reload preset %{?*} || :; fi",
          "systemd_preun()": "if [ $1 -eq 0 ]; then systemctl --no-reload disable --now %{?*} || :; fi",
          "systemd_postun()": RELOAD + ":", "systemd_postun_with_restart()": RELOAD + "if [ $1 -ge 1 ]; then systemctl try-restart %{?*} || :; fi"}


def build(folder):
    os.makedirs(os.path.join(folder, "SOURCES"))
    shutil.copy(DIST, os.path.join(folder, "SOURCES"))
    defined = ["_topdir " + folder] + ["%s %s" % pair for pair in MACROS.items()]
    for spec in "lyre.spec", "lyre-minimal.spec":
        run("rpmbuild", "-ba", "--quiet", "--nodeps", "--without", "tests", *[w for d in defined for w in ("--define", d)],
            os.path.join(PACKAGES, "rpm", spec), env=dict(outside_make(), RPM_BUILD_NCPUS="2"))
    return folder


@functools.lru_cache(None)
def built():
    if os.environ.get("BUILT"):
        return os.environ["BUILT"]
    folder = tempfile.mkdtemp(prefix="lyre-rpm-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return build(folder)


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
        cls.built = {query(path, "%{NAME}"): path for path in glob.glob(os.path.join(built(), "RPMS", "*", "*.rpm"))}

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


@unittest.skipIf(os.geteuid() or [t for t in SYSTEM_TOOLS if not shutil.which(t)], "needs root and " + " ".join(SYSTEM_TOOLS))
class Installed(unittest.TestCase):
    """One life of an installation, in the order of the names: by rpm, in a system that has the libraries, but not as packages of rpm."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="lyre-rpm-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.system = System(folder)
        cls.addClassCleanup(cls.system.end)
        with open(os.path.join(PACKAGES, "container", "Containerfile")) as f:
            libraries = re.search(r"ca-certificates (lib.*?) && ", f.read().partition("\nFROM ")[2].replace("\\\n", " ")).group(1).split()
        cls.system.get("install", "--no-install-recommends", "curl", "rpm", *libraries)
        shutil.copytree(os.path.join(built(), "RPMS"), cls.system.path("/srv/lyre"))
        # As in Fedora, administrators enable services.
        with open(cls.system.path("/usr/lib/systemd/system-preset/99-disable.preset"), "w") as f:
            f.write("disable *\n")
        cls.system.boot()

    def rpm(self, action, *names):
        return self.system.said("rpm --force-debian --nosignature %s %s" % (action, " ".join(names)))

    def install(self, action, *names):
        return self.rpm(action + " --nodeps", *["$(ls /srv/lyre/*/%s-[0-9]*.rpm)" % name for name in names])

    def described(self):
        """By a client that needs no password, as root does not on the domain socket."""
        return json.loads(self.system.said("curl -sS --unix-socket /var/lib/lyre/operations-server -H 'Content-Type: application/json' "
                                           "-d '{\"operation\":\"describe_all\"}' http://localhost/"))

    def test_0_install(self):
        system = self.system
        self.install("-i", *FULL)
        self.assertEqual(system.do("systemctl is-enabled lyred")[1].strip(), "disabled")
        self.assertEqual(system.said("stat -c '%U %G %a' /var/lib/lyre").strip(), "lyre lyre 750")
        system.said("systemctl enable --now lyred")
        listed = system.said("lyred --list-modules")
        for name in self.modules():
            self.assertRegex(listed, r"(?m)^%s " % name)
        system.said("lyre create_table database=dev table=load primary_key=id")

    def modules(self):
        found = glob.glob(self.system.path("/usr/lib*/lyre/modules-1/*.so"))
        self.assertEqual(len(found), sum(p.endswith(".so") for name in ALL for p in patterns(name)))
        return [os.path.basename(path)[:-3] for path in found]

    def test_1_upgrade_under_load(self):
        """To packages of the same version: the scripts are called, and the files replaced, as for a higher one."""
        unbroken(self, self.system, lambda: self.install("-U --replacepkgs", *FULL))
        self.assertEqual(self.system.said("systemctl is-enabled lyred").strip(), "enabled")

    def test_2_remove_named_module(self):
        """The server goes on, and the message says what to do."""
        system = self.system
        drop_in = CONFIG + ".d/modules.yaml"
        system.said("printf 'modules:\\n  sql: true\\n' >%s && lyre restart" % drop_in)
        system.until("lyre --json sql 'SELECT 1'")
        pid, said = system.main_pid(), self.rpm("-e", "lyre-module-sql")
        for part in "module 'sql' (%s:2)" % drop_in, "continues with the previous ones", "lyre-module-NAME", "run: lyre restart":
            self.assertIn(part, said)
        self.assertNotIn("is skipped", said)
        self.assertEqual(system.main_pid(), pid)
        self.assertEqual(json.loads(system.said("lyre --json sql 'SELECT 1 AS one'")), [{"one": 1}])
        system.said("rm " + drop_in)

    def test_3_erase(self):
        """The server stops; what users wrote stays."""
        system = self.system
        system.said("echo '# A line of mine.' >>" + CONFIG)
        said = self.rpm("-e", *[name for name in reversed(FULL) if name != "lyre-module-sql"])
        self.assertNotIn("rror", said)
        self.assertNotEqual(system.do("systemctl is-active lyred")[0], 0)
        self.assertNotEqual(system.do("pgrep -x lyred || test -L /etc/systemd/system/multi-user.target.wants/lyred.service")[0], 0)
        self.assertEqual(self.left(), ["/etc/lyre", "/etc/lyre/lyre.yaml.rpmsave", "/var/lib/lyre"])
        self.assertTrue(os.path.exists(system.path("/var/lib/lyre/database/dev.mdb")))
        self.assertEqual(system.said("id -un lyre").strip(), "lyre")

    def left(self):
        return sorted(self.system.said("find /etc /usr /var/lib -xdev '(' -name '*lyre*' -o -path '*/lyre/*' ')' -not -path '/var/lib/lyre/*'").split())

    def test_4_minimal(self):
        """The other package of the server has the same data; it is restarted when it is upgraded."""
        system = self.system
        self.install("-i", "lyre-minimal")
        system.said("systemctl enable --now lyred")
        self.assertIn("load", self.described()["dev"])
        pid = system.main_pid()
        self.install("-U --replacepkgs", "lyre-minimal")
        system.said("systemctl is-active lyred")
        self.assertNotEqual(system.main_pid(), pid)
        self.assertIn("load", self.described()["dev"])
        self.rpm("-e", "lyre-minimal")
        self.assertNotEqual(system.do("systemctl is-active lyred")[0], 0)
        self.assertEqual(self.left(), ["/etc/lyre", "/etc/lyre/lyre.yaml.rpmsave", "/var/lib/lyre"])


if __name__ == "__main__":
    if not shutil.which("rpmbuild") or not os.path.exists(DIST):
        print("needs rpmbuild, and a release in DIST")
        sys.exit(77)
    unittest.main()
