/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/tls.h
 * \brief The certificates of the TLS listeners, from the module that manages them.
 *
 * The core performs the handshakes; a module supplies the certificates, all at once. They take
 * effect with the next handshake and close no connection. Until a module has done so, TLS listeners refuse handshakes.
 */
#ifndef LYRE_TLS_H
#define LYRE_TLS_H

#include <lyre/host.h>
#include <lyre/module.h>

LYRE_BEGIN_DECLS

struct lyre_tls;

/** The host's implementation of the functions in this header. */
struct lyre_tls_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*tls_available)(void);
	int (*tls_wanted)(lyre_instance *self);
	int (*tls_set)(lyre_call *call, const struct lyre_tls *tls);
	int (*tls_try)(lyre_instance *self, const struct lyre_tls *tls);
};

/** A certificate with its key. Grows at its end. */
struct lyre_tls_certificate {
	uint32_t size; /**< sizeof(struct lyre_tls_certificate) */
	uint32_t host_count;
	const char *name; /**< for errors and the log */
	/** PEM: the certificate itself, then those of the authorities that signed it, without the root */
	const char *chain;
	const char *key; /**< PEM, not encrypted */
	/**
	 * The names that clients ask for (SNI): "example.com", or "*.example.com" for any name with exactly one more label. Letter
	 * case does not matter.
	 */
	const char *const *hosts;
};

/** Whether clients are asked for a certificate. Grows at the end only. */
enum lyre_tls_client {
	LYRE_TLS_CLIENT_NONE = 0,
	LYRE_TLS_CLIENT_WELCOME = 1, /**< a client may send a certificate, which must be valid; without one it signs in as usual */
	LYRE_TLS_CLIENT_REQUIRED = 2 /**< clients without a valid certificate are refused */
};

/**
 * What the TLS listeners use. Everything is copied; the copies of keys are erased when they are no longer used. Grows at its
 * end.
 */
struct lyre_tls {
	uint32_t size;   /**< sizeof(struct lyre_tls) */
	uint32_t client; /**< enum lyre_tls_client */
	/**
	 * Of struct lyre_tls_certificate, at least one. A name is looked up among the exact hosts, then among the
	 * wildcards; if neither has it, or the client sends no name, the first certificate is used. A certificate that
	 * has expired or is not valid yet comes last among those with the name. If several have it, the first whose key
	 * type the client supports is used: so one host can have an RSA and an ECDSA certificate.
	 */
	struct lyre_list certificates;
	const char *authorities; /**< PEM: certificates of the authorities that sign client certificates; NULL for none */
	/** PEM: their certificate revocation lists (CRLs); NULL for none. An overdue one is still used */
	const char *revoked;
	/** A priority string of GnuTLS, or OpenSSL names of cipher suites, separated by colons; NULL for the default. */
	const char *ciphers;
	/**
	 * Who is signed in by a valid client certificate: NULL for the user named by its common name, "" for nobody, or the name
	 * of a user. An Authorization header takes precedence.
	 */
	const char *user;
};

/** \return 1 if this build has TLS, else 0 */
static inline int lyre_tls_available(void)
{
	return lyre_host->tls->tls_available();
}

/** \return 1 if the server has a TLS listener, by its configuration or from the service manager, else 0 */
static inline int lyre_tls_wanted(lyre_instance *self)
{
	return lyre_host->tls->tls_wanted(self);
}

/**
 * Replaces everything that the TLS listeners use; on failure nothing changes. For calls of super_users and calls with the
 * rights of the server. May be called at any time, with or without a listener. Blocks.
 * \return 0; LYRE_EINVAL with a message that names the certificate: it or its key cannot be parsed, the key belongs to another
 *         certificate, a host is invalid, an authority or a CRL cannot be parsed or was not signed by an
 *         authority, a cipher is unknown or unsafe, there is no certificate; LYRE_ENOTSUP in a build without TLS;
 *         LYRE_EDENIED; LYRE_ENOMEM
 */
static inline int lyre_tls_set(lyre_call *call, const struct lyre_tls *tls)
{
	return lyre_host->tls->tls_set(call, tls);
}

/**
 * Checks whether lyre_tls_set() would succeed; changes nothing. For check() and start(). Blocks.
 * \return 0; as lyre_start_fail() with a message: what lyre_tls_set() would return
 */
static inline int lyre_tls_try(lyre_instance *self, const struct lyre_tls *tls)
{
	return lyre_host->tls->tls_try(self, tls);
}

LYRE_END_DECLS

#endif
