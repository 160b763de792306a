/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/change.h
 * \brief What config_set() is made of: what is asked for, the rules it must keep, the proof of the result, the file.
 */
#ifndef CONFIG_CHANGE_H
#define CONFIG_CHANGE_H

#include "config/config_internal.h"

#include "base/value.h"

/** Begins every refusal of a value. */
#define REFUSED "HarperDB config file validation error: "

/** One setting that is to have another value. */
struct setting_change {
	struct setting_change *next;
	const char *shown;             /**< the key in sentences: "threads.count" */
	const struct entry *entry;
	const char *text;              /**< the value in YAML, on one line */
	const struct yaml_node *node;  /**< the same, decoded */
	struct setting_value value;
};

/** Collects and checks what \p settings ask for, in their order. */
int changes_read(const struct config *c, struct arena *a, const lyre_value *settings, bool strict, struct setting_change **ret,
		 struct err *e);
/** The YAML, its node and the value of \p v for change->entry; LYRE_EINVAL with the rule that it breaks. */
int change_value(struct arena *a, struct setting_change *change, const lyre_value *v, struct err *e);

/** Refuses when \p after says anything else than \p before with the changes. */
int changes_prove(const struct config *c, struct arena *a, const struct yaml_node *before, const struct yaml_node *after,
		  const struct setting_change *changes, struct err *e);

/** A configuration file that is about to be replaced. One at a time, over all processes of the machine. */
struct config_store {
	char *path;   /**< what symbolic links lead to */
	int folder;   /**< locked */
	bool there;
	unsigned mode, uid, gid;
	unsigned long long inode, size;
	long long changed_s, changed_ns;
	struct buf text;
};

/** Locks and reads; a file that is not there is empty. config_store_close() also after a failure. */
int config_store_open(struct config_store *s, const char *path, struct err *e);
/** Puts \p text in place of the file; a crash leaves the one or the other. Mode and owner stay. One that is mounted by itself is written over. */
int config_store_replace(struct config_store *s, const struct buf *text, struct err *e);
void config_store_close(struct config_store *s);

#endif
