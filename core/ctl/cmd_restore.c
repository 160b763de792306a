/* SPDX-License-Identifier: Apache-2.0 */
/* Restores a backup: sends it to the server, wherever that runs and whatever user it runs as. */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/copies.h"
#include "ctl/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** What is sent: the first bytes, which were checked, then the rest. */
struct file_source {
	const char *name; /**< for messages */
	int fd;
	unsigned char head[BACKUP_HEAD];
	size_t head_len, head_sent;
};

static ssize_t read_piece(void *arg, char *to, size_t max)
{
	struct file_source *s = arg;
	size_t left = s->head_len - s->head_sent;
	if (left > max)
		left = max;
	if (left > 0) {
		memcpy(to, s->head + s->head_sent, left);
		s->head_sent += left;
		return (ssize_t)left;
	}
	ssize_t n = read(s->fd, to, max);
	if (n < 0)
		complain(CTL_REFUSED, "cannot read %s: %s", s->name, strerror(errno));
	return n;
}

/** \return 0, or CTL_REFUSED after a message */
static int read_head(struct file_source *s)
{
	ssize_t n = 1;
	while (s->head_len < BACKUP_HEAD && n > 0) {
		n = read(s->fd, s->head + s->head_len, BACKUP_HEAD - s->head_len);
		s->head_len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return complain(CTL_REFUSED, "cannot read %s: %s", s->name, strerror(errno));
	if (s->head_len == 0)
		return complain(CTL_REFUSED, "%s is empty, so it is not a backup", s->name);
	return is_backup(s->head, s->head_len) ? 0 : complain(CTL_REFUSED, "%s is not a backup of a database", s->name);
}

/** Bytes from the position of \p fd to the end; -1 if unknown. */
static int64_t size_of(int fd, const struct stat *st)
{
	off_t at = S_ISREG(st->st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	return at >= 0 && at <= st->st_size ? st->st_size - at : -1;
}

/** Prints the server's answer. \return as a command */
static int tell(struct arena *a, const struct answer *answer)
{
	if (answer->status != 200)
		return complain_answer(a, answer->status, answer->type, answer->body.data, answer->body.len);
	return answer->body.len > 0 ? show_answer(answer->body.data, answer->body.len) : 0;
}

static int send_file(struct client *c, struct arena *a, struct file_source *s, int64_t size, const char *database)
{
	const struct source source = { read_piece, s, size };
	const struct parameter parameters[] = { { "operation", "restore_backup" }, { "database", database }, { 0 } };
	struct answer answer;
	int rc = client_upload(c, a, parameters, &source, &answer);
	progress_end();
	if (rc == 0)
		rc = tell(a, &answer);
	buf_free(&answer.body);
	return rc;
}

int command_restore(struct client *c, struct arena *a, const struct options *o, const char *file, const char *database)
{
	struct stat st;
	bool in = strcmp(file, "-") == 0;
	struct file_source source = { .name = in ? "standard input" : arena_printf(a, "'%s'", file) };
	if (!source.name)
		return complain(CTL_REFUSED, "out of memory");
	source.fd = in ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (source.fd < 0 || fstat(source.fd, &st) < 0)
		return complain(CTL_REFUSED, "cannot read %s: %s", source.name, strerror(errno));
	signal(SIGPIPE, SIG_IGN); /* a server that refuses the file may close the connection: its answer says why */
	int64_t size = size_of(source.fd, &st);
	int rc = isatty(source.fd) ? complain(CTL_USAGE, "%s is a terminal, not a backup", source.name) : read_head(&source);
	progress_begin(database, o->quiet);
	if (rc == 0)
		rc = send_file(c, a, &source, size, database);
	if (!in)
		close(source.fd);
	return rc;
}
