/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/import_job.h
 * \brief The job of the server that loads a file: waits for it, and shows what it did.
 */
#ifndef CTL_IMPORT_JOB_H
#define CTL_IMPORT_JOB_H

#include <stdbool.h>

struct arena;
struct client;

/**
 * Waits until the job has ended, and prints its message, and the records that it refused on stderr. ^C must be noted
 * (ctl/interrupt.h): it ends the waiting, not the job.
 * \return 0 if all records were loaded, else CTL_… after a message
 */
int import_job_wait(struct client *c, struct arena *a, const char *id, bool quiet);

#endif
