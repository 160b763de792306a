# SPDX-License-Identifier: Apache-2.0
"""read_log on a real log; read_transaction_log, read_audit_log and what removes old entries.

LOG_BYTES (8M; 1G for meaningful measurements) is the size of the log that Large reads.
"""
import json, os, shutil, signal, sys, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, HAS_PROC, Server, built_modules, need_module, until

LEVELS = ["notify", "fatal", "error", "warn", "info", "debug", "trace"]


def setUpModule():
    need_module("system")


def size(text):
    return int(text[:-1]) << {"K": 10, "M": 20, "G": 30}[text[-1]] if text[-1] in "KMG" else int(text)


def stamp(seconds, ms=0):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % ms


class Streams(unittest.TestCase):
    def test_without_a_terminal(self):
        """Whoever started the server sees its messages and errors; the rest is in the file."""
        with Server(settings=["logging.stdStreams=null", "logging.level=debug"], env={"LYRE_ADMIN_USERNAME": "", "LYRE_ADMIN_PASSWORD": ""}) as s:
            self.assertEqual(s.call({"operation": "drop_database", "database": "nope"}, unix=True)[0], 404)
            s.end()
            said = s.said()
            for text in ("starting, root folder", "listening on http://127.0.0.1:", "its generated password is in", "the server has stopped"):
                self.assertIn(text, said)
            self.assertNotIn("[debug]", said)
            with open(os.path.join(s.root, "log", "lyre.log")) as f:
                self.assertIn("[debug]", f.read())
            s.start()

    def test_the_log_names_the_user(self):
        """Changes to the server as a whole are logged with the name of the user who made them."""
        with Server(settings=CHEAP_LOGINS) as s:
            s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
            backup = s.request("POST", "/", json.dumps({"operation": "get_backup", "database": "d"}),
                               {"Content-Type": "application/json", "Authorization": s.authorization()})[2]
            self.assertEqual(200, s.request("POST", "/?operation=restore_backup&database=copy", backup,
                                            {"Content-Type": "application/octet-stream", "Authorization": s.authorization()})[0])
            s.ok({"operation": "drop_database", "database": "d"})
            s.ok({"operation": "restart"})
            for text in ("[schema]: 'admin' restored the database 'copy'", "[schema]: 'admin' dropped the database 'd'",
                         "[system]: 'admin' requested the restart"):
                self.assertIn(text, s.said())
            until(lambda: s.said().count("starting, root folder") == 2, s.said, server=s)

    def test_a_file_that_is_lost(self):
        """If lines cannot be written to the file, the standard streams and the metrics report it."""
        with Server(settings=["logging.stdStreams=null"]) as s:
            log = os.path.join(s.root, "log")
            shutil.rmtree(log)
            open(log, "w").close()
            s.process.send_signal(signal.SIGHUP)
            until(lambda: "log file not reopened" in s.said(), s.said, server=s)
            self.assertIn("[error] [log]: the log file cannot be written: Not a directory", s.said())
            if "metrics" in built_modules():
                self.assertIn("\nlyre_log_failed 1\n", s.request("GET", "/metrics", headers={"Authorization": s.authorization()})[2].decode())
            os.unlink(log)
            s.process.send_signal(signal.SIGHUP)
            until(lambda: "log file reopened" in s.said(), s.said, server=s)
            self.assertTrue(s.ok({"operation": "read_log", "filter": "could not be written"}))


class ReadLog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(settings=["logging.level=debug"])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def read(self, **more):
        status, body = self.server.call({"operation": "read_log", **more})
        self.assertEqual(status, 200, body)
        return body

    def refuse(self, message, **more):
        self.assertEqual(self.server.call({"operation": "read_log", **more}), (400, {"error": message}))

    def test_entries(self):
        first = self.read(limit=1)
        self.assertEqual(len(first), 1)
        self.assertEqual(sorted(first[0]), ["level", "message", "tags", "thread", "timestamp"])
        self.assertIsInstance(first[0]["tags"], list)
        self.assertIn(first[0]["level"], LEVELS)
        self.assertEqual(first[0]["thread"], "main")
        lines = self.read(limit=50)
        self.assertEqual(lines, sorted(lines, key=lambda e: e["timestamp"]))
        self.assertEqual(self.read(limit=1, start=1), lines[1:2])
        self.assertEqual(self.read(limit=None, start=None, level=None, until=None, order=None, filter=None, to=None)[:5], lines[:5])
        newest = self.read(order="desc", limit=2)
        self.assertGreaterEqual(newest[0]["timestamp"], newest[1]["timestamp"])
        self.assertEqual(self.read(**{"from": lines[0]["timestamp"], "to": lines[0]["timestamp"], "limit": 1}), lines[:1])
        self.assertEqual(self.read(until="2001-01-01"), [])

    def test_level_and_filter(self):
        name = "none: ü\nnew\tline \\ \"quoted\""
        self.server.call({"operation": "read_log", "log_name": name})
        found = self.read(filter=name, level="debug", order="desc", limit=1)
        self.assertEqual(len(found), 1)
        self.assertIn(name, found[0]["message"])
        self.assertEqual(found[0]["level"], "debug")
        self.assertEqual(self.read(filter=name, level="fatal"), [])
        self.assertEqual(self.read(filter=name + "x"), [])

    def test_refusals(self):
        self.refuse("'from' date 'z' is invalid.. 'level' must be one of [notify, fatal, error, warn, info, debug, trace]. 'order' must be"
            " one of [asc, desc]. 'limit' must be greater than or equal to 1. 'start' must be greater than or equal to 0",
            **{"from": "z", "level": "x", "order": "y", "limit": 0, "start": -1})
        self.refuse("'limit' must be a number", limit="many")
        self.refuse("'limit' must be an integer", limit=1.5)
        self.refuse("'filter' must be a string", filter=["x"])
        self.refuse("'until' date '[…]' is invalid.", until=[])
        self.refuse("'log_name' '../x' is invalid.", log_name="../x")
        self.refuse("'log_name' '%s' is invalid." % ("ü" * 29), log_name="ü" * 50 + "x")
        self.refuse("'log_name' 'x%s' is invalid." % ("ü" * 29), log_name="x" + "ü" * 50)

    def test_no_file(self):
        with Server(settings=["logging.file=false"]) as s:
            status, body = s.call({"operation": "read_log"})
            self.assertEqual((status, body), (501, {"error": "the log is not written to a file: logging.file is false"}))

    def test_rotated(self):
        """All lines, each once, however often the log is rotated while it is read."""
        settings = ["logging.level=debug", "logging.rotation.enabled=true", "logging.rotation.maxSize=20K"]
        with Server(settings=settings) as s:
            stop = threading.Event()

            def write():
                i = 0
                while not stop.is_set() and i < 3000:
                    s.call({"operation": "describe_database", "database": "number-%d-" % i})
                    i += 1

            writer = threading.Thread(target=write)
            writer.start()
            try:
                for order in ("asc", "desc") * 4:
                    body = s.ok({"operation": "read_log", "filter": "number-", "limit": 100000, "order": order})
                    numbers = [int(e["message"].split("number-")[1].split("-")[0]) for e in body]
                    n = len(numbers)
                    self.assertEqual(numbers, list(range(n)) if order == "asc" else list(range(n - 1, -1, -1)))
                    time.sleep(0.2)
                log = os.path.join(s.root, "log")
                until(lambda: len(os.listdir(log)) > 2 or not writer.is_alive(), "the log is not rotated")
            finally:
                stop.set()
                writer.join()
            self.assertGreater(len(os.listdir(log)), 2)


class Large(unittest.TestCase):
    """The times are printed, not checked: 'rare' reads the whole log for its few errors."""

    def write(self, path, total):
        begin = 1700000000
        block, lines = [], 0
        with open(path, "wb") as f:
            while f.tell() < total:
                block = []
                for i in range(lines, lines + 20000):
                    level = "error" if i % 100 == 50 else "fatal" if i % 1000000 == 7 else "info" if i % 3 else "warn"
                    block.append("%s [http/%d] [%s] [data]: request %d of a client took %d us and was answered\n" % (
                        stamp(begin + i // 1000, i % 1000), i % 2, level, i, i % 977))
                lines += len(block)
                f.write("".join(block).encode())
        return lines, begin

    def memory(self, s):
        with open("/proc/%d/status" % s.process.pid) as f:
            figures = dict(line.split(":", 1) for line in f)
        return int(figures["VmRSS"].split()[0]), int(figures["VmHWM"].split()[0])

    def measure(self, s, name, **more):
        if HAS_PROC:
            with open("/proc/%d/clear_refs" % s.process.pid, "w") as f:
                f.write("5")
            before = self.memory(s)[0]
        begin = time.monotonic()
        body = s.ok({"operation": "read_log", **more})
        took = time.monotonic() - begin
        grown = "%d KiB more" % (self.memory(s)[1] - before) if HAS_PROC else ""
        print("  %-34s %5d lines %8.1f ms  %s" % (name, len(body), took * 1000, grown))
        return body

    def test_large(self):
        total = size(os.environ.get("LOG_BYTES", "8M"))
        with Server(settings=["logging.rotation.enabled=false"], start=False) as s:
            os.makedirs(os.path.join(s.root, "log"), exist_ok=True)
            path = os.path.join(s.root, "log", "lyre.log")
            lines, begin = self.write(path, total)
            s.start()
            s.ok({"operation": "read_log", "limit": 1}) # the first request has its password checked
            print("\nread_log, %.2f GiB, %d lines" % (os.path.getsize(path) / 2**30, lines))
            errors = self.measure(s, "last 100 errors", level="error", order="desc", limit=100)
            last = (lines - 51) // 100 * 100 + 50
            self.assertEqual([int(e["message"].split()[1]) for e in errors], list(range(last, last - 10000, -100)))
            self.measure(s, "last 100 lines", order="desc", limit=100)
            self.assertEqual(len(self.measure(s, "rare: all fatal ones", level="fatal", order="desc")), (lines - 8) // 1000000 + 1)
            self.assertEqual(self.measure(s, "none: trace", level="trace", order="desc"), [])
            self.assertEqual(self.measure(s, "none: a text", filter="no such text"), [])
            middle = lines // 2 // 1000 * 1000
            got = self.measure(s, "100 from the middle on", **{"from": stamp(begin + middle // 1000), "limit": 100})
            self.assertEqual([int(e["message"].split()[1]) for e in got], list(range(middle, middle + 100)))
            got = self.measure(s, "100 before the middle", until=stamp(begin + middle // 1000), limit=100, order="desc")
            self.assertEqual(int(got[0]["message"].split()[1]), middle)
            self.measure(s, "first 1000", limit=1000)


class Changes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def table(self, name):
        s = self.server
        s.call({"operation": "create_table", "database": "dev", "table": name, "primary_key": "id"})
        return {"database": "dev", "table": name}

    def write(self, where):
        s = self.server
        s.ok({"operation": "insert", "records": [{"id": 1, "name": "a"}, {"id": "two", "name": "b"}], **where})
        s.ok({"operation": "update", "records": [{"id": 1, "name": "c", "more": [1, {"x": None}]}], **where})
        s.ok({"operation": "delete", "ids": ["two"], **where})

    def job(self, **request):
        return self.server.wait_for_job(self.server.ok(request)["job_id"])

    def test_read(self):
        where = self.table("read")
        self.write(where)
        entries = self.server.ok({"operation": "read_transaction_log", **where})
        self.assertEqual([(e["operation"], e["user_name"], e["hash_values"]) for e in entries],
            [("insert", "admin", [1, "two"]), ("update", "admin", [1]), ("delete", "admin", ["two"])])
        times = [e["timestamp"] for e in entries]
        self.assertEqual(entries[0]["records"][1], {"id": "two", "name": "b", "__createdtime__": times[0], "__updatedtime__": times[0]})
        self.assertEqual(entries[1]["records"], [{"id": 1, "name": "c", "more": [1, {"x": None}], "__createdtime__": times[0],
            "__updatedtime__": times[1]}])
        self.assertEqual(entries[2]["records"], [None])
        for more, wanted in (({"limit": 2}, entries[:2]), ({"from": times[1]}, entries[1:]), ({"from": times[1], "to": times[1]}, entries[1:2]),
                ({"to": "2001-01-01"}, [])):
            self.assertEqual(self.server.ok({"operation": "read_transaction_log", **where, **more}), wanted)
        audit = {"operation": "read_audit_log", **where}
        self.assertEqual(self.server.ok(audit), entries)
        self.assertEqual(self.server.ok({**audit, "search_type": "timestamp", "search_values": times[1:]}), entries[1:])
        self.assertEqual(self.server.ok({**audit, "search_type": "username", "search_values": ["admin", "bob", "admin"]}), {"admin": entries})
        found = self.server.ok({**audit, "search_type": "hash_value", "search_values": ["two", 1, 99, 1]})
        self.assertEqual(list(found), ["1", "99", "two"] if list(found)[0] == "1" else ["two", "1", "99"])
        self.assertEqual(found["99"], [])
        self.assertEqual([(e["operation"], e["hash_values"], e["records"]) for e in found["two"]],
            [("insert", ["two"], entries[0]["records"][1:]), ("delete", ["two"], [None])])
        # in the form used by clients of older releases
        for search in ({"search_type": "timestamp", "search_values": times[1:]}, {"search_type": "timestamp", "search_values": []},
                {"search_type": "username", "search_values": ["admin"]}, {"search_type": "hash_value", "search_values": [1], "limit": 1}):
            self.assertEqual(self.server.ok({"operation": "read_transaction_log", **where, **search}), self.server.ok({**audit, **search}))
        self.server.ok({"operation": "drop_attribute", "attribute": "name", **where})
        entries = self.server.ok({"operation": "read_transaction_log", **where})
        self.assertNotIn("name", entries[0]["records"][0])

    def test_refusals(self):
        where = self.table("refuse")
        call = self.server.call
        self.server.call({"operation": "create_table", "database": "dev", "table": "silent", "primary_key": "id", "audit": False})
        silent = {"database": "dev", "table": "silent"}
        text = {"error": "Table 'dev.silent' was created without audit: writes to it are not logged"}
        self.assertEqual(call({"operation": "read_transaction_log", **silent}), (400, text))
        self.assertEqual(call({"operation": "read_audit_log", **silent}), (400, text))
        job = self.job(operation="delete_audit_logs_before", timestamp=1, **silent)
        self.assertEqual((job["status"], job["message"]), ("ERROR", text["error"]))
        audit = {"operation": "read_audit_log", **where}
        for more, message in (
                ({"search_type": "username"}, "'search_values' is required"),
                ({"search_type": "x"}, "'search_type' must be one of [timestamp, username, hash_value]"),
                ({"search_type": "timestamp", "search_values": ["x"]}, "'search_values[0]' must be in timestamp or number of milliseconds format"),
                ({"search_type": "timestamp", "search_values": [1, 2, 3]}, "'search_values' must contain one or two times"),
                ({"search_type": "username", "search_values": [5]}, "'search_values[0]' must be a string"),
                ({"search_type": "hash_value", "search_values": [[]]}, "'search_values' must be strings or numbers")):
            self.assertEqual(call({**audit, **more}), (400, {"error": message}))
        self.assertEqual(call({"operation": "read_transaction_log", **where, "search_type": "username", "search_values": [], "from": 0}),
            (400, {"error": "'search_type' cannot be combined with 'from' or 'to'"}))
        self.assertEqual(call({"operation": "read_audit_log", "database": "dev", "table": "nope"})[0], 404)

    def test_delete(self):
        where, other = self.table("delete"), self.table("stay")
        for _ in range(30):
            self.write(where)
            self.write(other)
            self.server.ok({"operation": "delete", "ids": [1], **where})
            self.server.ok({"operation": "delete", "ids": [1], **other})
        read = lambda w: self.server.ok({"operation": "read_transaction_log", **w})
        before, kept = read(where), read(other)
        self.assertEqual(len(before), 120)
        job = self.job(operation="delete_transaction_logs_before", timestamp=before[50]["timestamp"], **where)
        self.assertEqual(job["status"], "COMPLETE", job)
        self.assertEqual(read(where), before[50:])
        self.assertEqual(read(other), kept)
        self.server.restart()
        self.assertEqual(read(where), before[50:])
        self.assertEqual(read(other), kept)
        job = self.job(operation="delete_audit_logs_before", timestamp=str(int(before[-1]["timestamp"]) + 60000), **where)
        self.assertEqual(job["status"], "COMPLETE", job)
        self.assertEqual(read(where), [])
        self.assertEqual(read(other), kept)
        self.write(where)
        self.assertEqual(len(read(where)), 3)


if __name__ == "__main__":
    unittest.main()
