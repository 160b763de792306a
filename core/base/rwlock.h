/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/rwlock.h
 * \brief A readers–writer lock on which readers cannot starve a writer.
 *
 * A pthread_rwlock_t promises nothing of the kind: glibc's must be asked for it, musl's cannot be. Here a writer that waits
 * keeps new readers out. A reader must not take the lock twice. Without a writer, a reader costs two atomic operations.
 */
#ifndef BASE_RWLOCK_H
#define BASE_RWLOCK_H

#include <pthread.h>
#include <stdatomic.h>

struct rwlock {
	atomic_uint state;      /**< readers inside, and a bit of the writer's */
	pthread_mutex_t lock;   /**< of those who wait */
	pthread_cond_t changed;
};

void rwlock_init(struct rwlock *l);
/** Nobody is inside; whoever was may still be returning from the call that ended it. */
void rwlock_destroy(struct rwlock *l);
void rwlock_read(struct rwlock *l);
void rwlock_read_end(struct rwlock *l);
/** Keeps new readers out at once, then waits for those inside. */
void rwlock_write(struct rwlock *l);
void rwlock_write_end(struct rwlock *l);

#endif
