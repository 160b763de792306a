/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/write_request.h"

#include <stdio.h>
#include <string.h>

/** Maximum bytes of a character in JSON, and of the text around both strings. */
#define ESCAPED 6
#define AROUND 200

/** Reserves the memory first: a growing buffer would leave copies of the password behind. */
static void write_request(struct buf *b, const char *user, const char *password, bool activate)
{
	if (!buf_reserve(b, ESCAPED * (strlen(user) + strlen(password)) + AROUND))
		return;
	request_begin(b, "alter_user");
	request_member(b, "username", user);
	request_member(b, "password", password);
	if (activate) {
		request_name(b, "active");
		buf_add_str(b, "true");
	}
	request_end(b);
}

/** For a nonexistent user the operation does not fail: its answer tells which users it has updated. */
static int judge(struct arena *a, const struct answer *answer, struct json_object *said, const char *user, bool known)
{
	if (text_is(json_object_object_get(said, "error"), "Operation 'alter_user' not found"))
		return complain(CTL_REFUSED, "the server's module 'users', which changes passwords, is disabled or not built");
	if (answer->status == 401 && !known)
		return complain(CTL_REFUSED,
			"the socket identifies only root and the server's own user; any other user must sign in with --user NAME");
	if (answer->status != 200)
		return complain_answer(a, answer->status, answer->type, answer->body.data, answer->body.len);
	struct json_object *updated = json_object_object_get(said, "update_hashes");
	if (!json_object_is_type(updated, json_type_array))
		return complain(CTL_REFUSED, "the server's answer does not say whether the password was changed");
	if (item_count(updated) == 0)
		return complain(CTL_REFUSED, "user '%s' does not exist", user);
	printf("password of '%s' successfully changed\n", user);
	return 0;
}

static int read_answer(struct arena *a, const struct answer *answer, const char *user, bool known)
{
	struct json_object *said;
	struct err e = { 0 };
	document_read(answer->body.data, answer->body.len, &said, &e);
	int rc = judge(a, answer, said, user, known);
	json_object_put(said);
	return rc;
}

int command_passwd(struct client *c, struct arena *a, const struct options *o, const char *user)
{
	char *password;
	bool known = o->user || o->token || o->token_file;
	/* without other credentials the server would use the new password to sign in */
	if (o->url && !known)
		return complain(CTL_USAGE, "without the socket, only a super user can change a password: sign in with --user NAME");
	int rc = password_new(a, user, &password);
	if (rc != 0)
		return rc;
	struct buf request;
	struct answer answer;
	buf_init(&request);
	write_request(&request, user, password, o->activate);
	secure_clear(password, strlen(password));
	rc = client_send(c, &request, "application/json", NULL, &answer);
	if (rc == 0)
		rc = read_answer(a, &answer, user, known);
	secure_clear(request.data, request.cap);
	buf_free(&answer.body);
	buf_free(&request);
	return rc;
}
