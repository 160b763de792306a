/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	struct arena *arena;
	const char *source;
	bool lines; /**< messages give line numbers */
	const char *text;
	size_t len;
	size_t nodes;
	size_t chars, bytes; /**< a position in the text, counted both ways */
	struct err *err;
};

static int vfail_at(struct err *e, int code, const char *source, int line, int column, const char *fmt, va_list ap)
{
	char sentence[sizeof e->text];
	vsnprintf(sentence, sizeof sentence, fmt, ap);
	if (line > 0)
		return err_set(e, code, "%s:%d:%d: %s", source, line, column, sentence);
	return err_set(e, code, "%s: %s", source, sentence);
}

int yaml_fail(struct err *e, int code, const struct yaml_node *node, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfail_at(e, code, node->source, node->line, node->column, fmt, ap);
	va_end(ap);
	return code;
}

int yaml_fail_key(struct err *e, int code, const struct yaml_node *node, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfail_at(e, code, node->source, node->key_line ? node->key_line : node->line,
		node->key_line ? node->key_column : node->column, fmt, ap);
	va_end(ap);
	return code;
}

LYRE_PRINTF(3, 4)
static int refuse(struct reader *r, const yaml_mark_t *mark, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfail_at(r->err, LYRE_EINVAL, r->source, r->lines ? (int)mark->line + 1 : 0, (int)mark->column + 1, fmt, ap);
	va_end(ap);
	return LYRE_EINVAL;
}

/** The parser's reader counts only bytes. */
static yaml_mark_t mark_of_offset(const struct reader *r, size_t offset)
{
	yaml_mark_t m = { 0 };
	for (size_t i = 0; i < offset && i < r->len; i++) {
		m.column++;
		if (r->text[i] == '\n') {
			m.line++;
			m.column = 0;
		}
	}
	return m;
}

/** Whether the indentation of line \p number, from 0, contains a tab. */
static bool begins_with_tab(const struct reader *r, size_t number)
{
	const char *line = r->text, *end = r->text + r->len;
	while (number > 0 && line < end)
		number -= *line++ == '\n';
	while (line < end && *line == ' ')
		line++;
	return line < end && *line == '\t';
}

/** The parser counts characters, a text has bytes. Marks come nearly in order, so each search continues from the last. */
static size_t byte_of(struct reader *r, const yaml_mark_t *mark)
{
	if (mark->index < r->chars)
		r->chars = r->bytes = 0;
	if (r->chars == 0 && r->len >= 3 && !memcmp(r->text, "\xef\xbb\xbf", 3))
		r->bytes = 3;
	while (r->chars < mark->index && r->bytes < r->len) {
		r->bytes++;
		while (r->bytes < r->len && ((unsigned char)r->text[r->bytes] & 0xc0) == 0x80)
			r->bytes++;
		r->chars++;
	}
	return r->bytes;
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return 0;
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "not YAML";
	const yaml_mark_t *at = &p->problem_mark;
	if (p->error == YAML_MEMORY_ERROR)
		return err_nomem(r->err);
	if (p->error == YAML_READER_ERROR) {
		yaml_mark_t mark = mark_of_offset(r, p->problem_offset);
		return refuse(r, &mark, "%s", problem);
	}
	if (p->error == YAML_SCANNER_ERROR && begins_with_tab(r, at->line))
		return refuse(r, at, "tabs are not allowed in indentation; use spaces");
	if (p->context && r->lines)
		return refuse(r, at, "%s, %s that starts at line %d", problem, p->context, (int)p->context_mark.line + 1);
	return refuse(r, at, "%s", problem);
}

static int new_node(struct reader *r, enum yaml_kind kind, const yaml_mark_t *mark, struct yaml_node **ret)
{
	if (++r->nodes > YAML_NODES_MAX)
		return refuse(r, mark, "more than %d values", YAML_NODES_MAX);
	struct yaml_node *n = ARENA_NEW(r->arena, struct yaml_node);
	if (!n)
		return err_nomem(r->err);
	n->kind = kind;
	n->source = r->source;
	n->start = n->end = byte_of(r, mark);
	if (r->lines) {
		n->line = (int)mark->line + 1;
		n->column = (int)mark->column + 1;
	}
	*ret = n;
	return 0;
}

/** The messages do not repeat the text: it may be a secret without quotes. */
static int check_plain(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return refuse(r, &event->start_mark, "anchors are not supported (a string that starts with & needs quotes)");
	if (tag)
		return refuse(r, &event->start_mark, "tags are not supported (a string that starts with ! needs quotes)");
	return 0;
}

static int read_node(struct reader *r, yaml_event_t *event, int depth, struct yaml_node **ret);

static int read_scalar(struct reader *r, const yaml_event_t *event, struct yaml_node **ret)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	int rc = check_plain(r, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (rc)
		return rc;
	if (memchr(text, 0, len))
		return refuse(r, &event->start_mark, "a string must not contain a zero byte");
	rc = new_node(r, YAML_SCALAR, &event->start_mark, ret);
	if (rc)
		return rc;
	(*ret)->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	(*ret)->literal =
		event->data.scalar.style == YAML_LITERAL_SCALAR_STYLE || event->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
	(*ret)->end = byte_of(r, &event->end_mark);
	(*ret)->text = arena_strndup(r->arena, text, len);
	return (*ret)->text ? 0 : err_nomem(r->err);
}

static int read_list(struct reader *r, const yaml_event_t *start, int depth, struct yaml_node **ret)
{
	int rc = check_plain(r, start, start->data.sequence_start.anchor, start->data.sequence_start.tag);
	if (!rc)
		rc = new_node(r, YAML_LIST, &start->start_mark, ret);
	if (rc)
		return rc;
	(*ret)->flow = start->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	for (struct yaml_node **tail = &(*ret)->first;; tail = &(*tail)->next) {
		yaml_event_t event;
		rc = next_event(r, &event);
		if (rc)
			return rc;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			if ((*ret)->flow)
				(*ret)->end = byte_of(r, &event.end_mark);
			yaml_event_delete(&event);
			return 0;
		}
		rc = read_node(r, &event, depth + 1, tail);
		if (rc)
			return rc;
		(*ret)->count++;
		(*ret)->end = (*tail)->end;
	}
}

/** Reads the key in \p event. */
static int read_key(struct reader *r, yaml_event_t *event, const struct yaml_node *mapping, struct yaml_node **ret)
{
	if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT) {
		int rc = refuse(r, &event->start_mark, "a key must be a string");
		yaml_event_delete(event);
		return rc;
	}
	yaml_mark_t mark = event->start_mark;
	struct yaml_node *key;
	int rc = read_node(r, event, 0, &key);
	if (rc)
		return rc;
	for (const struct yaml_node *n = mapping->first; n; n = n->next) {
		if (strcmp(n->key, key->text))
			continue;
		if (r->lines)
			return refuse(r, &mark, "duplicate key '%s' (first defined on line %d)", n->key, n->key_line);
		return refuse(r, &mark, "duplicate key '%s'", n->key);
	}
	*ret = key;
	return 0;
}

static int read_mapping(struct reader *r, const yaml_event_t *start, int depth, struct yaml_node **ret)
{
	int rc = check_plain(r, start, start->data.mapping_start.anchor, start->data.mapping_start.tag);
	if (!rc)
		rc = new_node(r, YAML_MAPPING, &start->start_mark, ret);
	if (rc)
		return rc;
	(*ret)->flow = start->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	for (struct yaml_node **tail = &(*ret)->first;;) {
		yaml_event_t event;
		rc = next_event(r, &event);
		if (rc)
			return rc;
		if (event.type == YAML_MAPPING_END_EVENT) {
			if ((*ret)->flow)
				(*ret)->end = byte_of(r, &event.end_mark);
			yaml_event_delete(&event);
			return 0;
		}
		struct yaml_node *key = NULL, *value = NULL;
		rc = read_key(r, &event, *ret, &key);
		if (!rc)
			rc = next_event(r, &event);
		if (!rc)
			rc = read_node(r, &event, depth + 1, &value);
		if (rc)
			return rc;
		value->key = key->text;
		value->key_line = key->line;
		value->key_column = key->column;
		value->key_start = key->start;
		value->key_end = key->end;
		*tail = value;
		tail = &value->next;
		(*ret)->count++;
		(*ret)->end = value->end;
	}
}

/** Reads the node that starts with \p event, and deletes the event. */
static int read_node(struct reader *r, yaml_event_t *event, int depth, struct yaml_node **ret)
{
	int rc;
	if (depth > YAML_DEPTH_MAX)
		rc = refuse(r, &event->start_mark, "nested more than %d levels deep", YAML_DEPTH_MAX);
	else if (event->type == YAML_SCALAR_EVENT)
		rc = read_scalar(r, event, ret);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		rc = read_list(r, event, depth, ret);
	else if (event->type == YAML_MAPPING_START_EVENT)
		rc = read_mapping(r, event, depth, ret);
	else
		rc = refuse(r, &event->start_mark, "aliases are not supported (a string that starts with * needs quotes)");
	yaml_event_delete(event);
	return rc;
}

static int read_stream(struct reader *r, struct yaml_node **ret)
{
	bool seen = false;
	for (;;) {
		yaml_event_t event;
		int rc = next_event(r, &event);
		if (rc)
			return rc;
		yaml_event_type_t type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && seen)
			rc = refuse(r, &event.start_mark, "only one YAML document is allowed");
		if (type == YAML_STREAM_START_EVENT || type == YAML_STREAM_END_EVENT || type == YAML_DOCUMENT_START_EVENT ||
			type == YAML_DOCUMENT_END_EVENT) {
			yaml_event_delete(&event);
		} else {
			rc = read_node(r, &event, 0, ret);
			seen = true;
		}
		if (rc)
			return rc;
		if (type != YAML_STREAM_END_EVENT)
			continue;
		if (!seen)
			*ret = yaml_scalar(r->arena, r->source, "", true);
		return *ret ? 0 : err_nomem(r->err);
	}
}

static int decode(
	struct arena *a, const char *source, bool lines, const char *text, size_t len, struct yaml_node **ret, struct err *e)
{
	struct reader r = { .arena = a, .source = source, .lines = lines, .text = text, .len = len, .err = e };
	*ret = NULL;
	if (len > YAML_SIZE_MAX)
		return err_set(e, LYRE_EINVAL, "%s: larger than %zu bytes", source, YAML_SIZE_MAX);
	if (!yaml_parser_initialize(&r.parser))
		return err_nomem(e);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text ? text : ""), len);
	int rc = read_stream(&r, ret);
	yaml_parser_delete(&r.parser);
	return rc;
}

int yaml_decode(struct arena *a, const char *source, const char *text, size_t len, struct yaml_node **ret, struct err *e)
{
	return decode(a, source, false, text, len, ret, e);
}

int yaml_decode_lines(struct arena *a, const char *source, const char *text, size_t len, struct yaml_node **ret, struct err *e)
{
	return decode(a, source, true, text, len, ret, e);
}

int yaml_read(int fd, const char *path, struct buf *b, struct err *e)
{
	while (b->len <= YAML_SIZE_MAX) {
		if (!buf_reserve(b, 16384))
			return err_nomem(e);
		ssize_t n = read(fd, b->data + b->len, b->cap - b->len);
		if (n == 0)
			return 0;
		if (n > 0)
			b->len += (size_t)n;
		else if (errno != EINTR)
			return err_errno(e, errno, "read", path);
	}
	return 0;
}

int yaml_decode_fd(struct arena *a, int fd, const char *path, struct yaml_node **ret, struct err *e)
{
	struct buf text;
	buf_init(&text);
	int rc = yaml_read(fd, path, &text, e);
	if (!rc)
		rc = decode(a, path, true, text.data, text.len, ret, e);
	buf_free(&text);
	return rc;
}

int yaml_decode_file(struct arena *a, const char *path, struct yaml_node **ret, struct err *e)
{
	const char *source = arena_strndup(a, path, strlen(path));
	if (!source)
		return err_nomem(e);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno, "open", path);
	int rc = yaml_decode_fd(a, fd, source, ret, e);
	close(fd);
	return rc;
}
