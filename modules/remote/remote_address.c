/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A network: the first bits of an address. */
struct network {
	uint8_t bytes[16];
	unsigned bits;
};

static bool contains(const struct network *n, const uint8_t *address)
{
	size_t whole = n->bits / 8;
	unsigned rest = n->bits % 8;
	return !memcmp(n->bytes, address, whole) && (!rest || (n->bytes[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static bool is_in(const struct network *networks, size_t count, const uint8_t *address)
{
	for (size_t i = 0; i < count; i++)
		if (contains(&networks[i], address))
			return true;
	return false;
}

static bool ipv4_is_local(const uint8_t *address)
{
	static const struct network local[] = {
		{ { 0 }, 8 },                   /* this network; 0.0.0.0 connects to this host */
		{ { 127 }, 8 },                 /* loopback */
		{ { 169, 254 }, 16 },           /* link-local, and the metadata of most clouds */
		{ { 100, 100, 100, 200 }, 32 }, /* metadata of Alibaba Cloud */
		{ { 168, 63, 129, 16 }, 32 },   /* of Azure */
		{ { 192, 0, 0, 0 }, 24 },       /* protocol assignments; metadata of Oracle Cloud */
		{ { 224 }, 4 },                 /* multicast */
		{ { 240 }, 4 },                 /* reserved, broadcast */
	};
	return is_in(local, sizeof local / sizeof *local, address);
}

/* Networks whose addresses have an IPv4 address inside, and where. */
static const struct {
	struct network network;
	size_t at;
} translated[] = {
	{ { { [10] = 0xff, [11] = 0xff }, 96 }, 12 }, /* mapped */
	{ { { [8] = 0xff, [9] = 0xff }, 96 }, 12 },   /* translated (SIIT) */
	{ { { 0 }, 96 }, 12 },                        /* compatible; ::1 and :: are in it as well */
	{ { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 },   /* NAT64 */
	{ { { 0x20, 0x02 }, 16 }, 2 },                /* 6to4 */
};

static bool ipv6_is_local(const uint8_t *address)
{
	static const struct network local[] = {
		{ { 0xfe, 0x80 }, 10 },                                        /* link-local */
		{ { 0xfe, 0xc0 }, 10 },                                        /* site-local, deprecated */
		{ { 0xff }, 8 },                                               /* multicast */
		{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48 },                /* NAT64 of the local network: leads anywhere */
		{ { 0x20, 0x01, 0x00, 0x00 }, 32 },                            /* Teredo: the same */
		{ { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 }, 128 }, /* metadata of EC2 */
	};
	if (is_in(local, sizeof local / sizeof *local, address))
		return true;
	for (size_t i = 0; i < sizeof translated / sizeof *translated; i++)
		if (contains(&translated[i].network, address))
			return ipv4_is_local(address + translated[i].at);
	return false;
}

bool remote_address_is_local(const struct sockaddr *address)
{
	/* Copied: libcurl keeps addresses in a struct sockaddr, with what follows it. */
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof in);
		return ipv4_is_local((const uint8_t *)&in.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof in);
		return ipv6_is_local(in.sin6_addr.s6_addr);
	}
	return true;
}

void remote_address_text(const struct sockaddr *address, char out[REMOTE_ADDRESS_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof in);
		inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
		port = ntohs(in.sin_port);
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof in);
		inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof host);
		port = ntohs(in.sin6_port);
	}
	snprintf(out, REMOTE_ADDRESS_MAX, "%s:%u", host, port);
}
