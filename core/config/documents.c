/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/documents.c
 * \brief The files of the configuration, the one that the server is started with and its drop-ins: who can change them, and
 * what they contain.
 */
#include "config/config_internal.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/trust.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/**
 * Anyone who can write a file controls the server; if it can make the server run code, by a module's path, its writers must
 * be trusted (module_entries.c).
 */
int documents_check_writers(struct config *c, const char *path, const struct stat *st, struct err *e)
{
	unsigned mode = st->st_mode & 07777;
	switch (writers_of(st)) {
	case WRITERS_ANYBODY:
		return err_set(e, LYRE_EINVAL, "%s: anyone may write to this %s (mode %04o): check its content, then chmod o-w it",
			path, S_ISDIR(st->st_mode) ? "folder" : "file", mode);
	case WRITERS_OWNER:
		c->exposed =
			arena_printf(&c->arena, "user %lu, neither root nor the server's user, owns and can change %s: chown it",
				(unsigned long)st->st_uid, path);
		break;
	case WRITERS_GROUP:
		c->exposed = arena_printf(
			&c->arena, "group %lu can change %s (mode %04o): chmod g-w it", (unsigned long)st->st_gid, path, mode);
		break;
	case WRITERS_TRUSTED:
		return 0;
	}
	return c->exposed ? config_warn(c, e, "%s", c->exposed) : err_nomem(e);
}

static int add(struct config *c, const struct yaml_node *root, struct err *e)
{
	size_t values = yaml_count(root);
	if (root->kind != YAML_MAPPING)
		return yaml_is_null(root) ?
			0 :
			yaml_fail(e, LYRE_EINVAL, root, "the configuration must be a mapping of settings; found %s",
				root->kind == YAML_LIST ? "a list" : "a string");
	struct document **tail = &c->documents;
	for (; *tail; tail = &(*tail)->next)
		values += yaml_count((*tail)->root);
	if (values > YAML_NODES_MAX)
		return err_set(e, LYRE_EINVAL, "%s: with this drop-in, the configuration has more than %d values", root->source,
			YAML_NODES_MAX);
	struct document *d = ARENA_NEW(&c->arena, struct document);
	if (!d)
		return err_nomem(e);
	const struct yaml_node *modules = yaml_member(root, "modules");
	*d = (struct document){ .root = root, .modules = modules && !yaml_is_null(modules) ? modules : NULL };
	*tail = d;
	return 0;
}

/** Devices and pipes come from whoever started the server. */
static int read_target(struct config *c, const struct buf *text, struct err *e)
{
	struct stat st = { .st_mode = 0 };
	struct yaml_node *root;
	int rc = 0;
	if (!stat(c->target, &st) && S_ISREG(st.st_mode))
		rc = documents_check_writers(c, c->target, &st, e);
	else if (S_ISFIFO(st.st_mode) && c->sources.again)
		rc = err_set(e, LYRE_ENOTSUP, "'%s' is a pipe, which cannot be read again", c->target);
	if (rc)
		return rc;
	rc = text ? yaml_decode_lines(&c->arena, c->target, text->data, text->len, &root, e) :
		    yaml_decode_file(&c->arena, c->target, &root, e);
	c->file = rc ? c->target : root->source;
	return rc ? rc : add(c, root, e);
}

/** A drop-in that has been removed since the folder was read is passed over. */
static int read_drop_in(struct config *c, const char *path, unsigned long long *size, struct err *e)
{
	struct stat st;
	struct yaml_node *root;
	int fd, rc = file_open(path, &fd, e);
	if (rc && lstat(path, &st) < 0 && errno == ENOENT)
		*e = (struct err){ .code = 0 };
	if (rc)
		return e->code;
	c->drop_ins++;
	rc = fstat(fd, &st) < 0 ? err_errno(e, errno, "read", path) : documents_check_writers(c, path, &st, e);
	*size += rc ? 0 : (unsigned long long)st.st_size;
	if (!rc && *size > YAML_SIZE_MAX)
		rc = err_set(e, LYRE_EINVAL, "%s: up to this one, the drop-ins are larger than %zu bytes", path, YAML_SIZE_MAX);
	if (!rc)
		rc = yaml_decode_fd(&c->arena, fd, path, &root, e);
	close(fd);
	return rc ? rc : add(c, root, e);
}

/** Keeps the last fault in \p e, and those before it in c->faults. \return whether to continue */
static bool keep(const struct config *c, const struct err *fault, struct err *e)
{
	if (!fault->code)
		return true;
	if (e->code)
		faults_add(c->faults, e);
	*e = *fault;
	return c->faults && fault->code != LYRE_ENOMEM;
}

int documents_read(struct config *c, bool there, const struct buf *text, struct err *e)
{
	const char *const *drop_ins;
	size_t count = 0;
	unsigned long long size = 0;
	struct err last = { .code = 0 }, fault = { .code = 0 };
	if (there || text)
		read_target(c, text, &fault);
	bool fine = keep(c, &fault, &last);
	fault = (struct err){ .code = 0 };
	if (fine)
		drop_ins_list(c, there, &drop_ins, &count, &fault);
	fine = fine && keep(c, &fault, &last);
	for (size_t i = 0; i < count && fine; i++) {
		fault = (struct err){ .code = 0 };
		read_drop_in(c, drop_ins[i], &size, &fault);
		fine = keep(c, &fault, &last);
	}
	if (last.code)
		*e = last;
	return last.code;
}

int documents_take(struct config *c, struct err *e)
{
	int rc = 0;
	for (const struct document *d = c->documents; d && !rc; d = d->next)
		rc = entries_take(c, "", d->root, "modules", e);
	return rc;
}
