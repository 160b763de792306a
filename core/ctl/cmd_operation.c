/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/print.h"
#include "ctl/write_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Bytes shown of an answer that should be JSON but is not. */
#define TEXT_MAX 1000

/** Before every message. */
static const char prefix[] = "lyre: ";

/** The first field of a CSV answer's second line: the error, if it is one. */
static char *csv_error(struct arena *a, const char *body, size_t len)
{
	const char *line = memchr(body, '\n', len);
	char *text = arena_alloc(a, len + 1), *to = text;
	if (!line || !text)
		return NULL;
	const char *p = line + 1, *end = body + len;
	bool quoted = p < end && *p == '"';
	if (quoted)
		p++;
	for (; p < end && *p != (quoted ? '"' : '\n'); p++) {
		*to++ = *p;
		/* a quote is doubled inside */
		if (quoted && p + 2 < end && p[1] == '"' && p[2] == '"') {
			*to++ = '"';
			p += 2;
		}
	}
	*to = '\0';
	return text;
}

/** Prints a text from the server after \p before, on a line of stderr. */
static void say(const char *before, const char *s, size_t len)
{
	struct buf line;
	buf_init(&line);
	print_text(&line, s, len);
	fprintf(stderr, "%s%.*s\n", before, (int)line.len, line.len > 0 ? line.data : "");
	buf_free(&line);
}

static void say_value(const char *before, struct json_object *o)
{
	size_t len;
	const char *text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (json_object_is_type(o, json_type_string))
		say(before, json_object_get_string(o), (size_t)json_object_get_string_len(o));
	else if (text)
		say(before, text, len);
}

/** Prints the message of an error, and its lists of what is denied. */
static void say_error(struct json_object *o)
{
	static const char sign_in[] = "sign in with --user NAME";
	struct json_object *text = json_object_object_get(o, "message");
	if (!json_object_is_type(text, json_type_string) && !json_object_object_get_ex(o, "error", &text))
		text = o;
	say_value(prefix, text);
	json_object_object_foreach(o, name, list)
	{
		(void)name;
		for (size_t i = 0; i < item_count(list); i++)
			say_value("  ", json_object_array_get_idx(list, i));
	}
	if (text_is(text, "Must login"))
		say("  ", sign_in, sizeof sign_in - 1);
}

int complain_value(struct json_object *error)
{
	if (json_object_is_type(error, json_type_object))
		say_error(error);
	else
		say_value(prefix, error);
	return CTL_REFUSED;
}

int complain_answer(struct arena *a, long status, const char *type, const char *body, size_t len)
{
	struct json_object *o;
	struct err e = { 0 };
	if (len == 0)
		return complain(CTL_REFUSED, "the server answered with status %ld", status);
	if (strncmp(type, "text/csv", 8) == 0) {
		const char *text = csv_error(a, body, len);
		say(prefix, text ? text : body, text ? strlen(text) : len);
		return CTL_REFUSED;
	}
	document_read(body, len, &o, &e);
	if (json_object_is_type(o, json_type_object))
		say_error(o);
	else
		say(prefix, body, len > TEXT_MAX ? utf8_cut(body, len, TEXT_MAX) : len);
	json_object_put(o);
	return CTL_REFUSED;
}

static bool is_unknown_operation(const struct answer *answer)
{
	static const char begin[] = "{\"error\":\"Operation '";
	return answer->status == 400 && answer->body.len >= sizeof begin && !memcmp(answer->body.data, begin, sizeof begin - 1);
}

/** When the server does not know the operation: suggests the nearest in \p all. */
static void suggest_of(struct json_object *all, const char *operation)
{
	const char **names = calloc(item_count(all) + 1, sizeof *names), *near = NULL;
	size_t count = 0;
	for (size_t i = 0; names && i < item_count(all); i++) {
		const char *name = text_member(json_object_array_get_idx(all, i), "operation");
		if (name && strcmp(name, operation) == 0) {
			free(names);
			return;
		}
		if (name)
			names[count++] = name;
	}
	if (names)
		near = closest_word(operation, names, count);
	if (near)
		fprintf(stderr, "  did you mean '%s'? lyre help lists the operations\n", near);
	else
		fprintf(stderr, "  lyre help lists the operations\n");
	free(names);
}

static void suggest(struct client *c, const char *operation)
{
	struct json_object *all;
	declaration_fetch(c, NULL, &all);
	if (all)
		suggest_of(all, operation);
	json_object_put(all);
}

int request_value(struct client *c, struct arena *a, const struct buf *request, struct json_object **ret)
{
	struct answer answer;
	struct err e = { 0 };
	*ret = NULL;
	int rc = client_send(c, request, "application/json", NULL, &answer);
	if (rc == 0 && answer.status != 200)
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && document_read(answer.body.data, answer.body.len, ret, &e) < 0)
		rc = complain(CTL_REFUSED, "the server's answer is not JSON: %s", e.text);
	buf_free(&answer.body);
	return rc;
}

/** The receiver of an answer that is passed on immediately. */
struct stream {
	bool raw;         /**< as requested; else only if it is not JSON */
	struct buf *kept; /**< JSON to be formatted */
	char last;        /**< last character written */
};

static bool stream_write(void *arg, const char *type, const void *piece, size_t len)
{
	struct stream *s = arg;
	if (!s->raw && strncmp(type, "application/json", 16) == 0) {
		buf_add(s->kept, piece, len);
		if (s->kept->failed)
			complain(CTL_REFUSED, "%s", TOO_LARGE);
		return !s->kept->failed;
	}
	if (strncmp(type, "application/octet-stream", 24) == 0 && isatty(STDOUT_FILENO)) {
		complain(CTL_REFUSED, "the answer is not text: redirect it to a file");
		return false;
	}
	if (fwrite(piece, 1, len, stdout) != len) {
		complain(CTL_REFUSED, "cannot write the answer: %s", strerror(errno));
		return false;
	}
	s->last = ((const char *)piece)[len - 1];
	return true;
}

/** Whether an argument's type depends on the declaration. */
static bool needs_types(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *sign = strchr(words[i], '=');
		if (sign && (sign == words[i] || sign[-1] != ':'))
			return true;
	}
	return false;
}

int command_operation(struct client *c, struct arena *a, const struct options *o, const char *operation, char **words, size_t count)
{
	static const char *const accepts[] = {
		[FORMAT_PEOPLE] = "application/json, */*;q=0.1",
		[FORMAT_JSON] = "application/json, */*;q=0.1",
		[FORMAT_CSV] = "text/csv",
	};
	struct buf request, kept;
	struct stream stream = { .raw = o->format != FORMAT_PEOPLE, .kept = &kept };
	const struct sink sink = { stream_write, &stream };
	struct answer answer = { .status = 0 };
	struct json_object *declaration = NULL;
	buf_init(&request);
	buf_init(&kept);
	int rc = needs_types(words, count) ? declaration_fetch(c, operation, &declaration) : 0;
	if (rc == 0)
		rc = arguments_build(a, operation, words, count, declaration, &request);
	if (rc == 0)
		rc = client_send(c, &request, accepts[o->format], &sink, &answer);
	if (rc == 0 && (answer.status < 200 || answer.status >= 300)) {
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
		if (is_unknown_operation(&answer))
			suggest(c, operation);
	} else if (rc == 0 && kept.len > 0)
		rc = show_answer(kept.data, kept.len);
	else if (rc == 0 && stream.last != '\n' && stream.last != '\0' && (o->lines || isatty(STDOUT_FILENO)))
		putchar('\n');
	json_object_put(declaration);
	buf_free(&answer.body);
	buf_free(&kept);
	buf_free(&request);
	return rc;
}

int command_database(struct client *c, struct arena *a, const struct options *o, const char *operation, const char *database)
{
	struct buf json;
	buf_init(&json);
	request_text(&json, database, strlen(database));
	/* as JSON, so that a name is never taken for a file or a number */
	char *word = buf_cstr(&json) ? arena_printf(a, "database:=%s", json.data) : NULL;
	buf_free(&json);
	return word ? command_operation(c, a, o, operation, &word, 1) : complain(CTL_REFUSED, "out of memory");
}
