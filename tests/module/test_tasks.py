# SPDX-License-Identifier: Apache-2.0
"""Tasks of modules: when they run, with which rights, what is logged, and how they end."""
import os, signal, sys, unittest

TOP = os.environ.get("TOP_SRCDIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(TOP, "tests", "api"))
from lyre_server import BUILD, CHEAP_LOGINS, STATIC_ONLY, Server, built_modules, need_module, until

CHORES = os.path.join(BUILD, "tests", "module", ".libs", "chores.so")
MODULES = [m for m in ("schema", "data", "system", "metrics") if m in built_modules()]


def setUpModule():
    if STATIC_ONLY:
        print("no dynamic loading in this build")
        sys.exit(77)
    need_module("data")


def config(*settings):
    return "modules:\n%s  chores:\n    path: %s\n%s" % (
        "".join("  %s: true\n" % m for m in MODULES), CHORES, "".join("    %s\n" % s for s in settings))


class Tasks(unittest.TestCase):
    def server(self, *settings):
        s = Server(config=config(*settings), settings=CHEAP_LOGINS)
        self.addCleanup(s.stop)
        return s

    def reach(self, s, name, least):
        until(lambda: s.ok({"operation": "chores_state"})[name] >= least, lambda: "%s: %s" % (name, s.ok({"operation": "chores_state"})))

    def wake(self, s, task):
        return s.call({"operation": "chores_wake", "task": task})

    def recorded(self, s, name):
        rows = s.ok({"operation": "search_by_id", "database": "own", "table": "chores", "ids": [name], "get_attributes": ["*"]})
        return rows[0]["count"] if rows else 0

    def test_they_run(self):
        s = self.server()
        self.reach(s, "ticks", 10)
        self.reach(s, "errands", 1)  # woken by start()
        self.assertEqual(self.recorded(s, "begin"), 1)
        self.assertEqual(self.recorded(s, "errand"), 0)
        for n in (2, 3):
            self.assertEqual(self.wake(s, "errand")[0], 200)
            self.reach(s, "errands", n)
        self.assertEqual(self.recorded(s, "errand"), 2)
        for n in (1, 2, 3):
            self.wake(s, "watch")
            self.reach(s, "rounds", n)
        self.assertEqual(self.recorded(s, "watch"), 3)
        self.wake(s, "retry")
        self.reach(s, "retries", 3)
        self.assertEqual(s.said().count("task 'retry': the shop is closed"), 1)
        s.restart()
        self.assertIn("stopped: the watch got -11, and there were 0 more ticks", s.said())
        self.reach(s, "errands", 1)
        self.assertEqual(self.recorded(s, "begin"), 2)

    def test_a_repeated_failure_is_logged_once(self):
        s = self.server()
        self.reach(s, "failures", 50)
        self.assertEqual(s.said().count("task 'fail': the well is dry"), 1)

    @unittest.skipUnless("metrics" in MODULES, "this build has no module 'metrics'")
    def test_their_metrics(self):
        s = self.server()
        self.reach(s, "failures", 2)
        text = s.request("GET", "/metrics", headers={"Authorization": s.authorization()})[2].decode()
        for name in ("runs", "failures"):
            self.assertRegex(text, r'(?m)^lyre_task_%s_total\{task="chores/fail"\} [1-9]' % name)
        self.assertIn('lyre_task_failures_total{task="chores/tick"} 0\n', text)

    def test_misuse(self):
        s = self.server()
        self.assertEqual(self.wake(s, "nap"), (404, {"error": "there is no task nap"}))
        self.assertIn("chores wakes the task 'nap', which it has not added: this is a bug in the module", s.said())
        for arguments, function in (({}, "lyre_task_sleep"), ({"next": True}, "lyre_task_next")):
            self.assertEqual(s.call({"operation": "chores_misuse"}, **arguments),
                             (400, {"error": "%s() is for tasks: this is a bug in the module 'chores'" % function}))

    def test_faults_end_the_start(self):
        for fault, sentence in (("name", "adds an invalid task 'Tick tock'"), ("work", "adds an invalid task 'tick'"),
                                ("twice", "adds the task 'tick' twice"), ("size", "passes a struct lyre_task whose size is 8")):
            with self.subTest(fault), self.assertRaisesRegex(RuntimeError, "module 'chores' .* does not start: " + sentence):
                Server(config=config("fault: " + fault)).stop()

    def test_an_optional_module_that_does_not_start_has_no_tasks(self):
        s = self.server("fault: twice", "optional: true")
        self.assertEqual(s.call({"operation": "chores_state"})[0], 400)
        self.assertNotIn("the well is dry", s.said())

    @unittest.skipUnless("system" in MODULES, "this build has no module 'system'")
    def test_they_end_before_a_restart(self):
        s = self.server()
        self.reach(s, "errands", 1)
        s.ok({"operation": "restart"})
        until(lambda: s.said().count("listening on http://127.0.0.1") == 2, "no restart", server=s)
        self.assertIn("stopped: the watch got -11, and there were 0 more ticks", s.said())
        self.reach(s, "errands", 1)
        self.assertEqual(self.recorded(s, "begin"), 2)

    def test_one_that_does_not_end_is_named(self):
        s = Server(config=config("stuck: true"), settings=CHEAP_LOGINS)
        self.addCleanup(s.remove)
        self.reach(s, "ticks", 1)
        s.process.send_signal(signal.SIGTERM)
        until(lambda: "chores/stuck has not ended" in s.said(), "the task is not named", server=s)
        self.assertNotIn("chores/watch has not ended", s.said())
        s.process.send_signal(signal.SIGTERM)
        s.end(expect=1)
        self.assertIn("requests: 0, jobs: 0, tasks: 1", s.said())


if __name__ == "__main__":
    unittest.main()
