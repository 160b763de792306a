# SPDX-License-Identifier: Apache-2.0
"""The headers of the SDK compile in the language of every author without a word: each alone, all together, and with a descriptor."""
import concurrent.futures, glob, os, shutil, subprocess, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
INCLUDE = os.path.join(TOP, "sdk", "include")
WARNINGS = "-Wall -Wextra -Wconversion -Wsign-conversion -pedantic -Werror".split()
C = [(compiler, standard) for compiler in ("gcc", "clang") for standard in ("c99", "c11", "c17", "c2x")]
CXX = [(compiler, standard) for compiler in ("g++", "clang++") for standard in ("c++11", "c++14", "c++17", "c++20")]
DESCRIPTOR = '''
static int answer(lyre_call *call)
{
	return lyre_reply_message(call, "%s", lyre_call_operation(call));
}
static const struct lyre_operation operations[] = {
	{ .name = "answer", .handler = answer, .access = LYRE_ACCESS_OPEN, .help = "Answer." },
};
LYRE_MODULE(answer, "1", "Answers", .operations = LYRE_LIST(operations));
'''
JSON_C = subprocess.run(["pkg-config", "--cflags", "json-c"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def headers():
    found = [os.path.relpath(path, INCLUDE) for path in glob.glob(os.path.join(INCLUDE, "lyre", "*.h"))]
    return sorted(h for h in found if h != "lyre/json-c.h" or JSON_C.returncode == 0)


def included(names):
    return "".join("#include <%s>\n" % name for name in names)


class Headers(unittest.TestCase):
    def compile(self, modes, texts):
        """Every text in every mode."""
        modes = [m for m in modes if shutil.which(m[0])]
        if not modes:
            self.skipTest("no compiler of this language")
        with tempfile.TemporaryDirectory(prefix="lyre-headers-") as work, concurrent.futures.ThreadPoolExecutor(2) as pool:
            def one(mode, number, text):
                path = os.path.join(work, "%d.%s" % (number, "cc" if "+" in mode[1] else "c"))
                with open(path, "w") as f:
                    f.write(text)
                p = subprocess.run([mode[0], "-std=" + mode[1], *WARNINGS, "-I", INCLUDE, *JSON_C.stdout.split(), "-fsyntax-only", path],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                return mode, text, p.returncode, p.stdout
            for running in [pool.submit(one, mode, modes.index(mode) * 1000 + n, text) for mode in modes for n, text in enumerate(texts)]:
                mode, text, code, said = running.result()
                self.assertEqual((code, said), (0, ""), "%s -std=%s:\n%s" % (*mode, text))

    def test_alone(self):
        self.assertGreaterEqual(len(headers()), 11)
        self.compile(C[:1] + CXX[:1], [included([name]) for name in headers()])

    def test_together(self):
        self.compile(CXX, [included(headers()), included(reversed(headers()))])

    def test_with_a_descriptor(self):
        self.compile(C, [included(headers()) + DESCRIPTOR, "#define LYRE_MODULE_STATIC\n" + included(["lyre/lyre.h"]) + DESCRIPTOR])

    def test_all_are_installed(self):
        with open(os.path.join(TOP, "sdk", "Makefile.inc")) as f:
            listed = f.read().split()
        self.assertEqual([name for name in headers() if "sdk/include/" + name not in listed], [])

    def test_lyre_h_has_all(self):
        with open(os.path.join(INCLUDE, "lyre", "lyre.h")) as f:
            text = f.read()
        own = {"lyre/lyre.h", "lyre/json-c.h", "lyre/testing.h"}
        self.assertEqual([name for name in headers() if name not in own and "#include <%s>" % name not in text], [])


if __name__ == "__main__":
    unittest.main()
