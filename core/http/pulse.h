/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/pulse.h
 * \brief Checks that a thread is still responsive: it is asked now and then, and answers on its next turn.
 */
#ifndef HTTP_PULSE_H
#define HTTP_PULSE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

/** Of one thread. Zeroed: never asked. */
struct pulse {
	atomic_bool asked;  /**< and has not answered yet */
	atomic_int tid;     /**< the system's thread id; 0: it has never answered */
	atomic_uint number; /**< of the thread, as shown in the log */
	unsigned missed;    /**< used by the asking thread: how many times in a row there was no answer */
};

/** Counts a missing answer; for the asking thread. \return whether to ask, for the first time or again */
bool pulse_due(struct pulse *p);
/** On the asked thread. \param number  its own, as in the log */
void pulse_answer(struct pulse *p, unsigned number);
/** Asks a thread of libmicrohttpd by adding a connection that is already closed. A failure has no effect. */
void pulse_ask_daemon(struct pulse *p, struct MHD_Daemon *daemon);
/** \return the pulse behind a connection with this client address; NULL: a real client's */
struct pulse *pulse_of(const struct sockaddr *address);

#endif
