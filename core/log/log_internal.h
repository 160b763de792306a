/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file log/log_internal.h
 * \brief The log file below the lines: it is rotated, follows a rename, and counts lines that could not be written.
 */
#ifndef LOG_LOG_INTERNAL_H
#define LOG_LOG_INTERNAL_H

#include "base/err.h"

#include <dirent.h>
#include <lyre/server.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

/** The configuration. */
struct log_file_options {
	const char *root; /**< the folder of lyre.log, created if missing */
	bool rotate;
	const char *rotated; /**< the folder of rotated files */
	int64_t max_size;    /**< bytes; 0: no limit */
	int64_t interval;    /**< milliseconds; 0: no limit */
	int64_t max_total;   /**< bytes of all rotated files; 0: no limit */
};

struct log_file {
	pthread_mutex_t lock;
	struct log_file_options options;
	char *root, *path, *rotated;
	int fd; /**< -1 when closed */
	dev_t device;
	ino_t inode;
	int64_t size;
	double born;        /**< milliseconds since the epoch */
	int64_t checked;    /**< when the name was last checked, monotonic milliseconds */
	int64_t held_until; /**< no rotation before this time: the last one failed */
	bool torn;          /**< the last line is incomplete */
	atomic_bool remade; /**< the folder was created again, which has not been reported yet */
	int nameless;       /**< errno why no file of its name can be created while the open file has none; else 0 */
	atomic_int trouble; /**< errno why lines are being lost; 0: none are */
	atomic_bool failed; /**< losing lines has begun, which has not been reported yet */
	unsigned long lost; /**< lines that could not be written since the last success */
};

int log_file_open(struct log_file *f, const struct log_file_options *o, struct err *e);
void log_file_close(struct log_file *f);
/** Reopens the file by its name immediately if the open one was moved. Any thread. \return whether the open file has the name */
bool log_file_follow(struct log_file *f);
/** The errno why lines are lost, if that has begun since the last call; else 0. Any thread. */
int log_file_failed(struct log_file *f);

/** Whether the folder was removed and has been created again since the last call. Any thread. */
bool log_file_remade(struct log_file *f);

/**
 * Writes a line with one write(). \p line has a newline before and after it; the first is written only after an incomplete
 * line. Any thread.
 * \return the number of lines lost before, if this is the first one written again; else 0
 */
unsigned long log_file_write(struct log_file *f, const char *line, size_t len);

/** A rotated file. */
struct log_aside {
	char *name;
	int64_t size;
	struct timespec changed;
	dev_t device;
	ino_t inode;
};

/** The rotated files in \p folder, newest first: \p ret is the caller's, for log_free_aside(). \return their count */
size_t log_list_aside(DIR *folder, struct log_aside **ret);
void log_free_aside(struct log_aside *files, size_t count);

/** Removes the oldest rotated files until the rest is within \p max_total bytes. */
void log_prune(const char *folder, int64_t max_total);
/** Rotates a file: moves \p path into \p folder under a name made from the time. */
bool log_put_aside(const char *path, const char *folder, double now);

/** The name of a level. */
const char *log_level_name(int level);
/** The level with a name; -1 if there is none. */
int log_level_named(const char *word, size_t len);
/** Escapes a text as in a line. \return its length; 0 if it is longer than a line can be */
size_t log_escape(char *out, size_t size, const char *text, size_t len);
/** lyre_log_read() for a file and the files rotated from it. Any thread, while lines are written and files rotated. */
int log_files_read(const char *path, const char *folder, const struct lyre_log_query *q,
	int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg, struct err *e);

#endif
