/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/remote.h
 * \brief Fetching from URLs that users name, by libcurl, without handing them the server's own network.
 *
 * Not a module: a convenience library for modules that load from, or store at, another host. s3.h stands on it. Requests are
 * made one at a time, on the caller's thread; any number of threads may do so at the same time.
 *
 * What every request obeys: http and https only; TLS 1.2 or later, certificates and names verified; no proxy, .netrc, cookie or
 * other setting of the environment; no address of this host or its link unless \ref remote_options.allow_local says so. That is
 * checked where a connection is made, so that neither a name that resolves to such an address nor a redirect gets around it. A
 * proxy would take this check away, as it connects in our place: proxies are not supported.
 *
 * libcurl cannot interrupt the system's resolver: while a name is looked up, cancelling and the time limits take effect when the
 * resolver gives up by itself, usually after some seconds.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What went wrong. Functions return 0 or one of these, the same as in struct remote_error. */
enum remote_code {
	REMOTE_INVALID = -1,     /**< what the user gave is invalid: a URL, the name of a bucket */
	REMOTE_REFUSED = -2,     /**< not allowed: a local address, another protocol, credentials in a URL */
	REMOTE_UNREACHABLE = -3, /**< no address, no connection, broken off, TLS failed, or not an answer of HTTP */
	REMOTE_TIMEOUT = -4,     /**< a time limit */
	REMOTE_TOO_LARGE = -5,   /**< more bytes than allowed */
	REMOTE_STATUS = -6,      /**< answered, but not with success: \ref remote_error.status */
	REMOTE_CANCELLED = -7,   /**< \ref remote_options.cancelled said so */
	REMOTE_CALLER = -8,      /**< the caller's take() failed, and knows why */
	REMOTE_MEMORY = -9,      /**< out of memory */
};

/** Room for a sentence. */
#define REMOTE_TEXT_MAX 512
/** Room for the words after a status. */
#define REMOTE_REASON_MAX 64

/**
 * Texts are valid UTF-8 without control characters, whatever the other side sent. None has a secret, nor the path or the query of
 * a URL, which may contain one.
 */
struct remote_error {
	int code;                       /**< enum remote_code; 0: none */
	int status;                     /**< of the last answer, 404; 0 if there was none */
	char reason[REMOTE_REASON_MAX]; /**< "Not Found": as sent, or the usual words for the status */
	char text[REMOTE_TEXT_MAX]; /**< a sentence without a period, "connect ECONNREFUSED 127.0.0.1:1"; of REMOTE_CALLER: "" */
};

/** What a caller allows. Zero means the default, which is in brackets. */
struct remote_options {
	const char *ca_file; /**< PEM file of authorities to trust instead of the system's (NULL: the system's) */
	bool allow_local;    /**< this host's own addresses, link-local and the others of remote_address_is_local() too */

	/** Asked at least once a second, from the thread of the request: return true to end it. NULL: never. */
	bool (*cancelled)(void *arg);
	void *cancelled_arg;

	uint64_t bytes_max;       /**< of what is received for take(); 0: no limit */
	uint32_t redirects_max;   /**< of remote_get(); S3 never follows any [0] */
	uint32_t connect_seconds; /**< to find the address, connect and agree on TLS [30] */
	uint32_t stall_seconds;   /**< in which at least a KiB must get through; the time that take() needs is not counted [60] */
	uint32_t total_seconds;   /**< for one request with its redirects, with the time of take() [86400] */

	/* S3 only: a request is repeated after 429, 5xx, SlowDown, a timeout or a broken connection. */
	uint32_t attempts; /**< of a request, including the first [12] */
	uint32_t retry_ms; /**< longest wait before the second attempt; doubles up to 16 s, and a random half is taken off [250] */
	uint32_t retry_seconds; /**< no attempt begins later than this after the first one of a request [120] */
};

/**
 * Takes what arrives. Never called for an answer that is not a success.
 * \return 0 to go on; anything else ends the request with REMOTE_CALLER
 */
typedef int remote_take(void *arg, const char *bytes, size_t len);

/**
 * To be called by start() of each module that uses this library, once, before anything else here: libcurl before 7.84 must not
 * be initialised by two threads at a time, and modules are started one after the other.
 * \return 0 or REMOTE_MEMORY
 */
int remote_start(void);
/** The opposite, by stop() of the module. */
void remote_stop(void);

/**
 * Whether a URL could be fetched, as far as can be told without trying: its form, its protocol, no user or password in it. Names
 * are not resolved; an address in digits is checked when connecting, too.
 * \return 0, REMOTE_INVALID or REMOTE_REFUSED
 */
int remote_url_check(const char *url, struct remote_error *error);

/**
 * GET, following redirects. From https it never goes on to http. Only status 200 is a success.
 * \return 0 once all of the body has been taken; on failure a part of it may have been
 */
int remote_get(const char *url, const struct remote_options *options, remote_take *take, void *arg, struct remote_error *error);

#endif
