/* SPDX-License-Identifier: Apache-2.0 */
/* The files of etc/: they load, and lyre.yaml shows every setting as declared. */
#include "unit.h"

#include "base/buf.h"
#include "config/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
	static char path[4096];
	const char *top = getenv("TOP_SRCDIR");
	snprintf(path, sizeof path, "%s/etc/%s", top ? top : ".", name);
	return path;
}

static struct config *load(const char *path)
{
	struct config *c;
	struct err err = { 0 };
	struct config_sources s = { .file = path };
	int rc = config_load(&c, &s, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return c;
}

/* Reads lyre.yaml, optionally without the '#' before every setting. */
static void read_file(struct buf *b, bool uncomment)
{
	char line[500];
	FILE *f = fopen(path_of("lyre.yaml"), "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		size_t blanks = strspn(line, " ");
		if (uncomment && line[blanks] == '#' && isalpha((unsigned char)line[blanks + 1]))
			memmove(line + blanks, line + blanks + 1, strlen(line + blanks));
		/* As make install does. */
		bool root = uncomment && strncmp(line, "rootPath:", 9) == 0;
		buf_add_str(b, root ? "rootPath: " ROOTDIR "\n" : line);
	}
	fclose(f);
}

START_TEST(the_files_of_etc_load_without_warnings)
{
	static const char *const names[] = { "lyre.yaml", "minimal.yaml" };
	for (size_t i = 0; i < 2; i++) {
		size_t warnings;
		struct config *c = load(path_of(names[i]));
		config_warnings(c, &warnings);
		ck_assert_uint_eq(warnings, 0);
		config_free(c);
	}
}
END_TEST

static void same_value(const struct config *a, const struct config *b, const struct config_item *item)
{
	size_t na, nb;
	ck_assert_msg(config_is_null(a, item->key) == config_is_null(b, item->key), "%s", item->key);
	switch (item->setting->type) {
	case LYRE_S_INT:
	case LYRE_S_SIZE:
	case LYRE_S_DURATION:
		ck_assert_msg(config_int(a, item->key) == config_int(b, item->key), "%s", item->key);
		break;
	case LYRE_S_BOOL:
		ck_assert_msg(config_bool(a, item->key) == config_bool(b, item->key), "%s", item->key);
		break;
	case LYRE_S_STRING:
	case LYRE_S_ENUM:
	case LYRE_S_PATH:
		if (!config_is_null(a, item->key))
			ck_assert_str_eq(config_string(a, item->key), config_string(b, item->key));
		break;
	case LYRE_S_LIST:
		config_list(a, item->key, &na);
		config_list(b, item->key, &nb);
		ck_assert_msg(na == nb, "%s", item->key);
		break;
	default:
		break;
	}
}

struct shown {
	const struct config *file, *defaults;
	const char *text;
};

static int is_shown(void *ctx, const struct config_item *item)
{
	const struct shown *s = ctx;
	ck_assert_msg(item->source == CONFIG_FILE && item->line > 0, "etc/lyre.yaml does not show %s", item->key);
	ck_assert_msg(strstr(s->text, item->setting->help) != NULL, "etc/lyre.yaml does not say of %s: %s", item->key,
		item->setting->help);
	same_value(s->file, s->defaults, item);
	return 0;
}

START_TEST(lyre_yaml_shows_every_setting)
{
	char path[] = "/tmp/lyre-config-XXXXXX";
	struct buf text;
	buf_init(&text);
	read_file(&text, true);
	FILE *f = fdopen(mkstemp(path), "w");
	ck_assert_ptr_nonnull(f);
	fwrite(text.data, 1, text.len, f);
	fclose(f);
	struct config_sources none = { 0 };
	struct config *file = load(path), *defaults;
	unlink(path);
	ck_assert_int_eq(config_load(&defaults, &none, NULL), 0);
	struct shown s = { file, defaults, buf_cstr(&text) };
	ck_assert_int_eq(config_each(file, is_shown, &s), 0);
	config_free(file);
	config_free(defaults);
	buf_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_files");
	TCase *t = tcase_create("etc");
	tcase_add_test(t, the_files_of_etc_load_without_warnings);
	tcase_add_test(t, lyre_yaml_shows_every_setting);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
