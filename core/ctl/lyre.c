/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/lyre.c
 * \brief lyre, the command-line client.
 */
#include <config.h>

#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/interrupt.h"
#include "ctl/print.h"
#include "ctl/progress.h"

#include <getopt.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int complain(enum ctl_status status, const char *fmt, ...)
{
	struct buf text, line;
	va_list ap;
	progress_end();
	buf_init(&text);
	buf_init(&line);
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	/* it may quote others: nothing in it controls the terminal */
	print_text(&line, text.len > 0 ? text.data : "", text.len);
	fprintf(stderr, "lyre: %.*s\n", (int)line.len, line.len > 0 ? line.data : "");
	buf_free(&line);
	buf_free(&text);
	return (int)status;
}

enum {
	OPTION_JSON = 256,
	OPTION_CSV,
	OPTION_CACERT,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_INSECURE,
	OPTION_PASSWORD,
	OPTION_PASSWORD_FILE,
	OPTION_TOKEN_FILE,
	OPTION_ACTIVATE,
	OPTION_ALL,
	OPTION_FORMAT,
	OPTION_SQL,
	OPTION_CONDITIONS,
	OPTION_ACTION,
	OPTION_CREATE
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "url", required_argument, NULL, 'u' },
	{ "cacert", required_argument, NULL, OPTION_CACERT },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "insecure", no_argument, NULL, OPTION_INSECURE },
	{ "user", required_argument, NULL, 'U' },
	{ "password", optional_argument, NULL, OPTION_PASSWORD },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "token-file", required_argument, NULL, OPTION_TOKEN_FILE },
	{ "activate", no_argument, NULL, OPTION_ACTIVATE },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "sql", required_argument, NULL, OPTION_SQL },
	{ "conditions", required_argument, NULL, OPTION_CONDITIONS },
	{ "action", required_argument, NULL, OPTION_ACTION },
	{ "create", required_argument, NULL, OPTION_CREATE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "csv", no_argument, NULL, OPTION_CSV },
	{ "table", required_argument, NULL, 't' },
	{ "force", no_argument, NULL, 'f' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

/** \return 0, CTL_USAGE, or -1 if there is nothing more to do */
static int options_read(int argc, char **argv, struct arena *a, struct options *o)
{
	bool socket_given = false, url_given = false, user_given = false, token_given = false, cacert_given = false,
	     key_given = false;
	int rc = options_defaults(o, a);
	if (rc)
		return rc;
	o->tables = ARENA_ARRAY(a, const char *, (size_t)argc);
	if (!o->tables)
		return complain(CTL_USAGE, "out of memory");
	for (int c; (c = getopt_long(argc, argv, "s:u:U:t:fqhV", long_options, NULL)) != -1;) {
		switch (c) {
		case 's':
			o->socket = optarg;
			socket_given = true;
			break;
		case 'u':
			o->url = optarg;
			url_given = true;
			break;
		case 'U':
			o->user = optarg;
			user_given = true;
			break;
		case 't':
			o->tables[o->table_count++] = optarg;
			break;
		case 'f':
			o->force = true;
			break;
		case OPTION_JSON:
			o->format = FORMAT_JSON;
			break;
		case OPTION_CSV:
			o->format = FORMAT_CSV;
			break;
		case OPTION_CACERT:
			o->cacert = optarg;
			cacert_given = true;
			break;
		case OPTION_CERT:
			o->cert = optarg;
			o->cert_given = true;
			break;
		case OPTION_KEY:
			o->key = optarg;
			key_given = true;
			break;
		case OPTION_INSECURE:
			o->insecure = true;
			break;
		case OPTION_PASSWORD_FILE:
			o->password_file = optarg;
			break;
		case OPTION_TOKEN_FILE:
			o->token_file = optarg;
			token_given = true;
			break;
		case OPTION_ACTIVATE:
			o->activate = true;
			break;
		case OPTION_ALL:
			o->all = true;
			break;
		case OPTION_FORMAT:
			o->file_format = optarg;
			break;
		case OPTION_SQL:
			o->sql = optarg;
			break;
		case OPTION_CONDITIONS:
			o->conditions = optarg;
			break;
		case OPTION_ACTION:
			o->action = optarg;
			break;
		case OPTION_CREATE:
			o->create = optarg;
			break;
		case 'q':
			o->quiet = true;
			break;
		case OPTION_PASSWORD:
			return complain(CTL_USAGE,
				"a password on the command line can be read by everyone on this machine: use --password-file FILE or LYRE_PASSWORD, or enter it when prompted");
		case 'h':
			fputs(usage_text, stdout);
			return -1;
		case 'V':
			printf("lyre %s\n", PACKAGE_VERSION);
			return -1;
		default:
			fputs("Try 'lyre --help'.\n", stderr);
			return CTL_USAGE;
		}
	}
	if (url_given && socket_given)
		return complain(CTL_USAGE, "--url and --socket cannot be used together");
	if (user_given && token_given)
		return complain(CTL_USAGE, "--user and --token-file cannot be used together");
	/* An option on the command line replaces a default of the other kind. */
	if (socket_given)
		o->url = NULL;
	if (user_given)
		o->token_file = NULL;
	if (token_given)
		o->user = NULL;
	if (o->cert_given && !key_given)
		o->key = NULL;
	if (o->insecure && !cacert_given)
		o->cacert = NULL;
	return 0;
}

/** The client's own commands. */
static const struct command {
	const char *name;
	int min, max; /**< number of arguments */
	const char *form, *help;
} commands[] = {
	{ "backup", 1, 2, "backup DATABASE FILE [--table NAME]... [--force], or backup --all FOLDER [--force]",
		"Writes a consistent copy of a database to a file, while the server keeps running." },
	{ "restore", 2, 2, "restore FILE DATABASE", "Creates a database from a backup; the database must not exist." },
	{ "export", 0, 2, "export DATABASE.TABLE [FILE] [--conditions JSON], or export --sql STATEMENT [FILE]",
		"Writes the records of a table, or the rows of a statement, to a file or to standard output, as JSON, JSON lines or CSV." },
	{ "import", 2, 2, "import FILE DATABASE.TABLE [--action ACTION] [--create KEY]",
		"Loads the records of a file, which is JSON, JSON lines or CSV, into a table; reports those that cannot be loaded." },
	{ "compact", 1, 1, "compact DATABASE", "Returns the unused space of a database to the disk." },
	{ "check", 1, 1, "check DATABASE", "Reads a whole database and reports whether it is intact." },
	{ "sql", 0, 1, "sql [STATEMENT]",
		"Runs an SQL statement, or those on standard input up to the first that fails; on a terminal, it prompts for them, and .help lists its commands." },
	{ "passwd", 1, 1, "passwd USER [--activate]",
		"Sets a user's password: prompts for the new one, or reads the first line of standard input." },
	{ "renew-certs", 0, 0, "renew-certs", "Renews the authority and the certificate that the server created for itself." },
	{ "help", 0, 2, "help [OPERATION], or help set_configuration [TEXT]",
		"Lists the operations of the server, or describes one with its parameters; for set_configuration the settings, all or those with TEXT in their names." },
};

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

/** Whether one of the client's own commands has the right number of arguments. \return 0 or CTL_USAGE */
static int words_check(const char *name, int count)
{
	const struct command *c = command_named(name);
	return c && (count < c->min || count > c->max) ? complain(CTL_USAGE, "usage: lyre %s", c->form) : 0;
}

/** Help that needs no server. */
static int help_own(const struct command *c)
{
	printf("lyre %s\n\n%s\n", c->form, c->help);
	return 0;
}

/** \param word  a statement; sql=VALUE, as operations take it; NULL for the shell */
static int run_sql(struct client *c, struct arena *a, const struct options *o, char *word)
{
	if (!word)
		return sql_shell(c, a, o);
	if (strncmp(word, "sql=", 4) == 0 || strncmp(word, "sql:=", 5) == 0)
		return command_operation(c, a, o, "sql", &word, 1);
	return command_sql(c, a, o, word);
}

/** \param words  [DATABASE.TABLE] [FILE] */
static int run_export(struct client *c, struct arena *a, const struct options *o, char **words, int count)
{
	int names = o->sql ? 0 : 1;
	return command_export(c, a, o, o->sql ? NULL : words[0], count > names ? words[names] : "-");
}

/** Whether the number of words fits the options, too. \return 0 or CTL_USAGE */
static int words_check_options(const struct options *o, char **words, int count)
{
	bool wrong = false;
	if (strcmp(words[0], "backup") == 0)
		wrong = count != (o->all ? 2 : 3) || (o->all && o->table_count);
	else if (strcmp(words[0], "export") == 0)
		wrong = o->sql ? count > 2 || o->conditions : count == 1;
	else if (strcmp(words[0], "help") == 0)
		wrong = count > 2 && strcmp(words[1], "set_configuration") != 0;
	return wrong ? words_check(words[0], INT_MAX) : 0;
}

static int run_command(struct client *c, struct arena *a, const struct options *o, char **words, int count)
{
	const char *name = words[0];
	if (strcmp(name, "help") == 0)
		return command_help(c, a, count > 1 ? words[1] : NULL, count > 2 ? words[2] : NULL);
	if (strcmp(name, "backup") == 0)
		return o->all ? command_backup_all(c, a, o, words[1]) : command_backup(c, a, o, words[1], words[2]);
	if (strcmp(name, "restore") == 0)
		return command_restore(c, a, o, words[1], words[2]);
	if (strcmp(name, "export") == 0)
		return run_export(c, a, o, words + 1, count - 1);
	if (strcmp(name, "import") == 0)
		return command_import(c, a, o, words[1], words[2]);
	if (strcmp(name, "compact") == 0)
		return command_database(c, a, o, "compact_database", words[1]);
	if (strcmp(name, "check") == 0)
		return command_database(c, a, o, "check_database", words[1]);
	if (strcmp(name, "sql") == 0)
		return run_sql(c, a, o, count > 1 ? words[1] : NULL);
	if (strcmp(name, "passwd") == 0)
		return command_passwd(c, a, o, words[1]);
	if (strcmp(name, "renew-certs") == 0)
		return command_operation(c, a, o, "renew_certificates", NULL, 0);
	return command_operation(c, a, o, name, words + 1, (size_t)count - 1);
}

static int run(struct arena *a, struct options *o, char **words, int count)
{
	struct client *c;
	int rc = words_check(words[0], count - 1);
	if (rc == 0)
		rc = words_check_options(o, words, count);
	if (rc == 0 && strcmp(words[0], "help") == 0 && count > 1 && command_named(words[1]))
		return help_own(command_named(words[1]));
	if (rc == 0)
		rc = client_open(&c, a, o);
	if (rc != 0)
		return rc;
	rc = run_command(c, a, o, words, count);
	client_close(c);
	interrupts_obey();
	return rc;
}

int main(int argc, char **argv)
{
	struct arena arena;
	struct options options;
	arena_init(&arena);
	/* answers are UTF-8, whatever the terminal uses: characters are measured in UTF-8 */
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	int rc = options_read(argc, argv, &arena, &options);
	if (rc == 0 && optind == argc) {
		fputs(usage_text, stderr);
		rc = CTL_USAGE;
	} else if (rc == 0) {
		rc = run(&arena, &options, argv + optind, argc - optind);
	}
	if (fflush(stdout) != 0 && rc == 0)
		rc = complain(CTL_REFUSED, "the answer cannot be written");
	arena_free(&arena);
	return rc < 0 ? CTL_OK : rc;
}
