/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_to_s3.c
 * \brief export_to_s3: the rows of a search as an object in S3 or a compatible store.
 */
#include "export_module.h"

#include "remote.h"
#include "s3.h"
#include "s3_arguments.h"

#include <stdio.h>

/** A running export. */
struct to_s3 {
	lyre_call *call;
	struct export_request request;
	struct s3_target *target;
	struct s3_upload *upload;
	uint64_t rows;
	uint64_t size; /**< bytes of the object so far */
};

/** A setting in milliseconds as seconds, at least one: 0 would be the default. */
static uint32_t seconds(lyre_instance *self, const char *key)
{
	int64_t ms = lyre_setting_int(self, key);
	return ms < 1000 ? 1 : (uint32_t)(ms / 1000);
}

/** Sets the call's failure, if the job must end. Asked while a request to the store takes long. */
static bool is_cancelled(void *arg)
{
	struct to_s3 *x = arg;
	return lyre_job_progress(x->call, x->rows, 0) != 0;
}

static int take(void *arg, const char *bytes, size_t len, uint64_t rows)
{
	struct to_s3 *x = arg;
	struct remote_error error;
	x->rows = rows;
	if (s3_upload_append(x->upload, bytes, len, &error))
		return remote_fail_call(x->call, &error);
	x->size += len;
	return lyre_job_progress(x->call, rows, 0);
}

static int upload(struct to_s3 *x)
{
	lyre_instance *self = lyre_call_module(x->call);
	const struct remote_options options = {
		.ca_file = lyre_setting_string(self, "remote.certificateAuthority"),
		.allow_local = lyre_setting_bool(self, "remote.localAddresses"),
		.cancelled = is_cancelled,
		.cancelled_arg = x,
		.connect_seconds = seconds(self, "remote.connectTimeout"),
		.stall_seconds = seconds(self, "remote.stallTimeout"),
		.retry_seconds = seconds(self, "remote.retryTimeout"),
	};
	struct remote_error error;
	if (s3_upload_begin(&x->upload, x->target, &options, export_media_type(x->request.format), &error))
		return remote_fail_call(x->call, &error);
	int rc = export_rows(x->call, &x->request, take, x);
	if (!rc)
		rc = lyre_job_progress(x->call, x->rows, 0);
	if (!rc && s3_upload_finish(x->upload, &error))
		rc = remote_fail_call(x->call, &error);
	s3_upload_free(x->upload); /* aborts what has failed */
	return rc;
}

static int reply(const struct to_s3 *x)
{
	const lyre_value *s3 = lyre_arg(x->call, "s3");
	char message[64];
	lyre_out *o = lyre_reply(x->call);
	snprintf(message, sizeof message, "Successfully exported %s to S3.", export_format_word(x->request.format));
	lyre_out_object_begin(o);
	lyre_out_text(o, "message", message);
	lyre_out_text(o, "bucket", lyre_value_string(lyre_value_get(s3, "bucket"), NULL));
	lyre_out_text(o, "key", lyre_value_string(lyre_value_get(s3, "key"), NULL));
	lyre_out_key(o, "size");
	lyre_out_int(o, (int64_t)x->size);
	lyre_out_object_end(o);
	return 0;
}

int export_to_s3(lyre_call *call)
{
	struct to_s3 x = { .call = call };
	struct remote_error error;
	int rc = export_read_format(call, &x.request);
	if (!rc && s3_arguments(&x.target, lyre_arg(call, "s3"), &error))
		rc = remote_fail_call(call, &error);
	if (!rc)
		rc = export_read_search(call, &x.request);
	if (!rc)
		rc = upload(&x);
	s3_target_free(x.target);
	return rc ? rc : reply(&x);
}
