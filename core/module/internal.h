/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/internal.h
 * \brief Shared by the files of this room: the list of modules, finding a file, reading a descriptor, the order.
 */
#ifndef MODULE_INTERNAL_H
#define MODULE_INTERNAL_H

#include "base/arena.h"
#include "module/module.h"

#include <limits.h>

/** Refuses a module: "module 'x' (lyre.yaml:14): " and the message. \return \p code */
int module_refuse(struct err *e, const lyre_instance *i, int code, const char *fmt, ...) LYRE_PRINTF(4, 5);
/**
 * Entry \p n cannot be loaded.
 * \return 0: it is removed from the list, and the others are still checked; else the code of \p why, in \p e
 */
int module_fail(struct modules *m, size_t n, struct err *why, struct err *e);
/** Whether a module was removed by module_fail(). */
bool module_has_failed(const struct modules *m, const char *name);
/** Removes entry \p n from the list and logs the reason, \p why, which is empty afterwards. For optional modules. */
void module_leave_out(struct modules *m, size_t n, struct err *why);

/* ---- find.c ---- */

/** The path of the file that this process runs; false if it is unknown. */
bool own_file(char out[PATH_MAX]);

/** Whether \p name is a valid module name: a to z, 0 to 9, _ and -, at most 31. */
bool module_name_valid(const char *name);
/** A module linked into this binary, NULL if there is none of this name. */
const struct lyre_module *module_builtin(const char *name);
/** Finds a module's file by name. LYRE_ENOTFOUND reports where it was searched for and what is available. */
int module_find(struct arena *a, const char *name, const char **path, struct err *e);

#ifdef LYRE_STATIC_ONLY
/** Refuses to load a file, and says how the module can be built in. \return LYRE_ENOTSUP */
int module_refuse_file(const char *path, const char *name, struct err *e);
#endif

/* ---- head.c ---- */

/** Bytes of the descriptor that never change: the rest of struct lyre_module may differ from file to file. */
#define HEAD_SIZE offsetof(struct lyre_module, host)

/** Reads the frozen head of the descriptor in a file, without loading it. Refuses files that others can write. */
int head_read(const char *path, struct lyre_module *head, struct err *e);
/** Whether only trusted users (base/trust.h) can change the file or replace it. */
int module_trusted(const char *path, struct err *e);
/**
 * Whether this server can load the module that the head describes. The message has no subject.
 * \param where  path of the file, or "built in"
 * \param name   the name it must have; NULL for any
 */
int head_check(const struct lyre_module *head, const char *where, const char *name, struct err *e);

/* ---- load.c ---- */

/** Finds, checks and maps one module; the instance gets its descriptor and path. Runs no code of it. */
int module_open(struct modules *m, lyre_instance *i, struct err *e);

/* ---- order.c ---- */

/** One item of a descriptor's needs. */
struct need {
	char name[32];
	char version[32]; /**< the lowest one accepted; "" for any */
};

/** Reads the next need; \p s advances. \return 0; LYRE_END; LYRE_EINVAL: the item is invalid, and its text is in need->name */
int need_next(const char **s, struct need *ret);
lyre_instance *module_by_name(const struct modules *m, const char *name);
/** Compares two versions: runs of digits as numbers, the rest by byte. */
int version_compare(const char *a, const char *b);
/** Sorts the list so that each module comes after those it needs, otherwise as configured. */
int modules_order(struct modules *m, struct err *e);

#endif
