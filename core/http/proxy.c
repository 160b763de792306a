/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SETTING "operationsApi.network.trustedProxies"
#define BLANKS " \t"

/** IPv4 addresses are mapped into IPv6: ::ffff:a.b.c.d. */
struct network {
	unsigned char bytes[16];
	unsigned bits; /* length of the prefix */
};

void address_write(char ret[ADDRESS_MAX], int family, const void *bytes)
{
	struct in6_addr v6 = { 0 };
	memcpy(&v6, bytes, family == AF_INET6 ? sizeof v6 : sizeof(struct in_addr));
	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6))
		inet_ntop(AF_INET, &v6.s6_addr[12], ret, ADDRESS_MAX);
	else
		inet_ntop(family, &v6, ret, ADDRESS_MAX);
}

bool address_read(char ret[ADDRESS_MAX], int family, const char *text)
{
	struct in6_addr bytes;
	if (inet_pton(family, text, &bytes) != 1)
		return false;
	address_write(ret, family, &bytes);
	return true;
}

/** \param[out] width  bits of an address of its family */
static bool read_address(const char *text, unsigned char ret[16], unsigned *width)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct in_addr v4;
	if (inet_pton(AF_INET6, text, ret) == 1) {
		*width = 128;
		return true;
	}
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	memcpy(ret, mapped, sizeof mapped);
	memcpy(ret + sizeof mapped, &v4, sizeof v4);
	*width = 32;
	return true;
}

static bool read_network(struct network *ret, const char *text)
{
	char address[ADDRESS_MAX];
	unsigned width;
	size_t len = strcspn(text, "/");
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!read_address(address, ret->bytes, &width))
		return false;
	unsigned bits = width;
	if (text[len]) {
		const char *digits = text + len + 1;
		if (!*digits || strlen(digits) > 3 || digits[strspn(digits, "0123456789")])
			return false;
		bits = (unsigned)atoi(digits);
	}
	if (bits > width)
		return false;
	ret->bits = bits + (128 - width);
	return true;
}

int proxies_read(struct proxies *ret, const char *const *list, size_t count, struct err *e)
{
	*ret = (struct proxies){ .networks = NULL };
	if (!count)
		return 0;
	struct network *networks = calloc(count, sizeof *networks);
	if (!networks)
		return err_nomem(e);
	for (size_t i = 0; i < count; i++) {
		if (!read_network(&networks[i], list[i])) {
			free(networks);
			return err_set(e, LYRE_EINVAL,
				SETTING ": '%s' is not an address or a network, such as 192.0.2.1 or 10.0.0.0/8", list[i]);
		}
	}
	*ret = (struct proxies){ networks, count };
	return 0;
}

void proxies_free(struct proxies *p)
{
	free(p->networks);
	*p = (struct proxies){ .networks = NULL };
}

static bool is_in(const struct network *n, const unsigned char address[16])
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;
	if (memcmp(n->bytes, address, whole) != 0)
		return false;
	return !rest || !((n->bytes[whole] ^ address[whole]) >> (8 - rest));
}

bool proxies_trust(const struct proxies *p, const char *address)
{
	unsigned char bytes[16];
	unsigned width;
	if (!p->count || !read_address(address, bytes, &width))
		return false;
	for (size_t i = 0; i < p->count; i++)
		if (is_in(&p->networks[i], bytes))
			return true;
	return false;
}

/** Reads an item of the list as an address: "[2001:db8::1]:80" and "192.0.2.1:80" also have a port. \return whether it is one */
static bool read_item(const char *item, size_t len, char ret[ADDRESS_MAX])
{
	unsigned char bytes[16];
	unsigned width;
	char text[ADDRESS_MAX + 8];
	if (!len || len >= sizeof text)
		return false;
	memcpy(text, item, len);
	text[len] = '\0';
	char *address = text, *end = *text == '[' ? strchr(text, ']') : NULL, *colon = strchr(text, ':');
	if (end) {
		*end = '\0';
		address++;
	} else if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
	}
	if (strlen(address) >= ADDRESS_MAX || !read_address(address, bytes, &width))
		return false;
	memcpy(ret, address, strlen(address) + 1);
	return true;
}

void proxy_client(const struct proxies *p, const struct framing *f, char ret[ADDRESS_MAX])
{
	const char *begin = f->forwarded_for, *end = begin ? begin + strlen(begin) : NULL;
	/* From the nearest proxy on: an untrusted proxy may have invented everything before its own entry. */
	while (begin && end > begin && proxies_trust(p, ret)) {
		const char *item = end;
		while (item > begin && item[-1] != ',')
			item--;
		const char *text = item + strspn(item, BLANKS);
		size_t len = text < end ? (size_t)(end - text) : 0;
		while (len && strchr(BLANKS, text[len - 1]))
			len--;
		if (!read_item(text, len, ret))
			return;
		end = item > begin ? item - 1 : begin;
	}
}

bool proxy_is_secure(const struct framing *f)
{
	const char *proto = f->forwarded_proto;
	if (!proto)
		return false;
	const char *last = strrchr(proto, ',');
	last = last ? last + 1 : proto;
	last += strspn(last, BLANKS);
	return strcasecmp(last, "https") == 0 || strcasecmp(last, "wss") == 0;
}
