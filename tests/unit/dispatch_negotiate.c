/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "unit.h"

#include "dispatch/dispatch_internal.h"

#define JSON "application/json"
/* The answer format if the build has the format, and if it does not. */
#ifdef LYRE_FORMAT_CSV
#define CSV(otherwise) "text/csv"
#else
#define CSV(otherwise) otherwise
#endif
#ifdef LYRE_FORMAT_CBOR
#define CBOR(otherwise) "application/cbor"
#else
#define CBOR(otherwise) otherwise
#endif
#ifdef LYRE_FORMAT_MSGPACK
#define MSGPACK(otherwise) "application/x-msgpack"
#define MSGPACK_TOO(otherwise) "application/msgpack"
#else
#define MSGPACK(otherwise) otherwise
#define MSGPACK_TOO(otherwise) otherwise
#endif
#ifdef LYRE_FORMAT_YAML
#define YAML(otherwise) "text/yaml"
#else
#define YAML(otherwise) otherwise
#endif
#ifdef LYRE_FORMAT_JSONL
#define JSONL(otherwise) "application/jsonl"
#define NDJSON(otherwise) "application/x-ndjson"
#else
#define JSONL(otherwise) otherwise
#define NDJSON(otherwise) otherwise
#endif

static const struct {
	const char *accept, *type;
} accepts[] = {
	{ NULL, JSON },
	{ "", JSON },
	{ " ", JSON },
	{ "*/*", JSON },
	{ "application/json", JSON },
	{ "Application/JSON; charset=utf-8", JSON },
	{ "text/csv", CSV(NULL) },
	{ "text/csv, application/json", JSON },
	{ "text/csv;q=1,application/json;q=0.1", CSV(JSON) },
	{ "text/csv, */*;q=0.1", CSV(JSON) },
	{ "application/json;q=0, text/csv", CSV(NULL) },
	{ "application/json;q=0", NULL },
	{ "application/json; a=b; q=0", NULL },
	{ "application/json;q=none", NULL },
	{ "application/json;q=7", JSON },
	{ "application/cbor", CBOR(NULL) },
	{ "application/cbor, application/json", CBOR(JSON) },
	{ "application/json, application/cbor;q=0.9", CBOR(JSON) },
	{ "application/cbor;q=0.1, application/json;q=0.9", JSON },
	{ "application/x-msgpack", MSGPACK(NULL) },
	{ "application/msgpack", MSGPACK_TOO(NULL) },
	{ "application/json, application/x-msgpack", MSGPACK(JSON) },
	{ "application/x-msgpack, application/cbor", CBOR(MSGPACK(NULL)) },
	{ "text/yaml", YAML(NULL) },
	{ "text/yaml, application/json", JSON },
	{ "text/yaml, */*", YAML(JSON) },
	{ "application/jsonl", JSONL(NULL) },
	{ "application/x-ndjson", NDJSON(NULL) },
	{ "application/x-ndjson, application/json", JSON },
	{ "application/x-ndjson, */*", NDJSON(JSON) },
	{ "application/x-ndjson, text/yaml", YAML(NDJSON(NULL)) },
	{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON },
	{ "text/html", NULL },
	{ "application/*", NULL },
	{ "image/png", NULL },
	{ "application/jsonx", NULL },
	{ ",,application/json,", JSON },
};

START_TEST(the_type_of_an_answer_is_the_best_accepted)
{
	const struct format *f = format_accepted(accepts[_i].accept);

	ck_assert_msg(f ? accepts[_i].type && !strcmp(f->type, accepts[_i].type) : !accepts[_i].type, "Accept: %s gives %s",
		accepts[_i].accept, f ? f->type : "nothing");
	ck_assert(!f || f->encoder);
}
END_TEST

static const struct {
	const char *content_type, *type;
} sent[] = {
	{ NULL, NULL },
	{ "", NULL },
	{ "application/json", JSON },
	{ "Application/JSON", JSON },
	{ " application/json ; charset=iso-8859-1", JSON },
	{ "application/vnd.api+json", NULL },
	{ "text/json", NULL },
	{ "application/cbor", CBOR(NULL) },
	{ "application/cbor-seq", NULL },
	{ "application/x-msgpack", MSGPACK(NULL) },
	{ "application/msgpack;x=y", MSGPACK_TOO(NULL) },
	{ "text/csv", NULL },
	{ "text/yaml", NULL },
	{ "application/x-ndjson", NULL },
	{ "*/*", NULL },
	{ "text/plain", NULL },
	{ "application/x-www-form-urlencoded", NULL },
	{ "multipart/form-data; boundary=x", NULL },
};

START_TEST(the_type_of_a_body_is_known)
{
	const struct format *f = format_sent(sent[_i].content_type);

	ck_assert_msg(f ? sent[_i].type && !strcmp(f->type, sent[_i].type) : !sent[_i].type, "Content-Type: %s gives %s",
		sent[_i].content_type, f ? f->type : "nothing");
	ck_assert(!f || f->decoder);
}
END_TEST

START_TEST(plain_text_is_told_apart)
{
	ck_assert(is_plain_text("text/plain"));
	ck_assert(is_plain_text(" Text/Plain;charset=utf-8"));
	ck_assert(!is_plain_text("text/html"));
	ck_assert(!is_plain_text(""));
	ck_assert(!is_plain_text(NULL));
}
END_TEST

/* The message of a 406 lists all supported types. */
START_TEST(acceptable_types_are_listed)
{
	struct arena a;

	arena_init(&a);
	char *list = formats_supported(&a), *rest = list;
	ck_assert_ptr_nonnull(list);
	ck_assert_msg(!strncmp(list, JSON, strlen(JSON)), "%s", list);
	for (char *type; (type = strtok_r(rest, ", ", &rest));)
		ck_assert_ptr_nonnull(format_accepted(type));
	arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_negotiate");
	TCase *t = tcase_create("negotiate");

	tcase_add_loop_test(t, the_type_of_an_answer_is_the_best_accepted, 0, sizeof accepts / sizeof *accepts);
	tcase_add_loop_test(t, the_type_of_a_body_is_known, 0, sizeof sent / sizeof *sent);
	tcase_add_test(t, plain_text_is_told_apart);
	tcase_add_test(t, acceptable_types_are_listed);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
