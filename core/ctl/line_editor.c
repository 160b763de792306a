/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/line_editor.h"

#include "ctl/interrupt.h"
#include "ctl/print.h"

#include <fcntl.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define HISTORY_ENTRIES 1000
/** Maximum number of names listed. */
#define LIST_MAX 200

struct line_editor {
	EditLine *el;
	History *history;
	const char *path, *prompt;
	line_completer complete;
	void *arg;
};

static struct line_editor *editor_of(EditLine *el)
{
	void *e = NULL;
	el_get(el, EL_CLIENTDATA, &e);
	return e;
}

static char *prompt_of(EditLine *el)
{
	return (char *)editor_of(el)->prompt;
}

/** Reads a character for libedit: 1, 0 at the end, -1 if interrupted, which libedit's own function would miss. */
static int read_character(EditLine *el, wchar_t *ret)
{
	(void)el;
	mbstate_t state = { 0 };
	for (;;) {
		char c;
		ssize_t n = interrupt_wait(STDIN_FILENO) ? read(STDIN_FILENO, &c, 1) : -1;
		if (n <= 0)
			return (int)n;
		size_t len = mbrtowc(ret, &c, 1, &state);
		if (len == (size_t)-2)
			continue;
		if (len != (size_t)-1)
			return 1;
		state = (mbstate_t){ 0 }; /* invalid bytes are skipped */
	}
}

/* ---- completion ---- */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '.' ||
		((unsigned char)c & 0x80);
}

/** The length of the prefix that all names share, in bytes. */
static size_t common_len(const char *names, const char *end)
{
	size_t common = strlen(names);
	for (const char *name = names; name < end; name += strlen(name) + 1) {
		size_t same = 0;
		while (same < common && name[same] == names[same])
			same++;
		common = same;
	}
	while (common > 0 && ((unsigned char)names[common] & 0xc0) == 0x80)
		common--; /* do not split a character */
	return common;
}

static void list_names(const char *names, const char *end)
{
	size_t count = 0;
	struct buf out;
	buf_init(&out);
	for (const char *name = names; name < end && count < LIST_MAX; name += strlen(name) + 1, count++) {
		buf_add_str(&out, count > 0 ? "  " : "\n");
		print_text(&out, name, strlen(name));
	}
	buf_add_str(&out, count == LIST_MAX ? "  …\n" : "\n");
	fwrite(out.data, 1, out.len, stdout);
	fflush(stdout);
	buf_free(&out);
}

static unsigned char insert_common(EditLine *el, const char *names, const char *end, size_t word_len)
{
	bool only = names + strlen(names) + 1 == end;
	size_t len = common_len(names, end);
	char *more = len > word_len ? strndup(names + word_len, len - word_len) : NULL;
	if (more)
		el_insertstr(el, more);
	free(more);
	if (only && names[len - 1] != '.')
		el_insertstr(el, " ");
	if (only || len > word_len)
		return CC_REFRESH;
	list_names(names, end);
	return CC_REDISPLAY;
}

static unsigned char complete_word(EditLine *el, int key)
{
	(void)key;
	struct line_editor *e = editor_of(el);
	const LineInfo *line = el_line(el);
	const char *word = line->cursor;
	while (word > line->buffer && is_word(word[-1]))
		word--;
	size_t len = (size_t)(line->cursor - word);
	struct buf names;
	buf_init(&names);
	e->complete(e->arg, word, len, &names);
	unsigned char ret = names.len > 0 && !names.failed ? insert_common(el, names.data, names.data + names.len, len) :
							     (unsigned char)CC_ERROR;
	buf_free(&names);
	return ret;
}

/* ---- the history ---- */

/** Creates the folders above a file, which nobody else may access. */
static void make_folders(const char *path)
{
	char *folder = strdup(path);
	for (char *slash = folder ? strchr(folder + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(folder, 0700);
		*slash = '/';
	}
	free(folder);
}

/** If it cannot be written, it is lost. */
static void save_history(struct line_editor *e)
{
	HistEvent event;
	make_folders(e->path);
	int fd = open(e->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *f = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
	if (f) {
		history(e->history, &event, H_SAVE_FP, f);
		fclose(f);
	} else if (fd >= 0) {
		close(fd);
	}
}

void line_editor_remember(struct line_editor *e, const char *text)
{
	HistEvent event;
	history(e->history, &event, H_ENTER, text);
}

/* ---- lines ---- */

static void set_up(struct line_editor *e)
{
	HistEvent event;
	history(e->history, &event, H_SETSIZE, HISTORY_ENTRIES);
	history(e->history, &event, H_SETUNIQUE, 1);
	if (e->path)
		history(e->history, &event, H_LOAD, e->path);
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_PROMPT, prompt_of);
	el_set(e->el, EL_EDITOR, "emacs");
	el_set(e->el, EL_HIST, history, e->history);
	el_set(e->el, EL_GETCFN, read_character);
	el_wset(e->el, EL_ADDFN, L"lyre-complete", L"Complete the word", complete_word); /* el_set() would leak copies */
	el_set(e->el, EL_BIND, "^I", "lyre-complete", NULL);
	el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_source(e->el, NULL);
}

struct line_editor *line_editor_open(const char *name, const char *path, line_completer complete, void *arg)
{
	struct line_editor *e = malloc(sizeof *e);
	if (!e)
		return NULL;
	*e = (struct line_editor){ .path = path, .prompt = "", .complete = complete, .arg = arg };
	e->history = history_init();
	e->el = el_init(name, stdin, stdout, stderr);
	if (e->history && e->el) {
		set_up(e);
		return e;
	}
	if (e->history)
		history_end(e->history);
	if (e->el)
		el_end(e->el);
	free(e);
	return NULL;
}

void line_editor_close(struct line_editor *e)
{
	if (e->path)
		save_history(e);
	el_end(e->el);
	history_end(e->history);
	free(e);
}

enum line line_editor_read(struct line_editor *e, const char *prompt, struct buf *line)
{
	int count = 0;
	e->prompt = prompt;
	buf_clear(line);
	const char *text = el_gets(e->el, &count);
	if (!text || count <= 0) {
		bool broken = interrupted();
		if (broken)
			el_reset(e->el);
		return broken ? LINE_INTERRUPTED : LINE_END;
	}
	buf_add(line, text, (size_t)count - (text[count - 1] == '\n'));
	return LINE_READ;
}
