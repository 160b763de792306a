/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "base/round.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

/* Length of the valid character at s, 0 if there is none. */
static size_t utf8_char(const unsigned char *s, size_t len)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

size_t utf8_control(const char *s, size_t len)
{
	unsigned char first = len ? (unsigned char)s[0] : ' ', second = len > 1 ? (unsigned char)s[1] : 0xff;
	if (first == 0xc2)
		return second < 0xa0 ? 2 : 0;
	return first < 0x20 || first == 0x7f;
}

size_t utf8_valid_prefix(const char *s, size_t len)
{
	size_t i = 0;
	while (i < len) {
		uint64_t eight;
		while (len - i >= 8 && (memcpy(&eight, s + i, 8), !(eight & 0x8080808080808080u)))
			i += 8;
		if (i == len)
			break;
		size_t n = utf8_char((const unsigned char *)s + i, len - i);
		if (!n)
			break;
		i += n;
	}
	return i;
}

size_t utf8_cut(const char *s, size_t len, size_t max)
{
	size_t at = len < max ? len : max;
	if (at == 0 || at > len)
		return at;
	size_t back = at;
	while (back > 0 && at - back < 4 && ((unsigned char)s[back - 1] & 0xc0) == 0x80)
		back--;
	if (back == 0)
		return at;
	unsigned char first = (unsigned char)s[back - 1];
	size_t need = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	return at - (back - 1) >= need ? at : back - 1;
}

bool word_valid(const char *s, size_t max)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return len > 0 && len <= max && !s[len];
}

static size_t edit_distance(const char *a, const char *b)
{
	enum { MAX = 64 };
	size_t la = strlen(a), lb = strlen(b), row[MAX + 1];
	if (la > MAX || lb > MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t up = row[j], best = diagonal + (strncasecmp(a + i - 1, b + j - 1, 1) != 0);
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = up;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *closest_word(const char *word, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t limit = strlen(word) / 3 + 1, least = limit + 1;
	for (size_t i = 0; i < count; i++) {
		size_t d = edit_distance(word, names[i]);
		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

double now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000) / 1000.0;
}

int64_t monotonic_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct timespec timespec_of(int64_t seconds, int64_t ns)
{
	bool fits = seconds == (time_t)seconds;
	return (struct timespec){ .tv_sec = fits ? (time_t)seconds : INT32_MAX, .tv_nsec = (long)ns };
}

struct timespec timespec_of_ms(int64_t ms)
{
	return timespec_of(ms / 1000, ms % 1000 * 1000000);
}

struct timespec timespec_of_ns(int64_t ns)
{
	return timespec_of(ns / 1000000000, ns % 1000000000);
}

int64_t monotonic_ms(void)
{
	return monotonic_ns() / 1000000;
}

/* Conversion between civil dates and days since 1970-01-01: years start in March here, so that leap days come last. */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_of(int64_t days, int64_t *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * m + 2) / 5) + 1;
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

size_t iso_time(char out[32], double ms)
{
	if (!(ms >= -62167219200000.0 && ms < 253402300800000.0))
		return 0;
	int64_t t = (int64_t)round_down(ms), day_ms = 86400000;
	int64_t days = t / day_ms - (t % day_ms < 0);
	int64_t rest = t - days * day_ms, year;
	int month, day;
	civil_of(days, &year, &month, &day);
	return (size_t)snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year % 10000, month % 100, day % 100,
		(int)(rest / 3600000) % 100, (int)(rest / 60000 % 60), (int)(rest / 1000 % 60), (int)(rest % 1000));
}

/* Reads exactly n digits at *p, and moves past them. */
static bool take_digits(const char **p, const char *end, int n, int *ret)
{
	int v = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (*p >= end || **p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return true;
}

static bool take(const char **p, const char *end, char c)
{
	if (*p >= end || **p != c)
		return false;
	++*p;
	return true;
}

/* Reads a fraction of a second, such as .123, with any number of digits; in milliseconds. */
static bool take_fraction(const char **p, const char *end, double *ms)
{
	double unit = 100;
	const char *from = *p;
	for (; *p < end && **p >= '0' && **p <= '9'; ++*p, unit /= 10)
		*ms += unit * (**p - '0');
	*ms = round_down(*ms);
	return *p > from;
}

static bool take_zone(const char **p, const char *end, int *minutes)
{
	int h, m, sign;
	if (*p == end || take(p, end, 'Z'))
		return true;
	if (take(p, end, '+'))
		sign = 1;
	else if (take(p, end, '-'))
		sign = -1;
	else
		return false;
	if (!take_digits(p, end, 2, &h))
		return false;
	take(p, end, ':');
	if (!take_digits(p, end, 2, &m) || h > 23 || m > 59)
		return false;
	*minutes = sign * (h * 60 + m);
	return true;
}

bool iso_time_parse(const char *s, size_t len, double *ms)
{
	const char *p = s, *end = s + len;
	int year, month = 1, day = 1, hour = 0, minute = 0, second = 0, zone = 0;
	double fraction = 0;
	if (!take_digits(&p, end, 4, &year))
		return false;
	if (take(&p, end, '-')) {
		if (!take_digits(&p, end, 2, &month))
			return false;
		if (take(&p, end, '-') && !take_digits(&p, end, 2, &day))
			return false;
	}
	if (p < end) {
		if (!(take(&p, end, 'T') || take(&p, end, ' ')) || !take_digits(&p, end, 2, &hour) || !take(&p, end, ':') ||
			!take_digits(&p, end, 2, &minute))
			return false;
		if (take(&p, end, ':')) {
			if (!take_digits(&p, end, 2, &second))
				return false;
			if (take(&p, end, '.') && !take_fraction(&p, end, &fraction))
				return false;
		}
		if (!take_zone(&p, end, &zone))
			return false;
	}
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (p != end || month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 59)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day > month_days[month - 1] + (month == 2 && leap) || (hour == 24 && (minute || second || fraction > 0)))
		return false;
	int64_t minutes = (days_of(year, month, day) * 24 + hour) * 60 + minute - zone;
	*ms = (double)(minutes * 60 + second) * 1000.0 + fraction;
	return true;
}

void random_bytes(void *out, size_t len)
{
	unsigned char *p = out;
	while (len) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno != EINTR) {
			fprintf(stderr, "cannot get random numbers from the system: %s\n", strerror(errno));
			abort();
		}
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

char *hex_text(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	while (len--) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p++ & 15];
	}
	*out = '\0';
	return out;
}

void uuid_text(char out[37])
{
	static const size_t groups[] = { 4, 2, 2, 2, 6 };
	unsigned char b[16];
	random_bytes(b, sizeof b);
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	const unsigned char *from = b;
	for (size_t i = 0; i < sizeof groups / sizeof *groups; from += groups[i++]) {
		if (i)
			*out++ = '-';
		out = hex_text(out, from, groups[i]);
	}
}

#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))

static void sip_rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = ROTL(v[1], 13) ^ v[0];
		v[0] = ROTL(v[0], 32);
		v[2] += v[3];
		v[3] = ROTL(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = ROTL(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = ROTL(v[1], 17) ^ v[2];
		v[2] = ROTL(v[2], 32);
	}
}

/* Little-endian bytes to a word. */
static uint64_t word_at(const unsigned char *p, size_t n)
{
	uint64_t w = 0;
	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)p[i] << (8 * i);
	return w;
}

/* The same for eight bytes, in one load. */
static uint64_t whole_word(const unsigned char *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof w);
	return le64toh(w);
}

static void put_word(uint8_t *p, uint64_t w)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(w >> (8 * i));
}

void siphash128(const uint8_t key[16], const void *data, size_t len, uint8_t out[16])
{
	uint64_t k0 = whole_word(key), k1 = whole_word(key + 8);
	uint64_t v[4] = { 0x736f6d6570736575u ^ k0, 0x646f72616e646f6du ^ k1 ^ 0xee, 0x6c7967656e657261u ^ k0,
		0x7465646279746573u ^ k1 };
	const unsigned char *p = data;
	size_t rest = len;
	for (; rest >= 8; rest -= 8, p += 8) {
		uint64_t m = whole_word(p);
		v[3] ^= m;
		sip_rounds(v, 2);
		v[0] ^= m;
	}
	uint64_t last = (uint64_t)len << 56 | word_at(p, rest);
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xee;
	sip_rounds(v, 4);
	put_word(out, v[0] ^ v[1] ^ v[2] ^ v[3]);
	v[1] ^= 0xdd;
	sip_rounds(v, 4);
	put_word(out + 8, v[0] ^ v[1] ^ v[2] ^ v[3]);
}

void secure_clear(void *p, size_t len)
{
	if (len)
		explicit_bzero(p, len);
}

/** The six bits of a base64 letter plus one; 0 for all other bytes. */
static uint32_t base64_letter(unsigned char c)
{
	/* clang-format off */
	static const uint8_t letters[256] = {
		['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
		['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
		['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
		['+'] = 63, ['/'] = 64,
	};
	/* clang-format on */
	return letters[c];
}

long base64_decode(const char *s, size_t len, unsigned char *out)
{
	for (int pad = 0; pad < 2 && len && s[len - 1] == '='; pad++)
		len--;
	if (len % 4 == 1)
		return -1;
	uint32_t bits = 0;
	int have = 0;
	long n = 0;
	for (size_t i = 0; i < len; i++) {
		uint32_t letter = base64_letter((unsigned char)s[i]);
		if (!letter)
			return -1;
		bits = bits << 6 | (letter - 1);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (unsigned char)(bits >> have);
		}
	}
	return n;
}
