# SPDX-License-Identifier: Apache-2.0
"""The operation sql: statements, values that come back unchanged, refusals, permissions, plans."""
import json, os, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lyre_server import CHEAP_LOGINS, PASSWORD, Server, feature, need_module, table_permission, until

INVALID = "Invalid SQL at: %s. Please ensure your SQL is valid. Try adding backticks to reserved words and schema table references."


def setUpModule():
    need_module("sql")
    need_module("data")
    need_module("schema")


DOGS = [
    {"id": 1, "name": "Penny", "age": 7, "ok": True, "owner": {"name": "Kyle"}, "tags": ["a", 1]},
    {"id": 2, "name": "Harper", "age": 5, "ok": False, "big": 9223372036854775807},
    {"id": 3, "name": "Álby", "age": None, "note": "{\"looks\":\"like JSON\"}"},
    {"id": "x", "name": "O'Neil", "age": 7.5, "ok": True, "owner": {}},
]

# (statement, rows)
ANSWERS = [
    ("SELECT id FROM dev.dog", [1, 2, 3, "x"]),
    ("SELECT id FROM dev.dog; DROP TABLE dev.dog", [1, 2, 3, "x"]),
    ("SELECT id FROM dev.dog -- WHERE id = 1", [1, 2, 3, "x"]),
    ("/* FROM dev.nope */ SELECT id FROM `dev`.[dog] WHERE \"name\" = 'O''Neil'", ["x"]),
    ("SELECT id FROM dev.dog WHERE name = \"Penny\"", [1]),
    ("SELECT name FROM dev.dog WHERE id = 'x'", ["O'Neil"]),
    ("SELECT id FROM dev.keys WHERE id LIKE 'pre%'", ["PRE3", "pre", "pre1", "pre2"]),
    ("SELECT id FROM dev.keys WHERE id LIKE 'pre%' ORDER BY id DESC LIMIT 1", ["pre2"]),
    ("SELECT min(id) FROM dev.keys WHERE id IN ('pre', 'secret-long-key-7')", ["pre"]),
    ("SELECT max((SELECT b.id FROM dev.keys b WHERE b.id = 'pre' || a.n)) FROM dev.keys a", ["pre2"]),
    ("SELECT TOP 2 id FROM dev.dog ORDER BY id DESC", ["x", 3]),
    ("SELECT TOP 1 id FROM dev.dog /* no end", [1]),
    ("SELECT TOP 1 id FROM dev.dog -- no end", [1]),
    ("WITH `A Z`(x) AS (SELECT 1) SELECT x FROM `a z`", [1]),
    ("SELECT dev.dog.id FROM dev.dog WHERE dog.age > 5 AND dev.dog.ok", [1, "x"]),
    ("SELECT count(*) FROM dev.dog", [4]),
    ("SELECT count(*) FROM dev.dog WHERE age IS NULL", [1]),
    # unchanged, also after a sort, a group and a copy
    ("SELECT owner FROM dev.dog WHERE id = 1", [{"name": "Kyle"}]),
    ("SELECT owner FROM dev.dog ORDER BY name DESC", [None, {"name": "Kyle"}, {}, None]),
    ("SELECT DISTINCT tags FROM dev.dog ORDER BY tags DESC", [["a", 1], None]),
    ("SELECT ok FROM dev.dog GROUP BY ok", [None, False, True]),
    ("SELECT ok FROM (SELECT ok, name FROM dev.dog ORDER BY name) WHERE ok IS NOT NULL", [False, True, True]),
    ("SELECT note FROM dev.dog WHERE note IS NOT NULL ORDER BY age", ["{\"looks\":\"like JSON\"}"]),
    ("SELECT big FROM dev.dog WHERE big > 0", [9223372036854775807]),
    ("SELECT json_extract(owner, '$.name') AS n FROM dev.dog WHERE id = 1", ["Kyle"]),
    ("SELECT value FROM dev.dog, json_each(dog.tags)", ["a", 1]),
    # two databases, and more than SQLite attaches
    ("SELECT dev.dog.name || prod.dog.name FROM dev.dog JOIN prod.dog ON dev.dog.id = prod.dog.id", ["Pennyone"]),
    ("SELECT " + " + ".join("t%d.n" % i for i in range(15)) + " FROM " + ", ".join("many%d.t AS t%d" % (i, i) for i in range(15)), [105]),
    # what else SQLite offers
    ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT count(*) FROM c", [3]),
    ("SELECT sum(age) OVER (ORDER BY id) FROM dev.dog WHERE id < 3", [7, 12]),
    ("SELECT id FROM dev.dog WHERE id IN (SELECT id FROM prod.dog) UNION SELECT 'y'", [1, "y"]),
]

NAMES = [
    ("SELECT COUNT(*) FROM dev.dog", ["COUNT(*)"]),
    ("SELECT COUNT(dev.dog.id), max( dog.id ) FROM dev.dog", ["COUNT(dev.dog.id)", "max( dog.id )"]),
    ("SELECT id AS `a b`, id, id FROM dev.dog LIMIT 1", ["a b", "id", "id1"]),
    ("SELECT dev.dog.id AS g, 1 AS o FROM dev.dog LIMIT 1", ["g", "o"]),
    ("SELECT a.id, b.id FROM dev.dog a, dev.dog b LIMIT 1", ["id", "id1"]),
    ("SELECT 1 AS \"a\x1fb\", name AS \"a\x1fc\" FROM dev.dog LIMIT 1", ["a\x1fb", "a\x1fc"]),
    ("SELECT * FROM (SELECT * FROM twins.t)", ["id", "__createdtime__", "__updatedtime__", "Name", "name"]),
    ("SELECT * FROM twins.t", ["id", "__createdtime__", "__updatedtime__", "Name", "name"]),
]

# (statement, status, error)
REFUSED = [
    ("SELECT * FROM dev.nope", 404, "Table 'dev.nope' does not exist"),
    ("SELECT * FROM dev.Dog", 404, "Table 'dev.Dog' does not exist"),
    ("SELECT * FROM nope.dog", 404, "database 'nope' does not exist"),
    ("SELECT * FROM dog", 400, "schema not defined for table dog"),
    ("SELECT * FROM \"dev.dog\"", 400, "schema not defined for table dev.dog"),
    ("SELECT nope FROM dev.dog", 400, "unknown column nope"),
    ("INSERT INTO dev.nope (id) VALUES (1)", 400, "Table 'dev.nope' does not exist"),
    ("UPDATE dev.nope SET a = 1", 400, "table dev.nope does not exist"),
    ("DELETE FROM dev.nope", 400, "table dev.nope does not exist"),
    ("SELECT * FROM dev.dog WHERE name = 'x", 400, INVALID % "...ev.dog WHERE name = 'x"),
    ("SELECT FROM", 400, INVALID % "SELECT FROM"),
    ("gibberish", 400, INVALID % "gibberish"),
    ("SELECT nosuch(1)", 400, "no such function: nosuch"),
    ("SELECT id FROM dev.dog a, dev.dog b", 400, "ambiguous column name: id"),
    ("SELECT id FROM dev.dog WHERE id = ?", 400, "Parameters (?) are not supported in SQL"),
    ("SELECT * INTO dev.copy FROM dev.dog", 400, "SELECT INTO is not supported in SQL"),
    ("EXPLAIN SELECT 1", 400, "EXPLAIN without QUERY PLAN is not supported in SQL"),
    ("DROP TABLE dev.dog", 400, "unsupported SQL type drop"),
    ("REPLACE INTO dev.dog (id) VALUES (1)", 400, "unsupported SQL type replace"),
    ("UPSERT INTO dev.dog (id) VALUES (1)", 400, "unsupported SQL type upsert"),
    ("create table dev.t (id)", 400, "unsupported SQL type create"),
    ("PRAGMA table_list", 400, "unsupported SQL type pragma"),
    ("ATTACH '/etc/passwd' AS p", 400, "unsupported SQL type attach"),
    ("SELECT load_extension('x')", 400, "not authorized to use function: load_extension"),
    ("SELECT changes()", 400, "not authorized to use function: changes"),
    ("SELECT total_changes()", 400, "not authorized to use function: total_changes"),
    ("SELECT last_insert_rowid()", 400, "not authorized to use function: last_insert_rowid"),
    ("SELECT sqlite_compileoption_get(1)", 400, "not authorized to use function: sqlite_compileoption_get"),
    ("SELECT sqlite_compileoption_used('THREADSAFE')", 400, "not authorized to use function: sqlite_compileoption_used"),
    ("SELECT sqlite_source_id()", 400, "not authorized to use function: sqlite_source_id"),
    ("SELECT subtype('x')", 400, "not authorized to use function: subtype"),
    ("SELECT lyre_keep(id) FROM dev.dog", 400, "not authorized to use function: lyre_keep"),
    ("UPDATE dev.dog SET name = `lyre_keep`(ok), age = age WHERE id = 1", 400, "not authorized to use function: lyre_keep"),
    ("SELECT * FROM sqlite_master", 400, "schema not defined for table sqlite_master"),
    ("SELECT * FROM pragma_table_list()", 400, "no such table-valued function: pragma_table_list"),
    ("SELECT (WITH sqlite_master AS (SELECT 1) SELECT 1), name FROM sqlite_master", 400, "Reading SQLite's own tables is not permitted in SQL"),
    ("INSERT INTO dev.dog VALUES (9, 'x')", 400, "INSERT needs the names of the attributes: INSERT INTO dev.dog (name, …) …"),
    ("INSERT INTO dev.dog (id, a) VALUES (9, X'00')", 400, "Blobs cannot be stored: use a string"),
    ("INSERT OR REPLACE INTO dev.dog (id) VALUES (1)", 400, "OR after INSERT or UPDATE is not supported in SQL"),
    ("INSERT INTO dev.dog (id) VALUES (9) RETURNING id", 400, "RETURNING is not supported in SQL"),
    ("INSERT INTO dev.dog (id) VALUES (1) ON CONFLICT DO UPDATE SET name = 'x'", 400, "ON CONFLICT is not supported in SQL"),
    ("INSERT INTO dev.dog (id) SELECT 1 WHERE true ON /* */ conflict (id) DO NOTHING", 400, "ON CONFLICT is not supported in SQL"),
    ("WITH [a@](x) AS (SELECT 1) SELECT x FROM [a`]", 400, "schema not defined for table a`"),
    ("WITH c AS (SELECT id FROM dev.dog) INSERT INTO c (id) VALUES (1)", 400, "schema not defined for table c"),
    ("WITH c AS (SELECT id FROM dev.dog) DELETE FROM c", 400, "schema not defined for table c"),
    ("UPDATE dog SET a = 1", 400, "schema not defined for table dog"),
    ("INSERT INTO dev.dog (id, a) VALUES (9, X'6c7972653f80')", 400, "A string to be stored is not valid UTF-8"),
    ("INSERT INTO dev.dog (id, name) SELECT * FROM (SELECT 9, 'x')", 400,
     "INSERT with SELECT * is not supported: name the attributes"),
    ("UPDATE dev.dog SET (name, age) = ('x', 1)", 400, "SET (…) = (…) is not supported: set each attribute separately"),
    ("DELETE FROM system.hdb_user", 403,
     "The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed."),
]


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.s = Server(settings=CHEAP_LOGINS)
        cls.addClassCleanup(cls.s.stop)
        for database in ["dev", "prod"] + ["many%d" % i for i in range(15)] + ["twins"]:
            table = "dog" if database in ("dev", "prod") else "t"
            cls.s.ok({"operation": "create_table", "database": database, "table": table, "primary_key": "id"})
        cls.s.ok({"operation": "insert", "database": "dev", "table": "dog", "records": DOGS})
        cls.s.ok({"operation": "insert", "database": "prod", "table": "dog", "records": [{"id": 1, "name": "one"}]})
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "keys", "primary_key": "id"})
        cls.s.ok({"operation": "insert", "database": "dev", "table": "keys", "records": [
            {"id": id, "n": n} for id, n in (("pre", 0), ("pre1", 1), ("pre2", 2), ("PRE3", 9), ("q", 9), ("secret-long-key-7", 9))]})
        cls.s.ok({"operation": "insert", "database": "twins", "table": "t", "records": [{"id": 1, "Name": "N", "name": "n"}]})
        for i in range(15):
            cls.s.ok({"operation": "insert", "database": "many%d" % i, "table": "t", "records": [{"id": 1, "n": i}]})

    def sql(self, text):
        return self.s.call({"operation": "sql", "sql": text})

    def rows(self, text):
        status, body = self.sql(text)
        self.assertEqual(status, 200, "%s: %s" % (text, body))
        return body

    def values(self, text):
        return [list(row.values())[0] for row in self.rows(text)]


class Statements(Case):
    def test_answers(self):
        for text, want in ANSWERS:
            with self.subTest(text):
                self.assertEqual(json.dumps(self.values(text)), json.dumps(want))

    def test_names(self):
        for text, want in NAMES:
            with self.subTest(text):
                self.assertEqual(list(self.rows(text)[0]), want)

    def test_refused(self):
        before = self.rows("SELECT * FROM dev.dog")
        for text, status, sentence in REFUSED:
            with self.subTest(text):
                self.assertEqual(self.sql(text), (status, {"error": sentence}))
        self.assertEqual(self.rows("SELECT * FROM dev.dog"), before)

    def test_argument(self):
        for value in (None, "", 5, ["SELECT 1"], "SELECT '\0'"):
            status, body = self.s.call({"operation": "sql", "sql": value})
            self.assertEqual(status, 400, body)
        self.assertEqual(self.s.call({"operation": "sql"}),
                         (400, {"error": "The 'sql' parameter is missing from the request body"}))

    def test_plans(self):
        for condition, detail in (
                ("id = 1", "= id"), ("name = 'Penny'", "= name"), ("age BETWEEN 6 AND 8 AND name <> 'x'", "gl age"),
                ("name LIKE 'pen%'", "k name"), ("age IN (1, 2, 3)", "n age"), ("1 ORDER BY name", " name")):
            plan = " ".join(row["detail"] for row in self.rows("EXPLAIN QUERY PLAN SELECT id FROM many.t WHERE " + condition))
            self.assertIn(detail, plan, condition)
            self.assertNotIn("TEMP B-TREE", plan, condition)

    def test_index_alone(self):
        """Values read from an index alone are those of the records."""
        values = [None, True, False, 0, 1, -3, 1.5, 2**53 + 1, -2**63, 2**64, 1e300, "", "a", "a\x01b", "\0", "é", "x" * 300, "[1]", "{}"]
        long_key = "k" * 600
        records = [{"id": i, "v": v, "other": 1} for i, v in enumerate(values)] + [{"id": key, "v": 1, "other": 1} for key in (long_key, 2**63, 2**64 - 1, 1e300, -1e300)]
        self.s.ok({"operation": "create_table", "database": "many", "table": "alone", "primary_key": "id"})
        for more in ([], [{"id": "with", "v": [1, "a", 1.5], "other": 1}, {"id": "an object", "v": {"a": 1}, "other": 1}]):
            self.s.ok({"operation": "insert", "database": "many", "table": "alone", "records": records + more})
            for condition in ("v = 1", "v = 0", "v > 0", "v <= 1.5", "v >= ''", "v IN ('', 'a', 5, 1)", "v LIKE 'a%'", "v IS NULL", "v < -3"):
                both = [self.rows("SELECT id, v, typeof(v) AS t%s FROM many.alone WHERE %s ORDER BY id" % (other, condition)) for other in ("", ", other")]
                self.assertEqual(both[0], [{n: row[n] for n in ("id", "v", "t")} for row in both[1]], condition)
                self.assertTrue(both[0] or condition == "v IS NULL", condition)

    def test_large_integers(self):
        """Integers that are the same number in SQL are found together, with an index as without one, and each once."""
        numbers = [2**63 - 1, 2**63, 2**63 + 1, 2**63 + 1024, 2**63 + 1025, 2**64 - 1, 2**64, 1e300, -2**63, -2**63 - 1, 1 - 2**64, 5]
        self.s.ok({"operation": "create_table", "database": "many", "table": "integers", "primary_key": "id"})
        self.s.ok({"operation": "insert", "database": "many", "table": "integers", "records": [{"id": n, "v": n} for n in numbers if n != 2**64]})
        conditions = ["%s %d" % (how, n) for how in ("=", "<", "<=", ">", ">=") for n in numbers[:-5] + numbers[-4:-1]]
        for condition in conditions + ["IN (%s)" % ", ".join("%d" % n for n in numbers), "IN (9223372036854774784, 9223372036854775808)"]:
            for column in ("v", "id"):
                found, want = (sorted(self.values("SELECT v FROM many.integers WHERE %s%s %s" % (plus, column, condition))) for plus in ("", "+"))
                self.assertEqual(found, want, column + " " + condition)

    def test_again(self):
        """Statements that differ only in the values they compare with are prepared once; each finds its own rows."""
        table = {"database": "many", "table": "again"}
        self.s.ok(dict(table, operation="create_table", primary_key="id"))
        records = [{"id": 1, "n": 5, "b": True}, {"id": "1", "n": "5", "b": False}, {"id": "it's", "n": None, "b": 1}, {"id": 10**17, "n": 1.5},
                   {"id": "?1", "n": "?"}, {"id": 9223372036854775807, "n": 0}, {"id": "", "n": -1}, {"id": 2.5, "n": 2}]
        self.s.ok(dict(table, operation="insert", records=records))
        for _ in range(3):
            for where, want in (("id = 1", [5]), ("id = '1'", ["5"]), ("id = 'it''s'", [None]), ("id = 100000000000000000", [1.5]), ("id = '?1'", ["?"]),
                                ("id = 9223372036854775807", [0]), ("id = ''", [-1]), ("id = 2.5", [2]), ("id = 3", []), ("id = -1", []), ("id == 1", [5]),
                                ("id = 1 AND n = 5", [5]), ("id = 1 AND n = '5'", []), ("id = 1 AND n > 4 AND n <= 5", [5]), ("id = 1 AND n = 6", []),
                                ("id = 1 AND n > 1 AND n > 2 AND n > 3 AND n > 4 AND n > 5", []), ("id = '1' ORDER BY 1 LIMIT 1", ["5"]),
                                ("id = '1' ORDER BY 1 LIMIT 0", []), ("id = 1 AND 5 = n", [5]), ("id = 1 /* = 7 */ AND n = 5 -- = 7", [5]),
                                ("id = 0x1", [5]), ("id = 1.0", [5]), ("id >= 10 AND n = 1.5", [1.5]), ("n = 1.5", [1.5]), ("n = 5", [5])):
                self.assertEqual(self.values("SELECT n FROM many.again WHERE " + where), want, where)
            self.assertEqual(self.rows("SELECT b, n = 5, n + 1 FROM many.again WHERE many.again.id = 1"), [{"b": True, "n = 5": 1, "n + 1": 6}])
            for where in ("id = ?1", "id = ?", "id = :x", "id = 1 AND n = ?2", "id = 1 AND n = @x", "id = ?4"):
                self.assertEqual(self.sql("SELECT n FROM many.again WHERE " + where)[0], 400, where)
        self.s.ok(dict(table, operation="insert", records=[{"id": "long " * 200, "n": 1}]))
        self.assertEqual(self.values("SELECT n FROM many.again WHERE id = 'it''s'"), [None])
        self.assertEqual(self.values("SELECT n FROM many.again WHERE id = '%s'" % ("long " * 200)), [1])

    def test_again_of_another_table(self):
        """A kept statement is not used again once its table has other attributes, or is replaced by another."""
        table = {"database": "many", "table": "changing"}
        for n in range(3):
            self.s.ok(dict(table, operation="create_table", primary_key="id%d" % (n % 2)))
            for more in ({}, {"a": 1}, {"a": 1, "b": [n]}):
                self.s.ok(dict(table, operation="upsert", records=[dict(more, **{"id%d" % (n % 2): 1})]))
                for _ in range(2):
                    row = self.rows("SELECT * FROM many.changing WHERE id%d = 1" % (n % 2))[0]
                    self.assertEqual({k: v for k, v in row.items() if not k.startswith("__")}, dict(more, **{"id%d" % (n % 2): 1}))
            self.s.ok(dict(table, operation="drop_table"))
            self.assertEqual(self.sql("SELECT * FROM many.changing WHERE id%d = 1" % (n % 2))[0], 404)

    def test_index_of_expired(self):
        table = {"database": "many", "table": "short"}
        self.s.ok(dict(table, operation="create_table", primary_key="id", expiration=1))
        self.s.ok(dict(table, operation="insert", records=[{"id": 1, "v": 1}]))
        until(lambda: not self.s.ok(dict(table, operation="search_by_id", ids=[1], get_attributes=["*"])), self.s.said)
        self.assertEqual(self.values("SELECT id FROM many.short WHERE v = 1"), [])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s.ok({"operation": "create_table", "database": "many", "table": "t", "primary_key": "id"})
        cls.s.ok({"operation": "insert", "database": "many", "table": "t", "records": [
            {"id": i, "name": "n%d" % i, "age": i} for i in range(300)]})

    def test_formats(self):
        headers = {"Authorization": self.s.authorization(), "Content-Type": "application/json", "Accept": "text/csv"}
        status, got, body = self.s.request("POST", "/", json.dumps(
            {"operation": "sql", "sql": "SELECT id, name FROM dev.dog WHERE id < 3"}).encode(), headers)
        if got["content-type"].startswith("text/csv"):
            self.assertEqual(body.decode(), "\"id\",\"name\"\n1,\"Penny\"\n2,\"Harper\"")


PLACES = [
    {"id": "park", "geo_data": {"type": "Feature", "properties": {"name": "City Park"}, "geometry": {"type": "Polygon", "coordinates": [[
        [-104.96, 39.754], [-104.96, 39.744], [-104.94, 39.744], [-104.94, 39.754], [-104.96, 39.754]]]}}},
    {"id": "office", "geo_data": {"type": "Point", "coordinates": [-104.979127, 39.761563]}},
    {"id": "monument", "geo_data": [-77.035248, 38.889475]},
    {"id": "nowhere", "geo_data": "Atlantis"},
]
COLORADO = json.dumps({"type": "Polygon", "coordinates": [[[-109.07, 37], [-102.02, 37], [-102.02, 41.01], [-109.07, 41.01]]]})
DISTANCE = "geoDistance('[-104.979127,39.761563]', geo_data"

GEO = [
    ("SELECT id FROM geo.places WHERE geoNear('[-104.97,39.76]', geo_data, 50, 'miles')", ["office"]),
    ("SELECT id FROM geo.places WHERE geoNear(geo_data, '[-104.97,39.76]', 4000) ORDER BY " + DISTANCE + ")", ["office", "monument"]),
    ("SELECT id FROM geo.places WHERE geoContains('%s', geo_data) ORDER BY id" % COLORADO, ["office", "park"]),
    ("SELECT id FROM geo.places WHERE geoContains(geo_data, '[-104.95,39.75]')", ["park"]),
    ("SELECT id FROM geo.places WHERE geoEqual(geo_data, '{\"type\":\"Point\",\"coordinates\":[-104.979127,39.761563]}')", ["office"]),
    ("SELECT id FROM geo.places WHERE geoCrosses(geo_data, '{\"type\":\"LineString\",\"coordinates\":[[-105,39.75],[-104.95,39.75]]}')", ["park"]),
    ("SELECT round(" + DISTANCE + ", 'miles'), 3) FROM geo.places WHERE id = 'monument'", [1488.691]),
    ("SELECT id FROM geo.places WHERE geoArea(geo_data) BETWEEN 1 AND 2589988", ["park"]),
    ("SELECT id FROM geo.places WHERE geoArea(geo_data) IS NULL", ["nowhere"]),
    ("SELECT geoContains(geo_data, geo_data) FROM geo.places WHERE id = 'office'", [True]),
    ("SELECT geoConvert('[1,2]', 'point', '{\"name\": \"HQ\"}')", [
        {"type": "Feature", "properties": {"name": "HQ"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}]),
    ("SELECT json_extract(geoDifference(geo_data, '%s'), '$.properties') FROM geo.places WHERE id = 'park'"
     % json.dumps({"type": "Polygon", "coordinates": [[[-104.95, 39], [-104, 39], [-104, 40], [-104.95, 40]]]}), [{"name": "City Park"}]),
]


class Geo(Case):
    @unittest.skipUnless(feature("HAVE_GEOS"), "this build has no GEOS")
    def test_answers(self):
        self.s.ok({"operation": "create_table", "database": "geo", "table": "places", "primary_key": "id"})
        self.s.ok({"operation": "insert", "database": "geo", "table": "places", "records": PLACES})
        for text, want in GEO:
            with self.subTest(text):
                self.assertEqual(self.values(text), want)

    @unittest.skipUnless(feature("HAVE_GEOS"), "this build has no GEOS")
    def test_refused(self):
        for text, sentence in (
                ("SELECT geoDistance('[1,2]', '[3,4]', 'leagues')", "the unit must be kilometers, miles, degrees, radians, meters, feet, "
                 "yards, inches, centimeters, millimeters or nauticalmiles"),
                ("SELECT geoNear('[1,2]')", "wrong number of arguments to function geoNear()"),
                ("SELECT geoLength('%s')" % json.dumps({"type": "LineString", "coordinates": [[0, 0]] * 10001}),
                 "the GeoJSON value has more than 10000 positions or is longer than 512 KiB")):
            with self.subTest(text[:40]):
                self.assertEqual(self.sql(text), (400, {"error": sentence}))

    @unittest.skipIf(feature("HAVE_GEOS"), "this build has GEOS")
    def test_build_without(self):
        for name in ("geoArea", "GEOLENGTH", "geoCircle", "geoDifference", "geoDistance", "geoNear", "geoContains", "geoEqual",
                     "geoCrosses", "geoConvert"):
            self.assertEqual(self.sql("SELECT %s(1, 2)" % name),
                             (400, {"error": "The function %s() needs a build with GEOS" % name}))


class Writes(Case):
    def fill(self, database, records):
        """A table with these records only."""
        self.sql("DELETE FROM %s.t" % database)
        self.s.ok({"operation": "insert", "database": database, "table": "t", "records": records})

    def check(self, text, want):
        self.assertEqual(self.sql(text), (200, want), text)

    def test_life_of_a_record(self):
        self.check("INSERT INTO dev.dog (id, name, ok, fresh) VALUES (10, 'New', true, NULL), (11, 'Two', false, 1.5)",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": [10, 11], "skipped_hashes": []})
        self.check("INSERT INTO dev.dog (id) VALUES (10)",
                   {"message": "inserted 0 of 1 records", "inserted_hashes": [], "skipped_hashes": [10]})
        self.assertEqual(self.rows("SELECT name, ok, fresh FROM dev.dog WHERE id BETWEEN 10 AND 11"),
                         [{"name": "New", "ok": True, "fresh": None}, {"name": "Two", "ok": False, "fresh": 1.5}])
        self.check("UPDATE dev.dog SET name = name || '!', ok = TRUE, copy = owner, was = ok WHERE id IN (1, 11)",
                   {"message": "updated 2 of 2 records", "update_hashes": [1, 11], "skipped_hashes": []})
        self.assertEqual(self.rows("SELECT name, ok, copy, was FROM dev.dog WHERE id IN (1, 11)"),
                         [{"name": "Penny!", "ok": True, "copy": {"name": "Kyle"}, "was": True},
                          {"name": "Two!", "ok": True, "copy": None, "was": False}])
        self.check("UPDATE dev.dog SET a = 1 WHERE id = 999", {"message": "updated 0 of 0 records", "update_hashes": [], "skipped_hashes": []})
        self.check("INSERT INTO prod.dog (id, name, owner, ok) SELECT id + 50, name, owner, ok FROM dev.dog WHERE id = 1",
                   {"message": "inserted 1 of 1 records", "inserted_hashes": [51], "skipped_hashes": []})
        self.assertEqual(self.rows("SELECT name, owner, ok FROM prod.dog WHERE id = 51"),
                         [{"name": "Penny!", "owner": {"name": "Kyle"}, "ok": True}])
        self.check("DELETE FROM dev.dog WHERE id IN (10, 11)",
                   {"message": "2 of 2 records successfully deleted", "deleted_hashes": [10, 11], "skipped_hashes": []})
        self.check("DELETE FROM dev.dog WHERE id IN (10, 11)",
                   {"message": "0 of 0 records successfully deleted", "deleted_hashes": [], "skipped_hashes": []})
        self.check("DELETE FROM many0.t", {"message": "1 of 1 record successfully deleted", "deleted_hashes": [1], "skipped_hashes": []})

    def test_brackets(self):
        """Parentheses in a condition do not hold the names of written attributes."""
        self.fill("many1", [{"id": i, "name": "n%d" % i, "age": i} for i in range(6)])
        self.fill("many2", [{"id": 2, "n": 20}, {"id": 3, "n": 30}])
        for text, want in (
                ("UPDATE many1.t SET age = 8 WHERE (name = 'n1')", [1]),
                ("UPDATE many1.t SET age = abs(-9) WHERE (name = 'n1' OR (id = 4))", [1, 4]),
                ("UPDATE many1.t SET age = (SELECT max(n) FROM many2.t) WHERE id IN (SELECT id FROM many2.t)", [2, 3]),
                ("UPDATE many1.t SET age = o.n FROM (SELECT id, n + 1 AS n FROM many2.t) AS o WHERE (o.id = many1.t.id)", [2, 3]),
                ("UPDATE many1.t AS x SET age = 0 WHERE length(x.name) = 2 AND (x.id) > 4", [5])):
            status, body = self.sql(text)
            self.assertEqual((status, body.get("update_hashes")), (200, want), text)
        self.assertEqual(self.rows("SELECT id, name, age FROM many1.t"), [
            {"id": i, "name": "n%d" % i, "age": age} for i, age in enumerate([0, 9, 21, 31, 9, 0])])
        before = self.rows("SELECT * FROM many1.t")
        for text in ("DELETE FROM many1.t WHERE (nmae IS NULL)", "DELETE FROM many1.t WHERE nmae IS NULL",
                     "UPDATE many1.t SET age = 1 WHERE (nmae IS NULL)", "UPDATE many1.t SET age = (nmae)", "UPDATE many1.t SET age = upper(nmae)"):
            self.assertEqual(self.sql(text), (400, {"error": "unknown column nmae"}), text)
        self.assertEqual(self.rows("SELECT * FROM many1.t"), before)
        for text, want in (("DELETE FROM many1.t WHERE id IN (SELECT id FROM many2.t WHERE (n > 20))", [3]),
                           ("DELETE FROM many1.t WHERE (name = 'n0' OR name = 'n1')", [0, 1]),
                           ("DELETE FROM many1.t WHERE (SELECT count(*) FROM many2.t) = 2 AND (upper(name) = 'N5')", [5])):
            status, body = self.sql(text)
            self.assertEqual((status, body.get("deleted_hashes")), (200, want), text)
        self.assertEqual(self.values("SELECT id FROM many1.t"), [2, 4])

    def test_with(self):
        """The written table need not be the first one named."""
        self.fill("many5", [{"id": i, "n": i} for i in range(6)])
        self.fill("many6", [{"id": i} for i in (1, 2)])
        self.check("WITH c AS (SELECT id FROM many6.t) INSERT INTO many5.t (id, n) SELECT id + 10, 0 FROM c",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": [11, 12], "skipped_hashes": []})
        self.check("WITH c(i) AS (SELECT id FROM many6.t), d AS (SELECT i FROM c WHERE i > 1) UPDATE many5.t SET n = 20 WHERE id IN (SELECT i FROM d)",
                   {"message": "updated 1 of 1 records", "update_hashes": [2], "skipped_hashes": []})
        self.check("WITH c AS (SELECT id FROM many6.t) UPDATE many5.t AS x SET n = c.id FROM c WHERE c.id = x.id AND x.id = 1",
                   {"message": "updated 1 of 1 records", "update_hashes": [1], "skipped_hashes": []})
        self.check("WITH c AS (SELECT id FROM many6.t) DELETE FROM many5.t WHERE id IN (SELECT id FROM c)",
                   {"message": "2 of 2 records successfully deleted", "deleted_hashes": [1, 2], "skipped_hashes": []})
        self.check("WITH c AS (SELECT max(id) AS i FROM many5.t) DELETE FROM many5.t WHERE id = (SELECT i FROM c)",
                   {"message": "1 of 1 record successfully deleted", "deleted_hashes": [12], "skipped_hashes": []})
        self.assertEqual(self.values("SELECT id FROM many5.t"), [0, 3, 4, 5, 11])
        self.assertEqual(self.values("SELECT count(*) FROM many6.t"), [2])

    KINDS = [{"id": 1, "o": {"x": 1}, "a": [1], "b": True, "n": 1, "t": "{\"x\":1}"}, {"id": 2, "o": {}, "a": [], "b": False, "n": 0, "t": "[]"}]

    def test_booleans(self):
        """true and false are booleans where they are a whole value, and 1 and 0 in expressions."""
        self.fill("many7", self.KINDS)
        self.check("INSERT INTO many7.t (id, b, o) SELECT id || 'x', b, json_object('a', true, 'b', false) FROM many7.t WHERE b = true",
                   {"message": "inserted 1 of 1 records", "inserted_hashes": ["1x"], "skipped_hashes": []})
        self.assertEqual(self.rows("SELECT b, o FROM many7.t WHERE id = '1x'"), [{"b": True, "o": {"a": 1, "b": 0}}])
        self.check("INSERT INTO many7.t (id, b, n, x) VALUES ('v', true, (true), 1 = true), ('w', FALSE, coalesce(NULL, true), NULL)",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": ["v", "w"], "skipped_hashes": []})
        self.assertEqual(self.rows("SELECT b, n, x FROM many7.t WHERE id >= 'v'"), [{"b": True, "n": 1, "x": 1}, {"b": False, "n": 1, "x": None}])
        self.check("UPDATE many7.t SET b = false, n = iif(b = true, 7, 8), x = (b = false) WHERE b = true AND (id = 'v' OR b = false)",
                   {"message": "updated 1 of 1 records", "update_hashes": ["v"], "skipped_hashes": []})
        self.assertEqual(self.rows("SELECT b, n, x FROM many7.t WHERE id = 'v'"), [{"b": False, "n": 7, "x": 0}])
        self.check("INSERT INTO many7.t (id, b) SELECT DISTINCT 'd', true UNION SELECT 'e', false",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": ["d", "e"], "skipped_hashes": []})
        self.assertEqual(self.values("SELECT b FROM many7.t WHERE id IN ('d', 'e')"), [True, False])

    def test_kinds(self):
        """A copied value keeps its type, whatever SQLite does with the rows on the way, or the statement is refused."""
        names = "o, a, b, n, t"
        for source in (
                "SELECT id + 10, o, a, b, n, t FROM %s.t WHERE id < 9", "SELECT id + 10 x, o AS `a b`, %s.t.a, (b), n 'k', t z FROM %s.t WHERE id < 9",
                "SELECT id + 10, o, a, b, n, t FROM %s.t WHERE id < 9 ORDER BY t DESC", "SELECT DISTINCT id + 10, o, a, b, n, t FROM %s.t WHERE id < 9",
                "SELECT id + 10, o, a, b, n, t FROM %s.t WHERE id = 1 UNION SELECT id + 10, o, a, b, n, t FROM %s.t WHERE id = 2",
                "SELECT TOP 9 id + 10, coalesce(o, 1), ifnull(NULL, a), iif(id, b, 9), CASE WHEN b IS NULL THEN b ELSE n END, nullif(t, 7) FROM %s.t WHERE id < 9",
                "SELECT id + 10, o, a, b, n, t FROM (SELECT * FROM %s.t) WHERE id < 9",
                "WITH c AS (SELECT * FROM %s.t) SELECT id + 10, o, a, b, n, t FROM c WHERE id < 9"):
            for database in ("many8", "many9"):
                self.fill("many8", self.KINDS)
                self.fill("many9", self.KINDS)
                text = "INSERT INTO many8.t (id, %s) %s" % (names, source.replace("%s", database))
                status, body = self.sql(text)
                self.assertEqual((status, sorted(body.get("inserted_hashes", []))), (200, [11, 12]), "%s: %s" % (text, body))
                self.assert_kinds("many8", [11, 12], text)

    def assert_kinds(self, database, ids, text):
        got = self.s.ok({"operation": "search_by_id", "database": database, "table": "t", "ids": ids, "get_attributes": ["o", "a", "b", "n", "t"]})
        want = [{k: v for k, v in record.items() if k != "id"} for record in self.KINDS]
        self.assertEqual(json.dumps(got, sort_keys=True), json.dumps(want, sort_keys=True), text)

    def test_kinds_of_updates(self):
        for text in ("UPDATE many10.t SET o = o, a = a, b = b, n = n, t = t", "UPDATE many10.t SET b = coalesce(NULL, b), o = iif(1, o, 2), a = (a), n = (n), t = (t)",
                     "UPDATE many10.t SET o = json_set(o, '$.y', 1), o2 = o", "UPDATE many10.t SET o2 = json_object('x', 1), b = (SELECT b)",
                     "UPDATE many10.t SET o = m.o, a = m.a, b = m.b, n = m.n, t = m.t FROM many11.t AS m WHERE m.id = many10.t.id",
                     "UPDATE many10.t SET o = m.o, a = m.a, b = m.b, n = m.n, t = m.t FROM (SELECT id AS i, o, a, b, n, t FROM many11.t) AS m WHERE i = id"):
            self.fill("many10", self.KINDS)
            self.fill("many11", self.KINDS)
            status, body = self.sql(text)
            self.assertEqual((status, body.get("update_hashes")), (200, [1, 2]), "%s: %s" % (text, body))
            if "json_set" in text:
                self.assertEqual(self.rows("SELECT o, o2 FROM many10.t"), [{"o": {"x": 1, "y": 1}, "o2": {"x": 1}}, {"o": {"y": 1}, "o2": {}}])
            else:
                self.assert_kinds("many10", [1, 2], text)

    def test_lost_kinds(self):
        """A sort or group in a subquery loses the types: the statement is refused, unless no record has such values."""
        self.fill("many12", self.KINDS)
        self.fill("many13", [{"id": i, "n": i % 2, "t": "x"} for i in range(4)])
        for column, sentence in (("o", "A value to be stored may be a string, or an object or array"), ("a", "A value to be stored may be a string, or"),
                                 ("b", "A value to be stored may be a number (0 or 1) or a boolean")):
            for text in ("INSERT INTO many14.t (id, x) SELECT max(id) || 'g', %s FROM many12.t GROUP BY %s",
                         "INSERT INTO many14.t (id, x) SELECT i, x FROM (SELECT DISTINCT %s AS x, id || 'g' AS i FROM many12.t ORDER BY %s LIMIT 9)",
                         "INSERT INTO many14.t (id, x) SELECT max(id) || 'g', coalesce(%s, 7) FROM many12.t GROUP BY %s",
                         "UPDATE many14.t SET x = y FROM (SELECT %s AS y FROM many12.t GROUP BY %s) AS s"):
                status, body = self.sql(text.replace("%s", column))
                self.assertEqual(status, 400, "%s: %s" % (text.replace("%s", column), body))
                self.assertIn(sentence, body["error"])
        for value, want in (("json(o)", [{}, {"x": 1}]), ("o || ''", ["{\"x\":1}", "{}"]), ("b + 0", [0, 1])):
            text = "INSERT INTO many14.t (id, x) SELECT 's' || max(id), %s FROM many12.t GROUP BY %s" % (value, value.split("(")[-1].split(" ")[0].strip(")"))
            self.assertEqual(self.sql(text)[0], 200, text)
            self.assertCountEqual(self.values("SELECT x FROM many14.t WHERE id >= 's'"), want, text)
            self.sql("DELETE FROM many14.t WHERE id >= 's'")
        self.check("INSERT INTO many14.t (id, x) SELECT 's' || min(id), n FROM many13.t GROUP BY n",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": ["s0", "s1"], "skipped_hashes": []})
        self.assertEqual(self.values("SELECT x FROM many14.t WHERE id >= 's'"), [0, 1])
        # the result of an expression is not an attribute
        self.check("INSERT INTO many14.t (id, x) SELECT id || 'n', coalesce(n, 1) FROM (many12.t) WHERE id IN (1, 2) ORDER BY id, n",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": ["1n", "2n"], "skipped_hashes": []})
        self.check("INSERT INTO many14.t (id, x) SELECT id || 'm', coalesce(nope, 1) FROM (SELECT *, NULL AS nope FROM many13.t)",
                   {"message": "inserted 4 of 4 records", "inserted_hashes": ["0m", "1m", "2m", "3m"], "skipped_hashes": []})
        # keys are neither; a table that is only written does not count
        self.fill("many14", self.KINDS)
        self.check("INSERT INTO many14.t (id, fresh, t) SELECT n + 5, n, min(t) FROM many13.t GROUP BY n",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": [5, 6], "skipped_hashes": []})
        self.assertEqual(self.rows("SELECT fresh, t FROM many14.t WHERE id > 2"), [{"fresh": 0, "t": "x"}, {"fresh": 1, "t": "x"}])
        self.sql("DELETE FROM many14.t")
        self.check("INSERT INTO many14.t (id) SELECT n FROM many12.t GROUP BY n",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": [0, 1], "skipped_hashes": []})

    def test_coalesce(self):
        self.fill("many1", [{"id": 1, "b": True}, {"id": 2, "x": 2}])
        self.check("INSERT INTO many2.t (id, y) SELECT id || 'y', coalesce(x, 1) FROM many1.t",
                   {"message": "inserted 2 of 2 records", "inserted_hashes": ["1y", "2y"], "skipped_hashes": []})
        self.check("UPDATE many1.t SET x = coalesce(x, 1), b = coalesce(b, 0)", {"message": "updated 2 of 2 records", "update_hashes": [1, 2], "skipped_hashes": []})
        self.assertEqual(self.rows("SELECT x, b FROM many1.t"), [{"x": 1, "b": True}, {"x": 2, "b": 0}])
        self.assertEqual(self.values("SELECT y FROM many2.t WHERE id > 'a' OR y"), [1, 2])

    def test_keys(self):
        """A key cannot be changed, and a row that a join finds more than once is written once."""
        self.fill("many3", [{"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": "1", "n": 3}])
        self.fill("many4", [{"id": i, "of": 1 + i % 2} for i in range(10)])
        for text in ("id = 2, n = 9 WHERE id = 1", "id = 100 WHERE id = 1", "id = id + 1", "id = '1' WHERE id = 1", "id = NULL WHERE id = 1",
                     "id = m.id FROM many4.t AS m WHERE m.of = many3.t.n"):
            self.assertEqual(self.sql("UPDATE many3.t SET " + text), (400, {"error": "The primary key 'id' of a record cannot be changed"}), text)
        self.fill("many5", [{"id": 9007199254740992, "n": 1}, {"id": 9007199254740993, "n": 2}])
        for text in ("id = 9007199254740992.0", "id = 9007199254740992.0 WHERE id = 9007199254740993"):
            self.assertEqual(self.sql("UPDATE many5.t SET n = 3, " + text), (400, {"error": "The primary key 'id' of a record cannot be changed"}), text)
        self.check("UPDATE many5.t SET id = 9007199254740992.0, n = 4 WHERE n = 1", {
            "message": "updated 1 of 1 records", "update_hashes": [9007199254740992], "skipped_hashes": []})
        large = [{"id": 2**63, "n": 1}, {"id": 2**63 + 1, "n": 2}, {"id": 2**64 - 1, "n": 3}]
        self.s.ok({"operation": "create_table", "database": "many", "table": "large", "primary_key": "id"})
        self.s.ok({"operation": "insert", "database": "many", "table": "large", "records": large + [{"id": 1e300, "n": 4}, {"id": 5, "n": 5}]})
        for text in ("UPDATE many.large SET n = 9 WHERE n = 2", "DELETE FROM many.large WHERE n = 2", "DELETE FROM many.large WHERE n > 2"):
            self.assertEqual(self.sql(text), (400, {"error": "A record cannot be updated or deleted by SQL if its primary key 'id' is an integer "
                                                             "that signed 64 bits cannot hold"}), text)
        self.check("DELETE FROM many.large WHERE n > 3", {"message": "2 of 2 records successfully deleted", "deleted_hashes": [5, 1e300], "skipped_hashes": []})
        self.assertEqual(self.s.ok({"operation": "search_by_value", "database": "many", "table": "large", "search_attribute": "n", "search_value": "*",
                                    "get_attributes": ["id", "n"]}), large)
        self.check("UPDATE many3.t SET id = 1.0, n = 4 WHERE id = 1", {"message": "updated 1 of 1 records", "update_hashes": [1], "skipped_hashes": []})
        self.check("UPDATE many3.t SET id = many3.t.id, n = m.of FROM many4.t AS m WHERE typeof(many3.t.id) = 'text' OR m.of = many3.t.id",
                   {"message": "updated 3 of 3 records", "update_hashes": [1, 2, "1"], "skipped_hashes": []})
        self.assertEqual(self.values("SELECT n FROM many3.t WHERE id < 3"), [1, 2])

    def test_keywords(self):
        """A keyword after a dot is a name, and does not end a value."""
        self.s.ok({"operation": "create_table", "database": "dev", "table": "order", "primary_key": "id"})
        for text in ("INSERT INTO dev.dog (id, n) VALUES (1, 1 IN dev.order)", "UPDATE dev.dog SET n = 1 IN dev.order", "UPDATE dev.dog SET n = dev.order.id"):
            self.assertEqual(self.sql(text)[0], 400)
        self.assertEqual(self.values("SELECT count(*) FROM dev.`order`"), [0])

    def test_all_or_nothing(self):
        """A row that cannot be written or computed leaves the others unchanged."""
        before = self.rows("SELECT * FROM dev.dog")
        for text in ("INSERT INTO dev.dog (id, a) VALUES (20, 1), (21, X'00')",
                     "UPDATE dev.dog SET name = CASE WHEN id = 3 THEN X'00' ELSE 'x' END",
                     "UPDATE dev.dog SET a = json_extract(name, 'wrong')",
                     "INSERT INTO dev.dog (id, `a/b`) VALUES (20, 1)"):
            status, body = self.sql(text)
            self.assertEqual(status, 400, "%s: %s" % (text, body))
        self.assertEqual(self.rows("SELECT * FROM dev.dog"), before)

    def test_moment(self):
        """A statement sees its tables as they were when it began."""
        self.check("INSERT INTO dev.dog (id, gen) SELECT id || 'c', 1 FROM dev.dog WHERE gen IS NULL",
                   {"message": "inserted 4 of 4 records", "inserted_hashes": ["1c", "2c", "3c", "xc"], "skipped_hashes": []})
        self.sql("DELETE FROM dev.dog WHERE gen = 1")
        self.assertEqual(self.values("SELECT count(*) FROM dev.dog"), [4])


class Permissions(Case):
    @classmethod
    def setUpClass(cls):
        need_module("users")
        super().setUpClass()
        cls.s.ok({"operation": "create_table", "database": "dev", "table": "cat", "primary_key": "id"})
        cls.s.add_role("limited", {"super_user": False, "dev": {"tables": {"cat": table_permission("read"), "dog": table_permission("read", "update", attributes=[
            {"attribute_name": n, "read": True, "insert": False, "update": n in ("id", "age")} for n in ("id", "name", "age")])}}})
        cls.s.add_user("lim", "limited")

    def ask(self, text):
        return self.s.call({"operation": "sql", "sql": text}, {"Authorization": self.s.authorization("lim", PASSWORD)})

    def test_star(self):
        status, rows = self.ask("SELECT * FROM dev.dog WHERE id = 1")
        self.assertEqual((status, rows), (200, [{"id": 1, "name": "Penny", "age": 7}]))
        for _ in range(3): # prepared for a user who may see everything, and for one who may not
            self.assertIn("owner", self.rows("SELECT * FROM dev.dog WHERE id = 1")[0])
            self.assertEqual(self.ask("SELECT * FROM dev.dog WHERE id = 1"), (status, rows))

    def test_nothing_shows(self):
        """An attribute that may not be read and one that does not exist get the same answer, wherever they are named."""
        for text in ("SELECT %s FROM dev.dog", "SELECT id FROM dev.dog WHERE %s = 1", "SELECT id FROM dev.dog ORDER BY %s",
                     "SELECT count(%s) FROM dev.dog", "SELECT id FROM dev.dog GROUP BY %s", "SELECT d.%s FROM dev.dog AS d",
                     "WITH c AS (SELECT %s AS x FROM dev.dog) SELECT x FROM c", "SELECT (SELECT max(s.%s) FROM dev.dog AS s)",
                     "SELECT id FROM dev.dog WHERE id IN (SELECT %s FROM dev.dog)", "SELECT max(%s) OVER () FROM dev.dog",
                     "SELECT a.id FROM dev.dog a JOIN dev.dog b ON a.id = b.%s", "UPDATE dev.dog SET age = %s WHERE id = 1",
                     "UPDATE dev.dog SET age = 1 WHERE %s = 1", "UPDATE dev.dog SET %s = 1 WHERE id = 1",
                     "EXPLAIN QUERY PLAN SELECT id FROM dev.dog WHERE %s = 1", "SELECT id FROM dev.dog NATURAL JOIN (SELECT %s FROM dev.dog)"):
            with self.subTest(text):
                hidden, unknown = self.ask(text % "owner"), self.ask(text % "ownez")
                self.assertEqual(hidden[0], 403, hidden)
                self.assertEqual(json.dumps(hidden).replace("owner", "ownez"), json.dumps(unknown))
                self.assertNotIn("Kyle", json.dumps(hidden))

    def test_tables(self):
        for table in ("prod.dog", "prod.nope", "dev.nope", "system.hdb_user"):
            for text in ("SELECT * FROM %s", "SELECT d.id FROM dev.dog d, %s p", "SELECT (SELECT count(*) FROM %s)", "DELETE FROM %s",
                         "INSERT INTO %s (id) VALUES (1)", "UPDATE %s SET a = 1", "SELECT id FROM dev.dog WHERE id IN %s"):
                status, body = self.ask(text % table)
                self.assertEqual(status, 403, "%s: %s" % (text % table, body))
        # what another user's statement left in the connection cannot be named
        self.rows("SELECT * FROM prod.dog")
        for name in ("`prod.dog`", "main.`prod.dog`"):
            self.assertIn(self.ask("SELECT * FROM " + name)[0], (400, 403))

    def test_writes(self):
        self.assertEqual(self.ask("UPDATE dev.dog SET age = age + 0 WHERE id = 1")[0], 200)
        for text, needed in (("INSERT INTO dev.dog (id) VALUES (70)", "insert"), ("DELETE FROM dev.dog WHERE id = 1", "delete")):
            self.assertEqual(self.ask(text)[1]["unauthorized_access"][0]["required_table_permissions"], [needed])
            # also if another table is named before it
            self.assertEqual(self.ask("WITH c AS (SELECT id FROM dev.cat) " + text)[1]["unauthorized_access"][0],
                             {"schema": "dev", "table": "dog", "required_table_permissions": [needed], "required_attribute_permissions": []})
        self.assertEqual(self.ask("WITH c AS (SELECT id FROM dev.cat) UPDATE dev.dog SET age = age + 0 WHERE id IN (SELECT id FROM c)")[0], 200)
        self.assertEqual(self.ask("WITH c AS (SELECT id FROM dev.dog) UPDATE dev.cat SET age = 1 WHERE id IN (SELECT id FROM c)")[0], 403)
        self.assertEqual(self.ask("WITH c AS (SELECT id FROM dev.dog) DELETE FROM dev.cat WHERE id IN (SELECT id FROM c)")[0], 403)
        for text in ("UPDATE dev.dog SET name = 'x' WHERE id = 1", "UPDATE dev.dog SET age = 1, name = 'x', NAME = 'y' WHERE id = -1",
                     "EXPLAIN QUERY PLAN UPDATE dev.dog SET name = 'x'"):
            self.assertEqual(self.ask(text)[1].get("unauthorized_access"), [
                {"schema": "dev", "table": "dog", "required_table_permissions": [],
                 "required_attribute_permissions": [{"attribute_name": "name", "required_permissions": ["update"]}]}], text)
        self.assertEqual(self.values("SELECT name FROM dev.dog WHERE id = 1"), ["Penny"])

    def test_inserts_only(self):
        """A table that a statement both writes and reads must be readable, even if no row is visited."""
        self.s.add_role("inserting", {"super_user": False, "prod": {"tables": {"dog": table_permission("insert")}}})
        self.s.add_user("ins", "inserting")
        for text in ("INSERT INTO prod.dog (id) SELECT id || 'x' FROM prod.dog", "INSERT INTO prod.dog (id) SELECT id || 'x' FROM prod.dog WHERE 0",
                     "EXPLAIN QUERY PLAN INSERT INTO prod.dog (id) SELECT id || 'x' FROM prod.dog",
                     "INSERT INTO prod.dog (id) VALUES ((SELECT count(*) FROM prod.dog))"):
            status, body = self.s.call({"operation": "sql", "sql": text}, {"Authorization": self.s.authorization("ins", PASSWORD)})
            self.assertEqual((status, body["unauthorized_access"][0]["required_table_permissions"]), (403, ["read"]), text)


if __name__ == "__main__":
    unittest.main()
