# SPDX-License-Identifier: Apache-2.0
"""Each function of the API's SQL, as a client calls it; tests/unit/sql_functions.c has more about dates and formats."""
import json, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, Server, need_module


def setUpModule():
    need_module("sql")
    need_module("data")
    need_module("schema")


DOGS = [
    {"id": 1, "name": "Penny", "age": 7, "breed": "mutt", "born": "2020-04-22T15:20:45.765Z", "tags": ["Harper", "Penny"],
     "cast": [{"name": "Ann", "as": "A"}, {"name": "Bob", "as": "B"}, {"name": "Cid", "as": "C"}]},
    {"id": 2, "name": "xHarperx", "age": 5, "breed": "mutt", "tags": ["Penny"], "cast": [{"name": "Ann", "as": "D"}]},
    {"id": 3, "name": None, "age": None, "breed": "husky"},
]

# (what to select from dev.dog, values of the first column)
VALUES = [
    # groups
    ("AVG(age) FROM dev.dog", [6.0]),
    ("COUNT(age) FROM dev.dog", [2]),
    ("COUNT(DISTINCT breed) FROM dev.dog", [2]),
    ("GROUP_CONCAT(name) FROM dev.dog", ["Penny,xHarperx"]),
    ("GROUP_CONCAT(name) FROM dev.dog WHERE id = 3", [None]),
    ("MAX(age) FROM dev.dog", [7]),
    ("MIN(age) FROM dev.dog", [5]),
    ("SUM(age) FROM dev.dog", [12]),
    ("SUM(age) FROM dev.dog WHERE id = 3", [None]),
    ("ARRAY(age) FROM dev.dog", [[7, 5, None]]),
    ("DISTINCT_ARRAY(breed) FROM dev.dog", [["mutt", "husky"]]),
    ("DISTINCT_ARRAY(ARRAY(breed)) FROM dev.dog", [["mutt", "husky"]]),
    # conversions
    ("CAST(age AS VARCHAR(10)) FROM dev.dog", ["7", "5", None]),
    ("CAST('5.9' AS INT)", [5]),
    ("CAST('2.5' AS DECIMAL(10, 2))", [2.5]),
    ("CONVERT(INT, '5')", [5]),
    ("CONVERT ( VARCHAR(10) , age) || '!' FROM dev.dog WHERE CONVERT(INT, age) = 7", ["7!"]),
    ("CONVERT(DECIMAL(10, 2), '2.5') + CONVERT(DOUBLE PRECISION, '1')", [3.5]),
    ("CONVERT(INT, CONVERT(VARCHAR, (SELECT COUNT(*) FROM dev.dog WHERE dev.dog.age > 1)))", [2]),
    ("convert FROM (SELECT 5 AS convert)", [5]),
    # dates
    ("CURRENT_DATE() = DATE_FORMAT(NOW(), 'YYYY-MM-DD')", [1]),
    ("CURRENT_TIME() LIKE '__:__:__.___'", [1]),
    ("CURRENT_TIMESTAMP = CURRENT_TIMESTAMP() AND NOW() = GETDATE()", [1]),
    ("GET_SERVER_TIME() LIKE '____-__-__T__:__:__.____%'", [1]),
    ("DATE(1587568845765)", ["2020-04-22T15:20:45.765+0000"]),
    ("DATE_ADD(1587568845765, 1, 'days')", [1587655245765]),
    ("DATE_SUB(1587568845765, 2, 'years')", [1524410445765]),
    ("DATE_DIFF(1587568845765, 1587568840765)", [5000]),
    ("DATE_FORMAT(born, 'MMMM Do YYYY') FROM dev.dog WHERE id = 1", ["April 22nd 2020"]),
    ("EXTRACT(born, 'year') FROM dev.dog WHERE id = 1", ["2020"]),
    ("EXTRACT(YEAR FROM born) FROM dev.dog", [2020, None, None]),
    ("id FROM dev.dog WHERE EXTRACT(MONTH FROM dev.dog.born) = 4", [1]),
    ("EXTRACT(DAY FROM x) * 1000000 + EXTRACT( hour FROM x) * 10000 + EXTRACT(MINUTE FROM x) * 100 + EXTRACT(SECOND FROM x) FROM "
     "(SELECT born AS x FROM dev.dog WHERE id = 1)", [22152045]),
    ("EXTRACT(MILLISECOND FROM DATE(born)) FROM dev.dog WHERE id = 1", [765]),
    ("OFFSET_UTC(1587568845765, 240)", ["2020-04-22T19:20:45.765+0400"]),
    ("YEAR(born) * 10000 + MONTH(born) * 100 + DAY(born) FROM dev.dog WHERE id = 1", [20200422]),
    ("HOUR(born) * 10000 + MINUTE(born) * 100 + SECOND(born) FROM dev.dog WHERE id = 1", [152045]),
    ("DAYOFWEEK(born) FROM dev.dog WHERE id = 1", [3]),
    # choices
    ("IF(age > 6, 'old', 'young') FROM dev.dog", ["old", "young", "young"]),
    ("IIF(age > 6, 'old', 'young') FROM dev.dog", ["old", "young", "young"]),
    ("IFNULL(name, 'nobody') FROM dev.dog WHERE id = 3", ["nobody"]),
    ("NULLIF(age, 7) FROM dev.dog", [None, 5, None]),
    # numbers
    ("ABS(-5.5)", [5.5]),
    ("CEIL(1.2)", [2.0]),
    ("EXP(0)", [1.0]),
    ("FLOOR(-1.2)", [-2.0]),
    ("RANDOM(7) BETWEEN 0 AND 1", [1]),
    ("ROUND(2.555, 1)", [2.6]),
    ("SQRT(16)", [4.0]),
    # strings
    ("CONCAT(name, '-', age) FROM dev.dog WHERE id = 1", ["Penny-7"]),
    ("CONCAT_WS(', ', name, breed) FROM dev.dog", ["Penny, mutt", "xHarperx, mutt", "husky"]),
    ("INSTR(name, 'nn') FROM dev.dog", [3, 0, None]),
    ("LEN(name) FROM dev.dog", [5, 8, None]),
    ("LOWER(name) FROM dev.dog WHERE id = 1", ["penny"]),
    ("UPPER(name) FROM dev.dog WHERE id = 1", ["PENNY"]),
    ("name FROM dev.dog WHERE name REGEXP '^P.n'", ["Penny"]),
    ("name FROM dev.dog WHERE REGEXP_LIKE(name, 'HARPER', 'i')", ["xHarperx"]),
    ("REPLACE(name, 'nn', 'll') FROM dev.dog WHERE id = 1", ["Pelly"]),
    ("SUBSTRING(name, 2, 3) FROM dev.dog WHERE id = 1", ["enn"]),
    ("TRIM(' a b ')", ["a b"]),
    ("TRIM(name, 'x') FROM dev.dog WHERE id = 2", ["Harper"]),
    ("TRIM('x' FROM name) FROM dev.dog WHERE TRIM('x' FROM name) = 'Harper'", ["Harper"]),
    ("TRIM(BOTH 'x' FROM dev.dog.name) FROM dev.dog WHERE id = 2", ["Harper"]),
    ("TRIM(LEADING 'x' FROM name) FROM dev.dog WHERE id = 2", ["Harperx"]),
    ("TRIM(TRAILING 'x' FROM name) FROM dev.dog WHERE id = 2", ["xHarper"]),
    ("CONCAT('<', TRIM(LEADING FROM ' a '), '>', TRIM(TRAILING FROM ' a '), '>', TRIM(BOTH FROM ' a '), '>')", ["<a > a>a>"]),
    ("TRIM(TRIM('x' FROM 'xyx') FROM 'yay')", ["a"]),
    ("TRIM('x' FROM MAX(name)) FROM dev.dog", ["Harper"]),
    ("TRIM(both, leading) FROM (SELECT 'xax' AS both, 'x' AS leading)", ["a"]),
    ("TRIM(1 IS DISTINCT FROM 2)", ["1"]),
    # JSON
    ("id FROM dev.dog WHERE SEARCH_JSON('\"Harper\" in *', tags)", [1]),
    ("SEARCH_JSON('$[name in [\"Ann\", \"Cid\"]].{\"actor\": name, \"as\": as}', c.cast) FROM dev.dog c",
     [[{"actor": "Ann", "as": "A"}, {"actor": "Cid", "as": "C"}], {"actor": "Ann", "as": "D"}, None]),
    ("id FROM dev.dog c WHERE SEARCH_JSON('$count($[name in [\"Ann\", \"Cid\"]])', c.`cast`) >= 2", [1]),
    ("SEARCH_JSON('$ & \"!\"', name) FROM dev.dog", ["Penny!", "xHarperx!", "!"]),
    ("SEARCH_JSON('$.name', x) FROM (SELECT d.cast AS x FROM dev.dog d ORDER BY id DESC LIMIT 5)", [None, "Ann", ["Ann", "Bob", "Cid"]]),
]

SEARCH = "The expression of SEARCH_JSON() must be in single quotes: SEARCH_JSON('$.name', x)"
DATE_TYPE = "%s is not a type here: use DATE(x) or DATE_FORMAT(x, format)"
# (the same, error)
REFUSED = [
    ("SEARCH_JSON('$map(x)', tags) FROM dev.dog", "the expression of SEARCH_JSON() cannot be used: there is no function $map()"),
    ("search_json($[name in [\"Ann\"]].{\"actor\": name}, c.`cast`) FROM dev.dog c", SEARCH),
    ("CONVERT('5', INT)", "CONVERT() takes a type and a value: CONVERT(INT, x)"),
    ("CONVERT(INT(5 5), 1)", "CONVERT() takes a type and a value: CONVERT(INT, x)"),
    ("CONVERT(INT, '5', 101)", "CONVERT() with a style is not supported"),
    ("CONVERT(DATE, born) FROM dev.dog", DATE_TYPE % "DATE"),
    ("CAST(born AS datetime) FROM dev.dog", DATE_TYPE % "datetime"),
    ("EXTRACT(EPOCH FROM born) FROM dev.dog", "EXTRACT(part FROM date) takes YEAR, MONTH, DAY, HOUR, MINUTE, SECOND or MILLISECOND"),
    ("EXTRACT(YEAR FROM born, 1) FROM dev.dog", "EXTRACT(part FROM date) takes one date"),
    ("TRIM('x' FROM 'z', 'y')", "TRIM(… FROM …) takes one string"),
    ("TRIM('x', 'y' FROM 'z')", "FROM in the arguments of a function is not supported in SQL"),
    ("SUBSTRING('abc' FROM 2 FOR 1)", "FROM in the arguments of a function is not supported in SQL"),
    ("lyre_trim('x', 'y')", "not authorized to use function: lyre_trim"),
    ("id FROM dev.dog WHERE age >= ALL (SELECT age FROM dev.dog)",
     "ANY, SOME and ALL are not supported in SQL: use IN, EXISTS, min() or max()"),
]


class Functions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS + ["modules.sql.timeout=2s", "modules.sql.memory=64M"])
        cls.addClassCleanup(cls.s.stop)
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "dog", "primary_key": "id"})
        cls.s.ok({"operation": "insert", "database": "dev", "table": "dog", "records": DOGS})

    def sql(self, text):
        return self.s.call({"operation": "sql", "sql": text})

    def test_values(self):
        for text, want in VALUES:
            with self.subTest(text):
                status, body = self.sql("SELECT " + text)
                self.assertEqual(status, 200, body)
                self.assertEqual([list(row.values())[0] for row in body], want)

    def test_refused(self):
        for text, sentence in REFUSED:
            with self.subTest(text):
                self.assertEqual(self.sql("SELECT " + text), (400, {"error": sentence}))

    def test_names(self):
        """A result is named by the text of its expression, as the client wrote it."""
        text = "CONVERT( INT , '5'), TRIM( LEADING 'x' FROM name ), EXTRACT(YEAR FROM born)"
        status, body = self.sql("SELECT %s FROM dev.dog WHERE id = 1" % text)
        self.assertEqual((status, body), (200, [
            {"CONVERT( INT , '5')": 5, "TRIM( LEADING 'x' FROM name )": "Penny", "EXTRACT(YEAR FROM born)": 2020}]))

    def test_places(self):
        """An error after a rewritten function call is shown in the client's text."""
        status, body = self.sql("SELECT CONVERT(INT, '5'), TRIM('x' FROM 'y') FRM dev.dog WHERE id = 1")
        self.assertEqual(status, 400)
        self.assertIn("M('x' FROM 'y') FRM dev.dog", body["error"])
        status, body = self.sql("SELECT TRIM(LEADING 'x') FROM dev.dog")
        self.assertEqual(status, 400)
        self.assertIn("TRIM(LEADING 'x')", body["error"])

    def test_search_ends(self):
        """An expression that runs for long ends with its statement's time or memory."""
        for text, status in (("SELECT SEARCH_JSON('$[-1 in $$]', '[' || substr(replace(hex(zeroblob(50000)), '0', '3,'), 1, 199999) || ']')", 503),
                             ("SELECT SEARCH_JSON('$.[$$,$$,$$,$$,$$]', '[' || substr(replace(hex(zeroblob(20000)), '0', '3,'), 1, 79999) || ']')", 413)):
            self.assertEqual(self.sql(text)[0], status, text)

    def test_written(self):
        self.s.ok({"operation": "create_table", "database": "dev", "table": "cat", "primary_key": "id"})
        for text in ("INSERT INTO dev.cat (id, name, n) VALUES (CONVERT(INT, '1'), TRIM('x' FROM 'xyx'), EXTRACT(YEAR FROM '2020'))",
                     "INSERT INTO dev.cat (id, name, n) SELECT id + 1, TRIM(LEADING 'x' FROM name), CONVERT(INT, age) FROM dev.dog WHERE id = 2",
                     "UPDATE dev.cat SET name = TRIM(TRAILING 'x' FROM name), copy = CONVERT(VARCHAR, n) WHERE id = CONVERT(INT, '3')"):
            status, body = self.sql(text)
            self.assertEqual(status, 200, body)
        self.assertEqual(json.dumps(self.sql("SELECT id, name, n, copy FROM dev.cat")), json.dumps((200, [
            {"id": 1, "name": "y", "n": 2020, "copy": None}, {"id": 3, "name": "Harper", "n": 5, "copy": "5"}])))


if __name__ == "__main__":
    unittest.main()
