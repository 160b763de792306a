/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/copies.h"
#include "ctl/interrupt.h"
#include "ctl/progress.h"
#include "ctl/write_request.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** Position of an LMDB file's magic number: after a page header, which contains an address. */
#define MAGIC_AT_64 (BACKUP_HEAD - 4)
#define MAGIC_AT_32 12
#define MAGIC 0xBEEFC0DEu

struct file_sink {
	const char *path;
	int fd;
	bool regular;                    /**< the output is a regular file and is flushed to disk */
	unsigned char head[BACKUP_HEAD]; /**< the first bytes */
	size_t head_len;
};

static bool write_piece(void *arg, const char *type, const void *piece, size_t len)
{
	struct file_sink *s = arg;
	const char *p = piece;
	size_t kept = len < BACKUP_HEAD - s->head_len ? len : BACKUP_HEAD - s->head_len;
	memcpy(s->head + s->head_len, p, kept);
	s->head_len += kept;
	if (strncmp(type, "application/octet-stream", 24) != 0) {
		complain(CTL_REFUSED, "the server answered with '%s' instead of a backup", type);
		return false;
	}
	while (len > 0) {
		ssize_t n = write(s->fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			complain(CTL_REFUSED, "cannot write '%s': %s", s->path, strerror(errno));
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool is_backup(const unsigned char *head, size_t len)
{
	const size_t places[] = { MAGIC_AT_64, MAGIC_AT_32 };
	for (size_t i = 0; len == BACKUP_HEAD && i < 2; i++) {
		uint32_t magic;
		memcpy(&magic, head + places[i], sizeof magic);
		if (magic == MAGIC)
			return true;
	}
	return false;
}

/** Creates the file that receives the backup; no other process may write to it at the same time. */
static int open_part(const char *part)
{
	int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0)
		return fd;
	if (fd >= 0 && errno == EWOULDBLOCK)
		complain(CTL_REFUSED, "another backup to '%s' is in progress", part);
	else
		complain(CTL_REFUSED, "cannot write '%s': %s", part, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/** Flushes the new name to disk, as fsync() does for the file's content. */
static void sync_folder(struct arena *a, const char *file)
{
	char *copy = arena_strndup(a, file, strlen(file));
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static void write_request(struct buf *b, const struct options *o, const char *database)
{
	request_begin(b, "get_backup");
	request_member(b, "database", database);
	if (o->table_count > 0)
		request_name(b, "tables");
	for (size_t i = 0; i < o->table_count; i++) {
		buf_add_char(b, i == 0 ? '[' : ',');
		request_text(b, o->tables[i], strlen(o->tables[i]));
	}
	if (o->table_count > 0)
		buf_add_char(b, ']');
	request_end(b);
}

static int fetch(struct client *c, struct arena *a, const struct options *o, const char *database, struct file_sink *s)
{
	struct buf request;
	buf_init(&request);
	write_request(&request, o, database);
	const struct sink sink = { write_piece, s };
	struct answer answer;
	progress_begin(database, o->quiet);
	int rc = client_send(c, &request, "application/octet-stream, application/json;q=0.5, */*;q=0.1", &sink, &answer);
	progress_end();
	if (rc == 0 && answer.status != 200)
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && !is_backup(s->head, s->head_len))
		rc = complain(CTL_REFUSED, "the server's answer is not a database");
	else if (rc == 0 && s->regular && fsync(s->fd) < 0)
		rc = complain(CTL_REFUSED, "cannot write '%s': %s", s->path, strerror(errno));
	buf_free(&answer.body);
	buf_free(&request);
	return rc;
}

/** A new file takes the old one's name when it is complete. */
static int backup_to_file(struct client *c, struct arena *a, const struct options *o, const char *database, const char *file)
{
	char *part = arena_printf(a, "%s.part", file);
	if (!part)
		return complain(CTL_REFUSED, "out of memory");
	interrupts_note();
	struct file_sink sink = { .path = part, .fd = open_part(part), .regular = true };
	if (sink.fd < 0)
		return CTL_REFUSED;
	int rc = fetch(c, a, o, database, &sink);
	if (rc == 0 && rename(part, file) < 0)
		rc = complain(CTL_REFUSED, "cannot rename '%s' to '%s': %s", part, file, strerror(errno));
	if (rc == 0)
		sync_folder(a, file);
	else
		unlink(part);
	close(sink.fd);
	return rc;
}

/** Anything but a regular file is written in place. */
static int backup_to_stream(struct client *c, struct arena *a, const struct options *o, const char *database, const char *file)
{
	bool out = strcmp(file, "-") == 0;
	struct file_sink sink = { .path = out ? "standard output" : file };
	sink.fd = out ? STDOUT_FILENO : open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (sink.fd < 0)
		return complain(CTL_REFUSED, "cannot write '%s': %s", file, strerror(errno));
	int rc = isatty(sink.fd) ? complain(CTL_USAGE, "a backup is binary: redirect it to a file") :
				   fetch(c, a, o, database, &sink);
	if (!out && close(sink.fd) < 0 && rc == 0)
		rc = complain(CTL_REFUSED, "cannot write '%s': %s", file, strerror(errno));
	return rc;
}

int command_backup(struct client *c, struct arena *a, const struct options *o, const char *database, const char *file)
{
	struct stat st;
	bool link = lstat(file, &st) == 0 && S_ISLNK(st.st_mode), there = stat(file, &st) == 0;
	if (strcmp(file, "-") == 0 || (there && !S_ISREG(st.st_mode)))
		return backup_to_stream(c, a, o, database, file);
	if (link && !there)
		return complain(CTL_REFUSED, "'%s' is a dangling link: %s", file, strerror(errno));
	if (there && !o->force)
		return complain(CTL_REFUSED, "'%s' exists: use --force to replace it", file);
	char *real = link ? realpath(file, NULL) : NULL;
	if (link && !real)
		return complain(CTL_REFUSED, "cannot write '%s': %s", file, strerror(errno));
	int rc = backup_to_file(c, a, o, database, real ? real : file);
	free(real);
	return rc;
}
