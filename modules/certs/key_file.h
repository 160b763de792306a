/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/key_file.h
 * \brief The keys folder: files with mode 0600, each written whole or not at all.
 *
 * A new key is first kept next to the one that it will replace, as NAME.new, and takes its place when the certificate is
 * stored: between the two, whichever fits the certificate is the right one. Functions that fail say why in \p why. They block.
 */
#ifndef CERTS_KEY_FILE_H
#define CERTS_KEY_FILE_H

#include "certificate.h"

/** Longest name of a key file, without room for ".new". */
#define KEY_NAME_MAX 250

/** Writes the key to NAME.new, and makes the folder where it is missing. */
bool key_file_prepare(const char *folder, const char *name, const char *pem, char why[CERTIFICATE_WHY_MAX]);
/** Puts NAME.new in the place of NAME. */
bool key_file_publish(const char *folder, const char *name, char why[CERTIFICATE_WHY_MAX]);
/** Removes NAME.new, if there is one. */
void key_file_discard(const char *folder, const char *name);
/** \return whether there is none any more */
bool key_file_remove(const char *folder, const char *name, char why[CERTIFICATE_WHY_MAX]);
bool key_file_exists(const char *folder, const char *name);

/** The key in a file, or in NAME.new with \p fresh. \return whether there is a key, that of \p c unless it is NULL */
bool key_file_read(const char *folder, const char *name, bool fresh, const struct certificate *c, struct private_key *ret,
	char why[CERTIFICATE_WHY_MAX]);
/** Completes what a crash has interrupted: NAME.new takes its place if it is the key of \p c, else it is removed. */
void key_file_recover(const char *folder, const char *name, const struct certificate *c);
/** Looks for the key of \p c among the files. \return whether it was found, with its name; else \p why tells of a lack of memory, too */
bool key_file_find(const char *folder, const struct certificate *c, char name[KEY_NAME_MAX + 1], char why[CERTIFICATE_WHY_MAX]);

/** The contents of a file of at most \p max bytes. \return NUL-terminated, for secret_free(); NULL with errno */
char *pem_read(const char *path, size_t max, size_t *len);

#endif
