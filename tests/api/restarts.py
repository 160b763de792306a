# SPDX-License-Identifier: Apache-2.0
"""Restarts that are waited for, and clients that notice every disturbance."""
import contextlib, json, os, random, re, socket, threading, time

from lyre_server import BUILD, until

MESSAGE = {"message": "Restarting HarperDB. This may take up to 60 seconds."}


def entries(pid, what):
    return len(os.listdir("/proc/%d/%s" % (pid, what)))


def rss(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def starts(s):
    """How many times a program has started in the server's process."""
    return len(re.findall(r"\[main\]: lyred \S+ starting, ", s.said()))


def wait_for_start(s, times):
    until(lambda: starts(s) >= times, lambda: "no next program:\n" + s.said()[-3000:], server=s)


def restart(s):
    """Restarts, and waits until the next program serves."""
    before = starts(s)
    status, body = s.call({"operation": "restart"})
    assert (status, body) == (200, MESSAGE), (status, body)
    wait_for_start(s, before + 1)
    s.ok({"operation": "describe_all"})


def keep_alive(s):
    """How long a connection may be idle, according to an answer."""
    status, headers, _ = s.request(body=b'{"operation":"describe_all"}', headers={
        "Content-Type": "application/json", "Authorization": s.authorization(), "Connection": "keep-alive"})
    assert status == 200, status
    return headers["keep-alive"]


def shared_module(name):
    """The file of a module; None if it is built in."""
    path = os.path.join(BUILD, "modules", ".libs", name + ".so")
    return path if os.path.exists(path) else None


def child_of(pid):
    for p in os.listdir("/proc"):
        if p.isdigit():
            with contextlib.suppress(OSError), open("/proc/%s/stat" % p) as f:
                if int(f.read().rpartition(")")[2].split()[1]) == pid:
                    return int(p)
    return None


class Raw:
    """A connection that reports when it is closed, and never reopens itself."""

    def __init__(self, s, unix=False):
        if unix:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(s.socket_path)
        else:
            self.sock = socket.create_connection(("127.0.0.1", s.port))
        self.sock.settimeout(60)
        self.file = self.sock.makefile("rb")
        self.head = "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\n" % s.authorization()

    def send(self, operation, pause=None, chunked=False, at=None):
        """In two parts if there is a pause: the first part has that many bytes."""
        body = json.dumps(operation).encode()
        if chunked:
            data = self.head.encode() + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            data = self.head.encode() + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        if pause is None:
            self.sock.sendall(data)
            return
        at = at or random.randrange(1, len(data))
        self.sock.sendall(data[:at])
        time.sleep(pause)
        self.sock.sendall(data[at:])

    def answer(self):
        """(status, body, whether the connection closes after it)"""
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed without an answer")
        length, close = None, False
        while True:
            h = self.file.readline().strip().lower()
            if not h:
                break
            name, _, value = h.partition(b":")
            if name == b"content-length":
                length = int(value)
            if name == b"connection":
                close = value.strip() == b"close"
        body = self.file.read(length)
        if len(body) != length:
            raise ConnectionError("the answer is cut off")
        return int(line.split()[1]), json.loads(body), close

    def call(self, operation, **how):
        self.send(operation, **how)
        return self.answer()

    def close(self):
        self.file.close()
        self.sock.close()


class Client(threading.Thread):
    """Writes records and reads them back, each answer verified; one connection at a time."""

    def __init__(self, server, number, end):
        super().__init__(daemon=True)
        self.server, self.number, self.end, self.failures, self.calls = server, number, end, [], 0
        self.written, self.left = {}, 0
        self.unix = number % 8 == 7
        self.fresh = number % 2 == 0
        self.think = (0, 0, 0, 0.02, 0.3, 1.1)[number % 6]
        self.chunked = number % 8 == 3

    def run(self):
        connection = None
        while time.monotonic() < self.end and len(self.failures) < 20:
            operation, check = self.next()
            try:
                if not connection:
                    connection = Raw(self.server, self.unix)
                pause = random.random() / 20 if random.random() < 0.02 else None
                status, body, close = connection.call(operation, pause=pause, chunked=self.chunked)
                self.calls += 1
                if status != 200 or not check(body):
                    self.failures.append((status, body, operation))
                if close or self.fresh:
                    connection.close()
                    connection = None
            except (OSError, ValueError) as x:
                self.failures.append((repr(x), operation, self.unix, self.fresh))
                if connection:
                    connection.close()
                connection = None
            if self.think and not self.fresh:
                time.sleep(self.think * random.random())
        if connection:
            connection.close()

    def next(self):
        where = {"database": "dev", "table": "load"}
        kind = random.random()
        if kind < 0.4 or not self.written:
            key = "%d-%d" % (self.number, len(self.written))
            self.written[key] = 0
            return (dict(where, operation="insert", records=[{"id": key, "n": 0}]),
                    lambda body: body["inserted_hashes"] == [key])
        key = random.choice(list(self.written))
        if kind < 0.6:
            self.written[key] += 1
            return (dict(where, operation="update", records=[{"id": key, "n": self.written[key]}]),
                    lambda body: body["update_hashes"] == [key])
        return (dict(where, operation="search_by_id", ids=[key], get_attributes=["id", "n"]),
                lambda body: body == [{"id": key, "n": self.written[key]}])
