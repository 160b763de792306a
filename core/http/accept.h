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

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

struct acceptor {
	int fd;                    /* listens; the caller's */
	int stop_fd;
	unsigned limit;            /* connections at once; further ones wait in the kernel's queue */
	struct MHD_Daemon *daemon; /* made with MHD_USE_NO_LISTEN_SOCKET */
	struct dispatch *dispatch; /* counts those that are not taken */
	atomic_ulong added;        /* connections that were handed on */
	pthread_t thread;
	bool running;
};

/** \p a holds fd, limit, daemon and dispatch. */
int acceptor_start(struct acceptor *a, struct err *e);
/** Hands a connection on; it is closed when it is not taken. */
void acceptor_add(struct acceptor *a, int fd, const struct sockaddr *address, socklen_t len);
/** When this returns no new connection comes. Nothing to do when it was not started. */
void acceptor_stop(struct acceptor *a);

#endif
