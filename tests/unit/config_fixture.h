/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config_fixture.h
 * \brief A configuration file in a folder of its own, and short functions for what tests do with it.
 */
#ifndef CONFIG_FIXTURE_H
#define CONFIG_FIXTURE_H

#include "unit_json.h"

#include "config/config.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static char folder[64], file[128];
static struct err err;
static char noted[1000];

static const struct lyre_setting module_settings[] = {
	{ "word", LYRE_S_ENUM, LYRE_SF_LIVE, "one", "one two", .help = "A word." },
	{ "deep.size", LYRE_S_SIZE, LYRE_SF_NULL, NULL, .help = "A size." },
	{ "secret", LYRE_S_STRING, LYRE_SF_SECRET | LYRE_SF_NULL, NULL, .help = "A secret." },
};
static const struct lyre_list module_list = { module_settings, 3, sizeof *module_settings };

UNUSED static void begin(void)
{
	snprintf(folder, sizeof folder, "/tmp/lyre-config-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/lyre.yaml", folder);
	err = (struct err){ 0 };
	noted[0] = '\0';
}

UNUSED static void end(void)
{
	char left[200];
	unlink(file);
	snprintf(left, sizeof left, "%s/real.yaml", folder);
	unlink(left);
	/* no other file may be left */
	ck_assert_msg(rmdir(folder) == 0, "%s holds more than its file", folder);
}

UNUSED static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fwrite(text, 1, strlen(text), f);
	fclose(f);
}

UNUSED static const char *get(void)
{
	static char text[100000];
	FILE *f = fopen(file, "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

/* Like the server: two modules, one of them with settings. */
UNUSED static struct config *load_sources(const struct config_sources *s)
{
	struct config *c;
	const struct config_module *modules;
	size_t count;
	int rc = config_load(&c, s, &err);
	ck_assert_msg(!rc, "%s", err.text);
	rc = config_modules(c, "plain mine", &modules, &count, &err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = config_declare_module(
			c, modules[i].name, !strcmp(modules[i].name, "mine") ? module_list : (struct lyre_list){ 0 }, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return c;
}

UNUSED static struct config *load(void)
{
	struct config_sources s = { .file = file };
	return load_sources(&s);
}

UNUSED static void note(void *ctx, const char *key, const char *over, bool inert)
{
	(void)ctx;
	(void)inert;
	size_t len = strlen(noted);
	snprintf(noted + len, sizeof noted - len, "%s:%s ", key, over ? over : "file");
}

UNUSED static int set_in(struct config *c, const char *json)
{
	struct arena a;
	lyre_value v;
	arena_init(&a);
	err = (struct err){ 0 };
	ck_assert_int_eq(json_read(&a, json, &v, &err), 0);
	int rc = config_set(c, &v, false, note, NULL, &err);
	arena_free(&a);
	return rc;
}

UNUSED static int set(const char *json)
{
	struct config *c = load();
	int rc = set_in(c, json);
	config_free(c);
	return rc;
}

#endif
