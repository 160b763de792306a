/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/read_log.c
 * \brief read_log: lines of the log, in either order, by level, time and text.
 */
#include "system_module.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const levels[] = { "notify", "fatal", "error", "warn", "info", "debug", "trace" };
#define LEVELS (sizeof levels / sizeof *levels)

/* ---- the arguments ---- */

/** Maximum size of a value in an error, with the NUL. */
#define SHOWN_MAX 60

/** The errors of a request: all of them in one answer, as clients expect. */
struct faults {
	char text[800];
	size_t len;
};

static void fault(struct faults *f, const char *fmt, ...) LYRE_PRINTF(2, 3);
static void fault(struct faults *f, const char *fmt, ...)
{
	va_list ap;
	size_t room = sizeof f->text - f->len;

	va_start(ap, fmt);
	int before = f->len ? snprintf(f->text + f->len, room, ". ") : 0;
	int n = (size_t)before < room ? vsnprintf(f->text + f->len + before, room - (size_t)before, fmt, ap) : 0;
	va_end(ap);
	f->len += (size_t)before + (size_t)(n > 0 ? n : 0);
	if (f->len >= sizeof f->text)
		f->len = sizeof f->text - 1;
}

/** A value as shown in an error: its first bytes, cut between characters. */
static const char *shown(lyre_call *call, const char *name, char cut[SHOWN_MAX])
{
	const lyre_value *v = lyre_arg(call, name);
	const char *text = lyre_arg_string(call, name);
	size_t len = text ? strlen(text) : 0;

	if (text && len < SHOWN_MAX)
		return text;
	if (text) {
		for (len = SHOWN_MAX - 1; len && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
		memcpy(cut, text, len);
		cut[len] = '\0';
		return cut;
	}
	switch (lyre_value_type(v)) {
	case LYRE_BOOL:
		return lyre_value_bool(v) ? "true" : "false";
	case LYRE_ARRAY:
		return "[…]";
	default:
		return "{…}";
	}
}

static void take_date(lyre_call *call, const char *name, double *ret, struct faults *f)
{
	const lyre_value *v = lyre_arg(call, name);
	char cut[SHOWN_MAX];
	size_t len;

	if (!lyre_arg_given(call, name))
		return;
	const char *text = lyre_value_type(v) == LYRE_STRING ? lyre_value_string(v, &len) : NULL;
	if (!text || lyre_time_parse(text, len, ret))
		fault(f, "'%s' date '%s' is invalid.", name, shown(call, name, cut));
}

static int is_text(const lyre_value *v, const char *text)
{
	return lyre_value_type(v) == LYRE_STRING && !strcmp(lyre_value_string(v, NULL), text);
}

static void take_level(lyre_call *call, uint32_t *ret, struct faults *f)
{
	if (!lyre_arg_given(call, "level"))
		return;
	for (size_t i = 0; i < LEVELS; i++) {
		if (is_text(lyre_arg(call, "level"), levels[i]))
			*ret = 1u << i;
	}
	if (!*ret)
		fault(f, "'level' must be one of [notify, fatal, error, warn, info, debug, trace]");
}

static void take_order(lyre_call *call, int *oldest_first, struct faults *f)
{
	*oldest_first = 1;
	if (!lyre_arg_given(call, "order") || is_text(lyre_arg(call, "order"), "asc"))
		return;
	*oldest_first = 0;
	if (!is_text(lyre_arg(call, "order"), "desc"))
		fault(f, "'order' must be one of [asc, desc]");
}

static void take_count(lyre_call *call, const char *name, int least, uint64_t *ret, struct faults *f)
{
	const lyre_value *v = lyre_arg(call, name);
	enum lyre_type type = lyre_value_type(v);

	if (type != LYRE_INT && type != LYRE_DOUBLE && type != LYRE_BIGINT)
		fault(f, "'%s' must be a number", name);
	else if (lyre_value_double(v) < least)
		fault(f, "'%s' must be greater than or equal to %d", name, least);
	else if (type == LYRE_DOUBLE && lyre_value_double(v) < 1e15)
		fault(f, "'%s' must be an integer", name);
	else
		*ret = type == LYRE_INT ? (uint64_t)lyre_value_int(v) : UINT64_MAX;
}

/** There is one log: clients may use its name, or the one that they expect from other servers. */
static void check_name(lyre_call *call, struct faults *f)
{
	static const char *const others[] = { "install.log", "run.log" };
	const lyre_value *v = lyre_arg(call, "log_name");
	char cut[SHOWN_MAX];

	if (!lyre_arg_given(call, "log_name") || is_text(v, "lyre.log") || is_text(v, "hdb.log"))
		return;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (is_text(v, others[i])) {
			fault(f, "'log_name' '%s' does not exist.", others[i]);
			return;
		}
	}
	fault(f, "'log_name' '%s' is invalid.", shown(call, "log_name", cut));
}

static int take_arguments(lyre_call *call, struct lyre_log_query *q)
{
	struct faults f = { .len = 0 };
	double to = NAN;

	take_date(call, "from", &q->from, &f);
	take_date(call, "until", &q->until, &f);
	take_date(call, "to", &to, &f);
	if (!lyre_arg_given(call, "until"))
		q->until = to;
	take_level(call, &q->levels, &f);
	take_order(call, &q->oldest_first, &f);
	take_count(call, "limit", 1, &q->limit, &f);
	take_count(call, "start", 0, &q->offset, &f);
	if (lyre_arg_given(call, "filter")) {
		q->filter = lyre_arg_string(call, "filter");
		if (!q->filter)
			fault(&f, "'filter' must be a string");
	}
	check_name(call, &f);
	return f.len ? lyre_fail(call, LYRE_EINVAL, "%s", f.text) : 0;
}

/* ---- the answer ---- */

struct answer {
	lyre_call *call;
	lyre_out *out;
	size_t bytes;
};

static int answer_entry(void *arg, const struct lyre_log_entry *entry)
{
	struct answer *a = arg;
	lyre_out *o = a->out;
	size_t len = strlen(entry->message);
	char time[32];

	a->bytes += len + 128;
	if (a->bytes > ANSWER_MAX)
		return lyre_fail(a->call, LYRE_ETOOBIG,
			"the answer would exceed %d MiB: request less at a time with 'limit', 'from' or 'until'", ANSWER_MAX >> 20);
	lyre_out_object_begin(o);
	lyre_out_key(o, "timestamp");
	lyre_out_string(o, time, lyre_time_text(time, entry->time));
	lyre_out_text(o, "thread", entry->thread);
	lyre_out_text(o, "level", levels[entry->level]);
	lyre_out_key(o, "tags");
	lyre_out_array_begin(o);
	lyre_out_string(o, entry->tag, strlen(entry->tag));
	lyre_out_array_end(o);
	lyre_out_key(o, "message");
	lyre_out_string(o, entry->message, len);
	lyre_out_object_end(o);
	return 0;
}

int system_read_log(lyre_call *call)
{
	struct lyre_log_query query = { .size = sizeof query, .from = NAN, .until = NAN };
	struct answer answer = { .call = call, .out = lyre_reply(call) };

	int rc = take_arguments(call, &query);
	if (rc)
		return rc;
	lyre_out_array_begin(answer.out);
	rc = lyre_log_read(call, &query, answer_entry, &answer);
	lyre_out_array_end(answer.out);
	return rc;
}
