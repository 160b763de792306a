/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/dispatch_internal.h
 * \brief Shared by the files of this room: the run of one exchange, and the steps' helpers.
 */
#ifndef DISPATCH_INTERNAL_H
#define DISPATCH_INTERNAL_H

#include "auth/auth.h"
#include "auth/source.h"
#include "config/config.h"
#include "dispatch/call.h"
#include "dispatch/dispatch.h"
#include "job/pool.h"
#include "query/query.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

struct run;

/* ---- the registry (registry.c) ---- */

struct registry {
	struct arena arena;
	const struct operation **operations; /**< sorted by name */
	size_t count;
	struct word { /**< a name or an alias; open addressing */
		const char *name;
		size_t len;
		const struct operation *operation;
	} * words;
	size_t word_count, word_size;
};

void registry_init(struct registry *g);
void registry_free(struct registry *g);
int registry_add(struct registry *g, const char *owner, lyre_instance *instance, struct lyre_list operations, struct err *e);
/** NULL if there is none. Any thread, once all are added. */
const struct operation *registry_find(const struct registry *g, const char *name, size_t len);

/* ---- routes (route.c) ---- */

#define HEALTH_PATH "/health"

/** A module's path. It runs like an operation without parameters. */
struct route {
	struct lyre_route declared;
	struct operation operation;
	struct route *next;
};

/** The route that answers a path and a method; NULL if there is none. \p methods  those that the path has routes for */
const struct operation *route_find(const struct dispatch *d, const char *path, uint32_t method, uint32_t *methods);
/** A method as one of enum lyre_method; 0 if routes cannot have it. */
uint32_t route_method(enum method method);

/* ---- formats (negotiate.c) ---- */

/** A format of requests and answers. */
struct format {
	const char *type; /**< its media type */
	double weight;    /**< of the types a client accepts, the one with the highest product of its q and this weight is chosen */
	const struct encoder *encoder;
	const struct decoder *decoder; /**< NULL: not for requests */
	const char *disposition;       /**< of its answers; NULL: none */
};

extern const struct format *const format_json;

/** The format that an Accept header asks for; JSON if absent, NULL if none is supported. */
const struct format *format_accepted(const char *accept);
/** The format that a Content-Type header names; NULL: not supported. */
const struct format *format_sent(const char *content_type);
/** Whether a Content-Type header says plain text: this is accepted, but is not an operation. */
bool is_plain_text(const char *content_type);
/** Whether a Content-Type header says that the body is a file. */
bool is_file_type(const char *content_type);
/** All types that answers can have, for the message. In the arena; NULL: out of memory. */
char *formats_supported(struct arena *a);

/* ---- credentials (credentials.c, gate.c) ---- */

struct credentials {
	char *user, *password; /**< NULL: none were sent; NUL-terminated, but may contain NULs */
	size_t user_len, password_len;
};

/** Reads an Authorization header into the arena. \return 0, even if it contains none; LYRE_EUNAUTHENTICATED */
int credentials_read(struct credentials *ret, const char *authorization, struct arena *a, struct err *e);
void credentials_clear(struct credentials *c);

/** Headers are ISO 8859-1 on the wire and UTF-8 in the server. \return NULL: out of memory */
char *from_latin1(struct arena *a, const unsigned char *s, size_t len, size_t *ret_len);

/** A password to check. */
struct verification {
	struct verification *next;
	const struct credentials *credentials;
	const char *peer;                     /**< for the log */
	char source[SOURCE_MAX];              /**< the source that the attempt is attributed to */
	int64_t due;                          /**< used by the gate: monotonic_ms() before which it must not start */
	uint64_t turn;                        /**< used by the gate: the turn in which it is checked; 0 while delayed */
	bool delayed;                         /**< used by the gate: it waited because earlier attempts failed */
	unsigned retry_after;                 /**< s; not 0: refused, as too many earlier attempts failed */
	void (*done)(struct verification *v); /**< called once, on a thread of the gate, as the last use of this struct */
	int rc;
	const struct principal *who; /**< a reference, if rc is 0 */
	struct err err;
};

/**
 * Checks passwords on a few threads of its own with low priority: a flood of wrong passwords takes neither workers nor
 * processor time from signed-in users. Waiting attempts hold no thread.
 */
struct gate;

/** \param threads  at most; they start when there is work and end when idle */
int gate_start(struct gate **ret, struct auth *a, unsigned threads, struct err *e);
/** No attempt may be waiting. */
void gate_stop(struct gate *g);
/**
 * Checks a password that auth does not remember, after auth_delay(), and reports the outcome to auth_count().
 * \return 0: done() will be called; LYRE_EBUSY if too many wait
 */
int gate_submit(struct gate *g, struct verification *v, struct err *e);
/** From now on attempts do not wait for their time or, with \p all, for a thread: those waiting fail with LYRE_EBUSY. */
void gate_drain(struct gate *g, bool all);
/** How many attempts are waiting. */
unsigned gate_waiting(struct gate *g);

/* ---- credentials of modules (authenticator.c) ---- */

/** It runs like an operation that no client can name. */
struct authenticator {
	struct operation operation;
	enum lyre_credential_source source;
	const char *name;
	int (*verify)(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret);
	unsigned kind; /**< from auth_accept() */
	struct authenticator *next;
};

/** Credentials of a request that an authenticator verifies. */
struct authentication {
	const struct authenticator *by; /**< NULL: no such credentials */
	const char *text;
	size_t len;
	uint64_t began;
	unsigned refused; /**< cookies already tried */
};

/** What clients are told about such credentials if the module gives no better text. */
#define INVALID_TOKEN "invalid token"

/** Finds them in the Authorization header, else in a cookie. Only points into the exchange. */
void authentication_find(struct authentication *ret, const struct dispatch *d, const struct exchange *x);
/** Moves to the next cookie after one was refused. \return false if there is none, or enough were tried */
bool authentication_find_next(struct authentication *f, const struct exchange *x);
/** Runs verify() and passes its result to auth. On a worker thread. \return as auth_accept(), with the message; LYRE_END */
int authentication_verify(const struct authentication *f, struct run *r, const struct principal **ret, struct err *e);
/** Whether an Origin header names the host that the request was sent to. */
bool origin_is_own(const struct exchange *x);

/* ---- the permission check (authorise.c) ---- */

/** Asks auth whether the caller may do what the request asks. \return 0; LYRE_EDENIED, with call->denial; LYRE_ENOMEM */
int authorise(struct lyre_call *call, struct err *e);

/* ---- what a request needs (needs.c) ---- */

/** The tables that a request uses, each once, with their attributes if the role limits those. LYRE_ENOMEM */
int needs_find(const struct operation *o, const lyre_value *body, const char *database, const struct role *role, struct arena *a,
	struct permission_need **ret);

/* ---- arguments (argument.c, validate.c) ---- */

/** An argument before validation, by its modern name: the value sent, else the default; NULL: none. */
const lyre_value *request_argument(const struct operation *o, const lyre_value *body, const char *name);
/** The name in such an argument: a string, or a number as a string in the arena; \p ret NULL if it is neither. LYRE_ENOMEM */
int request_name(const lyre_value *v, struct arena *a, const char **ret, size_t *len);

/** The type of a value, as one of enum lyre_param_type */
uint32_t argument_type(const lyre_value *v);
/** Finds each declared argument in the body: args, given, present and labels of the call. LYRE_ENOMEM */
int arguments_bind(struct lyre_call *call, const char ***labels);
/** Decodes arguments that are still encoded; leaves other members as they are. LYRE_ENOMEM */
int arguments_decode(struct lyre_call *call, const struct operation *o, struct err *e);
/** Checks them and fills in defaults. LYRE_EINVAL with all messages. */
int arguments_check(struct lyre_call *call, const char *const *labels, struct err *e);

/* ---- the run of an exchange (dispatch.c, steps.c) ---- */

/** Answers are counted by the first digit of their status; 0: not a valid status. */
#define DISPATCH_STATUSES 6

/** Both are zero at first. */
struct operation_counts {
	metric_count requests, errors;
};

/** What one thread, or a few threads, have counted. */
struct request_counts {
	_Alignas(METRIC_LINE) metric_count statuses[DISPATCH_STATUSES];
	metric_count credential_hits, credential_misses, sign_in_failures, queries_late;
	struct operation_counts *operations; /**< by operation number */
	struct traffic traffic;
	struct histogram durations;
};

struct dispatch {
	struct dispatch_services services;
	struct registry registry;
	struct budget budget;
	struct route *routes;
	struct request_counts *counts; /**< METRIC_STRIPES of them */
	double started;
	struct gate *gate;
	struct authenticator *authenticators;
	struct pool *queries;  /**< threads for slow queries */
	struct pool *longs;    /**< threads for handlers that work for seconds */
	size_t conditions_max; /**< per query */
	int64_t query_ns;      /**< time that a query may work; 0: no limit */
	atomic_uint slow;      /**< pieces of rows that these threads are making, or that wait for them */
	atomic_bool draining;
	atomic_bool cutting; /**< running queries are to end */
	atomic_uint open;    /**< exchanges between begin and end */
	atomic_uint waiting; /**< those between DISPATCH_WAIT and dispatch_continue() */
};

/** How to continue after a step. */
enum flow {
	FLOW_NEXT,
	FLOW_DONE,   /**< the answer is complete */
	FLOW_WAIT,   /**< the next step, after the wake-up */
	FLOW_REPEAT, /**< the same step again, after the wake-up */
	FLOW_BODY,   /**< the next step, when the body has arrived */
	FLOW_PIECE   /**< the next step, when a piece of the body has arrived */
};

typedef enum flow (*step_function)(struct run *r);

/** The state of an exchange in progress. */
struct run {
	struct exchange *x;
	struct dispatch *dispatch;
	struct timespec begun;
	uint64_t received; /**< bytes of the body */
	const step_function *next;
	const struct format *format; /**< of the answer; NULL: not negotiated yet, or none is supported */
	struct credentials credentials;
	struct authentication authentication;
	bool suspect;        /**< the body may contain names that are refused */
	bool unread;         /**< of a large body: its arrays and objects are still encoded */
	bool by_cookie;      /**< the caller is identified by a cookie only */
	bool by_certificate; /**< the same for the connection's certificate */
	bool body_secret;    /**< the body contains credentials */
	bool waiting;        /**< resume() is pending */
	bool body_coming;    /**< the body is being read; the exchange does not count as in progress */
	struct verification verification;
	struct lyre_call call;
	const char **labels;
	bool rows;                        /**< the answer is rows, described by the following (slices.c) */
	bool slow;                        /**< the pool of queries makes them */
	bool gone;                        /**< the client has closed the connection */
	int rows_rc;                      /**< of the last piece */
	size_t want;                      /**< bytes of it */
	const char *owner;                /**< the client, in the pool's queue */
	const struct principal *receiver; /**< the caller, as last looked up */
	struct pool_task task;
	int rc;           /**< result of the handler */
	atomic_int holds; /**< who must release the run before it continues: the starting thread, the worker, the answer */
};

/** In order; route_steps and file_steps replace the rest for a route or a sent file. */
extern const step_function steps[], route_steps[], file_steps[];

/** The run that contains \p p as a member. */
#define RUN_OF(p, member) ((struct run *)((char *)(p)-offsetof(struct run, member)))

/** Releases \p n holds. \return whether they were the last */
bool run_release(struct run *r, int n);
/** The same from another thread: the last one wakes the exchange. */
void run_wake(struct run *r, int n);
/**
 * Releases the connection thread's hold, to wait for the other holders.
 * \return whether there are none left; else the run may continue on another thread, even before this returns
 */
bool run_wait(struct run *r);
/** After the wake-up. */
void run_stop_waiting(struct run *r);

/** Refuses a request in a step, and logs it. \return FLOW_DONE */
enum flow refuse(struct run *r, int status, const char *text);
enum flow refuse_err(struct run *r, struct err *e);
enum flow out_of_memory(struct run *r);
/** Decodes the arguments for an operation, if that was deferred, and refuses forbidden names in them. */
enum flow decode_rest(struct run *r, const struct operation *o);

/* ---- steps in several lists (steps.c) ---- */

enum flow stopping_meanwhile(struct run *r);
enum flow name_operation(struct run *r);
enum flow find_operation(struct run *r);
enum flow permit(struct run *r);
enum flow validate(struct run *r);
enum flow start(struct run *r);
enum flow go_on(struct run *r);
enum flow answer(struct run *r);

/* ---- bodies that are files (sent_file.c) ---- */

/** The step at which they take a path of their own. */
enum flow file_begin(struct run *r);
/** Deletes the file that was sent, unless it was taken over. Does not block. */
void file_discard(struct lyre_call *call);

/* ---- requests to routes (route.c, page.c): steps ---- */

/** Refuses a method that a path does not answer, and says which it does. */
enum flow route_refuse_method(struct run *r, uint32_t methods);
enum flow page_begin(struct run *r);
enum flow page_await_body(struct run *r);
enum flow page_take_body(struct run *r);

/* ---- who is asking (sign_in.c): steps ---- */

enum flow sign_in_header_begin(struct run *r);
enum flow sign_in_header_end(struct run *r);
/** sign_in_header_begin() once more, after the body: sending it may take long, and the user may be gone by then. */
enum flow sign_in_header_again(struct run *r);
enum flow sign_in_body_begin(struct run *r);
enum flow sign_in_body_end(struct run *r);
/** For sent files: their sender is identified by the header or the socket. */
enum flow sign_in_sender(struct run *r);
/** For routes, whose body does not say who sends it. */
enum flow sign_in_route(struct run *r);
/** Refuses what the credentials may not do, whoever they belong to. Once the operation is known. */
enum flow sign_in_limit(struct run *r);

/* ---- metrics (request_metrics.c) ---- */

int request_metrics_open(struct dispatch *d, struct err *e);
void request_metrics_close(struct dispatch *d);
/** Makes room for the operations registered now; counts start at zero. */
int request_metrics_make_room(struct dispatch *d, struct err *e);
/** Counts a request whose answer is complete. */
void request_metrics_add(const struct run *r, uint64_t took_ns);

/** The calling thread's counts. */
static inline struct request_counts *counts_here(struct dispatch *d)
{
	return &d->counts[metric_stripe()];
}

/* ---- operations that are jobs (job.c) ---- */

/** Checks the request, creates the job and answers its id. On a worker thread. \return as a handler */
int job_begin(struct run *r);
void job_resume(lyre_call *call);
/** The same for a call that another call has made. */
void call_request_resume(lyre_call *call);
/** Waits until the call is resumed, under \p lock, and continues it. On the thread of its handler. \return as a handler */
int call_wait(lyre_call *call, pthread_mutex_t *lock, pthread_cond_t *resumed, bool *ready);

/* ---- answers (answer.c) ---- */

/** The HTTP status for a code. */
int status_of(int code);
/** Logs a failure: the server's faults as errors, 503 as a warning, the client's faults at level debug. */
void log_refusal(const struct run *r, int status, const char *text);
/** Refuses a run: answer_error(), plus what is denied, if clients are told. */
void answer_refusal(struct run *r, int status, const char *text);
/** {"error": text} in the format; NULL: in what the client accepts, else JSON. */
void answer_error(struct exchange *x, const struct format *f, int status, const char *text);
/** Answers that memory ran out, without needing more. \p f NULL: as the client accepts. */
void answer_no_memory(struct exchange *x, const struct format *f);
/** The same as {"statusCode":…,"error":…,"message":text}. */
void answer_long(struct exchange *x, const struct format *f, int status, const char *text);
/** {"error": text} in what the client accepts; JSON has no content type. */
void answer_login_failed(struct exchange *x, int status, const char *text);
/** Text with a content type; NULL: none. */
void answer_text(struct exchange *x, int status, const char *content_type, const char *text);
/** The answer of a handler that returned r->rc, including its rows. */
void answer_call(struct run *r);

/* ---- rows, in pieces (slices.c) ---- */

/** Names the client in the pools in which clients take turns. \return false if out of memory */
bool run_owner(struct run *r);
/** Creates the pools of queries and of long handlers, and reads the limits of queries. */
int slices_open(struct dispatch *d, struct err *e);
/** Makes the first piece of rows, if the answer has any: a step. */
enum flow rows_begin(struct run *r);

#endif
