/* SPDX-License-Identifier: Apache-2.0 */
#include "http/chunks.h"

#include "base/text.h"
#include "http/framing.h"

/* 64 bits. More digits can only be leading zeros. */
#define DIGITS_MAX 16

static enum chunks_state size_digit(struct chunks *c, int digit)
{
	if (c->size >> 60)
		return CHUNKS_TOO_LARGE;
	if (++c->digits > DIGITS_MAX)
		return CHUNKS_BAD;
	c->size = c->size << 4 | (unsigned)digit;
	return CHUNKS_DIGITS;
}

static enum chunks_state size_end(struct chunks *c)
{
	c->digits = 0;
	if (!c->size)
		return CHUNKS_LINE;
	if (c->size > c->max - c->total)
		return CHUNKS_TOO_LARGE;
	c->total += c->size;
	return CHUNKS_DATA;
}

static bool is_text(char c)
{
	return ((unsigned char)c >= ' ' && c != 0x7f) || c == '\t';
}

/* A byte of an extension or a trailer. */
static enum chunks_state extra(struct chunks *c, bool good, enum chunks_state next)
{
	return good && ++c->extra <= CHUNKS_EXTRA_MAX ? next : CHUNKS_BAD;
}

static enum chunks_state expect(char c, char wanted, enum chunks_state next)
{
	return c == wanted ? next : CHUNKS_BAD;
}

/* \return the state after a byte of a size line */
static enum chunks_state size_byte(struct chunks *c, char b)
{
	int digit = hex_digit(b);
	if (c->state == CHUNKS_SIZE_LF)
		return b == '\n' ? size_end(c) : CHUNKS_BAD;
	if (c->state == CHUNKS_EXT)
		return b == '\r' ? CHUNKS_SIZE_LF : extra(c, is_text(b), CHUNKS_EXT);
	if (digit >= 0)
		return size_digit(c, digit);
	if (c->state == CHUNKS_SIZE)
		return CHUNKS_BAD;
	return b == '\r' ? CHUNKS_SIZE_LF : extra(c, b == ';', CHUNKS_EXT);
}

/* \return the state after a byte of a trailer */
static enum chunks_state trailer_byte(struct chunks *c, char b)
{
	if (c->state == CHUNKS_LINE)
		return b == '\r' ? CHUNKS_END_LF : extra(c, is_token_char(b), CHUNKS_NAME);
	if (c->state == CHUNKS_NAME)
		return b == ':' ? CHUNKS_VALUE : extra(c, is_token_char(b), CHUNKS_NAME);
	return b == '\r' ? CHUNKS_VALUE_LF : extra(c, is_text(b), CHUNKS_VALUE);
}

static enum chunks_state next_state(struct chunks *c, char b)
{
	switch (c->state) {
	case CHUNKS_DATA_CR:
		return expect(b, '\r', CHUNKS_DATA_LF);
	case CHUNKS_DATA_LF:
		return expect(b, '\n', CHUNKS_SIZE);
	case CHUNKS_VALUE_LF:
		return expect(b, '\n', CHUNKS_LINE);
	case CHUNKS_END_LF:
		return expect(b, '\n', CHUNKS_END);
	case CHUNKS_LINE:
	case CHUNKS_NAME:
	case CHUNKS_VALUE:
		return trailer_byte(c, b);
	default:
		return size_byte(c, b);
	}
}

size_t chunks_read(struct chunks *c, const char *s, size_t len)
{
	size_t at = 0;
	while (at < len && c->state < CHUNKS_END) {
		if (c->state != CHUNKS_DATA) {
			c->state = next_state(c, s[at++]);
			continue;
		}
		size_t n = c->size < len - at ? (size_t)c->size : len - at;
		at += n;
		c->size -= n;
		if (!c->size)
			c->state = CHUNKS_DATA_CR;
	}
	return at;
}
