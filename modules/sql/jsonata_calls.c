/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_calls.c
 * \brief The functions that expressions can call.
 */
#include "jsonata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** \return the items of an array, or a single value as one item; *count is 0 for an undefined value */
static struct jsonata_value **items_of(struct jsonata_value **v, size_t *count)
{
	*count = *v ? 1 : 0;
	if (!jsonata_is(*v, JSONATA_ARRAY))
		return v;
	*count = (*v)->count;
	return (*v)->items;
}

static struct jsonata_value *count(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	size_t n;
	(void)given;
	items_of(&args[0], &n);
	return jsonata_number(run, (double)n);
}

/** \return false if an item is not a number, so that the result is undefined, or if the run has failed */
static bool are_numbers(struct jsonata_run *run, struct jsonata_value *const *items, size_t n)
{
	for (size_t i = 0; i < n && jsonata_goes_on(run); i++) {
		if (items[i]->type != JSONATA_NUMBER)
			jsonata_wrong(run);
	}
	return jsonata_goes_on(run);
}

static double total(struct jsonata_value *const *items, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += items[i]->number;
	return sum;
}

static struct jsonata_value *sum(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	size_t n;
	struct jsonata_value **items = items_of(&args[0], &n);
	(void)given;
	return args[0] && are_numbers(run, items, n) ? jsonata_number(run, total(items, n)) : NULL;
}

static struct jsonata_value *average(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	size_t n;
	struct jsonata_value **items = items_of(&args[0], &n);
	(void)given;
	return n && are_numbers(run, items, n) ? jsonata_number(run, total(items, n) / (double)n) : NULL;
}

static struct jsonata_value *extreme(struct jsonata_run *run, struct jsonata_value **args, bool greatest)
{
	size_t n;
	struct jsonata_value **items = items_of(&args[0], &n);
	if (!n || !are_numbers(run, items, n))
		return NULL;
	double found = items[0]->number;
	for (size_t i = 1; i < n; i++)
		found = greatest ? fmax(found, items[i]->number) : fmin(found, items[i]->number);
	return jsonata_number(run, found);
}

static struct jsonata_value *max(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	return extreme(run, args, true);
}

static struct jsonata_value *min(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	return extreme(run, args, false);
}

static struct jsonata_value *exists(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	return jsonata_boolean(run, args[0] != NULL);
}

static struct jsonata_value * not(struct jsonata_run * run, struct jsonata_value **args, size_t given)
{
	(void)given;
	return args[0] ? jsonata_boolean(run, !jsonata_is_true(run, args[0])) : NULL;
}

static struct jsonata_value *boolean(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	return args[0] ? jsonata_boolean(run, jsonata_is_true(run, args[0])) : NULL;
}

static struct jsonata_value *string(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	return jsonata_is(args[0], JSONATA_STRING) || !args[0] ? args[0] : jsonata_joined(run, args, 1, NULL);
}

static struct jsonata_value *number(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	if (!args[0] || args[0]->type == JSONATA_NUMBER)
		return args[0];
	if (args[0]->type == JSONATA_BOOLEAN)
		return jsonata_number(run, args[0]->truth);
	struct jsonata_value *v = args[0]->type == JSONATA_STRING ? jsonata_read(run, args[0]->text, args[0]->len) : NULL;
	return jsonata_is(v, JSONATA_NUMBER) ? jsonata_number(run, v->number) : jsonata_wrong(run);
}

static struct jsonata_value *length(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	size_t n = 0;
	(void)given;
	if (!args[0])
		return NULL;
	if (args[0]->type != JSONATA_STRING)
		return jsonata_wrong(run);
	for (size_t i = 0; i < args[0]->len; i++)
		n += ((unsigned char)args[0]->text[i] & 0xc0) != 0x80;
	return jsonata_number(run, (double)n);
}

static struct jsonata_value *contains(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	if ((args[0] && args[0]->type != JSONATA_STRING) || (args[1] && args[1]->type != JSONATA_STRING))
		return jsonata_wrong(run);
	if (!args[0] || !args[1])
		return NULL;
	return jsonata_boolean(run, !args[1]->len || memmem(args[0]->text, args[0]->len, args[1]->text, args[1]->len));
}

static struct jsonata_value *join(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	size_t n;
	struct jsonata_value **items = items_of(&args[0], &n);
	if (!args[0])
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (items[i]->type != JSONATA_STRING)
			return jsonata_wrong(run);
	}
	if (given > 1 && args[1] && args[1]->type != JSONATA_STRING)
		return jsonata_wrong(run);
	return jsonata_joined(run, items, n, given > 1 ? args[1] : NULL);
}

/** The names in an object, or in all objects of an array, each once. */
static struct jsonata_value *keys(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	size_t n;
	struct jsonata_value **items = items_of(&args[0], &n), *seen = jsonata_new(run, JSONATA_OBJECT);
	struct jsonata_value *names = jsonata_sequence(run);
	(void)given;
	for (size_t i = 0; i < n && seen; i++) {
		for (size_t k = 0; items[i]->type == JSONATA_OBJECT && k < items[i]->count && jsonata_goes_on(run); k++) {
			struct jsonata_value *name = items[i]->names[k];
			if (jsonata_member(seen, name->text, name->len))
				continue;
			jsonata_set(run, seen, name, name);
			jsonata_push(run, names, name);
		}
	}
	return names;
}

static bool has(struct jsonata_run *run, const struct jsonata_value *array, const struct jsonata_value *v)
{
	for (size_t i = 0; i < array->count && jsonata_goes_on(run); i++) {
		if (jsonata_equal(run, array->items[i], v))
			return true;
	}
	return false;
}

static struct jsonata_value *distinct(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	if (!jsonata_is(args[0], JSONATA_ARRAY) || args[0]->count < 2)
		return args[0];
	struct jsonata_value *result = jsonata_new(run, JSONATA_ARRAY);
	if (result)
		result->sequence = args[0]->sequence;
	for (size_t i = 0; result && i < args[0]->count && jsonata_goes_on(run); i++) {
		if (!has(run, result, args[0]->items[i]))
			jsonata_push(run, result, args[0]->items[i]);
	}
	return result;
}

static struct jsonata_value *append(struct jsonata_run *run, struct jsonata_value **args, size_t given)
{
	(void)given;
	if (!args[0] || !args[1])
		return args[0] ? args[0] : args[1];
	struct jsonata_value *result = jsonata_new(run, JSONATA_ARRAY);
	jsonata_append(run, result, args[0]);
	jsonata_append(run, result, args[1]);
	return result;
}

/** Sorted by name. */
static const struct jsonata_function functions[] = {
	{ "append", 2, 2, false, append },
	{ "average", 1, 1, false, average },
	{ "boolean", 1, 1, true, boolean },
	{ "contains", 2, 2, true, contains },
	{ "count", 1, 1, false, count },
	{ "distinct", 1, 1, false, distinct },
	{ "exists", 1, 1, false, exists },
	{ "join", 1, 2, false, join },
	{ "keys", 1, 1, true, keys },
	{ "length", 1, 1, true, length },
	{ "max", 1, 1, false, max },
	{ "min", 1, 1, false, min },
	{ "not", 1, 1, true, not },
	{ "number", 1, 1, true, number },
	{ "string", 1, 1, true, string },
	{ "sum", 1, 1, false, sum },
};

const struct jsonata_function *jsonata_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		if (strlen(functions[i].name) == len && !memcmp(functions[i].name, name, len))
			return &functions[i];
	}
	return NULL;
}
