/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void s3_text_erase(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void s3_text_add(struct s3_text *t, const char *s, size_t len)
{
	if (!t->failed && t->len + len + 1 > t->room) {
		size_t room = 2 * (t->len + len) + 64;
		char *larger = malloc(room); /* realloc() would leave a copy of a secret */
		t->failed = !larger;
		if (larger) {
			if (t->len)
				memcpy(larger, t->s, t->len);
			s3_text_erase(t->s);
			t->s = larger;
			t->room = room;
		}
	}
	if (t->failed)
		return;
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void s3_text_adds(struct s3_text *t, ...)
{
	va_list ap;
	va_start(ap, t);
	for (const char *s = va_arg(ap, const char *); s; s = va_arg(ap, const char *))
		s3_text_add(t, s, strlen(s));
	va_end(ap);
}

char *s3_text_take(struct s3_text *t)
{
	s3_text_add(t, "", 0);
	char *ret = t->failed ? NULL : t->s;
	if (t->failed)
		free(t->s);
	*t = (struct s3_text){ 0 };
	return ret;
}
