/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/add_certificate.c
 * \brief Adding a certificate, or replacing the one with its name: everything is checked, and then stored at once.
 */
#include "serving.h"
#include "certificate_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX 100
/* Other names of a key's file, if NAME.pem holds another key. */
#define NAMES_TRIED 100

/** A certificate on its way into the table. */
struct addition {
	lyre_call *call;
	struct record_list records;
	const struct record *before; /**< with the same name; NULL: none */
	struct record record;
	struct certificate certificate;
	struct private_key key; /**< .key NULL: none */
	char key_name[KEY_NAME_MAX + 1];
	bool key_given; /**< and to be written */
};

/* ---- checking ---- */

static int check_name(lyre_call *call, const char *name)
{
	if (strlen(name) > NAME_LENGTH_MAX)
		return lyre_fail(
			call, LYRE_EINVAL, "'name' length must be less than or equal to %d characters long", NAME_LENGTH_MAX);
	if (*name == '.')
		return lyre_fail(call, LYRE_EINVAL, "'name' must not begin with a period");
	return 0;
}

static int check_hosts(lyre_call *call, const lyre_value *hosts)
{
	size_t count = lyre_value_count(hosts);
	if (count > HOSTS_MAX)
		return lyre_fail(call, LYRE_EINVAL, "'hosts' has %zu items: at most %d are allowed", count, HOSTS_MAX);
	for (size_t i = 0; i < count; i++) {
		size_t len = 0;
		const char *host = lyre_value_string(lyre_value_at(hosts, i), &len);
		if (lyre_value_type(lyre_value_at(hosts, i)) != LYRE_STRING)
			return lyre_fail(call, LYRE_EINVAL, "'hosts' must be an array of strings");
		if (!host_is_valid(host, len))
			return lyre_fail(call, LYRE_EINVAL,
				"'%.100s' in 'hosts' is not a valid host name, such as www.example.com or *.example.com", host);
	}
	return 0;
}

static int read_certificate(struct addition *a)
{
	char why[CERTIFICATE_WHY_MAX];
	size_t len;
	const char *pem = lyre_value_string(lyre_arg(a->call, "certificate"), &len);
	if (!certificate_parse(&a->certificate, pem, len, why))
		return certs_fail(a->call, LYRE_EINVAL, "'certificate' cannot be used: ", why);
	if (a->record.authority && !certificate_is_authority(&a->certificate))
		return lyre_fail(a->call, LYRE_EINVAL,
			"'is_authority' is true, but 'certificate' is not an authority's: it may not sign others");
	if (!a->record.authority && !certificate_is_usable(&a->certificate, why))
		return certs_fail(a->call, LYRE_EINVAL, "'certificate' cannot be used: ", why);
	a->record.pem = pem;
	return 0;
}

/* ---- the key ---- */

static int read_given_key(struct addition *a, const lyre_value *given)
{
	char why[CERTIFICATE_WHY_MAX];
	size_t len;
	const char *pem = lyre_value_string(given, &len);
	if (!private_key_parse(&a->key, pem, len, why))
		return certs_fail(a->call, LYRE_EINVAL, "'private_key' cannot be used: ", why);
	if (!private_key_matches(&a->key, &a->certificate))
		return lyre_fail(a->call, LYRE_EINVAL, "'private_key' does not match 'certificate'");
	a->key_given = true;
	return 0;
}

/* Whether nothing but this certificate has its key in the file. */
static bool is_ours(const struct addition *a, const char *file)
{
	if (!key_file_exists(certs.folder, file))
		return true;
	return a->before && a->before->key_name && !strcmp(a->before->key_name, file) &&
		!records_share_key(&a->records, a->record.name, file);
}

static int choose_key_name(struct addition *a)
{
	for (int i = 1; i <= NAMES_TRIED; i++) {
		char number[16] = "";
		if (i > 1)
			snprintf(number, sizeof number, "-%d", i);
		snprintf(a->key_name, sizeof a->key_name, "%.*s%.5s.pem", NAME_LENGTH_MAX, a->record.name, number);
		if (is_ours(a, a->key_name))
			return 0;
	}
	return lyre_fail(a->call, LYRE_EEXISTS, "'%s.pem' in the keys folder already holds a different key: choose another name",
		a->record.name);
}

static int find_key(struct addition *a)
{
	char why[CERTIFICATE_WHY_MAX];
	if (!key_file_find(certs.folder, &a->certificate, a->key_name, why)) {
		if (lacked_memory(why))
			return lyre_fail_no_memory(a->call);
		if (a->record.authority)
			return 0; /* verifying client certificates needs none */
		return lyre_fail(
			a->call, LYRE_EINVAL, "no 'private_key' was given, and no key in the keys folder matches 'certificate'");
	}
	if (!key_file_read(certs.folder, a->key_name, false, &a->certificate, &a->key, why))
		return certs_fail(a->call, LYRE_EIO, "", why);
	a->record.key_name = a->key_name;
	return 0;
}

static int take_key(struct addition *a)
{
	const lyre_value *given = lyre_arg(a->call, "private_key");
	if (!given)
		return find_key(a);
	int rc = read_given_key(a, given);
	if (!rc)
		rc = choose_key_name(a);
	a->record.key_name = a->key_name;
	return rc;
}

/* ---- storing ---- */

static int prepare_key(struct addition *a)
{
	char why[CERTIFICATE_WHY_MAX];
	char *pem = private_key_text(&a->key);
	int rc = pem ? 0 : lyre_fail_no_memory(a->call);
	if (pem && !key_file_prepare(certs.folder, a->key_name, pem, why))
		rc = certs_fail(a->call, LYRE_EIO, "", why);
	secret_free(pem);
	return rc;
}

/* The key is kept next to the old one while the record is written. */
static int store(struct addition *a)
{
	const struct serving_change change = { a->record.name, &a->record, &a->certificate, &a->key };
	char why[CERTIFICATE_WHY_MAX];
	int rc = a->key_given ? prepare_key(a) : 0;
	if (rc)
		return rc;
	rc = serving_hand_over(a->call, &a->records, &change);
	if (!rc) {
		rc = records_write(a->call, &a->record, &a->certificate, a->before);
		if (rc)
			serving_hand_over(a->call, &a->records, NULL);
	}
	if (rc && a->key_given)
		key_file_discard(certs.folder, a->key_name);
	if (!rc && a->key_given && !key_file_publish(certs.folder, a->key_name, why))
		rc = lyre_fail(a->call, LYRE_EIO,
			"the certificate was added, but its key can only be put in place at the next start: %s", why);
	return rc;
}

/* The key of the previous certificate, if nothing else uses it and it was named after the certificate. */
static void remove_old_key(struct addition *a)
{
	char why[CERTIFICATE_WHY_MAX];
	size_t len = strlen(a->record.name);
	const char *old = a->before ? a->before->key_name : NULL;
	bool named = old && !strncmp(old, a->record.name, len) && (old[len] == '.' || old[len] == '-');
	if (!named || (a->record.key_name && !strcmp(a->record.key_name, old)) ||
		records_share_key(&a->records, a->record.name, old))
		return;
	if (!key_file_remove(certs.folder, old, why))
		lyre_log(certs.self, LYRE_WARN, "%s", why);
}

static int add_locked(struct addition *a)
{
	int rc = records_read(a->call, &a->records);
	if (rc)
		return rc;
	a->before = records_find(&a->records, a->record.name);
	if (!a->before && a->records.count >= RECORDS_MAX)
		return lyre_fail(a->call, LYRE_EINVAL, "there are %d certificates already: remove some first", RECORDS_MAX);
	rc = take_key(a);
	if (!rc)
		rc = store(a);
	if (!rc)
		remove_old_key(a);
	watch_wake();
	return rc;
}

/* ---- answering ---- */

static void answer(const struct addition *a)
{
	lyre_out *o = lyre_reply(a->call);
	int64_t now = certs_now();
	char message[NAME_LENGTH_MAX + 60], warning[200] = "", date[CERTIFICATE_DATE_MAX];
	snprintf(message, sizeof message, "Successfully added certificate: %s", a->record.name);
	certificate_date(now > a->certificate.to ? a->certificate.to : a->certificate.from, date);
	if (now > a->certificate.to)
		snprintf(warning, sizeof warning, "The certificate expired on %s.", date);
	else if (now < a->certificate.from)
		snprintf(warning, sizeof warning, "The certificate is not valid until %s.", date);
	lyre_log(certs.self, LYRE_NOTIFY, "certificate '%s' was %s by '%s'", a->record.name, a->before ? "replaced" : "added",
		lyre_call_user(a->call));
	if (*warning)
		lyre_log(certs.self, LYRE_WARN, "certificate '%s': %s", a->record.name, warning);
	lyre_out_object_begin(o);
	lyre_out_text(o, "message", message);
	if (*warning)
		lyre_out_text(o, "warning", warning);
	lyre_out_object_end(o);
}

int certs_add(lyre_call *call)
{
	struct addition a = { .call = call };
	a.record.name = lyre_arg_string(call, "name");
	a.record.authority = lyre_value_bool(lyre_arg(call, "is_authority"));
	a.record.hosts = lyre_value_count(lyre_arg(call, "hosts")) ? lyre_arg(call, "hosts") : NULL;
	int rc = check_name(call, a.record.name);
	if (!rc)
		rc = check_hosts(call, a.record.hosts);
	if (!rc)
		rc = read_certificate(&a);
	lyre_server_rights_begin(call);
	if (!rc) {
		pthread_mutex_lock(&certs.lock);
		rc = add_locked(&a);
		pthread_mutex_unlock(&certs.lock);
	}
	if (!rc)
		answer(&a);
	private_key_free(&a.key);
	certificate_free(&a.certificate);
	return rc;
}
