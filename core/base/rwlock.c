/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rwlock.h"

/* A writer is inside, or waits for the readers inside to leave. */
#define WRITER (1u << 31)

void rwlock_init(struct rwlock *l)
{
	atomic_init(&l->state, 0);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
}

void rwlock_destroy(struct rwlock *l)
{
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
}

void rwlock_read(struct rwlock *l)
{
	while (atomic_fetch_add_explicit(&l->state, 1, memory_order_acquire) & WRITER) {
		rwlock_read_end(l);
		pthread_mutex_lock(&l->lock);
		while (atomic_load_explicit(&l->state, memory_order_relaxed) & WRITER)
			pthread_cond_wait(&l->changed, &l->lock);
		pthread_mutex_unlock(&l->lock);
	}
}

void rwlock_read_end(struct rwlock *l)
{
	unsigned state = atomic_load_explicit(&l->state, memory_order_relaxed);
	while (!(state & WRITER)) {
		if (atomic_compare_exchange_weak_explicit(&l->state, &state, state - 1, memory_order_release, memory_order_relaxed))
			return;
	}
	/* With the lock held: the writer, which may destroy the lock, does not continue before it is released. */
	pthread_mutex_lock(&l->lock);
	if (atomic_fetch_sub_explicit(&l->state, 1, memory_order_release) == (WRITER | 1))
		pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

void rwlock_write(struct rwlock *l)
{
	pthread_mutex_lock(&l->lock);
	while (atomic_load_explicit(&l->state, memory_order_relaxed) & WRITER)
		pthread_cond_wait(&l->changed, &l->lock);
	atomic_fetch_or_explicit(&l->state, WRITER, memory_order_relaxed);
	while (atomic_load_explicit(&l->state, memory_order_acquire) & ~WRITER)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

void rwlock_write_end(struct rwlock *l)
{
	pthread_mutex_lock(&l->lock);
	atomic_fetch_and_explicit(&l->state, ~WRITER, memory_order_release);
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}
