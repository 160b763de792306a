# SPDX-License-Identifier: Apache-2.0
"""What the documents quote and link to exists: messages in the sources, files, headings, also where they are installed."""
import errno, functools, glob, os, re, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import links
from certificates import Authority
from commands import outside_make
from lyre_server import BUILD, SOURCE

LITERAL = r'"(?:[^"\\\n]|\\.)*"'
# Adjacent literals are one text; a macro between two of them is a placeholder.
TEXT = re.compile(r"%s(?:\s+(?:[A-Z][A-Za-z0-9_]+\s+)?%s)*" % (LITERAL, LITERAL))
SYSTEM = sorted({os.strerror(n) for n in errno.errorcode}, key=len, reverse=True)


def content(*path):
    return links.read(SOURCE, *path)


def with_ellipses(text):
    """A format with … for what differs."""
    text = re.sub(r"%%|%[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j)?[a-zA-Z]|%$", "…", text)
    return re.sub("…+", "…", text)


def spelled_out(source):
    """With the strings that it defines in their places."""
    for name, text in re.findall(r"^#define ([A-Z_]+) (%s)$" % LITERAL, source, re.M):
        source = re.sub(r"\b%s\b(?! \")" % name, lambda _: text, re.sub(r"\b%s (?=\")" % name, lambda _: text + " ", source))
    return source


def texts_of(source):
    """The strings of a C file as they are written out, and the messages that err_errno() makes."""
    found, source = [], spelled_out(source)
    for match in TEXT.finditer(source):
        parts, text = re.split("(%s)" % LITERAL, match.group()), ""
        for literal, between in zip(parts[1::2], parts[2::2]):
            text += literal[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
            text += "…" if between.strip() else ""
        found.append(with_ellipses(text))
    return found + ["cannot %s '…': …" % verb for verb in re.findall(r'err_errno\([^;"]*"([^"]+)"', source)]


@functools.lru_cache(None)
def all_texts():
    paths = [p for room in ("core", "modules") for p in glob.glob(os.path.join(SOURCE, room, "*", "*.[ch]"))]
    return [text for path in paths for text in texts_of(content(path))]


def is_said(quote):
    """Whether one text of the sources has all pieces of the quote, in their order."""
    for text in SYSTEM:
        quote = re.sub(r"\b%s\b" % re.escape(text), "…", quote)
    pieces = [re.escape(p) for p in re.split("…+", quote)]
    wanted = re.compile(".*".join(pieces), re.S)
    return any(wanted.search(text) for text in all_texts())


class Troubleshooting(unittest.TestCase):
    def test_every_message_is_one_of_ours(self):
        quotes = re.findall(r"\*\*`([^`]+)`\*\*", content("docs", "troubleshooting.md"))
        self.assertGreater(len(quotes), 80)
        for quote in quotes:
            with self.subTest(quote):
                self.assertTrue(is_said(quote), "no message in core/ or modules/ is like this")

    def test_an_invented_message_is_not(self):
        for quote in ("the server is out of coffee", "cannot frobnicate '…': Permission denied", "database '…' is fuller: it may not grow"):
            self.assertFalse(is_said(quote), quote)


class Links(unittest.TestCase):
    def test_links_of_the_sources(self):
        self.assertEqual(list(links.broken(SOURCE)), [])

    def test_links_of_what_is_installed(self):
        with tempfile.TemporaryDirectory(prefix="lyre-documents-") as folder:
            make = subprocess.run(["make", "-s", "install-data", "DESTDIR=" + folder], cwd=BUILD, env=outside_make(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertEqual(make.returncode, 0, make.stdout[-2000:])
            top, = [os.path.dirname(p) for p, _, names in os.walk(folder) if os.path.basename(p) == "docs" and "quick-start.md" in names]
            self.assertEqual(links.documents(top), links.documents(SOURCE))
            self.assertEqual(list(links.broken(top)), [])


class Proxies(unittest.TestCase):
    """The examples of docs/running.md, as far as the programs are installed."""

    def check(self, heading, wrapped, *command):
        """\param wrapped  the file that the example is a part of, with EXAMPLE in its place"""
        if not shutil.which(command[0]):
            self.skipTest("there is no " + command[0])
        section = content("docs", "running.md").split("\n### %s\n" % heading)[1].split("\n#")[0]
        example = "".join(re.findall(r"(?m)^    (.*\n)", section))
        with Authority("Test CA") as ca, tempfile.TemporaryDirectory(prefix="lyre-proxy-") as folder:
            pem = ca.file("api.pem")
            ca.write("api.pem", "".join(ca.issue("api.example.com")))
            with open(os.path.join(folder, "conf"), "w") as f:
                f.write(wrapped.replace("EXAMPLE", re.sub(r"/etc/\S*/api\.(?:pem|key)", pem, example)))
            p = subprocess.run([word.replace("CONF", f.name) for word in command], cwd=folder, env=dict(os.environ, HOME=folder), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertEqual(p.returncode, 0, p.stdout)

    @unittest.skipIf(os.geteuid(), "needs root, for the port and the folders of nginx")
    def test_nginx(self):
        self.check("nginx", "pid nginx.pid;\nevents {}\nhttp {\naccess_log off;\nEXAMPLE}\n", "nginx", "-t", "-e", "stderr", "-p", ".", "-c", "CONF")

    def test_caddy(self):
        self.check("Caddy", "EXAMPLE", "caddy", "validate", "--adapter", "caddyfile", "--config", "CONF")

    def test_apache(self):
        loaded = "".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (name, name)
                         for name in "mpm_event authz_core headers proxy proxy_http socache_shmcb ssl".split())
        self.check("Apache", loaded + "ErrorLog /dev/null\nListen 127.0.0.1:24443\nEXAMPLE", "apache2", "-t", "-f", "CONF")

    def test_haproxy(self):
        self.check("HAProxy", "defaults\n    timeout connect 5s\n    timeout client 50s\nEXAMPLE", "haproxy", "-c", "-f", "CONF")


if __name__ == "__main__":
    unittest.main()
