/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file schema/schema.h
 * \brief The handlers of the schema module. Their parameters are declared in schema.c.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <lyre/lyre.h>

/* describe.c */
int schema_describe_all(lyre_call *call);
int schema_describe_database(lyre_call *call);
int schema_describe_table(lyre_call *call);

/* define.c */
int schema_create_database(lyre_call *call);
int schema_drop_database(lyre_call *call);
int schema_create_table(lyre_call *call);
int schema_drop_table(lyre_call *call);
int schema_create_attribute(lyre_call *call);
int schema_drop_attribute(lyre_call *call);

/* attributes.c */

/**
 * Reads the attribute list of create_table into \p spec. The store validates names and types.
 */
int attributes_read(lyre_call *call, const lyre_value *list, struct lyre_table_spec *spec);

/* schema_backup.c */
int schema_get_backup(lyre_call *call);
int schema_restore_backup(lyre_call *call);
/** For an uploaded file, while it is still arriving. */
int schema_check_restore(lyre_call *call);

/* storage.c */
int schema_describe_storage(lyre_call *call);
int schema_compact_database(lyre_call *call);
int schema_check_database(lyre_call *call);

#endif
