# SPDX-License-Identifier: Apache-2.0
"""The guide's way from nothing to a package, to the letter, in a fresh Debian 12 with the packages lyre-dev and lyred: what is indented
there is run, or put into the files, in its order.

Needs what test_debian.py needs, and takes its PACKAGES and ROOT.
"""
import glob, os, re, shutil, sys, tempfile, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_debian
from test_debian import TOOLS, add_packages, apt, build
from debian_system import SOURCE, System
from commands import run

AUTHOR = "Your Name <you@example.com>"


def blocks():
    """The indented parts of the tutorial."""
    with open(os.path.join(SOURCE, "sdk", "GUIDE.md")) as f:
        text = f.read()
    text = text[text.index("## From nothing to a package\n"):text.index("## In five minutes\n")]
    return [re.sub("(?m)^    ", "", part).strip("\n") for part in re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", text, re.M)]


class Author(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="lyre-author-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        built = os.environ.get("PACKAGES") or build(cls.folder)
        cls.system = System(cls.folder)
        cls.addClassCleanup(cls.system.end)
        # The running system has no network.
        add_packages(cls.system, [glob.glob(os.path.join(built, name + "_*.deb"))[0] for name in test_debian.ALL])
        cls.system.get("install", "--download-only", "build-essential", "debhelper", "pkgconf")
        cls.system.boot()

    def edit(self, name, before, text, after=""):
        """Puts text into a file of the module, before the first such text that follows another."""
        path = self.system.path("/root/lyre-modules/birds/" + name)
        with open(path) as f:
            old = f.read()
        at = old.index(before, old.index(after))
        with open(path, "w") as f:
            f.write(old[:at] + text + old[at:])

    def follow(self, block):
        if block.startswith("/**"):
            self.edit("birds.c", "static const struct lyre_param", block + "\n\n")
        elif block.startswith("\t{"):
            self.edit("birds.c", "\n};", "\n" + block, after="lyre_operation operations[]")
        elif block.startswith("\tassert"):
            self.edit("tests/test_birds.c", "\tlyre_fake_stop();", block + "\n")
        else:
            # Its own shell has no jobs; the folder is kept for the next block.
            said = self.system.said("set -e; cd $(cat /root/.where)\n%s\npwd >/root/.where" % block.replace("kill %1", "kill $!"))
            print(said[-1500:])

    def test_tutorial(self):
        apt(self.system, "install lyre-dev lyred")
        self.system.said("echo /root >/root/.where")
        begin = time.monotonic()
        for block in blocks():
            if block.startswith("dpkg-buildpackage"):
                self.system.said("cd /root/lyre-modules/birds && sed -i 's/%s/Ann Author <ann@example.com>/' debian/control debian/changelog" % AUTHOR)
            self.follow(block)
        print("%d seconds" % (time.monotonic() - begin))
        self.assertNotIn("birds", self.system.said("lyred --list-modules && ls /etc/lyre/lyre.yaml.d"))
        apt(self.system, "install /root/lyre-modules/lyre-module-birds_1.0.0_*.deb")
        self.assertEqual(self.system.said("lyre --json tallies | tr -d ' \\n'"), '[{"name":"robin","count":2}]')
        # This system has no /bin/kill.
        self.system.said("systemctl reload lyred")
        package = glob.glob(self.system.path("/root/lyre-modules/lyre-module-birds_1.0.0_*.deb"))
        self.assertEqual(len(package), 1)
        if shutil.which("lintian"):
            run("lintian", "--pedantic", "--fail-on", "error,warning,info,pedantic", *package)
        # The drop-in that a removed package leaves does not keep the server from starting.
        apt(self.system, "remove lyre-module-birds")
        self.assertTrue(os.path.exists(self.system.path("/etc/lyre/lyre.yaml.d/birds.yaml")))
        self.system.said("systemctl restart lyred && lyre describe_all")
        self.assertNotIn("birds", self.system.said("lyred --list-modules 2>/dev/null"))


if __name__ == "__main__":
    if os.geteuid() or [t for t in TOOLS if not shutil.which(t)]:
        print("needs root and %s" % " ".join(TOOLS))
        sys.exit(77)
    unittest.main()
