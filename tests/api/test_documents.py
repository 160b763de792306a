# SPDX-License-Identifier: Apache-2.0
"""What the documents quote and link to exists: messages in the sources, files, headings."""
import errno, functools, glob, os, re, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import SOURCE

LITERAL = r'"(?:[^"\\\n]|\\.)*"'
# Adjacent literals are one text; a macro between two of them is a placeholder.
TEXT = re.compile(r"%s(?:\s+(?:[A-Z][A-Za-z0-9_]+\s+)?%s)*" % (LITERAL, LITERAL))
SYSTEM = sorted({os.strerror(n) for n in errno.errorcode}, key=len, reverse=True)


def content(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as f:
        return f.read()


def documents():
    return [os.path.relpath(p, SOURCE) for pattern in ("*.md", "docs/*.md", "sdk/*.md") for p in glob.glob(os.path.join(SOURCE, pattern))]


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


def anchors(text):
    """The names that headings get on the forge."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"(?m)^    .*$", "", text), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


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
    def test_links(self):
        for name in documents():
            for target in re.findall(r"\]\(([^)\s]+)\)", content(name)):
                path, _, anchor = target.partition("#")
                if ":" in path or name.endswith("operations.md") and not path:
                    continue
                with self.subTest(name, target=target):
                    there = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
                    self.assertTrue(os.path.exists(os.path.join(SOURCE, there)))
                    if anchor:
                        self.assertIn(anchor, anchors(content(there)))


if __name__ == "__main__":
    unittest.main()
