# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the middle of loads: what was loaded is a beginning of the file, the job says that it was cut off, and the load can be repeated.

LOAD_KILLS: how often the server is killed (4). FAULT_SEED: seed of the random numbers (default: random).
"""
import json, os, random, tempfile, threading, unittest

from faults import Server, until
from lyre_server import need_module

KILLS = int(os.environ.get("LOAD_KILLS", "4"))
SEED = os.environ.get("FAULT_SEED") or str(random.SystemRandom().randrange(1 << 32))
RECORDS = 60000
CUT_OFF = "The job was interrupted: the server stopped before it was finished"


def setUpModule():
    for name in ("schema", "data", "system", "import"):
        need_module(name)


def record(i):
    return {"id": i, "name": "name %d" % i, "text": "line 1\nline \"%d\"" % i, "n": i / 4, "even": i % 2 == 0}


def write_csv(f):
    f.write("id,name,text,n,even\n")
    for i in range(RECORDS):
        r = record(i)
        f.write('%d,%s,"%s",%s,%s\n' % (i, r["name"], r["text"].replace('"', '""'), json.dumps(r["n"]), json.dumps(r["even"])))


def write_json(f):
    f.write("[" + ",\n".join(json.dumps(record(i)) for i in range(RECORDS)) + "]\n")


class Loads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lyre-loads-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.files = {}
        for kind, write in (("csv", write_csv), ("json", write_json)):
            cls.files[kind] = os.path.join(cls.folder.name, "records." + kind)
            with open(cls.files[kind], "w") as f:
                write(f)

    def setUp(self):
        self.random = random.Random(SEED)
        self.s = Server()
        self.addCleanup(self.s.stop)

    def count(self, table):
        return self.s.ok({"operation": "describe_table", "database": "dev", "table": table})["record_count"]

    def send(self, table, kind):
        """The file as the body of the request; the server may be killed before it has answered."""
        with open(self.files[kind], "rb") as f:
            target = "/?operation=import_file&database=dev&table=%s&format=%s" % (table, kind)
            try:
                self.s.request("POST", target, f, {"Content-Type": "application/octet-stream", "Authorization": self.s.authorization()})
            except OSError:
                pass

    def start_load(self, table, kind, sent):
        """\return whatever must be waited for after the kill"""
        if sent:
            sender = threading.Thread(target=self.send, args=(table, kind))
            sender.start()
            return sender.join
        self.s.ok({"operation": "import_file", "database": "dev", "table": table, "file_path": self.files[kind], "format": kind})
        return lambda: None

    def left(self):
        return [n for n in os.listdir(os.path.join(self.s.root, "database")) if n.startswith(".upload-")]

    def check_beginning(self, table):
        """Records are those of the beginning of the file, complete."""
        rows = self.s.ok({"operation": "search_by_value", "database": "dev", "table": table, "attribute": "id", "value": "*",
                          "get_attributes": ["id", "name", "text", "n", "even"]})
        self.assertEqual(rows, [record(i) for i in range(len(rows))])
        return len(rows)

    def test_killed(self):
        cut = 0
        for n in range(KILLS):
            kind, sent = ("csv", "json")[n % 2], n % 4 > 1
            table = "t%d" % n
            with self.subTest(table=table, kind=kind, sent=sent, seed=SEED):
                self.s.ok({"operation": "create_table", "database": "dev", "table": table, "primary_key": "id"})
                wait = self.start_load(table, kind, sent)
                enough = self.random.randrange(1, RECORDS // 2)
                until(lambda: self.count(table) >= enough, "nothing is loaded")
                self.s.kill()
                wait()
                self.s.start()
                self.assertEqual(self.left(), [])
                loaded = self.check_beginning(table)
                self.assertGreaterEqual(loaded, enough)
                jobs = self.s.ok({"operation": "search_jobs_by_start_date", "from_date": "2020-01-01", "to_date": "2999-01-01"})
                job = max(jobs, key=lambda j: j["created_datetime"])
                if loaded < RECORDS:
                    self.assertEqual((job["status"], job["message"]), ("ERROR", CUT_OFF))
                    cut += 1
                answer = self.s.ok({"operation": "import_file", "database": "dev", "table": table, "action": "insert",
                                    "file_path": self.files[kind], "format": kind})
                job = self.s.wait_for_job(answer["job_id"])
                self.assertEqual(job["message"], "successfully loaded %d of %d records" % (RECORDS - loaded, RECORDS))
                self.assertEqual(self.check_beginning(table), RECORDS)
        print("%d loads, %d of them cut off" % (KILLS, cut))


if __name__ == "__main__":
    unittest.main()
