# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of exports: a table as recorded with its rows in both formats, searches, and waiting for an export that takes long."""
import contextlib, os, shutil, tempfile, unittest

from lyre_server import CHEAP_LOGINS, HAS_PROC, PASSWORD, Server, built_modules, need_module, open_files, until

# As recorded, without the times.
RECORDS = [
    {"id": 1, "name": "a, \"b\"\nc", "n": 1.5, "o": {"x": [1, {"y": None}], "s": "q\"q"}, "b": True, "l": [1, "two", None]},
    {"id": 2, "name": "zwölf", "n": None, "o": None, "b": False, "l": None},
    {"id": 3, "name": "", "n": 0, "o": {}, "b": None, "l": []},
    {"id": 4, "name": "it's; a\ttab\rcr", "n": -1e-7, "o": None, "b": None, "l": None},
]
NAMES = ["id", "name", "n", "o", "b", "l"]
ROWS_JSON = [
    r'{"id":1,"name":"a, \"b\"\nc","n":1.5,"o":{"x":[1,{"y":null}],"s":"q\"q"},"b":true,"l":[1,"two",null]}',
    r'{"id":2,"name":"zwölf","n":null,"o":null,"b":false,"l":null}',
    r'{"id":3,"name":"","n":0,"o":{},"b":null,"l":[]}',
    r'{"id":4,"name":"it' + r"'s; a\ttab\rcr" + r'","n":-1e-7,"o":null,"b":null,"l":null}',
]
HEAD_CSV = '"id","name","n","o","b","l"'
ROWS_CSV = [
    '1,"a, ""b""\nc",1.5,"{""x"":[1,{""y"":null}],""s"":""q\\""q""}",true,"[1,""two"",null]"',
    '2,"zwölf",,,false,',
    '3,"",0,"{}",,"[]"',
    '4,"it\'s; a\ttab\rcr",-1e-7,,,',
]


def need_modules():
    for name in ("export", "system", "data", "schema", "users"):
        need_module(name)


def need_sql():
    if "sql" not in built_modules():
        raise unittest.SkipTest("this build has no module sql")


def by_value(attribute="id", value="*", names=NAMES, table="dog"):
    return {"operation": "search_by_value", "database": "dev", "table": table, "attribute": attribute, "value": value, "get_attributes": names}


def by_id(ids, names=NAMES, operation="search_by_id"):
    return {"operation": operation, "database": "dev", "table": "dog", "ids" if operation == "search_by_id" else "hash_values": ids,
            "get_attributes": names}


MANY, SOME = 3000, 300 # times of product(): one that would take very long, and one that is waited for


def product(times=MANY):
    """Very many rows from few records, MANY for each of them: for exports that something happens to."""
    return {"operation": "sql", "sql": "SELECT a.id, b.id AS other, 'some text that makes the rows longer' AS note "
            "FROM dev.many a, dev.many b WHERE b.id < %d" % times}


def content(path):
    with open(path, "rb") as f:
        return f.read()


class Case(unittest.TestCase):
    """Each test has a folder of its own, in top; those of a class share a server."""
    maxDiff = None

    @classmethod
    def settings(cls):
        return CHEAP_LOGINS

    @classmethod
    def setUpClass(cls):
        # before settings(), which may name it
        cls.top = os.path.realpath(tempfile.mkdtemp(prefix="lyre-export-"))
        cls.addClassCleanup(shutil.rmtree, cls.top, ignore_errors=True)
        cls.s = Server(settings=cls.settings())
        cls.addClassCleanup(cls.s.stop)
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
        cls.s.ok({"operation": "insert", "database": "dev", "table": "dog", "records": RECORDS})

    @classmethod
    def many(cls):
        """A table whose product with itself is large."""
        need_sql()
        if "many" not in cls.__dict__.get("made", ()):
            cls.made = {"many"}
            cls.s.ok({"operation": "create_table", "database": "dev", "table": "many", "primary_key": "id"})
            cls.s.ok({"operation": "insert", "database": "dev", "table": "many", "records": [{"id": i} for i in range(MANY)]})

    def setUp(self):
        self.out = os.path.join(self.top, self.id().split(".")[-1])
        os.mkdir(self.out)

    def begin(self, search, user=None, **more):
        """(status, answer) of the request."""
        headers = {"Authorization": self.s.authorization(user, PASSWORD)} if user else {}
        request = dict({"operation": "export_local", "format": "json", "path": self.out, "filename": "x", "search_operation": search}, **more)
        return self.s.call({k: v for k, v in request.items() if v is not ...}, headers=headers)

    def started(self, search, **more):
        status, body = self.begin(search, **more)
        self.assertEqual(status, 200, body)
        return body["job_id"]

    def export(self, search, **more):
        """The job's record, once it has ended."""
        return self.s.wait_for_job(self.started(search, **more))

    def exported(self, search, **more):
        """The file's content."""
        job = self.export(search, **more)
        self.assertEqual(job["status"], "COMPLETE", job)
        return content(job["result"]["path"])

    def fails(self, error, search, **more):
        job = self.export(search, **more)
        self.assertEqual((job["status"], job["message"]), ("ERROR", error))
        self.assertNotIn("result", job)

    def refused(self, status, error, search, **more):
        self.assertEqual(self.begin(search, **more), (status, {"error": error}))

    def left(self):
        """What is in the folder, hidden files too."""
        return sorted(os.listdir(self.out))

    def writing(self, at_least=1):
        """The bytes written to a file in the folder that is not complete yet, if they are as many."""
        for descriptor, path in open_files(self.s.process.pid):
            with contextlib.suppress(OSError):
                size = os.stat(descriptor).st_size
                if path.startswith(self.out + "/") and size >= at_least:
                    return size
        return 0

    def started_writing(self, at_least=1, times=MANY, **more):
        """The id of an export of very many rows, once it has written some."""
        if not HAS_PROC:
            self.skipTest("needs /proc")
        self.many()
        id = self.started(product(times), **more)
        until(lambda: self.writing(at_least), lambda: "nothing is written: %s" % self.s.ok({"operation": "get_job", "id": id}), server=self.s)
        return id
