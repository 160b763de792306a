/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/call.h
 * \brief One run of an operation: its arguments, its caller, its answer.
 *
 * A handler receives a call on one thread, and only that thread may use it. What a function here returns lives until the
 * call ends. Nothing here blocks. Texts are UTF-8.
 */
#ifndef LYRE_CALL_H
#define LYRE_CALL_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

struct lyre_operation;

/** The host's implementation of the functions in this header. */
struct lyre_call_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	const lyre_value *(*arg)(lyre_call *call, const char *name);
	int (*arg_given)(lyre_call *call, const char *name);
	const char *(*arg_string)(lyre_call *call, const char *name);
	const lyre_value *(*call_body)(lyre_call *call);
	const char *(*call_operation)(lyre_call *call);
	const char *(*call_user)(lyre_call *call);
	lyre_instance *(*call_module)(lyre_call *call);
	int (*operations)(
		lyre_call *call, int (*visit)(void *arg, const struct lyre_operation *operation, const char *module), void *arg);

	void *(*alloc)(lyre_call *call, size_t size);
	int (*scope_begin)(lyre_call *call);
	void (*scope_end)(lyre_call *call);

	int (*vfail)(lyre_call *call, int code, const char *fmt, va_list ap);
	int (*fail_as)(lyre_call *call, int code);
	int (*fail_reply)(lyre_call *call);
	int (*failure)(lyre_call *call);

	lyre_out *(*reply)(lyre_call *call);
	int (*reply_vmessage)(lyre_call *call, const char *fmt, va_list ap);
	int (*reply_text)(lyre_call *call, const char *content_type, const char *text, size_t len);
	int (*reply_rows)(lyre_call *call, lyre_cursor *cursor);
	int (*reply_file)(lyre_call *call, int fd, const char *filename);

	int (*call_longer)(lyre_call *call, int (*work)(lyre_call *call));
	int (*call_wanted)(lyre_call *call);
	int (*reply_row)(lyre_call *call);
	const lyre_value *(*make_json)(lyre_call *call, const char *text, size_t len);
	void (*reply_json)(lyre_call *call, const char *text, size_t len);
	const char *(*failure_text)(lyre_call *call);
};

/**
 * An argument by its modern name, already checked against its declaration, with defaults filled in.
 * \return NULL if it was not given and has no default, or is not declared
 */
static inline const lyre_value *lyre_arg(lyre_call *call, const char *name)
{
	return lyre_host->call->arg(call, name);
}

/** \return whether the client gave the argument; a default does not count. */
static inline int lyre_arg_given(lyre_call *call, const char *name)
{
	return lyre_host->call->arg_given(call, name);
}

/**
 * \return the text of a string argument, NUL-terminated, or a number as text; NULL if it was not given or is of another
 *         kind, or when out of memory
 */
static inline const char *lyre_arg_string(lyre_call *call, const char *name)
{
	return lyre_host->call->arg_string(call, name);
}

/** \return the whole request as received, an object; for operations that store it. */
static inline const lyre_value *lyre_call_body(lyre_call *call)
{
	return lyre_host->call->call_body(call);
}

/** \return the declared name of the operation, even if an alias was sent. */
static inline const char *lyre_call_operation(lyre_call *call)
{
	return lyre_host->call->call_operation(call);
}

/** \return the name of the signed-in user; "root@socket" for a domain socket peer that needs no password; "" if there is none. */
static inline const char *lyre_call_user(lyre_call *call)
{
	return lyre_host->call->call_user(call);
}

/** \return the module that owns this operation. */
static inline lyre_instance *lyre_call_module(lyre_call *call)
{
	return lyre_host->call->call_module(call);
}

/**
 * Calls \p visit for every operation of the server, in order of name, until one returns non-zero. It receives the complete
 * declaration, which lives as long as the server, and the name of its module; read the params with lyre_list_at().
 * \return what the last visit returned
 */
static inline int lyre_operations(
	lyre_call *call, int (*visit)(void *arg, const struct lyre_operation *operation, const char *module), void *arg)
{
	return lyre_host->call->operations(call, visit, arg);
}

/** Memory that lives until the call ends, zeroed, aligned for any type; NULL when out of memory. */
static inline void *lyre_alloc(lyre_call *call, size_t size)
{
	return lyre_host->call->alloc(call, size);
}

/**
 * Begins a scope: lyre_scope_end() frees all memory, tables, cursors and rows that the call takes from here on. For work
 * that is repeated, so that its memory does not grow. Scopes may nest; those still open end with the call.
 * \return 0, LYRE_ENOMEM
 */
static inline int lyre_scope_begin(lyre_call *call)
{
	return lyre_host->call->scope_begin(call);
}
/**
 * Ends the innermost scope: nothing taken in it may be used any more. What the call took before, its failure and its answer
 * stay valid.
 */
static inline void lyre_scope_end(lyre_call *call)
{
	lyre_host->call->scope_end(call);
}

/**
 * Fails with a message for the client: the answer becomes {"error": …}. Replaces an earlier failure.
 * \param code  a negative LYRE_E…, which determines the HTTP status
 * \return \p code
 */
static inline int lyre_fail(lyre_call *call, int code, const char *fmt, ...) LYRE_PRINTF(3, 4);
static inline int lyre_fail(lyre_call *call, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	code = lyre_host->call->vfail(call, code, fmt, ap);
	va_end(ap);
	return code;
}

/** lyre_fail() when out of memory. \return LYRE_ENOMEM. */
static inline int lyre_fail_no_memory(lyre_call *call)
{
	return lyre_fail(call, LYRE_ENOMEM, "out of memory");
}

/**
 * Changes the code of the current failure, and so the HTTP status, but keeps its message. For operations whose clients
 * expect a different status.
 * \return \p code
 */
static inline int lyre_fail_as(lyre_call *call, int code)
{
	return lyre_host->call->fail_as(call, code);
}

/**
 * Answers the current failure with the JSON value written to lyre_reply() instead of {"error": …}: for operations whose
 * clients expect more than a message. The message still goes to the log. Return from the handler next.
 * \return the failure's code
 */
static inline int lyre_fail_reply(lyre_call *call)
{
	return lyre_host->call->fail_reply(call);
}

/** \return the code of the current failure, 0 if there is none. */
static inline int lyre_failure(lyre_call *call)
{
	return lyre_host->call->failure(call);
}

/** \return the message of the current failure, until the next one; "" if there is none. */
static inline const char *lyre_failure_text(lyre_call *call)
{
	return lyre_host->call->failure_text(call);
}

/** \return the answer, initially empty: write exactly one JSON value to it (lyre/value.h), or the call fails. */
static inline lyre_out *lyre_reply(lyre_call *call)
{
	return lyre_host->call->reply(call);
}

/** Answers {"message": …}. \return 0, LYRE_ENOMEM */
static inline int lyre_reply_message(lyre_call *call, const char *fmt, ...) LYRE_PRINTF(2, 3);
static inline int lyre_reply_message(lyre_call *call, const char *fmt, ...)
{
	va_list ap;
	int rc;
	va_start(ap, fmt);
	rc = lyre_host->call->reply_vmessage(call, fmt, ap);
	va_end(ap);
	return rc;
}

/** Answers with plain text instead of lyre_reply(); for routes. The text is copied. \return 0, LYRE_ENOMEM */
static inline int lyre_reply_text(lyre_call *call, const char *content_type, const char *text, size_t len)
{
	return lyre_host->call->reply_text(call, content_type, text, len);
}

/**
 * Answers with an array of the cursor's rows, streamed as the client reads, instead of lyre_reply(). The server owns the
 * cursor from here on. \return 0
 */
static inline int lyre_reply_rows(lyre_call *call, lyre_cursor *cursor)
{
	return lyre_host->call->reply_rows(call, cursor);
}

/**
 * Answers with the contents of an open file, from its start, as application/octet-stream with the download name
 * \p filename. The server owns \p fd from here on, even on failure. \return 0, LYRE_ENOMEM
 */
static inline int lyre_reply_file(lyre_call *call, int fd, const char *filename)
{
	return lyre_host->call->reply_file(call, fd, filename);
}

/**
 * For a handler that finds out, on the connection's thread, that it would take too long there: \p work goes on with the call
 * as one that is declared with LYRE_RUN_LONG; from another thread it is called at once. Nothing may have been written to the
 * answer yet.
 * \return LYRE_PENDING, or what \p work returned: the handler must return it and not touch the call any more
 */
static inline int lyre_call_longer(lyre_call *call, int (*work)(lyre_call *call))
{
	return lyre_host->call->call_longer(call, work);
}

/**
 * Whether the call should go on: for handlers that work for seconds (LYRE_RUN_LONG), about every tenth of a second.
 * \return 0; LYRE_EBUSY if the client has closed the connection, the server is stopping, or writers have been waiting for
 *         the moment to end: return it
 */
static inline int lyre_call_wanted(lyre_call *call)
{
	return lyre_host->call->call_wanted(call);
}

/**
 * Call this after each row of an answer that is an array of rows, written to lyre_reply(): a job that takes the answer in
 * pieces gets what has been written (lyre_request_run()).
 * \return 0; LYRE_ENOMEM if memory for the answer ran out; or the failure of that job: return it
 */
static inline int lyre_reply_row(lyre_call *call)
{
	return lyre_host->call->reply_row(call);
}

/** The value of a JSON text, valid until the call ends; NULL if the text is not JSON, or if out of memory. */
static inline const lyre_value *lyre_make_json(lyre_call *call, const char *text, size_t len)
{
	return lyre_host->call->make_json(call, text, len);
}

/** Writes JSON that came from the server (struct lyre_field) to lyre_reply(): it is not checked again. */
static inline void lyre_reply_json(lyre_call *call, const char *text, size_t len)
{
	lyre_host->call->reply_json(call, text, len);
}

LYRE_END_DECLS

#endif
