/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/handover.h
 * \brief Descriptors that outlive the program: from the service manager, and to the program that takes its place.
 *
 * From the service manager come listening sockets, in LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES (sd_listen_fds(3)), the one
 * for TLS by the name "secure"; from an earlier self also the lock and clients' connections, in LYRED_HANDOVER, each by its
 * number.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "base/err.h"
#include "http/http.h"

struct handover {
	int lock; /**< -1 for none */
	struct http_sockets sockets;
};

#define HANDOVER_NONE { .lock = -1, .sockets = HTTP_NO_SOCKETS }

/**
 * Takes what there is, out of the environment too. Before the first thread.
 * \return LYRE_EINVAL when the service manager hands over what cannot be used: more than one socket of a kind, or none that listens
 */
int handover_take(struct handover *h, struct err *e);
/** Leaves it to the next program: the last thing before execve(). \return LYRE_ENOMEM */
int handover_leave(const struct handover *h, struct err *e);

#endif
