/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_source.c
 * \brief Loads from the request itself, and from files.
 */
#include "load_source.h"

#include "import.h"
#include "load_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int load_open(lyre_call *call, struct load **ret)
{
	struct load *l = calloc(1, sizeof *l);

	*ret = l;
	if (!l)
		return lyre_fail_no_memory(call);
	l->call = call;
	l->database = load_database(call);
	l->table_name = lyre_arg_string(call, "table");
	l->mode = (enum lyre_write_mode)load_mode(call);
	return l->table_name ? 0 : lyre_fail_no_memory(call);
}

static void take_options(struct load *l, struct load_options how)
{
	l->options = how;
	l->options.delimiter = (char)load_delimiter(l->call);
	l->options.western = load_western(l->call) != 0;
	l->options.record_max = (size_t)lyre_setting_int(lyre_call_module(l->call), "maxRecord");
}

int load_run(lyre_call *call, struct load_options how, int (*read)(struct load *l, struct load_head *h), const char *nothing)
{
	struct load_head *h = NULL;
	struct load *l;

	int rc = load_open(call, &l);
	if (!rc)
		take_options(l, how);
	if (!rc)
		rc = load_head_open(&h, l);
	if (!rc)
		rc = read(l, h);
	if (!rc)
		rc = load_head_end(h);
	load_head_close(h);
	if (l)
		rc = load_outcome(l, rc, nothing);
	load_close(l);
	return rc;
}

/* ---- the request ---- */

static int read_data(struct load *l, struct load_head *h)
{
	const lyre_value *v = lyre_arg(l->call, "data");
	size_t len = 0;
	const char *s = lyre_value_string(v, &len);

	if (!s) { /* a number */
		s = lyre_arg_string(l->call, "data");
		len = s ? strlen(s) : 0;
	}
	if (!s)
		return lyre_fail_no_memory(l->call);
	l->size = len;
	return load_head_feed(h, s, len);
}

int import_data_check(lyre_call *call)
{
	return import_check(call, IMPORT_DATA);
}

int import_data(lyre_call *call)
{
	return load_run(call, (struct load_options){ .format = LOAD_CSV }, read_data, "No records parsed from csv file.");
}

/* ---- files ---- */

static int read_pieces(struct load *l, struct load_head *h, int fd, char *piece)
{
	ssize_t n = 0;
	int rc = 0;

	while (!rc && ((n = read(fd, piece, LOAD_PIECE)) > 0 || (n < 0 && errno == EINTR))) {
		if (n > 0)
			rc = load_head_feed(h, piece, (size_t)n);
	}
	if (rc || n == 0)
		return rc;
	return import_read_failed(l->call, errno);
}

static int read_file(struct load *l, struct load_head *h)
{
	int fd;

	int rc = import_open(l->call, lyre_arg_string(l->call, "file_path"), &fd, &l->size);
	if (rc)
		return rc;
	char *piece = malloc(LOAD_PIECE);
	rc = piece ? read_pieces(l, h, fd, piece) : lyre_fail_no_memory(l->call);
	free(piece);
	close(fd);
	return rc;
}

int import_csv_file_check(lyre_call *call)
{
	return import_check(call, IMPORT_FILE);
}

int import_csv_file(lyre_call *call)
{
	return load_run(call, (struct load_options){ .format = LOAD_CSV, .nested = true }, read_file, NULL);
}

int import_file_check(lyre_call *call)
{
	return import_check(call, IMPORT_FILE | IMPORT_FORMAT);
}

int import_file(lyre_call *call)
{
	enum load_format format = (enum load_format)load_format_of(call);

	return load_run(call, (struct load_options){ .format = format, .nested = true }, read_file, NULL);
}
