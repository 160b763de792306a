/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/handover.h
 * \brief Descriptors passed by the service manager, and to the program that replaces this one.
 *
 * The service manager passes listening sockets, in LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES (sd_listen_fds(3)), the one for
 * TLS by the name "secure"; the previous program also passes the lock and clients' connections, by number, in LYRED_HANDOVER.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "base/err.h"
#include "http/http.h"

struct handover {
	int lock; /**< -1: none */
	struct http_sockets sockets;
};

#define HANDOVER_NONE                                  \
	{                                              \
		.lock = -1, .sockets = HTTP_NO_SOCKETS \
	}

/**
 * Takes over the descriptors and removes them from the environment. Before the first thread.
 * \return LYRE_EINVAL if the service manager passes unusable sockets: more than one of a kind, or one that does not listen
 */
int handover_take(struct handover *h, struct err *e);
/** Passes them to the next program: the last step before execve(). \return LYRE_ENOMEM */
int handover_leave(const struct handover *h, struct err *e);

#endif
