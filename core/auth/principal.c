/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/principal.c
 * \brief Principals: one allocation each, reference-counted.
 */
#include "auth/principal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct counted {
	struct principal principal;
	atomic_uint refs;
	char texts[];
};

static const struct principal server = { .name = PRINCIPAL_SERVER, .role = &role_of_server };

const struct principal *principal_server(void)
{
	return &server;
}

static struct counted *counted_of(const struct principal *p)
{
	return (struct counted *)(uintptr_t)p;
}

int principal_make(const struct principal **ret, const struct principal *p, size_t name_len, struct err *e)
{
	size_t only_size = p->only ? strlen(p->only) + 1 : 0;
	struct counted *c = malloc(sizeof *c + name_len + 1 + only_size);

	if (!c)
		return err_nomem(e);
	c->principal = *p;
	c->refs = 1;
	c->principal.name = memcpy(c->texts, p->name, name_len);
	c->texts[name_len] = '\0';
	if (p->only)
		c->principal.only = memcpy(c->texts + name_len + 1, p->only, only_size);
	if (p->role)
		role_ref(p->role);
	*ret = &c->principal;
	return 0;
}

const struct principal *principal_ref(const struct principal *p)
{
	if (p && p != &server)
		atomic_fetch_add_explicit(&counted_of(p)->refs, 1, memory_order_relaxed);
	return p;
}

void principal_unref(const struct principal *p)
{
	if (!p || p == &server || atomic_fetch_sub_explicit(&counted_of(p)->refs, 1, memory_order_acq_rel) != 1)
		return;
	role_unref(p->role);
	free(counted_of(p));
}
