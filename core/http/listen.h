/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/listen.h
 * \brief Listening sockets, created here rather than by libmicrohttpd so that they can be handed over.
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/err.h"

#include <stdbool.h>

/** Buffer size for a socket's name. */
#define LISTEN_NAME 128

/**
 * \param host  an address or a name; NULL: all addresses, with IPv6 and IPv4 on one socket if the system has IPv6
 * \param[in,out] port  0: any free port, set on return
 * \return LYRE_EBUSY if another process listens there
 */
int listen_tcp(int *ret, const char *host, int *port, struct err *e);
/** Whether listen_tcp() would succeed. */
int listen_try_tcp(const char *host, int port, struct err *e);
/** Replaces a socket file that no process listens on; anything else in the way is an error. */
int listen_domain(int *ret, const char *path, struct err *e);
/** Whether listen_domain() would succeed, once the folder is there. LYRE_EBUSY as above */
int listen_try_domain(const char *path, struct err *e);

/* ---- existing sockets ---- */

/**
 * Takes over a listening socket if it listens at the given address.
 * \param[in,out] given  the socket, or -1; set to -1 if it was taken
 * \return whether it was
 */
bool listen_adopt_tcp(int *ret, int *given, const char *host, int *port);
bool listen_adopt_domain(int *ret, int *given, const char *path);

/** Takes over a socket wherever it listens. */
void listen_take(int *ret, int *given);
/** Whether the socket listens there. \param host  NULL: anywhere \param port  0: any */
bool listen_is_tcp(int fd, const char *host, int port);
/** \param path  NULL: anywhere, even if its file is gone */
bool listen_is_domain(int fd, const char *path);
/** Whether the socket listens on all addresses. */
bool listen_is_any(int fd);
int listen_port(int fd);
/** "127.0.0.1:9925", "[::1]:9925", "unix:/run/lyre/socket". \return \p text */
const char *listen_name(int fd, char text[LISTEN_NAME]);

#endif
