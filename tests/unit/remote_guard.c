/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/remote.h"
#include "remote/remote_address.h"
#include "remote/remote_error.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static void make(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	memset(ret, 0, sizeof *ret);
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(80);
	} else {
		ck_assert_msg(inet_pton(AF_INET6, text, &in6->sin6_addr) == 1, "%s", text);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(80);
	}
}

START_TEST(local_addresses_are_recognised)
{
	static const char *const local[] = {
		"0.0.0.0",
		"0.1.2.3",
		"127.0.0.1",
		"127.255.255.254",
		"169.254.0.1",
		"169.254.169.254",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"192.0.0.192",
		"100.100.100.200",
		"168.63.129.16", /* */
		"::",
		"::1",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"ff02::1",
		"ff0e::1",
		"fd00:ec2::254", /* */
		"::ffff:127.0.0.1",
		"::ffff:0.0.0.0",
		"::ffff:169.254.169.254",
		"::ffff:0:127.0.0.1",
		"::127.0.0.1", /* */
		"64:ff9b::127.0.0.1",
		"64:ff9b::169.254.169.254",
		"64:ff9b::0.0.0.0",
		"64:ff9b:1::8.8.8.8",
		"64:ff9b:1:ffff::1", /* */
		"2002:7f00:1::",
		"2002:7f00:1::8.8.8.8",
		"2002:a9fe:a9fe::1",
		"2001::1",
		"2001:0:4136:e378:8000:63bf:80ff:fffe",
	};
	for (int i = 0; i < ROWS(local); i++) {
		struct sockaddr_storage a;
		make(local[i], &a);
		ck_assert_msg(remote_address_is_local((struct sockaddr *)&a), "%s is taken for another host", local[i]);
	}
}
END_TEST

START_TEST(other_addresses_are_not_local)
{
	static const char *const other[] = {
		"1.0.0.1",
		"8.8.8.8",
		"10.0.0.1",
		"126.255.255.255",
		"128.0.0.1",
		"169.253.255.255",
		"169.255.0.1",
		"172.16.0.1",
		"192.0.1.1",
		"192.168.1.1",
		"223.255.255.255",
		"100.100.100.201", /* */
		"2606:4700::1111",
		"2001:db8::1",
		"2001:1::1",
		"fc00::1",
		"fd00:ec2::255",
		"fe00::1",
		"::ffff:8.8.8.8",
		"::ffff:10.0.0.1",
		"64:ff9b::8.8.8.8",
		"64:ff9c::127.0.0.1",
		"2002:808:808::1",
		"1::127.0.0.1",
	};
	for (int i = 0; i < ROWS(other); i++) {
		struct sockaddr_storage a;
		make(other[i], &a);
		ck_assert_msg(!remote_address_is_local((struct sockaddr *)&a), "%s is taken for local", other[i]);
	}
}
END_TEST

START_TEST(other_families_are_local)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/tmp/x" };
	ck_assert(remote_address_is_local((struct sockaddr *)&un));
}
END_TEST

START_TEST(addresses_are_written_with_their_port)
{
	char out[REMOTE_ADDRESS_MAX];
	struct sockaddr_storage a;
	make("127.0.0.1", &a);
	remote_address_text((struct sockaddr *)&a, out);
	ck_assert_str_eq(out, "127.0.0.1:80");
	make("::1", &a);
	remote_address_text((struct sockaddr *)&a, out);
	ck_assert_str_eq(out, "::1:80");
}
END_TEST

START_TEST(urls_are_checked_before_anything_is_sent)
{
	static const struct {
		const char *url;
		int code;
	} rows[] = {
		{ "http://example.com", 0 },
		{ "HTTPS://example.com/a?b#c", 0 },
		{ "http://[::1]:8080/", 0 },
		{ "http://2130706433/", 0 }, /* 127.0.0.1: found out when connecting */
		{ "http://b\xc3\xbc"
		  "cher.example/",
			0 },
		{ "", REMOTE_INVALID },
		{ "nope", REMOTE_INVALID },
		{ "http://", REMOTE_INVALID },
		{ "http://a b/", REMOTE_INVALID },
		{ "http://a/\r\nX: y", REMOTE_INVALID },
		{ "http://a/\x7f", REMOTE_INVALID },
		{ "http://a:99999/", REMOTE_INVALID },
		{ " http://a/", REMOTE_INVALID },
		{ "file:///etc/passwd", REMOTE_REFUSED },
		{ "ftp://a/b", REMOTE_REFUSED },
		{ "gopher://a/b", REMOTE_REFUSED },
		{ "dict://a:1/b", REMOTE_REFUSED },
		{ "http://user:pass@a/", REMOTE_REFUSED },
		{ "http://user@a/", REMOTE_REFUSED },
		{ "https://:pass@a/", REMOTE_REFUSED },
	};
	for (int i = 0; i < ROWS(rows); i++) {
		struct remote_error e;
		ck_assert_row_int_eq(rows[i].url, remote_url_check(rows[i].url, &e), rows[i].code);
		if (rows[i].code)
			ck_assert_row_int_eq(rows[i].url, e.code, rows[i].code);
		ck_assert_msg(!rows[i].code || !strstr(e.text, "pass@"), "%s", e.text);
	}
}
END_TEST

START_TEST(long_urls_are_refused)
{
	struct remote_error e;
	char url[9000] = "http://a/";
	memset(url + strlen(url), 'x', 8192 - strlen(url));
	ck_assert_int_eq(remote_url_check(url, &e), 0);
	url[8192] = 'x';
	ck_assert_int_eq(remote_url_check(url, &e), REMOTE_INVALID);
}
END_TEST

START_TEST(text_of_others_is_made_fit_to_show)
{
	static const struct {
		const char *name, *text, *shown;
	} rows[] = {
		{ "plain", "Not Found", "Not Found" },
		{ "control characters", "a\r\n\tb\x1b[31m\x7f", "a???b?[31m?" },
		{ "UTF-8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb6", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb6" },
		{ "Latin-1", "\xe4t", "?t" },
		{ "overlong", "\xc0\x80", "??" },
		{ "surrogate", "\xed\xa0\x80", "???" },
		{ "C1 control", "\xc2\x85", "??" },
		{ "right to left override", "\xe2\x80\xae", "???" },
		{ "cut off at the end", "a\xe2\x82", "a??" },
		{ "too long for its room", "0123456789\xc3\xa4\xc3\xa4", "0123456789\xc3\xa4" },
	};
	for (int i = 0; i < ROWS(rows); i++) {
		char out[14];
		remote_text_copy(out, sizeof out, rows[i].text, strlen(rows[i].text));
		ck_assert_row_str_eq(rows[i].name, out, rows[i].shown);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("remote_guard");
	TCase *c = tcase_create("guard");
	tcase_add_test(c, local_addresses_are_recognised);
	tcase_add_test(c, other_addresses_are_not_local);
	tcase_add_test(c, other_families_are_local);
	tcase_add_test(c, addresses_are_written_with_their_port);
	tcase_add_test(c, urls_are_checked_before_anything_is_sent);
	tcase_add_test(c, long_urls_are_refused);
	tcase_add_test(c, text_of_others_is_made_fit_to_show);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
