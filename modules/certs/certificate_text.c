/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/certificate_text.c
 * \brief What a certificate says, in the words that clients of the operations API know.
 */
#include "certificate.h"

#include "utf8_text.h"

#include <arpa/inet.h>
#include <gnutls/x509-ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Kinds of text in ASN.1 that are not UTF-8 already. */
#define TAG_LATIN1 20
#define TAG_UTF16 30
#define NAME_MAX_BYTES 8192

/* Short names as OpenSSL has them; GnuTLS's differ. */
static const struct {
	const char *oid, *name;
} attributes[] = { { "2.5.4.3", "CN" }, { "2.5.4.4", "SN" }, { "2.5.4.5", "serialNumber" }, { "2.5.4.6", "C" }, { "2.5.4.7", "L" },
	{ "2.5.4.8", "ST" }, { "2.5.4.9", "street" }, { "2.5.4.10", "O" }, { "2.5.4.11", "OU" }, { "2.5.4.12", "title" },
	{ "2.5.4.13", "description" }, { "2.5.4.15", "businessCategory" }, { "2.5.4.17", "postalCode" }, { "2.5.4.42", "GN" },
	{ "2.5.4.43", "initials" }, { "2.5.4.46", "dnQualifier" }, { "2.5.4.65", "pseudonym" },
	{ "2.5.4.97", "organizationIdentifier" }, { "1.2.840.113549.1.9.1", "emailAddress" },
	{ "0.9.2342.19200300.100.1.1", "UID" }, { "0.9.2342.19200300.100.1.25", "DC" },
	{ "1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL" }, { "1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST" },
	{ "1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC" } };

static const char *short_name(const char *oid)
{
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (!strcmp(oid, attributes[i].oid))
			return attributes[i].name;
	return oid;
}

/* ---- distinguished names ---- */

#define OID_MAX 128
/* What an attribute is, in numbers; GnuTLS counts the NUL in its size. */
static const char *oid_of(const gnutls_x509_ava_st *ava, char out[OID_MAX])
{
	snprintf(out, OID_MAX, "%.*s", (int)ava->oid.size, ava->oid.data);
	return out;
}

/* A character of a value; what would be taken for more than that is escaped. */
static void add_character(struct text *t, uint32_t c, bool edge)
{
	if (c < ' ' || c == 0x7f)
		text_addf(t, "\\%02X", (unsigned)c);
	else if (strchr(",+\"\\<>;", (int)(c < 0x80 ? c : 'x')) || (edge && (c == ' ' || c == '#')))
		text_addf(t, "\\%c", (int)c);
	else
		text_add_character(t, c);
}

/* The next character of a value. \return how many bytes it has */
static size_t read_character(unsigned tag, const unsigned char *s, size_t len, uint32_t *ret)
{
	if (tag == TAG_UTF16 && len >= 2) {
		*ret = (uint32_t)(s[0] << 8 | s[1]);
		return 2;
	}
	if (tag == TAG_LATIN1 || tag == TAG_UTF16) {
		*ret = *s;
		return 1;
	}
	return text_read_character((const char *)s, len, ret);
}

static void add_value(struct text *t, unsigned tag, const unsigned char *s, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t c;
		size_t n = read_character(tag, s + at, len - at, &c);
		bool last = at + n >= len;
		add_character(t, c, at == 0 || (last && c == ' '));
		at += n;
	}
}

/* "CN=a O=b", the parts of one "A=x + B=y". */
static bool describe_name(gnutls_x509_dn_t dn, char **ret)
{
	struct text t = { 0 };
	gnutls_x509_ava_st ava;
	for (int rdn = 0; t.len < NAME_MAX_BYTES && gnutls_x509_dn_get_rdn_ava(dn, rdn, 0, &ava) >= 0; rdn++)
		for (int part = 0; t.len < NAME_MAX_BYTES && gnutls_x509_dn_get_rdn_ava(dn, rdn, part, &ava) >= 0; part++) {
			char oid[OID_MAX];
			text_addf(&t, "%s%s=", part ? " + " : rdn ? " " : "", short_name(oid_of(&ava, oid)));
			add_value(&t, (unsigned)ava.value_tag, ava.value.data, ava.value.size);
		}
	*ret = text_take(&t);
	return *ret != NULL;
}

/* ---- alternative names ---- */

/* In quotes, as JSON has it, where it could be taken for two. */
static void add_name(struct text *t, const char *kind, const char *s, size_t len)
{
	bool plain = true;
	for (size_t i = 0; i < len; i++)
		plain &= s[i] > ' ' && s[i] <= '~' && !strchr(",\"'\\", s[i]);
	text_addf(t, "%s:", kind);
	if (plain) {
		text_add(t, s, len);
		return;
	}
	text_add(t, "\"", 1);
	for (size_t at = 0; at < len;) {
		uint32_t c;
		at += text_read_character(s + at, len - at, &c);
		if (c == '"' || c == '\\')
			text_addf(t, "\\%c", (int)c);
		else if (c < ' ' || c == 0x7f)
			text_addf(t, "\\u%04x", (unsigned)c);
		else
			text_add_character(t, c);
	}
	text_add(t, "\"", 1);
}

static void add_address(struct text *t, const unsigned char *a, size_t len)
{
	text_addf(t, "IP Address:");
	if (len == 4) {
		text_addf(t, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	} else if (len == 16) {
		for (int i = 0; i < 8; i++)
			text_addf(t, "%s%X", i ? ":" : "", (unsigned)(a[2 * i] << 8 | a[2 * i + 1]));
	} else {
		text_addf(t, "<invalid>");
	}
}

static void add_directory_name(struct text *t, const gnutls_datum_t *der)
{
	gnutls_x509_dn_t dn;
	char *name = NULL;
	if (gnutls_x509_dn_init(&dn) < 0)
		return;
	if (gnutls_x509_dn_import(dn, der) >= 0 && describe_name(dn, &name))
		add_name(t, "DirName", name, strlen(name));
	free(name);
	gnutls_x509_dn_deinit(dn);
}

static void add_alternative(struct text *t, unsigned kind, const gnutls_datum_t *san)
{
	const char *s = (const char *)san->data;
	switch (kind) {
	case GNUTLS_SAN_DNSNAME:
		add_name(t, "DNS", s, san->size);
		break;
	case GNUTLS_SAN_RFC822NAME:
		add_name(t, "email", s, san->size);
		break;
	case GNUTLS_SAN_URI:
		add_name(t, "URI", s, san->size);
		break;
	case GNUTLS_SAN_REGISTERED_ID:
		add_name(t, "Registered ID", s, san->size);
		break;
	case GNUTLS_SAN_IPADDRESS:
		add_address(t, san->data, san->size);
		break;
	case GNUTLS_SAN_DN:
		add_directory_name(t, san);
		break;
	default:
		text_addf(t, "othername:<unsupported>");
		break;
	}
}

/* The alternative names as they are in the certificate; NULL if there are none. */
static gnutls_subject_alt_names_t alternatives(gnutls_x509_crt_t crt)
{
	gnutls_subject_alt_names_t sans = NULL;
	gnutls_datum_t der;
	unsigned critical;
	char oid[] = GNUTLS_X509EXT_OID_SAN;
	if (gnutls_x509_crt_get_extension_by_oid2(crt, oid, 0, &der, &critical) < 0)
		return NULL;
	if (gnutls_subject_alt_names_init(&sans) >= 0 && gnutls_x509_ext_import_subject_alt_names(&der, sans, 0) < 0) {
		gnutls_subject_alt_names_deinit(sans);
		sans = NULL;
	}
	gnutls_free(der.data);
	return sans;
}

static bool describe_alternatives(gnutls_x509_crt_t crt, char **ret)
{
	gnutls_subject_alt_names_t sans = alternatives(crt);
	struct text t = { 0 };
	gnutls_datum_t san;
	unsigned kind;
	if (!sans)
		return true;
	for (unsigned i = 0; t.len < 8 * NAME_MAX_BYTES && gnutls_subject_alt_names_get(sans, i, &kind, &san, NULL) >= 0; i++) {
		if (i)
			text_add(&t, ", ", 2);
		add_alternative(&t, kind, &san);
	}
	gnutls_subject_alt_names_deinit(sans);
	bool some = t.len > 0 || t.failed;
	*ret = some ? text_take(&t) : NULL;
	return !some || *ret;
}

/* ---- the rest ---- */

static void describe_serial(gnutls_x509_crt_t crt, char out[64])
{
	unsigned char serial[31];
	size_t size = sizeof serial, from = 0;
	out[0] = '\0';
	if (gnutls_x509_crt_get_serial(crt, serial, &size) < 0)
		return;
	while (from + 1 < size && !serial[from])
		from++;
	for (size_t i = from; i < size; i++)
		snprintf(out + 2 * (i - from), 3, "%02X", serial[i]);
}

void certificate_date(int64_t seconds, char out[CERTIFICATE_DATE_MAX])
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t time = (time_t)seconds;
	struct tm t;
	out[0] = '\0';
	if (gmtime_r(&time, &t))
		snprintf(out, CERTIFICATE_DATE_MAX, "%s %2d %02d:%02d:%02d %d GMT", months[t.tm_mon], t.tm_mday, t.tm_hour,
			t.tm_min, t.tm_sec, t.tm_year + 1900);
}

bool certificate_describe(const struct certificate *c, struct certificate_details *ret)
{
	gnutls_x509_crt_t crt = c->chain[0];
	gnutls_x509_dn_t issuer, subject;
	*ret = (struct certificate_details){ 0 };
	certificate_date(c->from, ret->from);
	certificate_date(c->to, ret->to);
	describe_serial(crt, ret->serial);
	bool all = gnutls_x509_crt_get_issuer(crt, &issuer) >= 0 && describe_name(issuer, &ret->issuer) &&
		gnutls_x509_crt_get_subject(crt, &subject) >= 0 && describe_name(subject, &ret->subject) &&
		describe_alternatives(crt, &ret->alt_names);
	if (!all)
		certificate_details_free(ret);
	return all;
}

void certificate_details_free(struct certificate_details *d)
{
	free(d->issuer);
	free(d->subject);
	free(d->alt_names);
	d->issuer = d->subject = d->alt_names = NULL;
}

/* ---- hosts ---- */

/* The CN as UTF-8; "" if there is none. \return for free() */
static char *common_name(gnutls_x509_crt_t crt)
{
	struct text t = { 0 };
	gnutls_x509_dn_t dn;
	gnutls_x509_ava_st ava;
	bool found = false;
	if (gnutls_x509_crt_get_subject(crt, &dn) >= 0)
		for (int rdn = 0; !found && gnutls_x509_dn_get_rdn_ava(dn, rdn, 0, &ava) >= 0; rdn++)
			for (int part = 0; !found && gnutls_x509_dn_get_rdn_ava(dn, rdn, part, &ava) >= 0; part++) {
				char oid[OID_MAX];
				found = !strcmp(oid_of(&ava, oid), "2.5.4.3") && ava.value.size > 0;
				for (size_t at = 0; found && at < ava.value.size;) {
					uint32_t c;
					at += read_character((unsigned)ava.value_tag, ava.value.data + at, ava.value.size - at, &c);
					text_add_character(&t, c);
				}
			}
	return text_take(&t);
}

void certificate_hosts_free(char **hosts)
{
	for (char **h = hosts; hosts && *h; h++)
		free(*h);
	free(hosts);
}

char **certificate_hosts(const struct certificate *c)
{
	enum { HOSTS_MAX = 1000 };
	char **hosts = calloc(HOSTS_MAX + 1, sizeof *hosts);
	gnutls_subject_alt_names_t sans = alternatives(c->chain[0]);
	gnutls_datum_t san;
	unsigned kind, count = 0;
	bool failed = !hosts, named = false;
	for (unsigned i = 0; sans && !failed && count < HOSTS_MAX && gnutls_subject_alt_names_get(sans, i, &kind, &san, NULL) >= 0;
		i++) {
		named |= kind == GNUTLS_SAN_DNSNAME;
		if (kind != GNUTLS_SAN_DNSNAME || !host_is_valid((const char *)san.data, san.size))
			continue;
		hosts[count] = strndup((const char *)san.data, san.size);
		failed = !hosts[count++];
	}
	if (sans)
		gnutls_subject_alt_names_deinit(sans);
	char *name = failed || named ? NULL : common_name(c->chain[0]);
	failed |= !named && !name;
	if (!failed && name && host_is_valid(name, strlen(name))) {
		hosts[count] = name;
		name = NULL;
	}
	free(name);
	if (!failed)
		return hosts;
	certificate_hosts_free(hosts);
	return NULL;
}

char *certificate_name(const struct certificate *c)
{
	char *name = common_name(c->chain[0]);
	if (!name || *name)
		return name;
	char **hosts = certificate_hosts(c);
	free(name);
	name = hosts ? strdup(hosts[0] ? hosts[0] : "") : NULL;
	certificate_hosts_free(hosts);
	return name;
}
