/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_json_check.c
 * \brief The grammar of JSON (RFC 8259). Numbers too large for a double and lone surrogates are refused.
 */
#include "geo_json.h"
#include "regexp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** The rest of the text, which ends with a NUL. */
struct reading {
	const char *at, *end;
	unsigned depth;
};

static bool check_value(struct reading *r);

static void pass_blanks(struct reading *r)
{
	r->at += strspn(r->at, " \t\r\n");
}

static bool pass(struct reading *r, char c)
{
	bool is = *r->at == c;
	r->at += is;
	return is;
}

/* The four digits after \u. \return -1 if they are missing */
static int read_unit(struct reading *r)
{
	char digits[5] = "";
	if (strspn(r->at, "0123456789abcdefABCDEF") < 4)
		return -1;
	memcpy(digits, r->at, 4);
	r->at += 4;
	return (int)strtol(digits, NULL, 16);
}

static bool check_unit(struct reading *r)
{
	int unit = read_unit(r);
	if (unit < 0xd800 || unit > 0xdfff)
		return unit >= 0;
	if (unit > 0xdbff || !pass(r, '\\') || !pass(r, 'u'))
		return false;
	unit = read_unit(r);
	return unit >= 0xdc00 && unit <= 0xdfff;
}

static bool check_escape(struct reading *r)
{
	if (pass(r, 'u'))
		return check_unit(r);
	bool is = *r->at && strchr("\"\\/bfnrt", *r->at);
	r->at += is;
	return is;
}

/* Whether a code point is valid and has this length in UTF-8. */
static bool is_character(uint32_t c, size_t len)
{
	switch (len) {
	case 1:
		return c >= ' ' && c < 0x80;
	case 2:
		return true;
	case 3:
		return c >= 0x800 && (c < 0xd800 || c > 0xdfff);
	default:
		return c >= 0x10000 && c <= 0x10ffff;
	}
}

static bool check_character(struct reading *r)
{
	uint32_t c;
	size_t len = regexp_character(r->at, (size_t)(r->end - r->at), &c);
	bool is = is_character(c, len);
	r->at += is ? len : 0; /* not past the end */
	return is;
}

static bool check_string(struct reading *r)
{
	if (!pass(r, '"'))
		return false;
	while (!pass(r, '"')) {
		if (!(pass(r, '\\') ? check_escape(r) : check_character(r)))
			return false;
	}
	return true;
}

static size_t pass_digits(struct reading *r)
{
	size_t n = strspn(r->at, "0123456789");
	r->at += n;
	return n;
}

static bool check_number(struct reading *r)
{
	const char *from = r->at;
	pass(r, '-');
	bool zero = *r->at == '0';
	size_t digits = pass_digits(r);
	if (!digits || (zero && digits > 1))
		return false;
	if (pass(r, '.') && !pass_digits(r))
		return false;
	if (*r->at == 'e' || *r->at == 'E') {
		r->at++;
		if (!pass(r, '-'))
			pass(r, '+');
		if (!pass_digits(r))
			return false;
	}
	return isfinite(strtod(from, NULL));
}

static bool check_word(struct reading *r, const char *word)
{
	size_t len = strlen(word);
	bool is = strncmp(r->at, word, len) == 0;
	r->at += is ? len : 0;
	return is;
}

static bool check_member(struct reading *r)
{
	pass_blanks(r);
	if (!check_string(r))
		return false;
	pass_blanks(r);
	return pass(r, ':') && check_value(r);
}

/* The items between two brackets, from after the first on. */
static bool check_list(struct reading *r, char close, bool (*check)(struct reading *r))
{
	bool is = r->depth++ < GEO_DEPTH_MAX;
	pass_blanks(r);
	if (is && !pass(r, close)) {
		do {
			is = check(r);
			pass_blanks(r);
		} while (is && pass(r, ','));
		is = is && pass(r, close);
	}
	r->depth--;
	return is;
}

static bool check_value(struct reading *r)
{
	pass_blanks(r);
	switch (*r->at) {
	case '{':
		r->at++;
		return check_list(r, '}', check_member);
	case '[':
		r->at++;
		return check_list(r, ']', check_value);
	case '"':
		return check_string(r);
	case 't':
		return check_word(r, "true");
	case 'f':
		return check_word(r, "false");
	case 'n':
		return check_word(r, "null");
	default:
		return check_number(r);
	}
}

const char *geo_json_value(const char *text, size_t len)
{
	struct reading r = { .at = text, .end = text + len };
	if (!check_value(&r))
		return NULL;
	pass_blanks(&r);
	return r.at == r.end ? text + strspn(text, " \t\r\n") : NULL;
}
