/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/role_faults.c
 * \brief The errors of a role: collected one by one, answered together.
 */
#include "role_faults.h"

#include <stdlib.h>
#include <string.h>

struct sentence {
	struct sentence *next;
	size_t len;
	char text[];
};

/** The errors of one table. */
struct table_faults {
	struct table_faults *next;
	struct sentences list;
	size_t number; /**< in the order of the request */
	char key[];
};

void role_faults_init(struct role_faults *f, lyre_call *call)
{
	*f = (struct role_faults){ .call = call };
	f->main.end = &f->main.first;
}

void role_faults_no_memory(struct role_faults *f)
{
	if (!f->failure)
		f->failure = lyre_fail_no_memory(f->call);
}

static char *add_text(char *to, const char *from, size_t len)
{
	if (len)
		memcpy(to, from, len);
	return to + len;
}

static void say(struct role_faults *f, struct sentences *list, const char *before, struct name n, const char *after)
{
	size_t before_len = strlen(before), after_len = strlen(after);
	struct sentence *s = lyre_alloc(f->call, sizeof *s + before_len + n.len + after_len);

	if (!s) {
		role_faults_no_memory(f);
		return;
	}
	s->len = before_len + n.len + after_len;
	add_text(add_text(add_text(s->text, before, before_len), n.text, n.len), after, after_len);
	*list->end = s;
	list->end = &s->next;
}

void role_faults_add(struct role_faults *f, const char *before, struct name n, const char *after)
{
	say(f, &f->main, before, n, after);
}

void role_faults_add_of(struct role_faults *f, struct table_faults **place, const char *database, const char *table,
	const char *before, struct name n, const char *after)
{
	struct table_faults *t = *place;

	if (!t) {
		size_t database_len = strlen(database), table_len = strlen(table);
		t = lyre_alloc(f->call, sizeof *t + database_len + table_len + 2);
		if (!t) {
			role_faults_no_memory(f);
			return;
		}
		add_text(add_text(add_text(t->key, database, database_len), "_", 1), table, table_len + 1);
		t->list.end = &t->list.first;
		t->number = f->table_count++;
		t->next = f->tables;
		f->tables = *place = t;
	}
	say(f, &t->list, before, n, after);
}

/* ---- the answer ---- */

static void write_sentences(lyre_out *o, const struct sentences *list)
{
	for (const struct sentence *s = list->first; s; s = s->next)
		lyre_out_string(o, s->text, s->len);
}

static int by_key(const void *a, const void *b)
{
	const struct table_faults *x = *(struct table_faults *const *)a, *y = *(struct table_faults *const *)b;
	int order = strcmp(x->key, y->key);

	return order ? order : x->number < y->number ? -1 : 1;
}

/** Two tables may share a key, such as a_b.c and a.b_c: it is written once. \return LYRE_ENOMEM */
static int write_tables(const struct role_faults *f, lyre_out *o)
{
	struct table_faults **all = lyre_alloc(f->call, (f->table_count + 1) * sizeof(struct table_faults *));
	size_t count = 0;

	if (!all)
		return lyre_fail_no_memory(f->call);
	for (struct table_faults *t = f->tables; t; t = t->next)
		all[count++] = t;
	if (count)
		qsort(all, count, sizeof *all, by_key);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(all[i]->key, all[i - 1]->key) != 0) {
			lyre_out_key(o, all[i]->key);
			lyre_out_array_begin(o);
		}
		write_sentences(o, &all[i]->list);
		if (i + 1 == count || strcmp(all[i]->key, all[i + 1]->key) != 0)
			lyre_out_array_end(o);
	}
	return 0;
}

int role_faults_answer(const struct role_faults *f)
{
	static const char sentence[] = "Errors in the role permissions JSON provided";

	if (f->failure)
		return f->failure;
	if (!f->main.first && !f->tables)
		return 0;
	lyre_out *o = lyre_reply(f->call);
	lyre_out_object_begin(o);
	lyre_out_text(o, "error", sentence);
	lyre_out_key(o, "main_permissions");
	lyre_out_array_begin(o);
	write_sentences(o, &f->main);
	lyre_out_array_end(o);
	lyre_out_key(o, "schema_permissions");
	lyre_out_object_begin(o);
	int rc = write_tables(f, o);
	if (rc < 0)
		return rc;
	lyre_out_object_end(o);
	lyre_out_object_end(o);
	lyre_fail(f->call, LYRE_EINVAL, "%s", sentence);
	return lyre_fail_reply(f->call);
}
