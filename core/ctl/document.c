/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/document.h"

#include "base/buf.h"
#include "base/text.h"

#include <ctype.h>
#include <json-c/json_visit.h>
#include <limits.h>
#include <string.h>

/*
 * Each value is scanned once before json-c reads it: what json-c would accept although it is not JSON is refused, and
 * what it would truncate is changed in a copy. The order of tokens is checked by json-c.
 */

/** Appended to an integer of more than 64 bits, so that json-c keeps its text, as of a fraction. */
#define LONG_MARK "e-00"
/** A NUL character inside a string. */
#define NUL_MARK "\xc0\x80"
/** Length of \u0000. */
#define ESCAPE_LEN 6

struct document {
	const char *start, *p, *end;
	struct json_tokener *tokener;
	struct buf changed; /**< the current value, up to kept */
	const char *kept;   /**< from here on, the text is unchanged */
	bool long_integers; /**< the value has long integers */
	struct err *err;
};

static int fail(struct document *d, const char *at, const char *what)
{
	return at < d->end ? err_set(d->err, LYRE_EINVAL, "%s at byte %zu", what, (size_t)(at - d->start) + 1) :
			     err_set(d->err, LYRE_EINVAL, "unexpected end");
}

static void change(struct document *d, const char *from, const char *to, const char *by)
{
	buf_add(&d->changed, d->kept, (size_t)(from - d->kept));
	buf_add_str(&d->changed, by);
	d->kept = to;
}

/* ---- one token: each function skips one; \return 0 or a negative code ---- */

static void pass_blanks(struct document *d)
{
	while (d->p < d->end && memchr(" \t\r\n", *d->p, 4))
		d->p++;
}

static bool hex4(const struct document *d, const char *p, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, p++) {
		if (p >= d->end || !isxdigit((unsigned char)*p))
			return false;
		*ret = *ret << 4 | (unsigned)(isdigit((unsigned char)*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);
	}
	return true;
}

/** \param at  the backslash; set to the escape's last character */
static int pass_escape(struct document *d, const char **at)
{
	const char *from = *at;
	unsigned unit, low;
	*at = from + 1;
	if (*at == d->end)
		return fail(d, d->end, "");
	if (memchr("\"\\/bfnrt", from[1], 8))
		return 0;
	if (from[1] != 'u' || !hex4(d, from + 2, &unit))
		return fail(d, from, "malformed escape");
	*at = from + ESCAPE_LEN - 1;
	if (unit == 0)
		change(d, from, from + ESCAPE_LEN, NUL_MARK);
	if (unit < 0xd800 || unit > 0xdfff)
		return 0;
	*at += ESCAPE_LEN;
	if (unit > 0xdbff || *at >= d->end || memcmp(from + ESCAPE_LEN, "\\u", 2) != 0 || !hex4(d, from + ESCAPE_LEN + 2, &low) ||
		low < 0xdc00 || low > 0xdfff)
		return fail(d, from, "an unpaired surrogate");
	return 0;
}

static int pass_text(struct document *d)
{
	for (const char *p = d->p + 1; p < d->end; p++) {
		if (*p == '"') {
			d->p = p + 1;
			return 0;
		}
		if ((unsigned char)*p < ' ')
			return fail(d, p, "control character in a string");
		if (*p == '\\' && pass_escape(d, &p) != 0)
			return d->err->code;
	}
	return fail(d, d->end, "");
}

static const char *behind_digits(const struct document *d, const char *p)
{
	while (p < d->end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/** Whether an integer with these digits does not fit into 64 bits. */
static bool is_long(const char *digits, size_t len, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "18446744073709551615";
	return len > strlen(most) || (len == strlen(most) && memcmp(digits, most, len) > 0);
}

static int pass_number(struct document *d)
{
	bool negative = *d->p == '-', whole = true;
	const char *first = d->p + negative, *p = behind_digits(d, first), *part = p;
	bool good = p > first && (*first != '0' || p == first + 1);
	if (good && p < d->end && *p == '.') {
		p = behind_digits(d, part = p + 1);
		good = p > part;
		whole = false;
	}
	if (good && p < d->end && (*p == 'e' || *p == 'E')) {
		part = p + 1;
		part += part < d->end && (*part == '+' || *part == '-');
		p = behind_digits(d, part);
		good = p > part;
		whole = false;
	}
	if (!good || (p < d->end && !memchr(",:]} \t\r\n", *p, 8)))
		return fail(d, d->p, "malformed number");
	if (whole && is_long(first, (size_t)(p - first), negative)) {
		change(d, p, p, LONG_MARK);
		d->long_integers = true;
	}
	d->p = p;
	return 0;
}

static int pass_word(struct document *d)
{
	static const char *const words[] = { "null", "true", "false" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i]);
		if ((size_t)(d->end - d->p) >= len && memcmp(d->p, words[i], len) == 0) {
			d->p += len;
			return 0;
		}
	}
	return fail(d, d->p, "unexpected character");
}

/** A bracket, comma or colon. \param before  the token before it */
static int pass_sign(struct document *d, char before, unsigned *depth)
{
	char c = *d->p;
	bool opens = c == '[' || c == '{', closes = c == ']' || c == '}';
	if ((!opens && !closes && c != ',' && c != ':') || (closes && (before == ',' || *depth == 0)))
		return fail(d, d->p, "unexpected character");
	if (opens && *depth == DEPTH_MAX)
		return err_set(d->err, LYRE_EINVAL, "arrays and objects are nested deeper than %d levels", DEPTH_MAX);
	*depth += opens;
	*depth -= closes;
	d->p++;
	return 0;
}

/** All tokens of a value at depth \p around. */
static int pass_value(struct document *d, unsigned around)
{
	unsigned depth = around;
	char before = '\0';
	int rc;
	do {
		pass_blanks(d);
		if (d->p == d->end)
			return fail(d, d->end, "");
		char c = *d->p;
		rc = c == '"'                              ? pass_text(d) :
			c == '-' || (c >= '0' && c <= '9') ? pass_number(d) :
			c >= 'a' && c <= 'z'               ? pass_word(d) :
							     pass_sign(d, before, &depth);
		before = c;
	} while (rc == 0 && depth > around);
	return rc;
}

/* ---- values ---- */

/** Makes a long integer, read as a fraction, print itself without the mark. */
static int unmark(struct json_object *o, int flags, struct json_object *parent, const char *name, size_t *place, void *arg)
{
	(void)flags, (void)parent, (void)name, (void)place, (void)arg;
	size_t len = 0, mark = strlen(LONG_MARK);
	const char *text = json_object_is_type(o, json_type_double) ? json_object_to_json_string_length(o, 0, &len) : "";
	if (len < mark || memcmp(text + len - mark, LONG_MARK, mark) != 0)
		return JSON_C_VISIT_RETURN_CONTINUE;
	char *digits = strndup(text, len - mark);
	if (!digits)
		return JSON_C_VISIT_RETURN_ERROR;
	json_object_set_serializer(o, json_object_userdata_to_json_string, digits, json_object_free_userdata);
	return JSON_C_VISIT_RETURN_CONTINUE;
}

/** \param at  position of the text in the document, where it is unless it was changed */
static int parse(struct document *d, const char *text, size_t len, const char *at, struct json_object **ret)
{
	if (len > INT_MAX)
		return err_set(d->err, LYRE_ETOOBIG, "a value of %zu bytes is too large", len);
	*ret = json_tokener_parse_ex(d->tokener, text, (int)len);
	enum json_tokener_error error = json_tokener_get_error(d->tokener);
	size_t end = json_tokener_get_parse_end(d->tokener);
	/* a number is ended by what follows it */
	if (error == json_tokener_continue) {
		*ret = json_tokener_parse_ex(d->tokener, " ", 1);
		error = json_tokener_get_error(d->tokener);
	}
	if (error != json_tokener_success)
		return fail(d, text == at ? at + end : at, json_tokener_error_desc(error));
	if (end != len)
		return fail(d, at, "unexpected character");
	return *ret || *text == 'n' ? 0 : err_nomem(d->err);
}

/** The value at p, at depth \p depth. */
static int read_value(struct document *d, unsigned depth, struct json_object **ret)
{
	*ret = NULL;
	pass_blanks(d);
	const char *from = d->kept = d->p;
	buf_clear(&d->changed);
	d->long_integers = false;
	int rc = pass_value(d, depth);
	if (rc != 0)
		return rc;
	if (d->kept == from)
		return parse(d, from, (size_t)(d->p - from), from, ret);
	change(d, d->p, d->p, "");
	rc = d->changed.failed ? err_nomem(d->err) : parse(d, d->changed.data, d->changed.len, from, ret);
	if (rc == 0 && d->long_integers && json_c_visit(*ret, 0, unmark, NULL) < 0) {
		json_object_put(*ret);
		*ret = NULL;
		rc = err_nomem(d->err);
	}
	return rc;
}

static int read_item(struct document *d, unsigned depth, int (*item)(void *arg, struct json_object *item), void *arg)
{
	struct json_object *o;
	int rc = read_value(d, depth, &o);
	if (rc == 0)
		rc = item(arg, o);
	json_object_put(o);
	return rc;
}

/** After the opening bracket. */
static int read_items(struct document *d, int (*item)(void *arg, struct json_object *item), void *arg)
{
	pass_blanks(d);
	bool more = d->p == d->end || *d->p != ']';
	while (more) {
		int rc = read_item(d, 1, item, arg);
		if (rc != 0)
			return rc;
		pass_blanks(d);
		more = d->p < d->end && *d->p == ',';
		if (!more && (d->p == d->end || *d->p != ']'))
			return fail(d, d->p, "unexpected character");
		d->p += more;
	}
	d->p++;
	return 0;
}

/** Starts after what may precede the value. */
static struct document document_of(const char *text, size_t len, struct err *e)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct document d = { .start = text, .p = text, .end = text + len, .err = e };
	if (len >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0)
		d.p += strlen(mark);
	pass_blanks(&d);
	return d;
}

static int begin(struct document *d, const char *text, size_t len, struct err *e)
{
	*d = document_of(text, len, e);
	buf_init(&d->changed);
	size_t valid = utf8_valid_prefix(text, len);
	if (valid < len)
		return fail(d, text + valid, "invalid UTF-8");
	d->tokener = json_tokener_new_ex(DEPTH_MAX + 1);
	return d->tokener ? 0 : err_nomem(e);
}

/** \return \p rc, or a failure if something follows the value */
static int end(struct document *d, int rc)
{
	pass_blanks(d);
	if (rc == 0 && d->p < d->end)
		rc = fail(d, d->p, "unexpected character");
	buf_free(&d->changed);
	if (d->tokener)
		json_tokener_free(d->tokener);
	return rc;
}

int document_read(const char *text, size_t len, struct json_object **ret, struct err *e)
{
	struct document d;
	*ret = NULL;
	int rc = begin(&d, text, len, e);
	rc = end(&d, rc == 0 ? read_value(&d, 0, ret) : rc);
	if (rc != 0) {
		json_object_put(*ret);
		*ret = NULL;
	}
	return rc;
}

int document_each(const char *text, size_t len, int (*item)(void *arg, struct json_object *item), void *arg, struct err *e)
{
	struct document d;
	int rc = begin(&d, text, len, e);
	bool array = rc == 0 && d.p < d.end && *d.p == '[';
	d.p += array;
	if (rc == 0)
		rc = array ? read_items(&d, item, arg) : read_item(&d, 0, item, arg);
	return end(&d, rc);
}

size_t document_begin(const char *text, size_t len)
{
	return (size_t)(document_of(text, len, NULL).p - text);
}

const char *text_member(struct json_object *o, const char *name)
{
	struct json_object *member;
	return json_object_object_get_ex(o, name, &member) && json_object_is_type(member, json_type_string) ?
		json_object_get_string(member) :
		NULL;
}

bool text_is(struct json_object *o, const char *s)
{
	return json_object_is_type(o, json_type_string) && strcmp(json_object_get_string(o), s) == 0;
}

size_t item_count(struct json_object *o)
{
	return json_object_is_type(o, json_type_array) ? json_object_array_length(o) : 0;
}

size_t member_count(struct json_object *o)
{
	return json_object_is_type(o, json_type_object) ? (size_t)json_object_object_length(o) : 0;
}
