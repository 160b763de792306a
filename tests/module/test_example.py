# SPDX-License-Identifier: Apache-2.0
"""The path of a module's author: install the SDK, build the example against that alone, load it, call it."""
import os, shutil, subprocess, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from staged_sdk import TOP, StagedSdk
from commands import run
from lyre_server import Server, built_modules


class Example(StagedSdk):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = os.path.join(cls.work, "greeting")
        os.mkdir(cls.source)
        for name in ("Makefile", "greeting.c", "summary.c"):
            shutil.copy(os.path.join(TOP, "sdk", "example", name), cls.source)
        run("make", "CFLAGS=-O2 -Wall -Wextra -Wpedantic -Werror", cwd=cls.source, env=cls.env)
        cls.json_c = subprocess.run(["pkg-config", "--exists", "json-c >= 0.14"]).returncode == 0

    def module(self, name):
        return os.path.join(self.source, name + ".so")

    def test_install(self):
        stage = os.path.join(self.work, "stage")
        run("make", "install", "DESTDIR=" + stage, cwd=self.source, env=self.env)
        found = [os.path.join(d, n) for d, _, names in os.walk(stage) for n in names]
        self.assertEqual(sorted(os.path.basename(f) for f in found), ["greeting.so"] + ["summary.so"] * self.json_c)
        self.assertTrue(all(os.path.dirname(f).endswith("/lyre/modules-1") for f in found), found)

    def test_variables(self):
        for variable, value in (("abi_major", "1"), ("abi_minor", None), ("moduledir", None), ("lyred", None)):
            text = run("pkg-config", "--variable=" + variable, "lyre", env=self.env).strip()
            self.assertTrue(text, variable)
            if value is not None:
                self.assertEqual(text, value)

    def config(self, *settings):
        return "\n".join(["modules:", "  greeting:", "    path: " + self.module("greeting")] + ["    " + s for s in settings]) + "\n"

    def test_greet(self):
        with Server(config=self.config("word: Ahoy")) as s:
            self.assertEqual(s.call({"operation": "greet", "name": "Ann"}), (200, {"message": "Ahoy, Ann!"}))
            self.assertEqual(s.call({"operation": "greet", "name": "Ann"}),
                             (200, {"message": "Ahoy again, Ann! This is greeting number 2."}))
            self.assertEqual(s.call({"operation": "greet"}), (200, {"message": "Ahoy, world!"}))
            status, body = s.call({"operation": "greet", "name": ""})
            self.assertEqual(status, 400, body)
            status, rows = s.call({"operation": "greetings"})
            self.assertEqual(status, 200, rows)
            self.assertEqual(sorted((r["name"], r["count"]) for r in rows), [("Ann", 2), ("world", 1)])

    def test_start_fails(self):
        with self.assertRaisesRegex(RuntimeError, "modules.greeting.word must not be empty"):
            with Server(config=self.config('word: ""')):
                pass

    def test_count_values(self):
        if not self.json_c or not {"schema", "data"} <= built_modules():
            self.skipTest("json-c, or a module that makes and fills tables, is missing")
        with Server(config="modules:\n  schema: true\n  data: true\n  summary:\n    path: %s\n" % self.module("summary")) as s:
            big = 2 ** 64 - 1
            s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
            values = ["a", "a/b", "a", 1, 0.1, 0.1, None, True, [1, {"x": "y"}], big, big]
            s.ok({"operation": "insert", "table": "t"}, records=[{"id": i, "v": v} for i, v in enumerate(values)] + [{"id": 99}])
            self.assertEqual(s.call({"operation": "count_values", "table": "t", "attribute": "v"}), (200, {"records": 12, "counts": {
                '"a"': 2, '"a/b"': 1, "1": 1, "0.1": 2, "null": 2, "true": 1, '[1,{"x":"y"}]': 1, str(big): 2}}))
            status, body = s.call({"operation": "count_values", "table": "t", "attribute": "none"})
            self.assertEqual((status, body["error"]), (400, "unknown attribute 'none'"))
            s.ok({"operation": "insert", "table": "t"}, records=[{"id": i, "w": i} for i in range(1000, 2001)])
            status, body = s.call({"operation": "count_values", "table": "t", "attribute": "w"})
            self.assertEqual((status, body["error"]), (413, "at most 1000 different values of 1000 bytes each can be counted"))


if __name__ == "__main__":
    unittest.main()
