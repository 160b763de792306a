# SPDX-License-Identifier: Apache-2.0
"""Mutated requests to a running server: each is answered in the API's form, or its connection is closed, and nothing else is affected.

MUTATIONS: how many (3000). MUTATION_SEED: which (1). MUTATION_ONLY: numbers of requests, "17,18", to send only these, in this order.
"""
import json, os, re, shutil, socket, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "api"))
import formats
from lyre_server import LYRED, MINIMAL, PASSWORD, SOURCE, Server, built_modules, table_permission
from mutations import Mutator, recorded_bodies

MUTATIONS = int(os.environ.get("MUTATIONS", "3000"))
SEED = os.environ.get("MUTATION_SEED", "1")
ONLY = [int(n) for n in os.environ.get("MUTATION_ONLY", "").split(",") if n]
# After this many, the databases are checked and created anew.
ROUND = 1000
THREADS = 4
# A user who may see a part of dev.dog, and sends statements.
LIMITED = "limited"
PIPELINE = 16
# Longer than any request takes, even with a sanitizer on a busy machine.
HANG_SECONDS = 60
LARGEST_BODY = 1 << 20
# Allowed statuses; 500 is not one of them.
STATUSES = {200, 400, 401, 403, 404, 406, 409, 413, 414, 415, 417, 431, 501, 503, 505}
BUSY = r"in progress|Too many (credentials|attempts)|[Ss]erver is (stopping|already restarting)|statement was stopped: it ran for more than|client has closed the connection"
FINDINGS_SHOWN = 10


def read_answer(f, head_only=False):
    """(status, headers, body) of the next answer, None at the end of the connection; ValueError if it is not an answer."""
    line = f.readline()
    if not line:
        return None
    m = re.fullmatch(rb"HTTP/1\.[01] (\d\d\d) [^\r\n]+\r\n", line)
    if not m:
        raise ValueError("not an answer: %r" % line[:200])
    status, headers = int(m.group(1)), {}
    while True:
        line = f.readline()
        if line == b"\r\n":
            break
        name, colon, value = line.partition(b":")
        if not line.endswith(b"\r\n") or not colon:
            raise ValueError("not a header: %r" % line[:200])
        headers[name.decode().lower()] = value.strip().decode("latin-1")
    body = b""
    if head_only or status < 200 or status == 204:
        pass
    elif headers.get("transfer-encoding") == "chunked":
        while True:
            size = int(f.readline(), 16)
            piece = f.read(size + 2)
            if len(piece) != size + 2:
                raise ValueError("an answer breaks off")
            if size == 0:
                break
            body += piece[:-2]
    elif "content-length" in headers:
        body = f.read(int(headers["content-length"]))
        if len(body) != int(headers["content-length"]):
            raise ValueError("an answer breaks off")
    else:
        body = f.read()
    return status, headers, body


def is_library_page(answer):
    """libmicrohttpd itself refuses what it cannot parse, with an HTML page, and closes; sometimes with two headers."""
    status, headers, body = answer
    return status in (400, 413, 414, 431, 505) and headers.get("connection") == "close" and "content-type" not in headers and (
        body.startswith((b"<html>", b"HTTP/1.1 %d " % status)))


# Formats besides JSON; YAML if Python can read it.
OTHERS = set(formats.READERS) - {"application/json"} - (set() if formats.has_yaml() else {"text/yaml"})


def fault_of_other(kind, status, body):
    try:
        value = formats.value_of(kind, body)
    except (ValueError, KeyError, TypeError) as e:
        return "not %s: %s" % (kind, e)
    if status == 200:
        return None
    # A refusal in lines has one line, and its columns or members are those of the object in JSON.
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(value, dict) or not value.get("error"):
        return "no error"
    return None if str(value.get("statusCode", status)) == str(status) else "statusCode"


def fault_of(status, headers, body):
    """What is wrong with an answer, or None."""
    if status == 100 or (status == 204 and not body):
        return None
    if status == 200 and not body and "access-control-allow-headers" in headers:
        return None  # a preflight
    if status not in STATUSES:
        return "status %d" % status
    kind = headers.get("content-type", "").split(";")[0]
    if kind == "application/octet-stream":
        return None if status == 200 and body else "a file as an answer"
    if kind in OTHERS:
        return fault_of_other(kind, status, body)
    if (status, body) in ((200, b"HarperDB is running."), (404, b"Not found\n"), (400, b"Invalid Preflight Request")):
        return None
    try:
        value = json.loads(body, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError) as e:
        return "not JSON: %s" % e
    if status == 200:
        return None if isinstance(value, (dict, list)) else "not an object or a list"
    if not isinstance(value, dict) or not isinstance(value.get("error"), str) or not value["error"]:
        return "no error"
    if status == 503 and not re.search(BUSY, value["error"]):
        return "busy with nothing"
    return "statusCode" if value.get("statusCode", status) != status else None


def declarations(server):
    """The server's declarations of its operations; only their names if it has no help module."""
    status, declared = server.call({"operation": "describe_operations"})
    if status == 200:
        return declared
    listed = subprocess.run([LYRED, "-c", "/dev/null", "--list-operations"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [{"operation": line.split()[0], "aliases": [], "parameters": []} for line in listed.splitlines()]


class Run:
    def __init__(self, server, work):
        self.s, self.work, self.lock = server, work, threading.Lock()
        self.findings, self.statuses, self.closed, self.pages = 0, {}, 0, 0
        self.has_users = "users" in built_modules()
        self.backup = os.path.join(work, "backup.mdb")
        paths = [self.backup, os.path.join(work, "fifo"), "/dev/zero", work, os.path.join(work, "none")]
        os.mkfifo(paths[1])
        # Not set_configuration, which may change the root, so that after the next restart it is another server.
        declared = [d for d in declarations(server) if d["operation"] != "set_configuration"]
        self.mutator = Mutator(SEED, declared, recorded_bodies(os.path.join(SOURCE, "tests", "api", "vectors")),
                               [server.authorization()] + ([server.authorization(LIMITED, PASSWORD)] if self.has_users else []), paths)

    def finding(self, number, raw, why, answer=b""):
        with self.lock:
            self.findings += 1
            if self.findings <= FINDINGS_SHOWN:
                print("FINDING: seed %s, request %d: %s\n  request (hex) %s%s\n  answer %r" % (
                    SEED, number, why, raw[:4000].hex(), "" if len(raw) <= 4000 else " and %d bytes more" % (len(raw) - 4000), answer[:600]), flush=True)

    def judge(self, number, raw, answer):
        status, headers, body = answer
        with self.lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1
        fault = fault_of(status, headers, body)
        if fault:
            self.finding(number, raw, fault, b"%d %r " % (status, headers.get("content-type", "").encode()) + body)

    # ---- the connections ----

    def connect(self):
        c = socket.create_connection(("127.0.0.1", self.s.port), timeout=HANG_SECONDS)
        return c, c.makefile("rb")

    def pipeline(self, requests):
        """Requests with valid framing: each is answered, in order, on as few connections as the server allows."""
        while requests:
            number, raw = requests[0]
            c, f = self.connect()
            with c, f:
                try:
                    c.sendall(b"".join(raw for _, raw in requests))
                except socket.timeout:
                    return self.finding(number, raw, "is not read")
                except OSError:
                    pass # closed while we were sending: only the answers matter
                begun = len(requests)
                while requests:
                    number, raw = requests[0]
                    try:
                        answer = read_answer(f)
                    except socket.timeout:
                        return self.finding(number, raw, "no answer")
                    except (OSError, ValueError) as e:
                        return self.finding(number, raw, "no whole answer: %s" % e)
                    if answer is None:
                        break
                    self.judge(number, raw, answer)
                    requests = requests[1:]
                    if answer[1].get("connection", "").lower() == "close":
                        break
                if len(requests) == begun:
                    return self.finding(number, raw, "closed without an answer")

    def alone(self, number, raw):
        """Whatever the bytes are: since we close our side, there is an answer, or the end of the connection."""
        c, f = self.connect()
        with c, f:
            try:
                c.sendall(raw)
                c.shutdown(socket.SHUT_WR)
            except socket.timeout:
                return self.finding(number, raw, "is not read")
            except OSError:
                pass
            answers = 0
            try:
                while True:
                    answer = read_answer(f, head_only=raw.startswith(b"HEAD"))
                    if answer is None:
                        break
                    answers += 1
                    if is_library_page(answer):
                        with self.lock:
                            self.pages += 1
                    else:
                        self.judge(number, raw, answer)
                    if answer[1].get("connection") == "close":
                        break # the server waits a moment for us to close first
                    c.settimeout(0.05) # for what may follow
            except socket.timeout:
                if not answers:
                    return self.finding(number, raw, "no answer, and not closed")
            except ConnectionError:
                pass
            except ValueError as e:
                return self.finding(number, raw, str(e))
        if not answers:
            with self.lock:
                self.closed += 1

    def work_on(self, numbers):
        """A thread: batches of requests from an iterator that all threads share."""
        while True:
            with self.lock:
                batch = [n for n, _ in zip(numbers, range(PIPELINE))]
            if not batch or self.findings >= FINDINGS_SHOWN:
                return
            made = [(n,) + self.mutator.request(n) for n in batch]
            small = [(n, raw) for n, raw, framed in made if framed and len(raw) < 8192]
            try:
                self.pipeline(small)
                for n, raw, framed in made:
                    if not framed or len(raw) > LARGEST_BODY:
                        self.alone(n, raw)
                    elif len(raw) >= 8192:
                        self.pipeline([(n, raw)])
            except Exception as e: # a fault of a thread itself is a finding too, and so is a server that has ended
                self.finding(batch[0], b"".join(raw for _, raw, _ in made), "%s: %s, in its batch of %d" % (type(e).__name__, e, len(batch)))
                return

    # ---- between rounds ----

    def clear(self):
        """Checks that every database is intact, and drops it."""
        for database in self.s.ok({"operation": "describe_all"}):
            message = self.s.ok({"operation": "check_database", "database": database})["message"]
            if " is sound: " not in message:
                raise AssertionError("%s: %s" % (database, message))
            self.s.ok({"operation": "drop_database", "database": database})

    def fill(self):
        """Creates what the recorded and the typical requests name; this also shows that the server works."""
        names = ["Penny", "Harper", "Alby", "Caf\u00e9", "", None]
        for database, table, attributes in (("dev", "dog", None), ("data", "dog", None), ("dev", "typed", [
                {"name": "id", "type": "Int"}, {"name": "name", "type": "String", "indexed": True}, {"name": "age", "type": "Float", "indexed": True}])):
            create = {"operation": "create_table", "database": database, "table": table, "primary_key": "id"}
            self.s.ok(dict(create, attributes=attributes) if attributes else create)
            records = [{"id": i, "name": names[i % 6], "age": i / 2} for i in range(60)]
            self.s.ok({"operation": "insert", "database": database, "table": table, "records": records})
            found = self.s.ok({"operation": "search_by_conditions", "database": database, "table": table, "get_attributes": ["id"],
                               "conditions": [{"attribute": "age", "comparator": "greater_than_equal", "value": 20}]})
            if sorted(r["id"] for r in found) != list(range(40, 60)):
                raise AssertionError("the server does not find what was inserted: %s" % found)
        if self.has_users:
            self.add_limited()

    def add_limited(self):
        """Adds the user, if it does not exist yet."""
        seen = [{"attribute_name": n, "read": True, "insert": True, "update": n == "id"} for n in ("id", "age")]
        permission = {"super_user": False, "dev": {"tables": {"dog": table_permission("read", "insert", "update", attributes=seen)}}}
        self.s.call({"operation": "add_role", "role": LIMITED, "permission": permission})
        self.s.call({"operation": "add_user", "username": LIMITED, "password": PASSWORD, "role": LIMITED, "active": True})

    def run(self):
        numbers = ONLY or range(MUTATIONS)
        self.clear()
        self.fill()
        status, _, body = self.s.request(body=b'{"operation":"get_backup","database":"dev"}', headers={
            "Content-Type": "application/json", "Authorization": self.s.authorization()})
        with open(self.backup, "wb") as f:
            f.write(body)
        for at in range(0, len(numbers), ROUND):
            part = iter(numbers[at:at + ROUND])
            threads = [threading.Thread(target=self.work_on, args=(part,)) for _ in range(1 if ONLY else THREADS)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            if self.s.process.poll() is not None:
                raise AssertionError("lyred ended with %s after request %d" % (self.s.process.returncode, numbers[at]))
            self.clear()
            self.fill()
            if self.findings >= FINDINGS_SHOWN:
                return


def main():
    sys.setrecursionlimit(100000) # answers may be nested as deeply as requests
    threading.stack_size(256 << 20)
    work, begun = tempfile.mkdtemp(prefix="lyre-mutate-"), time.monotonic()
    failed = True
    try:
        settings = ["operationsApi.network.maxBodySize=%d" % LARGEST_BODY] + (["modules.sql.timeout=1s"] if "sql" in built_modules() else [])
        with Server(settings=settings) as server:
            run = Run(server, work)
            try:
                run.run()
                failed = run.findings > 0
            finally:
                print("%d requests, seed %s, in %.1f s: answers %s; pages of the library %d; closed without an answer %d; findings %d" % (
                    len(ONLY) or MUTATIONS, SEED, time.monotonic() - begun,
                    ", ".join("%d: %d" % s for s in sorted(run.statuses.items())), run.pages, run.closed, run.findings), flush=True)
                said = server.said()
                bad = [line for line in said.splitlines() if re.search(r" \[(error|fatal)\] |Sanitizer|runtime error:", line)]
                if bad:
                    failed = True
                    print("The server said:\n" + "\n".join(bad[:40]))
    finally:
        shutil.rmtree(work)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
