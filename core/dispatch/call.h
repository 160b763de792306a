/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/call.h
 * \brief A call inside the core; the services behind lyre/call.h, lyre/store.h and others use it.
 */
#ifndef DISPATCH_CALL_H
#define DISPATCH_CALL_H

#include "auth/auth.h"
#include "auth/permission.h"
#include "auth/view.h"
#include "base/json.h"
#include "dispatch/dispatch.h"
#include "encode/decode.h"
#include "encode/encode.h"
#include "job/jobs.h"
#include "query/reader.h"
#include "store/store.h"

#include <lyre/job.h>

/** A table opened by a call: an item of the call's list, so that all tables are closed at its end. */
struct lyre_table {
	struct lyre_table *next;
	const struct table *def;
	struct permission_view view; /**< what the call may see and do in it */
};

struct lyre_cursor {
	struct lyre_cursor *next;
	struct query *query;
	struct arena rows; /**< of the current row */
	lyre_value row;
};

/** One database of a call's moment. */
struct call_moment {
	struct call_moment *next;
	struct snapshot snapshot;
};

struct lyre_reader {
	struct lyre_reader *next; /**< in the call's list */
	lyre_call *call;
	const lyre_table *table;
	struct attribute_filter filter;
	bool filtered; /**< the filter is to be asked */
	bool open;
	struct reader *reader; /**< kept for another one when it is closed */
};

/** Takes an answer in pieces, as struct lyre_request. */
struct call_sink {
	int (*take)(void *arg, const char *bytes, size_t len, uint64_t rows);
	void *arg;
	bool failed; /**< take() has; the failure is that of the call which made the request */
};

/** A part of a call whose memory, tables and cursors end before the call does. */
struct call_scope {
	struct call_scope *outer;
	struct arena arena;
	struct arena *outer_arena;
	lyre_table *tables; /**< the call's list before the scope */
	lyre_cursor *cursors;
};

struct lyre_call {
	struct exchange *x; /**< NULL in a job, and outside a request */
	struct job *job;    /**< NULL in an exchange */
	lyre_call *outer;  /**< whose lyre_request_run() made this call; it has the same job or task, but no exchange; NULL: none */
	unsigned depth;    /**< how many such calls this one is within */
	bool may_block;    /**< its handler runs on a worker's thread */
	struct task *task; /**< whose run this is; NULL: none's */
	struct dispatch *dispatch;
	struct store *store;
	struct arena *arena;
	const struct operation *operation;
	const struct principal *who; /**< a reference; NULL: not signed in */
	bool by_password;            /**< the caller signed in with a password, or over the domain socket */
	unsigned server_rights;      /**< lyre_server_rights_begin() less lyre_server_rights_end() */
	lyre_value body;
	const struct decoder *decoder; /**< decodes the body; NULL: there is none */
	lyre_value *args;              /**< one value per declared parameter; type LYRE_NULL and given false: absent */
	bool *given;                   /**< sent by the client */
	bool *present;                 /**< given, or has a default value */
	struct err err;
	struct denial denial;    /**< what is refused, if err is LYRE_EDENIED; both lists empty: the message says everything */
	lyre_out out;            /**< writes the exchange's or the job's answer */
	struct call_sink *sink;  /**< takes the answer in pieces; NULL: nobody does */
	bool only_reads;         /**< it is made by another call, and may not write */
	const char *job_message; /**< set by lyre_job_message(); NULL: the usual one */
	lyre_table *tables;
	lyre_cursor *cursors;
	struct call_scope *scope;    /**< the innermost open scope */
	struct call_scope *spare;    /**< a closed scope, for reuse */
	struct call_moment *moments; /**< snapshots of lyre_moment_begin() */
	lyre_reader *readers;        /**< in these */
	lyre_cursor *rows;           /**< set by reply_rows */
	struct query_limits limits;  /**< for its queries; see call_limits() */
	struct upload *upload;       /**< the file sent as the body; NULL: none */
	int fd;                      /**< set by reply_file; -1: none */
	const char *filename;
	bool failure_written;           /**< set by fail_reply: out contains the answer for the failure */
	const char *set_cookie;         /**< set by reply_cookie: the header's value */
	struct page *page;              /**< the request of a route; NULL: there is none */
	const char *text_type;          /**< set by reply_text: the answer is text of this content type instead of a value */
	bool works_long;                /**< on a thread that may work for seconds */
	int (*longer)(lyre_call *call); /**< set by call_longer: continues the call after LYRE_PENDING; NULL: nothing does */
	/* after LYRE_PENDING: set by whoever answers later; runs on the connection's or the job's thread */
	int (*again)(lyre_call *call);
	struct record_write write;
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg);
	void *then_arg;
};

/** Limits for the call's queries. Valid as long as the call. */
const struct query_limits *call_limits(lyre_call *call);
/** Counts a query that exceeded its time limit. */
void call_query_ended(lyre_call *call, const struct query *q);

/** Decodes a value of the body that was deferred; leaves others alone. \return 0, LYRE_ENOMEM */
static inline int call_decode(lyre_call *call, lyre_value *v, struct err *e)
{
	return v->type == VALUE_UNREAD ? call->decoder->rest(call->arena, v, e) : 0;
}

/**
 * Takes what a handler or a continuation returned, and sees that it is true: a call waits if, and only if, something will wake it.
 * \return 0, LYRE_PENDING, or a failure
 */
int call_returned(lyre_call *call, int rc);
/** Wakes a call that is LYRE_PENDING: its again() runs next. Any thread, once. */
void call_resume(lyre_call *call);

/** The caller's name; "": not signed in */
static inline const char *call_user(const lyre_call *call)
{
	return call->who ? call->who->name : "";
}

/** Memory that lives as long as the call, whatever the scope. */
static inline struct arena *call_arena(const lyre_call *call)
{
	struct arena *a = call->arena;

	for (const struct call_scope *s = call->scope; s; s = s->outer)
		a = s->outer_arena;
	return a;
}

/** What the call may see and do in a table. */
struct permission_view call_view(const lyre_call *call, const char *database, const char *table);

/** lyre_scope_begin(), lyre_scope_end(). */
int call_scope_begin(lyre_call *call);
void call_scope_end(lyre_call *call);
/** Closes the readers, and gives back the snapshots that they read. */
void call_moment_end(lyre_call *call);
/** 0; LYRE_EBUSY if nobody waits for the call any more, or writers wait for its moment to end. */
int call_wanted(lyre_call *call);
/** Passes on what has been written, if anybody takes it in pieces and there is enough; \p all: whatever there is. */
int call_pass_on(lyre_call *call, bool all);
/** lyre_request_run(). */
int call_request(lyre_call *call, const struct lyre_request *request);
/** lyre_request_value(). */
int call_request_value(lyre_call *call, const lyre_value *body, uint32_t flags, size_t limit, const lyre_value **ret);
/** About once a second, whether the user who started a job may still do so: 0, LYRE_EDENIED. On the job's thread. */
int call_job_permitted(lyre_call *call);
/** Releases everything but memory: scopes, cursors, tables, an open file, a sent file. */
void call_end(lyre_call *call);

#endif
