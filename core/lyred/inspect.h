/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/inspect.h
 * \brief What lyred shows without running: --check, --list-modules, --list-operations, --module-info.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "lyred/options.h"

/** Shows what the command line asks for. \return the exit code */
int inspect(const struct options *o);

#endif
