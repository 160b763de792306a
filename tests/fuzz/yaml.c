/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file yaml.c
 * \brief A configuration file: accepted, or refused with a message.
 */
#include "fuzz.h"

#include "config/config.h"

#include <unistd.h>

static int count(void *ctx, const struct config_item *item)
{
	size_t *n = ctx;
	must(item->key && item->setting);
	++*n;
	return 0;
}

static void use(struct config *c)
{
	const struct config_module *modules;
	struct err e = { 0 };
	size_t n = 0, settings = 0;
	if (config_modules(c, "schema data", &modules, &n, &e) == 0)
		for (size_t i = 0; i < n; i++)
			must(modules[i].name);
	config_declare_module(c, "data", (struct lyre_list){ 0 }, &e);
	config_check_unknown(c, &e);
	config_warnings(c, &n);
	must(config_each(c, count, &settings) == 0 && settings > 10);
	must(config_path(c, "storage.path"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path;
	int fd = fuzz_file(data, size, &path);
	struct config_sources sources = { .file = path };
	struct config *c = NULL;
	struct err e = { 0 };
	int rc = config_load(&c, &sources, &e);
	must(rc == e.code && (rc == 0 || *e.text));
	if (!rc)
		use(c);
	config_free(c);
	close(fd);
	return 0;
}
