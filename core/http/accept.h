/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/accept.h
 * \brief The thread that takes new connections and hands them to libmicrohttpd.
 *
 * libmicrohttpd 0.9.75 could accept by itself, but MHD_quiesce_daemon() races with its own threads for the listening
 * socket's place in their epoll sets, and the loser aborts the process. Here only one thread uses the socket, so it can
 * be closed or handed over at any time, and connections are distributed evenly.
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/err.h"
#include "dispatch/dispatch.h"
#include "http/pulse.h"
#include "http/seats.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

/** A thread that serves connections: a daemon made with MHD_USE_NO_LISTEN_SOCKET, whose own limits are never reached. */
struct serving_thread {
	struct MHD_Daemon *daemon;
	struct pulse pulse;
};

struct acceptor {
	int fd; /* the listening socket; owned by the caller */
	int wake_fd;
	int port;     /* TCP port */
	bool managed; /* the socket belongs to the service manager */
	bool secure;  /* TLS */
	/* further connections wait in the kernel's queue, or are closed when their address has too many */
	struct seat_limit *limit;
	struct seats *seats;
	struct serving_thread *threads; /* take connections in turn */
	unsigned thread_count;
	atomic_uint turn;
	struct dispatch *dispatch; /* counts rejected connections */
	atomic_ulong added;        /* connections handed on */
	struct pulse pulse;        /* the accepting thread's */
	pthread_t thread;
	atomic_bool stopping;
	bool running;
};

/** The caller fills in \p a up to and including dispatch, except the turn. */
int acceptor_start(struct acceptor *a, struct err *e);
/**
 * Hands a connection on, even over the limit; closes it on failure.
 * \param note  for seats_take()
 * \return LYRE_EBUSY: its address has too many
 */
int acceptor_add(struct acceptor *a, int fd, const struct sockaddr *address, socklen_t len, char *note);
/** Asks the accepting thread to answer its pulse. */
void acceptor_ask(struct acceptor *a);
/** No new connection arrives after this returns. Does nothing if it was not started. */
void acceptor_stop(struct acceptor *a);

#endif
