/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/options.h
 * \brief The command line of lyred.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "config/config.h"

/** Exit statuses, as --help tells them. */
enum exit_code { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

enum action { RUN, CHECK, LIST_MODULES, LIST_OPERATIONS, MODULE_INFO };

struct options {
	enum action action;
	struct config_sources sources;
	const char *module; /**< of MODULE_INFO: the file */
	const char **sets;  /**< room for one --set an argument */
};

/** Says something to who started the server. */
void complain(const char *text);
/** Tells what speaks against the start, a line a fault. */
void complain_of(const struct fault_list *faults);
/** Ends standard output. \return the exit code: EXIT_FAILED when something did not get out */
int finish_output(void);
/** Reads the command line, into which the options point. \return -1 to go on, or the exit code */
int options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);

#endif
