/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: where records begin and end, in pieces of any size. */
#include "unit.h"
#include "unit_json.h"

#include "import/json_split.h"

#include <stdio.h>

/** What was read: "1{…} 3{…}", the numbers being those of the lines. */
static char seen[8192];
static int wanted;

static int see(void *arg, const struct json_text *text)
{
	size_t len = strlen(seen);
	(void)arg;
	sprintf(seen + len, "%s%d%.*s", len ? " " : "", (int)text->line, (int)text->len, text->s);
	return wanted && !--wanted;
}

/** \return the result of the end; \p line, if it is not NULL, receives where that was */
static int split(const char *text, bool lines, size_t bytes_max, size_t first, size_t piece, int *line)
{
	size_t len = strlen(text), at = 0;
	struct json_split *j;
	*seen = '\0';
	ck_assert_int_eq(json_split_open(&j, lines, bytes_max, see, NULL), 0);
	while (at < len) {
		size_t n = at ? piece : first;
		if (n > len - at)
			n = len - at;
		json_split_feed(j, text + at, n);
		at += n;
	}
	int rc = json_split_end(j);
	char c;
	if (line)
		*line = (int)(rc == JSON_SPLIT_WRONG ? json_split_wrong(j, &c) : json_split_line(j));
	json_split_close(j);
	return rc;
}

static const struct {
	const char *name, *text, *want;
	bool lines;
	int rc, line;
} texts[] = {
	{ "nothing", "", "", false, 0, 0 },
	{ "blanks", " \n\t\r\n", "", false, 0, 0 },
	{ "an array of none", " [ ] ", "", false, 0, 0 },
	{ "an array", "[{'a':1},{'a':2}]", "1{'a':1} 1{'a':2}", false, 0, 0 },
	{ "an array over lines", "[\n  {'a':1},\n  {\n    'a':2\n  }\n]\n", "2{'a':1} 3{\n    'a':2\n  }", false, 0, 0 },
	{ "one record", "{'a':1}", "1{'a':1}", false, 0, 0 },
	{ "one record over lines", "{\n'a'\n:1}", "1{\n'a'\n:1}", false, 0, 0 },
	{ "records after each other", "{'a':1}{'a':2}\n\n{'a':3}", "1{'a':1} 1{'a':2} 3{'a':3}", false, 0, 0 },
	{ "nested", "[{'a':[{'b':[]}]},{'c':{}}]", "1{'a':[{'b':[]}]} 1{'c':{}}", false, 0, 0 },
	{ "brackets in strings", "[{'a':'}]{['},{'}':1}]", "1{'a':'}]{['} 1{'}':1}", false, 0, 0 },
	{ "quotes in strings", "[{'a':'\\'}'},{'b':'\\\\'},{'c':'\\\\\\'}'}]", "1{'a':'\\'}'} 1{'b':'\\\\'} 1{'c':'\\\\\\'}'}",
		false, 0, 0 },
	{ "what is no record", "[1,'x', true,null ,[2],{'a':1}]", "11 1'x' 1true 1null 1[2] 1{'a':1}", false, 0, 0 },
	{ "commas missing", "[{'a':1} {'a':2}]", "1{'a':1}", false, JSON_SPLIT_WRONG, 1 },
	{ "commas too many", "[{'a':1},\n,{'a':2}]", "1{'a':1}", false, JSON_SPLIT_WRONG, 2 },
	{ "a comma at the beginning", "[,{'a':1}]", "", false, JSON_SPLIT_WRONG, 1 },
	{ "a comma at the end", "[{'a':1},]", "1{'a':1}", false, JSON_SPLIT_WRONG, 1 },
	{ "something behind the array", "[{'a':1}]\n{'a':2}", "1{'a':1}", false, JSON_SPLIT_WRONG, 2 },
	{ "no bracket at the beginning", "'a':1", "", false, JSON_SPLIT_WRONG, 1 },
	{ "commas between records", "{'a':1},{'a':2}", "1{'a':1}", false, JSON_SPLIT_WRONG, 1 },
	{ "the wrong bracket", "[{'a':1},\n\n{'a':[1}},{'a':2}]", "1{'a':1}", false, JSON_SPLIT_WRONG, 3 },
	{ "cut in a record", "[{'a':1},\n{'a':", "1{'a':1}", false, JSON_SPLIT_CUT, 2 },
	{ "cut in a string", "[{'a':1},\n{'a':'\n", "1{'a':1}", false, JSON_SPLIT_CUT, 2 },
	{ "cut after a backslash", "{'a':'\\", "", false, JSON_SPLIT_CUT, 1 },
	{ "cut in the array", "[{'a':1}\n", "1{'a':1}", false, JSON_SPLIT_CUT, 2 },
	{ "cut in a number", "[12", "", false, JSON_SPLIT_CUT, 1 },
	{ "lines", "{'a':1}\n{'a':2}\r\n\n  \n{'a':3}", "1{'a':1} 2{'a':2}\r 5{'a':3}", true, 0, 0 },
	{ "lines that are wrong", "{'a':\n}{\n{'a':3}\n", "1{'a': 2}{ 3{'a':3}", true, 0, 0 },
	{ "a line with blanks before", "  {'a':1}\n", "1{'a':1}", true, 0, 0 },
};

START_TEST(records_are_the_same_wherever_pieces_end)
{
	const char *name = texts[_i].name, *text = json_of(texts[_i].text), *want = json_of(texts[_i].want);
	static const size_t pieces[] = { 1, 1000 };
	for (size_t first = 1; first <= strlen(text) + 1; first++) {
		for (size_t p = 0; p < 2; p++) {
			int line;
			ck_assert_row_int_eq(name, split(text, texts[_i].lines, 1000, first, pieces[p], &line), texts[_i].rc);
			ck_assert_row_str_eq(name, seen, want);
			if (texts[_i].rc)
				ck_assert_row_int_eq(name, line, texts[_i].line);
		}
	}
}
END_TEST

START_TEST(the_unexpected_character_is_known)
{
	struct json_split *j;
	char c;
	ck_assert_int_eq(json_split_open(&j, false, 100, see, NULL), 0);
	ck_assert_int_eq(json_split_feed(j, "[\n\n{}", 5), 0);
	ck_assert_int_eq(json_split_feed(j, ",\n}", 3), JSON_SPLIT_WRONG);
	ck_assert_uint_eq(json_split_wrong(j, &c), 4);
	ck_assert_int_eq(c, '}');
	json_split_close(j);
}
END_TEST

START_TEST(a_record_has_a_maximum_size)
{
	const char *text = json_of("[{'a':12},{'a':1}]");
	for (size_t first = 1; first <= strlen(text); first++) {
		ck_assert_int_eq(split(text, false, 8, first, 1000, NULL), 0);
		ck_assert_int_eq(split(text, false, 7, first, 1000, NULL), JSON_SPLIT_LARGE);
		ck_assert_int_eq(split(json_of("{'a':1}\n{'a':12}"), true, 7, first, 1000, NULL), JSON_SPLIT_LARGE);
	}
}
END_TEST

START_TEST(a_record_has_a_maximum_depth)
{
	char text[2 * JSON_SPLIT_DEPTH + 3] = "";
	memset(text, '[', JSON_SPLIT_DEPTH + 1);
	memset(text + JSON_SPLIT_DEPTH + 1, ']', JSON_SPLIT_DEPTH + 1);
	text[2 * JSON_SPLIT_DEPTH + 2] = '\0';
	ck_assert_int_eq(split(text, false, 5000, 100, 100, NULL), 0);
	text[JSON_SPLIT_DEPTH + 1] = '{';
	ck_assert_int_eq(split(text, false, 5000, 100, 100, NULL), JSON_SPLIT_DEEP);
}
END_TEST

START_TEST(take_can_end_the_reading)
{
	wanted = 2;
	ck_assert_int_eq(split("[{},{},{}]", false, 100, 100, 100, NULL), JSON_SPLIT_TAKE);
	ck_assert_str_eq(seen, "1{} 1{}");
	wanted = 1;
	ck_assert_int_eq(split("{}\n{}\n", true, 100, 100, 100, NULL), JSON_SPLIT_TAKE);
	wanted = 0;
}
END_TEST

static const struct {
	const char *text;
	bool lines;
} firsts[] = {
	{ "{'a':1}\n{'a':2}\n", true },
	{ "{'a':1} \r\n{'a':2}", true },
	{ "{'a':}\n", true },
	{ "{'a':1}", false },
	{ "{'a':1}{'a':2}\n", false },
	{ "{\n'a':1}\n{'a':2}\n", false },
	{ "{'a':'\n'}\n", false },
};

START_TEST(records_on_lines_of_their_own_are_recognised)
{
	const char *text = json_of(firsts[_i].text);
	ck_assert_row_int_eq(text, json_split_is_lines(text, strlen(text)), firsts[_i].lines);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("import_json");
	TCase *t = tcase_create("json");
	tcase_add_loop_test(t, records_are_the_same_wherever_pieces_end, 0, ROWS(texts));
	tcase_add_test(t, the_unexpected_character_is_known);
	tcase_add_test(t, a_record_has_a_maximum_size);
	tcase_add_test(t, a_record_has_a_maximum_depth);
	tcase_add_test(t, take_can_end_the_reading);
	tcase_add_loop_test(t, records_on_lines_of_their_own_are_recognised, 0, ROWS(firsts));
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
