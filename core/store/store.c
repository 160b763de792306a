/* SPDX-License-Identifier: Apache-2.0 */
/* The folder and its databases. */
#include "base/folder.h"
#include "log/log.h"
#include "store/ballast.h"
#include "store/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the list; with the lock held by the caller ---- */

static size_t position_of(const struct store *s, const char *name, bool *found)
{
	size_t low = 0, high = s->count;
	*found = false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(s->databases[middle]->name, name);
		if (!order) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int list_add(struct store *s, struct database *db, struct err *e)
{
	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		struct database **databases = realloc(s->databases, cap * sizeof *databases);
		if (!databases)
			return err_nomem(e);
		s->databases = databases;
		s->cap = cap;
	}
	bool found;
	size_t i = position_of(s, db->name, &found);
	if (found)
		return err_set(e, LYRE_EEXISTS, "database '%s' already exists", db->name);
	memmove(&s->databases[i + 1], &s->databases[i], (s->count - i) * sizeof *s->databases);
	s->databases[i] = db;
	s->count++;
	db->upkeep = &s->upkeep;
	upkeep_at(&s->upkeep, db->writer.due);
	return 0;
}

struct database *store_after(const struct store *s, const struct database *last)
{
	bool found = false;
	size_t i = last ? position_of(s, last->name, &found) : 0;
	i += found;
	return i < s->count ? s->databases[i] : NULL;
}

static void list_remove(struct store *s, const struct database *db)
{
	bool found;
	size_t i = position_of(s, db->name, &found);
	if (!found)
		return;
	s->count--;
	memmove(&s->databases[i], &s->databases[i + 1], (s->count - i) * sizeof *s->databases);
}

/* The path of a file in the folder; malloc'ed. */
static char *file_of(const struct store *s, const char *name)
{
	char file[FILE_NAME_MAX + 8];
	name_to_file(name, file);
	char *path;
	return asprintf(&path, "%s/%s", s->path, file) < 0 ? NULL : path;
}

/* ---- opening ---- */

/* Two servers in one folder would not know of each other's tables. */
static int lock_folder(struct store *s, struct err *e)
{
	char *file;
	if (asprintf(&file, "%s/.lock", s->path) < 0)
		return err_nomem(e);
	int rc = 0;
	s->lock_file = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_file < 0)
		rc = err_errno(e, errno, "open", file);
	else if (flock(s->lock_file, LOCK_EX | LOCK_NB))
		rc = errno == EWOULDBLOCK ? err_set(e, LYRE_EBUSY, "another server uses the folder '%s'", s->path) :
					    err_errno(e, errno, "lock", file);
	free(file);
	return rc;
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);
	return len > n && !strcmp(s + len - n, suffix);
}

/* A database that cannot be opened reserves its name, so that it is not overwritten. */
static int open_file(struct store *s, const char *entry, struct err *e)
{
	bool hashed = false;
	struct err why = { 0 };
	char *path = NULL;
	struct database *db = NULL;
	char *name = NULL;
	int rc = file_to_name(entry, &hashed, &name);
	if (rc)
		return rc == LYRE_ENOMEM ? err_nomem(e) : 0;
	if (asprintf(&path, "%s/%s", s->path, entry) < 0) {
		path = NULL;
		rc = err_nomem(e);
		goto out;
	}
	rc = database_open(&db, &s->options, hashed ? NULL : name, path, &why);
	if (rc == LYRE_ENOMEM || rc == LYRE_EBUSY) {
		*e = why; /* a fault of the machine, not of the file: it may open at a later start */
		goto out;
	}
	if (rc) {
		if (strcmp(name, SYSTEM_DATABASE)) /* without this database the server does not start, and reports this message */
			log_error("store", "%s; the other databases are served", why.text);
		db = database_failed(&s->options, name, path, &why);
		if (!db) {
			rc = err_nomem(e);
			goto out;
		}
	}
	rc = list_add(s, db, e);
	if (rc) {
		if (rc == LYRE_EEXISTS) {
			log_error("store", "ignoring %s: another file already holds database '%s'", path, db->name);
			rc = 0;
		}
		database_close(db);
		database_unref(db);
	}
out:
	free(path);
	free(name);
	return rc;
}

static int open_files(struct store *s, struct err *e)
{
	DIR *folder = opendir(s->path);
	if (!folder)
		return err_errno(e, errno, "open", s->path);
	int rc = 0;
	struct dirent *d;
	while (!rc && (d = readdir(folder))) {
		if (has_suffix(d->d_name, ".mdb.new") || has_suffix(d->d_name, ".mdb.new-lock"))
			(void)unlinkat(dirfd(folder), d->d_name, 0); /* left by an interrupted creation */
		else if (has_suffix(d->d_name, ".mdb"))
			rc = open_file(s, d->d_name, e);
	}
	closedir(folder);
	return rc;
}

static int make_system(struct store *s, struct err *e)
{
	bool found;
	size_t i = position_of(s, SYSTEM_DATABASE, &found);
	if (!found)
		return store_create_database(s, SYSTEM_DATABASE, e);
	const struct err *why = s->databases[i]->failure;
	return why ? err_set(e, why->code, "%s", why->text) : 0;
}

int store_open(struct store **ret, const struct store_options *o, struct err *e)
{
	struct store *s = calloc(1, sizeof *s);
	if (!s)
		return err_nomem(e);
	guard_install();
	s->options = *o;
	(void)store_hold(); /* from here on, jumps of the clock are detected */
	s->lock_file = s->folder = -1;
	pthread_mutex_init(&s->changes, NULL);
	pthread_mutex_init(&s->uploads_lock, NULL);
	rwlock_init(&s->lock);
	upkeep_init(&s->upkeep);
	s->path = strdup(o->path);
	s->node = strdup(o->node ? o->node : "");
	int rc = s->path && s->node ? 0 : err_nomem(e);
	if (!rc) {
		s->options.path = s->path;
		s->options.node = s->node;
		rc = folder_make(s->path, 0700, e);
	}
	if (!rc && (s->folder = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		rc = err_errno(e, errno, "open", s->path);
	if (!rc && !(rc = lock_folder(s, e))) {
		s->options.folder = s->folder;
		s->options.listener = &s->listener;
		s->options.ballast = ballast_open(s->folder, s->path, o->reserve);
		rc = open_files(s, e);
	}
	if (!rc)
		rc = make_system(s, e);
	if (!rc)
		rc = upkeep_start(s, e);
	if (rc)
		store_close(s);
	else
		*ret = s;
	return rc;
}

void store_listen(struct store *s, void (*notice)(void *arg, const struct store_change *change), void *arg)
{
	s->listener.arg = arg;
	atomic_store(&s->listener.notice, notice);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	upkeep_stop(&s->upkeep);
	for (size_t i = 0; i < s->count; i++) {
		database_close(s->databases[i]);
		database_unref(s->databases[i]);
	}
	free(s->databases);
	ballast_close(s->options.ballast);
	if (s->folder >= 0)
		close(s->folder);
	if (s->lock_file >= 0)
		close(s->lock_file);
	upkeep_free(&s->upkeep);
	rwlock_destroy(&s->lock);
	pthread_mutex_destroy(&s->changes);
	pthread_mutex_destroy(&s->uploads_lock);
	free(s->path);
	free(s->node);
	free(s);
}

/* ---- databases ---- */

int store_database(struct store *s, const char *name, struct database **ret, struct err *e)
{
	bool found;
	int rc = 0;
	rwlock_read(&s->lock);
	size_t i = position_of(s, name, &found);
	if (!found)
		rc = err_set(e, LYRE_ENOTFOUND, "database '%s' does not exist", name);
	else if (s->databases[i]->failure)
		rc = err_set(e, s->databases[i]->failure->code, "%s", s->databases[i]->failure->text);
	else
		*ret = database_ref(s->databases[i]);
	rwlock_read_end(&s->lock);
	return rc;
}

static int compare_ages(const void *x, const void *y)
{
	struct database *const *a = x, *const *b = y;
	if ((*a)->created != (*b)->created)
		return (*a)->created < (*b)->created ? -1 : 1;
	return strcmp((*a)->name, (*b)->name);
}

int store_databases(struct store *s, struct arena *a, struct database ***ret, size_t *count, struct err *e)
{
	size_t n = 0;
	rwlock_read(&s->lock);
	struct database **all = ARENA_ARRAY(a, struct database *, s->count + 1);
	for (size_t i = 0; all && i < s->count; i++)
		if (!s->databases[i]->failure && !s->databases[i]->broken)
			all[n++] = database_ref(s->databases[i]);
	rwlock_read_end(&s->lock);
	if (!all)
		return err_nomem(e);
	if (n)
		qsort(all, n, sizeof *all, compare_ages);
	*ret = all;
	*count = n;
	return 0;
}

int store_failed_databases(struct store *s, struct arena *a, struct failed_database **ret, size_t *count, struct err *e)
{
	size_t n = 0;
	bool failed = false;
	rwlock_read(&s->lock);
	struct failed_database *all = ARENA_ARRAY(a, struct failed_database, s->count + 1);
	for (size_t i = 0; all && i < s->count; i++) {
		struct err why = { .code = 0 };
		struct database *db = s->databases[i];
		if (db->failure)
			why = *db->failure;
		else if (!database_usable(db, &why))
			(void)database_present(db, &why);
		if (!why.code)
			continue;
		all[n].name = arena_strndup(a, db->name, strlen(db->name));
		all[n].why = arena_strndup(a, why.text, strlen(why.text));
		failed = failed || !all[n].name || !all[n].why;
		n++;
	}
	rwlock_read_end(&s->lock);
	if (!all || failed)
		return err_nomem(e);
	*ret = all;
	*count = n;
	return 0;
}

/* Whether the name is free, also on disk. With the lock of changes held. */
static int check_free(struct store *s, const char *name, const char *file, struct err *e)
{
	bool found;
	rwlock_read(&s->lock);
	size_t i = position_of(s, name, &found);
	const struct err *why = found ? s->databases[i]->failure : NULL;
	rwlock_read_end(&s->lock);
	if (why)
		return err_set(e, LYRE_EEXISTS, "database '%s' already exists, but cannot be used: %s", name, why->text);
	struct stat st;
	if (found || !lstat(file, &st))
		return err_set(e, LYRE_EEXISTS, "database '%s' already exists", name);
	return 0;
}

static int open_and_add(struct store *s, const char *name, const char *file, struct err *e)
{
	struct database *db;
	int rc = database_open(&db, &s->options, name, file, e);
	if (rc)
		return rc;
	rwlock_write(&s->lock);
	rc = list_add(s, db, e);
	rwlock_write_end(&s->lock);
	if (rc) {
		database_close(db);
		database_unref(db);
	}
	return rc;
}

/*
 * Flushes created, renamed or removed names to the disk. The folder stays open, so that this does not fail for lack of a
 * descriptor.
 */
static int sync_folder(const struct store *s, struct err *e)
{
	return fsync(s->folder) ? err_errno(e, errno, "sync", s->path) : 0;
}

/* Removes the file \p path in the folder, and its lock file; needs no heap, so that nothing is left behind when memory is short. */
static int remove_files(const struct store *s, const char *path, struct err *e)
{
	char lock[NAME_MAX + 8];
	const char *file = strrchr(path, '/') + 1;
	if (unlinkat(s->folder, file, 0) && errno != ENOENT)
		return err_errno(e, errno, "remove", path);
	snprintf(lock, sizeof lock, "%s-lock", file);
	(void)unlinkat(s->folder, lock, 0);
	return 0;
}

int store_create_database(struct store *s, const char *name, struct err *e)
{
	pthread_mutex_lock(&s->changes);
	char *file = file_of(s, name);
	int rc = file ? check_free(s, name, file, e) : err_nomem(e);
	if (!rc && !ballast_regain(s->options.ballast))
		rc = err_set(e, LYRE_ENOSPACE, "cannot create database '%s': No space left on device", name);
	if (!rc)
		rc = database_make_file(&s->options, name, file, e);
	if (!rc && ((rc = sync_folder(s, e)) || (rc = open_and_add(s, name, file, e)))) {
		struct err ignored;
		(void)remove_files(s, file, &ignored);
	}
	free(file);
	pthread_mutex_unlock(&s->changes);
	return rc;
}

int store_adopt(struct store *s, const char *name, const char *from, struct err *e)
{
	pthread_mutex_lock(&s->changes);
	char *file = file_of(s, name);
	int rc = file ? check_free(s, name, file, e) : err_nomem(e);
	if (!rc && rename(from, file))
		rc = err_errno(e, errno, "restore", from);
	else if (!rc && ((rc = sync_folder(s, e)) || (rc = open_and_add(s, name, file, e)))) {
		struct err ignored;
		(void)remove_files(s, file, &ignored);
	}
	free(file);
	pthread_mutex_unlock(&s->changes);
	if (!rc)
		tell_of_reset(&s->options, name, NULL);
	return rc;
}

int store_drop_database(struct store *s, const char *name, struct err *e)
{
	if (!strcmp(name, SYSTEM_DATABASE))
		return err_set(e, LYRE_EDENIED, SYSTEM_CLOSED);
	struct database *db;
	pthread_mutex_lock(&s->changes);
	int rc = store_database(s, name, &db, e);
	bool was = !rc;
	if (was) {
		rwlock_write(&s->lock);
		list_remove(s, db);
		rwlock_write_end(&s->lock);
		database_close(db);
		rc = remove_files(s, db->file, e);
		struct err ignored;
		if (rc)
			(void)open_and_add(s, name, db->file, &ignored); /* the file still exists */
		else
			rc = sync_folder(s, e);
		database_unref(db);
		database_unref(db);
	}
	pthread_mutex_unlock(&s->changes);
	if (was)
		tell_of_reset(&s->options, name, NULL);
	return rc;
}
