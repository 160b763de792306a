/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file drop_ins_fixture.h
 * \brief A configuration file with a folder of drop-ins.
 */
#ifndef DROP_INS_FIXTURE_H
#define DROP_INS_FIXTURE_H

#include "config_fixture.h"

#include <dirent.h>
#include <fcntl.h>

static struct config *config;
static char drop_ins[140];

UNUSED static void begin_drop_ins(void)
{
	begin();
	snprintf(drop_ins, sizeof drop_ins, "%s.d", file);
	ck_assert_int_eq(mkdir(drop_ins, 0755), 0);
	config = NULL;
}

UNUSED static void end_drop_ins(void)
{
	config_free(config);
	DIR *d = opendir(drop_ins);
	for (const struct dirent *f; (f = readdir(d));)
		if (unlinkat(dirfd(d), f->d_name, 0))
			unlinkat(dirfd(d), f->d_name, AT_REMOVEDIR);
	closedir(d);
	rmdir(drop_ins);
	end();
}

UNUSED static const char *path_of(const char *name)
{
	static char path[300];
	snprintf(path, sizeof path, "%s/%s", drop_ins, name);
	return path;
}

UNUSED static void drop(const char *name, const char *text)
{
	put(path_of(name), text);
}

/* Like load() of the fixture, for what may be refused; modules other than mine have no settings. */
UNUSED static int try_load(const char *text, const char *set, char *variable)
{
	const struct config_module *modules;
	size_t count;
	char *environment[] = { variable, NULL };
	struct config_sources s = { .file = file, .sets = &set, .set_count = set ? 1 : 0, .environ = environment };
	put(file, text);
	int rc = config_load(&config, &s, &err);
	if (!rc)
		rc = config_modules(config, "plain mine", &modules, &count, &err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = config_declare_module(
			config, modules[i].name, !strcmp(modules[i].name, "mine") ? module_list : (struct lyre_list){ 0 }, &err);
	return rc ? rc : config_check_unknown(config, &err);
}

UNUSED static void load_well(const char *text)
{
	int rc = try_load(text, NULL, NULL);
	ck_assert_msg(!rc, "%s", err.text);
}

/* The message without the folder. */
UNUSED static const char *told(void)
{
	ck_assert_msg(!strncmp(err.text, folder, strlen(folder)), "%s", err.text);
	return err.text + strlen(folder) + 1;
}

UNUSED static void check_refused(const char *text, const char *sentence)
{
	ck_assert_int_lt(try_load(text, NULL, NULL), 0);
	ck_assert_str_eq(told(), sentence);
}

#endif
