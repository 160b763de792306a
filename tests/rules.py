# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a compiler does not see: which room may include which, and the marks every file carries."""
import os, re, subprocess, sys

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Who may include whose headers: dependencies point one way.
ROOMS = {
    "base": set(),
    "encode": {"base"},
    "config": {"base", "encode"},
    "log": {"base", "config"},
    "job": {"base", "log", "store"},
    "store": {"base", "config", "log"},
    "query": {"base", "encode", "store", "log"},
    "auth": {"base", "config", "encode", "log", "store"},
    "dispatch": {"base", "config", "encode", "log", "store", "query", "auth", "job"},
    "http": {"base", "config", "log", "dispatch"},
    "module": {"base", "config", "encode", "log", "store", "query", "auth", "job", "dispatch"},
    "ctl": {"base", "encode"},
}
# Which rooms may know a library.
LIBRARIES = {"microhttpd.h": {"http"}, "lmdb.h": {"store", "query"}, "yaml.h": {"config", "encode"}, "argon2.h": {"auth"},
             "dlfcn.h": {"module"}, "curl/": {"ctl"}}


def files():
    for folder in ("core", "modules", "sdk", "tests", "etc"):
        for path, dirs, names in os.walk(os.path.join(TOP, folder)):
            dirs[:] = [d for d in dirs if d not in (".libs", ".deps", "__pycache__")]
            for name in names:
                if name.endswith((".c", ".h", ".py", ".inc", ".yaml", ".m4")) and name != "static_modules.h":
                    yield os.path.relpath(os.path.join(path, name), TOP)


def faults(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        text = f.read()
    if "SPDX-License-Identifier: Apache-2.0" not in text.split("\n\n")[0]:
        yield "no SPDX line at its head"
    parts = path.split(os.sep)
    includes = re.findall(r'^#\s*include\s+[<"]([^>"]+)[>"]', text, re.M)
    if parts[0] == "modules" or parts[:2] == ["sdk", "include"] or parts[:2] == ["sdk", "example"]:
        for i in includes:
            if i.split("/")[0] in ROOMS or i == "config.h":
                yield "includes %s: only <lyre/…> is open to it" % i
    if parts[0] == "core" and len(parts) > 2:
        room = parts[1]
        for i in includes:
            other = i.split("/")[0]
            if other in ROOMS and other != room and other not in ROOMS[room]:
                yield "includes %s: %s/ may not know %s/" % (i, room, other)
            if other == room or other not in ROOMS:
                continue
            if i.endswith("internal.h"):
                yield "includes %s, which is the other room's own" % i
        for i in includes:
            for library, owners in LIBRARIES.items():
                if i.startswith(library) and room not in owners:
                    yield "includes <%s>: that is for %s" % (i, ", ".join(sorted(owners)))


def left_out():
    """Scripts of tests that no list of the makefiles names: nothing would run them."""
    listed = set()
    for folder, _, names in os.walk(os.path.join(TOP, "tests")):
        for name in names:
            if name == "Makefile.inc":
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    for line in re.findall(r"^\w+ \+?= (.*)$", f.read().replace("\\\n", " "), re.M):
                        listed.update(line.split())
    scripts = {path for path in files() if re.fullmatch(r"tests/\w+/test_\w+\.py", path)}
    return sorted(scripts - listed)


def main():
    bad = 0
    for path in left_out():
        bad += 1
        print("%s: no Makefile.inc lists it, so that it never runs" % path)
    for path in sorted(files()):
        for fault in faults(path):
            bad += 1
            print("%s: %s" % (path, fault))
    print("%d faults" % bad)
    return 1 if bad else 0


sys.exit(main())
