/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/options.h
 * \brief The command line of lyred.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "config/config.h"

/** Exit statuses, described in --help. */
enum exit_code { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

enum action { RUN, CHECK, LIST_MODULES, LIST_OPERATIONS, MODULE_INFO };

struct options {
	enum action action;
	struct config_sources sources;
	const char *module; /**< of MODULE_INFO: the file */
	const char **sets;  /**< room for one --set per argument */
};

/** Prints a message for the person who started the server. */
void complain(const char *text);
/** Prints the faults that prevent the start, one per line. */
void complain_of(const struct fault_list *faults);
/** Flushes standard output. \return the exit code: EXIT_FAILED if something could not be written */
int finish_output(void);
/** Parses the command line; the options point into it. \return -1 to continue, or the exit code */
int options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);

#endif
