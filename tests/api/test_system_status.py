# SPDX-License-Identifier: Apache-2.0
"""set_status, get_status, clear_status, registration_info, get_fingerprint."""
import json, os, re, shutil, stat, subprocess, sys, threading, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRED, Server, built_modules, need_module


def setUpModule():
    need_module("system")


class Status(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)

    def get(self, **more):
        return self.server.ok(dict({"operation": "get_status"}, **more))

    def test_set_get_clear(self):
        self.assertEqual(self.get()["systemStatus"], [])
        self.assertEqual(self.get(id="primary"), {})
        self.assertEqual(self.server.ok({"operation": "set_status", "status": "first"}), {})
        self.assertEqual(self.server.ok({"operation": "set_status", "id": "maintenance", "status": "näher"}), {})
        self.assertEqual(self.server.ok({"operation": "set_status", "id": "availability", "status": "Unavailable"}), {})
        self.assertEqual(self.server.ok({"operation": "set_status", "id": "primary", "status": "second"}), {})
        primary = self.get(id="primary")
        self.assertEqual([primary["id"], primary["status"]], ["primary", "second"])
        self.assertIsInstance(primary["__updatedtime__"], (int, float))
        self.assertGreaterEqual(primary["__updatedtime__"], primary["__createdtime__"])
        self.assertEqual({s["id"]: s["status"] for s in self.get()["systemStatus"]},
                         {"primary": "second", "maintenance": "näher", "availability": "Unavailable"})
        self.assertEqual(self.server.ok({"operation": "clear_status", "id": "maintenance"}), {"message": True})
        self.assertEqual(self.server.ok({"operation": "clear_status", "id": "maintenance"}), {"message": True})
        self.assertEqual(self.server.ok({"operation": "clear_status"}), {"message": True})
        self.assertEqual([s["id"] for s in self.get()["systemStatus"]], ["availability"])

    def test_kept_across_a_restart(self):
        self.server.ok({"operation": "set_status", "id": "availability", "status": "Available"})
        self.server.kill()
        self.server.start()
        self.assertEqual(self.get(id="availability")["status"], "Available")

    def test_set_at_once_by_many(self):
        answers = []
        threads = [threading.Thread(
            target=lambda i=i: answers.append(self.server.call({"operation": "set_status", "status": "s%d" % i}))) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(answers, [(200, {})] * 8)
        self.assertRegex(self.get(id="primary")["status"], "^s[0-7]$")

    def test_refused(self):
        ids = "'id' must be one of [primary, maintenance, availability]"
        values = 'Status "availability" only accepts these values: Available, Unavailable'
        for more, error in (({}, "'status' is required"), ({"id": "x", "status": "y"}, ids), ({"id": 1, "status": "y"}, ids),
                            ({"status": 1}, "'status' must be a string"), ({"id": "availability", "status": "no"}, values)):
            self.assertEqual(self.server.call(dict({"operation": "set_status"}, **more)), (400, {"error": error}))

    def test_parts(self):
        s = self.get()
        self.assertEqual(list(s), ["systemStatus", "componentStatus", "restartRequired"])
        names = [c["name"] for c in s["componentStatus"]]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue({"http", "storage", "system", "data", "schema"} <= set(names), names)
        for c in s["componentStatus"]:
            self.assertEqual([c["name"], c["status"]], [c["componentName"], "healthy"])
            self.assertEqual(c["lastChecked"]["main"], c["lastChecked"]["workers"]["0"])
        self.assertIs(s["restartRequired"], False)


class Databases(unittest.TestCase):
    def test_a_database_that_cannot_be_opened_is_reported(self):
        with Server() as s:
            for database in ("good", "bad"):
                s.ok({"operation": "create_table", "database": database, "table": "t", "primary_key": "id"})
            s.end()
            with open(os.path.join(s.root, "database", "bad.mdb"), "r+b") as f:
                f.truncate(5000)
            s.start()
            self.assertEqual(list(s.ok({"operation": "describe_all"})), ["good"])
            good, bad = s.ok({"operation": "describe_storage"})
            self.assertEqual((good["database"], bad["database"], sorted(bad)), ("good", "bad", ["database", "error"]))
            self.assertIn("the file is truncated", bad["error"])
            (storage,) = [c for c in s.ok({"operation": "get_status"})["componentStatus"] if c["name"] == "storage"]
            self.assertEqual((storage["status"], storage["message"]), ("error", "database 'bad' cannot be used: " + bad["error"]))
            if "metrics" in built_modules():
                text = s.request("GET", "/metrics", headers={"Authorization": s.authorization()})[2].decode()
                self.assertIn('lyre_database_failed{database="bad"} 1\n', text)
                self.assertNotIn('lyre_database_failed{database="good"}', text)
            self.assertIn("bad.mdb", s.said())


    def unusable(self, s):
        """The operations that report it: describe_storage, get_status and metrics, each called first once."""
        (storage,) = [c for c in s.ok({"operation": "get_status"})["componentStatus"] if c["name"] == "storage"]
        return [d for d in s.ok({"operation": "describe_storage"}) if "error" in d], storage.get("message", storage["status"])

    def test_an_overwritten_file_is_detected(self):
        with Server() as s:
            s.ok({"operation": "create_table", "database": "bad", "table": "t", "primary_key": "id"})
            self.assertEqual(self.unusable(s), ([], "healthy"))
            with open(os.path.join(s.root, "database", "bad.mdb"), "r+b") as f:
                f.write(b"?" * 8192)
            listed, message = self.unusable(s)
            self.assertIn("database 'bad' cannot be used", message)
            self.assertEqual([d["database"] for d in listed], ["bad"])

    def test_a_removed_file_is_detected(self):
        self.check_removed(os.unlink)

    def test_a_moved_file_is_detected(self):
        self.check_removed(lambda path: os.rename(path, path + ".moved"))

    def test_a_replaced_file_is_detected(self):
        def replace(path):
            shutil.copy(path, path + ".copy")
            os.rename(path + ".copy", path)

        self.check_removed(replace)

    def check_removed(self, remove):
        """Nothing is written where it would be lost; existing data can be saved."""
        with Server() as s:
            s.ok({"operation": "create_table", "database": "bad", "table": "t", "primary_key": "id"})
            insert = {"operation": "insert", "database": "bad", "table": "t", "records": [{"id": 1}]}
            s.ok(insert)
            s.ok({"operation": "compact_database", "database": "bad"})
            self.assertEqual(self.unusable(s), ([], "healthy"))
            remove(os.path.join(s.root, "database", "bad.mdb"))
            listed, message = self.unusable(s)
            self.assertEqual([d["database"] for d in listed], ["bad"])
            self.assertIn("was removed or replaced", listed[0]["error"])
            self.assertIn(listed[0]["error"], message)
            self.assertEqual(s.call(dict(insert, records=[{"id": 2}])), (500, {"error": listed[0]["error"]}))
            self.assertEqual(s.call({"operation": "compact_database", "database": "bad"}), (500, {"error": listed[0]["error"]}))
            self.assertEqual(s.ok({"operation": "search_by_id", "database": "bad", "table": "t", "ids": [1, 2], "get_attributes": ["id"]}), [{"id": 1}])
            status, _, backup = s.request("POST", "/", json.dumps({"operation": "get_backup", "database": "bad"}),
                                          {"Content-Type": "application/json", "Authorization": s.authorization()})
            self.assertEqual(status, 200, backup[:300])
            s.ok({"operation": "drop_database", "database": "bad"})
            with open(os.path.join(s.root, "database", "bad.mdb"), "wb") as f:
                f.write(backup)
            s.restart()
            s.ok(dict(insert, records=[{"id": 2}]))


class Identity(unittest.TestCase):
    def test_registration(self):
        with Server() as s:
            version = subprocess.run([LYRED, "--version"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
            r = s.ok({"operation": "registration_info"})
            self.assertEqual([r["registered"], r["ram_allocation"], r["license_expiration_date"]], [True, None, None])
            self.assertRegex(r["version"], r"^4\.7\.\d+$") # the API version, by which clients decide what a server supports
            self.assertIn(r["lyre_version"], version)

    def test_fingerprint(self):
        with Server() as s:
            answers = []
            threads = [threading.Thread(
                target=lambda: answers.append(s.ok({"operation": "get_fingerprint"})["message"])) for _ in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(len(answers), 8)
            self.assertEqual(len(set(answers)), 1)
            self.assertTrue(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", answers[0]))
            path = os.path.join(s.root, "fingerprint")
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & ~0o640, 0)
            self.assertEqual([f for f in os.listdir(s.root) if f.startswith(".fingerprint")], [])
            s.restart()
            self.assertEqual(s.ok({"operation": "get_fingerprint"})["message"], answers[0])
            with Server() as other:
                self.assertNotEqual(other.ok({"operation": "get_fingerprint"})["message"], answers[0])
            with open(path, "w") as f:
                f.write("nonsense")
            status, body = s.call({"operation": "get_fingerprint"})
            self.assertEqual(status, 500)
            self.assertIn("does not contain a fingerprint", body["error"])


if __name__ == "__main__":
    unittest.main()
