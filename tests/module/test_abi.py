# SPDX-License-Identifier: Apache-2.0
"""The ABI of modules is the recorded one: sdk/abi has for each minor what abidw saw of the headers' structs, tables and enums.

A difference from the record of this minor is a fault, and so is a record of an earlier minor with more than additions at an end.
test_abi.py --update, which make update-abi runs, writes the record of this minor; it refuses what would break modules unless
INCOMPATIBLE=yes is set. Records are of x86-64, made with gcc.
"""
import glob, os, platform, re, shutil, subprocess, sys, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
INCLUDE, RECORDS = os.path.join(TOP, "sdk", "include"), os.path.join(TOP, "sdk", "abi")
# json-c's values and the fake host are not part of it.
OTHERS = "json-c.h", "testing.h"
TOOLS = "gcc", "abidw", "abidiff"


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def version():
    text = text_of(os.path.join(INCLUDE, "lyre", "types.h"))
    return tuple(int(re.search(r"^#define LYRE_ABI_%s (\d+)$" % word, text, re.M).group(1)) for word in ("MAJOR", "MINOR"))


def record(major, minor):
    return os.path.join(RECORDS, "lyre-%d.%d.abi" % (major, minor))


def source(include):
    """A variable of every struct and enum, so that the object has them all."""
    lines = ["#include <lyre/lyre.h>"]
    for header in sorted(glob.glob(os.path.join(include, "lyre", "*.h"))):
        if os.path.basename(header) in OTHERS:
            continue
        for kind, name in re.findall(r"^(struct|enum) (lyre_\w+) \{", text_of(header), re.M):
            lines.append("extern %s %s *abi_of_%s; %s %s *abi_of_%s;" % (kind, name, name, kind, name, name))
    return "\n".join(lines) + "\n"


def seen(folder, include=INCLUDE):
    """The path of what abidw sees of the headers."""
    code, library, found = (os.path.join(folder, name) for name in ("abi.c", "abi.so", os.path.basename(include) + ".abi"))
    with open(code, "w") as f:
        f.write(source(include))
    # The record has the name of the source as given: without its folder, it is always the same.
    subprocess.run(["gcc", "-std=c11", "-g", "-gdwarf-4", "-fno-eliminate-unused-debug-types", "-shared", "-fPIC", "-I", os.path.abspath(include),
                    "-o", os.path.abspath(library), os.path.basename(code)], cwd=folder, check=True)
    subprocess.run(["abidw", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--drop-private-types", "--out-file", found, library],
                   check=True)
    return found


def compared(old, new):
    """The report of abidiff, in which each type that has changed itself is told once; "" if they are the same."""
    p = subprocess.run(["abidiff", "--harmless", "--leaf-changes-only", "--no-show-locs", old, new], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True)
    return p.stdout if p.returncode else ""


def breaks(report):
    """The part of a report that a module built for the old headers would notice: all but what is added at an end. A new member is
    at the end if none has moved, since no struct has holes (tests/unit/sdk_layout.c)."""
    def harmless(part):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        return re.match(r"\d+ Added variables?:$", lines[0]) or re.match(r"'(struct|enum) \w+' changed:$", lines[0]) and all(re.match(
            r"type size (hasn't changed|changed from)|\d+ (data member|enumerator) insertions?:$|'.*', at offset \d+|'\w+::\w+' value '-?\d+'$", line)
            for line in lines[1:])
    parts = [part for part in re.split(r"\n(?=\S)", report) if part.strip() and not re.match(r"(Leaf|Changed|Removed/\w+/\w+ \w+) .*summary", part)]
    return "\n".join(part for part in parts if not harmless(part))


def records():
    """Those of this major, as (minor, path)."""
    major = version()[0]
    found = ((re.fullmatch(r"lyre-%d\.(\d+)\.abi" % major, os.path.basename(path)), path) for path in glob.glob(record(major, 0).replace("0.abi", "*.abi")))
    return sorted((int(m.group(1)), path) for m, path in found if m)


class Abi(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing or platform.machine() != "x86_64":
            raise unittest.SkipTest("the records are of x86-64" if not missing else "%s: not installed" % " ".join(missing))
        cls.folder = tempfile.mkdtemp(prefix="lyre-abi-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.now = seen(cls.folder)

    def test_is_recorded(self):
        path = record(*version())
        self.assertTrue(os.path.exists(path), "no record of this minor: make update-abi")
        self.assertEqual(compared(path, self.now), "", "the ABI is not the recorded one: undo the change, or, if it is an addition: make update-abi")

    def test_earlier_modules_load(self):
        for minor, path in records():
            with self.subTest(minor=minor):
                self.assertEqual(breaks(compared(path, self.now)), "")

    def test_history(self):
        self.assertRegex(text_of(os.path.join(INCLUDE, "lyre", "types.h")), r"(?m)^ \*   %d\.%d  \S" % version())

    def test_notices_changes(self):
        """A member, a parameter and an enumerator that change; what is added at an end is only a difference."""
        types = os.path.join(self.folder, "changed")
        shutil.copytree(INCLUDE, types)
        cases = [("job.h", "uint64_t done, uint64_t total);", "uint32_t done, uint64_t total);", True),
                 ("module.h", "double min, max;      /**< for numbers", "float min, max;      /**< for numbers", True),
                 ("types.h", "LYRE_EBUSY = -11", "LYRE_EBUSY = -111", True),
                 ("host.h", "\tuint16_t abi_major;\n", "\tuint16_t between;\n\tuint16_t abi_major;\n", True),
                 ("tls.h", "struct lyre_tls_api {", "struct lyre_new_api {\n\tuint32_t size;\n};\nstruct lyre_tls_api {", False),
                 ("types.h", "LYRE_TRACE = 6", "LYRE_TRACE = 6,\n\tLYRE_MORE = 7", False),
                 ("tls.h", "const struct lyre_tls *tls);\n};", "const struct lyre_tls *tls);\n\tint (*last)(void);\n};", False)]
        for name, old, new, broken in cases:
            with self.subTest(name):
                path = os.path.join(types, "lyre", name)
                text = text_of(path)
                self.assertIn(old, text)
                with open(path, "w") as f:
                    f.write(text.replace(old, new, 1))
                changed = seen(self.folder, types)
                with open(path, "w") as f:
                    f.write(text)
                report = compared(self.now, changed)
                self.assertNotEqual(report, "")
                self.assertEqual(bool(breaks(report)), broken, report)


def update():
    path = record(*version())
    with tempfile.TemporaryDirectory(prefix="lyre-abi-") as folder:
        now = seen(folder)
        for minor, old in records():
            broken = breaks(compared(old, now))
            if broken and os.environ.get("INCOMPATIBLE") != "yes":
                sys.exit("%s\nmodules built for minor %d would not work: undo this, or raise the major (or INCOMPATIBLE=yes before the release)" % (broken, minor))
        os.makedirs(RECORDS, exist_ok=True)
        shutil.copyfile(now, path)
    print("wrote", os.path.relpath(path, TOP))


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update()
    else:
        unittest.main()
