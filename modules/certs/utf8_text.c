/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_CHARACTER 0xfffd

static bool reserve(struct text *t, size_t more)
{
	size_t wanted = t->len + more + 1;
	if (t->failed || wanted <= t->room)
		return !t->failed;
	size_t room = wanted < 128 ? 128 : 2 * wanted;
	char *s = malloc(room);
	if (!s) {
		t->failed = true;
		return false;
	}
	/* not realloc(): what it leaves behind could be a key */
	if (t->len)
		memcpy(s, t->s, t->len);
	if (t->s)
		explicit_bzero(t->s, t->room);
	free(t->s);
	t->s = s;
	t->room = room;
	return true;
}

void text_add(struct text *t, const char *s, size_t len)
{
	if (!len || !reserve(t, len))
		return;
	memcpy(t->s + t->len, s, len);
	t->len += len;
}

void text_addf(struct text *t, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof line)
		t->failed = true;
	else
		text_add(t, line, (size_t)len);
}

void text_add_character(struct text *t, uint32_t c)
{
	char s[4];
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || !c)
		c = NO_CHARACTER;
	if (c < 0x80) {
		s[0] = (char)c;
		text_add(t, s, 1);
	} else if (c < 0x800) {
		s[0] = (char)(0xc0 | c >> 6);
		s[1] = (char)(0x80 | (c & 0x3f));
		text_add(t, s, 2);
	} else if (c < 0x10000) {
		s[0] = (char)(0xe0 | c >> 12);
		s[1] = (char)(0x80 | (c >> 6 & 0x3f));
		s[2] = (char)(0x80 | (c & 0x3f));
		text_add(t, s, 3);
	} else {
		s[0] = (char)(0xf0 | c >> 18);
		s[1] = (char)(0x80 | (c >> 12 & 0x3f));
		s[2] = (char)(0x80 | (c >> 6 & 0x3f));
		s[3] = (char)(0x80 | (c & 0x3f));
		text_add(t, s, 4);
	}
}

size_t text_read_character(const char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*s;
	size_t n = first < 0x80               ? 1 :
		first >= 0xc2 && first < 0xe0 ? 2 :
		first >= 0xe0 && first < 0xf0 ? 3 :
		first >= 0xf0 && first < 0xf5 ? 4 :
						0;
	*ret = NO_CHARACTER;
	if (!n || n > len)
		return 1;
	uint32_t c = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*ret = c;
	return n;
}

bool text_is_empty(const struct text *t)
{
	return !t->len && !t->failed;
}

char *text_take(struct text *t)
{
	char *ret = NULL;
	if (reserve(t, 0)) {
		ret = t->s;
		ret[t->len] = '\0';
	} else {
		free(t->s);
	}
	*t = (struct text){ 0 };
	return ret;
}

void text_erase(struct text *t)
{
	if (t->s)
		explicit_bzero(t->s, t->room);
	free(t->s);
	*t = (struct text){ 0 };
}
