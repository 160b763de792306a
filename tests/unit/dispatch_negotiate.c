/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "unit.h"

#include "dispatch/dispatch_internal.h"

#ifdef LYRE_MINIMAL
#define CSV FORMAT_NONE
#define CSV_ELSE_JSON FORMAT_JSON
#else
#define CSV FORMAT_CSV
#define CSV_ELSE_JSON FORMAT_CSV
#endif

static const struct {
	const char *accept;
	enum format format;
} accepts[] = {
	{ NULL, FORMAT_JSON },
	{ "", FORMAT_JSON },
	{ " ", FORMAT_JSON },
	{ "*/*", FORMAT_JSON },
	{ "application/json", FORMAT_JSON },
	{ "Application/JSON; charset=utf-8", FORMAT_JSON },
	{ "text/csv", CSV },
	{ "text/csv, application/json", FORMAT_JSON },
	{ "text/csv;q=1,application/json;q=0.1", CSV_ELSE_JSON },
	{ "text/csv, */*;q=0.1", CSV_ELSE_JSON },
	{ "application/json;q=0, text/csv", CSV },
	{ "application/json;q=0", FORMAT_NONE },
	{ "application/json; a=b; q=0", FORMAT_NONE },
	{ "application/json;q=none", FORMAT_NONE },
	{ "application/json;q=7", FORMAT_JSON },
	{ "application/cbor;q=0.1, application/json;q=0.9", FORMAT_JSON },
	{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", FORMAT_JSON },
	{ "text/html", FORMAT_NONE },
	{ "application/*", FORMAT_NONE },
	{ "image/png", FORMAT_NONE },
	{ "application/jsonx", FORMAT_NONE },
	{ ",,application/json,", FORMAT_JSON },
};

START_TEST(the_type_of_an_answer_is_the_best_accepted)
{
	ck_assert_msg(format_accepted(accepts[_i].accept) == accepts[_i].format, "Accept: %s", accepts[_i].accept);
}
END_TEST

static const struct {
	const char *content_type;
	enum media media;
} media[] = {
	{ NULL, MEDIA_OTHER },
	{ "", MEDIA_OTHER },
	{ "application/json", MEDIA_JSON },
	{ "Application/JSON", MEDIA_JSON },
	{ " application/json ; charset=iso-8859-1", MEDIA_JSON },
	{ "application/vnd.api+json", MEDIA_OTHER },
	{ "text/json", MEDIA_OTHER },
	{ "text/plain", MEDIA_TEXT },
	{ "text/plain;charset=utf-8", MEDIA_TEXT },
	{ "application/x-www-form-urlencoded", MEDIA_OTHER },
	{ "multipart/form-data; boundary=x", MEDIA_OTHER },
};

START_TEST(the_type_of_a_body_is_known)
{
	ck_assert_msg(media_of(media[_i].content_type) == media[_i].media, "Content-Type: %s", media[_i].content_type);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_negotiate");
	TCase *t = tcase_create("negotiate");

	tcase_add_loop_test(t, the_type_of_an_answer_is_the_best_accepted, 0, sizeof accepts / sizeof *accepts);
	tcase_add_loop_test(t, the_type_of_a_body_is_known, 0, sizeof media / sizeof *media);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
