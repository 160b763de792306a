# SPDX-License-Identifier: Apache-2.0
"""lyre sql: one statement, those of a file, and the shell, against a socket that answers with what a test says."""
import http.server, json, os, pty, re, select, signal, socketserver, stat, subprocess, sys, tempfile, termios, threading, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import HAS_TERMINALS, LYRE, Server, built_modules, feature

on_terminals = unittest.skipUnless(HAS_TERMINALS, "this system gives no pseudo terminals")
with_libedit = unittest.skipUnless(feature("HAVE_LIBEDIT"), "this build has no libedit")

SECONDS = 60  # until it is certain that something does not come
ROWS = [{"id": 1, "name": "Penny"}, {"id": 22, "name": "Harper"}]
TABLE = "id  name\n--  ------\n 1  Penny\n22  Harper\n"
DESCRIBED = {"dev": {"dog": {"record_count": 2, "attributes": [{"attribute": "id", "indexed": True, "is_primary_key": True},
                                                             {"attribute": "name", "indexed": True}, {"attribute": "notes"}]},
                     "breed": {"record_count": 1, "attributes": [{"attribute": "id", "indexed": True, "is_primary_key": True}]}}}


class Answerer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request["operation"] == "describe_all":
            return self.answer(200, DESCRIBED)
        statement = request["sql"]
        self.server.statements.append(statement)
        if "slow" in statement:
            self.server.waiting.set()
            self.server.go_on.wait(SECONDS)
        if "wrong" in statement:
            return self.answer(400, {"error": "Invalid SQL at: wrong"})
        self.answer(200, ROWS if statement.lstrip()[:6].upper() == "SELECT" else {"message": "done"})

    def answer(self, status, value):
        csv = self.headers["Accept"] == "text/csv" and status == 200
        body = (b'"id","name"\n1,"Penny"\n22,"Harper"' if csv else json.dumps(value).encode())
        try:
            self.send_response(status)
            self.send_header("Content-Type", "text/csv" if csv else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the client has stopped waiting
            pass

    def log_message(self, *args):
        pass


class SocketServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Typist:
    """The client at a terminal."""
    def __init__(self, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:  # even if the tests run in the background
                signal.signal(number, signal.SIG_DFL)
            os.execve(LYRE, [LYRE, "sql"], env)
        self.text, self.seen = "", 0

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def wait(self, pattern):
        """Waits until the terminal shows it, after what was waited for before."""
        deadline = time.monotonic() + SECONDS
        while not (found := re.compile(pattern).search(self.text, self.seen)):
            if time.monotonic() > deadline or not select.select([self.fd], [], [], SECONDS)[0]:
                raise AssertionError("no %r in %r" % (pattern, self.text[self.seen:]))
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                raise AssertionError("it ended before %r: %r" % (pattern, self.text[self.seen:]))
            piece = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])|\x07", "", piece.decode())
            self.text += piece.replace("\r\n", "\n").replace("\r", "")
        self.seen = found.end()
        return found.group(0)

    def prompt(self, pattern=r"lyre> $"):
        self.wait(pattern)
        # libedit shows the prompt before it reads keys: until then, the terminal itself handles some of them
        deadline = time.monotonic() + SECONDS
        while feature("HAVE_LIBEDIT") and termios.tcgetattr(self.fd)[3] & termios.ICANON and time.monotonic() < deadline:
            time.sleep(0.001)

    def ask(self, line):
        """Types a line, and returns what is shown before the next prompt."""
        self.type(line + "\r")
        begun = self.seen
        self.prompt()
        return self.text[begun:self.seen]

    def end(self):
        """The exit status."""
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:  # the end of a terminal
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@unittest.skipUnless(os.path.exists(LYRE), "the client is not built")
class Sql(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lyre-sql-")
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        self.server = SocketServer(os.path.join(self.home, "socket"), Answerer)
        self.server.statements, self.server.waiting, self.server.go_on = [], threading.Event(), threading.Event()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.go_on.set)
        self.env = {"HOME": self.home, "LYRE_SOCKET": self.server.server_address, "TERM": "xterm", "PATH": os.environ["PATH"],
                    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
        self.history = os.path.join(self.home, ".local", "state", "lyre", "sql_history")

    def lyre(self, *words, input=""):
        r = subprocess.run([LYRE, *words], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, timeout=60, text=True)
        return r.returncode, r.stdout, r.stderr

    # ---- without a terminal ----

    def test_statement(self):
        self.assertEqual(self.lyre("sql", "SELECT id, name FROM dev.dog"), (0, TABLE, ""))
        self.assertEqual(self.lyre("--json", "sql", "@SELECT"), (0, '{"message": "done"}', ""))
        self.assertEqual(self.lyre("--csv", "sql", "SELECT 1"), (0, '"id","name"\n1,"Penny"\n22,"Harper"', ""))
        self.assertEqual(self.lyre("sql", "INSERT 'a\"\\\n\u00e4'"), (0, "done\n", ""))
        self.assertEqual(self.lyre("sql", 'sql:="SELECT 2"'), (0, TABLE, ""))
        self.assertEqual(self.lyre("sql", "wrong"), (1, "", "lyre: Invalid SQL at: wrong\n"))
        self.assertEqual(self.server.statements, ["SELECT id, name FROM dev.dog", "@SELECT", "SELECT 1", "INSERT 'a\"\\\n\u00e4'", "SELECT 2", "wrong"])

    def test_usage(self):
        self.assertEqual(self.lyre("sql", "a", "b"), (2, "", "lyre: usage: lyre sql [STATEMENT]\n"))
        self.assertEqual(self.lyre("help", "sql")[1].split("\n")[0], "lyre sql [STATEMENT]")

    def test_where_statements_end(self):
        for name, text, statements in (
                ("one", "SELECT 1;", ["SELECT 1"]), ("without its semicolon", "SELECT 1", ["SELECT 1\n"]),
                ("two on a line", "SELECT 1; SELECT 2;", ["SELECT 1", " SELECT 2"]),
                ("over lines", "SELECT\n1\n;", ["SELECT\n1\n"]),
                ("in a text", "SELECT ';', 'it''s;';", ["SELECT ';', 'it''s;'"]),
                ("in names", 'SELECT ";", `;`, [;];', ['SELECT ";", `;`, [;]']),
                ("in comments", "SELECT 1 -- a; b'\n/* ;' */;", ["SELECT 1 -- a; b'\n/* ;' */"]),
                ("over lines of a text", "SELECT '\n.quit\n;';", ["SELECT '\n.quit\n;'"]),
                ("none", "", []), ("blanks", " \n\n", []), ("semicolons", ";;\n;", []), ("a comment", "-- SELECT\n/* ; */", [])):
            with self.subTest(name):
                self.server.statements.clear()
                status, out, err = self.lyre("sql", input=text)
                self.assertEqual((status, err), (0, ""))
                self.assertEqual(self.server.statements, statements)
                self.assertEqual(out, TABLE * len(statements))

    def test_a_file_ends_with_what_is_refused(self):
        self.assertEqual(self.lyre("sql", input="INSERT 1;\nwrong; INSERT 2;\nINSERT 3;\n"), (1, "done\n", "lyre: Invalid SQL at: wrong\n"))
        self.assertEqual(self.server.statements, ["INSERT 1", "wrong"])
        self.assertEqual(self.lyre("sql", input=".nothing\nINSERT 1;\n"), (2, "", "lyre: there is no command '.nothing': .help lists the commands\n"))
        self.assertEqual(self.lyre("sql", input="INSERT 1;\n.quit\nINSERT 2;\n"), (0, "done\n", ""))

    def test_answers_of_a_file_end_their_lines(self):
        rows = json.dumps(ROWS)
        self.assertEqual(self.lyre("--json", "sql", input="SELECT 1;SELECT 2;"), (0, rows + "\n" + rows + "\n", ""))
        self.assertEqual(self.lyre("sql", input=".mode json\nSELECT 1;\n.mode csv\nSELECT 1;\n.mode table\nSELECT 1;\n"),
                         (0, rows + '\n"id","name"\n1,"Penny"\n22,"Harper"\n' + TABLE, ""))
        self.assertEqual(self.lyre("sql", input=".mode xml\n"), (2, "", "lyre: usage: .mode table|json|csv\n"))

    def test_tables(self):
        self.assertEqual(self.lyre("sql", input=".tables\n"), (0, "table      records\n---------  -------\ndev.dog          2\ndev.breed        1\n", ""))
        dog = "table    attribute  index\n-------  ---------  -----------\ndev.dog  id         primary key\ndev.dog  name       index\ndev.dog  notes\n"
        for name in "dog", "dev.dog":
            self.assertEqual(self.lyre("sql", input=".schema %s\n" % name), (0, dog, ""))
        self.assertEqual(self.lyre("sql", input=".schema\n")[1].count("\n"), 6)
        self.assertEqual(self.lyre("sql", input=".schema cat\n"), (1, "", "lyre: there is no table 'cat': .tables lists the tables\n"))

    def test_nobody_there(self):
        self.env["LYRE_SOCKET"] = "/nowhere/socket"
        self.assertEqual(self.lyre("sql", input="SELECT 1;\nSELECT 2;\n")[0], 3)

    # ---- the shell ----

    def shell(self):
        t = Typist(self.env)
        t.prompt()
        return t

    @on_terminals
    def test_shell(self):
        t = self.shell()
        self.assertIn(TABLE, t.ask("SELECT id, name FROM dev.dog;"))
        t.type("SELECT id,\r")
        t.prompt(r"  \.\.\.> $")
        self.assertIn(TABLE, t.ask("name FROM dev.dog;"))
        self.assertIn("lyre: Invalid SQL at: wrong\n", t.ask("wrong;"))
        self.assertIn("dev.breed        1\n", t.ask(".tables"))
        self.assertIn(".mode MODE", t.ask(".help"))
        self.assertIn("there is no command '.x'", t.ask(".x"))
        self.assertIn('"id","name"\n1,"Penny"\n22,"Harper"\n', t.ask(".mode csv") + t.ask("SELECT 1;"))
        t.type(".quit\r")
        self.assertEqual(t.end(), 0)
        self.assertEqual(self.server.statements, ["SELECT id, name FROM dev.dog", "SELECT id,\nname FROM dev.dog", "wrong", "SELECT 1"])

    @on_terminals
    def test_end_of_input(self):
        t = self.shell()
        t.type("\x04")
        self.assertEqual(t.end(), 0)

    @on_terminals
    def test_interrupt_drops_what_is_typed(self):
        t = self.shell()
        for _ in range(3):
            t.type("SELECT 'half")
            t.wait("half")
            t.type("\x03")
            t.prompt()
        t.type("SELECT '\r")
        t.prompt(r"  \.\.\.> $")
        t.type("\x03")
        t.prompt()
        self.assertIn(TABLE, t.ask("SELECT 2;"))
        t.type("\x04")
        self.assertEqual(t.end(), 0)
        self.assertEqual(self.server.statements, ["SELECT 2"])

    @on_terminals
    def test_interrupt_ends_a_request(self):
        t = self.shell()
        for _ in range(2):
            self.server.waiting.clear()
            t.type("SELECT slow; SELECT 'not reached';\r")
            self.assertTrue(self.server.waiting.wait(SECONDS))
            t.type("\x03")
            t.prompt()
        self.assertIn(TABLE, t.ask("SELECT 2;"))
        t.type("\x04")
        self.assertEqual(t.end(), 0)
        self.assertEqual(self.server.statements, ["SELECT slow", "SELECT slow", "SELECT 2"])

    @on_terminals
    def test_other_signals_end_it(self):
        t = self.shell()
        os.kill(t.pid, signal.SIGTERM)
        self.assertEqual(t.end(), -signal.SIGTERM)

    @on_terminals
    @with_libedit
    def test_history(self):
        t = self.shell()
        t.ask("SELECT 1;")
        t.type("SELECT\r")
        t.prompt(r"  \.\.\.> $")
        t.ask("2;")
        t.ask("SELECT 'PassWord: x';")
        t.ask(".mode json")
        t.type(".quit\r")
        self.assertEqual(t.end(), 0)
        with open(self.history) as f:
            kept = f.read()
        self.assertNotIn("PassWord", kept)
        self.assertEqual(stat.S_IMODE(os.stat(self.history).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.history)).st_mode), 0o700)
        os.chmod(self.history, 0o644)
        t = self.shell()
        t.type("\x1b[A\x1b[A\x1b[A\r")  # over .quit and .mode
        t.wait(r"22  Harper\n")
        t.prompt()
        t.type("\x04")
        self.assertEqual(t.end(), 0)
        self.assertEqual(self.server.statements[-1], "SELECT 2")
        self.assertEqual(stat.S_IMODE(os.stat(self.history).st_mode), 0o600)

    @on_terminals
    @with_libedit
    def test_history_elsewhere(self):
        self.env["XDG_STATE_HOME"] = os.path.join(self.home, "state")
        t = self.shell()
        t.ask("SELECT 1;")
        t.type("\x04")
        t.end()
        self.assertTrue(os.path.exists(os.path.join(self.home, "state", "lyre", "sql_history")))
        self.assertFalse(os.path.exists(self.history))

    @on_terminals
    @with_libedit
    def test_completion(self):
        t = self.shell()
        t.type("sel\t")
        t.wait("select ")
        t.type("na\t")
        t.wait("name ")
        t.type("FR\t")
        t.wait("FROM ")
        t.type("dev\t")
        t.wait(r"dev\.")
        t.type("\t")
        t.wait(r"dev\.dog  dev\.breed\n")
        t.type("do\t")
        t.wait(r"dev\.dog ")
        t.type("d WHERE d.no\t")
        t.wait(r"d\.notes ")
        t.type(";\r")
        t.prompt()
        t.type(".ta\t\r")
        t.wait(r"dev\.breed        1\n")
        t.prompt()
        t.type("\x04")
        self.assertEqual(t.end(), 0)
        self.assertEqual(self.server.statements, ["select name FROM dev.dog d WHERE d.notes "])

    @on_terminals
    @with_libedit
    def test_characters(self):
        t = self.shell()
        t.ask("SELECT 'ä€日';")
        t.type("\x04")
        t.end()
        self.assertEqual(self.server.statements, ["SELECT 'ä€日'"])


@unittest.skipUnless(os.path.exists(LYRE) and "sql" in built_modules(), "this build has no client, or no module 'sql'")
class OfAServer(unittest.TestCase):
    def test_functions_and_commands(self):
        with Server() as s:
            s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
            s.ok({"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": 1, "age": 7}, {"id": 2, "age": 5}, {"id": 3, "age": 7},
                                                                                        {"id": 4, "ok": True}, {"id": 5, "ok": 1}, {"id": 6, "ok": True}]})
            lines = """.mode json
                SELECT ARRAY(age) AS a, DISTINCT_ARRAY(ARRAY(age)) AS d, MEDIAN(age) AS m FROM dev.dog WHERE id < 4;
                SELECT ARRAY(ok) AS a, DISTINCT_ARRAY(ok) AS d FROM dev.dog WHERE id > 3;
                SELECT CURRENT_DATE() = DATE_FORMAT(NOW(), 'YYYY-MM-DD') AS today, LEN(CURRENT_TIME()) AS len;
                SELECT id FROM dev.dog WHERE age REGEXP '^[67]$' AND EXTRACT(DATE(0), 'year') = '1970';
                .mode table
                .tables
                UPDATE dev.dog SET age = 'x' WHERE id = 3;
                SELECT DATE_ADD(age, 1, 'moons') FROM dev.dog;
                """.replace("  ", "")
            r = subprocess.run([LYRE, "--socket", s.socket_path, "sql"], input=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True)
            self.assertEqual(r.stderr[:40], "lyre: an interval must be years, quarter")
            self.assertEqual(r.stdout, '''[{"a":[7,5,7],"d":[7,5],"m":7}]
[{"a":[true,1,true],"d":[true,1]}]
[{"today":1,"len":12}]
[{"id":1},{"id":3}]
table    records
-------  -------
dev.dog        6
{
  "message": "updated 1 of 1 records",
  "update_hashes": [3],
  "skipped_hashes": []
}
''')
            self.assertEqual(r.returncode, 1)


if __name__ == "__main__":
    unittest.main()
