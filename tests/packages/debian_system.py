# SPDX-License-Identifier: Apache-2.0
"""A Debian of a test's own that runs systemd, in which packages are installed. It is an archive of such a system, ROOT, or made from the mirror."""
import base64, contextlib, json, os, shutil, signal, subprocess, sys, time

SOURCE = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "api"))
from commands import run

LOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.py")
RELEASE, MIRROR = "bookworm", "http://deb.debian.org/debian"
SYSTEM_TOOLS = "mmdebstrap systemd-nspawn nsenter".split()


class System:
    def __init__(self, folder):
        self.root, self.process, self.pid = os.path.join(folder, "root"), None, None
        if os.environ.get("ROOT"):
            os.mkdir(self.root)
            run("tar", "-C", self.root, "-xf", os.environ["ROOT"])
        else:
            run("mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,ca-certificates", RELEASE, self.root, MIRROR)
        shutil.copy("/etc/resolv.conf", os.path.join(self.root, "etc/resolv.conf"))
        self.get("update")

    def get(self, *words):
        """apt-get, as long as it does not run: then it has no network."""
        run("chroot", self.root, "apt-get", "-y", *words, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))

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

    def until(self, line):
        """Waits until a command succeeds."""
        end = time.monotonic() + 60
        while self.do(line)[0]:
            if time.monotonic() > end:
                raise AssertionError("not within a minute: " + line)
            time.sleep(0.1)

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


def through(system, change):
    """Makes a change while clients use the table dev.load. \\return what they saw: see load.py"""
    with open(system.path("/var/lib/lyre/admin-password")) as f:
        user = "admin:" + f.read().strip()
    p = subprocess.Popen([*system.enter("-n"), sys.executable, LOAD, base64.b64encode(user.encode()).decode()],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(2)
        begin = time.monotonic()
        change()
        took = time.monotonic() - begin
        time.sleep(2)
        seen = json.loads(p.communicate()[0])
    finally:
        p.kill()
        p.wait()
    print("%.1f s, %d requests, %d failed, longest %.2f s" % (took, seen["requests"], len(seen["failures"]), seen["longest"]), flush=True)
    return seen


def unbroken(test, system, change):
    """Not one request fails, and the new program runs in the old one's process."""
    pid = system.main_pid()
    seen = through(system, change)
    test.assertEqual(seen["failures"], [])
    test.assertGreater(seen["requests"], 100)
    test.assertEqual(system.main_pid(), pid)
    test.assertEqual(system.said("readlink /proc/%d/exe" % pid).strip(), "/usr/sbin/lyred")
    test.assertNotIn("(deleted)", system.said("grep /lyre/ /proc/%d/maps" % pid))
    test.assertEqual(system.said("systemctl show -P NRestarts lyred").strip(), "0")
