/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certificate.c
 * \brief Input of add_certificate and the configuration: untrusted PEM of certificates, keys and lists.
  *
  * The first letter says what the rest is: d, the DER of a certificate, put into PEM; k, a private key; h, a host; anything
  * else is PEM of certificates, including that letter.
 */
#include "fuzz.h"

#include "certs/certificate.h"
#include "certs/der_time.h"
#include "certs/revocation.h"

#include <stdbool.h>

static bool is_utf8(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p;) {
		int more = *p < 0x80            ? 0 :
			*p >= 0xc2 && *p < 0xe0 ? 1 :
			*p >= 0xe0 && *p < 0xf0 ? 2 :
			*p >= 0xf0 && *p < 0xf5 ? 3 :
						  -1;
		if (more < 0)
			return false;
		for (p++; more; more--, p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* An accepted certificate can be described, in UTF-8 without control characters, and its hosts are valid. */
static void check_described(const struct certificate *c)
{
	struct certificate_details d;
	char why[CERTIFICATE_WHY_MAX];

	must(c->count >= 1 && c->count <= CERTIFICATE_CHAIN_MAX);
	if (certificate_describe(c, &d)) {
		const char *texts[] = { d.issuer, d.subject, d.alt_names ? d.alt_names : "", d.serial, d.from, d.to };
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
			must(is_utf8(texts[i]));
			for (const char *p = texts[i]; *p; p++)
				must((unsigned char)*p >= ' ');
		}
		must(strlen(d.serial) % 2 == 0 && strspn(d.serial, "0123456789ABCDEF") == strlen(d.serial));
		certificate_details_free(&d);
	}
	char **hosts = certificate_hosts(c);
	must(hosts);
	for (char **h = hosts; *h; h++)
		must(host_is_valid(*h, strlen(*h)));
	certificate_hosts_free(hosts);
	char *name = certificate_name(c);
	must(name && is_utf8(name));
	free(name);
	certificate_is_authority(c);
	certificate_is_self_signed(c);
	certificate_is_usable(c, why);
}

static void check_certificate(const char *pem, size_t size)
{
	struct certificate c;
	char why[CERTIFICATE_WHY_MAX] = "";
	int64_t due;

	if (certificate_parse(&c, pem, size, why)) {
		check_described(&c);
		must(!memmem(pem, size, "PRIVATE KEY-----", 16) || !memmem(pem, size, "-----BEGIN PRIVATE", 18));
		certificate_free(&c);
	} else {
		must(*why && !c.chain);
	}
	authorities_are_valid(pem, size, why);
	revocation_lists_read(pem, size, NULL, &due, why);
}

static void check_der(const uint8_t *der, size_t size)
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)der, (unsigned)size }, pem;
	int64_t from, to;

	if (der_read_validity(der, size, &from, &to))
		must(from < INT64_C(1) << 40 && to < INT64_C(1) << 40);
	if (der_read_next_update(der, size, &to))
		must(to < INT64_C(1) << 40 || to == INT64_MAX);
	if (gnutls_pem_base64_encode2("CERTIFICATE", &in, &pem) < 0)
		return;
	check_certificate((const char *)pem.data, pem.size);
	gnutls_free(pem.data);
}

static void check_key(const char *pem, size_t size)
{
	struct private_key key, again;
	char why[CERTIFICATE_WHY_MAX] = "";

	if (!private_key_parse(&key, pem, size, why)) {
		must(*why && !key.key);
		return;
	}
	/* what is stored can be read again */
	char *text = private_key_text(&key);
	if (text) {
		must(private_key_parse(&again, text, strlen(text), why));
		private_key_free(&again);
	}
	secret_free(text);
	private_key_free(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *rest = fuzz_copy(size ? data + 1 : data, size ? size - 1 : 0, 0);

	switch (size ? *data : 0) {
	case 'd':
		check_der(rest, size - 1);
		break;
	case 'k':
		check_key((const char *)rest, size - 1);
		break;
	case 'h':
		host_is_valid((const char *)rest, size - 1);
		break;
	default:
		free(rest);
		rest = fuzz_copy(data, size, 0);
		check_certificate((const char *)rest, size);
	}
	free(rest);
	return 0;
}
