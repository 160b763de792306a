/* SPDX-License-Identifier: Apache-2.0 */
/* Restores a backup: sends it to the server, wherever that runs and whatever user it runs as. */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/copies.h"
#include "ctl/input.h"
#include "ctl/progress.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/** \return 0, or CTL_… after a message */
static int check(struct input *in)
{
	if (isatty(in->fd))
		return complain(CTL_USAGE, "%s is a terminal, not a backup", in->name);
	int rc = input_look(in);
	if (rc)
		return rc;
	if (in->head_len == 0)
		return complain(CTL_REFUSED, "%s is empty, so it is not a backup", in->name);
	return is_backup(in->head, in->head_len) ? 0 : complain(CTL_REFUSED, "%s is not a backup of a database", in->name);
}

/** Prints the server's answer. \return as a command */
static int tell(struct arena *a, const struct answer *answer)
{
	if (answer->status != 200)
		return complain_answer(a, answer->status, answer->type, answer->body.data, answer->body.len);
	return answer->body.len > 0 ? show_answer(answer->body.data, answer->body.len) : 0;
}

static int send_file(struct client *c, struct arena *a, struct input *in, const char *database)
{
	const struct source source = { input_read, in, in->size };
	const struct parameter parameters[] = { { "operation", "restore_backup" }, { "database", database }, { 0 } };
	struct answer answer;
	int rc = client_upload(c, a, parameters, &source, &answer);
	progress_end();
	if (rc == 0)
		rc = tell(a, &answer);
	buf_free(&answer.body);
	return rc;
}

int command_restore(struct client *c, struct arena *a, const struct options *o, const char *file, const char *database)
{
	struct input in;
	signal(SIGPIPE, SIG_IGN); /* a server that refuses the file may close the connection: its answer says why */
	int rc = input_open(&in, a, file);
	if (rc == 0)
		rc = check(&in);
	progress_begin(database, PROGRESS_BYTES, o->quiet);
	if (rc == 0)
		rc = send_file(c, a, &in, database);
	input_close(&in);
	return rc;
}
