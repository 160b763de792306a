# SPDX-License-Identifier: Apache-2.0
"""Modules that must not load: each is refused with a message that says what to do, and an invalid module is never run."""
import os, shutil, struct, subprocess, sys, tempfile, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, LYRED, STATIC_ONLY, Server, built_modules, until

# Exit status of lyred if the configuration is invalid.
MISCONFIGURED = 3
# An id that no user or group here has.
STRANGER = 54321
MODULES = os.path.join(BUILD, "tests", "module", ".libs")


def built(name):
    return os.path.join(MODULES, name + ".so")


def config(*modules):
    """A configuration whose first module is in line 2, each with its settings after its name."""
    lines = ["modules:"]
    for name, *settings in modules:
        lines.append("  %s:" % name)
        lines += ["    " + s for s in settings or ["path: " + built(name)]]
    return "\n".join(lines) + "\n"


def at(name, *more):
    return (name, "path: " + built(name)) + more


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="lyre-module-")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.file = os.path.join(self.root, "lyre.yaml")

    def check(self, text, lyred=LYRED):
        with open(self.file, "w") as f:
            f.write(text)
        return subprocess.run([lyred, "--check", "-c", self.file, "-r", self.root], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

    def refused(self, text, *sentences):
        p = self.check(text)
        self.assertNotEqual(p.returncode, 0, p.stdout)
        self.assertGreater(p.returncode, 0, "ended by a signal: " + p.stdout)
        for s in sentences:
            self.assertIn(s, p.stdout)

    def accepted(self, text, *sentences):
        p = self.check(text)
        self.assertEqual(p.returncode, 0, p.stdout)
        for s in sentences:
            self.assertIn(s, p.stdout)
        return p.stdout


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Refusals(Case):
    def test_good(self):
        self.accepted(config(at("good")), ", 1 module, 1 operation.")
        self.accepted(config(at("good", "rounds: 9")))

    def test_setting_out_of_range(self):
        self.refused(config(at("good", "rounds: 10")), "lyre.yaml:4", "rounds")

    def test_unknown_setting(self):
        self.refused(config(at("good", "ruonds: 2")), "lyre.yaml:4", "ruonds", "rounds")

    def test_not_found(self):
        self.refused("modules:\n  schema: {}\n  scheme: {}\n",
                     "module 'scheme' (%s:3): not found: not built in, and " % self.file,
                     "/scheme.so", "available modules:", "did you mean 'schema'?")

    def test_no_such_file(self):
        self.refused(config(("foo", "path: /nowhere/foo.so")), "module 'foo' (%s:2): " % self.file, "/nowhere/foo.so",
                     "No such file or directory")

    def test_not_absolute(self):
        self.refused(config(("foo", "path: foo.so")), "module 'foo' (%s:2)" % self.file, "must be absolute")

    def test_magic(self):
        self.refused(config(at("bad_magic")),
                     "module 'bad_magic' (%s:2): is not a Lyre module: its magic is 'FIDDLE1', not 'LYREMOD': %s"
                     % (self.file, built("bad_magic")))

    def test_no_symbol(self):
        self.refused(config(at("no_symbol")), built("no_symbol") + ": is not a Lyre module: it has no symbol lyre_module")

    def test_major(self):
        self.refused(config(at("bad_major")),
                     "module 'bad_major' (%s:2): built for ABI 2." % self.file, "this server has 1.",
                     "%s (version 3.1): install a build of bad_major for ABI 1, or a newer lyre" % built("bad_major"))

    def test_minor(self):
        self.refused(config(at("bad_minor")), "built for ABI 1.999, this server has 1.", "install a newer lyre")

    def test_fork(self):
        self.refused(config(at("fork")), "its ABI is marked 'lute', this server's ''")

    def test_size(self):
        self.refused(config(at("bad_size")), "the descriptor's size is given as 4096 bytes")

    def test_name(self):
        self.refused(config(at("bad_name")), "module 'bad_name' (%s:2): calls itself 'another_name'" % self.file,
                     "name it 'another_name' under modules:")
        self.accepted(config(("another_name", "path: " + built("bad_name"))))

    def test_undefined_symbol(self):
        self.refused(config(at("undefined_symbol")), "module 'undefined_symbol' (%s:2): cannot be loaded: " % self.file,
                     "lyre_test_function_of_nobody")

    def test_truncated(self):
        with open(built("good"), "rb") as f:
            data = f.read()
        # The loaded part ends with the last segment; sections for debuggers may follow.
        wide = data[4] == 2
        table, = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)
        entry, count = struct.unpack_from("<HH", data, 54 if wide else 42)
        segments = [struct.unpack_from("<IIQQQQ" if wide else "<IIIII", data, table + i * entry) for i in range(count)]
        end = max(s[2] + s[5] if wide else s[1] + s[4] for s in segments if s[0] == 1)
        for size in (0, 3, 40, 600, end // 2, end - 1):
            path = os.path.join(self.root, "good.so")
            with open(path, "wb") as f:
                f.write(data[:size])
            self.refused(config(("good", "path: " + path)), path, "is truncated" if size > 16 else "is not a shared object")

    def test_anybody_may_write(self):
        path = os.path.join(self.root, "good.so")
        shutil.copy(built("good"), path)
        os.chmod(path, 0o666)
        self.refused(config(("good", "path: " + path)), "anyone may write to this file (mode 0666)")
        os.chmod(path, 0o644)
        self.accepted(config(("good", "path: " + path)))
        os.chmod(self.root, 0o777)
        self.refused(config(("good", "path: " + path)), "anyone may add files to its folder (mode 0777)")

    @unittest.skipIf(os.geteuid(), "only root can give files away")
    def test_another_user_or_group_may_write(self):
        path = os.path.join(self.root, "good.so")
        text = config(("good", "path: " + path))
        shutil.copy(built("good"), path)
        os.chown(path, STRANGER, 0)
        self.refused(text, path, "belongs to user %d, who is neither root nor the server's user" % STRANGER, "chown it")
        os.chown(path, 0, STRANGER)
        self.accepted(text)
        os.chmod(path, 0o664)
        self.refused(text, path, "group %d may write to this file (mode 0664)" % STRANGER, "chmod g-w")
        os.chown(path, 0, 0)
        self.accepted(text)
        os.chown(self.root, STRANGER, 0)
        self.refused(text, path, "its folder belongs to user %d" % STRANGER)
        os.chown(self.root, 0, STRANGER)
        os.chmod(self.root, 0o1775)
        self.refused(text, path, "group %d may add files to its folder (mode 1775)" % STRANGER)
        shown = subprocess.run([LYRED, "--module-info", path], stdout=subprocess.PIPE, universal_newlines=True, check=True)
        self.assertRegex(shown.stdout, "loads: +no: .*group %d may add files" % STRANGER)

    def test_anybody_may_write_the_configuration(self):
        text = "logging:\n  level: warn\n"
        self.accepted(text)
        os.chmod(self.file, 0o666)
        self.refused(text, self.file, "anyone may write to this file (mode 0666): check its content, then chmod o-w it")

    @unittest.skipIf(os.geteuid(), "only root can give files away")
    def test_another_user_or_group_may_write_the_configuration(self):
        harmless, code = "logging:\n  level: warn\n", config(at("good"))
        self.accepted(code)
        os.chown(self.file, STRANGER, 0)
        self.assertIn("user %d, neither root nor the server's user, owns and can change" % STRANGER, self.accepted(harmless))
        self.refused(code, self.file, "a module cannot be named by its path here, because user %d" % STRANGER)
        os.chown(self.file, 0, STRANGER)
        os.chmod(self.file, 0o660)
        self.assertIn("group %d can change %s (mode 0660): chmod g-w it" % (STRANGER, self.file), self.accepted(harmless))
        self.refused(code, self.file, "a module cannot be named by its path here, because group %d can change" % STRANGER)
        os.chown(self.file, 0, 0)
        self.accepted(code)

    def test_missing_need(self):
        self.refused(config(at("missing_need")), "module 'missing_need' (%s:2): needs the module 'nowhere'" % self.file,
                     "add 'nowhere' under modules:, or remove 'missing_need'")

    def test_need_of_a_later_version(self):
        self.refused(config(at("good"), at("newer_need")),
                     "module 'newer_need' (%s:4): needs the module 'good' >=1.10, but %s is version 1.9.0" % (self.file, built("good")))

    def test_order(self):
        self.accepted(config(at("needs_good"), at("good")))

    def test_cycle(self):
        self.refused(config(at("cycle_a"), at("good"), at("cycle_b")), "circular dependency: cycle_a -> cycle_b -> cycle_a")

    def test_duplicate_operation(self):
        self.refused(config(at("good"), at("dup_operation")), "module 'dup_operation'", "the operation 'good'", "module 'good'",
                     "remove one of the two modules")

    def test_access_not_declared(self):
        self.refused(config(at("undeclared")), "module 'undeclared' (%s:2): " % self.file,
                     "operation 'for_whom' has no access: set .access to LYRE_ACCESS_SUPER_USER")

    def test_duplicate_setting(self):
        self.refused(config(at("dup_setting")), "module 'dup_setting' (%s:2): declares the setting 'a.b' twice" % self.file)


    def test_all_at_once(self):
        """Each module that does not load, and the faults of those that do; not those that need one that does not load."""
        gone = ("good", "path: /nowhere/good.so")
        p = self.check(config(gone, at("bad_major"), at("needs_good"), at("dup_setting"), at("missing_need"), at("undeclared"), at("cycle_a"), at("cycle_b"), ("schema", "never: 1")))
        lines = p.stdout.splitlines()
        self.assertEqual(p.returncode, MISCONFIGURED, p.stdout)
        words = ["module 'good'", "module 'bad_major'", "module 'dup_setting'", "module 'missing_need'", "module 'cycle_a'", "unknown setting 'modules.schema.never'", "module 'undeclared'"]
        self.assertEqual(len(lines), len(words), p.stdout)
        for line, word in zip(lines, words):
            self.assertTrue(line.startswith("lyred: ") and word in line, p.stdout)


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Optional(Case):
    def test_left_out(self):
        for name in ("bad_major", "bad_magic", "undefined_symbol", "missing_need"):
            with self.subTest(name):
                self.accepted(config(at("good"), at(name, "optional: true")), "module '%s' (%s:4): " % (name, self.file),
                              "skipped, as it is optional")

    def test_not_installed(self):
        """As with split packages: modules that the configuration does not name may be missing, named ones may not."""
        shared = os.path.join(BUILD, "modules", ".libs")
        gone = sorted(f[:-3] for f in os.listdir(shared) if f.endswith(".so")) if os.path.isdir(shared) else []
        if "schema" not in gone or len(gone) < 2:
            self.skipTest("modules are built in")
        gone.remove("schema")
        tree = os.path.join(self.root, "tree")
        folder = os.path.join(tree, "modules", ".libs")
        os.makedirs(folder)
        shutil.copy(os.path.join(shared, "schema.so"), folder)
        open(os.path.join(tree, "config.status"), "w").close()
        lyred = shutil.copy(LYRED, tree)
        for text, code in (("", 0), ("modules:\n  %s: true\n" % gone[0], MISCONFIGURED)):
            p = self.check(text, lyred)
            self.assertEqual(p.returncode, code, p.stdout)
            self.assertIn("module '%s'" % gone[0], p.stdout)
            self.assertEqual(p.stdout.count("is not installed, and is skipped"), 0 if code else len(gone), p.stdout)
        # A server without any module does not start.
        os.unlink(os.path.join(folder, "schema.so"))
        p = self.check("", lyred)
        self.assertEqual(p.returncode, MISCONFIGURED, p.stdout)
        self.assertIn("no modules are available", p.stdout)

    def test_settings_of_one_left_out(self):
        self.accepted(config(at("good"), at("bad_major", "optional: true", "anything: 1")), "skipped, as it is optional")

    def test_modules_that_need_a_missing_one(self):
        gone = ("good", "path: /nowhere/good.so", "optional: true")
        self.refused(config(gone, at("needs_good")), "module 'needs_good'", "needs the module 'good'")
        self.accepted(config(gone, at("needs_good", "optional: true")), "module 'needs_good'", "needs the module 'good'")

    def test_cycle(self):
        self.refused(config(at("cycle_a"), at("cycle_b", "optional: true")), "needs the module 'cycle_b'")
        self.accepted(config(at("cycle_a", "optional: true"), at("cycle_b", "optional: true")), "circular")


@unittest.skipUnless(STATIC_ONLY, "this build loads modules")
class StaticOnly(Case):
    def test_sentence(self):
        self.refused(config(("foo", "path: /nowhere/foo.so")), "this build has no dynamic loading", "/nowhere/foo.so")
        self.refused("modules:\n  foo: {}\n", "this build has no dynamic loading")

    def test_each_is_told(self):
        p = self.check("modules:\n  schema: {}\n  foo: {}\n  bar: {path: /nowhere/bar.so}\n")
        self.assertEqual(p.returncode, MISCONFIGURED, p.stdout)
        told = [line.split(" (")[0] for line in p.stdout.splitlines()]
        self.assertEqual(told, ["lyred: module 'foo'", "lyred: module 'bar'"], p.stdout)


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Served(unittest.TestCase):
    def test_settings_and_left_out_operations(self):
        text = config(("schema", "optional: false"), at("good", "rounds: 5"), at("start_fails", "optional: true"))
        with Server(config=text) as s:
            status, body = s.call({"operation": "good"})
            self.assertEqual((status, body["rounds"]), (200, 5))
            status, body = s.call({"operation": "never_heard"})
            self.assertEqual(status, 400)
            self.assertIn("not found", body["error"])
            self.assertIn("skipped, as it is optional", s.said())

    def test_start_fails(self):
        with self.assertRaises(RuntimeError) as caught:
            with Server(config=config(at("good"), at("start_fails"))):
                pass
        self.assertRegex(str(caught.exception), r"module 'start_fails' \(.*lyre.yaml:4\): does not start: "
                                                r"the strings of 7 are out of tune \(version 1.0.0\)")

    def test_access_of_a_route(self):
        for access, sentence in ((0, "does not declare its access: set it to LYRE_ACCESS_USER"),
                                 (4, "unknown access or way to run"), (5, "unknown access or way to run")):
            with self.subTest(access), self.assertRaisesRegex(RuntimeError, "'/pages/text' .*" + sentence):
                with Server(config=config(at("pages", "access: %d" % access))):
                    pass

    def test_own_work(self):
        """In its start(), and on a thread of its own; what it writes is there after a restart."""
        with Server(config=config(at("own_work"), ("data", "enabled: true"))) as s:
            until(lambda: "the thread has worked" in s.said(), "no work on the thread")
            self.assertIn("[own_work]: there is no work for a thread", s.said())
            s.restart()
            until(lambda: s.said().count("the thread has worked") == 2, "no work on the thread")
            rows = s.ok({"operation": "search_by_id", "database": "own", "table": "work", "ids": ["start", "thread"], "get_attributes": ["*"]})
            self.assertEqual([(r["name"], r["count"]) for r in rows], [("start", 2), ("thread", 2)])

    def test_own_work_that_fails(self):
        with self.assertRaisesRegex(RuntimeError, "module 'own_work' .* does not start: there is no work for start"):
            with Server(config=config(at("own_work", "fail: true"))):
                pass

    def test_modules_that_need_one_that_does_not_start(self):
        gone = at("start_fails", "optional: true")
        with self.assertRaisesRegex(RuntimeError, "needs the module 'start_fails', which did not start"):
            with Server(config=config(gone, at("needs_start_fails"))):
                pass
        with Server(config=config(gone, at("needs_start_fails", "optional: true"))) as s:
            self.assertIn("needs the module 'start_fails', which did not start", s.said())

    def test_careless(self):
        with Server(config=config(at("careless"))) as s:
            for operation, sentence in (("no_query_size", "struct lyre_query whose size is 0: set its first member"),
                                        ("no_query_table", "struct lyre_query without a table"),
                                        ("no_spec_size", "struct lyre_table_spec whose size is 0"),
                                        ("no_key", "struct lyre_table_spec without a database, a name or a primary_key"),
                                        ("no_attribute_size", "struct lyre_attribute whose size is 0")):
                status, body = s.call({"operation": operation})
                self.assertEqual(status, 500, body)
                self.assertIn("module 'careless' passes a " + sentence, body["error"])
            self.assertEqual(s.call({"operation": "no_name"}), (500, {
                "error": "module 'careless' opens a table without a name: an argument that was not given is NULL"}))
            status, body = s.call({"operation": "no_sentence"})
            self.assertEqual(status, 400, body)
            self.assertTrue(body["error"])

    def test_mistakes(self):
        """What a handler returns is not trusted: nothing waits for ever, and no broken answer is sent."""
        with Server(config=config(at("mistakes"))) as s:
            for operation, sentence in (("twice", "answer is not one value"), ("text_and_value", "with text, and with a value"),
                                        ("half", "answer is not one value"), ("closed", "answer is not one value"),
                                        ("nothing", "gave no answer"), ("the_end", "the operation returned 2, which is not 0"),
                                        ("pending", "without starting anything to wait for"),
                                        ("pending_there", "without starting anything to wait for"),
                                        ("unawaited", "began a write with lyre_write(), but did not return"),
                                        ("two_writes", "'two_writes' writes before its lyre_write() is done"),
                                        ("rows_and_value", "with rows, and with a value")):
                with self.subTest(operation):
                    status, body = s.call({"operation": operation})
                    self.assertEqual(status, 500, body)
                    self.assertIn(sentence, body["error"])
            self.assertEqual(s.call({"operation": "other_key"}), (409, {
                "error": "table 'mistakes.t' exists with the primary key 'id', not 'number': drop it if it is not needed"}))
            self.assertEqual(s.call({"operation": "waits_outside"}), (200, {"message": "refused"}))
            self.assertIn("write with lyre_write_wait()", s.said())
            self.assertEqual(s.call({"operation": "longer"}), (200, {"message": "written"}))

    @unittest.skipUnless("system" in built_modules(), "this build has no module 'system'")
    def test_mistakes_in_a_job(self):
        with Server(config=config(at("mistakes")) + "  system: {}\n") as s:
            job = s.wait_for_job(s.call({"operation": "pending_job"})[1]["job_id"])
            self.assertIn("without starting anything to wait for", job["message"])

    def test_settings_of_each_kind(self):
        with Server(config=config(at("careless"))) as s:
            self.assertEqual(s.call({"operation": "settings_of_each_kind"}), (200, {"message": "s -7 0.5 1 up 65536 0 1 ab /p"}))
        with Server(config=config(at("careless", "duration: 2s", "size: 1M", "list: [x]", "enum: down"))) as s:
            self.assertEqual(s.call({"operation": "settings_of_each_kind"}),
                             (200, {"message": "s -7 0.5 1 down 1048576 2000 0 xx /p"}))

    def test_users_and_roles(self):
        with Server(config=config(at("user_services"))) as s:
            who = {"name": "admin", "role_id": "super_user", "role": "super_user", "active": True, "stamp": 32, "refresh_token": "",
                   "times": True, "users": 1, "roles": 1, "super_user": True, "rights": [17, 31, 17]}
            see = {"operation": "users_as_seen"}
            self.assertEqual(s.call(see), (200, who))
            self.assertEqual(s.call(see, name="admin"), (200, who))
            own = dict(who, name="root@socket", stamp=0, times=False)
            self.assertEqual(s.call(see, unix=True), (200, own))
            self.assertEqual(s.call(see, unix=True, name="admin"), (200, who))
            self.assertEqual(s.call(see, name="bob"), (404, {"error": "User bob does not exist"}))
            self.assertEqual(s.call({"operation": "users_keep", "name": "admin"}), (200, {"message": "kept"}))
            self.assertEqual(s.call(see), (200, dict(who, refresh_token="kept")))
            self.assertEqual(s.call({"operation": "users_keep", "name": "bob"})[0], 404)
            status, role = s.call({"operation": "users_role", "name": "super_user"})
            self.assertEqual((status, role["id"], role["role"], role["permission"]), (200, "super_user", "super_user", {"super_user": True}))
            self.assertEqual(sorted(role), ["__createdtime__", "__updatedtime__", "id", "permission", "role"])
            for more in {"name": "nobody"}, {"name": "n" * 100000}, {"name": ""}, {}:
                self.assertEqual(s.call({"operation": "users_role"}, **more), (404, {"error": "Role not found"}))
            for careless in (see, {"operation": "users_keep", "name": "admin"}):
                status, body = s.call(careless, careless=True)
                self.assertEqual(status, 500, body)
                self.assertIn("user_services", s.said())

    def test_failure_with_its_own_answer(self):
        with Server(config=config(at("user_services"))) as s:
            fail = {"operation": "users_fail"}
            self.assertEqual(s.call(fail), (409, {"error": "not now", "free_in": 7}))
            self.assertEqual(s.call(fail, headers={"Accept": "text/csv"}), (409, b'"error","free_in"\n"not now",7'))
            self.assertEqual(s.call(fail, careless=True), (503, {"error": "the later one"}))

    def test_started_in_order(self):
        with Server(config=config(at("needs_good"), at("good"))) as s:
            self.assertIn("[warn] [needs_good]: started, after good", s.said())


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Info(unittest.TestCase):
    def info(self, path):
        return subprocess.run([LYRED, "--module-info", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)

    def test_good(self):
        p = self.info(built("good"))
        self.assertEqual(p.returncode, 0, p.stdout)
        for line in ("name:     good", "version:  1.9.0", "summary:  Nothing wrong with it", "needs:    nothing", "loads:    yes"):
            self.assertIn(line + "\n", p.stdout)

    def test_by_name(self):
        self.assertIn("name:     schema\n", self.info("schema").stdout)

    def test_why_not(self):
        p = self.info(built("bad_major"))
        self.assertEqual(p.returncode, 0, p.stdout)
        self.assertIn("loads:    no: built for ABI 2.", p.stdout)
        self.assertIn("needs:    good>=1.10\n", self.info(built("newer_need")).stdout)

    def test_no_module(self):
        for path in (built("bad_magic"), built("no_symbol"), built("bad_size"), __file__, "/nowhere/x.so"):
            p = self.info(path)
            self.assertGreater(p.returncode, 0, p.stdout)
            self.assertIn(path, p.stdout)


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Exports(unittest.TestCase):
    @unittest.skipUnless(shutil.which("nm"), "nm is missing")
    def test_one_symbol(self):
        folder = os.path.join(BUILD, "modules", ".libs")
        names = [n for n in os.listdir(folder) if n.endswith(".so")] if os.path.isdir(folder) else []
        for name in names:
            text = subprocess.run(["nm", "-D", "--defined-only", os.path.join(folder, name)], stdout=subprocess.PIPE, text=True,
                                  check=True).stdout
            self.assertEqual([line.split()[-1] for line in text.splitlines()], ["lyre_module"], name)


if __name__ == "__main__":
    unittest.main()
