# SPDX-License-Identifier: Apache-2.0
"""The SDK as it is installed, in a folder of a test: what an author of a module has."""
import os, shutil, sys, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from commands import run, outside_make
from lyre_server import BUILD, LYRED, STATIC_ONLY


def machine(path):
    """What an ELF file runs on: its words, byte order and machine."""
    with open(path, "rb") as f:
        head = f.read(20)
    return head[4:6] + head[18:]


# What keeps a module of this system's compiler from the server; "" if nothing does.
NO_MODULES = "no dynamic loading in this build" if STATIC_ONLY else "cc or pkg-config is missing" if not (
    shutil.which("cc") and shutil.which("pkg-config")) else "this build is for another machine" if machine(LYRED) != machine(sys.executable) else ""


@unittest.skipIf(NO_MODULES, NO_MODULES)
class StagedSdk(unittest.TestCase):
    """work: a folder of the test; installed: the root of what is installed; env: an environment in which pkg-config finds it."""
    targets = ["install"]

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="lyre-sdk-")
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        clean = outside_make()
        cls.installed = os.path.join(cls.work, "installed")
        run("make", "-C", BUILD, *cls.targets, "DESTDIR=" + cls.installed, env=clean)
        cls.env = dict(clean, PKG_CONFIG_PATH=os.path.dirname(cls.find("lyre.pc")), PKG_CONFIG_SYSROOT_DIR=cls.installed)

    @classmethod
    def find(cls, name):
        """The path of the one installed file with this name."""
        found = [os.path.join(d, name) for d, _, names in os.walk(cls.installed) if name in names]
        assert len(found) == 1, found
        return found[0]
