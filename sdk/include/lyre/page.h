/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/page.h
 * \brief The request of a route (struct lyre_route, lyre/server.h), and what its answer has beside a body.
 *
 * For handlers of routes: in other calls there is nothing to read, and what adds to the answer fails. Nothing here blocks.
 * Texts are UTF-8 and live until the call ends.
 */
#ifndef LYRE_PAGE_H
#define LYRE_PAGE_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

/** Headers of an answer at most: their number, and the bytes of their names and values together. */
#define LYRE_PAGE_HEADERS_MAX 32
#define LYRE_PAGE_HEADER_BYTES_MAX 4096

/** The host's implementation of the functions in this header. */
struct lyre_page_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	uint32_t (*page_method)(lyre_call *call);
	const char *(*page_rest)(lyre_call *call);
	const char *(*page_param)(lyre_call *call, const char *name, size_t nth);
	int (*page_params)(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg);
	const char *(*page_header)(lyre_call *call, const char *name);
	int (*page_headers)(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg);
	const char *(*page_body)(lyre_call *call, size_t *len);

	int (*page_status)(lyre_call *call, int status);
	int (*page_add_header)(lyre_call *call, const char *name, const char *value);
};

/* ---- the request ---- */

/** \return the method, as one of enum lyre_method: LYRE_METHOD_GET for HEAD too; 0 if the call is not of a route. */
static inline uint32_t lyre_page_method(lyre_call *call)
{
	return lyre_host->page->page_method(call);
}

/**
 * \return what follows the path of a route with LYRE_ROUTE_PREFIX, decoded, without the query string; "" if nothing does.
 *         None of its parts between '/' is "." or "..", nor has it control characters: such requests are answered 400
 */
static inline const char *lyre_page_rest(lyre_call *call)
{
	return lyre_host->page->page_rest(call);
}

/**
 * \return a parameter of the query string, decoded, with + for a blank: "" if it has no value, NULL if it was not sent
 * \param nth  from 0, of several with the name
 */
static inline const char *lyre_page_param(lyre_call *call, const char *name, size_t nth)
{
	return lyre_host->page->page_param(call, name, nth);
}

/** Calls \p visit for every parameter, as sent, until one returns non-zero. \return what the last visit returned */
static inline int lyre_page_params(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	return lyre_host->page->page_params(call, visit, arg);
}

/**
 * \return a header of the request, the first of several, in any letter case of \p name; NULL if it was not sent. Those with
 *         credentials are never shown, so that they cannot reach an answer or a log: Authorization, Cookie and
 *         Proxy-Authorization. A module that checks credentials declares them (struct lyre_authenticator, lyre/user.h),
 *         and reads its cookie with lyre_call_cookie()
 */
static inline const char *lyre_page_header(lyre_call *call, const char *name)
{
	return lyre_host->page->page_header(call, name);
}

/** Calls \p visit for every header that is shown, until one returns non-zero. \return what the last visit returned */
static inline int lyre_page_headers(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	return lyre_host->page->page_headers(call, visit, arg);
}

/**
 * \return the bytes of the body, and a NUL that does not count: byte for byte as a signature needs them, but uncompressed if
 *         they were sent with a Content-Encoding. "" if there is none; a GET has none
 * \param[out] len  may be NULL
 */
static inline const char *lyre_page_body(lyre_call *call, size_t *len)
{
	return lyre_host->page->page_body(call, len);
}

/* ---- the answer ---- */

/**
 * The status of the answer if the handler returns 0; 200 without this. An answer with 204 or 304 has no body: nothing need be
 * written to it.
 * \param status  200 to 499; for the server's own failures there is lyre_fail()
 * \return 0; LYRE_EINTERNAL
 */
static inline int lyre_page_status(lyre_call *call, int status)
{
	return lyre_host->page->page_status(call, status);
}

/**
 * Adds a header to the answer if the handler returns 0. Refused are the headers that the server sends by itself: of
 * framing and connection, Content-Type (lyre_reply_text()), Set-Cookie (lyre_reply_cookie()), and those of CORS, which the
 * configuration decides.
 * \param value  printable ASCII
 * \return 0; LYRE_EINVAL if the header is refused, not valid or too much: the message says which; LYRE_ENOMEM
 */
static inline int lyre_page_add_header(lyre_call *call, const char *name, const char *value)
{
	return lyre_host->page->page_add_header(call, name, value);
}

LYRE_END_DECLS

#endif
