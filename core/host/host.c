/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host.c
 * \brief The table of functions passed to modules.
 */
#include <config.h>

#include "host/host_internal.h"

const struct lyre_host host = {
	.size = (uint32_t)sizeof(struct lyre_host),
	.abi_major = LYRE_ABI_MAJOR,
	.abi_minor = LYRE_ABI_MINOR,
	.version = PACKAGE_VERSION,

	.module = &host_module_api,
	.value = &host_value_api,
	.call = &host_call_api,
	.store = &host_store_api,
	.job = &host_job_api,
	.user = &host_user_api,
	.server = &host_server_api,
	.tls = &host_tls_api,
	.task = &host_task_api,
	.page = &host_page_api,
	.event = &host_event_api,
};
