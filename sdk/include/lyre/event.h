/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/event.h
 * \brief What happens in the server without the module having asked for it: records changed, tables gone, settings changed, the end.
 *
 * A listener is added in start(). It is told on the thread on which the event happens, which waits for it: it must be
 * short, must not block, and has no call, so that it cannot read or write. What takes longer is done by a task, which it
 * wakes with lyre_task_wake(). A lock that it takes must not be held by the module while it writes, drops or restores
 * anything. A listener that takes a tenth of a second is named in the log.
 *
 * A listener is never told of two events at the same time. It is told from the moment when it is added, maybe before
 * start() returns, until stop() is called.
 */
#ifndef LYRE_EVENT_H
#define LYRE_EVENT_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

struct lyre_listener;

/** The host's implementation of the functions in this header. */
struct lyre_event_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*listen)(lyre_instance *self, const struct lyre_listener *listener);
};

/** Kinds of events, to be or-ed. Grows at the end only. */
enum lyre_event_kind {
	/**
	 * Records of a table have changed: on disk (storage.writeAsync: written, not yet flushed), visible to readers, and
	 * not yet answered. In any database, also "system", the server's own. Records that expire are told as deleted, by
	 * the server and without a sequence, when they are removed: readers do not see them from the moment they expire,
	 * which is a little earlier
	 */
	LYRE_EVENT_COMMITTED = 1 << 0,
	/**
	 * A setting of the module, or of the server, has a new value, which lyre_setting_…() already return: a LYRE_SF_LIVE
	 * one was changed by set_configuration, or in the file before SIGHUP; one of the listeners, before
	 * lyre_restart_workers(). Of several settings, one event for each, when all have changed
	 */
	LYRE_EVENT_CONFIGURATION = 1 << 1,
	/** The server begins to stop or to restart: requests in progress are finished, then tasks end, then stop() is called */
	LYRE_EVENT_STOPPING = 1 << 2,
	/**
	 * A table is not what it was, and no write tells how: it was dropped, or one of its attributes with all its values,
	 * or its database was dropped or restored. Who keeps something of it forgets that, and reads anew if the table exists
	 */
	LYRE_EVENT_RESET = 1 << 3
};

/** An event. Texts live until notice() returns. Grows at its end: read no more than its size. */
struct lyre_event {
	uint32_t size;
	uint32_t kind; /**< enum lyre_event_kind, one of them */
	/* LYRE_EVENT_COMMITTED; of the next, LYRE_EVENT_RESET has time, database and table */
	uint64_t inserted, updated, deleted; /**< records */
	uint64_t sequence; /**< of the write, as in struct lyre_change; 0: audit is off for the table, or they expired */
	double time;       /**< of the write, ms since the epoch */
	const char *database;
	const char *table; /**< LYRE_EVENT_RESET: "" for all tables of the database */
	const char *user;  /**< as in struct lyre_change: "" for the server */
	/* LYRE_EVENT_CONFIGURATION */
	const char *key; /**< as in lyre_setting_…(): "word", or "/logging.level" for one of the server's */
};

/** Who is told of events. */
struct lyre_listener {
	uint32_t size;   /**< sizeof(struct lyre_listener) */
	uint32_t events; /**< enum lyre_event_kind, or-ed */
	void (*notice)(lyre_instance *self, const struct lyre_event *event, void *arg);
	void *arg;
	/* LYRE_EVENT_COMMITTED, LYRE_EVENT_RESET: of which tables; one that wakes a task which writes must not be told of that task's own */
	const char *database; /**< only of this database; NULL: of all */
	const char *table;    /**< only to tables of this name; NULL: to all */
};

/**
 * Adds a listener; in start() only. \p listener is copied, but not what it points to.
 * \return 0; as lyre_start_fail() with a message: LYRE_EINVAL, LYRE_ENOMEM
 */
static inline int lyre_listen(lyre_instance *self, const struct lyre_listener *listener)
{
	return lyre_host->event->listen(self, listener);
}

LYRE_END_DECLS

#endif
