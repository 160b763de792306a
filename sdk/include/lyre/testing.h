/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/testing.h
 * \brief A host in the process of a test: runs a module's handlers without a server. Not part of lyre.h, nor of the ABI.
 *
 * Compile the test with the module's source and with the C files in the folder that pkg-config --variable=testing lyre
 * prints. There is one fake host, with one module, for one thread.
 *
 * It has: arguments checked against their declaration (with texts of its own), values, answers, failures, settings, the log,
 * metrics, listeners, tables in memory (create, open, describe, drop; insert, update, upsert, delete; lookup by key; queries
 * without conditions and sort order), lyre_run(), routes and tasks on request. Continuations run as soon as the handler has
 * returned LYRE_PENDING; a job runs at once.
 *
 * It does not have: conditions, sort orders, select, types and time attributes of records, permissions (the caller may do
 * everything; see lyre_fake_user()), moments and readers, backups, the audit log, users and roles, TLS. Such a function fails
 * the call with LYRE_ENOTSUP and its name; one that cannot fail says so and ends the process. Test these against a real server.
 *
 * JSON that is passed in may have ' in place of ". Running out of memory, and what cannot be meant, end the process with a
 * message: an operation or a setting that the module does not declare, two answers or none, a function that blocks in a handler
 * on the connection's thread, and other mistakes. What the module declares is checked by lyred --check.
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
/** \return the module, as start() gets it: for functions that take it. */
lyre_instance *lyre_fake_instance(void);
/** Stops the module, and forgets its tables, its log and everything else. */
void lyre_fake_stop(void);

/**
 * Calls an operation.
 * \param arguments  JSON object; NULL for none
 * \return 0, or a negative LYRE_E…
 */
int lyre_fake_call(const char *operation, const char *arguments);
/**
 * Makes a request of a route.
 * \param method  enum lyre_method
 * \param target  the path, with the query string: "/greetings?name=Ann"
 * \param body    NULL for none
 * \return as lyre_fake_call()
 */
int lyre_fake_request(uint32_t method, const char *target, const char *body);
/** Adds a header to the next request of a route. */
void lyre_fake_header(const char *name, const char *value);
/** \return the status that the last request of a route has set with lyre_page_status(), 200 if none. */
int lyre_fake_status(void);
/** \return a header of the answer to the last request of a route; NULL if the handler added none of this name. */
const char *lyre_fake_answer_header(const char *name);
/**
 * Runs a task once. lyre_task_sleep() fails as if the server were stopping, so that a task that works all the time ends there.
 * \return 0, or a negative LYRE_E…, which is logged
 */
int lyre_fake_task(const char *name);
/**
 * Tells the listeners of an event. Those of writes here, of lyre_fake_setting() and of lyre_fake_stop() are told without this.
 */
void lyre_fake_event(const struct lyre_event *event);
/** \return whether the task has been woken since it last ran; the fake host does not run it by itself. */
int lyre_fake_woken(const char *name);
/** \return the answer to the last call: JSON, or the text of lyre_reply_text(); {"error": …} if it failed. Until the next call. */
const char *lyre_fake_answer(void);
/** \return whether the answer to the last call is this JSON; the order of members does not matter. */
int lyre_fake_answered(const char *json);
/** \return the message of the last failure; "" if there was none. */
const char *lyre_fake_failure(void);

/** Stops the clock: lyre_time_now() is \p ms, since the epoch, until the next call of this or lyre_fake_stop(). */
void lyre_fake_time(double ms);
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
