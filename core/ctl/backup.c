/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/json.h"
#include "ctl/client.h"

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

/** Where an LMDB file's magic number stands: behind a page header, which has an address in it. */
#define MAGIC_AT_64 16
#define MAGIC_AT_32 12
#define MAGIC 0xBEEFC0DEu

struct file_sink {
	const char *path;
	int fd;
};

static bool write_piece(void *arg, const char *type, const void *piece, size_t len)
{
	struct file_sink *s = arg;
	const char *p = piece;
	if (strncmp(type, "application/octet-stream", 24) != 0) {
		complain(CTL_REFUSED, "the server answered with '%s', not with a backup", type);
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

static bool has_magic(int fd)
{
	unsigned char head[MAGIC_AT_64 + 4];
	const size_t places[] = { MAGIC_AT_64, MAGIC_AT_32 };
	if (pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head)
		return false;
	for (size_t i = 0; i < 2; i++) {
		uint32_t magic;
		memcpy(&magic, head + places[i], sizeof magic);
		if (magic == MAGIC)
			return true;
	}
	return false;
}

static void begin_request(lyre_out *o, struct buf *b, const char *operation, const char *database)
{
	buf_init(b);
	out_init(o, b);
	out_object_begin(o);
	out_key(o, "operation");
	out_string(o, operation, strlen(operation));
	out_key(o, "database");
	out_string(o, database, strlen(database));
}

/** Makes the file that the backup grows in; nobody else writes to it at the same time. */
static int open_part(const char *part)
{
	int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0)
		return fd;
	if (fd >= 0 && errno == EWOULDBLOCK)
		complain(CTL_REFUSED, "another backup to '%s' is under way", part);
	else
		complain(CTL_REFUSED, "cannot write '%s': %s", part, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/** Makes the new name last, as fsync of the file does for its bytes. */
static void sync_folder(struct arena *a, const char *file)
{
	char *copy = arena_strndup(a, file, strlen(file));
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int fetch(struct client *c, struct arena *a, const struct buf *request, struct file_sink *s)
{
	const struct sink sink = { write_piece, s };
	struct answer answer;
	int rc = client_send(c, request, "application/octet-stream, application/json;q=0.5, */*;q=0.1", &sink, &answer);
	if (rc == 0 && answer.status != 200)
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && !has_magic(s->fd))
		rc = complain(CTL_REFUSED, "what the server sent is not a database");
	else if (rc == 0 && fsync(s->fd) < 0)
		rc = complain(CTL_REFUSED, "cannot write '%s': %s", s->path, strerror(errno));
	buf_free(&answer.body);
	return rc;
}

int command_backup(struct client *c, struct arena *a, const struct options *o, const char *database, const char *file)
{
	struct stat st;
	if (!o->force && lstat(file, &st) == 0)
		return complain(CTL_REFUSED, "'%s' exists: --force replaces it", file);
	char *part = arena_printf(a, "%s.part", file);
	if (!part)
		return complain(CTL_REFUSED, "out of memory");
	struct file_sink sink = { part, open_part(part) };
	if (sink.fd < 0)
		return CTL_REFUSED;

	struct buf request;
	lyre_out out;
	begin_request(&out, &request, "get_backup", database);
	if (o->table_count > 0) {
		out_key(&out, "tables");
		out_array_begin(&out);
		for (size_t i = 0; i < o->table_count; i++)
			out_string(&out, o->tables[i], strlen(o->tables[i]));
		out_array_end(&out);
	}
	out_object_end(&out);
	int rc = fetch(c, a, &request, &sink);
	if (rc == 0 && rename(part, file) < 0)
		rc = complain(CTL_REFUSED, "cannot rename '%s' to '%s': %s", part, file, strerror(errno));
	if (rc == 0)
		sync_folder(a, file);
	else
		unlink(part);
	close(sink.fd);
	buf_free(&request);
	return rc;
}

int command_restore(struct client *c, struct arena *a, const struct options *o, const char *file, const char *database)
{
	if (o->other_host)
		return complain(CTL_USAGE,
			"restore brings in a file of the server's own machine, and '%s' is another one: "
			"copy the file there and run lyre there",
			o->url);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char *path = fd < 0 ? NULL : realpath(file, NULL);
	if (!path) {
		int rc = complain(CTL_REFUSED, "cannot read '%s': %s", file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	bool good = has_magic(fd);
	close(fd);
	if (!good) {
		free(path);
		return complain(CTL_REFUSED, "'%s' is not a backup of a database", file);
	}

	struct buf request, text;
	lyre_out out;
	struct answer answer;
	begin_request(&out, &request, "restore_backup", database);
	out_key(&out, "path");
	out_string(&out, path, strlen(path));
	out_object_end(&out);
	free(path);
	int rc = client_send(c, &request, "application/json", NULL, &answer);
	buf_init(&text);
	lyre_value v;
	struct err e = { 0 };
	if (rc == 0 && answer.status != 200)
		rc = complain_answer(a, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && answer.body.len > 0 &&
		json_decode_copy(a, answer.body.data, answer.body.len, &v, &e) == 0) {
		print_value(&text, &v);
		if (text.len > 0)
			fwrite(text.data, 1, text.len, stdout);
	}
	buf_free(&text);
	buf_free(&answer.body);
	buf_free(&request);
	return rc;
}
