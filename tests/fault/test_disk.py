# SPDX-License-Identifier: Apache-2.0
"""A full disk, a full database, no file descriptors, damaged files, a read-only folder.

Tests that need a mount of their own are skipped if mounting is not allowed.
"""
import concurrent.futures, contextlib, ctypes, http.client, os, resource, shutil, subprocess, tempfile, time, unittest

from faults import HAS_PROC, Server, all_records, count, create, insert, until
from lyre_server import CHEAP_LOGINS, built_modules


FULL = "No space left|storage.maxSize"


@contextlib.contextmanager
def scratch_file_system(options="size=12m"):
    """A small file system of its own."""
    folder = tempfile.mkdtemp(prefix="lyre-test-")
    try:
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as e:
        mount = subprocess.CompletedProcess([], 1, str(e).encode())
    if mount.returncode:
        os.rmdir(folder)
        raise unittest.SkipTest("cannot mount a tmpfs: " + mount.stdout.decode().strip())
    try:
        yield folder
    finally:
        # The command would need /proc, which a bare chroot does not have.
        if ctypes.CDLL(None, use_errno=True).umount2(folder.encode(), 2):
            raise OSError(ctypes.get_errno(), "umount2", folder)
        os.rmdir(folder)


def fill(folder, leave=0):
    """Uses up all the space; returns the file's path."""
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))
        f.truncate(max(0, f.tell() - leave))
    return path


class Full(unittest.TestCase):
    """Shared by the tests of full disks and databases."""

    def fill_table(self, s, table="t", database="dev"):
        """Inserts until the disk is full, finally single records; returns the ids that were answered."""
        ids = []
        for step in (100, 10, 1):
            while True:
                self.assertLess(len(ids), 100000)
                status, body = insert(s, [{"id": len(ids) + i, "x": "y" * 900} for i in range(step)], table, database)
                if status != 200:
                    self.assertEqual(status, 507, body)
                    self.assertRegex(body["error"], FULL)
                    break
                ids += body["inserted_hashes"]
        return ids

    def refused(self, s, table="t", database="dev"):
        status, body = insert(s, [{"id": "refused", "x": "z" * 5000}], table, database)
        self.assertEqual(status, 507, body)
        self.assertRegex(body["error"], FULL)

    def delete_singly(self, s, ids, table="t", database="dev"):
        for id in ids:
            s.ok({"operation": "delete", "database": database, "table": table, "ids": [id]})

    def job(self, s, **operation):
        self.assertEqual(s.wait_for_job(s.ok(operation)["job_id"])["status"], "COMPLETE", operation)

    def empty(self, s, table="t", database="dev"):
        """Removes all records and their log entries, as jobs do."""
        later = {"database": database, "table": table}
        self.job(s, operation="delete_records_before", date="2999-01-01T00:00:00.000Z", **later)
        self.job(s, operation="delete_audit_logs_before", timestamp=int(time.time() * 1000) + 86400000, **later)
        self.assertEqual(count(s, table, database), 0)


class Disk(Full):
    def test_full(self):
        with scratch_file_system() as folder:
            s = Server(root=folder, settings=["logging.auditLog=false"])
            try:
                create(s)
                answered, statuses = set(), set()

                def write(thread):
                    for i in range(400):
                        first = thread * 100000 + i * 10
                        status, body = insert(s, [{"id": first + j, "a": j, "text": "x" * 400} for j in range(10)])
                        statuses.add(status)
                        if status == 200:
                            answered.update(body["inserted_hashes"])
                            continue
                        self.assertEqual(status, 507, body)
                        self.assertIn("No space left", body["error"])
                        return

                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    list(pool.map(write, range(8)))
                self.assertEqual(statuses, {200, 507})
                ballast = fill(folder)
                for _ in range(3):
                    status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
                    self.assertEqual(status, 507, body)
                # Neither creating nor reading needs more than there is.
                status, body = s.call({"operation": "create_database", "database": "other"})
                self.assertEqual(status, 507, body)
                self.assertNotIn("other", s.ok({"operation": "describe_all"}))
                self.assertEqual({r["id"] for r in all_records(s)}, answered)
                os.unlink(ballast)
                subprocess.run(["mount", "-o", "remount,size=24m", folder], check=True)
                status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
                self.assertEqual(status, 200, body)
                s.ok({"operation": "create_database", "database": "other"})
                s.restart()
                self.assertEqual({r["id"] for r in all_records(s)}, answered | {"late"})
                s.end()
            finally:
                if s.process.poll() is None:
                    s.kill()

    @contextlib.contextmanager
    def small_disk(self, settings=(), size="size=24m"):
        """A server that logs elsewhere, so that only the databases fill the disk."""
        with scratch_file_system(size) as folder, Server(settings=["storage.path=" + os.path.join(folder, "database")] + CHEAP_LOGINS + list(settings)) as s:
            yield s, folder

    @unittest.skipUnless("system" in built_modules(), "this build has no module 'system'")
    def test_file_that_is_sent(self):
        """A file that does not fit is refused, and leaves room for writes."""
        def send(body):
            headers = {"Content-Type": "application/octet-stream", "Authorization": s.authorization()}
            status, _, text = s.request("POST", "/?operation=restore_backup&database=copy", body, headers)
            until(lambda: not [n for n in os.listdir(os.path.join(folder, "database")) if n.startswith(".restore")], "a file is left behind")
            return status, text.decode()

        with scratch_file_system("size=24m") as folder, Server(root=folder, settings=["logging.auditLog=false"]) as s:
            create(s)
            insert(s, [{"id": i, "x": "y" * 1000} for i in range(1000)])
            backup = s.request(body=b'{"operation":"get_backup","database":"dev"}',
                               headers={"Content-Type": "application/json", "Authorization": s.authorization()})[2]
            for body in (backup + bytes(24 << 20), iter([backup] + [bytes(1 << 20)] * 24)):
                status, text = send(body)
                self.assertEqual(status, 507, text)
                self.assertIn("there is room for", text)
                self.assertEqual(insert(s, [{"id": "next", "x": "y" * 1000}])[0], 200)
            create(s, "other")
            ballast = fill(folder)
            self.fill_table(s, "other")
            status, text = send(iter([backup]))
            self.assertEqual(status, 507, text)
            os.unlink(ballast)
            status, text = send(backup)
            self.assertEqual(status, 200, text)
            self.assertEqual(count(s, database="copy"), 1000)

    def test_backup_without_room(self):
        """It is refused before it uses the space that writers need."""
        with scratch_file_system("size=24m") as folder, Server(root=folder, settings=["logging.auditLog=false"]) as s:
            create(s)
            insert(s, [{"id": i, "x": "y" * 1000} for i in range(5000)])
            ballast = fill(folder, leave=4 << 20)
            status, body = s.call({"operation": "get_backup", "database": "dev"})
            self.assertEqual(status, 507, body)
            self.assertRegex(body["error"], r"^a backup of database 'dev' needs \d+ bytes of disk space until it is sent, and there is room for \d+ in ")
            self.assertEqual(insert(s, [{"id": "next", "x": "y" * 1000}])[0], 200)
            os.unlink(ballast)
            self.assertEqual(s.call({"operation": "get_backup", "database": "dev"})[0], 200)

    @unittest.skipUnless("system" in built_modules(), "this build has no module 'system'")
    def test_recovery_from_a_full_disk(self):
        """On a full disk records can be deleted and users sign in, until there is space again."""
        with self.small_disk() as (s, folder):
            create(s)
            create(s, database="other")
            create(s, table="unused", database="other")
            insert(s, [{"id": 1}], database="other")
            ids = self.fill_table(s)
            self.delete_singly(s, ids[:30])
            self.assertEqual(count(s), len(ids) - 30)
            self.delete_singly(s, [1], database="other")
            self.refused(s)
            self.refused(s, database="other")
            # Inserts in between use nothing that the next deletes need.
            for begin in range(30, 330, 30):
                self.delete_singly(s, ids[begin:begin + 30])
                while insert(s, [{"id": "more%d" % len(ids), "x": "y" * 900}])[0] == 200:
                    ids.append("more%d" % len(ids))
                    self.assertLess(len(ids), 100000)
            if "users" in built_modules():
                for _ in range(5):
                    s.ok({"operation": "login", "username": s.admin[0], "password": s.admin[1]})
                    s.ok({"operation": "create_authentication_tokens", "username": s.admin[0], "password": s.admin[1]})
            s.ok({"operation": "drop_table", "database": "other", "table": "unused"})
            self.assertEqual({r["id"] for r in all_records(s)}, set(ids[330:]))
            self.empty(s)
            # The file has free space inside; the disk has none.
            until(lambda: insert(s, [{"id": "again", "x": "y" * 5000}])[0] == 200, "deleting frees no space")
            self.refused(s, database="other")
            s.ok({"operation": "compact_database", "database": "dev"})
            until(lambda: insert(s, [{"id": "again"}], database="other")[0] == 200, "the returned space cannot be used")
            self.assertTrue(os.path.exists(os.path.join(folder, "database", ".reserve")))
            self.assertIn("using storage.reserve", s.said())
            for database in ("dev", "other", "system"):
                s.ok({"operation": "check_database", "database": database})

    @unittest.skipUnless({"system", "users"} <= built_modules(), "this build has no modules 'system' and 'users'")
    def test_users_and_large_deletes(self):
        """Writes of user data give no part of the reserve to a large delete, which would leave none for the end of its job."""
        with self.small_disk(size="size=64m") as (s, folder):
            create(s)
            for first in range(0, 100000, 1000):
                records = [{"id": first + i, "n": i, "x": "y" * 400} for i in range(1000)]
                if insert(s, records)[0] != 200:
                    break
            fill(folder)
            reserve = os.path.join(folder, "database", ".reserve")
            size, roles = os.path.getsize(reserve), 0
            # Until the file of "system" has no free space inside.
            while os.path.getsize(reserve) == size:
                s.add_role("%s%d" % ("r" * 200, roles))
                roles += 1
            self.assertGreater(os.path.getsize(reserve), size // 2)
            later = s.ok({"operation": "delete_records_before", "database": "dev", "table": "t", "date": "2999-01-01T00:00:00.000Z"})
            s.wait_for_job(later["job_id"])
            s.add_role("last")

    @unittest.skipUnless("system" in built_modules(), "this build has no module 'system'")
    def test_recovery_from_a_full_disk_after_kills(self):
        """The same if the server is killed on the full disk, before and after the reserve is used."""
        with self.small_disk() as (s, folder):
            create(s)
            # A part of the file, as left by a kill.
            reserve = os.path.join(folder, "database", ".reserve")
            size = os.path.getsize(reserve)
            s.kill()
            s.output.close()
            os.truncate(reserve, 4096)
            s.start()
            self.assertEqual(os.path.getsize(reserve), size)
            ids = self.fill_table(s)
            for begin in (0, 10, 20):
                s.kill()
                s.output.close()
                s.start()
                self.delete_singly(s, ids[begin:begin + 10])
                self.refused(s)
            s.kill()
            s.output.close()
            for name in os.listdir(os.path.join(folder, "database")):
                if name.endswith("-lock"):
                    os.unlink(os.path.join(folder, "database", name))
            s.start()
            self.assertEqual({r["id"] for r in all_records(s)}, set(ids[30:]))
            self.empty(s)
            until(lambda: insert(s, [{"id": "again", "x": "y" * 5000}])[0] == 200, "deleting frees no space")

    def test_reserve_and_lock_files(self):
        """A start on a full disk may use the reserve too."""
        with self.small_disk() as (s, folder):
            create(s)
            insert(s, [{"id": 1}])
            s.end()
            for name in os.listdir(os.path.join(folder, "database")):
                if name.endswith("-lock"):
                    os.unlink(os.path.join(folder, "database", name))
            fill(folder)
            s.start()
            self.assertEqual(all_records(s)[0]["id"], 1)
            self.delete_singly(s, [1])

    def test_no_reserve(self):
        with self.small_disk(["storage.reserve=0"]) as (s, folder):
            create(s)
            self.assertNotIn(".reserve", os.listdir(os.path.join(folder, "database")))
            ids = self.fill_table(s)
            self.assertEqual(count(s), len(ids))

    def test_starts_when_full(self):
        with scratch_file_system() as folder:
            s = Server(root=folder)
            try:
                create(s)
                insert(s, [{"id": 1}])
                s.end()
                for name in os.listdir(os.path.join(folder, "database")):
                    if name.endswith("-lock"):
                        os.unlink(os.path.join(folder, "database", name))
                fill(folder)
                try:
                    s.start()
                except RuntimeError as e:
                    # It may refuse, but not be killed by a signal.
                    self.assertIn("lyred ended with 1", str(e))
                    self.assertIn("No space left", str(e))
                else:
                    self.assertEqual(all_records(s)[0]["id"], 1)
            finally:
                if s.process.poll() is None:
                    s.kill()

    def test_file_size_limit(self):
        with Server(start=False) as s:
            s.start()
            resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (2 << 20, resource.RLIM_INFINITY))
            create(s)
            done, status = 0, 200
            while status == 200 and done < 4000:
                status, body = insert(s, [{"id": done + j, "text": "x" * 800} for j in range(100)])
                done += 100 if status == 200 else 0
            self.assertEqual(status, 507, body)
            status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
            self.assertEqual(status, 507, body)
            self.assertEqual(count(s), done)
            resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            status, body = insert(s, [{"id": "late", "text": "y" * 100000}])
            self.assertEqual(status, 200, body)

    def test_read_only(self):
        with scratch_file_system() as folder:
            s = Server(root=folder)
            create(s)
            s.end()
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            # The harness needs a place for the server's output.
            with tempfile.TemporaryDirectory(prefix="lyre-test-") as other:
                s = Server(root=other, settings=["storage.path=" + os.path.join(folder, "database")], start=False)
                with self.assertRaises(RuntimeError) as c:
                    s.start()
                self.assertIn("lyred ended with 1", str(c.exception))
                self.assertIn("Read-only file system", str(c.exception))


class Limits(Full):
    def test_max_size(self):
        with Server(settings=["storage.maxSize=4194304", "logging.auditLog=false"]) as s:
            create(s)
            done, status = [], 200
            while status == 200:
                self.assertLess(len(done), 100000)
                records = [{"id": len(done) + j, "text": "x" * 500, "a": j} for j in range(100)]
                status, body = insert(s, records)
                if status == 200:
                    done += body["inserted_hashes"]
            self.assertEqual(status, 507, body)
            self.assertIn("storage.maxSize", body["error"])
            # A request that shares a commit with one that is too large is not affected.
            self.assertEqual(count(s), len(done))
            for first in range(0, len(done), 100):
                s.ok({"operation": "delete", "database": "dev", "table": "t", "ids": done[first:first + 100]})
            self.assertEqual(count(s), 0)
            until(lambda: insert(s, [{"id": "again", "text": "z" * 500}])[0] == 200, "deleting frees no space")

    @unittest.skipUnless("system" in built_modules(), "this build has no module 'system'")
    def test_recovery_from_max_size(self):
        with Server(settings=["storage.maxSize=8388608"]) as s:
            create(s)
            create(s, table="unused")
            ids = self.fill_table(s)
            for begin in range(0, 300, 30):
                self.delete_singly(s, ids[begin:begin + 30])
                while insert(s, [{"id": "more%d" % len(ids), "x": "y" * 900}])[0] == 200:
                    ids.append("more%d" % len(ids))
                    self.assertLess(len(ids), 100000)
            status, body = s.call({"operation": "create_table", "database": "dev", "table": "more", "primary_key": "id"})
            self.assertIn(status, (200, 507), body)
            s.ok({"operation": "drop_table", "database": "dev", "table": "unused"})
            self.assertEqual({r["id"] for r in all_records(s)}, set(ids[300:]))
            self.empty(s)
            until(lambda: insert(s, [{"id": "again", "x": "y" * 5000}])[0] == 200, "deleting frees no space")
            self.assertLess(os.path.getsize(os.path.join(s.root, "database", "dev.mdb")), 8388608 * 1.2)

    @unittest.skipUnless(HAS_PROC, "there is no /proc")
    def test_no_descriptors(self):
        with Server() as s:
            create(s)
            insert(s, [{"id": 1}])
            used = len(os.listdir("/proc/%d/fd" % s.process.pid))
            before = resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE)

            def call_with(spare, operation):
                """A connection for which there is no descriptor waits until there is one."""
                resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, (used + spare, before[1]))
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    answer = pool.submit(s.call, operation)
                    concurrent.futures.wait([answer], 0.3)
                    resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, before)
                    return answer.result()

            for spare in range(1, 8):
                name = "d%d" % spare
                made, body = call_with(spare, {"operation": "create_database", "database": name})
                there = name in s.ok({"operation": "describe_all"})
                self.assertEqual(there, made == 200, body)
                if not there: # it can be created now
                    s.ok({"operation": "create_database", "database": name})
                dropped, body = call_with(spare, {"operation": "drop_database", "database": name})
                there = name in s.ok({"operation": "describe_all"})
                self.assertEqual(there, dropped != 200, body)
                if there:
                    s.ok({"operation": "drop_database", "database": name})
                s.ok({"operation": "create_database", "database": name})
                s.ok({"operation": "drop_database", "database": name})
            self.assertEqual(count(s), 1)


class Damage(unittest.TestCase):
    def database(self):
        root = tempfile.mkdtemp(prefix="lyre-test-")
        self.addCleanup(shutil.rmtree, root)
        s = Server(root=root)
        create(s)
        create(s, database="sound")
        insert(s, [{"id": 1}], database="sound")
        insert(s, [{"id": i, "text": "x" * 300, "a": i % 7} for i in range(2000)])
        s.end()
        path = os.path.join(s.root, "database", "dev.mdb")
        with open(path, "rb") as f:
            return s, path, f.read()

    def check(self, s, what):
        """The server starts, the intact database answers, and the other too, at most with an error."""
        s.start()
        try:
            self.assertEqual(count(s, database="sound"), 1, what)
            status, body = s.call({"operation": "describe_table", "database": "dev", "table": "t"})
            if status == 200:
                all_records(s)
            else:
                self.assertIn("error", body, what)
                # A file that cannot be read is not overwritten.
                status, body = s.call({"operation": "create_database", "database": "dev"})
                self.assertNotEqual(status, 200, what)
        except (OSError, http.client.HTTPException) as e:
            self.fail("%s: %s (%s)\n%s" % (what, e, s.process.poll(), s.said()[-1000:]))
        finally:
            s.kill()
            s.output.close()

    def test_truncated(self):
        s, path, whole = self.database()
        for size in (0, 1, 1023, 1024, 4095, 4096, 8192, 8193, 12288, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
            with open(path, "wb") as f:
                f.write(whole[:size])
            self.check(s, "%d of %d bytes" % (size, len(whole)))

    def test_foreign(self):
        s, path, whole = self.database()
        for what in (b"\0" * 65536, b"SQLite format 3\0" * 4096, os.urandom(65536), whole[:8192] + os.urandom(8192) + whole[16384:]):
            with open(path, "wb") as f:
                f.write(what)
            self.check(s, repr(what[:16]))
        os.unlink(path)
        os.mkdir(path)
        self.check(s, "a folder")
        os.rmdir(path)
        os.symlink("/nowhere", path)
        self.check(s, "a dangling link")


if __name__ == "__main__":
    unittest.main(verbosity=2)
