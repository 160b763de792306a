/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_folder.h
 * \brief The folder that an export writes to: which ones are allowed, whatever links and ".." lead there.
 */
#ifndef EXPORT_EXPORT_FOLDER_H
#define EXPORT_EXPORT_FOLDER_H

#include <lyre/lyre.h>

/** What an open folder is. */
enum folder_verdict {
	FOLDER_ALLOWED = 0,
	FOLDER_OUTSIDE = 1,  /**< modules.export.paths is set, and it is in none of them */
	FOLDER_OF_SERVER = 2 /**< of the server's own files */
};

/** The folders that decide. */
struct folder_rules {
	size_t count;
	int limited; /**< modules.export.paths is set */
	struct folder_rule *rules;
};

/** Reads the settings and finds the folders that they name now. Blocks. \return 0 or a failure */
int export_folder_rules_read(lyre_call *call, struct folder_rules *ret);

/**
 * Opens a folder by its path, then the folder \p inner below it, NULL for none. Only to look and to create files: the
 * descriptor cannot be read from. Blocks.
 * \return a descriptor, or a negative errno
 */
int export_folder_open(const char *path, const char *inner);

/**
 * Decides by what the folder is, not by how it is called: it and the folders above it are compared with those of the rules, and
 * the nearest of them counts. Blocks.
 * \return an enum folder_verdict, or a negative errno
 */
int export_folder_judge(const struct folder_rules *rules, int folder);

/** The same for the nearest folder above \p path that exists, since \p path does not; so that nobody learns what exists. */
int export_folder_judge_missing(const struct folder_rules *rules, const char *path);

#endif
