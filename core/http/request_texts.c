/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/request_texts.c
 * \brief A request's headers, and the parameters of its query string, one by one as libmicrohttpd has split them.
 */
#include "http/http_internal.h"

#include <stddef.h>

struct taking {
	take_text take;
	void *arg;
};

static enum MHD_Result take_one(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len, const char *value, size_t len)
{
	const struct taking *t = cls;
	(void)kind;
	return t->take(t->arg, key, key_len, value ? value : "", value ? len : 0) ? MHD_YES : MHD_NO;
}

static void request_each(const struct exchange *x, enum MHD_ValueKind kind, take_text take, void *arg)
{
	const struct request *r = (const struct request *)((const char *)x - offsetof(struct request, x));
	struct taking t = { take, arg };
	MHD_get_connection_values_n(r->mhd, kind, take_one, &t);
}

void request_each_header(const struct exchange *x, take_text take, void *arg)
{
	request_each(x, MHD_HEADER_KIND, take, arg);
}

void request_each_param(const struct exchange *x, take_text take, void *arg)
{
	request_each(x, MHD_GET_ARGUMENT_KIND, take, arg);
}
