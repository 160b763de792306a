# SPDX-License-Identifier: Apache-2.0
"""Links between documents of one folder, wherever it is: in the source, as installed, in a package."""
import glob, os, re


def documents(folder):
    """Paths from the folder."""
    return sorted(os.path.relpath(p, folder) for pattern in ("*.md", "docs/*.md", "sdk/*.md", "packaging/*/*.md")
                  for p in glob.glob(os.path.join(folder, pattern)))


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def prose(text):
    """Without the indented examples."""
    return re.sub(r"(?m)^    .*$", "", text)


def anchors(text):
    """The names that headings get on the forge."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def links(text):
    """(path, anchor) of each relative link; the path is empty if it is within the document."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        path, _, anchor = target.partition("#")
        if ":" not in path:
            yield path, anchor


def broken(folder):
    """The links that lead nowhere, as "document: path#anchor"."""
    for name in documents(folder):
        for path, anchor in links(read(folder, name)):
            there = os.path.normpath(os.path.join(folder, os.path.dirname(name), path)) if path else os.path.join(folder, name)
            if not os.path.exists(there) or not os.path.abspath(there).startswith(os.path.abspath(folder)):
                yield "%s: %s" % (name, path)
            elif anchor and anchor not in anchors(read(there)):
                yield "%s: %s#%s" % (name, path, anchor)
