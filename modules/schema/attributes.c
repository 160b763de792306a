/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file schema/attributes.c
 * \brief The attributes of create_table: from JSON to the store's structs.
 */
#include "schema.h"

#include <string.h>

/** Reads the text member \p member; leaves \p ret unchanged if it is missing or null. */
static int text_read(lyre_call *call, const lyre_value *item, const char *member, size_t position, const char **ret)
{
	size_t len;
	const lyre_value *v = lyre_value_get(item, member);
	if (lyre_value_type(v) == LYRE_NULL)
		return 0;
	if (lyre_value_type(v) != LYRE_STRING)
		return lyre_fail(call, LYRE_EINVAL, "'attributes[%zu].%s' must be a string", position, member);
	*ret = lyre_value_string(v, &len);
	if (strlen(*ret) != len)
		return lyre_fail(call, LYRE_EINVAL, "'attributes[%zu].%s' must not contain NUL characters", position, member);
	return 0;
}

/** Reads a boolean member; leaves \p ret unchanged if it is missing or null. */
static int flag_read(lyre_call *call, const lyre_value *item, const char *member, size_t position, int *ret)
{
	const lyre_value *v = lyre_value_get(item, member);
	if (lyre_value_type(v) == LYRE_NULL)
		return 0;
	if (lyre_value_type(v) != LYRE_BOOL)
		return lyre_fail(call, LYRE_EINVAL, "'attributes[%zu].%s' must be a boolean", position, member);
	*ret = lyre_value_bool(v);
	return 0;
}

static int attribute_read(lyre_call *call, const lyre_value *item, size_t position, struct lyre_attribute *ret)
{
	int rc, indexed = 0, nullable = 1;
	*ret = (struct lyre_attribute){ .size = sizeof *ret };
	if ((rc = text_read(call, item, "attribute", position, &ret->name)) < 0 ||
		(rc = text_read(call, item, "name", position, &ret->name)) < 0 ||
		(rc = text_read(call, item, "type", position, &ret->type)) < 0 ||
		(rc = flag_read(call, item, "indexed", position, &indexed)) < 0 ||
		(rc = flag_read(call, item, "nullable", position, &nullable)) < 0)
		return rc;
	if (!ret->name)
		return lyre_fail(call, LYRE_EINVAL, "'attributes[%zu].name' is required", position);
	ret->flags = (indexed ? (uint32_t)LYRE_A_INDEXED : 0) | (nullable ? 0 : (uint32_t)LYRE_A_NOT_NULL);
	return 0;
}

int attributes_read(lyre_call *call, const lyre_value *list, struct lyre_table_spec *spec)
{
	size_t count = lyre_value_count(list);
	/* never of length 0: an empty list is not NULL */
	struct lyre_attribute *all = lyre_alloc(call, (count + 1) * sizeof *all);
	if (!all || count > UINT32_MAX)
		return lyre_fail_no_memory(call);
	for (size_t i = 0; i < count; i++) {
		int rc = attribute_read(call, lyre_value_at(list, i), i, &all[i]);
		if (rc < 0)
			return rc;
	}
	spec->attributes = all;
	spec->attribute_count = (uint32_t)count;
	return 0;
}
