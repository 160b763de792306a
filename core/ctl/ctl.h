/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/ctl.h
 * \brief Shared by the parts of the client: options, exit statuses, messages on stderr.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct client;
struct json_object;

/** The message if an answer is too large to format. */
#define TOO_LARGE "out of memory: the answer is too large; --json prints it as it arrives"

/** Exit statuses of the program. */
enum ctl_status {
	CTL_OK = 0,
	CTL_REFUSED = 1,    /**< the server answered with an error, or the answer could not be stored */
	CTL_USAGE = 2,      /**< the command line is invalid */
	CTL_UNREACHABLE = 3 /**< no answer from a server */
};

enum ctl_format { FORMAT_PEOPLE, FORMAT_JSON, FORMAT_CSV };

struct options {
	const char *url; /**< NULL: the domain socket */
	const char *socket;
	const char *user;          /**< NULL: no password is sent */
	const char *password_file; /**< NULL: from the environment, else the terminal */
	const char *token;         /**< from the environment, sent instead of a password; NULL: none */
	const char *token_file;    /**< contains a token; NULL: none */
	const char *cacert;        /**< NULL: the system's authorities */
	bool insecure;             /**< --insecure: the server's certificate is not verified */
	const char *cert;          /**< with https, the client's own certificate; NULL: none */
	const char *key;           /**< its private key; NULL: in the file of cert */
	bool cert_given;           /**< by --cert, so that not using it is an error */
	enum ctl_format format;
	bool force;
	bool activate;           /**< --activate, for passwd */
	bool all;                /**< --all, for backup */
	bool lines;              /**< answers are to end with a line's end, as others follow */
	bool quiet;              /**< --quiet: no progress */
	const char *file_format; /**< --format, for export and import; NULL: not given */
	const char *sql;         /**< --sql, for export: a statement; NULL: a table */
	const char *conditions;  /**< --conditions, for export: JSON; NULL: all records */
	const char *action;      /**< --action, for import; NULL: insert */
	const char *create;      /**< --create, for import: the primary key of the table if it is missing; NULL: it must exist */
	const char **tables;     /**< --table, for backup */
	size_t table_count;
};

/** What --help prints. */
extern const char usage_text[];

/** Prints "lyre: …" and a newline on stderr. \return \p status */
int complain(enum ctl_status status, const char *fmt, ...) LYRE_PRINTF(2, 3);

/**
 * Reads options from the user's file (~/.config/lyre/config) and the environment, which overrides it. Strings are in the
 * arena or the environment. \return 0, or CTL_USAGE after a message
 */
int options_defaults(struct options *o, struct arena *a);

/* The commands; each returns the exit status. */
/** \param filter  for set_configuration: a text that the settings' names contain; NULL: all */
int command_help(struct client *c, struct arena *a, const char *operation, const char *filter);
int command_backup(struct client *c, struct arena *a, const struct options *o, const char *database, const char *file);
/** Backs up every database to a file with its name in \p folder, which is created if missing. Prints the files. */
int command_backup_all(struct client *c, struct arena *a, const struct options *o, const char *folder);
int command_restore(struct client *c, struct arena *a, const struct options *o, const char *file, const char *database);
/** Writes the records of a table, or those that the options select, to a file. \param table  NULL with an SQL statement */
int command_export(struct client *c, struct arena *a, const struct options *o, const char *table, const char *file);
/** Loads a file into a table. */
int command_import(struct client *c, struct arena *a, const struct options *o, const char *file, const char *table);
/** Gives a user a new password. */
int command_passwd(struct client *c, struct arena *a, const struct options *o, const char *user);
/** Runs an SQL statement. */
int command_sql(struct client *c, struct arena *a, const struct options *o, const char *statement);
/** Runs the statements that standard input has, or someone types there. \return that of the first one of a file that is refused */
int sql_shell(struct client *c, struct arena *a, const struct options *o);
/** An operation whose only argument is a database. */
int command_database(struct client *c, struct arena *a, const struct options *o, const char *operation, const char *database);
int command_operation(
	struct client *c, struct arena *a, const struct options *o, const char *operation, char **words, size_t count);

/** Sends a request and parses the JSON answer. \param[out] ret  a new reference. \return 0, or CTL_… after a message */
int request_value(struct client *c, struct arena *a, const struct buf *request, struct json_object **ret);

/**
 * The help module's description of an operation: an object {operation, parameters, …}; or, if \p operation is NULL, of
 * all: an array. NULL with 0 if the server gives none.
 * \param[out] ret  a new reference
 * \return 0, or CTL_UNREACHABLE
 */
int declaration_fetch(struct client *c, const char *operation, struct json_object **ret);

/**
 * Turns name=value words into the JSON of a request.
 * \param declaration  may be NULL: then types are guessed
 * \return 0, or CTL_… after a message
 */
int arguments_build(
	struct arena *a, const char *operation, char **words, size_t count, struct json_object *declaration, struct buf *json);

/** Prints a JSON answer for people: a table, a sentence, or readable JSON. \return 0, or CTL_REFUSED after a message */
int show_answer(const char *text, size_t len);
/** Prints the message of an error answer on stderr. \return CTL_REFUSED */
int complain_answer(struct arena *a, long status, const char *type, const char *body, size_t len);
/** The same of an error that is a value: a text, or an object with lists of what is denied. \return CTL_REFUSED */
int complain_value(struct json_object *error);

/** The password: from the file, from LYRE_PASSWORD, or from the terminal. In the arena. \return 0, or CTL_USAGE after a message */
int password_get(struct arena *a, const struct options *o, char **ret);
/**
 * A new password for a user: asked for twice on the terminal, or the first line of standard input if that is not a
 * terminal. Not empty, and valid UTF-8. In the arena; to be cleared after use. \return 0, or CTL_USAGE after a message
 */
int password_new(struct arena *a, const char *user, char **ret);
/** The token: from the file, or from the environment. In the arena. \return 0, or CTL_USAGE after a message */
int token_get(struct arena *a, const struct options *o, char **ret);

#endif
