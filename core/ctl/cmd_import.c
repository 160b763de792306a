/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/cmd_import.c
 * \brief lyre import: sends a file, which a job of the server then loads into a table.
 */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/import_job.h"
#include "ctl/input.h"
#include "ctl/interrupt.h"
#include "ctl/progress.h"
#include "ctl/transfer.h"
#include "ctl/write_request.h"

#include <signal.h>
#include <string.h>

#define ACTION_DEFAULT "insert"

/** The format that the first character tells: an array, an object, or else a name of CSV. */
static const struct file_format *format_seen(const struct input *in)
{
	static const unsigned char mark[] = { 0xef, 0xbb, 0xbf };
	size_t i = in->head_len >= sizeof mark && memcmp(in->head, mark, sizeof mark) == 0 ? sizeof mark : 0;
	while (i < in->head_len && memchr(" \t\r\n", in->head[i], 4))
		i++;
	if (i < in->head_len && in->head[i] == '[')
		return &format_json;
	return i < in->head_len && in->head[i] == '{' ? &format_lines : &format_csv;
}

static int choose_format(const struct options *o, struct input *in, const char *file, const struct file_format **ret)
{
	int rc = transfer_format(o, file, ret);
	if (rc == 0)
		rc = input_look(in);
	if (rc == 0 && !*ret)
		*ret = format_seen(in);
	return rc;
}

static int create_table(struct client *c, struct arena *a, const struct table_name *table, const char *key)
{
	struct buf request;
	struct json_object *said;
	buf_init(&request);
	request_begin(&request, "create_table");
	request_table(&request, table);
	request_member(&request, "primary_key", key);
	request_end(&request);
	int rc = request_value(c, a, &request, &said);
	json_object_put(said);
	buf_free(&request);
	return rc;
}

/** Creates the table if it is missing. \return 0, or CTL_… after a message */
static int ensure_table(struct client *c, struct arena *a, const struct table_name *table, const char *key)
{
	struct json_object *described;
	bool missing;
	int rc = table_describe(c, a, table, &missing, &described);
	const char *has = text_member(described, "hash_attribute");
	if (rc == 0 && missing)
		rc = create_table(c, a, table, key);
	else if (rc == 0 && (!has || strcmp(has, key) != 0))
		rc = complain(CTL_REFUSED, "table '%s' exists, with the primary key '%s'", table->table, has ? has : "");
	json_object_put(described);
	return rc;
}

/** The job's id in the server's answer, in the arena. \return 0, or CTL_… after a message */
static int read_job(struct arena *a, const struct answer *answer, const char **ret)
{
	struct json_object *said;
	struct err e = { 0 };
	document_read(answer->body.data, answer->body.len, &said, &e);
	const char *id = text_member(said, "job_id");
	int rc = 0;
	if (text_is(json_object_object_get(said, "error"), "Operation 'import_file' not found"))
		rc = complain(CTL_REFUSED, "the server's module 'import', which loads files, is disabled or not built");
	else if (answer->status != 200)
		rc = complain_answer(a, answer->status, answer->type, answer->body.data, answer->body.len);
	else if (!id)
		rc = complain(CTL_REFUSED, "the server's answer does not name a job");
	*ret = id ? arena_strndup(a, id, strlen(id)) : NULL;
	if (rc == 0 && !*ret)
		rc = complain(CTL_REFUSED, "out of memory");
	json_object_put(said);
	return rc;
}

/** \param[out] job  the id of the job that loads the file, in the arena */
static int send_file(struct client *c, struct arena *a, const struct options *o, struct input *in, const struct file_format *format,
	const struct table_name *table, const char **job)
{
	const struct source source = { input_read, in, in->size };
	const struct parameter parameters[] = { { "operation", "import_file" }, { "table", table->table },
		{ "action", o->action ? o->action : ACTION_DEFAULT }, { "format", format->name },
		{ table->database ? "database" : NULL, table->database }, { 0 } };
	struct answer answer;
	progress_begin("sending", PROGRESS_BYTES, o->quiet);
	int rc = client_upload(c, a, parameters, &source, &answer);
	progress_end();
	if (rc == 0)
		rc = read_job(a, &answer, job);
	else if (input_all_sent(in))
		complain(CTL_REFUSED, "the whole file was sent: the server may still load it");
	buf_free(&answer.body);
	return rc;
}

static int action_check(const struct options *o)
{
	static const char *const actions[] = { ACTION_DEFAULT, "update", "upsert" };
	for (size_t i = 0; o->action && i < sizeof actions / sizeof *actions; i++)
		if (strcmp(o->action, actions[i]) == 0)
			return 0;
	return o->action ? complain(CTL_USAGE, "--action is insert, update or upsert, not '%s'", o->action) : 0;
}

static int import_input(struct client *c, struct arena *a, const struct options *o, struct input *in, const char *file,
	const struct table_name *table)
{
	const struct file_format *format;
	const char *job;
	int rc = action_check(o);
	if (rc == 0)
		rc = choose_format(o, in, file, &format);
	if (rc == 0 && o->create)
		rc = ensure_table(c, a, table, o->create);
	if (rc == 0)
		rc = send_file(c, a, o, in, format, table, &job);
	return rc ? rc : import_job_wait(c, a, job, o->quiet);
}

int command_import(struct client *c, struct arena *a, const struct options *o, const char *file, const char *word)
{
	struct input in;
	struct table_name table;
	int rc = table_name_read(a, word, &table);
	if (rc)
		return rc;
	signal(SIGPIPE, SIG_IGN); /* a server that refuses the file may close the connection: its answer says why */
	rc = input_open(&in, a, file);
	interrupts_note();
	if (rc == 0)
		rc = import_input(c, a, o, &in, file, &table);
	input_close(&in);
	return rc;
}
