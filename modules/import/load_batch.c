/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_batch.c
 * \brief Batches of records, and what happens to those that the server refuses.
 */
#include "load.h"

#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void load_close(struct load *l)
{
	if (!l)
		return;
	if (l->open)
		lyre_scope_end(l->call);
	free(l->errors);
	free(l);
}

int load_begin(struct load *l)
{
	if (l->open)
		return 0;
	int rc = lyre_scope_begin(l->call);
	if (rc)
		return lyre_fail_no_memory(l->call);
	l->open = true;
	return lyre_table_open(l->call, l->database, l->table_name, &l->table);
}

static void end_batch(struct load *l)
{
	lyre_scope_end(l->call);
	l->open = false;
	l->table = NULL;
	l->count = 0;
	l->bytes = l->values = 0;
}

/* ---- refused records ---- */

static void note(struct load *l, uint64_t line, const char *text)
{
	l->failed++;
	if (!l->errors)
		l->errors = calloc(LOAD_ERRORS_MAX, sizeof *l->errors);
	if (!l->errors || l->error_count == LOAD_ERRORS_MAX)
		return;
	struct load_error *e = &l->errors[l->error_count++];
	e->line = line;
	import_cut(e->text, sizeof e->text, text);
}

int load_bad(struct load *l, uint64_t line, size_t bytes, const char *fmt, ...)
{
	char text[LOAD_ERROR_MAX + 4];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	l->seen++;
	note(l, line, text);
	l->bytes += bytes;
	return l->open && l->bytes >= LOAD_BATCH_BYTES ? load_flush(l) : 0;
}

/* ---- writing ---- */

/** Marks the records that a write has refused. */
static void mark_refused(struct load *l, size_t count)
{
	memset(l->refused, 0, count * sizeof *l->refused);
	l->any_refused = false;
	for (size_t i = lyre_write_refused(l->call, 0); i < count; i = lyre_write_refused(l->call, i + 1))
		l->any_refused = l->refused[i] = true;
}

/** Writes records that stand next to each other. \return LYRE_EINVAL: if l->any_refused, they are marked; nothing was stored */
static int write_records(struct load *l, const lyre_value *const *records, size_t count)
{
	const struct lyre_write_result *result;

	if (!count)
		return 0;
	int rc = lyre_scope_begin(l->call);
	if (rc)
		return lyre_fail_no_memory(l->call);
	rc = lyre_write_wait(l->call, l->table, l->mode, lyre_make_array(l->call, records, count), &result);
	if (!rc) {
		l->done += result->done;
		for (size_t i = 0; !l->generated && i < result->count; i++)
			l->generated = result->items[i].generated;
	}
	if (rc == LYRE_EINVAL)
		mark_refused(l, count);
	lyre_scope_end(l->call);
	return rc;
}

/** Moves the refused records of the first \p count behind the others; the order stays. \return how many are left */
static size_t set_aside(struct load *l, size_t count)
{
	size_t kept = 0, aside = 0;

	for (size_t i = 0; i < count; i++) {
		if (l->refused[i]) {
			l->aside[aside] = l->records[i];
			l->aside_lines[aside++] = l->lines[i];
		} else {
			l->records[kept] = l->records[i];
			l->lines[kept++] = l->lines[i];
		}
	}
	memcpy(l->records + kept, l->aside, aside * sizeof *l->aside);
	memcpy(l->lines + kept, l->aside_lines, aside * sizeof *l->aside_lines);
	return kept;
}

/**
 * Writes the batch. Nothing of a refused write has been stored, and every refused record is known: the others are written
 * again, then each of the refused ones alone, to learn its own reason. No record is prepared more often than that.
 */
static int write_batch(struct load *l)
{
	size_t left = l->count;

	int rc = write_records(l, l->records, left);
	while (rc == LYRE_EINVAL && l->any_refused) {
		left = set_aside(l, left);
		rc = write_records(l, l->records, left);
	}
	for (size_t i = left; !rc && i < l->count; i++) {
		rc = write_records(l, l->records + i, 1);
		if (rc == LYRE_EINVAL && l->any_refused) {
			note(l, l->lines[i], lyre_failure_text(l->call));
			rc = 0;
		}
	}
	return rc;
}

int load_flush(struct load *l)
{
	if (!l->open)
		return 0;
	int rc = write_batch(l);
	end_batch(l);
	return rc;
}

int load_record(struct load *l, const lyre_value *record, uint64_t line, size_t bytes)
{
	if (!record)
		return lyre_fail_no_memory(l->call);
	l->seen++;
	l->records[l->count] = record;
	l->lines[l->count++] = line;
	l->bytes += bytes;
	l->values += lyre_value_count(record);
	bool full = l->count == LOAD_BATCH_RECORDS || l->values >= LOAD_BATCH_VALUES || l->bytes >= LOAD_BATCH_BYTES;
	return full ? load_flush(l) : 0;
}

int load_progress(struct load *l)
{
	return lyre_job_progress(l->call, l->read, l->size);
}
