/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_check.c
 * \brief The arguments: checks before a job is created, with the messages that clients know, and how a job reads them.
 */
#include "load_check.h"

#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void load_fault(struct load_faults *f, const char *text)
{
	size_t len = strlen(f->text);

	snprintf(f->text + len, sizeof f->text - len, "%s%s", len ? "," : "", text);
}

/** An argument that was given, and is not null. */
static const lyre_value *given(lyre_call *call, const char *name)
{
	const lyre_value *v = lyre_arg(call, name);

	return lyre_value_type(v) == LYRE_NULL ? NULL : v;
}

/** The text of a string. NULL: it is something else, or has a NUL in it */
static const char *text_of(const lyre_value *v)
{
	size_t len;
	const char *s = lyre_value_type(v) == LYRE_STRING ? lyre_value_string(v, &len) : NULL;

	return s && strlen(s) == len ? s : NULL;
}

/* ---- words ---- */

struct word {
	const char *text;
	int value;
};

static const struct word actions[] = {
	{ "insert", LYRE_INSERT },
	{ "update", LYRE_UPDATE },
	{ "upsert", LYRE_UPSERT },
	{ NULL, 0 },
};
static const struct word formats[] = {
	{ "csv", LOAD_CSV },
	{ "json", LOAD_JSON },
	{ "jsonl", LOAD_JSON_LINES },
	{ NULL, 0 },
};
static const struct word encodings[] = {
	{ "utf-8", 0 },
	{ "utf8", 0 },
	{ "latin1", 1 },
	{ "iso-8859-1", 1 },
	{ "windows-1252", 1 },
	{ "cp1252", 1 },
	{ NULL, 0 },
};

/** \return the word's value; \p none if the argument was not given; -1 for another word */
static int word_of(lyre_call *call, const char *name, const struct word *words, int none)
{
	const lyre_value *v = given(call, name);
	const char *text = text_of(v);

	if (!v)
		return none;
	for (; text && words->text; words++) {
		if (!(words == actions ? strcmp(text, words->text) : strcasecmp(text, words->text)))
			return words->value;
	}
	return -1;
}

int load_mode(lyre_call *call)
{
	return word_of(call, "action", actions, LYRE_INSERT);
}

int load_format_of(lyre_call *call)
{
	return word_of(call, "format", formats, LOAD_GUESSED);
}

int load_western(lyre_call *call)
{
	return word_of(call, "encoding", encodings, 0);
}

int load_delimiter(lyre_call *call)
{
	const lyre_value *v = given(call, "delimiter");
	const char *text = text_of(v);

	if (!v)
		return 0;
	if (!text || strlen(text) != 1 || strchr("\"\r\n", *text) || (unsigned char)*text > '~')
		return -1;
	return *text;
}

/* ---- names ---- */

static void check_name(
	lyre_call *call, struct load_faults *f, const char *name, const char *needed, const char *wrong, const char *other)
{
	const lyre_value *v = given(call, name);
	const char *text = v ? lyre_arg_string(call, name) : NULL;

	if (!v || (text && !*text)) {
		if (needed)
			load_fault(f, needed);
	} else if (!text) {
		load_fault(f, other);
	} else if (strpbrk(text, "/`")) {
		load_fault(f, wrong);
	}
}

const char *load_database(lyre_call *call)
{
	const char *name = given(call, "database") ? lyre_arg_string(call, "database") : NULL;

	return name && *name ? name : "data";
}

/* ---- arguments of some operations ---- */

static void check_data(lyre_call *call, struct load_faults *f)
{
	const lyre_value *v = given(call, "data");

	if (!v)
		load_fault(f, "Data  is required");
	else if (!lyre_arg_string(call, "data"))
		load_fault(f, "Data must be a string");
}

static void check_file(lyre_call *call, struct load_faults *f)
{
	const lyre_value *v = given(call, "file_path");
	const char *text = text_of(v);

	if (!v || (text && !*text))
		load_fault(f, "File path  is required");
	else if (!text)
		load_fault(f, "File path must be a string");
	else if (*text != '/')
		load_fault(f, "File path must be absolute");
}

static void check_reading(lyre_call *call, unsigned arguments, struct load_faults *f)
{
	if (arguments & IMPORT_FORMAT && load_format_of(call) < 0)
		load_fault(f, "Format must be csv, json or jsonl");
	if (load_western(call) < 0)
		load_fault(f, "Encoding must be utf-8, latin1 or windows-1252");
	if (load_delimiter(call) < 0)
		load_fault(f, "Delimiter must be a single character");
}

/* ---- the table ---- */

static int check_table(lyre_call *call)
{
	const char *database = load_database(call), *table = lyre_arg_string(call, "table");
	int mode = load_mode(call);
	uint32_t needed = (mode != LYRE_UPDATE ? LYRE_PERMIT_INSERT : 0u) | (mode != LYRE_INSERT ? LYRE_PERMIT_UPDATE : 0u);
	uint32_t has = lyre_call_permissions(call, database, table);
	lyre_table *opened;

	if (!strcmp(database, "system"))
		return lyre_fail(call, LYRE_EDENIED,
			"The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed.");
	if ((has & needed) != needed)
		return lyre_table_refuse(call, database, table, needed & ~has, NULL, 0);
	int rc = lyre_table_open(call, database, table, &opened);
	return rc == LYRE_ENOTFOUND ? lyre_fail_as(call, LYRE_EINVAL) : rc;
}

/** Opens the file and closes it again: what is wrong with it is told at once. */
static int check_readable(lyre_call *call)
{
	uint64_t size;
	int fd;

	int rc = import_open(call, lyre_arg_string(call, "file_path"), &fd, &size);
	if (!rc)
		close(fd);
	return rc;
}

int import_check(lyre_call *call, unsigned arguments)
{
	struct load_faults f = { "" };

	check_name(call, &f, "database", NULL, "Database names cannot include backticks or forward slashes",
		"Database must be a string");
	check_name(call, &f, "table", "Table can't be blank", "Table names cannot include backticks or forward slashes",
		"Table must be a string");
	if (load_mode(call) < 0)
		load_fault(&f, "Action is required and must be either insert, update, or upsert");
	if (arguments & IMPORT_DATA)
		check_data(call, &f);
	if (arguments & IMPORT_FILE)
		check_file(call, &f);
#ifdef HAVE_REMOTE
	load_check_remote(call, arguments, &f);
#endif
	check_reading(call, arguments, &f);
	if (*f.text)
		return lyre_fail(call, LYRE_EINVAL, "%s", f.text);
	int rc = check_table(call);
	return rc || !(arguments & IMPORT_FILE) ? rc : check_readable(call);
}
