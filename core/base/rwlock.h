/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/rwlock.h
 * \brief A readers–writer lock on which readers cannot starve a writer.
 *
 * A pthread_rwlock_t does not guarantee this: it is an option in glibc, and not available in musl. Here a waiting writer
 * keeps new readers out. A reader must not take the lock twice. Without a writer, a reader costs two atomic operations.
 */
#ifndef BASE_RWLOCK_H
#define BASE_RWLOCK_H

#include <pthread.h>
#include <stdatomic.h>

struct rwlock {
	atomic_uint state;    /**< number of readers inside, and a bit for the writer */
	pthread_mutex_t lock; /**< for waiting */
	pthread_cond_t changed;
};

void rwlock_init(struct rwlock *l);
/** Nobody may be inside; the last one inside may still be returning from the call that left. */
void rwlock_destroy(struct rwlock *l);
void rwlock_read(struct rwlock *l);
void rwlock_read_end(struct rwlock *l);
/** Keeps new readers out at once, then waits for those inside to leave. */
void rwlock_write(struct rwlock *l);
void rwlock_write_end(struct rwlock *l);

#endif
