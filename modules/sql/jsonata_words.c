/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_words.c
 * \brief Divides an expression into tokens.
 */
#include "jsonata_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct jsonata_node *jsonata_fail(struct jsonata_parser *ps, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	if (!*ps->error)
		vsnprintf(ps->error, ps->room, format, ap);
	va_end(ap);
	ps->t = (struct jsonata_token){ .kind = JSONATA_TOKEN_END };
	ps->p = ps->end;
	return NULL;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

static void skip_blanks(struct jsonata_parser *ps)
{
	for (;;) {
		while (ps->p < ps->end && *ps->p && strchr(" \t\r\n", *ps->p))
			ps->p++;
		if (ps->end - ps->p < 2 || ps->p[0] != '/' || ps->p[1] != '*')
			return;
		for (ps->p += 2; ps->end - ps->p >= 2 && (ps->p[0] != '*' || ps->p[1] != '/'); ps->p++)
			;
		ps->p = ps->end - ps->p >= 2 ? ps->p + 2 : ps->end;
	}
}

static size_t name_length(const struct jsonata_parser *ps)
{
	size_t n = 0;
	while (ps->p + n < ps->end && is_name_character(ps->p[n]))
		n++;
	return n;
}

/** Digits with a decimal point and an exponent; a point before another (..) is not part of a number. */
static size_t number_length(const struct jsonata_parser *ps)
{
	size_t n = 0, left = (size_t)(ps->end - ps->p);
	for (; n < left; n++) {
		char c = ps->p[n], next = n + 1 < left ? ps->p[n + 1] : 0;
		bool digit = c >= '0' && c <= '9', point = c == '.' && next >= '0' && next <= '9';
		bool sign = n && (c == '+' || c == '-') && (ps->p[n - 1] | 32) == 'e';
		if (!digit && !point && !sign && (c | 32) != 'e')
			break;
	}
	return n;
}

static void read_name(struct jsonata_parser *ps, size_t len)
{
	static const char *const constants[] = { "true", "false", "null" };
	ps->t.kind = JSONATA_TOKEN_NAME;
	ps->t.len = len;
	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
		if (strlen(constants[i]) == len && !memcmp(constants[i], ps->p, len))
			ps->t.kind = JSONATA_TOKEN_VALUE;
	}
	ps->t.value = ps->t.kind == JSONATA_TOKEN_VALUE ? jsonata_read(ps->run, ps->p, len) : jsonata_string(ps->run, ps->p, len);
	ps->p += len;
}

/** "text", 'text' or `name`; the last has no escapes. */
static void read_quoted(struct jsonata_parser *ps)
{
	const char *begin = ps->p, *close = *begin == '`' ? memchr(begin + 1, '`', (size_t)(ps->end - begin) - 1) : NULL;
	ps->t.kind = *begin == '`' ? JSONATA_TOKEN_NAME : JSONATA_TOKEN_VALUE;
	ps->t.quoted = true;
	if (close) {
		ps->t.value = jsonata_string(ps->run, begin + 1, (size_t)(close - begin) - 1);
		ps->p = close + 1;
	} else if (*begin != '`') {
		ps->t.value = jsonata_read_string(ps->run, &ps->p, ps->end);
	}
	if (!ps->t.value)
		jsonata_fail(ps, "a string or name in it is unterminated or has an unknown escape");
	else
		ps->t.len = (size_t)(ps->p - begin);
}

static void read_sign(struct jsonata_parser *ps)
{
	static const char *const pairs[] = { "!=", "<=", ">=", "**", "..", ":=", "~>" };
	ps->t.kind = JSONATA_TOKEN_SIGN;
	ps->t.len = 1;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (ps->end - ps->p >= 2 && !memcmp(ps->p, pairs[i], 2))
			ps->t.len = 2;
	}
	ps->p += ps->t.len;
}

static void read_number(struct jsonata_parser *ps)
{
	ps->t.kind = JSONATA_TOKEN_VALUE;
	ps->t.len = number_length(ps);
	ps->t.value = jsonata_read(ps->run, ps->p, ps->t.len);
	ps->p += ps->t.len;
	if (!ps->t.value)
		jsonata_fail(ps, "%.*s is not a number", (int)(ps->t.len < 100 ? ps->t.len : 100), ps->t.text);
}

void jsonata_advance(struct jsonata_parser *ps)
{
	skip_blanks(ps);
	ps->t = (struct jsonata_token){ .kind = JSONATA_TOKEN_END, .text = ps->p };
	if (ps->p == ps->end || ps->run->failed)
		return;
	if (*ps->p >= '0' && *ps->p <= '9') {
		read_number(ps);
	} else if (is_name_character(*ps->p)) {
		read_name(ps, name_length(ps));
	} else if (*ps->p == '"' || *ps->p == '\'' || *ps->p == '`') {
		read_quoted(ps);
	} else if (*ps->p == '$') {
		ps->p += ps->end - ps->p > 1 && ps->p[1] == '$' ? 2 : 1;
		ps->p += name_length(ps);
		ps->t.kind = JSONATA_TOKEN_VARIABLE;
		ps->t.len = (size_t)(ps->p - ps->t.text);
	} else {
		read_sign(ps);
	}
}

bool jsonata_is_sign(const struct jsonata_parser *ps, const char *sign)
{
	return ps->t.kind == JSONATA_TOKEN_SIGN && strlen(sign) == ps->t.len && !memcmp(ps->t.text, sign, ps->t.len);
}

bool jsonata_take(struct jsonata_parser *ps, const char *sign)
{
	if (!jsonata_is_sign(ps, sign))
		return false;
	jsonata_advance(ps);
	return true;
}
