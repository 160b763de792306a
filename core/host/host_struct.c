/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_struct.c
 * \brief Structs exchanged between the server and modules built with other headers.
 */
#include "host/host_internal.h"

#include "log/log.h"

#include <string.h>

/** The size that a module's struct gives in its first member. */
static int size_of(const char *module, const void *theirs, size_t least, const char *what, uint32_t *ret, struct err *e)
{
	memcpy(ret, theirs, sizeof *ret);
	if (*ret >= least)
		return 0;
	return err_set(e, LYRE_EINTERNAL,
		"module '%s' passes a struct %s whose size is %u: set its first member to sizeof(struct %s)", module, what, *ret,
		what);
}

/** Members that theirs lacks become zero in ours. */
static void take(void *ours, size_t ours_size, const void *theirs, uint32_t size)
{
	memset(ours, 0, ours_size);
	memcpy(ours, theirs, size < ours_size ? size : ours_size);
}

int host_take_of(
	const char *module, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what, struct err *e)
{
	uint32_t size;
	int rc = size_of(module, theirs, least, what, &size, e);
	if (rc < 0)
		return rc;
	take(ours, ours_size, theirs, size);
	return 0;
}

int host_take(lyre_call *call, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what)
{
	return host_take_of(call->operation->owner, ours, ours_size, theirs, least, what, &call->err);
}

int host_take_at_start(
	lyre_instance *self, const char *thing, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what)
{
	uint32_t size;
	if (!self->starting) {
		log_error("module", "%s adds %s outside its start(): this is a bug in the module", self->name, thing);
		return LYRE_EINVAL;
	}
	memcpy(&size, theirs, sizeof size);
	if (size < least)
		return err_set(&self->err, LYRE_EINVAL,
			"passes a struct %s whose size is %u: set its first member to sizeof(struct %s)", what, size, what);
	take(ours, ours_size, theirs, size);
	return 0;
}

int host_give(lyre_call *call, void *theirs, size_t least, const char *what, const void *ours, size_t ours_size)
{
	uint32_t size;
	int rc = size_of(call->operation->owner, theirs, least, what, &size, &call->err);
	if (rc < 0)
		return rc;
	memcpy(theirs, ours, size < ours_size ? size : ours_size);
	memcpy(theirs, &size, sizeof size);
	return 0;
}
