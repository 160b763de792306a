/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/pulse.h
 * \brief Whether a thread still turns: it is asked now and then, and answers when it comes round.
 */
#ifndef HTTP_PULSE_H
#define HTTP_PULSE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

/** Of one thread. Zeroed: it was never asked. */
struct pulse {
	atomic_bool asked;  /**< and has not answered yet */
	atomic_int tid;     /**< the system's number of the thread; 0: it has never answered */
	atomic_uint number; /**< of the thread, as it stands in the log */
	unsigned missed;    /**< the asker's: how often in a row no answer was there when it came to ask again */
};

/** Counts a missing answer; for the asker. \return whether to ask, for the first time or again */
bool pulse_due(struct pulse *p);
/** On the thread that was asked. \param number  its own, in the log */
void pulse_answer(struct pulse *p, unsigned number);
/** Asks a thread of libmicrohttpd, by a connection that is closed already. A failure asks nothing. */
void pulse_ask_daemon(struct pulse *p, struct MHD_Daemon *daemon);
/** \return the pulse that asks by a connection with this address of its client; NULL: it is a client's */
struct pulse *pulse_of(const struct sockaddr *address);

#endif
