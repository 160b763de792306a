/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file regexp_functions.c
 * \brief Regular expressions, matched by the C library.
 *
 * Patterns are written as for JavaScript, and translated to the extended ones of POSIX. What the C library would need time or
 * memory for without bounds is refused: references back, and repetitions that multiply each other. Its automaton grows by up to a
 * state with each byte that it reads, so texts are short, and the pattern is compiled again after so many bytes.
 */
#include "function_rows.h"
#include "utf8_locale.h"

#include <regex.h>
#include <stdbool.h>
#include <string.h>

#define PATTERN_MAX 1000
#define PATTERN_FLAGS (REG_EXTENDED | REG_NOSUB)
/** Single characters that a pattern looks for, all its repetitions written out. */
#define STEPS_MAX 300
#define DEPTH_MAX 32
#define REPEAT_MAX 255
#define SUBJECT_MAX 16384
/** Bytes that are matched before the pattern is compiled again. */
#define FRESH_MAX SUBJECT_MAX

/** A pattern on its way to POSIX. */
struct translation {
	const char *at, *end;
	sqlite3_str *out;
	const char *fault;       /**< why it is refused; NULL while it is not */
	size_t steps[DEPTH_MAX]; /**< of each group that is open, so far */
	int depth;
	size_t last; /**< steps of what a repetition would repeat */
};

static bool fault(struct translation *t, const char *why)
{
	if (!t->fault)
		t->fault = why;
	return false;
}

/* \return false when there are too many */
static bool add_steps(struct translation *t, size_t steps)
{
	t->last = steps;
	t->steps[t->depth] += steps;
	return t->steps[t->depth] <= STEPS_MAX || fault(t, "it is too complex");
}

static bool put(struct translation *t, const char *text, size_t steps)
{
	sqlite3_str_appendall(t->out, text);
	return add_steps(t, steps);
}

/* What a letter behind a backslash stands for, alone and within brackets. */
static const struct class
{
	char letter;
	const char *alone, *inside;
} classes[] = {
	{ 'd', "[0-9]", "0-9" },
	{ 'D', "[^0-9]", NULL },
	{ 's', "[[:space:]]", "[:space:]" },
	{ 'S', "[^[:space:]]", NULL },
	{ 'w', "[0-9A-Za-z_]", "0-9A-Za-z_" },
	{ 'W', "[^0-9A-Za-z_]", NULL },
	{ 'n', "\n", "\n" },
	{ 'r', "\r", "\r" },
	{ 't', "\t", "\t" },
	{ 'f', "\f", "\f" },
	{ 'v', "\v", "\v" },
};

static const struct class *class_of(char letter)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (classes[i].letter == letter)
			return &classes[i];
	return NULL;
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Behind the backslash. */
static bool escape(struct translation *t)
{
	if (t->at == t->end)
		return fault(t, "it ends with a backslash");
	char c = *t->at++;
	const struct class *class = class_of(c);
	if (class)
		return put(t, class->alone, 1);
	if (c == 'b' || c == 'B')
		return put(t, c == 'b' ? "\\b" : "\\B", 0);
	if (c >= '1' && c <= '9')
		return fault(t, "references back are not supported");
	if (is_alphanumeric(c))
		return fault(t, "it has an escape that is not supported");
	sqlite3_str_appendchar(t->out, 1, '\\');
	sqlite3_str_appendchar(t->out, 1, c);
	return add_steps(t, 1);
}

/* A set within brackets, as far as it is read. What means something at certain places only is written at others. */
struct set {
	bool negated;
	bool closing, opening, caret, minus; /* has these characters: ] [ ^ - */
	sqlite3_str *rest;
	bool ranged; /* a minus that is next is that of a range */
};

static void add_character(struct set *s, char c)
{
	s->closing |= c == ']';
	s->opening |= c == '[';
	s->caret |= c == '^';
	s->minus |= c == '-';
	s->ranged = !strchr("][^-", c);
	if (s->ranged)
		sqlite3_str_appendchar(s->rest, 1, c);
}

/* Behind the backslash within brackets. */
static void escape_inside(struct translation *t, struct set *s)
{
	char c = t->at < t->end ? *t->at++ : '\0';
	const struct class *class = class_of(c);
	if ((class && !class->inside) || (!class && is_alphanumeric(c)) || c == '\0')
		fault(t, "it has an escape within brackets that is not supported");
	else if (class)
		sqlite3_str_appendall(s->rest, class->inside);
	else
		add_character(s, c);
	s->ranged &= !class;
}

/* Whether a bracket with a class, such as [:alpha:], stands here. Its end is found. */
static const char *posix_class(const struct translation *t)
{
	if (t->end - t->at < 4 || t->at[0] != '[' || t->at[1] != ':')
		return NULL;
	for (const char *p = t->at + 2; p + 1 < t->end && is_alphanumeric(*p); p++)
		if (p[1] == ':' && p + 2 < t->end && p[2] == ']')
			return p + 3;
	return NULL;
}

static void set_item(struct translation *t, struct set *s)
{
	const char *class_end = posix_class(t);
	char c = *t->at;
	if (class_end) {
		sqlite3_str_append(s->rest, t->at, (int)(class_end - t->at));
		t->at = class_end;
		s->ranged = false;
		return;
	}
	t->at++;
	if (c == '\\') {
		escape_inside(t, s);
	} else if (c == '-' && s->ranged && t->at < t->end && !strchr("][^-\\", *t->at)) {
		sqlite3_str_appendchar(s->rest, 1, c);
		sqlite3_str_appendchar(s->rest, 1, *t->at++);
		s->ranged = ((unsigned char)t->at[-1] & 0x80) != 0; /* not all of the character yet */
	} else if (c == '\0') {
		fault(t, "it has a character NUL");
	} else {
		add_character(s, c);
	}
}

static void write_set(sqlite3_str *out, const struct set *s)
{
	const char *rest = sqlite3_str_value(s->rest);
	bool alone = s->caret && !s->negated && !s->closing && !rest && !s->opening;
	if (alone) { /* would negate */
		sqlite3_str_appendall(out, s->minus ? "[-^]" : "\\^");
		return;
	}
	sqlite3_str_appendf(out, "[%s%s%s%s%s%s]", s->negated ? "^" : "", s->closing ? "]" : "", rest ? rest : "",
		s->opening ? "[" : "", s->caret ? "^" : "", s->minus ? "-" : "");
}

/* Behind the opening bracket. */
static bool brackets(struct translation *t)
{
	struct set s = { .negated = t->at < t->end && *t->at == '^', .rest = sqlite3_str_new(NULL) };
	t->at += s.negated;
	const char *first = t->at;
	while (t->at < t->end && *t->at != ']' && !t->fault)
		set_item(t, &s);
	if (t->at == t->end)
		fault(t, "its brackets are not closed");
	else if (t->at == first)
		fault(t, "its brackets are empty");
	else
		write_set(t->out, &s);
	t->at += t->at < t->end;
	sqlite3_free(sqlite3_str_finish(s.rest));
	return !t->fault && add_steps(t, 1);
}

static bool open_group(struct translation *t)
{
	if (t->end - t->at >= 2 && t->at[0] == '?') {
		if (t->at[1] != ':')
			return fault(t, "groups that begin with (? are not supported");
		t->at += 2;
	}
	if (t->depth + 1 == DEPTH_MAX)
		return fault(t, "its groups nest too deep");
	t->steps[++t->depth] = 0;
	sqlite3_str_appendchar(t->out, 1, '(');
	return true;
}

static bool close_group(struct translation *t)
{
	if (t->depth == 0)
		return fault(t, "it closes a group that is not open");
	size_t steps = t->steps[t->depth--];
	return put(t, ")", steps > 0 ? steps : 1);
}

static int take_number(struct translation *t)
{
	int n = 0;
	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
		n = n > REPEAT_MAX ? n : 10 * n + (*t->at - '0');
	return n;
}

/* {n}, {n,} or {n,m}, behind the brace. */
static bool repetition(struct translation *t)
{
	const char *from = t->at;
	int least = take_number(t), most = least;
	bool open = false;
	if (t->at > from && t->at < t->end && *t->at == ',') {
		const char *second = ++t->at;
		most = take_number(t);
		open = t->at == second;
	}
	if (t->at == from || t->at == t->end || *t->at++ != '}')
		return fault(t, "a brace in it is no repetition; \\{ stands for the brace itself");
	if (open)
		most = least + 1;
	if (most < least || most > REPEAT_MAX)
		return fault(t, "it repeats something too often, or less than no times");
	sqlite3_str_appendf(t->out, open ? "{%d,}" : "{%d,%d}", least, most);
	return add_steps(t, t->last * (size_t)(most > 1 ? most - 1 : 0));
}

static bool is_repeat(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

/* A repetition behind something; whether it takes as little as it can makes no difference to whether there is a match. */
static bool repeat(struct translation *t, char c)
{
	size_t repeated = t->last;
	if (repeated == 0)
		return fault(t, "a repetition in it has nothing to repeat");
	if (c == '{') {
		if (!repetition(t))
			return false;
	} else {
		sqlite3_str_appendchar(t->out, 1, c);
	}
	if (t->at < t->end && *t->at == '?')
		t->at++;
	t->last = 0;
	return true;
}

static bool piece(struct translation *t)
{
	char c = *t->at++;
	switch (c) {
	case '\\':
		return escape(t);
	case '[':
		return brackets(t);
	case '(':
		t->last = 0;
		return open_group(t);
	case ')':
		return close_group(t);
	case '|':
	case '^':
	case '$':
		sqlite3_str_appendchar(t->out, 1, c);
		t->last = 0;
		return true;
	case '\0':
		return fault(t, "it has a character NUL");
	default:
		if (is_repeat(c))
			return repeat(t, c);
		if (c == ']' || c == '}')
			sqlite3_str_appendchar(t->out, 1, '\\');
		sqlite3_str_appendchar(t->out, 1, c);
		/* a character of several bytes is one */
		return ((unsigned char)c & 0xc0) == 0x80 || add_steps(t, 1);
	}
}

/* The pattern for POSIX, to be freed; NULL with a reason. */
static char *translate(const char *pattern, size_t len, const char **why)
{
	struct translation t = { .at = pattern, .end = pattern + len, .out = sqlite3_str_new(NULL) };
	/* the whole text is matched once from its beginning, not again from each of its characters */
	sqlite3_str_appendall(t.out, "^.*(");
	if (len > PATTERN_MAX)
		fault(&t, "it is too long");
	while (!t.fault && t.at < t.end)
		piece(&t);
	if (t.depth > 0)
		fault(&t, "a group in it is not closed");
	sqlite3_str_appendall(t.out, ")");
	char *ret = sqlite3_str_finish(t.out);
	*why = t.fault ? t.fault : "there is no memory for it";
	if (!t.fault)
		return ret;
	sqlite3_free(ret);
	return NULL;
}

/** What is kept of a pattern while a statement runs. */
struct pattern {
	char *posix;
	int flags;
	bool compiled;
	regex_t regex;
	size_t matched; /**< bytes, since it was compiled */
};

static void pattern_free(void *arg)
{
	struct pattern *p = arg;
	if (p->compiled)
		regfree(&p->regex);
	sqlite3_free(p->posix);
	sqlite3_free(p);
}

static struct pattern *pattern_make(sqlite3_value *v, int flags, const char **why)
{
	const char *text = (const char *)sqlite3_value_text(v);
	char *posix = text ? translate(text, (size_t)sqlite3_value_bytes(v), why) : NULL;
	struct pattern *p = posix ? sqlite3_malloc64(sizeof *p) : NULL;
	if (p)
		*p = (struct pattern){ .posix = posix, .flags = flags };
	else
		sqlite3_free(posix);
	return p;
}

/* \return what the C library says; 0 when the pattern can be used */
static int pattern_refresh(struct pattern *p)
{
	if (p->compiled && p->matched <= FRESH_MAX)
		return 0;
	if (p->compiled)
		regfree(&p->regex);
	p->matched = 0;
	int rc = regcomp(&p->regex, p->posix, p->flags);
	p->compiled = rc == 0;
	return rc;
}

static void complain(sqlite3_context *ctx, const char *why)
{
	char *text = sqlite3_mprintf("the regular expression cannot be used: %s", why);
	sqlite3_result_error(ctx, text ? text : "out of memory", -1);
	sqlite3_free(text);
}

static void match(sqlite3_context *ctx, struct pattern *p, const char *subject, size_t len)
{
	char why[100];
	int rc = pattern_refresh(p);
	if (rc != 0) {
		regerror(rc, &p->regex, why, sizeof why);
		complain(ctx, why);
		return;
	}
	p->matched += len;
	rc = regexec(&p->regex, subject, 0, NULL, 0);
	if (rc == REG_ESPACE)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_int(ctx, rc == 0);
}

/* The flags of REGEXP_LIKE(): i ignores the case, c does not, and the last one counts. \return false for others, said */
static bool read_flags(sqlite3_context *ctx, sqlite3_value *v, bool *any_case)
{
	const char *flags = (const char *)sqlite3_value_text(v);
	for (; flags && *flags; flags++) {
		if (*flags != 'i' && *flags != 'c') {
			sqlite3_result_error(ctx, "a flag of REGEXP_LIKE() is i or c", -1);
			return false;
		}
		*any_case = *flags == 'i';
	}
	return true;
}

/* \p at is the place of the pattern among the arguments */
static void search(sqlite3_context *ctx, int at, sqlite3_value **args, sqlite3_value *subject, bool any_case)
{
	const char *text = (const char *)sqlite3_value_text(subject), *why = "there is no memory for it";
	if (!text || sqlite3_value_type(args[at]) == SQLITE_NULL)
		return;
	size_t len = (size_t)sqlite3_value_bytes(subject);
	if (len > SUBJECT_MAX) {
		sqlite3_result_error(ctx, "a regular expression cannot be matched with a text of more than 16 KiB", -1);
		return;
	}
	int flags = any_case ? PATTERN_FLAGS | REG_ICASE : PATTERN_FLAGS;
	struct pattern *kept = sqlite3_get_auxdata(ctx, at);
	bool usable = kept && kept->flags == flags;
	struct pattern *p = usable ? kept : pattern_make(args[at], flags, &why);
	if (!p) {
		complain(ctx, why);
		return;
	}
	locale_t locale = utf8_locale(), before = locale ? uselocale(locale) : (locale_t)0;
	match(ctx, p, text, len);
	if (before)
		uselocale(before);
	if (!usable)
		sqlite3_set_auxdata(ctx, at, p, pattern_free);
}

/* The operator: x REGEXP y calls regexp(y, x). */
static void regexp(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	search(ctx, 0, args, args[1], false);
}

static void regexp_like(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	bool any_case = false;
	if (count < 3 || read_flags(ctx, args[2], &any_case))
		search(ctx, 1, args, args[0], any_case);
}

static const struct sql_function rows[] = {
	{ "regexp", 2, regexp, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "regexp_like", 2, regexp_like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "regexp_like", 3, regexp_like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions regexp_functions = SQL_FUNCTIONS(rows);
