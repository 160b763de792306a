/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/own_certificates.c
 * \brief The certificates that this server makes: at its first start, and when they are renewed.
 */
#include "own_authority.h"
#include "serving.h"
#include "certificate_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As clients know it. */
#define OWN_KEY "privateKey.pem"

/* ---- the key ---- */

static int make_key(lyre_call *call, struct private_key *ret)
{
	char why[CERTIFICATE_WHY_MAX];
	char *pem = NULL;
	bool made = own_key_make(ret, why);
	if (made) {
		pem = private_key_text(ret);
		made = pem && key_file_prepare(certs.folder, OWN_KEY, pem, why) && key_file_publish(certs.folder, OWN_KEY, why);
		if (!pem)
			snprintf(why, sizeof why, NO_MEMORY);
	}
	secret_free(pem);
	if (made)
		return 0;
	private_key_free(ret);
	return certs_fail(call, LYRE_EIO, "", why);
}

/* That of the folder, or a new one. \param[out] made  it is new */
static int take_key(lyre_call *call, struct private_key *ret, bool *made)
{
	char why[CERTIFICATE_WHY_MAX];
	*made = !key_file_exists(certs.folder, OWN_KEY);
	if (*made)
		return make_key(call, ret);
	if (key_file_read(certs.folder, OWN_KEY, false, NULL, ret, why))
		return 0;
	if (lacked_memory(why))
		return lyre_fail_no_memory(call);
	return lyre_fail(call, LYRE_EINVAL, "%s: restore it, or remove it to have a new one made", why);
}

/* ---- the records ---- */

static int write_one(lyre_call *call, const struct record_list *records, const char *name, const char *pem, bool authority)
{
	const struct record r = { .name = name, .pem = pem, .key_name = OWN_KEY, .authority = authority, .own = true };
	char why[CERTIFICATE_WHY_MAX];
	struct certificate c;
	if (!certificate_parse(&c, pem, strlen(pem), why))
		return certs_fail(call, LYRE_EINTERNAL, "the certificate that was made is invalid: ", why);
	int rc = records_write(call, &r, &c, records_find(records, name));
	certificate_free(&c);
	return rc;
}

static int write_pair(lyre_call *call, const struct record_list *records, const struct private_key *key)
{
	char why[CERTIFICATE_WHY_MAX];
	struct own_pair pair;
	if (!own_pair_make(key, certs.authority, certs.node, certs_now(), &pair, why))
		return certs_fail(call, LYRE_EINTERNAL, "", why);
	int rc = write_one(call, records, certs.authority, pair.authority, true);
	if (!rc)
		rc = write_one(call, records, certs.node, pair.server, false);
	own_pair_free(&pair);
	return rc;
}

static int make_pair(lyre_call *call, const struct record_list *records, bool *new_key)
{
	struct private_key key = { 0 };
	int rc = take_key(call, &key, new_key);
	if (!rc)
		rc = write_pair(call, records, &key);
	private_key_free(&key);
	return rc;
}

int own_certificates_first(lyre_call *call)
{
	struct record_list records;
	bool new_key;
	int rc = records_ensure(call);
	if (!rc)
		rc = records_read(call, &records);
	if (rc || records.count)
		return rc;
	rc = make_pair(call, &records, &new_key);
	if (!rc)
		lyre_log(certs.self, LYRE_NOTIFY, "made the certificate '%s', signed by '%s'", certs.node, certs.authority);
	return rc;
}

/* ---- renewing ---- */

static int check_own(lyre_call *call, const struct record_list *records, const char *name)
{
	const struct record *r = records_find(records, name);
	if (!r || r->own)
		return 0;
	return lyre_fail(call, LYRE_ECONFLICT, "'%s' was not made by this server: remove it first", name);
}

static int renew(lyre_call *call, bool *new_key)
{
	struct record_list records;
	int rc = records_read(call, &records);
	if (!rc)
		rc = check_own(call, &records, certs.authority);
	if (!rc)
		rc = check_own(call, &records, certs.node);
	if (!rc)
		rc = make_pair(call, &records, new_key);
	if (!rc)
		rc = records_read(call, &records);
	return rc ? rc : serving_hand_over(call, &records, NULL);
}

int certs_renew(lyre_call *call)
{
	bool new_key = false;
	lyre_server_rights_begin(call);
	pthread_mutex_lock(&certs.lock);
	int rc = renew(call, &new_key);
	pthread_mutex_unlock(&certs.lock);
	watch_wake();
	if (rc)
		return rc;
	lyre_log(certs.self, LYRE_NOTIFY, "'%s' and '%s' were renewed by '%s'", certs.authority, certs.node, lyre_call_user(call));
	lyre_out *o = lyre_reply(call);
	char message[700];
	snprintf(message, sizeof message, "Successfully renewed %s and %s", certs.authority, certs.node);
	lyre_out_object_begin(o);
	lyre_out_text(o, "message", message);
	if (new_key)
		lyre_out_text(o, "warning",
			"The private key was missing, and a new one was made: clients must be given the new authority.");
	lyre_out_object_end(o);
	return 0;
}
