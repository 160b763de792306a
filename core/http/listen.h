/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/listen.h
 * \brief Sockets that listen. Made here, not by libmicrohttpd, so that they can be handed over.
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/err.h"

#include <stdbool.h>

/**
 * \param host  an address or a name; NULL: all addresses, IPv6 and IPv4 on one socket where there is IPv6
 * \param[in,out] port  0: any that is free, told afterwards
 */
int listen_tcp(int *ret, const char *host, int *port, struct err *e);
/** Takes the place of a socket file that nobody answers on; anything else in the way is an error. */
int listen_domain(int *ret, const char *path, struct err *e);

/**
 * Takes over a socket that listens already, if it does so at the address.
 * \param[in,out] given  the socket, or -1; -1 when it was taken
 * \return whether it was
 */
bool listen_adopt_tcp(int *ret, int *given, const char *host, int *port);
bool listen_adopt_domain(int *ret, int *given, const char *path);

#endif
