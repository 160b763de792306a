/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/testing.h
 * \brief A host in the process of a test: runs a module's handlers without a server. Not part of lyre.h, nor of the ABI.
 *
 * Compile the test with the module's source and with the C files in the folder that pkg-config --variable=testing lyre
 * prints. There is one fake host, with one module, for one thread.
 *
 * It has: arguments checked against their declaration (with texts of its own), values, answers, failures, settings, the log,
 * metrics, tables in memory (create, open, describe, drop; insert, update, upsert, delete; lookup by key; queries
 * without conditions and sort order), lyre_run(), routes, tasks and events on request. Continuations run as soon as the handler has
 * returned LYRE_PENDING; a job runs at once.
 *
 * It does not have: conditions, sort orders, select, types and time attributes of records, permissions (the caller may do
 * everything; see lyre_fake_user()), moments and readers, backups, the audit log, users and roles, TLS. Such a function fails
 * the call with LYRE_ENOTSUP and its name; one that cannot fail says so and ends the process. Test these against a real server.
 *
 * JSON that is passed in may have ' in place of ". Running out of memory, and a call that cannot be meant, such as an
 * operation that the module does not declare, end the process with a message.
 */
#ifndef LYRE_TESTING_H
#define LYRE_TESTING_H

#include <lyre/lyre.h>

LYRE_BEGIN_DECLS

/**
 * Starts the module, as the server does.
 * \param module    &lyre_module, the descriptor that LYRE_MODULE() defines
 * \param settings  JSON object of the settings that do not have their default, by their keys: "{'step': 5}"; those of the
 *                  server too: "{'/logging.auditLog': true}". NULL for none
 * \return 0, or what start() returned: then lyre_fake_failure() has the message, and stop() has been called
 */
int lyre_fake_start(const struct lyre_module *module, const char *settings);
/** Stops the module, and forgets its tables, its log and everything else. */
void lyre_fake_stop(void);

/**
 * Calls an operation.
 * \param arguments  JSON object; NULL for none
 * \return 0, or a negative LYRE_E…
 */
int lyre_fake_call(const char *operation, const char *arguments);
/** Calls a route with GET. */
int lyre_fake_get(const char *path);
/** \return the answer to the last call: JSON, or the text of lyre_reply_text(); {"error": …} if it failed. Until the next call. */
const char *lyre_fake_answer(void);
/** \return whether the answer to the last call is this JSON; the order of members does not matter. */
int lyre_fake_answered(const char *json);
/** \return the message of the last failure; "" if there was none. */
const char *lyre_fake_failure(void);

/** The caller from here on; "admin", a super_user, at first. */
void lyre_fake_user(const char *name, int super_user);
/** Changes a setting, as if it had been changed in the configuration; \p value is JSON. */
void lyre_fake_setting(const char *key, const char *value);
/** \return all lines of the module's log since lyre_fake_start(), each "level: text\n", with the level in lower case. */
const char *lyre_fake_log(void);
/** \return the value of a metric that the module has added; \p label_value NULL for one without a label. NAN if there is none. */
double lyre_fake_metric(const char *name, const char *label_value);

LYRE_END_DECLS

#endif
