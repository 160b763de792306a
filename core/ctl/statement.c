/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/statement.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/** The place after the next \p end; the end of the text if there is none. */
static size_t behind(const char *s, size_t len, size_t from, const char *end)
{
	size_t n = strlen(end);
	for (size_t i = from; i + n <= len; i++)
		if (memcmp(s + i, end, n) == 0)
			return i + n;
	return len;
}

static bool is_at(const char *s, size_t len, size_t at, const char *text)
{
	size_t n = strlen(text);
	return len - at >= n && memcmp(s + at, text, n) == 0;
}

/** The place after the comment, quoted text or single character at \p at. A doubled quote counts as two quoted texts. */
static size_t step(const char *s, size_t len, size_t at)
{
	static const struct {
		const char *begin, *end;
	} spans[] = { { "'", "'" }, { "\"", "\"" }, { "`", "`" }, { "[", "]" }, { "--", "\n" }, { "/*", "*/" } };
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		if (is_at(s, len, at, spans[i].begin))
			return behind(s, len, at + strlen(spans[i].begin), spans[i].end);
	return at + 1;
}

size_t statement_len(const char *s, size_t len)
{
	for (size_t at = 0; at < len; at = step(s, len, at))
		if (s[at] == ';')
			return at + 1;
	return 0;
}

bool statement_is_blank(const char *s, size_t len)
{
	for (size_t at = 0; at < len; at = step(s, len, at))
		if (!strchr(" \t\r\n\v\f;", s[at]) && !is_at(s, len, at, "--") && !is_at(s, len, at, "/*"))
			return false;
	return true;
}

static size_t word_len(const char *s, size_t len, size_t at)
{
	size_t n = 0;
	while (at + n < len && (isalnum((unsigned char)s[at + n]) || s[at + n] == '_' || (unsigned char)s[at + n] >= 0x80))
		n++;
	return n;
}

static bool is_verb(const char *word, size_t len)
{
	static const char *const verbs[] = { "INSERT", "REPLACE", "UPDATE", "DELETE" };
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strlen(verbs[i]) == len && !strncasecmp(word, verbs[i], len))
			return true;
	return false;
}

bool statement_changes(const char *s, size_t len)
{
	int open = 0; /* parentheses */
	for (size_t at = 0; at < len && s[at] != ';';) {
		size_t word = word_len(s, len, at);
		if (!word) {
			open += (s[at] == '(') - (s[at] == ')');
			at = step(s, len, at);
			continue;
		}
		if (!open && is_verb(s + at, word))
			return true;
		if (!open && word == strlen("SELECT") && !strncasecmp(s + at, "SELECT", word))
			return false;
		at += word;
	}
	return false;
}
