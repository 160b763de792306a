/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules/remote on the command line, for tests/api/test_remote.py: get, upload and download, with options as NAME=VALUE. Prints one
 * line: code, status, bytes, growth of resident memory in KiB, reason, text; tabs between them.
 */
#include "remote/remote_http.h"
#include "remote/s3.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tool {
	struct remote_options options;
	struct s3_given given;
	const char *url, *out;
	uint64_t cancel_ms, abort_after, bytes, chunk, fail_after;
	uint64_t started_ms, done;
	FILE *file;
};

static bool is_cancelled(void *arg)
{
	const struct tool *t = arg;
	return t->cancel_ms && remote_now_ms() - t->started_ms >= t->cancel_ms;
}

static void read_text_option(struct tool *t, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = { { "url", &t->url }, { "out", &t->out }, { "ca", &t->options.ca_file }, { "access", &t->given.access_key },
		{ "secret", &t->given.secret_key }, { "token", &t->given.session_token }, { "bucket", &t->given.bucket },
		{ "key", &t->given.key }, { "region", &t->given.region }, { "endpoint", &t->given.endpoint } };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!strcmp(texts[i].name, name))
			*texts[i].to = value;
}

static void read_number_option(struct tool *t, const char *name, uint64_t value)
{
	struct remote_options *o = &t->options;
	const struct {
		const char *name;
		uint64_t *to;
		uint32_t *to_32;
	} numbers[] = { { "bytes_max", &o->bytes_max, NULL }, { "redirects", NULL, &o->redirects_max },
		{ "connect", NULL, &o->connect_seconds }, { "stall", NULL, &o->stall_seconds },
		{ "total", NULL, &o->total_seconds }, { "attempts", NULL, &o->attempts }, { "retry_ms", NULL, &o->retry_ms },
		{ "retry", NULL, &o->retry_seconds }, { "cancel_ms", &t->cancel_ms, NULL },
		{ "abort_after", &t->abort_after, NULL }, { "bytes", &t->bytes, NULL }, { "chunk", &t->chunk, NULL },
		{ "fail_after", &t->fail_after, NULL } };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (strcmp(numbers[i].name, name))
			continue;
		if (numbers[i].to)
			*numbers[i].to = value;
		else
			*numbers[i].to_32 = (uint32_t)value;
	}
	if (!strcmp(name, "local"))
		o->allow_local = value != 0;
	if (!strcmp(name, "style"))
		t->given.style = (enum s3_style)value;
}

static void read_option(struct tool *t, char *argument)
{
	char *equals = strchr(argument, '=');
	if (!equals)
		return;
	*equals = '\0';
	read_text_option(t, argument, equals + 1);
	read_number_option(t, argument, strtoull(equals + 1, NULL, 10));
}

static int take(void *arg, const char *bytes, size_t len)
{
	struct tool *t = arg;
	t->done += len;
	if (t->fail_after && t->done >= t->fail_after)
		return -1;
	return t->file && fwrite(bytes, 1, len, t->file) != len;
}

/* What is sent if there is no standard input to send: a pattern that differs from part to part. */
static size_t make_bytes(const struct tool *t, char *buffer)
{
	uint64_t n = t->bytes - t->done < t->chunk ? t->bytes - t->done : t->chunk;
	for (uint64_t i = 0; i < n; i++)
		buffer[i] = (char)((t->done + i) * 2654435761u >> 16);
	return (size_t)n;
}

static int upload(struct tool *t, const struct s3_target *target, struct remote_error *error)
{
	struct s3_upload *u = NULL;
	char *buffer = malloc((size_t)t->chunk);
	int rc = buffer ? s3_upload_begin(&u, target, &t->options, "application/json", error) : REMOTE_MEMORY;
	size_t n = 1;
	while (!rc && n) {
		n = t->bytes ? make_bytes(t, buffer) : fread(buffer, 1, (size_t)t->chunk, stdin);
		rc = n ? s3_upload_append(u, buffer, n, error) : 0;
		t->done += n;
		if (t->abort_after && t->done >= t->abort_after)
			break;
	}
	if (!rc)
		rc = t->abort_after ? s3_upload_abort(u, error) : s3_upload_finish(u, error);
	if (u)
		t->done = s3_upload_sent(u);
	s3_upload_free(u);
	free(buffer);
	return rc;
}

static int run(struct tool *t, const char *command, struct remote_error *error)
{
	struct s3_target *target = NULL;
	if (!strcmp(command, "get"))
		return remote_get(t->url ? t->url : "", &t->options, take, t, error);
	int rc = s3_target_make(&target, &t->given, error);
	if (!rc)
		rc = !strcmp(command, "upload") ? upload(t, target, error) : s3_download(target, &t->options, NULL, take, t, error);
	s3_target_free(target);
	return rc;
}

/* Not of getrusage(), which counts what the process was before exec(). \return the most so far, 0 if this system does not say */
static long resident_kib(void)
{
	char line[128];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmHWM: %ld kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

int main(int argc, char **argv)
{
	struct remote_error error = { .code = 0 };
	struct tool t = { .chunk = 65536 };
	for (int i = 2; i < argc; i++)
		read_option(&t, argv[i]);
	t.options.cancelled = is_cancelled;
	t.options.cancelled_arg = &t;
	t.file = t.out ? fopen(t.out, "wb") : NULL;
	if (argc < 2 || remote_start())
		return 2;
	long before = resident_kib();
	t.started_ms = remote_now_ms();
	int rc = run(&t, argv[1], &error);
	printf("%d\t%d\t%" PRIu64 "\t%ld\t%s\t%s\n", rc, error.status, t.done, resident_kib() - before, error.reason, error.text);
	remote_stop();
	if (t.file && fclose(t.file))
		return 2;
	return rc != error.code;
}
