# SPDX-License-Identifier: Apache-2.0
"""Modules that were built with the SDK of the last release load in this server. The last tag v… is the last release; before the first,
it is the commit that has recorded the ABI (sdk/abi)."""
import os, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from staged_sdk import NO_MODULES, TOP
from commands import run
from lyre_server import Server

# Of each module: its source, an operation, and the answer.
MODULES = {"good": ("tests/module/good.c", {"operation": "good"}, {"rounds": 3, "read_only_core_setting": True}),
           "greeting": ("sdk/example/greeting.c", {"operation": "greet", "name": "Ann"}, {"message": "Hello, Ann!"}),
           "tally": ("sdk/template/tally.c", {"operation": "tally", "name": "birds"}, {"name": "birds", "count": 1})}


def git(*arguments):
    p = subprocess.run(["git", "-c", "safe.directory=*", *arguments], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return p.stdout.strip() if p.returncode == 0 else ""


def last_release():
    return git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*") or git("log", "-1", "--format=%H", "--", "sdk/abi")


def setUpModule():
    why = NO_MODULES
    if not why and not (os.path.exists(os.path.join(TOP, ".git")) and last_release()):
        why = "this is not a clone, or not a complete one"
    if why:
        print(why)
        sys.exit(77)


class Released(unittest.TestCase):
    def test_modules_load(self):
        work = tempfile.mkdtemp(prefix="lyre-released-")
        self.addCleanup(shutil.rmtree, work, ignore_errors=True)
        release, config = last_release(), "modules:\n"
        print("the SDK of", release)
        archive = os.path.join(work, "sdk.tar")
        run("git", "-c", "safe.directory=*", "archive", "-o", archive, release, "sdk", "tests/module/good.c", cwd=TOP)
        run("tar", "-xf", archive, "-C", work)
        built = [name for name, (source, _, _) in MODULES.items() if os.path.exists(os.path.join(work, source))]
        self.assertIn("good", built)
        for name in built:
            module = os.path.join(work, name + ".so")
            run("cc", "-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden", "-I", os.path.join(work, "sdk", "include"), "-o", module,
                os.path.join(work, MODULES[name][0]))
            config += "  %s:\n    path: %s\n" % (name, module)
        with Server(config=config) as s:
            for name in built:
                self.assertEqual(s.call(MODULES[name][1]), (200, MODULES[name][2]))


if __name__ == "__main__":
    unittest.main()
