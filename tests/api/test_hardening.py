# SPDX-License-Identifier: Apache-2.0
"""The programs and modules of this build have the protection that configure promised."""
import glob, os, re, shutil, subprocess, unittest

from lyre_server import BUILD


def promised():
    with open(os.path.join(BUILD, "Makefile")) as f:
        return re.search(r"^LYRE_HARDENING = *(.*)$", f.read(), re.M).group(1).split()


PROMISED = promised()
MODULES = glob.glob(os.path.join(BUILD, "modules", ".libs", "*.so"))


def program(path):
    """The program that an emulator's script starts."""
    with open(path, "rb") as f:
        text = f.read()
    return path if text.startswith(b"\x7fELF") else re.search(re.escape(path) + r"\.\w+", text.decode()).group()


def readelf(path):
    return subprocess.run(["readelf", "-W", "-h", "-l", "-d", "-s", path], stdout=subprocess.PIPE, text=True, check=True).stdout


PROGRAMS = [program(path) for path in (os.path.join(BUILD, name) for name in ("lyred", "lyre")) if os.path.exists(path)]


@unittest.skipUnless(shutil.which("readelf"), "readelf is missing")
@unittest.skipUnless(PROMISED, "built without hardening")
class Hardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {path: readelf(path) for path in PROGRAMS + MODULES}

    def everywhere(self, pattern, paths=None):
        for path in paths or self.files:
            with self.subTest(os.path.basename(path)):
                self.assertRegex(self.files[path], pattern)

    def test_no_code_is_writable(self):
        self.everywhere(r"GNU_STACK .* RW +0x")
        for path, text in self.files.items():
            with self.subTest(os.path.basename(path)):
                self.assertNotRegex(text, r"\(TEXTREL\)|LOAD .* RWE ")

    @unittest.skipUnless("relro" in PROMISED, "no RELRO")
    def test_relocations_are_read_only(self):
        self.everywhere(r"GNU_RELRO ")

    @unittest.skipUnless("now" in PROMISED, "no immediate binding")
    def test_all_symbols_are_bound_at_the_start(self):
        for path, text in self.files.items():
            if "Dynamic section" in text:
                with self.subTest(os.path.basename(path)):
                    self.assertRegex(text, r"BIND_NOW|FLAGS_1.*\bNOW\b")

    @unittest.skipUnless("pie" in PROMISED, "not position-independent")
    def test_programs_are_position_independent(self):
        self.everywhere(r"Type: +DYN ", PROGRAMS)

    @unittest.skipUnless("stack-protector" in PROMISED, "no stack protector")
    def test_stacks_are_protected(self):
        self.everywhere(r"__stack_chk_fail", PROGRAMS)

    @unittest.skipUnless("fortify" in PROMISED, "not fortified")
    def test_calls_are_checked(self):
        self.everywhere(r"__\w+_chk\b(?<!__stack_chk)", PROGRAMS)


if __name__ == "__main__":
    unittest.main()
