/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml.h"

#include <string.h>

struct yaml_node *yaml_scalar(struct arena *a, const char *source, const char *text, bool plain)
{
	struct yaml_node *n = ARENA_NEW(a, struct yaml_node);
	if (n) {
		n->kind = YAML_SCALAR;
		n->plain = plain;
		n->source = source;
		n->text = text;
	}
	return n;
}

const struct yaml_node *yaml_member(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *n = node->kind == YAML_MAPPING ? node->first : NULL;
	while (n && strcmp(n->key, key))
		n = n->next;
	return n;
}

size_t yaml_count(const struct yaml_node *node)
{
	size_t count = 1;
	for (const struct yaml_node *n = node->first; n; n = n->next)
		count += yaml_count(n);
	return count;
}

bool yaml_is_null(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && n->plain &&
		(!*n->text || !strcmp(n->text, "~") || !strcmp(n->text, "null") || !strcmp(n->text, "Null") ||
			!strcmp(n->text, "NULL"));
}

bool yaml_equal(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	if (a->kind == YAML_SCALAR)
		return (a->plain == b->plain && !strcmp(a->text, b->text)) || (yaml_is_null(a) && yaml_is_null(b));
	for (a = a->first, b = b->first; a && b; a = a->next, b = b->next)
		if ((a->key && strcmp(a->key, b->key)) || !yaml_equal(a, b))
			return false;
	return !a && !b;
}
