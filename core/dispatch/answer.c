/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/answer.c
 * \brief From what a handler left, or from a refusal, to status, headers and body.
 */
#include "dispatch/dispatch_internal.h"

#include "log/log.h"

#include <string.h>

#define JSON_TYPE "application/json"
#define CSV_TYPE "text/csv"
#define CSV_DISPOSITION "attachment; filename=\"data.csv\""

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

	/* Before the operation is known a text may quote the request, and with it a password. */
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

/** Empties what is to be answered; after a failure for want of memory, gives back what it took. */
static void begin_out(struct exchange *x)
{
	if (x->charge.refused)
		buf_free(&x->out);
	else
		buf_clear(&x->out);
}

static void write_error(struct exchange *x, const char *text)
{
	lyre_out out;

	begin_out(x);
	out_init(&out, &x->out);
	out_object_begin(&out);
	out_key(&out, "error");
	out_string(&out, text, strlen(text));
	out_object_end(&out);
}

/** An answer that could not be written for want of memory becomes one that needs none but what is there. */
static void settle(struct exchange *x)
{
	struct err e;

	if (!x->out.failed)
		return;
	err_nomem(&e);
	set_head(x, status_of(charge_explain(&x->charge, &e)), JSON_TYPE);
	write_error(x, e.text);
}

void answer_error(struct exchange *x, enum format format, int status, const char *text)
{
	if (format == FORMAT_CSV) {
		struct value_member member = { "error", sizeof "error" - 1, value_text(text, strlen(text)) };
		lyre_value error = { .type = LYRE_OBJECT, .len = 1, .members = &member };

		begin_out(x);
		set_head(x, status, CSV_TYPE);
		x->disposition = CSV_DISPOSITION;
		csv_write(&x->out, &error, &x->arena);
	} else {
		set_head(x, status, JSON_TYPE);
		write_error(x, text);
	}
	settle(x);
}

void answer_refusal(struct run *r, int status, const char *text)
{
	const struct denial *d = &r->call.denial;
	lyre_out out;

	if (status != status_of(LYRE_EDENIED) || r->format == FORMAT_CSV || !denial_has_lists(d, text)) {
		answer_error(r->x, r->format, status, text);
		return;
	}
	buf_clear(&r->x->out);
	set_head(r->x, status, JSON_TYPE);
	out_init(&out, &r->x->out);
	denial_write(&out, text, d);
	settle(r->x);
}

void answer_login_failed(struct exchange *x, int status, const char *text)
{
	set_head(x, status, NULL);
	write_error(x, text);
	settle(x);
}

void answer_long(struct exchange *x, int status, const char *text)
{
	const char *reason = reason_of(status);
	lyre_out out;

	buf_clear(&x->out);
	set_head(x, status, JSON_TYPE "; charset=utf-8");
	out_init(&out, &x->out);
	out_object_begin(&out);
	out_key(&out, "statusCode");
	out_int(&out, status);
	out_key(&out, "error");
	out_string(&out, reason, strlen(reason));
	out_key(&out, "message");
	out_string(&out, text, strlen(text));
	out_object_end(&out);
	settle(x);
}

void answer_text(struct exchange *x, int status, const char *content_type, const char *text)
{
	buf_clear(&x->out);
	set_head(x, status, content_type);
	buf_add_str(&x->out, text);
	settle(x);
}

/* ---- what a handler left ---- */

static void set_format(struct run *r)
{
	set_head(r->x, 200, r->format == FORMAT_CSV ? CSV_TYPE : JSON_TYPE);
	if (r->format == FORMAT_CSV)
		r->x->disposition = CSV_DISPOSITION;
}

static int reply_rows(struct run *r)
{
	if (r->rows_rc < 0)
		return r->rows_rc;
	set_format(r);
	r->x->body_kind = r->rows_rc == LYRE_END ? BODY_BYTES : BODY_STREAM;
	return 0;
}

/** A file name as a quoted string: what a header cannot hold becomes an underscore. */
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

/** The JSON that the handler wrote becomes CSV. */
static int turn_into_csv(struct run *r)
{
	struct exchange *x = r->x;
	lyre_value value;

	int rc = json_decode_copy(&x->arena, x->out.data, x->out.len, &value, &r->call.err);
	if (rc == LYRE_EINVAL)
		return err_set(&r->call.err, LYRE_EINTERNAL, "the operation's answer is not JSON");
	if (rc)
		return rc;
	buf_clear(&x->out);
	csv_write(&x->out, &value, &x->arena);
	return 0;
}

static int reply(struct run *r)
{
	if (r->call.rows)
		return reply_rows(r);
	if (r->call.fd >= 0)
		return reply_file(r);
	if (r->x->out.failed)
		return err_nomem(&r->call.err);
	if (r->call.text_type) {
		set_head(r->x, 200, r->call.text_type);
		return 0;
	}
	if (!r->x->out.len)
		return err_set(&r->call.err, LYRE_EINTERNAL, "the operation gave no answer");
	set_format(r);
	return r->format == FORMAT_CSV ? turn_into_csv(r) : 0;
}

/** A handler may have written itself what answers its failure. */
static bool answer_written_failure(struct run *r, int status)
{
	if (!r->call.failure_written || !r->x->out.len)
		return false;
	int rc = r->format == FORMAT_CSV ? turn_into_csv(r) : 0;
	if (rc) {
		answer_error(r->x, r->format, status_of(charge_explain(&r->x->charge, &r->call.err)), r->call.err.text);
		return true;
	}
	set_format(r);
	r->x->status = status;
	settle(r->x);
	return true;
}

void answer_call(struct run *r)
{
	int rc = r->rc;

	if (rc == 0)
		rc = reply(r);
	if (rc == 0) {
		r->x->set_cookie = r->call.set_cookie;
		settle(r->x);
		return;
	}
	if (rc == r->call.err.code)
		rc = charge_explain(&r->x->charge, &r->call.err);
	int status = status_of(rc);
	const char *text = r->call.err.text;
	if (!r->call.err.code || !*text)
		text = status >= 500 ? "Internal Server Error" : "The operation failed and did not say why";
	log_refusal(r, status, text);
	if (!answer_written_failure(r, status))
		answer_refusal(r, status, text);
}
