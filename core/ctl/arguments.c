/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/text.h"
#include "base/words.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/write_request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/** Types of a parameter, as the help module names them. */
enum kind { KIND_STRING = 1, KIND_NUMBER = 2, KIND_BOOLEAN = 4, KIND_ARRAY = 8, KIND_OBJECT = 16, KIND_NULL = 32, KIND_ANY = 63 };

/** The type of a JSON value, by its first character. */
static unsigned kind_of(char first)
{
	switch (first) {
	case '"':
		return KIND_STRING;
	case 't':
	case 'f':
		return KIND_BOOLEAN;
	case '[':
		return KIND_ARRAY;
	case '{':
		return KIND_OBJECT;
	case 'n':
		return KIND_NULL;
	default:
		return KIND_NUMBER;
	}
}

static unsigned kinds_declared(struct json_object *param)
{
	static const struct {
		const char *name;
		unsigned kind;
	} names[] = { { "string", KIND_STRING }, { "number", KIND_NUMBER }, { "boolean", KIND_BOOLEAN }, { "array", KIND_ARRAY },
		{ "object", KIND_OBJECT }, { "null", KIND_NULL } };
	struct json_object *types = json_object_object_get(param, "types");
	unsigned kinds = 0;
	for (size_t i = 0; i < item_count(types); i++)
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			if (text_is(json_object_array_get_idx(types, i), names[k].name))
				kinds |= names[k].kind;
	return kinds ? kinds : KIND_ANY;
}

/** The declaration of parameter \p name; NULL: none is known. */
static struct json_object *param_find(struct json_object *declaration, const char *name)
{
	struct json_object *params = json_object_object_get(declaration, "parameters");
	size_t len = strlen(name);
	name = words_modern(name, &len);
	for (size_t i = 0; i < item_count(params); i++) {
		struct json_object *param = json_object_array_get_idx(params, i);
		if (text_is(json_object_object_get(param, "name"), name))
			return param;
	}
	return NULL;
}

/**
 * The server ignores arguments that an operation does not declare: the user should know. An operation that declares none,
 * such as set_configuration, may take any.
 */
static void warn_unknown(struct json_object *declaration, const char *operation, const char *name)
{
	struct json_object *params = json_object_object_get(declaration, "parameters");
	const char *names[32];
	size_t count = 0;
	if (item_count(params) == 0)
		return;
	for (size_t i = 0; i < item_count(params) && count < 32; i++) {
		const char *known = text_member(json_object_array_get_idx(params, i), "name");
		if (known)
			names[count++] = known;
	}
	const char *near = closest_word(name, names, count);
	complain(CTL_OK, "warning: %s does not take '%s'%s%s%s", operation, name, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "");
}

static int pass(void *arg, struct json_object *item)
{
	(void)arg, (void)item;
	return 0;
}

/** Whether the text is JSON; skips a byte order mark and blanks before it. \param[out] e  why not */
static bool is_json(const char **text, size_t *len, struct err *e)
{
	size_t from = document_begin(*text, *len);
	*e = (struct err){ 0 };
	if (document_each(*text, *len, pass, NULL, e) != 0)
		return false;
	*text += from;
	*len -= from;
	return true;
}

/** Writes "a,b,3" as an array: numbers where they look like numbers, else strings. */
static void write_list(struct buf *json, const char *text, size_t len)
{
	struct err e;
	const char *end = text + len, *comma = len > 0 ? text : NULL;
	buf_add_char(json, '[');
	while (comma) {
		comma = memchr(text, ',', (size_t)(end - text));
		const char *item = text;
		size_t item_len = (size_t)((comma ? comma : end) - text);
		if (is_json(&item, &item_len, &e) && kind_of(*item) == KIND_NUMBER)
			buf_add(json, item, item_len);
		else
			request_text(json, item, item_len);
		if (comma) {
			buf_add_char(json, ',');
			text = comma + 1;
		}
	}
	buf_add_char(json, ']');
}

/** Writes a text as a value of the parameter's type. \return 0 or CTL_USAGE */
static int write_typed(struct buf *json, unsigned kinds, const char *name, const char *text, size_t len)
{
	struct err e;
	/* as a number, a name would lose its leading zeros */
	if ((kinds & ~(unsigned)KIND_NUMBER) == KIND_STRING) {
		request_text(json, text, len);
		return 0;
	}
	bool good = is_json(&text, &len, &e);
	bool list_wanted = (kinds & (KIND_ARRAY | KIND_STRING)) == KIND_ARRAY;
	if (good && (kind_of(*text) & kinds)) {
		buf_add(json, text, len);
	} else if (good && *text == '{' && list_wanted) {
		buf_add_char(json, '[');
		buf_add(json, text, len);
		buf_add_char(json, ']');
	} else if (!good && !(kinds & KIND_STRING) && len > 0 && memchr("[{", text[0], 2)) {
		return complain(CTL_USAGE, "%s is not JSON: %s", name, e.text);
	} else if (list_wanted) {
		write_list(json, text, len);
	} else {
		request_text(json, text, len); /* if it has the wrong type, the server's error is clearer */
	}
	return 0;
}

static int read_file(struct buf *b, const char *path)
{
	bool in = strcmp(path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;
	while (n > 0 && buf_reserve(b, 65536)) {
		n = read(fd, b->data + b->len, 65536);
		if (n > 0)
			b->len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	int rc = n < 0    ? complain(CTL_USAGE, "cannot read '%s': %s", path, strerror(errno)) :
		b->failed ? complain(CTL_USAGE, "'%s' is too large", path) :
			    0;
	if (fd >= 0 && !in)
		close(fd);
	return rc;
}

/** \return the length of a text without the newline that ends it: as in $(cat FILE), it belongs to the file, not to the value */
static size_t without_newline(const char *text, size_t len)
{
	if (len == 0 || text[len - 1] != '\n')
		return len;
	len--;
	return len - (len > 0 && text[len - 1] == '\r');
}

/** Writes a text that must be JSON. \return 0 or CTL_USAGE */
static int write_raw(struct buf *json, const char *name, const char *text, size_t len)
{
	struct err e;
	if (len == 0)
		return complain(CTL_USAGE, "%s: the value is missing", name);
	if (!is_json(&text, &len, &e))
		return complain(CTL_USAGE, "%s is not JSON: %s", name, e.text);
	buf_add(json, text, len);
	return 0;
}

/** An argument: key=text, key=@file, key:=JSON, key:=@file. */
static int write_word(struct arena *a, struct buf *json, const char *operation, struct json_object *declaration, const char *word)
{
	const char *sign = strchr(word, '=');
	bool raw = sign && sign > word && sign[-1] == ':';
	size_t name_len = sign ? (size_t)(sign - word) - raw : 0;
	if (name_len == 0)
		return complain(CTL_USAGE, "'%s' is not an argument: write name=value", word);
	char *name = arena_strndup(a, word, name_len);
	if (!name)
		return complain(CTL_REFUSED, "out of memory");
	if (strcmp(name, "operation") == 0)
		return complain(CTL_USAGE, "the operation is the first word, not an argument");

	struct json_object *param = param_find(declaration, name);
	if (declaration && !param)
		warn_unknown(declaration, operation, name);
	struct buf file;
	buf_init(&file);
	const char *text = sign + 1;
	size_t len = strlen(text);
	int rc = 0;
	if (text[0] == '@') {
		rc = read_file(&file, text + 1);
		text = file.len > 0 ? file.data : "";
		len = without_newline(text, file.len);
	}
	if (rc == 0) {
		request_name(json, name);
		rc = raw ? write_raw(json, name, text, len) :
			   write_typed(json, param ? kinds_declared(param) : KIND_ANY, name, text, len);
	}
	buf_free(&file);
	return rc;
}

int arguments_build(
	struct arena *a, const char *operation, char **words, size_t count, struct json_object *declaration, struct buf *json)
{
	request_begin(json, operation);
	for (size_t i = 0; i < count; i++) {
		int rc = write_word(a, json, operation, declaration, words[i]);
		if (rc != 0)
			return rc;
	}
	request_end(json);
	return json->failed ? complain(CTL_REFUSED, "out of memory") : 0;
}

int declaration_fetch(struct client *c, const char *operation, struct json_object **ret)
{
	struct answer answer;
	struct buf request;
	struct json_object *list = NULL;
	struct err e = { 0 };
	buf_init(&request);
	request_begin(&request, "describe_operations");
	if (operation)
		request_member(&request, "name", operation);
	request_end(&request);
	int rc = client_send(c, &request, "application/json", NULL, &answer);
	if (rc == 0 && answer.status == 200)
		document_read(answer.body.data, answer.body.len, &list, &e);
	*ret = NULL;
	if (!operation && json_object_is_type(list, json_type_array))
		*ret = json_object_get(list);
	else if (operation && item_count(list) == 1)
		*ret = json_object_get(json_object_array_get_idx(list, 0));
	json_object_put(list);
	buf_free(&answer.body);
	buf_free(&request);
	return rc;
}
