/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of tables: in memory, lookup by name, and their stored form. */
#include "base/text.h"
#include "store/codec.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define FORMAT 1

enum definition_flag { DYNAMIC = 1, AUDIT = 2, EXPIRY_TREE = 4 };

/* ---- names of trees ---- */

void table_key(unsigned char out[ATTRIBUTE_KEY_LEN], uint32_t table, uint16_t attribute)
{
	be_put(out, table, 4);
	be_put(out + 4, attribute, 2);
}

void records_tree(char out[TREE_NAME_MAX], uint32_t table)
{
	snprintf(out, TREE_NAME_MAX, "r%u", table);
}

void expiry_tree(char out[TREE_NAME_MAX], uint32_t table)
{
	snprintf(out, TREE_NAME_MAX, "x%u", table);
}

void index_tree(char out[TREE_NAME_MAX], uint32_t table, uint16_t attribute)
{
	snprintf(out, TREE_NAME_MAX, "i%u.%u", table, attribute);
}

void key_counter(char out[TREE_NAME_MAX], uint32_t table)
{
	snprintf(out, TREE_NAME_MAX, "key%u", table);
}

/* ---- by name ---- */

static uint64_t hash_seed;
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_begin(void)
{
	random_bytes(&hash_seed, sizeof hash_seed);
}

static uint32_t hash_name(const char *name, size_t len)
{
	const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = hash_seed ^ len * factor;
	for (; len >= 8; name += 8, len -= 8) {
		uint64_t v;
		memcpy(&v, name, 8);
		h = (h ^ v) * factor;
		h ^= h >> 29;
	}
	uint64_t v = 0;
	if (len)
		memcpy(&v, name, len);
	h = (h ^ v) * factor;
	return (uint32_t)(h >> 32);
}

static void hash_enter(struct table *t, uint16_t position)
{
	const struct attribute *a = &t->attributes[position];
	uint32_t i = hash_name(a->name, a->name_len) & t->hash_mask;
	while (t->hash[i])
		i = (i + 1) & t->hash_mask;
	t->hash[i] = (uint16_t)(position + 1);
}

static bool hash_rebuild(struct table *t)
{
	uint32_t size = 16;
	while (size < 2u * t->attribute_count + 2)
		size *= 2;
	if (!t->hash || size != t->hash_mask + 1) {
		uint16_t *hash = malloc(size * sizeof *hash);
		if (!hash)
			return false;
		free(t->hash);
		t->hash = hash;
		t->hash_mask = size - 1;
	}
	memset(t->hash, 0, size * sizeof *t->hash);
	for (uint16_t i = 0; i < t->attribute_count; i++)
		hash_enter(t, i);
	return true;
}

const struct attribute *table_attribute(const struct table *t, const char *name, size_t len)
{
	uint32_t i = hash_name(name, len) & t->hash_mask;
	for (; t->hash[i]; i = (i + 1) & t->hash_mask) {
		const struct attribute *a = &t->attributes[t->hash[i] - 1];
		if (a->name_len == len && !memcmp(a->name, name, len))
			return a;
	}
	return NULL;
}

/* Ids ascend; if none was dropped, an id is the position. */
const struct attribute *attribute_by_id(const struct table *t, uint16_t id)
{
	if (id < t->attribute_count && t->attributes[id].id == id)
		return &t->attributes[id];
	size_t low = 0, high = t->attribute_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (t->attributes[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->attribute_count && t->attributes[low].id == id ? &t->attributes[low] : NULL;
}

/* ---- making and changing ---- */

struct definition *definition_new(const char *database, const char *name)
{
	pthread_once(&hash_once, hash_begin);
	struct definition *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->table.refs = 1;
	d->table.expiration = -1;
	arena_init(&d->texts);
	d->table.database = arena_strndup(&d->texts, database, strlen(database));
	d->table.name = arena_strndup(&d->texts, name, strlen(name));
	if (!d->table.database || !d->table.name || !hash_rebuild(&d->table)) {
		definition_free(d);
		return NULL;
	}
	return d;
}

void definition_free(struct definition *d)
{
	if (!d)
		return;
	arena_free(&d->texts);
	free(d->table.attributes);
	free(d->table.hash);
	free(d);
}

static bool reserve(struct definition *d, uint32_t count)
{
	if (count <= d->attribute_cap)
		return true;
	uint32_t cap = d->attribute_cap ? d->attribute_cap : 8;
	while (cap < count)
		cap *= 2;
	struct attribute *attributes = realloc(d->table.attributes, cap * sizeof *attributes);
	if (!attributes)
		return false;
	d->table.attributes = attributes;
	d->attribute_cap = cap;
	return true;
}

static bool copy_texts(struct definition *d, struct attribute *a, const char *name, size_t len, const char *type_name)
{
	a->name = arena_strndup(&d->texts, name, len);
	a->name_len = (uint32_t)len;
	a->type_name = type_name ? arena_strndup(&d->texts, type_name, strlen(type_name)) : NULL;
	return a->name && (a->type_name || !type_name);
}

struct definition *definition_copy(const struct table *t)
{
	struct definition *d = definition_new(t->database, t->name);
	if (!d || !reserve(d, t->attribute_count))
		goto failed;
	struct table *copy = &d->table;
	copy->id = t->id;
	copy->version = t->version + 1;
	copy->numbering = t->numbering;
	copy->dynamic = t->dynamic;
	copy->audit = t->audit;
	copy->expiration = t->expiration;
	copy->records = t->records;
	copy->expiry = t->expiry;
	copy->key = t->key;
	d->next_attribute = definition_of(t)->next_attribute;
	for (; copy->attribute_count < t->attribute_count; copy->attribute_count++) {
		const struct attribute *from = &t->attributes[copy->attribute_count];
		struct attribute *to = &copy->attributes[copy->attribute_count];
		*to = *from;
		if (!copy_texts(d, to, from->name, from->name_len, from->type_name))
			goto failed;
	}
	if (!hash_rebuild(copy))
		goto failed;
	return d;
failed:
	definition_free(d);
	return NULL;
}

struct attribute *definition_add(struct definition *d, const char *name, size_t len, const char *type_name)
{
	struct table *t = &d->table;
	if (t->attribute_count >= ATTRIBUTES_MAX || d->next_attribute > UINT16_MAX - 1 || !reserve(d, t->attribute_count + 1u))
		return NULL;
	struct attribute *a = &t->attributes[t->attribute_count];
	*a = (struct attribute){ .id = (uint16_t)d->next_attribute };
	if (!copy_texts(d, a, name, len, type_name))
		return NULL;
	t->attribute_count++;
	if (2u * t->attribute_count + 2 > t->hash_mask + 1) {
		if (!hash_rebuild(t)) {
			t->attribute_count--;
			return NULL;
		}
	} else {
		hash_enter(t, (uint16_t)(t->attribute_count - 1));
	}
	d->next_attribute++;
	return a;
}

int attributes_left(const struct table *t, uint32_t more, struct err *e)
{
	if (more + t->attribute_count > ATTRIBUTES_MAX)
		return err_set(
			e, LYRE_EINVAL, "Table '%s.%s' cannot have more than %d attributes", t->database, t->name, ATTRIBUTES_MAX);
	/* records still contain ids of dropped attributes */
	if (more + definition_of(t)->next_attribute > UINT16_MAX)
		return err_set(e, LYRE_EINVAL,
			"Table '%s.%s' cannot have more attributes until the database is compacted, which "
			"frees the ids of dropped ones: lyre compact %s",
			t->database, t->name, t->database);
	return 0;
}

void definition_remove(struct definition *d, uint16_t position)
{
	struct table *t = &d->table;
	size_t behind = t->attribute_count - position - 1u;
	memmove(&t->attributes[position], &t->attributes[position + 1], behind * sizeof *t->attributes);
	t->attribute_count--;
	if (t->key > position)
		t->key--;
	/* the positions after it have changed; the size stays the same, so no memory is needed */
	memset(t->hash, 0, (t->hash_mask + 1) * sizeof *t->hash);
	for (uint16_t i = 0; i < t->attribute_count; i++)
		hash_enter(t, i);
}

/* ---- the stored form ---- */

void definition_encode(const struct table *t, struct buf *out)
{
	unsigned flags = (t->dynamic ? DYNAMIC : 0) | (t->audit ? AUDIT : 0) | (t->expiry ? EXPIRY_TREE : 0);
	put_int(out, FORMAT, 1);
	put_int(out, flags, 1);
	put_int(out, t->version, 4);
	put_double(out, t->expiration);
	put_int(out, t->attributes[t->key].id, 2);
	put_int(out, definition_of(t)->next_attribute, 4);
	put_text(out, t->name);
}

/* table.key holds the key's id until the attributes are read. */
int definition_decode(struct definition **ret, MDB_val v, const char *database)
{
	*ret = NULL;
	struct reader r = reader_of(v);
	uint64_t format = get_int(&r, 1), flags = get_int(&r, 1), version = get_int(&r, 4);
	double expiration = get_double(&r);
	uint64_t key = get_int(&r, 2), next = get_int(&r, 4);
	size_t len;
	const unsigned char *text = get_bytes(&r, &len);
	if (r.failed || format != FORMAT || memchr(text, 0, len))
		return LYRE_ECORRUPT;
	char *name = strndup((const char *)text, len);
	struct definition *d = name ? definition_new(database, name) : NULL;
	free(name);
	if (!d)
		return LYRE_ENOMEM;
	d->table.version = (uint32_t)version;
	d->table.dynamic = flags & DYNAMIC;
	d->table.audit = flags & AUDIT;
	d->table.expiry = flags & EXPIRY_TREE ? 1 : 0;
	d->table.expiration = expiration;
	d->table.key = (uint16_t)key;
	d->next_attribute = (uint32_t)next;
	*ret = d;
	return 0;
}

void attribute_encode(const struct attribute *a, struct buf *out)
{
	put_int(out, FORMAT, 1);
	put_int(out, a->type, 2);
	put_int(out, a->flags, 4);
	buf_add(out, a->uuid, 36);
	put_bytes(out, a->name, a->name_len);
	put_int(out, a->type_name != NULL, 1);
	if (a->type_name)
		put_text(out, a->type_name);
}

int attribute_decode(struct definition *d, uint16_t id, MDB_val v)
{
	struct reader r = reader_of(v);
	uint64_t format = get_int(&r, 1), type = get_int(&r, 2), flags = get_int(&r, 4);
	const unsigned char *uuid = get_raw(&r, 36);
	size_t len, type_len = 0;
	const unsigned char *name = get_bytes(&r, &len), *type_text = NULL;
	if (get_int(&r, 1))
		type_text = get_bytes(&r, &type_len);
	if (r.failed || format != FORMAT || type > ATTRIBUTE_BYTES || id >= d->next_attribute)
		return LYRE_ECORRUPT;
	char *type_name = type_text ? strndup((const char *)type_text, type_len) : NULL;
	uint32_t next = d->next_attribute;
	d->next_attribute = id;
	struct attribute *a = type_text && !type_name ? NULL : definition_add(d, (const char *)name, len, type_name);
	d->next_attribute = next;
	free(type_name);
	if (!a)
		return d->table.attribute_count < ATTRIBUTES_MAX && id < UINT16_MAX ? LYRE_ENOMEM : LYRE_ECORRUPT;
	a->type = (uint16_t)type;
	a->flags = (uint32_t)flags;
	memcpy(a->uuid, uuid, 36);
	a->uuid[36] = '\0';
	return 0;
}
