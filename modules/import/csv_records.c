/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_records.h"

#include "csv_header.h"
#include "import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct csv_records {
	struct load *load;
	struct csv_rows *rows;
	struct csv_header header;
	bool header_read;
	const char **names; /**< room for those of a row, and for CSV_EXTRA */
	const lyre_value **values;
	int rc; /**< of what take_row() called */
};

/* ---- values ---- */

/** A text with a time zone, in UTC, as the server shows a date. */
static const lyre_value *time_value(lyre_call *call, const struct csv_field *f)
{
	char text[32];
	double ms;

	size_t len = lyre_time_parse(f->s, f->len, &ms) ? 0 : lyre_time_text(text, ms);
	return len ? lyre_make_string(call, text, len) : lyre_make_string(call, f->s, f->len);
}

static const lyre_value *nested_value(lyre_call *call, const struct csv_field *f)
{
	const lyre_value *v = lyre_make_json(call, f->s, f->len);

	return v ? v : lyre_make_string(call, f->s, f->len);
}

/** NULL: out of memory. */
static const lyre_value *make(lyre_call *call, const struct csv_value *v, const struct csv_field *f)
{
	switch (v->kind) {
	case CSV_IS_NULL:
		return lyre_make_null(call);
	case CSV_IS_BOOL:
		return lyre_make_bool(call, v->i != 0);
	case CSV_IS_INT:
		return lyre_make_int(call, v->i);
	case CSV_IS_UINT:
		return lyre_make_uint(call, v->u);
	case CSV_IS_DOUBLE:
		return lyre_make_double(call, v->d);
	case CSV_IS_TIME:
		return time_value(call, f);
	case CSV_IS_NESTED:
		return nested_value(call, f);
	default:
		return lyre_make_string(call, f->s, f->len);
	}
}

static bool is_wrong(const struct csv_value *v, const struct csv_field *f)
{
	double ms;

	return v->kind == CSV_IS_WRONG || (v->kind == CSV_IS_DATE && lyre_time_parse(f->s, f->len, &ms));
}

/* ---- rows ---- */

static int refuse_value(struct csv_records *r, const struct csv_row *row, size_t i)
{
	char shown[128];

	import_cut(shown, sizeof shown, row->fields[i].s);
	return load_bad(r->load, row->line, row->bytes, "Invalid value for attribute %s: \"%s\", expecting %s", r->header.names[i],
		shown, r->header.type_names[i]);
}

static int refuse_text(struct csv_records *r, const struct csv_row *row, size_t i)
{
	return load_bad(r->load, row->line, row->bytes, "The value of %s is not UTF-8%s",
		i < r->header.count ? r->header.names[i] : CSV_EXTRA,
		r->load->failed ? "" : ": if the text is Latin-1 or Windows-1252, set encoding to 'latin1'");
}

/** Blank lines may have blanks in them. */
static bool is_blank(const struct csv_records *r, const struct csv_row *row)
{
	return row->count == 1 && r->header.count > 1 && strspn(row->fields[0].s, " \t") == row->fields[0].len;
}

/** The index of a field that is not UTF-8. \return count: none */
static size_t find_invalid(const struct csv_row *row)
{
	size_t i = 0;

	while (i < row->count && lyre_text_is_utf8(row->fields[i].s, row->fields[i].len))
		i++;
	return i;
}

/** The values beyond the header, as the last member. */
static const lyre_value *extra_values(struct csv_records *r, const struct csv_row *row)
{
	lyre_call *call = r->load->call;
	size_t n = row->count - r->header.count;
	const lyre_value **items = malloc(n * sizeof *items);
	bool nested = r->load->options.nested;

	for (size_t i = 0; items && i < n; i++) {
		const struct csv_field *f = &row->fields[r->header.count + i];
		struct csv_value v = csv_value_of(CSV_ANY, f->s, f->len, nested);
		items[i] = make(call, &v, f);
	}
	const lyre_value *ret = items ? lyre_make_array(call, items, n) : NULL;
	free(items);
	return ret;
}

/** Whether a row has values beyond the header. Rows that end in delimiters have not. */
static bool has_extra(const struct csv_records *r, const struct csv_row *row)
{
	for (size_t i = r->header.count; i < row->count; i++) {
		if (row->fields[i].len)
			return true;
	}
	return false;
}

static int make_record(struct csv_records *r, const struct csv_row *row)
{
	struct load *l = r->load;
	size_t n = row->count < r->header.count ? row->count : r->header.count, count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct csv_field *f = &row->fields[i];
		struct csv_value v = csv_value_of(r->header.types[i], f->s, f->len, l->options.nested);
		if (!r->header.names[i] && f->len)
			return lyre_fail(l->call, LYRE_EINVAL, "Invalid attribute name: ''");
		if (!r->header.names[i])
			continue;
		if (is_wrong(&v, f))
			return refuse_value(r, row, i);
		r->names[count] = r->header.names[i];
		r->values[count++] = make(l->call, &v, f);
	}
	if (has_extra(r, row)) {
		r->names[count] = CSV_EXTRA;
		r->values[count++] = extra_values(r, row);
	}
	return load_record(l, lyre_make_object(l->call, r->names, r->values, count), row->line, row->bytes);
}

static int take_record(struct csv_records *r, const struct csv_row *row)
{
	struct load *l = r->load;

	if (is_blank(r, row))
		return 0;
	int rc = load_begin(l);
	if (rc)
		return rc;
	size_t invalid = find_invalid(row);
	if (invalid < row->count)
		return refuse_text(r, row, invalid);
	if (r->header.has_extra && has_extra(r, row))
		return load_bad(
			l, row->line, row->bytes, "The row has %zu values, and the header %zu names", row->count, r->header.count);
	return make_record(r, row);
}

static int take_header(struct csv_records *r, const struct csv_row *row)
{
	int rc = csv_header_take(&r->header, r->load, row);

	if (rc)
		return rc;
	r->header_read = true;
	r->names = calloc(r->header.count + 1, sizeof *r->names);
	r->values = calloc(r->header.count + 1, sizeof *r->values);
	return r->names && r->values ? 0 : lyre_fail_no_memory(r->load->call);
}

static int take_row(void *arg, const struct csv_row *row)
{
	struct csv_records *r = arg;

	r->rc = r->header_read ? take_record(r, row) : take_header(r, row);
	return r->rc;
}

/* ---- in and out ---- */

static int failure(struct csv_records *r, int rc)
{
	lyre_call *call = r->load->call;
	uint64_t line = r->rows ? csv_rows_line(r->rows) : 0;

	switch (rc) {
	case 0:
		return 0;
	case CSV_ROWS_TAKE:
		return r->rc;
	case CSV_ROWS_LARGE:
		return lyre_fail(call, LYRE_EINVAL,
			"Line %" PRIu64
			": the record has more than %zu bytes: is a closing quote missing? (modules.import.maxRecord)",
			line, r->load->options.record_max);
	case CSV_ROWS_WIDE:
		return lyre_fail(call, LYRE_EINVAL, "Line %" PRIu64 " has more than %d values", line, CSV_FIELDS_MAX);
	default:
		return lyre_fail_no_memory(call);
	}
}

int csv_records_open(struct csv_records **ret, struct load *l, char delimiter)
{
	struct csv_records *r = calloc(1, sizeof *r);

	*ret = r;
	if (!r)
		return lyre_fail_no_memory(l->call);
	r->load = l;
	return failure(r, csv_rows_open(&r->rows, delimiter, l->options.record_max, take_row, r));
}

int csv_records_feed(struct csv_records *r, const char *bytes, size_t len)
{
	return failure(r, csv_rows_feed(r->rows, bytes, len));
}

int csv_records_end(struct csv_records *r)
{
	return failure(r, csv_rows_end(r->rows));
}

void csv_records_close(struct csv_records *r)
{
	if (!r)
		return;
	csv_header_free(&r->header);
	csv_rows_close(r->rows);
	free(r->names);
	free(r->values);
	free(r);
}
