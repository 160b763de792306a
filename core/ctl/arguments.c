/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/json.h"
#include "encode/encode.h"
#include "base/text.h"
#include "base/words.h"
#include "ctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/** Kinds a parameter may have, as the help module names them. */
enum kind {
	KIND_STRING = 1,
	KIND_NUMBER = 2,
	KIND_BOOLEAN = 4,
	KIND_ARRAY = 8,
	KIND_OBJECT = 16,
	KIND_NULL = 32,
	KIND_ANY = 63
};

static unsigned kind_of(const lyre_value *v)
{
	static const unsigned kinds[] = {
		[LYRE_NULL] = KIND_NULL,
		[LYRE_BOOL] = KIND_BOOLEAN,
		[LYRE_INT] = KIND_NUMBER,
		[LYRE_DOUBLE] = KIND_NUMBER,
		[LYRE_BIGINT] = KIND_NUMBER,
		[LYRE_STRING] = KIND_STRING,
		[LYRE_ARRAY] = KIND_ARRAY,
		[LYRE_OBJECT] = KIND_OBJECT,
	};
	return kinds[v->type];
}

static unsigned kinds_declared(const lyre_value *param)
{
	static const struct { const char *name; unsigned kind; } names[] = {
		{ "string", KIND_STRING }, { "number", KIND_NUMBER }, { "boolean", KIND_BOOLEAN },
		{ "array", KIND_ARRAY }, { "object", KIND_OBJECT }, { "null", KIND_NULL },
	};
	const lyre_value *types = value_get(param, "types");
	unsigned kinds = 0;
	for (uint32_t i = 0; value_is(types, LYRE_ARRAY) && i < types->len; i++)
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			if (value_equals_str(&types->items[i], names[k].name))
				kinds |= names[k].kind;
	return kinds ? kinds : KIND_ANY;
}

/** What the declaration says of parameter \p name; NULL where it says nothing. */
static const lyre_value *param_find(const lyre_value *declaration, const char *name, size_t len)
{
	const lyre_value *params = value_get(declaration, "parameters");
	name = words_modern(name, &len);
	for (uint32_t i = 0; value_is(params, LYRE_ARRAY) && i < params->len; i++) {
		const lyre_value *known = value_get(&params->items[i], "name");
		if (value_is(known, LYRE_STRING) && known->len == len && memcmp(known->s, name, len) == 0)
			return &params->items[i];
	}
	return NULL;
}

/**
 * The server passes over what an operation does not know: people should hear of it. One that declares none, as
 * set_configuration, may take any.
 */
static void warn_unknown(const lyre_value *declaration, const char *operation, const char *name)
{
	const lyre_value *params = value_get(declaration, "parameters");
	if (!value_is(params, LYRE_ARRAY) || !params->len)
		return;
	const char *names[32];
	size_t count = 0;
	for (uint32_t i = 0; i < params->len && count < 32; i++) {
		const lyre_value *known = value_get(&params->items[i], "name");
		if (value_is(known, LYRE_STRING))
			names[count++] = known->s;
	}
	const char *near = closest_word(name, names, count);
	complain(CTL_OK, "warning: %s takes no '%s'%s%s%s", operation, name, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "");
}

static bool parse(struct arena *a, const char *text, size_t len, lyre_value *ret, struct err *e)
{
	*e = (struct err){ 0 };
	return len > 0 && json_decode_copy(a, text, len, ret, e) == 0;
}

/** "a,b,3" as the items of an array: numbers where they are such, texts else. */
static void write_list(struct arena *a, lyre_out *o, const char *text, size_t len)
{
	struct err e;
	const char *end = text + len;
	out_array_begin(o);
	while (len > 0) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t item = (size_t)((comma ? comma : end) - text);
		lyre_value v;
		if (parse(a, text, item, &v, &e) && value_is_number(&v))
			out_value(o, &v);
		else
			out_string(o, text, item);
		if (!comma)
			break;
		text = comma + 1;
	}
	out_array_end(o);
}

/** Writes a text as the kind of value that the parameter wants. \return 0 or CTL_USAGE */
static int write_typed(struct arena *a, lyre_out *o, unsigned kinds, const char *name, const char *text, size_t len)
{
	struct err e;
	lyre_value v;
	/* a number where a name is wanted would lose its leading zeros */
	if ((kinds & ~(unsigned)KIND_NUMBER) == KIND_STRING) {
		out_string(o, text, len);
		return 0;
	}
	bool parsed = parse(a, text, len, &v, &e);
	bool list_wanted = (kinds & (KIND_ARRAY | KIND_STRING)) == KIND_ARRAY;
	if (parsed && (kind_of(&v) & kinds)) {
		out_value(o, &v);
	} else if (parsed && v.type == LYRE_OBJECT && list_wanted) {
		out_array_begin(o);
		out_value(o, &v);
		out_array_end(o);
	} else if (!parsed && !(kinds & KIND_STRING) && len > 0 && strchr("[{", text[0])) {
		return complain(CTL_USAGE, "%s: %s", name, e.text);
	} else if (list_wanted) {
		write_list(a, o, text, len);
	} else {
		out_string(o, text, len); /* if it is of the wrong kind, the server says so best */
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
	int rc = n < 0 ? complain(CTL_USAGE, "cannot read '%s': %s", path, strerror(errno)) :
		b->failed ? complain(CTL_USAGE, "'%s' is too large", path) : 0;
	if (fd >= 0 && !in)
		close(fd);
	return rc;
}

/** One word: key=text, key=@file, key:=JSON, key:=@file. */
static int write_word(struct arena *a, lyre_out *o, const char *operation, const lyre_value *declaration,
	const char *word)
{
	const char *sign = strchr(word, '=');
	bool raw = sign && sign > word && sign[-1] == ':';
	size_t name_len = sign ? (size_t)(sign - word) - raw : 0;
	if (name_len == 0)
		return complain(CTL_USAGE, "'%s' is no argument: they are given as name=value", word);
	char *name = arena_strndup(a, word, name_len);
	if (!name)
		return complain(CTL_REFUSED, "out of memory");
	if (strcmp(name, "operation") == 0)
		return complain(CTL_USAGE, "the operation is the first word, not an argument");

	const lyre_value *param = param_find(declaration, name, name_len);
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
		len = file.len;
	}
	if (rc == 0) {
		lyre_value v;
		struct err e;
		out_keyn(o, name, name_len);
		if (!raw)
			rc = write_typed(a, o, param ? kinds_declared(param) : KIND_ANY, name, text, len);
		else if (parse(a, text, len, &v, &e))
			out_value(o, &v);
		else
			rc = complain(CTL_USAGE, "%s: %s", name, len > 0 ? e.text : "there is no value");
	}
	buf_free(&file);
	return rc;
}

int arguments_build(struct arena *a, const char *operation, char **words, size_t count,
	const lyre_value *declaration, struct buf *json)
{
	lyre_out o;
	out_init(&o, json);
	out_object_begin(&o);
	out_key(&o, "operation");
	out_string(&o, operation, strlen(operation));
	for (size_t i = 0; i < count; i++) {
		int rc = write_word(a, &o, operation, declaration, words[i]);
		if (rc != 0)
			return rc;
	}
	out_object_end(&o);
	return json->failed ? complain(CTL_REFUSED, "out of memory") : 0;
}

int declaration_fetch(struct client *c, struct arena *a, const char *operation, const lyre_value **ret)
{
	struct answer answer;
	struct buf request;
	lyre_out o;
	buf_init(&request);
	out_init(&o, &request);
	out_object_begin(&o);
	out_key(&o, "operation");
	out_string(&o, "describe_operations", strlen("describe_operations"));
	if (operation) {
		out_key(&o, "name");
		out_string(&o, operation, strlen(operation));
	}
	out_object_end(&o);

	*ret = NULL;
	int rc = client_send(c, &request, "application/json", NULL, &answer);
	lyre_value *list = ARENA_NEW(a, lyre_value);
	struct err e = { 0 };
	if (rc == 0 && list && answer.status == 200 && answer.body.len > 0 &&
		json_decode_copy(a, answer.body.data, answer.body.len, list, &e) == 0 &&
		list->type == LYRE_ARRAY)
		*ret = !operation ? list : list->len == 1 ? &list->items[0] : NULL;
	buf_free(&answer.body);
	buf_free(&request);
	return rc;
}
