/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

int hex_digit(char c)
{
	int small = c | ('a' ^ 'A');
	if (c >= '0' && c <= '9')
		return c - '0';
	return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

size_t percent_decode(char *out, const char *s, size_t len, bool plus)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		int high = s[i] == '%' && i + 2 < len ? hex_digit(s[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(s[i + 2]);
		if (low < 0) {
			out[n++] = (char)(plus && s[i] == '+' ? ' ' : s[i]);
			continue;
		}
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	return n;
}
