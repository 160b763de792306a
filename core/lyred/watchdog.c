/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/watchdog.h"

#include "base/text.h"
#include "log/log.h"
#include "lyred/options.h"
#include "lyred/process.h"

#include <unistd.h>

/* Missing answers in a row before the process ends, and the fraction of the service manager's time at which to ask. */
#define MISSED_MAX 12
#define ASKED_A_PERIOD 4
/* A thread that is asked while it works answers one interval later. */
#define MISSED_USUAL 1
/* The log may hang as well. */
#define LAST_WORDS_S 10

void watchdog_init(struct watchdog *d, const struct config *c)
{
	int64_t limit =
		config_is_null(c, "operationsApi.network.hangTimeout") ? 0 : config_int(c, "operationsApi.network.hangTimeout");
	int64_t managed = process_watchdog_ms();

	*d = (struct watchdog){ .managed = managed > 0, .every_ms = limit / MISSED_MAX };
	if (managed && (!limit || managed / ASKED_A_PERIOD < d->every_ms))
		d->every_ms = managed / ASKED_A_PERIOD;
	if (!limit && !managed)
		return;
	if (d->every_ms < 1)
		d->every_ms = 1;
	d->limit = (unsigned)((limit + d->every_ms - 1) / d->every_ms);
	d->next = monotonic_ms() + d->every_ms;
}

static long long silent_s(const struct watchdog *d, const struct http_silent *silent)
{
	return (long long)(silent->missed * d->every_ms / 1000);
}

static void end_process(const struct watchdog *d, const struct http_silent *silent)
{
	alarm(LAST_WORDS_S); /* ends the process if logging hangs */
	log_fatal("main", "thread %s (%d) has hung for %lld seconds: the server exits, to be restarted", silent->name, silent->tid,
		silent_s(d, silent));
	log_close();
	_exit(EXIT_FAILED);
}

static void judge(struct watchdog *d, const struct http_silent *silent)
{
	if (silent->missed <= MISSED_USUAL) {
		if (d->warned)
			log_warn("main", "all threads respond again");
		d->warned = false;
		return;
	}
	if (!d->warned && silent->missed >= (d->limit ? d->limit : MISSED_MAX) / 2) {
		d->warned = true;
		log_warn("main", "thread %s (%d) has not responded for %lld seconds", silent->name, silent->tid,
			silent_s(d, silent));
	}
	if (d->limit && silent->missed > d->limit && !process_thread_is_held(silent->tid))
		end_process(d, silent);
}

int watchdog_tend(struct watchdog *d, struct workers *w)
{
	int64_t now = monotonic_ms();
	struct http_silent silent;

	if (!d->every_ms)
		return -1;
	if (now >= d->next) {
		d->next = now + d->every_ms;
		workers_pulse(w, &silent);
		if (d->managed && silent.missed <= MISSED_USUAL)
			process_notify("WATCHDOG=1");
		judge(d, &silent);
	}
	return (int)(d->next - now);
}
