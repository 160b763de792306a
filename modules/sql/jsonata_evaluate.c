/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_evaluate.c
 * \brief Evaluates nodes: paths map over arrays, filters select items, and a sequence of one result becomes that result.
 */
#include "jsonata.h"

#include <math.h>

/** Maximum nesting of nodes, each of which takes stack space. */
#define NESTED_MAX 200

static struct jsonata_value *evaluate_whole(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v);

/* ---- names ---- */

/** The member of an object, or those of all objects in an array. */
static struct jsonata_value *look_up(struct jsonata_run *run, struct jsonata_value *v, const struct jsonata_value *name)
{
	if (jsonata_is(v, JSONATA_OBJECT))
		return jsonata_member(v, name->text, name->len);
	if (!jsonata_is(v, JSONATA_ARRAY))
		return NULL;
	struct jsonata_value *found = jsonata_sequence(run);
	for (size_t i = 0; i < v->count && jsonata_goes_on(run); i++)
		jsonata_append(run, found, look_up(run, v->items[i], name));
	return found;
}

/** Adds the items of an array and of arrays nested in it. */
static void flatten(struct jsonata_run *run, struct jsonata_value *into, struct jsonata_value *v)
{
	if (!jsonata_is(v, JSONATA_ARRAY)) {
		jsonata_push(run, into, v);
		return;
	}
	for (size_t i = 0; i < v->count && jsonata_goes_on(run); i++)
		flatten(run, into, v->items[i]);
}

/** All items or members of a value; if one was an array, even a single result is in an array. */
static struct jsonata_value *wildcard(struct jsonata_run *run, struct jsonata_value *v)
{
	struct jsonata_value *found = jsonata_sequence(run);
	bool nested = jsonata_is(v, JSONATA_ARRAY) || jsonata_is(v, JSONATA_OBJECT);
	for (size_t i = 0; found && nested && i < v->count && jsonata_goes_on(run); i++) {
		found->sequence = found->sequence && v->items[i]->type != JSONATA_ARRAY;
		flatten(run, found, v->items[i]);
	}
	return found;
}

/** Adds the value and everything in it, except for arrays. */
static void descend(struct jsonata_run *run, struct jsonata_value *found, struct jsonata_value *v)
{
	if (!v)
		return;
	if (v->type != JSONATA_ARRAY)
		jsonata_push(run, found, v);
	for (size_t i = 0; (v->type == JSONATA_ARRAY || v->type == JSONATA_OBJECT) && i < v->count && jsonata_goes_on(run); i++)
		descend(run, found, v->items[i]);
}

/* ---- filters ---- */

/** Whether a number, or one of an array of numbers, is the index of an item; negative ones count from the end. */
static bool is_place(struct jsonata_run *run, const struct jsonata_value *n, size_t at, size_t count)
{
	if (n->type == JSONATA_ARRAY) {
		for (size_t i = 0; i < n->count && jsonata_goes_on(run); i++) {
			if (is_place(run, n->items[i], at, count))
				return true;
		}
		return false;
	}
	double place = floor(n->number);
	double wanted = place < 0 ? (double)count + place : place;
	return !(wanted < (double)at) && !(wanted > (double)at);
}

static bool are_numbers(struct jsonata_run *run, const struct jsonata_value *v)
{
	if (!jsonata_is(v, JSONATA_ARRAY))
		return jsonata_is(v, JSONATA_NUMBER);
	for (size_t i = 0; i < v->count; i++) {
		if (v->items[i]->type != JSONATA_NUMBER || !jsonata_goes_on(run))
			return false;
	}
	return v->count > 0;
}

/** The items at an index, or at an array of indexes; if the first is an array, it is the result. */
static struct jsonata_value *item_at(struct jsonata_run *run, const struct jsonata_value *place, struct jsonata_value *all)
{
	struct jsonata_value *kept = jsonata_sequence(run);
	for (size_t i = 0; i < all->count && jsonata_goes_on(run); i++) {
		if (is_place(run, place, i, all->count))
			jsonata_push(run, kept, all->items[i]);
	}
	return kept && kept->count && kept->items[0]->type == JSONATA_ARRAY ? kept->items[0] : kept;
}

static struct jsonata_value *filter(struct jsonata_run *run, const struct jsonata_node *condition, struct jsonata_value *v)
{
	struct jsonata_value *kept = jsonata_sequence(run), *all = v;
	if (!v)
		return NULL;
	if (v->type != JSONATA_ARRAY) {
		all = jsonata_sequence(run);
		jsonata_push(run, all, v);
	}
	if (all && condition->kind == JSONATA_LITERAL && jsonata_is(condition->value, JSONATA_NUMBER))
		return item_at(run, condition->value, all);
	for (size_t i = 0; all && i < all->count && jsonata_goes_on(run); i++) {
		struct jsonata_value *result = evaluate_whole(run, condition, all->items[i]);
		if (are_numbers(run, result) ? is_place(run, result, i, all->count) : jsonata_is_true(run, result))
			jsonata_push(run, kept, all->items[i]);
	}
	return kept;
}

static struct jsonata_value *filter_all(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	for (size_t i = 0; i < n->filters.count; i++)
		v = filter(run, n->filters.items[i], v);
	return v;
}

/** A sequence of one becomes its item, and an empty one NULL. */
static struct jsonata_value *unwrap(struct jsonata_value *v, bool keeps)
{
	if (!jsonata_is(v, JSONATA_ARRAY) || !v->sequence)
		return v;
	if (!v->count)
		return NULL;
	return v->count == 1 && !keeps ? v->items[0] : v;
}

/* ---- paths ---- */

static struct jsonata_value *evaluate_node(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v);

/** The result of a path step for one item. */
static struct jsonata_value *step_from(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *item)
{
	struct jsonata_value *v = evaluate_node(run, n, item);
	if (v && n->kind == JSONATA_LIST)
		v->kept = true;
	return filter_all(run, n, unwrap(v, n->keeps));
}

static struct jsonata_value *take_step(
	struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *from, bool is_last)
{
	struct jsonata_value *found = jsonata_sequence(run), *all = jsonata_sequence(run);
	for (size_t i = 0; jsonata_is(from, JSONATA_ARRAY) && i < from->count && jsonata_goes_on(run); i++)
		jsonata_push(run, found, step_from(run, n, from->items[i]));
	if (!found || !all)
		return NULL;
	if (is_last && found->count == 1 && found->items[0]->type == JSONATA_ARRAY && !found->items[0]->sequence)
		return found->items[0];
	for (size_t i = 0; i < found->count && jsonata_goes_on(run); i++) {
		if (found->items[i]->kept)
			jsonata_push(run, all, found->items[i]);
		else
			jsonata_append(run, all, found->items[i]);
	}
	return all;
}

static struct jsonata_value *follow(struct jsonata_run *run, const struct jsonata_node *path, struct jsonata_value *v)
{
	const struct jsonata_nodes *steps = &path->parts;
	enum jsonata_kind first = steps->items[0]->kind;
	struct jsonata_value *at = v;
	if (!jsonata_is(v, JSONATA_ARRAY) || v == run->whole || first == JSONATA_CONTEXT || first == JSONATA_ROOT) {
		at = jsonata_sequence(run);
		jsonata_push(run, at, v);
	}
	for (size_t i = 0; i < steps->count && at && (!i || !jsonata_is(at, JSONATA_ARRAY) || at->count) && jsonata_goes_on(run);
		i++) {
		if (i == 0 && first == JSONATA_LIST)
			at = evaluate_whole(run, steps->items[i], v);
		else
			at = take_step(run, steps->items[i], at, i + 1 == steps->count);
	}
	return at;
}

/* ---- constructors ---- */

static struct jsonata_value *list(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	struct jsonata_value *array = jsonata_new(run, JSONATA_ARRAY);
	for (size_t i = 0; i < n->parts.count && jsonata_goes_on(run); i++) {
		struct jsonata_value *item = evaluate_whole(run, n->parts.items[i], v);
		if (n->parts.items[i]->kind == JSONATA_LIST)
			jsonata_push(run, array, item);
		else
			jsonata_append(run, array, item);
	}
	return array;
}

/** {"a": b}: evaluated once for all items of an array; a single item is used directly. */
static struct jsonata_value *record(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	struct jsonata_value *object = jsonata_new(run, JSONATA_OBJECT), *whole = run->whole;
	if (jsonata_is(v, JSONATA_ARRAY) && v != whole && v->count < 2)
		v = v->count ? v->items[0] : NULL;
	run->whole = NULL;
	for (size_t i = 0; i + 1 < n->parts.count && jsonata_goes_on(run); i += 2)
		jsonata_set(run, object, n->parts.items[i]->value, evaluate_whole(run, n->parts.items[i + 1], v));
	run->whole = whole;
	return object;
}

static struct jsonata_value *call(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	struct jsonata_value *args[4] = { NULL };
	size_t count = 0;
	if (n->function->context && n->parts.count < n->function->least)
		args[count++] = v;
	for (size_t i = 0; i < n->parts.count && jsonata_goes_on(run); i++)
		args[count++] = evaluate_whole(run, n->parts.items[i], v);
	return jsonata_goes_on(run) ? n->function->call(run, args, count) : NULL;
}

static struct jsonata_value *binary(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	struct jsonata_value *left = evaluate_whole(run, n->parts.items[0], v);
	bool decided = (n->op == JSONATA_AND && !jsonata_is_true(run, left)) || (n->op == JSONATA_OR && jsonata_is_true(run, left));
	if (decided || !jsonata_goes_on(run))
		return jsonata_boolean(run, n->op == JSONATA_OR);
	return jsonata_operate(run, n->op, left, evaluate_whole(run, n->parts.items[1], v));
}

static struct jsonata_value *negative(struct jsonata_run *run, struct jsonata_value *v)
{
	if (!v)
		return NULL;
	return v->type == JSONATA_NUMBER ? jsonata_number(run, -v->number) : jsonata_wrong(run);
}

static struct jsonata_value *choice(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	size_t chosen = jsonata_is_true(run, evaluate_whole(run, n->parts.items[0], v)) ? 1 : 2;
	return chosen < n->parts.count ? evaluate_whole(run, n->parts.items[chosen], v) : NULL;
}

static struct jsonata_value *descendants(struct jsonata_run *run, struct jsonata_value *v)
{
	struct jsonata_value *found = jsonata_sequence(run);
	descend(run, found, v);
	return found;
}

/** Evaluates a node without its filters. */
static struct jsonata_value *evaluate_node(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	switch (n->kind) {
	case JSONATA_LITERAL:
		return n->value;
	case JSONATA_NAME:
		return look_up(run, v, n->value);
	case JSONATA_CONTEXT:
		return v;
	case JSONATA_ROOT:
		return run->root;
	case JSONATA_WILDCARD:
		return wildcard(run, v);
	case JSONATA_DESCENDANTS:
		return descendants(run, v);
	case JSONATA_PATH:
		return follow(run, n, v);
	case JSONATA_LIST:
		return list(run, n, v);
	case JSONATA_RECORD:
		return record(run, n, v);
	case JSONATA_BINARY:
		return binary(run, n, v);
	case JSONATA_NEGATIVE:
		return negative(run, evaluate_whole(run, n->parts.items[0], v));
	case JSONATA_CHOICE:
		return choice(run, n, v);
	case JSONATA_CALL:
		return call(run, n, v);
	default:
		return n->parts.count ? evaluate_whole(run, n->parts.items[0], v) : NULL;
	}
}

static struct jsonata_value *evaluate_whole(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	struct jsonata_value *result = NULL;
	if (++run->depth > NESTED_MAX)
		run->deep = run->undefined = true;
	if (jsonata_goes_on(run))
		result = unwrap(filter_all(run, n, evaluate_node(run, n, v)), n->keeps);
	run->depth--;
	return result;
}

struct jsonata_value *jsonata_evaluate(struct jsonata_run *run, const struct jsonata_node *n, struct jsonata_value *v)
{
	run->root = run->whole = v;
	struct jsonata_value *result = evaluate_whole(run, n, v);
	return jsonata_goes_on(run) ? result : NULL;
}
