/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls_client.h"

#include "base/text.h"
#include "tls/tls_internal.h"

#include <stdlib.h>
#include <string.h>

/* Host names and user names longer than this are ignored. */
#define SNI_MAX 256
#define NAME_MAX_BYTES 512
/* All certificates of a client together, in bytes. */
#define HANDSHAKE_MAX ((size_t)32 << 10)
/* How long a certificate counts as verified, s: authorities expire, too, and clocks are set. */
#define VERIFIED_S 60
#define SPARE ((size_t)256 << 10)

/*
 * GMP and libtasn1, on which GnuTLS stands, end the process when memory runs out: before they are at work, what a client can
 * make them need has to be there.
 */
static bool has_memory(void)
{
	void *volatile spare = malloc(SPARE); /* volatile: else a compiler may leave both calls out */
	bool is_there = spare != NULL;

	free(spare);
	return is_there;
}

static int64_t now_s(void)
{
	return (int64_t)(now_ms() / 1e3);
}

static struct tls_client *client_of(gnutls_session_t session)
{
	return gnutls_transport_get_ptr(session);
}

/* ---- the server's certificate ---- */

int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates, unsigned *count,
	gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
	const struct tls_client *c = client_of(session);
	char name[SNI_MAX];
	size_t len = sizeof name - 1;
	unsigned type;

	(void)info;
	bool named = gnutls_server_name_get(session, name, &len, &type, 0) == 0 && type == GNUTLS_NAME_DNS && len < sizeof name;
	name[named ? len : 0] = '\0';
	if (named && len && name[len - 1] == '.')
		name[len - 1] = '\0';
	const struct tls_certificate *chosen = tls_choose(c->set, session, *name ? name : NULL, now_s());
	/* They belong to the set, which is held until the handshake is over. */
	*certificates = chosen->chain;
	*count = chosen->chain_count;
	*key = chosen->key;
	*ocsp = NULL;
	*ocsp_count = 0;
	*flags = 0;
	return 0;
}

int tls_retrieve_nothing(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates,
	unsigned *count, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
	(void)session;
	(void)info;
	(void)certificates;
	(void)count;
	(void)ocsp;
	(void)ocsp_count;
	(void)key;
	(void)flags;
	return -1;
}

/* ---- the client's ---- */

/* Why a certificate is refused. */
struct fault {
	gnutls_alert_description_t alert;
	const char *why;
};
static const struct fault absent = { GNUTLS_A_CERTIFICATE_REQUIRED, "none was sent" };
static const struct fault unchecked = { GNUTLS_A_BAD_CERTIFICATE, "it cannot be verified" };
static const struct fault no_memory = { GNUTLS_A_INTERNAL_ERROR, "out of memory" };

static const struct fault *fault_of(unsigned status)
{
	static const struct {
		unsigned any;
		struct fault fault;
	} faults[] = {
		{ GNUTLS_CERT_REVOKED, { GNUTLS_A_CERTIFICATE_REVOKED, "it is revoked" } },
		{ GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED,
			{ GNUTLS_A_CERTIFICATE_EXPIRED, "it has expired, or is not valid yet" } },
		{ GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA,
			{ GNUTLS_A_UNKNOWN_CA, "it is not signed by a known authority" } },
		{ GNUTLS_CERT_PURPOSE_MISMATCH, { GNUTLS_A_UNSUPPORTED_CERTIFICATE, "it is not a client certificate" } },
		{ ~0U, { GNUTLS_A_BAD_CERTIFICATE, "it is not valid" } },
	};

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		if (status & faults[i].any)
			return &faults[i].fault;
	return NULL;
}

/* The common name; NULL with 0 where there is none, more than one, or one that cannot be a user's. \return 0 or LYRE_ENOMEM */
static int read_name(gnutls_x509_crt_t certificate, char **ret)
{
	char name[NAME_MAX_BYTES], second[1];
	size_t len = sizeof name, second_len = sizeof second;

	*ret = NULL;
	int rc = gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len);
	int next = gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 1, 0, second, &second_len);
	if (rc == GNUTLS_E_MEMORY_ERROR || next == GNUTLS_E_MEMORY_ERROR)
		return LYRE_ENOMEM;
	if (rc || next != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || !len || len >= sizeof name || memchr(name, '\0', len))
		return 0;
	*ret = strndup(name, len);
	return *ret ? 0 : LYRE_ENOMEM;
}

/* Whom a certificate that was verified signs in, and how long. \return 0 or LYRE_ENOMEM */
static int sign_in(struct tls_client *c, const gnutls_datum_t *der)
{
	const char *user = c->set->user;
	gnutls_x509_crt_t certificate;

	if (gnutls_x509_crt_init(&certificate))
		return LYRE_ENOMEM;
	int rc = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) ? LYRE_ENOMEM : 0;
	if (!rc) {
		int64_t end = tls_seconds_of(gnutls_x509_crt_get_expiration_time(certificate));
		c->verified_until = end < c->verified_until ? end : c->verified_until;
	}
	if (!rc && !user)
		rc = read_name(certificate, &c->user);
	else if (!rc && *user)
		rc = (c->user = strdup(user)) ? 0 : LYRE_ENOMEM;
	gnutls_x509_crt_deinit(certificate);
	return rc;
}

/* Judges the client by the current set, c->set. \return NULL: it may stay; or what is wrong with its certificate */
static const struct fault *judge(struct tls_client *c, gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned count = 0, status = 0;

	free(c->user);
	c->user = NULL;
	c->verified_until = INT64_MAX;
	const gnutls_datum_t *its = gnutls_certificate_get_peers(session, &count);
	if (!its || !count)
		return c->set->client == LYRE_TLS_CLIENT_REQUIRED ? &absent : NULL;
	if (c->set->client == LYRE_TLS_CLIENT_NONE)
		return NULL;
	c->verified_until = now_s() + VERIFIED_S;
	int rc = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
	if (rc)
		return rc == GNUTLS_E_MEMORY_ERROR ? &no_memory : &unchecked;
	return status ? fault_of(status) : sign_in(c, its) ? &no_memory : NULL;
}

/* gnutls_certificate_verify_function: called even if the client has sent none. */
static int verify(gnutls_session_t session)
{
	struct tls_client *c = client_of(session);
	const struct fault *fault = judge(c, session);

	if (!fault)
		return 0;
	/* TLS 1.2 has no such alert */
	bool old = fault == &absent && gnutls_protocol_get_version(session) == GNUTLS_TLS1_2;
	c->refused = fault->why;
	c->alerted = true;
	gnutls_alert_send(session, GNUTLS_AL_FATAL, old ? GNUTLS_A_HANDSHAKE_FAILURE : fault->alert);
	return -1;
}

/* ---- a handshake ---- */

int tls_client_begin(struct tls_client *c, struct tls *t, gnutls_session_t session)
{
	if (!has_memory())
		return LYRE_ENOMEM;
	c->set = tls_take(t);
	if (!c->set)
		return LYRE_EBUSY;
	c->generation = c->set->generation;
	c->verified_until = INT64_MAX;
	gnutls_handshake_set_max_packet_length(session, HANDSHAKE_MAX);
	if (gnutls_priority_set(session, c->set->priority) ||
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->set->credentials))
		return LYRE_ENOMEM;
	if (c->set->client == LYRE_TLS_CLIENT_NONE)
		/* Where clients send certificates no session is resumed: each handshake verifies them. */
		return gnutls_session_ticket_enable_server(session, &c->set->ticket_key) ? LYRE_ENOMEM : 0;
	gnutls_session_set_verify_function(session, verify);
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	return 0;
}

void tls_client_settle(struct tls_client *c, gnutls_session_t session)
{
	if (!c->set)
		return;
	gnutls_credentials_clear(session);
	tls_give_back(c->set);
	c->set = NULL;
}

int tls_client_check(struct tls_client *c, struct tls *t, gnutls_session_t session, const char **why)
{
	if (c->generation == tls_generation(t) && now_s() <= c->verified_until)
		return 0;
	const struct fault *fault = &no_memory;
	c->set = tls_take(t);
	if (has_memory() && !gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->set->credentials))
		fault = judge(c, session);
	if (!fault)
		c->generation = c->set->generation;
	tls_client_settle(c, session);
	if (!fault || fault == &no_memory)
		return fault ? LYRE_ENOMEM : 0;
	*why = fault->why;
	return LYRE_EUNAUTHENTICATED;
}

void tls_client_end(struct tls_client *c)
{
	tls_give_back(c->set);
	c->set = NULL;
	free(c->user);
	c->user = NULL;
}
