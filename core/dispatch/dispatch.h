/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/dispatch.h
 * \brief The one way of a request: sign in, route, decode, authorise, validate, call, encode. And the registry of operations.
 */
#ifndef DISPATCH_DISPATCH_H
#define DISPATCH_DISPATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/metric.h"
#include "job/jobs.h"

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

/* ---- the exchange: what http/ hands over and gets back ---- */

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS, METHOD_OTHER };

enum body_kind {
	BODY_BYTES,  /**< the whole answer is in out */
	BODY_STREAM, /**< out has the first piece; more by dispatch_stream() */
	BODY_FILE    /**< fd, from its start to its end */
};

/** One request and its answer. Made by http/, one a request; everything it points to is in its arena unless said otherwise. */
struct exchange {
	struct charge charge; /**< of arena, body and out */
	struct arena arena;
	/* in */
	enum method method;
	const char *path;         /**< without the query string */
	const char *content_type; /**< NULL when not sent; so the following */
	const char *accept;
	const char *authorization;
	const char *cookie;      /**< the Cookie header */
	const char *cookie_used; /**< the value in it that signed its user in; set by dispatch */
	const char *origin, *host;
	bool origin_named;       /**< the origin is one that operationsApi.network.corsAccessList names */
	bool secure;             /**< it came over TLS, to here or to a trusted proxy */
	struct buf body;         /**< one spare byte behind it */
	bool body_later;         /**< dispatch_begin() comes before the body, to say whether it is wanted */
	const lyre_value *query; /**< where the body is a file: the parameters, texts of an object; NULL else */
	uint64_t body_size;      /**< of such a body, as its head says; UINT64_MAX: it does not */
	bool body_whole;         /**< of such a body nothing more comes */
	/** the user whom the client's certificate signs in; NULL: nobody. Lives until the next request of the connection */
	const char *certified;
	bool trusted;     /**< a peer on the domain socket with our own uid, or root: super_user without a password */
	const char *peer; /**< address, for the log */
	/* out */
	int status;
	const char *content_type_out; /**< NULL: none is sent */
	const char *disposition;      /**< Content-Disposition; NULL: none */
	const char *set_cookie;       /**< Set-Cookie; NULL: none */
	unsigned retry_after;         /**< Retry-After, s; 0: none */
	bool iso_date;                /**< the Date header as ISO 8601 */
	bool close;                   /**< end the connection after this */
	enum body_kind body_kind;
	struct buf out;
	int fd;             /**< BODY_FILE; -1 else. dispatch_end() closes it: who takes it over puts -1 here */
	double duration_ms; /**< of the work, for Server-Timing */
	/* waiting */
	void (*resume)(struct exchange *x); /**< set by http/: called once after each wait, from any thread */
	/** set by http/, or NULL: whether the client has closed the connection; not after resume() */
	bool (*gone)(const struct exchange *x);
	struct dispatch *dispatch;
	void *state; /**< dispatch's own */
};

enum dispatch_result {
	DISPATCH_DONE, /**< the answer stands in the exchange */
	DISPATCH_WAIT, /**< suspend; after resume() call dispatch_continue() */
	DISPATCH_BODY, /**< read the body, then call dispatch_body(); comes only with body_later */
	DISPATCH_PIECE /**< the same of DISPATCH_PIECE_MIN bytes of the body or what is left of it; only where it is a file */
};

/** More than a piece of a file may have, but not less, where it is not the last. */
#define DISPATCH_PIECE_MIN ((size_t)64 << 10)

/** Whether the body of a request is a file when its query string names an operation. */
bool dispatch_takes_file(const struct exchange *x);

/** Takes a request. On the connection's thread; never blocks. */
enum dispatch_result dispatch_begin(struct dispatch *d, struct exchange *x);
/** Goes on after resume(). On the connection's thread. */
enum dispatch_result dispatch_continue(struct exchange *x);
/** Goes on after DISPATCH_BODY or DISPATCH_PIECE with the body, or a piece, in the exchange. On the connection's thread. */
enum dispatch_result dispatch_body(struct exchange *x);
/**
 * The next piece of a BODY_STREAM answer, about \p want bytes, replacing what is in out. On the connection's thread; never
 * blocks.
 * \return 0, LYRE_END with the last piece; LYRE_PENDING: suspend, and call this again after resume(), out is not to be
 * touched before; or a failure: cut the connection
 */
int dispatch_stream(struct exchange *x, size_t want);
/** After the answer was sent or the connection is gone, never while waiting: gives back what the exchange holds but the arena and bufs, which are http's. */
void dispatch_end(struct exchange *x);

/** An early refusal by http/ itself, in the API's shape, in whatever type the client accepts. */
void dispatch_refuse(struct exchange *x, int status, const char *text);

/** The value of a cookie in a Cookie header, which it points into; NULL when it is not there. */
const char *cookie_find(const char *header, const char *name, size_t *len);
/** The same of a request: where several have the name, the one that signed its user in. */
const char *cookie_of(const struct exchange *x, const char *name, size_t *len);

/* ---- operations ---- */

/** A registered operation with its owner. */
struct operation {
	const char *name;
	const struct lyre_operation *decl; /**< may be shorter than ours: made by operation_register() to full length */
	const char *owner;                 /**< module's name */
	lyre_instance *instance;
	struct lyre_param *params;
	const lyre_value *fallbacks; /**< of each parameter, decoded; LYRE_NULL where it has none */
	size_t param_count;
	size_t number; /**< from 1 on, in the order of registration; 0: a route */
};

/** The place of a parameter among those of an operation; their count when it has none of the name. */
static inline size_t operation_param(const struct operation *o, const char *name)
{
	size_t i = 0;

	while (i < o->param_count && strcmp(o->params[i].name, name))
		i++;
	return i;
}

/** The same of the first with a flag. */
static inline size_t operation_param_flagged(const struct operation *o, uint32_t flag)
{
	size_t i = 0;

	while (i < o->param_count && !(o->params[i].flags & flag))
		i++;
	return i;
}

/** What an operation may do to the server as a whole; from who runs it. Both block. */
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
	struct tls *tls; /**< what TLS listeners use; NULL in a build without TLS */
};

int dispatch_open(struct dispatch **ret, const struct dispatch_services *services, struct err *e);
void dispatch_close(struct dispatch *d);
/**
 * Adds a module's operations; a name or alias that is taken is refused with both owners named, as is a declaration that
 * makes no sense. Before the first request.
 */
int dispatch_register(struct dispatch *d, const char *owner, lyre_instance *instance, struct lyre_list operations, struct err *e);
/** Whether the server itself answers a path. */
bool dispatch_answers(const char *path);
/** Adds a route of a module, which is valid and not taken. Before the first request. */
int dispatch_add_route(
	struct dispatch *d, const char *owner, lyre_instance *instance, const struct lyre_route *route, struct err *e);
/** Adds credentials of a module's own kind, which are valid and not taken. Before the first request. */
int dispatch_add_authenticator(
	struct dispatch *d, const char *owner, lyre_instance *instance, const struct lyre_authenticator *a, struct err *e);
/**
 * Runs work of a module, on this thread, as a call with the rights of the server. \p e has the sentence of its failure.
 * \return what \p work returned; LYRE_ENOMEM; LYRE_EINTERNAL for an answer that is pending
 */
int dispatch_run(struct dispatch *d, const char *owner, lyre_instance *instance, int (*work)(lyre_call *call, void *arg), void *arg,
	struct err *e);
/** Credentials of this kind are good no more. Any thread. */
void dispatch_forget(struct dispatch *d, enum lyre_credential_source source, const char *name, const char *text, size_t len);
/** What all requests may hold; as long as \p d. */
struct budget *dispatch_budget(struct dispatch *d);
/** All operations by name. */
const struct operation *const *dispatch_operations(const struct dispatch *d, size_t *count);

/* ---- metrics ---- */

/** What is counted of connections and bodies: by http connections, and what it sends of files and streams. */
struct traffic {
	metric_count opened, closed, refused; /**< connections */
	metric_count handshakes, handshakes_failed;
	metric_count received, sent; /**< bytes of bodies */
};
/** The calling thread's. */
struct traffic *dispatch_traffic(struct dispatch *d);
/** Counts an answer that http gave without dispatch. */
void dispatch_count(struct exchange *x);

/** Reports requests, connections, bodies, operations and jobs. */
void dispatch_report(struct dispatch *d, struct metric_sink *s);
/** When this was opened, ms since the epoch. */
double dispatch_started(const struct dispatch *d);

/**
 * From now on answers 503; returns when no exchange is under way or the time (monotonic_ms()) \p deadline_ms has come.
 * \return whether none is under way: the rest may be cut off by http_close() only where dispatch_waiting() is 0. May be called again.
 */
bool dispatch_drain(struct dispatch *d, int64_t deadline_ms);
struct control *dispatch_control(const struct dispatch *d);
struct auth *dispatch_auth(const struct dispatch *d);
struct tls *dispatch_tls(const struct dispatch *d);
/** What would go on waiting for its time, because others failed before it, is answered 503 from now on. */
void dispatch_hurry(struct dispatch *d);
/** Ends the queries that are under way, within a moment: what is left of a drain when its time is over. */
void dispatch_cut(struct dispatch *d);
/** How many exchanges wait for resume(). */
unsigned dispatch_waiting(const struct dispatch *d);

#endif
