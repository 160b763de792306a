/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/system_module.h
 * \brief The handlers of the system module. Their parameters are declared in system_module.c.
 */
#ifndef SYSTEM_SYSTEM_MODULE_H
#define SYSTEM_SYSTEM_MODULE_H

#include <lyre/lyre.h>

/* information.c */
int system_system_information(lyre_call *call);

/* configuration.c */
int system_get_configuration(lyre_call *call);
int system_set_configuration(lyre_call *call);

/* restart_operations.c */
int system_restart(lyre_call *call);
int system_restart_service(lyre_call *call);
int system_restart_service_check(lyre_call *call);

/* job_operations.c */
int system_get_job(lyre_call *call);
int system_search_jobs_by_start_date(lyre_call *call);

/* expire.c */
int system_delete_records_before(lyre_call *call);
int system_delete_records_before_check(lyre_call *call);

/** Maximum size of answers that are built in memory, bytes: larger ones must be requested in parts. */
#define ANSWER_MAX (64 << 20)

/* read_log.c */
int system_read_log(lyre_call *call);

/* audit_log.c */
int system_read_transaction_log(lyre_call *call);
int system_read_audit_log(lyre_call *call);
int system_delete_transaction_logs_before(lyre_call *call);
int system_delete_audit_logs_before(lyre_call *call);
int system_delete_logs_check(lyre_call *call);

/* npm.c */
int system_install_node_modules(lyre_call *call);

/* status.c */
int system_registration_info(lyre_call *call);
int system_get_fingerprint(lyre_call *call);
int system_set_status(lyre_call *call);
int system_get_status(lyre_call *call);
int system_clear_status(lyre_call *call);
/** Makes get_status report that a restart is required, for a changed setting to take effect. Any thread. */
void system_restart_needed(void);

#endif
