/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_remote.c
 * \brief Loads from a URL, and from S3.
 */
#include "import.h"
#include "load_check.h"
#include "load_source.h"

#include "remote.h"
#include "s3_arguments.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/** Room for a URL in a message. */
#define URL_SHOWN 300

/* ---- arguments ---- */

static void check_url(lyre_call *call, struct load_faults *f)
{
	const lyre_value *v = lyre_arg(call, "csv_url");
	struct remote_error error;
	size_t len = 0;
	const char *url = lyre_value_type(v) == LYRE_STRING ? lyre_value_string(v, &len) : NULL;

	if (lyre_value_type(v) == LYRE_NULL) {
		load_fault(f, "'csv_url' is required");
	} else if (!url) {
		load_fault(f, "'csv_url' must be a string");
	} else if (strlen(url) != len) {
		load_fault(f, "'csv_url' must be a valid url");
	} else if (remote_url_check(url, &error)) {
		char text[REMOTE_TEXT_MAX + 16];
		snprintf(text, sizeof text, "'csv_url': %s", error.text);
		load_fault(f, error.code == REMOTE_INVALID ? "'csv_url' must be a valid url" : text);
	}
}

static void check_s3(lyre_call *call, struct load_faults *f)
{
	struct remote_error error;
	struct s3_target *target;

	if (s3_arguments(&target, lyre_arg(call, "s3"), &error))
		load_fault(f, error.text);
	s3_target_free(target);
}

void load_check_remote(lyre_call *call, unsigned arguments, struct load_faults *f)
{
	if (arguments & IMPORT_URL)
		check_url(call, f);
	if (arguments & IMPORT_S3)
		check_s3(call, f);
}

/* ---- fetching ---- */

/** A fetch: libcurl's thread is the job's. */
struct fetch {
	struct load *load;
	struct load_head *head;
	int rc; /**< of the load, which ended the fetch */
};

/** While nothing arrives, the job may have to end. */
static bool must_end(void *arg)
{
	struct fetch *f = arg;

	f->rc = load_progress(f->load);
	return f->rc != 0;
}

static int take(void *arg, const char *bytes, size_t len)
{
	struct fetch *f = arg;

	f->rc = load_head_feed(f->head, bytes, len);
	return f->rc;
}

static struct remote_options options_of(struct fetch *f)
{
	lyre_instance *self = lyre_call_module(f->load->call);

	return (struct remote_options){
		.ca_file = lyre_setting_string(self, "remote.certificateAuthority"),
		.allow_local = lyre_setting_bool(self, "remote.localAddresses"),
		.cancelled = must_end,
		.cancelled_arg = f,
		.bytes_max = (uint64_t)lyre_setting_int(self, "remote.maxSize"),
		.redirects_max = (uint32_t)lyre_setting_int(self, "remote.redirects"),
		.total_seconds = (uint32_t)((lyre_setting_int(self, "remote.timeout") + 999) / 1000),
	};
}

/* ---- URLs ---- */

/** The URL without its query, which may be a secret. */
static void show_url(char *to, const char *url)
{
	snprintf(to, URL_SHOWN, "%.*s", (int)strcspn(url, "?#"), url);
}

static int url_failed(lyre_call *call, const char *url, const struct remote_error *e)
{
	char shown[URL_SHOWN];

	show_url(shown, url);
	if (e->code == REMOTE_STATUS)
		return lyre_fail(call, LYRE_EINVAL, "CSV Load failed from URL: %s, status code: %d, message: %s", shown, e->status,
			e->reason);
	return remote_fail_call(call, e);
}

static int read_url(struct load *l, struct load_head *h)
{
	struct fetch f = { .load = l, .head = h };
	struct remote_options options = options_of(&f);
	const char *url = lyre_arg_string(l->call, "csv_url");
	struct remote_error error;

	if (!remote_get(url, &options, take, &f, &error))
		return 0;
	return f.rc ? f.rc : url_failed(l->call, url, &error);
}

int import_url_check(lyre_call *call)
{
	return import_check(call, IMPORT_URL);
}

int import_url(lyre_call *call)
{
	return load_run(call, (struct load_options){ .format = LOAD_CSV, .nested = true }, read_url, NULL);
}

/* ---- S3 ---- */

static int read_s3(struct load *l, struct load_head *h)
{
	struct fetch f = { .load = l, .head = h };
	struct remote_options options = options_of(&f);
	struct s3_target *target;
	struct remote_error error;
	uint64_t size = UINT64_MAX;

	int rc = s3_arguments(&target, lyre_arg(l->call, "s3"), &error);
	if (!rc)
		rc = s3_download(target, &options, &size, take, &f, &error);
	s3_target_free(target);
	if (!rc || f.rc)
		return f.rc;
	return remote_fail_call(l->call, &error);
}

/** By the end of the key; others are guessed. */
static enum load_format format_of(lyre_call *call)
{
	static const struct {
		const char *end;
		enum load_format format;
	} ends[] = {
		{ ".csv", LOAD_CSV },
		{ ".json", LOAD_GUESSED }, /* some store JSON lines under this name */
		{ ".jsonl", LOAD_JSON_LINES },
		{ ".ndjson", LOAD_JSON_LINES },
	};
	size_t len = 0;
	const char *key = lyre_value_string(lyre_value_get(lyre_arg(call, "s3"), "key"), &len);

	for (size_t i = 0; key && i < sizeof ends / sizeof *ends; i++) {
		size_t n = strlen(ends[i].end);
		if (len > n && !strcasecmp(key + len - n, ends[i].end))
			return ends[i].format;
	}
	return LOAD_GUESSED;
}

int import_s3_check(lyre_call *call)
{
	return import_check(call, IMPORT_S3);
}

int import_s3(lyre_call *call)
{
	return load_run(call, (struct load_options){ .format = format_of(call), .nested = true }, read_s3, NULL);
}
