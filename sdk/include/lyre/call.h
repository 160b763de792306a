/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/call.h
 * \brief One run of an operation: its arguments, its caller, its answer.
 *
 * A handler is given a call on one thread. Only that thread may use the call, and what a function here returns lives until
 * the call ends. Nothing here blocks. Texts are UTF-8.
 */
#ifndef LYRE_CALL_H
#define LYRE_CALL_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

struct lyre_operation;

/** The functions of this header, as the host has them. */
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
	int (*operations)(lyre_call *call, int (*visit)(void *arg, const struct lyre_operation *operation, const char *module),
		void *arg);

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
};

/**
 * An argument by its modern name, already checked against its declaration, defaults filled in.
 * \return NULL when it was not given and has no default, or is not declared
 */
static inline const lyre_value *lyre_arg(lyre_call *call, const char *name)
{
	return lyre_host->call->arg(call, name);
}

/** \return whether the client gave the argument itself: a default does not count. */
static inline int lyre_arg_given(lyre_call *call, const char *name)
{
	return lyre_host->call->arg_given(call, name);
}

/**
 * \return the text of a string argument, NUL-terminated; a number is written out; NULL when it was not given, is of
 *         another kind, or when out of memory
 */
static inline const char *lyre_arg_string(lyre_call *call, const char *name)
{
	return lyre_host->call->arg_string(call, name);
}

/** \return the whole request as it came, an object; for operations that keep it. */
static inline const lyre_value *lyre_call_body(lyre_call *call)
{
	return lyre_host->call->call_body(call);
}

/** \return the name of the operation as declared, whatever alias was sent. */
static inline const char *lyre_call_operation(lyre_call *call)
{
	return lyre_host->call->call_operation(call);
}

/** \return the name of the signed-in user; "root@socket" for a peer of the domain socket that needs no password; "" where none is. */
static inline const char *lyre_call_user(lyre_call *call)
{
	return lyre_host->call->call_user(call);
}

/** \return the module whose operation this is. */
static inline lyre_instance *lyre_call_module(lyre_call *call)
{
	return lyre_host->call->call_module(call);
}

/**
 * Calls \p visit for every operation of the server, by name, until one returns non-zero. The declaration is whole, as the
 * server knows it: read its params with lyre_list_at(). It lives as long as the server; \p module is its module's name.
 * \return what the last visit returned
 */
static inline int lyre_operations(lyre_call *call,
	int (*visit)(void *arg, const struct lyre_operation *operation, const char *module), void *arg)
{
	return lyre_host->call->operations(call, visit, arg);
}

/** Memory that lives until the call ends, zeroed, aligned for any type; NULL when out of memory. */
static inline void *lyre_alloc(lyre_call *call, size_t size)
{
	return lyre_host->call->alloc(call, size);
}

/**
 * From here on what the call takes, memory, tables, cursors, rows, goes with lyre_scope_end(): for a piece of work that is done
 * again and again, lest its memory grow with the number of pieces. Scopes may nest; those still open end with the call.
 * \return 0, LYRE_ENOMEM
 */
static inline int lyre_scope_begin(lyre_call *call) { return lyre_host->call->scope_begin(call); }
/**
 * Ends the innermost scope: nothing taken in it may be used any more. What the call had before is as it was, and so are the
 * failure and the answer.
 */
static inline void lyre_scope_end(lyre_call *call) { lyre_host->call->scope_end(call); }

/**
 * Say what went wrong, in a sentence for the client: the answer becomes {"error": …}. Takes the place of an earlier
 * failure.
 * \param code  a negative LYRE_E…, which decides the HTTP status
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

/** lyre_fail() for want of memory. \return LYRE_ENOMEM. */
static inline int lyre_fail_no_memory(lyre_call *call)
{
	return lyre_fail(call, LYRE_ENOMEM, "out of memory");
}

/**
 * Changes the code, and so the status, of the failure that is set, and keeps its sentence. For operations whose clients
 * expect another status than the service's own.
 * \return \p code
 */
static inline int lyre_fail_as(lyre_call *call, int code)
{
	return lyre_host->call->fail_as(call, code);
}

/**
 * The failure that is set is answered with what stands in lyre_reply(), one JSON value, in place of {"error": …}: for
 * operations whose clients expect more than a sentence. The sentence still goes to the log. Return from the handler next.
 * \return the failure's code
 */
static inline int lyre_fail_reply(lyre_call *call)
{
	return lyre_host->call->fail_reply(call);
}

/** \return the code of the failure that is set, 0 for none. */
static inline int lyre_failure(lyre_call *call)
{
	return lyre_host->call->failure(call);
}

/** \return the answer, empty at first: write one JSON value into it (lyre/value.h). */
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

/** Answers a text as it is, in place of lyre_reply(): for routes. Copied. \return 0, LYRE_ENOMEM */
static inline int lyre_reply_text(lyre_call *call, const char *content_type, const char *text, size_t len)
{
	return lyre_host->call->reply_text(call, content_type, text, len);
}

/**
 * Answers an array of the cursor's rows, streamed as the client reads: in place of, not in addition to, lyre_reply(). The
 * server owns the cursor from here. \return 0
 */
static inline int lyre_reply_rows(lyre_call *call, lyre_cursor *cursor)
{
	return lyre_host->call->reply_rows(call, cursor);
}

/**
 * Answers the bytes of an open file from its start, as application/octet-stream offered under \p filename.
 * The server owns \p fd from here, also on failure. \return 0, LYRE_ENOMEM
 */
static inline int lyre_reply_file(lyre_call *call, int fd, const char *filename)
{
	return lyre_host->call->reply_file(call, fd, filename);
}

LYRE_END_DECLS

#endif
