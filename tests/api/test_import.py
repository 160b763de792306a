# SPDX-License-Identifier: Apache-2.0
"""Loads: csv_data_load, csv_file_load, import_file, csv_url_load, import_from_s3. What is recorded of them: test_vectors.py."""
import gzip, json, os, shutil, socket, sys, tempfile, threading, unittest, urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from local_server import LocalServer, Quiet
from lyre_server import CHEAP_LOGINS, HAS_PROC, PASSWORD, OwnDatabase, Server, built_modules, feature, need_module, table_permission, until
from s3_server import S3Server
from url_server import UrlServer

TYPED = [{"name": "id", "type": "Int"}, {"name": "s", "type": "String"}, {"name": "i", "type": "Int"}, {"name": "l", "type": "Long"},
         {"name": "b", "type": "BigInt"}, {"name": "f", "type": "Float"}, {"name": "t", "type": "Boolean"}, {"name": "d", "type": "Date"}]

OUTSIDE = "path '%s' is in none of the folders of modules.import.paths"
OWN = "path '%s' is in a folder of the server's own files"


def setUpModule():
    for name in ("schema", "data", "system", "import"):
        need_module(name)


with_users = unittest.skipUnless("users" in built_modules(), "this build has no module 'users'")
with_remote = unittest.skipUnless(feature("HAVE_REMOTE"), "this build has no remote")


class Case(OwnDatabase):
    settings = []

    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + cls.settings)
        cls.addClassCleanup(cls.s.stop)
        cls.folder = tempfile.mkdtemp(prefix="lyre-import-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def setUp(self):
        self.table()

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def start(self, operation, user=None, **more):
        """(status, answer)"""
        headers = {"Authorization": self.s.authorization(user, PASSWORD)} if user else {}
        return self.s.call(dict({"operation": operation, "database": self.database(), "table": "t"}, **more), headers=headers)

    def job(self, operation, **more):
        """A load's job, ended."""
        status, answer = self.start(operation, **more)
        self.assertEqual(status, 200, answer)
        return self.s.wait_for_job(answer["job_id"])

    def loaded(self, message, operation, **more):
        job = self.job(operation, **more)
        self.assertEqual((job["status"], job["message"]), ("COMPLETE", message), job)
        return job.get("result")

    def failed(self, message, operation, **more):
        job = self.job(operation, **more)
        self.assertEqual((job["status"], job["message"]), ("ERROR", message), job)

    def refused(self, status, text, operation, **more):
        got = self.start(operation, **more)
        self.assertEqual((got[0], got[1].get("error")), (status, text))

    def rows(self, *names):
        return self.ok("search_by_value", attribute="id", value="*", get_attributes=list(names) or ["*"])

    def send(self, content, user=None, operation="import_file", **more):
        """A file as the request's body: (status, answer)"""
        query = dict({"operation": operation, "database": self.database(), "table": "t"}, **more)
        authorization = self.s.authorization(user, PASSWORD) if user else self.s.authorization()
        status, _, body = self.s.request("POST", "/?" + urllib.parse.urlencode(query), content,
                                         {"Content-Type": "application/octet-stream", "Authorization": authorization})
        return status, json.loads(body)


class Formats(Case):
    RECORDS = [{"id": 1, "name": "Zoë", "tags": ["a", {"b": None}]}, {"id": 2, "name": "a \"b\"\n", "tags": []}]

    def load(self, text, **more):
        self.loaded("successfully loaded 2 of 2 records", "import_file", file_path=self.file(self.database(), text), **more)
        self.assertEqual(self.rows("id", "name", "tags"), self.RECORDS)

    def test_array(self):
        self.load(json.dumps(self.RECORDS))

    def test_array_over_lines(self):
        self.load("\ufeff\n" + json.dumps(self.RECORDS, indent=4, ensure_ascii=False), format="json")

    def test_records_after_each_other(self):
        self.load("".join(json.dumps(r, indent=1) for r in self.RECORDS))

    def test_lines(self):
        self.load("\n".join(map(json.dumps, self.RECORDS)))

    def test_lines_by_name(self):
        self.load("\r\n\r\n".join(map(json.dumps, self.RECORDS)), format="jsonl")

    def test_csv(self):
        self.load('id,name,tags\n1,Zoë,"[""a"",{""b"":null}]"\n2,"a ""b""\n",[]\n')

    def test_csv_by_name(self):
        self.load("id,name,tags\r\n1,Zoë,\"[\"\"a\"\",{\"\"b\"\":null}]\"\r\n2,\"a \"\"b\"\"\n\",[]", format="CSV")

    def test_one_record(self):
        self.loaded("successfully loaded 1 of 1 records", "import_file", file_path=self.file("one", '{"id": 7}'))
        self.assertEqual(self.rows("id"), [{"id": 7}])

    def test_nothing(self):
        for text in ("", "[]", " \n", "id,name\n", "\ufeff"):
            self.loaded("successfully loaded 0 of 0 records", "import_file", file_path=self.file("nothing", text))

    def test_json_in_csv_is_text_in_requests(self):
        self.loaded("successfully loaded 1 of 1 records", "csv_data_load", data='id,v\n1,"{""a"":1}"\n')
        self.assertEqual(self.rows("v"), [{"v": '{"a":1}'}])

    def test_delimiter_is_given(self):
        self.loaded("successfully loaded 1 of 1 records", "csv_data_load", data="id;a,b;c\n1;x,2;3\n", delimiter=",")
        self.loaded("successfully loaded 1 of 1 records", "csv_data_load", data="id:v\n2:3\n", delimiter=":")
        self.assertIn({"id": 2, "v": 3}, self.rows("id", "v"))

    def test_encodings(self):
        text = "id,name\n1,Zoë\n2,€ “x”\n"
        for n, name in enumerate(("latin1", "windows-1252", "CP1252", "ISO-8859-1")):
            self.loaded("successfully loaded 2 of 2 records", "import_file", action="upsert", encoding=name,
                        file_path=self.file("western", text.encode("cp1252")))
            self.assertEqual(self.rows("name"), [{"name": "Zoë"}, {"name": "€ “x”"}])
        self.loaded("successfully loaded 2 of 2 records", "import_file", action="upsert", encoding="latin1",
                    file_path=self.file("marked", "\ufeff" + text))
        self.assertEqual(self.rows("name"), [{"name": "Zoë"}, {"name": "€ “x”"}])

    def test_other_bytes(self):
        for content, text in (("id\n1\n".encode("utf-16"), "The text is UTF-16: convert it to UTF-8"),
                              (b"\xfe\xff\0i\0d", "The text is UTF-16: convert it to UTF-8"),
                              (gzip.compress(b"id\n1\n"), "The data is compressed with gzip: decompress it"),
                              (b"PK\x03\x04xxxx", "The data is a ZIP archive or a spreadsheet, not CSV or JSON: save it as CSV"),
                              ("id,nöme\n1,x\n".encode("latin1"),
                               "The header is not UTF-8: convert the text, or, if it is Latin-1 or Windows-1252, set encoding to 'latin1'")):
            self.failed(text, "import_file", file_path=self.file("other", content))
        self.assertEqual(self.rows(), [])

    def test_integers_of_64_bits_are_exact(self):
        numbers = [2**53 + 1, 2**63 - 1, -2**63, 2**64 - 1]
        self.loaded("successfully loaded 4 of 4 records", "csv_data_load", data="id,n\n" + "".join("%d,%d\n" % p for p in enumerate(numbers)))
        self.assertEqual([r["n"] for r in self.rows("n")], numbers)
        self.loaded("successfully loaded 4 of 4 records", "import_file", action="upsert",
                    file_path=self.file("numbers", json.dumps([{"id": i, "n": n} for i, n in enumerate(numbers)])))
        self.assertEqual([r["n"] for r in self.rows("n")], numbers)

    def test_files_that_are_sent(self):
        for n, (operation, content) in enumerate((("import_file", b'[{"id": 1}]'), ("csv_file_load", b"id\n2\n"),
                                                  ("import_file", b"id,name\n" + b"".join(b"%d,x\n" % i for i in range(3, 40003))), ("import_file", b""))):
            status, answer = self.send(content, operation=operation, **({"format": "json"} if n == 0 else {}))
            self.assertEqual(status, 200, answer)
            self.assertEqual(self.s.wait_for_job(answer["job_id"])["status"], "COMPLETE")
        self.assertEqual(self.ok("describe_table")["record_count"], 40002)
        kept = lambda: [n for n in os.listdir(os.path.join(self.s.root, "database")) if n.startswith(".upload-")]
        until(lambda: not kept(), lambda: "a file is left: %s" % kept())

    def test_a_file_that_is_sent_is_refused_at_once(self):
        status, answer = self.send(b"x" * (1 << 20), table="none")
        self.assertEqual((status, answer), (400, {"error": "Table '%s.none' does not exist" % self.database()}))
        status, answer = self.send(b"id\n1\n", action="replace", format="xml")
        self.assertEqual((status, answer["error"]), (400, "Action is required and must be either insert, update, or upsert,"
                                                          "Format must be csv, json or jsonl"))


class BadRecords(Case):
    def typed(self):
        self.ok("drop_table")
        self.table(attributes=TYPED)

    def test_values_of_types(self):
        self.typed()
        self.loaded("successfully loaded 2 of 2 records", "csv_data_load",
                    data="id,s,i,l,b,f,t,d\n1,007,007,9007199254740992,123456789012345678901,1e3,True,2024-01-02\n2,,,,,,,\n")
        self.assertEqual(self.rows(), [
            {"id": 1, "s": "007", "i": 7, "l": 2**53, "b": 123456789012345678901, "f": 1000, "t": True, "d": "2024-01-02T00:00:00.000Z"},
            {"id": 2, "s": "", "i": None, "l": None, "b": None, "f": None, "t": None, "d": None}])

    def test_wrong_values_are_reported_with_their_lines(self):
        self.typed()
        result = self.loaded("successfully loaded 2 of 7 records", "csv_data_load", data=
            'id,s,i,f,t,d\n1,"a\nb",1,1,true,\n2,x,one,1,true,\n3,x,1,1.5.2,true,\n\n4,x,1,1,maybe,\n5,x,1,1,true,yesterday\n'
            '6,x,1.5,1,true,\n7,x,1,1,true,\n')
        self.assertEqual(result, {"failed": 5, "errors": [
            {"line": 4, "error": 'Invalid value for attribute i: "one", expecting Int'},
            {"line": 5, "error": 'Invalid value for attribute f: "1.5.2", expecting Float'},
            {"line": 7, "error": 'Invalid value for attribute t: "maybe", expecting Boolean'},
            {"line": 8, "error": 'Invalid value for attribute d: "yesterday", expecting Date'},
            {"line": 9, "error": "Value 1.5 in property i must be an integer (from -2147483648 to 2147483647)"}]})
        self.assertEqual([r["id"] for r in self.rows("id")], [1, 7])

    def test_refused_records_do_not_affect_others(self):
        """Every second record is refused, all for the same reason, over several batches."""
        self.typed()
        n = 8000
        lines = ('{"id": %d, "i": %s}\n' % (i, "true" if i % 2 else i) for i in range(n))
        result = self.loaded("successfully loaded %d of %d records" % (n / 2, n), "import_file", file_path=self.file("half", "".join(lines)))
        self.assertEqual(result["failed"], n / 2)
        self.assertEqual(result["errors"], [{"line": 2 * i + 2, "error": "Value true in property i must be an integer (from -2147483648 "
                                             "to 2147483647)"} for i in range(100)])
        self.assertEqual([r["id"] for r in self.rows("id")], list(range(0, n, 2)))

    def test_attributes_that_are_required(self):
        self.ok("drop_table")
        self.table(attributes=[{"name": "id", "type": "Int"}, {"name": "n", "type": "Int", "nullable": False}])
        required = "Property n is required (and not does not allow null values)"
        records = [{"id": 1, "n": 1}, {"id": 2}, {"id": "x", "n": 1}, {"id": 3, "n": None}, {"id": 4, "n": 4}]
        for action, loaded in (("insert", 2), ("upsert", 2)):
            result = self.loaded("successfully loaded %d of 5 records" % loaded, "import_file", action=action,
                                 file_path=self.file("required", "\n".join(map(json.dumps, records))))
            self.assertEqual([(e["line"], e["error"] == required) for e in sorted(result["errors"], key=lambda e: e["line"])],
                             [(2, True), (3, False), (4, True)])
        self.assertEqual(self.rows("id", "n"), [{"id": 1, "n": 1}, {"id": 4, "n": 4}])

    def test_all_are_refused(self):
        self.typed()
        self.failed('Invalid value for attribute i: "a", expecting Int', "csv_data_load", data="id,i\n1,a\n2,b\n")
        self.failed("Value true in property i must be an integer (from -2147483648 to 2147483647)", "import_file",
                    file_path=self.file("all", '[{"id":1,"i":true},{"id":2,"i":false}]'))

    def test_existing_keys_are_no_errors(self):
        self.insert({"id": 1})
        self.assertIsNone(self.loaded("successfully loaded 0 of 2 records", "csv_data_load", data="id\n1\n1\n"))
        self.assertIsNone(self.loaded("successfully loaded 1 of 2 records", "csv_data_load", data="id\n1\n2\n"))
        result = self.loaded("successfully loaded 0 of 2 records", "import_file", file_path=self.file("bad", '[{"id":1},5]'))
        self.assertEqual(result, {"failed": 1, "errors": [{"line": 1, "error": "A record must be an object"}]})

    def test_records_of_invalid_json(self):
        text = b'{"id": 1}\n{"id": 01}\n{"id": \n[1]\n{"id": "\xff"}\n{"id": 2}\n'
        result = self.loaded("successfully loaded 2 of 6 records", "import_file", file_path=self.file("lines", text))
        self.assertEqual(result["errors"], [{"line": 2, "error": "The record is not valid JSON"}, {"line": 3, "error": "The record is not valid JSON"},
                                            {"line": 4, "error": "A record must be an object"}, {"line": 5, "error": "The record is not UTF-8"}])
        result = self.loaded("successfully loaded 1 of 2 records", "import_file", file_path=self.file("array", '[{"id": 3},\n{"id": 4,}]'))
        self.assertEqual(result["errors"], [{"line": 2, "error": "The record is not valid JSON"}])

    def test_text_that_is_not_utf8(self):
        text = b"id,name\n1,Zo\xeb\n2,Rex\n3,Zo\xeb\n"
        result = self.loaded("successfully loaded 1 of 3 records", "import_file", file_path=self.file("latin", text))
        self.assertEqual(result["errors"], [
            {"line": 2, "error": "The value of name is not UTF-8: if the text is Latin-1 or Windows-1252, set encoding to 'latin1'"},
            {"line": 4, "error": "The value of name is not UTF-8"}])

    def test_malformed_json_reports_what_was_loaded(self):
        good = ",\n".join('{"id": %d}' % i for i in range(5000))
        job = self.job("import_file", file_path=self.file("malformed", "[" + good + ",\n{]"))
        self.assertEqual(job["status"], "ERROR")
        self.assertRegex(job["message"], r"^Line 5001: the JSON is malformed: unexpected ']'; \d+ records were loaded before, and the load can be "
                                         "repeated$")
        count = self.ok("describe_table")["record_count"]
        self.assertIn("; %d records were" % count, job["message"])
        self.assertGreater(count, 0)
        self.loaded("successfully loaded %d of 5000 records" % (5000 - count), "import_file", file_path=self.file("right", "[" + good + "]"))

    def test_generated_keys_are_reported(self):
        good = ",\n".join('{"n": %d}' % i for i in range(5000))
        job = self.job("import_file", file_path=self.file("generated", "[" + good))
        self.assertRegex(job["message"], r"ends too early; \d+ records were loaded before, some with generated keys: delete those before repeating")

    def test_nothing_of_a_small_file_is_loaded_if_it_is_malformed(self):
        for text, why in (('[{"id": 1}, {"id": 2}', "Line 1: the JSON is malformed: it ends too early"),
                          ('{"id": 1}, {"id": 2}', "Line 1: the JSON is malformed: unexpected ','"),
                          ('[{"id": 1}]\n\0', "Line 2: the JSON is malformed: unexpected byte 0x00"),
                          ('[' * 600, "Line 1: the record is nested more than 512 levels deep")):
            self.failed(why, "import_file", file_path=self.file("small", text))
        self.assertEqual(self.rows(), [])

    def test_invalid_headers(self):
        for header, why in (("id,", "Invalid attribute name: ''"), ("id,a`b", "Invalid column name 'a`b', cancelling load operation"),
                            ("id,null", "Invalid attribute name: 'null'"),
                            ("id," + "x" * 251, "The column name '%s...' has 251 bytes: at most 250 are allowed" % ("x" * 60))):
            self.failed(why, "csv_data_load", data=header + "\n1,2\n")

    def test_the_same_name_again_and_again(self):
        self.loaded("successfully loaded 1 of 1 records", "csv_data_load", data="id,a,a_1,a,a\n1,2,3,4,5\n")
        self.assertEqual(self.rows("id", "a", "a_1", "a_2", "a_3"), [{"id": 1, "a": 2, "a_1": 3, "a_2": 4, "a_3": 5}])

    def test_more_values_than_names(self):
        self.loaded("successfully loaded 1 of 1 records", "import_file", file_path=self.file("more", 'id\n1,007,"{""a"":1}",x\n'))
        self.assertEqual(self.rows("id", "__parsed_extra"), [{"id": 1, "__parsed_extra": ["007", {"a": 1}, "x"]}])
        result = self.loaded("successfully loaded 1 of 2 records", "csv_data_load", data="id,__parsed_extra\n2,x\n3,x,y\n")
        self.assertEqual(result["errors"], [{"line": 3, "error": "The row has 3 values, and the header 2 names"}])


class Arguments(Case):
    def test_all_mistakes_are_reported_at_once(self):
        for operation, more, text in (
                ("csv_data_load", {"table": "", "action": "x"}, "Table can't be blank,Action is required and must be either insert, update, or upsert,Data  is required"),
                ("csv_data_load", {"data": []}, "Data must be a string"),
                ("csv_data_load", {"data": "id\n1\n", "encoding": "utf-7", "delimiter": "||"}, "Encoding must be utf-8, latin1 or windows-1252,Delimiter must be a single character"),
                ("csv_data_load", {"data": "id\n1\n", "table": ["t"]}, "Table must be a string"),
                ("csv_data_load", {"data": "id\n1\n", "database": "a/b"}, "Database names cannot include backticks or forward slashes"),
                ("csv_file_load", {"file_path": 5}, "File path must be a string"),
                ("csv_file_load", {"file_path": "dogs.csv"}, "File path must be absolute"),
                ("csv_file_load", {"file_path": "/x\0y"}, "File path must be a string"),
                ("import_file", {"table": None, "format": 5}, "Table can't be blank,File path  is required,Format must be csv, json or jsonl")):
            with self.subTest(operation=operation, more=more):
                self.refused(400, text, operation, **more)

    def test_a_number_is_data_too(self):
        self.loaded("No records parsed from csv file.", "csv_data_load", data=5)

    def test_tables_of_the_server(self):
        for table in ("hdb_user", "none"):
            self.refused(403, "The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed.",
                         "csv_data_load", database="system", table=table, data="username\nx\n")

    @with_remote
    def test_urls(self):
        for url, text in ((None, "'csv_url' is required"), (5, "'csv_url' must be a string"), ("nope", "'csv_url' must be a valid url"),
                          ("", "'csv_url' must be a valid url")):
            self.refused(400, text, "csv_url_load", csv_url=url)
        for url in ("file:///etc/passwd", "ftp://example.com/x.csv", "gopher://example.com/", "http://user:secret@example.com/x.csv"):
            status, answer = self.start("csv_url_load", csv_url=url)
            self.assertEqual(status, 400, answer)
            self.assertRegex(answer["error"], "^'csv_url'")
            self.assertNotIn("secret", answer["error"])

    @with_remote
    def test_s3(self):
        self.refused(400, "S3 object is missing.", "import_from_s3")
        self.refused(400, "aws_access_key_id is missing.", "import_from_s3", s3={"bucket": "x"})


class Limits(Case):
    settings = ["modules.import.maxRecord=64K"]

    def test_records_have_a_maximum_size(self):
        large = "x" * 70000
        self.failed("Line 3: the record has more than 65536 bytes: is a closing quote missing? (modules.import.maxRecord)", "csv_data_load",
                    data="id,t\n1,x\n2," + large + "\n")
        self.failed("Line 2: the record has more than 65536 bytes (modules.import.maxRecord)", "import_file",
                    file_path=self.file("large", '[{"id":1},\n{"id":2,"t":"%s"}]' % large))
        self.failed("Line 2: the record has more than 65536 bytes (modules.import.maxRecord)", "import_file",
                    file_path=self.file("lines", '{"id":1}\n{"id":2,"t":"%s"}' % large))
        self.assertEqual(self.rows(), [])

    def test_unclosed_quotes(self):
        path = self.file("open", 'id,t\n1,"a\n' + "2,b\n" * 200000)
        self.failed("Line 2: the record has more than 65536 bytes: is a closing quote missing? (modules.import.maxRecord)", "csv_file_load", file_path=path)

    def test_many_columns(self):
        self.failed("Line 1 has more than 65000 values", "import_file", file_path=self.file("wide", "," * 65000 + "\n"))

    def test_many_equal_names(self):
        n = 8000
        self.loaded("successfully loaded 1 of 1 records", "csv_data_load", data="a" + ",a" * n + "\n" + "1\n")


@unittest.skipUnless(HAS_PROC, "this system has no /proc")
class Memory(Case):
    def test_memory_does_not_grow_with_the_file(self):
        """200 MB, of which a batch is only a small part."""
        path = os.path.join(self.folder, "large.csv")
        with open(path, "w") as f:
            f.write("id,text\n")
            for i in range(400):
                f.write("%d,%s\n" % (i, "0123456789abcdef" * 32768))
        before, most = self.anonymous(), 0
        status, answer = self.start("import_file", file_path=path)
        self.assertEqual(status, 200, answer)
        while self.s.ok({"operation": "get_job", "id": answer["job_id"]})[0]["status"] not in ("COMPLETE", "ERROR"):
            most = max(most, self.anonymous())
        self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "successfully loaded 400 of 400 records")
        if not os.environ.get("CK_FORK"): # sanitizers need far more
            self.assertLess(most - before, 16 << 20)

    def anonymous(self):
        with open("/proc/%d/status" % self.s.process.pid) as f:
            return sum(int(line.split()[1]) << 10 for line in f if line.startswith("RssAnon"))


class Paths(Case):
    def not_regular(self, path):
        self.refused(400, "'%s' is not a regular file" % path, "import_file", file_path=path)

    def test_only_regular_files_are_read(self):
        fifo, link = os.path.join(self.folder, "fifo"), os.path.join(self.folder, "link to a fifo")
        os.mkfifo(fifo)
        os.symlink(fifo, link)
        for path in (fifo, link, self.folder, "/dev/null", "/dev/zero"):
            self.not_regular(path)

    @unittest.skipUnless(HAS_PROC, "this system has no /proc")
    def test_files_of_the_kernel_are_not_read(self):
        self.not_regular("/proc/%d/environ" % self.s.process.pid)
        self.not_regular("/proc/self/environ")

    def test_files_that_do_not_exist(self):
        for path in ("/no/such/file.csv", os.path.join(self.folder, "none"), os.path.join(self.file("x", ""), "y")):
            self.refused(400, "No such file or directory " + path, "csv_file_load", file_path=path)

    def test_the_servers_own_files_are_not_read(self):
        link = os.path.join(self.folder, "link to the root")
        os.symlink(self.s.root, link)
        for path in (os.path.join(self.s.root, "database", self.database() + ".mdb"), os.path.join(link, "database", self.database() + ".mdb"),
                     os.path.join(self.folder, "..", os.path.basename(self.s.root), "output")):
            self.refused(403, OWN % path, "import_file", file_path=path)

    def test_links_lead_to_files(self):
        link = os.path.join(self.folder, "link")
        os.symlink(self.file("linked.csv", "id\n1\n"), link)
        self.loaded("successfully loaded 1 of 1 records", "csv_file_load", file_path=link)

    @with_users
    def test_users_may_not_read_files_of_the_server(self):
        role = self.database()
        self.s.add_role(role, {"super_user": False, self.database(): {"tables": {"t": table_permission("insert")}}})
        self.s.add_user(role, role)
        text = ("Only super_users may load files on the server, unless modules.import.paths lists their folder: "
                "send the file as the body of the request")
        for path in (self.file("mine.csv", "id\n1\n"), "/etc/shadow", "/no/such/file"):
            self.refused(403, text, "import_file", user=role, file_path=path)
        status, answer = self.send(b"id\n1\n", user=role)
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "successfully loaded 1 of 1 records")
        status, answer = self.send(b"id\n1\n", user=role, file_path="/etc/shadow")
        self.assertEqual(status, 400, answer)


class ListedPaths(Case):
    @classmethod
    def setUpClass(cls):
        cls.listed, cls.other = tempfile.mkdtemp(prefix="lyre-listed-"), tempfile.mkdtemp(prefix="lyre-listed-")
        for folder in (cls.listed, cls.other):
            cls.addClassCleanup(shutil.rmtree, folder)
        cls.settings = ["modules.import.paths=[%s]" % cls.listed]
        super().setUpClass()
        cls.folder = cls.listed

    def test_files_in_a_folder_of_the_list_are_read_by_all(self):
        path = self.file("a.csv", "id\n1\n")
        self.loaded("successfully loaded 1 of 1 records", "csv_file_load", file_path=path)
        if "users" not in built_modules():
            return
        role = self.database()[:40]
        self.s.add_role(role, {"super_user": False, self.database(): {"tables": {"t": table_permission("insert")}}})
        self.s.add_user(role, role)
        status, answer = self.start("csv_file_load", user=role, file_path=path)
        self.assertEqual(status, 200, answer)
        self.s.wait_for_job(answer["job_id"])
        # Whether there is such a file elsewhere is not told.
        for path in ("/etc/passwd", "/no/such/file"):
            self.refused(403, OUTSIDE % path, "csv_file_load", user=role, file_path=path)
        path = os.path.join(self.folder, "none.csv")
        self.refused(400, "No such file or directory " + path, "csv_file_load", user=role, file_path=path)

    def test_no_way_leads_out_of_the_list(self):
        outside = os.path.join(self.other, "secret.csv")
        with open(outside, "w") as f:
            f.write("id\n1\n")
        os.symlink(outside, os.path.join(self.listed, "link"))
        os.symlink(self.other, os.path.join(self.listed, "folder"))
        os.symlink("/", os.path.join(self.listed, "top"))
        os.mkdir(self.listed + "-twin")
        self.addCleanup(shutil.rmtree, self.listed + "-twin")
        with open(os.path.join(self.listed + "-twin", "x.csv"), "w") as f:
            f.write("id\n1\n")
        for path in (outside, os.path.join(self.listed, "link"), os.path.join(self.listed, "folder", "secret.csv"),
                     os.path.join(self.listed, "..", os.path.basename(self.other), "secret.csv"),
                     os.path.join(self.listed, "top", outside[1:]), os.path.join(self.listed + "-twin", "x.csv"), "/etc/passwd"):
            self.refused(403, OUTSIDE % path, "import_file", file_path=path)


class Settings(unittest.TestCase):
    def test_relative_paths_are_refused(self):
        with self.assertRaisesRegex(RuntimeError, "'modules.import.paths': 'data' must begin with /"):
            Server(settings=["modules.import.paths=[data]"])

    def test_a_listed_folder_may_be_the_servers_own(self):
        with tempfile.TemporaryDirectory(prefix="lyre-root-") as root:
            own = os.path.join(root, "inbox")
            os.mkdir(own)
            for name, folder in (("inbox/a.csv", own), ("b.csv", root)):
                with open(os.path.join(root, name), "w") as f:
                    f.write("id\n1\n")
            with Server(root=root, settings=CHEAP_LOGINS + ["modules.import.paths=[/, %s]" % own]) as s:
                s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
                load = {"operation": "import_file", "database": "d", "table": "t"}
                answer = s.ok(dict(load, file_path=os.path.join(own, "a.csv")))
                self.assertEqual(s.wait_for_job(answer["job_id"])["status"], "COMPLETE")
                status, answer = s.call(dict(load, file_path=os.path.join(root, "b.csv")))
                self.assertEqual(status, 403, answer)

    def test_a_listed_folder_does_not_open_the_servers_folders_in_it(self):
        with tempfile.TemporaryDirectory(prefix="lyre-root-") as root:
            with Server(root=root, settings=CHEAP_LOGINS + ["modules.import.paths=[%s]" % root]) as s:
                s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
                path = os.path.join(root, "database", "d.mdb")
                status, answer = s.call({"operation": "import_file", "database": "d", "table": "t", "file_path": path})
                self.assertEqual((status, answer), (403, {"error": OWN % path}))


@with_users
class Rights(Case):
    def user(self, *granted, attributes=()):
        role = self.database()
        self.s.add_role(role, {"super_user": False, self.database(): {"tables": {"t": table_permission(*granted, attributes=attributes)}}})
        self.s.add_user(role, role)
        return role

    def denied(self, user, action, required):
        status, answer = self.start("csv_data_load", user=user, action=action, data="id\n1\n")
        self.assertEqual((status, answer["unauthorized_access"]), (403, [
            {"schema": self.database(), "table": "t", "required_table_permissions": required, "required_attribute_permissions": []}]))

    def test_an_action_needs_its_permissions(self):
        inserts = self.user("insert")
        self.denied(inserts, "update", ["update"])
        self.denied(inserts, "upsert", ["update"])
        status, answer = self.start("csv_data_load", user=inserts, data="id\n1\n")
        self.assertEqual(status, 200, answer)
        self.s.wait_for_job(answer["job_id"])

    def test_attributes_need_their_permissions(self):
        self.insert({"id": 0, "name": "x", "age": 1})
        user = self.user("read", "insert", attributes=[{"attribute_name": "id", "read": True, "insert": True, "update": False},
                                               {"attribute_name": "age", "read": True, "insert": False, "update": False}])
        status, answer = self.start("csv_data_load", user=user, data="id,age\n1,2\n")
        self.assertEqual(status, 200, answer)
        job = self.s.wait_for_job(answer["job_id"])
        self.assertEqual((job["status"], job["message"]["unauthorized_access"][0]["required_attribute_permissions"]),
                         ("ERROR", [{"attribute_name": "age", "required_permissions": ["insert"]}]))
        self.assertEqual(self.rows("id"), [{"id": 0}])


class Gate(Quiet):
    """Sends the beginning of a CSV, and the rest when the test says so."""

    def do_GET(self):
        self.answer(200, length=self.server.length)
        self.wfile.write(self.server.beginning)
        self.server.asked.set()
        self.server.go_on.wait(60)
        self.wfile.write(self.server.rest)
        self.break_off()


class GateServer(LocalServer):
    def __init__(self, beginning, rest, length=False):
        """length: that of the answer's header."""
        self.length, self.beginning, self.rest = length, beginning, rest
        self.asked, self.go_on = threading.Event(), threading.Event()
        super().__init__(Gate)


@with_remote
class Urls(Case):
    settings = ["modules.import.remote.localAddresses=true", "modules.import.remote.maxSize=1M", "modules.import.remote.redirects=2",
                "operationsApi.network.drainTimeout=500ms"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.u = UrlServer()
        cls.addClassCleanup(cls.u.stop)

    def to(self, path):
        return "/to/302/" + urllib.parse.quote(path, safe="")

    def test_csv_is_loaded(self):
        self.loaded("successfully loaded 1 of 1 records", "csv_url_load", csv_url=self.u.url + "/text")
        self.loaded("successfully loaded 1 of 1 records", "csv_url_load", action="upsert", csv_url=self.u.url + self.to(self.to("/text")))
        self.assertEqual(self.rows("id", "name"), [{"id": 1, "name": "Rex"}])

    def test_a_status_is_reported_without_the_query(self):
        self.failed("CSV Load failed from URL: %s/status/404/Not%%20Found, status code: 404, message: Not Found" % self.u.url, "csv_url_load",
                    csv_url=self.u.url + "/status/404/Not%20Found?token=secret")

    def test_limits(self):
        for path, text in (("/loop", "302"), ("/large/2000000", "1048576"), ("/endless", "1048576"), ("/short", ""), ("/garbage", "")):
            job = self.job("csv_url_load", csv_url=self.u.url + path)
            self.assertEqual(job["status"], "ERROR", path)
            self.assertIn(text, job["message"])
        self.assertEqual(self.rows(), [])

    def test_what_was_loaded_before_a_connection_broke_is_reported(self):
        rows = b"".join(b"%d,%s\n" % (i, b"x" * 100) for i in range(8000))
        gate = GateServer(b"id,t\n" + rows, b"9000,x\n", 1000000)
        gate.go_on.set()
        self.addCleanup(gate.stop)
        job = self.job("csv_url_load", csv_url=gate.url)
        self.assertEqual(job["status"], "ERROR", job)
        count = self.ok("describe_table")["record_count"]
        self.assertGreater(count, 0)
        self.assertRegex(job["message"], "; %d records were loaded before, and the load can be repeated$" % count)

    def test_what_is_wrong_with_a_text_ends_its_fetching_and_is_told(self):
        gate = GateServer(b"null,t\n" + b"1,x\n" * 50000, b"", 1000000)
        gate.go_on.set()
        self.addCleanup(gate.stop)
        self.failed("Invalid attribute name: 'null'", "csv_url_load", csv_url=gate.url)

    def test_the_end_of_a_connection_is_the_end_of_the_text(self):
        gate = GateServer(b"id,t\n1,a\n", b"2,b\n")
        gate.go_on.set()
        self.addCleanup(gate.stop)
        self.loaded("successfully loaded 2 of 2 records", "csv_url_load", csv_url=gate.url)

    @with_users
    def test_a_dropped_user_loads_no_more(self):
        role = self.database()
        self.s.add_role(role, {"super_user": False, self.database(): {"tables": {"t": table_permission("insert")}}})
        self.s.add_user(role, role)
        gate = GateServer(b"id\n1\n", b"2\n")
        self.addCleanup(gate.stop)
        self.addCleanup(gate.go_on.set)
        status, answer = self.start("csv_url_load", user=role, csv_url=gate.url)
        self.assertEqual(status, 200, answer)
        self.assertTrue(gate.asked.wait(60))
        self.s.ok({"operation": "drop_user", "username": role})
        job = self.s.wait_for_job(answer["job_id"]) # while nothing arrives
        self.assertEqual(job["status"], "ERROR", job)
        self.assertEqual(self.rows(), [])

    @with_users
    def test_slow_loads_leave_a_thread_to_super_users(self):
        role = self.database()
        self.s.add_role(role, {"super_user": False, self.database(): {"tables": {"t": table_permission("insert")}}})
        self.s.add_user(role, role)
        gate = GateServer(b"id\n1\n", b"2\n")
        self.addCleanup(gate.stop)
        self.addCleanup(gate.go_on.set)
        slow = [self.start("csv_url_load", user=role, csv_url=gate.url) for _ in range(3)]
        self.assertEqual([status for status, _ in slow], [200] * 3)
        self.assertTrue(gate.asked.wait(60))
        self.loaded("successfully loaded 1 of 1 records", "csv_data_load", data="id\n7\n")
        gate.go_on.set()
        for _, answer in slow:
            self.assertEqual(self.s.wait_for_job(answer["job_id"])["status"], "COMPLETE")

    def test_a_stop_ends_the_load(self):
        with Server(settings=CHEAP_LOGINS + self.settings) as s:
            s.ok({"operation": "create_table", "database": "d", "table": "t", "primary_key": "id"})
            gate = GateServer(b"id\n1\n", b"2\n")
            self.addCleanup(gate.stop)
            self.addCleanup(gate.go_on.set)
            s.ok({"operation": "csv_url_load", "database": "d", "table": "t", "csv_url": gate.url})
            self.assertTrue(gate.asked.wait(60))
            s.end()


@with_remote
class LocalAddresses(Case):
    def test_addresses_of_the_server_are_refused(self):
        for host in ("127.0.0.1:%d" % self.s.port, "localhost:%d" % self.s.port, "[::1]:80", "169.254.169.254", "0.0.0.0:80", "2130706433"):
            status, answer = self.start("csv_url_load", csv_url="http://%s/x.csv" % host)
            if status == 200:
                job = self.s.wait_for_job(answer["job_id"])
                self.assertEqual(job["status"], "ERROR", job)
                self.assertRegex(job["message"], "not allowed|not be reached|resolve")
            else:
                self.assertEqual(status, 400, answer)

    def test_every_address_of_this_host_is_its_own(self):
        found = 0
        for family, other in ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")):
            try:
                with socket.socket(family, socket.SOCK_DGRAM) as s: # nothing is sent
                    s.connect((other, 9))
                    address = s.getsockname()[0]
            except OSError:
                continue # it has no such network
            found += 1
            with socket.socket(family) as listener:
                listener.bind((address, 0))
                listener.listen()
                host = "[%s]" % address if family == socket.AF_INET6 else address
                job = self.job("csv_url_load", csv_url="http://%s:%d/" % (host, listener.getsockname()[1]))
            self.assertEqual(job["status"], "ERROR", job)
            self.assertIn("is not allowed: this is an address of the server itself", job["message"])
        if not found:
            self.skipTest("this host has no network")


@with_remote
class S3(Case):
    settings = ["modules.import.remote.localAddresses=true"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = S3Server(buckets={"dogs": "eu-west-1"})
        cls.addClassCleanup(cls.store.stop)

    def load(self, message, key, content, **more):
        self.store.put("dogs", key, content)
        self.loaded(message, "import_from_s3", s3=self.place(key), **more)

    def place(self, key, **more):
        return dict(self.store.given(key=key), **more)

    def test_the_key_tells_the_format(self):
        self.load("successfully loaded 1 of 1 records", "dogs.csv", b"id,o\n1,\"{\"\"a\"\":1}\"\n")
        self.load("successfully loaded 1 of 1 records", "dogs.json", b'[{"id": 2}]')
        self.load("successfully loaded 2 of 2 records", "dogs.jsonl", b'{"id": 3}\n{"id": 4}\n')
        self.load("successfully loaded 1 of 1 records", "dogs", b'{"id": 5}')
        self.assertEqual(self.rows("id", "o"), [{"id": 1, "o": {"a": 1}}] + [{"id": i, "o": None} for i in range(2, 6)])

    def test_what_is_wrong_with_an_object_is_told(self):
        self.store.put("dogs", "wrong.json", b'[{"id": 1}}' + b" " * 400000)
        self.failed("Line 1: the JSON is malformed: unexpected '}'", "import_from_s3", s3=self.place("wrong.json"))

    def test_secrets_are_not_shown(self):
        job = self.job("import_from_s3", s3=self.place("none.csv", aws_secret_access_key="hush" * 10))
        self.assertEqual(job["status"], "ERROR")
        self.assertNotIn("hush", json.dumps(job) + self.s.said())
        job = self.job("import_from_s3", s3=self.place("none.csv"))
        self.assertEqual(job["status"], "ERROR")
        self.assertNotIn(self.store.secret, json.dumps(job) + self.s.said())


if __name__ == "__main__":
    unittest.main()
