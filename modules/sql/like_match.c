/* SPDX-License-Identifier: Apache-2.0 */
#include "like_match.h"

#include <string.h>

/** A position in a string, and the string's end. */
struct place {
	const char *at, *end;
};

static char folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/** Skips one character. */
static void pass_character(struct place *p)
{
	bool first_of_more = (unsigned char)*p->at++ >= 0xc0;
	while (first_of_more && p->at < p->end && ((unsigned char)*p->at & 0xc0) == 0x80)
		p->at++;
}

/** Skips an escape. \return whether there was one */
static bool pass_escape(struct place *pattern, struct like_text escape)
{
	bool is = escape.len && (size_t)(pattern->end - pattern->at) >= escape.len && !memcmp(pattern->at, escape.s, escape.len);
	if (is)
		pattern->at += escape.len;
	return is;
}

/** The next occurrence of a byte, in either case; the end if there is none. */
static const char *find_byte(const struct place *text, char byte)
{
	if (byte < 'a' || byte > 'z') {
		const char *found = memchr(text->at, byte, (size_t)(text->end - text->at));
		return found ? found : text->end;
	}
	const char *at = text->at;
	while (at < text->end && folded(*at) != byte)
		at++;
	return at;
}

/** The byte with which a match must begin; -1 if it can begin with any. */
static int first_byte(struct place pattern, struct like_text escape)
{
	bool escaped = pass_escape(&pattern, escape);
	if (pattern.at == pattern.end || (*pattern.at == '_' && !escaped))
		return -1;
	return (unsigned char)folded(*pattern.at);
}

/** Consumes what pass_alike() has stopped at: _, an escaped byte, or a mismatch. \return whether it matches */
static bool take(struct place *pattern, struct place *text, struct like_text escape)
{
	bool escaped = pass_escape(pattern, escape);
	if (pattern->at == pattern->end || text->at == text->end)
		return false;
	if (*pattern->at == '_' && !escaped) {
		pattern->at++;
		pass_character(text);
		return true;
	}
	return folded(*pattern->at++) == folded(*text->at++);
}

/** Skips ordinary characters that match. \p stop: the first byte of an escape, or % */
static void pass_alike(struct place *pattern, struct place *text, char stop)
{
	const char *p = pattern->at, *t = text->at;
	while (p < pattern->end && t < text->end && *p != '%' && *p != '_' && *p != stop && folded(*p) == folded(*t)) {
		p++;
		t++;
	}
	pattern->at = p;
	text->at = t;
}

bool like_matches(struct like_text pattern, struct like_text text, struct like_text escape)
{
	struct place p = { pattern.s, pattern.s + pattern.len }, t = { text.s, text.s + text.len };
	struct place behind_any = { NULL, NULL }, begin = t; /* after the last %, and where its match began in the text */
	const char stop = escape.len ? *escape.s : '%';
	int first = -1;
	for (;;) {
		pass_alike(&p, &t, stop);
		if (p.at == p.end && t.at == t.end)
			return true;
		if (p.at < p.end && *p.at == '%') {
			while (p.at < p.end && *p.at == '%')
				p.at++;
			if (p.at == p.end)
				return true;
			behind_any = p;
			begin = t;
			first = first_byte(p, escape);
		} else if (take(&p, &t, escape)) {
			continue;
		} else if (!behind_any.at) {
			return false;
		} else {
			p = behind_any;
			pass_character(&begin);
		}
		if (first >= 0)
			begin.at = find_byte(&begin, (char)first);
		if (begin.at == begin.end)
			return false;
		t = begin;
	}
}
