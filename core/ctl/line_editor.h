/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/line_editor.h
 * \brief Reads lines from a terminal, with a history and completion if built with libedit.
 */
#ifndef CTL_LINE_EDITOR_H
#define CTL_LINE_EDITOR_H

#include "ctl/stdin_line.h"

struct line_editor;

/** Adds to \p names the possible completions of the word before the cursor, each with its NUL. */
typedef void (*line_completer)(void *arg, const char *word, size_t len, struct buf *names);

/**
 * \param name      of the program, for the user's ~/.editrc
 * \param history   path of the history file; NULL for none
 * \return NULL if out of memory
 */
struct line_editor *line_editor_open(const char *name, const char *history, line_completer complete, void *arg);
/** Writes the history. */
void line_editor_close(struct line_editor *e);
/** Reads the next line, without its newline, into \p line. */
enum line line_editor_read(struct line_editor *e, const char *prompt, struct buf *line);
/** Adds an entry to the history. */
void line_editor_remember(struct line_editor *e, const char *text);

#endif
