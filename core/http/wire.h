/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/wire.h
 * \brief Sees what a client sends before libmicrohttpd parses it.
 *
 * libmicrohttpd 0.9.75 parses chunked bodies itself: it accepts a bare LF as a line end, and by the time its handler is
 * called the lines are gone, often overwritten by the next read. It has no hook for its reads. So this file defines
 * recv(), which the library calls: we see every byte that is read from a connection, and parse chunked bodies in
 * parallel, in the same order and on the same thread. A PROXY header is removed first (proxy_take.c). All other callers
 * of recv() get the system's result.
 *
 * If libmicrohttpd's calls do not reach this recv(), chunked bodies are refused. Versions after 0.9.76 are stricter
 * themselves, and their bodies are not parsed here.
 */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include "base/err.h"
#include "http/chunks.h"

#include <sys/types.h>

struct connection;

/** In every connection. Used only by its own thread. */
struct wire {
	const char *first; /* start of libmicrohttpd's read buffer; NULL: nothing was read */
	const char *end;   /* end of the bytes that it has read */
	size_t left;       /* bytes that were read after the current request's */
	struct chunks chunks;
	bool chunked;  /* the body is parsed here too */
	bool answered; /* a refusal was sent past libmicrohttpd: nothing may follow */
};

/** Once per process, before connections arrive. LYRE_ENOMEM */
int wires_open(struct err *e);
void wire_begin(struct connection *c);
void wire_end(struct connection *c);

/** The body begins at \p body. \return false if it was chunked and is already refused */
bool wire_body(struct connection *c, const char *body, bool chunked);
/** The current request's bytes seen so far end at \p at, as far as is known. */
void wire_reached(struct connection *c, const char *at);
/** The request has ended; remaining bytes that were read begin the next one. */
void wire_next(struct connection *c);
/** The connection of a descriptor; NULL: none that is known. */
struct connection *wire_connection(int fd);
/** As recv() of its socket, without a PROXY header. */
ssize_t wire_read(struct connection *c, void *to, size_t max);
/** Bytes for libmicrohttpd were written there. \return false: it must not see them, but close the connection */
bool wire_came(struct connection *c, const char *at, size_t len);
/** The connection whose bytes libmicrohttpd is parsing on this thread; NULL: none that is known. */
struct connection *wire_current(void);

#endif
