/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/framing.h
 * \brief Reads the headers of a request in one pass: keeps the ones in use and checks that they are safe to act on.
 *
 * libmicrohttpd is lenient where two parsers in a row must not disagree (request smuggling). What it accepts is checked here.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "http/encoding.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

/** Headers, names and values together, in bytes. */
#define HEADERS_MAX ((size_t)16 << 10)
/** The request's target. */
#define TARGET_MAX ((size_t)8 << 10)

struct framing {
	/* NULL if not sent; valid as long as the request */
	const char *accept, *accept_encoding, *authorization, *content_type, *cookie, *host, *origin;
	const char *requested_headers; /**< Access-Control-Request-Headers */
	/* what a proxy says about its client; of several headers the last, set by the nearest proxy */
	const char *forwarded_for, *forwarded_host, *forwarded_proto;
	uint64_t content_length; /**< 0 if not sent */
	bool has_content_length;
	bool chunked;
	bool in_place;          /**< this libmicrohttpd leaves the bytes where it read them, and checks little */
	enum encoding encoding; /**< of the body */
	bool keep_alive;        /**< the client wants to keep the connection */
	int refuse;             /**< status to refuse it with, closing the connection; 0: accepted */
	const char *why;        /**< message of the refusal */
};

/** The request line as libmicrohttpd passes it: pointers into its buffer. */
struct request_line {
	const char *method, *target, *version;
	size_t target_len; /**< including the query string, which is cut off in target */
	bool target_blank; /**< the target contains a blank: more than three words */
};

/** Characters of a token, RFC 9110 section 5.6.2: what a header's name may consist of. */
bool is_token_char(char c);
void framing_read(struct framing *f, struct MHD_Connection *c, const struct request_line *line);

#endif
