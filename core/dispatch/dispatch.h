/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/dispatch.h
 * \brief The path of every request: sign in, route, decode, authorise, validate, call, encode. And the registry of operations.
 */
#ifndef DISPATCH_DISPATCH_H
#define DISPATCH_DISPATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/metric.h"
#include "job/jobs.h"
#include "job/tasks.h"

#include <lyre/module.h>
#include <lyre/server.h>
#include <lyre/user.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

struct metric_sink;
struct auth;
struct config;
struct dispatch;
struct pool;
struct query;
struct store;
struct tls;

/* ---- the exchange: passed from http/ and back ---- */

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS, METHOD_OTHER };

enum body_kind {
	BODY_BYTES,  /**< out has the whole answer */
	BODY_STREAM, /**< out has the first piece; dispatch_stream() makes more */
	BODY_FILE    /**< fd, read from its beginning to its end */
};

/** A name with its value: a header, or a parameter of a query string. */
struct page_text {
	const char *name, *value;
};

/** Takes one of a request's headers or parameters. \return whether to go on */
typedef bool (*take_text)(void *arg, const char *name, size_t name_len, const char *value, size_t len);

/** One request and its answer, created by http/. Everything it points to is in its arena unless noted. */
struct exchange {
	struct charge charge; /**< of arena, body and out */
	struct arena arena;
	/* in */
	enum method method;
	const char *path;         /**< without the query string */
	const char *content_type; /**< NULL if not sent, like the following */
	const char *accept;
	const char *authorization;
	const char *cookie;      /**< the Cookie header */
	const char *cookie_used; /**< its cookie that signed the user in; set by dispatch */
	const char *origin, *host;
	bool origin_named;       /**< operationsApi.network.corsAccessList names the origin */
	bool secure;             /**< it came over TLS, to this server or to a trusted proxy */
	struct buf body;         /**< has one spare byte after its end */
	bool body_later;         /**< dispatch_begin() is called before the body arrives, to decide whether it is wanted */
	const lyre_value *query; /**< if the body is a file: the parameters, an object of strings; else NULL */
	uint64_t body_sent;      /**< Content-Length; UINT64_MAX: none */
	uint64_t body_size;      /**< of the body, from its header; UINT64_MAX: unknown */
	uint64_t body_max;       /**< bytes of a body that is not a file at most; dispatch may lower it, not below body.len */
	bool body_whole;         /**< the body has been received to its end */
	/** the user whom the client's certificate signs in; NULL: none. Valid until the connection's next request */
	const char *certified;
	bool trusted;     /**< a peer on the domain socket with our own uid, or root: a super_user without a password */
	const char *peer; /**< address, for the log */
	/**
	 * Set by http/: the request's headers as sent, and the parameters, still escaped; before the handler, on the
	 * connection's thread
	 */
	void (*each_header)(const struct exchange *x, take_text take, void *arg);
	void (*each_param)(const struct exchange *x, take_text take, void *arg);
	/* out */
	int status;
	const char *content_type_out; /**< NULL: none */
	const char *disposition;      /**< Content-Disposition; NULL: none */
	const char *set_cookie;       /**< Set-Cookie; NULL: none */
	const struct page_text *more; /**< further headers */
	size_t more_count;
	unsigned retry_after; /**< Retry-After, s; 0: none */
	bool iso_date;        /**< the Date header as ISO 8601 */
	bool close;           /**< end the connection after this */
	enum body_kind body_kind;
	struct buf out;
	int fd;             /**< BODY_FILE; else -1. dispatch_end() closes it: whoever takes it over stores -1 here */
	double duration_ms; /**< time spent working, for Server-Timing */
	/* waiting */
	void (*resume)(struct exchange *x); /**< set by http/: called once after each wait, from any thread */
	/** set by http/, or NULL: whether the client has closed the connection; not to be called after resume() */
	bool (*gone)(const struct exchange *x);
	struct dispatch *dispatch;
	void *state; /**< dispatch's state */
};

enum dispatch_result {
	DISPATCH_DONE, /**< the answer is complete */
	DISPATCH_WAIT, /**< suspend; after resume() call dispatch_continue() */
	DISPATCH_BODY, /**< read the body, then call dispatch_body(); only with body_later */
	DISPATCH_PIECE /**< the same for DISPATCH_PIECE_MIN bytes of the body, or what is left; only if it is a file */
};

/** A body up to this size is read from anyone, as it may contain the credentials. */
#define DISPATCH_OPEN_BODY ((uint64_t)256 << 10)

/** A piece of a file may be longer, but only the last may be shorter. */
#define DISPATCH_PIECE_MIN ((size_t)64 << 10)

/** Whether the request's body is a file if its query string names an operation. */
bool dispatch_takes_file(const struct exchange *x);

/** Starts a request. On the connection's thread; never blocks. */
enum dispatch_result dispatch_begin(struct dispatch *d, struct exchange *x);
/** Continues after resume(). On the connection's thread. */
enum dispatch_result dispatch_continue(struct exchange *x);
/** Continues after DISPATCH_BODY or DISPATCH_PIECE, with the body or piece in the exchange. On the connection's thread. */
enum dispatch_result dispatch_body(struct exchange *x);
/**
 * The next piece of a BODY_STREAM answer, about \p want bytes, replacing the contents of out. On the connection's thread;
 * never blocks.
 * \return 0, LYRE_END with the last piece; LYRE_PENDING: suspend, and call this again after resume(), without touching
 * out before; or a failure: close the connection
 */
int dispatch_stream(struct exchange *x, size_t want);
/** After the answer was sent or the connection closed, never while waiting: frees what the exchange holds, except the
 * arena and bufs, which belong to http. */
void dispatch_end(struct exchange *x);

/** A refusal by http/ itself, before dispatch_begin(), in the API's shape and a type that the client accepts. */
void dispatch_refuse(struct exchange *x, int status, const char *text);

/** The value of a cookie in a Cookie header, into which it points; NULL if absent. */
const char *cookie_find(const char *header, const char *name, size_t *len);
/** The same for a request: of several with the name, the one that signed its user in. */
const char *cookie_of(const struct exchange *x, const char *name, size_t *len);

/* ---- operations ---- */

/** A registered operation with its owner. */
struct operation {
	const char *name;
	const struct lyre_operation *decl; /**< may be shorter than our struct: operation_register() completes it */
	const char *owner;                 /**< the module's name */
	lyre_instance *instance;
	struct lyre_param *params;
	const lyre_value *fallbacks; /**< the default value of each parameter, decoded; LYRE_NULL: none */
	size_t param_count;
	size_t number;                  /**< from 1, in the order of registration; 0: a route */
	const struct lyre_route *route; /**< NULL: an operation */
};

/** The index of an operation's parameter; the number of parameters if there is none of that name. */
static inline size_t operation_param(const struct operation *o, const char *name)
{
	size_t i = 0;

	while (i < o->param_count && strcmp(o->params[i].name, name))
		i++;
	return i;
}

/** The same for the first parameter with a flag. */
static inline size_t operation_param_flagged(const struct operation *o, uint32_t flag)
{
	size_t i = 0;

	while (i < o->param_count && !(o->params[i].flags & flag))
		i++;
	return i;
}

/** What an operation can do to the whole server; implemented by lyred/. Both block. */
struct control {
	int (*restart)(struct control *c, struct err *e);
	int (*restart_workers)(struct control *c, struct err *e);
};

struct dispatch_services {
	struct control *control; /**< NULL: this server cannot be restarted */
	const struct config *config;
	struct store *store;
	struct auth *auth;
	struct pool *pool;
	struct jobs *jobs;
	struct tasks *tasks;
	struct tls *tls; /**< the TLS listeners' certificates; NULL in a build without TLS */
};

int dispatch_open(struct dispatch **ret, const struct dispatch_services *services, struct err *e);
void dispatch_close(struct dispatch *d);
/**
 * Adds a module's operations. Refuses a name or alias that is taken, naming both owners, and invalid declarations. Before
 * the first request.
 */
int dispatch_register(struct dispatch *d, const char *owner, lyre_instance *instance, struct lyre_list operations, struct err *e);
/** Whether the server itself answers a path. */
bool dispatch_answers(const char *path);
/** Adds a module's route, which must be valid and not taken. Before the first request. */
int dispatch_add_route(
	struct dispatch *d, const char *owner, lyre_instance *instance, const struct lyre_route *route, struct err *e);
/** Adds a module's kind of credentials, which must be valid and not taken. Before the first request. */
int dispatch_add_authenticator(
	struct dispatch *d, const char *owner, lyre_instance *instance, const struct lyre_authenticator *a, struct err *e);
/**
 * Runs a module's work on this thread, as a call with the server's rights. \p e receives the message.
 * \param task  whose run this is; NULL: none
 * \return what \p work returned; LYRE_ENOMEM; LYRE_EINTERNAL if it returns LYRE_PENDING
 */
int dispatch_run(struct dispatch *d, const char *owner, lyre_instance *instance, int (*work)(lyre_call *call, void *arg), void *arg,
	struct task *task, struct err *e);
/** Invalidates these credentials. Any thread. */
void dispatch_forget(struct dispatch *d, enum lyre_credential_source source, const char *name, const char *text, size_t len);
/** The memory that all requests may use; valid as long as \p d. */
struct budget *dispatch_budget(struct dispatch *d);
/** All operations by name. */
const struct operation *const *dispatch_operations(const struct dispatch *d, size_t *count);

/* ---- metrics ---- */

/** Counts of connections and bodies: kept by http for connections, and for the files and streams that it sends. */
struct traffic {
	metric_count opened, closed, refused; /**< connections */
	metric_count handshakes, handshakes_failed;
	metric_count received, sent; /**< bytes of bodies */
};
/** The calling thread's counts. */
struct traffic *dispatch_traffic(struct dispatch *d);
/** Counts an answer that http sent without dispatch. */
void dispatch_count(struct exchange *x);

/** Reports requests, connections, bodies, operations and jobs. */
void dispatch_report(struct dispatch *d, struct metric_sink *s);
/** When this was opened, ms since the epoch. */
double dispatch_started(const struct dispatch *d);

/**
 * From now on answers 503; returns when no exchange is in progress, or at \p deadline_ms (monotonic_ms()).
 * \return whether none is in progress: http_close() may end the rest only if dispatch_waiting() is 0. May be called again.
 */
bool dispatch_drain(struct dispatch *d, int64_t deadline_ms);
struct control *dispatch_control(const struct dispatch *d);
struct auth *dispatch_auth(const struct dispatch *d);
struct tls *dispatch_tls(const struct dispatch *d);
struct store *dispatch_store(const struct dispatch *d);
struct tasks *dispatch_tasks(const struct dispatch *d);
/** From now on, sign-ins delayed because earlier ones failed are answered 503. */
void dispatch_hurry(struct dispatch *d);
/** Ends running queries promptly, when a drain's time is over. */
void dispatch_cut(struct dispatch *d);
/** How many exchanges are waiting for resume(). */
unsigned dispatch_waiting(const struct dispatch *d);

#endif
