# SPDX-License-Identifier: Apache-2.0
"""docs/migration.md: what the reference server answered, as recorded, can be used as input."""
import glob, json, os, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import LYRED, SOURCE, OneServer, built_modules

NEEDED = {"data", "import", "schema", "system", "users"}
TIMES = ("__createdtime__", "__updatedtime__")


def setUpModule():
    if not NEEDED <= built_modules():
        print("this build lacks a module")
        sys.exit(77)


def recorded():
    for path in sorted(glob.glob(os.path.join(SOURCE, "tests", "api", "vectors", "*.json"))):
        with open(path, encoding="utf-8") as f:
            yield from json.load(f)


class Migration(OneServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for table in ("dog", "bird"):
            cls.s.ok({"operation": "create_table", "database": "dev", "table": table, "primary_key": "id"})
        # A role can name only attributes that exist.
        cls.s.ok({"operation": "create_attribute", "database": "dev", "table": "dog", "attribute": "name"})
        cls.cases = {case["name"]: case for case in recorded()}

    def answer(self, name):
        return self.cases[name]["response"]["body"]

    def test_records(self):
        text, = self.cases["exp_star_json__job"]["files"].values()
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as f:
            f.write(text)
            f.flush()
            job = self.s.ok({"operation": "import_file", "database": "dev", "table": "dog", "file_path": f.name, "action": "upsert"})
            self.assertEqual(self.s.wait_for_job(job["job_id"])["status"], "COMPLETE")
        bare = lambda rows: [{k: v for k, v in row.items() if k not in TIMES} for row in rows]
        found = self.s.ok({"operation": "search_by_value", "database": "dev", "table": "dog", "attribute": "id", "value": "*", "get_attributes": ["*"]})
        self.assertEqual(len(found), 4)
        self.assertEqual(bare(found), bare(json.loads(text)))

    def test_a_table_from_its_description(self):
        old = self.answer("tbl_attrs_more_describe")
        self.s.ok({"operation": "create_table", "database": old["schema"], "table": old["name"], "primary_key": old["hash_attribute"],
                   "attributes": old["attributes"]})
        new = self.s.ok({"operation": "describe_table", "database": old["schema"], "table": old["name"]})
        kinds = lambda table: [(a["attribute"], a.get("type")) for a in table["attributes"]]
        self.assertEqual(kinds(new), kinds(old))

    def test_roles(self):
        roles = [r for r in self.answer("rol_list_after_alter") if r["role"] != "super_user"]
        self.assertGreater(len(roles), 5)
        for role in roles:
            with self.subTest(role["role"]):
                made = self.s.ok({"operation": "add_role", "role": role["role"], "permission": role["permission"]})
                self.assertEqual(made["permission"], role["permission"])

    def test_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "harperdb-config.yaml")
            text = json.dumps(self.answer("dev_get_configuration")).replace("${ROOT}", folder)
            self.assertNotIn("${", text)
            with open(path, "w") as f:
                f.write(text)
            checked = subprocess.run([LYRED, "--check", "-c", path, "-r", folder + "/new"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("these settings have no effect in this build: ", checked.stderr)


if __name__ == "__main__":
    unittest.main()
