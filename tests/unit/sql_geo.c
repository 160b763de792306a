/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of the geo functions. Measures, circles and differences are as Turf 7.4 computes them. In the rows, ' stands for ",
 * and ` for SQL's '.
 */
#include "sql_fixture.h"

#define POLYGON(rings) "`{'type':'Polygon','coordinates':[" rings "]}`"
#define LINE(positions) "`{'type':'LineString','coordinates':[" positions "]}`"
#define FEATURE(geometry) "`{'type':'Feature','properties':{'n':1},'geometry':{" geometry "}}`"
#define RING "[[0,0],[10,0],[10,10],[0,10],[0,0]]"
#define HOLE "[[2,2],[4,2],[4,4],[2,4],[2,2]]"
#define SQUARE POLYGON(RING)
#define HOLED POLYGON(RING "," HOLE)
#define CORNER_SQUARE POLYGON("[[5,5],[15,5],[15,15],[5,15],[5,5]]")
#define BOW POLYGON("[[0,0],[10,10],[10,0],[0,10],[0,0]]")
#define ROAD \
	LINE("[-104.97963309288025,39.76163265441438],[-104.9823260307312,39.76365323407955],[-104.99193906784058,39.75616442110704]")
#define HERE "`[-104.979127,39.761563]`"
#define THERE "`[-77.035248,38.889475]`"
/** A list of \p text, \p count times. */
#define MANY(count, text) \
	"(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < " count ") SELECT group_concat(" text ") FROM c)"
#define LINE_OF(list) "`{'type':'LineString','coordinates':[` || " list " || `]}`"
#define UNITS                                                                                                              \
	"!the unit must be kilometers, miles, degrees, radians, meters, feet, yards, inches, centimeters, millimeters or " \
	"nauticalmiles"
#define LARGE "!the GeoJSON value has more than 10000 positions or is longer than 512 KiB"
#define INVOLVED "!the two GeoJSON values are too complex to compare"

static void setup(void)
{
	ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	add_functions();
}

static const char *quoted(const char *text, char *out, size_t room)
{
	size_t i = 0;
	ck_assert_uint_lt(strlen(text), room);
	for (; text[i]; i++)
		out[i] = text[i] == '\'' ? '"' : text[i] == '`' ? '\'' : text[i];
	out[i] = '\0';
	return out;
}

static void check_quoted(const struct row *r)
{
	char sql[2000], result[1000];
	check(&(struct row){ r->name, quoted(r->sql, sql, sizeof sql), quoted(r->result, result, sizeof result) });
}

static const struct row measures[] = {
	{ "area of a square", "ROUND(geoArea(" SQUARE "))", "1230166815570.0" },
	{ "with a hole", "ROUND(geoArea(" HOLED "))", "1180779719173.0" },
	{ "of two polygons",
		"ROUND(geoArea(`{'type':'MultiPolygon','coordinates':[[" RING "],[[[20,20],[30,20],[30,30],[20,20]]]]}`))",
		"1789751084810.0" },
	{ "of a ring that is not closed",
		"ROUND(geoArea(" FEATURE(
			"'type':'Polygon','coordinates':[[[0,0],[0.123456,0],[0.123456,0.123456],[0,0.123456]]]") "), 2)",
		"188449596.67" },
	{ "of a collection",
		"ROUND(geoArea(`{'type':'FeatureCollection','features':[{'type':'Feature','geometry':{'type':'Polygon','coordinates':[" RING
		"]}},{'type':'Feature','geometry':null},{'type':'Feature','geometry':{'type':'GeometryCollection','geometries':"
		"[{'type':'Point','coordinates':[1,2]}]}}]}`))",
		"1230166815570.0" },
	{ "of a line", "geoArea(" ROAD ")", "0.0" },
	{ "length", "ROUND(geoLength(" ROAD "), 9)", "1.491544504" },
	{ "in miles", "ROUND(geoLength(" ROAD ", `miles`), 9)", "0.926802787" },
	{ "in degrees", "ROUND(geoLength(" ROAD ", `degrees`), 11)", "0.01341376346" },
	{ "in radians", "ROUND(geoLength(" ROAD ", `RADIANS`), 13)", "0.0002341143375" },
	{ "in meters", "ROUND(geoLength(" ROAD ", `meters`), 6)", "1491.544504" },
	{ "in feet", "ROUND(geoLength(" ROAD ", `feet`), 2)", "4893.52" },
	{ "in nautical miles", "ROUND(geoLength(" ROAD ", `nauticalmiles`) * 1.852, 9)", "1.491544504" },
	{ "of a polygon", "ROUND(geoLength(" SQUARE "), 6)", "4430.868144" },
	{ "of a point", "geoLength(" HERE ")", "0.0" },
	{ "distance", "ROUND(geoDistance(" HERE ", " THERE "), 6)", "2395.816422" },
	{ "distance in miles", "ROUND(geoDistance(" HERE ", " THERE ", `miles`), 6)", "1488.691307" },
	{ "to itself", "geoDistance(" HERE ", " HERE ")", "0.0" },
	{ "to a feature", "ROUND(geoDistance(" HERE ", " FEATURE("'type':'Point','coordinates':[-77.035248,38.889475,99]") "), 6)",
		"2395.816422" },
	{ "to the antipode", "ROUND(geoDistance(`[0,0]`, `[180,0]`), 6)", "20015.114442" },
	{ "from pole to pole", "ROUND(geoDistance(`[0,90]`, `[77,-90]`), 6)", "20015.114442" },
	{ "across the date line", "ROUND(geoDistance(`[179,0]`, `[-179,0]`), 6)", "222.39016" },
	{ "near", "geoNear(" HERE ", " THERE ", 2396)", "1" },
	{ "not near", "geoNear(" HERE ", " THERE ", 2395.5, `kilometers`)", "0" },
	{ "near in degrees", "geoNear(" HERE ", " THERE ", 22, `degrees`)", "1" },
	{ "an unknown unit", "geoLength(" ROAD ", `leagues`)", UNITS },
	{ "an unknown unit, and not a point", "geoDistance(NULL, NULL, `leagues`)", UNITS },
	{ "unit of NULL", "geoDistance(" HERE ", " THERE ", NULL)", "(null)" },
	{ "distance to a line", "geoDistance(" HERE ", " ROAD ")", "(null)" },
	{ "distance of NULL", "geoDistance(NULL, " HERE ")", "(null)" },
	{ "near a string", "geoNear(" HERE ", " THERE ", `far`)", "(null)" },
	{ "near NULL", "geoNear(" HERE ", " THERE ", NULL)", "(null)" },
};

#define CIRCLE "geoCircle(`[8.54,47.37]`, 50, `miles`)"
#define CORNER(i) "ROUND(json_extract(" CIRCLE ", `$.geometry.coordinates[0][" i "]"

static const struct row features[] = {
	{ "a point", "geoConvert(" HERE ", `point`, `{'name': 'HarperDB Headquarters'}`)",
		"{'type':'Feature','properties':{'name': 'HarperDB Headquarters'},'geometry':{'type':'Point','coordinates':[-104.979127,39.761563]}}" },
	{ "numbers as written", "geoConvert(`[[1.50,2,3e1],[1e1,-0.0]]`, `lineString`)",
		"{'type':'Feature','properties':{},'geometry':{'type':'LineString','coordinates':[[1.50,2,3e1],[1e1,-0.0]]}}" },
	{ "a ring is closed", "geoConvert(`[[[0,0],[1,0],[1,1]]]`, `polygon`)",
		"{'type':'Feature','properties':{},'geometry':{'type':'Polygon','coordinates':[[[0,0],[1,0],[1,1],[0,0]]]}}" },
	{ "points", "json_extract(geoConvert(`[[1,2],[3,4]]`, `multiPoint`), `$.geometry.type`)", "MultiPoint" },
	{ "lines", "json_extract(geoConvert(`[[[1,2],[3,4]]]`, `multiLineString`), `$.geometry.type`)", "MultiLineString" },
	{ "polygons", "json_extract(geoConvert(`[[" RING "]]`, `MULTIPOLYGON`), `$.geometry.type`)", "MultiPolygon" },
	{ "properties in a list", "json_extract(geoConvert(`[1,2]`, `point`, `[{'a':'\xc3\xa4/'}]`), `$.properties`)",
		"[{'a':'\xc3\xa4/'}]" },
	{ "properties of NULL", "json_extract(geoConvert(`[1,2]`, `point`, NULL), `$.properties`)", "{}" },
	{ "an unknown type", "geoConvert(`[1,2]`, `dot`)",
		"!the GeoJSON type must be point, lineString, polygon, multiPoint, multiLineString or multiPolygon" },
	{ "type of NULL", "geoConvert(`[1,2]`, NULL)", "(null)" },
	{ "of NULL", "geoConvert(NULL, `point`)", "(null)" },
	{ "another type", "geoConvert(`[1,2]`, `lineString`)", "(null)" },
	{ "a short line", "geoConvert(`[[1,2]]`, `lineString`)", "(null)" },
	{ "properties that are not JSON", "geoConvert(`[1,2]`, `point`, `name`)", "(null)" },
	{ "properties with NaN", "geoConvert(`[1,2]`, `point`, `{'a':[{'b':NaN}]}`)", "(null)" },
	{ "integers beyond 64 bits",
		"json_extract(geoConvert(`[1,2]`, `point`, `{ 'a' : 99999999999999999999 } `), `$.properties`)",
		"{'a':99999999999999999999}" },
	{ "rings are closed in both", "geoConvert(`[ [[[0,0],[1,0],[1,1]]],[[[0,0],[1,0],[1,1] , [0.0,0e0]]] ]`, `multiPolygon`)",
		"{'type':'Feature','properties':{},'geometry':{'type':'MultiPolygon','coordinates':[[[[0,0],[1,0],[1,1],[0,0]]],[[[0,0],[1,0],[1,1],[0.0,0e0]]]]}}" },
	{ "circle", "json_array_length(" CIRCLE ", `$.geometry.coordinates[0]`)", "65" },
	{ "its north", CORNER("0][0") "`), 9)", "8.54" },
	{ "its latitude", CORNER("0][1") "`), 9)", "48.093657916" },
	{ "its west", CORNER("16][0") "`), 9)", "7.471560811" },
	{ "its east", CORNER("37][1") "`), 9)", "46.730704375" },
	{ "of a feature", "json_extract(geoCircle(" FEATURE("'type':'Point','coordinates':[1,2]") ", 1), `$.properties`)",
		"{'n':1}" },
	{ "around a line", "geoCircle(" ROAD ", 1)", "(null)" },
	{ "a negative radius", "geoCircle(" HERE ", -1)", "(null)" },
	{ "larger than the earth", "geoCircle(" HERE ", 20016)", "(null)" },
	{ "radius of NULL", "geoCircle(" HERE ", NULL)", "(null)" },
	{ "difference",
		"geoEqual(geoDifference(" SQUARE ", " CORNER_SQUARE "), " POLYGON("[[0,0],[10,0],[10,5],[5,5],[5,10],[0,10]]") ")",
		"1" },
	{ "is a feature with the properties of the first",
		"json_remove(geoDifference(" FEATURE("'type':'Polygon','coordinates':[" RING "]") ", " CORNER_SQUARE
												  "), `$.geometry.coordinates`)",
		"{'type':'Feature','properties':{'n':1},'geometry':{'type':'Polygon'}}" },
	{ "that leaves a hole", "ROUND(geoArea(geoDifference(" SQUARE ", " POLYGON(HOLE) ")))", "1180779719173.0" },
	{ "shells go counterclockwise",
		"instr(`0,0],[10,0],[10,10],[0,10],[0,0],[10,0],[10,10],[0,10`, trim(json_extract(geoDifference(" SQUARE
		", " POLYGON(HOLE) "), `$.geometry.coordinates[0]`), `[]`)) > 0",
		"1" },
	{ "holes go clockwise",
		"instr(`2,2],[2,4],[4,4],[4,2],[2,2],[2,4],[4,4],[4,2`, trim(json_extract(geoDifference(" SQUARE
		", " POLYGON(HOLE) "), `$.geometry.coordinates[1]`), `[]`)) > 0",
		"1" },
	{ "two pieces",
		"geoEqual(geoDifference(" SQUARE ", " POLYGON(
			"[[-1,4],[11,4],[11,5],[-1,5]]") "), `{'type':'MultiPolygon','coordinates':[[[[0,0],[10,0],[10,4],[0,4]]],[[[0,5],[10,5],[10,10],[0,10]]]]}`)",
		"1" },
	{ "nothing left", "geoDifference(" SQUARE ", " SQUARE ")", "(null)" },
	{ "of a line", "geoDifference(" SQUARE ", " ROAD ")", "(null)" },
	{ "of a bow", "geoDifference(" BOW ", " SQUARE ")", "(null)" },
};

static const struct row relations[] = {
	{ "contains a point", "geoContains(" SQUARE ", `[5,5]`)", "1" },
	{ "not one on its edge", "geoContains(" SQUARE ", `[0,5]`)", "0" },
	{ "not one in its hole", "geoContains(" HOLED ", `[3,3]`)", "0" },
	{ "contains a line", "geoContains(" SQUARE ", " LINE("[1,1],[9,9]") ")", "1" },
	{ "contains itself", "geoContains(" SQUARE ", " SQUARE ")", "1" },
	{ "not the larger", "geoContains(" HOLED ", " SQUARE ")", "0" },
	{ "two polygons contain",
		"geoContains(`{'type':'MultiPolygon','coordinates':[[" RING "],[[[20,0],[30,0],[30,10]]]]}`, `[29,1]`)", "1" },
	{ "a line contains points", "geoContains(" LINE("[0,0],[9,9]") ", `{'type':'MultiPoint','coordinates':[[1,1],[2,2]]}`)",
		"1" },
	{ "lines contain a line",
		"geoContains(`{'type':'MultiLineString','coordinates':[[[0,0],[9,9]],[[0,1],[9,1]]]}`, " LINE("[1,1],[2,2]") ")",
		"1" },
	{ "no points contain nothing", "geoContains(`{'type':'MultiPoint','coordinates':[]}`, `[1,1]`)", "0" },
	{ "equal from another corner", "geoEqual(" SQUARE ", " POLYGON("[[10,0],[0,0],[0,10],[10,10]]") ")", "1" },
	{ "a line the other way", "geoEqual(" LINE("[0,0],[9,9]") ", " LINE("[9,9],[0,0]") ")", "1" },
	{ "not equal", "geoEqual(" SQUARE ", " HOLED ")", "0" },
	{ "of another type", "geoEqual(" LINE("[0,0],[9,9]") ", `{'type':'MultiLineString','coordinates':[[[0,0],[9,9]]]}`)", "0" },
	{ "a line crosses a polygon", "geoCrosses(" LINE("[5,5],[20,20]") ", " SQUARE ")", "1" },
	{ "and a polygon a line", "geoCrosses(" SQUARE ", " LINE("[5,5],[20,20]") ")", "1" },
	{ "one inside does not", "geoCrosses(" LINE("[5,5],[6,6]") ", " SQUARE ")", "0" },
	{ "lines cross", "geoCrosses(" LINE("[0,0],[9,9]") ", " LINE("[0,9],[9,0]") ")", "1" },
	{ "or touch", "geoCrosses(" LINE("[0,0],[9,9]") ", " LINE("[0,0],[9,0]") ")", "0" },
	{ "a bow", "geoContains(" BOW ", `[1,5]`)", "(null)" },
	{ "a line without length", "geoCrosses(" LINE("[1,1],[1,1]") ", " SQUARE ")", "(null)" },
	{ "a collection", "geoContains(`{'type':'GeometryCollection','geometries':[]}`, `[1,5]`)", "(null)" },
	{ "NULL", "geoEqual(NULL, NULL)", "(null)" },
};

static const struct row wrong[] = {
	{ "NULL", "geoArea(NULL)", "(null)" },
	{ "a number", "geoArea(5)", "(null)" },
	{ "bytes", "geoArea(x`5b302c305d`)", "(null)" },
	{ "nothing", "geoArea(``)", "(null)" },
	{ "null", "geoArea(`null`)", "(null)" },
	{ "half of it", "geoArea(`{'type':'Polygon','coordinates':[[[0,0],[1`)", "(null)" },
	{ "half a string", "geoArea(`{'type':'Pol`)", "(null)" },
	{ "more after it", "geoDistance(`[0,0] [1,1]`, `[0,0]`)", "(null)" },
	{ "blanks around it", "geoDistance(` [0,0] `, `[0,0]`)", "0.0" },
	{ "not UTF-8", "geoArea(`{'type':'Polygon','coordinates':[" RING "],'n':'` || CAST(x`ff` AS TEXT) || `'}`)", "(null)" },
	{ "a lone surrogate", "geoConvert(`[0,0]`, `point`, `['\\ud800']`)", "(null)" },
	{ "a surrogate pair", "json_extract(geoConvert(`[0,0]`, `point`, `['\\ud83d\\ude00']`), `$.properties[0]`)",
		"\xf0\x9f\x98\x80" },
	{ "an unknown escape", "geoConvert(`[0,0]`, `point`, `['\\x']`)", "(null)" },
	{ "a control character", "geoConvert(`[0,0]`, `point`, `['\n']`)", "(null)" },
	{ "a leading zero", "geoConvert(`[01,0]`, `point`)", "(null)" },
	{ "a bare point", "geoConvert(`[1.,0]`, `point`)", "(null)" },
	{ "a plus", "geoConvert(`[+1,0]`, `point`)", "(null)" },
	{ "half an exponent", "geoConvert(`[1e,0]`, `point`)", "(null)" },
	{ "an extra comma", "geoConvert(`[1,0,]`, `point`)", "(null)" },
	{ "a name without quotes", "geoConvert(`[1,0]`, `point`, `{a:1}`)", "(null)" },
	{ "no value", "geoConvert(`[1,0]`, `point`, `{'a':}`)", "(null)" },
	{ "words", "json_extract(geoConvert(`[1,0]`, `point`, `[true,false,null]`), `$.properties`)", "[true,false,null]" },
	{ "half a word", "geoConvert(`[1,0]`, `point`, `[tru]`)", "(null)" },
	{ "a comment", "geoConvert(`[1,0]/**/`, `point`)", "(null)" },
	{ "no type", "geoArea(`{'coordinates':[1,2]}`)", "(null)" },
	{ "an unknown type", "geoArea(`{'type':'Circle','coordinates':[1,2]}`)", "(null)" },
	{ "another case", "geoArea(`{'type':'polygon','coordinates':[" RING "]}`)", "(null)" },
	{ "the type is a number", "geoArea(`{'type':5,'coordinates':[1,2]}`)", "(null)" },
	{ "no coordinates", "geoArea(`{'type':'Polygon'}`)", "(null)" },
	{ "no rings", "geoArea(" POLYGON("") ")", "(null)" },
	{ "rings that are numbers", "geoArea(" POLYGON("1,2") ")", "(null)" },
	{ "a ring of two positions", "geoArea(" POLYGON("[[0,0],[1,1],[0,0]]") ")", "(null)" },
	{ "one coordinate", "geoLength(" LINE("[1,1],[2]") ")", "(null)" },
	{ "strings", "geoLength(" LINE("[1,1],['2','3']") ")", "(null)" },
	{ "booleans", "geoLength(" LINE("[1,1],[true,false]") ")", "(null)" },
	{ "NaN", "geoLength(" LINE("[1,1],[NaN,1]") ")", "(null)" },
	{ "infinity", "geoLength(" LINE("[1,1],[Infinity,1]") ")", "(null)" },
	{ "beyond doubles", "geoLength(" LINE("[1,1],[1e999,1]") ")", "(null)" },
	{ "far beyond degrees", "geoLength(" LINE("[1,1],[1e10,1]") ")", "(null)" },
	{ "no features", "geoArea(`{'type':'FeatureCollection'}`)", "(null)" },
	{ "a feature that is not an object", "geoArea(`{'type':'FeatureCollection','features':[7]}`)", "(null)" },
	{ "a feature without geometry", "geoArea(`{'type':'Feature'}`)", "(null)" },
	{ "deep arrays", "geoArea(printf(`%.*c`, 100000, `[`))", "(null)" },
	{ "deep objects", "geoArea(replace(printf(`%.*c`, 20000, `x`), `x`, `{'type':`))", "(null)" },
	{ "many arguments", "geoArea(1, 2)", "!wrong number of arguments to function geoArea()" },
};

static const struct row limits[] = {
	{ "most positions", "geoLength(" LINE_OF(MANY("10000", "`[0,0]`")) ")", "0.0" },
	{ "one more", "geoLength(" LINE_OF(MANY("10001", "`[0,0]`")) ")", LARGE },
	{ "a long string", "geoLength(" ROAD " || printf(`%.*c`, 512 << 10, ` `))", LARGE },
	{ "many objects", "length(geoConvert(`[0,0]`, `point`, `[` || " MANY("100000", "`{}`") " || `]`)) > 300000", "1" },
	{ "large and like itself",
		"geoEqual(x, x) FROM (SELECT " LINE_OF(MANY("9900", "`[` || i || `,` || (i * i % 7) || `]`")) " AS x)", "1" },
	{ "a zigzag across another",
		"geoDifference(`{'type':'Polygon','coordinates':[[` || v || `]]}`, `{'type':'Polygon','coordinates':[[` || h || `]]}`) FROM "
		"(SELECT " MANY("400", "`[` || i || `,` || (i % 2 * 400) || `]`") " AS v, " MANY(
			"400", "`[` || (i % 2 * 400) || `,` || i || `]`") " AS h)",
		INVOLVED },
	{ "a point in many polygons",
		"geoContains(`{'type':'MultiPoint','coordinates':[` || p || `]}`, `{'type':'MultiPoint','coordinates':[` || p || `]}`) FROM "
		"(SELECT " MANY("5000", "`[` || i || `,0]`") " AS p)",
		INVOLVED },
	{ "steps on one meridian",
		"geoCrosses(" LINE_OF(MANY("5000", "`[` || (i % 2) || `,` || i || `]`")) ", " LINE("[0,0],[1,9]") ")", INVOLVED },
	{ "the same for all rows",
		"sum(geoContains(" SQUARE
		", `[` || x || `,5]`)) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
		"WHERE x < 20) SELECT x FROM c)",
		"9" },
};

START_TEST(measured)
{
	check_quoted(&measures[_i]);
}
END_TEST

START_TEST(written)
{
	check_quoted(&features[_i]);
}
END_TEST

START_TEST(related)
{
	check_quoted(&relations[_i]);
}
END_TEST

START_TEST(refused)
{
	check_quoted(&wrong[_i]);
}
END_TEST

START_TEST(limited)
{
	check_quoted(&limits[_i]);
}
END_TEST

static Suite *geo(void)
{
	Suite *s = suite_create("sql_geo");
	add_rows(s, "measures", setup, measured, ROWS(measures));
	add_rows(s, "features", setup, written, ROWS(features));
	add_rows(s, "relations", setup, related, ROWS(relations));
	add_rows(s, "wrong", setup, refused, ROWS(wrong));
	add_rows(s, "limits", setup, limited, ROWS(limits));
	return s;
}

UNIT_MAIN(geo)
