/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/edit.c
 * \brief Finds the place of a setting in a text, present or not, and writes it there.
 */
#include "config/edit.h"

#include <stdlib.h>

#define STEP 2

struct editor {
	const struct config *config;
	struct arena *arena;
	struct buf *text;
	const char *newline;
	const char *key;
};

/** A mapping to which a key can be added, or a section without a value, which can become one. */
struct section {
	const struct yaml_node *node;
	const char *rest; /**< the rest of the key, below this section */
	size_t limit;     /**< where the next section starts */
	bool root;
	bool flow; /**< within brackets */
};

/* ---- the text ---- */

static size_t line_begin(const struct buf *t, size_t at)
{
	while (at > 0 && t->data[at - 1] != '\n')
		at--;
	return at;
}

/** The position after the newline. */
static size_t line_next(const struct buf *t, size_t at)
{
	const char *end = at < t->len ? memchr(t->data + at, '\n', t->len - at) : NULL;

	return end ? (size_t)(end - t->data) + 1 : t->len;
}

static bool is_blank(const struct buf *t, size_t from, size_t to)
{
	while (from < to && strchr(" \t\r\n", t->data[from]))
		from++;
	return from >= to;
}

static size_t indentation(const struct buf *t, size_t line)
{
	size_t at = line;

	while (at < t->len && t->data[at] == ' ')
		at++;
	return at - line;
}

/** Replaces the bytes from \p from to \p to with \p s; NULL means that memory ran out. */
static void splice(struct buf *t, size_t from, size_t to, const char *s)
{
	size_t len = s ? strlen(s) : 0, rest = t->len - to;

	if (!s)
		t->failed = true;
	if (!buf_reserve(t, len))
		return;
	memmove(t->data + from + len, t->data + to, rest);
	if (len)
		memcpy(t->data + from, s, len);
	t->len = from + len + rest;
}

/** Where the content of a value ends: without empty lines and comments that may follow. */
static size_t content_end(const struct buf *t, const struct yaml_node *n)
{
	size_t end = n->end;

	if (n->kind != YAML_SCALAR && !n->flow && n->first) {
		while (n->kind != YAML_SCALAR && !n->flow && n->first)
			for (n = n->first; n->next; n = n->next)
				;
		return content_end(t, n);
	}
	while (n->literal && end > n->start && strchr(" \r\n", t->data[end - 1]))
		end--;
	return end;
}

/* ---- finding a key ---- */

static bool is_below(const char *key, const char *section)
{
	size_t len = strlen(section);

	return !strncmp(key, section, len) && key[len] == '.';
}

/** Whether a value can be made a mapping without changing its meaning: data: true. */
static bool may_become_section(const struct editor *d, const char *path, const struct yaml_node *n)
{
	if (yaml_is_null(n))
		return !entries_find(d->config, path);
	return n->kind == YAML_SCALAR && n->plain && is_below(path, "modules") && !strcmp(n->text, "true");
}

/** The value of the key; else NULL, and the innermost section to which the key could be added. */
static const struct yaml_node *find(struct editor *d, const struct yaml_node *in, const char *prefix, struct section *s)
{
	const struct yaml_node *found = NULL;
	size_t outer = s->limit;
	bool flow = s->flow || in->flow;

	for (const struct yaml_node *n = in->first; n && !found; n = n->next) {
		const char *path = arena_printf(d->arena, "%s%s%s", prefix, *prefix ? "." : "", n->key);
		if (!path)
			return NULL;
		bool section = n->kind == YAML_MAPPING && entries_is_section(d->config, path);
		if (!section && !strcmp(entries_spelling(path), d->key))
			return n;
		bool same = !strcmp(path, d->key);
		if (!same && !is_below(d->key, path))
			continue;
		if (n->kind != YAML_MAPPING && !may_become_section(d, path, n))
			continue;
		if (n->kind == YAML_MAPPING && !section)
			continue;
		*s = (struct section){
			.node = n,
			.rest = same ? entries_below(d->key) : d->key + strlen(path) + 1,
			.limit = n->next && !flow ? line_begin(d->text, n->next->key_start) : outer,
			.flow = flow,
		};
		found = find(d, n, path, s);
	}
	return found;
}

/* ---- replacing a value ---- */

/** A list with one line per item stays one. */
static void replace_items(struct editor *d, const struct yaml_node *old, const char *value, const struct yaml_node *wanted)
{
	struct buf items;
	size_t column = old->start - line_begin(d->text, old->start);

	buf_init(&items);
	for (const struct yaml_node *n = wanted->first; n; n = n->next) {
		if (n != wanted->first)
			buf_addf(&items, "%s%*s", d->newline, (int)column, "");
		buf_addf(&items, "- %.*s", (int)(n->end - n->start), value + n->start);
	}
	const char *lines = buf_cstr(&items);
	if (lines)
		splice(d->text, old->start, content_end(d->text, old), lines);
	else
		d->text->failed = true;
	buf_free(&items);
}

/** Removes a value on lines of its own, and puts the new one after the colon. */
static void replace_block(struct editor *d, const struct yaml_node *old, const char *value)
{
	struct buf *t = d->text;
	size_t from = old->start, to = content_end(t, old), colon = old->key_end;

	if (is_blank(t, line_begin(t, from), from) && is_blank(t, to, line_next(t, to))) {
		from = line_begin(t, from);
		to = line_next(t, to);
	}
	while (colon < t->len && t->data[colon] == ' ')
		colon++;
	splice(t, from, to, "");
	if (colon < from && t->data[colon] == ':')
		splice(t, colon + 1, colon + 1, arena_printf(d->arena, " %s", value));
}

/** For a value that is still empty: after the colon, or in brackets without a colon: {port, host: } */
static void fill(struct editor *d, size_t at, const char *value)
{
	const struct buf *t = d->text;

	while (at > 0 && strchr(" \r\n", t->data[at - 1]))
		at--;
	bool colon = at > 0 && t->data[at - 1] == ':';
	splice(d->text, at, at, arena_printf(d->arena, colon ? " %s" : ": %s", value));
}

static void replace(struct editor *d, const struct yaml_node *old, const char *value, const struct yaml_node *wanted)
{
	struct buf *t = d->text;
	bool block = old->kind != YAML_SCALAR && !old->flow;

	if (block && old->kind == YAML_LIST && wanted->kind == YAML_LIST && wanted->first)
		replace_items(d, old, value, wanted);
	else if (block)
		replace_block(d, old, value);
	else if (old->end > old->start)
		splice(t, old->start, content_end(t, old), value);
	else
		fill(d, old->start, value);
}

/* ---- adding a key ---- */

/** "network: {port: 1}" */
static const char *flow_member(struct editor *d, const char *rest, const char *value)
{
	const char *dot = strchr(rest, '.');

	if (!dot)
		return arena_printf(d->arena, "%s: %s", rest, value);
	const char *inner = flow_member(d, dot + 1, value);
	return inner ? arena_printf(d->arena, "%.*s: {%s}", (int)(dot - rest), rest, inner) : NULL;
}

static void add_to_flow(struct editor *d, const struct section *s, const char *value)
{
	struct buf *t = d->text;
	const struct yaml_node *last = s->node->first;
	const char *member = flow_member(d, s->rest, value);

	if (s->node->kind != YAML_MAPPING) {
		const char *whole = arena_printf(d->arena, "{%s}", member ? member : "");
		if (whole)
			replace(d, s->node, whole, s->node);
		t->failed |= !whole || !member;
		return;
	}
	while (last && last->next)
		last = last->next;
	if (last && member)
		splice(t, content_end(t, last), content_end(t, last),
			arena_printf(d->arena, "%s, %s", last->end > last->start ? "" : " ", member));
	else
		splice(t, s->node->end - 1, s->node->end - 1, member);
}

/** The lines of "a.b: value", each section on its own line. */
static const char *block_member(struct editor *d, const char *rest, size_t column, bool dotted, const char *value)
{
	const char *dot = dotted ? NULL : strchr(rest, '.');

	if (!dot)
		return arena_printf(d->arena, "%*s%s: %s%s", (int)column, "", rest, value, d->newline);
	const char *inner = block_member(d, dot + 1, column + STEP, false, value);
	return inner ? arena_printf(d->arena, "%*s%.*s:%s%s", (int)column, "", (int)(dot - rest), rest, d->newline, inner) : NULL;
}

/** Finds the line "#rest: default", from \p from on. \return the position after it; 0 if there is none */
static size_t find_default(const struct editor *d, const struct section *s, size_t from, size_t least, bool exact, size_t *column)
{
	const struct buf *t = d->text;
	size_t len = strlen(s->rest);

	for (size_t line = from; line < s->limit; line = line_next(t, line)) {
		size_t blanks = indentation(t, line), at = line + blanks;
		if (blanks < least || (exact && blanks != least) || at + len + 2 > t->len)
			continue;
		if (t->data[at] != '#' || memcmp(t->data + at + 1, s->rest, len) || t->data[at + len + 1] != ':')
			continue;
		size_t behind = at + len + 2;
		if (behind < t->len && !strchr(" \r\n", t->data[behind]))
			continue;
		*column = blanks;
		return line_next(t, line);
	}
	return 0;
}

/** The position after the last member and its comments. */
static size_t behind_members(const struct editor *d, const struct section *s, size_t column)
{
	const struct buf *t = d->text;
	size_t line = line_next(t, content_end(t, s->node));

	for (; line < s->limit; line = line_next(t, line)) {
		size_t at = line + indentation(t, line);
		if (at - line <= column || at >= t->len || t->data[at] != '#')
			break;
	}
	return line;
}

static bool has_member(const struct section *s, const char *rest)
{
	size_t len = strcspn(rest, ".");

	for (const struct yaml_node *n = s->node->first; n; n = n->next)
		if (strlen(n->key) == len && !memcmp(n->key, rest, len))
			return true;
	return false;
}

/** Where the document ends: at an end marker "..." or at the end of the text. */
static size_t document_end(const struct buf *t)
{
	for (size_t line = 0; line < t->len; line = line_next(t, line))
		if (t->len - line >= 3 && !memcmp(t->data + line, "...", 3))
			return line;
	return t->len;
}

static void add_to_block(struct editor *d, const struct section *s, const char *value)
{
	struct buf *t = d->text;
	const struct yaml_node *node = s->node;
	bool members = node->kind == YAML_MAPPING;
	size_t above = s->root ? 0 : (size_t)(node->key_start - line_begin(t, node->key_start));
	size_t column = members ? node->start - line_begin(t, node->start) : s->root ? 0 : above + STEP;
	if (members && s->root && t->len >= 3 && !memcmp(t->data, "\xef\xbb\xbf", 3) && line_begin(t, node->start) == 0)
		column -= 3; /* a byte order mark has no width */
	size_t from = s->root ? 0 : line_next(t, members ? node->key_end : node->end);
	bool exact = members || s->root;
	size_t at = find_default(d, s, from, exact ? column : above + 1, exact, &column);
	/* "threads.debug" beside "threads: 4", or as in the commented default. */
	bool dotted = at > 0 || (members && has_member(s, s->rest));
	const char *gap = "";

	if (!at && s->root) {
		at = s->limit;
		size_t last = at ? line_begin(t, at - 1) : 0;
		if (strchr(s->rest, '.') && !dotted && at && !is_blank(t, last, at))
			gap = d->newline;
	} else if (!at) {
		at = members ? behind_members(d, s, column) : from;
	}
	const char *lines = block_member(d, s->rest, column, dotted, value);
	bool torn = at > 0 && t->data[at - 1] != '\n';
	splice(t, at, at, lines ? arena_printf(d->arena, "%s%s%s", torn ? d->newline : "", gap, lines) : NULL);
	/* Remove the value that is now replaced by a mapping: "~", or "true" of a module. */
	if (!members && node->end > node->start) {
		size_t begin = node->start;
		while (begin > 0 && t->data[begin - 1] == ' ')
			begin--;
		splice(t, begin, node->end, "");
	}
}

int edit_set(const struct config *c, struct arena *a, struct buf *text, const char *key, const char *value,
	const struct yaml_node *wanted, struct err *e)
{
	struct yaml_node *root;
	int rc = yaml_decode_lines(a, "the file", text->data, text->len, &root, e);
	if (rc)
		return rc;
	const char *first = text->len ? memchr(text->data, '\n', text->len) : NULL;
	struct editor d = {
		.config = c,
		.arena = a,
		.text = text,
		.newline = first && first > text->data && first[-1] == '\r' ? "\r\n" : "\n",
		.key = key,
	};
	struct section s = { .node = root, .rest = key, .limit = document_end(text), .root = true };
	const struct yaml_node *old = root->kind == YAML_MAPPING ? find(&d, root, "", &s) : NULL;
	if (old)
		replace(&d, old, value, wanted);
	else if (s.flow || s.node->flow)
		add_to_flow(&d, &s, value);
	else
		add_to_block(&d, &s, value);
	return text->failed ? err_nomem(e) : 0;
}
