/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/certificate_watch.h
 * \brief The module's task: reads replaced files again, and watches for certificates that expire and CRLs that are overdue.
 */
#ifndef CERTS_CERTIFICATE_WATCH_H
#define CERTS_CERTIFICATE_WATCH_H

#include "certs_module.h"

/** \return 0, or what lyre_start_fail() returned */
int watch_start(lyre_instance *self);
/** When the task has ended, or never began. */
void watch_stop(void);
/** What is in use has changed. */
void watch_wake(void);

#endif
