/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/write_request.h"

void request_text(struct buf *b, const char *s, size_t len)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < ' ') {
			buf_addf(b, "\\u%04x", (unsigned)s[i]);
			continue;
		}
		if (s[i] == '"' || s[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, s[i]);
	}
	buf_add_char(b, '"');
}

void request_begin(struct buf *b, const char *operation)
{
	buf_add_str(b, "{\"operation\":");
	request_text(b, operation, strlen(operation));
}

void request_name(struct buf *b, const char *name)
{
	buf_add_char(b, ',');
	request_text(b, name, strlen(name));
	buf_add_char(b, ':');
}

void request_member(struct buf *b, const char *name, const char *text)
{
	request_name(b, name);
	request_text(b, text, strlen(text));
}

void request_end(struct buf *b)
{
	buf_add_char(b, '}');
}
