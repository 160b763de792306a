/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls_none.c
 * \brief A build without TLS.
 */
#include "tls/tls.h"

bool tls_is_built(void)
{
	return false;
}

int tls_open(struct tls **ret, bool wanted, struct err *e)
{
	(void)wanted;
	(void)e;
	*ret = NULL;
	return 0;
}

void tls_close(struct tls *t)
{
	(void)t;
}

bool tls_is_wanted(const struct tls *t)
{
	(void)t;
	return false;
}

int tls_use(struct tls *t, const struct lyre_tls *use, struct err *e)
{
	(void)t;
	(void)use;
	return err_set(e, LYRE_ENOTSUP, "this build has no TLS");
}

int tls_try(const struct lyre_tls *use, struct err *e)
{
	return tls_use(NULL, use, e);
}

bool tls_is_ready(struct tls *t)
{
	(void)t;
	return false;
}
