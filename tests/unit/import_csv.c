/* SPDX-License-Identifier: Apache-2.0 */
/* CSV: rows with the numbers of their lines, in pieces of any size; the delimiter; what a value means. */
#include "unit.h"

#include "import/csv_delimiter.h"
#include "import/csv_rows.h"
#include "import/csv_value.h"
#include "import/western.h"

#include <stdio.h>

/* ---- rows ---- */

/** What was read: "1<id><name> 2<1><x>", the numbers being those of the lines. */
static char rows_seen[4096];
static size_t rows_wanted;

static int see_row(void *arg, const struct csv_row *row)
{
	size_t len = strlen(rows_seen);
	(void)arg;
	len += (size_t)sprintf(rows_seen + len, "%s%d", len ? " " : "", (int)row->line);
	for (size_t i = 0; i < row->count; i++) {
		ck_assert_uint_eq(strlen(row->fields[i].s), row->fields[i].len);
		len += (size_t)sprintf(rows_seen + len, "<%s>", row->fields[i].s);
	}
	return rows_wanted && !--rows_wanted;
}

/** Reads a text in pieces of \p piece bytes, the first of which has \p first. \return the result of the end */
static int read_rows(const char *text, char delimiter, size_t bytes_max, size_t first, size_t piece)
{
	size_t len = strlen(text), at = 0;
	struct csv_rows *rows;
	*rows_seen = '\0';
	ck_assert_int_eq(csv_rows_open(&rows, delimiter, bytes_max, see_row, NULL), 0);
	while (at < len) {
		size_t n = at ? piece : first;
		if (n > len - at)
			n = len - at;
		csv_rows_feed(rows, text + at, n);
		at += n;
	}
	int rc = csv_rows_end(rows);
	csv_rows_close(rows);
	return rc;
}

static const struct {
	const char *name, *text, *want;
	char delimiter;
} texts[] = {
	{ "nothing", "", "", ',' },
	{ "a header", "id,name", "1<id><name>", ',' },
	{ "an end of line more", "id,name\n1,x\n", "1<id><name> 2<1><x>", ',' },
	{ "no end of line at the end", "id,name\n1,x", "1<id><name> 2<1><x>", ',' },
	{ "CR LF", "id,name\r\n1,x\r\n2,y\r\n", "1<id><name> 2<1><x> 3<2><y>", ',' },
	{ "CR", "id,name\r1,x\r2,y\r", "1<id><name> 2<1><x> 3<2><y>", ',' },
	{ "both, and none at the end", "id\r1\n2\r\n3", "1<id> 2<1> 3<2> 4<3>", ',' },
	{ "blank lines count, but are no rows", "\n\nid\n\n\n1\n\n", "3<id> 6<1>", ',' },
	{ "blank lines with CR LF", "\r\nid\r\n\r\n1\r\n", "2<id> 4<1>", ',' },
	{ "blank lines with CR", "\rid\r\r1\r", "2<id> 4<1>", ',' },
	{ "quotes", "\"id\",\"a \"\"b\"\"\"\n\"1\",\"\"\n", "1<id><a \"b\"> 2<1><>", ',' },
	{ "an end of line in quotes", "id,t\n1,\"a\nb\"\n2,c\n", "1<id><t> 2<1><a\nb> 4<2><c>", ',' },
	{ "CR LF in quotes", "id,t\r\n1,\"a\r\n\r\nb\"\r\n2,c\r\n", "1<id><t> 2<1><a\r\n\r\nb> 5<2><c>", ',' },
	{ "CR in quotes", "id,t\r1,\"a\rb\"\r2,c\r", "1<id><t> 2<1><a\rb> 4<2><c>", ',' },
	{ "CR at the end of quotes", "id,t\n1,\"a\r\"\n2,c\n", "1<id><t> 2<1><a\r> 4<2><c>", ',' },
	{ "a delimiter in quotes", "id,t\n1,\"a,b\"\n", "1<id><t> 2<1><a,b>", ',' },
	{ "quotes that do not end", "id,t\n1,\"a\n2,b\n", "1<id><t> 2<1><a\n2,b\n>", ',' },
	{ "quotes in a field are text", "id,t\n1,a\"b\"c\n", "1<id><t> 2<1><a\"b\"c>", ',' },
	{ "blanks stay", " id ,t\n 1 , \" x\" \n", "1< id ><t> 2< 1 >< \" x\" >", ',' },
	{ "empty fields", ",\n,,\n", "1<><> 2<><><>", ',' },
	{ "a blank is a field", "id\n \n1\n", "1<id> 2< > 3<1>", ',' },
	{ "short and long rows", "a,b\n1\n1,2,3\n", "1<a><b> 2<1> 3<1><2><3>", ',' },
	{ "semicolons", "a;b\n1,5;2\n", "1<a><b> 2<1,5><2>", ';' },
	{ "tabs, of which none is a blank", "a\tb\n\t \n", "1<a><b> 2<>< >", '\t' },
	{ "bars", "a|b\n1|\"x|y\"\n", "1<a><b> 2<1><x|y>", '|' },
	{ "letters of two and four bytes", "n\xc3\xa4me\n\xf0\x9f\x90\x95\n", "1<n\xc3\xa4me> 2<\xf0\x9f\x90\x95>", ',' },
};

START_TEST(rows_are_the_same_wherever_pieces_end)
{
	char delimiter = texts[_i].delimiter;
	for (size_t first = 1; first <= strlen(texts[_i].text) + 1; first++) {
		ck_assert_row_int_eq(texts[_i].name, read_rows(texts[_i].text, delimiter, 1000, first, 1000), 0);
		ck_assert_row_str_eq(texts[_i].name, rows_seen, texts[_i].want);
	}
	ck_assert_row_int_eq(texts[_i].name, read_rows(texts[_i].text, delimiter, 1000, 1, 1), 0);
	ck_assert_row_str_eq(texts[_i].name, rows_seen, texts[_i].want);
}
END_TEST

static int count_bytes(void *arg, const struct csv_row *row)
{
	size_t *len = arg;
	for (size_t i = 0; i < row->count; i++)
		*len += row->fields[i].len;
	return 0;
}

START_TEST(a_nul_is_a_character)
{
	struct csv_rows *rows;
	size_t len = 0;
	ck_assert_int_eq(csv_rows_open(&rows, ',', 100, count_bytes, &len), 0);
	ck_assert_int_eq(csv_rows_feed(rows, "a\0b,c\n", 6), 0);
	ck_assert_int_eq(csv_rows_end(rows), 0);
	csv_rows_close(rows);
	ck_assert_uint_eq(len, 4);
}
END_TEST

START_TEST(a_row_that_is_too_large_ends_the_reading)
{
	ck_assert_int_eq(read_rows("a,b\n12345,12345\n1,2\n", ',', 12, 100, 100), 0);
	ck_assert_int_eq(read_rows("a,b\n12345,1234567\n1,2\n", ',', 12, 100, 100), CSV_ROWS_LARGE);
	ck_assert_str_eq(rows_seen, "1<a><b>");
}
END_TEST

START_TEST(unclosed_quotes_take_no_more_than_bytes_max)
{
	static char line[65536];
	struct csv_rows *rows;
	size_t fed = 0;
	int rc = 0;
	memset(line, 'x', sizeof line);
	*rows_seen = '\0';
	ck_assert_int_eq(csv_rows_open(&rows, ',', 1 << 20, see_row, NULL), 0);
	ck_assert_int_eq(csv_rows_feed(rows, "a\n\n\"", 4), 0);
	for (; !rc && fed < 100; fed++)
		rc = csv_rows_feed(rows, line, sizeof line);
	ck_assert_int_eq(rc, CSV_ROWS_LARGE);
	ck_assert_uint_lt(fed, 20);
	ck_assert_int_eq(csv_rows_line(rows), 3);
	ck_assert_int_eq(csv_rows_end(rows), CSV_ROWS_LARGE);
	csv_rows_close(rows);
}
END_TEST

START_TEST(a_row_that_is_too_wide_ends_the_reading)
{
	char *text = malloc(CSV_FIELDS_MAX + 3);
	ck_assert_ptr_nonnull(text);
	memset(text, ',', CSV_FIELDS_MAX);
	strcpy(text + CSV_FIELDS_MAX - 1, "\n");
	struct csv_rows *rows;
	size_t len = 0;
	ck_assert_int_eq(csv_rows_open(&rows, ',', 1 << 20, count_bytes, &len), 0);
	ck_assert_int_eq(csv_rows_feed(rows, text, strlen(text)), 0);
	ck_assert_int_eq(csv_rows_feed(rows, ",", 1), 0);
	ck_assert_int_eq(csv_rows_feed(rows, text, strlen(text)), CSV_ROWS_WIDE);
	csv_rows_close(rows);
	free(text);
}
END_TEST

START_TEST(take_can_end_the_reading)
{
	rows_wanted = 2;
	ck_assert_int_eq(read_rows("a\n1\n2\n3\n", ',', 100, 100, 100), CSV_ROWS_TAKE);
	ck_assert_str_eq(rows_seen, "1<a> 2<1>");
	rows_wanted = 0;
}
END_TEST

/* ---- the delimiter ---- */

static const struct {
	const char *name, *text;
	char want;
} delimiters[] = {
	{ "nothing", "", ',' },
	{ "one column", "id\n1\n2\n", ',' },
	{ "comma", "id,name\n1,x\n", ',' },
	{ "semicolon", "id;name\n1;x\n", ';' },
	{ "tab", "id\tname\n1\tx\n", '\t' },
	{ "bar", "id|name\n1|x\n", '|' },
	{ "only a header", "id;name;age", ';' },
	{ "decimal commas", "id;price;vat\n1;3,50;0,7\n2;1,20;0,1\n", ';' },
	{ "commas in one name of the header", "id;name, first;age\n1;x;2\n2;y;3\n", ';' },
	{ "commas in the values only", "id|notes\n1|a, b, c\n2|d, e\n", '|' },
	{ "other delimiters in quotes", "\"a;b;c\",\"d|e|f\"\n\"1;2\",\"3\"\n", ',' },
	{ "ends of lines in quotes", "id;t\n1;\"a,\nb,\nc\"\n2;\"d\"\n", ';' },
	{ "short rows", "a;b;c\n1;2;3\n1;2\n1;2;3\n", ';' },
	{ "more fields win when both fit", "a,b;c,d\n1,2;3,4\n", ',' },
};

START_TEST(the_delimiter_is_guessed)
{
	char got = csv_delimiter_guess(delimiters[_i].text, strlen(delimiters[_i].text), true);
	ck_assert_row_int_eq(delimiters[_i].name, got, delimiters[_i].want);
}
END_TEST

START_TEST(a_row_that_is_cut_off_does_not_count)
{
	static const char text[] = "id,name;x\n1,a;y\n2,b;z\n3";
	ck_assert_int_eq(csv_delimiter_guess(text, sizeof text - 1, false), ',');
	ck_assert_int_eq(csv_delimiter_guess("a;b", 3, false), ';');
}
END_TEST

/* ---- values ---- */

/** As JSON, with its kind where that is not clear. */
static const char *shown(struct csv_value v)
{
	static char text[64];
	switch (v.kind) {
	case CSV_IS_TEXT:
		return "text";
	case CSV_IS_NULL:
		return "null";
	case CSV_IS_BOOL:
		return v.i ? "true" : "false";
	case CSV_IS_INT:
		sprintf(text, "%lld", (long long)v.i);
		return text;
	case CSV_IS_UINT:
		sprintf(text, "%lluu", (unsigned long long)v.u);
		return text;
	case CSV_IS_DOUBLE:
		sprintf(text, "%.17gd", v.d);
		return text;
	case CSV_IS_TIME:
		return "time";
	case CSV_IS_DATE:
		return "date";
	case CSV_IS_NESTED:
		return "nested";
	default:
		return "wrong";
	}
}

static const struct {
	enum csv_type type;
	const char *text, *want;
} values[] = {
	{ CSV_ANY, "", "text" },
	{ CSV_ANY, "dog", "text" },
	{ CSV_ANY, "7", "7" },
	{ CSV_ANY, "0", "0" },
	{ CSV_ANY, "-7", "-7" },
	{ CSV_ANY, "+5", "5" },
	{ CSV_ANY, "-0", "0" },
	{ CSV_ANY, " 5", "5" },
	{ CSV_ANY, "\t5  ", "5" },
	{ CSV_ANY, " ", "text" },
	{ CSV_ANY, "5 6", "text" },
	{ CSV_ANY, "5x", "text" },
	{ CSV_ANY, "5.5", "5.5d" },
	{ CSV_ANY, "-0.25", "-0.25d" },
	{ CSV_ANY, "1.0", "1" },
	{ CSV_ANY, "1.000000", "1" },
	{ CSV_ANY, "007", "text" },
	{ CSV_ANY, "-007", "text" },
	{ CSV_ANY, "00", "text" },
	{ CSV_ANY, "00.5", "text" },
	{ CSV_ANY, "1e3", "text" },
	{ CSV_ANY, "1E5", "text" },
	{ CSV_ANY, "0x10", "text" },
	{ CSV_ANY, ".5", "0.5d" },
	{ CSV_ANY, "-.25", "-0.25d" },
	{ CSV_ANY, "5.", "text" },
	{ CSV_ANY, "-", "text" },
	{ CSV_ANY, "+", "text" },
	{ CSV_ANY, ".", "text" },
	{ CSV_ANY, "--5", "text" },
	{ CSV_ANY, "1,5", "text" },
	{ CSV_ANY, "1.2.3", "text" },
	{ CSV_ANY, "192.168.0.1", "text" },
	{ CSV_ANY, "Infinity", "text" },
	{ CSV_ANY, "9007199254740993", "9007199254740993" },
	{ CSV_ANY, "9223372036854775807", "9223372036854775807" },
	{ CSV_ANY, "-9223372036854775808", "-9223372036854775808" },
	{ CSV_ANY, "-9223372036854775809", "text" },
	{ CSV_ANY, "9223372036854775808", "9223372036854775808u" },
	{ CSV_ANY, "18446744073709551615", "18446744073709551615u" },
	{ CSV_ANY, "18446744073709551616", "text" },
	{ CSV_ANY, "true", "true" },
	{ CSV_ANY, "TRUE", "true" },
	{ CSV_ANY, "false", "false" },
	{ CSV_ANY, "FALSE", "false" },
	{ CSV_ANY, "True", "text" },
	{ CSV_ANY, " true", "text" },
	{ CSV_ANY, "null", "null" },
	{ CSV_ANY, "undefined", "null" },
	{ CSV_ANY, "NaN", "null" },
	{ CSV_ANY, "NULL", "text" },
	{ CSV_ANY, "nullable", "text" },
	{ CSV_ANY, "{\"a\":1}", "nested" },
	{ CSV_ANY, "[1]", "nested" },
	{ CSV_ANY, "{broken", "text" },
	{ CSV_ANY, "[x}", "text" },
	{ CSV_ANY, "\"q\"", "text" },
	{ CSV_ANY, "2024-01-02T03:04:05Z", "time" },
	{ CSV_ANY, "2024-01-02T03:04:05.5Z", "time" },
	{ CSV_ANY, "2024-01-02T03:04:05.123456Z", "time" },
	{ CSV_ANY, "2024-01-02T03:04:05+01:00", "time" },
	{ CSV_ANY, "2024-01-02T03:04:05.5-11:30", "time" },
	{ CSV_ANY, "2024-01-02T03:04:05", "text" },
	{ CSV_ANY, "2024-01-02T03:04:05.Z", "text" },
	{ CSV_ANY, "2024-01-02T03:04Z", "text" },
	{ CSV_ANY, "2024-01-02 03:04:05Z", "text" },
	{ CSV_ANY, "2024-01-02T03:04:05+0100", "text" },
	{ CSV_ANY, "2024-01-02T03:04:05+01:0", "text" },
	{ CSV_ANY, "2024-01-02", "text" },
	{ CSV_TEXT, "007", "text" },
	{ CSV_TEXT, "true", "text" },
	{ CSV_TEXT, "null", "text" },
	{ CSV_TEXT, "", "text" },
	{ CSV_TEXT, "[1]", "text" },
	{ CSV_INTEGER, "", "null" },
	{ CSV_INTEGER, "null", "null" },
	{ CSV_INTEGER, "007", "7" },
	{ CSV_INTEGER, " 7 ", "7" },
	{ CSV_INTEGER, "7.0", "7" },
	{ CSV_INTEGER, "7.5", "7.5d" },
	{ CSV_INTEGER, "1e3", "1000d" },
	{ CSV_INTEGER, "abc", "wrong" },
	{ CSV_INTEGER, "123456789012345678901", "text" },
	{ CSV_INTEGER, "-123456789012345678901", "text" },
	{ CSV_INTEGER, "+123456789012345678901", "wrong" },
	{ CSV_NUMBER, "", "null" },
	{ CSV_NUMBER, "NaN", "null" },
	{ CSV_NUMBER, "2", "2" },
	{ CSV_NUMBER, "1e+21", "1e+21d" },
	{ CSV_NUMBER, ".5", "0.5d" },
	{ CSV_NUMBER, "5.", "5" },
	{ CSV_NUMBER, "1e400", "wrong" },
	{ CSV_NUMBER, "1e", "wrong" },
	{ CSV_NUMBER, "abc", "wrong" },
	{ CSV_BOOLEAN, "", "null" },
	{ CSV_BOOLEAN, "true", "true" },
	{ CSV_BOOLEAN, "True", "true" },
	{ CSV_BOOLEAN, "FALSE", "false" },
	{ CSV_BOOLEAN, "1", "wrong" },
	{ CSV_DATE, "", "null" },
	{ CSV_DATE, "2024-01-02", "date" },
	{ CSV_DATE, "1704164645000", "1704164645000" },
	{ CSV_DATE, "yesterday", "date" },
	{ CSV_BYTES, "7", "text" },
	{ CSV_BYTES, "{\"type\":\"Buffer\",\"data\":[1]}", "nested" },
};

START_TEST(a_value_has_the_type_of_its_form_and_attribute)
{
	const char *text = values[_i].text;
	ck_assert_row_str_eq(text, shown(csv_value_of(values[_i].type, text, strlen(text), true)), values[_i].want);
}
END_TEST

START_TEST(json_stays_text_unless_nested)
{
	ck_assert_str_eq(shown(csv_value_of(CSV_ANY, "{\"a\":1}", 7, false)), "text");
	ck_assert_str_eq(shown(csv_value_of(CSV_BYTES, "[1]", 3, false)), "text");
}
END_TEST

START_TEST(types_have_names)
{
	ck_assert_int_eq(csv_type_named(NULL), CSV_ANY);
	ck_assert_int_eq(csv_type_named("Any"), CSV_ANY);
	ck_assert_int_eq(csv_type_named("ID"), CSV_TEXT);
	ck_assert_int_eq(csv_type_named("BigInt"), CSV_INTEGER);
	ck_assert_int_eq(csv_type_named("Blob"), CSV_BYTES);
}
END_TEST

/* ---- Windows-1252 ---- */

START_TEST(western_bytes_become_characters)
{
	char all[256], utf8[256 * WESTERN_MOST + 1];
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	size_t len = western_to_utf8(utf8, all, 256);
	ck_assert_uint_eq(len, 128 + 96 * 2 + 17 * 3 + 15 * 2);
	utf8[western_to_utf8(utf8, "Zo\xeb \x80 \x93x\x94", 9)] = '\0';
	ck_assert_str_eq(utf8, "Zo\xc3\xab \xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("import_csv");
	TCase *t = tcase_create("csv");
	tcase_add_loop_test(t, rows_are_the_same_wherever_pieces_end, 0, ROWS(texts));
	tcase_add_test(t, a_nul_is_a_character);
	tcase_add_test(t, a_row_that_is_too_large_ends_the_reading);
	tcase_add_test(t, unclosed_quotes_take_no_more_than_bytes_max);
	tcase_add_test(t, a_row_that_is_too_wide_ends_the_reading);
	tcase_add_test(t, take_can_end_the_reading);
	tcase_add_loop_test(t, the_delimiter_is_guessed, 0, ROWS(delimiters));
	tcase_add_test(t, a_row_that_is_cut_off_does_not_count);
	tcase_add_loop_test(t, a_value_has_the_type_of_its_form_and_attribute, 0, ROWS(values));
	tcase_add_test(t, json_stays_text_unless_nested);
	tcase_add_test(t, types_have_names);
	tcase_add_test(t, western_bytes_become_characters);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
