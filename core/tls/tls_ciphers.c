/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls_ciphers.c
 * \brief Which ciphers are offered: TLS 1.2 and 1.3, with forward secrecy, whatever the setting says.
 */
#include "base/buf.h"
#include "tls/tls_internal.h"

#include <stdio.h>
#include <string.h>

/* The end of every priority: nothing older than TLS 1.2, and the server's order of preference. */
#define ENDING \
	":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:%SERVER_PRECEDENCE"
#define NOTHING "NORMAL:-VERS-ALL:-KX-ALL:-CIPHER-ALL:-MAC-ALL:+AEAD"
#define DEFAULT NOTHING ":+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
#define WORD_MAX 64

/* A cipher suite by its OpenSSL name, with its parts by GnuTLS's names. */
static const struct suite {
	const char *name, *version, *exchange, *cipher;
} suites[] = {
	{ "TLS_AES_128_GCM_SHA256", "TLS1.3", NULL, "AES-128-GCM" },
	{ "TLS_AES_256_GCM_SHA384", "TLS1.3", NULL, "AES-256-GCM" },
	{ "TLS_CHACHA20_POLY1305_SHA256", "TLS1.3", NULL, "CHACHA20-POLY1305" },
	{ "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS1.2", "ECDHE-ECDSA", "AES-128-GCM" },
	{ "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS1.2", "ECDHE-ECDSA", "AES-256-GCM" },
	{ "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS1.2", "ECDHE-ECDSA", "CHACHA20-POLY1305" },
	{ "ECDHE-RSA-AES128-GCM-SHA256", "TLS1.2", "ECDHE-RSA", "AES-128-GCM" },
	{ "ECDHE-RSA-AES256-GCM-SHA384", "TLS1.2", "ECDHE-RSA", "AES-256-GCM" },
	{ "ECDHE-RSA-CHACHA20-POLY1305", "TLS1.2", "ECDHE-RSA", "CHACHA20-POLY1305" },
	{ "DHE-RSA-AES128-GCM-SHA256", "TLS1.2", "DHE-RSA", "AES-128-GCM" },
	{ "DHE-RSA-AES256-GCM-SHA384", "TLS1.2", "DHE-RSA", "AES-256-GCM" },
	{ "DHE-RSA-CHACHA20-POLY1305", "TLS1.2", "DHE-RSA", "CHACHA20-POLY1305" },
};

static const struct suite *suite_find(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		if (strlen(suites[i].name) == len && memcmp(suites[i].name, word, len) == 0)
			return &suites[i];
	return NULL;
}

/* ---- OpenSSL's names ---- */

static void add_part(struct buf *b, const char *prefix, const char *part)
{
	char word[WORD_MAX];

	snprintf(word, sizeof word, ":+%s%s", prefix, part);
	if (part && buf_cstr(b) && !strstr(b->data, word))
		buf_add_str(b, word);
}

/* The suites of the list, each part once: their order is the order of preference. */
static int from_names(struct buf *b, const char *names, struct err *e)
{
	buf_add_str(b, NOTHING);
	while (*names) {
		size_t len = strcspn(names, ":, ");
		const struct suite *s = suite_find(names, len);
		if (!s && len)
			return err_set(
				e, LYRE_EINVAL, "'%.*s' is not a known and safe cipher suite", (int)(len < 200 ? len : 200), names);
		if (s) {
			add_part(b, "VERS-", s->version);
			add_part(b, "", s->exchange ? s->exchange : "ECDHE-ECDSA");
			add_part(b, "", s->exchange ? s->exchange : "ECDHE-RSA");
			add_part(b, "", s->cipher);
		}
		names += len + (names[len] != '\0');
	}
	return 0;
}

/* ---- priorities ---- */

static bool cipher_is_weak(unsigned cipher)
{
	return cipher == GNUTLS_CIPHER_NULL || cipher == GNUTLS_CIPHER_ARCFOUR_128 || cipher == GNUTLS_CIPHER_3DES_CBC;
}

static bool exchange_is_weak(unsigned exchange)
{
	return exchange == GNUTLS_KX_ANON_DH || exchange == GNUTLS_KX_ANON_ECDH;
}

/* \return what is wrong with it; NULL: nothing */
static const char *fault_of(gnutls_priority_t p)
{
	const unsigned *list;

	int count = gnutls_priority_cipher_list(p, &list);
	for (int i = 0; i < count; i++)
		if (cipher_is_weak(list[i]))
			return "it has a broken cipher";
	count = gnutls_priority_kx_list(p, &list);
	for (int i = 0; i < count; i++)
		if (exchange_is_weak(list[i]))
			return "it has an anonymous key exchange";
	return NULL;
}

static int make(gnutls_priority_t *ret, const char *priority, const char *shown, struct err *e)
{
	const char *at = priority, *why = NULL;

	int rc = gnutls_priority_init(ret, priority, &at);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return err_nomem(e);
	if (rc == GNUTLS_E_NO_PRIORITIES_WERE_SET)
		why = "it leaves neither TLS 1.2 nor TLS 1.3, or no cipher";
	if (!rc)
		why = fault_of(*ret);
	if (!rc && !why)
		return 0;
	if (rc)
		*ret = NULL;
	size_t offset = at ? (size_t)(at - priority) : 0, len = strlen(shown);
	return err_set(e, LYRE_EINVAL, "ciphers '%.300s': %s%.200s", shown,
		why ? why : "neither cipher suite names nor a GnuTLS priority string, starting at: ",
		why ? "" : shown + (offset < len ? offset : 0));
}

int tls_ciphers_read(gnutls_priority_t *ret, const char *ciphers, struct err *e)
{
	struct buf b;
	int rc = 0;

	buf_init(&b);
	if (!ciphers)
		buf_add_str(&b, DEFAULT);
	else if (suite_find(ciphers, strcspn(ciphers, ":, ")))
		rc = from_names(&b, ciphers, e);
	else
		buf_add_str(&b, ciphers);
	buf_add_str(&b, ENDING);
	if (!rc)
		rc = buf_cstr(&b) ? make(ret, b.data, ciphers ? ciphers : DEFAULT, e) : err_nomem(e);
	buf_free(&b);
	return rc;
}
