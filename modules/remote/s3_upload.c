/* SPDX-License-Identifier: Apache-2.0 */
#include "s3.h"

#include "remote_error.h"
#include "s3_multipart.h"

#include <stdlib.h>
#include <string.h>

/* How long giving up may take, seconds, and one attempt of it. */
#define ABORT_SECONDS 25
#define ABORT_ATTEMPT_SECONDS 5

struct s3_upload {
	struct s3_session session;
	struct s3_parts parts;
	char *content_type;
	char *buffer; /* one part */
	size_t len, size;
	uint64_t sent;
	bool is_over;               /* finished or aborted */
	struct remote_error failed; /* why it was aborted; code 0: it was not */
};

int s3_upload_begin(struct s3_upload **ret, const struct s3_target *target, const struct remote_options *options,
	const char *content_type, struct remote_error *error)
{
	struct s3_upload *u = calloc(1, sizeof *u);
	int rc = u ? s3_open(&u->session, target, options, error) : REMOTE_MEMORY;
	memset(error, 0, sizeof *error);
	if (!rc) {
		u->size = S3_PART_MIN;
		u->buffer = malloc(u->size);
		u->content_type = strdup(content_type);
		rc = u->buffer && u->content_type ? 0 : REMOTE_MEMORY;
	}
	if (rc) {
		remote_fail_memory(error);
		if (u)
			u->is_over = true;
		s3_upload_free(u);
		u = NULL;
	}
	*ret = u;
	return rc;
}

/* Remembers why, and leaves nothing behind. */
static int fail(struct s3_upload *u, int rc, struct remote_error *error)
{
	struct remote_error why;
	u->failed = *error;
	if (s3_upload_abort(u, &why)) {
		remote_fail(error, rc, "%s; parts of it may be left in the bucket", u->failed.text);
		error->status = u->failed.status;
		memcpy(error->reason, u->failed.reason, sizeof error->reason);
		u->failed = *error;
	}
	return rc;
}

/* Room for the next part: see s3.h. */
static int resize(struct s3_upload *u, struct remote_error *error)
{
	uint64_t wanted = u->sent / S3_PART_SHARE;
	if (wanted <= u->size)
		return 0;
	wanted = (wanted + ((1 << 20) - 1)) >> 20 << 20;
	char *larger = wanted < SIZE_MAX / 2 ? realloc(u->buffer, (size_t)wanted) : NULL;
	if (!larger)
		return remote_fail_memory(error);
	u->buffer = larger;
	u->size = (size_t)wanted;
	return 0;
}

static int send_part(struct s3_upload *u, struct remote_error *error)
{
	int rc = u->parts.id ? 0 : s3_parts_begin(&u->session, &u->parts, u->content_type, error);
	if (!rc)
		rc = s3_parts_add(&u->session, &u->parts, u->buffer, u->len, error);
	if (rc)
		return rc;
	u->sent += u->len;
	u->len = 0;
	return resize(u, error);
}

int s3_upload_append(struct s3_upload *u, const char *bytes, size_t len, struct remote_error *error)
{
	int rc = 0;
	memset(error, 0, sizeof *error);
	if (u->failed.code) {
		*error = u->failed;
		return error->code;
	}
	if (len > S3_OBJECT_MAX - u->sent - u->len)
		rc = remote_fail(error, REMOTE_TOO_LARGE, "an object in S3 cannot have more than 5 TiB");
	while (!rc && len) {
		/* Only when there is more: what fits one part is one PUT. */
		if (u->len == u->size)
			rc = send_part(u, error);
		if (rc)
			break;
		size_t n = len < u->size - u->len ? len : u->size - u->len;
		memcpy(u->buffer + u->len, bytes, n);
		u->len += n;
		bytes += n;
		len -= n;
	}
	return rc ? fail(u, rc, error) : 0;
}

static int send_whole(struct s3_upload *u, struct remote_error *error)
{
	struct remote_answer answer;
	struct s3_request r = { .what = "uploading the object",
		.method = "PUT",
		.headers = { { "Content-Type", u->content_type } },
		.body = u->buffer,
		.body_len = u->len };
	int rc = s3_request(&u->session, &r, &answer, error);
	if (!rc)
		u->sent = u->len;
	remote_answer_free(&answer);
	return rc;
}

int s3_upload_finish(struct s3_upload *u, struct remote_error *error)
{
	int rc = 0;
	memset(error, 0, sizeof *error);
	if (u->failed.code) {
		*error = u->failed;
		return error->code;
	}
	if (!u->parts.id && u->sent == 0 && u->len <= S3_PART_MIN) {
		rc = send_whole(u, error);
	} else {
		rc = u->len ? send_part(u, error) : 0;
		if (!rc)
			rc = s3_parts_complete(&u->session, &u->parts, error);
	}
	if (rc)
		return fail(u, rc, error);
	u->is_over = true;
	return 0;
}

int s3_upload_abort(struct s3_upload *u, struct remote_error *error)
{
	struct remote_error ignored;
	int rc = 0;
	memset(error ? error : &ignored, 0, sizeof *error);
	if (u->is_over)
		return 0;
	u->is_over = true;
	if (!u->failed.code)
		remote_fail(&u->failed, REMOTE_CANCELLED, "cancelled");
	if (!u->parts.id)
		return 0;
	/* A session of its own: another connection, and limits that do not depend on the caller. */
	struct s3_session s;
	struct remote_options options = u->session.options;
	options.cancelled = NULL;
	options.retry_seconds = ABORT_SECONDS;
	options.total_seconds = options.connect_seconds = ABORT_ATTEMPT_SECONDS;
	rc = s3_open(&s, u->session.target, &options, error ? error : &ignored);
	if (!rc) {
		rc = s3_parts_abort(&s, &u->parts, error ? error : &ignored);
		s3_close(&s);
	}
	return rc;
}

uint64_t s3_upload_sent(const struct s3_upload *u)
{
	return u->sent;
}

void s3_upload_free(struct s3_upload *u)
{
	if (!u)
		return;
	s3_upload_abort(u, NULL);
	s3_parts_free(&u->parts);
	s3_close(&u->session);
	free(u->buffer);
	free(u->content_type);
	free(u);
}
