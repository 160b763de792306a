/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_file.h
 * \brief A file that gets its name only when it is complete and on disk; until then nobody sees it, and if the process ends,
 * nothing is left.
 *
 * Where the file system has no files without a name, it has a hidden one until then, which export_folder_clean() removes after a
 * crash. So does a file that replaces another, for a moment. Functions block, and return 0, an errno or FILE_IS_SPECIAL.
 */
#ifndef EXPORT_EXPORT_FILE_H
#define EXPORT_EXPORT_FILE_H

#include <stddef.h>

/** What has the file's name is not a regular file: it is neither replaced nor written to. Not an errno. */
#define FILE_IS_SPECIAL (-1)

/** Beginning of a hidden name; the id of the job follows. */
#define HIDDEN_PREFIX ".lyre-export-"
#define HIDDEN_MAX 64

/** A file being written. */
struct export_file {
	int folder; /**< the caller's, open as long as this */
	int fd;
	int hidden_made; /**< the hidden name exists */
	char hidden[HIDDEN_MAX];
};

/**
 * Begins a file in a folder.
 * \param id  of the job, unlike that of any other
 */
int export_file_begin(struct export_file *f, int folder, const char *id);
/** Appends. */
int export_file_append(struct export_file *f, const char *bytes, size_t len);
/**
 * Makes sure that all of it is on disk, and names it.
 * \param replace  whether another regular file of this name is replaced; otherwise it is EEXIST, and another name can be tried
 */
int export_file_name(struct export_file *f, const char *name, int replace);
/** Whether export_file_name() could name a file so now. */
int export_file_try_name(int folder, const char *name);
/** Releases it; if it was not named, nothing is left. */
void export_file_end(struct export_file *f);

/** Removes the hidden files of exports that were killed; not those of exports still running, in this process or another. */
void export_folder_clean(int folder);

#endif
