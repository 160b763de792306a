/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_multipart.h"

#include "remote_error.h"
#include "s3_text.h"
#include "s3_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an UploadId; Amazon's have about 130. */
#define ID_MAX 1024

int s3_parts_begin(struct s3_session *s, struct s3_parts *p, const char *content_type, struct remote_error *error)
{
	char id[ID_MAX];
	struct remote_answer answer;
	const struct s3_pair parameters[] = { { "uploads", "" } };
	struct s3_request r = { .what = "beginning the upload",
		.method = "POST",
		.parameters = parameters,
		.parameter_count = 1,
		.headers = { { "Content-Type", content_type } },
		.root = "InitiateMultipartUploadResult" };
	int rc = s3_request(s, &r, &answer, error);
	if (!rc && !s3_xml_text(answer.text, answer.text_len, "UploadId", id, sizeof id))
		rc = remote_fail_status(error, answer.status, answer.reason, "%s: the store gave no UploadId", r.what);
	if (!rc && !(p->id = strdup(id)))
		rc = remote_fail_memory(error);
	remote_answer_free(&answer);
	return rc;
}

int s3_parts_add(struct s3_session *s, struct s3_parts *p, const char *bytes, size_t len, struct remote_error *error)
{
	char number[16];
	struct remote_answer answer;
	const struct s3_pair parameters[] = { { "partNumber", number }, { "uploadId", p->id } };
	struct s3_request r = { .what = "uploading a part",
		.method = "PUT",
		.parameters = parameters,
		.parameter_count = 2,
		.headers = { { "Content-Type", "application/octet-stream" } },
		.body = bytes,
		.body_len = len };
	char **more = realloc(p->etag, (p->count + 1) * sizeof *more);
	if (!more)
		return remote_fail_memory(error);
	p->etag = more;
	snprintf(number, sizeof number, "%u", p->count + 1);
	int rc = s3_request(s, &r, &answer, error);
	if (!rc && !answer.etag[0])
		rc = remote_fail_status(error, answer.status, answer.reason, "%s: the store gave no ETag", r.what);
	if (!rc && !(p->etag[p->count] = strdup(answer.etag)))
		rc = remote_fail_memory(error);
	if (!rc) {
		p->count++;
		p->bytes += len;
	}
	remote_answer_free(&answer);
	return rc;
}

static void add_escaped(struct s3_text *t, const char *s)
{
	for (; *s; s++) {
		const char *entity = *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '"' ? "&quot;" : NULL;
		s3_text_add(t, entity ? entity : s, entity ? strlen(entity) : 1);
	}
}

/* The list of all parts. \return for free(); NULL when out of memory */
static char *part_list(const struct s3_parts *p)
{
	struct s3_text t = { 0 };
	s3_text_adds(&t, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", NULL);
	for (unsigned i = 0; i < p->count; i++) {
		char number[16];
		snprintf(number, sizeof number, "%u", i + 1);
		s3_text_adds(&t, "<Part><PartNumber>", number, "</PartNumber><ETag>", NULL);
		add_escaped(&t, p->etag[i]);
		s3_text_adds(&t, "</ETag></Part>", NULL);
	}
	s3_text_adds(&t, "</CompleteMultipartUpload>", NULL);
	return s3_text_take(&t);
}

/*
 * If the answer to an attempt was lost, the next, which libcurl may have made by itself, is told that there is no such upload. Then
 * the object tells whether the first was carried out: it has our length, and an ETag of as many parts.
 */
static bool was_completed(struct s3_session *s, const struct s3_parts *p)
{
	char parts[24], etag[REMOTE_VALUE_MAX] = "";
	struct remote_answer answer;
	struct remote_error error;
	struct s3_request r = { .what = "looking for the object", .method = "HEAD" };
	bool was = !s3_request(s, &r, &answer, &error) && answer.length == p->bytes;
	snprintf(parts, sizeof parts, "-%u", p->count);
	snprintf(etag, sizeof etag, "%s", answer.etag);
	etag[strcspn(etag + 1, "\"") + 1] = '\0';
	size_t len = strlen(etag);
	was = was && len >= strlen(parts) && !strcmp(etag + len - strlen(parts), parts);
	remote_answer_free(&answer);
	return was;
}

int s3_parts_complete(struct s3_session *s, struct s3_parts *p, struct remote_error *error)
{
	struct remote_answer answer = { .status = 0 };
	const struct s3_pair parameters[] = { { "uploadId", p->id } };
	char *list = part_list(p);
	if (!list)
		return remote_fail_memory(error);
	struct s3_request r = { .what = "completing the upload",
		.method = "POST",
		.parameters = parameters,
		.parameter_count = 1,
		.headers = { { "Content-Type", "application/xml" } },
		.body = list,
		.body_len = strlen(list),
		.root = "CompleteMultipartUploadResult" };
	int rc = s3_request(s, &r, &answer, error);
	if (rc == REMOTE_STATUS && !strcmp(r.code, "NoSuchUpload") && was_completed(s, p)) {
		memset(error, 0, sizeof *error);
		rc = 0;
	}
	remote_answer_free(&answer);
	free(list);
	return rc;
}

int s3_parts_abort(struct s3_session *s, struct s3_parts *p, struct remote_error *error)
{
	struct remote_answer answer;
	const struct s3_pair parameters[] = { { "uploadId", p->id } };
	struct s3_request r = { .what = "aborting the upload", .method = "DELETE", .parameters = parameters, .parameter_count = 1 };
	int rc = s3_request(s, &r, &answer, error);
	if (rc == REMOTE_STATUS && error->status == 404 && strcmp(r.code, "NoSuchBucket") != 0) {
		memset(error, 0, sizeof *error);
		rc = 0;
	}
	remote_answer_free(&answer);
	return rc;
}

void s3_parts_free(struct s3_parts *p)
{
	for (unsigned i = 0; i < p->count; i++)
		free(p->etag[i]);
	free(p->etag);
	free(p->id);
	*p = (struct s3_parts){ 0 };
}
