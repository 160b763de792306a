/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_parse.c
 * \brief Parses expressions into nodes, by operator precedence.
 */
#include "jsonata_words.h"

#include <string.h>

static struct jsonata_node *unexpected(struct jsonata_parser *ps)
{
	if (ps->t.kind == JSONATA_TOKEN_END)
		return jsonata_fail(ps, "it is incomplete");
	return jsonata_fail(ps, "unexpected %.*s", (int)(ps->t.len < 100 ? ps->t.len : 100), ps->t.text);
}

static struct jsonata_node *new_node(struct jsonata_parser *ps, enum jsonata_kind kind)
{
	struct jsonata_node *n = jsonata_alloc(ps->run, sizeof *n);
	if (n)
		n->kind = kind;
	return n;
}

static void add(struct jsonata_parser *ps, struct jsonata_nodes *list, struct jsonata_node *n)
{
	if (!n)
		return;
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 4;
		struct jsonata_node **more = jsonata_alloc(ps->run, room * sizeof *more);
		if (!more)
			return;
		if (list->count)
			memcpy(more, list->items, list->count * sizeof *more);
		list->items = more;
		list->room = room;
	}
	list->items[list->count++] = n;
}

static struct jsonata_node *expression(struct jsonata_parser *ps, int strength);

/** a, b, … up to a closing sign, which is consumed. */
static void arguments(struct jsonata_parser *ps, struct jsonata_nodes *list, const char *close)
{
	if (jsonata_take(ps, close))
		return;
	do
		add(ps, list, expression(ps, 0));
	while (jsonata_take(ps, ","));
	if (!jsonata_take(ps, close))
		unexpected(ps);
}

/** Names must be strings: other expressions, which JSONata would evaluate here, would need grouping. */
static struct jsonata_node *record(struct jsonata_parser *ps)
{
	struct jsonata_node *n = new_node(ps, JSONATA_RECORD);
	if (!n || jsonata_take(ps, "}"))
		return n;
	do {
		if (ps->t.kind != JSONATA_TOKEN_VALUE || !jsonata_is(ps->t.value, JSONATA_STRING))
			return jsonata_fail(ps, "a name in {} must be a quoted string");
		struct jsonata_node *name = new_node(ps, JSONATA_LITERAL);
		if (name)
			name->value = ps->t.value;
		jsonata_advance(ps);
		add(ps, &n->parts, name);
		if (!jsonata_take(ps, ":"))
			return unexpected(ps);
		add(ps, &n->parts, expression(ps, 0));
	} while (jsonata_take(ps, ","));
	return jsonata_take(ps, "}") ? n : unexpected(ps);
}

static struct jsonata_node *call(struct jsonata_parser *ps, const struct jsonata_token *name)
{
	struct jsonata_node *n = new_node(ps, JSONATA_CALL);
	const struct jsonata_function *f = jsonata_find(name->text + 1, name->len - 1);
	if (!n)
		return NULL;
	if (!f)
		return jsonata_fail(ps, "there is no function %.*s()", (int)(name->len < 100 ? name->len : 100), name->text);
	arguments(ps, &n->parts, ")");
	n->function = f;
	size_t least = f->least - (f->context ? 1 : 0);
	if (!*ps->error && (n->parts.count < least || n->parts.count > f->most))
		return jsonata_fail(ps, "wrong number of arguments to $%s()", f->name);
	return n;
}

static struct jsonata_node *variable(struct jsonata_parser *ps)
{
	struct jsonata_token name = ps->t;
	jsonata_advance(ps);
	if (name.len == 1 && !jsonata_is_sign(ps, "("))
		return new_node(ps, JSONATA_CONTEXT);
	if (name.len == 2 && name.text[1] == '$')
		return new_node(ps, JSONATA_ROOT);
	if (!jsonata_take(ps, "("))
		return jsonata_fail(ps, "variables are not supported: %.*s", (int)(name.len < 100 ? name.len : 100), name.text);
	return call(ps, &name);
}

static struct jsonata_node *block(struct jsonata_parser *ps)
{
	struct jsonata_node *n = new_node(ps, JSONATA_BLOCK), *inner = expression(ps, 0);
	if (jsonata_is_sign(ps, ";"))
		return jsonata_fail(ps, "several expressions in parentheses are not supported");
	if (!jsonata_take(ps, ")"))
		return unexpected(ps);
	if (n)
		add(ps, &n->parts, inner);
	return n;
}

/** A number literal becomes negative itself, before its filters apply. */
static struct jsonata_node *negate(struct jsonata_parser *ps, struct jsonata_node *inner)
{
	if (inner && inner->kind == JSONATA_LITERAL && jsonata_is(inner->value, JSONATA_NUMBER)) {
		inner->value = jsonata_number(ps->run, -inner->value->number);
		return inner;
	}
	struct jsonata_node *n = new_node(ps, JSONATA_NEGATIVE);
	if (n && inner)
		add(ps, &n->parts, inner);
	return n && inner ? n : NULL;
}

/** Parses an operand that begins with a sign. */
static struct jsonata_node *prefix(struct jsonata_parser *ps)
{
	if (jsonata_take(ps, "*"))
		return new_node(ps, JSONATA_WILDCARD);
	if (jsonata_take(ps, "**"))
		return new_node(ps, JSONATA_DESCENDANTS);
	if (jsonata_take(ps, "("))
		return block(ps);
	if (jsonata_take(ps, "{"))
		return record(ps);
	if (jsonata_is_sign(ps, "/") || jsonata_is_sign(ps, "%") || jsonata_is_sign(ps, "|"))
		return jsonata_fail(ps, "%.*s is not supported here", (int)ps->t.len, ps->t.text);
	bool list = jsonata_is_sign(ps, "["), negative = jsonata_is_sign(ps, "-");
	if (!list && !negative)
		return unexpected(ps);
	jsonata_advance(ps);
	if (negative)
		return negate(ps, expression(ps, 70));
	struct jsonata_node *n = new_node(ps, JSONATA_LIST);
	if (n)
		arguments(ps, &n->parts, "]");
	return n;
}

/** Converts a node to a path. */
static struct jsonata_node *path_of(struct jsonata_parser *ps, struct jsonata_node *n)
{
	if (!n || n->kind == JSONATA_PATH)
		return n;
	struct jsonata_node *path = new_node(ps, JSONATA_PATH);
	if (path)
		add(ps, &path->parts, n);
	return path && path->parts.count ? path : NULL;
}

static struct jsonata_node *operand(struct jsonata_parser *ps)
{
	struct jsonata_node *n;
	if (ps->t.kind == JSONATA_TOKEN_SIGN)
		return prefix(ps);
	if (ps->t.kind == JSONATA_TOKEN_VARIABLE)
		return variable(ps);
	if (ps->t.kind == JSONATA_TOKEN_END)
		return unexpected(ps);
	n = new_node(ps, ps->t.kind == JSONATA_TOKEN_NAME ? JSONATA_NAME : JSONATA_LITERAL);
	if (n)
		n->value = ps->t.value;
	jsonata_advance(ps);
	if (n && n->kind == JSONATA_NAME && jsonata_is_sign(ps, "("))
		return jsonata_fail(ps, "function names begin with $");
	return n && n->kind == JSONATA_NAME ? path_of(ps, n) : n;
}

/* ---- what follows an operand ---- */

static const struct infix {
	const char *text;
	int strength;
	enum jsonata_operator op;
} infixes[] = {
	{ "*", 60, JSONATA_MULTIPLY },
	{ "/", 60, JSONATA_DIVIDE },
	{ "%", 60, JSONATA_REMAINDER },
	{ "+", 50, JSONATA_ADD },
	{ "-", 50, JSONATA_SUBTRACT },
	{ "&", 50, JSONATA_JOIN },
	{ "=", 40, JSONATA_EQUAL },
	{ "!=", 40, JSONATA_UNEQUAL },
	{ "<", 40, JSONATA_LESS },
	{ "<=", 40, JSONATA_LESS_EQUAL },
	{ ">", 40, JSONATA_GREATER },
	{ ">=", 40, JSONATA_GREATER_EQUAL },
	{ "in", 40, JSONATA_IN },
	{ "and", 30, JSONATA_AND },
	{ "or", 25, JSONATA_OR },
};

/** NULL if the current token is not an operator. */
static const struct infix *find_infix(const struct jsonata_parser *ps)
{
	bool word = ps->t.kind == JSONATA_TOKEN_NAME && !ps->t.quoted;
	for (size_t i = 0; i < sizeof infixes / sizeof *infixes && (word || ps->t.kind == JSONATA_TOKEN_SIGN); i++) {
		if (strlen(infixes[i].text) == ps->t.len && !memcmp(infixes[i].text, ps->t.text, ps->t.len))
			return &infixes[i];
	}
	return NULL;
}

/** a.b: a string is taken as a name here. */
static struct jsonata_node *step(struct jsonata_parser *ps, struct jsonata_node *left)
{
	struct jsonata_node *path = path_of(ps, left), *right = path_of(ps, expression(ps, 75));
	if (!path || !right)
		return NULL;
	for (size_t i = 0; i < right->parts.count; i++)
		add(ps, &path->parts, right->parts.items[i]);
	for (size_t i = 0; i < path->parts.count; i++) {
		struct jsonata_node *n = path->parts.items[i];
		if (n->kind == JSONATA_LITERAL && !jsonata_is(n->value, JSONATA_STRING))
			return jsonata_fail(ps, "a step of a path must be a name");
		if (n->kind == JSONATA_LITERAL)
			n->kind = JSONATA_NAME;
	}
	path->keeps = path->keeps || right->keeps;
	return path;
}

static struct jsonata_node *filter(struct jsonata_parser *ps, struct jsonata_node *left)
{
	struct jsonata_node *last = left && left->kind == JSONATA_PATH ? left->parts.items[left->parts.count - 1] : left;
	if (!last)
		return NULL;
	if (jsonata_take(ps, "]")) {
		left->keeps = true;
		return left;
	}
	add(ps, &last->filters, expression(ps, 0));
	return jsonata_take(ps, "]") ? left : unexpected(ps);
}

static struct jsonata_node *choice(struct jsonata_parser *ps, struct jsonata_node *left)
{
	struct jsonata_node *n = new_node(ps, JSONATA_CHOICE);
	if (!n)
		return NULL;
	add(ps, &n->parts, left);
	add(ps, &n->parts, expression(ps, 0));
	if (jsonata_take(ps, ":"))
		add(ps, &n->parts, expression(ps, 0));
	return n;
}

static struct jsonata_node *binary(struct jsonata_parser *ps, struct jsonata_node *left, const struct infix *i)
{
	struct jsonata_node *n = new_node(ps, JSONATA_BINARY);
	jsonata_advance(ps);
	if (!n)
		return NULL;
	n->op = i->op;
	add(ps, &n->parts, left);
	add(ps, &n->parts, expression(ps, i->strength));
	return n;
}

/** \return false if no operator that binds more strongly follows \p left */
static bool extend(struct jsonata_parser *ps, struct jsonata_node **left, int strength)
{
	static const char *const missing[] = { "{", "^", "~>", ":=", "@", "#", "..", "(" };
	const struct infix *i = find_infix(ps);
	for (size_t k = 0; k < sizeof missing / sizeof *missing; k++) {
		if (jsonata_is_sign(ps, missing[k])) {
			*left = jsonata_fail(ps, "%s is not supported", missing[k]);
			return false;
		}
	}
	if (strength < 75 && jsonata_take(ps, "."))
		*left = step(ps, *left);
	else if (strength < 80 && jsonata_take(ps, "["))
		*left = filter(ps, *left);
	else if (strength < 20 && jsonata_take(ps, "?"))
		*left = choice(ps, *left);
	else if (i && strength < i->strength)
		*left = binary(ps, *left, i);
	else
		return false;
	return *left != NULL;
}

static struct jsonata_node *expression(struct jsonata_parser *ps, int strength)
{
	if (ps->depth == JSONATA_DEPTH_MAX)
		return jsonata_fail(ps, "it is nested too deeply");
	ps->depth++;
	struct jsonata_node *left = operand(ps);
	for (int n = 0; left && extend(ps, &left, strength); n++) {
		if (n == JSONATA_DEPTH_MAX)
			left = jsonata_fail(ps, "it has too many operators");
	}
	ps->depth--;
	return left;
}

struct jsonata_node *jsonata_parse(struct jsonata_run *run, const char *text, size_t len, char *error, size_t room)
{
	struct jsonata_parser ps = { .run = run, .p = text, .end = text + len, .error = error, .room = room };
	*error = 0;
	jsonata_advance(&ps);
	struct jsonata_node *n = expression(&ps, 0);
	if (n && ps.t.kind != JSONATA_TOKEN_END)
		unexpected(&ps);
	return *error || run->failed ? NULL : n;
}
