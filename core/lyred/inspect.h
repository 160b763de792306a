/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/inspect.h
 * \brief Actions of lyred without running a server: --check, --list-modules, --list-operations, --module-info.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "lyred/options.h"

/** Performs the action given on the command line. \return the exit code */
int inspect(const struct options *o);

#endif
