# SPDX-License-Identifier: Apache-2.0
"""packaging/examples: alerts name metrics that a server has, as docs/monitoring.md does; the nightly backup works, or fails without harm."""
import glob, os, re, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority
from lyre_server import BUILD, CHEAP_LOGINS, LYRE, SOURCE, Server, built_modules, feature

RULES = os.path.join(SOURCE, "packaging", "examples", "lyre.rules.yml")
SCRIPT = os.path.join(SOURCE, "packaging", "examples", "lyre-backup")
CLIENT = os.path.exists(LYRE)


def content(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


@unittest.skipUnless({"metrics", "certs"} <= built_modules(), "this build lacks the modules metrics and certs")
class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Of a server with TLS, a list of revoked certificates, and a database that it cannot use."""
        ca = Authority("authority")
        cls.addClassCleanup(ca.__exit__)
        chain, key = ca.files(ca.issue("db1", hosts=["db1"]))
        tls = ["certificate=" + chain, "privateKey=" + key, "certificateAuthority=" + ca.path, "revocationList=" + ca.write("crl", ca.revoked())]
        with Server(start=False, settings=CHEAP_LOGINS + ["operationsApi.network.securePort=0", "operationsApi.network.mtls=true"] + ["tls." + t for t in tls]) as s:
            os.makedirs(s.root + "/database")
            with open(s.root + "/database/bad.mdb", "w") as f:
                f.write("no database")
            s.start()
            text = s.request("GET", "/metrics", headers={"Authorization": s.authorization()})[2].decode()
        cls.names = set(re.findall(r"^(lyre_\w+)", text, re.M))
        cls.described = set(re.findall(r"^# TYPE lyre_(\w+)", text, re.M))

    def test_alerts_name_metrics_that_exist(self):
        named = set(re.findall(r"\blyre_\w+", content(RULES)))
        self.assertGreater(len(named), 15)
        self.assertEqual(named - self.names, set())

    def test_described_metrics_exist(self):
        table = content(SOURCE, "docs", "monitoring.md").partition("| metric")[2].partition("\n\n")[0]
        named = {name for first in re.findall(r"^\|([^|]*)\|", table, re.M) for name in re.findall(r"`(\w+)`", first)}
        self.assertGreater(len(named), 20)
        self.assertEqual(named - self.described, set())

    @unittest.skipUnless(shutil.which("promtool"), "promtool is missing")
    def test_prometheus_accepts_the_rules(self):
        checked = subprocess.run(["promtool", "check", "rules", RULES], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout)


@unittest.skipUnless(CLIENT, "no client in this build")
class Backup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.s = Server(settings=CHEAP_LOGINS)
        self.addCleanup(self.s.stop)
        self.s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})

    def run_(self):
        env = dict(os.environ, PATH=BUILD + ":" + os.environ["PATH"], LYRE_ROOT=self.s.root, LYRE_CONFIG=RULES)
        done = subprocess.run(["sh", SCRIPT, self.folder, "7"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def older(self, name, days):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        when = os.stat(path).st_mtime - days * 86400
        os.utime(path, (when, when))
        return path

    def backups(self):
        return sorted(glob.glob(self.folder + "/*"))

    def test_it_can_be_used(self):
        old, young, other = self.older("20200101T000000Z", 9), self.older("20200102T000000Z", 5), self.older("notes", 9)
        self.assertEqual(self.run_(), (0, "", ""))
        self.assertNotIn(old, self.backups())
        new, = set(self.backups()) - {young, other}
        self.assertTrue(os.path.exists(new + "/lyre.rules.yml"))
        restored = Server(root=new, settings=CHEAP_LOGINS)
        self.addCleanup(restored.stop)
        self.assertEqual(list(restored.ok({"operation": "describe_all"})), ["dev"])

    def test_without_a_server_nothing_is_left_or_removed(self):
        old = self.older("20200101T000000Z", 9)
        self.s.end()
        status, _, err = self.run_()
        self.assertEqual(status, 1)
        self.assertIn("cannot reach the server", err)
        self.assertEqual(self.backups(), [old])

    def test_a_database_that_cannot_be_saved_is_reported(self):
        old = self.older("20200101T000000Z", 9)
        with open(self.s.root + "/database/bad.mdb", "w") as f:
            f.write("no database")
        self.s.restart()
        status, _, err = self.run_()
        self.assertNotEqual(status, 0)
        self.assertIn("database 'bad' was not backed up", err)
        new, = set(self.backups()) - {old}
        self.assertTrue(os.path.exists(new + "/database/dev.mdb"))


if __name__ == "__main__":
    unittest.main()
