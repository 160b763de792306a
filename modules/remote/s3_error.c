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
static bool find_region(const struct s3_target *t, const struct http_answer *a, const char *code, char *out, size_t size)
{
	bool is_about_it = a->status == 301 || a->status == 307 || !strcmp(code, "AuthorizationHeaderMalformed") ||
		!strcmp(code, "PermanentRedirect") || !strcmp(code, "IllegalLocationConstraintException");
	if (!is_about_it)
		return false;
	if (!s3_xml_text(a->text ? a->text : "", a->text_len, "Region", out, size))
		remote_text_copy(out, size, a->region, strlen(a->region));
	return out[0] && strcmp(out, t->region) != 0;
}

/* S3 repeats in some messages what it was sent; none of ours is told. */
static bool has_secret(const struct s3_target *t, const char *text)
{
	return strstr(text, t->secret_key) || (t->token && strstr(text, t->token));
}

int s3_refused(const struct s3_target *t, struct s3_request *request, const struct http_answer *a, struct remote_error *error)
{
	char message[REMOTE_TEXT_MAX], code[sizeof request->code], region[64];
	const char *xml = a->text ? a->text : "";
	bool is_error = s3_xml_is(xml, a->text_len, "Error");
	if (!is_error || !s3_xml_text(xml, a->text_len, "Code", code, sizeof code))
		code[0] = '\0';
	if (!is_error || !s3_xml_text(xml, a->text_len, "Message", message, sizeof message) || has_secret(t, message))
		message[0] = '\0';
	remote_text_copy(request->code, sizeof request->code, code, strlen(code));
	request->is_repeatable = is_repeatable(a->status, code);
	if (find_region(t, a, code, region, sizeof region))
		return remote_fail_status(
			error, a->status, a->reason, "%s: the bucket is in region %s, not %s", request->what, region, t->region);
	if (a->status == 301 || a->status == 307 || a->status == 302 || a->status == 308)
		return remote_fail_status(error, a->status, a->reason,
			"%s: the store redirects to another place, which is not followed: region or endpoint is not that of the bucket",
			request->what);
	if (a->status == 200 && !code[0])
		return remote_fail_status(error, a->status, a->reason, "%s: the store's answer is not one of S3", request->what);
	size_t len = strlen(message);
	if (len && message[len - 1] == '.')
		message[len - 1] = '\0';
	if (code[0])
		return remote_fail_status(
			error, a->status, a->reason, "%s: %s%s%s", request->what, code, message[0] ? ": " : "", message);
	return remote_fail_status(error, a->status, a->reason, "%s: %s answered with status %d%s%s", request->what, t->host,
		a->status, a->reason[0] ? " " : "", a->reason);
}
