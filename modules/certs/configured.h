/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/configured.h
 * \brief The sections tls, operationsApi.tls and mtls of the configuration, and the files that they name.
 *
 * Functions that fail say why in \p why. They block.
 */
#ifndef CERTS_CONFIGURED_H
#define CERTS_CONFIGURED_H

#include "certs_module.h"

/** A certificate of the configuration. What was read is kept until it can be replaced by something valid. */
struct configured {
	char setting[48];              /**< "tls.0.certificate", for sentences */
	const char *certificate, *key; /**< paths */
	const char *host;              /**< NULL: those in the certificate */
	char *name;                    /**< its CN or host; NULL: nothing was read yet, as for the members below */
	char *chain, *key_text;        /**< PEM */
	char **hosts;
	int64_t from, to;
	bool failing; /**< the files are invalid now, which has been logged */
};

/** A file with certificate revocation lists (CRLs). */
struct revocation_file {
	const char *path;
	_Atomic int64_t due; /**< when it is to be replaced, s since the epoch; INT64_MAX: never, or it was not read yet */
	/* of the thread that watches the files */
	int64_t logged, logged_due; /**< when it was last said to be overdue; 0: never; and the due date that was meant */
};

/** All of it. Texts that are settings live until stop(). */
struct configuration {
	struct configured *items;
	size_t count;
	const char **authorities; /**< paths */
	struct revocation_file *revoked;
	size_t authority_count, revoked_count;
	const char *ciphers; /**< NULL: the default */
	bool client_wanted, client_required;
	const char *user; /**< as in struct lyre_tls */
};

/** Reads the settings, not the files. */
bool configuration_open(lyre_instance *self, struct configuration *ret, char why[CERTIFICATE_WHY_MAX]);
void configuration_close(struct configuration *c);
/** Reads the files of a certificate. On failure what was read before stays. */
bool configured_load(struct configured *c, char why[CERTIFICATE_WHY_MAX]);
/** The texts of all files with authorities; NULL if there are none. \param[out] ret  for free() */
bool configuration_authorities(const struct configuration *c, char **ret, char why[CERTIFICATE_WHY_MAX]);
/**
 * The same of the files with CRLs.
 * \param authorities  what configuration_authorities() has read: each list must be signed by one of them, and not only by one of
 *                     the table, so that whether the server will start can be said without the table
 */
bool configuration_revoked(const struct configuration *c, const char *authorities, char **ret, char why[CERTIFICATE_WHY_MAX]);
/** Whether all files can be used. */
bool configuration_check(struct configuration *c, char why[CERTIFICATE_WHY_MAX]);
/** What listeners get of it, except for certificates, authorities and CRLs. */
struct lyre_tls configuration_tls(const struct configuration *c);
/**
 * Whether listeners would take it, as far as that can be said without the table: with a certificate that is made for this if
 * it has none. \return 0, or what lyre_start_fail() returned
 */
int configuration_try(lyre_instance *self, const struct configuration *c);

#endif
