/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/lyre.c
 * \brief lyre, the command-line client.
 */
#include <config.h>

#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/interrupt.h"
#include "ctl/progress.h"

#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "Usage: lyre [OPTION]... OPERATION [NAME=VALUE]...\n"
			    "       lyre [OPTION]... backup DATABASE FILE [--table NAME]... [--force]\n"
			    "       lyre [OPTION]... backup --all FOLDER [--force]\n"
			    "       lyre [OPTION]... restore FILE DATABASE\n"
			    "       lyre [OPTION]... compact DATABASE\n"
			    "       lyre [OPTION]... check DATABASE\n"
			    "       lyre [OPTION]... sql [STATEMENT]\n"
			    "       lyre [OPTION]... passwd USER [--activate]\n"
			    "       lyre [OPTION]... renew-certs\n"
			    "       lyre [OPTION]... help [OPERATION]\n"
			    "       lyre [OPTION]... help set_configuration [TEXT]\n"
			    "\n"
			    "Run an operation on a Lyre server and show its answer.\n"
			    "\n"
			    "  name=value    an argument, converted to the type that the operation expects;\n"
			    "                in an array, commas separate the items: ids=1,2,3\n"
			    "  name:=JSON    an argument as JSON\n"
			    "  name=@FILE    an argument from a file; also name:=@FILE\n"
			    "\n"
			    "FILE may be - for standard input (backup: standard output). Without a statement,\n"
			    "sql runs those on standard input; on a terminal, it prompts for them.\n"
			    "\n"
			    "Server:\n"
			    "  -s, --socket PATH         its domain socket; default: $LYRE_SOCKET, else\n"
			    "                            /var/lib/lyre/operations-server\n"
			    "  -u, --url URL             its address, such as https://host:9925; without a\n"
			    "                            scheme, http is used; default: $LYRE_URL\n"
			    "      --cacert FILE         certificates that https trusts, instead of the system's\n"
			    "      --insecure            with https, do not verify the server's certificate\n"
			    "\n"
			    "Signing in, if the socket does not identify you:\n"
			    "  -U, --user NAME           the user, or $LYRE_USER; the password is prompted for, or is\n"
			    "      --password-file FILE  the first line of a file, or from $LYRE_PASSWORD\n"
			    "      --token-file FILE     instead of both, an operation token: the first line of a\n"
			    "                            file; without --user also from $LYRE_TOKEN\n"
			    "      --cert FILE           with https, your certificate (PEM); it signs you in unless\n"
			    "                            a user or a token is given, too\n"
			    "      --key FILE            its private key, if that is in another file\n"
			    "\n"
			    "Defaults can also be set in ~/.config/lyre/config, one per line: url = …,\n"
			    "socket = …, cacert = …, cert = …, key = …, user = …, password-file = …,\n"
			    "token-file = …\n"
			    "\n"
			    "How the answer is shown:\n"
			    "      --json                as the server sends it\n"
			    "      --csv                 as CSV\n"
			    "\n"
			    "  -t, --table NAME          backup: only this table; may be repeated\n"
			    "  -f, --force               backup: replace the file\n"
			    "  -q, --quiet               backup, restore: do not show progress on the terminal\n"
			    "      --all                 backup: every database, to FOLDER/DATABASE.mdb\n"
			    "      --activate            passwd: also let the user sign in again; the new password\n"
			    "                            is prompted for, or is the first line of standard input\n"
			    "  -h, --help                show this help; lyre help lists the server's operations\n"
			    "  -V, --version             show the version\n"
			    "\n"
			    "Exit status: 0 success; 1 the server refused the request; 2 the command line is invalid;\n"
			    "3 no answer from a server.\n";

int complain(enum ctl_status status, const char *fmt, ...)
{
	va_list ap;
	progress_end();
	va_start(ap, fmt);
	fputs("lyre: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
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
	OPTION_ALL
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
		case 'q':
			o->quiet = true;
			break;
		case OPTION_PASSWORD:
			return complain(CTL_USAGE,
				"a password on the command line can be read by everyone on this machine: use --password-file FILE or LYRE_PASSWORD, or enter it when prompted");
		case 'h':
			fputs(usage, stdout);
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

static int run(struct arena *a, struct options *o, char **words, int count)
{
	struct client *c;
	int rc = words_check(words[0], count - 1);
	if (rc == 0 && strcmp(words[0], "backup") == 0 && (count != (o->all ? 2 : 3) || (o->all && o->table_count)))
		rc = words_check(words[0], 0);
	bool help = strcmp(words[0], "help") == 0;
	if (rc == 0 && help && count > 2 && strcmp(words[1], "set_configuration") != 0)
		rc = words_check(words[0], count);
	if (rc == 0 && help && count > 1 && command_named(words[1]))
		return help_own(command_named(words[1]));
	if (rc == 0)
		rc = client_open(&c, a, o);
	if (rc != 0)
		return rc;
	if (help)
		rc = command_help(c, a, count > 1 ? words[1] : NULL, count > 2 ? words[2] : NULL);
	else if (strcmp(words[0], "backup") == 0)
		rc = o->all ? command_backup_all(c, a, o, words[1]) : command_backup(c, a, o, words[1], words[2]);
	else if (strcmp(words[0], "restore") == 0)
		rc = command_restore(c, a, o, words[1], words[2]);
	else if (strcmp(words[0], "compact") == 0)
		rc = command_database(c, a, o, "compact_database", words[1]);
	else if (strcmp(words[0], "check") == 0)
		rc = command_database(c, a, o, "check_database", words[1]);
	else if (strcmp(words[0], "sql") == 0)
		rc = run_sql(c, a, o, count > 1 ? words[1] : NULL);
	else if (strcmp(words[0], "passwd") == 0)
		rc = command_passwd(c, a, o, words[1]);
	else if (strcmp(words[0], "renew-certs") == 0)
		rc = command_operation(c, a, o, "renew_certificates", NULL, 0);
	else
		rc = command_operation(c, a, o, words[0], words + 1, (size_t)count - 1);
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
		fputs(usage, stderr);
		rc = CTL_USAGE;
	} else if (rc == 0) {
		rc = run(&arena, &options, argv + optind, argc - optind);
	}
	if (fflush(stdout) != 0 && rc == 0)
		rc = complain(CTL_REFUSED, "the answer cannot be written");
	arena_free(&arena);
	return rc < 0 ? CTL_OK : rc;
}
