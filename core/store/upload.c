/* SPDX-License-Identifier: Apache-2.0 */
#include "store/upload.h"

#include "base/file.h"
#include "base/text.h"
#include "store/ballast.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Random bytes in a name. */
#define CHANCE 6

struct upload {
	struct upload *next; /* in the store's list; protected by uploads_lock, like database */
	char *database;      /* the database that it will become; NULL: unknown */
	struct store *store;
	char *path;
	int fd; /* -1: not created yet */
	uint64_t size, came;
	bool whole;
};

struct upload *upload_new(struct store *s, uint64_t size)
{
	unsigned char chance[CHANCE];
	char text[2 * CHANCE + 1];
	struct upload *u = calloc(1, sizeof *u);
	if (!u)
		return NULL;
	random_bytes(chance, sizeof chance);
	hex_text(text, chance, sizeof chance);
	if (asprintf(&u->path, "%s/.upload-%s.mdb.new", s->path, text) < 0) {
		free(u);
		return NULL;
	}
	u->store = s;
	u->fd = -1;
	u->size = size;
	pthread_mutex_lock(&s->uploads_lock);
	u->next = s->uploads;
	s->uploads = u;
	pthread_mutex_unlock(&s->uploads_lock);
	return u;
}

const char *upload_path(const struct upload *u)
{
	return u->path;
}

uint64_t upload_came(const struct upload *u)
{
	return u->came;
}

uint64_t upload_expected(const struct upload *u)
{
	return u->whole ? u->came : u->size;
}

bool upload_whole(const struct upload *u)
{
	return u->whole;
}

/* ---- room ---- */

/* On a full disk nothing is added until the reserved space is back. */
static int check_reserve(const struct store *s, struct err *e)
{
	struct ballast *ballast = s->options.ballast;
	if (!ballast_is_out(ballast) || ballast_regain(ballast))
		return 0;
	return err_set(e, LYRE_ENOSPACE, "cannot store the uploaded file in %s: No space left on device", s->path);
}

static int check_room(const struct upload *u, uint64_t more, struct err *e)
{
	const struct store *s = u->store;
	uint64_t max = s->options.max_size, room = store_room(s);
	if (max && (more > max || u->came > max - more))
		return err_set(e, LYRE_ENOSPACE,
			"the uploaded file is larger than a database may be: storage.maxSize is %" PRIu64 " bytes", max);
	if (room && more <= room)
		return 0;
	return err_set(e, LYRE_ENOSPACE, "the uploaded file has %" PRIu64 " bytes or more, and there is room for %" PRIu64 " in %s",
		u->came + more, u->came + room, s->path);
}

int upload_look(const struct upload *u, struct err *e)
{
	int rc = check_reserve(u->store, e);
	return rc ? rc : check_room(u, u->size == UPLOAD_SIZE_UNKNOWN ? 0 : u->size, e);
}

/* ---- the file ---- */

static int make_file(struct upload *u, struct err *e)
{
	u->fd = open(u->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return u->fd < 0 ? err_errno(e, errno, "make", u->path) : 0;
}

int upload_write(struct upload *u, const void *bytes, size_t len, bool whole, struct err *e)
{
	int rc = u->fd < 0 ? make_file(u, e) : 0;
	if (!rc)
		rc = check_reserve(u->store, e);
	if (!rc)
		rc = check_room(u, len, e);
	if (rc)
		return rc;
	int code = file_write(u->fd, bytes, len);
	if (code)
		return err_errno(e, code, "write", u->path);
	u->came += len;
	u->whole = whole;
	return 0;
}

void upload_discard(struct upload *u)
{
	struct store *s = u->store;
	pthread_mutex_lock(&s->uploads_lock);
	struct upload **at = &s->uploads;
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	pthread_mutex_unlock(&s->uploads_lock);
	if (u->fd >= 0) {
		(void)unlink(u->path);
		close(u->fd);
	}
	free(u->database);
	free(u->path);
	free(u);
}

/* ---- restores ---- */

static bool is_taken(const struct upload *u, const char *name)
{
	for (const struct upload *other = u->store->uploads; other; other = other->next)
		if (other != u && other->database && strcmp(other->database, name) == 0)
			return true;
	return false;
}

int upload_take_name(struct upload *u, const char *name, struct err *e)
{
	char *copy = strdup(name);
	if (!copy)
		return err_nomem(e);
	pthread_mutex_lock(&u->store->uploads_lock);
	bool taken = is_taken(u, name);
	char *unused = taken ? copy : u->database;
	if (!taken)
		u->database = copy;
	pthread_mutex_unlock(&u->store->uploads_lock);
	free(unused);
	return taken ? err_set(e, LYRE_EBUSY, "a restore of database '%s' is in progress", name) : 0;
}
