/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/change_record.c
 * \brief Shows records that do not come from a query, such as those of the audit log, as rows.
 */
#include "query/columns.h"

int record_columns(struct columns **ret, struct arena *a, const struct table *t, struct err *e)
{
	struct unknown_names unknown;
	unknown_init(&unknown, a);
	int rc = columns_make(ret, a, t, NULL, NULL, &unknown, e);
	if (!rc)
		(*ret)->sparse = true;
	return rc;
}

int record_key_value(const struct table *t, struct record r, struct field key, struct arena *a, lyre_value *ret)
{
	const struct row row = { .record = r, .key = key.data, .key_len = key.len };
	lyre_value v;
	if (!row_key(&row, t->attributes[t->key].id, &v))
		return LYRE_ECORRUPT;
	return value_copy(a, &v, NULL, 0, ret) ? 0 : LYRE_ENOMEM;
}

int record_value(const struct columns *c, struct record r, struct field key, struct arena *a, lyre_value *ret, struct err *e)
{
	const struct row row = { .record = r, .key = key.data, .key_len = key.len };
	return columns_value(c, &row, true, a, ret, e);
}
