/* SPDX-License-Identifier: Apache-2.0 */
#include "revocation.h"

#include "der_time.h"

#include <stdio.h>
#include <string.h>

/* What a file has, and what it must be signed by. */
struct lists {
	gnutls_x509_crl_t *crls;
	gnutls_x509_crt_t *authorities;
	unsigned count, authority_count;
};

static void lists_free(struct lists *l)
{
	for (unsigned i = 0; i < l->count; i++)
		gnutls_x509_crl_deinit(l->crls[i]);
	for (unsigned i = 0; i < l->authority_count; i++)
		gnutls_x509_crt_deinit(l->authorities[i]);
	gnutls_free(l->crls);
	gnutls_free(l->authorities);
}

static gnutls_datum_t datum(const char *text, size_t len)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text, (unsigned)len };
}

/* \return a negative error of GnuTLS if not */
static int import(struct lists *l, const char *pem, size_t len, const char *authorities)
{
	gnutls_datum_t text = datum(pem, len), signers = datum(authorities, authorities ? strlen(authorities) : 0);
	int rc = gnutls_x509_crl_list_import2(&l->crls, &l->count, &text, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0 || !authorities)
		return rc;
	return gnutls_x509_crt_list_import2(&l->authorities, &l->authority_count, &signers, GNUTLS_X509_FMT_PEM, 0);
}

/* One that is overdue is signed nevertheless. \return 0, or an error of GnuTLS; \p is_signed is not set then */
static int verify(const struct lists *l, gnutls_x509_crl_t crl, bool *is_signed)
{
	const unsigned harmless =
		GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED | GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;
	unsigned status = GNUTLS_CERT_SIGNER_NOT_FOUND;
	int rc = l->authority_count ? gnutls_x509_crl_verify(crl, l->authorities, l->authority_count, 0, &status) : 0;
	*is_signed = !(status & ~harmless);
	return rc < 0 ? rc : 0;
}

static bool check(const struct lists *l, int64_t *due, char *why)
{
	*due = INT64_MAX;
	for (unsigned i = 0; i < l->count; i++) {
		bool is_signed;
		int64_t next;
		int rc = verify(l, l->crls[i], &is_signed);
		if (!rc)
			rc = der_next_update(l->crls[i], &next);
		if (rc)
			return certificate_fail(why, "a certificate revocation list (CRL) in it cannot be verified", rc);
		if (!is_signed) {
			snprintf(why, CERTIFICATE_WHY_MAX, "it is not signed by an authority of certificateAuthority");
			return false;
		}
		*due = next < *due ? next : *due;
	}
	return true;
}

bool revocation_lists_read(const char *pem, size_t len, const char *authorities, int64_t *due, char why[CERTIFICATE_WHY_MAX])
{
	struct lists l = { .crls = NULL };
	int rc = import(&l, pem, len, authorities);
	bool right = rc < 0 ? certificate_fail(why, "it has no valid certificate revocation list (CRL)", rc) : check(&l, due, why);
	lists_free(&l);
	return right;
}
