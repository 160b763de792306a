# SPDX-License-Identifier: Apache-2.0
"""export_local: what the files contain, who may export where, and that nothing is left of an export that does not finish.

EXPORT_KILLS: how often the server is killed during an export (3). Tests that need a mount or a device of their own are skipped if that is
not allowed.
"""
import concurrent.futures, contextlib, fcntl, json, os, random, re, shutil, socket, stat, subprocess, sys, tempfile, time, unittest, unittest.mock, uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "fault")]
import lyre_server
from export_case import HEAD_CSV, MANY, NAMES, RECORDS, ROWS_CSV, ROWS_JSON, SOME, Case, by_id, by_value, content, need_modules, need_sql, product
from lyre_server import CHEAP_LOGINS, HAS_PROC, PASSWORD, Server, built_modules, table_permission, until
from test_disk import scratch_file_system

KILLS = int(os.environ.get("EXPORT_KILLS", 3))
SANITIZED = bool(os.environ.get("CK_FORK"))
INTERRUPTED = "The job was interrupted: the server stopped before it was finished"
CANCELLED = "The job was cancelled: the server was stopped or restarted"
ONLY_SUPER_USERS = "Operation 'export_local' is restricted to 'super_user' roles"
OUTSIDE = "path '%s' is in none of the folders of modules.export.paths"
OWN = "path '%s' is in a folder of the server's own files"
MODE = 0o640
HIDDEN = ".lyre-export-"


def setUpModule():
    need_modules()


class Content(Case):
    def test_every_search(self):
        conditions = {"operation": "search_by_conditions", "database": "dev", "table": "dog", "get_attributes": NAMES,
                      "conditions": [{"attribute": "id", "comparator": "less_than", "value": 3}]}
        searches = [("value", by_value(), [0, 1, 2, 3]), ("name", by_value("name", "z*"), [1]), ("hash", by_id([2, 1], operation="search_by_hash"), [1, 0]),
                    ("id", by_id([4, 99, 1]), [3, 0]), ("conditions", conditions, [0, 1]), ("none", by_value("id", 99), [])]
        if "sql" in built_modules():
            searches += [("sql", {"operation": "sql", "sql": "SELECT id, name, n, o, b, l FROM dev.dog ORDER BY id DESC"}, [3, 2, 1, 0]),
                         ("sql_none", {"operation": "sql", "sql": "SELECT id, name FROM dev.dog WHERE id > 99"}, [])]
        for name, search, rows in searches:
            with self.subTest(name):
                self.assertEqual(self.exported(search, filename=name).decode(), "[%s]" % ",".join(ROWS_JSON[i] for i in rows))
                want = "\n".join([HEAD_CSV] + [ROWS_CSV[i] for i in rows]) if rows else ""
                self.assertEqual(self.exported(search, filename=name, format="csv").decode(), want)

    def test_result(self):
        for format in ("json", "csv"):
            job = self.export(by_value(), format=format)
            path = os.path.join(self.out, "x." + format)
            self.assertEqual(job["result"], {"message": "Successfully exported %s locally." % format.upper(), "path": path})
            self.assertEqual((job["message"], job["type"], job["user"]), ("Successfully completed job: " + job["id"], "export_local", "admin"))
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), MODE)
        self.assertEqual(self.left(), ["x.csv", "x.json"])

    def test_all_attributes(self):
        """The same rows as the search's own answer."""
        rows = self.s.ok(by_value(names=["*"]))
        self.assertEqual(json.loads(self.exported(by_value(names=["*"]))), rows)
        self.assertEqual(self.exported(by_value(names=["*"]), format="csv").decode().split("\n")[0], ",".join('"%s"' % n for n in rows[0]))

    def test_sql_columns(self):
        need_sql()
        search = {"operation": "sql", "sql": "SELECT name AS \"a \"\"b\", COUNT(*) AS c, id, id AS id FROM dev.dog WHERE id = 2 GROUP BY name"}
        row = self.s.ok(search)[0]
        self.assertEqual(json.loads(self.exported(search)), [row])
        head, line = self.exported(search, format="csv").decode().split("\n")
        self.assertEqual(head, ",".join('"%s"' % n.replace('"', '""') for n in row))
        self.assertEqual(line, '"zwölf",1' + ",2" * (len(row) - 2))

    def test_many_rows(self):
        """More than any buffer holds."""
        self.many()
        search = {"operation": "sql", "sql": "SELECT a.id, b.id AS other FROM dev.many a, dev.many b WHERE b.id < 100"}
        pairs = [(a, b) for a in range(MANY) for b in range(100)]
        self.assertEqual(sorted((r["id"], r["other"]) for r in json.loads(self.exported(search))), pairs)
        lines = self.exported(search, format="csv").decode().split("\n")
        self.assertEqual((lines[0], sorted(lines[1:])), ('"id","other"', sorted("%d,%d" % pair for pair in pairs)))

    def test_old_names(self):
        search = {"operation": "search_by_hash", "schema": "dev", "table": "dog", "hash_values": [2], "get_attributes": ["id", "name"]}
        self.assertEqual(self.exported(search).decode(), '[{"id":2,"name":"zwölf"}]')


class Names(Case):
    def test_path(self):
        for path, filename, file in (("/", "a", "/a.json"), ("", "a.b.json", "/a.b.json.json"), ("/.", "b", "/./b.json"), ("", "/c", "/c.json"),
                                     ("", "ä \n\\\"", "/ä \n\\\".json"), ("", ".", "/..json"), ("", "..", "/...json"), ("", "d" * 250, "/%s.json" % ("d" * 250))):
            with self.subTest(path=path, filename=filename):
                job = self.export(by_id([2]), path=self.out + path, filename=filename)
                self.assertEqual((job["status"], job.get("result", job["message"])), ("COMPLETE", {
                    "message": "Successfully exported JSON locally.", "path": self.out + file}))
                self.assertEqual(content(self.out + file).decode(), "[%s]" % ROWS_JSON[1])

    def test_folder_in_filename(self):
        os.makedirs(os.path.join(self.out, "sub", "dir"))
        job = self.export(by_id([2]), filename="sub/dir/x")
        self.assertEqual(job["result"]["path"], self.out + "/sub/dir/x.json")
        job = self.export(by_id([2]), path=self.out + "/sub/", filename="../escaped")
        self.assertEqual(job["result"]["path"], self.out + "/sub/../escaped.json")
        self.assertEqual(self.left(), ["escaped.json", "sub"])
        self.fails("ENOENT: no such file or directory, open '%s/none/x.json'" % self.out, by_id([2]), filename="none/x")

    def test_made_up(self):
        """The time, and never the name of another file."""
        before = int(time.time() * 1000)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            ids = list(pool.map(lambda i: self.started(by_id([1 + i % 4], names=["id"]), filename=... if i % 3 else [None, ""][i % 2]), range(40)))
        jobs = [self.s.wait_for_job(id) for id in ids]
        after = int(time.time() * 1000) + 1000
        self.assertEqual({job["status"] for job in jobs}, {"COMPLETE"}, jobs)
        paths = [job["result"]["path"] for job in jobs]
        self.assertEqual(len(set(paths)), 40)
        for i, path in enumerate(paths):
            self.assertEqual(content(path), b'[{"id":%d}]' % (1 + i % 4))
            ms = int(re.fullmatch(re.escape(self.out) + r"/(\d{13})\.json", path).group(1))
            self.assertTrue(before <= ms <= after, (before, ms, after))
        self.assertEqual(len(self.left()), 40)

    def test_refused(self):
        self.assertTrue(os.path.exists(self.out))
        file = os.path.join(self.out, "file")
        open(file, "w").close()
        os.symlink("loop", os.path.join(self.out, "loop"))
        for error, more in (
                ("format missing", {"format": ...}), ("format missing", {"format": None}),
                ("format invalid. must be one of the following values: json, csv", {"format": "xml"}),
                ("format invalid. must be one of the following values: json, csv", {"format": "JSON"}),
                ("format invalid. must be one of the following values: json, csv", {"format": 5}),
                ("format invalid. must be one of the following values: json, csv", {"format": "json\0"}),
                ("path is missing.", {"path": ...}), ("path is missing.", {"path": None}), ("Invalid path: ", {"path": ""}),
                ("path must be a string", {"path": 5}), ("path must be a string", {"path": [self.out]}),
                ("path must not contain a NUL character", {"path": self.out + "\0"}),
                ("path 'out' must begin with /", {"path": "out"}), ("path is too long", {"path": "/" * 5000}),
                ("path is too long", {"path": self.out + "/x" * 5000}),
                ("path '/no/such/dir' does not exist", {"path": "/no/such/dir"}), ("path '%s' is not a folder" % file, {"path": file}),
                ("path '%s/loop' cannot be opened: Too many levels of symbolic links" % self.out, {"path": self.out + "/loop"}),
                ("path '%s' cannot be opened: File name too long" % (self.out + "/" + "n" * 300), {"path": self.out + "/" + "n" * 300}),
                ("path '%s/file' is not a folder" % self.out, {"filename": "file/x"}),
                ("filename must be a string", {"filename": {}}), ("filename must be a string", {"filename": 7}),
                ("filename must not contain a NUL character", {"filename": "a\0b"}), ("filename is too long", {"filename": "a" * 251}),
                ("filename is too long", {"filename": "a" * 5000}),
                ("search_operation missing", {"search_operation": ...}), ("search_operation missing", {"search_operation": None}),
                ("search_operation.operation missing", {"search_operation": {}}), ("search_operation.operation missing", {"search_operation": {"operation": ""}}),
                ("Table 'dev.nope' does not exist", {"search_operation": by_value(table="nope")}),
                ("'attribute' is required. 'value' is required", {"search_operation": {"operation": "search_by_value", "database": "dev", "table": "dog"}})):
            with self.subTest(error=error, more=str(more)[:80]):
                self.fails(error, by_id([1]), **more)
        self.assertEqual(self.left(), ["file", "loop"])

    def test_only_searches(self):
        error = "searchOperation.operation must be one of the following values: search_by_value, search_by_hash, sql, search_by_conditions"
        for name in ("insert", "delete", "drop_table", "nope", "export_local", "get_backup", "describe_all", 5, ["sql"], {"a": 1}, "sql\0"):
            self.fails(error, {"operation": name, "database": "dev", "table": "dog", "records": [{"id": 77}]})
        self.assertEqual(self.s.ok({"operation": "describe_table", "database": "dev", "table": "dog", "exact_count": True})["record_count"], len(RECORDS))

    def test_statements_that_write(self):
        need_sql()
        for statement in ("DELETE FROM dev.dog", "INSERT INTO dev.dog (id) VALUES (88)", "UPDATE dev.dog SET n = 7", "DROP TABLE dev.dog"):
            job = self.export({"operation": "sql", "sql": statement})
            self.assertEqual(job["status"], "ERROR", statement)
        self.assertEqual(self.s.ok(by_value()), RECORDS)
        self.assertEqual(self.left(), [])

    def test_before_the_job(self):
        self.refused(400, "search_operation must be an object", "x")
        self.refused(400, "search_operation must be an object", [by_id([1])])
        self.refused(400, "The 'sql' parameter is missing from the request body", {"operation": "sql"})


class Targets(Case):
    """What already has the file's name."""

    def test_replaced(self):
        path, other = os.path.join(self.out, "x.json"), os.path.join(self.out, "other")
        with open(path, "w") as f:
            f.write("before" * 1000)
        os.link(path, other)
        with open(path) as reader:
            self.assertEqual(self.exported(by_id([2])).decode(), "[%s]" % ROWS_JSON[1])
            self.assertEqual(reader.read(), "before" * 1000, "a reader keeps the file that it has opened")
        self.assertEqual(content(other), b"before" * 1000, "the file's other name keeps its content")
        self.assertEqual(self.left(), ["other", "x.json"])

    def test_failure_keeps_it(self):
        path = os.path.join(self.out, "x.json")
        with open(path, "w") as f:
            f.write("before")
        self.fails("Table 'dev.nope' does not exist", by_value(table="nope"))
        self.assertEqual((self.left(), content(path)), (["x.json"], b"before"))

    def make(self, kind, path):
        """Makes something that is not a regular file."""
        if kind == "folder":
            os.mkdir(path)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
                s.bind(path)
        elif kind == "device":
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        else:
            os.symlink(kind[5:], path)

    def test_special(self):
        file = os.path.join(self.out, "file")
        with open(file, "w") as f:
            f.write("mine")
        for kind in ("folder", "pipe", "socket", "device", "link file", "link none", "link " + os.path.join(self.top, "elsewhere"), "link ."):
            path = os.path.join(self.out, "x.json")
            with self.subTest(kind):
                try:
                    self.make(kind, path)
                except PermissionError:
                    self.skipTest("cannot make one")
                before = os.lstat(path)
                self.fails("'%s' exists and is not a regular file" % path, by_value())
                self.assertEqual((os.lstat(path).st_ino, os.lstat(path).st_mode), (before.st_ino, before.st_mode))
                self.assertEqual(self.left(), ["file", "x.json"])
                (os.rmdir if kind == "folder" else os.unlink)(path)
        self.assertEqual(content(file), b"mine")
        self.assertFalse(os.path.exists(os.path.join(self.top, "elsewhere")))

    def test_appears_meanwhile(self):
        """What gets the name during the export is not replaced either, if it is not a regular file."""
        for kind in ("pipe", "link none", "folder"):
            path = os.path.join(self.out, "x.json")
            with self.subTest(kind):
                id = self.started_writing(times=SOME)
                self.make(kind, path)
                job = self.s.wait_for_job(id)
                self.assertEqual((job["status"], job["message"]), ("ERROR", "'%s' exists and is not a regular file" % path))
                self.assertEqual(self.left(), ["x.json"])
                (os.rmdir if kind == "folder" else os.unlink)(path)

    def test_regular_file_appears_meanwhile(self):
        id = self.started_writing(times=SOME)
        with open(os.path.join(self.out, "x.json"), "w") as f:
            f.write("other")
        self.assertEqual(self.s.wait_for_job(id)["status"], "COMPLETE")
        self.assertEqual(self.left(), ["x.json"])
        self.assertEqual(len(json.loads(content(os.path.join(self.out, "x.json")))), MANY * SOME)

    def test_left_by_a_crash(self):
        """Hidden files of killed exports are removed, and no others."""
        names = [HIDDEN + str(uuid.uuid4()) for _ in range(3)] + [HIDDEN + "x", HIDDEN + str(uuid.uuid4()) + "x", ".other"]
        for name in names:
            with open(os.path.join(self.out, name), "w") as f:
                f.write("rest")
        os.mkfifo(os.path.join(self.out, HIDDEN + str(uuid.uuid4())))
        os.symlink("x", os.path.join(self.out, HIDDEN + str(uuid.uuid4())))
        kept = sorted(set(self.left()) - {names[1], names[2]})
        with open(os.path.join(self.out, names[0])) as running:
            fcntl.flock(running, fcntl.LOCK_EX)
            self.exported(by_id([1]))
        self.assertEqual(self.left(), sorted(kept + ["x.json"]))


# ---- who may export, and where ----

ROLES = {
    "reader": {"dev": {"tables": {"dog": table_permission("read")}}},
    "limited": {"dev": {"tables": {"dog": table_permission("read", attributes=[
        {"attribute_name": n, "read": True, "insert": False, "update": False} for n in ("id", "name")])}}},
    "writer": {"dev": {"tables": {"dog": table_permission("insert", "update", "delete")}}},
    "structure": {"structure_user": True},
    "nothing": {},
    "second": {"super_user": True},
}
GRANTS = {"dev": {"tables": {"dog": table_permission("read"), "many": table_permission("read")}}}
REFUSED = "This operation is not authorized due to role restrictions and/or invalid database items"


def make_users(s, roles=ROLES):
    for name, permission in roles.items():
        s.add_role(name, permission)
        s.add_user(name, name)


class SuperUsers(Case):
    """Without modules.export.paths."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_users(cls.s)

    def test_roles(self):
        for user in ROLES:
            with self.subTest(user):
                if user == "second":
                    self.assertEqual(self.exported(by_id([2]), user=user).decode(), "[%s]" % ROWS_JSON[1])
                    continue
                status, body = self.begin(by_id([2], names=["id"]), user=user)
                self.assertEqual(status, 403)
                if user in ("reader", "limited"):
                    self.assertEqual(body, {"error": ONLY_SUPER_USERS})
                else:
                    self.assertEqual(body["error"], REFUSED, "the search is not permitted")
                self.refused(403, ONLY_SUPER_USERS, {}, user=user)
                self.refused(403, ONLY_SUPER_USERS, ..., user=user, path="/no/such/folder")
        self.assertEqual(self.left(), ["x.json"])

    def test_without_credentials(self):
        self.assertEqual(self.s.call({"operation": "export_local"}, headers={"Authorization": ""})[0], 401)

    def test_own_files(self):
        """Not into the server's root folder, its databases or its log, by whatever path."""
        link = os.path.join(self.out, "link")
        os.symlink(self.s.root, link)
        os.makedirs(os.path.join(self.s.root, "made", "by", "hand"))
        for path in (self.s.root, self.s.root + "/database", self.s.root + "/log", self.s.root + "/made/by/hand", link, link + "/database",
                     self.out + "/../../" + os.path.basename(self.s.root) if os.path.dirname(self.top) == os.path.dirname(self.s.root) else link,
                     self.s.root + "/none", link + "/none/of/it"):
            self.refused(403, OWN % path, by_id([1]), path=path)
        self.refused(403, OWN % self.out, by_id([1]), path=self.out, filename="link/database/x")

    def test_dropped_meanwhile(self):
        self.s.add_user("leaver", "second")
        running = self.started_writing(filename="running", user="leaver")
        self.s.ok({"operation": "drop_user", "username": "leaver"})
        job = self.s.wait_for_job(running)
        self.assertEqual((job["status"], job["message"]), ("ERROR", "User leaver does not exist"))
        self.assertEqual(self.left(), [])


class Folders(Case):
    """With modules.export.paths: every user whose role permits the search, into these folders only."""

    @classmethod
    def settings(cls):
        cls.allowed = [os.path.join(cls.top, "allowed"), os.path.join(cls.top, "link to allowed"), os.path.join(cls.top, "none")]
        for name in ("allowed", "linked", "other", "allowed too"):
            os.mkdir(os.path.join(cls.top, name))
        os.symlink("linked", cls.allowed[1])
        return CHEAP_LOGINS + ["modules.export.paths=%s" % json.dumps(cls.allowed)]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_users(cls.s)

    def setUp(self):
        self.out = os.path.join(self.allowed[0], self.id().split(".")[-1])
        os.mkdir(self.out)
        self.addCleanup(shutil.rmtree, self.out)
        self.other = os.path.join(self.top, "other")

    def test_roles(self):
        for user in ROLES:
            names = ["id", "name"] if user == "limited" else NAMES
            with self.subTest(user):
                if user in ("reader", "limited", "second"):
                    self.assertEqual(json.loads(self.exported(by_id([2], names=["*"]), user=user)),
                                     self.s.call(by_id([2], names=["*"]), headers={"Authorization": self.s.authorization(user, PASSWORD)})[1])
                    self.assertEqual(json.loads(self.exported(by_id([2], names=names), user=user)), [{n: RECORDS[1][n] for n in names}])
                else:
                    status, body = self.begin(by_id([2]), user=user)
                    self.assertEqual((status, body["error"]), (403, REFUSED))

    def test_attributes_of_role(self):
        rows = json.loads(self.exported(by_value(names=["*"]), user="limited"))
        self.assertEqual({n for r in rows for n in r}, {"id", "name"})
        head = self.exported(by_value(names=["*"]), user="limited", format="csv").decode().split("\n")[0]
        self.assertEqual(head, '"id","name"')
        status, body = self.begin(by_value("n", 0, ["id"]), user="limited")
        self.assertEqual((status, body["invalid_schema_items"]), (403, ["Attribute 'n' does not exist on 'dev.dog'"]))
        if "sql" in built_modules():
            rows = json.loads(self.exported({"operation": "sql", "sql": "SELECT * FROM dev.dog"}, user="limited"))
            self.assertEqual({n for r in rows for n in r}, {"id", "name"})
            for statement in ("SELECT n FROM dev.dog", "SELECT id FROM dev.dog WHERE n = 0", "SELECT * FROM system.hdb_user"):
                self.assertEqual(self.export({"operation": "sql", "sql": statement}, user="limited")["status"], "ERROR", statement)
        self.assertEqual(sorted(os.listdir(self.out)), ["x.csv", "x.json"])

    def inside(self, path, **more):
        for user in ("reader", None):
            job = self.export(by_id([2]), path=path, user=user, **more)
            self.assertEqual(job["status"], "COMPLETE", job)
            self.assertTrue(os.path.isfile(job["result"]["path"]))
            os.unlink(job["result"]["path"])

    def outside(self, path, told=None, **more):
        for user in ("reader", None):
            self.refused(403, OUTSIDE % (told or path), by_id([2]), path=path, user=user, **more)

    def test_inside(self):
        os.makedirs(self.out + "/a/b")
        os.symlink(self.out + "/a", self.out + "/inner link")
        for path in (self.allowed[0], self.out, self.out + "/a/b", self.out + "/a/../a/b/..", self.allowed[1], os.path.join(self.top, "linked"),
                     self.top + "/other/../allowed", self.out + "/inner link", self.out + "/inner link/b", self.top + "//allowed//"):
            with self.subTest(path):
                self.inside(path)
        self.inside(self.out, filename="a/b/x")
        self.inside(self.out, filename="../%s/a/x" % os.path.basename(self.out))

    def test_outside(self):
        """Neither above, nor beside, nor by a link or "..", nor by a name with the same beginning."""
        os.symlink(self.other, self.out + "/way out")
        os.symlink("/", self.out + "/root")
        os.symlink("..", self.out + "/up")
        os.mkdir(self.out + "/a")
        for path in ("/", "/tmp", "/etc", self.top, self.other, self.top + "/allowed too", self.out + "/../..", self.out + "/way out",
                     self.out + "/root", self.out + "/root/tmp", self.out + "/up/..", self.out + "/a/../../..", self.allowed[1] + "/..",
                     self.s.root, self.s.root + "/database", "/proc/self/root", "/proc/self/cwd"):
            with self.subTest(path):
                if path.startswith(self.s.root):
                    self.refused(403, OWN % path, by_id([2]), path=path, user="reader")
                elif os.path.exists(path):
                    self.outside(path)
        for filename in ("../../x", "way out/x", "root/tmp/x", "up/../x", "a/../../../x", "../../allowed too/x"):
            with self.subTest(filename):
                self.outside(self.out, filename=filename)
        self.assertEqual([sorted(os.listdir(os.path.join(self.top, n))) for n in ("other", "allowed too")], [[], []])

    def test_what_exists_elsewhere(self):
        """Nobody learns what there is outside: what exists and what does not are refused with the same words."""
        open(os.path.join(self.other, "file"), "w").close()
        os.mkdir(os.path.join(self.other, "folder"))
        os.symlink("loop", os.path.join(self.other, "loop"))
        self.addCleanup(shutil.rmtree, os.path.join(self.other, "folder"))
        for name in ("file", "loop"):
            self.addCleanup(os.unlink, os.path.join(self.other, name))
        for name in ("file", "folder", "loop", "none", "none/of/it", "file/none", "folder/../none", "n" * 300):
            for path in (os.path.join(self.other, name), self.out + "/../../other/" + name):
                self.outside(path)
            self.outside(self.out, filename="../../other/%s/x" % name)
        self.fails("path '%s/none/../../../other' does not exist" % self.out, by_id([2]), path=self.out + "/none/../../../other", user="reader")

    def test_replaced_meanwhile(self):
        """A folder that becomes a link to another while the export runs."""
        self.many()
        self.s.ok({"operation": "alter_role", "id": "reader", "role": "reader", "permission": GRANTS})
        inner = self.out + "/inner"
        self.out, outer = inner, self.out
        self.addCleanup(setattr, self, "out", outer)
        for how, error in (("link", OUTSIDE % inner), ("inside", "path '%s' was replaced during the export" % inner),
                           ("gone", "path '%s' does not exist" % inner)):
            with self.subTest(how):
                os.mkdir(inner)
                id = self.started_writing(times=SOME, user="reader")
                os.rename(inner, outer + "/moved")
                if how == "link":
                    os.symlink(self.other, inner)
                elif how == "inside":
                    os.mkdir(inner)
                job = self.s.wait_for_job(id)
                self.assertEqual((job["status"], job["message"]), ("ERROR", error))
                self.assertEqual((os.listdir(self.other), os.listdir(outer + "/moved")), ([], []))
                if os.path.lexists(inner):
                    (os.unlink if how == "link" else os.rmdir)(inner)
                os.rmdir(outer + "/moved")

    def test_bound_meanwhile(self):
        """The same with a mount, which hides the folder."""
        inner = self.out + "/inner"
        os.mkdir(inner)
        self.out, outer = inner, self.out
        self.addCleanup(setattr, self, "out", outer)
        id = self.started_writing(times=SOME)
        bound = subprocess.run(["mount", "--bind", self.other, inner], capture_output=True, text=True)
        if bound.returncode:
            self.s.wait_for_job(id)
            self.skipTest("cannot mount: " + bound.stderr)
        try:
            job = self.s.wait_for_job(id)
        finally:
            subprocess.run(["umount", inner], check=True)
        self.assertEqual((job["status"], job["message"]), ("ERROR", "path '%s' was replaced during the export" % inner))
        self.assertEqual((os.listdir(self.other), os.listdir(inner)), ([], []))

    def test_role_changed_meanwhile(self):
        self.many()
        for how in ("less", "dropped"):
            with self.subTest(how):
                name = "changed_" + how
                self.s.add_role(name, GRANTS)
                self.s.add_user(name, name)
                id = self.started_writing(user=name)
                if how == "less":
                    self.s.ok({"operation": "alter_role", "id": name, "role": name, "permission": {}})
                else:
                    self.s.ok({"operation": "drop_user", "username": name})
                job = self.s.wait_for_job(id)
                self.assertEqual((job["status"], job["message"]), ("ERROR", "User %s does not exist" % name if how == "dropped" else
                    "The role of user '%s' has changed since the job began: start the job again" % name))
                self.assertEqual(self.left(), [])


class Settings(unittest.TestCase):
    def test_own_folder_that_is_named(self):
        with tempfile.TemporaryDirectory(prefix="lyre-test-") as root:
            folder = os.path.join(root, "exports")
            os.mkdir(folder)
            with Server(root=root, settings=CHEAP_LOGINS + ["modules.export.paths=%s" % json.dumps([folder])]) as s:
                s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
                request = {"operation": "export_local", "format": "json", "filename": "x", "search_operation": by_value(names=["id"])}
                job = s.wait_for_job(s.ok(request, path=folder)["job_id"])
                self.assertEqual((job["status"], content(folder + "/x.json")), ("COMPLETE", b"[]"))
                for path in (root, root + "/database"):
                    self.assertEqual(s.call(request, path=path), (403, {"error": OWN % path}))

    def test_nowhere(self):
        with Server(settings=CHEAP_LOGINS + ["modules.export.paths=[]"]) as s:
            request = {"operation": "export_local", "format": "json", "filename": "x", "search_operation": {}, "path": "/tmp"}
            self.assertEqual(s.call(request), (403, {"error": OUTSIDE % "/tmp"}))

    def test_relative(self):
        with self.assertRaisesRegex(RuntimeError, "'modules.export.paths': 'here' must begin with /"):
            Server(settings=['modules.export.paths=["/tmp", "here"]']).stop()


# ---- exports that do not finish ----

class Faults(Case):
    @classmethod
    def settings(cls):
        return CHEAP_LOGINS + ["operationsApi.network.drainTimeout=0"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.many()

    def test_stopped(self):
        id = self.started_writing()
        waiting = [self.started(product(), filename="y%d" % i) for i in range(8)]
        self.s.restart()
        self.assertEqual(self.left(), [])
        for job in map(self.s.wait_for_job, [id] + waiting):
            self.assertEqual(job["status"], "ERROR")
            self.assertRegex(job["message"], "^The (job was (cancelled|interrupted)|server is stopping)")
        self.assertEqual(self.s.wait_for_job(id)["message"], CANCELLED)

    def test_killed(self):
        with open(os.path.join(self.out, "x.json"), "w") as f:
            f.write("before")
        for i in range(KILLS):
            format, size = random.choice(("json", "csv")), random.choice((1, 1 << 16, 1 << 20, 1 << 22))
            with self.subTest(i=i, format=format, size=size):
                id = self.started_writing(size, format=format)
                self.s.kill()
                self.assertEqual(self.left(), ["x.json"])
                self.s.start()
                job = self.s.wait_for_job(id)
                self.assertEqual((job["status"], job["message"]), ("ERROR", INTERRUPTED))
        self.assertEqual(content(self.out + "/x.json"), b"before")
        self.assertEqual(self.exported(by_id([2])).decode(), "[%s]" % ROWS_JSON[1])

    def test_killed_at_the_end(self):
        """Either nothing, or the complete file."""
        want = json.dumps([{"id": r["id"], "name": r["name"]} for r in RECORDS], separators=(",", ":"), ensure_ascii=False).encode()
        for i in range(KILLS):
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                for n in range(12):
                    pool.submit(self.begin, by_value(names=["id", "name"]), filename="x%d" % (n % 3))
                time.sleep(random.random() * 0.02)
                self.s.kill()
            for name in self.left():
                if not name.startswith(HIDDEN): # between two names: the next export removes it
                    self.assertEqual(content(os.path.join(self.out, name)), want)
            self.s.start()
        self.exported(by_value(names=["id", "name"]))
        self.assertEqual([name for name in self.left() if name.startswith(HIDDEN)], [])

    def test_no_files_without_a_name(self):
        """As on a file system that has none: with a hidden name until the end."""
        if not HAS_PROC or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            self.skipTest("cannot unshare")
        wrapper = os.path.join(self.top, "lyred-without-fds")
        with open(wrapper, "w") as f:
            f.write("#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs none /proc/$$/fd && exec \"$0\" \"$@\"' %s \"$@\"\n" % lyre_server.LYRED)
        os.chmod(wrapper, 0o755)
        with unittest.mock.patch.object(lyre_server, "LYRED", wrapper):
            self.s.restart()
            self.addCleanup(self.s.restart)
            for n in (1, 2):
                self.assertEqual(self.exported(by_id([2])).decode(), "[%s]" % ROWS_JSON[1])
                self.assertEqual(self.left(), ["x.json"])
            self.fails("Table 'dev.nope' does not exist", by_value(table="nope"))
            self.assertEqual(self.left(), ["x.json"])
            id = self.started_writing(1 << 16)
            self.assertEqual(self.left(), [HIDDEN + id, "x.json"])
            self.exported(by_id([1]), filename="y")
            self.assertEqual(self.left(), [HIDDEN + id, "x.json", "y.json"], "one that is running is not removed")
            self.s.kill()
            self.assertEqual(self.left(), [HIDDEN + id, "x.json", "y.json"])
            self.s.start()
            self.assertEqual(self.s.wait_for_job(id)["message"], INTERRUPTED)
            self.exported(by_id([1]), filename="y")
            self.assertEqual(self.left(), ["x.json", "y.json"])

    def test_full_disk(self):
        with scratch_file_system("size=3m") as folder:
            self.out = folder
            self.exported(by_id([2]))
            for name in ("x", "y", None):
                told = "%s/%s.json" % (folder, name) if name else folder
                self.fails("the disk is too full for '%s'" % told, product(), filename=name)
                self.assertEqual(self.left(), ["x.json"])
            self.assertEqual(content(folder + "/x.json").decode(), "[%s]" % ROWS_JSON[1])
            self.assertLess(os.statvfs(folder).f_blocks - os.statvfs(folder).f_bfree, 8, "the space is free again")

    def test_read_only(self):
        with scratch_file_system("size=1m,ro") as folder:
            self.out = folder
            self.fails("'%s/x.json' cannot be written: Read-only file system" % folder, by_id([2]))

    def test_no_permission(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        os.chmod(self.out, 0o500)
        self.fails("'%s/x.json' cannot be written: Permission denied" % self.out, by_id([2]))

    @unittest.skipUnless(HAS_PROC, "needs /proc")
    @unittest.skipIf(SANITIZED, "sanitizers take far more memory")
    def test_memory(self):
        """However long the file: what the server needs in memory does not grow."""
        def resident():
            with open("/proc/%d/status" % self.s.process.pid) as f:
                return int(re.search(r"RssAnon:\s+(\d+) kB", f.read()).group(1))

        for format in ("json", "csv"):
            self.exported(product(10), format=format)
            before, most = resident(), 0
            id = self.started(product(1000), format=format)
            job = {"status": None}
            while job["status"] not in ("COMPLETE", "ERROR"):
                most = max(most, resident())
                job = self.s.ok({"operation": "get_job", "id": id})[0]
                time.sleep(0.02)
            self.assertEqual(job["status"], "COMPLETE", job)
            self.assertGreater(os.path.getsize(job["result"]["path"]), 100 << 20)
            self.assertLess(most - before, 16 << 10)
            os.unlink(job["result"]["path"])

    def test_progress(self):
        id = self.started_writing()
        job = until(lambda: (lambda j: "progress" in j and j)(self.s.ok({"operation": "get_job", "id": id})[0]), "no progress is reported", server=self.s)
        self.assertGreater(job["progress"]["done"] if isinstance(job["progress"], dict) else job["progress"], 0)
        self.s.restart()


if __name__ == "__main__":
    unittest.main()
