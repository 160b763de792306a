/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/dispatch_internal.h
 * \brief What the files of this room share: the run of one exchange, and the steps' helpers.
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
/** NULL when there is none. Any thread once all are added. */
const struct operation *registry_find(const struct registry *g, const char *name, size_t len);

/* ---- routes (route.c) ---- */

#define HEALTH_PATH "/health"

/** A path of a module. It runs as an operation does, without parameters. */
struct route {
	struct operation operation;
	struct route *next;
};

/** NULL when there is none. */
const struct operation *route_find(const struct dispatch *d, const char *path);

/* ---- formats (negotiate.c) ---- */

/** What requests and answers may be in. */
struct format {
	const char *type; /**< its media type */
	double weight;    /**< among what a client accepts, the highest product of its q and this wins */
	const struct encoder *encoder;
	const struct decoder *decoder; /**< NULL: requests are not in it */
	const char *disposition;       /**< of its answers; NULL: none */
};

extern const struct format *const format_json;

/** What an Accept header asks for; JSON without one, NULL when it is nothing that there is. */
const struct format *format_accepted(const char *accept);
/** What a Content-Type header says that a request is in; NULL when it is nothing that is read. */
const struct format *format_sent(const char *content_type);
/** Whether a Content-Type header says that a request is plain text: that is taken, and is no operation. */
bool is_plain_text(const char *content_type);
/** Whether a Content-Type header says that the body is a file. */
bool is_file_type(const char *content_type);
/** For the error text: all types that are answered. In the arena; NULL when out of memory. */
char *formats_supported(struct arena *a);

/* ---- credentials (credentials.c, gate.c) ---- */

struct credentials {
	char *user, *password; /**< NULL: none were sent; NUL-terminated, and may hold NULs */
	size_t user_len, password_len;
};

/** Reads an Authorization header into the arena. \return 0, also when it holds none; LYRE_EUNAUTHENTICATED */
int credentials_read(struct credentials *ret, const char *authorization, struct arena *a, struct err *e);
void credentials_clear(struct credentials *c);

/** Headers are ISO 8859-1 on the wire and UTF-8 in here. \return NULL when out of memory */
char *from_latin1(struct arena *a, const unsigned char *s, size_t len, size_t *ret_len);

/** A check of a password. */
struct verification {
	struct verification *next;
	const struct credentials *credentials;
	const char *peer;                     /**< for the log */
	char source[SOURCE_MAX];              /**< whose attempt it counts as */
	int64_t due;                          /**< the gate's: monotonic_ms() before which it is not begun */
	uint64_t turn;                        /**< the gate's: the round it is checked in, 0 where it is delayed */
	bool delayed;                         /**< the gate's: it waited for what failed before it */
	unsigned retry_after;                 /**< s; not 0: it is refused, as too many before it failed */
	void (*done)(struct verification *v); /**< on a thread of the gate, once, the last use of this */
	int rc;
	const struct principal *who; /**< a reference, where rc is 0 */
	struct err err;
};

/**
 * Checks passwords on a few threads of its own, which come last when the processors are busy: a flood of wrong ones
 * takes neither workers nor time from those who are signed in. Attempts that have to wait hold no thread.
 */
struct gate;

/** \param threads  at the most; they start when work comes and end when idle */
int gate_start(struct gate **ret, struct auth *a, unsigned threads, struct err *e);
/** Nothing may wait any more. */
void gate_stop(struct gate *g);
/**
 * Checks what auth does not remember, after auth_delay(), and tells auth_count() the outcome.
 * \return 0: done() will be called; LYRE_EBUSY when too many wait
 */
int gate_submit(struct gate *g, struct verification *v, struct err *e);
/** From now on nothing waits for its time, or with \p all for a thread: those that do fail with LYRE_EBUSY. */
void gate_drain(struct gate *g, bool all);
/** How many wait for their turn. */
unsigned gate_waiting(struct gate *g);

/* ---- credentials of modules (authenticator.c) ---- */

/** It runs as an operation does: as one that nobody can name. */
struct authenticator {
	struct operation operation;
	enum lyre_credential_source source;
	const char *name;
	int (*verify)(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret);
	unsigned kind; /**< auth_accept()'s */
	struct authenticator *next;
};

/** Credentials of a request that an authenticator decides of. */
struct authentication {
	const struct authenticator *by; /**< NULL: there are none */
	const char *text;
	size_t len;
	uint64_t began;
	unsigned refused; /**< cookies that were looked at before */
};

/** What clients are told of such credentials, where nothing better is known. */
#define INVALID_TOKEN "invalid token"

/** Finds them in the Authorization header, else in a cookie. Only points into the exchange. */
void authentication_find(struct authentication *ret, const struct dispatch *d, const struct exchange *x);
/** The next cookie after one that was refused. \return false when there is none, or enough were tried */
bool authentication_find_next(struct authentication *f, const struct exchange *x);
/** Runs verify() and has auth check what it says. On a worker thread. \return as auth_accept(), with the sentence; LYRE_END */
int authentication_verify(const struct authentication *f, struct run *r, const struct principal **ret, struct err *e);
/** Whether an Origin header names the host that the request was sent to. */
bool origin_is_own(const struct exchange *x);

/* ---- the permission question (authorise.c) ---- */

/** Puts the question that a request is to the permission decision. \return 0; LYRE_EDENIED, with call->denial; LYRE_ENOMEM */
int authorise(struct lyre_call *call, struct err *e);

/* ---- what a request touches (needs.c) ---- */

/** The tables that a request touches, each once, with the attributes where the role limits them. LYRE_ENOMEM */
int needs_find(const struct operation *o, const lyre_value *body, const char *database, const struct role *role, struct arena *a,
	struct permission_need **ret);

/* ---- arguments (argument.c, validate.c) ---- */

/** An argument that was not checked yet, by its modern name: what was sent, else the default; NULL for none. */
const lyre_value *request_argument(const struct operation *o, const lyre_value *body, const char *name);
/** A name in such an argument: a text, or a number as a text in the arena; \p ret NULL where it is neither. LYRE_ENOMEM */
int request_name(const lyre_value *v, struct arena *a, const char **ret, size_t *len);

/** What a value is among the types of parameters: one of enum lyre_param_type */
uint32_t argument_type(const lyre_value *v);
/** Finds each declared argument in the body: args, given, present and labels of the call. LYRE_ENOMEM */
int arguments_bind(struct lyre_call *call, const char ***labels);
/** Decodes those that stand as they were sent; what is no argument is left so. LYRE_ENOMEM */
int arguments_decode(struct lyre_call *call, const struct operation *o, struct err *e);
/** Checks them, fills in what is missing. LYRE_EINVAL with all sentences. */
int arguments_check(struct lyre_call *call, const char *const *labels, struct err *e);

/* ---- the run of an exchange (dispatch.c, steps.c) ---- */

/** Answers are counted by the first digit of their status; 0 for none that is one. */
#define DISPATCH_STATUSES 6

/** Both zero at first. */
struct operation_counts {
	metric_count requests, errors;
};

/** What one thread, or a few, have counted. */
struct request_counts {
	_Alignas(METRIC_LINE) metric_count statuses[DISPATCH_STATUSES];
	metric_count credential_hits, credential_misses, sign_in_failures, queries_late;
	struct operation_counts *operations; /**< by their number */
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
	struct pool *queries;  /**< threads of slow queries */
	struct pool *longs;    /**< of handlers that work for seconds */
	size_t conditions_max; /**< of a query */
	int64_t query_ns;      /**< that one may work; 0: without a limit */
	atomic_uint slow;      /**< pieces of rows that these threads make, or that wait for them */
	atomic_bool draining;
	atomic_bool cutting; /**< queries under way end */
	atomic_uint open;    /**< exchanges between begin and end */
	atomic_uint waiting; /**< of them, between WAIT and continue */
};

/** What a step says of how to go on. */
enum flow {
	FLOW_NEXT,
	FLOW_DONE,   /**< the answer stands */
	FLOW_WAIT,   /**< the next step after the wake-up */
	FLOW_REPEAT, /**< the same step again after the wake-up */
	FLOW_BODY,   /**< the next step when the body is there */
	FLOW_PIECE   /**< the next step when a piece of it is there */
};

typedef enum flow (*step_function)(struct run *r);

/** An exchange on its way: its state. */
struct run {
	struct exchange *x;
	struct dispatch *dispatch;
	struct timespec begun;
	uint64_t received; /**< bytes of the body */
	const step_function *next;
	const struct format *format; /**< of the answer; NULL: not asked for yet, or what is asked for is not there */
	struct credentials credentials;
	struct authentication authentication;
	bool suspect;        /**< the body may hold names that are refused */
	bool unread;         /**< of a large body: its arrays and objects stand as they were sent */
	bool by_cookie;      /**< who calls is known by a cookie only */
	bool by_certificate; /**< the same of the connection's certificate */
	bool body_secret;    /**< the body holds credentials */
	bool waiting;        /**< for resume() */
	bool body_coming;    /**< it is read meanwhile, and does not count as under way */
	struct verification verification;
	struct lyre_call call;
	const char **labels;
	bool rows;                        /**< the answer is rows, which the following are of (slices.c) */
	bool slow;                        /**< the pool of queries makes them */
	bool gone;                        /**< the client has closed the connection */
	int rows_rc;                      /**< of the last piece */
	size_t want;                      /**< bytes of it */
	const char *owner;                /**< in the pool */
	const struct principal *receiver; /**< who calls, as last looked at */
	struct pool_task task;
	int rc;           /**< of the handler */
	atomic_int holds; /**< who must still let go before the run goes on: the thread that began, the worker, the answer */
};

/** In their order; of operations, where a route turns off, or a file that is sent. */
extern const step_function steps[], route_steps[], file_steps[];

/** The run that \p p is the member of. */
#define RUN_OF(p, member) ((struct run *)((char *)(p)-offsetof(struct run, member)))

/** Lets go of \p n holds. \return whether they were the last */
bool run_release(struct run *r, int n);
/** The same from another thread: the last wakes the exchange. */
void run_wake(struct run *r, int n);
/**
 * Lets go of the run on the connection's thread, to wait for the others who hold it.
 * \return whether there is none any more; else the run may go on, on another thread, even before this returns
 */
bool run_wait(struct run *r);
/** After the wake-up. */
void run_stop_waiting(struct run *r);

/** Refusals of a step, logged. \return FLOW_DONE */
enum flow refuse(struct run *r, int status, const char *text);
enum flow refuse_err(struct run *r, struct err *e);
enum flow out_of_memory(struct run *r);
/** Decodes the arguments for an operation, where that was left for later, and refuses what must not be in them. */
enum flow decode_rest(struct run *r, const struct operation *o);

/* ---- steps that several ways have (steps.c) ---- */

enum flow stopping_meanwhile(struct run *r);
enum flow name_operation(struct run *r);
enum flow find_operation(struct run *r);
enum flow permit(struct run *r);
enum flow validate(struct run *r);
enum flow start(struct run *r);
enum flow go_on(struct run *r);
enum flow answer(struct run *r);

/* ---- bodies that are files (sent_file.c) ---- */

/** The step where they turn off. */
enum flow file_begin(struct run *r);
/** What was sent goes, unless it has become something else. Does not block. */
void file_discard(struct lyre_call *call);

/* ---- who is asking (sign_in.c): steps ---- */

enum flow sign_in_header_begin(struct run *r);
enum flow sign_in_header_end(struct run *r);
/** The begin once more, where the body was awaited: a client may send it for as long as it likes, and be nobody by then. */
enum flow sign_in_header_again(struct run *r);
enum flow sign_in_body_begin(struct run *r);
enum flow sign_in_body_end(struct run *r);
/** For files that are sent: who sends one is known by the header or the socket. */
enum flow sign_in_sender(struct run *r);
/** For routes, which have no body. */
enum flow sign_in_route(struct run *r);
/** What the credentials are not good for, whoever they are of. When the operation is known. */
enum flow sign_in_limit(struct run *r);

/* ---- metrics (request_metrics.c) ---- */

int request_metrics_open(struct dispatch *d, struct err *e);
void request_metrics_close(struct dispatch *d);
/** For the operations there are now; begins at zero. */
int request_metrics_make_room(struct dispatch *d, struct err *e);
/** Counts a request whose answer stands. */
void request_metrics_add(const struct run *r, uint64_t took_ns);

/** The calling thread's. */
static inline struct request_counts *counts_here(struct dispatch *d)
{
	return &d->counts[metric_stripe()];
}

/* ---- operations that are jobs (job.c) ---- */

/** Checks what is asked for, makes the job, answers its id. On a worker thread. \return as a handler */
int job_begin(struct run *r);
/** call_resume() of a job. */
void job_resume(struct lyre_call *call);

/* ---- answers (answer.c) ---- */

/** The HTTP status that a code becomes. */
int status_of(int code);
/** What went wrong, to the log: the server's faults as errors, 503 as a warning, the client's faults for debugging. */
void log_refusal(const struct run *r, int status, const char *text);
/** What a run is refused with: answer_error(), and what is denied where that is told of. */
void answer_refusal(struct run *r, int status, const char *text);
/** {"error": text} in the format; NULL: in what the client accepts, else JSON. */
void answer_error(struct exchange *x, const struct format *f, int status, const char *text);
/** What could not be done for want of memory: the answer needs none but what is there. \p f NULL: as the client accepts. */
void answer_no_memory(struct exchange *x, const struct format *f);
/** {"statusCode":…,"error":…,"message":text}, in the same. */
void answer_long(struct exchange *x, const struct format *f, int status, const char *text);
/** {"error": text} in what the client accepts; JSON goes without a content type. */
void answer_login_failed(struct exchange *x, int status, const char *text);
/** Text under a content type, NULL for none. */
void answer_text(struct exchange *x, int status, const char *content_type, const char *text);
/** The answer of a handler that returned r->rc, and of its rows. */
void answer_call(struct run *r);

/* ---- rows, in pieces (slices.c) ---- */

/** Names the client in the pools in which clients take turns. \return false if out of memory */
bool run_owner(struct run *r);
/** Opens the pools of queries and of long handlers, and reads the limits of queries. */
int slices_open(struct dispatch *d, struct err *e);
/** Makes the first piece of rows, where there are any: a step. */
enum flow rows_begin(struct run *r);

#endif
