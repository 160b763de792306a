/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/secure_none.c
 * \brief A build without TLS: no connection has it.
 */
#include "http/secure.h"

bool secure_is_possible(void)
{
	return false;
}

unsigned secure_options_fill(struct MHD_OptionItem options[SECURE_OPTIONS + 1])
{
	options[0] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return 0;
}

bool secure_begin(struct connection *c, struct MHD_Connection *mhd)
{
	(void)c;
	(void)mhd;
	return true;
}

void secure_end(struct secure *s)
{
	(void)s;
}

void secure_failed(struct secure *s)
{
	(void)s;
}

bool secure_send_last(struct secure *s, const char *text, size_t len)
{
	(void)s;
	(void)text;
	(void)len;
	return false;
}

int secure_check(struct secure *s, const char **why)
{
	(void)s;
	(void)why;
	return 0;
}

const char *secure_user(const struct secure *s)
{
	(void)s;
	return NULL;
}
