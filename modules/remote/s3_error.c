/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_error.h"

#include "remote_error.h"
#include "s3_xml.h"

#include <stdio.h>
#include <string.h>

/* The codes that are not an error of the request, besides the statuses of is_repeatable(). */
static bool is_passing(const char *code)
{
	static const char *const codes[] = { "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout",
		"OperationAborted", "Throttling", "ThrottlingException", "RequestLimitExceeded" };
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (!strcmp(codes[i], code))
			return true;
	return false;
}

/* With an error in its body a 200 says that it was found too late; without one the answer was cut off. */
static bool is_repeatable(int status, const char *code)
{
	return is_passing(code) || status == 408 || status == 429 || (status >= 500 && status != 501) ||
		(status == 200 && !code[0]);
}

/* The region that the bucket is in, if the answer says so and it is another. */
static bool find_region(const struct s3_target *t, const struct remote_answer *a, const char *code, char *out, size_t size)
{
	bool is_about_it = a->status == 301 || a->status == 307 || !strcmp(code, "AuthorizationHeaderMalformed") ||
		!strcmp(code, "PermanentRedirect") || !strcmp(code, "IllegalLocationConstraintException");
	if (!is_about_it)
		return false;
	if (!s3_xml_text(a->text ? a->text : "", a->text_len, "Region", out, size))
		remote_text_copy(out, size, a->region, strlen(a->region));
	return out[0] && strcmp(out, t->region) != 0;
}

/* What an answer says of an error. */
struct told {
	char code[64], message[REMOTE_TEXT_MAX], region[64];
};

static void read_error(const struct s3_target *t, const struct remote_answer *a, struct told *ret)
{
	const char *xml = a->text ? a->text : "";
	memset(ret, 0, sizeof *ret);
	if (s3_xml_is(xml, a->text_len, "Error")) {
		s3_xml_text(xml, a->text_len, "Code", ret->code, sizeof ret->code);
		s3_xml_text(xml, a->text_len, "Message", ret->message, sizeof ret->message);
	}
	size_t len = strlen(ret->message);
	if (len && ret->message[len - 1] == '.')
		ret->message[len - 1] = '\0';
	if (!find_region(t, a, ret->code, ret->region, sizeof ret->region))
		ret->region[0] = '\0';
}

static void tell(const struct s3_target *t, const struct s3_request *r, const struct remote_answer *a, const struct told *told,
	struct remote_error *error)
{
	int status = a->status;
	if (told->region[0])
		remote_fail_status(
			error, status, a->reason, "%s: the bucket is in region %s, not %s", r->what, told->region, t->region);
	else if (status == 301 || status == 302 || status == 307 || status == 308)
		remote_fail_status(error, status, a->reason,
			"%s: the store redirects to another place, which is not followed: region or endpoint is not that of the bucket",
			r->what);
	else if (status == 200 && !told->code[0])
		remote_fail_status(error, status, a->reason, "%s: the store's answer is not one of S3", r->what);
	else if (told->code[0])
		remote_fail_status(
			error, status, a->reason, "%s: %s%s%s", r->what, told->code, told->message[0] ? ": " : "", told->message);
	else
		remote_fail_status(error, status, a->reason, "%s: %s answered with status %d%s%s", r->what, t->host, status,
			a->reason[0] ? " " : "", a->reason);
}

/* A store may repeat what it was sent, the token for example. */
static bool has_secret(const struct s3_target *t, const char *text)
{
	return strstr(text, t->secret_key) || (t->token && strstr(text, t->token));
}

int s3_refused(const struct s3_target *t, struct s3_request *r, const struct remote_answer *a, struct remote_error *error)
{
	struct told told;
	read_error(t, a, &told);
	remote_text_copy(r->code, sizeof r->code, told.code, strlen(told.code));
	r->is_repeatable = is_repeatable(a->status, told.code);
	tell(t, r, a, &told, error);
	if (has_secret(t, error->text) || has_secret(t, error->reason))
		remote_fail_status(error, a->status, remote_status_words(a->status), "%s: %s answered with status %d", r->what,
			t->host, a->status);
	return REMOTE_STATUS;
}
