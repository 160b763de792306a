/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/host.h
 * \brief What the core passes to a module: a table of functions for each of the other headers.
 *
 * Modules call the inline functions of the other headers, which document them; each header begins with its table. New
 * functions are added at the end of their table, new tables at the end of struct lyre_host, and both raise the minor. A
 * module built for a lower minor never reads past what it knows. To use a newer function where it is available, check
 * LYRE_HAS() first.
 */
#ifndef LYRE_HOST_H
#define LYRE_HOST_H

#include <stdarg.h>

#include <lyre/types.h>

LYRE_BEGIN_DECLS

struct lyre_module_api;
struct lyre_value_api;
struct lyre_call_api;
struct lyre_store_api;
struct lyre_job_api;
struct lyre_user_api;
struct lyre_server_api;
struct lyre_tls_api;
struct lyre_task_api;
struct lyre_page_api;
struct lyre_event_api;

struct lyre_host {
	uint32_t size; /**< of the host's struct */
	uint16_t abi_major;
	uint16_t abi_minor;
	const char *version; /**< of the server */

	const struct lyre_module_api *module;
	const struct lyre_value_api *value;
	const struct lyre_call_api *call;
	const struct lyre_store_api *store;
	const struct lyre_job_api *job;
	const struct lyre_user_api *user;
	const struct lyre_server_api *server;
	const struct lyre_tls_api *tls;
	const struct lyre_task_api *task;
	const struct lyre_page_api *page;
	const struct lyre_event_api *event;
};

/** The host: one pointer per module, set by the core before start(). */
extern LYRE_HIDDEN const struct lyre_host *lyre_host;

/** \return whether the host's table for a header has \p function: LYRE_HAS(store, write_wait). */
#define LYRE_HAS(table, function)                                                           \
	(lyre_host->size >= offsetof(struct lyre_host, table) + sizeof(lyre_host->table) && \
		lyre_host->table->size >= offsetof(struct lyre_##table##_api, function) + sizeof(lyre_host->table->function))

LYRE_END_DECLS

#endif
