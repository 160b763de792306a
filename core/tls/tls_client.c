/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls_client.h"

#include "base/text.h"
#include "tls/tls_internal.h"

#include <stdlib.h>
#include <string.h>

/* A name of the DNS, and of a user: no longer ones are looked at. */
#define SNI_MAX 256
#define NAME_MAX_BYTES 512
/* The certificates of a client together, in bytes. */
#define HANDSHAKE_MAX ((size_t)32 << 10)

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
	const struct tls_certificate *chosen = tls_choose(c->set, session, *name ? name : NULL, (int64_t)(now_ms() / 1e3));
	/* They are the set's, and it is there until the handshake is over. */
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

static int refuse(struct tls_client *c, gnutls_session_t session, gnutls_alert_description_t alert, const char *why)
{
	c->refused = why;
	c->alerted = true;
	gnutls_alert_send(session, GNUTLS_AL_FATAL, alert);
	return -1;
}

static int refuse_status(struct tls_client *c, gnutls_session_t session, unsigned status)
{
	if (status & GNUTLS_CERT_REVOKED)
		return refuse(c, session, GNUTLS_A_CERTIFICATE_REVOKED, "it is revoked");
	if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		return refuse(c, session, GNUTLS_A_CERTIFICATE_EXPIRED, "it has expired, or is not valid yet");
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		return refuse(c, session, GNUTLS_A_UNKNOWN_CA, "no authority that is known has signed it");
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return refuse(c, session, GNUTLS_A_UNSUPPORTED_CERTIFICATE, "it is not for clients");
	return refuse(c, session, GNUTLS_A_BAD_CERTIFICATE, "it is not valid");
}

static int refuse_absence(struct tls_client *c, gnutls_session_t session)
{
	bool old = gnutls_protocol_get_version(session) == GNUTLS_TLS1_2;

	return refuse(c, session, old ? GNUTLS_A_HANDSHAKE_FAILURE : GNUTLS_A_CERTIFICATE_REQUIRED, "it has sent none");
}

/* The common name; NULL where there is none, more than one, or one that cannot be a user's. */
static char *name_of(const gnutls_datum_t *der)
{
	char name[NAME_MAX_BYTES], second[1];
	size_t len = sizeof name, second_len = sizeof second;
	gnutls_x509_crt_t certificate;
	char *ret = NULL;

	if (gnutls_x509_crt_init(&certificate))
		return NULL;
	if (!gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) &&
		!gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) &&
		gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 1, 0, second, &second_len) ==
			GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE &&
		len && len < sizeof name && !memchr(name, '\0', len))
		ret = strndup(name, len);
	gnutls_x509_crt_deinit(certificate);
	return ret;
}

/* gnutls_certificate_verify_function: comes also when the client has sent none. */
static int verify(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
	struct tls_client *c = client_of(session);
	const struct tls_set *set = c->set;
	unsigned count = 0, status = 0;

	const gnutls_datum_t *its = gnutls_certificate_get_peers(session, &count);
	if (!its || !count)
		return set->client == LYRE_TLS_CLIENT_REQUIRED ? refuse_absence(c, session) : 0;
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status))
		return refuse(c, session, GNUTLS_A_BAD_CERTIFICATE, "it cannot be checked");
	if (status)
		return refuse_status(c, session, status);
	free(c->user);
	c->user = !set->user ? name_of(its) : *set->user ? strdup(set->user) : NULL;
	return 0;
}

/* ---- a handshake ---- */

int tls_client_begin(struct tls_client *c, struct tls *t, gnutls_session_t session)
{
	c->set = tls_take(t);
	if (!c->set)
		return LYRE_EBUSY;
	gnutls_handshake_set_max_packet_length(session, HANDSHAKE_MAX);
	if (gnutls_priority_set(session, c->set->priority) ||
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->set->credentials))
		return LYRE_ENOMEM;
	if (c->set->client == LYRE_TLS_CLIENT_NONE)
		/* Who has sent a certificate is looked at in every handshake: then none is cut short. */
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

void tls_client_end(struct tls_client *c)
{
	tls_give_back(c->set);
	c->set = NULL;
	free(c->user);
	c->user = NULL;
}
