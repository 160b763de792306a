/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_server.h
 * \brief The implementation of lyre/server.h, which describes each function.
 */
#ifndef HOST_SERVER_H
#define HOST_SERVER_H

#include "host/host_internal.h"

/* host_config.c */
int host_configuration_reply(lyre_call *call, int effective);
int host_configuration_set(lyre_call *call, const lyre_value *settings, int unknown);
int host_settings(lyre_call *call, int (*visit)(void *arg, const struct lyre_setting_entry *entry), void *arg);

/* host_restart.c */
int host_restart(lyre_call *call);
int host_restart_workers(lyre_call *call);

/* host_log.c */
int host_log_read(lyre_call *call, const struct lyre_log_query *query, int (*visit)(void *arg, const struct lyre_log_entry *entry),
	void *arg);

/* host_metrics.c */
int host_metrics(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg);
int host_metric_add(lyre_instance *self, const struct lyre_metric_source *source);

/* host_task.c */
/** Reports how often the tasks of all modules ran. */
void host_tasks_report(const struct modules *all, struct metric_sink *s);

/* host_route.c */
int host_route_add(lyre_instance *self, const struct lyre_route *route);

#endif
