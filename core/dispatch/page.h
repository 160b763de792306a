/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/page.h
 * \brief The request of a module's route, copied from the exchange, and what its answer has beside a body: lyre/page.h.
 */
#ifndef DISPATCH_PAGE_H
#define DISPATCH_PAGE_H

#include "dispatch/dispatch.h"

/** Names and values, in the order they were sent. */
struct page_texts {
	struct page_text *list;
	size_t count, room;
};

struct page {
	uint32_t method; /**< enum lyre_method */
	const char *rest;
	struct page_texts headers, params;
	const char *body; /**< with a NUL after its end */
	size_t body_len;
	int status;               /**< of the answer */
	struct page_texts answer; /**< its headers */
	size_t answer_bytes;      /**< of these */
};

/** Adds a pair, in the arena; not copied. \return false: out of memory */
bool page_texts_add(struct page_texts *t, struct arena *a, const char *name, const char *value);

#endif
