/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_value.c
 * \brief Values of an evaluation, and their memory.
 */
#include "jsonata.h"
#include "sql_limits.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>

#define BLOCK 4096
/** Number of steps between two checks of the limits. */
#define STEPS 1024

/** The alignment of everything stored here: SQLite guarantees this one, but not that of max_align_t. */
union unit {
	void *pointer;
	double number;
	int64_t integer;
};

struct jsonata_block {
	struct jsonata_block *next;
	size_t used, size;
	union unit bytes[];
};

static struct jsonata_block *add_block(struct jsonata_run *run, size_t size)
{
	size_t room = size > BLOCK ? size : BLOCK;
	struct jsonata_block *b = run->failed ? NULL : sqlite3_malloc64(sizeof *b + room);
	if (!b) {
		run->failed = true;
		return NULL;
	}
	*b = (struct jsonata_block){ .next = run->blocks, .size = room };
	run->blocks = b;
	return b;
}

void *jsonata_alloc(struct jsonata_run *run, size_t size)
{
	size_t whole = (size + sizeof(union unit) - 1) / sizeof(union unit) * sizeof(union unit);
	struct jsonata_block *b = run->blocks;
	if (!b || b->size - b->used < whole)
		b = add_block(run, whole);
	if (!b)
		return NULL;
	void *p = (char *)b->bytes + b->used;
	b->used += whole;
	return memset(p, 0, size);
}

void jsonata_free(struct jsonata_run *run)
{
	for (struct jsonata_block *b = run->blocks, *next; b; b = next) {
		next = b->next;
		sqlite3_free(b);
	}
	run->blocks = NULL;
}

bool jsonata_goes_on(struct jsonata_run *run)
{
	if (++run->steps % STEPS == 0 && sql_limits_stopped())
		run->failed = true;
	return !run->failed && !run->undefined;
}

struct jsonata_value *jsonata_new(struct jsonata_run *run, enum jsonata_type type)
{
	struct jsonata_value *v = jsonata_alloc(run, sizeof *v);
	if (v)
		v->type = type;
	return v;
}

struct jsonata_value *jsonata_number(struct jsonata_run *run, double number)
{
	struct jsonata_value *v = isnan(number) ? NULL : jsonata_new(run, JSONATA_NUMBER);
	if (v)
		v->number = number;
	return v;
}

struct jsonata_value *jsonata_boolean(struct jsonata_run *run, bool truth)
{
	struct jsonata_value *v = jsonata_new(run, JSONATA_BOOLEAN);
	if (v)
		v->truth = truth;
	return v;
}

struct jsonata_value *jsonata_string(struct jsonata_run *run, const char *text, size_t len)
{
	struct jsonata_value *v = jsonata_new(run, JSONATA_STRING);
	if (v) {
		v->text = text;
		v->len = len;
	}
	return v;
}

struct jsonata_value *jsonata_sequence(struct jsonata_run *run)
{
	struct jsonata_value *v = jsonata_new(run, JSONATA_ARRAY);
	if (v)
		v->sequence = true;
	return v;
}

/** Copies pointers to a larger array. */
static struct jsonata_value **wider(struct jsonata_run *run, struct jsonata_value **items, size_t count, size_t room)
{
	struct jsonata_value **more = jsonata_alloc(run, room * sizeof *more);
	if (more && count)
		memcpy(more, items, count * sizeof *more);
	return more;
}

/** \return false if the run has failed */
static bool make_room(struct jsonata_run *run, struct jsonata_value *v)
{
	size_t room = v->room ? v->room * 2 : 4;
	if (v->count < v->room)
		return true;
	struct jsonata_value **items = wider(run, v->items, v->count, room), **names = v->names;
	if (items && v->type == JSONATA_OBJECT)
		names = wider(run, v->names, v->count, room);
	if (run->failed)
		return false;
	v->items = items;
	v->names = names;
	v->room = room;
	return true;
}

void jsonata_push(struct jsonata_run *run, struct jsonata_value *array, struct jsonata_value *item)
{
	if (array && item && make_room(run, array))
		array->items[array->count++] = item;
}

void jsonata_append(struct jsonata_run *run, struct jsonata_value *array, struct jsonata_value *v)
{
	if (!jsonata_is(v, JSONATA_ARRAY)) {
		jsonata_push(run, array, v);
		return;
	}
	for (size_t i = 0; i < v->count && jsonata_goes_on(run); i++)
		jsonata_push(run, array, v->items[i]);
}

void jsonata_set(struct jsonata_run *run, struct jsonata_value *object, struct jsonata_value *name, struct jsonata_value *v)
{
	if (!object || !name || !v || !make_room(run, object))
		return;
	object->names[object->count] = name;
	object->items[object->count++] = v;
}

struct jsonata_value *jsonata_member(const struct jsonata_value *object, const char *name, size_t len)
{
	for (size_t i = object->count; i > 0; i--) { /* of several with the same name, the last counts */
		const struct jsonata_value *n = object->names[i - 1];
		if (n->len == len && !memcmp(n->text, name, len))
			return object->items[i - 1];
	}
	return NULL;
}

static bool equal_objects(struct jsonata_run *run, const struct jsonata_value *a, const struct jsonata_value *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct jsonata_value *other = jsonata_member(b, a->names[i]->text, a->names[i]->len);
		if (!other || !jsonata_equal(run, a->items[i], other))
			return false;
	}
	return a->count == b->count;
}

static bool equal_arrays(struct jsonata_run *run, const struct jsonata_value *a, const struct jsonata_value *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (!jsonata_equal(run, a->items[i], b->items[i]))
			return false;
	}
	return a->count == b->count;
}

bool jsonata_equal(struct jsonata_run *run, const struct jsonata_value *a, const struct jsonata_value *b)
{
	if (a->type != b->type || !jsonata_goes_on(run))
		return false;
	switch (a->type) {
	case JSONATA_BOOLEAN:
		return a->truth == b->truth;
	case JSONATA_NUMBER:
		return a->number <= b->number && a->number >= b->number;
	case JSONATA_STRING:
		return a->len == b->len && !memcmp(a->text, b->text, a->len);
	case JSONATA_ARRAY:
		return equal_arrays(run, a, b);
	case JSONATA_OBJECT:
		return equal_objects(run, a, b);
	default:
		return true;
	}
}

bool jsonata_is_true(struct jsonata_run *run, const struct jsonata_value *v)
{
	if (!v)
		return false;
	switch (v->type) {
	case JSONATA_BOOLEAN:
		return v->truth;
	case JSONATA_NUMBER:
		return v->number < 0 || v->number > 0;
	case JSONATA_STRING:
		return v->len > 0;
	case JSONATA_OBJECT:
		return v->count > 0;
	case JSONATA_ARRAY:
		for (size_t i = 0; i < v->count && jsonata_goes_on(run); i++) {
			if (jsonata_is_true(run, v->items[i]))
				return true;
		}
		return false;
	default:
		return false;
	}
}
