/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are reused together with their memory. */
#include "http/http_internal.h"

#include <stdlib.h>

/* The first block of a request's arena: enough for the common request. */
#define ARENA_FIRST ((size_t)16 << 10)
/* A request that needed more leaves free space in the heap that glibc does not return to the system by itself. */
#define ARENA_LARGE ((size_t)4 << 20)

static unsigned pool_of_thread(void)
{
	static atomic_uint count;
	static _Thread_local unsigned mine; /* 0: none yet */
	if (!mine)
		mine = atomic_fetch_add(&count, 1) % REQUEST_POOLS + 1;
	return mine - 1;
}

static struct request *request_new(struct http *h)
{
	struct request *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->http = h;
	charge_init(&r->x.charge, h->budget, h->budget->allowance);
	arena_init_charged(&r->x.arena, &r->x.charge);
	buf_init_charged(&r->x.body, &r->x.charge);
	buf_init_charged(&r->x.out, &r->x.charge);
	if (!arena_alloc(&r->x.arena, ARENA_FIRST)) {
		free(r);
		return NULL;
	}
	arena_reset(&r->x.arena);
	pthread_mutex_lock(&h->all_lock);
	r->next_all = h->all;
	h->all = r;
	pthread_mutex_unlock(&h->all_lock);
	return r;
}

struct request *request_take(struct http *h)
{
	unsigned n = pool_of_thread();
	struct request_pool *p = &h->pools[n];
	pthread_mutex_lock(&p->lock);
	struct request *r = p->free;
	if (r) {
		p->free = r->next;
		p->kept -= r->kept;
	}
	p->in_use++;
	pthread_mutex_unlock(&p->lock);
	if (!r)
		r = request_new(h);
	if (!r) {
		pthread_mutex_lock(&p->lock);
		p->in_use--;
		pthread_mutex_unlock(&p->lock);
		return NULL;
	}
	r->pool = n;
	atomic_store_explicit(&r->state, REQUEST_RUNNING, memory_order_relaxed);
	return r;
}

static void note_dropped(struct request *r)
{
	atomic_store_explicit(&r->http->dropped, true, memory_order_relaxed);
}

static void trim(struct request *r, struct buf *b)
{
	if (b->cap > REQUEST_MEMORY_KEPT) {
		buf_free(b);
		note_dropped(r);
	} else {
		buf_clear(b);
	}
}

static void trim_arena(struct request *r, struct arena *a)
{
	if (a->total > ARENA_LARGE)
		note_dropped(r);
	if (a->total > REQUEST_MEMORY_KEPT)
		arena_free(a);
	else
		arena_reset(a);
}

static void drop_memory(struct request *r)
{
	arena_free(&r->x.arena);
	buf_free(&r->x.body);
	buf_free(&r->x.out);
	charge_keep(&r->x.charge);
	note_dropped(r);
}

/* Keeps memory for the next request, unless it is too much or others need it. */
static void keep_memory(struct request *r)
{
	struct exchange *x = &r->x;
	body_release(r);
	answer_release(r);
	trim_arena(r, &x->arena);
	arena_failed(&x->arena); /* clears the failure, so that the next request does not see it */
	trim(r, &x->body);
	trim(r, &x->out);
	if (!charge_keep(&x->charge))
		drop_memory(r);
}

void request_give_back(struct request *r)
{
	struct exchange *x = &r->x;
	/* An abandoned request may still be written to and charged: it is never freed. */
	bool keep = atomic_load(&r->state) != REQUEST_ABANDONED;
	if (keep)
		keep_memory(r);
	struct request_pool *p = &r->http->pools[r->pool];
	r->kept = keep ? x->arena.total + x->body.cap + x->out.cap : 0;
	pthread_mutex_lock(&p->lock);
	p->in_use--;
	if (keep && p->kept + r->kept > r->http->pool_kept) {
		drop_memory(r);
		r->kept = 0;
	}
	if (keep) {
		p->kept += r->kept;
		r->next = p->free;
		p->free = r;
	}
	pthread_mutex_unlock(&p->lock);
}

int64_t requests_in_use(struct http *h)
{
	int64_t n = 0;
	for (size_t i = 0; i < REQUEST_POOLS; i++) {
		pthread_mutex_lock(&h->pools[i].lock);
		n += h->pools[i].in_use;
		pthread_mutex_unlock(&h->pools[i].lock);
	}
	return n;
}

void requests_free(struct http *h)
{
	while (h->all) {
		struct request *r = h->all;
		h->all = r->next_all;
		if (atomic_load(&r->state) == REQUEST_ABANDONED)
			continue;
		drop_memory(r);
		free(r);
	}
}
