/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/accept.h
 * \brief The thread that takes new connections and hands them to libmicrohttpd.
 *
 * libmicrohttpd 0.9.75 could accept by itself, but MHD_quiesce_daemon() races with its own threads for the listening socket's
 * place in their epoll sets, and the one that comes second ends the process. Here nobody else knows the socket, so that
 * it can be closed, or handed over, at any time; and connections are shared out evenly.
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

/** One that serves connections: a daemon made with MHD_USE_NO_LISTEN_SOCKET, whose own limits are never met. */
struct serving_thread {
	struct MHD_Daemon *daemon;
	struct pulse pulse;
};

struct acceptor {
	int fd; /* listens; the caller's */
	int wake_fd;
	int port;     /* of TCP */
	bool managed; /* the socket is the service manager's */
	bool secure;  /* TLS */
	/* further connections wait in the kernel's queue, or are closed when their address has too many */
	struct seat_limit *limit;
	struct seats *seats;
	struct serving_thread *threads; /* connections go to them in turn */
	unsigned thread_count;
	atomic_uint turn;
	struct dispatch *dispatch; /* counts those that are not taken */
	atomic_ulong added;        /* connections that were handed on */
	struct pulse pulse;        /* of the accepting thread */
	pthread_t thread;
	atomic_bool stopping;
	bool running;
};

/** \p a holds all but the turn and what follows dispatch. */
int acceptor_start(struct acceptor *a, struct err *e);
/**
 * Hands a connection on, even over the limit; it is closed when it is not taken.
 * \param note  for seats_take()
 * \return LYRE_EBUSY: its address has too many
 */
int acceptor_add(struct acceptor *a, int fd, const struct sockaddr *address, socklen_t len, char *note);
/** Has the accepting thread answer its pulse. */
void acceptor_ask(struct acceptor *a);
/** When this returns no new connection comes. Nothing to do when it was not started. */
void acceptor_stop(struct acceptor *a);

#endif
