# SPDX-License-Identifier: Apache-2.0
"""restart and restart_service: nobody is refused, nothing is lost, and what would not start is not started.

RESTART_SECONDS=60 runs the load that long, as RESTART_EVERY (5) and SERVICE_EVERY (7) say, and tells the figures."""
import contextlib, json, os, random, re, shutil, signal, socket, subprocess, tempfile, threading, time, unittest
import lyre_server
from lyre_server import *

SECONDS = float(os.environ.get("RESTART_SECONDS", 6))
RESTART_EVERY = float(os.environ.get("RESTART_EVERY", 5 if SECONDS >= 30 else 1))
SERVICE_EVERY = float(os.environ.get("SERVICE_EVERY", 7 if SECONDS >= 30 else 1.4))
CONNECTIONS = int(os.environ.get("RESTART_CONNECTIONS", 32 if SECONDS >= 30 else 16))
MESSAGE = {"message": "Restarting HarperDB. This may take up to 60 seconds."}


def setUpModule():
    need_module("system")


def entries(pid, what):
    return len(os.listdir("/proc/%d/%s" % (pid, what)))


def rss(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def starts(s):
    """How often a program has begun in the server's process."""
    return len(re.findall(r"\[main\]: lyred \S+ starts, ", s.said()))


def wait_for_start(s, times):
    until(lambda: starts(s) >= times, lambda: "no next program:\n" + s.said()[-3000:], server=s)


def restart(s):
    """Restarts, and waits until the next program serves."""
    before = starts(s)
    status, body = s.call({"operation": "restart"})
    assert (status, body) == (200, MESSAGE), (status, body)
    wait_for_start(s, before + 1)
    s.ok({"operation": "describe_all"})


def shared_module(name):
    """The file of one that was built; None when it is built in."""
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
    """A connection that says when it is closed, and never opens itself again."""

    def __init__(self, s, unix=False):
        if unix:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(s.socket_path)
        else:
            self.sock = socket.create_connection(("127.0.0.1", s.port))
        self.sock.settimeout(60)
        self.file = self.sock.makefile("rb")
        self.head = "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\n" % s.authorization()

    def send(self, operation, pause=None, chunked=False):
        body = json.dumps(operation).encode()
        if chunked:
            data = self.head.encode() + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            data = self.head.encode() + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        if pause is None:
            self.sock.sendall(data)
            return
        at = random.randrange(1, len(data))
        self.sock.sendall(data[:at])
        time.sleep(pause)
        self.sock.sendall(data[at:])

    def answer(self):
        """(status, body, whether the connection ends with it)"""
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


@unittest.skipUnless(HAS_PROC, "no /proc")
class Load(unittest.TestCase):
    def test_nobody_notices(self):
        with Server(settings=["logging.level=warn"]) as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "load", "primary_key": "id"})
            restart(s)
            # A database's first write starts its writer, which stays; a job is a record of the server's own.
            s.ok({"operation": "insert", "database": "dev", "table": "load", "records": [{"id": "first"}]})
            s.ok({"operation": "set_status", "status": "under load"})
            pid = s.process.pid
            before = entries(pid, "fd"), entries(pid, "task"), rss(pid)
            end = time.monotonic() + SECONDS
            clients = [Client(s, n, end) for n in range(CONNECTIONS)]
            for c in clients:
                c.start()
            counts = self.keep_restarting(s, end)
            for c in clients:
                c.join(120)
                self.assertFalse(c.is_alive())
            failures = [f for c in clients for f in c.failures]
            calls = sum(c.calls for c in clients)
            lost = [k for c in clients for k, n in c.written.items()
                    if s.ok({"operation": "search_by_id", "database": "dev", "table": "load", "ids": [k], "get_attributes": ["n"]})
                    != [{"n": n}]]
            self.assertEqual(pid, s.process.pid)
            self.assertIsNone(s.process.poll())
            with contextlib.suppress(AssertionError):  # told below, after the figures
                until(lambda: entries(pid, "fd") <= before[0] and entries(pid, "task") <= before[1], "more than before")
            after = entries(pid, "fd"), entries(pid, "task"), rss(pid)
            print("%d calls on %d connections, %d restarts, %d restart_services; failed %d, lost %d of %d records; "
                  "fds %d to %d, threads %d to %d, RSS %d to %d KiB" % (
                      calls, CONNECTIONS, counts[0], counts[1], len(failures), len(lost), sum(len(c.written) for c in clients),
                      before[0], after[0], before[1], after[1], before[2], after[2]))
            self.assertEqual([], failures[:3])
            self.assertEqual([], lost[:3])
            self.assertLessEqual(after[0], before[0])
            self.assertLessEqual(after[1], before[1])
            self.assertGreater(counts[0], 1)
            self.assertGreater(counts[1], 1)
            self.assertNotIn("[error]", s.said())
            self.assertNotIn("cuts off", s.said())

    def keep_restarting(self, s, end):
        """(restarts, restart_services) that were done; the second kind may meet the first."""
        counts, at = [0, 0], time.monotonic()
        due = [at + RESTART_EVERY, at + SERVICE_EVERY]
        requests = [{"operation": "restart"}, {"operation": "restart_service", "service": "http_workers"}]
        while min(due) < end:
            which = due.index(min(due))
            time.sleep(max(0, due[which] - time.monotonic()))
            due[which] += (RESTART_EVERY, SERVICE_EVERY)[which]
            status, body = s.call(requests[which])
            self.assertEqual(200, status, body)
            counts[which] += 1
        return counts


class Restart(unittest.TestCase):
    def test_answer_and_connection(self):
        with Server() as s:
            status, headers, body = s.request(body=b'{"operation":"restart"}', headers={
                "Content-Type": "application/json", "Authorization": s.authorization()})
            self.assertEqual((200, "close", MESSAGE), (status, headers["connection"], json.loads(body)))
            wait_for_start(s, 2)
            s.ok({"operation": "describe_all"})

    def test_idle_connection_outlives_it(self):
        with Server() as s:
            idle, new = Raw(s), Raw(s)
            self.assertEqual(200, idle.call({"operation": "describe_all"})[0])
            for _ in range(3):
                restart(s)
                for c in (idle, new):
                    self.assertEqual((200, {}, False), c.call({"operation": "describe_all"}))
            idle.close()
            new.close()

    def test_request_that_begins_meanwhile(self):
        """One of which the server has a part is answered to its end, by whichever program."""
        with Server() as s:
            for _ in range(5):
                c = Raw(s)
                before = starts(s)
                sender = threading.Thread(target=c.send, args=({"operation": "describe_all"},), kwargs={"pause": 0.1})
                sender.start()
                s.ok({"operation": "restart"})
                sender.join()
                self.assertEqual((200, {}), c.answer()[:2])
                c.close()
                wait_for_start(s, before + 1)

    def test_only_for_super_user(self):
        with Server() as s:
            for operation in ({"operation": "restart"}, {"operation": "restart_service", "service": "http_workers"}):
                status, body = s.call(operation, headers={"Authorization": ""})
                self.assertEqual(401, status, body)
            self.assertEqual(1, starts(s))

    def test_new_settings(self):
        with Server(config="operationsApi:\n  network:\n    keepAliveTimeout: 41s\n    domainSocket: first\n") as s:
            first, second = os.path.join(s.root, "first"), os.path.join(s.root, "second")
            self.assertTrue(os.path.exists(first))
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    keepAliveTimeout: 42s\n    domainSocket: second\n")
            port = s.port
            restart(s)
            self.assertEqual("timeout=42", self.keep_alive(s))
            self.assertFalse(os.path.exists(first))
            s.socket_path = second
            self.assertEqual((200, {}), s.call({"operation": "describe_all"}, unix=True))
            self.assertEqual(port, s.port)

    def keep_alive(self, s):
        status, headers, _ = s.request(body=b'{"operation":"describe_all"}', headers={
            "Content-Type": "application/json", "Authorization": s.authorization(), "Connection": "keep-alive"})
        self.assertEqual(200, status)
        return headers["keep-alive"]

    def test_bad_configuration_refuses(self):
        with Server(config="logging:\n  level: warn\n") as s:
            for text, reason in (("logging:\n  level: loud\n", "logging.level"), ("logging: [\n", "lyre.yaml"),
                                 ("loging:\n  level: warn\n", "loging"),
                                 ("authentication:\n  argon2: {memory: 8K, lanes: 4}\n", "authentication.argon2.memory")):
                with open(s.config, "w") as f:
                    f.write(text)
                status, body = s.call({"operation": "restart"})
                self.assertEqual(400, status, body)
                self.assertIn(reason, body["error"])
                if "argon2" not in text: # two settings that do not fit each other stand in no one place
                    self.assertIn(s.config, body["error"])
                self.assertEqual({}, s.ok({"operation": "describe_all"}))
            self.assertEqual(1, starts(s))
            with open(s.config, "w") as f:
                f.write("logging:\n  level: error\n")
            restart(s)

    def test_what_would_not_start(self):
        """What --check cannot see, as the server itself is in the way: addresses and folders of the next start."""
        with Server(config="logging:\n  level: warn\n") as s, socket.socket(socket.AF_UNIX) as other:
            taken, file = os.path.join(s.root, "taken"), os.path.join(s.root, "file")
            other.bind(taken)
            other.listen()
            open(file, "w").close()
            for text, reason in (("operationsApi:\n  network:\n    domainSocket: taken\n", taken),
                                 ("operationsApi:\n  network:\n    domainSocket: file\n", file),
                                 ("logging:\n  root: file\n", file), ("storage:\n  path: file/x\n", file)):
                with open(s.config, "w") as f:
                    f.write(text)
                status, body = s.call({"operation": "restart"})
                self.assertNotEqual(200, status, text)
                self.assertIn("No restart: ", body["error"])
                self.assertIn(reason, body["error"])
                self.assertEqual({}, s.ok({"operation": "describe_all"}))
            self.assertEqual(1, starts(s))
            with open(s.config, "w") as f:
                f.write("logging:\n  level: warn\n")
            restart(s)

    def test_port_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other, Server(config="") as s:
            port = other.getsockname()[1]
            s.end()
            # Without a port on the command line, which would be stronger than the file.
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    host: 127.0.0.1\n    port: 0\n")
            with open(os.path.join(s.root, "output"), "ab") as output:
                s.process = subprocess.Popen([LYRED, "-r", s.root, "-c", s.config], stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output)
            until(lambda: os.path.exists(s.socket_path), s.said, server=s)
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    host: 127.0.0.1\n    port: %d\n" % port)
            until(lambda: self.answers(s), s.said, server=s)
            status, body = s.call({"operation": "restart"}, unix=True)
            self.assertNotEqual(200, status)
            self.assertIn("port %d" % port, body["error"])
            self.assertEqual(200, s.call({"operation": "describe_all"}, unix=True)[0])

    def answers(self, s):
        with contextlib.suppress(OSError):
            return s.call({"operation": "describe_all"}, unix=True)[0] == 200

    def test_root_moved(self):
        with Server() as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "kept", "primary_key": "id"})
            moved = s.root + "-moved"
            os.rename(s.root, moved)
            try:
                status, body = s.call({"operation": "restart"})
            finally:
                os.rename(moved, s.root)
            self.assertEqual(500, status, body)
            self.assertIn(s.root, body["error"])
            restart(s)
            self.assertIn("dev", s.ok({"operation": "describe_all"}))

    @unittest.skipIf(STATIC_ONLY, "modules are built in")
    def test_broken_module_refuses(self):
        folder = tempfile.mkdtemp(prefix="lyre-modules-")
        self.addCleanup(shutil.rmtree, folder)
        source = shared_module("help")
        if not source:
            self.skipTest("help is not a shared module")
        module = os.path.join(folder, "help.so")
        shutil.copy(source, module)
        with Server(config="modules:\n  system: true\n  schema: true\n  help:\n    path: %s\n" % module) as s:
            restart(s)
            with open(source, "rb") as f:
                begin = f.read(4096)
            for content in (b"not a module", begin):
                with open(module + ".new", "wb") as f:
                    f.write(content)
                os.rename(module + ".new", module)
                status, body = s.call({"operation": "restart"})
                self.assertEqual(400, status, body)
                self.assertIn("help", body["error"])
                self.assertEqual({}, s.ok({"operation": "describe_all"}))
            shutil.copy(source, module + ".new")
            os.rename(module + ".new", module)
            restart(s)
            self.assertEqual(3, starts(s))

    @unittest.skipUnless(HAS_PROC, "no /proc")
    def test_trial_killed(self):
        """While it waits for its configuration, which is a pipe that nobody writes to."""
        with Server(config="logging:\n  level: warn\n") as s:
            os.rename(s.config, s.config + ".kept")
            os.mkfifo(s.config)
            answers = []
            asker = threading.Thread(target=lambda: answers.append(s.call({"operation": "restart"})))
            asker.start()
            child = until(lambda: child_of(s.process.pid), "no trial", server=s)
            self.assertEqual(503, s.call({"operation": "restart"})[0])
            self.assertEqual({}, s.ok({"operation": "describe_all"}))
            os.kill(child, signal.SIGKILL)
            asker.join(60)
            status, body = answers[0]
            self.assertEqual(500, status, body)
            self.assertIn("signal 9", body["error"])
            os.rename(s.config + ".kept", s.config)
            restart(s)
            self.assertEqual(2, starts(s))

    def test_binary_replaced(self):
        """An upgrade: the old file is gone when the new one is to run."""
        binary = os.path.join(tempfile.mkdtemp(prefix="lyre-bin-"), "lyred")
        self.addCleanup(shutil.rmtree, os.path.dirname(binary))
        shutil.copy(LYRED, binary)
        paths = ["modules.%s.path=%s" % (m, shared_module(m)) for m in ("schema", "system") if shared_module(m)]
        self.addCleanup(setattr, lyre_server, "LYRED", LYRED)
        lyre_server.LYRED = binary
        with Server(config="modules:\n  schema: true\n  system: true\n", settings=paths) as s:
            shutil.copy(LYRED, binary + ".new")
            os.rename(binary + ".new", binary)
            restart(s)
            if HAS_PROC:
                self.assertEqual(binary, os.readlink("/proc/%d/exe" % s.process.pid))

    def test_end_meanwhile(self):
        """SIGTERM, whenever it comes, ends the server in order, and is not lost between two programs."""
        for wait in (0, 0.005, 0.01, 0.02, 0.05):
            with Server() as s:
                s.ok({"operation": "restart"})
                time.sleep(wait)
                s.end()

    def test_second_server_is_kept_out(self):
        with Server() as s:
            restart(s)
            with self.assertRaisesRegex(RuntimeError, "another server, process %d" % s.process.pid):
                Server(root=s.root)


def listening(s):
    """The inodes of the TCP sockets that listen on the server's port."""
    found = set()
    for table in ("tcp", "tcp6"):
        if os.path.exists("/proc/net/" + table):
            for line in open("/proc/net/" + table).readlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == s.port:
                    found.add(fields[9])
    return found


class Service(unittest.TestCase):
    def test_refusals(self):
        with Server() as s:
            for service in ("nope", "", None, "HTTP_WORKERS", 7, ["http"]):
                self.assertEqual((400, {"error": "Invalid service"}), s.call({"operation": "restart_service", "service": service}))
            self.assertEqual((400, {"error": "Invalid service"}), s.call({"operation": "restart_service"}))
            for service in ("clustering", "clustering_config"):
                self.assertEqual((400, {"error": "Clustering is not enabled"}),
                                 s.call({"operation": "restart_service", "service": service}))
            self.assertEqual((400, {"error": "'replicated' must be a boolean"}),
                             s.call({"operation": "restart_service", "service": "http_workers", "replicated": "x"}))

    def test_names_and_job(self):
        with Server() as s:
            for service in ("http_workers", "http", "custom_functions", "custom functions", "harperdb"):
                body = s.ok({"operation": "restart_service", "service": service})
                self.assertEqual("Restarting " + service, body["message"])
                job = s.wait_for_job(body["job_id"])
                self.assertEqual(("COMPLETE", "restart_service"), (job["status"], job["type"]), job)
            job = s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers", "replicated": True})["job_id"])
            self.assertEqual(("ERROR", "Replication not implemented."), (job["status"], job["message"]))
            self.assertEqual(1, starts(s))

    @unittest.skipUnless(HAS_PROC, "no /proc")
    def test_all_addresses(self):
        """The socket that listens on all addresses stays the same one, so that nobody finds it closed."""
        with Server(settings=["operationsApi.network.host=null"]) as s:
            before = listening(s)
            self.assertEqual("COMPLETE", s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers"})["job_id"])["status"])
            self.assertEqual(before, listening(s))
            restart(s)
            self.assertEqual(before, listening(s))

    def test_new_settings_of_listeners(self):
        with Server(config="operationsApi:\n  network:\n    keepAliveTimeout: 41s\n    domainSocket: first\n") as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "kept", "primary_key": "id"})
            old = Raw(s)
            self.assertEqual(200, old.call({"operation": "describe_all"})[0])
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    keepAliveTimeout: 42s\n    domainSocket: second\n")
            body = s.ok({"operation": "restart_service", "service": "http_workers"})
            until(lambda: os.path.exists(os.path.join(s.root, "second")) and not os.path.exists(os.path.join(s.root, "first")),
                  lambda: "the domain socket is not the second: %s" % os.listdir(s.root), server=s)
            # The connection that was there has one more answer.
            status, _, close = old.call({"operation": "describe_all"})
            self.assertEqual((200, True), (status, close))
            old.close()
            self.assertEqual("COMPLETE", s.wait_for_job(body["job_id"])["status"])
            self.assertEqual("timeout=42", Restart.keep_alive(self, s))
            network = s.ok({"operation": "get_configuration"})["operationsApi"]["network"]
            self.assertEqual((42000, os.path.join(s.root, "second")), (network["keepAliveTimeout"], network["domainSocket"]))
            self.assertEqual(1, starts(s))

    def test_bad_settings_change_nothing(self):
        with Server(config="operationsApi:\n  network:\n    keepAliveTimeout: 41s\n") as s:
            with open(s.config, "w") as f:
                f.write("operationsApi:\n  network:\n    keepAliveTimeout: soon\n")
            job = s.wait_for_job(s.ok({"operation": "restart_service", "service": "http_workers"})["job_id"])
            self.assertEqual("ERROR", job["status"])
            self.assertIn("keepAliveTimeout", job["message"])
            self.assertEqual("timeout=41", Restart.keep_alive(self, s))

    def test_nothing_is_left(self):
        with Server() as s:
            def renew(times):
                for _ in range(times):
                    self.assertEqual("COMPLETE", s.wait_for_job(s.ok({"operation": "restart_service", "service": "http"})["job_id"])["status"])
            renew(1)
            if not HAS_PROC:
                return
            self.assertEqual({}, s.ok({"operation": "describe_all"}))
            before = entries(s.process.pid, "fd"), entries(s.process.pid, "task")
            renew(12)
            now = lambda: (entries(s.process.pid, "fd"), entries(s.process.pid, "task"))
            until(lambda: now()[0] <= before[0] and now()[1] <= before[1],
                  lambda: "descriptors and threads were %d and %d, are %d and %d" % (before + now()))


class Reload(unittest.TestCase):
    def test_hangup(self):
        """SIGHUP: live settings are read again, and the log goes on in the file of its name."""
        with Server(config="logging:\n  level: error\n") as s:
            log = os.path.join(s.root, "log", "lyre.log")
            self.hang_up(s, 1)
            self.assertNotIn("[debug]", s.said())
            os.rename(log, log + ".1")
            with open(s.config, "w") as f:
                f.write("logging:\n  level: debug\njobs:\n  parallel: 3\n")
            self.hang_up(s, 2)
            self.assertIn("these wait for one: jobs.parallel\n", s.said())
            self.assertTrue(os.path.exists(log))
            self.assertEqual(400, s.call({"operation": "nothing"})[0])
            self.assertEqual(404, s.call({"operation": "describe_database", "database": "none"})[0])
            until(lambda: "[debug]" in s.said(), s.said, server=s)
            with open(s.config, "w") as f:
                f.write("logging:\n  level: loud\n")
            s.process.send_signal(signal.SIGHUP)
            until(lambda: "the settings stay as they were" in s.said(), s.said, server=s)
            self.assertEqual({}, s.ok({"operation": "describe_all"}))

    def hang_up(self, s, times):
        s.process.send_signal(signal.SIGHUP)
        until(lambda: s.said().count("SIGHUP: the log goes on") == times, s.said, server=s)


class ServiceManager(unittest.TestCase):
    def test_notifications(self):
        folder = tempfile.mkdtemp(prefix="lyre-notify-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "notify")
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
            manager.bind(path)
            manager.settimeout(30)
            with Server(env={"NOTIFY_SOCKET": path}) as s:
                self.assertEqual(b"READY=1", manager.recv(1000))
                before = time.monotonic_ns() // 1000
                restart(s)
                said = dict(line.split(b"=") for line in manager.recv(1000).split(b"\n"))
                self.assertEqual(b"1", said[b"RELOADING"])
                self.assertTrue(before <= int(said[b"MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000)
                self.assertEqual(b"READY=1", manager.recv(1000))
                s.process.send_signal(signal.SIGHUP)
                self.assertTrue(manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC="))
                self.assertEqual(b"READY=1", manager.recv(1000))
            self.assertEqual(b"STOPPING=1", manager.recv(1000))


if __name__ == "__main__":
    unittest.main()
