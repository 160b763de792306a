/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/serving.h
 * \brief What the TLS listeners serve: made of the configuration and the table, and handed over.
 */
#ifndef CERTS_SERVING_H
#define CERTS_SERVING_H

#include "configured.h"
#include "certificate_records.h"

/** How a change would leave the table, before it is stored. */
struct serving_change {
	const char *name;                      /**< of the record that changes */
	const struct record *record;           /**< that takes its place; NULL: it goes */
	const struct certificate *certificate; /**< of record */
	const struct private_key *key;         /**< of record; NULL: it has none */
};

/** Where a certificate is in use, or-ed. */
enum {
	SERVED = 1, /**< by the TLS listener of the operations API */
	TRUSTED = 2 /**< to verify client certificates */
};

/** Reads the settings and, as far as they can be read, the files. \return 0, or what lyre_start_fail() returned */
int serving_open(lyre_instance *self);
void serving_close(void);

/**
 * Hands everything over to the listeners, if there are any, as it would be after \p change, unless that is NULL. With
 * certs.lock held, and the rights of the server. On failure they go on with what they have.
 */
int serving_hand_over(lyre_call *call, const struct record_list *records, const struct serving_change *change);

/** Reads the files of the configuration again, and hands everything over. With certs.lock held. \param log  failures, too */
int serving_reload(lyre_call *call, bool log);
/** Whether files of the configuration could not be read last time. */
bool serving_is_failing(void);
/** Calls \p visit with the path of each file of the configuration. */
void serving_each_path(void (*visit)(void *arg, const char *path), void *arg);

/** Where the certificate with this name is in use. \param configured  it is the configuration's */
unsigned serving_uses(const char *name, bool configured);
/** The certificates of the configuration, with certs.lock held but for its CRLs. */
struct configuration *serving_configuration(void);

/* ---- expiry (expiry.c) ---- */

/** A certificate in use, where there is a listener. */
struct in_use {
	char *name;
	int64_t from, to;
	unsigned uses;
	bool configured;
	unsigned logged; /**< steps towards its expiry that were logged */
};
/** Takes the list over, and its names. */
void expiry_set(struct in_use *list, size_t count);
/** Logs which certificates expire soon, each one 30, 7 and 1 days before. \return seconds until something changes */
int64_t expiry_check(lyre_instance *self);
/** Of lyre_metric_add(). */
void expiry_report(lyre_instance *self, void (*take)(void *arg, const char *label_value, double value), void *arg);
/** Logs which CRLs are overdue: when they are read, and once a day. \return seconds until the next one is; INT64_MAX: never */
int64_t overdue_check(lyre_instance *self);
/** Of lyre_metric_add(). */
void overdue_report(lyre_instance *self, void (*take)(void *arg, const char *label_value, double value), void *arg);
unsigned expiry_uses(const char *name, bool configured);

#endif
