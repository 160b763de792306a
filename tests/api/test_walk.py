# SPDX-License-Identifier: Apache-2.0
"""What README.md and the first documents tell a reader to type does what they say, in their order."""
import os, re, shutil, subprocess, tempfile, unittest

from lyre_server import BUILD, LYRE, PATIENCE, SOURCE, Server, built_modules

# What is done before the server runs, needs another machine, asks for a password, or lacks its program.
NOT_HERE = re.compile(r"\./bootstrap|\./configure|make |lyred |\bother\.example\b|lyre passwd" + ("" if shutil.which("zstd") else r"|\bzstd"))
PROGRAMS = ("bash", "curl")


def blocks(*path):
    """The indented blocks of a document, each as one text."""
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as f:
        found = re.findall(r"(?m)(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+", f.read())
    return [re.sub(r"(?m)^ {4}", "", block) for block in found]


def session(block):
    """[(command, output)] of a block whose commands begin with $."""
    parts = re.split(r"(?m)^\$ ((?:.*\\\n)*.*)\n", block)
    return list(zip(parts[1::2], parts[2::2]))


@unittest.skipUnless(os.path.exists(LYRE), "the client is not built")
@unittest.skipUnless({"help", "users", "sql", "data"} <= built_modules(), "this build lacks modules of the examples")
@unittest.skipUnless(all(map(shutil.which, PROGRAMS)), "one of these is missing: " + " ".join(PROGRAMS))
class Walk(unittest.TestCase):
    def setUp(self):
        self.s = Server()
        self.addCleanup(self.s.stop)
        self.folder = tempfile.mkdtemp(prefix="lyre-walk-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_(self, text):
        """A shell that stops at the first failure, also of an HTTP request: its standard output."""
        for old, new in ((":9925", ":%d" % self.s.port), ("/tmp/demo", self.s.root), ("-u admin ", "-u admin:Abc1234! "), ("curl ", "curl -fsS ")):
            text = text.replace(old, new)
        env = {k: v for k, v in os.environ.items() if not k.startswith("LYRE_") and not k.endswith("_proxy")}
        env.update(PATH=BUILD + ":" + env["PATH"], LYRE_SOCKET=self.s.socket_path)
        done = subprocess.run(["bash", "-xeuo", "pipefail", "-c", text], cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout

    def walk(self, *path):
        """\\return  how many lines were run"""
        lines = [line for block in blocks(*path) for line in block.splitlines(True) if not NOT_HERE.search(line)]
        self.run_("".join(line[2:] if line.startswith("$ ") else line for line in lines))
        return len(lines)

    def test_the_session_of_the_readme_prints_what_it_shows(self):
        block, = [b for b in blocks("README.md") if b.startswith("$ ")]
        steps = [step for step in session(block) if not NOT_HERE.search(step[0])]
        self.assertGreater(len(steps), 4)
        for command, output in steps:
            with self.subTest(command):
                self.assertEqual(self.run_(command).rstrip("\n"), output.rstrip("\n"))

    def test_quick_start_and_what_follows_it(self):
        self.assertGreater(self.walk("docs", "quick-start.md"), 20)
        self.assertGreater(self.walk("docs", "users-and-roles.md"), 10)
        for block in blocks("docs", "sql.md")[:1]:
            self.run_(re.sub(r"(?m)^\$ ", "", block))


if __name__ == "__main__":
    unittest.main()
