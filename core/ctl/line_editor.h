/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/line_editor.h
 * \brief Lines that a person types, with a history and completion where libedit was there to build with.
 */
#ifndef CTL_LINE_EDITOR_H
#define CTL_LINE_EDITOR_H

#include "ctl/stdin_line.h"

struct line_editor;

/** Adds to \p names what may stand in place of the word before the cursor and begins like it: texts, each with its NUL. */
typedef void (*line_completer)(void *arg, const char *word, size_t len, struct buf *names);

/**
 * \param name      of the program, for the user's ~/.editrc
 * \param history   path of the file that keeps it; NULL for none
 * \return NULL when out of memory
 */
struct line_editor *line_editor_open(const char *name, const char *history, line_completer complete, void *arg);
/** Writes the history. */
void line_editor_close(struct line_editor *e);
/** The next line, without its end, in place of what \p line held. */
enum line line_editor_read(struct line_editor *e, const char *prompt, struct buf *line);
/** Something typed, for the history. */
void line_editor_remember(struct line_editor *e, const char *text);

#endif
