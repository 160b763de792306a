/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/status.c
 * \brief registration_info, get_fingerprint, set_status, get_status, clear_status
 *
 * Statuses are stored in a table of the system database, and so survive restarts.
 */
#include "information.h"
#include "system_module.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define DATABASE "system"
#define TABLE "hdb_status"
#define UUID_LENGTH 36

/* ---- identity ---- */

/** The version of the API: clients use it to decide what a server supports. */
#define API_VERSION "4.7.0"

int system_registration_info(lyre_call *call)
{
	lyre_out *o = lyre_reply(call);
	lyre_out_object_begin(o);
	put_bool(o, "registered", true); /* no license is needed */
	lyre_out_text(o, "version", API_VERSION);
	lyre_out_text(o, "lyre_version", lyre_host->version);
	put_null(o, "ram_allocation"); /* no limit */
	put_null(o, "license_expiration_date");
	lyre_out_object_end(o);
	return 0;
}

static int make_uuid(char text[UUID_LENGTH + 1])
{
	unsigned char b[16];
	if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
		return -1;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(text, UUID_LENGTH + 1, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}

/** Writes it under a temporary name first, so that the file is always complete. An existing file stays. */
static int write_fingerprint(int root, const char *file, const char *text)
{
	char name[64];
	snprintf(name, sizeof name, ".%s.%.*s", file, UUID_LENGTH, text);
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640), e = 0;
	if (fd < 0)
		return errno;
	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);
	if (n != (ssize_t)len)
		e = n < 0 ? errno : ENOSPC;
	else if (fsync(fd) != 0)
		e = errno;
	close(fd);
	if (!e && linkat(root, name, root, file, 0) != 0 && errno != EEXIST)
		e = errno;
	unlinkat(root, name, 0);
	return e ? e : fsync(root) != 0 ? errno : 0;
}

/** \return 0, an errno, or EILSEQ: the file contains something else */
static int read_fingerprint(int root, const char *file, char text[UUID_LENGTH + 1])
{
	int fd = openat(root, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	ssize_t n = read(fd, text, UUID_LENGTH);
	int e = n < 0 ? errno : n < UUID_LENGTH ? EILSEQ : 0;
	close(fd);
	text[UUID_LENGTH] = '\0';
	for (int i = 0; !e && i < UUID_LENGTH; i++)
		if (!isxdigit((unsigned char)text[i]) && text[i] != '-')
			e = EILSEQ;
	return e;
}

int system_get_fingerprint(lyre_call *call)
{
	static const char file[] = "fingerprint";
	const char *path = lyre_setting_string(lyre_call_module(call), "/rootPath");
	char text[UUID_LENGTH + 2];
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int e = root < 0 ? errno : read_fingerprint(root, file, text);

	if (e == ENOENT && root >= 0) {
		e = make_uuid(text) != 0 ? errno : 0;
		if (!e) {
			strcat(text, "\n");
			e = write_fingerprint(root, file, text);
		}
		if (!e) /* another call may have created it */
			e = read_fingerprint(root, file, text);
	}
	if (root >= 0)
		close(root);
	if (e == EILSEQ)
		return lyre_fail(
			call, LYRE_ECORRUPT, "the file %s/%s does not contain a fingerprint: remove it to create one", path, file);
	if (e)
		return lyre_fail(call, e == ENOSPC ? LYRE_ENOSPACE : LYRE_EIO, "%s/%s: %s", path, file, strerror(e));
	return lyre_reply_message(call, "%s", text);
}

/* ---- status ---- */

static const char *const ids[] = { "primary", "maintenance", "availability" };

static bool is_id(const char *id)
{
	for (size_t i = 0; id && i < sizeof ids / sizeof *ids; i++)
		if (!strcmp(id, ids[i]))
			return true;
	return false;
}

static int is_status_table(void *arg, lyre_table *table)
{
	if (strcmp(lyre_table_name(table), TABLE) != 0)
		return 0;
	*(lyre_table **)arg = table;
	return 1;
}

/** Finds the table; *ret is NULL if there is none, because nothing was ever set. */
static int find_table(lyre_call *call, lyre_table **ret)
{
	*ret = NULL;
	lyre_server_rights_begin(call); /* the server's own records; only super_users get here */
	int rc = lyre_tables(call, DATABASE, is_status_table, ret);
	lyre_server_rights_end(call);
	return rc < 0 ? rc : 0;
}

static int ensure_table(lyre_call *call, lyre_table **ret)
{
	static const struct lyre_attribute attributes[] = {
		{ .size = sizeof *attributes, .flags = LYRE_A_PRIMARY_KEY, .name = "id", .type = "String" },
		{ .size = sizeof *attributes, .name = "status", .type = "String" },
		{ .size = sizeof *attributes, .name = "__createdtime__" },
		{ .size = sizeof *attributes, .name = "__updatedtime__" },
	};
	const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.attribute_count = sizeof attributes / sizeof *attributes,
		.database = DATABASE,
		.name = TABLE,
		.primary_key = "id",
		.attributes = attributes,
		.expiration = -1,
		.audit = 0,
	};
	lyre_server_rights_begin(call);
	int rc = lyre_table_ensure(call, &spec, ret);
	lyre_server_rights_end(call);
	return rc;
}

/** Answers an empty object, as clients expect from set_status. */
static int reply_empty(lyre_call *call)
{
	lyre_out_object_begin(lyre_reply(call));
	lyre_out_object_end(lyre_reply(call));
	return 0;
}

int system_set_status(lyre_call *call)
{
	const char *id = lyre_value_string(lyre_arg(call, "id"), NULL), *status = lyre_arg_string(call, "status");
	static const char *const names[] = { "id", "status" };
	const struct lyre_write_result *result;
	lyre_table *table;

	if (!is_id(id))
		return lyre_fail(call, LYRE_EINVAL, "'id' must be one of [primary, maintenance, availability]");
	if (!status)
		return lyre_fail_no_memory(call);
	if (!strcmp(id, "availability") && strcmp(status, "Available") != 0 && strcmp(status, "Unavailable") != 0)
		return lyre_fail(call, LYRE_EINVAL, "Status \"availability\" only accepts these values: Available, Unavailable");
	int rc = ensure_table(call, &table);
	if (rc < 0)
		return rc;
	const lyre_value *values[] = { lyre_make_text(call, id), lyre_arg(call, "status") };
	const lyre_value *record = lyre_make_object(call, names, values, 2);
	rc = lyre_write_wait(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), &result);
	return rc < 0 ? rc : reply_empty(call);
}

int system_clear_status(lyre_call *call)
{
	const char *id = lyre_arg_given(call, "id") ? lyre_arg_string(call, "id") : "primary"; /* same default as set_status */
	const struct lyre_write_result *result;
	lyre_table *table;

	if (!id)
		id = "primary";
	int rc = find_table(call, &table);
	if (rc == 0 && table && is_id(id)) {
		const lyre_value *key = lyre_make_text(call, id);
		rc = lyre_write_wait(call, table, LYRE_DELETE, lyre_make_array(call, &key, 1), &result);
	}
	if (rc < 0)
		return rc;
	lyre_out_object_begin(lyre_reply(call));
	put_bool(lyre_reply(call), "message", true);
	lyre_out_object_end(lyre_reply(call));
	return 0;
}

/** Writes the statuses that were set, one or all. \return their number, or a failure */
static int write_rows(lyre_call *call, lyre_out *o, const char *id)
{
	const lyre_value *row, *key, *keys[sizeof ids / sizeof *ids];
	lyre_table *table;
	lyre_cursor *cursor;
	size_t count = 0;
	int written = 0, rc = find_table(call, &table);

	if (rc < 0 || !table)
		return rc;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if ((!id || !strcmp(id, ids[i])) && (key = lyre_make_text(call, ids[i])))
			keys[count++] = key;
	rc = lyre_lookup(call, table, lyre_make_array(call, keys, count), NULL, &cursor);
	while (rc == 0 && (rc = lyre_cursor_next(call, cursor, &row)) == 0) {
		lyre_out_value(o, row);
		written++;
	}
	return rc < 0 ? rc : written;
}

/* ---- components of the server ---- */

static atomic_bool restart_needed;

void system_restart_needed(void)
{
	atomic_store(&restart_needed, true);
}

struct parts {
	lyre_out *out;
	int64_t now;
	const char *seen[64];
	size_t count;
};

/** Maximum size of a message about a database, bytes. */
#define FAILURE_MAX 1024

/** \param message  the error; NULL for none */
static void write_component(struct parts *p, const char *name, const char *message)
{
	lyre_out_object_begin(p->out);
	lyre_out_text(p->out, "name", name);
	lyre_out_text(p->out, "componentName", name);
	lyre_out_text(p->out, "status", message ? "error" : "healthy");
	if (message)
		lyre_out_text(p->out, "message", message);
	lyre_out_key(p->out, "lastChecked"); /* all threads share the components: one check covers all of them */
	lyre_out_object_begin(p->out);
	lyre_out_key(p->out, "workers");
	lyre_out_object_begin(p->out);
	put_int(p->out, "0", p->now);
	lyre_out_object_end(p->out);
	put_int(p->out, "main", p->now);
	lyre_out_object_end(p->out);
	lyre_out_object_end(p->out);
}

/** A module with operations has started: the server does not start if a module fails. */
static int take_module(void *arg, const struct lyre_operation *operation, const char *module)
{
	struct parts *p = arg;
	(void)operation;
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->seen[i], module))
			return 0;
	if (p->count == sizeof p->seen / sizeof *p->seen)
		return 0;
	p->seen[p->count++] = module;
	write_component(p, module, NULL);
	return 0;
}

/** Reads something of every database. */
static int check_database(void *arg, const char *database)
{
	struct lyre_storage storage = { .size = sizeof storage };
	int rc = lyre_database_storage(arg, database, &storage);
	return rc == LYRE_ENOTFOUND ? 0 : rc;
}

/** Takes the first unusable database. */
static int take_failed(void *arg, const char *database, const char *why)
{
	char *text = arg;
	snprintf(text, FAILURE_MAX, "database '%s' cannot be used: %s", database, why);
	return LYRE_END;
}

/** The error of the databases; NULL for none. */
static const char *storage_failure(lyre_call *call, char text[FAILURE_MAX])
{
	int rc = lyre_databases(call, check_database, call); /* which may show that one is unusable */
	int failed = lyre_databases_failed(call, take_failed, text);
	if (failed == LYRE_END)
		return text;
	return rc < 0 || failed < 0 ? "a database cannot be read: see the log" : NULL;
}

static void write_components(lyre_call *call, lyre_out *o)
{
	struct parts p = { .out = o, .now = (int64_t)lyre_time_now() };
	char failure[FAILURE_MAX];
	lyre_out_array_begin(o);
	write_component(&p, "http", NULL); /* this answer goes through it */
	write_component(&p, "storage", storage_failure(call, failure));
	lyre_operations(call, take_module, &p);
	lyre_out_array_end(o);
}

int system_get_status(lyre_call *call)
{
	const lyre_value *id = lyre_arg(call, "id");
	const char *text = lyre_value_string(id, NULL);
	lyre_out *o = lyre_reply(call);

	if (text) {
		int rc = is_id(text) ? write_rows(call, o, text) : 0;
		return rc == 0 ? reply_empty(call) : rc < 0 ? rc : 0;
	}
	lyre_out_object_begin(o);
	lyre_out_key(o, "systemStatus");
	lyre_out_array_begin(o);
	int rc = write_rows(call, o, NULL);
	if (rc < 0)
		return rc;
	lyre_out_array_end(o);
	lyre_out_key(o, "componentStatus");
	write_components(call, o);
	put_bool(o, "restartRequired", atomic_load(&restart_needed));
	lyre_out_object_end(o);
	return 0;
}
