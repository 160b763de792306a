/* SPDX-License-Identifier: Apache-2.0 */
#include "der_time.h"

#define INTEGER 0x02
#define SEQUENCE 0x30
#define VERSION 0xa0
#define UTC_TIME 0x17
#define GENERALIZED_TIME 0x18

/* Bytes that are still to be read. */
struct der {
	const unsigned char *at, *end;
};

/* The next element. \return its tag, with what it holds in \p ret; -1 if there is none */
static int next(struct der *d, struct der *ret)
{
	if (d->end - d->at < 2)
		return -1;
	int tag = *d->at++;
	size_t len = *d->at++;
	if (len & 0x80) {
		size_t bytes = len & 0x7f;
		if (bytes < 1 || bytes > 4 || (size_t)(d->end - d->at) < bytes)
			return -1;
		for (len = 0; bytes; bytes--)
			len = len << 8 | *d->at++;
	}
	if ((size_t)(d->end - d->at) < len)
		return -1;
	*ret = (struct der){ d->at, d->at + len };
	d->at += len;
	return tag;
}

/* Some digits as a number; -1 if they are none. */
static int digits(const unsigned char *s, int count)
{
	int ret = 0;
	for (; count; count--, s++) {
		if (*s < '0' || *s > '9')
			return -1;
		ret = ret * 10 + (*s - '0');
	}
	return ret;
}

/* Days from the epoch to a date of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ. */
static bool read_time(int tag, const struct der *d, int64_t *ret)
{
	const unsigned char *s = d->at;
	int width = tag == UTC_TIME ? 2 : 4;
	if ((tag != UTC_TIME && tag != GENERALIZED_TIME) || d->end - s != width + 11 || s[width + 10] != 'Z')
		return false;
	int year = digits(s, width), part[5];
	for (int i = 0; i < 5; i++) {
		part[i] = digits(s + width + 2 * i, 2);
		if (part[i] < 0)
			return false;
	}
	if (tag == UTC_TIME && year >= 0)
		year += year < 50 ? 2000 : 1900;
	if (year < 0 || part[0] < 1 || part[0] > 12 || part[1] < 1 || part[1] > 31 || part[2] > 23 || part[3] > 59 || part[4] > 60)
		return false;
	*ret = days_of(year, part[0], part[1]) * 86400 + part[2] * 3600 + part[3] * 60 + part[4];
	return true;
}

/* Passes over some elements. */
static bool skip(struct der *d, int count)
{
	struct der skipped;
	while (count && next(d, &skipped) >= 0)
		count--;
	return !count;
}

/* The next element is a time. */
static bool next_time(struct der *d, int64_t *ret)
{
	struct der time;
	int tag = next(d, &time);
	return read_time(tag, &time, ret);
}

/* What is signed of a certificate or a CRL. */
static bool open_signed(const unsigned char *der, size_t len, struct der *ret)
{
	struct der all = { der, der + len }, whole;
	return next(&all, &whole) == SEQUENCE && next(&whole, ret) == SEQUENCE;
}

static bool begins_with(const struct der *d, int tag)
{
	return d->at < d->end && *d->at == tag;
}

bool der_read_validity(const unsigned char *der, size_t len, int64_t *from, int64_t *to)
{
	struct der part, validity;
	if (!open_signed(der, len, &part) || (begins_with(&part, VERSION) && !skip(&part, 1)))
		return false;
	/* serial number, algorithm of the signature, issuer */
	if (!skip(&part, 3) || next(&part, &validity) != SEQUENCE)
		return false;
	return next_time(&validity, from) && next_time(&validity, to);
}

bool der_read_next_update(const unsigned char *der, size_t len, int64_t *ret)
{
	struct der part;
	int64_t this_update;
	if (!open_signed(der, len, &part) || (begins_with(&part, INTEGER) && !skip(&part, 1)))
		return false;
	/* algorithm of the signature, issuer */
	if (!skip(&part, 2) || !next_time(&part, &this_update))
		return false;
	*ret = INT64_MAX;
	return (!begins_with(&part, UTC_TIME) && !begins_with(&part, GENERALIZED_TIME)) || next_time(&part, ret);
}

int der_validity(gnutls_x509_crt_t crt, int64_t *from, int64_t *to)
{
	gnutls_datum_t der;
	int rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return rc;
	bool read = der_read_validity(der.data, der.size, from, to);
	gnutls_free(der.data);
	return read ? 0 : GNUTLS_E_ASN1_DER_ERROR;
}

int der_next_update(gnutls_x509_crl_t crl, int64_t *ret)
{
	gnutls_datum_t der;
	int rc = gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return rc;
	bool read = der_read_next_update(der.data, der.size, ret);
	gnutls_free(der.data);
	return read ? 0 : GNUTLS_E_ASN1_DER_ERROR;
}
