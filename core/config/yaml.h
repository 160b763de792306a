/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/yaml.h
 * \brief YAML as the configuration uses it: a tree of mappings, lists and scalars, each node with its position.
 *
 * Anchors, aliases, tags, duplicate keys and further documents are refused: each value is written in one place.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

#define YAML_DEPTH_MAX 32
#define YAML_SIZE_MAX ((size_t)1 << 20)
#define YAML_NODES_MAX 10000

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	bool plain;         /**< a scalar without quotes: true, 5 and null mean what they look like */
	bool flow;          /**< a list or mapping in brackets */
	bool literal;       /**< a scalar after | or > */
	int line, column;   /**< of the value, from 1; 0 if the source has no lines */
	size_t start, end;  /**< bytes of the value in the text; for lists and mappings without brackets, of their content */
	const char *source; /**< the file's name, or "--set a=b" */
	const char *text;   /**< of a scalar, NUL-terminated */
	size_t count;       /**< of children */
	struct yaml_node *first, *next;
	/* as a member of a mapping */
	const char *key;
	int key_line, key_column;
	size_t key_start, key_end;
};

/**
 * Decodes \p len bytes that come from \p source. An empty document is null. Nodes live in the arena and point to
 * \p source. \return 0, LYRE_EINVAL, LYRE_ENOMEM
 */
int yaml_decode(struct arena *a, const char *source, const char *text, size_t len, struct yaml_node **ret, struct err *e);

/** The same, with line numbers in messages and nodes: for a text read from a file. */
int yaml_decode_lines(struct arena *a, const char *source, const char *text, size_t len, struct yaml_node **ret, struct err *e);

/** Reads a file, up to slightly more than YAML_SIZE_MAX bytes. \return 0, LYRE_EIO, LYRE_ENOMEM */
int yaml_read(int fd, const char *path, struct buf *ret, struct err *e);

/** Decodes an open file; \p path must outlive the nodes. \return 0, LYRE_EINVAL, LYRE_EIO, LYRE_ENOMEM */
int yaml_decode_fd(struct arena *a, int fd, const char *path, struct yaml_node **ret, struct err *e);
/** The same for a file by its path. */
int yaml_decode_file(struct arena *a, const char *path, struct yaml_node **ret, struct err *e);

/** A plain scalar of \p text, for values that do not come from YAML; \p text and \p source must outlive it. */
struct yaml_node *yaml_scalar(struct arena *a, const char *source, const char *text, bool plain);

/** The member \p key of a mapping; NULL if it has none, or \p node is not a mapping. */
const struct yaml_node *yaml_member(const struct yaml_node *node, const char *key);

/** The number of nodes of a tree. */
size_t yaml_count(const struct yaml_node *node);

/** Whether the value is missing, ~ or null. */
bool yaml_is_null(const struct yaml_node *node);

/** Whether two values mean the same. */
bool yaml_equal(const struct yaml_node *a, const struct yaml_node *b);

/** Sets a message about the value of a node, prefixed with its position. \return \p code */
int yaml_fail(struct err *e, int code, const struct yaml_node *node, const char *fmt, ...) LYRE_PRINTF(4, 5);
/** The same about its key. */
int yaml_fail_key(struct err *e, int code, const struct yaml_node *node, const char *fmt, ...) LYRE_PRINTF(4, 5);

#endif
