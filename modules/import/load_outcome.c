/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_outcome.c
 * \brief What a job says at its end.
 */
#include "load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** A failure in the middle: what was loaded stays, and the client must know. */
static int cut_short(struct load *l, int rc)
{
	if (!l->done)
		return rc; /* also keeps the lists of a refusal */
	char *why = strdup(lyre_failure_text(l->call));
	rc = lyre_fail(l->call, rc, "%s; %" PRIu64 " %s loaded before, %s", why ? why : "out of memory", l->done,
		l->done == 1 ? "record was" : "records were",
		l->generated ? "some with generated keys: delete those before repeating the load" : "and the load can be repeated");
	free(why);
	return rc;
}

static void list_errors(struct load *l)
{
	lyre_out *o = lyre_reply(l->call);

	lyre_out_object_begin(o);
	lyre_out_key(o, "failed");
	lyre_out_int(o, (int64_t)l->failed);
	lyre_out_key(o, "errors");
	lyre_out_array_begin(o);
	for (size_t i = 0; i < l->error_count; i++) {
		lyre_out_object_begin(o);
		lyre_out_key(o, "line");
		lyre_out_int(o, (int64_t)l->errors[i].line);
		lyre_out_text(o, "error", l->errors[i].text);
		lyre_out_object_end(o);
	}
	lyre_out_array_end(o);
	lyre_out_object_end(o);
}

int load_outcome(struct load *l, int rc, const char *nothing)
{
	static const char loaded[] = "successfully loaded %" PRIu64 " of %" PRIu64 " records";

	if (rc)
		return cut_short(l, rc);
	if (l->failed && l->failed == l->seen)
		return lyre_fail(l->call, LYRE_EINVAL, "%s", l->error_count ? l->errors[0].text : "No record could be loaded");
	if (!l->seen && nothing)
		return lyre_reply_message(l->call, "%s", nothing);
	if (!l->failed)
		return lyre_reply_message(l->call, loaded, l->done, l->seen);
	list_errors(l);
	return lyre_job_message(l->call, loaded, l->done, l->seen);
}
