/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing a backup in. The server reads a file of its own machine; what comes from elsewhere, a pipe above all, is
 * first kept in a file beside the databases, where the server is sure to find it and a file of that size has its place.
 */
#include "base/arena.h"
#include "base/file.h"
#include "ctl/client.h"
#include "ctl/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

/** The folder of the server's databases; NULL, said, when the server does not tell. */
static char *ask_folder(struct client *c, struct arena *a)
{
	struct buf request;
	lyre_out out;
	buf_init(&request);
	out_init(&out, &request);
	out_object_begin(&out);
	out_key(&out, "operation");
	out_string(&out, "get_configuration", strlen("get_configuration"));
	out_key(&out, "effective");
	out_bool(&out, true);
	out_object_end(&out);
	const lyre_value *tree;
	int rc = request_value(c, a, &request, &tree);
	const lyre_value *path = rc ? NULL : value_get(value_get(tree, "storage"), "path");
	char *folder = value_is(path, LYRE_STRING) ? arena_strndup(a, path->s, path->len) : NULL;
	if (rc == 0 && !folder)
		(void)complain(CTL_REFUSED, "the server does not say where its databases are: save the backup to a file, and restore that");
	buf_free(&request);
	return folder;
}

/** \return 0, or an errno */
static int copy(int from, int to)
{
	char *bytes = malloc(PIECE);
	int code = bytes ? 0 : ENOMEM;
	ssize_t n = 0;
	while (!code && (n = read(from, bytes, PIECE)) != 0) {
		if (n > 0)
			code = file_write(to, bytes, (size_t)n);
		else if (errno != EINTR)
			code = errno;
	}
	free(bytes);
	return code;
}

/** It is the server's to read, whoever runs this. The next start of the server removes what was left behind. */
static int make_file(const char *folder, char *path, struct stat *st)
{
	int fd = mkostemps(path, (int)strlen(".mdb.new"), O_CLOEXEC);
	if (fd >= 0 && stat(folder, st) == 0 && st->st_uid != geteuid())
		(void)!fchown(fd, st->st_uid, st->st_gid);
	return fd;
}

/** Keeps what \p from has in a file, which is the caller's to remove. NULL: said */
static char *keep(struct client *c, struct arena *a, int from, const char *name)
{
	struct stat st;
	char *folder = ask_folder(c, a);
	char *path = folder ? arena_printf(a, "%s/.restore-XXXXXX.mdb.new", folder) : NULL;
	if (!path)
		return NULL;
	int fd = make_file(folder, path, &st);
	if (fd < 0) {
		complain(CTL_REFUSED, "'%s' is no file that the server can read, and cannot be kept in '%s': %s: save it to a file, "
			"and restore that", name, folder, strerror(errno));
		return NULL;
	}
	int code = copy(from, fd);
	if (close(fd) < 0 && !code)
		code = errno;
	if (!code)
		return path;
	complain(CTL_REFUSED, "cannot keep '%s' in '%s': %s", name, folder, strerror(code));
	unlink(path);
	return NULL;
}

static bool has_head(const char *path)
{
	unsigned char head[BACKUP_HEAD];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
	if (fd >= 0)
		close(fd);
	return n >= 0 && is_backup(head, (size_t)n);
}

/** Has the server bring in \p path, which is there. */
static int bring_in(struct client *c, struct arena *a, const char *path, const char *database)
{
	struct buf request, text;
	lyre_out out;
	struct answer answer;
	begin_request(&out, &request, "restore_backup", database);
	out_key(&out, "path");
	out_string(&out, path, strlen(path));
	out_object_end(&out);
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

/** What has no name that the server could open. */
static int restore_stream(struct client *c, struct arena *a, int fd, const char *name, const char *database)
{
	if (isatty(fd))
		return complain(CTL_USAGE, "'%s' is a terminal, and not a backup of a database", name);
	char *path = keep(c, a, fd, name);
	if (!path)
		return CTL_REFUSED;
	int rc = has_head(path) ? bring_in(c, a, path, database)
				: complain(CTL_REFUSED, "'%s' is not a backup of a database", name);
	unlink(path);
	return rc;
}

static int restore_file(struct client *c, struct arena *a, const char *file, const char *database)
{
	if (!has_head(file))
		return complain(CTL_REFUSED, "'%s' is not a backup of a database", file);
	char *path = realpath(file, NULL);
	if (!path)
		return complain(CTL_REFUSED, "cannot read '%s': %s", file, strerror(errno));
	int rc = bring_in(c, a, path, database);
	free(path);
	return rc;
}

int command_restore(struct client *c, struct arena *a, const struct options *o, const char *file, const char *database)
{
	struct stat st;
	if (o->other_host)
		return complain(CTL_USAGE,
			"restore brings in a file of the server's own machine, and '%s' is another one: "
			"copy the file there and run lyre there",
			o->url);
	bool in = strcmp(file, "-") == 0;
	int fd = in ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return complain(CTL_REFUSED, "cannot read '%s': %s", file, strerror(errno));
	int rc = !in && S_ISREG(st.st_mode) ? restore_file(c, a, file, database) : restore_stream(c, a, fd, file, database);
	if (!in)
		close(fd);
	return rc;
}
