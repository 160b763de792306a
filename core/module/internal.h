/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/internal.h
 * \brief What the files of this room share: the list of modules, finding a file, reading a descriptor, the order.
 */
#ifndef MODULE_INTERNAL_H
#define MODULE_INTERNAL_H

#include "base/arena.h"
#include "module/module.h"

#include <limits.h>

/** Refuses a module: "module 'x' (lyre.yaml:14): " and the sentence. \return \p code */
int module_refuse(struct err *e, const lyre_instance *i, int code, const char *fmt, ...) LYRE_PRINTF(4, 5);
/** Entry \p n cannot be loaded. \return 0: it is off the list, and whether others can is looked at; else the code of \p why, in \p e */
int module_fail(struct modules *m, size_t n, struct err *why, struct err *e);
/** Whether a module was taken off by module_fail(). */
bool module_has_failed(const struct modules *m, const char *name);
/** Takes entry \p n off the list and logs why, from \p why, which is empty then. For optional modules. */
void module_leave_out(struct modules *m, size_t n, struct err *why);

/* ---- find.c ---- */

/** The path of the file this process runs; false when it cannot be known. */
bool own_file(char out[PATH_MAX]);

/** Whether \p name can be a module's: a to z, 0 to 9, _ and -, at most 31. */
bool module_name_valid(const char *name);
/** A module linked into this binary, NULL when there is none of this name. */
const struct lyre_module *module_builtin(const char *name);
/** Looks a module's file up by name. LYRE_ENOTFOUND says where it was looked for and what there is instead. */
int module_find(struct arena *a, const char *name, const char **path, struct err *e);

/* ---- head.c ---- */

/** Bytes of the descriptor that never change: the rest of struct lyre_module may differ from file to file. */
#define HEAD_SIZE offsetof(struct lyre_module, host)

/** Reads the frozen head of the descriptor in a file, without loading it. Refuses files that others may write. */
int head_read(const char *path, struct lyre_module *head, struct err *e);
/** Whether nobody but those trusted (base/trust.h) may change the file, or put another in its place. */
int module_trusted(const char *path, struct err *e);
/**
 * Whether this server can load what the head describes. The sentence has no subject.
 * \param where  path of the file, or "built in"
 * \param name   that it must have; NULL for any
 */
int head_check(const struct lyre_module *head, const char *where, const char *name, struct err *e);

/* ---- load.c ---- */

/** Finds, checks and maps one module; the instance gets its descriptor and path. Nothing of it runs. */
int module_open(struct modules *m, lyre_instance *i, struct err *e);

/* ---- order.c ---- */

/** One word of a descriptor's needs. */
struct need {
	char name[32];
	char version[32]; /**< the lowest that will do; "" for any */
};

/** The next need; \p s moves on. \return 0; LYRE_END; LYRE_EINVAL: the word is none, and its text stands in need->name */
int need_next(const char **s, struct need *ret);
lyre_instance *module_by_name(const struct modules *m, const char *name);
/** Order of two versions: runs of digits by number, the rest by byte. */
int version_compare(const char *a, const char *b);
/** Sorts the list so that each module stands behind those it needs, else as configured. */
int modules_order(struct modules *m, struct err *e);

#endif
