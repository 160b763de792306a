/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/record.h
 * \brief The stored form of a record: compact, self-describing by attribute ids, read in place.
 *
 *   u8 format (1) · u8 flags · u16 count · f64 created · f64 updated · count × { u16 attribute id, u32 end } · bytes
 *   (flag WIDE clear: the ends are u16, for shorter records)
 *
 * All integers little-endian, unaligned. An attribute's bytes are one tagged value: null, false, true, int (1, 2, 4,
 * 8 bytes), double, bigint digits, string, date (double, ms), bytes, array and object (as their items, with counts and
 * lengths, so that each can be skipped without reading it). The store keeps the record's times; an attribute that is one
 * of them is not stored twice.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/buf.h"
#include "base/json.h"
#include "base/value.h"

#include <stdbool.h>

struct record {
	const unsigned char *data; /**< in the map, or in a buffer; valid as long as that is */
	size_t len;
};

/** One stored value in place. */
struct field {
	const unsigned char *data;
	size_t len;
};

/** Stored types that JSON does not have. */
enum field_kind {
	FIELD_PLAIN,
	FIELD_DATE, /**< LYRE_DOUBLE ms; displayed as ISO 8601 text */
	FIELD_BYTES /**< LYRE_STRING; displayed as {"type":"Buffer","data":[…]} */
};

/** An attribute of a record being built; ids in display order. */
struct record_item {
	uint16_t id;
	uint16_t kind;           /**< enum field_kind */
	const lyre_value *value; /**< the new value, or NULL: */
	struct field field;      /**< the stored form, copied unchanged */
};

/** Appends the stored form to \p out. Failure is the buffer's. */
void record_build(struct buf *out, double created, double updated, const struct record_item *items, size_t count);

/**
 * Whether the bytes have the frame of a record: cheap, for each record that is read. All other functions require one that
 * has passed, and are then safe on any bytes: a value that is damaged inside reads as null, one with fewer items than
 * stated as those it has.
 */
bool record_check(struct record r);
double record_created(struct record r);
double record_updated(struct record r);

/* The frame, here in the header because every access to an attribute needs it. */
enum {
	RECORD_WIDE = 1, /* flag: the ends are u32 */
	RECORD_HEAD = 20,
	ENTRY_NARROW = 4,
	ENTRY_WIDE = 6
};

static inline uint16_t entry_u16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint16_t record_count(struct record r)
{
	return entry_u16(r.data + 2);
}

static inline size_t entry_size(struct record r)
{
	return r.data[1] & RECORD_WIDE ? ENTRY_WIDE : ENTRY_NARROW;
}

static inline size_t entry_end(const unsigned char *entry, size_t size)
{
	return size == ENTRY_WIDE ? entry_u16(entry + 2) | (uint32_t)entry_u16(entry + 4) << 16 : entry_u16(entry + 2);
}

/** Attribute \p i: its id and its value in place. */
static inline uint16_t record_at(struct record r, uint16_t i, struct field *ret)
{
	size_t size = entry_size(r);
	const unsigned char *entry = r.data + RECORD_HEAD + i * size;
	const unsigned char *bytes = r.data + RECORD_HEAD + record_count(r) * size;
	size_t begin = i ? entry_end(entry - size, size) : 0;

	*ret = (struct field){ .data = bytes + begin, .len = entry_end(entry, size) - begin };
	return entry_u16(entry);
}

/** \return false if the record has no such attribute */
bool record_find(struct record r, uint16_t id, struct field *ret);

/** Whether a value is intact inside: for bytes from other sources; reading does not need this check. */
bool field_check(struct field f);
enum lyre_type field_type(struct field f);
enum field_kind field_kind(struct field f);
/**
 * The value, with strings pointing at the stored bytes if possible (then not NUL-terminated): dates are LYRE_DOUBLE.
 * Arrays and objects go into \p a; null, and arena_failed(), if out of memory.
 */
lyre_value field_value(struct field f, struct arena *a);
/** As field_value(), but of an array or object its type alone: no memory is needed. */
lyre_value field_scalar(struct field f);
/** The items of an array, one after the other, without building a value. */
struct field_items {
	const unsigned char *p, *end;
	size_t left;
};

void field_items_begin(struct field_items *i, struct field array);
/** \return false after the last */
bool field_items_next(struct field_items *i, struct field *item);
/** As JSON, without building a value. */
void field_write(struct field f, struct buf *out);
/** value_compare() of two stored values, reading no more than needed. */
int field_compare(struct field x, struct field y);

#endif
