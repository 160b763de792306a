/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/first.c
 * \brief Name and password from the environment, or a generated password stored in a file.
 */
#include "auth/first.h"

#include "auth/password.h"
#include "auth/users_internal.h"
#include "base/file.h"
#include "base/text.h"
#include "config/config.h"
#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_FILE "admin-password"
#define FALLBACK_NAME "admin"

static const char *environment(const char *first, const char *second)
{
	const char *value = getenv(first);

	if (!value || !*value)
		value = getenv(second);
	return value && *value ? value : NULL;
}

/** Removes a variable, also from the block that the kernel shows to other processes. */
static void forget(const char *name)
{
	char *value = getenv(name);

	if (value) {
		secure_clear(value, strlen(value));
		unsetenv(name);
	}
}

/** Writes a new file that only its owner can read. */
static int write_secret(const char *path, const char *text, struct err *e)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, errno, "replace", path);
	return file_write_new(path, text, strlen(text), 0600, e);
}

static int add_user(struct users *u, const char *name, const char *password, struct err *e)
{
	const struct lyre_user_change user = {
		.size = sizeof user,
		.fields = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE,
		.name = name,
		.password = password,
		.role = "super_user",
		.active = 1,
	};
	return users_add(u, &user, e);
}

static int make_up(struct users *u, const char *name, struct err *e)
{
	char password[32], line[40];
	const char *path = u->made_up;

	password_make(password);
	size_t len = strlen(password);
	memcpy(line, password, len);
	memcpy(line + len, "\n", 2);
	int rc = write_secret(path, line, e);
	if (!rc) {
		rc = add_user(u, name, password, e);
		if (rc)
			unlink(path);
		else
			log_notify("auth", "the first super_user is '%s'; its generated password is in %s", name, path);
	}
	secure_clear(password, sizeof password);
	secure_clear(line, sizeof line);
	return rc;
}

void first_forget(struct users *u, const char *hash)
{
	char line[40] = "";
	struct err e;

	int fd = !u->made_up ? -1 : open(u->made_up, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	ssize_t len = read(fd, line, sizeof line - 1);
	close(fd);
	size_t password = strcspn(line, "\n");
	if (len > 0 && password && !password_check(hash, line, password, &e) && !unlink(u->made_up))
		log_notify("auth", "%s removed: the password in it is no longer valid", u->made_up);
	secure_clear(line, sizeof line);
}

/** Reads the first line of a file: secrets of containers are files. */
static int read_secret(char *line, size_t size, const char *path, struct err *e)
{
	struct err why;
	int fd, rc = file_open(path, &fd, &why);
	if (rc)
		return err_set(e, rc, "LYRE_ADMIN_PASSWORD_FILE: %.900s", why.text);
	ssize_t len = read(fd, line, size - 1);
	rc = len < 0 ? err_errno(e, errno, "read", path) : 0;
	close(fd);
	if (rc)
		return rc;
	line[len] = '\0';
	size_t end = strcspn(line, "\r\n");
	/* not the first letter of UTF-16 */
	bool text = end && (end == (size_t)len || line[end]) && utf8_valid_prefix(line, end) == end;
	line[end] = '\0';
	return text ?
		0 :
		err_set(e, LYRE_EINVAL, "%s, which LYRE_ADMIN_PASSWORD_FILE names, does not begin with a password in UTF-8", path);
}

/** \param from  for the operator: where the password is from */
static int add_given(struct users *u, const char *name, const char *password, const char *from, struct err *e)
{
	if (strlen(password) > AUTH_PASSWORD_MAX)
		return err_set(
			e, LYRE_EINVAL, "the first user's password, from %s, must have at most %d bytes", from, AUTH_PASSWORD_MAX);
	int rc = add_user(u, name, password, e);
	if (!rc)
		log_notify("auth", "the first super_user is '%s', with the password from %s", name, from);
	return rc;
}

static int add(struct users *u, struct err *e)
{
	const char *name = environment("LYRE_ADMIN_USERNAME", "HDB_ADMIN_USERNAME");
	const char *password = environment("LYRE_ADMIN_PASSWORD", "HDB_ADMIN_PASSWORD");
	const char *path = getenv("LYRE_ADMIN_PASSWORD_FILE");

	if (!name)
		name = FALLBACK_NAME;
	if (strlen(name) > AUTH_USER_MAX || strchr(name, ':'))
		return err_set(e, LYRE_EINVAL,
			"the first user's name, from LYRE_ADMIN_USERNAME, must have at most %d bytes and no colon", AUTH_USER_MAX);
	if (password)
		return add_given(u, name, password, "the environment", e);
	if (!path || !*path)
		return make_up(u, name, e);
	char line[AUTH_PASSWORD_MAX + 2]; /* one byte too long is noticed */
	int rc = read_secret(line, sizeof line, path, e);
	if (!rc)
		rc = add_given(u, name, line, path, e);
	secure_clear(line, sizeof line);
	return rc;
}

int first_user(struct users *u, const struct config *c, struct err *e)
{
	const char *root = config_path(c, "rootPath");
	size_t size = strlen(root) + sizeof "/" PASSWORD_FILE;
	bool any = false;

	u->made_up = malloc(size);
	if (!u->made_up)
		return err_nomem(e);
	snprintf(u->made_up, size, "%s/%s", root, PASSWORD_FILE);
	int rc = users_any(u, &any, e);
	if (any && environment("LYRE_ADMIN_PASSWORD", "HDB_ADMIN_PASSWORD"))
		log_notify("auth", "users exist already: the password in the environment is ignored; 'lyre passwd' changes one");
	else if (any && !access(u->made_up, F_OK)) /* the first start may have ended before anyone saw its log */
		log_notify("auth", "the generated password of the first super_user is in %s until it is changed", u->made_up);
	if (!rc && !any)
		rc = add(u, e);
	forget("LYRE_ADMIN_PASSWORD");
	forget("HDB_ADMIN_PASSWORD");
	return rc;
}
