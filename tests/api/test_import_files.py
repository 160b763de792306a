# SPDX-License-Identifier: Apache-2.0
"""Loads of real CSV files (tests/api/csv/README.md): what a careful reader would see in them."""
import csv, io, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, SOURCE, OwnDatabase, Server, need_module

FILES = os.path.join(SOURCE, "tests", "api", "csv")


def setUpModule():
    for name in ("schema", "data", "system", "import"):
        need_module(name)


class Files(OwnDatabase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS)
        cls.addClassCleanup(cls.s.stop)

    def setUp(self):
        self.table()

    def job(self, name, **more):
        return self.s.wait_for_job(self.ok("import_file", file_path=os.path.join(FILES, name), **more)["job_id"])

    def refused(self, name, **more):
        """The message of a load that loads nothing."""
        job = self.job(name, **more)
        self.assertEqual((job["status"], self.rows()), ("ERROR", []))
        return job["message"]

    def rows(self):
        """The records in the order of the file: keys are generated, in ascending order."""
        rows = self.ok("search_by_value", attribute="id", value="*", get_attributes=["*"])
        return [{n: v for n, v in r.items() if n not in ("id", "__createdtime__", "__updatedtime__")} for r in rows]

    def load(self, name, **more):
        job = self.job(name, **more)
        self.assertEqual(job["status"], "COMPLETE", job)
        return job, self.rows()

    def texts(self, name, delimiter=",", encoding="utf-8", names=None, content=None, **more):
        """Loads a file into a table of texts, which must be those that Python's csv module reads; names: those of the attributes."""
        with open(os.path.join(FILES, name), newline="", encoding=encoding) as f:
            header, *want = [row for row in csv.reader(f, delimiter=delimiter) if row]
        names = names or header
        self.ok("drop_table")
        self.table(attributes=[{"name": "id"}] + [{"name": n, "type": "String"} for n in names if n != "id"])
        job, rows = self.load(name, **more)
        self.assertEqual(job["message"], "successfully loaded %d of %d records" % (len(want), len(want)))
        self.assertEqual(rows, [dict(dict.fromkeys(names), **dict(zip(names, row))) for row in want])

    def test_line_breaks_in_quotes(self):
        self.texts("newlines_crlf.csv")
        self.texts("quotes_and_newlines.csv")

    def test_quotes_in_quotes(self):
        self.texts("escaped_quotes.csv")

    def test_empty_values(self):
        self.texts("empty_crlf.csv")
        self.ok("drop_table")
        self.table()
        self.assertEqual(self.load("empty_crlf.csv")[1], [{"a": 1, "b": "", "c": ""}, {"a": 2, "b": 3, "c": 4}])

    def test_json(self):
        self.texts("json.csv")
        self.ok("drop_table")
        self.table()
        self.assertEqual(self.load("json.csv")[1], [{"key": 1, "val": {"type": "Point", "coordinates": [102.0, 0.5]}}])

    def test_non_ascii_characters(self):
        self.texts("location_coordinates.csv")
        self.ok("drop_table")
        self.table()
        self.assertEqual(self.load("location_coordinates.csv")[1][0]["Contact Phone Number"], 2095257564)

    def test_byte_order_mark(self):
        self.texts("utf-8-bom-sample.csv", encoding="utf-8-sig")

    def test_tabs(self):
        """The key of the table is in the file: a FIPS code. Rates begin with the decimal point."""
        answer = self.ok("import_file", file_path=os.path.join(FILES, "unemployment.tsv"))
        self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "successfully loaded 3218 of 3218 records")
        with open(os.path.join(FILES, "unemployment.tsv")) as f:
            want = sorted(({"id": int(r["id"]), "rate": float(r["rate"])} for r in csv.DictReader(f, delimiter="\t")), key=lambda r: r["id"])
        self.assertEqual(self.ok("search_by_value", attribute="id", value="*", get_attributes=["id", "rate"]), want)

    def test_semicolons(self):
        self.texts("modechoice.csv", delimiter=";")
        self.ok("drop_table")
        self.table()
        self.assertEqual(self.load("modechoice.csv")[1][0],
                         {"individual": 1, "mode": 1, "choice": 0, "ttme": 69, "invc": 59, "invt": 100, "gc": 70, "hinc": 35, "psize": 1})

    def test_carriage_returns_alone(self):
        self.texts("mar_filardo.csv")
        self.ok("drop_table")
        self.table()
        self.assertEqual(self.load("mar_filardo.csv")[1][0],
                         {"dlip": 0, "dmdlleading": -1.315793134, "transition_00": "", "transition_10": "", "filtered_0": "", "smoothed_0": "",
                          "duration0": "", "duration1": ""})

    def test_columns_without_names(self):
        """Six at the end, as spreadsheets store them: empty ones are left out; the last rows have values there."""
        name = "results_arima_forecasts_all_css.csv"
        self.assertEqual(self.refused(name), "Invalid attribute name: ''")
        with open(os.path.join(FILES, name)) as f:
            lines = [line for line in f if not line.startswith(",,,,,,,,,,")]
        answer = self.ok("csv_data_load", data="".join(lines))
        self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "successfully loaded %d of %d records" % ((len(lines) - 1,) * 2))
        names = ["fc", "fcdyn", "fcdyn2", "fcdyn3", "fcdyn4", "orig_index", "year", "quarter"]
        rows = self.rows()
        self.assertEqual(rows[0], dict(zip(names, ["NA"] * 5 + [0, 1959, 1])))
        self.assertEqual([sorted(r) for r in rows], [sorted(names)] * len(rows))

    def test_many_columns_some_with_the_same_name(self):
        """R writes the names of rows in a column without a name, which clients of other servers know as an error. With a name it loads."""
        path = os.path.join(FILES, "results_var_R_output.csv")
        self.assertEqual(self.refused("results_var_R_output.csv"), "Invalid attribute name: ''")
        with open(path, newline="") as f:
            text = f.read()
        answer = self.ok("csv_data_load", data='"row' + text[1:])
        self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "successfully loaded 11 of 11 records")
        header, *want = list(csv.reader(io.StringIO(text, newline="")))
        self.assertEqual(len(header), 295)
        rows = self.rows()
        self.assertEqual([len(r) for r in rows], [295] * 11)
        twice = next(n for n in header if header.count(n) > 1)
        first, second, *_ = (i for i, n in enumerate(header) if n == twice)
        for place, name in ((1, header[1]), (first, twice), (second, twice + "_1")):
            self.assertEqual([r[name] for r in rows], [w[place] if w[place] == "NA" else float(w[place]) for w in want], name)

    def test_latin1_and_semicolons(self):
        _, rows = self.load("1680-fread-header-encoding.csv", encoding="latin1")
        self.assertEqual(rows, [{"Ort": "Vienna", "Straße": "Testgasse 1", "Bezeichnung": 'Ministerium "Pestalozzi"'},
                                {"Ort": "Graz", "Straße": "Teststraße 3", "Bezeichnung": "HS"},
                                {"Ort": "Salzburg", "Straße": "Beispielstraße 9", "Bezeichnung": 'NMS "Die Schlauen"'},
                                {"Ort": "Vienna", "Straße": "Wolfgang-Straße 7", "Bezeichnung": 'Wirtshaus "Wien III"'}])

    def test_latin1_without_encoding(self):
        self.assertRegex(self.refused("1680-fread-header-encoding.csv"), "^The header is not UTF-8: .* set encoding to 'latin1'$")
        self.assertRegex(self.refused("russellCRCRLF.csv"), "^The value of Index Name is not UTF-8: .* set encoding to 'latin1'$")

    def test_lines_that_end_in_two_carriage_returns_and_a_line_feed(self):
        _, rows = self.load("russellCRCRLF.csv", encoding="latin1")
        self.assertEqual(len(rows), 19)
        self.assertEqual(rows[0], {"Index Name": "Russell Microcap® Value Index", "Date": "06/30/2000", "Value Without Dividends": 395.77,
                                   "Value With Dividends": 356.9})

    def test_unescaped_quotes(self):
        """The first row can be read in two ways: its quotes are written as two where they end."""
        self.assertEqual(self.load("unescaped.csv")[1], [
            {"No": 0, "Comment": 'he said:"wonderful.","A', "Type": None},
            {"No": 1, "Comment": 'The problem is: reading table, and also "a problem, yes." keep going on.', "Type": "A"}])

    def test_rows_that_end_in_a_delimiter(self):
        """Every row but the header; nothing is lost, and nothing is added."""
        _, rows = self.load("fillheader.csv")
        self.assertEqual(len(rows), 9)
        self.assertEqual([len(r) for r in rows], [29] * 9)
        self.assertEqual((rows[0]["TLA NAME"], rows[0]["CRASH DIST"], rows[0]["SPD LIM"], rows[2]["SPD LIM"], rows[0]["NORTHING"]),
                         ("Ashburton District", 710, 100, "070", 5154177))

    def test_empty_columns_of_a_census(self):
        """Over a hundred columns, one with a name that no attribute can have."""
        name = "melt-warning-1752.tsv"
        self.assertEqual(self.refused(name, encoding="cp1252"),
                         "Invalid column name 'RECORD CODES - State/US-Abbreviation (USPS)', cancelling load operation")
        with open(os.path.join(FILES, name), encoding="cp1252", newline="") as f:
            header, *rows = f.read().replace("\r\n", "\n").split("\n")
        answer = self.ok("csv_data_load", data="\n".join([header.replace("/", " or ")] + rows))
        self.assertEqual(self.s.wait_for_job(answer["job_id"])["message"], "successfully loaded 1 of 1 records")
        [row], values = self.rows(), dict(zip(header.replace("/", " or ").split("\t"), rows[0].split("\t")))
        self.assertEqual(row["Geography"], "Abilene, TX Metro Area")
        self.assertEqual(len(row), header.count("\t") + 1)
        self.assertEqual({n for n, v in row.items() if v == ""}, {n for n, v in values.items() if v == ""} | {"SPECIAL AREA CODES - Reserved_1"})


if __name__ == "__main__":
    unittest.main()
