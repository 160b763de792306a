/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_module.c
 * \brief lyre/module.h: settings, the log, lyre_run().
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const struct lyre_setting *declared(const char *key)
{
	const struct lyre_list *list = &fake.descriptor->settings;

	for (uint32_t i = 0; i < list->count; i++) {
		const struct lyre_setting *s = lyre_list_at(list, i);
		if (strcmp(s->key, key) == 0)
			return s;
	}
	return NULL;
}

/** A number with the unit of a size or a duration, as it would be in a file. */
static int64_t with_unit(const char *text, uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *unit;
		int64_t factor;
	} units[] = { { LYRE_S_SIZE, "K", 1024 }, { LYRE_S_SIZE, "M", 1024 * 1024 }, { LYRE_S_SIZE, "G", 1024 * 1024 * 1024 },
		{ LYRE_S_SIZE, "T", (int64_t)1024 * 1024 * 1024 * 1024 }, { LYRE_S_DURATION, "ms", 1 },
		{ LYRE_S_DURATION, "s", 1000 }, { LYRE_S_DURATION, "m", 60000 }, { LYRE_S_DURATION, "h", 3600000 },
		{ LYRE_S_DURATION, "d", 86400000 } };
	char *unit;
	int64_t n = strtoll(text, &unit, 10);

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].type == type && strcmp(unit, units[i].unit) == 0)
			return n * units[i].factor;
	if (unit == text || *unit)
		fake_die("'%s' is not a number with a unit that this setting has", text);
	return n;
}

int fake_is_setting(const char *key)
{
	return *key == '/' || declared(key) != NULL;
}

#define TYPE(t) (1u << (t))
#define INTEGERS (TYPE(LYRE_S_INT) | TYPE(LYRE_S_SIZE) | TYPE(LYRE_S_DURATION))

/** The function is for settings of these types, as in the server; of the server's own settings the fake host knows no types. */
static void for_types(const char *key, uint32_t types)
{
	const struct lyre_setting *s = declared(key);
	if (s && !(TYPE(s->type) & types))
		fake_die("the module reads the setting '%s' with the function for another type", key);
}

/** The value of a setting: what the test has set, or the default; NULL if it is null. */
static const lyre_value *setting(const char *key)
{
	const lyre_value *v = fake_get(fake.settings, key);
	const struct lyre_setting *s = declared(key);

	if (!v && *key == '/')
		fake_die("the module reads '%s': pass it to lyre_fake_start()", key);
	if (!s && *key != '/')
		fake_die("the module reads the setting '%s', which it does not declare", key);
	if (!v && s->fallback)
		v = s->type == LYRE_S_BOOL || s->type == LYRE_S_LIST || s->type == LYRE_S_NUMBER ?
			fake_parse(&fake.memory, s->fallback, strlen(s->fallback)) :
			fake_text_value(&fake.memory, s->fallback);
	return v && v->type != LYRE_NULL ? v : NULL;
}

static int setting_is_null(lyre_instance *self, const char *key)
{
	(void)self;
	return setting(key) == NULL;
}

static int64_t setting_int(lyre_instance *self, const char *key)
{
	const lyre_value *v = setting(key);
	const struct lyre_setting *s = declared(key);

	(void)self;
	for_types(key, INTEGERS);
	return v && v->type == LYRE_STRING ? with_unit(v->s, s ? s->type : LYRE_S_INT) : fake_value_api.value_int(v);
}

static double setting_number(lyre_instance *self, const char *key)
{
	const lyre_value *v = setting(key);

	for_types(key, INTEGERS | TYPE(LYRE_S_NUMBER));
	return v && v->type == LYRE_STRING ? (double)setting_int(self, key) : fake_value_api.value_double(v);
}

static int setting_bool(lyre_instance *self, const char *key)
{
	(void)self;
	for_types(key, TYPE(LYRE_S_BOOL));
	return fake_value_api.value_bool(setting(key));
}

static const char *setting_string(lyre_instance *self, const char *key)
{
	(void)self;
	for_types(key, TYPE(LYRE_S_STRING) | TYPE(LYRE_S_ENUM) | TYPE(LYRE_S_PATH));
	return fake_value_api.value_string(setting(key), NULL);
}

static const char *const *setting_list(lyre_instance *self, const char *key, size_t *count)
{
	const lyre_value *v = setting(key);
	const char **list;

	(void)self;
	for_types(key, TYPE(LYRE_S_LIST));
	*count = v && v->type == LYRE_ARRAY ? v->count : 0;
	list = fake_take(&fake.memory, (*count + 1) * sizeof *list);
	for (size_t i = 0; i < *count; i++)
		list[i] = fake_value_api.value_string(v->items[i], NULL);
	return list;
}

/** Sections of the server that are lists: none, unless the test passes an array. */
static size_t setting_count(lyre_instance *self, const char *key)
{
	const lyre_value *v = fake_get(self->settings, key);
	return v && v->type == LYRE_ARRAY ? v->count : 0;
}

static int start_vfail(lyre_instance *self, int code, const char *fmt, va_list ap)
{
	self->failure = fake_print(&self->memory, fmt, ap);
	return code;
}

static void vlog(lyre_instance *self, int level, const char *fmt, va_list ap)
{
	static const char *const words[] = { "notify", "fatal", "error", "warn", "info", "debug", "trace" };
	const char *text = fake_print(&self->memory, fmt, ap);

	if (level < 0 || level > LYRE_TRACE)
		fake_die("lyre_log() with the level %d", level);
	fake_add(&self->log, words[level], strlen(words[level]));
	fake_add(&self->log, ": ", 2);
	fake_add(&self->log, text, strlen(text));
	fake_add(&self->log, "\n", 1);
}

int fake_work(lyre_call *call, int (*work)(lyre_call *call, void *arg), void *arg)
{
	int rc = work(call, arg);
	const char *why = call->failure;

	if (rc == LYRE_PENDING)
		fake_die("%s: work returned LYRE_PENDING: write with lyre_write_wait()", call->operation);
	if (rc < 0 && !why)
		fake_die("%s: work returned %d, but set no failure with lyre_fail()", call->operation, rc);
	if (rc < 0 && fake.starting)
		fake.failure = fake_copy(&fake.memory, why, strlen(why));
	else if (rc < 0)
		lyre_log(&fake, LYRE_ERROR, "%s", why);
	return rc;
}

static int run(lyre_instance *self, int (*work)(lyre_call *call, void *arg), void *arg)
{
	lyre_call call;
	int rc;

	(void)self;
	fake_call_begin(&call, "lyre_run()");
	rc = fake_work(&call, work, arg);
	fake_call_end(&call);
	return rc;
}

const struct lyre_module_api fake_module_api = {
	.size = sizeof fake_module_api,
	.setting_is_null = setting_is_null,
	.setting_int = setting_int,
	.setting_number = setting_number,
	.setting_bool = setting_bool,
	.setting_string = setting_string,
	.setting_list = setting_list,
	.start_vfail = start_vfail,
	.run = run,
	.vlog = vlog,
	.setting_count = setting_count,
};
