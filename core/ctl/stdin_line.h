/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/stdin_line.h
 * \brief Lines of standard input.
 */
#ifndef CTL_STDIN_LINE_H
#define CTL_STDIN_LINE_H

#include "base/buf.h"

enum line { LINE_READ, LINE_END, LINE_INTERRUPTED };

/** Reads the next line, without its newline, into \p line. */
enum line stdin_line(struct buf *line);

#endif
