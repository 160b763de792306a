/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/http.h
 * \brief Listeners, requests in, answers out. Knows libmicrohttpd; nobody else does.
 *
 * Start, quiesce and end are for one thread; the threads that serve are made here and take over its signal mask.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/faults.h"

#include <stdbool.h>
#include <stddef.h>

struct config;
struct dispatch;
struct http;

/** Room for an address as a text. */
#define HTTP_ADDRESS 56

/** A client's, between two requests. */
struct http_connection {
	int fd;
	char client[HTTP_ADDRESS]; /**< what the PROXY protocol's header said; "": the peer is the client */
};

/** One that listens. */
struct http_socket {
	int fd;       /**< -1: none */
	bool managed; /**< the service manager's: it decides where to listen, and the file of a domain socket is not removed */
};

/** Sockets that are open already: of the service manager, or of the server that ran before this one. */
struct http_sockets {
	struct http_socket tcp, secure, domain; /**< secure: by TCP, for TLS */
	struct http_connection *connections;    /**< allocated */
	size_t connection_count;
};

#define HTTP_SOCKET_NAME 128
#define HTTP_NO_SOCKETS                                                            \
	{                                                                          \
		.tcp = { .fd = -1 }, .secure = { .fd = -1 }, .domain = {.fd = -1 } \
	}

/**
 * Listens where operationsApi.network.* says: TCP, TCP with TLS, and the domain socket. Logs the addresses. A socket of the service manager
 * is used wherever it listens, and the settings may not say otherwise; then TCP is listened on beside it only where they
 * name host or port. Of other sockets that are given, those that listen where the settings say are taken over.
 * \param c      to live as long as \p ret
 * \param given  connections are taken over from it too; what is not used stays. NULL for none
 */
int http_open(struct http **ret, const struct config *c, struct dispatch *d, struct http_sockets *given, struct err *e);
/**
 * Whether a server with these settings could listen, and serve somebody. Nothing is changed, and no client can come.
 * Settings that are a fault already are not looked at.
 * \param h       the server whose place it would take; NULL for none
 * \param bad     a folder that is a fault already, and with it all that is below; NULL for none
 * \param faults  takes what speaks against it
 * \param busy    told when another process listens there; NULL: that is a fault, too
 */
void http_try(const struct http *h, const struct config *c, const char *bad, struct fault_list *faults, struct err *busy);
/** Whether the process may open files enough to serve anybody: a part of both, to ask before anything is opened. LYRE_EINVAL */
int http_try_limits(const struct config *c, struct err *e);
/** Of a socket that listens: "127.0.0.1:9925", "[::1]:9925", "unix:/run/lyre/socket". \return \p text */
const char *http_socket_name(int fd, char text[HTTP_SOCKET_NAME]);
/** Accepts no new connection any more; requests under way go on, and their answers end the connections. */
void http_quiesce(struct http *h);
/** The same for one whose place \p heir has taken: the file of a domain socket on which both listen stays. */
void http_retire(struct http *h, const struct http *heir);
/** Whether one that is retired has no connection left. */
bool http_deserted(struct http *h);

/** A thread that serves or accepts and has not answered. */
struct http_silent {
	char name[24];   /**< as it stands in the log */
	int tid;         /**< the system's number of the thread; 0: not known */
	unsigned missed; /**< how often it was asked in vain */
};

/**
 * Asks each thread for a sign of life, which it gives when it comes round; to be called at intervals. Does not wait, and
 * takes no lock that a thread holds while it serves.
 * \param[in,out] ret  of those that have not answered the last time, the most silent one, if it is more silent than this
 */
void http_pulse(struct http *h, struct http_silent *ret);

/* ---- handing over ---- */

/**
 * Accepts no new connection, while the sockets go on listening: clients wait in the kernel's queue. Answers end their
 * connections. One between two requests keeps the next one in the kernel, for who takes the connection over.
 */
void http_pause(struct http *h);
/**
 * To be called every few milliseconds after http_pause().
 * \return whether no request is under way, and none will be: what is left of connections can be handed over, or closed
 */
bool http_settled(struct http *h);
/** Nothing reaches dispatch any more; no thread is ended. */
void http_freeze(struct http *h);
/** Copies of the listening sockets, where \p ret has none yet, with http_settled() those of connections too. LYRE_EIO, LYRE_ENOMEM */
int http_hand_over(struct http *h, struct http_sockets *ret, struct err *e);
/** Closes them; the file of a domain socket goes too when \p remove and it is not managed. */
void http_sockets_close(struct http_sockets *s, bool remove);

/** Ends all connections. No exchange may be waiting: drain dispatch first. One that waits still is answered 503 after a
 * few seconds. NULL is nothing to close. */
void http_close(struct http *h);

#endif
