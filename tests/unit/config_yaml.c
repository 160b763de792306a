/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buf.h"
#include "config/yaml.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;
static struct err err;
static char file[64];

static void begin(void)
{
	arena_init(&arena);
	err = (struct err){ 0 };
	snprintf(file, sizeof file, "/tmp/lyre-yaml-XXXXXX");
	close(mkstemp(file));
}

static void end(void)
{
	arena_free(&arena);
	unlink(file);
}

static int decode(const char *text, size_t len, struct yaml_node **ret)
{
	FILE *f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	fwrite(text, 1, len, f);
	fclose(f);
	return yaml_decode_file(&arena, file, ret, &err);
}

START_TEST(nodes_have_positions)
{
	struct yaml_node *root;
	const char text[] = "# first\na: 1\nb:\n  - x\n  - 'null'\n  - \nc: {d: \"\\u00e9\"}\n";
	ck_assert_int_eq(decode(text, sizeof text - 1, &root), 0);
	ck_assert_int_eq(root->kind, YAML_MAPPING);
	ck_assert_uint_eq(root->count, 3);
	const struct yaml_node *a = root->first, *b = a->next, *c = b->next;
	ck_assert_str_eq(a->key, "a");
	ck_assert_str_eq(a->text, "1");
	ck_assert(a->plain);
	ck_assert_int_eq(a->key_line, 2);
	ck_assert_int_eq(a->key_column, 1);
	ck_assert_int_eq(a->column, 4);
	ck_assert_str_eq(a->source, file);
	ck_assert_int_eq(b->kind, YAML_LIST);
	ck_assert_uint_eq(b->count, 3);
	ck_assert(!yaml_is_null(b->first->next));
	ck_assert(yaml_is_null(b->first->next->next));
	ck_assert_str_eq(c->first->text, "\xc3\xa9");
	ck_assert(!c->first->plain);
	ck_assert_ptr_null(c->next);
}
END_TEST

START_TEST(an_empty_file_is_null)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n", "~\n" };
	for (size_t i = 0; i < 4; i++) {
		struct yaml_node *root;
		ck_assert_int_eq(decode(texts[i], strlen(texts[i]), &root), 0);
		ck_assert(yaml_is_null(root));
	}
}
END_TEST

static const struct {
	const char *text, *sentence;
} refused[] = {
	{ "a: &x 1\n", ":1:4: anchors are not supported (a string that starts with & needs quotes)" },
	{ "a: *x\n", ":1:4: aliases are not supported (a string that starts with * needs quotes)" },
	{ "a: !!str 1\n", ":1:4: tags are not supported (a string that starts with ! needs quotes)" },
	{ "a: ! 1\n", ":1:4: tags are not supported (a string that starts with ! needs quotes)" },
	{ "a: 1\nb: {c: 1, c: 2}\n", ":2:11: duplicate key 'c' (first defined on line 2)" },
	{ "a: 1\n---\nb: 1\n", ":2:1: only one YAML document is allowed" },
	{ "? [a]\n: 1\n", ":1:3: a key must be a string" },
	{ "a: \"\\0\"\n", ":1:4: a string must not contain a zero byte" },
	{ "a: [1\n", ":2:1: did not find expected ',' or ']', while parsing a flow sequence that starts at line 1" },
	{ "a: 1\n\tb: 2\n", ":2:1: tabs are not allowed in indentation; use spaces" },
	{ "a: \"\xc3\xa9\"\nb:\n\tc: 2\n", ":3:1: tabs are not allowed in indentation; use spaces" },
	{ "a: @b\n",
		":1:4: found character that cannot start any token, while scanning for the next token that starts at "
		"line 1" },
	{ "a: \xff\n", ":1:4: invalid leading UTF-8 octet" },
	{ "a: 1\nb: \x01\n", ":2:4: control characters are not allowed" },
};

START_TEST(unsupported_yaml_is_refused_with_its_line)
{
	struct yaml_node *root;
	ck_assert_int_eq(decode(refused[_i].text, strlen(refused[_i].text), &root), LYRE_EINVAL);
	ck_assert_str_eq(err.text + strlen(file), refused[_i].sentence);
}
END_TEST

static int nested(int depth)
{
	char text[2 * 100 + 1];
	struct yaml_node *root;
	memset(text, '[', (size_t)depth);
	memset(text + depth, ']', (size_t)depth);
	return decode(text, 2 * (size_t)depth, &root);
}

START_TEST(depth_size_and_values_are_limited)
{
	struct yaml_node *root;
	ck_assert_int_eq(nested(YAML_DEPTH_MAX + 1), 0);
	ck_assert_int_eq(nested(YAML_DEPTH_MAX + 2), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, ":1:34: nested more than 32 levels deep"));

	struct buf big;
	buf_init(&big);
	while (big.len <= YAML_SIZE_MAX)
		buf_add_str(&big, "# a comment as long as this one fills the file fast enough\n");
	ck_assert_int_eq(decode(big.data, big.len, &root), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "larger than 1048576 bytes"));

	buf_clear(&big);
	for (int i = 0; i < YAML_NODES_MAX; i++)
		buf_add_str(&big, "- 1\n");
	ck_assert_int_eq(decode(big.data, big.len, &root), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "more than 10000 values"));
	buf_free(&big);
}
END_TEST

START_TEST(a_source_without_lines_is_named)
{
	struct yaml_node *root;
	ck_assert_int_eq(yaml_decode(&arena, "--set a", "[1, *x]", 7, &root, &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "--set a: aliases are not supported (a string that starts with * needs quotes)");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_yaml");
	TCase *t = tcase_create("yaml");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, nodes_have_positions);
	tcase_add_test(t, an_empty_file_is_null);
	tcase_add_loop_test(t, unsupported_yaml_is_refused_with_its_line, 0, sizeof refused / sizeof *refused);
	tcase_add_test(t, depth_size_and_values_are_limited);
	tcase_add_test(t, a_source_without_lines_is_named);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
