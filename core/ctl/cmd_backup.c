/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/copies.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/write_request.h"

#include <string.h>
#include <unistd.h>

/** Position of an LMDB file's magic number: after a page header, which contains an address. */
#define MAGIC_AT_64 (BACKUP_HEAD - 4)
#define MAGIC_AT_32 12
#define MAGIC 0xBEEFC0DEu

struct backup {
	struct client *client;
	struct arena *arena;
	const struct options *options;
	const char *database;
	const struct output *out;
	unsigned char head[BACKUP_HEAD]; /**< the first bytes */
	size_t head_len;
};

static bool write_piece(void *arg, const char *type, const void *piece, size_t len)
{
	struct backup *b = arg;
	size_t kept = len < BACKUP_HEAD - b->head_len ? len : BACKUP_HEAD - b->head_len;
	memcpy(b->head + b->head_len, piece, kept);
	b->head_len += kept;
	if (strncmp(type, "application/octet-stream", 24) != 0) {
		complain(CTL_REFUSED, "the server answered with '%s' instead of a backup", type);
		return false;
	}
	return output_put(b->out, piece, len);
}

bool is_backup(const unsigned char *head, size_t len)
{
	const size_t places[] = { MAGIC_AT_64, MAGIC_AT_32 };
	for (size_t i = 0; len >= BACKUP_HEAD && i < 2; i++) {
		uint32_t magic;
		memcpy(&magic, head + places[i], sizeof magic);
		if (magic == MAGIC)
			return true;
	}
	return false;
}

static void write_request(struct buf *b, const struct options *o, const char *database)
{
	request_begin(b, "get_backup");
	request_member(b, "database", database);
	if (o->table_count > 0)
		request_name(b, "tables");
	for (size_t i = 0; i < o->table_count; i++) {
		buf_add_char(b, i == 0 ? '[' : ',');
		request_text(b, o->tables[i], strlen(o->tables[i]));
	}
	if (o->table_count > 0)
		buf_add_char(b, ']');
	request_end(b);
}

/** Writes the backup to \p out. */
static int fetch(void *arg, const struct output *out)
{
	struct backup *b = arg;
	const struct sink sink = { write_piece, b };
	struct buf request;
	struct answer answer;
	if (isatty(out->fd))
		return complain(CTL_USAGE, "a backup is binary: redirect it to a file");
	b->out = out;
	buf_init(&request);
	write_request(&request, b->options, b->database);
	progress_begin(b->database, PROGRESS_BYTES, b->options->quiet);
	int rc = client_send(b->client, &request, "application/octet-stream, application/json;q=0.5, */*;q=0.1", &sink, &answer);
	progress_end();
	if (rc == 0 && answer.status != 200)
		rc = complain_answer(b->arena, answer.status, answer.type, answer.body.data, answer.body.len);
	else if (rc == 0 && !is_backup(b->head, b->head_len))
		rc = complain(CTL_REFUSED, "the server's answer is not a database");
	buf_free(&answer.body);
	buf_free(&request);
	return rc;
}

int command_backup(struct client *c, struct arena *a, const struct options *o, const char *database, const char *file)
{
	struct backup backup = { .client = c, .arena = a, .options = o, .database = database };
	const struct output_options options = { .force = o->force, .mode = 0600 };
	return output_write(a, file, &options, fetch, &backup);
}
