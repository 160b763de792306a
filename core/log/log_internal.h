/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file log/log_internal.h
 * \brief The file of the log, beneath the lines: it rotates, follows a rename, and counts what it could not write.
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

/** What the configuration says. */
struct log_file_options {
	const char *root;    /**< the folder of lyre.log, made when it is not there */
	bool rotate;
	const char *rotated; /**< the folder of files put aside */
	int64_t max_size;    /**< bytes; 0: whatever its size */
	int64_t interval;    /**< milliseconds; 0: whatever its age */
	int64_t max_total;   /**< bytes of the files put aside; 0: no limit */
};

struct log_file {
	pthread_mutex_t lock;
	struct log_file_options options;
	char *root, *path, *rotated;
	int fd;              /**< -1 when closed */
	dev_t device;
	ino_t inode;
	int64_t size;
	double born;         /**< milliseconds since the epoch */
	int64_t checked;     /**< when the name was last looked at, monotonic milliseconds */
	int64_t held_until;  /**< no rotation before: the last one failed */
	bool torn;           /**< the last line is there in part */
	atomic_bool remade;  /**< the folder was made anew, and nobody has said so yet */
	int nameless;        /**< errno why there is no file of its name, while what is open has none; else 0 */
	atomic_int trouble;  /**< errno why lines are lost; 0: they are not */
	atomic_bool failed;  /**< that has begun, and nobody has said so yet */
	unsigned long lost;  /**< lines that were lost since one was not */
};

int log_file_open(struct log_file *f, const struct log_file_options *o, struct err *e);
void log_file_close(struct log_file *f);
/** Goes on in the file of its name at once, where somebody has moved the one that is open. Any thread. \return whether it does */
bool log_file_follow(struct log_file *f);
/** The errno why lines are lost, when they have begun to be since this was last asked; else 0. Any thread. */
int log_file_failed(struct log_file *f);

/** Whether the folder, which somebody had removed, was made anew since this was last asked. Any thread. */
bool log_file_remade(struct log_file *f);

/**
 * Writes a line with one write(). \p line is the line with a newline before and behind; the first is only written after
 * a line that could not be finished. Any thread.
 * \return how many lines were lost before, when this is the first that went well again; else 0
 */
unsigned long log_file_write(struct log_file *f, const char *line, size_t len);

/** A file put aside. */
struct log_aside {
	char *name;
	int64_t size;
	struct timespec changed;
	dev_t device;
	ino_t inode;
};

/** The files put aside in \p folder, newest first: \p ret is the caller's, for log_free_aside(). \return their count */
size_t log_list_aside(DIR *folder, struct log_aside **ret);
void log_free_aside(struct log_aside *files, size_t count);

/** Removes the oldest files put aside until they are within \p max_total bytes. */
void log_prune(const char *folder, int64_t max_total);
/** Moves \p path into \p folder under a name made of the time. */
bool log_put_aside(const char *path, const char *folder, double now);

/** The word of a level. */
const char *log_level_name(int level);
/** The level that a word means; -1 when it is none. */
int log_level_named(const char *word, size_t len);
/** Escapes a text as it stands in a line. \return its length; 0 when it is longer than a line can be */
size_t log_escape(char *out, size_t size, const char *text, size_t len);
/** lyre_log_read() of a file and of those put aside from it. Any thread, while lines are written and files put aside. */
int log_files_read(const char *path, const char *folder, const struct lyre_log_query *q,
	int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg, struct err *e);

#endif
