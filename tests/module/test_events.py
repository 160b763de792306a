# SPDX-License-Identifier: Apache-2.0
"""Events that modules listen to, and settings of theirs that change while the server runs."""
import json, os, re, signal, sys, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, CHEAP_LOGINS, STATIC_ONLY, Server, built_modules, need_module, until

LISTENER = os.path.join(BUILD, "tests", "module", ".libs", "listener.so")
MODULES = [m for m in ("schema", "data", "system") if m in built_modules()]


def setUpModule():
    if STATIC_ONLY:
        print("no dynamic loading in this build")
        sys.exit(77)
    for name in ("schema", "data"):
        need_module(name)


def config(*settings):
    return "modules:\n%s  listener:\n    path: %s\n%s" % (
        "".join("  %s: true\n" % m for m in MODULES), LISTENER, "".join("    %s\n" % s for s in settings))


class Case(unittest.TestCase):
    def server(self, *settings):
        s = Server(config=config(*settings), settings=CHEAP_LOGINS)
        self.addCleanup(s.stop)
        return s

    def heard(self, s):
        return s.ok({"operation": "heard"})


class Writes(Case):
    def setUp(self):
        self.s = self.server()

    def table(self, table, **more):
        self.s.ok({"operation": "create_table", "database": "dev", "table": table, "primary_key": "id"}, **more)

    def write(self, operation, table, **more):
        return self.s.call({"operation": operation, "database": "dev", "table": table}, **more)

    def last(self):
        """Without waiting: a listener is told before the write is answered."""
        return [w for w in self.heard(self.s)["writes"] if w.startswith("dev.")][-1]

    def test_each_write_is_told_with_its_counts(self):
        self.table("cat", audit=True)
        self.table("bird", audit=False)
        for operation, table, more, told in (
                ("insert", "cat", {"records": [{"id": 1}, {"id": 2}]}, "+2 ~0 -0, logged"),
                ("insert", "cat", {"records": [{"id": 2}, {"id": 3}]}, "+1 ~0 -0, logged"),
                ("upsert", "cat", {"records": [{"id": 3, "n": 1}, {"id": 4}]}, "+1 ~1 -0, logged"),
                ("update", "cat", {"records": [{"id": 1, "n": 1}, {"id": 9, "n": 1}]}, "+0 ~1 -0, logged"),
                ("delete", "cat", {"ids": [1, 2, 9]}, "+0 ~0 -2, logged"),
                ("insert", "bird", {"records": [{"id": 1}]}, "+1 ~0 -0, not logged")):
            with self.subTest(operation):
                self.write(operation, table, **more)
                self.assertEqual(self.last(), "dev.%s by 'admin': %s" % (table, told))

    def test_what_changes_nothing_is_not_told(self):
        self.table("cat", audit=False, attributes=[{"name": "id"}, {"name": "n", "type": "Int"}])
        self.write("insert", "cat", records=[{"id": 1}])
        before = self.heard(self.s)["writes"]
        self.assertEqual(self.write("insert", "cat", records=[{"id": 2, "n": "x"}])[0], 400)
        self.write("insert", "cat", records=[{"id": 1}])
        self.write("delete", "cat", ids=[7])
        self.write("search_by_id", "cat", ids=[1], get_attributes=["*"])
        self.assertEqual(self.heard(self.s)["writes"], before)

    def test_one_listener_hears_of_its_table_only_and_wakes_a_task(self):
        for name in ("dog", "cat"):
            self.table(name)
        self.write("insert", "dog", records=[{"id": i} for i in range(5)])
        self.write("insert", "cat", records=[{"id": 1}])
        self.assertEqual(self.heard(self.s)["dogs"], 5)
        until(lambda: self.heard(self.s)["copied"] == 5, "the task has not run")
        rows = self.s.ok({"operation": "search_by_id", "database": "own", "table": "heard", "ids": [1], "get_attributes": ["*"]})
        self.assertEqual(rows[0]["dogs"], 5)

    def test_what_no_write_tells_is_told_as_a_reset(self):
        def changed(operation, **more):
            self.s.ok({"operation": operation, "database": "dev", **more})
            return self.last()

        self.table("cat")
        self.table("dog", attributes=[{"name": "id"}, {"name": "n", "indexed": True}])
        self.write("insert", "dog", records=[{"id": i, "n": i} for i in range(5)])
        path = os.path.join(self.s.root, "copy.mdb")
        with open(path, "wb") as f:
            f.write(self.s.request(body=json.dumps({"operation": "get_backup", "database": "dev"}),
                                   headers={"Authorization": self.s.authorization(), "Content-Type": "application/json"})[2])
        self.assertEqual(changed("drop_table", table="cat"), "dev.cat is reset")
        self.assertEqual(self.heard(self.s)["dogs"], 5)
        self.assertEqual(changed("drop_attribute", table="dog", attribute="n"), "dev.dog is reset")
        self.assertEqual(self.heard(self.s)["dogs"], 0)
        self.write("insert", "dog", records=[{"id": 7}])
        self.assertEqual(changed("drop_database"), "dev. is reset")
        self.assertEqual(self.heard(self.s)["dogs"], 0)
        self.assertEqual(changed("restore_backup", path=path), "dev. is reset")
        self.assertEqual(self.heard(self.s)["writes"].count("dev. is reset"), 2)

    def test_expired_records_are_told_as_deleted(self):
        self.table("fly", audit=True, expiration=1)
        self.write("insert", "fly", records=[{"id": 1}, {"id": 2}])
        until(lambda: self.last() == "dev.fly by '': +0 ~0 -2, not logged", lambda: self.last())


class Listeners(Case):
    def test_the_end_is_told_before_the_stop(self):
        s = self.server()
        s.restart()
        self.assertRegex(s.said(), r"(?s)the server stops.*stopped with one")
        if "system" in MODULES:
            s.ok({"operation": "restart"})
            until(lambda: s.said().count("listening on http://127.0.0.1") == 3, "no restart", server=s)
            self.assertEqual(len(re.findall("the server stops", s.said())), 2)

    def test_a_slow_one_is_named(self):
        s = self.server("slow: true")
        s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
        s.ok({"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": 1}]})
        self.assertRegex(s.said(), r"a listener of module 'listener' took \d+ ms, while the server waited")

    def test_faults_end_the_start(self):
        for fault in ("notice", "events"):
            with self.subTest(fault), self.assertRaisesRegex(RuntimeError, "module 'listener' .* does not start: adds an invalid listener"):
                Server(config=config("fault: " + fault)).stop()
        s = self.server("fault: notice", "optional: true")
        s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
        s.ok({"operation": "insert", "database": "dev", "table": "dog", "records": [{"id": 1}]})


@unittest.skipUnless("system" in MODULES, "this build has no module 'system'")
class Settings(Case):
    def set(self, s, **settings):
        return s.call({"operation": "set_configuration", **settings})

    def test_live_settings_change_at_once(self):
        s = self.server("number: 3", "works: true")
        self.assertEqual(self.heard(s)["word"], "one")
        self.assertEqual(self.set(s, modules_listener_word="two", modules_listener_number=4, modules_listener_list=["a", "b"],
                                  logging_level="info", modules_listener_fixed="two")[0], 200)
        now = self.heard(s)
        self.assertEqual((now["word"], now["last"], now["fixed"]), ("two", "b", "one"))
        self.assertEqual(sorted(now["changes"]), ["%s when word is two and number is 4" % k for k in ("/logging.level", "list", "number", "word")])
        self.assertIn("listener calls lyre_run() in a listener: this is a bug in the module", s.said())

        self.set(s, modules_listener_word="two")
        self.assertEqual(self.set(s, modules_listener_word="three", modules_listener_number=10)[0], 400)
        self.assertEqual(self.heard(s), now)
        s.restart()
        self.assertEqual((self.heard(s)["word"], self.heard(s)["fixed"]), ("two", "two"))

    def test_sighup_takes_them_from_the_file(self):
        s = self.server("number: 3")
        with open(s.config, "a") as f:
            f.write("    word: four\n    list: [x]\n")
        s.process.send_signal(signal.SIGHUP)
        until(lambda: len(self.heard(s)["changes"]) == 2, "nothing has changed")
        self.assertEqual((self.heard(s)["word"], self.heard(s)["last"]), ("four", "x"))

    def test_too_many_large_changes_are_refused(self):
        s = self.server()
        answers = [self.set(s, modules_listener_word="%d" % i * 50000)[0] for i in range(30)]
        self.assertEqual(answers, sorted(answers))
        self.assertEqual(set(answers), {200, 503})
        refused = (503, {"error": "Settings have been changed too often: try again in a few minutes"})
        self.assertEqual(self.set(s, modules_listener_word="w"), refused)
        for i in range(3):
            self.assertEqual(self.set(s, logging_level="info" if i % 2 else "warn", modules_listener_number=i + 1)[0], 200)
        self.assertEqual(self.heard(s)["word"][:2], str(answers.index(503) - 1))
        self.assertEqual(self.set(s, modules_listener_word="w", modules_listener_number=9), refused)


if __name__ == "__main__":
    unittest.main()
