/* SPDX-License-Identifier: Apache-2.0 */
#include "western.h"

/** 0x80 to 0x9f. Bytes that have no character are control characters. */
static const unsigned short special[32] = {
	0x20ac,
	0x81,
	0x201a,
	0x192,
	0x201e,
	0x2026,
	0x2020,
	0x2021,
	0x2c6,
	0x2030,
	0x160,
	0x2039,
	0x152,
	0x8d,
	0x17d,
	0x8f,
	0x90,
	0x2018,
	0x2019,
	0x201c,
	0x201d,
	0x2022,
	0x2013,
	0x2014,
	0x2dc,
	0x2122,
	0x161,
	0x203a,
	0x153,
	0x9d,
	0x17e,
	0x178,
};

size_t western_to_utf8(char *to, const char *s, size_t len)
{
	char *begin = to;

	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)s[i];

		if (c >= 0x80 && c < 0xa0)
			c = special[c - 0x80];
		if (c < 0x80) {
			*to++ = (char)c;
		} else if (c < 0x800) {
			*to++ = (char)(0xc0 | c >> 6);
			*to++ = (char)(0x80 | (c & 0x3f));
		} else {
			*to++ = (char)(0xe0 | c >> 12);
			*to++ = (char)(0x80 | (c >> 6 & 0x3f));
			*to++ = (char)(0x80 | (c & 0x3f));
		}
	}
	return (size_t)(to - begin);
}
