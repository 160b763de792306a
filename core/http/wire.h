/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/wire.h
 * \brief What a client sends, seen before libmicrohttpd parses it.
 *
 * libmicrohttpd 0.9.75 takes chunked bodies apart itself: a bare LF ends lines there, and the lines are gone, often
 * overwritten by the next read, when its handler is called. It has no hook at its reads. So this file defines recv(),
 * which the library calls: what was read of a connection is known to the byte, and chunked bodies are read along, in
 * the same order and on the same thread. A PROXY header is taken off before (proxy_take.c). All other callers of recv() get what the system's gives.
 *
 * Where libmicrohttpd's calls do not come by here, chunked bodies are refused. Versions after 0.9.76 are stricter by
 * themselves, and their bodies are not read along.
 */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include "base/err.h"
#include "http/chunks.h"

#include <sys/types.h>

struct connection;

/** In every connection. Only its own thread uses it. */
struct wire {
	const char *first; /* where libmicrohttpd's memory for what is read begins; NULL: nothing was read */
	const char *end;   /* where what it has read ends */
	size_t left;       /* bytes that are read and behind the request under way */
	struct chunks chunks;
	bool chunked;  /* the body is read along */
	bool answered; /* a refusal was sent past libmicrohttpd: nothing may follow */
};

/** Once in the process, before connections come. LYRE_ENOMEM */
int wires_open(struct err *e);
void wire_begin(struct connection *c);
void wire_end(struct connection *c);

/** The body begins at \p body. \return false when the body was chunked and is refused already */
bool wire_body(struct connection *c, const char *body, bool chunked);
/** What has come of the request ends at \p at, as far as is known. */
void wire_reached(struct connection *c, const char *at);
/** The request is over; what is left of the bytes read begins the next one. */
void wire_next(struct connection *c);
/** Of a descriptor; NULL: none that is known. */
struct connection *wire_connection(int fd);
/** As recv() of its socket, without what a proxy says of it first. */
ssize_t wire_read(struct connection *c, void *to, size_t max);
/** Bytes for libmicrohttpd were put there. \return false: it must not see them, but hang up */
bool wire_came(struct connection *c, const char *at, size_t len);
/** The connection whose bytes libmicrohttpd parses on this thread; NULL: none that is known. */
struct connection *wire_current(void);

#endif
