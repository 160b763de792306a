/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/certificate_records.h
 * \brief The table system.hdb_certificate. Calls need the rights of the server; they block.
 */
#ifndef CERTS_CERTIFICATE_RECORDS_H
#define CERTS_CERTIFICATE_RECORDS_H

#include "certs_module.h"

/** A record. What it points to belongs to the call. */
struct record {
	const char *name, *pem;
	const char *key_name; /**< file of its private key, in the keys folder; NULL: none */
	bool authority;
	bool own;                /**< made by this server */
	const lyre_value *hosts; /**< array of texts; NULL: none */
	const lyre_value *value; /**< the whole record, when it was read */
};

struct record_list {
	struct record *items;
	size_t count;
};

/** Makes the table if there is none. */
int records_ensure(lyre_call *call);
/** Reads all, in the order of their names. */
int records_read(lyre_call *call, struct record_list *ret);
/** \return NULL if there is none */
const struct record *records_find(const struct record_list *list, const char *name);
/** Whether a record other than \p name has its key in the file. */
bool records_share_key(const struct record_list *list, const char *name, const char *key_name);
/** Writes a record; it replaces \p before, the one with its name, unless that is NULL. */
int records_write(lyre_call *call, const struct record *r, const struct certificate *c, const struct record *before);
int records_delete(lyre_call *call, const char *name);

#endif
