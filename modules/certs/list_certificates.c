/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/list_certificates.c
 * \brief The certificates of the table, and those of the configuration.
 */
#include "serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(lyre_out *o, const char *name, const lyre_value *v)
{
	if (lyre_value_type(v) == LYRE_NULL)
		return;
	lyre_out_key(o, name);
	lyre_out_value(o, v);
}

static void put_word(lyre_out *o, const char *word)
{
	lyre_out_string(o, word, strlen(word));
}

/* What it was made for, and where it is in use now. */
static void put_uses(lyre_out *o, const lyre_value *stored, unsigned uses)
{
	size_t count = lyre_value_count(stored);
	lyre_out_key(o, "uses");
	lyre_out_array_begin(o);
	for (size_t i = 0; i < count; i++)
		lyre_out_value(o, lyre_value_at(stored, i));
	if (uses & SERVED && !count)
		put_word(o, "https");
	if (uses & SERVED)
		put_word(o, "operations");
	if (uses & TRUSTED)
		put_word(o, "client_authentication");
	lyre_out_array_end(o);
}

static void put_record(lyre_out *o, const struct record *r)
{
	lyre_out_object_begin(o);
	lyre_out_text(o, "name", r->name);
	lyre_out_text(o, "certificate", r->pem);
	if (r->key_name)
		lyre_out_text(o, "private_key_name", r->key_name);
	lyre_out_key(o, "is_authority");
	lyre_out_bool(o, r->authority);
	put(o, "details", lyre_value_get(r->value, "details"));
	put(o, "is_self_signed", lyre_value_get(r->value, "is_self_signed"));
	put_uses(o, lyre_value_get(r->value, "uses"), serving_uses(r->name, false));
	put(o, "hosts", r->hosts);
	if (r->key_name && !key_file_exists(certs.folder, r->key_name)) {
		lyre_out_key(o, "private_key_missing");
		lyre_out_bool(o, 1);
	}
	lyre_out_object_end(o);
}

/* ---- of the configuration ---- */

static void put_details(lyre_out *o, const struct certificate_details *d)
{
	lyre_out_key(o, "details");
	lyre_out_object_begin(o);
	lyre_out_text(o, "issuer", d->issuer);
	lyre_out_text(o, "subject", d->subject);
	if (d->alt_names)
		lyre_out_text(o, "subject_alt_name", d->alt_names);
	lyre_out_text(o, "serial_number", d->serial);
	lyre_out_text(o, "valid_from", d->from);
	lyre_out_text(o, "valid_to", d->to);
	lyre_out_object_end(o);
}

/* A key in the keys folder is shown by its name there, any other by its path. */
static const char *key_name_of(const struct configured *c)
{
	size_t len = strlen(certs.folder);
	bool inside = !strncmp(c->key, certs.folder, len) && c->key[len] == '/' && !strchr(c->key + len + 1, '/');
	return inside ? c->key + len + 1 : c->key;
}

static int put_configured(lyre_call *call, const struct configured *c)
{
	lyre_out *o = lyre_reply(call);
	struct certificate_details d;
	struct certificate parsed;
	char why[CERTIFICATE_WHY_MAX];
	if (!c->chain)
		return 0; /* the log says why it could not be read */
	if (!certificate_parse(&parsed, c->chain, strlen(c->chain), why))
		return certs_fail(call, LYRE_EINTERNAL, "a certificate of the configuration cannot be read: ", why);
	if (!certificate_describe(&parsed, &d)) {
		certificate_free(&parsed);
		return lyre_fail_no_memory(call);
	}
	lyre_out_object_begin(o);
	lyre_out_text(o, "name", c->name);
	lyre_out_text(o, "certificate", c->chain);
	lyre_out_text(o, "private_key_name", key_name_of(c));
	lyre_out_key(o, "is_authority");
	lyre_out_bool(o, 0);
	put_details(o, &d);
	lyre_out_key(o, "is_self_signed");
	lyre_out_bool(o, certificate_is_self_signed(&parsed));
	put_uses(o, NULL, serving_uses(c->name, true));
	lyre_out_text(o, "setting", c->setting);
	lyre_out_object_end(o);
	certificate_details_free(&d);
	certificate_free(&parsed);
	return 0;
}

static int list(lyre_call *call)
{
	const struct configuration *configuration = serving_configuration();
	struct record_list records;
	lyre_out *o = lyre_reply(call);
	int rc = records_read(call, &records);
	if (rc)
		return rc;
	lyre_out_array_begin(o);
	for (size_t i = 0; i < records.count; i++)
		put_record(o, &records.items[i]);
	for (size_t i = 0; i < configuration->count && !rc; i++)
		rc = put_configured(call, &configuration->items[i]);
	lyre_out_array_end(o);
	return rc;
}

int certs_list(lyre_call *call)
{
	lyre_server_rights_begin(call);
	pthread_mutex_lock(&certs.lock);
	int rc = list(call);
	pthread_mutex_unlock(&certs.lock);
	return rc;
}
