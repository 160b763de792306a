/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/linger.h
 * \brief Sockets that are closed for us but not yet for the client.
 *
 * When a socket is closed with bytes unread, the kernel resets the connection, and the client may never see the answer
 * that told it why. So a copy of the socket is kept for a moment, and what comes is thrown away. No lock of its own.
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

/** Keeps a copy of \p fd; when there are too many, it does without. */
void linger_add(struct lingering *l, int fd, int64_t now);
/** Reads and lets go. */
void linger_run(struct lingering *l, int64_t now);
void linger_close(struct lingering *l);

#endif
