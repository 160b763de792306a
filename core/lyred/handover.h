/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/handover.h
 * \brief Descriptors that outlive the program: from the service manager, and to the program that replaces this one.
 *
 * The service manager passes listening sockets, in LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES (sd_listen_fds(3)), the one for
 * TLS by the name "secure"; the program before this one also passes the lock and clients' connections, in LYRED_HANDOVER,
 * each by its number.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "base/err.h"
#include "http/http.h"

struct handover {
	int lock; /**< -1 for none */
	struct http_sockets sockets;
};

#define HANDOVER_NONE                                  \
	{                                              \
		.lock = -1, .sockets = HTTP_NO_SOCKETS \
	}

/**
 * Takes over what is passed, and removes it from the environment. Before the first thread.
 * \return LYRE_EINVAL if the service manager passes unusable sockets: more than one of a kind, or one that does not listen
 */
int handover_take(struct handover *h, struct err *e);
/** Passes it to the next program: the last step before execve(). \return LYRE_ENOMEM */
int handover_leave(const struct handover *h, struct err *e);

#endif
