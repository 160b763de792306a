/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/cmd_export.c
 * \brief lyre export: the rows of a search, as the server streams them, to a file.
 */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/statement.h"
#include "ctl/transfer.h"
#include "ctl/write_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct export
{
	struct client *client;
	struct arena *arena;
	const struct options *options;
	const char *what; /**< for the progress line */
	const struct buf *request;
	const struct file_format *format;
	uint64_t total;           /**< records; 0: unknown */
	const struct output *out; /**< while it is written */
	bool regular;             /**< the output is a file */
	struct row_count count;
};

static bool take_rows(void *arg, const char *type, const void *piece, size_t len)
{
	struct export *e = arg;
	if (strncmp(type, e->format->type, strlen(e->format->type)) != 0) {
		complain(CTL_REFUSED, "the server answered with '%s' instead of '%s'", type, e->format->type);
		return false;
	}
	row_count_add(&e->count, piece, len);
	if (!output_put(e->out, piece, len))
		return false;
	progress_show(PROGRESS_RECORDS, e->count.rows, e->total);
	return true;
}

/** The server ends JSON and CSV without a newline, but a file of text has one. */
static bool put_end(const struct export *e)
{
	return e->format->rows == ROWS_LINES || e->count.last == '\0' || output_put(e->out, "\n", 1);
}

/** Writes the rows to \p out. */
static int fetch(void *arg, const struct output *out)
{
	struct export *e = arg;
	const struct sink sink = { take_rows, e };
	struct answer answer;
	e->out = out;
	e->regular = out->regular;
	e->count = (struct row_count){ .format = e->format->rows };
	progress_begin(e->what, PROGRESS_RECORDS, e->options->quiet || isatty(out->fd));
	int rc = client_send(e->client, e->request, e->format->type, &sink, &answer);
	progress_end();
	if (rc == 0 && answer.status != 200)
		rc = complain_answer(e->arena, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && !row_count_whole(&e->count))
		rc = complain(CTL_REFUSED, "the server's answer is incomplete, or not rows");
	else if (rc == 0 && !put_end(e))
		rc = CTL_REFUSED;
	buf_free(&answer.body);
	return rc;
}

static int export_rows(struct export *e, const char *file)
{
	const struct output_options options = { .force = e->options->force, .mode = 0666 };
	int rc = output_write(e->arena, file, &options, fetch, e);
	if (rc == 0 && e->regular && !e->options->quiet)
		printf("exported %" PRIu64 " record%s\n", e->count.rows, e->count.rows == 1 ? "" : "s");
	return rc;
}

/** A condition may stand without the array around it. */
static int request_conditions(struct buf *request, const char *text)
{
	struct err why = { 0 };
	struct json_object *o;
	size_t len = strlen(text);
	int rc = document_read(text, len, &o, &why);
	bool one = json_object_is_type(o, json_type_object);
	json_object_put(o);
	if (rc)
		return complain(CTL_USAGE, "--conditions is not JSON: %s", why.text);
	request_name(request, "conditions");
	buf_add_str(request, one ? "[" : "");
	buf_add(request, text, len);
	buf_add_str(request, one ? "]" : "");
	return 0;
}

/** Asks for the whole table, by its primary key. \param[out] total  its records */
static int request_all(struct client *c, struct arena *a, const struct table_name *table, struct buf *request, uint64_t *total)
{
	struct json_object *described;
	int rc = table_describe(c, a, table, NULL, &described);
	const char *key = text_member(described, "hash_attribute");
	if (rc == 0 && !key)
		rc = complain(CTL_REFUSED, "the server's description of the table has no primary key");
	if (rc == 0) {
		*total = (uint64_t)json_object_get_int64(json_object_object_get(described, "record_count"));
		request_begin(request, "search_by_value");
		request_table(request, table);
		request_member(request, "attribute", key);
		request_member(request, "value", "*");
		request_end(request);
	}
	json_object_put(described);
	return rc;
}

static int write_request(struct export *e, struct buf *request)
{
	const struct options *o = e->options;
	struct table_name table;
	if (o->sql) {
		if (statement_changes(o->sql, strlen(o->sql)))
			return complain(CTL_USAGE, "--sql is for statements that only read: use lyre sql for others");
		request_begin(request, "sql");
		request_member(request, "sql", o->sql);
		request_end(request);
		return 0;
	}
	int rc = table_name_read(e->arena, e->what, &table);
	if (rc || !o->conditions)
		return rc ? rc : request_all(e->client, e->arena, &table, request, &e->total);
	request_begin(request, "search_by_conditions");
	request_table(request, &table);
	rc = request_conditions(request, o->conditions);
	request_end(request);
	return rc;
}

int command_export(struct client *c, struct arena *a, const struct options *o, const char *table, const char *file)
{
	struct export e = { .client = c, .arena = a, .options = o, .what = table ? table : "sql" };
	struct buf request;
	int rc = transfer_format(o, file, &e.format);
	if (rc == 0 && !e.format && !output_is_stream(file))
		rc = complain(CTL_USAGE, "cannot tell the format from the name '%s': use --format json, jsonl or csv", file);
	if (rc)
		return rc;
	if (!e.format)
		e.format = &format_json; /* a reader notices if its end is missing */
	buf_init(&request);
	e.request = &request;
	rc = write_request(&e, &request);
	if (rc == 0)
		rc = export_rows(&e, file);
	buf_free(&request);
	return rc;
}
