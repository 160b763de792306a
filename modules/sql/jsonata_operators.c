/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_operators.c
 * \brief Binary operators.
 */
#include "jsonata.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>

struct jsonata_value *jsonata_wrong(struct jsonata_run *run)
{
	run->undefined = true;
	return NULL;
}

static double compute(enum jsonata_operator op, double a, double b)
{
	switch (op) {
	case JSONATA_ADD:
		return a + b;
	case JSONATA_SUBTRACT:
		return a - b;
	case JSONATA_MULTIPLY:
		return a * b;
	case JSONATA_DIVIDE:
		return a / b;
	default:
		return fmod(a, b);
	}
}

static bool is_number_or_nothing(const struct jsonata_value *v)
{
	return !v || v->type == JSONATA_NUMBER;
}

static struct jsonata_value *arithmetic(
	struct jsonata_run *run, enum jsonata_operator op, struct jsonata_value *a, struct jsonata_value *b)
{
	if (!is_number_or_nothing(a) || !is_number_or_nothing(b))
		return jsonata_wrong(run);
	if (!a || !b)
		return NULL;
	return jsonata_number(run, compute(op, a->number, b->number));
}

static int compare_texts(const struct jsonata_value *a, const struct jsonata_value *b)
{
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static struct jsonata_value *order(
	struct jsonata_run *run, enum jsonata_operator op, struct jsonata_value *a, struct jsonata_value *b)
{
	bool comparable =
		(is_number_or_nothing(a) || a->type == JSONATA_STRING) && (is_number_or_nothing(b) || b->type == JSONATA_STRING);
	if (!comparable || (a && b && a->type != b->type))
		return jsonata_wrong(run);
	if (!a || !b)
		return NULL;
	bool numbers = a->type == JSONATA_NUMBER;
	int way = numbers ? (a->number > b->number) - (a->number < b->number) : compare_texts(a, b);
	switch (op) {
	case JSONATA_LESS:
		return jsonata_boolean(run, way < 0);
	case JSONATA_LESS_EQUAL:
		return jsonata_boolean(run, way <= 0);
	case JSONATA_GREATER:
		return jsonata_boolean(run, way > 0);
	default:
		return jsonata_boolean(run, way >= 0);
	}
}

static bool is_in(struct jsonata_run *run, const struct jsonata_value *a, const struct jsonata_value *b)
{
	if (!a || !b)
		return false;
	if (b->type != JSONATA_ARRAY)
		return jsonata_equal(run, a, b);
	for (size_t i = 0; i < b->count && jsonata_goes_on(run); i++) {
		if (jsonata_equal(run, a, b->items[i]))
			return true;
	}
	return false;
}

static void put(sqlite3_str *out, const struct jsonata_value *v)
{
	if (jsonata_is(v, JSONATA_STRING))
		sqlite3_str_append(out, v->text, (int)v->len);
	else if (v)
		jsonata_write(out, v);
}

struct jsonata_value *jsonata_joined(
	struct jsonata_run *run, struct jsonata_value **items, size_t count, const struct jsonata_value *between)
{
	sqlite3_str *s = sqlite3_str_new(NULL);
	for (size_t i = 0; i < count; i++) {
		if (i)
			put(s, between);
		put(s, items[i]);
	}
	size_t len = (size_t)sqlite3_str_length(s);
	run->failed = run->failed || sqlite3_str_errcode(s) != SQLITE_OK;
	char *built = sqlite3_str_finish(s), *text = jsonata_alloc(run, len + 1);
	if (text && built)
		memcpy(text, built, len);
	sqlite3_free(built);
	return text ? jsonata_string(run, text, len) : NULL;
}

struct jsonata_value *jsonata_operate(
	struct jsonata_run *run, enum jsonata_operator op, struct jsonata_value *left, struct jsonata_value *right)
{
	switch (op) {
	case JSONATA_EQUAL:
		return jsonata_boolean(run, left && right && jsonata_equal(run, left, right));
	case JSONATA_UNEQUAL:
		return jsonata_boolean(run, left && right && !jsonata_equal(run, left, right));
	case JSONATA_LESS:
	case JSONATA_LESS_EQUAL:
	case JSONATA_GREATER:
	case JSONATA_GREATER_EQUAL:
		return order(run, op, left, right);
	case JSONATA_IN:
		return jsonata_boolean(run, is_in(run, left, right));
	case JSONATA_AND:
	case JSONATA_OR:
		return jsonata_boolean(run, jsonata_is_true(run, right));
	case JSONATA_JOIN:
		return jsonata_joined(run, (struct jsonata_value *[]){ left, right }, 2, NULL);
	default:
		return arithmetic(run, op, left, right);
	}
}
