/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/server.h
 * \brief The server itself: its configuration, its restart, its log, its metrics.
 *
 * Functions that take a call set its failure when they return a negative code. One marked "blocks" is for handlers that run
 * on the pool or as a job. All of them are for calls of super_users, or with the server's rights (lyre/user.h):
 * LYRE_EDENIED for others, whatever the operation declared.
 */
#ifndef LYRE_SERVER_H
#define LYRE_SERVER_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

struct lyre_setting_entry;
struct lyre_log_query;
struct lyre_log_entry;
struct lyre_metric;
struct lyre_route;

/** The functions of this header, as the host has them. */
struct lyre_server_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*configuration_reply)(lyre_call *call, int effective);
	int (*configuration_set)(lyre_call *call, const lyre_value *settings, int unknown);

	int (*restart)(lyre_call *call);
	int (*restart_workers)(lyre_call *call);

	int (*log_read)(lyre_call *call, const struct lyre_log_query *query,
		int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg);

	int (*metrics)(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg);

	int (*route_add)(lyre_instance *self, const struct lyre_route *route);

	int (*settings)(lyre_call *call, int (*visit)(void *arg, const struct lyre_setting_entry *entry), void *arg);
};

/* ---- configuration ---- */

/**
 * Answers the whole configuration as a tree; secrets are null. Blocks.
 * \param effective  0: as the file has it by now, with what stands over it, which is what a restart brings; where the file
 *                   cannot be read, and else: the values that are in effect
 * \return 0, LYRE_ENOMEM
 */
static inline int lyre_configuration_reply(lyre_call *call, int effective)
{
	return lyre_host->server->configuration_reply(call, effective);
}

/**
 * Changes settings in the configuration file; all, or none when one is refused. What stands around them in the file stays
 * as it is: comments, order, spacing. A crash leaves the old file or the new one. Those that can take effect at once do,
 * the rest does at the restart. Blocks.
 * \param settings  an object; each member's name is a path with _ or . between its parts, in any letter case
 *                  (operationsApi_network_port); what names no setting is passed over when \p unknown is 0, unless it is nearly
 *                  one or of a module
 * \return 0; LYRE_EINVAL with the setting and the rule it breaks, or with what is wrong in the file; LYRE_ENOTSUP when there
 *         is no file that could be changed; LYRE_ECONFLICT when somebody else changes it at the same time; LYRE_EIO,
 *         LYRE_ENOSPACE
 */
static inline int lyre_configuration_set(lyre_call *call, const lyre_value *settings, int unknown)
{
	return lyre_host->server->configuration_set(call, settings, unknown);
}

/** What it takes for a changed setting to be in effect. Grows at its end only. */
enum lyre_setting_effect {
	LYRE_EFFECT_RESTART = 0,   /**< lyre_restart() */
	LYRE_EFFECT_LISTENERS = 1, /**< that, or lyre_restart_workers() */
	LYRE_EFFECT_AT_ONCE = 2,
	LYRE_EFFECT_NONE = 3       /**< it is known, but does nothing in this build */
};

/** A setting of the server or of a module that is loaded. Texts live until the visit returns. Grows at its end: read no more than its size. */
struct lyre_setting_entry {
	uint32_t size;
	uint32_t effect;      /**< enum lyre_setting_effect */
	const char *key;      /**< as in the configuration file: "operationsApi.network.port", "modules.data.x" */
	const char *wanted;   /**< what it must be: "a whole number from 1 to 1024, or null" */
	const char *fallback; /**< default, as it would stand in the file; NULL for null */
	const char *help;     /**< one line; NULL: none */
};

/** All settings that can be set, not what they are. \return 0, or what the first visit that is not 0 returned. */
static inline int lyre_settings(lyre_call *call, int (*visit)(void *arg, const struct lyre_setting_entry *entry), void *arg)
{
	return lyre_host->server->settings(call, visit, arg);
}

/* ---- restart ---- */

/**
 * Restarts the server once this call is answered: requests under way end, then the binary on the disk takes this
 * process's place, with the listening sockets, so that nobody is refused meanwhile. The configuration and the modules are
 * tried out before: LYRE_EINVAL says why they would not start, and nothing happens. LYRE_EBUSY when a restart or the end is
 * under way. Blocks.
 */
static inline int lyre_restart(lyre_call *call)
{
	return lyre_host->server->restart(call);
}

/**
 * Renews the listeners and the threads that serve connections, one after the other, while the store and the modules go on
 * and nobody is refused; settings of the listeners that changed in the file are in effect afterwards. LYRE_EBUSY as with
 * lyre_restart(). Blocks until it is done: for jobs.
 */
static inline int lyre_restart_workers(lyre_call *call)
{
	return lyre_host->server->restart_workers(call);
}

/* ---- the log ---- */

/** Which lines of the log. */
struct lyre_log_query {
	uint32_t size;      /**< sizeof(struct lyre_log_query) */
	uint32_t levels;    /**< bit 1 << enum lyre_log_level for each that is wanted; 0 for all */
	double from, until; /**< ms since the epoch, both included; NAN for no bound */
	uint64_t offset;    /**< lines that match and are passed over first */
	uint64_t limit;     /**< at the most so many */
	const char *filter; /**< a text that the message holds; NULL for any */
	int oldest_first;   /**< else the newest comes first */
	uint32_t reserved;  /**< 0 */
};

/** A line of the log. Texts live until the visit returns. Grows at its end: read no more than its size. */
struct lyre_log_entry {
	uint32_t size;
	uint32_t level;      /**< enum lyre_log_level */
	double time;         /**< ms since the epoch */
	const char *thread;  /**< "main", "http/1", "writer/dev" */
	const char *tag;     /**< which part of the server, or which module */
	const char *message;
};

/**
 * Reads the log's file, and the rotated ones before it, from its newest end in pieces; memory does not grow with the file.
 * Blocks.
 * \return 0, what the first visit that is not 0 returned, LYRE_ENOTSUP when the log has no file, LYRE_EIO
 */
static inline int lyre_log_read(lyre_call *call, const struct lyre_log_query *query,
	int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg)
{
	return lyre_host->server->log_read(call, query, visit, arg);
}

/* ---- metrics ---- */

/** What a metric is. Grows at the end only. */
enum lyre_metric_type {
	LYRE_COUNTER = 0,  /**< only grows, until the restart */
	LYRE_GAUGE = 1,
	LYRE_HISTOGRAM = 2 /**< value is the sum of what was observed, count how often */
};

/** One metric of the server at this moment. Texts live until the visit returns. Grows at its end. */
struct lyre_metric {
	uint32_t size;
	uint32_t type;           /**< enum lyre_metric_type */
	const char *name;        /**< words with _ between, the unit last, in base units: request_duration_seconds */
	const char *help;        /**< one line */
	const char *label;       /**< what tells metrics of one name apart: "operation"; NULL for none */
	const char *label_value; /**< UTF-8 */
	double value;
	uint64_t count;          /**< LYRE_HISTOGRAM: of observations */
	const double *bounds;    /**< LYRE_HISTOGRAM: upper bounds of the buckets, ascending */
	const uint64_t *buckets; /**< observations up to and with that bound, cumulative */
	uint32_t bucket_count;
	uint32_t reserved;
};

/**
 * Calls \p visit for every metric, all of one name in a row, until one returns non-zero. Short, does not block.
 * \return what the last visit returned
 */
static inline int lyre_metrics(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg)
{
	return lyre_host->server->metrics(call, visit, arg);
}

/* ---- routes ---- */

/** A path that a module answers, to GET and HEAD. */
struct lyre_route {
	uint32_t size;                   /**< sizeof(struct lyre_route) */
	uint32_t access;                 /**< enum lyre_access */
	const char *path;                /**< whole, begins with '/' */
	int (*handler)(lyre_call *call); /**< as an operation's; answers with lyre_reply_text(), or JSON */
	uint32_t run;                    /**< LYRE_RUN_INLINE or LYRE_RUN_POOL */
	uint32_t reserved;               /**< 0 */
};

/** Adds a route; in start() only. Nothing of \p route is kept but what it points to. \return 0, or lyre_start_fail()'s: the path is taken */
static inline int lyre_route_add(lyre_instance *self, const struct lyre_route *route)
{
	return lyre_host->server->route_add(self, route);
}

LYRE_END_DECLS

#endif
