/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/ctl.h
 * \brief What the parts of the client share: the options, the ways it ends, what it says on stderr.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct client;
struct json_object;

/** Said when an answer for people does not fit. */
#define TOO_LARGE "out of memory: the answer is too large; --json passes it on as it comes"

/** How the program ends. */
enum ctl_status {
	CTL_OK = 0,
	CTL_REFUSED = 1,    /**< the server answered with an error, or the answer could not be kept */
	CTL_USAGE = 2,      /**< the command line is wrong */
	CTL_UNREACHABLE = 3 /**< no answer from a server */
};

enum ctl_format { FORMAT_PEOPLE, FORMAT_JSON, FORMAT_CSV };

struct options {
	const char *url; /**< NULL: the domain socket */
	const char *socket;
	const char *user;          /**< NULL: no password is sent */
	const char *password_file; /**< NULL: the environment, else the terminal is asked */
	const char *token;         /**< of the environment, sent in place of a password; NULL for none */
	const char *token_file;    /**< holds one; NULL for none */
	const char *cacert;        /**< NULL: the system's authorities */
	bool insecure;             /**< --insecure: the server's certificate is not checked */
	const char *cert;          /**< with https, the client's own certificate; NULL for none */
	const char *key;           /**< its private key; NULL: in the file of cert */
	bool cert_given;           /**< by --cert, so that it is a mistake not to use it */
	enum ctl_format format;
	bool force;
	bool activate;       /**< --activate, for passwd */
	bool all;            /**< --all, for backup */
	bool quiet;          /**< --quiet: no progress */
	const char **tables; /**< --table, for backup */
	size_t table_count;
};

/** "lyre: …" and a line's end on stderr. \return \p status */
int complain(enum ctl_status status, const char *fmt, ...) LYRE_PRINTF(2, 3);

/**
 * The options as the user's file (~/.config/lyre/config) and, over it, the environment have them. Texts are in the arena
 * or the environment's. \return 0 or CTL_USAGE, said
 */
int options_defaults(struct options *o, struct arena *a);

/* The commands; each returns how the program ends. */
/** \param filter  of set_configuration: a text that the settings' names hold; NULL for all */
int command_help(struct client *c, struct arena *a, const char *operation, const char *filter);
int command_backup(struct client *c, struct arena *a, const struct options *o, const char *database, const char *file);
/** Every database, to a file of its name in \p folder, which is made where it is not there. Prints the files. */
int command_backup_all(struct client *c, struct arena *a, const struct options *o, const char *folder);
int command_restore(struct client *c, struct arena *a, const struct options *o, const char *file, const char *database);
/** Gives a user a new password. */
int command_passwd(struct client *c, struct arena *a, const struct options *o, const char *user);
/** An operation that takes a database and nothing else. */
int command_database(struct client *c, struct arena *a, const struct options *o, const char *operation, const char *database);
int command_operation(
	struct client *c, struct arena *a, const struct options *o, const char *operation, char **words, size_t count);

/** Sends a request and reads the JSON that answers it. \param[out] ret  a new reference. \return 0 or CTL_…, said */
int request_value(struct client *c, struct arena *a, const struct buf *request, struct json_object **ret);

/**
 * What a server's help module says about an operation: an object {operation, parameters, …}, or about all, when
 * \p operation is NULL: an array. NULL with 0 where it says nothing.
 * \param[out] ret  a new reference
 * \return 0, or CTL_UNREACHABLE
 */
int declaration_fetch(struct client *c, const char *operation, struct json_object **ret);

/**
 * name=value words to the JSON of a request.
 * \param declaration  may be NULL: types are guessed then
 * \return 0 or CTL_…, said
 */
int arguments_build(
	struct arena *a, const char *operation, char **words, size_t count, struct json_object *declaration, struct buf *json);

/** Prints an answer, JSON, for people: a table, a sentence, or readable JSON. \return 0 or CTL_REFUSED, said */
int show_answer(const char *text, size_t len);
/** What an error answer says, for people, on stderr. \return CTL_REFUSED */
int complain_answer(struct arena *a, long status, const char *type, const char *body, size_t len);

/** The password: of the file, of LYRE_PASSWORD, or of the terminal. In the arena. \return 0 or CTL_USAGE, said */
int password_get(struct arena *a, const struct options *o, char **ret);
/**
 * A new password for a user: asked for twice on the terminal, or the first line of standard input where that is none.
 * Not empty, and UTF-8. In the arena; to be cleared after use. \return 0 or CTL_USAGE, said
 */
int password_new(struct arena *a, const char *user, char **ret);
/** The token: of the file, or of the environment. In the arena. \return 0 or CTL_USAGE, said */
int token_get(struct arena *a, const struct options *o, char **ret);

#endif
