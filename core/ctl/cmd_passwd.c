/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/json.h"
#include "encode/encode.h"
#include "base/text.h"
#include "ctl/client.h"

#include <stdio.h>
#include <string.h>

/** Most bytes that a character takes in JSON, and what stands around them. */
#define ESCAPED 6
#define AROUND 200

/** Makes room for all of it first: a buffer that grows would leave the password behind. */
static void write_request(struct buf *b, const char *user, const char *password, bool activate)
{
	lyre_out o;
	if (!buf_reserve(b, ESCAPED * (strlen(user) + strlen(password)) + AROUND))
		return;
	out_init(&o, b);
	out_object_begin(&o);
	out_key(&o, "operation");
	out_string(&o, "alter_user", strlen("alter_user"));
	out_key(&o, "username");
	out_string(&o, user, strlen(user));
	out_key(&o, "password");
	out_string(&o, password, strlen(password));
	if (activate) {
		out_key(&o, "active");
		out_bool(&o, true);
	}
	out_object_end(&o);
}

/** A user that there is not is no error of the operation: it tells whom it has updated. */
static int read_answer(struct arena *a, const struct answer *answer, const char *user, bool known)
{
	lyre_value v;
	struct err e = { 0 };
	bool read = answer->body.len > 0 && json_decode_copy(a, answer->body.data, answer->body.len, &v, &e) == 0;
	if (read && value_equals_str(value_get(&v, "error"), "Operation 'alter_user' not found"))
		return complain(CTL_REFUSED, "the server's module 'users', which changes passwords, is off or not built");
	if (answer->status == 401 && !known)
		return complain(CTL_REFUSED, "the server knows root and its own user by the socket; as another, --user NAME signs in");
	if (answer->status != 200)
		return complain_answer(a, answer->status, answer->type, answer->body.data, answer->body.len);
	const lyre_value *updated = read ? value_get(&v, "update_hashes") : NULL;
	if (!value_is(updated, LYRE_ARRAY))
		return complain(CTL_REFUSED, "the server's answer says nothing about the password");
	if (updated->len == 0)
		return complain(CTL_REFUSED, "there is no user '%s'", user);
	printf("password of '%s' successfully changed\n", user);
	return 0;
}

int command_passwd(struct client *c, struct arena *a, const struct options *o, const char *user)
{
	char *password;
	bool known = o->user || o->token || o->token_file;
	/* without other credentials the server would take the new password for them */
	if (o->url && !known)
		return complain(CTL_USAGE, "a super user may change it from elsewhere than the socket: --user NAME signs in");
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
