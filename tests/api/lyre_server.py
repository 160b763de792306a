# SPDX-License-Identifier: Apache-2.0
"""A real lyred on a scratch root and a free port, for tests.

    with Server() as s:
        status, body = s.call({"operation": "describe_all"})
"""
import base64, contextlib, functools, http.client, json, os, re, shutil, signal, socket, struct, subprocess, sys, tempfile, time, unittest

BUILD = os.environ.get("TOP_BUILDDIR", os.getcwd())
SOURCE = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
LYRED = os.environ.get("LYRED", os.path.join(BUILD, "lyred"))
LYRE = os.environ.get("LYRE", os.path.join(BUILD, "lyre"))


def feature(macro):
    """Whether config.h of this build defines a macro."""
    with open(os.path.join(BUILD, "config.h")) as f:
        return re.search(r"^#define %s\b" % macro, f.read(), re.M) is not None


def has_terminals():
    try:
        for fd in os.openpty():
            os.close(fd)
        return True
    except OSError:
        return False


def built_modules():
    """Names of the modules of this build."""
    listed = subprocess.run([LYRED, "-c", "/dev/null", "--list-modules"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines() if line.strip()}


@functools.lru_cache(None)
def uses_musl():
    """Whether the server has musl, whose malloc has other properties; False if it is started by a script."""
    with open(LYRED, "rb") as f:
        program = f.read()
    static = b"/ld-" not in program
    return program.startswith(b"\x7fELF") and (b"/ld-musl-" in program or (static and b"GNU C Library" not in program))


@functools.lru_cache(None)
def system_file():
    """The configuration that this build reads without -c; "" if this machine has none, so that no test depends on it."""
    help = subprocess.run([LYRED, "--help"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    path = re.search(r"by default from\s+(/\S+)", help).group(1)
    return path if os.path.exists(path) else ""


def need_module(name):
    """For setUpModule(): skips the tests of a file if this build does not have the module."""
    if name not in built_modules():
        print("this build has no module '%s'" % name)
        sys.exit(77)


HAS_PROC = os.path.exists("/proc/self")
HAS_TERMINALS = has_terminals()
MINIMAL = feature("LYRE_MINIMAL")
STATIC_ONLY = feature("LYRE_STATIC_ONLY")
# Programs of the build run in an emulator, of this name: their memory, files and threads are also its own.
EMULATOR = os.environ.get("EMULATOR", "")
# Waiting ends after so many times as long.
PATIENCE = 5 if EMULATOR else 1


# The cheapest password hashes, which every server of a test has that does not set others.
CHEAP_HASHES = ["authentication.argon2.memory=8K", "authentication.argon2.iterations=1"]
# And no delays after wrong passwords: for tests that concern neither.
CHEAP_LOGINS = CHEAP_HASHES + ["authentication.failures.delay=0"]
# Password of the users that tests create.
PASSWORD = "Pass4321!"


def table_permission(*granted, attributes=()):
    """What a role may do to a table: granted are the names of the permissions; attributes as in attribute_permissions."""
    return dict({p: p in granted for p in ("read", "insert", "update", "delete")}, attribute_permissions=list(attributes))


def until(condition, why, seconds=60, server=None):
    """Waits until the condition is true, and returns its value.
why: what is wrong if it never is, a text or a function that returns one. server: if it ends, the wait ends, for conditions
that do not query it."""
    deadline, pause = time.monotonic() + seconds * PATIENCE, 0.001
    while True:
        # Checked first: a condition that is true by then counts, however slow the machine.
        late, ended = time.monotonic() > deadline, server is not None and server.process.poll() is not None
        result = condition()
        if result:
            return result
        if late or ended:
            raise AssertionError(("the server has ended: " if ended else "") + (why() if callable(why) else why))
        time.sleep(pause)
        pause = min(2 * pause, 0.02)


def open_files(pid):
    """(path, name) of each open descriptor of a process: its name in /proc, and what it names. Others may be closed meanwhile."""
    folder = "/proc/%d/fd" % pid
    for number in os.listdir(folder):
        path = os.path.join(folder, number)
        with contextlib.suppress(FileNotFoundError):
            yield path, os.readlink(path)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout * PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        # With a timeout of Python's, it would fail at once if many clients wait to be accepted.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(self.timeout), 0))
        self.sock.connect(self.path)
        self.sock.settimeout(self.timeout)


class Server:
    admin = ("admin", "Abc1234!")
    hashes = CHEAP_HASHES # settings before those of the test

    def __init__(self, root=None, settings=(), config=None, env=None, start=True):
        """settings: "key.path=value" texts; config: the text of a configuration file; root: that of an earlier server, to continue with."""
        self.own_root = root is None
        self.root = root or tempfile.mkdtemp(prefix="lyre-test-")
        given = list(settings)
        self.settings = given if any("argon2" in text for text in [config or "", *given]) else self.hashes + given
        self.env, self.config = env or {}, None
        if config is not None:
            self.config = os.path.join(self.root, "lyre.yaml")
            with open(self.config, "w") as f:
                f.write(config)
        self.process = None
        self.socket_path = os.path.join(self.root, "operations-server")
        if start:
            try:
                self.start()
            except BaseException:
                self.remove()
                raise

    def start(self):
        command = [LYRED, "-r", self.root]
        if self.config or system_file():
            command += ["-c", self.config or "/dev/null"]
        for s in ["operationsApi.network.port=0", "operationsApi.network.host=127.0.0.1", "logging.stdStreams=true"] + self.settings:
            command += ["--set", s]
        env = dict(dict(os.environ, LYRE_ADMIN_USERNAME=self.admin[0], LYRE_ADMIN_PASSWORD=self.admin[1]), **self.env)
        self.output = open(os.path.join(self.root, "output"), "ab+")
        begin = self.output.seek(0, os.SEEK_END)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, env=env)
        listens = lambda: re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.said(begin))
        try:
            self.port = int(until(listens, "it does not log where it listens", server=self).group(1))
        except AssertionError as e:
            self.kill()
            self.output.close()
            raise RuntimeError("lyred ended with %s: %s:\n%s" % (self.process.returncode, e, self.said(begin)))
        return self

    def said(self, begin=0):
        """What the server has written to its standard streams."""
        with open(os.path.join(self.root, "output"), "rb") as f:
            f.seek(begin)
            return f.read().decode("utf-8", "replace")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self, expect=0):
        """SIGTERM, and the expected exit status; sanitizers report through it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60 * PATIENCE)
        self.output.close()
        if status != expect:
            raise AssertionError("lyred ended with %s:\n%s" % (status, self.said()[-8000:]))

    def restart(self):
        self.end()
        return self.start()

    def stop(self):
        try:
            if self.process:
                self.end()
        finally:
            self.remove()

    def remove(self):
        if self.own_root:
            shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def request(self, method="POST", path="/", body=None, headers=None, unix=False, timeout=60):
        """(status, headers, bytes)"""
        c = UnixConnection(self.socket_path, timeout) if unix else http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * PATIENCE)
        with contextlib.closing(c):
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            return r.status, r.headers, r.read()

    def authorization(self, user=None, password=None):
        pair = "%s:%s" % (user or self.admin[0], password or self.admin[1])
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def call(self, operation, headers=None, unix=False, **more):
        """Runs an operation as the first user: (status, decoded body)."""
        h = {"Content-Type": "application/json"}
        if not unix:
            h["Authorization"] = self.authorization()
        h.update(headers or {})
        status, _, body = self.request(body=json.dumps(dict(operation, **more)).encode(), headers=h, unix=unix)
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body

    def ok(self, operation, **more):
        status, body = self.call(operation, **more)
        if status != 200:
            raise AssertionError("%s: %s %s" % (operation.get("operation"), status, body))
        return body

    def wait_for_job(self, id, states=("COMPLETE", "ERROR"), seconds=60):
        """A job's record, once it has ended or has one of the states."""
        def job():
            last[:] = self.ok({"operation": "get_job", "id": id})
            return last and last[0]["status"] in states and last[0]

        last = []
        return until(job, lambda: "the job is not %s: %s" % (" or ".join(states), last), seconds)

    def add_role(self, role, permission=None):
        """permission: None for a role without permissions."""
        return self.ok({"operation": "add_role", "role": role, "permission": {"super_user": False} if permission is None else permission})

    def add_user(self, username, role, password=PASSWORD, active=True):
        return self.ok({"operation": "add_user", "username": username, "password": password, "role": role, "active": active})


class OneServer(unittest.TestCase):
    """Tests of a class that share a server."""

    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.addClassCleanup(cls.s.stop)


class OwnDatabase(OneServer):
    """Each test uses a database of its own."""

    def database(self):
        return self.id().split(".")[-1]

    def table(self, **more):
        self.s.ok(dict({"operation": "create_table", "database": self.database(), "table": "t", "primary_key": "id"}, **more))

    def run_(self, operation, **more):
        return self.s.call(dict({"operation": operation, "database": self.database(), "table": "t"}, **more))

    def ok(self, operation, **more):
        status, body = self.run_(operation, **more)
        self.assertEqual(status, 200, body)
        return body

    def insert(self, *records):
        return self.ok("insert", records=list(records))

    def find(self, conditions, **more):
        return self.ok("search_by_conditions", conditions=conditions, **more)
