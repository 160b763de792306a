/* SPDX-License-Identifier: Apache-2.0 */
#include "s3.h"

#include "remote_error.h"
#include "s3_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct download {
	remote_take *take;
	void *arg;
	uint64_t *size;
	uint64_t bytes_max;

	char etag[REMOTE_VALUE_MAX]; /* of the object that we read from; "": not known, so that it cannot be taken up again */
	uint64_t total, got;         /* bytes: of the object, UINT64_MAX if unknown; taken */
	uint64_t at;                 /* where the current answer stands: it may begin before got */
	enum { WHY_CALLER, WHY_RANGE, WHY_TOO_LARGE } why;
};

/* Where the answer begins. \return whether it is what was asked for */
static bool read_range(struct download *d, const struct remote_answer *a)
{
	uint64_t from, to;
	if (a->status == 200) {
		d->at = 0; /* all of it again: what we have is passed over */
		return true;
	}
	if (sscanf(a->range, "bytes %" SCNu64 "-%" SCNu64, &from, &to) != 2 || from != d->got)
		return false;
	d->at = from;
	return true;
}

static int on_begin(void *arg, const struct remote_answer *a)
{
	struct download *d = arg;
	d->why = WHY_RANGE;
	if (!read_range(d, a) || (d->got && a->etag[0] && strcmp(a->etag, d->etag) != 0))
		return -1;
	if (d->total == UINT64_MAX && a->status == 200) {
		d->total = a->length;
		memcpy(d->etag, a->etag, sizeof d->etag);
	}
	d->why = WHY_TOO_LARGE;
	if (d->bytes_max && d->total != UINT64_MAX && d->total > d->bytes_max)
		return -1;
	d->why = WHY_CALLER;
	if (d->size)
		*d->size = d->total;
	return 0;
}

static int on_bytes(void *arg, const char *bytes, size_t len)
{
	struct download *d = arg;
	uint64_t passed = d->at < d->got ? d->got - d->at : 0;
	size_t skip = passed < len ? (size_t)passed : len;
	d->at += len;
	if (skip == len)
		return 0;
	d->why = WHY_TOO_LARGE;
	if (d->bytes_max && len - skip > d->bytes_max - d->got)
		return -1;
	d->why = WHY_CALLER;
	if (d->take(d->arg, bytes + skip, len - skip))
		return -1;
	d->got += len - skip;
	return 0;
}

static int attempt(struct s3_session *s, struct download *d, struct s3_request *r, struct remote_error *error)
{
	struct remote_answer answer;
	char range[40];
	memset(r->headers, 0, sizeof r->headers);
	if (d->got) {
		snprintf(range, sizeof range, "bytes=%" PRIu64 "-", d->got);
		r->headers[0] = (struct s3_pair){ "Range", range };
		r->headers[1] = (struct s3_pair){ "If-Match", d->etag };
	}
	int rc = s3_request(s, r, &answer, error);
	remote_answer_free(&answer);
	if (rc == REMOTE_UNREACHABLE && d->got == d->total)
		return 0; /* it broke behind the last byte */
	if (!rc && d->total != UINT64_MAX && d->got != d->total) {
		r->is_repeatable = true;
		return remote_fail(error, REMOTE_UNREACHABLE, "%s: the store ended it too early", r->what);
	}
	if (rc == REMOTE_CALLER && d->why == WHY_RANGE)
		return remote_fail(error, REMOTE_UNREACHABLE, "%s: the store sends another range than it was asked for", r->what);
	if (rc == REMOTE_CALLER && d->why == WHY_TOO_LARGE)
		return remote_fail(error, REMOTE_TOO_LARGE, "%s: the object has more than the %" PRIu64 " bytes that are allowed",
			r->what, d->bytes_max);
	if (rc == REMOTE_STATUS && error->status == 412)
		return remote_fail_status(error, 412, error->reason, "%s: the object changed meanwhile", r->what);
	return rc;
}

int s3_download(const struct s3_target *target, const struct remote_options *options, uint64_t *size, remote_take *take, void *arg,
	struct remote_error *error)
{
	struct s3_session s;
	struct download d = { .take = take, .arg = arg, .size = size, .bytes_max = options->bytes_max, .total = UINT64_MAX };
	struct s3_request r = {
		.what = "downloading the object", .method = "GET", .take = on_bytes, .arg = &d, .begin = on_begin, .once = true
	};
	struct s3_patience patience = { 0 };
	memset(error, 0, sizeof *error);
	if (size)
		*size = UINT64_MAX;
	int wait = 0, rc = s3_open(&s, target, options, error);
	if (rc)
		return rc;
	do {
		uint64_t before = d.got;
		rc = attempt(&s, &d, &r, error);
		if (!rc)
			memset(error, 0, sizeof *error);
		if (d.got > before) /* it goes on: patience is for standing still */
			patience = (struct s3_patience){ 0 };
		if (rc && r.is_repeatable && (!d.got || d.etag[0]))
			wait = s3_wait(&s, &patience, error);
		else
			break;
	} while (!wait);
	s3_close(&s);
	return wait < 0 ? wait : rc;
}
