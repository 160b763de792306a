/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/answer.c
 * \brief Turns what a handler left, or a refusal, into status, headers and body.
 */
#include "dispatch/dispatch_internal.h"

#include "dispatch/page.h"
#include "log/log.h"

#include <string.h>
#include <strings.h>

int status_of(int code)
{
	switch (code) {
	case LYRE_OK:
		return 200;
	case LYRE_EINVAL:
	case LYRE_EEXISTS:
		return 400;
	case LYRE_EUNAUTHENTICATED:
		return 401;
	case LYRE_EDENIED:
		return 403;
	case LYRE_ENOTFOUND:
		return 404;
	case LYRE_ENOTACCEPTABLE:
		return 406;
	case LYRE_ECONFLICT:
		return 409;
	case LYRE_ETOOBIG:
		return 413;
	case LYRE_EMEDIA:
		return 415;
	case LYRE_ENOTSUP:
		return 501;
	case LYRE_EBUSY:
	case LYRE_ENOMEM:
		return 503;
	case LYRE_ENOSPACE:
		return 507;
	default:
		return 500;
	}
}

void log_refusal(const struct run *r, int status, const char *text)
{
	enum lyre_log_level level = r->gone ? LYRE_DEBUG : status == 503 ? LYRE_WARN : status >= 500 ? LYRE_ERROR : LYRE_DEBUG;

	/* Until the operation is known, a text may quote the request, and with it a password. */
	if (!log_enabled(level) || (!r->call.operation && level == LYRE_DEBUG))
		return;
	const char *user = call_user(&r->call);
	bool named = *user;
	log_write(level, "dispatch", "%s%s%s%s: %d %s", r->call.operation ? r->call.operation->name : "a request",
		named ? " by '" : "", named ? user : "", named ? "'" : "", status, text);
}

static const char *reason_of(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 406:
		return "Not Acceptable";
	default:
		return "Error";
	}
}

static void set_head(struct exchange *x, int status, const char *content_type)
{
	x->status = status;
	x->content_type_out = content_type;
	x->disposition = NULL;
	x->body_kind = BODY_BYTES;
}

/** The status and the headers that a route's handler has added. */
static void add_page(struct exchange *x, const struct page *page)
{
	x->status = page->status;
	x->more = page->answer.list;
	x->more_count = page->answer.count;
	for (size_t i = 0; i < x->more_count; i++) {
		if (!strcasecmp(x->more[i].name, "content-disposition"))
			x->disposition = NULL;
	}
}

/** Empties the answer; after running out of memory, also frees what it took. */
static void begin_out(struct exchange *x)
{
	if (x->charge.refused)
		buf_free(&x->out);
	else
		buf_clear(&x->out);
}

/** The format of answers that no request has chosen. */
static const struct format *format_of(const struct exchange *x)
{
	const struct format *f = format_accepted(x->accept);

	return f ? f : format_json;
}

/** Begins an answer that is not written by a handler. */
static void begin_answer(struct exchange *x, const struct format *f, int status, lyre_out *out)
{
	begin_out(x);
	set_head(x, status, f->type);
	x->disposition = f->disposition;
	out_begin(out, f->encoder, &x->out, &x->arena);
}

static void end_answer(lyre_out *out)
{
	out_finish(out);
	out_drop(out);
}

static void add_text(lyre_out *out, const char *name, const char *text)
{
	out_key(out, name);
	out_string(out, text, strlen(text));
}

static void write_error(struct exchange *x, const struct format *f, int status, const char *text)
{
	lyre_out out;

	begin_answer(x, f, status, &out);
	out_object_begin(&out);
	add_text(&out, "error", text);
	out_object_end(&out);
	end_answer(&out);
}

void answer_no_memory(struct exchange *x, const struct format *f)
{
	struct err e;

	if (!f)
		f = format_of(x);
	err_nomem(&e);
	int status = status_of(charge_explain(&x->charge, &e));
	write_error(x, f, status, e.text);
	if (x->out.failed && f != format_json)
		write_error(x, format_json, status, e.text);
}

static void settle(struct exchange *x, const struct format *f)
{
	if (x->out.failed)
		answer_no_memory(x, f);
}

void answer_error(struct exchange *x, const struct format *f, int status, const char *text)
{
	if (!f)
		f = format_of(x);
	write_error(x, f, status, text);
	settle(x, f);
}

void answer_refusal(struct run *r, int status, const char *text)
{
	const struct denial *d = &r->call.denial;
	lyre_out out;

	if (status != status_of(LYRE_EDENIED) || !denial_has_lists(d, text)) {
		answer_error(r->x, r->format, status, text);
		return;
	}
	begin_answer(r->x, r->format, status, &out);
	denial_write(&out, text, d);
	end_answer(&out);
	settle(r->x, r->format);
}

void answer_login_failed(struct exchange *x, int status, const char *text)
{
	answer_error(x, NULL, status, text);
	if (x->content_type_out == format_json->type)
		x->content_type_out = NULL;
}

void answer_long(struct exchange *x, const struct format *f, int status, const char *text)
{
	lyre_out out;

	if (!f)
		f = format_of(x);
	begin_answer(x, f, status, &out);
	out_object_begin(&out);
	out_key(&out, "statusCode");
	out_int(&out, status);
	add_text(&out, "error", reason_of(status));
	add_text(&out, "message", text);
	out_object_end(&out);
	end_answer(&out);
	if (f == format_json)
		x->content_type_out = "application/json; charset=utf-8";
	settle(x, f);
}

void answer_text(struct exchange *x, int status, const char *content_type, const char *text)
{
	buf_clear(&x->out);
	set_head(x, status, content_type);
	buf_add_str(&x->out, text);
	settle(x, NULL);
}

/* ---- what a handler left ---- */

static void set_format(struct run *r)
{
	set_head(r->x, 200, r->format->type);
	r->x->disposition = r->format->disposition;
}

static int reply_rows(struct run *r)
{
	if (r->rows_rc < 0)
		return r->rows_rc;
	set_format(r);
	r->x->body_kind = r->rows_rc == LYRE_END ? BODY_BYTES : BODY_STREAM;
	return 0;
}

/** A file name as a quoted string: characters that a header cannot contain become underscores. */
static const char *disposition(struct arena *a, const char *filename)
{
	struct buf b;

	buf_init(&b);
	buf_add_str(&b, "attachment; filename=\"");
	for (const char *p = filename; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_add_char(&b, '\\');
		buf_add_char(&b, *p < ' ' || *p > '~' ? '_' : *p);
	}
	buf_add_char(&b, '"');
	const char *text = b.failed ? NULL : arena_strndup(a, b.data, b.len);
	buf_free(&b);
	return text;
}

static int reply_file(struct run *r)
{
	struct exchange *x = r->x;
	const char *text = disposition(&x->arena, r->call.filename ? r->call.filename : "data");

	if (!text)
		return err_nomem(&r->call.err);
	buf_clear(&x->out);
	set_head(x, 200, "application/octet-stream");
	x->disposition = text;
	x->iso_date = true;
	x->body_kind = BODY_FILE;
	x->fd = r->call.fd;
	r->call.fd = -1;
	return 0;
}

/** Whether a route's handler has chosen a status whose answers have no body. */
static bool is_bodiless(const struct page *page)
{
	return page && (page->status == 204 || page->status == 304);
}

static int reply(struct run *r)
{
	if (is_bodiless(r->call.page)) {
		buf_clear(&r->x->out);
		set_head(r->x, r->call.page->status, NULL);
		return 0;
	}
	if (r->call.rows)
		return reply_rows(r);
	if (r->call.fd >= 0)
		return reply_file(r);
	if (r->x->out.failed)
		return err_nomem(&r->call.err);
	if (r->call.text_type && r->call.out.whole)
		return err_set(&r->call.err, LYRE_EINTERNAL, "the operation answered with text, and with a value");
	if (r->call.text_type) {
		set_head(r->x, 200, r->call.text_type);
		return 0;
	}
	if (!out_begun(&r->call.out))
		return err_set(&r->call.err, LYRE_EINTERNAL, "the operation gave no answer");
	if (out_misshapen(&r->call.out))
		return err_set(&r->call.err, LYRE_EINTERNAL, "the operation's answer is not one value");
	out_finish(&r->call.out);
	set_format(r);
	return 0;
}

/** A handler may have written the answer to its failure itself. */
static bool answer_written_failure(struct run *r, int status)
{
	if (!r->call.failure_written || !out_begun(&r->call.out) || out_misshapen(&r->call.out))
		return false;
	out_finish(&r->call.out);
	set_format(r);
	r->x->status = status;
	settle(r->x, r->format);
	return true;
}

/** Says why memory was refused; for rows that must be counted first, also what the client can do. */
static int explain(struct run *r)
{
	bool held = r->rows && r->format->encoder->whole && r->x->out.failed;
	int rc = charge_explain(&r->x->charge, &r->call.err);

	if (rc != LYRE_ETOOBIG || !held)
		return rc;
	return err_set(&r->call.err, rc,
		"The rows must be counted before they can be sent as %s, and they need more memory than a "
		"request may use: accept application/cbor or application/x-ndjson instead, or request fewer rows",
		r->format->type);
}

void answer_call(struct run *r)
{
	int rc = r->rc;

	if (rc == 0)
		rc = reply(r);
	if (rc == 0) {
		r->x->set_cookie = r->call.set_cookie;
		if (r->call.page)
			add_page(r->x, r->call.page);
		settle(r->x, r->format);
		return;
	}
	if (rc == r->call.err.code)
		rc = explain(r);
	int status = status_of(rc);
	const char *text = r->call.err.text;
	if (!r->call.err.code || !*text)
		text = status >= 500 ? "Internal Server Error" : "The operation failed and did not say why";
	log_refusal(r, status, text);
	if (!answer_written_failure(r, status))
		answer_refusal(r, status, text);
}
