/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/transfer.h"

#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/write_request.h"

#include <string.h>
#include <strings.h>

const struct file_format format_json = { "json", NULL, "application/json", ROWS_JSON };
const struct file_format format_lines = { "jsonl", "ndjson", "application/x-ndjson", ROWS_LINES };
const struct file_format format_csv = { "csv", NULL, "text/csv", ROWS_CSV };

static const struct file_format *format_named(const char *name)
{
	static const struct file_format *const formats[] = { &format_json, &format_lines, &format_csv };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcasecmp(name, formats[i]->name) == 0 || (formats[i]->also && strcasecmp(name, formats[i]->also) == 0))
			return formats[i];
	return NULL;
}

int transfer_format(const struct options *o, const char *file, const struct file_format **ret)
{
	const char *slash = strrchr(file, '/'), *dot = strrchr(slash ? slash : file, '.');
	if (o->file_format) {
		*ret = format_named(o->file_format);
		return *ret ? 0 : complain(CTL_USAGE, "--format is json, jsonl or csv, not '%s'", o->file_format);
	}
	if (o->format != FORMAT_PEOPLE)
		*ret = o->format == FORMAT_CSV ? &format_csv : &format_json;
	else
		*ret = dot ? format_named(dot + 1) : NULL;
	return 0;
}

/** Reads a name up to a dot or the end. \return what follows; NULL: no name */
static const char *read_name(struct arena *a, const char *word, const char **ret)
{
	bool quoted = *word == '"', closed = !quoted;
	const char *p = word + quoted;
	char *name = arena_alloc(a, strlen(word) + 1), *to = name;
	if (!name)
		return NULL;
	for (; *p && (quoted || *p != '.'); p++) {
		closed |= quoted && *p == '"' && *++p != '"';
		if (closed && quoted)
			break;
		*to++ = *p;
	}
	*to = '\0';
	*ret = name;
	return to > name && closed && (!*p || *p == '.') ? p : NULL;
}

int table_name_read(struct arena *a, const char *word, struct table_name *ret)
{
	*ret = (struct table_name){ 0 };
	const char *rest = read_name(a, word, &ret->table);
	if (rest && *rest == '.') {
		ret->database = ret->table;
		rest = read_name(a, rest + 1, &ret->table);
	}
	return rest && !*rest ?
		0 :
		complain(CTL_USAGE, "'%s' is not DATABASE.TABLE; names with dots are written in double quotes: '\"a.b\".c'", word);
}

void request_table(struct buf *request, const struct table_name *table)
{
	if (table->database)
		request_member(request, "database", table->database);
	request_member(request, "table", table->table);
}

int table_describe(struct client *c, struct arena *a, const struct table_name *table, bool *missing, struct json_object **ret)
{
	struct buf request;
	struct answer answer;
	struct err why = { 0 };
	*ret = NULL;
	buf_init(&request);
	request_begin(&request, "describe_table");
	request_table(&request, table);
	request_end(&request);
	int rc = client_send(c, &request, "application/json", NULL, &answer);
	bool none = rc == 0 && missing && answer.status == 404;
	if (missing)
		*missing = none;
	if (rc == 0 && !none && answer.status != 200)
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && !none && document_read(answer.body.data, answer.body.len, ret, &why) < 0)
		rc = complain(CTL_REFUSED, "the server's answer is not JSON: %s", why.text);
	buf_free(&answer.body);
	buf_free(&request);
	return rc;
}
