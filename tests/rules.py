# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a compiler cannot check: which room may include which, and the marks that every file carries."""
import functools, os, re, shutil, subprocess, sys

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

class Room:
    """about: what it is; knows: the rooms whose headers it may include; sdk: the SDK headers that it may include."""

    def __init__(self, about, knows="", sdk=""):
        self.about, self.knows, self.sdk = about, set(knows.split()), {"lyre/%s.h" % h for h in sdk.split()}


# From the lowest floor up: dependencies point one way. What a room may include but does not is a fault too.
ROOMS = {
    "base": Room("memory, text, values, JSON, numbers of metrics", sdk="types"),
    "encode": Room("answers to bytes, bodies to values, one or two files per format", "base"),
    "config": Room("settings: declared, read from YAML, changed in place", "base encode", "module"),
    "log": Room("lines, files, rotation, reading back", "base config", "server"),
    "store": Room("databases, tables, records, indexes, the writer, backups (LMDB)", "base log", "maintenance"),
    "query": Room("conditions to a plan, a plan to rows", "base encode store", "query"),
    "auth": Room("users, roles, passwords, the permission decision", "base encode config log store", "module user"),
    "job": Room("worker threads, background jobs, tasks of modules", "base log store"),
    "tls": Room("certificates of listeners, chosen at each handshake (GnuTLS)", "base", "tls"),
    "dispatch": Room("the path of a request to its operation and back", "base encode config log store query auth job", "module server user job"),
    "http": Room("listeners, connections, bodies, answers (libmicrohttpd)", "base config log tls dispatch"),
    "host": Room("the services that modules are given", "base config log store query auth job tls dispatch", "lyre module server task user"),
    "module": Room("modules: found, checked, ordered, started", "base config log dispatch host"),
    "lyred": Room("the server: start, restart, stop", "base config log store auth job tls dispatch http module", "module"),
    "ctl": Room("lyre, the client", "base"),
}
# Which rooms may use a library.
LIBRARIES = {"microhttpd.h": {"http"}, "lmdb.h": {"store", "query"}, "yaml.h": {"config", "encode"}, "argon2.h": {"auth"},
             "dlfcn.h": {"module"}, "curl/": {"ctl"}, "json-c/": {"ctl"}, "histedit.h": {"ctl"}, "gnutls/": {"tls"}, "csv.h": set()}

# Folders of modules/ that are not modules, but linked into some: what they are, their headers for those, and their files that may use
# the SDK. Only they may use their libraries.
LINKED = {"remote": ("not a module, linked into some: other hosts, S3 (libcurl)", {"remote.h", "s3.h", "s3_arguments.h"},
                     {"s3_arguments.c", "s3_arguments.h"}, ("curl/",)),
          "files": ("not a module, linked into some: files on the server, whose folders a setting limits", {"folder_rules.h"},
                    {"folder_rules.c", "folder_rules.h"}, ())}


def files():
    for folder in ("core", "modules", "sdk", "tests", "etc"):
        for path, dirs, names in os.walk(os.path.join(TOP, folder)):
            dirs[:] = [d for d in dirs if d not in (".libs", ".deps", "__pycache__")]
            for name in names:
                if name.endswith((".c", ".h", ".py", ".inc", ".yaml", ".m4")) and name != "static_modules.h":
                    yield os.path.relpath(os.path.join(path, name), TOP)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def faults(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        text = f.read()
    if "SPDX-License-Identifier: Apache-2.0" not in text.split("\n\n")[0]:
        yield "no SPDX line at its beginning"
    parts = path.split(os.sep)
    includes = re.findall(r'^#\s*include\s+[<"]([^>"]+)[>"]', text, re.M)
    if parts[0] == "modules" or parts[:2] == ["sdk", "include"] or parts[:2] == ["sdk", "example"]:
        for i in includes:
            if i.split("/")[0] in ROOMS or i == "config.h":
                yield "includes %s: only <lyre/…> is open to it" % i
    if parts[0] == "modules" and len(parts) > 2:
        yield from faults_of_module(parts[1], parts[2], includes)
    if parts[0] == "core" and len(parts) == 2 and parts[1].endswith((".c", ".h")):
        yield "is in no room"
    if parts[0] == "core" and len(parts) > 2:
        yield from faults_of_room(parts[1], includes)


def faults_of_room(room, includes):
    for i in includes:
        other = i.split("/")[0]
        if other == "lyre" and i not in ROOMS[room].sdk:
            yield "includes <%s>: %s/ may not include that header" % (i, room)
        elif other in ROOMS and other != room and other not in ROOMS[room].knows:
            yield "includes %s: %s/ may not know %s/" % (i, room, other)
        elif other in ROOMS and other != room and i.endswith("internal.h"):
            yield "includes %s, which is internal to that room" % i
        for library, owners in LIBRARIES.items():
            if i.startswith(library) and room not in owners:
                yield "includes <%s>: only %s may" % (i, ", ".join(sorted(owners)))


def faults_of_module(folder, name, includes):
    for linked, (_, headers, users, libraries) in LINKED.items():
        inner = set(os.listdir(os.path.join(TOP, "modules", linked))) - headers
        for i in includes:
            if folder != linked and os.path.basename(i) in inner:
                yield "includes %s, which is internal to modules/%s" % (i, linked)
            if folder != linked and i.startswith(libraries):
                yield "includes <%s>: only modules/%s may" % (i, linked)
            if folder == linked and i.startswith("lyre/") and name not in users:
                yield "includes <%s>: in modules/%s only %s may" % (i, linked, ", ".join(sorted(users)))


@functools.lru_cache(maxsize=None)
def included(room):
    """The other rooms and the SDK headers that a room includes."""
    found = set()
    for path in files():
        if path.startswith("core/%s/" % room):
            with open(os.path.join(TOP, path), encoding="utf-8") as f:
                found.update(re.findall(r'^#\s*include\s+[<"]([^>"]+)[>"]', f.read(), re.M))
    return {i.split("/")[0] for i in found if i.split("/")[0] in ROOMS} - {room}, {i for i in found if i.startswith("lyre/")}


def drawing():
    """The rooms as in the code, from the top floor down."""
    yield "    room      includes                                                 what it is"
    for room in reversed(ROOMS):
        knows = [r for r in ROOMS if r in included(room)[0]]
        yield "    %-9s %-56s %s" % (room, " ".join(knows), ROOMS[room].about)
    for folder, (about, _, users, _) in LINKED.items():
        yield "    %-9s %-56s %s" % (folder, "<lyre/…>, in " + " and ".join(sorted(users)), "modules/%s: %s" % (folder, about))


def faults_of_drawing():
    for room in ROOMS:
        rooms, sdk = included(room)
        for i in sorted((ROOMS[room].knows - rooms) | (ROOMS[room].sdk - sdk)):
            yield "tests/rules.py: %s/ may include %s and does not: remove that permission" % (room, i)
    with open(os.path.join(TOP, "HACKING.md"), encoding="utf-8") as f:
        if "\n".join(drawing()) not in f.read():
            yield "HACKING.md: the drawing of the rooms does not match the code, which has:\n" + "\n".join(drawing())


def same_names():
    """Sources with the same name in two rooms: a search for one finds the other."""
    places = {}
    for path in files():
        if path.endswith((".c", ".h")) and path.split(os.sep)[0] in ("core", "modules"):
            places.setdefault(os.path.basename(path), []).append(path)
    return sorted(paths for paths in places.values() if len(paths) > 1)


def left_out():
    """Tests that no makefile lists: nothing would run them."""
    listed = set()
    for folder, _, names in os.walk(os.path.join(TOP, "tests")):
        for name in names:
            if name == "Makefile.inc":
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    for line in re.findall(r"^\w+ \+?= (.*)$", f.read().replace("\\\n", " "), re.M):
                        listed.update(line.split())
    scripts = {path for path in files() if re.fullmatch(r"tests/\w+/test_\w+\.py", path)}
    suites = {path for path in files() if re.fullmatch(r"tests/unit/\w+\.c", path) and "UNIT_MAIN(" in read(path)}
    return sorted(scripts - listed) + sorted(path for path in suites if path[:-2] not in listed)


def packaged():
    """Modules that only some of the packages have."""
    makefiles = "".join(read(f) for f in files() if re.fullmatch(r"modules/\w+/Makefile\.inc", f))
    modules = set(re.findall(r"^pkgmodule_LTLIBRARIES \+= modules/(\w+)\.la$", makefiles, re.M))
    debian = "".join(read(os.path.join("packaging/debian", name)) for name in os.listdir(os.path.join(TOP, "packaging/debian")) if name.endswith(".install"))
    for place, text in ("packaging/debian/*.install", debian), ("packaging/rpm/lyre.spec", read("packaging/rpm/lyre.spec")):
        for name in sorted(modules - set(re.findall(r"/(\w+)\.so$", text, re.M))):
            yield "%s: does not have the module %s" % (place, name)


def shapes():
    """Files that clang-format would change. Versions differ in details: only the version of .clang-format is used."""
    program = shutil.which("clang-format-14")
    sources = sorted(path for path in files() if path.endswith((".c", ".h")))
    asked = subprocess.run([program, "--dry-run", *sources], cwd=TOP, capture_output=True, text=True) if program else None
    return sorted(set(re.findall(r"^(\S+?):\d+:\d+: warning", asked.stderr, re.M))) if asked else []


def main():
    found = ["%s: no Makefile.inc lists it, so it never runs" % path for path in left_out()]
    found += ["%s: have the same name" % " and ".join(paths) for paths in same_names()]
    found += ["%s: %s" % (path, fault) for path in sorted(files()) for fault in faults(path)]
    found += ["%s: clang-format would change it" % path for path in shapes()]
    found += packaged()
    found += faults_of_drawing()
    for fault in found:
        print(fault)
    print("%d faults" % len(found))
    return 1 if found else 0


sys.exit(main())
