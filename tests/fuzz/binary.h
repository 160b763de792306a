/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file binary.h
 * \brief Decoders of binary formats: what is accepted gives the same value in one step or two, can be expressed in JSON,
 * survives encoding and decoding, and takes memory only in proportion to its bytes.
 */
#ifndef FUZZ_BINARY_H
#define FUZZ_BINARY_H

#include "fuzz.h"

#include "base/json.h"
#include "base/text.h"
#include "encode/decode.h"
#include "encode/encode.h"

/** Memory per byte, which may be an array item: 64 bytes if the array had to grow, in blocks that are doubled twice. */
#define MEMORY_A_BYTE 256
#define MEMORY_LEAST (16 << 10)

static bool is_sound(const lyre_value *v, unsigned depth)
{
	must(depth <= JSON_DEPTH_MAX);
	if (v->type == LYRE_STRING || v->type == LYRE_BIGINT)
		must(v->s[v->len] == '\0' && utf8_valid_prefix(v->s, v->len) == v->len);
	for (uint32_t i = 0; v->type == LYRE_ARRAY && i < v->len; i++)
		must(is_sound(&v->items[i], depth + 1));
	for (uint32_t i = 0; v->type == LYRE_OBJECT && i < v->len; i++) {
		const struct value_member *m = &v->members[i];
		must(m->name[m->name_len] == '\0' && utf8_valid_prefix(m->name, m->name_len) == m->name_len);
		must(is_sound(&m->value, depth + 1));
	}
	return v->type <= LYRE_OBJECT;
}

static int in_steps(const struct decoder *d, struct arena *a, char *bytes, size_t size, lyre_value *v, struct err *e)
{
	int rc = d->decode(a, bytes, size, true, v, e);
	if (rc)
		return rc;
	must(d->rest(a, v, e) == 0);
	for (uint32_t i = 0; v->type == LYRE_OBJECT && i < v->len; i++)
		must(d->rest(a, &v->members[i].value, e) == 0);
	return 0;
}

static void write_whole(const struct encoder *f, const lyre_value *v, struct buf *out, struct arena *a)
{
	lyre_out o;
	out_begin(&o, f, out, a);
	out_value(&o, v);
	out_finish(&o);
	out_drop(&o);
	must(!out->failed);
}

static void check_written(const struct encoder *f, const struct decoder *d, const lyre_value *v, struct arena *a)
{
	struct buf out, json;
	struct err e;
	lyre_value again;
	buf_init(&out);
	buf_init(&json);
	write_whole(f, v, &out, a);
	char *bytes = fuzz_copy(out.data, out.len, 0);
	must(d->decode(a, bytes, out.len, false, &again, &e) == 0 && value_equal(v, &again));
	json_add_value(&json, v);
	must(json_decode_copy(a, json.data, json.len, &again, &e) == 0);
	free(bytes);
	buf_free(&json);
	buf_free(&out);
}

static void fuzz_binary(const struct encoder *f, const struct decoder *d, const uint8_t *data, size_t size)
{
	struct budget budget;
	struct charge charge;
	struct arena a, b;
	struct err e = { 0 }, other = { 0 };
	lyre_value v, steps;
	char *whole = fuzz_copy(data, size, 1), *outer = fuzz_copy(data, size, 1);
	budget_init(&budget, SIZE_MAX / 2, SIZE_MAX / 4, 1);
	charge_init(&charge, &budget, 0);
	arena_init_charged(&a, &charge);
	arena_init(&b);
	int rc = d->decode(&a, whole, size, false, &v, &e);
	must(rc == e.code && (rc == 0 || (rc == LYRE_EINVAL && *e.text)));
	must(charge.held <= MEMORY_LEAST + MEMORY_A_BYTE * size);
	must(in_steps(d, &b, outer, size, &steps, &other) == rc);
	must(!strcmp(rc ? e.text : "", rc ? other.text : ""));
	if (!rc) {
		must(is_sound(&v, 0) && value_equal(&v, &steps));
		check_written(f, d, &v, &b);
	}
	arena_free(&b);
	arena_free(&a);
	must(charge.held == 0);
	free(outer);
	free(whole);
}

#endif
