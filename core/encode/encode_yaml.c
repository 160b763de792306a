/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode_yaml.c
 * \brief Answers in YAML, by libyaml's emitter. A string that would be read as anything else is quoted, by the rules of
 * YAML 1.1 and 1.2.
 */
#include "base/json.h"
#include "encode/encode.h"

#include <string.h>
#include <strings.h>
#include <yaml.h>

/** Approximate heap memory of an emitter. */
#define EMITTER_BYTES ((size_t)64 << 10)

struct yaml {
	yaml_emitter_t emitter;
};

/* ---- events ---- */

static int write_out(void *arg, unsigned char *bytes, size_t len)
{
	struct buf *out = arg;

	buf_add(out, bytes, len);
	return !out->failed;
}

/** \p made  whether the event could be created */
static void emit(lyre_out *o, int made, yaml_event_t *event)
{
	struct yaml *y = o->state;

	if (made && !yaml_emitter_emit(&y->emitter, event))
		made = 0;
	if (!made)
		o->buf->failed = true;
}

static void drop(lyre_out *o)
{
	struct yaml *y = o->state;

	yaml_emitter_delete(&y->emitter);
	charge_give(o->buf->charge, EMITTER_BYTES);
}

static bool start(lyre_out *o)
{
	struct yaml *y = ARENA_NEW(o->arena, struct yaml);

	if (!y || !charge_take(o->buf->charge, EMITTER_BYTES))
		return false;
	if (!yaml_emitter_initialize(&y->emitter)) {
		charge_give(o->buf->charge, EMITTER_BYTES);
		return false;
	}
	o->state = y;
	yaml_emitter_set_output(&y->emitter, write_out, o->buf);
	yaml_emitter_set_unicode(&y->emitter, 1);
	yaml_emitter_set_width(&y->emitter, -1);
	yaml_event_t event;
	emit(o, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
	if (!o->buf->failed)
		emit(o, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event);
	return true;
}

/** Whether an event can be emitted. */
static bool ready(lyre_out *o)
{
	if (!o->buf->failed && !o->state && !start(o))
		o->buf->failed = true;
	return !o->buf->failed;
}

/* ---- strings ---- */

static bool is_word(const char *s, size_t len)
{
	static const char *const words[] = { "", "~", "=", "<<", "null", "true", "false", "yes", "no", "on", "off", "y", "n",
		".inf", "+.inf", "-.inf", ".nan" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (len == strlen(words[i]) && !strncasecmp(s, words[i], len))
			return true;
	}
	return false;
}

/** Whether a string may be a number or a time: it begins like one, has a digit, and has only characters that occur in them. */
static bool is_number_like(const char *s, size_t len)
{
	static const char within[] = "0123456789abcdefABCDEFxXoOtTzZ_.,:+- \t";
	bool digit = false;

	if (!len || !memchr("0123456789+-.", *s, 13))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!s[i] || !strchr(within, s[i]))
			return false;
		digit |= s[i] >= '0' && s[i] <= '9';
	}
	return digit;
}

/** Whether a string has an unprintable character, or one that readers take for a line break, other than LF. */
static bool is_odd(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < ' ' && c != '\n') || c == 0x7f)
			return true;
		/* U+0080 to U+009F; U+2028 and U+2029 */
		if ((c == 0xc2 && i + 1 < len && (unsigned char)s[i + 1] < 0xa0) ||
			(c == 0xe2 && i + 2 < len && (!memcmp(s + i, "\xe2\x80\xa8", 3) || !memcmp(s + i, "\xe2\x80\xa9", 3))))
			return true;
	}
	return false;
}

/** Several lines become a block, if that loses nothing. */
static yaml_scalar_style_t style_of(const char *s, size_t len)
{
	if (is_word(s, len) || is_number_like(s, len) || is_odd(s, len))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (!memchr(s, '\n', len))
		return YAML_ANY_SCALAR_STYLE;
	bool block = *s != ' ' && *s != '\n' && s[len - 1] != '\n' && s[len - 1] != ' ' && !memmem(s, len, " \n", 2);
	return block ? YAML_LITERAL_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
}

/** The event copies the string. */
static void emit_scalar(lyre_out *o, const char *s, size_t len, yaml_scalar_style_t style)
{
	yaml_event_t event;

	if (!ready(o))
		return;
	if (!charge_take(o->buf->charge, len)) {
		o->buf->failed = true;
		return;
	}
	bool fits = len <= INT32_MAX;
	emit(o, fits && yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s, (int)len, 1, 1, style), &event);
	charge_give(o->buf->charge, len);
}

static void emit_text(lyre_out *o, const char *s, size_t len)
{
	emit_scalar(o, s, len, style_of(s, len));
}

static void emit_plain(lyre_out *o, const char *s, size_t len)
{
	emit_scalar(o, s, len, YAML_PLAIN_SCALAR_STYLE);
}

/** As in JSON, with the decimal point that YAML 1.1 requires before an exponent. */
static void emit_double(lyre_out *o, double d)
{
	char text[NUMBER_TEXT_MAX + 2];
	size_t len = double_text(text, d);
	char *e = memchr(text, 'e', len);

	if (e && !memchr(text, '.', len)) {
		memmove(e + 2, e, len - (size_t)(e - text));
		memcpy(e, ".0", 2);
		len += 2;
	}
	emit_plain(o, text, len);
}

/* ---- the encoder ---- */

static void object_begin(lyre_out *o)
{
	yaml_event_t event;

	if (ready(o))
		emit(o, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE), &event);
}

static void object_end(lyre_out *o)
{
	yaml_event_t event;

	if (ready(o))
		emit(o, yaml_mapping_end_event_initialize(&event), &event);
}

static void array_begin(lyre_out *o)
{
	yaml_event_t event;

	if (ready(o))
		emit(o, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE), &event);
}

static void array_end(lyre_out *o)
{
	yaml_event_t event;

	if (ready(o))
		emit(o, yaml_sequence_end_event_initialize(&event), &event);
}

static void value(lyre_out *o, const lyre_value *v)
{
	char text[NUMBER_TEXT_MAX];

	switch (v->type) {
	case LYRE_NULL:
		emit_plain(o, "null", 4);
		break;
	case LYRE_BOOL:
		emit_plain(o, v->b ? "true" : "false", v->b ? 4 : 5);
		break;
	case LYRE_INT:
		emit_plain(o, text, int_text(text, v->i));
		break;
	case LYRE_DOUBLE:
		emit_double(o, v->d);
		break;
	case LYRE_BIGINT:
		emit_plain(o, v->s, v->len);
		break;
	case LYRE_STRING:
		emit_text(o, v->s, v->len);
		break;
	case LYRE_ARRAY:
		array_begin(o);
		for (uint32_t i = 0; i < v->len; i++)
			value(o, &v->items[i]);
		array_end(o);
		break;
	case LYRE_OBJECT:
		object_begin(o);
		for (uint32_t i = 0; i < v->len; i++) {
			emit_text(o, v->members[i].name, v->members[i].name_len);
			value(o, &v->members[i].value);
		}
		object_end(o);
		break;
	default: /* VALUE_UNREAD: there was no memory to decode it */
		o->buf->failed = true;
	}
}

static void finish(lyre_out *o)
{
	yaml_event_t event;

	if (!ready(o))
		return;
	emit(o, yaml_document_end_event_initialize(&event, 1), &event);
	if (!o->buf->failed)
		emit(o, yaml_stream_end_event_initialize(&event), &event);
}

const struct encoder encode_yaml = {
	.object_begin = object_begin,
	.object_end = object_end,
	.array_begin = array_begin,
	.array_end = array_end,
	.key = emit_text,
	.value = value,
	SCALARS_AS_VALUES,
	.finish = finish,
	.drop = drop,
};
