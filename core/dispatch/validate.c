/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/validate.c
 * \brief Turns a request's body into arguments that fit the operation's declaration.
 */
#include "dispatch/dispatch_internal.h"

#include "base/round.h"
#include "base/words.h"

#include <string.h>

#define NAME_MAX_CHARACTERS 250

int arguments_decode(struct lyre_call *call, const struct operation *o, struct err *e)
{
	const char *label;
	int rc = 0;

	for (size_t i = 0; !rc && i < o->param_count; i++) {
		const lyre_value *v = words_get(&call->body, o->params[i].name, &label);

		if (v)
			rc = call_decode(call, (lyre_value *)(uintptr_t)v, e);
	}
	return rc;
}

int arguments_bind(struct lyre_call *call, const char ***ret_labels)
{
	const struct operation *o = call->operation;
	size_t n = o->param_count;

	call->args = ARENA_ARRAY(call->arena, lyre_value, n);
	call->given = ARENA_ARRAY(call->arena, bool, n);
	call->present = ARENA_ARRAY(call->arena, bool, n);
	const char **labels = ARENA_ARRAY(call->arena, const char *, n);
	if (!call->args || !call->given || !call->present || !labels)
		return LYRE_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const lyre_value *v = words_get(&call->body, o->params[i].name, &labels[i]);

		if (!v)
			continue;
		call->args[i] = *v;
		call->given[i] = true;
		if (o->params[i].flags & LYRE_P_CONDITIONS)
			words_modernise(&call->args[i]);
	}
	*ret_labels = labels;
	return 0;
}

/* ---- messages ---- */

/** The messages of a request, collected. */
struct faults {
	struct buf text;
	const char *label; /* the name that the texts are about, and its length: it may be a word of a list */
	int label_len;     /**< -1: NUL-terminated */
};

/** Whether the text of a failure is full: more would be cut off. */
static bool enough(const struct faults *f)
{
	return f->text.len >= sizeof((struct err *)0)->text;
}

static void fault(struct faults *f, const char *what)
{
	buf_addf(&f->text, "%s'%.*s' %s", f->text.len ? ". " : "", f->label_len, f->label, what);
}

static void fault_item(struct faults *f, size_t i, const char *what)
{
	buf_addf(&f->text, "%s'%.*s[%zu]' %s", f->text.len ? ". " : "", f->label_len, f->label, i, what);
}

static void fault_limit(struct faults *f, const char *what, double limit)
{
	char number[NUMBER_TEXT_MAX];

	double_text(number, limit);
	buf_addf(
		&f->text, "%s'%.*s' must be %s than or equal to %s", f->text.len ? ". " : "", f->label_len, f->label, what, number);
}

/* ---- types ---- */

/** Types by bit, with their messages. */
static const struct {
	const char *name, *sentence;
} kinds[] = {
	{ "string", "must be a string" },
	{ "number", "must be a number" },
	{ "boolean", "must be a boolean" },
	{ "array", "must be an array" },
	{ "object", "must be of type object" },
	{ "null", "must be null" },
};

#define KINDS (sizeof kinds / sizeof *kinds)

uint32_t argument_type(const lyre_value *v)
{
	switch (v->type) {
	case LYRE_STRING:
		return LYRE_T_STRING;
	case LYRE_BOOL:
		return LYRE_T_BOOLEAN;
	case LYRE_ARRAY:
		return LYRE_T_ARRAY;
	case LYRE_OBJECT:
		return LYRE_T_OBJECT;
	case LYRE_NULL:
		return LYRE_T_NULL;
	default:
		return LYRE_T_NUMBER;
	}
}

static void fault_kind(struct faults *f, uint32_t types)
{
	types &= LYRE_T_ANY;
	if ((types & (types - 1)) == 0) {
		for (size_t i = 0; i < KINDS; i++) {
			if (types == 1u << i)
				fault(f, kinds[i].sentence);
		}
		return;
	}
	buf_addf(&f->text, "%s'%.*s' must be one of [", f->text.len ? ". " : "", f->label_len, f->label);
	const char *comma = "";
	for (size_t i = 0; i < KINDS; i++) {
		if (types & 1u << i) {
			buf_addf(&f->text, "%s%s", comma, kinds[i].name);
			comma = ", ";
		}
	}
	buf_add_char(&f->text, ']');
}

/* ---- rules ---- */

static size_t characters(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

static bool is_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] < ' ' || s[i] > '~' || s[i] == '/' || s[i] == '`')
			return false;
	}
	return true;
}

static void check_string(struct faults *f, const struct lyre_param *p, const lyre_value *v)
{
	if (p->flags & (LYRE_P_NAME | LYRE_P_NOT_EMPTY) && !v->len)
		fault(f, "is not allowed to be empty");
	else if (p->flags & LYRE_P_NAME && characters(v->s, v->len) > NAME_MAX_CHARACTERS)
		fault(f, "length must be less than or equal to 250 characters long");
	else if (p->flags & LYRE_P_NAME && !is_name(v->s, v->len))
		fault(f, "names cannot include backticks or forward slashes");
	else if (!(p->types & ~(uint32_t)(LYRE_T_STRING | LYRE_T_NUMBER)) && memchr(v->s, '\0', v->len))
		fault(f, "must not contain NUL characters"); /* handlers read such a string up to its NUL */
}

static void check_number(struct faults *f, const struct lyre_param *p, const lyre_value *v)
{
	double d = value_number(v);

	if (p->flags & LYRE_P_INTEGER && v->type == LYRE_DOUBLE && d != round_to_zero(d))
		fault(f, "must be an integer");
	else if (p->flags & LYRE_P_RANGE && d < p->min)
		fault_limit(f, "greater", p->min);
	else if (p->flags & LYRE_P_RANGE && d > p->max)
		fault_limit(f, "less", p->max);
}

static void check_array(struct faults *f, const struct lyre_param *p, const lyre_value *v)
{
	if (p->flags & LYRE_P_NOT_EMPTY && !v->len)
		fault(f, "must contain at least 1 items");
	for (uint32_t i = 0; p->flags & LYRE_P_OBJECTS && i < v->len && !enough(f); i++) {
		if (v->items[i].type != LYRE_OBJECT)
			fault_item(f, i, "must be of type object");
	}
	for (uint32_t i = 0; p->flags & LYRE_P_KEYS && i < v->len; i++) {
		if (!value_is_number(&v->items[i]) && v->items[i].type != LYRE_STRING) {
			fault(f, "must be strings or numbers");
			break;
		}
	}
}

/** A string that is a number in JSON becomes that number. */
static void take_number(lyre_value *v, struct arena *a)
{
	lyre_value number;
	struct err ignored;

	if (json_decode_copy(a, v->s, v->len, &number, &ignored) == 0 && value_is_number(&number))
		*v = number;
}

static void check(struct faults *f, const struct lyre_param *p, lyre_value *v, struct arena *a)
{
	if (v->type == LYRE_STRING && p->flags & LYRE_P_NUMERIC_TEXT)
		take_number(v, a);
	if (!(argument_type(v) & p->types)) {
		fault_kind(f, p->types);
		return;
	}
	switch (argument_type(v)) {
	case LYRE_T_STRING:
		check_string(f, p, v);
		break;
	case LYRE_T_NUMBER:
		check_number(f, p, v);
		break;
	case LYRE_T_ARRAY:
		check_array(f, p, v);
		break;
	}
}

static void name_it(struct faults *f, const char *label, size_t len)
{
	f->label = label;
	f->label_len = (int)len;
}

/** Whether errors about \p p use its own name, if that was sent. */
static bool is_own_name(const struct lyre_param *p)
{
	size_t len = strlen(p->name);

	for (const char *word = p->wrong_as; word; word = strchr(word, ' ')) {
		word += strspn(word, " ");
		if (!strncmp(word, p->name, len) && (!word[len] || word[len] == ' '))
			return true;
	}
	return false;
}

/** \param sent  the word it was sent under. An older word beside it stands for the same value, but null counts as absent. */
static void check_as_known(struct faults *f, const struct lyre_param *p, lyre_value *v, const char *sent, struct arena *a)
{
	size_t before = f->text.len;

	f->label = sent;
	f->label_len = -1;
	if (!p->wrong_as || v->type == LYRE_NULL || strcmp(sent, p->name)) {
		check(f, p, v, a);
		return;
	}
	const char *word = p->wrong_as + strspn(p->wrong_as, " ");
	do {
		name_it(f, word, strcspn(word, " "));
		check(f, p, v, a);
		word += f->label_len;
		word += strspn(word, " ");
	} while (*word && f->text.len != before); /* a value valid under one word is valid under all */
}

/** \param sent  as null; NULL: not sent at all */
static void miss(struct faults *f, const struct lyre_param *p, const char *sent)
{
	const char *label = p->label ? p->label : p->name;

	name_it(f, label, strlen(label));
	fault(f, "is required");
	if (!sent || strcmp(sent, p->name) || !is_own_name(p))
		return;
	name_it(f, sent, strlen(sent));
	fault_kind(f, p->types);
}

int arguments_check(struct lyre_call *call, const char *const *labels, struct err *e)
{
	const struct operation *o = call->operation;
	struct faults f;
	int rc = 0;

	buf_init(&f.text);
	for (size_t i = 0; i < o->param_count && !enough(&f); i++) {
		const struct lyre_param *p = &o->params[i];
		bool sent = call->given[i];

		if (call->given[i] && call->args[i].type == LYRE_NULL && p->flags & LYRE_P_NULL_IS_ABSENT)
			call->given[i] = false;
		if (p->flags & LYRE_P_HANDLER_CHECKS) {
			call->present[i] = call->given[i];
		} else if (call->given[i]) {
			check_as_known(&f, p, &call->args[i], labels[i], call->arena);
			call->present[i] = true;
		} else if (p->flags & LYRE_P_REQUIRED) {
			miss(&f, p, sent ? labels[i] : NULL);
		} else if (p->fallback) {
			call->args[i] = o->fallbacks[i];
			call->present[i] = true;
		}
	}
	if (f.text.failed)
		rc = err_nomem(e);
	else if (f.text.len)
		rc = err_set(e, LYRE_EINVAL, "%.*s", (int)f.text.len, f.text.data);
	buf_free(&f.text);
	return rc;
}
