/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_xml.h"

#include <stdint.h>
#include <string.h>

/* What is still to be read. */
struct reader {
	const char *s, *end;
};

enum token { TOKEN_END, TOKEN_OPEN, TOKEN_EMPTY, TOKEN_CLOSE, TOKEN_CDATA, TOKEN_OTHER };

static bool begins(const struct reader *r, const char *text)
{
	size_t len = strlen(text);
	return (size_t)(r->end - r->s) >= len && !memcmp(r->s, text, len);
}

/* Goes behind the next \p text. \return where it begins; NULL, and to the end, if there is none */
static const char *pass(struct reader *r, const char *text)
{
	const char *found = memmem(r->s, (size_t)(r->end - r->s), text, strlen(text));
	r->s = found ? found + strlen(text) : r->end;
	return found;
}

/* Behind the ">" of a tag, which may be in the value of an attribute too. \return where it is; NULL */
static const char *pass_tag(struct reader *r)
{
	char quote = 0;
	for (; r->s < r->end; r->s++) {
		if (quote)
			quote = *r->s == quote ? 0 : quote;
		else if (*r->s == '"' || *r->s == '\'')
			quote = *r->s;
		else if (*r->s == '>')
			return r->s++;
	}
	return NULL;
}

/* The name without its prefix. */
static void local_name(const char *s, const char *end, const char **name, size_t *len)
{
	const char *from = s, *to = s;
	while (to < end && !memchr(" \t\r\n/>", *to, 6))
		if (*to++ == ':')
			from = to;
	*name = from;
	*len = (size_t)(to - from);
}

/* The next tag or section. \param[out] name  of a tag; what is in a section */
static enum token next(struct reader *r, const char **name, size_t *len)
{
	const char *from = memchr(r->s, '<', (size_t)(r->end - r->s)), *to;
	r->s = from ? from : r->end;
	if (!from)
		return TOKEN_END;
	if (begins(r, "<!--"))
		return pass(r, "-->") ? TOKEN_OTHER : TOKEN_END;
	if (begins(r, "<?"))
		return pass(r, "?>") ? TOKEN_OTHER : TOKEN_END;
	if (begins(r, "<![CDATA[")) {
		*name = from + strlen("<![CDATA[");
		to = pass(r, "]]>");
		*len = to ? (size_t)(to - *name) : 0;
		return to ? TOKEN_CDATA : TOKEN_END;
	}
	bool closes = begins(r, "</");
	to = pass_tag(r);
	if (!to)
		return TOKEN_END;
	local_name(from + 1 + closes, to, name, len);
	return *(from + 1) == '!' ? TOKEN_OTHER : closes ? TOKEN_CLOSE : to[-1] == '/' ? TOKEN_EMPTY : TOKEN_OPEN;
}

static bool is_named(const char *name, size_t len, const char *wanted)
{
	return len == strlen(wanted) && !memcmp(name, wanted, len);
}

bool s3_xml_is(const char *xml, size_t len, const char *wanted)
{
	struct reader r = { xml, xml + len };
	const char *name = NULL;
	size_t name_len = 0;
	enum token t;
	do
		t = next(&r, &name, &name_len);
	while (t == TOKEN_OTHER);
	return (t == TOKEN_OPEN || t == TOKEN_EMPTY) && is_named(name, name_len, wanted);
}

static size_t encode_utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
	return n;
}

/* Of "&#65;" or "&#x41;", without the "&#". \return 0 if it is none */
static uint32_t reference(const char *s, const char *semicolon)
{
	unsigned base = *s == 'x' ? 16 : 10;
	uint32_t c = 0;
	for (s += base == 16; s < semicolon && c <= 0x10ffff; s++) {
		unsigned digit = *s >= '0' && *s <= '9' ? (unsigned)(*s - '0') : (unsigned)((*s | 0x20) - 'a' + 10);
		if (digit >= base)
			return 0;
		c = c * base + digit;
	}
	return c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : c;
}

/* One character of a text. \return bytes read; \p n: bytes written */
static size_t character(const char *s, const char *end, char out[4], size_t *n)
{
	static const struct {
		const char *name;
		char is;
	} entities[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' } };
	const struct reader r = { s, end };
	const char *semicolon = memchr(s, ';', end - s < 12 ? (size_t)(end - s) : 12);
	*n = 1;
	out[0] = *s;
	for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
		if (begins(&r, entities[i].name)) {
			out[0] = entities[i].is;
			return strlen(entities[i].name);
		}
	uint32_t c = begins(&r, "&#") && semicolon ? reference(s + 2, semicolon) : 0;
	if (!c)
		return 1;
	*n = encode_utf8(c, out);
	return (size_t)(semicolon + 1 - s);
}

/* \return whether it fitted */
static bool add(char *out, size_t size, size_t *n, const char *s, const char *end, bool is_raw)
{
	while (s < end) {
		char one[4] = { *s };
		size_t len = 1;
		s += is_raw ? 1 : character(s, end, one, &len);
		if (*n + len >= size)
			return false;
		memcpy(out + *n, one, len);
		*n += len;
	}
	return true;
}

/* From behind the tag that opens an element to the one that closes it. */
static bool element_text(struct reader *r, const char *wanted, char *out, size_t size)
{
	const char *name = NULL;
	size_t n = 0, len = 0;
	for (;;) {
		const char *from = r->s;
		enum token t = next(r, &name, &len);
		const char *to = t == TOKEN_END ? NULL : memchr(from, '<', (size_t)(r->s - from));
		if (!to || !add(out, size, &n, from, to, false))
			return false;
		if (t == TOKEN_CDATA && !add(out, size, &n, name, name + len, true))
			return false;
		if (t == TOKEN_CLOSE) {
			out[n] = '\0';
			return is_named(name, len, wanted) && n > 0;
		}
		if (t == TOKEN_OPEN || t == TOKEN_EMPTY)
			return false;
	}
}

bool s3_xml_text(const char *xml, size_t len, const char *wanted, char *out, size_t size)
{
	struct reader r = { xml, xml + len };
	const char *name = NULL;
	size_t name_len = 0;
	bool found = false;
	for (enum token t = TOKEN_OTHER; t != TOKEN_END && !found;) {
		t = next(&r, &name, &name_len);
		found = t == TOKEN_OPEN && is_named(name, name_len, wanted);
	}
	found = found && element_text(&r, wanted, out, size);
	if (!found)
		out[0] = '\0';
	return found;
}
