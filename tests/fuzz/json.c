/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file json.c
 * \brief JSON: what is accepted is JSON to a second reader too, and what is written from it reads back and is written the same.
 */
#include "fuzz.h"

#include "base/json.h"

/* ---- the grammar of RFC 8259, as plainly as it can be said ---- */

struct text {
	const char *p, *end;
};

static bool value(struct text *t);

static void blanks(struct text *t)
{
	while (t->p < t->end && memchr(" \t\r\n", *t->p, 4))
		t->p++;
}

static bool take(struct text *t, char c)
{
	if (t->p == t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

static bool word(struct text *t, const char *w)
{
	while (*w)
		if (!take(t, *w++))
			return false;
	return true;
}

static size_t digits(struct text *t)
{
	const char *start = t->p;
	while (t->p < t->end && *t->p >= '0' && *t->p <= '9')
		t->p++;
	return (size_t)(t->p - start);
}

static bool number(struct text *t)
{
	take(t, '-');
	if (!take(t, '0') && !digits(t))
		return false;
	if (take(t, '.') && !digits(t))
		return false;
	if (take(t, 'e') || take(t, 'E')) {
		if (!take(t, '-'))
			take(t, '+');
		return digits(t) > 0;
	}
	return true;
}

static bool string(struct text *t)
{
	if (!take(t, '"'))
		return false;
	while (t->p < t->end) {
		unsigned char c = (unsigned char)*t->p++;
		if (c == '"')
			return true;
		if (c < ' ')
			return false;
		if (c != '\\')
			continue;
		if (t->p == t->end || !memchr("\"\\/bfnrtu", *t->p, 9))
			return false;
		if (*t->p++ != 'u')
			continue;
		for (int i = 0; i < 4; i++)
			if (t->p == t->end || !memchr("0123456789abcdefABCDEF", *t->p++, 22))
				return false;
	}
	return false;
}

static bool list(struct text *t, char end, bool named)
{
	blanks(t);
	if (take(t, end))
		return true;
	do {
		blanks(t);
		if (named) {
			if (!string(t))
				return false;
			blanks(t);
			if (!take(t, ':'))
				return false;
			blanks(t);
		}
		if (!value(t))
			return false;
		blanks(t);
	} while (take(t, ','));
	return take(t, end);
}

static bool value(struct text *t)
{
	if (take(t, '{'))
		return list(t, '}', true);
	if (take(t, '['))
		return list(t, ']', false);
	if (t->p == t->end)
		return false;
	switch (*t->p) {
	case '"':
		return string(t);
	case 't':
		return word(t, "true");
	case 'f':
		return word(t, "false");
	case 'n':
		return word(t, "null");
	default:
		return number(t);
	}
}

static bool is_json(const char *data, size_t size)
{
	struct text t = { data, data + size };
	if (size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3))
		t.p += 3;
	blanks(&t);
	if (!value(&t))
		return false;
	blanks(&t);
	return t.p == t.end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct buf out, rewritten;
	struct err e = { 0 };
	lyre_value v, again;
	char *text = fuzz_copy(data, size, 1);
	arena_init(&a);
	buf_init(&out);
	buf_init(&rewritten);
	int rc = json_decode(&a, text, size, &v, &e);
	must(rc == e.code && (rc == 0 || (rc == LYRE_EINVAL && *e.text)));
	if (!rc) {
		must(is_json((const char *)data, size));
		json_add_value(&out, &v);
		must(buf_cstr(&out));
		must(json_decode_copy(&a, out.data, out.len, &again, &e) == 0);
		must(value_equal(&v, &v) && value_compare(&v, &v) == 0);
		/* Not the same value: a double from 2^53 on is written as an integer near it, in as few digits as will do. */
		json_add_value(&rewritten, &again);
		must(rewritten.len == out.len && !memcmp(rewritten.data, out.data, out.len));
	}
	buf_free(&rewritten);
	buf_free(&out);
	arena_free(&a);
	free(text);
	return 0;
}
