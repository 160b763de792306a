/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/show.c
 * \brief Shows an answer for people. An array is read twice, item by item: once to see what it contains, once to print it.
 */
#include "ctl/ctl.h"
#include "ctl/document.h"
#include "ctl/print.h"
#include "ctl/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct show {
	bool rows;    /**< all items are objects with members: a table */
	bool plain;   /**< no item is an array or an object */
	size_t count; /**< items so far */
	size_t used;  /**< columns used in a line of plain items */
	struct table table;
	struct buf out;
};

static int flush(struct show *s)
{
	if (s->out.failed)
		return complain(CTL_REFUSED, "%s", TOO_LARGE);
	if (fwrite(s->out.data, 1, s->out.len, stdout) != s->out.len)
		return complain(CTL_REFUSED, "cannot write the answer: %s", strerror(errno));
	buf_clear(&s->out);
	return 0;
}

static int survey(void *arg, struct json_object *item)
{
	struct show *s = arg;
	s->rows = s->rows && member_count(item) > 0;
	s->plain = s->plain && is_plain(item);
	s->count++;
	return !s->rows || table_measure(&s->table, item) ? 0 : complain(CTL_REFUSED, "%s", TOO_LARGE);
}

static int show_item(void *arg, struct json_object *item)
{
	struct show *s = arg;
	if (s->rows)
		table_row(&s->table, &s->out, item);
	else if (s->plain)
		print_plain_item(&s->out, item, 0, &s->used);
	else
		print_item(&s->out, item, s->count == 0, 0);
	s->count++;
	return flush(s);
}

static int show_array(struct show *s, const char *text, size_t len, struct err *e)
{
	s->rows = s->plain = true;
	int rc = document_each(text, len, survey, s, e);
	if (rc != 0)
		return rc;
	s->rows = s->rows && s->count > 0;
	s->count = 0;
	if (s->rows)
		table_head(&s->table, &s->out);
	else
		buf_add_char(&s->out, '[');
	rc = document_each(text, len, show_item, s, e);
	if (rc != 0 || s->rows)
		return rc;
	buf_add_str(&s->out, s->plain ? "]\n" : "\n]\n");
	return flush(s);
}

static int show_value(struct show *s, const char *text, size_t len, struct err *e)
{
	struct json_object *o;
	int rc = document_read(text, len, &o, e);
	if (rc != 0)
		return rc;
	const char *message = member_count(o) == 1 ? text_member(o, "message") : NULL;
	if (message)
		print_text(&s->out, message, strlen(message));
	else
		print_json(&s->out, o, 0);
	buf_add_char(&s->out, '\n');
	json_object_put(o);
	return flush(s);
}

int show_answer(const char *text, size_t len)
{
	struct show s = { 0 };
	struct err e = { 0 };
	size_t from = document_begin(text, len);
	bool array = from < len && text[from] == '[';
	int rc = array ? show_array(&s, text, len, &e) : show_value(&s, text, len, &e);
	table_free(&s.table);
	buf_free(&s.out);
	if (rc == LYRE_ENOMEM)
		return complain(CTL_REFUSED, "%s", TOO_LARGE);
	return rc < 0 ? complain(CTL_REFUSED, "the server's answer is not JSON: %s", e.text) : rc;
}
