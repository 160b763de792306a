/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/remote_address.h
 * \brief Which addresses a URL from a user may not lead to. Pure functions.
 */
#ifndef REMOTE_ADDRESS_H
#define REMOTE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/** Room for "[fe80::1%4294967295]:65535". */
#define REMOTE_ADDRESS_MAX 80

/**
 * Whether an address is of this host, of its link, of no single host, or of the service that tells a cloud's machines their
 * credentials: loopback, unspecified and "this network", link-local, multicast, broadcast, reserved; in IPv6 also those with such an
 * IPv4 address inside: mapped, compatible, NAT64, 6to4. Any family but these two is local. Private networks (10.0.0.0/8, fc00::/7 …)
 * are not: stores of one's own are there.
 */
bool remote_address_is_local(const struct sockaddr *address);

/** As in error texts: "127.0.0.1:1", "::1:1". */
void remote_address_text(const struct sockaddr *address, char out[REMOTE_ADDRESS_MAX]);

#endif
