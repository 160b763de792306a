/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_header.h"

#include "import.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Bytes of an attribute's name. */
#define NAME_MAX_BYTES 250

void csv_header_free(struct csv_header *h)
{
	for (size_t i = 0; i < h->count; i++)
		free((char *)(uintptr_t)h->names[i]);
	free(h->names);
	free(h->types);
	free(h->type_names);
	*h = (struct csv_header){ 0 };
}

/* ---- names ---- */

/** A name that was taken, and the number that the next one like it gets. */
struct taken {
	const char *name;
	size_t next;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct taken *)a)->name, ((const struct taken *)b)->name);
}

static struct taken *find_taken(void *names, const char *name)
{
	const struct taken key = { .name = name };
	struct taken *const *node = tfind(&key, &names, by_name);

	return node ? *node : NULL;
}

static int check_name(lyre_call *call, const struct csv_field *f)
{
	char shown[64];

	import_cut(shown, sizeof shown, f->s);
	if (!strcmp(f->s, "null") || !strcmp(f->s, "undefined"))
		return lyre_fail(call, LYRE_EINVAL, "Invalid attribute name: '%s'", f->s);
	if (!lyre_text_is_utf8(f->s, f->len))
		return lyre_fail(call, LYRE_EINVAL,
			"The header is not UTF-8: convert the text, or, if it is Latin-1 or Windows-1252, set encoding to 'latin1'");
	if (memchr(f->s, '\0', f->len) || strpbrk(f->s, "/`"))
		return lyre_fail(call, LYRE_EINVAL, "Invalid column name '%s', cancelling load operation",
			f->len > NAME_MAX_BYTES ? shown : f->s);
	if (f->len > NAME_MAX_BYTES)
		return lyre_fail(call, LYRE_EINVAL, "The column name '%s' has %zu bytes: at most %d are allowed", shown, f->len,
			NAME_MAX_BYTES);
	return 0;
}

/** The name itself, or with the first number that makes it a new one. NULL: out of memory */
static char *new_name(void *names, const char *name)
{
	struct taken *other = find_taken(names, name);
	char *made = NULL;

	if (!other)
		return strdup(name);
	do {
		free(made);
		if (asprintf(&made, "%s_%zu", name, other->next++) < 0)
			return NULL;
	} while (find_taken(names, made));
	return made;
}

/** \param names  the tree of those that are taken */
static int add_name(struct csv_header *h, void **names, struct taken *space, const char *name)
{
	char *own = new_name(*names, name);

	if (!own)
		return LYRE_ENOMEM;
	h->names[h->count] = own;
	space[h->count] = (struct taken){ .name = own, .next = 1 };
	if (!tsearch(&space[h->count++], names, by_name))
		return LYRE_ENOMEM;
	h->has_extra = h->has_extra || !strcmp(own, CSV_EXTRA);
	return 0;
}

static void keep(void *node)
{
	(void)node; /* it stands in an array */
}

static int take_names(struct csv_header *h, lyre_call *call, const struct csv_row *row)
{
	struct taken *space = calloc(row->count, sizeof *space);
	void *names = NULL;
	int rc = space ? 0 : lyre_fail_no_memory(call);

	for (size_t i = 0; !rc && i < row->count; i++) {
		const struct csv_field *f = &row->fields[i];

		rc = f->len ? check_name(call, f) : 0;
		if (!f->len)
			h->names[h->count++] = NULL;
		else if (!rc && add_name(h, &names, space, f->s))
			rc = lyre_fail_no_memory(call);
	}
	tdestroy(names, keep);
	free(space);
	return rc;
}

/* ---- types ---- */

static int by_attribute(const void *a, const void *b)
{
	const struct lyre_attribute *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static const struct lyre_attribute **sorted_attributes(const struct lyre_table_spec *spec)
{
	const struct lyre_attribute **all = calloc(spec->attribute_count + 1, sizeof *all);

	for (uint32_t i = 0; all && i < spec->attribute_count; i++)
		all[i] = lyre_attribute_at(spec, i);
	if (all)
		qsort(all, spec->attribute_count, sizeof *all, by_attribute);
	return all;
}

/** The names of types, which must live longer than the table. */
static const char *type_name(const char *name)
{
	static const char *const names[] = { "Int", "Long", "BigInt", "Float", "Boolean", "Date" };

	for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
		if (!strcmp(names[i], name))
			return names[i];
	}
	return "Any";
}

static int take_types(struct csv_header *h, struct load *l)
{
	struct lyre_table_spec spec = { .size = sizeof spec };
	struct lyre_attribute sought = { .size = sizeof sought };
	const struct lyre_attribute *key = &sought;

	int rc = lyre_table_spec(l->call, l->table, &spec);
	if (rc)
		return rc;
	const struct lyre_attribute **all = sorted_attributes(&spec);
	if (!all)
		return lyre_fail_no_memory(l->call);
	for (size_t i = 0; i < h->count; i++) {
		if (!h->names[i])
			continue;
		sought.name = h->names[i];
		const struct lyre_attribute *const *found = bsearch(&key, all, spec.attribute_count, sizeof *all, by_attribute);
		h->types[i] = csv_type_named(found ? (*found)->type : NULL);
		h->type_names[i] = type_name(found ? (*found)->type : NULL);
	}
	free(all);
	return 0;
}

int csv_header_take(struct csv_header *h, struct load *l, const struct csv_row *row)
{
	*h = (struct csv_header){ 0 };
	h->names = calloc(row->count, sizeof *h->names);
	h->types = calloc(row->count, sizeof *h->types);
	h->type_names = calloc(row->count, sizeof *h->type_names);
	if (!h->names || !h->types || !h->type_names)
		return lyre_fail_no_memory(l->call);
	int rc = take_names(h, l->call, row);
	if (!rc)
		rc = load_begin(l);
	return rc ? rc : take_types(h, l);
}
