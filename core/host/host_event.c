/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_event.c
 * \brief Telling modules what happens: lyre/event.h. On the thread where it happens.
 */
#include "base/text.h"
#include "config/config.h"
#include "host/host_internal.h"
#include "log/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LISTENER_SIZE SIZE_UP_TO(struct lyre_listener, table)
#define OF_TABLES (LYRE_EVENT_COMMITTED | LYRE_EVENT_RESET)
#define KINDS (OF_TABLES | LYRE_EVENT_CONFIGURATION | LYRE_EVENT_STOPPING)
/** A listener that takes this long is logged, at most once in PAUSE, ms. */
#define SLOW 100
#define PAUSE 60000

/** A listener, in a list to which only start()s append, while others read it. */
struct module_listener {
	struct lyre_listener listener;
	lyre_instance *self;
	pthread_mutex_t lock; /* held while it is told */
	bool gone;            /* its module ends */
	int64_t slow_at;      /* when it was last logged, monotonic ms; 0: never */
	_Atomic(struct module_listener *) next;
};

static _Thread_local bool telling;

bool host_is_telling(void)
{
	return telling;
}

/** With the listener's lock. */
static void note_time(struct module_listener *l, int64_t began)
{
	int64_t now = monotonic_ms();
	if (now - began < SLOW || (l->slow_at && now - l->slow_at < PAUSE))
		return;
	l->slow_at = now;
	log_warn("module", "a listener of module '%s' took %" PRId64 " ms, while the server waited", l->self->name, now - began);
}

static void tell(struct module_listener *l, const struct lyre_event *event)
{
	bool outer = telling;
	pthread_mutex_lock(&l->lock);
	if (!l->gone) {
		int64_t began = monotonic_ms();
		telling = true;
		l->listener.notice(l->self, event, l->listener.arg);
		telling = outer;
		note_time(l, began);
	}
	pthread_mutex_unlock(&l->lock);
}

static bool is_for(const struct module_listener *l, const struct lyre_event *event)
{
	const struct lyre_listener *wanted = &l->listener;
	if (!(wanted->events & event->kind))
		return false;
	if (!(event->kind & OF_TABLES))
		return true;
	return (!wanted->database || !strcmp(wanted->database, event->database)) &&
		(!wanted->table || !*event->table || !strcmp(wanted->table, event->table));
}

static void add_write(struct lyre_event *event, const struct record_write *w)
{
	bool deletes = w->mode == LYRE_DELETE;

	event->inserted = deletes ? 0 : w->created;
	event->updated = deletes ? 0 : w->result.done - w->created;
	event->deleted = deletes ? w->result.done : 0;
	event->sequence = w->sequence;
	event->user = w->user ? w->user : "";
}

static void changed(void *arg, const struct store_change *change)
{
	const struct modules *all = arg;
	struct lyre_event event = {
		.size = (uint32_t)sizeof event,
		.kind = change->write || change->expired ? LYRE_EVENT_COMMITTED : LYRE_EVENT_RESET,
		.deleted = change->expired,
		.time = change->time,
		.database = change->database,
		.table = change->table ? change->table : "",
		.user = "",
	};
	if (change->write)
		add_write(&event, change->write);
	for (struct module_listener *l = atomic_load(&all->listeners); l; l = atomic_load(&l->next))
		if (is_for(l, &event))
			tell(l, &event);
}

/** The key as a module names it; NULL: it is another module's. */
static const char *key_for(const lyre_instance *self, const char *key, char out[], size_t size)
{
	size_t len = strlen(self->name);
	if (strncmp(key, "modules.", 8)) {
		snprintf(out, size, "/%s", key);
		return out;
	}
	return !strncmp(key + 8, self->name, len) && key[8 + len] == '.' ? key + 8 + len + 1 : NULL;
}

static void configured(void *arg, const struct config *c, const char *key)
{
	const struct modules *all = arg;
	char name[256];
	(void)c;
	for (struct module_listener *l = atomic_load(&all->listeners); l; l = atomic_load(&l->next)) {
		const struct lyre_event event = {
			.size = (uint32_t)sizeof event,
			.kind = LYRE_EVENT_CONFIGURATION,
			.key = key_for(l->self, key, name, sizeof name),
		};
		if (event.key && is_for(l, &event))
			tell(l, &event);
	}
}

void host_tell_stopping(const struct modules *all)
{
	const struct lyre_event event = { .size = (uint32_t)sizeof event, .kind = LYRE_EVENT_STOPPING };
	for (struct module_listener *l = atomic_load(&all->listeners); l; l = atomic_load(&l->next))
		if (is_for(l, &event))
			tell(l, &event);
}

/** The first listener for a kind of events subscribes to them. */
static int subscribe(lyre_instance *self, uint32_t events)
{
	struct modules *all = self->modules;
	uint32_t new = events & ~all->told;
	if (new &LYRE_EVENT_CONFIGURATION && config_watch(self->config, configured, all))
		return err_nomem(&self->err);
	if (new &OF_TABLES && !(all->told & OF_TABLES))
		store_listen(dispatch_store(self->dispatch), changed, all);
	all->told |= new;
	return 0;
}

static int host_listen(lyre_instance *self, const struct lyre_listener *listener)
{
	struct lyre_listener full;
	int rc = host_take_at_start(self, "a listener", &full, sizeof full, listener, LISTENER_SIZE, "lyre_listener");
	if (rc < 0)
		return rc;
	if (!full.notice || !full.events || full.events & ~(uint32_t)KINDS)
		return err_set(&self->err, LYRE_EINVAL,
			"adds an invalid listener: it needs a notice(), and events that this server knows");
	struct module_listener *l = ARENA_NEW(&self->modules->arena, struct module_listener);
	if (!l)
		return err_nomem(&self->err);
	*l = (struct module_listener){ .listener = full, .self = self };
	pthread_mutex_init(&l->lock, NULL);
	_Atomic(struct module_listener *) *at = &self->modules->listeners;
	while (atomic_load(at))
		at = &atomic_load(at)->next;
	atomic_store(at, l);
	return subscribe(self, full.events);
}

void host_listeners_remove(lyre_instance *self)
{
	for (struct module_listener *l = atomic_load(&self->modules->listeners); l; l = atomic_load(&l->next)) {
		if (l->self != self)
			continue;
		pthread_mutex_lock(&l->lock);
		l->gone = true;
		pthread_mutex_unlock(&l->lock);
	}
}

const struct lyre_event_api host_event_api = {
	.size = (uint32_t)sizeof(struct lyre_event_api),

	.listen = host_listen,
};
