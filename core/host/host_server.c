/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_server.c
 * \brief The table of lyre/server.h.
 */
#include "host/host_server.h"

const struct lyre_server_api host_server_api = {
	.size = (uint32_t)sizeof(struct lyre_server_api),

	.configuration_reply = host_configuration_reply,
	.configuration_set = host_configuration_set,

	.restart = host_restart,
	.restart_workers = host_restart_workers,

	.log_read = host_log_read,

	.metrics = host_metrics,

	.route_add = host_route_add,

	.settings = host_settings,

	.metric_add = host_metric_add,
};
