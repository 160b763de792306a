/* SPDX-License-Identifier: Apache-2.0 */
#include "config/edit.h"

#include "base/json.h"

#include <strings.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** Words to which some YAML readers give another meaning. */
static bool is_special(const char *s, size_t len)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no", "on", "off", "y", "n" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && !strncasecmp(words[i], s, len))
			return true;
	return false;
}

/** Whether a string can be written without quotes anywhere. */
static bool reads_plain(const char *s, size_t len, bool word)
{
	if (!len || len > 200 || (!word && (!(is_letter(*s) || *s == '/') || is_special(s, len))))
		return false;
	for (size_t i = 0; i < len; i++) {
		bool blank = s[i] == ' ' && i > 0 && i + 1 < len && s[i - 1] != ' ';
		bool sign = s[i] && strchr("_./-", s[i]) && (i > 0 || s[i] != '-' || (len > 1 && s[1] >= '0' && s[1] <= '9'));
		if (!is_letter(s[i]) && !(s[i] >= '0' && s[i] <= '9') && !sign && !blank)
			return false;
	}
	/* A line that starts with ... would end the document. */
	return strncmp(s, "...", len < 3 ? len : 3) != 0;
}

/** Length in bytes of the character at \p s if YAML needs it escaped; else 0. */
static size_t unprintable(const unsigned char *s, size_t len, unsigned *code)
{
	if (s[0] < 0x20 || s[0] == 0x7f) {
		*code = s[0];
		return 1;
	}
	if (len >= 2 && s[0] == 0xc2 && s[1] <= 0xa0) {
		*code = s[1];
		return 2;
	}
	if (len < 3 || (s[0] & 0xf0) != 0xe0)
		return 0;
	*code = (unsigned)(s[0] & 15) << 12 | (unsigned)(s[1] & 63) << 6 | (s[2] & 63);
	return *code == 0x2028 || *code == 0x2029 || *code == 0xfeff || *code >= 0xfffe ? 3 : 0;
}

static void add_quoted(struct buf *b, const char *s, size_t len)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < len;) {
		unsigned code;
		size_t n = unprintable((const unsigned char *)s + i, len - i, &code);
		if (n)
			buf_addf(b, "\\u%04X", code);
		else if (s[i] == '"' || s[i] == '\\')
			buf_add(b, (char[]){ '\\', s[i] }, 2);
		else
			buf_add_char(b, s[i]);
		i += n ? n : 1;
	}
	buf_add_char(b, '"');
}

void yaml_add_text(struct buf *b, const char *s, size_t len, bool word)
{
	if (reads_plain(s, len, word))
		buf_add(b, s, len);
	else
		add_quoted(b, s, len);
}

void yaml_add_value(struct buf *b, const lyre_value *v)
{
	switch (v->type) {
	case LYRE_STRING:
		yaml_add_text(b, v->s, v->len, false);
		break;
	case LYRE_ARRAY:
		buf_add_char(b, '[');
		for (uint32_t i = 0; i < v->len; i++) {
			buf_add_str(b, i ? ", " : "");
			yaml_add_value(b, &v->items[i]);
		}
		buf_add_char(b, ']');
		break;
	case LYRE_OBJECT:
		buf_add_char(b, '{');
		for (uint32_t i = 0; i < v->len; i++) {
			buf_add_str(b, i ? ", " : "");
			yaml_add_text(b, v->members[i].name, v->members[i].name_len, false);
			buf_add_str(b, ": ");
			yaml_add_value(b, &v->members[i].value);
		}
		buf_add_char(b, '}');
		break;
	default:
		json_add_value(b, v);
	}
}
