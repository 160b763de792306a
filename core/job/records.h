/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/records.h
 * \brief Jobs as records of the system database. All functions block.
 */
#ifndef JOB_RECORDS_H
#define JOB_RECORDS_H

#include "job/jobs.h"

#include <stdbool.h>

/** Creates the table if it is missing. */
int records_open(struct store *s, struct err *e);
/** Writes a complete record; \p o is NULL before the job has ended. */
int records_put(struct store *s, const struct job *job, const struct job_outcome *o, struct err *e);
/** Records the progress of a job. */
int records_put_progress(struct store *s, const struct job *job, struct err *e);
/** Turns every job that has not ended into an error with this message. \param[out] count  number of jobs */
int records_interrupt(struct store *s, const char *message, double now, size_t *count, struct err *e);
/** Whether a job has ended before a time. */
int records_any_before(struct store *s, double time, bool *ret, struct err *e);
/** Removes some of the jobs that ended before a time. \param[out] count  number removed; 0: none are left */
int records_remove_before(struct store *s, double time, size_t *count, struct err *e);

#endif
