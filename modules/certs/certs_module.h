/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/certs_module.h
 * \brief What the files of the module share: its state, and the handlers.
 */
#ifndef CERTS_CERTS_MODULE_H
#define CERTS_CERTS_MODULE_H

#include "certificate.h"
#include "key_file.h"

#include <lyre/lyre.h>

#include <pthread.h>

/** Longest name of a certificate, bytes: its key's file has it, with an ending. */
#define NAME_LENGTH_MAX 240
/** Certificates of the table. */
#define RECORDS_MAX 1000

/** The module, from start() to stop(). */
struct certs {
	lyre_instance *self;
	char folder[3072];   /**< of private keys */
	char node[256];      /**< this node's name, a host */
	char authority[300]; /**< name of its authority */
	/** of the table, the key files and the configured files, while they are read and changed together */
	pthread_mutex_t lock;
};
extern struct certs certs;

/** Seconds since the epoch. */
int64_t certs_now(void);

/** As lyre_fail(), with "what why"; if that is about a lack of memory, as lyre_fail_no_memory(). */
int certs_fail(lyre_call *call, int code, const char *what, const char *why);

/* The handlers. They run on the pool. */
int certs_add(lyre_call *call);
int certs_remove(lyre_call *call);
int certs_list(lyre_call *call);
int certs_renew(lyre_call *call);

/* own_certificates.c */

/** Makes the authority and the certificate of this node if the table is empty. With the lock held. */
int own_certificates_first(lyre_call *call);

#endif
