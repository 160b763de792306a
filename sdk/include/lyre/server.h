/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/server.h
 * \brief The server itself: its configuration, its restart, its log, its metrics.
 *
 * Functions that take a call set its failure when they return a negative code. A function marked "blocks" is for handlers
 * that run on the pool or as a job. All of them require a super_user or the server's rights (lyre/user.h) and otherwise fail
 * with LYRE_EDENIED, whatever the operation declared.
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
struct lyre_metric_source;

/** The host's implementation of the functions in this header. */
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

	int (*metric_add)(lyre_instance *self, const struct lyre_metric_source *source);
};

/* ---- configuration ---- */

/**
 * Answers with the whole configuration as a tree; secrets are null. Blocks.
 * \param effective  0: as after a restart: the file as it is now, with the overrides of environment and command line; the
 *                   values in effect if the file cannot be read. Non-zero: the values in effect
 * \return 0, LYRE_ENOMEM
 */
static inline int lyre_configuration_reply(lyre_call *call, int effective)
{
	return lyre_host->server->configuration_reply(call, effective);
}

/**
 * Changes settings in the configuration file: all of them, or none if one is invalid. The rest of the file stays as it is:
 * comments, order, spacing. A crash leaves either the old file or the new one. Live settings take effect at once, the others
 * after a restart. Blocks.
 * \param settings  an object; each member's name is a path with _ or . between its parts, in any letter case
 *                  (operationsApi_network_port)
 * \param unknown   0: unknown names are ignored, unless they resemble a setting or belong to a module; else they are refused
 * \return 0; LYRE_EINVAL with the setting and the rule it breaks, or with the error in the file; LYRE_ENOTSUP if there is no
 *         file to change; LYRE_ECONFLICT if it is being changed at the same time; LYRE_EIO, LYRE_ENOSPACE
 */
static inline int lyre_configuration_set(lyre_call *call, const lyre_value *settings, int unknown)
{
	return lyre_host->server->configuration_set(call, settings, unknown);
}

/** When a changed setting takes effect. Grows at its end only. */
enum lyre_setting_effect {
	LYRE_EFFECT_RESTART = 0,   /**< after lyre_restart() */
	LYRE_EFFECT_LISTENERS = 1, /**< after lyre_restart() or lyre_restart_workers() */
	LYRE_EFFECT_AT_ONCE = 2,
	LYRE_EFFECT_NONE = 3 /**< never: the setting is known, but does nothing in this build */
};

/** A setting of the server or of a loaded module. Texts live until the visit returns. Grows at its end: read no more
 * than its size. */
struct lyre_setting_entry {
	uint32_t size;
	uint32_t effect;      /**< enum lyre_setting_effect */
	const char *key;      /**< as in the configuration file: "operationsApi.network.port", "modules.data.x" */
	const char *wanted;   /**< what it must be: "a whole number from 1 to 1024, or null" */
	const char *fallback; /**< default, as it would be written in the file; NULL for null */
	const char *help;     /**< one line; NULL: none */
};

/** Calls \p visit for every setting that can be set; without its value. \return 0, or the first non-zero return of \p visit */
static inline int lyre_settings(lyre_call *call, int (*visit)(void *arg, const struct lyre_setting_entry *entry), void *arg)
{
	return lyre_host->server->settings(call, visit, arg);
}

/* ---- restart ---- */

/**
 * Restarts the server once this call is answered: requests in progress finish, then the binary on disk replaces this
 * process and inherits the listening sockets, so that no connection is refused. The configuration and the modules are
 * checked first: if they would not start, LYRE_EINVAL says why and nothing happens. LYRE_EBUSY if the server is already
 * restarting or shutting down. Blocks.
 */
static inline int lyre_restart(lyre_call *call)
{
	return lyre_host->server->restart(call);
}

/**
 * Restarts the listeners and the connection threads one by one, while the store and the modules keep running and no
 * connection is refused. Listener settings changed in the file are in effect afterwards. LYRE_EBUSY as in lyre_restart().
 * Blocks until it is done: for jobs.
 */
static inline int lyre_restart_workers(lyre_call *call)
{
	return lyre_host->server->restart_workers(call);
}

/* ---- the log ---- */

/** Selects lines of the log. */
struct lyre_log_query {
	uint32_t size;      /**< sizeof(struct lyre_log_query) */
	uint32_t levels;    /**< bit 1 << enum lyre_log_level for each wanted level; 0 for all */
	double from, until; /**< ms since the epoch, inclusive; NAN for no bound */
	uint64_t offset;    /**< number of matching lines to skip */
	uint64_t limit;     /**< maximum number of lines */
	const char *filter; /**< text that the message must contain; NULL for any */
	int oldest_first;   /**< 0: newest first */
	uint32_t reserved;  /**< 0 */
};

/** A line of the log. Texts live until the visit returns. Grows at its end: read no more than its size. */
struct lyre_log_entry {
	uint32_t size;
	uint32_t level;     /**< enum lyre_log_level */
	double time;        /**< ms since the epoch */
	const char *thread; /**< "main", "http/1", "writer/dev" */
	const char *tag;    /**< part of the server, or module */
	const char *message;
};

/**
 * Reads the log file and the rotated ones before it, in pieces from the newest end; memory does not grow with the file.
 * Blocks.
 * \return 0, the first non-zero return of \p visit, LYRE_ENOTSUP if the log has no file, LYRE_EIO
 */
static inline int lyre_log_read(
	lyre_call *call, const struct lyre_log_query *query, int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg)
{
	return lyre_host->server->log_read(call, query, visit, arg);
}

/* ---- metrics ---- */

/** Kinds of metrics. Grows at the end only. */
enum lyre_metric_type {
	LYRE_COUNTER = 0, /**< only grows until the next restart */
	LYRE_GAUGE = 1,
	LYRE_HISTOGRAM = 2 /**< value is the sum of the observations, count their number */
};

/** The current value of one metric. Texts live until the visit returns. Grows at its end. */
struct lyre_metric {
	uint32_t size;
	uint32_t type;           /**< enum lyre_metric_type */
	const char *name;        /**< words separated by _, ending in the base unit: request_duration_seconds */
	const char *help;        /**< one line */
	const char *label;       /**< distinguishes metrics of the same name: "operation"; NULL for none */
	const char *label_value; /**< UTF-8 */
	double value;
	uint64_t count;          /**< LYRE_HISTOGRAM: number of observations */
	const double *bounds;    /**< LYRE_HISTOGRAM: upper bounds of the buckets, ascending, inclusive */
	const uint64_t *buckets; /**< observations up to each bound, cumulative */
	uint32_t bucket_count;
	uint32_t reserved;
};

/**
 * Calls \p visit for every metric, grouped by name, until one returns non-zero. Short, does not block.
 * \return what the last visit returned
 */
static inline int lyre_metrics(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg)
{
	return lyre_host->server->metrics(call, visit, arg);
}

/** A metric of a module, which lyre_metrics() shows with the server's. */
struct lyre_metric_source {
	uint32_t size; /**< sizeof(struct lyre_metric_source) */
	uint32_t type; /**< LYRE_COUNTER or LYRE_GAUGE */
	const char *
		name; /**< as in struct lyre_metric: a to z, 0 to 9 and _; begin it with the module's name: the server has others */
	const char *help; /**< one line */
	/** what distinguishes the metric's values; NULL: it has only one. The number of values must be bounded */
	const char *label;
	/**
	 * Passes each current value to \p take, with the value of the label or NULL. Must be short and not block. From
	 * start() to stop(), on any thread.
	 */
	void (*report)(lyre_instance *self, void (*take)(void *arg, const char *label_value, double value), void *arg);
};

/**
 * Adds a metric; in start() only. \p source is copied, but not what it points to.
 * \return 0; as lyre_start_fail() with a message: LYRE_EEXISTS if another module has the name, LYRE_EINVAL, LYRE_ENOMEM
 */
static inline int lyre_metric_add(lyre_instance *self, const struct lyre_metric_source *source)
{
	return lyre_host->server->metric_add(self, source);
}

/* ---- routes ---- */

/** Methods of a request, or-ed where several are meant. Grows at the end only. */
enum lyre_method {
	LYRE_METHOD_GET = 1 << 0, /**< HEAD too, for which the server leaves out the body */
	LYRE_METHOD_POST = 1 << 1,
	LYRE_METHOD_PUT = 1 << 2,
	LYRE_METHOD_PATCH = 1 << 3,
	LYRE_METHOD_DELETE = 1 << 4
};

/** The path continues after its last '/': lyre_page_rest(). */
#define LYRE_ROUTE_PREFIX (1u << 0)

/**
 * A path on which a module answers; lyre/page.h reads what was sent, and adds to the answer. Other methods than those of
 * its routes are answered 405. A path may have several routes of one module, with different methods; of the routes whose
 * path a request begins with, the longest is meant.
 */
struct lyre_route {
	uint32_t size;                   /**< sizeof(struct lyre_route) */
	uint32_t access;                 /**< enum lyre_access */
	const char *path;                /**< complete, begins with '/' */
	int (*handler)(lyre_call *call); /**< as for an operation; answers with lyre_reply_text(), or JSON */
	uint32_t run;                    /**< LYRE_RUN_INLINE, LYRE_RUN_POOL or LYRE_RUN_LONG */
	uint32_t methods;                /**< enum lyre_method; 0: LYRE_METHOD_GET */
	uint32_t flags;                  /**< LYRE_ROUTE_… */
	uint32_t reserved;               /**< 0 */
	/**
	 * Bytes of a body at most, uncompressed: a larger one is answered 413. 0: as many as the server takes
	 * (operationsApi.network.maxBodySize), or 256 KiB on a route that is open to anyone.
	 */
	uint64_t body_max;
};

/**
 * Adds a route; in start() only. \p route is copied, but not what it points to.
 * \return 0; as lyre_start_fail() with a message: LYRE_EEXISTS if the path is taken, by another module or for one of these
 *         methods, LYRE_EINVAL, LYRE_ENOMEM
 */
static inline int lyre_route_add(lyre_instance *self, const struct lyre_route *route)
{
	return lyre_host->server->route_add(self, route);
}

LYRE_END_DECLS

#endif
