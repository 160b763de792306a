/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file files/folder_rules.h
 * \brief The setting "paths" of a module: the folders on the server whose files users may name, whatever links and ".." lead
 * there.
 *
 * Not a module: a convenience library for modules that read or write such files. Functions block.
 */
#ifndef FOLDER_RULES_H
#define FOLDER_RULES_H

#include <lyre/lyre.h>

/** What an open folder is. */
enum folder_verdict {
	FOLDER_ALLOWED = 0,
	FOLDER_OUTSIDE = 1,  /**< the setting has folders, and it is in none of them */
	FOLDER_OF_SERVER = 2 /**< of the server's own files */
};

/** The folders that decide. */
struct folder_rules {
	const char *setting; /**< "modules.export.paths", for errors */
	size_t count;
	int limited; /**< the setting has folders */
	struct folder_rule *rules;
};

/**
 * Checks the setting, in start() and check() of the module.
 * \param setting  "modules.export.paths"
 * \return 0 or a failure
 */
int folder_rules_check(lyre_instance *self, const char *setting);

/**
 * Reads the settings of the call's module, and finds the folders that they name now.
 * \param setting  "modules.export.paths"; lives as long as the rules
 * \return 0 or a failure
 */
int folder_rules_read(lyre_call *call, const char *setting, struct folder_rules *ret);

/**
 * Opens a folder by its path, then the folder \p inner below it, NULL for none. Only to look and to create files: the
 * descriptor cannot be read from.
 * \return a descriptor, or a negative errno
 */
int folder_open(const char *path, const char *inner);

/**
 * Decides by what the folder is, not by how it is called: it and the folders above it are compared with those of the rules, and
 * the nearest of them counts.
 * \return an enum folder_verdict, or a negative errno
 */
int folder_judge(const struct folder_rules *rules, int folder);

/** The same for the nearest folder above \p path that exists, since \p path does not; so that nobody learns what exists. */
int folder_judge_missing(const struct folder_rules *rules, const char *path);

/**
 * Refuses a path.
 * \param path     as the client gave it
 * \param verdict  not FOLDER_ALLOWED
 * \return LYRE_EDENIED
 */
int folder_deny(lyre_call *call, const struct folder_rules *rules, const char *path, enum folder_verdict verdict);

#endif
