/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/linger.h
 * \brief Sockets that we have closed but the client has not.
 *
 * When a socket is closed with bytes unread, the kernel resets the connection, and the client may never see the answer
 * that explains why. So a copy of the socket is kept for a moment, and incoming data is discarded. No lock of its own.
 */
#ifndef HTTP_LINGER_H
#define HTTP_LINGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINGER_MAX 64
#define LINGER_MS 2000

struct linger_socket {
	int fd;
	int64_t until;
};

struct lingering {
	struct linger_socket sockets[LINGER_MAX];
	size_t count;
};

/** Keeps a copy of \p fd; does nothing if there are too many. */
void linger_add(struct lingering *l, int fd, int64_t now);
/** Discards incoming data, and closes the sockets whose time is up. */
void linger_run(struct lingering *l, int64_t now);
void linger_close(struct lingering *l);

#endif
