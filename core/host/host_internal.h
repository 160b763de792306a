/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_internal.h
 * \brief Shared by the files of this room: the tables, structs exchanged with modules, what the caller may do.
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
extern const struct lyre_task_api host_task_api;
extern const struct lyre_page_api host_page_api;
extern const struct lyre_event_api host_event_api;

/* host_struct.c */

/**
 * Copies a module's struct, whose size is in its first member, into ours: missing members are zero.
 * \param least  its size in the first ABI that has it: a smaller one is a bug in the module, LYRE_EINTERNAL
 */
int host_take(lyre_call *call, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what);
/** The same for a struct passed without a call. \param module  its name */
int host_take_of(
	const char *module, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what, struct err *e);
/** The reverse: copies no more than the module has room for; its size member is kept. */
int host_give(lyre_call *call, void *theirs, size_t least, const char *what, const void *ours, size_t ours_size);

/**
 * host_take() for what a module adds in its start().
 * \param thing  "a route"
 * \return 0; LYRE_EINVAL if the module is not in its start(), which is logged, or if the size is invalid
 */
int host_take_at_start(
	lyre_instance *self, const char *thing, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what);

/** The size of a struct in an ABI in which \p member was its last. */
#define SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* host_rights.c: what the caller may do. host_may…() return 0, or LYRE_EDENIED with the call's failure and denial set. */

/** Whether the caller has all \p permissions (enum lyre_permission, or-ed) on an open table. */
int host_may(lyre_call *call, const lyre_table *table, uint32_t permissions);
/** Whether the caller may write these records to it. \p mode  enum lyre_write_mode */
int host_may_write(lyre_call *call, const lyre_table *table, int mode, const lyre_value *records);
/** Whether the caller may create and drop tables and attributes of a database; NULL: databases. */
int host_may_structure(lyre_call *call, const char *database);
/** Whether the caller may manage the server as a whole. */
int host_may_manage(lyre_call *call);
/** Whether the call is a super_user's, or has the server's rights. */
bool host_is_whole(const lyre_call *call);
/** LYRE_EDENIED: the caller lacks these permissions on a table and on its attributes. */
int host_refuse(
	lyre_call *call, const char *database, const char *table, uint32_t permissions, struct permission_attribute *attributes);

/* host_credential.c */

/** Whether a name is a token of up to 100 characters, as in header names. */
bool host_token_valid(const char *name);

/* host_event.c */

/** Whether this thread is telling a listener, which must not work here. */
bool host_is_telling(void);

/* host_value.c */

/** The string, or the digits of an integer beyond 64 bits; NULL for other kinds. \p len may be NULL. */
const char *host_value_string(const lyre_value *v, size_t *len);

#endif
