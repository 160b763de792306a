# SPDX-License-Identifier: Apache-2.0
"""The container is built from all sources, and from nothing else that lies beside them."""
import glob, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from build_context import SOURCE, taken

FOREIGN = (
    "packaging/container/admin-password", "packaging/container/.env", "packaging/container/keys/jwt.pem", ".env", ".git/config", "id_rsa",
    "build/config.h", "debian/lyred/usr/sbin/lyred", "config.h", "config.status", "lyred", "core/libcore.a", "core/base/libcore_a-json_read.o",
    "core/base/.deps/libcore_a-json_read.Po", "core/module/static_modules.h", "modules/users/la-users.lo", "modules/.libs/users.so",
    "tests/api/__pycache__/links.pyc", "tests/pycache/home/links.pyc", "tests/api/test_users.log", "packaging/man/lyred.8", "packaging/man/settings",
    "packaging/systemd/lyred.service", "sdk/lyre.pc")
SOURCES = ("*.am", "*.ac", "*.md", "bootstrap", "LICENSE", "*/Makefile.inc", "core/*/*.[ch]", "core/*/*.inc", "modules/*/*.[ch]", "modules/*.m4",
           "modules/*/*.inc", "docs/*.md", "etc/*.yaml", "sdk/*.md", "sdk/*.in", "sdk/include/lyre/*", "sdk/template/*/*", "tests/*/*.py",
           "tests/unit/*.[ch]", "packaging/*/*.in", "packaging/*/*/*.in", "packaging/man/*.awk", "packaging/completion/*/*", "packaging/examples/*",
           "packaging/container/Containerfile", "packaging/container/compose.yaml")


class Context(unittest.TestCase):
    def test_nothing_else_is_taken(self):
        self.assertEqual([name for name in FOREIGN if taken(name)], [])

    def test_all_sources_are_taken(self):
        for pattern in SOURCES:
            found = [os.path.relpath(p, SOURCE) for p in glob.glob(os.path.join(SOURCE, pattern))]
            found = [name for name in found if name not in FOREIGN and "__pycache__" not in name]
            self.assertTrue(found, pattern)
            self.assertEqual([name for name in found if not taken(name)], [], pattern)


if __name__ == "__main__":
    unittest.main()
