/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/token_key.c
 * \brief The key that signs tokens: a file of the server, created at its first start.
 */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BITS 2048
/* Larger than any key. */
#define KEY_FILE_MAX 65536

static void clear_datum(gnutls_datum_t *d)
{
	if (d->data)
		gnutls_memset(d->data, 0, d->size);
	gnutls_free(d->data);
	d->data = NULL;
}

/* The part of a path before its last name, "." if there is none. */
static void folder_of(const char *path, char out[PATH_MAX])
{
	const char *last = strrchr(path, '/');

	snprintf(out, PATH_MAX, "%.*s", last ? (int)(last - path) : 1, last ? path : ".");
}

/* A new name is on the disk only once its folder is synced. */
static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

static bool write_all(int fd, const gnutls_datum_t *d)
{
	for (size_t done = 0; done < d->size;) {
		ssize_t n = write(fd, d->data + done, d->size - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Under a temporary name first: an incomplete key would make every later start fail. */
static bool write_key(const char *path, const gnutls_datum_t *pem)
{
	char folder[PATH_MAX], temporary[PATH_MAX];
	bool right;
	int fd;

	folder_of(path, folder);
	if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (mkdir(folder, 0700) && errno != EEXIST)
		return false;
	if (unlink(temporary) && errno != ENOENT)
		return false;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	right = write_all(fd, pem) && !fsync(fd);
	if (close(fd))
		right = false;
	if (right && !rename(temporary, path) && !sync_folder(folder))
		return true;
	int why = errno;
	unlink(temporary);
	errno = why;
	return false;
}

static bool make_key(const char *path, char *why, size_t size)
{
	gnutls_x509_privkey_t key;
	gnutls_datum_t pem = { 0 };
	bool right = false;
	int rc = gnutls_x509_privkey_init(&key);

	if (rc >= 0) {
		rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, KEY_BITS, 0);
		if (rc >= 0)
			rc = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
		gnutls_x509_privkey_deinit(key);
	}
	if (rc < 0)
		snprintf(why, size, "Cannot create the token key: %s", gnutls_strerror(rc));
	else if (!(right = write_key(path, &pem)))
		snprintf(why, size, "Cannot write the token key to %s: %s.", path, strerror(errno));
	clear_datum(&pem);
	return right;
}

/* Reads the contents of the file; on failure errno says why. */
static bool read_key(int fd, gnutls_datum_t *ret)
{
	ret->data = gnutls_malloc(KEY_FILE_MAX);
	if (!ret->data) {
		errno = ENOMEM;
		return false;
	}
	while (ret->size < KEY_FILE_MAX) {
		ssize_t n = read(fd, ret->data + ret->size, KEY_FILE_MAX - ret->size);

		if (n < 0 && errno != EINTR)
			return false;
		if (!n)
			break;
		ret->size += n > 0 ? (unsigned)n : 0;
	}
	return true;
}

/* Makes a copy with a final NUL. */
static char *keep(const gnutls_datum_t *d, size_t *size)
{
	char *s = malloc(d->size + 1);

	if (s) {
		memcpy(s, d->data, d->size);
		s[d->size] = '\0';
		*size = d->size;
	}
	return s;
}

/* Exports both halves of a key as PEM again, whatever the form of the file. \return a GnuTLS code */
static int export_key(gnutls_x509_privkey_t x509, struct token_key *k)
{
	gnutls_datum_t private_pem = { 0 }, public_pem = { 0 };
	gnutls_privkey_t private_key = NULL;
	gnutls_pubkey_t public_key = NULL;
	int rc = gnutls_x509_privkey_export2(x509, GNUTLS_X509_FMT_PEM, &private_pem);

	if (rc >= 0)
		rc = gnutls_privkey_init(&private_key);
	if (rc >= 0)
		rc = gnutls_privkey_import_x509(private_key, x509, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_init(&public_key);
	if (rc >= 0)
		rc = gnutls_pubkey_import_privkey(public_key, private_key, 0, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_export2(public_key, GNUTLS_X509_FMT_PEM, &public_pem);
	if (rc >= 0) {
		k->private_pem = keep(&private_pem, &k->private_size);
		k->public_pem = keep(&public_pem, &k->public_size);
		if (!k->private_pem || !k->public_pem)
			rc = GNUTLS_E_MEMORY_ERROR;
	}
	if (public_key)
		gnutls_pubkey_deinit(public_key);
	if (private_key)
		gnutls_privkey_deinit(private_key);
	clear_datum(&private_pem);
	clear_datum(&public_pem);
	return rc;
}

static bool parse_key(const char *path, const gnutls_datum_t *text, struct token_key *k, char *why, size_t size)
{
	static const char hint[] = "Restore it, or remove it to create a new one, which invalidates all tokens";
	gnutls_x509_privkey_t x509;
	unsigned bits = 0;
	int kind = GNUTLS_PK_UNKNOWN, rc = gnutls_x509_privkey_init(&x509);

	if (rc >= 0) {
		rc = gnutls_x509_privkey_import2(x509, text, GNUTLS_X509_FMT_PEM, NULL, 0);
		if (rc >= 0)
			kind = gnutls_x509_privkey_get_pk_algorithm2(x509, &bits);
		if (kind == GNUTLS_PK_RSA && bits >= KEY_BITS)
			rc = export_key(x509, k);
		gnutls_x509_privkey_deinit(x509);
	}
	if (rc < 0) /* GnuTLS's messages end with a period */
		snprintf(why, size, "The token key, %s, is not a PEM key without a password: %s %s.", path, gnutls_strerror(rc),
			hint);
	else if (kind != GNUTLS_PK_RSA || bits < KEY_BITS)
		snprintf(why, size, "The token key, %s, is not an RSA key of at least %d bits. %s.", path, KEY_BITS, hint);
	return k->private_pem && k->public_pem;
}

struct token_key *token_key_open(const char *path, char *why, size_t size)
{
	gnutls_datum_t text = { 0 };
	struct token_key *k = calloc(1, sizeof *k);
	struct stat st;
	int fd;

	*why = '\0';
	if (!k) {
		snprintf(why, size, "Out of memory.");
		return NULL;
	}
	/* O_NONBLOCK: a named pipe in its place must not block the start. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		if (!make_key(path, why, size))
			goto fail;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0 || fstat(fd, &st) || !read_key(fd, &text)) {
		snprintf(why, size, "The token key, %s, cannot be read: %s.", path, strerror(errno));
		goto fail;
	}
	if (!parse_key(path, &text, k, why, size))
		goto fail;
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		snprintf(why, size,
			"The token key, %s, is accessible to users other than its owner: anyone who has read it can "
			"sign in as any user. Set its mode to 600; or remove it and restart, to create a new one.",
			path);
	clear_datum(&text);
	close(fd);
	return k;
fail:
	clear_datum(&text);
	if (fd >= 0)
		close(fd);
	token_key_close(k);
	return NULL;
}

void token_key_close(struct token_key *k)
{
	if (!k)
		return;
	if (k->private_pem)
		gnutls_memset(k->private_pem, 0, k->private_size);
	free(k->private_pem);
	free(k->public_pem);
	free(k);
}
