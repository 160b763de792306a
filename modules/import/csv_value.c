/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_value.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TWO_63 9223372036854775808.0

enum csv_type csv_type_named(const char *name)
{
	static const struct {
		const char *name;
		enum csv_type type;
	} types[] = {
		{ "String", CSV_TEXT },
		{ "ID", CSV_TEXT },
		{ "Int", CSV_INTEGER },
		{ "Long", CSV_INTEGER },
		{ "BigInt", CSV_INTEGER },
		{ "Float", CSV_NUMBER },
		{ "Boolean", CSV_BOOLEAN },
		{ "Date", CSV_DATE },
		{ "Bytes", CSV_BYTES },
		{ "Blob", CSV_BYTES },
	};

	for (size_t i = 0; name && i < sizeof types / sizeof *types; i++) {
		if (!strcmp(name, types[i].name))
			return types[i].type;
	}
	return CSV_ANY;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

static struct csv_value of_kind(enum csv_kind kind)
{
	return (struct csv_value){ .kind = kind };
}

static struct csv_value boolean(bool b)
{
	return (struct csv_value){ .kind = CSV_IS_BOOL, .i = b };
}

static bool is_null(const char *s, size_t len)
{
	return is_word(s, len, "null") || is_word(s, len, "undefined") || is_word(s, len, "NaN");
}

/* ---- numbers ---- */

/** The parts of a number's text. */
struct number {
	bool minus;
	const char *whole;
	size_t whole_len;
	const char *fraction; /**< its digits */
	size_t fraction_len;
	bool point, exponent;
};

static size_t digits(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && isdigit((unsigned char)*p))
		p++;
	return (size_t)(p - s);
}

static bool take_exponent(const char **p, const char *end)
{
	const char *s = *p + 1;

	if (s < end && (*s == '+' || *s == '-'))
		s++;
	size_t n = digits(s, end);
	*p = s + n;
	return n > 0;
}

/** Takes a number of any form apart. \return whether it is one */
static bool take_apart(const char *s, const char *end, struct number *n)
{
	*n = (struct number){ .minus = s < end && *s == '-' };
	if (s < end && (*s == '-' || *s == '+'))
		s++;
	n->whole = s;
	n->whole_len = digits(s, end);
	s += n->whole_len;
	if (s < end && *s == '.') {
		n->point = true;
		n->fraction = s + 1;
		n->fraction_len = digits(s + 1, end);
		s += 1 + n->fraction_len;
	}
	if (!(n->whole_len + n->fraction_len))
		return false;
	n->exponent = s < end && (*s == 'e' || *s == 'E');
	return (!n->exponent || take_exponent(&s, end)) && s == end;
}

/** Whether a number is written plainly, so that nobody would write it differently for a reason. */
static bool is_plain(const struct number *n)
{
	return !n->exponent && (n->whole_len < 2 || *n->whole != '0') && (!n->point || n->fraction_len);
}

static bool is_whole(const struct number *n)
{
	for (size_t i = 0; i < n->fraction_len; i++) {
		if (n->fraction[i] != '0')
			return false;
	}
	return !n->exponent;
}

/** An integer in 64 bits, signed or not. \return false: it does not fit */
static bool integer_of(const struct number *n, struct csv_value *ret)
{
	uint64_t u = 0;

	for (size_t i = 0; i < n->whole_len; i++) {
		uint64_t digit = (uint64_t)(n->whole[i] - '0');

		if (u > (UINT64_MAX - digit) / 10)
			return false;
		u = u * 10 + digit;
	}
	if (n->minus && u > (uint64_t)INT64_MAX + 1)
		return false;
	if (!n->minus && u > INT64_MAX)
		*ret = (struct csv_value){ .kind = CSV_IS_UINT, .u = u };
	else
		*ret = (struct csv_value){ .kind = CSV_IS_INT, .i = n->minus ? (int64_t)(0 - u) : (int64_t)u };
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/** The number in a text, with blanks around it. \param plain  only if written plainly. \return false: there is none */
static bool number_of(const char *s, size_t len, bool plain, struct csv_value *ret)
{
	const char *end = s + len;
	struct number n;

	while (s < end && is_blank(*s))
		s++;
	while (s < end && is_blank(end[-1]))
		end--;
	if (!take_apart(s, end, &n) || (plain && !is_plain(&n)))
		return false;
	if (is_whole(&n)) {
		if (integer_of(&n, ret))
			return true;
		if (plain && !n.point)
			return false; /* a double would be another integer */
	}
	*ret = (struct csv_value){ .kind = CSV_IS_DOUBLE, .d = strtod(s, NULL) };
	return isfinite(ret->d);
}

/* ---- dates ---- */

/** 2024-01-02T03:04:05, then a fraction or not, then Z or +01:00. */
static bool is_time(const char *s, size_t len)
{
	static const char form[] = "0000-00-00T00:00:00";
	const char *end = s + len;

	if (len < sizeof form)
		return false;
	for (size_t i = 0; i < sizeof form - 1; i++) {
		if (form[i] == '0' ? !isdigit((unsigned char)s[i]) : s[i] != form[i])
			return false;
	}
	s += sizeof form - 1;
	if (*s == '.') {
		size_t n = digits(s + 1, end);
		if (!n)
			return false;
		s += 1 + n;
	}
	if (end - s == 1)
		return *s == 'Z';
	return end - s == 6 && (*s == '+' || *s == '-') && digits(s + 1, end) == 2 && s[3] == ':' && digits(s + 4, end) == 2;
}

/* ---- types ---- */

static bool is_nested(const char *s, size_t len)
{
	return len >= 2 && ((s[0] == '{' && s[len - 1] == '}') || (s[0] == '[' && s[len - 1] == ']'));
}

/** Without a type: the first character tells what it can be. */
static struct csv_value any(const char *s, size_t len, bool nested)
{
	struct csv_value v;

	switch (len ? *s : '\0') {
	case 't':
	case 'T':
		return is_word(s, len, "true") || is_word(s, len, "TRUE") ? boolean(true) : of_kind(CSV_IS_TEXT);
	case 'f':
	case 'F':
		return is_word(s, len, "false") || is_word(s, len, "FALSE") ? boolean(false) : of_kind(CSV_IS_TEXT);
	case 'n':
	case 'u':
	case 'N':
		return of_kind(is_null(s, len) ? CSV_IS_NULL : CSV_IS_TEXT);
	case '{':
	case '[':
		return of_kind(nested && is_nested(s, len) ? CSV_IS_NESTED : CSV_IS_TEXT);
	case ' ':
	case '\t':
	case '+':
	case '-':
	case '.':
		return number_of(s, len, true, &v) ? v : of_kind(CSV_IS_TEXT);
	default:
		break;
	}
	if (!len || !isdigit((unsigned char)*s))
		return of_kind(CSV_IS_TEXT);
	if (number_of(s, len, true, &v))
		return v;
	return of_kind(is_time(s, len) ? CSV_IS_TIME : CSV_IS_TEXT);
}

/** \return CSV_IS_TEXT for an integer of more digits than 64 bits have: the server reads them where it can */
static struct csv_value integer(const char *s, size_t len)
{
	struct csv_value v;

	if (!number_of(s, len, false, &v))
		return of_kind(CSV_IS_WRONG);
	if (v.kind != CSV_IS_DOUBLE || fabs(v.d) < TWO_63)
		return v;
	return of_kind(digits(s + (*s == '-'), s + len) + (*s == '-') == len ? CSV_IS_TEXT : CSV_IS_WRONG);
}

static struct csv_value number(const char *s, size_t len)
{
	struct csv_value v;

	return number_of(s, len, false, &v) ? v : of_kind(CSV_IS_WRONG);
}

static struct csv_value truth(const char *s, size_t len)
{
	if (len == 4 && !strncasecmp(s, "true", len))
		return boolean(true);
	return len == 5 && !strncasecmp(s, "false", len) ? boolean(false) : of_kind(CSV_IS_WRONG);
}

static struct csv_value date(const char *s, size_t len)
{
	struct csv_value v;

	return number_of(s, len, true, &v) ? v : of_kind(CSV_IS_DATE);
}

struct csv_value csv_value_of(enum csv_type type, const char *s, size_t len, bool nested)
{
	if (type == CSV_ANY)
		return any(s, len, nested);
	if (type == CSV_TEXT)
		return of_kind(CSV_IS_TEXT);
	if (type == CSV_BYTES)
		return of_kind(nested && is_nested(s, len) ? CSV_IS_NESTED : CSV_IS_TEXT);
	if (!len || is_null(s, len))
		return of_kind(CSV_IS_NULL);
	switch (type) {
	case CSV_INTEGER:
		return integer(s, len);
	case CSV_NUMBER:
		return number(s, len);
	case CSV_BOOLEAN:
		return truth(s, len);
	default:
		return date(s, len);
	}
}
