/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_event.c
 * \brief lyre/event.h: listeners, told of what happens here, and of what the test says.
 */
#include "fake_internal.h"

static int listen_to(lyre_instance *self, const struct lyre_listener *listener)
{
	if (!self->starting)
		fake_die("lyre_listen() outside start()");
	if (listener->size < sizeof *listener || !listener->events || !listener->notice)
		return fake_start_fail("a listener needs its size, events and notice");
	if (self->listener_count == FAKE_LISTENERS)
		fake_die("more than %d listeners", FAKE_LISTENERS);
	self->listeners[self->listener_count++] = *listener;
	return 0;
}

static int wanted(const char *only, const char *name)
{
	return !only || (name && strcmp(only, name) == 0);
}

static int is_for(const struct lyre_listener *l, const struct lyre_event *event)
{
	if (!(l->events & event->kind))
		return 0;
	if (!(event->kind & (LYRE_EVENT_COMMITTED | LYRE_EVENT_RESET)))
		return 1;
	int all = event->kind == LYRE_EVENT_RESET && (!event->table || !*event->table);
	return wanted(l->database, event->database) && (all || wanted(l->table, event->table));
}

void lyre_fake_event(const struct lyre_event *event)
{
	for (size_t i = 0; i < fake.listener_count; i++) {
		const struct lyre_listener *l = &fake.listeners[i];
		if (is_for(l, event))
			l->notice(&fake, event, l->arg);
	}
}

const struct lyre_event_api fake_event_api = {
	.size = sizeof fake_event_api,
	.listen = listen_to,
};
