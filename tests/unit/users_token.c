/* SPDX-License-Identifier: Apache-2.0 */
#include "token_forge.h"
#include "unit_json.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1800000000

static char folder[] = "/tmp/lyre-token-XXXXXX", keys[64], path[80], temporary[88];
static struct token_key *key;

static void set_up_folder(void)
{
	memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(keys, sizeof keys, "%s/keys", folder);
	snprintf(path, sizeof path, "%s/jwt.pem", keys);
	snprintf(temporary, sizeof temporary, "%s.new", path);
}

static void remove_folder(void)
{
	unlink(path);
	unlink(temporary);
	rmdir(keys);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void set_up_key(void)
{
	char why[256];

	set_up_folder();
	key = token_key_open(path, why, sizeof why);
	ck_assert_msg(key != NULL, "%s", why);
	ck_assert_str_eq(why, "");
}

static void remove_key(void)
{
	token_key_close(key);
	remove_folder();
}

static struct token_claims claims_of(const char *user)
{
	struct token_claims c = { .subject = TOKEN_OPERATION, .super_user = 1, .issued = NOW, .expires = NOW + 60 };

	snprintf(c.user, sizeof c.user, "%s", user);
	snprintf(c.stamp, sizeof c.stamp, "0123456789abcdef0123456789abcdef");
	return c;
}

static enum token_verdict read_text(const char *text)
{
	struct token_claims c;

	return token_read(key, text, strlen(text), NOW, &c);
}

/* ---- what token_make() makes ---- */

static void check_round_trip(struct token_claims c)
{
	struct token_claims read;
	char *token = token_make(key, &c);

	ck_assert_ptr_nonnull(token);
	ck_assert_uint_le(strlen(token), TOKEN_MAX);
	ck_assert_int_eq(token_read(key, token, strlen(token), NOW, &read), TOKEN_VALID);
	ck_assert_int_eq(read.subject, c.subject);
	ck_assert_str_eq(read.id, c.id);
	ck_assert_str_eq(read.user, c.user);
	ck_assert_str_eq(read.stamp, c.stamp);
	ck_assert_str_eq(read.role, c.role);
	ck_assert_int_eq(read.super_user, c.super_user);
	ck_assert_int_eq(read.issued, c.issued);
	ck_assert_int_eq(read.expires, c.expires);
	free(token);
}

START_TEST(it_reads_what_it_made)
{
	struct token_claims c = claims_of("bob");

	check_round_trip(c);
	c.subject = TOKEN_REFRESH;
	c.super_user = 0;
	check_round_trip(c);
	strcpy(c.role, "custom");
	check_round_trip(c);
	strcpy(c.id, "fedcba9876543210fedcba9876543210");
	check_round_trip(c);
	/* After 2038, and 2106. */
	c.expires = INT64_C(5000000000);
	check_round_trip(c);
	check_round_trip(claims_of("b\xc3\xb6"
				   "b \"\\\n\x01"));
	/* The longest possible: each letter takes six bytes in JSON. */
	c = claims_of("");
	memset(c.user, 1, sizeof c.user - 1);
	memset(c.role, 1, sizeof c.role - 1);
	memset(c.id, 1, sizeof c.id - 1);
	check_round_trip(c);
}
END_TEST

START_TEST(the_header_is_as_recorded)
{
	struct token_claims c = claims_of("bob");
	char *token = token_make(key, &c);

	ck_assert_int_eq(strncmp(token, "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.", 37), 0);
	free(token);
}
END_TEST

START_TEST(a_token_expires)
{
	struct token_claims c = claims_of("bob");
	char *token = token_make(key, &c);

	ck_assert_int_eq(token_read(key, token, strlen(token), c.expires - 1, &c), TOKEN_VALID);
	ck_assert_int_eq(token_read(key, token, strlen(token), c.expires, &c), TOKEN_EXPIRED);
	/* Only a valid token can have expired. */
	token[strlen(token) - 20] ^= 1;
	ck_assert_int_eq(token_read(key, token, strlen(token), c.expires, &c), TOKEN_INVALID);
	free(token);
}
END_TEST

/* ---- tokens made by others ---- */

START_TEST(every_changed_letter_is_noticed)
{
	struct token_claims c = claims_of("bob");
	char *token = token_make(key, &c);
	size_t len = strlen(token);

	for (size_t i = 0; i < len; i++) {
		char was = token[i];

		token[i] = was == 'A' ? 'B' : 'A';
		ck_assert_msg(read_text(token) == TOKEN_INVALID, "letter %zu", i);
		token[i] = was;
	}
	/* The last letter has bits that belong to no byte: no other letter may stand for the same signature. */
	char was = token[len - 1];
	for (int letter = 1; letter < 256; letter++) {
		token[len - 1] = (char)letter;
		ck_assert_int_eq(read_text(token), (char)letter == was ? TOKEN_VALID : TOKEN_INVALID);
	}
	token[len - 1] = was;
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(token_read(key, token, i, NOW, &c), TOKEN_INVALID);
	ck_assert_int_eq(token_read(key, token, len + 1, NOW, &c), TOKEN_INVALID); /* the NUL */
	free(token);
}
END_TEST

START_TEST(texts_of_other_forms_are_refused)
{
	static const char *const odd[] = { "", ".", "..", "...", "a.b.c", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
		"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9..",
		"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9..AAAA",
		"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30=.AAAA",
		"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA.AAAA" };
	struct token_claims c = claims_of("bob");
	char *token = token_make(key, &c), *longer = malloc(TOKEN_MAX + 10);

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		ck_assert_msg(read_text(odd[i]) == TOKEN_INVALID, "%s", odd[i]);
	static const struct {
		const char *before, *after;
	} around[] = { { "", "." }, { ".", "" }, { "", ".AAAA" }, { " ", "" }, { "", " " }, { "", "=" }, { "", "\n" } };
	for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
		snprintf(longer, TOKEN_MAX, "%s%s%s", around[i].before, token, around[i].after);
		ck_assert_msg(read_text(longer) == TOKEN_INVALID, "'%s' '%s'", around[i].before, around[i].after);
	}
	/* Characters that decoders skip would allow one signature to be written in several ways. */
	static const char *const between[] = { "====", "    ", "!!!!", "\n\n\n\n", "\r\n\r\n", "++//", "\x80\x80\x80\x80", "AAAA",
		"...." };
	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		size_t at = strlen(token) - 100;

		snprintf(longer, TOKEN_MAX, "%.*s%s%s", (int)at, token, between[i], token + at);
		ck_assert_msg(read_text(longer) == TOKEN_INVALID, "'%s'", between[i]);
	}
	memset(longer, 'A', TOKEN_MAX + 9);
	memcpy(longer, token, strlen(token));
	longer[TOKEN_MAX + 9] = '\0';
	ck_assert_int_eq(read_text(longer), TOKEN_INVALID);
	free(longer);
	free(token);
}
END_TEST

#define PAYLOAD                                                                                     \
	"{'username':'bob','super_user':false,'iat':1799999999,'exp':1800000060,'sub':'operation'," \
	"'stamp':'s'}"

static enum token_verdict read_header(const char *header)
{
	const char *payload = json_of(PAYLOAD);

	header = json_of(header);
	char *token = forge_signed(key, header, strlen(header), payload, strlen(payload));
	enum token_verdict verdict = read_text(token);

	free(token);
	return verdict;
}

START_TEST(other_headers_are_refused)
{
	static const char *const odd[] = { "{'alg':'none'}", "{'alg':'None','typ':'JWT'}", "{'alg':'HS256','typ':'JWT'}",
		"{'alg':'RS384','typ':'JWT'}", "{'alg':'rs256','typ':'JWT'}", "{'alg':'ES256','typ':'JWT'}", "{'typ':'JWT'}", "{}",
		"[]", "'RS256'", "null", "RS256", "{'alg':['RS256'],'typ':'JWT'}", "{'alg':'RS256','typ':'JWE'}",
		"{'alg':'RS256','alg':'HS256','typ':'JWT'}", "{'alg':'HS256','alg':'RS256','typ':'JWT'}",
		"{'alg':'RS256','typ':'JWT','kid':'../../../etc/passwd'}", "{'alg':'RS256','typ':'JWT','jku':'http://127.0.0.1/'}",
		"{'alg':'RS256','jwk':{},'typ':'JWT'}", "{'alg':'RS256','typ':'JWT','crit':['exp']}",
		"{'alg':'RS256','typ':'JWT'} " };

	ck_assert_int_eq(read_header(FORGE_HEADER), TOKEN_VALID);
	ck_assert_int_eq(read_header("{'typ':'JWT','alg':'RS256'}"), TOKEN_VALID);
	ck_assert_int_eq(read_header("{'alg':'RS256'}"), TOKEN_VALID);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		ck_assert_msg(read_header(odd[i]) == TOKEN_INVALID, "%s", odd[i]);
		const char *header = json_of(odd[i]), *payload = json_of(PAYLOAD);
		char *token = forge_hmac(key, header, strlen(header), payload, strlen(payload));
		ck_assert_msg(read_text(token) == TOKEN_INVALID, "HMAC %s", odd[i]);
		*strrchr(token, '.') = '\0';
		ck_assert_msg(read_text(token) == TOKEN_INVALID, "two segments %s", odd[i]);
		strcat(token, ".");
		ck_assert_msg(read_text(token) == TOKEN_INVALID, "no signature %s", odd[i]);
		free(token);
	}
}
END_TEST

static enum token_verdict read_payload(const char *payload)
{
	payload = json_of(payload);
	char *token = forge_signed(key, FORGE_HEADER, strlen(FORGE_HEADER), payload, strlen(payload));
	enum token_verdict verdict = read_text(token);

	free(token);
	return verdict;
}

/* Even with a valid signature, claims must have the right types. */
START_TEST(other_payloads_are_refused)
{
	static const struct {
		const char *was, *is;
	} odd[] = { { "'bob'", "''" }, { "'bob'", "5" }, { "'bob'", "null" }, { "'bob'", "['bob']" }, { "'bob'", "'b\\u0000b'" },
		{ "'bob'", "'b\xff'" }, { "'username'", "'user'" }, { "false", "0" }, { "false", "'false'" },
		{ "'super_user'", "'super'" }, { "1799999999", "'1799999999'" }, { "'iat'", "'nbf'" }, { "'exp'", "'nbf'" },
		{ "1800000060", "1800000060.5" }, { "1800000060", "1800000060.0" }, { "1800000060", "1.9e9" },
		{ "1800000060", "'1800000060'" }, { "1800000060", "-1800000060" }, { "1800000060", "null" },
		{ "1800000060", "true" }, { "1800000060", "1800000060000000000" }, { "1800000060", "99999999999999999999999" },
		{ "1799999999", "-1" }, { "'sub'", "'aud'" }, { "'operation'", "'Operation'" }, { "'operation'", "'operation2'" },
		{ "'operation'", "7" }, { "'stamp'", "'stump'" }, { "'s'", "''" }, { "'s'", "'0123456789abcdef0123456789abcdef0'" },
		{ "'s'}", "'s','role':5}" }, { "'s'}", "'s','role':''}" }, { "'s'}", "'s','jti':5}" },
		{ "'s'}", "'s','jti':'0123456789abcdef0123456789abcdef0'}" }, { "'s'}", "'s'}}" }, { "'s'}", "'s'" } };
	char payload[1024], name[LYRE_USER_NAME_MAX + 2];

	ck_assert_int_eq(read_payload(PAYLOAD), TOKEN_VALID);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		const char *at = strstr(PAYLOAD, odd[i].was);

		ck_assert_ptr_nonnull(at);
		snprintf(payload, sizeof payload, "%.*s%s%s", (int)(at - PAYLOAD), PAYLOAD, odd[i].is, at + strlen(odd[i].was));
		ck_assert_msg(read_payload(payload) == TOKEN_INVALID, "%s", payload);
	}
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	const char *bob = strstr(PAYLOAD, "bob");
	snprintf(payload, sizeof payload, "%.*s%s%s", (int)(bob - PAYLOAD), PAYLOAD, name, bob + 3);
	ck_assert_int_eq(read_payload(payload), TOKEN_INVALID);
	snprintf(payload, sizeof payload, "%.*s%s%s", (int)(bob - PAYLOAD), PAYLOAD, name + 1, bob + 3);
	ck_assert_int_eq(read_payload(payload), TOKEN_VALID);
	/* Too long, even if valid. */
	char *spaces = malloc(TOKEN_MAX);
	memset(spaces, ' ', TOKEN_MAX);
	memcpy(spaces, PAYLOAD, strlen(PAYLOAD));
	spaces[TOKEN_MAX * 3 / 4 - 300] = '\0';
	ck_assert_int_eq(read_payload(spaces), TOKEN_VALID);
	spaces[TOKEN_MAX * 3 / 4 - 300] = ' ';
	spaces[TOKEN_MAX * 3 / 4 - 250] = '\0';
	ck_assert_int_eq(read_payload(spaces), TOKEN_INVALID);
	free(spaces);
	static const char *const texts[] = { "", "null", "[]", "5", "'bob'", "{}", "[" PAYLOAD "]" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(read_payload(texts[i]) == TOKEN_INVALID, "%s", texts[i]);
}
END_TEST

START_TEST(tokens_of_another_key_are_refused)
{
	struct token_claims c = claims_of("bob");
	char *token = token_make(key, &c), why[256];

	token_key_close(key);
	ck_assert_int_eq(unlink(path), 0);
	key = token_key_open(path, why, sizeof why);
	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(read_text(token), TOKEN_INVALID);
	free(token);
}
END_TEST

/* ---- the file ---- */

START_TEST(the_key_stays_and_is_private)
{
	struct token_claims c = claims_of("bob");
	char *token = token_make(key, &c), why[256];
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(keys, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(access(temporary, F_OK), -1);
	token_key_close(key);
	key = token_key_open(path, why, sizeof why);
	ck_assert_ptr_nonnull(key);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(read_text(token), TOKEN_VALID);

	ck_assert_int_eq(chmod(path, 0640), 0);
	token_key_close(key);
	key = token_key_open(path, why, sizeof why);
	ck_assert_ptr_nonnull(key);
	ck_assert_ptr_nonnull(strstr(why, "is accessible to users other than its owner"));
	ck_assert_int_eq(read_text(token), TOKEN_VALID);
	free(token);
}
END_TEST

static void put(const char *name, const char *text, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, text, size), (int)size);
	close(fd);
}

static void refused(const char *sentence)
{
	char why[256] = "";
	struct token_key *k = token_key_open(path, why, sizeof why);

	ck_assert_ptr_null(k);
	ck_assert_msg(strstr(why, sentence) && strstr(why, path), "%s", why);
	ck_assert_ptr_null(strstr(why, "PRIVATE"));
}

static void check_file(const char *text)
{
	char is[64] = "";
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(is, 1, sizeof is - 1, f), strlen(text));
	ck_assert_str_eq(is, text);
	fclose(f);
}

static void export_other(gnutls_pk_algorithm_t kind, unsigned bits)
{
	gnutls_x509_privkey_t other;
	gnutls_datum_t pem;

	ck_assert_int_ge(gnutls_x509_privkey_init(&other), 0);
	ck_assert_int_ge(gnutls_x509_privkey_generate(other, kind, bits, 0), 0);
	ck_assert_int_ge(gnutls_x509_privkey_export2(other, GNUTLS_X509_FMT_PEM, &pem), 0);
	put(path, (const char *)pem.data, pem.size);
	gnutls_free(pem.data);
	gnutls_x509_privkey_deinit(other);
}

START_TEST(files_that_are_not_keys_are_refused)
{
	char *half = strndup(key->private_pem, key->private_size / 2), *zeros = calloc(1, 100000);

	put(path, "", 0);
	refused("is not a PEM key");
	put(path, "garbage", 7);
	refused("is not a PEM key");
	put(path, half, strlen(half));
	refused("is not a PEM key");
	put(path, zeros, 100000);
	refused("is not a PEM key");
	put(path, key->public_pem, key->public_size);
	refused("is not a PEM key");
	export_other(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
	refused("is not an RSA key of at least 2048 bits");
	export_other(GNUTLS_PK_RSA, 1024);
	refused("is not an RSA key of at least 2048 bits");
	/* The old content is still there: a key is never replaced. */
	put(path, "garbage", 7);
	refused("is not a PEM key");
	check_file("garbage");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	refused("cannot be read");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused("The token key");
	free(half);
	free(zeros);
}
END_TEST

START_TEST(a_key_is_created_or_the_reason_given)
{
	char why[256];

	/* What an interrupted start leaves behind. */
	ck_assert_int_eq(mkdir(keys, 0700), 0);
	put(temporary, "half a", 6);
	key = token_key_open(path, why, sizeof why);
	ck_assert_msg(key != NULL, "%s", why);
	token_key_close(key);
	ck_assert_int_eq(access(temporary, F_OK), -1);
	ck_assert_int_eq(unlink(path), 0);
	/* A file where the folder should be. */
	ck_assert_int_eq(rmdir(keys), 0);
	put(keys, "", 0);
	refused("cannot be read: Not a directory");
	ck_assert_int_eq(unlink(keys), 0);
	/* No folder to create it in. */
	ck_assert_int_eq(rmdir(folder), 0);
	refused("Cannot write the token key to");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("users_token");
	TCase *tokens = tcase_create("tokens"), *files = tcase_create("files");

	tcase_add_checked_fixture(tokens, set_up_key, remove_key);
	tcase_add_test(tokens, it_reads_what_it_made);
	tcase_add_test(tokens, the_header_is_as_recorded);
	tcase_add_test(tokens, a_token_expires);
	tcase_add_test(tokens, every_changed_letter_is_noticed);
	tcase_add_test(tokens, texts_of_other_forms_are_refused);
	tcase_add_test(tokens, other_headers_are_refused);
	tcase_add_test(tokens, other_payloads_are_refused);
	tcase_add_test(tokens, tokens_of_another_key_are_refused);
	tcase_add_test(tokens, the_key_stays_and_is_private);
	tcase_add_test(tokens, files_that_are_not_keys_are_refused);
	suite_add_tcase(s, tokens);
	tcase_add_checked_fixture(files, set_up_folder, remove_folder);
	tcase_add_test(files, a_key_is_created_or_the_reason_given);
	suite_add_tcase(s, files);
	return s;
}

UNIT_MAIN(suite)
