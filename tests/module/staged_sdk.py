# SPDX-License-Identifier: Apache-2.0
"""The SDK as it is installed, in a folder of a test: what an author of a module has."""
import os, shutil, subprocess, sys, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, STATIC_ONLY


def run(*command, cwd=None, env=None):
    p = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=600)
    if p.returncode != 0:
        raise AssertionError("%s ended with %d:\n%s" % (" ".join(command), p.returncode, p.stdout))
    return p.stdout


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
@unittest.skipUnless(shutil.which("pkg-config") and shutil.which("cc"), "pkg-config or cc is missing")
class StagedSdk(unittest.TestCase):
    """work: a folder of the test; installed: the root of what is installed; env: an environment in which pkg-config finds it."""
    targets = ["install"]

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="lyre-sdk-")
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        # The make that runs this test must not affect the one run here: its job server or dry run is not ours.
        clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
        cls.installed = os.path.join(cls.work, "installed")
        run("make", "-C", BUILD, *cls.targets, "DESTDIR=" + cls.installed, env=clean)
        cls.env = dict(clean, PKG_CONFIG_PATH=os.path.dirname(cls.find("lyre.pc")), PKG_CONFIG_SYSROOT_DIR=cls.installed)

    @classmethod
    def find(cls, name):
        """The path of the one installed file with this name."""
        found = [os.path.join(d, name) for d, _, names in os.walk(cls.installed) if name in names]
        assert len(found) == 1, found
        return found[0]
