/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_internal.h
 * \brief What the files of this room share: the tables, structs that cross, what the caller may do.
 */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include "dispatch/call.h"
#include "host/host.h"

#include <lyre/lyre.h>

/* The tables of the SDK's headers. */
extern const struct lyre_module_api host_module_api;
extern const struct lyre_value_api host_value_api;
extern const struct lyre_call_api host_call_api;
extern const struct lyre_store_api host_store_api;
extern const struct lyre_job_api host_job_api;
extern const struct lyre_user_api host_user_api;
extern const struct lyre_server_api host_server_api;
extern const struct lyre_tls_api host_tls_api;

/* host_struct.c */

/**
 * A struct of a module, of the size it says in its first member, in ours: what it does not have is zero.
 * \param least  its size in the ABI that first had it: a smaller one is a module's fault, LYRE_EINTERNAL
 */
int host_take(lyre_call *call, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what);
/** The same for one that comes without a call. \param module  its name */
int host_take_of(const char *module, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what,
	struct err *e);
/** The other way round: no more than the module has room for; its size stays. */
int host_give(lyre_call *call, void *theirs, size_t least, const char *what, const void *ours, size_t ours_size);

/**
 * host_take() in a module's start(), of what it adds there.
 * \param thing  "a route"
 * \return 0; LYRE_EINVAL, when it is not in its start(), which the log says then, or the size cannot be
 */
int host_take_at_start(lyre_instance *self, const char *thing, void *ours, size_t ours_size, const void *theirs, size_t least,
	const char *what);

/** The size of a struct in an ABI whose last member it was. */
#define SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* host_rights.c: what the caller may do. host_may…() return 0, or LYRE_EDENIED with the call's failure and denial set. */

/** To a table that is open. \p permissions  enum lyre_permission, or-ed: all of them */
int host_may(lyre_call *call, const lyre_table *table, uint32_t permissions);
/** To write records to it. \p mode  enum lyre_write_mode */
int host_may_write(lyre_call *call, const lyre_table *table, int mode, const lyre_value *records);
/** To make and drop tables and attributes of a database; NULL: databases. */
int host_may_structure(lyre_call *call, const char *database);
/** To ask and tell the server as a whole. */
int host_may_manage(lyre_call *call);
/** Whether it is a super_user's, or has the rights of the server. */
bool host_is_whole(const lyre_call *call);
/** LYRE_EDENIED: the caller may not do this to a table, nor that to its attributes. */
int host_refuse(lyre_call *call, const char *database, const char *table, uint32_t permissions,
	struct permission_attribute *attributes);

/* host_value.c */

/** The text of a string, or the digits of an integer beyond 64 bits; NULL for every other kind. \p len may be NULL. */
const char *host_value_string(const lyre_value *v, size_t *len);

#endif
