/* SPDX-License-Identifier: Apache-2.0 */
/* The results of the functions that the SQL module adds to SQLite, with the clock stopped. */
#include "sql_fixture.h"

#include "sql/like_match.h"

#include <stdbool.h>

/* 2020-04-22T15:20:45.765Z, as milliseconds since 1970 and on SQLite's clock */
#define NOW INT64_C(1587568845765)
#define NOW_JULIAN (NOW + INT64_C(210866760000000))

static int still_clock(sqlite3_vfs *vfs, sqlite3_int64 *julian)
{
	(void)vfs;
	*julian = NOW_JULIAN;
	return SQLITE_OK;
}

static void setup(void)
{
	static sqlite3_vfs vfs;
	setenv("TZ", "XYZ-05:30", 1);
	vfs = *sqlite3_vfs_find(NULL);
	vfs.zName = "still";
	vfs.xCurrentTimeInt64 = still_clock;
	ck_assert_int_eq(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
	ck_assert_int_eq(sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "still"), SQLITE_OK);
	add_functions();
}

static const struct row dates[] = {
	{ "the date", "CURRENT_DATE", "2020-04-22" },
	{ "the time", "CURRENT_TIME", "15:20:45.765" },
	{ "the time stamp", "CURRENT_TIMESTAMP", "1587568845765" },
	{ "as a function", "\"CURRENT_DATE\"()", "2020-04-22" },
	{ "now", "NOW()", "1587568845765" },
	{ "now is a number", "TYPEOF(NOW())", "integer" },
	{ "getdate", "GETDATE()", "1587568845765" },
	{ "of the server", "GET_SERVER_TIME()", "2020-04-22T20:50:45.765+0530" },
	{ "date of now", "DATE()", "2020-04-22T15:20:45.765+0000" },
	{ "date", "DATE(1587568845765)", "2020-04-22T15:20:45.765+0000" },
	{ "of the time stamp", "DATE(CURRENT_TIMESTAMP)", "2020-04-22T15:20:45.765+0000" },
	{ "of a fraction", "DATE(1587568845765.9)", "2020-04-22T15:20:45.765+0000" },
	{ "before 1970", "DATE(-1)", "1969-12-31T23:59:59.999+0000" },
	{ "of nothing", "DATE(NULL)", "(null)" },
	{ "of no date", "DATE('dog')", "(null)" },
	{ "of bytes", "DATE(x'00')", "(null)" },
	{ "first date", "DATE(-8640000000000000)", "-271821-04-20T00:00:00.000+0000" },
	{ "last date", "DATE(8640000000000000)", "+275760-09-13T00:00:00.000+0000" },
	{ "beyond", "DATE(8640000000000001)", "(null)" },
	{ "beyond, a double", "DATE(1e300)", "(null)" },
	{ "modifiers are SQLite's", "DATE('2020-01-31', '+1 day')", "2020-02-01" },
	/* intervals */
	{ "add a day", "DATE_ADD(1587568845765, 1, 'days')", "1587655245765" },
	{ "by its letter", "DATE_ADD(1587568845765, 1, 'd')", "1587655245765" },
	{ "in the singular", "DATE_ADD(1587568845765, 1, 'Day')", "1587655245765" },
	{ "subtract years", "DATE_SUB(1587568845765, 2, 'years')", "1524410445765" },
	{ "a month's end", "DATE(DATE_ADD('2024-01-31', 1, 'M'))", "2024-02-29T00:00:00.000+0000" },
	{ "minutes", "DATE(DATE_ADD('2024-01-31', 1, 'm'))", "2024-01-31T00:01:00.000+0000" },
	{ "a leap day's year", "DATE(DATE_SUB('2024-02-29', 1, 'y'))", "2023-02-28T00:00:00.000+0000" },
	{ "quarters", "DATE(DATE_ADD('2024-11-30', 1, 'Q'))", "2025-02-28T00:00:00.000+0000" },
	{ "weeks", "DATE_ADD(0, 2, 'w')", "1209600000" },
	{ "half an hour", "DATE_ADD(0, 0.5, 'hours')", "1800000" },
	{ "half a day is one", "DATE_ADD(0, 0.5, 'days')", "86400000" },
	{ "milliseconds", "DATE_ADD(0, 5, 'ms')", "5" },
	{ "no interval", "DATE_ADD(0, 1, 'moons')",
		"!an interval must be years, quarters, months, weeks, days, hours, minutes, seconds or milliseconds" },
	{ "interval of NULL", "DATE_ADD(0, 1, NULL)", "(null)" },
	{ "no value", "DATE_ADD(0, 'dog', 'd')", "(null)" },
	{ "too far", "DATE_ADD(0, 1e15, 'y')", "(null)" },
	{ "too far back", "DATE_SUB(0, 280000, 'y')", "(null)" },
	{ "endless", "DATE_ADD(0, 9e999, 'd')", "(null)" },
	/* differences */
	{ "hours", "DATE_DIFF(1587580055905, 1650643129017, 'hours')", "-17517.5203088889" },
	{ "milliseconds without an interval", "DATE_DIFF('2020-01-01T00:00:01Z', '2020-01-01')", "1000" },
	{ "days", "DATE_DIFF('2020-03-01', '2020-02-01', 'days')", "29.0" },
	{ "months", "DATE_DIFF('2020-03-31', '2020-02-29', 'months')", "1.0" },
	{ "half a month", "DATE_DIFF('2020-03-01', '2020-01-16', 'months')", "1.48275862068966" },
	{ "months back", "DATE_DIFF('2020-01-16', '2020-03-01', 'months')", "-1.48275862068966" },
	{ "years", "DATE_DIFF('2024-02-29', '2020-02-29', 'years')", "4.0" },
	{ "no difference", "DATE_DIFF(5, 5, 'years')", "0.0" },
	/* fields */
	{ "year", "EXTRACT('2020-03-26T15:13:02.041+0000', 'year')", "2020" },
	{ "month", "EXTRACT('2020-03-26T15:13:02.041+0000', 'month')", "3" },
	{ "day", "EXTRACT('2020-03-26T15:13:02.041+0000', 'day')", "26" },
	{ "hour", "EXTRACT('2020-03-26T15:13:02.041+0000', 'hour')", "15" },
	{ "minute", "EXTRACT('2020-03-26T15:13:02.041+0000', 'minute')", "13" },
	{ "second", "EXTRACT('2020-03-26T15:13:02.041+0000', 'second')", "2" },
	{ "millisecond", "EXTRACT('2020-03-26T15:13:02.041+0000', 'millisecond')", "41" },
	{ "a part is a text", "TYPEOF(EXTRACT(1587568845765, 'year'))", "text" },
	{ "no part", "EXTRACT(0, 'moon')", "!a date part must be year, month, day, hour, minute, second or millisecond" },
	{ "part of no date", "EXTRACT('dog', 'year')", "(null)" },
	{ "function of the year", "YEAR('2020-03-26')", "2020" },
	{ "of the month", "MONTH('2020-03-26')", "3" },
	{ "of the day", "DAY('2020-03-26')", "26" },
	{ "of the hour", "HOUR('2020-03-26 15:13:02')", "15" },
	{ "of the minute", "MINUTE('2020-03-26 15:13:02')", "13" },
	{ "of the second", "SECOND('2020-03-26 15:13:02')", "2" },
	{ "a Sunday", "DAYOFWEEK('2020-03-29')", "0" },
	{ "a Saturday", "DAYOFWEEK('1969-12-27')", "6" },
	{ "a field is a number", "TYPEOF(YEAR(0))", "integer" },
	/* offsets */
	{ "minutes east", "OFFSET_UTC(1587568845765, 240)", "2020-04-22T19:20:45.765+0400" },
	{ "hours east", "OFFSET_UTC(1587568845765, 10)", "2020-04-23T01:20:45.765+1000" },
	{ "hours west", "OFFSET_UTC(1587568845765, -15)", "2020-04-22T00:20:45.765-1500" },
	{ "minutes west", "OFFSET_UTC(1587568845765, -16)", "2020-04-22T15:04:45.765-0016" },
	{ "no offset", "OFFSET_UTC(1587568845765, 'dog')", "(null)" },
	{ "too large an offset", "OFFSET_UTC(1587568845765, 1440)", "(null)" },
};

/* A date, and the same date in UTC. */
static const struct row texts[] = {
	{ "a year", "2020", "2020-01-01T00:00:00.000" },
	{ "a month", "2020-04", "2020-04-01T00:00:00.000" },
	{ "a day", "2020-04-22", "2020-04-22T00:00:00.000" },
	{ "compact", "20200422T152045Z", "2020-04-22T15:20:45.000" },
	{ "with a blank", " 2020-04-22 15:20 ", "2020-04-22T15:20:00.000" },
	{ "the vectors'", "2024-01-02T03:04:05.000Z", "2024-01-02T03:04:05.000" },
	{ "a fraction", "2020-04-22T15:20:45.7", "2020-04-22T15:20:45.700" },
	{ "a finer fraction", "2020-04-22T15:20:45,7659999Z", "2020-04-22T15:20:45.765" },
	{ "east", "2020-04-22T15:20:45+02:30", "2020-04-22T12:50:45.000" },
	{ "west", "2020-04-22T15:20:45.000-0500", "2020-04-22T20:20:45.000" },
	{ "whole hours", "2020-04-22T15:20-05", "2020-04-22T20:20:00.000" },
	{ "the end of a day", "2020-04-22T24:00", "2020-04-23T00:00:00.000" },
	{ "a leap day", "2000-02-29", "2000-02-29T00:00:00.000" },
	{ "RFC 2822", "Wed, 22 Apr 2020 15:20:45 +0200", "2020-04-22T13:20:45.000" },
	{ "without its seconds", "22 Apr 2020 15:20 GMT", "2020-04-22T15:20:00.000" },
	{ "an old year", "22 Apr 99 15:20 EST", "1999-04-22T20:20:00.000" },
	{ "in words", "April 22, 2020", "2020-04-22T00:00:00.000" },
	{ "twelve hours", "Apr 22, 2020 12:05 am", "2020-04-22T00:05:00.000" },
	{ "with slashes", "4/22/2020 3:20 PM", "2020-04-22T15:20:00.000" },
	{ "the year first", "2020/04/22", "2020-04-22T00:00:00.000" },
	{ "no such day", "2019-02-29", NULL },
	{ "no such month", "2019-13-01", NULL },
	{ "no such hour", "2019-01-01T25:00", NULL },
	{ "no such minute", "2019-01-01T10:60", NULL },
	{ "half a time", "2019-01-01T10:", NULL },
	{ "more behind it", "2019-01-01Tuesday", NULL },
	{ "two years", "1 Jan 2019 2020", NULL },
	{ "no year", "1 Jan", NULL },
	{ "two times", "1 Jan 2019 10:00 11:00", NULL },
	{ "digits", "1587568845765", NULL },
	{ "blanks", "   ", NULL },
	{ "nothing", "", NULL },
};

/* Formats of 2020-04-02T05:06:07.089Z, a Thursday. */
static const struct row formats[] = {
	{ "usual", "YYYY-MM-DD HH:mm:ss", "2020-04-02 05:06:07" },
	{ "years", "YY Y YYYYY YYYYYY", "20 2020 02020 +002020" },
	{ "months", "M Mo MMM MMMM", "4 4th Apr April" },
	{ "days", "D Do dd ddd dddd d do", "2 2nd Th Thu Thursday 4 4th" },
	{ "days of the year", "DDD DDDo DDDD", "93 93rd 093" },
	{ "quarters", "Q Qo", "2 2nd" },
	{ "weeks", "w wo ww gggg e", "14 14th 14 2020 4" },
	{ "weeks of ISO 8601", "W Wo WW GGGG E", "14 14th 14 2020 4" },
	{ "hours", "H h hh k kk A a", "5 5 05 5 05 AM am" },
	{ "fractions", "S SS SSS SSSS", "0 08 089 0890" },
	{ "zones", "Z ZZ z", "+00:00 +0000 UTC" },
	{ "since 1970", "X x", "1585803967 1585803967089" },
	{ "local ones", "L | LT | LTS", "04/02/2020 | 5:06 AM | 5:06:07 AM" },
	{ "local in words", "LL | LLLL | ll", "April 2, 2020 | Thursday, April 2, 2020 5:06 AM | Apr 2, 2020" },
	{ "escaped", "[Year] YYYY \\D [", "Year 2020 D [" },
	{ "other characters", "é - ü", "é - ü" },
	{ "empty", "", "" },
};

/* A date, a format, and the result. */
static const struct row times[] = {
	{ "the first week", "'2021-01-01', 'w gggg W GGGG'", "1 2021 53 2020" },
	{ "the last week", "'2018-12-31', 'w gggg W GGGG'", "1 2019 1 2019" },
	{ "a Sunday", "'2020-04-05', 'E w W'", "7 15 14" },
	{ "noon", "'2020-04-05 12:00', 'h k A'", "12 12 PM" },
	{ "midnight", "'2020-04-05', 'h k A'", "12 24 AM" },
	{ "teens", "'2020-04-11', 'Do'", "11th" },
	{ "not a teen", "'2020-04-21', 'Do'", "21st" },
	{ "before 1970", "-1, 'X x'", "-1 -1" },
	{ "no format", "0, NULL", "(null)" },
	{ "no date", "'dog', 'Y'", "(null)" },
	{ "a long format", "0, printf('%.1001c', 'Y')", "!the date format is too long" },
};

static const struct row strings[] = {
	{ "concat", "CONCAT('a', 1, NULL, 2.5)", "a12.5" },
	{ "of nothing", "CONCAT()", "" },
	{ "with a separator", "CONCAT_WS(', ', 'a', NULL, 'b')", "a, b" },
	{ "with none", "CONCAT_WS(NULL, 'a', 'b')", "(null)" },
	{ "length in characters", "LEN('äöü€')", "4" },
	{ "of a number", "LEN(1234)", "4" },
	{ "of NULL", "LEN(NULL)", "(null)" },
	{ "reverse", "REVERSE('aä€😀')", "😀€äa" },
	{ "of no UTF-8", "HEX(REVERSE(CAST(x'61c3' AS TEXT)))", "C361" },
	{ "substring", "SUBSTRING('Harper', 2, 3)", "arp" },
	{ "capitals", "UPPER('Penny äéя')", "PENNY ÄÉЯ" },
	{ "small letters", "LOWER('PENNY ÄÉЯ')", "penny äéя" },
	{ "of NULL", "UPPER(NULL)", "(null)" },
	{ "of other characters", "UPPER('{|}~`@[€😀')", "{|}~`@[€😀" },
	{ "if", "IF(1 < 2, 'yes', 'no')", "yes" },
	{ "if not", "IF(NULL, 'yes', 'no')", "no" },
	{ "random", "RANDOM(7) BETWEEN 0 AND 1", "1" },
	{ "the same again", "(SELECT RANDOM(7)) = (SELECT RANDOM(7))", "1" },
	{ "a sequence", "COUNT(DISTINCT r) FROM (SELECT RANDOM(7) AS r FROM (VALUES (1), (2), (3)))", "3" },
};

static const struct row formats_of_values[] = {
	{ "numbers", "PRINTF('%d|%5d|%-5d|%05d|%+d|%,d|%i|%u', 1, 2, 3, 4, 5, 1234567, 6, 7)",
		"1|    2|3    |00004|+5|1,234,567|6|7" },
	{ "other bases", "PRINTF('%x|%X|%o|%#x|%r|%p', 255, 255, 8, 255, 2, 255)", "ff|FF|10|0xff|2nd|FF" },
	{ "as long ones", "PRINTF('%lld|%ld', 9223372036854775807, -9223372036854775808)",
		"9223372036854775807|-9223372036854775808" },
	{ "fractions", "PRINTF('%f|%.2f|%e|%g|%8.3f|%!.20g', 1.5, 2.555, 1500, 0.1, 3.14159, 0.5)",
		"1.500000|2.56|1.500000e+03|0.1|   3.142|0.5" },
	{ "strings", "PRINTF('%s|%5s|%-5s|%.2s|%z', 'a', 'b', 'c', 'xyz', 'd')", "a|    b|c    |xy|d" },
	{ "quoted", "PRINTF('%q|%Q|%w|%Q', 'it''s', 'it''s', 'a\"b', NULL)", "it''s|'it''s'|a\"\"b|NULL" },
	{ "characters", "PRINTF('%c|%.3c|%c', 'abc', 'é', 65)", "a|ééé|6" },
	{ "widths of arguments", "PRINTF('%*d|%-*d|%*d|%.*f', 4, 1, 4, 2, -4, 3, 2, 1.5)", "   1|2   |3   |1.50" },
	{ "a percent sign", "PRINTF('100%%|5%')", "100%|5%" },
	{ "too few", "PRINTF('%d|%s|%f|%Q')", "0||0.000000|NULL" },
	{ "a letter that is none", "PRINTF('a%yb')", "a" },
	{ "no format", "FORMAT(NULL, 1)", "(null)" },
	{ "nothing", "FORMAT('')", "" },
	{ "too wide", "PRINTF('%*d', 2000000000, 1)", "!string or blob too big" },
	{ "too precise", "PRINTF('%.*c', 2000000000, 'x')", "!string or blob too big" },
	{ "too wide, written out", "PRINTF('%99999999999999999999d', 1)", "!string or blob too big" },
};

#define FILM \
	"'[{\"name\":\"Ann\",\"as\":\"A\",\"ages\":[3,5]},{\"name\":\"Bob\",\"as\":\"B\",\"ages\":[4]},{\"name\":\"Cid\",\"ages\":[]}]')"
static const struct row searches[] = {
	{ "in an array", "SEARCH_JSON('\"Harper\" in *', '[\"Harper\",\"Penny\"]')", "1" },
	{ "not in it", "SEARCH_JSON('\"Harper\" in *', '[\"Penny\"]')", "0" },
	{ "in NULL", "SEARCH_JSON('\"Harper\" in *', NULL)", "0" },
	{ "filtered", "SEARCH_JSON('$[name in [\"Ann\",\"Bob\"]].{\"actor\": name, \"as\": as}', " FILM,
		"[{\"actor\":\"Ann\",\"as\":\"A\"},{\"actor\":\"Bob\",\"as\":\"B\"}]" },
	{ "counted", "SEARCH_JSON('$count($[name in [\"Ann\",\"Bob\"]])', " FILM, "2" },
	{ "one result", "SEARCH_JSON('$[as=\"A\"].name', " FILM, "Ann" },
	{ "one result in an array", "SEARCH_JSON('$[as=\"A\"].name[]', " FILM, "[\"Ann\"]" },
	{ "no result", "SEARCH_JSON('$[as=\"X\"].name', " FILM, "(null)" },
	{ "a path", "SEARCH_JSON('ages', " FILM, "[3,5,4]" },
	{ "the first of each", "SEARCH_JSON('$.ages[0]', " FILM, "[3,4]" },
	{ "the first of all", "SEARCH_JSON('(ages)[0]', " FILM, "3" },
	{ "the last of all", "SEARCH_JSON('ages[-1]', " FILM, "4" },
	{ "arithmetic", "SEARCH_JSON('$sum(ages) / $count(ages) * 2 - -1 % 3', " FILM, "9" },
	{ "extremes", "SEARCH_JSON('[$max(ages), $min(ages), $average(ages)]', " FILM, "[5,3,4]" },
	{ "a choice", "SEARCH_JSON('$exists(ages) and $not(nope = 1) ? \"yes\" : \"no\"', " FILM, "yes" },
	{ "strings", "SEARCH_JSON('$join(name, \"+\") & 1', " FILM, "Ann+Bob+Cid1" },
	{ "a function for each", "SEARCH_JSON('name.$length()', " FILM, "[3,3,3]" },
	{ "names", "SEARCH_JSON('$keys($)', " FILM, "[\"name\",\"as\",\"ages\"]" },
	{ "names in quotes", "SEARCH_JSON('`a b`.\"c d\"', '{\"a b\":{\"c d\":1}}')", "1" },
	{ "everything below", "SEARCH_JSON('**.x', '{\"a\":{\"x\":1},\"b\":[{\"x\":2}]}')", "[1,2]" },
	{ "a comment", "SEARCH_JSON('/* a */ $ /* b */', 5)", "5" },
	{ "escapes", "SEARCH_JSON('\"\\u00e9\\n\"', 0) = 'é' || char(10)", "1" },
	{ "large numbers", "SEARCH_JSON('[$]', '[9223372036854775807]')", "[9223372036854775807]" },
	{ "a string", "SEARCH_JSON('$contains(\"enn\")', 'Penny')", "1" },
	{ "a string that is not JSON", "SEARCH_JSON('$', '[1')", "[1" },
	{ "JSON again", "json_array(SEARCH_JSON('[1]', 0))", "[[1]]" },
	{ "a wrong type", "SEARCH_JSON('name + 1', " FILM, "(null)" },
	{ "division by zero", "SEARCH_JSON('1 / 0', 0)", "(null)" },
	{ "not a number", "SEARCH_JSON('0 / 0', 0)", "(null)" },
	{ "not a number as an index", "SEARCH_JSON('$[0 / 0]', '[1,2]')", "(null)" },
	{ "not a number in a comparison", "SEARCH_JSON('0 / 0 <= 1', 0)", "(null)" },
	{ "no expression", "SEARCH_JSON(NULL, 1)", "(null)" },
	{ "an empty expression", "SEARCH_JSON('', 1)", "!the expression of SEARCH_JSON() cannot be used: it is incomplete" },
	{ "an open bracket", "SEARCH_JSON('$[1', 1)", "!the expression of SEARCH_JSON() cannot be used: it is incomplete" },
	{ "an extra token", "SEARCH_JSON('a b', 1)", "!the expression of SEARCH_JSON() cannot be used: unexpected b" },
	{ "an unknown function", "SEARCH_JSON('$map(a)', 1)",
		"!the expression of SEARCH_JSON() cannot be used: there is no function $map()" },
	{ "a variable", "SEARCH_JSON('$x', 1)",
		"!the expression of SEARCH_JSON() cannot be used: variables are not supported: $x" },
	{ "sorted", "SEARCH_JSON('a^(b)', 1)", "!the expression of SEARCH_JSON() cannot be used: ^ is not supported" },
	{ "arguments", "SEARCH_JSON('$count()', 1)",
		"!the expression of SEARCH_JSON() cannot be used: wrong number of arguments to $count()" },
	{ "nested too deeply", "SEARCH_JSON(replace(hex(zeroblob(100)), '0', '('), 1)",
		"!the expression of SEARCH_JSON() cannot be used: it is nested too deeply" },
	{ "nested too deeply, with many operators",
		"SEARCH_JSON(replace(hex(zeroblob(40)), '0', '1' || replace(hex(zeroblob(20)), '0', '+1') || '+(') || '1' ||"
		" replace(hex(zeroblob(40)), '0', ')'), 1)",
		"!the expression of SEARCH_JSON() cannot be used: it is nested too deeply" },
	{ "many operators", "SEARCH_JSON('1' || replace(hex(zeroblob(100)), '0', '+1'), 1)",
		"!the expression of SEARCH_JSON() cannot be used: it has too many operators" },
	{ "long", "SEARCH_JSON(hex(zeroblob(6000)), 1)", "!the expression of SEARCH_JSON() cannot be used: it is too long" },
	{ "deep values",
		"SEARCH_JSON('$', replace(hex(zeroblob(60)), '0', '[') || replace(hex(zeroblob(60)), '0', ']')) LIKE '[[[%'", "1" },
	{ "a different expression in each row",
		"group_concat(SEARCH_JSON(e, 1)) FROM (SELECT '$ + 1' AS e UNION ALL SELECT '$ + 2')", "2,3" },
};

static const struct row likes[] = {
	{ "like", "'Penny' LIKE 'pEN%' AND 'Penny' LIKE '_enny' AND NOT 'Penny' LIKE 'penn'", "1" },
	{ "not like", "'Penny' NOT LIKE '%x%'", "1" },
	{ "like NULL", "'Penny' LIKE NULL", "(null)" },
	{ "NULL like", "NULL LIKE '%'", "(null)" },
	{ "a number", "123 LIKE '1%'", "1" },
	{ "escaped", "'10%' LIKE '10x%' ESCAPE 'x' AND NOT '100' LIKE '10é%' ESCAPE 'é'", "1" },
	{ "escape NULL", "'10%' LIKE '10%' ESCAPE NULL", "(null)" },
	{ "long escape", "'a' LIKE 'a' ESCAPE 'xx'", "!ESCAPE expression must be a single character" },
	{ "escape by a wildcard", "'a' LIKE 'a' ESCAPE '%'", "!ESCAPE cannot be % or _" },
	{ "glob", "'Penny' GLOB 'P*[m-o]y' AND NOT 'Penny' GLOB 'p*'", "1" },
	{ "glob NULL", "'Penny' GLOB NULL", "(null)" },
	{ "a product", "HEX(ZEROBLOB(500000)) LIKE '%' || HEX(ZEROBLOB(200)) || '%'",
		"!the LIKE or GLOB pattern is too long for a string of this length" },
	{ "up to a NUL", "'a' || CHAR(0) || 'b' LIKE 'A' AND 'a' LIKE 'a' || CHAR(0) || 'b'", "1" },
	{ "none without a wildcard", "HEX(ZEROBLOB(500000)) LIKE HEX(ZEROBLOB(200))", "0" },
};

static const struct row patterns[] = {
	{ "anywhere", "'Penny' REGEXP 'nn'", "1" },
	{ "at the beginning", "'Penny' REGEXP '^enny'", "0" },
	{ "a letter's case", "'Penny' REGEXP 'penny'", "0" },
	{ "ignored", "REGEXP_LIKE('PÉNNY', 'péNny', 'i')", "1" },
	{ "ignored, and then not", "REGEXP_LIKE('PENNY', 'penny', 'ic')", "0" },
	{ "another flag", "REGEXP_LIKE('', '', 'g')", "!a flag of REGEXP_LIKE() must be i or c" },
	{ "flags that change", "GROUP_CONCAT(REGEXP_LIKE('A', 'a', f)) FROM (SELECT 'i' AS f UNION ALL SELECT 'c')", "1,0" },
	{ "no text", "NULL REGEXP 'x'", "(null)" },
	{ "no pattern", "'x' REGEXP NULL", "(null)" },
	{ "a number", "1234 REGEXP '^12'", "1" },
	{ "nothing", "'x' REGEXP ''", "1" },
	{ "characters", "'äé€' REGEXP '^.{3}$'", "1" },
	{ "digits", "'2020-01-02' REGEXP '^\\d{4}(-\\d{2}){2}$'", "1" },
	{ "no digit", "'1' REGEXP '\\D'", "0" },
	{ "a class in a set", "'a.b-c' REGEXP '^[\\w-.]+$'", "1" },
	{ "a class of POSIX", "'a1' REGEXP '^[[:alpha:]][[:digit:]]$'", "1" },
	{ "a range", "'m-' REGEXP '^[a-z][+-]$'", "1" },
	{ "not in a range", "'-' REGEXP '[a-z]'", "0" },
	{ "a bracket in a set", "'[]' REGEXP '^[[][\\]]$'", "1" },
	{ "not in the set", "'^x' REGEXP '^[\\^][^^]$'", "1" },
	{ "groups", "'abab' REGEXP '^(?:ab)+?$'", "1" },
	{ "alternatives", "'dog' REGEXP '^(cat|dog)$'", "1" },
	{ "the edge of a word", "'a dog' REGEXP '\\bdog\\b'", "1" },
	{ "escaped", "'a.b' REGEXP '^a\\.b$'", "1" },
	{ "brackets and braces", "']}' REGEXP '^]}$'", "1" },
	{ "a line's end", "'a' || char(10) || 'b' REGEXP 'a\\nb'", "1" },
	{ "backreferences", "'aa' REGEXP '(a)\\1'", "!the regular expression cannot be used: backreferences are not supported" },
	{ "looking ahead", "'a' REGEXP 'a(?=b)'",
		"!the regular expression cannot be used: groups that begin with (? are not supported" },
	{ "an open group", "'a' REGEXP '(a'", "!the regular expression cannot be used: a group in it is not closed" },
	{ "a closed group", "'a' REGEXP 'a)'", "!the regular expression cannot be used: it has a ) without a (" },
	{ "an open set", "'a' REGEXP '[a'", "!the regular expression cannot be used: its brackets are not closed" },
	{ "nothing to repeat", "'a' REGEXP '*a'",
		"!the regular expression cannot be used: a repetition in it has nothing to repeat" },
	{ "repeated twice", "'a' REGEXP 'a**'",
		"!the regular expression cannot be used: a repetition in it has nothing to repeat" },
	{ "multiplied", "'a' REGEXP '((a{30}){30}){30}'", "!the regular expression cannot be used: it is too complex" },
	{ "too often", "'a' REGEXP 'a{1000}'",
		"!the regular expression cannot be used: a repetition in it is too large, or has its numbers out of order" },
	{ "a brace", "'a' REGEXP 'a{b'",
		"!the regular expression cannot be used: a { in it does not begin a repetition: write \\{ for the character" },
	{ "optional ones", "'ab' REGEXP '^a{0,2}b{0}(c|b){1,}$' AND NOT 'aaab' REGEXP '^a{0,2}b$'", "1" },
	{ "none at all", "'b' REGEXP '^a{0}b$'", "1" },
	{ "an empty alternative", "'b' REGEXP '^(a|)b$' AND 'b' REGEXP '^(|a|c)*b$'", "1" },
	{ "a range to an escape", "']' REGEXP '[[-\\]]'", "1" },
	{ "a range backwards", "'a' REGEXP '[z-a]'", "!the regular expression cannot be used: a range in it is out of order" },
	{ "no class", "'a' REGEXP '[[:dog:]]'", "!the regular expression cannot be used: it has an unknown character class" },
	{ "not of any case", "REGEXP_LIKE('A', '[^a]', 'i')", "0" },
	{ "no UTF-8", "CAST(x'61ff62' AS TEXT) REGEXP '^a.b$'", "1" },
	{ "many places", "printf('%.16000c', 'a') REGEXP '([ab]*a[ab]{250}c)' OR printf('%.16000c', 'a') REGEXP '(a*b*){100}c'",
		"0" },
	{ "too many instructions", "'a' REGEXP '(((a*)*)*){200}'", "!the regular expression cannot be used: it is too complex" },
	{ "nested", "'a' REGEXP '((((((((((((((((((((((((((((((((a'",
		"!the regular expression cannot be used: its groups are nested too deeply" },
	{ "long", "'a' REGEXP printf('%.1001c', 'a')", "!the regular expression cannot be used: it is too long" },
	{ "the end", "'a' REGEXP 'a\\'", "!the regular expression cannot be used: it ends with a backslash" },
	{ "a long text", "printf('%.16385c', 'a') REGEXP 'a'",
		"!a regular expression cannot be matched against a string of more than 16 KiB" },
	{ "a NUL", "'a' REGEXP ('a' || char(0))", "!the regular expression cannot be used: it has a NUL character" },
};

/* Aggregates of these values. */
#define VALUES " FROM (VALUES (2), (4), (4.0), (NULL), ('4'), (5), (5), ('dog'), (7), (9))"
static const struct row aggregates[] = {
	{ "deviation of a sample", "ROUND(STDDEV(column1), 4)" VALUES, "2.1381" },
	{ "by its other name", "STDDEV(column1) = STDEV(column1)" VALUES, "1" },
	{ "deviation", "STDEVP(column1)" VALUES, "2.0" },
	{ "variance of a sample", "ROUND(VAR(column1), 4)" VALUES, "4.5714" },
	{ "variance", "VARP(column1)" VALUES, "4.0" },
	{ "of one", "VAR(1)", "(null)" },
	{ "of one, all there is", "VARP(1)", "0.0" },
	{ "of none", "STDDEV(1) WHERE 0", "(null)" },
	{ "median", "MEDIAN(column1)" VALUES, "4.5" },
	{ "median of an odd count", "MEDIAN(column1) FROM (VALUES (9), (1), (5))", "5.0" },
	{ "median of none", "MEDIAN(NULL)", "(null)" },
	{ "mode", "MODE(column1)" VALUES, "4" },
	{ "mode of texts", "MODE(column1) FROM (VALUES ('b'), ('a'), ('a'))", "a" },
	{ "mode of none", "MODE(NULL)", "(null)" },
	{ "array", "ARRAY(column1)" VALUES, "[2,4,4,null,\"4\",5,5,\"dog\",7,9]" },
	{ "distinct values", "DISTINCT_ARRAY(column1)" VALUES, "[2,4,null,\"4\",5,\"dog\",7,9]" },
	{ "as SQLite says it", "ARRAY(DISTINCT column1) FROM (VALUES (1), (1), (2))", "[1,2]" },
	{ "no rows", "ARRAY(1) WHERE 0", "[]" },
	{ "no distinct rows", "DISTINCT_ARRAY(1) WHERE 0", "[]" },
	{ "JSON stays", "ARRAY(json(column1)) FROM (VALUES ('{\"a\":1}'), ('[2]'))", "[{\"a\":1},[2]]" },
	{ "and is", "json_array(ARRAY(1))", "[[1]]" },
	{ "special characters", "ARRAY('a\"b\\' || char(10) || 'é')", "[\"a\\\"b\\\\\\u000aé\"]" },
	{ "doubles", "ARRAY(column1) FROM (VALUES (0.1), (2.5), (1e300), (9e999), (1e0))", "[0.1,2.5,1e+300,null,1]" },
	{ "large integers", "DISTINCT_ARRAY(column1) FROM (VALUES (9007199254740993), (9007199254740992.0))",
		"[9007199254740993,9007199254740992]" },
	{ "many",
		"COUNT(*) FROM json_each((WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000)"
		" SELECT DISTINCT_ARRAY(n % 1000) FROM c))",
		"1000" },
};

START_TEST(date_functions)
{
	check(&dates[_i]);
}
END_TEST

START_TEST(date_texts)
{
	char sql[200], want[100];
	const struct row *r = &texts[_i];
	snprintf(sql, sizeof sql, "SELECT DATE('%s')", r->sql);
	snprintf(want, sizeof want, r->result ? "%s+0000" : "(null)", r->result);
	ck_assert_row_str_eq(r->name, result_of(sql), want);
}
END_TEST

START_TEST(date_formats)
{
	char sql[200];
	snprintf(sql, sizeof sql, "SELECT DATE_FORMAT('2020-04-02T05:06:07.089Z', '%s')", formats[_i].sql);
	ck_assert_row_str_eq(formats[_i].name, result_of(sql), formats[_i].result);
}
END_TEST

START_TEST(formats_of_times)
{
	char sql[200];
	snprintf(sql, sizeof sql, "SELECT DATE_FORMAT(%s)", times[_i].sql);
	ck_assert_row_str_eq(times[_i].name, result_of(sql), times[_i].result);
}
END_TEST

START_TEST(texts_and_choices)
{
	check(&strings[_i]);
}
END_TEST

START_TEST(regular_expressions)
{
	check(&patterns[_i]);
}
END_TEST

START_TEST(formatted_values)
{
	check(&formats_of_values[_i]);
}
END_TEST

START_TEST(searches_of_json)
{
	check(&searches[_i]);
}
END_TEST

START_TEST(similar_texts)
{
	check(&likes[_i]);
}
END_TEST

static struct like_text random_text(char *out, const char *const *parts, int count)
{
	struct like_text t = { out, 0 };
	for (int i = rand() % 9; i > 0; i--) {
		const char *part = parts[rand() % count];
		memcpy(out + t.len, part, strlen(part));
		t.len += strlen(part);
	}
	out[t.len] = 0;
	return t;
}

/* Compared with SQLite's own matcher, which needs terminated strings. */
START_TEST(random_likes)
{
	static const char *const parts[] = { "a", "A", "b", "é", "É", "日", "x", "%", "_", "%" };
	char of_pattern[64], of_text[64];
	srand(1);
	for (int i = 0; i < 300000; i++) {
		struct like_text pattern = random_text(of_pattern, parts, 10), text = random_text(of_text, parts, i % 2 ? 7 : 9);
		for (int escaped = 0; escaped < 3; escaped++) {
			const struct like_text escape = { escaped == 1 ? "x" : "é", escaped == 1 ? 1 : escaped ? 2 : 0 };
			bool want = sqlite3_strlike(of_pattern, of_text, escaped == 1 ? 'x' : escaped ? 0xe9 : 0) == 0;
			if (like_matches(pattern, text, escape) != want)
				ck_abort_msg("'%s' LIKE '%s' ESCAPE '%.*s'", of_text, of_pattern, (int)escape.len, escape.s);
		}
	}
}
END_TEST

START_TEST(groups)
{
	check(&aggregates[_i]);
}
END_TEST

/* Results that would be longer than a connection allows. */
static const struct row too_long[] = {
	{ "concat", "CONCAT(s, s)", NULL },
	{ "concat with a separator", "CONCAT_WS(s, 1, 2, 3)", NULL },
	{ "a format", "DATE_FORMAT(0, SUBSTR(REPLACE(s, 'D', 'L'), 1, 1000))", NULL },
	{ "array", "ARRAY(s) FROM (VALUES (1), (2))", NULL },
	{ "search", "SEARCH_JSON('[$, $]', s)", NULL },
	{ "distinct values", "DISTINCT_ARRAY(column1 || s) FROM (VALUES (1), (2))", NULL },
	{ "mode", "MODE(column1 || s) FROM (VALUES (1), (2))", NULL },
	{ "median",
		"MEDIAN(column1) FROM (WITH RECURSIVE c(column1) AS (SELECT 1 UNION ALL SELECT column1 + 1 FROM c LIMIT 2000)"
		" SELECT * FROM c)",
		NULL },
};

START_TEST(lengths)
{
	char sql[1000];
	const struct row *r = &too_long[_i];
	bool from = strstr(r->sql, " FROM ") != NULL;
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 2000);
	snprintf(sql, sizeof sql, "WITH t(s) AS (SELECT printf('%%.1500c', 'D')) SELECT %s%s", r->sql, from ? ", t" : " FROM t");
	ck_assert_row_str_eq(r->name, result_of(sql), "!string or blob too big");
}
END_TEST

static Suite *functions(void)
{
	Suite *s = suite_create("sql_functions");
	add_rows(s, "dates", setup, date_functions, ROWS(dates));
	add_rows(s, "date_texts", setup, date_texts, ROWS(texts));
	add_rows(s, "formats", setup, date_formats, ROWS(formats));
	add_rows(s, "times", setup, formats_of_times, ROWS(times));
	add_rows(s, "strings", setup, texts_and_choices, ROWS(strings));
	add_rows(s, "printf", setup, formatted_values, ROWS(formats_of_values));
	add_rows(s, "searches", setup, searches_of_json, ROWS(searches));
	add_rows(s, "likes", setup, similar_texts, ROWS(likes));
	add_rows(s, "random_likes", setup, random_likes, 1);
	add_rows(s, "patterns", setup, regular_expressions, ROWS(patterns));
	add_rows(s, "aggregates", setup, groups, ROWS(aggregates));
	add_rows(s, "too_long", setup, lengths, ROWS(too_long));
	return s;
}

UNIT_MAIN(functions)
