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

static lyre_value unescape(struct arena *a, const char *s, size_t len)
{
	char *out = arena_alloc(a, len + 1);
	if (!out)
		return value_null();
	size_t n = percent_decode(out, s, len, false);
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
