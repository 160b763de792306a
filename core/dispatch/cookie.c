/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/cookie.c
 * \brief Cookies of a request, and whether it comes from a page of this server.
 */
#include "dispatch/dispatch_internal.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t"

const char *cookie_find(const char *header, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	for (const char *p = header; p && *p; p += *p == ';') {
		p += strspn(p, BLANKS);
		size_t whole = strcspn(p, ";");
		if (whole > name_len && p[name_len] == '=' && !memcmp(p, name, name_len)) {
			const char *value = p + name_len + 1;
			*len = whole - name_len - 1;
			while (*len && strchr(BLANKS, value[*len - 1]))
				--*len;
			return value;
		}
		p += whole;
	}
	return NULL;
}

const char *cookie_of(const struct exchange *x, const char *name, size_t *len)
{
	const char *first = cookie_find(x->cookie, name, len), *value = first;
	size_t value_len = first ? *len : 0;

	while (value && value != x->cookie_used)
		value = cookie_find(value + value_len, name, &value_len);
	if (value)
		*len = value_len;
	return value ? value : first;
}

/* ---- the origin of a page ---- */

/** A host and its port, as in "[::1]:9925". */
struct authority {
	const char *host;
	size_t host_len;
	unsigned port;
};

/** \return false if it is not valid */
static bool read_authority(struct authority *ret, const char *s, unsigned default_port)
{
	bool bracketed = *s == '[';
	size_t len = strcspn(s, bracketed ? "]" : ":");

	if (bracketed && !s[len])
		return false;
	len += bracketed; /* the bracket belongs to the host */
	*ret = (struct authority){ s, len, default_port };
	s += len;
	if (*s == ':') {
		ret->port = 0;
		for (s++; *s >= '0' && *s <= '9' && ret->port <= 65535; s++)
			ret->port = ret->port * 10 + (unsigned)(*s - '0');
	}
	return len && !*s && ret->port && ret->port <= 65535;
}

bool origin_is_own(const struct exchange *x)
{
	static const struct {
		const char *scheme;
		unsigned port;
	} schemes[] = { { "http://", 80 }, { "https://", 443 } };
	struct authority origin, host;

	if (x->origin_named)
		return true;
	for (size_t i = 0; x->origin && x->host && i < sizeof schemes / sizeof *schemes; i++) {
		size_t len = strlen(schemes[i].scheme);

		/* Regardless of the scheme: a proxy in front may terminate TLS. */
		if (!strncasecmp(x->origin, schemes[i].scheme, len))
			return read_authority(&origin, x->origin + len, schemes[i].port) &&
				read_authority(&host, x->host, schemes[i].port) && origin.port == host.port &&
				origin.host_len == host.host_len && !strncasecmp(origin.host, host.host, host.host_len);
	}
	return false;
}
