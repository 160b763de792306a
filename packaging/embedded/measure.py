# SPDX-License-Identifier: Apache-2.0
"""measure.py COMMAND LYRED [CONFIG]: what a build needs. CONFIG is etc/minimal.yaml if it is not given.

    size       the largest parts of the program, if it was linked with -Wl,-Map=LYRED.map
    memory     resident memory: after the first start, after a later one, and under load
    settings   what each setting of CONFIG saves: how much more the same server needs with its default instead
"""
import collections
import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
# A database of 100 MiB, or for each setting a few, by clients that insert and search.
CLIENTS, RECORDS, FEW_RECORDS, BATCH, TEXT = (4, 8), 56000, 4000, 100, "x" * 800


class Local(http.client.HTTPConnection):
    """A connection to the domain socket, which needs no password."""
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, **operation):
        self.request("POST", "/", json.dumps(operation), {"Content-Type": "application/json"})
        answer = self.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit("%s: %s" % (operation["operation"], body.decode()))


class Server:
    """lyred on the folder root, until the end of the with statement."""
    def __init__(self, lyred, config, root, *settings):
        self.socket = os.path.join(root, "operations-server")
        self.command = [lyred, "-c", config, "-r", root] + [word for s in settings for word in ("--set", s)]
        self.root = root

    def __enter__(self):
        first_user = dict(os.environ, LYRE_ADMIN_USERNAME="admin", LYRE_ADMIN_PASSWORD="Abc1234!")
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=first_user)
        while True:
            try:
                with contextlib.closing(Local(self.socket)) as c:
                    c.ask(operation="describe_all")
                break
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("lyred ended; run it by hand: " + " ".join(self.command))
                time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def idle(self):
        """resident() once idle threads have ended, and memory is trimmed."""
        time.sleep(3)
        return self.resident()

    def resident(self):
        """KiB by kind of mapping."""
        kinds = collections.Counter()
        with open("/proc/%d/smaps" % self.process.pid) as f:
            for line in f:
                if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                    fields = line.split(None, 5)
                    name = fields[5].strip() if len(fields) > 5 else ""
                    kind = "databases" if name.endswith(".mdb") else "program" if name.startswith("/") and "lock" not in name else "memory"
                elif line.startswith("Rss:"):
                    kinds[kind] += int(line.split()[1])
        return kinds

    def address_space(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmSize:\s+(\d+)", f.read()).group(1))

    def disk(self):
        return sum(os.stat(os.path.join(at, name)).st_blocks // 2 for at, _, files in os.walk(self.root) for name in files)


def show(title, kinds):
    without = kinds["memory"] + kinds["program"]
    print("%-34s %5d KiB: %d of memory, %d of the program's file; and %d of maps of databases" % (
        title, without, kinds["memory"], kinds["program"], kinds["databases"]))


# ---- commands ----

def size(lyred, _):
    """By library, from the map of the linker."""
    parts = collections.Counter()
    with open(lyred + ".map") as f:
        text = f.read().partition("Linker script and memory map")[2]
    # A long name of a section has a line of its own.
    for section, length, file in re.findall(r"^ (\.(?:text|rodata|data|tdata|init_array)\S*)\s+0x0*[1-9a-f][0-9a-f]* +0x([0-9a-f]+) (\S+)$", text, re.MULTILINE):
        # The linker merges equal strings, but lists them all.
        name = "texts, before equal ones are merged" if ".str1" in section else re.sub(r".*/", "", re.sub(r"\(.*", "", file))
        parts[name] += int(length, 16)
    for name, length in parts.most_common(10):
        print("%7.1f KiB  %s" % (length / 1024, name))


def client(server, records, number, clients):
    with contextlib.closing(Local(server.socket)) as c:
        fill(c, range(number * BATCH, records, clients * BATCH))


def fill(c, batches):
    for first in batches:
        c.ask(operation="insert", database="load", table="t",
            records=[{"id": n, "text": TEXT + str(n), "number": n % 1000} for n in range(first, first + BATCH)])
        at = random.randrange(first + 1)
        c.ask(operation="search_by_id", database="load", table="t", ids=[at, at + 1], get_attributes=["*"])
        c.ask(operation="search_by_value", database="load", table="t", attribute="number", value=at % 1000, limit=20, get_attributes=["id"])


def load(server, records, clients):
    """The state of the server when it had most memory, besides the maps of databases."""
    with contextlib.closing(Local(server.socket)) as c:
        c.ask(operation="create_table", database="load", table="t", primary_key="id")
    threads = [threading.Thread(target=client, args=(server, records, n, clients)) for n in range(clients)]
    for t in threads:
        t.start()
    most = server.resident()
    while any(t.is_alive() for t in threads):
        time.sleep(0.02)
        now = server.resident()
        if now["memory"] + now["program"] > most["memory"] + most["program"]:
            most = now
    return most


def memory(lyred, config):
    for clients in CLIENTS:
        root = tempfile.mkdtemp(prefix="lyre-measure-")
        with Server(lyred, config, root) as s:
            show("idle, after the first start", s.idle())
        with Server(lyred, config, root) as s:
            show("idle, after a later start", s.idle())
            show("at most, %d clients" % clients, load(s, RECORDS, clients))
            file = os.path.join(root, "database", "load.mdb")
            print("%-34s %5d MiB" % ("  that database", os.stat(file).st_size >> 20))
            show("idle afterwards", s.idle())
        shutil.rmtree(root)


def leaves(path, comment):
    """The settings of a file with two-space indentation, by name; those of a section that is a comment have a '#'."""
    found, above = {}, []
    with open(path) as f:
        for line in f:
            match = re.match(r"( *)%s([\w.]+):(?: ([^#]\S*))?" % comment, line) or re.match(r"( *)([\w.]+):()$", line)
            if match:
                above[len(match[1]) // 2:] = [match[2]]
                if match[3]:
                    found[".".join(above)] = match[3]
    return found


def settings(lyred, config):
    defaults = leaves(os.path.join(SOURCE, "etc", "lyre.yaml"), "#")
    changed = {k: v for k, v in leaves(config, "").items() if k in defaults and k != "rootPath"}

    def figures(*more):
        """KiB: resident when idle, at most under load, and of address space; and of disk in the end."""
        root = tempfile.mkdtemp(prefix="lyre-measure-")
        with Server(lyred, config, root):
            pass
        with Server(lyred, config, root, *more) as s:
            idle = s.idle()
            address_space = s.address_space()
            most = load(s, FEW_RECORDS, max(CLIENTS))
            result = [idle["memory"] + idle["program"], most["memory"] + most["program"], address_space, s.disk()]
        shutil.rmtree(root)
        return result

    own = figures()
    print("%-40s %9s %9s %14s %9s" % ("KiB", "idle", "load", "address space", "disk"))
    print("%-40s %9d %9d %14d %9d" % tuple([os.path.basename(config)] + own))
    for name, value in changed.items():
        other = figures("%s=%s" % (name, defaults[name]))
        print("%-40s %+9d %+9d %+14d %+9d" % tuple([name + "=" + defaults[name]] + [b - a for a, b in zip(own, other)]))


if __name__ == "__main__":
    commands = {"size": size, "memory": memory, "settings": settings}
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](os.path.abspath(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else os.path.join(SOURCE, "etc", "minimal.yaml"))
