/* SPDX-License-Identifier: Apache-2.0 */
#include "like_match.h"

#include <string.h>

/** A place in a text, and its end. */
struct place {
	const char *at, *end;
};

/** What comes next in a pattern. */
enum item { END, ANY, ONE, LITERAL, BROKEN };

static char folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/** Passes one character. */
static void pass_character(struct place *p)
{
	bool first_of_more = (unsigned char)*p->at++ >= 0xc0;
	while (first_of_more && p->at < p->end && ((unsigned char)*p->at & 0xc0) == 0x80)
		p->at++;
}

/** Reads an item of a pattern; of a literal its first byte, as those that follow in a character are literals, too. */
static enum item next_item(struct place *p, struct like_text escape, char *literal)
{
	if (p->at == p->end)
		return END;
	bool escaped = escape.len && (size_t)(p->end - p->at) >= escape.len && !memcmp(p->at, escape.s, escape.len);
	if (escaped) {
		p->at += escape.len;
		if (p->at == p->end)
			return BROKEN;
	}
	*literal = folded(*p->at++);
	if (escaped || (*literal != '%' && *literal != '_'))
		return LITERAL;
	return *literal == '%' ? ANY : ONE;
}

/** Where the byte is next, in either case; the end: nowhere. */
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

/** Goes to where the items behind a % may begin. \return false: nowhere */
static bool find_begin(struct place *text, const struct place *pattern, struct like_text escape)
{
	struct place behind = *pattern;
	char literal = 0;
	if (next_item(&behind, escape, &literal) == LITERAL)
		text->at = find_byte(text, literal);
	return text->at < text->end;
}

/** Takes one item of a pattern that is not %. \return whether it fits */
static bool take(struct place *text, enum item item, char literal)
{
	if (text->at == text->end || (item == LITERAL && folded(*text->at) != literal) || (item != LITERAL && item != ONE))
		return false;
	if (item == LITERAL)
		text->at++;
	else
		pass_character(text);
	return true;
}

/** Passes what is alike and means itself. \p stop: what an escape begins with, or % */
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
	struct place behind_any = { NULL, NULL }, begin = t; /* behind the last %, and where that began in the text */
	const char stop = escape.len ? *escape.s : '%';
	for (;;) {
		char literal = 0;
		pass_alike(&p, &t, stop);
		enum item item = next_item(&p, escape, &literal);
		if (item == END && t.at == t.end)
			return true;
		if (item != ANY && take(&t, item, literal))
			continue;
		if (item == ANY) {
			while (p.at < p.end && *p.at == '%')
				p.at++;
			if (p.at == p.end)
				return true;
			behind_any = p;
			begin = t;
		} else if (!behind_any.at || item == BROKEN) {
			return false;
		} else {
			pass_character(&begin);
			p = behind_any;
		}
		if (!find_begin(&begin, &p, escape))
			return false;
		t = begin;
	}
}
