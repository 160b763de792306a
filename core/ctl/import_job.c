/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/import_job.h"

#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/interrupt.h"
#include "ctl/print.h"
#include "ctl/progress.h"
#include "ctl/write_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/** Time between two looks at the job, ms: longer from one to the next, so that a small file takes no longer than it must. */
#define PAUSE_FIRST 10u
#define PAUSE_MAX 500u

/** \param[out] ret  the job, a new reference. \return 0, or CTL_… after a message */
static int look(struct client *c, struct arena *a, const char *id, struct json_object **ret)
{
	struct buf request;
	struct json_object *list;
	buf_init(&request);
	request_begin(&request, "get_job");
	request_member(&request, "id", id);
	request_end(&request);
	int rc = request_value(c, a, &request, &list);
	if (rc == 0 && item_count(list) != 1)
		rc = complain(CTL_REFUSED, "the server has no job %s", id);
	*ret = rc == 0 ? json_object_get(json_object_array_get_idx(list, 0)) : NULL;
	json_object_put(list);
	buf_free(&request);
	return rc;
}

static uint64_t count_member(struct json_object *o, const char *name)
{
	int64_t n = json_object_get_int64(json_object_object_get(o, name));
	return n > 0 ? (uint64_t)n : 0;
}

static bool has_ended(struct json_object *job)
{
	struct json_object *status = json_object_object_get(job, "status");
	return text_is(status, "COMPLETE") || text_is(status, "ERROR");
}

/** \param[out] ret  the ended job, a new reference. \return 0, or CTL_… after a message */
static int wait_for_end(struct client *c, struct arena *a, const char *id, struct json_object **ret)
{
	uint64_t total = 0;
	int rc = look(c, a, id, ret);
	for (unsigned pause = PAUSE_FIRST; rc == 0 && !has_ended(*ret); pause = 2 * pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX) {
		struct json_object *progress = json_object_object_get(*ret, "progress");
		total = count_member(progress, "total");
		progress_show(PROGRESS_BYTES, count_member(progress, "done"), total);
		json_object_put(*ret);
		*ret = NULL;
		rc = interrupt_pause(pause) ? look(c, a, id, ret) : CTL_REFUSED;
	}
	if (total && rc == 0 && text_is(json_object_object_get(*ret, "status"), "COMPLETE"))
		progress_show(PROGRESS_BYTES, total, total);
	progress_end();
	return rc;
}

/** Prints "line 3: why". */
static void say_refused(struct json_object *item)
{
	struct buf line;
	const char *why = text_member(item, "error");
	buf_init(&line);
	if (why)
		print_text(&line, why, strlen(why));
	fprintf(stderr, "  line %" PRIu64 ": %.*s\n", count_member(item, "line"), (int)line.len, line.len > 0 ? line.data : "");
	buf_free(&line);
}

/** Prints which records were not loaded. \return CTL_REFUSED if there are any */
static int tell_refused(struct json_object *result)
{
	struct json_object *errors = json_object_object_get(result, "errors");
	uint64_t failed = count_member(result, "failed"), listed = item_count(errors);
	if (failed == 0)
		return 0;
	complain(CTL_REFUSED, "%" PRIu64 " record%s not loaded:", failed, failed == 1 ? " was" : "s were");
	for (size_t i = 0; i < listed; i++)
		say_refused(json_object_array_get_idx(errors, i));
	if (listed < failed)
		fprintf(stderr, "  and %" PRIu64 " more\n", failed - listed);
	return CTL_REFUSED;
}

static int tell(struct json_object *job)
{
	const char *message = text_member(job, "message");
	if (!text_is(json_object_object_get(job, "status"), "COMPLETE"))
		return complain_value(json_object_object_get(job, "message"));
	printf("%s\n", message ? message : "");
	return tell_refused(json_object_object_get(job, "result"));
}

int import_job_wait(struct client *c, struct arena *a, const char *id, bool quiet)
{
	struct json_object *job;
	progress_begin("loading", PROGRESS_BYTES, quiet);
	int rc = wait_for_end(c, a, id, &job);
	if (rc == 0)
		rc = tell(job);
	else
		complain(CTL_REFUSED, "the server may still be loading the file: lyre get_job id=%s shows the result", id);
	json_object_put(job);
	return rc;
}
