/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/secure.h
 * \brief Connections with TLS: their bytes on the way between the socket, GnuTLS and libmicrohttpd.
 *
 * libmicrohttpd does the handshakes, and asks gnutls_record_recv() for what the client sends. So secure.c defines that
 * function, as wire.c does recv(), and sees what is parsed. What GnuTLS reads from the socket passes through there, too: a
 * PROXY header before TLS, and HTTP without TLS.
 */
#ifndef HTTP_SECURE_H
#define HTTP_SECURE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct connection;
struct secure;

/**
 * Whether this build, and the libmicrohttpd that it runs with, have TLS. Otherwise only secure_begin() is called of the
 * following.
 */
bool secure_is_possible(void);

/** Options of a daemon for such connections, not counting the end. */
#define SECURE_OPTIONS 2
/** \return the flags of the daemon */
unsigned secure_options_fill(struct MHD_OptionItem options[SECURE_OPTIONS + 1]);

/** A connection begins; with TLS \p c->secure is set. \return false when it must be closed */
bool secure_begin(struct connection *c, struct MHD_Connection *mhd);
/** Of \p c->secure, which may be NULL. */
void secure_end(struct secure *s);
/** libmicrohttpd closes the connection, as its handshake failed: tells the client. */
void secure_failed(struct secure *s);
/** Sends the last bytes, in the clear if the client does not speak TLS. \return whether they were sent */
bool secure_send_last(struct secure *s, const char *text, size_t len);
/**
 * A request begins: its client's certificate may have expired or been revoked since the last one.
 * \return 0; or the status with which to refuse it, with \p why, and to close the connection
 */
int secure_check(struct secure *s, const char **why);
/** The user whom the client's certificate signs in; NULL: nobody. Until the next request. */
const char *secure_user(const struct secure *s);

#endif
