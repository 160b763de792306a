/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/http.h
 * \brief Listeners, requests and answers. The only room that uses libmicrohttpd.
 *
 * One thread starts, quiesces and closes it; the serving threads are created here and inherit that thread's signal mask.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/faults.h"

#include <stdbool.h>
#include <stddef.h>

struct config;
struct dispatch;
struct http;

/** Buffer size for an address as text. */
#define HTTP_ADDRESS 56

/** A client connection between two requests. */
struct http_connection {
	int fd;
	char client[HTTP_ADDRESS]; /**< from the PROXY header; "": the peer is the client */
};

/** A listening socket. */
struct http_socket {
	int fd;       /**< -1: none */
	bool managed; /**< owned by the service manager: it decides where to listen, and a domain socket's file is not removed */
};

/** Sockets that are already open: from the service manager, or from the previous server. */
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
 * Listens where operationsApi.network.* says: TCP, TCP with TLS, and the domain socket. Logs the addresses. A socket from
 * the service manager is used wherever it listens, and the settings must not contradict it; TCP is then added only if
 * they name host or port. Other given sockets are taken over if they listen where the settings say.
 * \param c      must outlive \p ret
 * \param given  its connections are taken over too; unused sockets stay. NULL for none
 */
int http_open(struct http **ret, const struct config *c, struct dispatch *d, struct http_sockets *given, struct err *e);
/**
 * Checks whether a server with these settings could listen and serve clients. Nothing is changed, and no client can connect.
 * Settings already reported as faults are skipped.
 * \param h       the server that it would replace; NULL for none
 * \param bad     a folder already reported as a fault, with everything below it; NULL for none
 * \param faults  receives the problems found
 * \param busy    set if another process listens there; NULL: that is a fault too
 */
void http_try(const struct http *h, const struct config *c, const char *bad, struct fault_list *faults, struct err *busy);
/** Whether the process may open enough files to serve clients: a part of both, to check before anything is opened. LYRE_EINVAL */
int http_try_limits(const struct config *c, struct err *e);
/** The name of a listening socket: "127.0.0.1:9925", "[::1]:9925", "unix:/run/lyre/socket". \return \p text */
const char *http_socket_name(int fd, char text[HTTP_SOCKET_NAME]);
/** Stops accepting connections; requests in progress finish, and their answers close the connections. */
void http_quiesce(struct http *h);
/** The same for a server that \p heir has replaced: the file of a domain socket on which both listen is kept. */
void http_retire(struct http *h, const struct http *heir);
/** Whether a retired server has no connections left. */
bool http_deserted(struct http *h);

/** A serving or accepting thread that has not answered. */
struct http_silent {
	char name[24];   /**< as shown in the log */
	int tid;         /**< the system's thread id; 0: not known */
	unsigned missed; /**< how many times in a row it did not answer */
};

/**
 * Asks each thread for a sign of life, which it gives on its next turn; to be called at intervals. Does not wait, and
 * takes no lock that a thread holds while it serves.
 * \param[in,out] ret  the thread that has missed the most, if it has missed more than the one already there
 */
void http_pulse(struct http *h, struct http_silent *ret);

/* ---- handing over ---- */

/**
 * Stops accepting while the sockets keep listening: clients wait in the kernel's queue. Answers close their connections.
 * An idle connection leaves its next request in the kernel for the server that takes it over.
 */
void http_pause(struct http *h);
/**
 * To be called every few milliseconds after http_pause().
 * \return whether no request is in progress, and none will start: the remaining connections can be handed over or closed
 */
bool http_settled(struct http *h);
/** Nothing reaches dispatch any more; no thread is stopped. */
void http_freeze(struct http *h);
/** Copies the listening sockets where \p ret has none yet, and after http_settled() the connections too. LYRE_EIO, LYRE_ENOMEM */
int http_hand_over(struct http *h, struct http_sockets *ret, struct err *e);
/** Closes them; if \p remove, also deletes the file of a domain socket that is not managed. */
void http_sockets_close(struct http_sockets *s, bool remove);

/**
 * Closes all connections. No exchange may be waiting: drain dispatch first. An exchange that still waits after a few
 * seconds is answered with 503. NULL is allowed.
 */
void http_close(struct http *h);

#endif
