/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/defaults.c
 * \brief Defaults for the command line: the user's file, overridden by the environment.
 */
#include "base/arena.h"
#include "ctl/ctl.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_DEFAULT ROOTDIR "/operations-server"
#define LINE_MAX_BYTES 4096

static const char *environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/** NULL if the user has no home. */
static const char *file_path(struct arena *a)
{
	const char *folder = environment("XDG_CONFIG_HOME"), *home = environment("HOME");
	if (folder)
		return arena_printf(a, "%s/lyre/config", folder);
	return home ? arena_printf(a, "%s/.config/lyre/config", home) : NULL;
}

static char *trim(char *text)
{
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return text;
}

/** The option for a key of the file; NULL: unknown key. */
static const char **place_of(struct options *o, const char *key)
{
	const struct {
		const char *key;
		const char **place;
	} keys[] = { { "url", &o->url }, { "socket", &o->socket }, { "cacert", &o->cacert }, { "cert", &o->cert },
		{ "key", &o->key }, { "user", &o->user }, { "password-file", &o->password_file },
		{ "token-file", &o->token_file } };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(key, keys[i].key) == 0)
			return keys[i].place;
	return NULL;
}

/** Reads "key = value"; blank lines and those that begin with # are ignored. \return 0, or CTL_USAGE after a message */
static int line_read(struct options *o, struct arena *a, char *line, const char *path, unsigned number)
{
	char *text = trim(line), *sign = strchr(text, '=');
	if (!*text || *text == '#')
		return 0;
	if (sign)
		*sign = '\0';
	const char *key = trim(text), **place = sign ? place_of(o, key) : NULL;
	if (!place)
		return complain(CTL_USAGE,
			"%s:%u: '%s' is not url, socket, cacert, cert, key, user, password-file or token-file, with = and a value",
			path, number, key);
	const char *value = trim(sign + 1);
	*place = arena_strndup(a, value, strlen(value));
	return *place ? 0 : complain(CTL_USAGE, "out of memory");
}

/** Whether a missing file is no error: it does not exist, or the home is another user's, as with runuser, and not readable. */
static bool is_nobodys(const char *path)
{
	return errno == ENOENT || errno == ENOTDIR || (errno == EACCES && access(path, F_OK) < 0);
}

static int file_read(struct options *o, struct arena *a)
{
	const char *path = file_path(a);
	FILE *f = path ? fopen(path, "re") : NULL;
	char line[LINE_MAX_BYTES];
	int rc = 0;
	if (!f)
		return !path || is_nobodys(path) ? 0 : complain(CTL_USAGE, "cannot read '%s': %s", path, strerror(errno));
	for (unsigned number = 1; rc == 0 && fgets(line, sizeof line, f); number++)
		rc = line_read(o, a, line, path, number);
	fclose(f);
	if (rc == 0 && o->url && o->socket)
		rc = complain(CTL_USAGE, "%s: url and socket cannot be used together", path);
	return rc;
}

int options_defaults(struct options *o, struct arena *a)
{
	const char *url = environment("LYRE_URL"), *socket = environment("LYRE_SOCKET"), *user = environment("LYRE_USER");
	*o = (struct options){ .token = environment("LYRE_TOKEN") };
	int rc = file_read(o, a);
	if (rc)
		return rc;
	if (url || socket) {
		o->url = url;
		o->socket = socket;
	}
	if (user)
		o->user = user;
	if (o->token || (o->token_file && !user))
		o->user = NULL; /* a token identifies its user */
	if (!o->socket)
		o->socket = SOCKET_DEFAULT;
	return 0;
}
