/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File names of databases: the same everywhere, valid even on file systems that ignore case, and short enough for all of them.
 */
#include "base/text.h"
#include "store/store_internal.h"

#include <stdlib.h>

#define SUFFIX ".mdb"
#define HASH_DIGITS 32
#define READABLE_MAX (FILE_NAME_MAX - HASH_DIGITS - 1)

static bool is_plain(unsigned char c, bool leading)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || (!leading && (c == '.' || c == ' '));
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void name_to_file(const char *name, char *out)
{
	size_t len = 0, readable = 0;
	bool whole = true;
	for (const char *s = name; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = is_plain(c, s == name);
		size_t need = plain ? 1 : 3;
		if (len + need > FILE_NAME_MAX) {
			whole = false;
			break;
		}
		if (plain) {
			out[len] = *s;
		} else {
			out[len] = '%';
			hex_text(out + len + 1, &c, 1);
		}
		len += need;
		if (len <= READABLE_MAX)
			readable = len;
	}
	if (!whole) {
		static const uint8_t key[16] = "lyre file name 1";
		uint8_t hash[16];
		siphash128(key, name, strlen(name), hash);
		len = readable;
		out[len++] = '~';
		hex_text(out + len, hash, sizeof hash);
		len += HASH_DIGITS;
	}
	memcpy(out + len, SUFFIX, sizeof SUFFIX);
}

/* Hashed names have this ending; escaped ones contain no '~'. */
static bool is_hashed(const char *s, size_t len)
{
	if (len <= HASH_DIGITS || s[len - HASH_DIGITS - 1] != '~')
		return false;
	for (size_t i = len - HASH_DIGITS; i < len; i++)
		if (digit_value(s[i]) < 0)
			return false;
	return true;
}

int file_to_name(const char *file, bool *hashed, char **ret)
{
	size_t len = strlen(file);
	if (len <= strlen(SUFFIX) || strcmp(file + len - strlen(SUFFIX), SUFFIX) || file[0] == '.')
		return LYRE_EINVAL;
	len -= strlen(SUFFIX);
	*hashed = is_hashed(file, len);
	char *name = malloc(len + 1);
	if (!name)
		return LYRE_ENOMEM;
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		int high, low;
		if (file[i] == '%' && i + 2 < len && (high = digit_value(file[i + 1])) >= 0 &&
			(low = digit_value(file[i + 2])) >= 0 && high + low > 0) {
			name[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			name[n++] = file[i];
		}
	}
	name[n] = '\0';
	*ret = name;
	return 0;
}
