# SPDX-License-Identifier: Apache-2.0
"""lyre, the command-line client, against a server."""
import fcntl, json, os, pty, re, select, signal, socket, stat, struct, subprocess, sys, termios, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client_case import ClientCase, on_terminals
from lyre_server import LYRE, LYRED, Server, built_modules, until

with_system = unittest.skipUnless("system" in built_modules(), "this build has no module 'system'")
with_users = unittest.skipUnless("users" in built_modules(), "this build has no module 'users'")
MAGIC = bytes.fromhex("dec0efbe")


class Client(ClientCase):
    def test_defaults(self):
        """The command line overrides the environment, which overrides the user's file."""
        home = os.path.join(self.folder, "home")
        os.makedirs(os.path.join(home, ".config", "lyre"))
        config, url = os.path.join(home, ".config", "lyre", "config"), "http://127.0.0.1:%d" % self.s.port
        who = lambda *words, **env: json.loads(self.ok(*words, "--json", "user_info", HOME=home, XDG_CONFIG_HOME="", **env))["username"]
        secret = self.file("secret", self.s.admin[1].encode() + b"\n")
        with open(config, "w") as f:
            f.write("# where it is\nurl = http://127.0.0.1:1\n\n  user=nobody \npassword-file = %s\n" % secret)
        self.assertIn("127.0.0.1:1", self.refused(3, "user_info", HOME=home, XDG_CONFIG_HOME="", LYRE_SOCKET=""))
        self.assertEqual(who(LYRE_SOCKET="", LYRE_URL=url, LYRE_USER="admin"), "admin")
        self.assertEqual(who("--url", url, "--user", "admin"), "admin")
        self.assertIn("Login failed", self.refused(1, "user_info", HOME=home, XDG_CONFIG_HOME=""))
        self.assertEqual(who(LYRE_USER="admin"), "admin")
        self.assertEqual(who("--socket", self.s.socket_path, LYRE_SOCKET="", LYRE_URL="http://127.0.0.1:1", LYRE_USER="admin"), "admin")
        with open(config, "a") as f:
            f.write("colour = red\n")
        self.assertIn("config:6: 'colour' is not url,", self.refused(2, "user_info", HOME=home, XDG_CONFIG_HOME=""))

    @unittest.skipUnless("help" in built_modules(), "this build has no module 'help'")
    def test_did_you_mean(self):
        err = self.refused(1, "serch_by_value")
        self.assertEqual(err, "lyre: Operation 'serch_by_value' not found\n  did you mean 'search_by_value'? lyre help lists the operations\n")

    def test_backup_of_all(self):
        with Server() as s:
            for name in ("one", "two", "bad"):
                s.ok({"operation": "create_table", "database": name, "table": "t", "primary_key": "id"})
            s.end()
            with open(os.path.join(s.root, "database", "bad.mdb"), "r+b") as f:
                f.truncate(5000)
            s.start()
            folder = os.path.join(self.folder, "all")
            files = [os.path.join(folder, name + ".mdb") for name in ("one", "two", "system")]
            for more in ([], ["--force"]):
                status, out, err = self.lyre("backup", "--all", folder, *more, socket_path=s.socket_path)
                self.assertEqual((status, out.split()), (1, files))
                self.assertRegex(err, r"^lyre: database 'bad' was not backed up: .*truncated")
            for file in files:
                self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
            self.assertEqual(sorted(os.listdir(folder)), ["one.mdb", "system.mdb", "two.mdb"])
            self.assertIn("restored", self.ok("restore", files[1], "again", socket_path=s.socket_path))
            self.assertIn("exists: use --force to replace it", self.lyre("backup", "--all", folder, socket_path=s.socket_path)[2])
        for words in (["backup"], ["backup", "d"], ["backup", "--all"], ["backup", "--all", "d", "f"], ["backup", "--all", "f", "--table", "t"]):
            self.assertIn("usage: lyre backup", self.refused(2, *words))

    def test_help_of_own_commands(self):
        for command in ("backup", "restore", "export", "import", "compact", "check", "passwd", "sql", "help"):
            self.assertTrue(self.ok("help", command, socket_path="/nowhere").startswith("lyre %s " % command))

    @with_system
    def test_one_item_instead_of_a_list(self):
        self.assertEqual(list(json.loads(self.ok("--json", "system_information", "attributes=memory"))), ["memory"])

    # ---- arguments ----

    def test_types_come_from_the_declaration(self):
        d = self.make({"id": 1, "n": 7}, {"id": "1", "n": "7"}, {"id": "abc", "n": True})
        find = lambda *words: json.loads(self.ok("--json", *words))
        self.assertEqual(find("search_by_id", d, "table=t", "ids=1,abc", "get_attributes=id,n"),
                         [{"id": 1, "n": 7}, {"id": "abc", "n": True}])
        self.assertEqual(find("search_by_id", d, "table=t", 'ids=["1"]', "get_attributes=id"), [{"id": "1"}])
        self.assertEqual(find("search_by_value", d, "table=t", "attribute=n", "value=7", "get_attributes=id"), [{"id": 1}])
        self.assertEqual(find("search_by_value", d, "table=t", "attribute=n", 'value="7"', "get_attributes=id"), [{"id": "1"}])
        self.assertEqual(find("search_by_value", d, "table=t", "attribute=n", "value=true", "get_attributes=id"), [{"id": "abc"}])
        self.assertEqual(len(find("search_by_value", d, "table=t", "attribute=id", "value=*", "limit=2")), 2)
        self.assertIn("record_count", find("describe_table", d, "table=t", "exact_count=true"))
        # old names work in the client as in the server
        self.assertEqual(find("search_by_hash", "schema=" + self.database(), "table=t", "hash_values=1", "get_attributes=id"),
                         [{"id": 1}])

    def test_names_of_digits_stay_texts(self):
        d = "database=007"
        self.ok("create_table", d, "table=0123", "primary_key=1")
        self.assertEqual(json.loads(self.ok("describe_table", d, "table=0123"))["name"], "0123")
        self.ok("insert", d, "table=0123", 'records={"1":"x"}')
        self.assertEqual(json.loads(self.ok("--json", "search_by_id", d, "table=0123", "ids=x", "get_attributes=1")), [{"1": "x"}])

    def test_the_newline_that_ends_a_file_is_not_of_the_value(self):
        d = self.make()
        self.ok("insert", d, "table=t", 'records=[{"id":"k","text":"secret"},{"id":"l","text":"secret\\n"}]')
        found = lambda word, text: [r["id"] for r in json.loads(self.ok("--json", "search_by_value", d, "table=t", "attribute=text", word, input=text))]
        for text in b"secret", b"secret\n", b"secret\r\n":
            self.assertEqual(found("value=@-", text), ["k"])
        self.assertEqual(found("value=@" + self.file("secret", b"secret\n"), b""), ["k"])
        self.assertEqual(found("value=@-", b"secret\n\n"), ["l"])
        self.assertEqual(found("value:=@-", b'"secret\\n"\n'), ["l"])
        self.assertEqual(found("value=@-", b"secret\n "), [])

    def test_raw_json_and_files(self):
        d = self.make()
        path = self.file("records.json", json.dumps([{"id": i} for i in range(100)]).encode())
        self.assertEqual(json.loads(self.ok("insert", d, "table=t", "records=@" + path))["message"], "inserted 100 of 100 records")
        self.assertEqual(json.loads(self.ok("insert", d, "table=t", "records:=@-", input=b'[{"id":"x"}]'))["inserted_hashes"], ["x"])
        # one record may be given without a list
        self.assertEqual(json.loads(self.ok("insert", d, "table=t", 'records={"id":"y"}'))["inserted_hashes"], ["y"])
        self.assertEqual(json.loads(self.ok("delete", d, "table=t", "ids:=[0,1]"))["deleted_hashes"], [0, 1])

    def test_wrong_words(self):
        for words in ([], ["insert", "x"], ["insert", "=x"], ["insert", ":=1"], ["insert", "records:=["], ["insert", "records=[1"],
                      ["insert", "records=@/nowhere/x"], ["insert", "operation=delete"], ["backup", "x"], ["restore"], ["help", "a", "b"],
                      ["--nonsense"], ["--url", "http://localhost", "--socket", "/x", "describe_all"]):
            status, out, err = self.lyre(*words)
            self.assertEqual((status, out), (2, ""), words)
            self.assertTrue(err, words)

    # ---- answers ----

    def test_table(self):
        d = self.make({"id": 1, "name": "Zoë", "n": 1.5}, {"id": 20, "name": "日本", "n": None}, {"id": 300, "name": "a\x1b[31m\nb", "o": {"x": [1]}})
        out = self.ok("search_by_value", d, "table=t", "attribute=id", "value=*", "get_attributes=id,name,n,o")
        self.assertEqual(out.split("\n"), [
            " id  name               n  o",
            "---  --------------  ----  ---------",
            "  1  Zoë              1.5  null",
            " 20  日本            null  null",
            "300  a\\u001b[31m\\nb  null  {\"x\":[1]}",
            ""])

    def test_numbers_stay_exact(self):
        d = self.make({"id": 9007199254740993}, {"id": 123456789012345678})
        out = self.ok("search_by_value", d, "table=t", "attribute=id", "value=*", "get_attributes=id")
        self.assertEqual(out.split(), ["id", "-" * 18, "9007199254740993", "123456789012345678"])
        self.ok("upsert", d, "table=t", 'records={"id":"big","n":18446744073709551615}')
        self.assertEqual(self.ok("search_by_id", d, "table=t", "ids=big", "get_attributes=n").split()[2], "18446744073709551615")

    def test_raw_answers(self):
        d = self.make({"id": 1, "name": "x"})
        words = ["search_by_id", d, "table=t", "ids=1", "get_attributes=id,name"]
        self.assertEqual(self.ok("--json", *words), '[{"id":1,"name":"x"}]')
        status, out, err = self.lyre("--csv", *words)
        if status == 0:  # not in every build
            self.assertEqual(out.split(), ['"id","name"', '1,"x"'])
            self.assertEqual(self.refused(1, "--csv", "describe_table", "table=none", d),
                             "lyre: Table '%s.none' does not exist\n" % self.database())
        self.assertEqual(self.ok("search_by_id", d, "table=t", "ids=2", "get_attributes=id"), "[]\n")

    def test_large_answer(self):
        d = self.make(*({"id": i, "text": "x" * 500} for i in range(5000)))
        out = self.ok("--json", "search_by_value", d, "table=t", "attribute=id", "value=*")
        self.assertEqual(len(json.loads(out)), 5000)

    def test_errors(self):
        self.assertEqual(self.refused(1, "describe_table", "table=nope", "database=nope"), "lyre: database 'nope' does not exist\n")
        self.assertEqual(self.refused(1, "describe_table"), "lyre: 'table' is required\n")
        self.assertEqual(self.refused(1, "no_such_operation", "a=1"), "lyre: Operation 'no_such_operation' not found\n  lyre help lists the operations\n")

    def test_misspelt_argument(self):
        d = self.make({"id": 1})
        status, out, err = self.lyre("describe_table", d, "table=t", "exact_cuont=true")
        self.assertEqual((status, err), (0, "lyre: warning: describe_table does not take 'exact_cuont'; did you mean 'exact_count'?\n"), out)

    def on_screen(self, columns, *words):
        """The client's output on a terminal with this many columns."""
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        r = subprocess.run([LYRE, "--socket", self.s.socket_path, *words], stdin=subprocess.DEVNULL, stdout=child,
                           stderr=subprocess.PIPE, timeout=60)
        os.close(child)
        text = b""
        try:
            while piece := os.read(parent, 65536):
                text += piece
        except OSError:  # this is how the end appears
            pass
        os.close(parent)
        self.assertEqual((r.returncode, r.stderr), (0, b""))
        return text.decode().replace("\r\n", "\n").split("\n")[:-1]

    @on_terminals
    def test_table_fits_the_screen(self):
        d = self.make({"id": 123456789, "name": "日本語" * 20, "text": "x" * 300, "short": "y" * 12})
        words = ["search_by_value", d, "table=t", "attribute=id", "value=*", "get_attributes=id,name,text,short"]
        self.assertEqual(self.on_screen(80, *words)[2], "123456789  %s…   %s…  %s" % ("日本語" * 4, "x" * 26, "y" * 12))
        self.assertEqual(self.on_screen(20, *words)[2], "123456789  日本語日本…   %s…  %s" % ("x" * 11, "y" * 12))
        self.assertIn("x" * 300, self.ok(*words))

    @on_terminals
    def test_help_fits_the_screen(self):
        lines = self.on_screen(80, "help", "search_by_conditions")
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertIn("\n" + " " * 18 + "{operator, conditions}", "\n".join(lines))

    def test_no_listener(self):
        self.assertIn("/nowhere/socket", self.refused(3, "describe_all", socket_path="/nowhere/socket"))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.refused(3, "--url", "http://127.0.0.1:%d" % taken.getsockname()[1], "describe_all")

    # ---- signing in ----

    def url(self):
        return "http://127.0.0.1:%d" % self.s.port

    def test_password(self):
        user, password = self.s.admin
        words = ["--url", self.url(), "--user", user, "describe_all", "--json"]
        self.assertTrue(self.ok(*words, LYRE_PASSWORD=password).startswith("{"))
        path = self.file("password", password.encode() + b"\n")
        self.assertTrue(self.ok("--password-file", path, *words, LYRE_PASSWORD="wrong").startswith("{"))
        self.assertIn("Login failed", self.refused(1, *words, LYRE_PASSWORD="wrong"))
        self.assertIn("Must login", self.refused(1, "--url", self.url(), "describe_all"))
        self.assertIn("no terminal", self.refused(2, *words))

    def test_password_is_not_taken_from_the_command_line(self):
        for words in (["--password", "x"], ["--password=x"], ["--url", "http://admin:x@127.0.0.1:1/"]):
            self.assertIn("can be read by everyone", self.refused(2, *words, "describe_all"))

    def answer_prompts(self, answers, *words):
        """The client on a terminal, with a line for each prompt: (status, what the terminal showed)."""
        pid, fd = pty.fork()
        if pid == 0:
            for name in [n for n in os.environ if n.startswith("LYRE_")]:
                del os.environ[name]
            os.execl(LYRE, LYRE, *words)
        text, begun, answers, deadline = b"", 0, list(answers), time.monotonic() + 60
        while time.monotonic() < deadline and select.select([fd], [], [], 60)[0]:
            try:
                piece = os.read(fd, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
            if answers and b"assword for" in text[begun:] and text.endswith(b": "):
                begun = len(text)
                os.write(fd, answers.pop(0).encode() + b"\n")
        os.close(fd)
        self.assertEqual(answers, [], text)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode().replace("\r\n", "\n")

    @on_terminals
    def test_password_is_asked_for_without_echo(self):
        user, password = self.s.admin
        status, text = self.answer_prompts([password], "--url", self.url(), "--user", user, "describe_database", "database=system", "--json")
        self.assertEqual(status, 0, text)
        self.assertIn("hdb_user", text)
        self.assertNotIn(password, text)

    def test_warning_about_plain_http(self):
        for url in "http://lyre.invalid:9925", "lyre.invalid:9925", "https.invalid":
            status, out, err = self.lyre("--url", url, "--user", "x", "describe_all", LYRE_PASSWORD="x")
            self.assertEqual(status, 3)
            self.assertIn("without encryption", err)

    @with_system
    def test_address_without_a_scheme(self):
        """All commands use http."""
        self.make({"id": 1})
        user, password = self.s.admin
        there = ["--url", "127.0.0.1:%d" % self.s.port, "--user", user]
        path, copy = self.file("backup"), self.database() + "_copy"
        self.ok(*there, "backup", self.database(), path, LYRE_PASSWORD=password)
        self.ok(*there, "restore", path, copy, LYRE_PASSWORD=password)
        self.assertEqual(self.records_of(copy), [{"id": 1}])

    @unittest.skipIf(os.geteuid(), "only root can become somebody else")
    def test_socket_that_may_not_be_used(self):
        """Users who may not use the socket are told about the alternative."""
        os.chmod(self.s.root, 0o700)
        words = [LYRE, "-s", self.s.socket_path, "user_info"]
        # With root's home in the environment, as with runuser.
        env = dict(os.environ, HOME=self.s.root, XDG_CONFIG_HOME="")
        program = os.open(LYRE, os.O_RDONLY)  # another user may not even read the folder of the build
        self.addCleanup(os.close, program)

        def become():
            os.setuid(65534)
            os.execve(program, words, env)

        r = subprocess.run(words, preexec_fn=become, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(r.returncode, 3, r.stderr)
        self.assertRegex(r.stderr.decode(), "Permission denied; --url .* --user")

    # ---- users ----

    def add_user(self, name, active="true"):
        self.lyre("add_role", "role=nothing", "permission={}")
        self.ok("add_user", "username=" + name, "password=at first", "role=nothing", "active=" + active)

    def signs_in(self, name, password):
        status, out, err = self.lyre("--url", self.url(), "--user", name, "user_info", "--json", LYRE_PASSWORD=password)
        return status == 0 and json.loads(out)["username"] == name

    @with_users
    def test_passwd(self):
        self.add_user("pia")
        done = "password of 'pia' successfully changed\n"
        secrets = ["sécret \"1\"", "with\\back and {brace}", "x" * 1024]
        for secret in secrets:
            self.assertEqual(self.ok("passwd", "pia", input=secret.encode() + b"\r\nanother line\n"), done)
            self.assertTrue(self.signs_in("pia", secret))
            self.assertFalse(self.signs_in("pia", "at first"))
        self.assertEqual(self.ok("passwd", "pia", input=b"no end of line"), done)
        self.assertTrue(self.signs_in("pia", "no end of line"))
        # as a super_user from elsewhere; nobody else may
        user, password = self.s.admin
        words = ["--url", self.url(), "--user", user, "passwd", "pia"]
        self.assertEqual(self.ok(*words, input=b"by admin\n", LYRE_PASSWORD=password), done)
        self.assertTrue(self.signs_in("pia", "by admin"))
        self.assertIn("not authorized", self.refused(1, "--url", self.url(), "--user", "pia", "passwd", user, input=b"x\n", LYRE_PASSWORD="by admin"))
        self.assertIn("--user NAME", self.refused(2, "--url", self.url(), "passwd", "pia", input=b"x\n"))
        with open(os.path.join(self.s.root, "log", "lyre.log")) as log:
            said = self.s.said() + log.read()
        for secret in secrets + ["no end of line", "by admin"]:
            self.assertNotIn(secret, said)

    @with_users
    def test_passwd_refuses(self):
        self.add_user("paul")
        self.assertEqual(self.refused(1, "passwd", "nobody", input=b"x\n"), "lyre: user 'nobody' does not exist\n")
        for given in (b"", b"\n", b"\r\n"):
            self.assertEqual(self.refused(2, "passwd", "paul", input=given), "lyre: the new password is empty\n")
        for given in (b"\xff\n", b"a\0b\n"):
            self.assertIn("not valid UTF-8", self.refused(2, "passwd", "paul", input=given))
        self.assertIn("cannot read", self.refused(2, "passwd", "paul", input=b"x" * 5000))
        self.refused(1, "passwd", "paul", input=b"x" * 1025)
        self.assertIn("lyre passwd USER", self.refused(2, "passwd", "paul", "secret", input=b"x\n"))
        self.assertIn("lyre passwd USER", self.refused(2, "passwd", input=b"x\n"))
        self.assertTrue(self.signs_in("paul", "at first"))

    def test_passwd_without_the_module_of_users(self):
        with Server(config="modules:\n  schema: true\n") as s:
            self.assertEqual(self.refused(1, "passwd", s.admin[0], input=b"x\n", socket_path=s.socket_path),
                             "lyre: the server's module 'users', which changes passwords, is disabled or not built\n")

    @with_users
    def test_passwd_activates(self):
        self.add_user("petra", active="false")
        self.ok("passwd", "petra", input=b"new\n")
        self.assertFalse(self.signs_in("petra", "new"))
        self.ok("passwd", "petra", "--activate", input=b"newer\n")
        self.assertTrue(self.signs_in("petra", "newer"))

    @with_users
    @on_terminals
    def test_passwd_asks_twice_without_echo(self):
        self.add_user("otto")
        words = ["--socket", self.s.socket_path, "passwd", "otto"]
        status, text = self.answer_prompts(["typed", "typed"], *words)
        self.assertEqual((status, text), (
            0, "New password for otto: \nRepeat the new password for otto: \npassword of 'otto' successfully changed\n"))
        self.assertTrue(self.signs_in("otto", "typed"))
        status, text = self.answer_prompts(["one", "two"], *words)
        self.assertEqual(status, 2)
        self.assertIn("do not match", text)
        status, text = self.answer_prompts([""], *words)
        self.assertEqual(status, 2)
        self.assertIn("empty", text)
        self.assertTrue(self.signs_in("otto", "typed"))

    @with_users
    def test_token(self):
        self.add_user("tom")
        words = ["--url", self.url(), "user_info", "--json"]
        tokens = json.loads(self.ok("--url", self.url(), "--user", "tom", "create_authentication_tokens", "--json", LYRE_PASSWORD="at first"))
        token, path = tokens["operation_token"], self.file("token", tokens["operation_token"].encode() + b"\n")
        for more in (dict(LYRE_TOKEN=token), {}):
            out = self.ok(*([] if more else ["--token-file", path]), *words, **more)
            self.assertEqual(json.loads(out)["username"], "tom")
        # a user is prompted for instead of using the environment's token
        user, password = self.s.admin
        self.assertEqual(json.loads(self.ok("--user", user, *words, LYRE_TOKEN=token, LYRE_PASSWORD=password))["username"], user)
        self.refused(1, *words, LYRE_TOKEN="x" + token)
        self.assertIn("Must login", self.refused(1, *words, LYRE_TOKEN=""))
        self.assertIn("cannot be used together", self.refused(2, "--user", "x", "--token-file", path, *words))
        self.assertIn("no token", self.refused(2, "--token-file", self.file("empty", b"\n"), *words))
        self.assertIn("cannot read the token", self.refused(2, "--token-file", "/nowhere/token", *words))
        status, out, err = self.lyre("--url", "http://lyre.invalid:9925", "user_info", LYRE_TOKEN=token)
        self.assertEqual(status, 3)
        self.assertIn("the token is sent to", err)
        self.assertNotIn(token, err)

    # ---- backups ----

    def test_backup_and_restore(self):
        d = self.make({"id": 1, "name": "x"}, {"id": 2, "name": "y"})
        self.ok("create_table", d, "table=other", "primary_key=id")
        path = self.file("whole")
        self.assertEqual(self.ok("backup", self.database(), path), "")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, "rb") as f:
            self.assertIn(MAGIC, f.read(32))
        self.assertFalse(os.path.exists(path + ".part"))
        self.assertIn("exists", self.refused(1, "backup", self.database(), path))
        self.ok("delete", d, "table=t", "ids=1,2")
        self.ok("backup", "--force", self.database(), path + "2")
        copy = self.database() + "_copy"
        self.assertEqual(self.ok("restore", path, copy), "database '%s' successfully restored\n" % copy)
        found = json.loads(self.ok("--json", "search_by_value", "database=" + copy, "table=t", "attribute=id", "value=*", "get_attributes=id,name"))
        self.assertEqual(found, [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}])
        self.assertIn("other", json.loads(self.ok("--json", "describe_database", "database=" + copy)))
        self.assertIn("already exists", self.refused(1, "restore", path, copy))

    def test_backup_of_tables(self):
        d = self.make({"id": 1})
        for table in ("u", "v"):
            self.ok("create_table", d, "table=" + table, "primary_key=id")
        path = self.file("tables")
        self.ok("backup", self.database(), path, "--table", "t", "--table", "v")
        self.ok("restore", path, self.database() + "_copy")
        self.assertEqual(list(json.loads(self.ok("--json", "describe_database", "database=%s_copy" % self.database()))), ["t", "v"])

    def test_failed_backup_leaves_nothing(self):
        path = self.file("none")
        self.assertIn("does not exist", self.refused(1, "backup", "nowhere", path))
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith(os.path.basename(path))], [])
        self.make()
        self.assertIn("does not exist", self.refused(1, "backup", self.database(), path, "-t", "none"))
        self.refused(1, "backup", self.database(), "/nowhere/file")

    def records_of(self, database):
        return json.loads(self.ok("--json", "search_by_value", "database=" + database, "table=t", "attribute=id", "value=*", "get_attributes=id"))

    def test_backup_and_restore_by_pipes(self):
        self.make({"id": 1})
        os.chdir(self.folder)
        backup = self.piped("backup", self.database(), "-")
        self.assertIn(MAGIC, backup[:32])
        self.assertFalse(os.path.exists(os.path.join(self.folder, "-")))
        self.assertEqual(self.piped("backup", self.database(), "/dev/stdout")[:4], backup[:4])
        for n, source in enumerate(("-", "/dev/stdin")):
            copy = "%s_copy%d" % (self.database(), n)
            self.piped("restore", source, copy, data=backup)
            self.assertEqual(self.records_of(copy), [{"id": 1}])
            name = "standard input" if source == "-" else "'/dev/stdin'"
            self.assertIn(name + " is not a backup", self.lyre("restore", source, "none", input=b"text" * 9)[2])
            self.assertIn(name + " is empty", self.lyre("restore", source, "none", input=b"")[2])
        fifo = self.file("fifo")
        os.mkfifo(fifo)
        reader = subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE)
        self.ok("backup", self.database(), fifo, "--force")
        self.assertIn(MAGIC, reader.communicate()[0][:32])
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))
        left = [n for n in os.listdir(os.path.join(self.s.root, "database")) if n.startswith(".restore")]
        self.assertEqual(left, [])

    def test_backup_follows_a_link(self):
        self.make()
        path, link = self.file("target"), self.file("link")
        os.symlink(path, link)
        self.assertIn("dangling link", self.refused(1, "backup", self.database(), link))
        with open(path, "wb") as f:
            f.write(b"old")
        self.assertIn("exists", self.refused(1, "backup", self.database(), link))
        self.ok("backup", self.database(), link, "--force")
        self.assertTrue(os.path.islink(link))
        with open(path, "rb") as f:
            self.assertIn(MAGIC, f.read(32))
        self.assertIn("Is a directory", self.refused(1, "backup", self.database(), self.folder, "--force"))

    @unittest.skipIf(os.geteuid(), "only root can make devices")
    def test_backup_leaves_a_device(self):
        self.make()
        device = self.file("null")
        try:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except PermissionError:
            self.skipTest("devices cannot be made here")
        self.ok("backup", self.database(), device, "--force")
        self.assertTrue(stat.S_ISCHR(os.stat(device).st_mode))

    def test_restore_looks_at_the_file_first(self):
        self.assertIn("not a backup", self.refused(1, "restore", self.file("text", b"x" * 100), "x"))
        self.assertIn("not a backup", self.refused(1, "restore", self.file("empty", b""), "x"))
        self.assertIn("No such file", self.refused(1, "restore", self.file("none"), "x"))
        self.assertIn("Is a directory", self.refused(1, "restore", self.folder, "x"))
        error = self.refused(3, "restore", self.file("head", bytes(16) + 2 * MAGIC), "x", socket_path="/nowhere")
        self.assertIn("cannot reach the server at '/nowhere': No such file or directory; start lyred, or name another server with --socket or --url", error)

    def test_restore_sends_the_file(self):
        """The server need not be able to read the file, nor be on the same machine."""
        self.make({"id": 1})
        with open(self.file("gone"), "w+b") as f:
            self.ok("backup", self.database(), f.name, "--force")
            g = os.open(f.name, os.O_RDONLY)
            os.unlink(f.name)
        os.set_inheritable(g, True)
        command = [LYRE, "--socket", self.s.socket_path, "restore", "/proc/self/fd/%d" % g, self.database() + "_copy"]
        r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[g], text=True)
        os.close(g)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        self.assertEqual(self.records_of(self.database() + "_copy"), [{"id": 1}])
        self.assertEqual(self.left_on_server(), [])

    def test_restore_from_where_the_file_stands(self):
        self.make({"id": 1})
        path = self.file("behind")
        self.ok("backup", self.database(), path)
        with open(path, "r+b") as f:
            backup = f.read()
            f.seek(0)
            f.write(b"a head of another kind" + backup)
            f.seek(len(b"a head of another kind"))
            command = [LYRE, "--socket", self.s.socket_path, "restore", "-", self.database() + "_copy"]
            f.flush()
            os.lseek(f.fileno(), len(b"a head of another kind"), os.SEEK_SET)
            self.assertEqual(subprocess.run(command, stdin=f, stdout=subprocess.DEVNULL).returncode, 0)
        self.assertEqual(self.records_of(self.database() + "_copy"), [{"id": 1}])

    def test_pipe_between_two_servers(self):
        self.make(*({"id": i, "text": "x" * 1000} for i in range(2000)))
        with Server(settings=["operationsApi.network.maxBodySize=100K"]) as other:
            env = dict(os.environ, LYRE_PASSWORD=other.admin[1])
            take = subprocess.Popen([LYRE, "--socket", self.s.socket_path, "backup", self.database(), "-"], stdout=subprocess.PIPE)
            give = [LYRE, "--url", "http://127.0.0.1:%d" % other.port, "--user", "admin", "restore", "-", "copy of it"]
            r = subprocess.run(give, stdin=take.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True)
            take.stdout.close()
            self.assertEqual((take.wait(), r.returncode, r.stderr), (0, 0, ""))
            self.assertEqual(r.stdout, "database 'copy of it' successfully restored\n")
            table = other.ok({"operation": "describe_table", "database": "copy of it", "table": "t", "exact_count": True})
            self.assertEqual(table["record_count"], 2000)
            self.assertIn("Must login", self.refused(1, "--url", give[2], "restore", self.whole(), "x"))

    def whole(self):
        path = self.file("whole")
        self.ok("backup", self.database(), path, "--force")
        return path

    def left_on_server(self):
        return [n for n in os.listdir(os.path.join(self.s.root, "database")) if n.startswith(".")
                and n not in (".lock", ".reserve")]

    # ---- ^C ----

    def test_interrupted_backup_leaves_nothing(self):
        self.make()
        path = self.file("file")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.s.process.send_signal(signal.SIGSTOP)
            try:
                p = subprocess.Popen([LYRE, "--socket", self.s.socket_path, "backup", self.database(), path])
                until(lambda: os.path.exists(path + ".part"), "nothing has begun")
                self.interrupted(p, number)
            finally:
                self.s.process.send_signal(signal.SIGCONT)
            self.assertEqual([n for n in os.listdir(self.folder) if n.startswith(os.path.basename(path))], [])
        self.ok("backup", self.database(), path)

    def test_interrupted_backup_into_a_pipe(self):
        self.make(*({"id": i, "text": "x" * 1000} for i in range(2000)))
        p = subprocess.Popen([LYRE, "--socket", self.s.socket_path, "backup", self.database(), "-"], stdout=subprocess.PIPE)
        self.assertTrue(p.stdout.read(1))
        self.interrupted(p)
        p.stdout.close()

    def test_interrupted_restore_leaves_nothing(self):
        self.make(*({"id": i, "text": "x" * 1000} for i in range(2000)))
        with open(self.whole(), "rb") as f:
            backup = f.read()
        for begin in (10, 300000):
            p = subprocess.Popen([LYRE, "--socket", self.s.socket_path, "restore", "-", "none"], stdin=subprocess.PIPE)
            p.stdin.write(backup[:begin])
            p.stdin.flush()
            if begin > 10:
                until(self.left_on_server, "nothing is sent")
            self.interrupted(p)
            p.stdin.close()
            until(lambda: not self.left_on_server(), lambda: "a file is left: %s" % self.left_on_server())
        self.assertNotIn("none", json.loads(self.ok("--json", "describe_all")))

    # ---- progress ----

    @on_terminals
    def test_progress(self):
        self.make(*({"id": i, "text": "x" * 1000} for i in range(4000)))
        with open(self.whole(), "rb") as f:
            backup = f.read()
        name, size = self.database(), r"\d+(\.\d)? [kMG]?B"
        with self.on_terminal("backup", name, "-", stdout=subprocess.PIPE) as (p, read):
            self.slowly(p, read, lambda: p.stdout.read(1000), r"\r%s: %s of %s \(\d+%%\), %s/s, \d+:\d\d left\x1b\[K" % (name, size, size, size))
            p.stdout.read()
            self.assertEqual(p.wait(60), 0)
            self.assertRegex(read(), r"\(100%\), [^\r]*\r\n$")
            p.stdout.close()
        copy = name + "_copy"
        with self.on_terminal("restore", "-", copy, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as (p, read):
            left = [backup]

            def write():
                p.stdin.write(left[0][:5000])
                p.stdin.flush()
                left[0] = left[0][5000:]

            self.slowly(p, read, write, r"\r%s: %s, %s/s\x1b\[K" % (copy, size, size))
            p.stdin.write(left[0])
            p.stdin.close()
            self.assertEqual(p.wait(60), 0)
            self.assertIn(b"restored", p.stdout.read())
            p.stdout.close()

    @on_terminals
    def test_no_progress(self):
        """For quick transfers, and if progress is not wanted."""
        self.make({"id": 1})
        with self.on_terminal("backup", self.database(), self.file("quick")) as (p, read):
            self.assertEqual((p.wait(60), read()), (0, ""))
        with self.on_terminal("restore", "--quiet", "-", "none", stdin=subprocess.PIPE) as (p, read):
            began = time.monotonic()
            with open(self.file("quick"), "rb") as f:
                backup = f.read()
            for i in range(0, 8000, 1000):
                p.stdin.write(backup[i:i + 1000])
                p.stdin.flush()
                time.sleep(0.1) # longer than until the first line would be printed
            self.assertGreater(time.monotonic() - began, 0.6)
            self.assertEqual(read(), "")
            self.interrupted(p)
            p.stdin.close()

    @on_terminals
    def test_backup_does_not_go_to_the_terminal(self):
        self.make()
        parent, child = pty.openpty()
        r = subprocess.run([LYRE, "--socket", self.s.socket_path, "get_backup", "database=" + self.database()],
                           stdin=subprocess.DEVNULL, stdout=child, stderr=subprocess.PIPE, timeout=60)
        os.close(child)
        os.close(parent)
        self.assertEqual(r.returncode, 1)
        self.assertIn(b"redirect it to a file", r.stderr)

    # ---- help ----

    def test_help(self):
        self.assertIn("Usage:", self.ok("--help"))
        self.assertRegex(self.ok("--version"), r"^lyre \d+\.\d+\.\d+")
        out = self.ok("help")
        for name in ("describe_all", "create_table", "insert", "search_by_conditions", "describe_operations"):
            self.assertRegex(out, r"(?m)^  %s +\S" % name)
        out = self.ok("help", "drop_schema")
        self.assertIn("lyre drop_database database=… [replicated=…]", out)
        self.assertIn("super users", out)
        self.assertIn("drop_schema", out)
        self.assertIn("has no operation 'no_such_operation'", self.refused(1, "help", "no_such_operation"))

    def test_help_on_limits_of_a_parameter(self):
        out = self.ok("help", "search_by_value")
        self.assertIn("(number, whole, at least 0; default 0)", " ".join(out.split()))
        self.assertIn("Name of the table. (string, a name; required)", self.ok("help", "drop_table"))
        self.assertIn("(array, of objects; required)", self.ok("help", "upsert"))
        self.assertIn("(string, not empty, can be sent as the body; required)", self.ok("help", "restore_backup"))

    def test_help_without_its_module(self):
        """Whether an operation exists is then unknown."""
        with Server(config="modules:\n  schema: true\n") as s:
            for words in (["help"], ["help", "create_table"]):
                self.assertIn("does not list its operations", self.refused(1, *words, socket_path=s.socket_path))

    @with_system
    def test_help_on_settings(self):
        """Settings of the server and of modules, with their constraints, defaults, and when they take effect."""
        every = self.ok("help", "set_configuration")
        self.assertIn("lyre set_configuration NAME=VALUE...\n", every)
        for lines in ("  operationsApi.network.maxConnections\n      Maximum number of open connections. (a whole number from 1 to 1000000; default 1000) Takes effect after a restart or restart_service.\n",
                      "  logging.level\n", "default null) ", "Takes effect at once.", "Has no effect in this build.", "  modules.system.npm.timeout\n"):
            self.assertIn(lines, every)
        some = self.ok("help", "set_configuration", "network_MAXconn")
        self.assertEqual(re.findall(r"(?m)^  (\S+)$", some), ["operationsApi.network.maxConnections", "operationsApi.network.maxConnectionsPerAddress"])
        for name in ("operationsApi.tls.", "operationsApi.network.mtls"):
            text = self.ok("help", "set_configuration", name).replace("  operationsApi.network.mtls.certificateVerification\n", "")
            self.assertEqual(text.count("Takes effect after a restart.\n"), len(re.findall(r"(?m)^  \S+$", text)), text)
        self.assertEqual(self.refused(1, "help", "set_configuration", "no.such"), "lyre: no setting has 'no.such' in its name\n")
        self.assertIn("usage: lyre help", self.refused(2, "help", "insert", "x"))
        self.refused(2, "help", "set_configuration", "x", "y")

    @with_system
    def test_settings_are_described(self):
        described = json.loads(self.ok("describe_settings", "--json"))
        for d in described:
            self.assertEqual(list(d), ["setting", "value", "default", "effect", "help"])
            self.assertTrue(d["value"] and d["help"].endswith("."), d)
            self.assertIn(d["effect"], ("restart", "restart_service", "at once", "none"))
        self.assertIn({"setting": "threads", "value": "a whole number from 1 to 1024, or null", "default": None, "effect": "restart",
                       "help": "Number of threads that serve connections, and of worker threads for long operations; null: one per processor."}, described)

    @with_system
    def test_help_on_what_takes_any_value(self):
        out = self.ok("help", "restart_service")
        self.assertIn("(any value)", out)
        self.assertNotIn("or object", out)

    def is_refused(self, operation):
        """Checks that an operation is refused: at once, or by the job that it starts."""
        status, body = self.s.call(operation)
        if status == 200 and "job_id" in body:
            self.assertEqual(self.s.wait_for_job(body["job_id"])["status"], "ERROR")
        else:
            self.assertIn(status, (400, 404), body)

    def test_documented_requirements_are_enforced(self):
        """Whether the core or the handler checks it."""
        for declared in json.loads(self.ok("describe_operations", "--json")):
            required = [p["name"] for p in declared["parameters"] if p["required"]]
            if required:
                with self.subTest(declared["operation"]):
                    self.is_refused({"operation": declared["operation"]})

    def test_values_of_another_kind_are_refused(self):
        """None is taken as absent."""
        values = {"string": "x", "number": 5, "boolean": True, "array": ["x"], "object": {"x": 1}}
        for declared in json.loads(self.ok("describe_operations", "--json")):
            for p in declared["parameters"]:
                for kind in set(values) - set(p["types"]):
                    with self.subTest(declared["operation"], parameter=p["name"], kind=kind):
                        self.is_refused({"operation": declared["operation"], p["name"]: values[kind]})

    @with_users
    def test_rules_checked_by_handlers_are_documented(self):
        declared = {d["operation"]: d for d in json.loads(self.ok("describe_operations", "--json"))}
        self.assertEqual({p["name"]: (p["types"], p["required"]) for p in declared["add_user"]["parameters"]},
                         {"username": (["string"], True), "password": (["string"], True), "role": (["string"], True),
                          "active": (["boolean"], True)})

    @with_users
    def test_password_of_digits(self):
        """It is a string, as typed."""
        self.ok("add_role", "role=digits", "permission={}")
        self.ok("add_user", "username=0700", "password=1e5", "role=digits", "active=true")
        self.assertEqual(self.s.call({"operation": "user_info"}, headers={"Authorization": self.s.authorization("0700", "1e5")})[0], 200)

    def test_help_tells_who_may(self):
        for operation, sentence in (("get_backup", "For super users only."),
                                    ("create_table", "For super users, and for structure users of the database."),
                                    ("create_database", "For super users, and for structure users of all databases."),
                                    ("upsert", "Roles need the permission to: insert, update.")):
            self.assertIn(sentence, self.ok("help", operation))
        self.assertNotIn("super users", self.ok("help", "insert"))

    def test_declarations(self):
        declared = {d["operation"]: d for d in json.loads(self.ok("describe_operations", "--json"))}
        listed = subprocess.run([LYRED, "-c", "/dev/null", "--list-operations"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual({tuple(line.split()[:3]) for line in listed.splitlines()},
                         {(d["operation"], d["module"], d["access"]) for d in declared.values()})
        words = {"super_user", "open", "user", "structure_user", "structure_user_all"}
        self.assertLessEqual({d["access"] for d in declared.values()}, words)
        tell = lambda name: (declared[name]["access"], declared[name]["permissions"])
        self.assertEqual(tell("describe_operations"), ("user", []))
        self.assertEqual(tell("insert"), ("user", ["insert"]))
        self.assertEqual(tell("upsert"), ("user", ["insert", "update"]))
        self.assertEqual(tell("search_by_id"), ("user", ["read"]))
        self.assertEqual(tell("describe_table"), ("user", ["describe"]))
        self.assertEqual(tell("create_attribute"), ("structure_user", ["insert"]))
        self.assertEqual(tell("drop_database"), ("structure_user_all", []))
        if "users" in built_modules():
            self.assertEqual(tell("add_user"), ("super_user", []))
            self.assertEqual(tell("logout"), ("open", []))


if __name__ == "__main__":
    unittest.main()
