/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/http.h
 * \brief Listeners, requests in, answers out. Knows libmicrohttpd; nobody else does.
 *
 * Start, quiesce and end are for one thread; the threads that serve are made here and take over its signal mask.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/err.h"

struct config;
struct dispatch;
struct http;

/** Listens where operationsApi.network.* says: TCP and the domain socket. Logs the addresses. */
int http_open(struct http **ret, const struct config *c, struct dispatch *d, struct err *e);
/** The TCP port that is listened on; 0 when there is none. */
int http_port(const struct http *h);
/** Accepts no new connection any more; requests under way go on, and their answers end the connections. */
void http_quiesce(struct http *h);
/** Ends all connections. No exchange may be waiting: drain dispatch first. One that waits still is answered 503 after a
 * few seconds. NULL is nothing to close. */
void http_close(struct http *h);

#endif
