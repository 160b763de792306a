/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/cmd_backup_all.c
 * \brief lyre backup --all: each database to a file with its name.
 */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/interrupt.h"
#include "ctl/write_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/** The database of the users, which describe_storage does not list. */
#define SYSTEM "system"

static int backup_one(struct client *c, struct arena *a, const struct options *o, const char *folder, const char *database)
{
	char *file = arena_printf(a, "%s/%s.mdb", folder, database);
	if (!file)
		return complain(CTL_REFUSED, "out of memory");
	int rc = command_backup(c, a, o, database, file);
	if (rc == 0)
		printf("%s\n", file);
	return rc;
}

/** A database that cannot be used is reported, and the others are backed up. */
static int backup_item(struct client *c, struct arena *a, const struct options *o, const char *folder, struct json_object *item)
{
	const char *name = text_member(item, "database"), *error = text_member(item, "error");
	if (!name)
		return complain(CTL_REFUSED, "the server did not list its databases");
	if (error)
		return complain(CTL_REFUSED, "database '%s' was not backed up: %s", name, error);
	return backup_one(c, a, o, folder, name);
}

/** The databases of the list, and that of the users. */
static int backup_items(struct client *c, struct arena *a, const struct options *o, const char *folder, struct json_object *list)
{
	int rc = 0;
	for (size_t i = 0; i < item_count(list) && !interrupted(); i++) {
		int one = backup_item(c, a, o, folder, json_object_array_get_idx(list, i));
		rc = rc ? rc : one;
	}
	if (interrupted())
		return rc;
	int system = backup_one(c, a, o, folder, SYSTEM);
	return rc ? rc : system;
}

int command_backup_all(struct client *c, struct arena *a, const struct options *o, const char *folder)
{
	struct buf request;
	struct json_object *list;
	buf_init(&request);
	request_begin(&request, "describe_storage");
	request_end(&request);
	int rc = request_value(c, a, &request, &list);
	buf_free(&request);
	if (rc == 0 && mkdir(folder, 0700) < 0 && errno != EEXIST)
		rc = complain(CTL_REFUSED, "cannot create the folder '%s': %s", folder, strerror(errno));
	if (rc == 0)
		rc = backup_items(c, a, o, folder, list);
	json_object_put(list);
	return rc;
}
