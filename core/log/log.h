/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file log/log.h
 * \brief The log: one line per event, to a file that is rotated and to the standard streams.
 *
 * A line: 2026-11-21T21:58:53.123Z [thread] [level] [tag]: message. Control characters and backslashes in a message are
 * escaped, so that one call makes one line that can be read back; it is cut at 8 KiB. Any thread. Before log_open(), lines
 * of level warn and above go to standard error. The process must ignore SIGPIPE: a standard stream may be a pipe without a
 * reader.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/err.h"

#include <lyre/server.h>
#include <stdarg.h>
#include <stdbool.h>

struct metric_sink;

struct config;

/** Opens the log according to logging.*. \return 0, LYRE_EIO … */
int log_open(const struct config *c, struct err *e);
void log_close(void);

/** From now on, lines of this level, given by name, and more urgent ones are written; log_open() uses logging.level. */
void log_set_level(const char *name);
/** Reopens the log file by its name, for callers who have moved the open one. \return false if that is not possible */
bool log_reopen(void);

/** Whether lines of error and above reach standard error. */
bool log_on_streams(void);

bool log_enabled(enum lyre_log_level level);
/** Reports the number of lines written since the start. */
void log_report(struct metric_sink *s);
void log_write(enum lyre_log_level level, const char *tag, const char *fmt, ...) LYRE_PRINTF(3, 4);
void log_vwrite(enum lyre_log_level level, const char *tag, const char *fmt, va_list ap) LYRE_PRINTF(3, 0);

#define log_notify(tag, ...) log_write(LYRE_NOTIFY, tag, __VA_ARGS__)
#define log_fatal(tag, ...) log_write(LYRE_FATAL, tag, __VA_ARGS__)
#define log_error(tag, ...) log_write(LYRE_ERROR, tag, __VA_ARGS__)
#define log_warn(tag, ...) log_write(LYRE_WARN, tag, __VA_ARGS__)
#define log_info(tag, ...) log_write(LYRE_INFO, tag, __VA_ARGS__)
#define log_debug(tag, ...) log_write(LYRE_DEBUG, tag, __VA_ARGS__)

/** lyre_log_read(), with its message in \p e. Blocks. Any thread. */
int log_read(const struct lyre_log_query *q, int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg, struct err *e);

/** Names the calling thread in its lines: "main", "http/1", "writer/dev"; except for the first thread, also in ps and top. */
void log_thread(const char *name);

#endif
