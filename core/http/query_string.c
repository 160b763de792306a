/* SPDX-License-Identifier: Apache-2.0 */
#include "http/query_string.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

struct reading {
	lyre_value *object;
	struct arena *arena;
	const char *why;
	int rc;
};

static int digit_of(char c)
{
	int small = c | ('a' ^ 'A');
	if (c >= '0' && c <= '9')
		return c - '0';
	return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* Decodes escapes. Malformed ones are kept as they are. */
static lyre_value unescape(struct arena *a, const char *s, size_t len)
{
	char *out = arena_alloc(a, len + 1);
	size_t n = 0;
	for (size_t i = 0; out && i < len; i++) {
		int high = s[i] == '%' && i + 2 < len ? digit_of(s[i + 1]) : -1, low = high < 0 ? -1 : digit_of(s[i + 2]);
		if (low < 0) {
			out[n++] = s[i];
			continue;
		}
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	if (!out)
		return value_null();
	out[n] = '\0';
	return value_text(out, n);
}

static enum MHD_Result fail(struct reading *r, int rc, const char *why)
{
	r->rc = rc;
	r->why = why;
	return MHD_NO;
}

static enum MHD_Result take(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len, const char *value, size_t len)
{
	struct reading *r = cls;
	lyre_value name = unescape(r->arena, key, key_len), text = unescape(r->arena, value ? value : "", value ? len : 0);
	(void)kind;
	if (name.type == LYRE_NULL || text.type == LYRE_NULL)
		return fail(r, LYRE_ENOMEM, "Out of memory");
	if (utf8_valid_prefix(name.s, name.len) < name.len || utf8_valid_prefix(text.s, text.len) < text.len)
		return fail(r, LYRE_EINVAL, "The query string is not UTF-8");
	if (value_getn(r->object, name.s, name.len))
		return fail(r, LYRE_EINVAL, "A parameter is given twice in the query string");
	r->object->members[r->object->len++] = (struct value_member){ name.s, name.len, text };
	return MHD_YES;
}

int query_read(lyre_value *ret, struct MHD_Connection *c, struct arena *a, const char **why)
{
	int count = MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, NULL, NULL);
	struct reading r = { .object = ret, .arena = a, .why = "Out of memory" };
	*ret = (lyre_value){ .type = LYRE_OBJECT, .members = ARENA_ARRAY(a, struct value_member, (size_t)(count > 0 ? count : 1)) };
	if (!ret->members)
		r.rc = LYRE_ENOMEM;
	else
		MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, take, &r);
	*why = r.why;
	return r.rc;
}
