/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "http/encoding.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#ifdef HAVE_ZLIB
#include <zlib.h>

/* The largest window, and the flag for a gzip header instead of zlib's. */
#define WINDOW 15
#define GZIP_HEAD 16

struct decoder {
	z_stream z;
	bool gzip;
	bool ended; /* the last bytes read were the end of the stream or of a gzip member */
};

enum encoding encoding_of(const char *value)
{
	if (!value || strcasecmp(value, "identity") == 0)
		return ENCODING_NONE;
	if (strcasecmp(value, "gzip") == 0 || strcasecmp(value, "x-gzip") == 0)
		return ENCODING_GZIP;
	return strcasecmp(value, "deflate") == 0 ? ENCODING_DEFLATE : ENCODING_OTHER;
}

const char *encodings_taken(void)
{
	return "gzip, deflate";
}

struct decoder *decoder_new(enum encoding e)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->gzip = e == ENCODING_GZIP;
	if (inflateInit2(&d->z, d->gzip ? WINDOW + GZIP_HEAD : WINDOW) != Z_OK) {
		free(d);
		return NULL;
	}
	return d;
}

void decoder_free(struct decoder *d)
{
	inflateEnd(&d->z);
	free(d);
}

void decoder_feed(struct decoder *d, const char *s, size_t len)
{
	d->z.next_in = (z_const Bytef *)s;
	d->z.avail_in = (uInt)len; /* a piece of libmicrohttpd's buffer */
}

/* A gzip file may have several members, one after the other. */
static int next_member(struct decoder *d)
{
	if (!d->gzip)
		return LYRE_EINVAL;
	d->ended = false;
	return inflateReset(&d->z) == Z_OK ? LYRE_OK : LYRE_EINVAL;
}

int decoder_read(struct decoder *d, char *to, size_t *len)
{
	d->z.next_out = (Bytef *)to;
	d->z.avail_out = (uInt)*len;
	for (;;) {
		if (d->ended && d->z.avail_in && next_member(d))
			return LYRE_EINVAL;
		int r = d->ended ? Z_BUF_ERROR : inflate(&d->z, Z_NO_FLUSH);
		*len = (size_t)((char *)d->z.next_out - to);
		d->ended = d->ended || r == Z_STREAM_END;
		if (r == Z_MEM_ERROR)
			return LYRE_ENOMEM;
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return LYRE_EINVAL;
		if (*len || r == Z_BUF_ERROR || !d->z.avail_in)
			return LYRE_OK;
	}
}

int decoder_end(const struct decoder *d)
{
	return d->ended ? LYRE_OK : LYRE_EINVAL;
}

#else /* no zlib: no encoding is accepted and no decoder is made */

enum encoding encoding_of(const char *value)
{
	return !value || strcasecmp(value, "identity") == 0 ? ENCODING_NONE : ENCODING_OTHER;
}

const char *encodings_taken(void)
{
	return "identity";
}

struct decoder *decoder_new(enum encoding e)
{
	(void)e;
	return NULL;
}

void decoder_free(struct decoder *d)
{
	(void)d;
}

void decoder_feed(struct decoder *d, const char *s, size_t len)
{
	(void)d;
	(void)s;
	(void)len;
}

int decoder_read(struct decoder *d, char *to, size_t *len)
{
	(void)d;
	(void)to;
	*len = 0;
	return LYRE_EINVAL;
}

int decoder_end(const struct decoder *d)
{
	(void)d;
	return LYRE_EINVAL;
}
#endif
