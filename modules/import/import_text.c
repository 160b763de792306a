/* SPDX-License-Identifier: Apache-2.0 */
#include "import.h"

#include <string.h>

/** Bytes of the character that begins with this byte; 1 if none does. */
static size_t expected(unsigned char c)
{
	return c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
}

void import_cut(char *to, size_t size, const char *text)
{
	size_t len = strlen(text), room = size - sizeof "...", n = 0;

	while (n < len && n < room) {
		size_t one = expected((unsigned char)text[n]);
		if (one > len - n || !lyre_text_is_utf8(text + n, one)) {
			to[n++] = '?';
			continue;
		}
		if (one > room - n)
			break;
		memcpy(to + n, text + n, one);
		n += one;
	}
	strcpy(to + n, n < len ? "..." : "");
}
