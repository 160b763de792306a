/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/certs_module.c
 * \brief Certificates and private keys of the TLS listeners: the operations, the first start, the end.
 */
#include "certs_module.h"

#include "serving.h"
#include "certificate_watch.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct certs certs = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct lyre_param add_params[] = {
	{ .name = "name",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_NAME,
		.help = "Name of the certificate; an existing one is replaced." },
	{ .name = "certificate",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY,
		.help = "The certificate in PEM, followed by those of its issuers." },
	{ .name = "is_authority",
		.types = LYRE_T_BOOLEAN,
		.flags = LYRE_P_REQUIRED,
		.help = "Whether it is an authority whose signature on client certificates is accepted." },
	{ .name = "hosts",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Host names for which it is served, such as www.example.com or *.example.com; default: those in the certificate." },
	{ .name = "private_key",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NOT_EMPTY | LYRE_P_NULL_IS_ABSENT,
		.help = "Its private key in PEM, not encrypted; default: the matching one in the keys folder." },
};
static const struct lyre_param remove_params[] = {
	{ .name = "name", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY, .help = "Name of the certificate." },
};

static const struct lyre_operation operations[] = {
	{ .name = "add_certificate",
		.handler = certs_add,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(add_params),
		.help = "Add or replace a certificate; its private key is stored in a file on the server." },
	{ .name = "remove_certificate",
		.handler = certs_remove,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(remove_params),
		.help = "Remove a certificate, and its private key unless another certificate uses it." },
	{ .name = "list_certificates",
		.handler = certs_list,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.help = "List all certificates, without their private keys." },
	{ .name = "renew_certificates",
		.handler = certs_renew,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.help = "Renew the authority and the certificate made at the first start; their private key is kept." },
};

int64_t certs_now(void)
{
	return (int64_t)(lyre_time_now() / 1000);
}

int certs_fail(lyre_call *call, int code, const char *what, const char *why)
{
	return lacked_memory(why) ? lyre_fail_no_memory(call) : lyre_fail(call, code, "%s%s", what, why);
}

/* The configured name, or that of the machine. */
static int find_node(lyre_instance *self)
{
	const char *given = lyre_setting_string(self, "/node.hostname");
	char host[HOST_NAME_MAX + 1] = "";
	if (given && !host_is_valid(given, strlen(given)))
		return lyre_start_fail(self, LYRE_EINVAL, "'node.hostname' is not a valid host name: '%.200s'", given);
	if (!given && gethostname(host, sizeof host - 1))
		host[0] = '\0';
	const char *node = given ? given : host_is_valid(host, strlen(host)) ? host : "localhost";
	snprintf(certs.node, sizeof certs.node, "%s", node);
	snprintf(certs.authority, sizeof certs.authority, "HarperDB-Certificate-Authority-%s", certs.node);
	return 0;
}

static int find_folder(lyre_instance *self)
{
	int len = snprintf(certs.folder, sizeof certs.folder, "%s/keys", lyre_setting_string(self, "/rootPath"));
	return len < (int)sizeof certs.folder ? 0 :
						lyre_start_fail(self, LYRE_EINVAL, "'rootPath' is too long for the keys folder");
}

/* Completes what a crash has left of changes of key files. */
static void recover_keys(const struct record_list *records)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct record *r = &records->items[i];
		char fresh[KEY_NAME_MAX + 8], why[CERTIFICATE_WHY_MAX];
		struct certificate c;
		snprintf(fresh, sizeof fresh, "%s.new", r->key_name ? r->key_name : "");
		if (!r->key_name || !key_file_exists(certs.folder, fresh) || !certificate_parse(&c, r->pem, strlen(r->pem), why))
			continue;
		key_file_recover(certs.folder, r->key_name, &c);
		certificate_free(&c);
	}
}

static int first_hand_over(lyre_call *call, void *arg)
{
	struct record_list records;
	(void)arg;
	int rc = own_certificates_first(call);
	if (!rc)
		rc = records_read(call, &records);
	if (rc)
		return rc;
	recover_keys(&records);
	rc = serving_hand_over(call, &records, NULL);
	if (!rc || lyre_tls_wanted(certs.self))
		return rc;
	lyre_log(certs.self, LYRE_WARN,
		"a TLS listener could not be started with these certificates and settings, but there is none");
	return 0;
}

static int start(lyre_instance *self)
{
	static const struct lyre_metric_source remaining = {
		.size = sizeof remaining,
		.type = LYRE_GAUGE,
		.name = "certificate_remaining_seconds",
		.help = "Time until a certificate in use expires; negative once it has.",
		.label = "certificate",
		.report = expiry_report,
	};
	static const struct lyre_metric_source due = {
		.size = sizeof due,
		.type = LYRE_GAUGE,
		.name = "revocation_list_remaining_seconds",
		.help = "Time until a certificate revocation list is due to be replaced; negative once it is overdue.",
		.label = "file",
		.report = overdue_report,
	};
	certs.self = self;
	int rc = find_node(self);
	if (!rc)
		rc = find_folder(self);
	if (!rc)
		rc = serving_open(self);
	if (!rc)
		rc = lyre_run(self, first_hand_over, NULL);
	if (!rc)
		rc = lyre_metric_add(self, &remaining);
	if (!rc)
		rc = lyre_metric_add(self, &due);
	return rc ? rc : watch_start(self);
}

static void stop(lyre_instance *self)
{
	(void)self;
	watch_stop();
	serving_close();
}

static int check(lyre_instance *self)
{
	struct configuration c;
	char why[CERTIFICATE_WHY_MAX];
	int rc = find_node(self);
	bool right = configuration_open(self, &c, why);
	if (right && lyre_tls_wanted(self)) {
		right = configuration_check(&c, why);
		if (right && !rc)
			rc = configuration_try(self, &c);
	}
	configuration_close(&c);
	return rc || right ? rc : lyre_start_fail(self, LYRE_EINVAL, "%s", why);
}

LYRE_MODULE(certs, "1.0.0", "Certificates and private keys of TLS listeners", .operations = LYRE_LIST(operations), .start = start,
	.stop = stop, .check = check);
