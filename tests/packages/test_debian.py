# SPDX-License-Identifier: Apache-2.0
"""Debian packages: built, installed, upgraded under load and purged in a fresh Debian 12 that runs systemd.

Needs root and the Debian mirror. PACKAGES: a folder with the built packages, ROOT: a tar archive of the system, to save time.
"""
import base64, contextlib, glob, http.client, json, os, re, shutil, signal, subprocess, sys, tempfile, threading, time, unittest

SOURCE = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "api"))
import links
RELEASE, MIRROR = "bookworm", "http://deb.debian.org/debian"
TOOLS = "dpkg-buildpackage dh dpkg-deb dpkg-scanpackages mmdebstrap systemd-nspawn nsenter".split()
ALL = "lyred lyre-module-system lyre-module-users lyre-module-sql lyre-module-export lyre-module-import lyre-dev lyre-doc lyre-minimal".split()
OWN_SOURCES = "-o Dir::Etc::sourcelist=/etc/apt/sources.list.d/lyre.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0"
CONFIG = "/etc/lyre/lyre.yaml"


# ---- load: clients that notice every failure, in a process of their own inside the system's network ----

class Load(threading.Thread):
    def __init__(self, number, password, end):
        super().__init__()
        self.number, self.end, self.done, self.longest, self.failures = number, end, 0, 0.0, []
        self.client = http.client.HTTPConnection("127.0.0.1", 9925, timeout=60)
        self.password = password

    def call(self, operation):
        begin = time.monotonic()
        self.client.request("POST", "/", json.dumps(operation), {
            "Content-Type": "application/json", "Authorization": "Basic " + self.password,
            "Connection": "keep-alive" if self.number % 2 else "close"})
        answer = self.client.getresponse()
        body = json.loads(answer.read())
        self.longest = max(self.longest, time.monotonic() - begin)
        self.done += 1
        if answer.status != 200:
            raise AssertionError("%d %s" % (answer.status, body))
        return body

    def run(self):
        key = 0
        while not self.end.is_set():
            key += 1
            id = "%d-%d" % (self.number, key)
            try:
                self.call({"operation": "insert", "database": "dev", "table": "load", "records": [{"id": id, "n": key}]})
                found = self.call({"operation": "search_by_id", "database": "dev", "table": "load", "ids": [id], "get_attributes": ["n"]})
                if found != [{"n": key}]:
                    raise AssertionError("%s: %s" % (id, found))
            except Exception as e:
                self.failures.append(repr(e))
                self.client.close()
                if len(self.failures) > 10:
                    return


def load(password):
    end = threading.Event()
    threads = [Load(number, password, end) for number in range(8)]
    for t in threads:
        t.start()
    sys.stdin.read()
    end.set()
    for t in threads:
        t.join()
    print(json.dumps({"requests": sum(t.done for t in threads), "longest": max(t.longest for t in threads),
                      "failures": [f for t in threads for f in t.failures]}))


# ---- packages ----

def run(*command, **more):
    p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3000, **more)
    if p.returncode:
        raise AssertionError("%s ended with %d:\n%s" % (" ".join(command), p.returncode, p.stdout[-6000:]))
    return p.stdout


def build(folder):
    """As a user with a clone: copies packaging/debian to its place, and builds."""
    top = os.path.join(folder, "lyre")
    shutil.copytree(SOURCE, top, symlinks=True, ignore=shutil.ignore_patterns(".git", "build", "autom4te.cache", "__pycache__", "*.o"))
    shutil.copytree(os.path.join(SOURCE, "packaging", "debian"), os.path.join(top, "debian"))
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "AM_MAKEFLAGS", "MAKELEVEL", "DESTDIR")}
    run("dpkg-buildpackage", "-us", "-uc", "-b", cwd=top, env=dict(clean, DEB_BUILD_OPTIONS="nocheck parallel=2"))
    return folder


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


# ---- the system ----

class System:
    """A Debian that runs systemd, with the packages in /srv/lyre and everything that they depend on downloaded."""

    def __init__(self, folder, packages):
        self.root, self.process, self.pid = os.path.join(folder, "root"), None, None
        tar = os.environ.get("ROOT")
        if tar:
            os.mkdir(self.root)
            run("tar", "-C", self.root, "-xf", tar)
        else:
            run("mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,ca-certificates", RELEASE, self.root, MIRROR)
        self.own = os.path.join(self.root, "srv", "lyre")
        os.mkdir(self.own)
        for name in packages:
            shutil.copy(name, self.own)
        index(self.own)
        with open(os.path.join(self.root, "etc/apt/sources.list.d/lyre.list"), "w") as f:
            f.write("deb [trusted=yes] file:/srv/lyre ./\n")
        shutil.copy("/etc/resolv.conf", os.path.join(self.root, "etc/resolv.conf"))
        wanted = "lyred lyre-module-system lyre-module-users lyre-module-sql lyre-module-export lyre-module-import lyre-dev lyre-doc curl gcc libc6-dev make pkgconf".split()
        run("chroot", self.root, "apt-get", "update")
        for names in wanted, ["lyre-minimal"]:
            run("chroot", self.root, "apt-get", "install", "-y", "--download-only", *names)
        run("chroot", self.root, "apt-get", "install", "-y", "curl", "gcc", "libc6-dev", "make", "pkgconf")

    def boot(self):
        with open(self.root + ".log", "w") as log:
            self.process = subprocess.Popen(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "-D", self.root,
                                             "-b"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ValueError, IndexError, AssertionError):
                with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
                    self.pid = int(f.read().split()[0])
                if self.said("systemctl is-system-running || true").strip() in ("running", "degraded"):
                    self.do("ip link set lo up || true")
                    return
            time.sleep(0.2)
        raise AssertionError("the system does not start")

    def enter(self, *namespaces):
        return ["nsenter", "-t", str(self.pid), *namespaces]

    def command(self, line):
        return [*self.enter("-m", "-u", "-i", "-n", "-p", "-r", "-w"), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", line]

    def do(self, line):
        """Runs a command. \\return (exit status, output)"""
        p = subprocess.run(self.command(line), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        return p.returncode, p.stdout

    def said(self, line):
        code, said = self.do(line)
        if code:
            raise AssertionError("%s ended with %d:\n%s" % (line, code, said))
        return said

    def apt(self, line):
        return self.said("apt-get %s -y %s" % (OWN_SOURCES if line == "update" else "", line))

    def path(self, name):
        return self.root + name

    def main_pid(self):
        return int(self.said("systemctl show -P MainPID lyred"))

    def end(self):
        if not self.process:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self.pid:
                os.kill(self.pid, signal.SIGRTMIN + 4)  # power off
                self.process.wait(60)
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def under_load(system):
    """Yields a function that ends the load and returns what it saw."""
    with open(system.path("/var/lib/lyre/admin-password")) as f:
        password = "admin:" + f.read().strip()
    p = subprocess.Popen([*system.enter("-n"), sys.executable, os.path.abspath(__file__), "--load", base64.b64encode(password.encode()).decode()],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield lambda: json.loads(p.communicate()[0])
    finally:
        p.kill()
        p.wait()


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
        cls.system = System(folder, cls.packages)
        cls.addClassCleanup(cls.system.end)
        cls.system.boot()

    def described(self):
        return json.loads(self.system.said("lyre --json describe_all"))

    def autopkgtest(self, name):
        """A test of the package, as autopkgtest would run it."""
        shutil.copytree(os.path.join(SOURCE, "packaging", "debian", "tests"), self.system.path("/srv/tests"), dirs_exist_ok=True)
        self.system.said("cd /srv && export AUTOPKGTEST_TMP=$(mktemp -d /root/tmp.XXXX) && sh -ex tests/" + name)

    @unittest.skipUnless(shutil.which("lintian"), "lintian is missing")
    def test_00_lintian(self):
        run("lintian", "--pedantic", "-I", "--fail-on", "error,warning,info,pedantic", *self.packages)

    def test_01_install(self):
        said = self.system.apt("install --no-install-recommends lyred lyre-module-system lyre-module-users")
        self.assertRegex(said, "password of the user admin: cat /var/lib/lyre/admin-password")
        self.assertEqual(self.system.said("systemctl is-active lyred").strip(), "active")
        self.assertEqual(self.system.said("stat -c '%U %a' /var/lib/lyre").strip(), "lyre 750")
        self.autopkgtest("server")
        print(self.system.said("systemd-analyze security --no-pager lyred | tail -n 1").strip())

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
        self.system.apt("install --no-install-recommends lyre-module-sql")
        self.assertEqual(json.loads(self.system.said("lyre --json sql 'SELECT 1 AS one'")), [{"one": 1}])
        self.assertEqual(self.system.main_pid(), pid)
        self.system.apt("install --no-install-recommends lyre-module-export lyre-module-import")
        self.autopkgtest("modules")

    def test_03_sdk(self):
        self.system.apt("install --no-install-recommends lyre-dev lyre-doc")
        self.autopkgtest("sdk")
        self.assertEqual(list(links.broken(self.system.path("/usr/share/doc/lyre"))), [])
        for page in "lyred.8", "lyre.1", "lyre.yaml.5", "lyre-module.7":
            self.assertTrue(os.path.exists(self.system.path("/usr/share/man/man%s/%s.gz" % (page[-1], page))), page)

    def test_04_upgrade_under_load(self):
        """Not one request fails, and the new program runs in the old one's process."""
        self.system.said("lyre create_table database=dev table=load primary_key=id")
        pid = self.system.main_pid()
        for package in self.packages:
            higher(package, self.system.own)
        index(self.system.own)
        self.system.apt("update")
        with under_load(self.system) as ended:
            time.sleep(2)
            begin = time.monotonic()
            self.system.apt("upgrade")
            took = time.monotonic() - begin
            time.sleep(2)
            seen = ended()
        print("upgrade: %.1f s, %d requests, %d failed, longest %.2f s" % (took, seen["requests"], len(seen["failures"]), seen["longest"]), flush=True)
        self.assertEqual(seen["failures"], [])
        self.assertGreater(seen["requests"], 100)
        for name in "lyred", "lyre-module-sql":
            self.assertRegex(self.system.said("dpkg-query -W -f '${Version}' " + name), r"\+1$")
        self.assertEqual(self.system.main_pid(), pid)
        self.assertEqual(self.system.said("readlink /proc/%d/exe" % pid).strip(), "/usr/sbin/lyred")
        self.assertNotIn("(deleted)", self.system.said("grep /lyre/ /proc/%d/maps" % pid))
        self.assertEqual(self.system.said("systemctl show -P NRestarts lyred").strip(), "0")

    def test_05_remove_named_module(self):
        """The server goes on, and the message says what to do."""
        with open(self.system.path(CONFIG), "a") as f:
            f.write("\nmodules:\n  schema: true\n  data: true\n  help: true\n  system: true\n  sql: true\n")
        self.system.said("lyre restart")
        said = self.system.apt("remove lyre-module-sql")
        for part in "module 'sql' (%s:" % CONFIG, "continues with the previous ones", "lyre-module-NAME, or remove it from " + CONFIG, "lyre restart":
            self.assertIn(part, said)
        print(said[said.index("lyred:"):], end="")
        self.assertEqual(json.loads(self.system.said("lyre --json sql 'SELECT 1 AS one'")), [{"one": 1}])
        self.system.said("sed -i '/^  sql: true/d' " + CONFIG)
        self.system.said("lyre restart")
        self.assertNotEqual(self.system.do("lyre sql 'SELECT 1'")[0], 0)
        self.system.said("sed -i '/^modules:/,$d' " + CONFIG)

    def test_06_without_module_system(self):
        """systemd restarts the server instead."""
        self.system.said("lyre restart")
        pid = self.system.main_pid()
        self.system.apt("remove lyre-module-system")
        self.assertNotEqual(self.system.main_pid(), 0)
        self.system.said("dpkg -i /srv/lyre/lyred_*+1_*.deb")
        self.assertNotIn(self.system.main_pid(), (0, pid))
        self.assertIn("load", self.described()["dev"])

    def test_07_remove_keeps_data(self):
        self.system.apt("remove lyred")
        self.assertNotEqual(self.system.do("systemctl is-active lyred")[0], 0)
        self.assertTrue(os.path.exists(self.system.path("/var/lib/lyre/database/dev.mdb")))
        self.assertTrue(os.path.exists(self.system.path(CONFIG)))
        self.system.apt("install --no-install-recommends lyred")
        self.assertIn("load", self.described()["dev"])

    def test_08_minimal_takes_over(self):
        """Purging what it replaces leaves the data."""
        self.system.apt("-o Dpkg::Options::=--force-confnew install --no-install-recommends lyre-minimal")
        self.assertRegex(self.system.said("dpkg-query -W -f '${db:Status-Status}' lyred"), "config-files")
        self.system.said("dpkg --purge lyred")
        self.assertTrue(os.path.exists(self.system.path(CONFIG)))
        self.system.said("systemctl restart lyred")
        answer = self.system.said("curl -sS --unix-socket /var/lib/lyre/operations-server -H 'Content-Type: application/json' "
                                  "-d '{\"operation\":\"describe_all\"}' http://localhost/")
        self.assertIn("load", json.loads(answer)["dev"])
        self.system.said("curl -sS --unix-socket /var/lib/lyre/operations-server -H 'Content-Type: application/json' "
                         "-d '{\"operation\":\"drop_database\",\"database\":\"dev\"}' http://localhost/")
        self.autopkgtest("minimal")

    def test_09_purge(self):
        self.system.apt("purge lyre-minimal lyre-dev lyre-doc 'lyre-module-*'")
        left = self.system.said("find / -xdev -path /srv -prune -o -path /proc -prune -o -path /var/cache/apt -prune -o -path /var/lib/apt -prune "
                                "-o -path /root -prune -o -path /var/log -prune -o -name '*lyre*' -print").split()
        self.assertEqual([name for name in left if not re.search(r"/(lyre\.list|deb-systemd-helper|systemd/timers)", name)], [])
        self.assertEqual(self.system.said("id -un lyre").strip(), "lyre")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(sys.argv[2])
    elif os.geteuid() or [t for t in TOOLS if not shutil.which(t)]:
        print("needs root and %s" % " ".join(TOOLS))
        sys.exit(77)
    else:
        unittest.main(failfast=True)
