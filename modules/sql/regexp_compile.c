/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file regexp_compile.c
 * \brief Compiles a pattern, in JavaScript's syntax, to the program of an automaton.
 *
 * Backreferences, which no automaton can follow, are refused, and repetitions that multiply each other too often.
 */
#include "regexp.h"
#include "utf8_locale.h"

#include <string.h>

#define PATTERN_MAX 1000
/** Maximum number of characters that a pattern matches, with all its repetitions expanded. */
#define STEPS_MAX 300
#define DEPTH_MAX 32
#define REPEAT_MAX 255

/** A pattern that is being compiled. */
struct translation {
	const char *at, *end;
	struct regexp *r;
	const char *fault;       /**< why it is refused; NULL so far */
	size_t steps[DEPTH_MAX]; /**< of each open group, so far */
	int depth;
	size_t last; /**< steps of what a repetition would repeat */
};

static bool fault(struct translation *t, const char *why)
{
	if (!t->fault)
		t->fault = why;
	return false;
}

static const char too_complex[] = "it is too complex";

/* \return false if there are too many */
static bool add_steps(struct translation *t, size_t steps)
{
	t->last = steps;
	t->steps[t->depth] += steps;
	return t->steps[t->depth] <= STEPS_MAX || fault(t, too_complex);
}

static bool is_next(const struct translation *t, char c)
{
	return t->at < t->end && *t->at == c;
}

/* ---- instructions ---- */

/* Inserts one at a place, before those already there. */
static bool insert(struct translation *t, int at, struct regexp_instruction i)
{
	struct regexp *r = t->r;
	if (r->count == REGEXP_CODE_MAX)
		return fault(t, too_complex);
	memmove(&r->code[at + 1], &r->code[at], (size_t)(r->count - at) * sizeof *r->code);
	r->code[at] = i;
	r->count++;
	return true;
}

static bool emit(struct translation *t, enum regexp_op op)
{
	return insert(t, t->r->count, (struct regexp_instruction){ .op = op });
}

static bool insert_split(struct translation *t, int at, int to, int other)
{
	return insert(t, at, (struct regexp_instruction){ REGEXP_SPLIT, to, other });
}

static bool copy(struct translation *t, int from, int len)
{
	struct regexp *r = t->r;
	if (r->count + len > REGEXP_CODE_MAX)
		return fault(t, too_complex);
	memcpy(&r->code[r->count], &r->code[from], (size_t)len * sizeof *r->code);
	r->count += len;
	return true;
}

/* ---- sets ---- */

static void add_range(struct translation *t, uint32_t from, uint32_t to, wctype_t class)
{
	struct regexp *r = t->r;
	if (r->range_count == REGEXP_RANGES_MAX) {
		fault(t, too_complex);
		return;
	}
	r->ranges[r->range_count++] = (struct regexp_range){ from, to, class };
	r->sets[r->set_count].count++;
}

static void begin_set(struct translation *t, bool negated)
{
	struct regexp *r = t->r;
	if (r->set_count == REGEXP_SETS_MAX - 1)
		fault(t, too_complex);
	r->sets[r->set_count] = (struct regexp_set){ .first = r->range_count, .negated = negated, .asked = UINT32_MAX };
}

static bool end_set(struct translation *t)
{
	struct regexp *r = t->r;
	if (t->fault || !emit(t, REGEXP_SET))
		return false;
	r->code[r->count - 1].to = r->set_count++;
	return add_steps(t, 1);
}

/* What a letter after a backslash stands for. */
static const struct class
{
	char letter;
	bool negated;
	const char *name; /* as iswctype() knows it; NULL: pairs of first and last characters */
	const char *pairs;
} classes[] = {
	{ 'd', false, NULL, "09" },
	{ 'D', true, NULL, "09" },
	{ 's', false, "space", "" },
	{ 'S', true, "space", "" },
	{ 'w', false, NULL, "09AZaz__" },
	{ 'W', true, NULL, "09AZaz__" },
	{ 'n', false, NULL, "\n\n" },
	{ 'r', false, NULL, "\r\r" },
	{ 't', false, NULL, "\t\t" },
	{ 'f', false, NULL, "\f\f" },
	{ 'v', false, NULL, "\v\v" },
};

static const struct class *class_of(char letter)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (classes[i].letter == letter)
			return &classes[i];
	return NULL;
}

static void add_class(struct translation *t, const struct class *class)
{
	if (class->name)
		add_range(t, 0, 0, wctype_l(class->name, t->r->locale));
	for (const char *p = class->pairs; *p; p += 2)
		add_range(t, (uint32_t)p[0], (uint32_t)p[1], 0);
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint32_t take_character(struct translation *t)
{
	uint32_t c = 0;
	if (t->at < t->end)
		t->at += regexp_character(t->at, (size_t)(t->end - t->at), &c);
	if (c == 0)
		fault(t, "it has a NUL character");
	return c;
}

static bool single(struct translation *t)
{
	uint32_t c = take_character(t);
	begin_set(t, false);
	add_range(t, c, c, 0);
	return end_set(t);
}

static bool any_character(struct translation *t)
{
	t->at++;
	begin_set(t, true);
	return end_set(t);
}

static bool assertion(struct translation *t, enum regexp_op op)
{
	t->at++;
	t->last = 0;
	return emit(t, op);
}

/* After the backslash. */
static bool escape(struct translation *t)
{
	if (t->at == t->end)
		return fault(t, "it ends with a backslash");
	char c = *t->at;
	const struct class *class = class_of(c);
	if (class) {
		t->at++;
		begin_set(t, class->negated);
		add_class(t, class);
		return end_set(t);
	}
	if (c == 'b' || c == 'B')
		return assertion(t, c == 'b' ? REGEXP_EDGE : REGEXP_NO_EDGE);
	if (c >= '1' && c <= '9')
		return fault(t, "backreferences are not supported");
	if (is_alphanumeric(c))
		return fault(t, "it has an unsupported escape");
	return single(t);
}

/* A class such as [:alpha:], if there is one here. */
static bool posix_class(struct translation *t)
{
	char name[12];
	const char *p = t->at + 2;
	size_t n = 0;
	if (t->end - t->at < 4 || t->at[0] != '[' || t->at[1] != ':')
		return false;
	while (p < t->end && is_alphanumeric(*p) && n < sizeof name - 1)
		name[n++] = *p++;
	name[n] = '\0';
	if (n == 0 || t->end - p < 2 || p[0] != ':' || p[1] != ']')
		return false;
	t->at = p + 2;
	wctype_t class = wctype_l(name, t->r->locale);
	if (!class)
		return !fault(t, "it has an unknown character class");
	add_range(t, 0, 0, class);
	return true;
}

/* One end of a range, or a class. \return false for a class, or a fault */
static bool set_character(struct translation *t, uint32_t *ret)
{
	if (!is_next(t, '\\')) {
		*ret = take_character(t);
		return true;
	}
	t->at++;
	char c = t->at < t->end ? *t->at : '\0';
	const struct class *class = class_of(c);
	if ((class && class->negated) || (!class && is_alphanumeric(c)) || c == '\0')
		return fault(t, "it has an unsupported escape in brackets");
	if (!class) {
		*ret = take_character(t);
		return true;
	}
	t->at++;
	add_class(t, class);
	return false;
}

static void set_item(struct translation *t)
{
	uint32_t from, to;
	if (posix_class(t) || !set_character(t, &from))
		return;
	to = from;
	bool ranged = t->end - t->at >= 2 && t->at[0] == '-' && t->at[1] != ']';
	if (ranged) {
		t->at++;
		if (!set_character(t, &to)) /* a class: the minus stands for itself */
			add_range(t, '-', '-', 0);
	}
	if (to < from)
		fault(t, "a range in it is out of order");
	add_range(t, from, to, 0);
}

/* At the opening bracket. */
static bool brackets(struct translation *t)
{
	t->at++;
	bool negated = is_next(t, '^');
	t->at += negated;
	const char *first = t->at;
	begin_set(t, negated);
	while (t->at < t->end && *t->at != ']' && !t->fault)
		set_item(t);
	if (t->at == t->end)
		return fault(t, "its brackets are not closed");
	if (t->at == first)
		return fault(t, "its brackets are empty");
	t->at++;
	return end_set(t);
}

/* ---- repetitions ---- */

static int take_number(struct translation *t)
{
	int n = 0;
	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
		n = n > REPEAT_MAX ? n : 10 * n + (*t->at - '0');
	return n;
}

/* How often something is repeated. */
struct repetition {
	int least, most;
	bool open; /* and more often */
};

/* {n}, {n,} or {n,m}, after the brace. */
static bool take_braces(struct translation *t, struct repetition *ret)
{
	const char *from = t->at;
	ret->least = ret->most = take_number(t);
	ret->open = false;
	if (t->at > from && is_next(t, ',')) {
		const char *second = ++t->at;
		ret->most = take_number(t);
		ret->open = t->at == second;
	}
	if (t->at == from || t->at == t->end || *t->at++ != '}')
		return fault(t, "a { in it does not begin a repetition: write \\{ for the character");
	if (ret->open)
		ret->most = ret->least > 0 ? ret->least : 1;
	if (ret->most < ret->least || ret->most > REPEAT_MAX)
		return fault(t, "a repetition in it is too large, or has its numbers out of order");
	return add_steps(t, t->last * (size_t)(ret->most > 1 ? ret->most - 1 : 0));
}

static bool take_repetition(struct translation *t, struct repetition *ret)
{
	char c = *t->at++;
	if (c == '{')
		return take_braces(t, ret);
	*ret = (struct repetition){ .least = c == '+', .most = 1, .open = c != '?' };
	return true;
}

/* Expands the repetitions of the code from \p start on. */
static void write_repetition(struct translation *t, int start, const struct repetition *how)
{
	struct regexp *r = t->r;
	int len = r->count - start, from = start;
	if (how->most == 0) {
		r->count = start;
		return;
	}
	bool good = true;
	if (how->least == 0) {
		good = insert_split(t, start, 1, len + 1 + how->open);
		from++;
	}
	for (int i = 1; good && i < how->most; i++)
		good = (i < how->least || insert_split(t, r->count, 1, len + 1)) && copy(t, from, len);
	if (good && how->open && how->least == 0)
		insert_split(t, r->count, -len - 1, -len - 1);
	else if (good && how->open)
		insert_split(t, r->count, -len, 1);
}

/* Whether a repetition is lazy makes no difference to whether there is a match. */
static bool repeat(struct translation *t, int start)
{
	struct repetition how;
	if (t->last == 0)
		return fault(t, "a repetition in it has nothing to repeat");
	if (!take_repetition(t, &how))
		return false;
	write_repetition(t, start, &how);
	t->at += is_next(t, '?');
	return !t->fault;
}

/* ---- groups ---- */

static void alternatives(struct translation *t);

/* At the opening parenthesis. */
static bool group(struct translation *t)
{
	t->at++;
	if (is_next(t, '?')) {
		if (t->end - t->at < 2 || t->at[1] != ':')
			return fault(t, "groups that begin with (? are not supported");
		t->at += 2;
	}
	if (t->depth + 1 == DEPTH_MAX)
		return fault(t, "its groups are nested too deeply");
	t->steps[++t->depth] = 0;
	alternatives(t);
	if (!is_next(t, ')'))
		return fault(t, "a group in it is not closed");
	t->at++;
	size_t steps = t->steps[t->depth--];
	return add_steps(t, steps > 0 ? steps : 1);
}

static bool is_repeat(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

static bool atom(struct translation *t)
{
	switch (*t->at) {
	case '\\':
		t->at++;
		return escape(t);
	case '[':
		return brackets(t);
	case '(':
		return group(t);
	case '^':
		return assertion(t, REGEXP_BEGIN);
	case '$':
		return assertion(t, REGEXP_END);
	case '.':
		return any_character(t);
	default:
		return is_repeat(*t->at) ? fault(t, "a repetition in it has nothing to repeat") : single(t);
	}
}

static void sequence(struct translation *t)
{
	while (!t->fault && t->at < t->end && *t->at != '|' && *t->at != ')') {
		int start = t->r->count;
		if (atom(t) && t->at < t->end && is_repeat(*t->at))
			repeat(t, start);
	}
}

/* Up to the end of the group, or of the pattern. */
static void alternatives(struct translation *t)
{
	struct regexp *r = t->r;
	int start = r->count;
	sequence(t);
	while (!t->fault && is_next(t, '|')) {
		t->at++;
		if (!insert_split(t, start, 1, r->count - start + 2))
			return;
		int leap = r->count; /* over the next alternative */
		insert_split(t, leap, 1, 1);
		sequence(t);
		if (!t->fault)
			r->code[leap].to = r->code[leap].other = r->count - leap;
	}
}

const char *regexp_compile(struct regexp *r, const char *pattern, size_t len, bool any_case)
{
	struct translation t = { .at = pattern, .end = pattern + len, .r = r };
	r->any_case = any_case;
	r->locale = utf8_locale();
	r->count = r->set_count = 0;
	r->range_count = 0;
	if (!r->locale)
		return "character classes are not available on this system";
	if (len > PATTERN_MAX)
		return "it is too long";
	alternatives(&t);
	if (!t.fault && t.at < t.end)
		fault(&t, "it has a ) without a (");
	emit(&t, REGEXP_MATCH);
	return t.fault;
}
