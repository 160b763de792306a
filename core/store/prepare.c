/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and preparations of a write before it waits for the writer. */
#include "base/text.h"
#include "store/store_internal.h"

#include <math.h>

#define TWO_63 9223372036854775808.0

static const char *kind_name(const lyre_value *v)
{
	switch (v->type) {
	case LYRE_NULL:
		return "null";
	case LYRE_BOOL:
		return "boolean";
	case LYRE_ARRAY:
		return "array";
	default:
		return "object";
	}
}

static bool is_text(const lyre_value *v, const char *text)
{
	return v->type == LYRE_STRING && value_equals_str(v, text);
}

/* A key as stored: integers in canonical digits, however they were written. \return NULL if out of memory */
static const lyre_value *kept_key(const struct record_write *w, const lyre_value *key, struct buf *faults)
{
	if (key->type != LYRE_BIGINT && key->type != LYRE_DOUBLE)
		return key;
	lyre_value *kept = ARENA_NEW(w->arena, lyre_value);
	if (!kept)
		return NULL;
	if (!key_number(key, kept))
		fault_add(faults, "Primary key %s is an integer of more than 64 bits, which cannot be stored exactly: use a string",
			key->s);
	if (kept->type == LYRE_DOUBLE && fabs(kept->d) >= TWO_63 && fabs(kept->d) < 2 * TWO_63) {
		const char *text = arena_printf(w->arena, "%.0f", kept->d);
		*kept = (lyre_value){ .type = LYRE_BIGINT, .len = text ? (uint32_t)strlen(text) : 0, .s = text };
		return text ? kept : NULL;
	}
	return kept;
}

/* The tree key of a row's key. \return false if out of memory */
static bool set_key(struct record_write *w, struct write_row *row, const lyre_value *key, struct buf *faults)
{
	size_t before = faults->len;
	key = kept_key(w, key, faults);
	if (!key)
		return false;
	if (faults->len > before)
		return true;
	if (key->type == LYRE_STRING && key->len > KEY_PRIMARY_TEXT_MAX) {
		fault_add(faults, "Primary key size is too large: %u", key->len);
		return true;
	}
	struct key k;
	if (key_primary(&k, key)) {
		fault_add(faults, "Invalid primary key type: %s", kind_name(key));
		return true;
	}
	unsigned char *bytes = arena_alloc(w->arena, k.len);
	if (!bytes)
		return false;
	memcpy(bytes, k.bytes, k.len);
	row->key = key;
	row->primary = bytes;
	row->primary_len = k.len;
	row->cut = k.cut;
	return true;
}

/* Checks a key's type without converting the key: 5 and "5" remain different keys. */
static bool check_key_type(struct record_write *w, const struct attribute *a, const lyre_value *key, struct buf *faults)
{
	size_t before = faults->len;
	uint16_t kind;
	switch (a->type) {
	case ATTRIBUTE_ANY:
	case ATTRIBUTE_DATE:
	case ATTRIBUTE_BYTES:
		break;
	default:
		if (key->type == LYRE_BOOL || key->type == LYRE_ARRAY || key->type == LYRE_OBJECT)
			break; /* not a key at all, whatever the type */
		if (!type_accept(a, key, w->arena, &kind, faults))
			return false;
	}
	return faults->len == before;
}

static bool prepare_key(struct record_write *w, struct write_row *row, const lyre_value *record, struct buf *faults)
{
	const struct attribute *a = &w->table->attributes[w->table->key];
	const lyre_value *key = value_getn(record, a->name, a->name_len);
	bool none = !key || key->type == LYRE_NULL;
	if (w->mode == LYRE_UPDATE && (none || (key->type == LYRE_STRING && !key->len))) {
		fault_add(faults, "a valid hash attribute must be provided with update record, check log for more info");
		return true;
	}
	if (!none && (is_text(key, "null") || is_text(key, "undefined"))) {
		fault_add(faults, "Invalid hash value: '%s' is not a valid hash attribute value, check log for more info", key->s);
		return true;
	}
	if (!none) {
		if (!check_key_type(w, a, key, faults))
			return !faults->failed;
		return set_key(w, row, key, faults);
	}
	row->generated = true;
	if (a->type != ATTRIBUTE_STRING && a->type != ATTRIBUTE_ID)
		return true; /* the writer generates it */
	char text[37];
	uuid_text(text);
	lyre_value *made = ARENA_NEW(w->arena, lyre_value);
	const char *copy = arena_strndup(w->arena, text, 36);
	if (!made || !copy)
		return false;
	*made = value_text(copy, 36);
	return set_key(w, row, made, faults);
}

/* Checks a required attribute: it must not be null, nor missing in a new record. */
static void check_not_null(
	struct record_write *w, struct prepared *p, struct write_row *row, const lyre_value *record, struct buf *faults)
{
	const struct table *t = w->table;
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];
		if (!(a->flags & ATTRIBUTE_NOT_NULL) || a->flags & (ATTRIBUTE_KEY | ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED))
			continue;
		const lyre_value *v = value_getn(record, a->name, a->name_len);
		if ((v && v->type == LYRE_NULL) || (!v && w->mode == LYRE_INSERT)) {
			fault_add(faults, "Property %s is required (and not does not allow null values)", a->name);
		} else if (!v && w->mode == LYRE_UPSERT) {
			row->missing = a->name;
			p->missing = true;
		}
	}
}

static bool prepare_record(struct record_write *w, struct prepared *p, struct write_row *row, const lyre_value *record,
	bool not_null, struct buf *faults)
{
	const struct table *t = w->table;
	row->cells = ARENA_ARRAY(w->arena, struct cell, record->len + 1u);
	if (!row->cells || !prepare_key(w, row, record, faults))
		return false;
	for (uint32_t i = 0; i < record->len; i++) {
		const struct value_member *m = &record->members[i];
		const struct attribute *a = table_attribute(t, m->name, m->name_len);
		if (a && a->flags & (ATTRIBUTE_KEY | ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED))
			continue;
		if (!a && name_fault(m->name, m->name_len, faults))
			continue;
		struct cell *c = &row->cells[row->cell_count++];
		*c = (struct cell){ .name = m->name, .name_len = m->name_len, .position = NO_POSITION };
		if (a) {
			c->position = (uint16_t)(a - t->attributes);
			c->value = type_accept(a, &m->value, w->arena, &c->kind, faults);
		} else {
			p->unknown = true;
			c->value = value_plain(&m->value, w->arena);
		}
		if (!c->value)
			return false;
	}
	if (not_null)
		check_not_null(w, p, row, record, faults);
	return true;
}

static bool has_not_null(const struct table *t)
{
	for (uint16_t i = 0; i < t->attribute_count; i++)
		if (t->attributes[i].flags & ATTRIBUTE_NOT_NULL)
			return true;
	return false;
}

/* Prepares record or key i. */
static bool prepare_row(struct record_write *w, struct prepared *p, size_t i, bool not_null, struct buf *faults)
{
	const lyre_value *v = &w->records->items[i];
	if (w->mode == LYRE_DELETE)
		return set_key(w, &p->rows[i], v, faults);
	if (v->type == LYRE_OBJECT)
		return prepare_record(w, p, &p->rows[i], v, not_null, faults);
	fault_add(faults, "'records[%zu]' must be of type object", i);
	return true;
}

bool write_refuse(struct record_write *w, size_t i)
{
	if (!w->refused)
		w->refused = ARENA_ARRAY(w->arena, bool, w->records->len);
	if (w->refused)
		w->refused[i] = true;
	return w->refused;
}

/* Prepares all. A refused record is prepared once more: a fault that another record has too is in the message already. */
static bool prepare_rows(struct record_write *w, struct prepared *p, struct buf *faults)
{
	bool memory = true, not_null = has_not_null(w->table);
	struct buf own;
	buf_init(&own);
	w->refused = NULL;
	for (size_t i = 0; memory && i < p->count; i++) {
		memory = prepare_row(w, p, i, not_null, &own) && !own.failed;
		if (!memory || !own.len)
			continue;
		buf_clear(&own);
		p->rows[i] = (struct write_row){ 0 };
		memory = write_refuse(w, i) && prepare_row(w, p, i, not_null, faults);
	}
	buf_free(&own);
	return memory;
}

int write_prepare(struct record_write *w, struct err *e)
{
	if (w->records->type != LYRE_ARRAY)
		return err_set(e, LYRE_EINVAL, "'records' must be an array");
	size_t count = w->records->len;
	struct prepared *p = ARENA_NEW(w->arena, struct prepared);
	if (!p)
		return err_nomem(e);
	p->count = count;
	p->rows = ARENA_ARRAY(w->arena, struct write_row, count + 1);
	p->items = ARENA_ARRAY(w->arena, struct lyre_written, count + 1);
	if (!p->rows || !p->items)
		return err_nomem(e);
	struct buf faults;
	buf_init(&faults);
	bool memory = prepare_rows(w, p, &faults);
	int rc = 0;
	if (!memory || faults.failed)
		rc = err_nomem(e);
	else if (faults.len)
		rc = err_set(e, LYRE_EINVAL, "%.*s", (int)faults.len, faults.data);
	else
		w->prepared = p;
	buf_free(&faults);
	return rc;
}

int store_write(struct record_write *w, struct err *e)
{
	int rc = write_prepare(w, e);
	return rc ? rc : writer_submit(w->table->db, w, e);
}
