/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/line_editor_none.c
 * \brief Without libedit: lines as the terminal delivers them.
 */
#include "ctl/line_editor.h"

#include <stdio.h>

struct line_editor {
	char unused;
};

struct line_editor *line_editor_open(const char *name, const char *history, line_completer complete, void *arg)
{
	static struct line_editor only;
	(void)name, (void)history, (void)complete, (void)arg;
	return &only;
}

void line_editor_close(struct line_editor *e)
{
	(void)e;
}

enum line line_editor_read(struct line_editor *e, const char *prompt, struct buf *line)
{
	(void)e;
	fputs(prompt, stdout);
	fflush(stdout);
	return stdin_line(line);
}

void line_editor_remember(struct line_editor *e, const char *text)
{
	(void)e, (void)text;
}
