/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log.h"

#include "base/metric_report.h"
#include "base/text.h"
#include "config/config.h"
#include "log/log_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/** Longest line, with the newline. Longer lines are cut and end in an ellipsis. */
#define LINE_MAX_BYTES 8192
#define CUT_MARK "…"

enum sink {
	SINK_FILE = 1 << 0,
	SINK_STREAMS = 1 << 1,
	SINK_STDERR = 1 << 2,      /**< before log_open(): everything to standard error */
	SINK_JOURNAL_OUT = 1 << 3, /**< standard output is the journal: lines start with their priority */
	SINK_JOURNAL_ERR = 1 << 4,
	SINK_STREAMS_FEW = 1 << 5 /**< with SINK_STREAMS: only what the person who started the server must see */
};

static const char *const level_names[] = { "notify", "fatal", "error", "warn", "info", "debug", "trace" };
/** Priorities for the journal, as in syslog. */
static const char level_priorities[] = "5234677";

static atomic_int threshold = LYRE_WARN;
static atomic_uint sinks = SINK_STDERR;
static struct log_file file = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };
static _Thread_local char thread_name[32];

static metric_count lines[LYRE_TRACE + 1];

/** A line being built: a newline or a priority before it, room for a newline after it. */
struct line {
	char data[LINE_MAX_BYTES + 8];
	size_t len, max;
	bool cut;
};

static void line_add(struct line *l, const char *s, size_t len)
{
	if (l->cut || l->len + len > l->max) {
		l->cut = true;
		return;
	}
	memcpy(l->data + l->len, s, len);
	l->len += len;
}

static size_t char_len(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/** Adds one character of valid UTF-8; those that control a terminal are escaped. */
static void line_add_char(struct line *l, const char *s, size_t len)
{
	char escape[8];
	unsigned char c = (unsigned char)*s;
	size_t control = utf8_control(s, len);
	if (c == '\\')
		line_add(l, "\\\\", 2);
	else if (c == '\n')
		line_add(l, "\\n", 2);
	else if (c == '\r')
		line_add(l, "\\r", 2);
	else if (c == '\t')
		line_add(l, "\\t", 2);
	else if (control == 1)
		line_add(l, escape, (size_t)snprintf(escape, sizeof escape, "\\x%02x", c));
	else if (control == 2)
		line_add(l, escape, (size_t)snprintf(escape, sizeof escape, "\\u00%02x", (unsigned char)s[1]));
	else
		line_add(l, s, len);
}

static void line_add_text(struct line *l, const char *s, size_t len)
{
	for (size_t at = 0; at < len && !l->cut;) {
		size_t valid = at + utf8_valid_prefix(s + at, len - at);
		while (at < valid && !l->cut) {
			size_t n = char_len((unsigned char)s[at]);
			line_add_char(l, s + at, n);
			at += n;
		}
		if (at < len && !l->cut) {
			line_add(l, "\xef\xbf\xbd", 3);
			at++;
		}
	}
}

static const char *own_name(void)
{
	if (!thread_name[0]) {
		long tid = syscall(SYS_gettid);
		if (tid == getpid())
			log_thread("main");
		else
			snprintf(thread_name, sizeof thread_name, "thread/%ld", tid);
	}
	return thread_name;
}

/** Formats without any lock. The first byte is a newline, so that a line can be written after an incomplete one. */
static void line_make(struct line *l, enum lyre_log_level level, const char *tag, const char *fmt, va_list ap)
{
	char time[32], message[LINE_MAX_BYTES], head[160];
	iso_time(time, now_ms());
	if (!tag)
		tag = "lyre";
	int n = snprintf(head, sizeof head, "\n%s [%s] [%s] [%.64s]: ", time, own_name(), level_names[level], tag);
	l->len = 0;
	l->cut = false;
	l->max = LINE_MAX_BYTES - strlen(CUT_MARK);
	line_add(l, head, n > 0 ? (size_t)n : 0);
	n = vsnprintf(message, sizeof message, fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;
	if (len >= sizeof message)
		len = utf8_cut(message, sizeof message - 1, sizeof message - 1);
	line_add_text(l, message, len);
	if (n >= (int)sizeof message)
		l->cut = true;
	if (l->cut) {
		memcpy(l->data + l->len, CUT_MARK, strlen(CUT_MARK));
		l->len += strlen(CUT_MARK);
	}
	l->data[l->len++] = '\n';
}

/** Standard streams may be closed, full or gone: then the line is lost there, without other consequences. */
static void write_stream(int fd, enum lyre_log_level level, bool journal, const struct line *l)
{
	char out[LINE_MAX_BYTES + 16];
	size_t len = 0;
	if (journal) {
		out[len++] = '<';
		out[len++] = level_priorities[level];
		out[len++] = '>';
	}
	memcpy(out + len, l->data + 1, l->len - 1);
	len += l->len - 1;
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, out + at, len - at);
		if (n > 0)
			at += (size_t)n;
		else if (errno != EINTR)
			return;
	}
}

static unsigned long emit(enum lyre_log_level level, const struct line *l)
{
	unsigned to = atomic_load_explicit(&sinks, memory_order_relaxed);
	if (to & SINK_STDERR)
		write_stream(STDERR_FILENO, level, to & SINK_JOURNAL_ERR, l);
	if (to & SINK_STREAMS && (level <= LYRE_ERROR || !(to & SINK_STREAMS_FEW))) {
		bool urgent = level != LYRE_NOTIFY && level <= LYRE_WARN;
		write_stream(urgent ? STDERR_FILENO : STDOUT_FILENO, level, to & (urgent ? SINK_JOURNAL_ERR : SINK_JOURNAL_OUT), l);
	}
	return to & SINK_FILE ? log_file_write(&file, l->data, l->len) : 0;
}

bool log_enabled(enum lyre_log_level level)
{
	return level == LYRE_NOTIFY || (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

/** Reports changes of the log file's state. */
static void say_news(void)
{
	int error = log_file_failed(&file);
	if (log_file_remade(&file))
		log_write(LYRE_WARN, "log",
			"the log folder was removed and has been created again: lines of the last second may be lost");
	if (error) /* this reaches the standard streams */
		log_write(LYRE_ERROR, "log", "the log file cannot be written: %s; lines are lost until it can", strerror(error));
}

void log_vwrite(enum lyre_log_level level, const char *tag, const char *fmt, va_list ap)
{
	struct line l;
	int saved = errno;
	if ((unsigned)level > LYRE_TRACE)
		level = LYRE_TRACE;
	if (!log_enabled(level))
		return;
	metric_add(&lines[level], 1);
	line_make(&l, level, tag, fmt, ap);
	unsigned long lost = emit(level, &l);
	say_news();
	if (lost)
		log_write(LYRE_NOTIFY, "log", "%lu line%s before this one could not be written", lost, lost == 1 ? "" : "s");
	errno = saved;
}

void log_write(enum lyre_log_level level, const char *tag, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	log_vwrite(level, tag, fmt, ap);
	va_end(ap);
}

void log_report(struct metric_sink *s)
{
	static const struct metric_about about = { METRIC_COUNTER, "log_lines_total", "Log lines, by level.", "level" };
	static const struct metric_about failed = { METRIC_GAUGE, "log_failed", "1 while lines cannot be written to the log file.",
		NULL };
	metric_report(s, &failed, NULL, atomic_load(&file.trouble) != 0);
	for (int level = 0; level <= LYRE_TRACE; level++)
		metric_report(s, &about, level_names[level], (double)metric_read(&lines[level]));
}

void log_thread(const char *name)
{
	snprintf(thread_name, sizeof thread_name, "%s", name);
	for (char *p = thread_name; (p = strchr(p, ']')) != NULL;) /* ends the name in a line */
		*p = ')';
	if (syscall(SYS_gettid) != getpid()) /* the first thread's name is the process's */
		prctl(PR_SET_NAME, thread_name);
}

const char *log_level_name(int level)
{
	return level_names[level];
}

int log_level_named(const char *word, size_t len)
{
	for (int i = 0; i <= LYRE_TRACE; i++)
		if (strlen(level_names[i]) == len && !memcmp(word, level_names[i], len))
			return i;
	return -1;
}

size_t log_escape(char *out, size_t size, const char *text, size_t len)
{
	struct line l;
	l.len = 0;
	l.cut = false;
	l.max = size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES;
	line_add_text(&l, text, len);
	if (l.cut)
		return 0;
	memcpy(out, l.data, l.len);
	return l.len;
}

static int level_of(const char *word)
{
	int level = log_level_named(word, strlen(word));
	return level < 0 ? LYRE_WARN : level;
}

void log_set_level(const char *name)
{
	atomic_store(&threshold, level_of(name));
}

static void follow(void *arg, const struct config *c, const char *key)
{
	(void)arg;
	if (!strcmp(key, "logging.level"))
		log_set_level(config_string(c, key));
}

/** JOURNAL_STREAM identifies the journal's stream, as DEVICE:INODE. */
static bool is_journal(int fd)
{
	unsigned long long device, inode;
	struct stat st;
	const char *stream = getenv("JOURNAL_STREAM");
	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && !fstat(fd, &st) && st.st_dev == device &&
		st.st_ino == inode;
}

static unsigned journal_flags(void)
{
	return (is_journal(STDOUT_FILENO) ? SINK_JOURNAL_OUT : 0) | (is_journal(STDERR_FILENO) ? SINK_JOURNAL_ERR : 0);
}

int log_open(const struct config *c, struct err *e)
{
	struct log_file_options o = {
		.root = config_path(c, "logging.root"),
		.rotate = config_bool(c, "logging.rotation.enabled"),
		.rotated = config_path(c, "logging.rotation.path"),
		.max_size = config_int(c, "logging.rotation.maxSize"),
		.interval = config_int(c, "logging.rotation.interval"),
		.max_total = config_int(c, "logging.rotation.maxTotalSize"),
	};
	unsigned to = journal_flags();
	if (config_bool(c, "logging.file")) {
		int rc = log_file_open(&file, &o, e);
		if (rc)
			return rc;
		to |= SINK_FILE;
	}
	if (config_is_null(c, "logging.stdStreams"))
		to |= isatty(STDOUT_FILENO) ? SINK_STREAMS : SINK_STREAMS | SINK_STREAMS_FEW;
	else if (config_bool(c, "logging.stdStreams"))
		to |= SINK_STREAMS;
	if (config_watch(c, follow, NULL))
		return err_nomem(e);
	follow(NULL, c, "logging.level");
	atomic_store(&sinks, to);
	if (config_bool(c, "logging.rotation.compress"))
		log_warn("log", "logging.rotation.compress has no effect in this build: rotated files are not compressed");
	if (to & SINK_FILE && o.rotate && !o.max_size && !o.interval)
		log_warn("log", "logging.rotation is enabled without maxSize or interval: the log grows without limit");
	return 0;
}

bool log_on_streams(void)
{
	return atomic_load(&sinks) & (SINK_STREAMS | SINK_STDERR);
}

bool log_reopen(void)
{
	bool followed = !(atomic_load(&sinks) & SINK_FILE) || log_file_follow(&file);
	say_news();
	return followed;
}

int log_read(const struct lyre_log_query *q, int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg, struct err *e)
{
	pthread_mutex_lock(&file.lock);
	bool open = file.fd >= 0;
	char *path = open ? strdup(file.path) : NULL, *rotated = open ? strdup(file.rotated) : NULL;
	pthread_mutex_unlock(&file.lock);
	int rc;
	if (!open)
		rc = err_set(e, LYRE_ENOTSUP, "the log is not written to a file: logging.file is false");
	else if (!path || !rotated)
		rc = err_nomem(e);
	else
		rc = log_files_read(path, rotated, q, visit, arg, e);
	free(path);
	free(rotated);
	return rc;
}

void log_close(void)
{
	unsigned to = atomic_exchange(&sinks, SINK_STDERR | journal_flags());
	atomic_store(&threshold, LYRE_WARN);
	if (to & SINK_FILE)
		log_file_close(&file);
}
