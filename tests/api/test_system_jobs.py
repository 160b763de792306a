# SPDX-License-Identifier: Apache-2.0
"""Jobs: how they start, queue, end, are interrupted and are removed; and delete_records_before, which is one."""
import concurrent.futures, json, os, re, signal, sys, time, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import BUILD, PASSWORD, STATIC_ONLY, Server, built_modules, need_module, until

SLOW = os.path.join(BUILD, "tests", "module", ".libs", "slow.so")
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
MANY = 60000  # records that take long to delete
WITH_SLOW = "modules:\n  schema: true\n  data: true\n  system: true\n  slow:\n    path: %s\n" % SLOW


def setUpModule():
    need_module("system")


class Case(unittest.TestCase):
    config, settings, maxDiff = None, (), None

    def setUp(self):
        self.s = Server(config=self.config, settings=self.settings)
        self.addCleanup(self.s.stop)

    def job(self, id):
        jobs = self.s.ok({"operation": "get_job", "id": id})
        self.assertEqual(len(jobs), 1)
        return jobs[0]

    def begin(self, operation, **more):
        body = self.s.ok({"operation": operation}, **more)
        self.assertEqual(sorted(body), ["job_id", "message"])
        self.assertRegex(body["job_id"], "^%s$" % UUID)
        return body["job_id"]

    def run_job(self, operation, **more):
        return self.s.wait_for_job(self.begin(operation, **more))

    def refused(self, status, error, operation, **more):
        self.assertEqual(self.s.call({"operation": operation}, **more), (status, {"error": error}))

    def between(self, begin="2000-01-01", end="2999-01-01"):
        return self.s.ok({"operation": "search_jobs_by_start_date", "from_date": begin, "to_date": end})

    def fill(self, table="t", count=10, **more):
        self.s.ok({"operation": "create_table", "table": table, "primary_key": "id"}, **more)
        for first in range(0, count, 5000):
            self.s.ok({"operation": "insert", "table": table,
                       "records": [{"id": i, "n": i % 7} for i in range(first, min(count, first + 5000))]})

    def count(self, table="t"):
        return self.s.ok({"operation": "describe_table", "table": table, "exact_count": True})["record_count"]


class DeleteRecords(Case):
    def test_all_and_none(self):
        self.fill(count=1003)
        job = self.run_job("delete_records_before", table="t", date="2021-01-25T23:05:27.464")
        self.assertEqual((job["status"], job["message"]), ("COMPLETE", "No records found to delete"))
        job = self.run_job("delete_records_before", table="t", date="2999-01-01")
        self.assertEqual((job["status"], job["message"]), ("COMPLETE", "1003 of 1003 records successfully deleted"))
        self.assertEqual((job["type"], job["user"]), ("delete_records_before", "admin"))
        self.assertNotIn("result", job)
        self.assertNotIn("progress", job)
        self.assertEqual(self.count(), 0)

    def test_by_time(self):
        self.fill(count=600)
        time.sleep(0.01)
        now = time.time() * 1000
        time.sleep(0.01)
        self.s.ok({"operation": "insert", "table": "t", "records": [{"id": i} for i in range(600, 900)]})
        # An update does not change a record's creation time.
        self.s.ok({"operation": "update", "table": "t", "records": [{"id": 1, "n": 9}]})
        date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now / 1000)) + ".%03dZ" % (now % 1000)
        job = self.run_job("delete_records_before", table="t", date=date)
        self.assertEqual(job["message"], "600 of 600 records successfully deleted")
        left = self.s.ok({"operation": "search_by_value", "table": "t", "attribute": "id", "value": "*", "get_attributes": ["id"]})
        self.assertEqual([r["id"] for r in left], list(range(600, 900)))

    def test_time_without_index(self):
        for type in ("Date", "Float", "Any", None):
            attribute = {"name": "__createdtime__", "type": type} if type else {"name": "__createdtime__"}
            with self.subTest(type=type):
                self.fill(table="s%s" % type, count=700, attributes=[{"name": "id"}, attribute])
                job = self.run_job("delete_records_before", table="s%s" % type, date="2021-01-01")
                self.assertEqual(job["message"], "No records found to delete")
                job = self.run_job("delete_records_before", table="s%s" % type, date="2999-01-01")
                self.assertEqual(job["message"], "700 of 700 records successfully deleted")
                self.assertEqual(self.count("s%s" % type), 0)

    def test_keys_of_all_kinds(self):
        self.s.ok({"operation": "create_table", "table": "t", "primary_key": "id"})
        keys = [1, -1.5, "1", "", "k" * 1500, 2 ** 53, "\u00e9\u20ac"]
        self.s.ok({"operation": "insert", "table": "t", "records": [{"id": k} for k in keys]})
        job = self.run_job("delete_records_before", table="t", date="2999-01-01")
        self.assertEqual(job["message"], "%d of %d records successfully deleted" % (len(keys), len(keys)))
        self.assertEqual(self.count(), 0)

    def test_writes_continue(self):
        """With a date in the future, records written while the job runs stay."""
        self.fill(count=20000)
        id = self.begin("delete_records_before", table="t", date="2999-01-01")
        written = 0
        while self.job(id)["status"] in ("CREATED", "IN_PROGRESS"):
            self.s.ok({"operation": "insert", "table": "t", "records": [{"id": "new%d" % written}]})
            written += 1
        self.assertEqual(self.job(id)["status"], "COMPLETE")
        found, all = map(int, re.match(r"(\d+) of (\d+) records", self.job(id)["message"]).groups())
        self.assertEqual(found, all)
        self.assertEqual(self.count(), 20000 + written - found)
        self.assertGreaterEqual(found, 20000)

    def test_what_is_refused(self):
        self.fill()
        for date, error in (("yesterday", "'date' must be in ISO 8601 date format"), ("", "'date' must be in ISO 8601 date format"),
                            ("2021-13-25", "'date' must be in ISO 8601 date format"), (1611615927464, "'date' must be a valid date"),
                            (None, "'date' must be a valid date"), ({}, "'date' must be a valid date")):
            self.refused(400, error, "delete_records_before", table="t", date=date)
        self.refused(400, "'table' is required. 'date' is required", "delete_records_before")
        status, body = self.s.call({"operation": "delete_records_before", "database": "system", "table": "hdb_user", "date": "2999-01-01"})
        self.assertEqual(status, 403)
        self.assertEqual(self.between(), [])

    def test_what_fails(self):
        job = self.run_job("delete_records_before", database="nope", table="t", date="2021-01-01")
        self.assertEqual((job["status"], job["message"]), ("ERROR", "database 'nope' does not exist"))
        self.s.ok({"operation": "create_table", "table": "s", "primary_key": "id", "attributes": [{"name": "id"}]})
        job = self.run_job("delete_files_before", table="s", date="2021-01-01")
        self.assertEqual((job["status"], job["type"]), ("ERROR", "delete_records_before"))
        self.assertIn("must have a '__createdtime__' attribute", job["message"])

    def begin_long(self):
        """A job that has deleted some of its records and continues."""
        self.fill(count=MANY)
        id = self.begin("delete_records_before", table="t", date="2999-01-01")
        until(lambda: self.count() < MANY, lambda: "nothing is deleted: %s" % self.job(id))
        return id

    def test_sigterm_amid(self):
        """The job reports that it was cancelled, and whole batches were deleted."""
        id = self.begin_long()
        self.s.restart()
        job = self.job(id)
        self.assertEqual((job["status"], job["message"]),
                         ("ERROR", "The job was cancelled: the server was stopped or restarted"))
        self.assertLessEqual(job["start_datetime"], job["end_datetime"])
        left = self.count()
        self.assertLess(0, left)
        self.assertLess(left, MANY)
        self.assertEqual(self.run_job("delete_records_before", table="t", date="2999-01-01")["message"],
                         "%d of %d records successfully deleted" % (left, left))

    def test_kill_amid(self):
        id = self.begin_long()
        self.s.kill()
        self.s.output.close()
        self.s.start()
        job = self.job(id)
        self.assertEqual((job["status"], job["message"]),
                         ("ERROR", "The job was interrupted: the server stopped before it was finished"))
        self.assertLess(self.count(), MANY)
        self.assertIn("jobs interrupted when the server last stopped: 1", self.s.said())

    def test_commit_log_names_the_user(self):
        self.fill(count=3)
        self.run_job("delete_records_before", table="t", date="2999-01-01")
        status, log = self.s.call({"operation": "read_audit_log", "table": "t", "database": "data", "schema": "data"})
        if status == 501:
            self.skipTest("no read_audit_log")
        self.assertEqual(status, 200, log)
        last = [e for e in log if e["operation"] == "delete"]
        self.assertEqual([e["user_name"] for e in last], ["admin"])


class Asking(Case):
    def test_unknown(self):
        self.assertEqual(self.s.ok({"operation": "get_job", "id": "nope"}), [])
        self.refused(400, "'id' is required", "get_job")
        self.refused(400, "Invalid job ID specified.", "get_job", id="")
        self.refused(400, "'id' must be one of [string, number]", "get_job", id={"a": 1})

    def test_search(self):
        self.fill()
        before = time.time()
        ids = [self.run_job("delete_records_before", table="t", date="2000-01-01")["id"] for _ in range(3)]
        found = self.between()
        self.assertEqual([j["id"] for j in found], ids)
        for j in found:
            for name in ("start_datetime", "end_datetime"):
                self.assertIsInstance(j[name], int)
                self.assertGreaterEqual(j[name], int(before * 1000))
                text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(j[name] / 1000)) + ".%03dZ" % (j[name] % 1000)
                self.assertEqual(j[name + "_converted"], text)
            self.assertEqual({k: v for k, v in j.items() if not k.endswith("_converted")}, self.job(j["id"]))
        self.assertEqual([j["id"] for j in self.between(found[1]["start_datetime_converted"], found[1]["start_datetime_converted"])],
                         [j["id"] for j in found if j["start_datetime"] == found[1]["start_datetime"]])
        self.assertEqual(self.between("2999-01-01", "2000-01-01"), [])
        text = "There was an error searching jobs by date: Error: Invalid '%s' date, must be in ISO-8601 format (YYYY-MM-DD)%s"
        for more, error in (({}, text % ("from", ".")), ({"from_date": "x", "to_date": "x"}, text % ("from", ".")),
                            ({"from_date": "2021-01-26"}, text % ("to", "")), ({"from_date": "2021-01-26", "to_date": 7}, text % ("to", ""))):
            self.refused(400, error, "search_jobs_by_start_date", **more)

    def test_only_those_who_may(self):
        for headers, status in (({"Authorization": self.s.authorization("admin", "wrong")}, 401), ({"Authorization": ""}, 401)):
            for body in ({"operation": "delete_records_before", "table": "t", "date": "2000-01-01"}, {"operation": "get_job", "id": "x"}):
                self.assertEqual(self.s.call(body, headers=headers)[0], status)
        self.assertEqual(self.between(), [])

    @unittest.skipUnless("users" in built_modules(), "this build has no module 'users'")
    def test_another_user_of_the_same_name(self):
        """Jobs belong to their user; a later user of the same name is someone else."""
        self.fill()
        self.s.add_role("nothing", {"super_user": False})
        eve = {"Authorization": self.s.authorization("eve", PASSWORD)}
        self.s.add_user("eve", "super_user")
        status, body = self.s.call({"operation": "delete_records_before", "table": "t", "date": "2000-01-01"}, headers=eve)
        self.assertEqual(status, 200, body)
        ask = {"operation": "get_job", "id": body["job_id"]}
        self.s.ok({"operation": "alter_user", "username": "eve", "role": "nothing"})
        self.assertEqual([j["user"] for j in self.s.call(ask, headers=eve)[1]], ["eve"])
        self.s.ok({"operation": "drop_user", "username": "eve"})
        self.s.add_user("eve", "nothing")
        self.assertEqual(self.s.call(ask, headers=eve), (200, []))

    def test_records_are_the_servers_own(self):
        self.fill()
        id = self.run_job("delete_records_before", table="t", date="2000-01-01")["id"]
        for body in ({"operation": "delete", "ids": [id]}, {"operation": "upsert", "records": [{"id": id, "status": "ERROR"}]}):
            self.assertEqual(self.s.call(dict(body, database="system", table="hdb_job"))[0], 403)
        self.assertEqual(self.job(id)["status"], "COMPLETE")


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Queue(Case):
    config, settings = WITH_SLOW, ("jobs.parallel=3",)

    def test_outcomes(self):
        for answer, message, result in ((None, None, None), ({"message": "all done"}, "all done", None), ([1, {"a": None}], None, [1, {"a": None}]),
                                        ({"message": "x", "path": "/y"}, None, {"message": "x", "path": "/y"}), ("text", None, "text"),
                                        ({"message": 7}, None, {"message": 7}), (0.5, None, 0.5), (False, None, False)):
            more = {} if answer is None else {"answer": answer}
            job = self.run_job("slow", **more)
            self.assertEqual(job["status"], "COMPLETE")
            self.assertEqual(job["message"], message or "Successfully completed job: " + job["id"])
            self.assertEqual(job.get("result"), result)
        job = self.run_job("slow", fail="it \u00e9 broke")
        self.assertEqual((job["status"], job["message"]), ("ERROR", "it \u00e9 broke"))

    def test_check(self):
        self.refused(409, "not now", "slow", refuse="not now")
        self.assertEqual(self.between(), [])
        body = self.s.ok({"operation": "slow", "say": "Working", "answer": 1})
        self.assertEqual(body["message"], "Working")
        self.assertEqual(self.s.wait_for_job(body["job_id"])["result"], 1)

    def test_parallel_and_in_order(self):
        self.assertEqual(self.s.ok({"operation": "slow_most"}), 0)
        ids = [self.begin("slow", steps=1, ms=60, answer=i) for i in range(12)]
        begun = {}
        for i, id in enumerate(ids):
            job = self.s.wait_for_job(id)
            self.assertEqual(job["result"], i)
            begun[id] = job["start_datetime"]
            self.assertLessEqual(job["created_datetime"], job["start_datetime"])
            self.assertLessEqual(job["start_datetime"], job["end_datetime"])
        self.assertEqual(self.s.ok({"operation": "slow_most"}), 3)
        # One of three that start together may record its time first; the fourth starts after one of them has ended.
        for i in range(3, 12):
            self.assertGreaterEqual(begun[ids[i]], begun[ids[i - 3]])

    def test_many_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(lambda i: self.begin("slow", answer={"i": i}), range(120)))
        self.assertEqual(len(set(ids)), 120)
        for i, id in enumerate(ids):
            self.assertEqual(self.s.wait_for_job(id)["result"], {"i": i})
        self.assertLessEqual(self.s.ok({"operation": "slow_most"}), 3)

    def test_pool_stays_free(self):
        """Long jobs use no worker threads: operations of the pool are answered while all job threads are busy."""
        ids = [self.begin("slow", steps=2000, ms=5) for _ in range(6)]
        self.s.wait_for_job(ids[2], ["IN_PROGRESS"])
        for i in range(6):
            self.s.ok({"operation": "create_table", "table": "t%d" % i, "primary_key": "id"})
        self.assertEqual([self.job(id)["status"] for id in ids[:3]], ["IN_PROGRESS"] * 3)
        self.assertEqual([self.job(id)["status"] for id in ids[3:]], ["CREATED"] * 3)
        self.s.restart()
        for i, id in enumerate(ids):
            job = self.job(id)
            self.assertEqual(job["status"], "ERROR")
            self.assertEqual("before it started" in job["message"], i >= 3, job)
            self.assertEqual("start_datetime" in job, i < 3)
            self.assertNotIn("progress", job)

    def test_progress(self):
        begun, seen = time.monotonic(), []
        id = self.begin("slow", steps=300, ms=10)
        while self.job(id)["status"] in ("CREATED", "IN_PROGRESS"):
            progress = self.job(id).get("progress")
            if progress and progress not in seen:
                self.assertEqual(sorted(progress), ["done", "total"])
                seen.append(progress)
            time.sleep(0.02)
        self.assertTrue(1 <= len(seen) <= 1 + time.monotonic() - begun, seen) # one a second, however long the steps take
        self.assertEqual(seen, sorted(seen, key=lambda p: p["done"]))
        self.assertEqual({p["total"] for p in seen}, {300})
        self.assertNotIn("progress", self.job(id))

    def test_kill_amid(self):
        ids = [self.begin("slow", steps=1000, ms=20) for _ in range(5)]
        self.s.wait_for_job(ids[0], ["IN_PROGRESS"])
        self.s.kill()
        self.s.output.close()
        self.s.start()
        for id in ids:
            job = self.job(id)
            self.assertEqual((job["status"], job["message"]),
                             ("ERROR", "The job was interrupted: the server stopped before it was finished"))
            self.assertIn("end_datetime", job)

    def test_deaf_job_is_cut_off(self):
        """A second signal ends the server without waiting for a job that does not respond; the next start reports it."""
        id = self.begin("slow", steps=1, ms=30000, deaf="yes")
        self.s.wait_for_job(id, ["IN_PROGRESS"])
        self.s.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertIsNone(self.s.process.poll())
        self.s.process.send_signal(signal.SIGTERM)
        self.assertGreater(self.s.process.wait(30), 0)
        self.s.output.close()
        self.s.start()
        self.assertEqual(self.job(id)["message"], "The job was interrupted: the server stopped before it was finished")

    def test_jobs_that_finish_at_the_end(self):
        """A job that is finished when the server stops is not reported as cancelled."""
        id = self.begin("slow", steps=1, ms=1000, deaf="yes", answer=5)
        self.s.wait_for_job(id, ["IN_PROGRESS"])
        self.s.restart()
        self.assertEqual((self.job(id)["status"], self.job(id)["result"]), ("COMPLETE", 5))

    def test_rows_and_pending(self):
        self.fill(count=100)
        self.assertEqual(len(self.run_job("slow_rows", database="data", table="t")["result"]), 100)
        job = self.run_job("slow_write", database="data", table="t", records=[{"id": "a"}, {"id": 1}])
        self.assertEqual(job["message"], "1 written by job 36 characters long")
        job = self.run_job("slow_write", database="data", table="t", records=[{"id": []}])
        self.assertEqual(job["status"], "ERROR")

    def test_scopes(self):
        self.fill(count=200)
        self.assertEqual(self.run_job("slow_copy", database="data", table="t")["message"], "100 copied")
        self.assertEqual(self.count(), 300)
        row, = self.s.ok({"operation": "search_by_id", "table": "t", "ids": [-7], "get_attributes": ["id", "copy"]})
        self.assertEqual((row["copy"]["id"], row["copy"]["n"]), (7, 0))
        self.s.ok({"operation": "delete", "table": "t", "ids": list(range(-200, 0))})
        self.assertEqual(self.run_job("slow_copy", database="data", table="t", fail="amid")["message"], "amid")
        self.assertEqual(self.count(), 250)

    def test_large_request(self):
        """A job's arguments outlive the request, whatever its size, and the bodies of other requests."""
        text = "\u20ac" + "x" * 2000000
        ids = [self.begin("slow", steps=20, ms=5, answer=[i, text]) for i in range(4)]
        for _ in range(20):
            self.s.ok({"operation": "describe_all", "pad": "y" * 3000000})
        for i, id in enumerate(ids):
            self.assertEqual(self.s.wait_for_job(id)["result"], [i, text])


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class Bounds(Case):
    config, settings = WITH_SLOW, ("jobs.parallel=1", "jobs.maxWaiting=2", "jobs.retention=2s")

    def test_too_many(self):
        ids = [self.begin("slow", steps=100000, ms=5) for _ in range(3)]
        self.refused(503, "Too many jobs are waiting: try again later", "slow")
        self.assertEqual(len(ids), 3)

    def test_retention(self):
        old = [self.run_job("slow")["id"] for _ in range(3)]
        running = self.begin("slow", steps=100000, ms=5)
        self.s.wait_for_job(running, ["IN_PROGRESS"])
        # The only job thread is busy, and no unfinished job is removed.
        time.sleep(3.5)
        self.assertEqual(self.job(running)["status"], "IN_PROGRESS")
        self.s.restart()
        for id in old + [running]:
            until(lambda: not self.s.ok({"operation": "get_job", "id": id}), "the job is kept for longer than it should be")
        self.assertEqual(self.between(), [])


@unittest.skipIf(STATIC_ONLY, "no dynamic loading in this build")
class ForEver(Case):
    config, settings = WITH_SLOW, ("jobs.retention=null",)

    def test_kept(self):
        id = self.run_job("slow")["id"]
        self.s.restart()
        self.assertEqual(self.job(id)["status"], "COMPLETE")


if __name__ == "__main__":
    unittest.main()
