/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Most of an answer that is no JSON to show, bytes. */
#define TEXT_MAX 1000

/** The first text of a CSV answer's second line: what an error is as CSV. */
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

/** A text of the server's, behind \p prefix, on a line of stderr. */
static void say(const char *prefix, const char *s, size_t len)
{
	struct buf line;
	buf_init(&line);
	print_text(&line, s, len);
	fprintf(stderr, "%s%.*s\n", prefix, (int)line.len, line.len > 0 ? line.data : "");
	buf_free(&line);
}

static void say_value(const char *prefix, const lyre_value *v)
{
	struct buf json;
	buf_init(&json);
	if (v->type == LYRE_STRING) {
		say(prefix, v->s, v->len);
	} else {
		json_add_value(&json, v);
		say(prefix, json.data, json.len);
	}
	buf_free(&json);
}

int complain_answer(struct arena *a, long status, const char *type, const char *body, size_t len)
{
	static const char prefix[] = "lyre: ";
	lyre_value v;
	struct err e = { 0 };
	if (len == 0)
		return complain(CTL_REFUSED, "the server answered with status %ld", status);
	if (strncmp(type, "text/csv", 8) == 0) {
		const char *text = csv_error(a, body, len);
		say(prefix, text ? text : body, text ? strlen(text) : len);
		return CTL_REFUSED;
	}
	if (json_decode_copy(a, body, len, &v, &e) < 0 || v.type != LYRE_OBJECT) {
		say(prefix, body, len > TEXT_MAX ? utf8_cut(body, len, TEXT_MAX) : len);
		return CTL_REFUSED;
	}
	const lyre_value *text = value_get(&v, "message");
	if (!value_is(text, LYRE_STRING))
		text = value_get(&v, "error");
	say_value(prefix, text ? text : &v);
	/* what else it says: who may not do what */
	for (uint32_t i = 0; i < v.len; i++) {
		const lyre_value *list = &v.members[i].value;
		for (uint32_t k = 0; list->type == LYRE_ARRAY && k < list->len; k++)
			say_value("  ", &list->items[k]);
	}
	static const char sign_in[] = "--user NAME signs in";
	if (value_equals_str(text, "Must login"))
		say("  ", sign_in, sizeof sign_in - 1);
	return CTL_REFUSED;
}

static bool is_unknown_operation(const struct answer *answer)
{
	static const char begin[] = "{\"error\":\"Operation '";
	return answer->status == 400 && answer->body.len >= sizeof begin && !memcmp(answer->body.data, begin, sizeof begin - 1);
}

/** Behind the server's answer that there is no such operation: the nearest that there is. */
static void suggest(struct client *c, struct arena *a, const char *operation)
{
	const lyre_value *all;
	if (declaration_fetch(c, a, NULL, &all) || !value_is(all, LYRE_ARRAY))
		return;
	const char **names = ARENA_ARRAY(a, const char *, (size_t)all->len + 1);
	size_t count = 0;
	for (uint32_t i = 0; names && i < all->len; i++) {
		const lyre_value *name = value_get(&all->items[i], "operation");
		if (value_is(name, LYRE_STRING) && strcmp(name->s, operation) == 0)
			return;
		if (value_is(name, LYRE_STRING))
			names[count++] = name->s;
	}
	const char *near = names ? closest_word(operation, names, count) : NULL;
	if (near)
		fprintf(stderr, "  did you mean '%s'? lyre help lists the operations\n", near);
	else
		fprintf(stderr, "  lyre help lists the operations\n");
}

int request_value(struct client *c, struct arena *a, const struct buf *request, const lyre_value **ret)
{
	struct answer answer;
	struct err e = { 0 };
	lyre_value *v = ARENA_NEW(a, lyre_value);
	int rc = client_send(c, request, "application/json", NULL, &answer);
	if (rc == 0 && answer.status != 200)
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && (!v || json_decode_copy(a, answer.body.data, answer.body.len, v, &e) < 0))
		rc = complain(CTL_REFUSED, "the server's answer is not JSON: %s", v ? e.text : "out of memory");
	buf_free(&answer.body);
	*ret = v;
	return rc;
}

static const char too_large[] = "out of memory: the answer is too large; --json passes it on as it comes";

/** Where an answer goes that is passed on as it comes. */
struct stream {
	bool raw;          /**< as asked for; else only what is no JSON */
	struct buf *kept;  /**< JSON that is to be made readable */
	char last;         /**< character written */
};

static bool stream_write(void *arg, const char *type, const void *piece, size_t len)
{
	struct stream *s = arg;
	if (!s->raw && strncmp(type, "application/json", 16) == 0) {
		buf_add(s->kept, piece, len);
		if (s->kept->failed)
			complain(CTL_REFUSED, "%s", too_large);
		return !s->kept->failed;
	}
	if (strncmp(type, "application/octet-stream", 24) == 0 && isatty(STDOUT_FILENO)) {
		complain(CTL_REFUSED, "the answer is not text: send it to a file");
		return false;
	}
	if (fwrite(piece, 1, len, stdout) != len) {
		complain(CTL_REFUSED, "cannot write the answer: %s", strerror(errno));
		return false;
	}
	s->last = ((const char *)piece)[len - 1];
	return true;
}

static int print_kept(struct arena *a, const struct buf *kept)
{
	lyre_value v;
	struct err e = { 0 };
	struct buf text;
	buf_init(&text);
	if (json_decode_copy(a, kept->data, kept->len, &v, &e) < 0)
		return complain(CTL_REFUSED, "the server's answer is not JSON: %s", e.text);
	print_value(&text, &v);
	int rc = text.failed ? complain(CTL_REFUSED, "%s", too_large) : 0;
	if (rc == 0 && fwrite(text.data, 1, text.len, stdout) != text.len)
		rc = complain(CTL_REFUSED, "cannot write the answer: %s", strerror(errno));
	buf_free(&text);
	return rc;
}

/** Whether a word needs the declaration to know its type. */
static bool needs_types(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *sign = strchr(words[i], '=');
		if (sign && (sign == words[i] || sign[-1] != ':'))
			return true;
	}
	return false;
}

int command_operation(struct client *c, struct arena *a, const struct options *o, const char *operation,
	char **words, size_t count)
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
	const lyre_value *declaration = NULL;
	buf_init(&request);
	buf_init(&kept);
	int rc = needs_types(words, count) ? declaration_fetch(c, a, operation, &declaration) : 0;
	if (rc == 0)
		rc = arguments_build(a, operation, words, count, declaration, &request);
	if (rc == 0)
		rc = client_send(c, &request, accepts[o->format], &sink, &answer);
	if (rc == 0 && (answer.status < 200 || answer.status >= 300)) {
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
		if (is_unknown_operation(&answer))
			suggest(c, a, operation);
	} else if (rc == 0 && kept.len > 0)
		rc = print_kept(a, &kept);
	else if (rc == 0 && stream.last != '\n' && stream.last != '\0' && isatty(STDOUT_FILENO))
		putchar('\n');
	buf_free(&answer.body);
	buf_free(&kept);
	buf_free(&request);
	return rc;
}

int command_database(struct client *c, struct arena *a, const struct options *o, const char *operation,
	const char *database)
{
	struct buf json;
	lyre_value name = value_text(database, strlen(database));
	buf_init(&json);
	json_add_value(&json, &name);
	/* as JSON, so that a name is never taken for a file's or a number */
	char *word = buf_cstr(&json) ? arena_printf(a, "database:=%s", json.data) : NULL;
	buf_free(&json);
	return word ? command_operation(c, a, o, operation, &word, 1) : complain(CTL_REFUSED, "out of memory");
}
