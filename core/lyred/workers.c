/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/workers.h"

#include "log/log.h"

int workers_open(struct workers *w, const struct config *c, struct dispatch *d, struct http_sockets *given, struct err *e)
{
	return http_open(&w->now.http, c, d, given, e);
}

int workers_renew(struct workers *w, struct config *c, const struct config_sources *sources, struct dispatch *d, struct err *e)
{
	struct http_sockets sockets = HTTP_NO_SOCKETS;
	struct config_sources again = *sources;
	struct worker_set fresh = { .http = NULL };
	struct err ignored;

	if (w->old_count == WORKERS_OLD_MAX)
		return err_set(e, LYRE_EBUSY, "clients of earlier workers are still being served; try again in a minute");
	again.again = true;
	int rc = config_load(&fresh.config, &again, e);
	if (!rc)
		rc = http_hand_over(w->now.http, &sockets, e);
	if (!rc)
		rc = http_open(&fresh.http, fresh.config, d, &sockets, e);
	http_sockets_close(&sockets, false);
	if (rc) {
		config_free(fresh.config);
		return rc;
	}
	http_retire(w->now.http, fresh.http);
	w->old[w->old_count++] = w->now;
	w->now = fresh;
	if (config_take_listeners(c, fresh.config, &ignored))
		log_warn("main", "get_configuration still shows the old listener settings: %s", ignored.text);
	return 0;
}

static void close_set(struct worker_set *s)
{
	http_close(s->http);
	config_free(s->config);
	*s = (struct worker_set){ .http = NULL };
}

bool workers_tend(struct workers *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->old_count; i++) {
		if (http_deserted(w->old[i].http))
			close_set(&w->old[i]);
		else
			w->old[kept++] = w->old[i];
	}
	w->old_count = kept;
	return kept > 0;
}

void workers_pulse(struct workers *w, struct http_silent *ret)
{
	*ret = (struct http_silent){ .missed = 0 };
	http_pulse(w->now.http, ret);
	for (size_t i = 0; i < w->old_count; i++)
		http_pulse(w->old[i].http, ret);
}

void workers_quiesce(struct workers *w)
{
	http_quiesce(w->now.http);
}

void workers_close(struct workers *w)
{
	for (size_t i = 0; i < w->old_count; i++)
		close_set(&w->old[i]);
	w->old_count = 0;
	close_set(&w->now);
}

void workers_pause(struct workers *w)
{
	http_pause(w->now.http);
	for (size_t i = 0; i < w->old_count; i++)
		http_pause(w->old[i].http);
}

bool workers_settled(struct workers *w)
{
	bool settled = http_settled(w->now.http);

	for (size_t i = 0; i < w->old_count; i++)
		settled = http_settled(w->old[i].http) && settled;
	return settled;
}

void workers_freeze(struct workers *w)
{
	http_freeze(w->now.http);
	for (size_t i = 0; i < w->old_count; i++)
		http_freeze(w->old[i].http);
}

int workers_hand_over(struct workers *w, struct http_sockets *ret, struct err *e)
{
	int rc = http_hand_over(w->now.http, ret, e);

	for (size_t i = 0; i < w->old_count && !rc; i++)
		rc = http_hand_over(w->old[i].http, ret, e);
	return rc;
}
