/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/key_sort.c
 * \brief Sort keys for values of any type and length: index keys without truncation.
 */
#include "store/key.h"
#include "store/key_format.h"

static void add_text(struct buf *b, const char *s, size_t len)
{
	size_t plain = 0;

	buf_add_char(b, KEY_TAG_TEXT);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] > TEXT_ESCAPE)
			continue;
		buf_add(b, s + plain, i - plain);
		buf_add(b, (char[]){ TEXT_ESCAPE, (char)(s[i] + 1) }, 2);
		plain = i + 1;
	}
	buf_add(b, s + plain, len - plain);
	buf_add_char(b, TEXT_END);
}

/** After the key of a number outside int64, which others may share: its digits, a longer number being further from 0. */
static void add_digits(struct buf *b, const lyre_value *v)
{
	size_t start = b->len;

	buf_add(b, (char[]){ 0, 0 }, 2);
	if (v->type == LYRE_BIGINT)
		buf_add(b, v->s, v->len);
	else
		buf_addf(b, "%.0f", v->d);
	if (b->failed)
		return;

	unsigned char *p = (unsigned char *)b->data + start;
	size_t len = b->len - start - 2;

	p[0] = (unsigned char)(len >> 8);
	p[1] = (unsigned char)len;
	if (p[2] != '-')
		return;
	for (size_t i = 0; i < len + 2; i++)
		p[i] = (unsigned char)~p[i];
}

void key_sort_value(struct buf *b, const lyre_value *v)
{
	struct key k;

	while (v->type == LYRE_ARRAY && v->len)
		v = v->items;
	if (v->type == LYRE_STRING) {
		add_text(b, v->s, v->len);
	} else if (v->type >= LYRE_ARRAY) {
		buf_add_char(b, KEY_TAG_OBJECT);
	} else if (!key_index_value(&k, v)) {
		buf_add_char(b, KEY_TAG_NULL);
	} else {
		buf_add(b, k.bytes, k.len);
		if (k.cut)
			add_digits(b, v);
	}
}
