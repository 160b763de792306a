/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "http/encoder.h"

#ifdef HAVE_ZLIB
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

/* The fastest: it runs on the connection's thread, and already gains most of the possible savings. */
#define LEVEL 1
#define WINDOW (15 + 16) /* the largest window, with a gzip header */
#define MEMORY_LEVEL 8
#define PIECE ((size_t)64 << 10)
/* At most this many pieces are read before the output is sent, however small it is. */
#define PIECES_MAX 2
#define BLANKS " \t"

struct encoder {
	z_stream z;
	int fd;
	off_t at;         /* offset in the file */
	bool ended, done; /* the file was read to its end; all output was produced */
	unsigned char piece[PIECE];
};

/* ---- is it wanted? ---- */

/* The weight (q) among the parameters of an item; 1 if absent. */
static double weight_of(const char *s, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++) {
		if (s[i] != ';')
			continue;
		size_t at = i + 1 + strspn(s + i + 1, BLANKS);
		if (at + 2 < len && (s[at] | 0x20) == 'q' && s[at + 1] == '=')
			return strtod(s + at + 2, NULL);
	}
	return 1;
}

bool encoder_is_accepted(const char *accept)
{
	double gzip = -1, any = -1, identity = -1;
	while (accept && *accept) {
		accept += strspn(accept, BLANKS ",");
		size_t len = strcspn(accept, ","), name = strcspn(accept, ",;" BLANKS);
		double weight = weight_of(accept, len);
		if ((name == 4 && strncasecmp(accept, "gzip", 4) == 0) || (name == 6 && strncasecmp(accept, "x-gzip", 6) == 0))
			gzip = weight;
		else if (name == 1 && *accept == '*')
			any = weight;
		else if (name == 8 && strncasecmp(accept, "identity", 8) == 0)
			identity = weight;
		accept += len;
	}
	double wanted = gzip < 0 ? any : gzip;
	return wanted > 0 && wanted >= identity;
}

/* ---- compression ---- */

struct encoder *encoder_new(int fd)
{
	struct encoder *e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	e->fd = fd;
	if (deflateInit2(&e->z, LEVEL, Z_DEFLATED, WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK)
		return e;
	free(e);
	return NULL;
}

void encoder_free(struct encoder *e)
{
	if (!e)
		return;
	deflateEnd(&e->z);
	free(e);
}

/* \return false if the file cannot be read */
static bool read_piece(struct encoder *e)
{
	ssize_t n;
	do
		n = pread(e->fd, e->piece, sizeof e->piece, e->at);
	while (n < 0 && errno == EINTR);
	e->z.next_in = e->piece;
	e->z.avail_in = n > 0 ? (uInt)n : 0;
	e->at += n > 0 ? n : 0;
	e->ended = n == 0;
	return n >= 0;
}

ssize_t encoder_read(struct encoder *e, char *to, size_t max)
{
	unsigned pieces = 0;
	e->z.next_out = (Bytef *)to;
	e->z.avail_out = (uInt)max;
	while (!e->done && e->z.avail_out > 0) {
		bool enough = pieces == PIECES_MAX && !e->z.avail_in;
		if (enough && e->z.avail_out < max)
			break;
		if (!e->ended && !enough && !e->z.avail_in) {
			if (!read_piece(e))
				return -1;
			pieces++;
		}
		e->done = deflate(&e->z, e->ended ? Z_FINISH : enough ? Z_SYNC_FLUSH : Z_NO_FLUSH) == Z_STREAM_END;
	}
	return (ssize_t)(max - e->z.avail_out);
}

#else /* no zlib: nothing is compressed */
#include <stddef.h>

bool encoder_is_accepted(const char *accept)
{
	(void)accept;
	return false;
}

struct encoder *encoder_new(int fd)
{
	(void)fd;
	return NULL;
}

void encoder_free(struct encoder *e)
{
	(void)e;
}

ssize_t encoder_read(struct encoder *e, char *to, size_t max)
{
	(void)e;
	(void)to;
	(void)max;
	return -1;
}
#endif
