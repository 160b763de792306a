# SPDX-License-Identifier: Apache-2.0
"""Debian packages: built, installed, upgraded under load and purged in a fresh Debian 12 that runs systemd.

Needs root and the Debian mirror. DIST: the release, as make dist makes it, for the source package; PACKAGES: a folder with the built
packages, ROOT: a tar archive of the system, to save time.
"""
import glob, json, os, re, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debian_system import SOURCE, SYSTEM_TOOLS, System, unbroken
from commands import run, outside_make
import links

TOOLS = SYSTEM_TOOLS + "dpkg-buildpackage dh dpkg-deb dpkg-scanpackages".split()
ALL = "lyred lyre-module-system lyre-module-users lyre-module-sql lyre-module-export lyre-module-import lyre-dev lyre-doc lyre-minimal".split()
OWN_SOURCES = "-o Dir::Etc::sourcelist=/etc/apt/sources.list.d/lyre.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0"
CONFIG = "/etc/lyre/lyre.yaml"
DROP_IN = CONFIG + ".d/modules.yaml"


def build(folder):
    """As a user with a clone: copies packaging/debian to its place, and builds."""
    top = os.path.join(folder, "lyre")
    shutil.copytree(SOURCE, top, symlinks=True, ignore=shutil.ignore_patterns(".git", "build", "autom4te.cache", "__pycache__", "*.o"))
    shutil.copytree(os.path.join(SOURCE, "packaging", "debian"), os.path.join(top, "debian"))
    run("dpkg-buildpackage", "-us", "-uc", "-b", cwd=top, env=dict(outside_make(), DEB_BUILD_OPTIONS="nocheck parallel=2"))
    return folder


def source_package(folder):
    """\\return the description of one, or none without a release"""
    release = os.environ.get("DIST")
    if not release:
        return []
    os.mkdir(folder)
    name, _, version = os.path.basename(release)[:-len(".tar.xz")].rpartition("-")
    shutil.copy(release, os.path.join(folder, "%s_%s.orig.tar.xz" % (name, version)))
    run("tar", "-C", folder, "-xf", release)
    top = os.path.join(folder, "%s-%s" % (name, version))
    shutil.copytree(os.path.join(SOURCE, "packaging", "debian"), os.path.join(top, "debian"))
    run("dpkg-source", "-b", top, cwd=folder)
    return glob.glob(os.path.join(folder, "*.dsc"))


def higher(package, folder):
    """The same package with a higher version, so that nothing needs to be built again."""
    content = os.path.join(folder, "content")
    run("dpkg-deb", "-R", package, content)
    with open(os.path.join(content, "DEBIAN", "control"), "r+") as f:
        text = re.sub(r"^(Version: .*)$", r"\1+1", f.read(), flags=re.M)
        f.seek(0)
        f.write(text)
    run("dpkg-deb", "-b", content, folder)
    shutil.rmtree(content)


def index(folder):
    with open(os.path.join(folder, "Packages"), "w") as f:
        f.write(subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout)


def add_packages(system, packages):
    """Puts them into its folder /srv/lyre, which apt knows, and downloads all that they depend on."""
    own = system.path("/srv/lyre")
    os.mkdir(own)
    for name in packages:
        shutil.copy(name, own)
    index(own)
    with open(system.path("/etc/apt/sources.list.d/lyre.list"), "w") as f:
        f.write("deb [trusted=yes] file:/srv/lyre ./\n")
    system.get("update")
    for names in [name for name in ALL if name != "lyre-minimal"], ["lyre-minimal"]:
        system.get("install", "--download-only", *names)


def apt(system, line):
    return system.said("apt-get %s -y %s" % (OWN_SOURCES if line == "update" else "", line))


class Debian(unittest.TestCase):
    """One life of an installation, in the order of the names."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="lyre-packages-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.folder = folder
        built = os.environ.get("PACKAGES") or build(folder)
        cls.packages = [glob.glob(os.path.join(built, name + "_*.deb"))[0] for name in ALL]
        for package in cls.packages:
            print("%-22s %8d bytes" % (os.path.basename(package).split("_")[0], os.path.getsize(package)), flush=True)
        cls.system = System(folder)
        cls.addClassCleanup(cls.system.end)
        add_packages(cls.system, cls.packages)
        # For the tests of the packages, and for completion.
        cls.system.get("install", "--no-install-recommends", *"curl gcc libc6-dev make pkgconf bash-completion fish zsh".split())
        cls.system.boot()

    def described(self):
        return json.loads(self.system.said("lyre --json describe_all"))

    def autopkgtest(self, name):
        """A test of the package, as autopkgtest would run it: one that writes to standard error has failed, unless it may."""
        shutil.copytree(os.path.join(SOURCE, "packaging", "debian", "tests"), self.system.path("/srv/tests"), dirs_exist_ok=True)
        self.system.said("cd /srv && export AUTOPKGTEST_TMP=$(mktemp -d /root/tmp.XXXX) && sh -e tests/%s 2>/root/stderr || { cat /root/stderr; false; }" % name)
        with open(self.system.path("/srv/tests/control")) as f:
            may = re.search(r"Tests: %s\n(?:\S.*\n)*Restrictions:.*allow-stderr" % name, f.read())
        if not may:
            self.assertEqual(self.system.said("cat /root/stderr"), "", name)

    @unittest.skipUnless(shutil.which("lintian"), "lintian is missing")
    def test_00_lintian(self):
        run("lintian", "--pedantic", "-I", "--fail-on", "error,warning,info,pedantic", *self.packages,
            *source_package(os.path.join(self.folder, "source")))

    def test_00_abi(self):
        """The modules' packages, and those of others, depend on what the server's package provides."""
        fields = lambda name, field: run("dpkg-deb", "-f", glob.glob(self.system.path("/srv/lyre/%s_*.deb" % name))[0], field).strip()
        provided = re.fullmatch(r"lyre-module-abi-1 \(= (1\.\d+)\)", fields("lyred", "Provides")).group(1)
        for name in ALL:
            if name.startswith("lyre-module-"):
                self.assertIn("lyre-module-abi-1 (>= %s)" % provided, fields(name, "Depends"))

    def test_01_busy_port(self):
        """The server does not start, and the message says why; it does as soon as it can."""
        system, hold = self.system, "import socket, sys; s = socket.create_server(('', 9925)); print(flush=True); sys.stdin.read()"
        with subprocess.Popen([*system.enter("-n"), sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            p.stdout.readline()
            said = apt(system, "install --no-install-recommends lyred")
            p.stdin.close()
        print(said[said.index("lyred: "):])
        for part in "port 9925': Address already in use", "has not started", "journalctl -u lyred", "systemctl start lyred":
            self.assertIn(part, said)
        system.said("systemctl reset-failed lyred; systemctl start lyred")
        apt(system, "purge lyred")

    def test_01_install(self):
        said = apt(self.system, "install --no-install-recommends lyred lyre-module-system lyre-module-users")
        self.assertRegex(said, "password of the user admin: cat /var/lib/lyre/admin-password")
        self.assertEqual(self.system.said("systemctl is-active lyred").strip(), "active")
        self.assertEqual(self.system.said("stat -c '%U %a' /var/lib/lyre").strip(), "lyre 750")
        self.assertTrue(os.path.isdir(self.system.path(CONFIG + ".d")))
        self.autopkgtest("server")

    def test_01_set_configuration(self):
        """With the file in the root folder, as README.Debian says."""
        self.assertNotEqual(self.system.do("lyre set_configuration logging_level=info")[0], 0)
        with open(os.path.join(SOURCE, "packaging", "debian", "lyred.README.Debian")) as f:
            commands = re.findall(r"^    sudo (.*lyre\.yaml.*)$", f.read(), re.M)
        self.system.said("cp -p %s /root/lyre.yaml && %s" % (CONFIG, " && ".join(commands)))
        self.system.said("lyre set_configuration logging_level=info && grep '^  level: info$' /var/lib/lyre/lyre.yaml && lyre restart")
        self.system.said("rm %s /var/lib/lyre/lyre.yaml && mv /root/lyre.yaml %s && lyre restart" % (CONFIG, CONFIG))

    def test_02_add_module(self):
        """It is loaded as soon as it is installed, and nothing else is restarted."""
        pid = self.system.main_pid()
        self.assertNotEqual(self.system.do("lyre sql 'SELECT 1'")[0], 0)
        apt(self.system, "install --no-install-recommends lyre-module-sql")
        self.assertEqual(json.loads(self.system.said("lyre --json sql 'SELECT 1 AS one'")), [{"one": 1}])
        self.assertEqual(self.system.main_pid(), pid)
        apt(self.system, "install --no-install-recommends lyre-module-export lyre-module-import")
        self.autopkgtest("modules")

    def test_03_exposure(self):
        said = self.system.said("systemd-analyze security --no-pager lyred | tail -n 1").strip()
        print(said)
        self.assertLessEqual(float(re.search(r"level for lyred.service: ([\d.]+)", said).group(1)), 1.7)

    def test_03_settings_are_tested_before_a_start(self):
        system, pid = self.system, self.system.main_pid()
        system.said("cp -p %s /root/lyre.yaml && sed -i 's/^  #level: .*/  level: loud/' %s" % (CONFIG, CONFIG))
        code, said = system.do("lyre restart")
        self.assertEqual((code == 0, system.main_pid()), (False, pid), said)
        self.assertIn("logging.level", said)
        self.assertNotEqual(system.do("systemctl restart lyred")[0], 0)
        self.assertIn("logging.level", system.said("journalctl --no-pager -u lyred -n 20"))
        system.said("mv /root/lyre.yaml %s && systemctl reset-failed lyred && systemctl start lyred" % CONFIG)

    def test_03_reload(self):
        """It takes settings from the file, in the same process."""
        system, pid = self.system, self.system.main_pid()
        system.said("cp -p %s /root/lyre.yaml && sed -i 's/^  #level: .*/  level: info/' %s && systemctl reload lyred" % (CONFIG, CONFIG))
        system.until("lyre --json get_configuration | tr -d ' ' | grep -F '\"level\":\"info\"'")
        self.assertEqual(system.main_pid(), pid)
        system.said("mv /root/lyre.yaml %s && systemctl reload lyred" % CONFIG)

    def test_03_journal(self):
        self.assertIn("listening on", self.system.said("journalctl --no-pager -u lyred -p info"))
        self.assertNotIn("listening on", self.system.said("journalctl --no-pager -u lyred -p err"))

    def test_03_watchdog(self):
        """systemd restarts a server that has stopped, and no other."""
        system = self.system
        self.assertEqual(system.said("systemctl show -P WatchdogUSec lyred").strip(), "2min")
        system.said("mkdir /run/systemd/system/lyred.service.d && printf '[Service]\\nWatchdogSec=1\\n' >/run/systemd/system/lyred.service.d/w.conf && "
                    "systemctl daemon-reload && systemctl restart lyred")
        pid, begin = system.main_pid(), "systemctl show -P WatchdogTimestampMonotonic lyred"
        first = int(system.said(begin))
        system.until("test $(%s) -gt %d" % (begin, first + 1500000))
        self.assertEqual(system.main_pid(), pid)
        system.said("kill -STOP %d" % pid)
        system.until("test $(systemctl show -P NRestarts lyred) -ge 1 && systemctl is-active lyred")
        self.assertIn("Watchdog timeout", system.said("journalctl --no-pager -u lyred -n 50"))
        system.said("rm -r /run/systemd/system/lyred.service.d && systemctl daemon-reload && systemctl restart lyred")

    def test_03_socket_activation(self):
        """With the unit of the documents: the first client starts the server."""
        system = self.system
        with open(os.path.join(SOURCE, "docs", "running.md")) as f:
            unit = re.search(r"/lyred\.socket`:\n\n((?:    .*\n)+)", f.read()).group(1)
        with open(system.path("/etc/systemd/system/lyred.socket"), "w") as f:
            f.write(re.sub("(?m)^    ", "", unit))
        system.said("systemctl daemon-reload && systemctl stop lyred && systemctl start lyred.socket")
        self.assertEqual(system.do("systemctl is-active lyred")[1].strip(), "inactive")
        system.said("curl -sS -o /dev/null http://127.0.0.1:9925/ && systemctl is-active lyred")
        system.said("systemctl stop lyred.socket lyred && rm /etc/systemd/system/lyred.socket && systemctl daemon-reload && systemctl start lyred")

    def test_03_completion(self):
        """Each shell finds it, as it is set up by Debian, and completes the name of an operation, which the server knows."""
        typed = r"{ printf 'lyre --json describe_a\t >/root/%s\n'; for n in $(seq 200); do test -s /root/%s && break; sleep 0.1; done; } | script -qec '%s' /dev/null"
        self.system.said("echo 'autoload -Uz compinit && compinit -u' >/root/.zshrc")
        for shell, command in ("bash", "bash -il"), ("zsh", "zsh -i"):
            with self.subTest(shell):
                self.system.do(typed % (shell, shell, command))
                self.assertIsInstance(json.loads(self.system.said("cat /root/" + shell)), dict)
        self.assertEqual(self.system.said("fish -c 'complete -C \"lyre describe_a\"'").split()[0], "describe_all")
        self.assertIn("--list-modules", self.system.said("fish -c 'complete -C \"lyred --list-\"'"))

    def test_03_policy(self):
        """Whoever installs packages may say that no service is to be restarted."""
        pid, policy = self.system.main_pid(), "/usr/sbin/policy-rc.d"
        self.system.said("printf '#!/bin/sh\\nexit 101\\n' >%s && chmod +x %s && dpkg -i /srv/lyre/lyred_*.deb && rm %s" % (policy, policy, policy))
        old = "readlink /proc/%d/exe | grep -qF '(deleted)'" % pid
        self.system.said(old)
        self.system.said("lyre restart")
        self.system.until("! " + old)

    def test_03_sdk(self):
        apt(self.system, "install --no-install-recommends lyre-dev lyre-doc")
        self.autopkgtest("sdk")
        self.assertEqual(list(links.broken(self.system.path("/usr/share/doc/lyre"))), [])
        for page in "lyred.8", "lyre.1", "lyre.yaml.5", "lyre-module.7":
            self.assertTrue(os.path.exists(self.system.path("/usr/share/man/man%s/%s.gz" % (page[-1], page))), page)

    def test_04_upgrade_under_load(self):
        self.system.said("lyre create_table database=dev table=load primary_key=id")
        own = self.system.path("/srv/lyre")
        for package in self.packages:
            higher(package, own)
        index(own)
        apt(self.system, "update")
        unbroken(self, self.system, lambda: apt(self.system, "upgrade"))
        for name in "lyred", "lyre-module-sql":
            self.assertRegex(self.system.said("dpkg-query -W -f '${Version}' " + name), r"\+1$")

    def test_05_remove_named_module(self):
        """The server goes on, and the message says what to do."""
        self.system.said("printf 'modules:\\n  sql: true\\n' >%s && lyre restart" % DROP_IN)
        self.system.until("lyre --json sql 'SELECT 1'")
        said = apt(self.system, "remove lyre-module-sql")
        said = said[said.index("lyred: "):]
        print(said, end="")
        for part in "module 'sql' (%s:2)" % DROP_IN, "continues with the previous ones", "lyre-module-NAME", "run: lyre restart":
            self.assertIn(part, said)
        self.assertNotIn("is skipped", said)
        self.assertEqual(json.loads(self.system.said("lyre --json sql 'SELECT 1 AS one'")), [{"one": 1}])
        self.system.said("rm %s && lyre restart" % DROP_IN)
        self.assertNotEqual(self.system.do("lyre sql 'SELECT 1'")[0], 0)

    def test_06_without_module_system(self):
        """systemd restarts the server instead."""
        self.system.said("lyre restart")
        pid = self.system.main_pid()
        apt(self.system, "remove lyre-module-system")
        self.assertNotEqual(self.system.main_pid(), 0)
        self.system.said("dpkg -i /srv/lyre/lyred_*+1_*.deb")
        self.assertNotIn(self.system.main_pid(), (0, pid))
        self.assertIn("load", self.described()["dev"])
        self.system.said("printf 'modules:\\n  sql: true\\n' >" + DROP_IN)
        self.assertIn("run: systemctl restart lyred", self.system.said("dpkg -i /srv/lyre/lyred_*+1_*.deb"))
        self.system.said("rm %s && systemctl restart lyred" % DROP_IN)

    def test_07_remove_keeps_data(self):
        own = CONFIG + ".d/own.yaml"
        self.system.said("echo 'logging: { level: info }' >" + own)
        apt(self.system, "remove lyred")
        self.assertNotEqual(self.system.do("systemctl is-active lyred")[0], 0)
        self.assertTrue(os.path.exists(self.system.path("/var/lib/lyre/database/dev.mdb")))
        self.assertTrue(os.path.exists(self.system.path(CONFIG)))
        self.assertTrue(os.path.exists(self.system.path(own)))
        apt(self.system, "install --no-install-recommends lyred")
        self.assertIn("load", self.described()["dev"])
        self.assertIn(", 1 drop-in, ", self.system.said("runuser -u lyre -- lyred -c %s -r /var/lib/lyre --check" % CONFIG))
        self.system.said("rm " + own)

    def test_08_minimal_takes_over(self):
        """Purging what it replaces leaves the data, and a service that starts with the system."""
        apt(self.system, "-o Dpkg::Options::=--force-confnew install --no-install-recommends lyre-minimal")
        self.assertRegex(self.system.said("dpkg-query -W -f '${db:Status-Status}' lyred"), "config-files")
        self.system.said("dpkg --purge lyred")
        self.assertTrue(os.path.exists(self.system.path(CONFIG)))
        self.system.said("systemctl is-enabled lyred && systemctl restart lyred")
        answer = self.system.said("curl -sS --unix-socket /var/lib/lyre/operations-server -H 'Content-Type: application/json' "
                                  "-d '{\"operation\":\"describe_all\"}' http://localhost/")
        self.assertIn("load", json.loads(answer)["dev"])
        self.system.said("curl -sS --unix-socket /var/lib/lyre/operations-server -H 'Content-Type: application/json' "
                         "-d '{\"operation\":\"drop_database\",\"database\":\"dev\"}' http://localhost/")
        self.autopkgtest("minimal")

    def test_09_purge(self):
        apt(self.system, "purge lyre-minimal lyre-dev lyre-doc 'lyre-module-*'")
        left = self.system.said("find / -xdev -path /srv -prune -o -path /proc -prune -o -path /var/cache/apt -prune -o -path /var/lib/apt -prune "
                                "-o -path /root -prune -o -path /var/log -prune -o -name '*lyre*' -print").split()
        self.assertEqual([name for name in left if not re.search(r"/(lyre\.list|deb-systemd-helper|systemd/timers)", name)], [])
        self.assertEqual(self.system.said("id -un lyre").strip(), "lyre")


if __name__ == "__main__":
    if os.geteuid() or [t for t in TOOLS if not shutil.which(t)]:
        print("needs root and %s" % " ".join(TOOLS))
        sys.exit(77)
    unittest.main(failfast=True)
