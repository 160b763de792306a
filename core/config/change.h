/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/change.h
 * \brief The parts of config_set(): the requested changes, the rules for values, the proof of the result, the file.
 */
#ifndef CONFIG_CHANGE_H
#define CONFIG_CHANGE_H

#include "config/config_internal.h"

#include "base/value.h"

/** Starts every refusal of a value. */
#define REFUSED "HarperDB config file validation error: "

/** A setting that gets a new value. */
struct setting_change {
	struct setting_change *next;
	const char *shown; /**< the key in messages: "threads.count" */
	const struct entry *entry;
	const char *text;             /**< the value in YAML, on one line */
	const struct yaml_node *node; /**< the same, decoded */
	struct setting_value value;
	const char *over; /**< what overrides the file; NULL: nothing */
};

/** Collects and checks the changes that \p settings request, in their order. */
int changes_read(const struct config *c, struct arena *a, const lyre_value *settings, bool strict, struct setting_change **ret,
	struct err *e);
/** Fills in the YAML, its node and the value of \p v for change->entry; LYRE_EINVAL with the rule that it breaks. */
int change_value(struct arena *a, struct setting_change *change, const lyre_value *v, struct err *e);

/** Refuses a setting that is in \p list, or in the section that it replaces. */
int change_refuse_listed(const char *shown, const struct yaml_node *list, struct err *e);

/** Refuses if \p after differs from \p before by anything other than the changes. */
int changes_prove(const struct config *c, struct arena *a, const struct yaml_node *before, const struct yaml_node *after,
	const struct setting_change *changes, struct err *e);

/** A configuration file that is about to be replaced. Only one at a time, across all processes of the machine. */
struct config_store {
	char *path; /**< with symbolic links resolved */
	int folder; /**< locked */
	bool there;
	unsigned mode, uid, gid;
	unsigned long long inode, size;
	long long changed_s, changed_ns;
	struct buf text;
};

/** Locks and reads; a missing file is empty. Call config_store_close() even after a failure. */
int config_store_open(struct config_store *s, const char *path, struct err *e);
/** Replaces the file with \p text; a crash leaves the old or the new. Mode and owner stay. A file that is itself a mount
 *  point is overwritten. */
int config_store_replace(struct config_store *s, const struct buf *text, struct err *e);
void config_store_close(struct config_store *s);

#endif
