/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lyred/options.h"

#include "base/text.h"

#include <lyre/module.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: lyred [OPTION]...\n"
	"A database server that speaks the HarperDB operations API. Runs in the foreground.\n"
	"\n"
	"  -c, --config FILE       read settings from FILE; by default from\n"
	"                          " SYSCONFDIR "/lyre/lyre.yaml if it exists,\n"
	"                          or else from lyre.yaml in the root folder if it exists;\n"
	"                          set_configuration writes there, and creates the latter\n"
	"  -r, --root FOLDER       store everything under FOLDER; overrides rootPath\n"
	"      --set KEY=VALUE     override one setting of the file; may be repeated\n"
	"      --check             check settings, modules and host, report whether the server would start\n"
	"      --list-modules      list the configured modules, and exit\n"
	"      --list-operations   list the operations of these modules and who may call them, and exit\n"
	"      --module-info FILE  show the description of a module, without running it, and exit\n"
	"      --version           show the version, and exit\n"
	"  -h, --help              show this help, and exit\n"
	"\n"
	"Settings come from the defaults, the file, its drop-ins (FILE.d/*.yaml), the environment\n"
	"(LYRE_OPERATIONSAPI_NETWORK_PORT=9925) and --set; each overrides those before it.\n"
	"The first start creates the super_user from\n"
	"LYRE_ADMIN_USERNAME and LYRE_ADMIN_PASSWORD (or a file named by LYRE_ADMIN_PASSWORD_FILE), or with a\n"
	"generated password in a file named in the log.\n"
	"\n"
	"SIGTERM and SIGINT stop the server after the requests in progress; a second one does not wait for them.\n"
	"SIGHUP reopens the log file and applies settings that need no restart, such as logging.level. The\n"
	"operation restart runs the current program file with the current modules and settings, without\n"
	"refusing any client.\n"
	"\n"
	"Exit status: 0 stopped normally; 1 could not start, or not stop normally; 2 invalid command line;\n"
	"3 settings or modules are invalid.\n";

void complain(const char *text)
{
	char *line = strdup(text);
	for (char *p = line; p && *p; p++)
		memset(p, '?', utf8_control(p, strlen(p)));
	fprintf(stderr, "lyred: %s\n", line ? line : "out of memory");
	free(line);
}

void complain_of(const struct fault_list *faults)
{
	for (size_t i = 0; i < faults_told(faults); i++)
		complain(faults->told[i].text);
	if (faults->count > FAULTS_TOLD)
		fprintf(stderr, "lyred: and %zu more\n", faults->count - FAULTS_TOLD);
}

int finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_FINE;
	complain("cannot write to standard output");
	return EXIT_FAILED;
}

static const char *default_file(void)
{
	static const char path[] = SYSCONFDIR "/lyre/lyre.yaml";

	return access(path, F_OK) == 0 ? path : NULL;
}

static int wrong_usage(void)
{
	fprintf(stderr, "Try 'lyred --help'.\n");
	return EXIT_USAGE;
}

int options_read(struct options *o, int argc, char **argv)
{
	enum { SET = 256, CHECK_ONLY, MODULES, OPERATIONS, INFO, SHOW_VERSION };
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "root", required_argument, NULL, 'r' },
		{ "set", required_argument, NULL, SET },
		{ "check", no_argument, NULL, CHECK_ONLY },
		{ "list-modules", no_argument, NULL, MODULES },
		{ "list-operations", no_argument, NULL, OPERATIONS },
		{ "module-info", required_argument, NULL, INFO },
		{ "version", no_argument, NULL, SHOW_VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};

	*o = (struct options){ .action = RUN, .sources = { .environ = environ } };
	o->sets = calloc((size_t)argc + 1, sizeof *o->sets);
	if (!o->sets) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	for (int c; (c = getopt_long(argc, argv, "c:r:h", known, NULL)) != -1;) {
		switch (c) {
		case 'c':
			o->sources.file = optarg;
			break;
		case 'r':
			o->sources.root = optarg;
			break;
		case SET:
			if (!strchr(optarg, '=')) {
				fprintf(stderr, "lyred: --set needs KEY=VALUE, not '%s'\n", optarg);
				return wrong_usage();
			}
			o->sets[o->sources.set_count++] = optarg;
			break;
		case CHECK_ONLY:
			o->action = CHECK;
			break;
		case MODULES:
			o->action = LIST_MODULES;
			break;
		case OPERATIONS:
			o->action = LIST_OPERATIONS;
			break;
		case INFO:
			o->action = MODULE_INFO;
			o->module = optarg;
			break;
		case SHOW_VERSION:
			printf("lyred %s, module ABI %d.%d\n", PACKAGE_VERSION, LYRE_ABI_MAJOR, LYRE_ABI_MINOR);
			return finish_output();
		case 'h':
			fputs(help, stdout);
			return finish_output();
		default:
			return wrong_usage();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "lyred: '%s' is not an option\n", argv[optind]);
		return wrong_usage();
	}
	if (!o->sources.file) {
		o->sources.file = default_file();
		o->sources.system_file = o->sources.file;
	}
	o->sources.root_file = !o->sources.file;
	o->sources.sets = o->sets;
	return -1;
}

void options_free(struct options *o)
{
	free(o->sets);
	o->sets = NULL;
}
