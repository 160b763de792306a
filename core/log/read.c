/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the log back. Files are read in pieces, from either end; a search by time starts where a binary search in the file
 * finds that time. Lines are parsed only if the wanted level or text occurs in the piece.
 *
 * Files may be rotated while they are read: the current one is opened first, and recognised among the rotated ones by its
 * inode; files newer than it did not exist when the reading began.
 */
#include "log/log_internal.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)256 << 10)
/** Shortest and longest line of ours, with its newline. */
#define LINE_SHORTEST 40
#define LINE_LONGEST 16384
#define LINES_MAX (PIECE / LINE_SHORTEST + 1)
/** How far lines may be out of order, because threads take the time before they write, ms. */
#define DISORDER 10000.0
#define TIME_LEN 24

struct span {
	uint32_t at, len;
};

struct reader {
	const struct lyre_log_query *query;
	int (*visit)(void *arg, const struct lyre_log_entry *entry);
	void *arg;
	struct err *e;
	uint64_t passed, given;
	bool done;
	size_t needle_len;         /**< 0: every line is parsed */
	char needle[LINE_LONGEST]; /**< occurs in every wanted line and few others */
	struct span lines[LINES_MAX];
	char text[LINE_LONGEST + 4];
	char piece[PIECE];
};

/* ---- one line ---- */

/** Takes the text before \p mark. */
static bool take_until(const char **p, const char *end, const char *mark, struct span *ret, const char *line)
{
	const char *at = memmem(*p, (size_t)(end - *p), mark, strlen(mark));
	if (!at)
		return false;
	*ret = (struct span){ .at = (uint32_t)(*p - line), .len = (uint32_t)(at - *p) };
	*p = at + strlen(mark);
	return true;
}

static bool line_time(const char *line, size_t len, double *ret)
{
	return len > TIME_LEN + 2 && line[TIME_LEN - 1] == 'Z' && !memcmp(line + TIME_LEN, " [", 2) &&
		iso_time_parse(line, TIME_LEN, ret);
}

static unsigned hex(const char *s, size_t digits)
{
	unsigned v = 0;
	for (size_t i = 0; i < digits; i++) {
		static const char known[] = "0123456789abcdef";
		const char *digit = s[i] ? strchr(known, s[i]) : NULL;
		if (!digit)
			return 0;
		v = v * 16 + (unsigned)(digit - known);
	}
	return v;
}

/** Decodes one escape, whose backslash is at \p s. \return its length; 0 if it is not one of ours */
static size_t unescape_one(const char *s, size_t len, char **out)
{
	static const char letters[] = "\\nrt", means[] = "\\\n\r\t";
	const char *letter = len > 1 && s[1] ? strchr(letters, s[1]) : NULL;
	if (letter) {
		*(*out)++ = means[letter - letters];
		return 2;
	}
	unsigned c;
	if (len >= 4 && s[1] == 'x' && (c = hex(s + 2, 2)) != 0 && c < 0x80) {
		*(*out)++ = (char)c;
		return 4;
	}
	if (len >= 6 && s[1] == 'u' && (c = hex(s + 2, 4)) >= 0x80 && c < 0xa0) {
		*(*out)++ = (char)0xc2;
		*(*out)++ = (char)c;
		return 6;
	}
	return 0;
}

/** The result is never longer. \return its end, where the NUL is */
static char *unescape(const char *s, size_t len, char *out)
{
	for (size_t at = 0; at < len;) {
		size_t n = s[at] == '\\' ? unescape_one(s + at, len - at, &out) : 0;
		if (!n)
			*out++ = s[at++];
		at += n;
	}
	*out = '\0';
	return out;
}

static char *copy(struct span s, const char *line, char *out)
{
	memcpy(out, line + s.at, s.len);
	out[s.len] = '\0';
	return out + s.len + 1;
}

/** Reads a line without its newline. Lines that are not ours, such as incomplete ones, are skipped. */
static int read_line(struct reader *r, const char *line, size_t len)
{
	const struct lyre_log_query *q = r->query;
	const char *p = line + TIME_LEN + 2, *end = line + len;
	struct span thread, level, tag;
	double time;
	if (!line_time(line, len, &time) || time < q->from || time > q->until)
		return 0;
	if (!take_until(&p, end, "] [", &thread, line) || !take_until(&p, end, "] [", &level, line) ||
		!take_until(&p, end, "]: ", &tag, line))
		return 0;
	int known = log_level_named(line + level.at, level.len);
	if (known < 0 || (q->levels && !(q->levels & 1u << known)))
		return 0;
	if (memchr(line, '\0', len) || utf8_valid_prefix(line, len) != len)
		return 0;
	struct lyre_log_entry entry = { .size = sizeof entry, .level = (uint32_t)known, .time = time, .thread = r->text };
	char *at = copy(thread, line, r->text);
	entry.tag = at;
	at = copy(tag, line, at);
	entry.message = at;
	unescape(p, (size_t)(end - p), at);
	if (q->filter && !strstr(entry.message, q->filter))
		return 0;
	if (r->passed < q->offset) {
		r->passed++;
		return 0;
	}
	r->done = ++r->given >= q->limit;
	return r->visit(r->arg, &entry);
}

/* ---- a piece of whole lines ---- */

typedef unsigned char block __attribute__((vector_size(16)));

/**
 * memmem(), but several times as fast if the needle is rare: looks for two of its bytes at sixteen positions at once. For
 * a level they are the bracket before it and its first letter.
 */
static const char *find(const char *p, const char *end, const char *needle, size_t len)
{
	size_t second = len > 3 ? 3 : len - 1;
	block one = { 0 }, two = { 0 };
	one += (unsigned char)needle[0];
	two += (unsigned char)needle[second];
	for (; (size_t)(end - p) >= len + sizeof(block); p += sizeof(block)) {
		block x, y;
		uint64_t any[2];
		memcpy(&x, p, sizeof x);
		memcpy(&y, p + second, sizeof y);
		block hits = (block)((x == one) & (y == two));
		memcpy(any, &hits, sizeof any);
		for (size_t i = 0; (any[0] | any[1]) && i < sizeof hits; i++)
			if (hits[i] && !memcmp(p + i, needle, len))
				return p + i;
	}
	return memmem(p, (size_t)(end - p), needle, len);
}

static size_t find_lines(struct reader *r, const char *data, size_t len)
{
	size_t count = 0;
	for (const char *p = data, *stop = data + len; p < stop;) {
		const char *hit = r->needle_len ? find(p, stop, r->needle, r->needle_len) : p;
		if (!hit)
			break;
		const char *before = memrchr(p, '\n', (size_t)(hit - p)), *line = before ? before + 1 : p;
		const char *end = memchr(hit, '\n', (size_t)(stop - hit));
		if (!end)
			break;
		size_t n = (size_t)(end - line);
		if (n + 1 >= LINE_SHORTEST && n < LINE_LONGEST)
			r->lines[count++] = (struct span){ .at = (uint32_t)(line - data), .len = (uint32_t)n };
		p = end + 1;
	}
	return count;
}

static int read_lines(struct reader *r, const char *data, size_t len)
{
	size_t count = find_lines(r, data, len);
	int rc = 0;
	for (size_t i = 0; !rc && !r->done && i < count; i++) {
		struct span line = r->lines[r->query->oldest_first ? i : count - 1 - i];
		rc = read_line(r, data + line.at, line.len);
	}
	return rc;
}

/* ---- a file ---- */

/** \return bytes read, fewer at the end of the file; LYRE_EIO */
static ssize_t read_at(struct reader *r, int fd, off_t at, size_t len)
{
	size_t got = 0;
	while (got < len) {
		ssize_t n = pread(fd, r->piece + got, len - got, at + (off_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(r->e, errno, "read", "the log");
		if (!n)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/** Finds the first line of ours that starts after \p at and before \p end. \return 1; 0 if there is none */
static int line_behind(struct reader *r, int fd, off_t at, off_t end, off_t *begins, double *time)
{
	while (at < end) {
		ssize_t n = read_at(r, fd, at, 2 * LINE_LONGEST);
		if (n <= 0)
			return (int)n;
		const char *p = r->piece, *stop = r->piece + n;
		while ((p = memchr(p, '\n', (size_t)(stop - p))) != NULL && ++p < stop) {
			*begins = at + (p - r->piece);
			if (*begins >= end)
				return 0;
			if (line_time(p, (size_t)(stop - p), time))
				return 1;
		}
		at += n;
		if (n == 2 * LINE_LONGEST)
			at -= LINE_LONGEST;
	}
	return 0;
}

/** Narrows a range: lines before \p begin are older than \p time, lines from \p end on are not. */
static int narrow(struct reader *r, int fd, double time, off_t *begin, off_t *end)
{
	while (*end - *begin > (off_t)PIECE) {
		off_t middle = *begin + (*end - *begin) / 2, line = middle;
		double there = time;
		int rc = line_behind(r, fd, middle, *end, &line, &there);
		if (rc < 0)
			return rc;
		if (!rc)
			*end = middle;
		else if (there < time)
			*begin = line;
		else
			*end = line;
	}
	return 0;
}

/** Reads a range that ends after a newline, or at the end of the file, backwards. */
static int read_back(struct reader *r, int fd, off_t begin, off_t end)
{
	while (begin < end && !r->done) {
		off_t at = end - begin > (off_t)PIECE ? end - (off_t)PIECE : begin;
		ssize_t n = read_at(r, fd, at, (size_t)(end - at));
		if (n < 0)
			return (int)n;
		const char *last = memrchr(r->piece, '\n', (size_t)n), *first = memchr(r->piece, '\n', (size_t)n);
		size_t start = at == begin || !first ? 0 : (size_t)(first - r->piece) + 1;
		size_t stop = last ? (size_t)(last - r->piece) + 1 : 0;
		end = at;
		if (start < stop) {
			int rc = read_lines(r, r->piece + start, stop - start);
			if (rc)
				return rc;
			end += (off_t)start;
		}
	}
	return 0;
}

/** The same forwards. */
static int read_on(struct reader *r, int fd, off_t begin, off_t end)
{
	bool inside = false; /* within a line that is longer than a piece */
	while (begin < end && !r->done) {
		ssize_t n = read_at(r, fd, begin, end - begin > (off_t)PIECE ? PIECE : (size_t)(end - begin));
		if (n <= 0)
			return (int)n;
		const char *last = memrchr(r->piece, '\n', (size_t)n), *first = memchr(r->piece, '\n', (size_t)n);
		size_t start = inside && first ? (size_t)(first - r->piece) + 1 : 0;
		size_t stop = last ? (size_t)(last - r->piece) + 1 : 0;
		inside = !last;
		begin += last ? (off_t)stop : n;
		int rc = start < stop ? read_lines(r, r->piece + start, stop - start) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

static int read_file(struct reader *r, int fd)
{
	const struct lyre_log_query *q = r->query;
	struct stat st;
	if (fstat(fd, &st))
		return err_errno(r->e, errno, "inspect", "the log");
	off_t begin = 0, end = st.st_size, ignored;
	int rc = 0;
	if (!isnan(q->from)) {
		ignored = end;
		rc = narrow(r, fd, q->from - DISORDER, &begin, &ignored);
	}
	if (!rc && !isnan(q->until)) {
		ignored = begin;
		rc = narrow(r, fd, q->until + DISORDER, &ignored, &end);
	}
	return rc ? rc : (q->oldest_first ? read_on : read_back)(r, fd, begin, end);
}

/* ---- all of them ---- */

static int read_aside(struct reader *r, DIR *dir, const struct log_aside *files, size_t count)
{
	int rc = 0;
	for (size_t i = 0; !rc && !r->done && i < count; i++) {
		const char *name = files[r->query->oldest_first ? count - 1 - i : i].name;
		int fd = openat(dirfd(dir), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0 && errno == ENOENT)
			continue; /* removed in the meantime */
		if (fd < 0)
			return err_errno(r->e, errno, "open", name);
		rc = read_file(r, fd);
		close(fd);
	}
	return rc;
}

static int read_files(struct reader *r, int fd, DIR *dir, const struct log_aside *files, size_t count)
{
	struct stat st;
	size_t older = 0;
	if (fd >= 0 && fstat(fd, &st))
		return err_errno(r->e, errno, "inspect", "the log");
	for (size_t i = 0; fd >= 0 && i < count; i++)
		if (files[i].device == st.st_dev && files[i].inode == st.st_ino)
			older = i + 1;
	int rc = 0;
	if (!r->query->oldest_first && fd >= 0)
		rc = read_file(r, fd);
	if (!rc && !r->done && count)
		rc = read_aside(r, dir, files + older, count - older);
	if (r->query->oldest_first && !rc && !r->done && fd >= 0)
		rc = read_file(r, fd);
	return rc;
}

/** Sets the needle. \return false if no line can match */
static bool find_needle(struct reader *r)
{
	const struct lyre_log_query *q = r->query;
	if (q->filter && *q->filter) {
		r->needle_len = log_escape(r->needle, sizeof r->needle, q->filter, strlen(q->filter));
		return r->needle_len;
	}
	for (int level = 0; level <= LYRE_TRACE; level++)
		if (q->levels == 1u << level)
			r->needle_len = (size_t)snprintf(r->needle, sizeof r->needle, "] [%s] [", log_level_name(level));
	return true;
}

int log_files_read(const char *path, const char *folder, const struct lyre_log_query *q,
	int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg, struct err *e)
{
	if (!q->limit)
		return 0;
	struct reader *r = calloc(1, sizeof *r);
	if (!r)
		return err_nomem(e);
	r->query = q;
	r->visit = visit;
	r->arg = arg;
	r->e = e;
	int rc = 0;
	if (find_needle(r)) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT) /* ENOENT: it is just being rotated */
			rc = err_errno(e, errno, "open", path);
		DIR *dir = rc ? NULL : opendir(folder);
		struct log_aside *files = NULL;
		size_t count = dir ? log_list_aside(dir, &files) : 0;
		if (!rc)
			rc = read_files(r, fd, dir, files, count);
		log_free_aside(files, count);
		if (dir)
			closedir(dir);
		if (fd >= 0)
			close(fd);
	}
	free(r);
	return rc;
}
