/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions of certificates in the form of the operations API, valid hosts, and certificates made here. */
#include "unit.h"

#include "certs/certificate.h"
#include "certs/der_time.h"
#include "certs/own_authority.h"
#include "certs/utf8_text.h"

#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1795298534) /* Nov 21 22:02:14 2026 GMT */

static char why[CERTIFICATE_WHY_MAX];
static gnutls_x509_crt_t crt;
static struct private_key key;
static struct certificate made;

static void begin(void)
{
	ck_assert_int_ge(gnutls_x509_crt_init(&crt), 0);
	ck_assert_msg(own_key_make(&key, why), "%s", why);
}

static void end(void)
{
	certificate_free(&made);
	private_key_free(&key);
	gnutls_x509_crt_deinit(crt);
}

static void add_name(const char *oid, const char *value, size_t len)
{
	ck_assert_int_ge(gnutls_x509_crt_set_dn_by_oid(crt, oid, 0, value, (unsigned)len), 0);
}

static void add_alternative(gnutls_x509_subject_alt_name_t kind, const void *value, size_t len)
{
	ck_assert_int_ge(gnutls_x509_crt_set_subject_alt_name(crt, kind, value, (unsigned)len, GNUTLS_FSAN_APPEND), 0);
}

/* Signs it with its own key, and reads it like the operations do. */
static void finish(const void *serial, size_t len)
{
	gnutls_datum_t pem;
	ck_assert_int_ge(gnutls_x509_crt_set_version(crt, 3), 0);
	ck_assert_int_ge(gnutls_x509_crt_set_serial(crt, serial, len), 0);
	ck_assert_int_ge(gnutls_x509_crt_set_activation_time(crt, (time_t)NOW), 0);
	ck_assert_int_ge(gnutls_x509_crt_set_expiration_time(crt, (time_t)NOW + 864000), 0);
	ck_assert_int_ge(gnutls_x509_crt_set_key(crt, key.key), 0);
	ck_assert_int_ge(gnutls_x509_crt_sign2(crt, crt, key.key, GNUTLS_DIG_SHA256, 0), 0);
	ck_assert_int_ge(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem), 0);
	ck_assert_msg(certificate_parse(&made, (const char *)pem.data, pem.size, why), "%s", why);
	gnutls_free(pem.data);
}

static struct certificate_details describe(void)
{
	struct certificate_details d;
	ck_assert(certificate_describe(&made, &d));
	return d;
}

START_TEST(names)
{
	add_name("2.5.4.6", "US", 2);
	add_name("2.5.4.10", "Example, Inc.", 13);
	add_name("2.5.4.11", " a+b \"c\\<d>; ", 13);
	add_name("2.5.4.8", "#1\n\x7f", 4);
	add_name("1.2.840.113549.1.9.1", "a@b.example", 11);
	add_name("2.5.4.3", "Z\xc3\xbcrich", 7);
	finish("\x01", 1);
	struct certificate_details d = describe();
	ck_assert_str_eq(d.subject,
		"C=US O=Example\\, Inc. OU=\\ a\\+b \\\"c\\\\\\<d\\>\\;\\  ST=\\#1\\0A\\7F emailAddress=a@b.example CN=Z\xc3\xbcrich");
	ck_assert_str_eq(d.issuer, d.subject);
	ck_assert_ptr_null(d.alt_names);
	char *name = certificate_name(&made);
	ck_assert_str_eq(name, "Z\xc3\xbcrich");
	free(name);
	certificate_details_free(&d);
}
END_TEST

START_TEST(alternatives)
{
	add_name("2.5.4.3", "ignored.example", 15);
	add_alternative(GNUTLS_SAN_IPADDRESS, "\x0a\x01\x02\x03", 4);
	add_alternative(GNUTLS_SAN_DNSNAME, "localhost", 9);
	add_alternative(GNUTLS_SAN_IPADDRESS, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	add_alternative(GNUTLS_SAN_IPADDRESS, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\xab\xcd", 16);
	add_alternative(GNUTLS_SAN_URI, "http://x.example/", 17);
	add_alternative(GNUTLS_SAN_RFC822NAME, "a@b.example", 11);
	add_alternative(GNUTLS_SAN_DNSNAME, "*.b.example", 11);
	add_alternative(GNUTLS_SAN_DNSNAME, "a.example, DNS:\"evil\"", 21);
	finish("\x10\x01", 2);
	struct certificate_details d = describe();
	ck_assert_str_eq(d.alt_names,
		"IP Address:10.1.2.3, DNS:localhost, IP Address:0:0:0:0:0:0:0:1, IP Address:FE80:0:0:0:0:0:0:ABCD, "
		"URI:http://x.example/, email:a@b.example, DNS:*.b.example, DNS:\"a.example, DNS:\\\"evil\\\"\"");
	certificate_details_free(&d);
	char **hosts = certificate_hosts(&made);
	ck_assert_str_eq(hosts[0], "localhost");
	ck_assert_str_eq(hosts[1], "*.b.example");
	ck_assert_ptr_null(hosts[2]);
	certificate_hosts_free(hosts);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	const char *text;
} serials[] = {
	{ "\x01", 1, "01" },
	{ "\x10\x01", 2, "1001" },
	{ "\x00\xff", 2, "FF" },
	{ "\x00\x00\x0a", 3, "0A" },
	{ "\x6d\x3b\x5c\x72", 4, "6D3B5C72" },
};

START_TEST(serial)
{
	finish(serials[_i].bytes, serials[_i].len);
	struct certificate_details d = describe();
	ck_assert_str_eq(d.serial, serials[_i].text);
	certificate_details_free(&d);
}
END_TEST

static const struct {
	int64_t seconds;
	const char *text;
} dates[] = {
	{ NOW, "Nov 21 22:02:14 2026 GMT" },
	{ 0, "Jan  1 00:00:00 1970 GMT" },
	{ 1793567205, "Nov  1 21:06:45 2026 GMT" },
	{ 4102444799, "Dec 31 23:59:59 2099 GMT" },
};

START_TEST(date)
{
	char text[CERTIFICATE_DATE_MAX];
	certificate_date(dates[_i].seconds, text);
	ck_assert_str_eq(text, dates[_i].text);
}
END_TEST

START_TEST(validity)
{
	finish("\x01", 1);
	ck_assert_int_eq(made.from, NOW);
	ck_assert_int_eq(made.to, NOW + 864000);
	struct certificate_details d = describe();
	ck_assert_str_eq(d.from, "Nov 21 22:02:14 2026 GMT");
	ck_assert_str_eq(d.to, "Dec  1 22:02:14 2026 GMT");
	certificate_details_free(&d);
}
END_TEST

/* A certificate with only the fields up to its validity. */
static bool read_times(const char *from, unsigned char from_tag, const char *to, unsigned char to_tag, int64_t *a, int64_t *b)
{
	unsigned char der[128], *p = der + 4;
	static const unsigned char before[] = { 0xa0, 3, 2, 1, 2, 2, 1, 1, 0x30, 0, 0x30, 0 };
	size_t m = strlen(from), n = strlen(to);
	memcpy(p, before, sizeof before);
	p += sizeof before;
	*p++ = 0x30;
	*p++ = (unsigned char)(m + n + 4);
	*p++ = from_tag;
	*p++ = (unsigned char)m;
	memcpy(p, from, m);
	p += m;
	*p++ = to_tag;
	*p++ = (unsigned char)n;
	memcpy(p, to, n);
	p += n;
	der[0] = der[2] = 0x30;
	der[1] = (unsigned char)(p - der - 2);
	der[3] = (unsigned char)(p - der - 4);
	for (size_t len = 0; len < (size_t)(p - der); len++)
		ck_assert(!der_read_validity(der, len, a, b));
	return der_read_validity(der, (size_t)(p - der), a, b);
}

START_TEST(times)
{
	int64_t a, b;
	ck_assert(read_times("491231235959Z", 0x17, "500101000000Z", 0x17, &a, &b));
	ck_assert_int_eq(a, 2524607999);
	ck_assert_int_eq(b, -631152000);
	ck_assert(read_times("20000229000000Z", 0x18, "99991231235959Z", 0x18, &a, &b));
	ck_assert_int_eq(a, 951782400);
	ck_assert_int_eq(b, 253402300799);
	ck_assert(!read_times("20000229000000Z", 0x17, "500101000000Z", 0x17, &a, &b));
	ck_assert(!read_times("500101000000Z", 0x17, "501301000000Z", 0x17, &a, &b));
	ck_assert(!read_times("500101000000Z", 0x17, "5001010000x0Z", 0x17, &a, &b));
	ck_assert(!read_times("500101000000Z", 0x17, "500101000000+", 0x17, &a, &b));
}
END_TEST

/* A CRL with nothing but what comes before its dates, and those. \return its next update; -1 if it cannot be read */
static int64_t read_next_update(const char *version, const char *text)
{
	unsigned char der[128], *p = der + 4;
	size_t versions = version ? 3 : 0, len = strlen(text);
	int64_t ret;
	if (version)
		memcpy(p, version, versions);
	memcpy(p + versions, "\x30\x00\x30\x00", 4);
	memcpy(p + versions + 4, text, len);
	p += versions + 4 + len;
	der[0] = der[2] = 0x30;
	der[1] = (unsigned char)(p - der - 2);
	der[3] = (unsigned char)(p - der - 4);
	for (size_t n = 0; n < (size_t)(p - der); n++)
		ck_assert(!der_read_next_update(der, n, &ret));
	return der_read_next_update(der, (size_t)(p - der), &ret) ? ret : -1;
}

#define UTC(text) "\x17\x0d" text
#define GENERALIZED(text) "\x18\x0f" text
#define OTHER "\x30\x01x"

START_TEST(next_updates)
{
	static const char version[] = "\x02\x01\x01";
	static const struct {
		const char *version, *dates;
		int64_t next;
	} cases[] = {
		{ version, UTC("200101000000Z") UTC("491231235959Z"), 2524607999 },
		{ NULL, UTC("200101000000Z") GENERALIZED("99991231235959Z"), 253402300799 },
		{ version, UTC("200101000000Z"), INT64_MAX },
		{ version, UTC("200101000000Z") OTHER, INT64_MAX },
		{ version, UTC("200101000000Z") UTC("491331235959Z"), -1 },
		{ version, OTHER UTC("491231235959Z"), -1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_int_eq(read_next_update(cases[i].version, cases[i].dates), cases[i].next);
}
END_TEST

START_TEST(hosts)
{
	static const char *const valid[] = { "a", "localhost", "a.example", "*.a.example", "A-1.example", "_x.example", "10.1.2.3",
		"::1", "xn--a.example" };
	static const char *const invalid[] = { "", ".", "a.", ".a", "a..b", "-a", "a-", "*", "*.", "a.*.b", "*a.b", "a b", "a/b",
		"a:1", "1.2.3", "1.2.3.256", "\xc3\xa4.example", "http://a" };
	char label[70];
	for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
		ck_assert_msg(host_is_valid(valid[i], strlen(valid[i])), "%s", valid[i]);
	for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
		ck_assert_msg(!host_is_valid(invalid[i], strlen(invalid[i])), "%s", invalid[i]);
	memset(label, 'a', sizeof label);
	ck_assert(host_is_valid(label, 63) && !host_is_valid(label, 64));
	ck_assert(!host_is_valid("a\0b", 3));
}
END_TEST

START_TEST(own_pair)
{
	struct own_pair pair;
	struct certificate authority, server;
	char long_name[301];
	ck_assert_msg(own_pair_make(&key, "The authority", "node1", NOW, &pair, why), "%s", why);
	ck_assert_ptr_nonnull(strstr(pair.server, "-----BEGIN CERTIFICATE-----\r\n"));
	ck_assert_msg(certificate_parse(&authority, pair.authority, strlen(pair.authority), why), "%s", why);
	ck_assert_msg(certificate_parse(&server, pair.server, strlen(pair.server), why), "%s", why);
	ck_assert(certificate_is_authority(&authority) && certificate_is_self_signed(&authority));
	ck_assert(!certificate_is_authority(&server) && !certificate_is_self_signed(&server));
	ck_assert(gnutls_x509_crt_check_issuer(server.chain[0], authority.chain[0]));
	ck_assert(private_key_matches(&key, &authority) && private_key_matches(&key, &server));
	ck_assert(server.from <= NOW && server.to == NOW + OWN_CERTIFICATE_DAYS * INT64_C(86400));
	certificate_free(&authority);
	certificate_free(&server);
	own_pair_free(&pair);
	memset(long_name, 'a', 300);
	long_name[300] = '\0';
	ck_assert_msg(own_pair_make(&key, long_name, "node1", NOW, &pair, why), "%s", why);
	own_pair_free(&pair);
}
END_TEST

START_TEST(keys)
{
	struct private_key again, other;
	char *text = private_key_text(&key);
	finish("\x01", 1);
	ck_assert_ptr_nonnull(strstr(text, "-----BEGIN PRIVATE KEY-----"));
	ck_assert_msg(private_key_parse(&again, text, strlen(text), why), "%s", why);
	ck_assert(private_key_matches(&again, &made));
	ck_assert_msg(own_key_make(&other, why), "%s", why);
	ck_assert(!private_key_matches(&other, &made));
	private_key_free(&other);
	private_key_free(&again);
	secret_free(text);
}
END_TEST

START_TEST(utf8)
{
	static const char bytes[] = "a\xff\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb6\xed\xa0\x80\xc0\x80";
	struct text t = { 0 };
	for (size_t at = 0; at < sizeof bytes - 1;) {
		uint32_t c;
		at += text_read_character(bytes + at, sizeof bytes - 1 - at, &c);
		text_add_character(&t, c);
	}
	char *s = text_take(&t);
	ck_assert_str_eq(s,
		"a\xef\xbf\xbd\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb6"
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		"\xef\xbf\xbd\xef\xbf\xbd");
	free(s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("certs_certificate");
	TCase *t = tcase_create("certificate");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, names);
	tcase_add_test(t, alternatives);
	tcase_add_loop_test(t, serial, 0, sizeof serials / sizeof *serials);
	tcase_add_loop_test(t, date, 0, sizeof dates / sizeof *dates);
	tcase_add_test(t, validity);
	tcase_add_test(t, times);
	tcase_add_test(t, next_updates);
	tcase_add_test(t, hosts);
	tcase_add_test(t, own_pair);
	tcase_add_test(t, keys);
	tcase_add_test(t, utf8);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
