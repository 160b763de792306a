/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/types.h
 * \brief ABI version, error codes and the opaque types that the other headers share.
 *
 * ABI history. An addition raises the minor, a change or removal the major; each has a line here.
 *
 *   1.0  first release
 */
#ifndef LYRE_TYPES_H
#define LYRE_TYPES_H

#include <stddef.h>
#include <stdint.h>

/** The ABI this header describes. A module loads if its major equals the host's and its minor is not greater. */
#define LYRE_ABI_MAJOR 1
#define LYRE_ABI_MINOR 0

#if defined(__GNUC__) || defined(__clang__)
#define LYRE_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define LYRE_HIDDEN __attribute__((visibility("hidden")))
#define LYRE_EXPORT __attribute__((visibility("default")))
#else
#define LYRE_PRINTF(fmt, first)
#define LYRE_HIDDEN
#define LYRE_EXPORT
#endif

#ifdef __cplusplus
#define LYRE_BEGIN_DECLS extern "C" {
#define LYRE_END_DECLS }
#else
#define LYRE_BEGIN_DECLS
#define LYRE_END_DECLS
#endif

/**
 * What functions return: 0, or one of these, each with its HTTP status. Grows at the end only.
 */
enum lyre_result {
	LYRE_OK = 0,
	LYRE_PENDING = 1,           /**< the answer comes later, through a continuation */
	LYRE_END = 2,               /**< nothing more to read */
	LYRE_EINVAL = -1,           /**< invalid request: 400 */
	LYRE_ENOTFOUND = -2,        /**< it does not exist: 404 */
	LYRE_EEXISTS = -3,          /**< it already exists: 400 */
	LYRE_EUNAUTHENTICATED = -4, /**< missing or wrong credentials: 401 */
	LYRE_EDENIED = -5,          /**< signed in, but not allowed: 403 */
	LYRE_ETOOBIG = -6,          /**< exceeds a size limit: 413 */
	LYRE_EMEDIA = -7,           /**< content type of the request not supported: 415 */
	LYRE_ENOTACCEPTABLE = -8,   /**< no content type that the client accepts: 406 */
	LYRE_ECONFLICT = -9,        /**< conflicts with the current state: 409 */
	LYRE_ENOTSUP = -10,         /**< not supported by this build or edition: 501 */
	LYRE_EBUSY = -11,           /**< overloaded, or shutting down: 503 */
	LYRE_ENOMEM = -12,          /**< out of memory: 503 */
	LYRE_ENOSPACE = -13,        /**< the disk or a configured size is full: 507 */
	LYRE_EIO = -14,             /**< reading or writing failed: 500 */
	LYRE_ECORRUPT = -15,        /**< a file is damaged or in a newer format: 500 */
	LYRE_EINTERNAL = -16        /**< a bug in the server: 500 */
};

/** Kinds of a JSON value. Grows at the end only. */
enum lyre_type {
	LYRE_NULL = 0,
	LYRE_BOOL = 1,
	LYRE_INT = 2,    /**< an integer that fits int64_t */
	LYRE_DOUBLE = 3, /**< any other finite number */
	LYRE_BIGINT = 4, /**< an integer that does not fit int64_t, kept as decimal digits */
	LYRE_STRING = 5,
	LYRE_ARRAY = 6,
	LYRE_OBJECT = 7
};

/** Log levels, the most urgent first. Grows at the end only. */
enum lyre_log_level {
	LYRE_NOTIFY = 0,
	LYRE_FATAL = 1,
	LYRE_ERROR = 2,
	LYRE_WARN = 3,
	LYRE_INFO = 4,
	LYRE_DEBUG = 5,
	LYRE_TRACE = 6
};

typedef struct lyre_value lyre_value;       /**< a read-only JSON value; lives as long as its call */
typedef struct lyre_call lyre_call;         /**< one run of an operation, from its arguments to its answer */
typedef struct lyre_out lyre_out;           /**< the answer of a call, written sequentially as JSON */
typedef struct lyre_table lyre_table;       /**< a table, as defined when it was opened */
typedef struct lyre_cursor lyre_cursor;     /**< the rows of a query, read one by one or streamed as the answer */
typedef struct lyre_instance lyre_instance; /**< a loaded module, as the core knows it */
typedef struct lyre_reader lyre_reader;     /**< reads ranges of a table's index at one moment */

#endif
