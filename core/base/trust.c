/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trust.h"

#include <stdbool.h>
#include <sys/auxv.h>
#include <unistd.h>

/** The running program's file; without /proc, as in a bare chroot, the kernel still provides the name it was asked to run. */
static bool stat_program(struct stat *ret)
{
	const char *name = (const char *)getauxval(AT_EXECFN);

	return !stat("/proc/self/exe", ret) || (name && !stat(name, ret));
}

static bool owner_trusted(const struct stat *st, const struct stat *program)
{
	return !st->st_uid || st->st_uid == geteuid() || (program && st->st_uid == program->st_uid);
}

/**
 * On many systems users' files are writable for their private groups (umask 002): if the server runs as such a user, that
 * is accepted. Files that root owns or runs must not be writable for others.
 */
static bool group_trusted(const struct stat *st, const struct stat *program)
{
	uid_t self = geteuid();

	return !(st->st_mode & S_IWGRP) || !st->st_gid || (self && st->st_uid == self) ||
		(program && program->st_mode & S_IWGRP && st->st_gid == program->st_gid);
}

enum writers writers_of(const struct stat *st)
{
	struct stat file;
	const struct stat *program = stat_program(&file) ? &file : NULL;

	if (st->st_mode & S_IWOTH)
		return WRITERS_ANYBODY;
	if (!owner_trusted(st, program))
		return WRITERS_OWNER;
	return group_trusted(st, program) ? WRITERS_TRUSTED : WRITERS_GROUP;
}
