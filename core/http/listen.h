/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/listen.h
 * \brief Sockets that listen. Made here, not by libmicrohttpd, so that they can be handed over.
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/err.h"

#include <stdbool.h>

/** Room for a socket's name. */
#define LISTEN_NAME 128

/**
 * \param host  an address or a name; NULL: all addresses, IPv6 and IPv4 on one socket where there is IPv6
 * \param[in,out] port  0: any that is free, told afterwards
 * \return LYRE_EBUSY when another process listens there
 */
int listen_tcp(int *ret, const char *host, int *port, struct err *e);
/** Whether listen_tcp() would succeed. */
int listen_try_tcp(const char *host, int port, struct err *e);
/** Takes the place of a socket file that nobody answers on; anything else in the way is an error. */
int listen_domain(int *ret, const char *path, struct err *e);
/** Whether listen_domain() would succeed, once the folder is there. LYRE_EBUSY as above */
int listen_try_domain(const char *path, struct err *e);

/* ---- sockets that are there already ---- */

/**
 * Takes over a socket that listens already, if it does so at the address.
 * \param[in,out] given  the socket, or -1; -1 when it was taken
 * \return whether it was
 */
bool listen_adopt_tcp(int *ret, int *given, const char *host, int *port);
bool listen_adopt_domain(int *ret, int *given, const char *path);

/** Takes over a socket wherever it listens. */
void listen_take(int *ret, int *given);
/** Whether a socket listens there. \param host  NULL: anywhere \param port  0: any */
bool listen_is_tcp(int fd, const char *host, int port);
/** \param path  NULL: anywhere, also where there is no file */
bool listen_is_domain(int fd, const char *path);
/** Whether it listens on all addresses. */
bool listen_is_any(int fd);
int listen_port(int fd);
/** "127.0.0.1:9925", "[::1]:9925", "unix:/run/lyre/socket". \return \p text */
const char *listen_name(int fd, char text[LISTEN_NAME]);

#endif
