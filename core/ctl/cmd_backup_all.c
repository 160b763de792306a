/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/cmd_backup_all.c
 * \brief lyre backup --all: each database to a file of its name.
 */
#include "base/arena.h"
#include "base/json.h"
#include "ctl/client.h"
#include "ctl/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/** Of the users, which describe_storage leaves out. */
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

/** One that cannot be used is said to be so, and the others are backed up. */
static int backup_item(struct client *c, struct arena *a, const struct options *o, const char *folder, const lyre_value *item)
{
	const lyre_value *name = value_get(item, "database"), *error = value_get(item, "error");
	if (!value_is(name, LYRE_STRING))
		return complain(CTL_REFUSED, "the server does not say which databases it has");
	if (value_is(error, LYRE_STRING))
		return complain(CTL_REFUSED, "database '%s' is not backed up: %s", name->s, error->s);
	return backup_one(c, a, o, folder, name->s);
}

int command_backup_all(struct client *c, struct arena *a, const struct options *o, const char *folder)
{
	static const char text[] = "{\"operation\":\"describe_storage\"}";
	struct buf request;
	const lyre_value *list;
	buf_init(&request);
	buf_add_str(&request, text);
	int rc = request_value(c, a, &request, &list);
	buf_free(&request);
	if (rc)
		return rc;
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return complain(CTL_REFUSED, "cannot make the folder '%s': %s", folder, strerror(errno));
	for (uint32_t i = 0; value_is(list, LYRE_ARRAY) && i < list->len && !interrupted(); i++) {
		int one = backup_item(c, a, o, folder, &list->items[i]);
		rc = rc ? rc : one;
	}
	if (interrupted())
		return rc;
	int system = backup_one(c, a, o, folder, SYSTEM);
	return rc ? rc : system;
}
