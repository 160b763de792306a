/* SPDX-License-Identifier: Apache-2.0 */
#include "query/pace.h"

#include "base/text.h"

/** Steps before the clock is first read, and the maximum between two readings. */
#define STRIDE_FIRST 64
#define STRIDE_MAX 65536
/** Target time between two readings of the clock. */
#define LOOK_MIN_NS 25000
#define LOOK_MAX_NS 100000
/** The shortest time that a step takes. */
#define STEP_NS 16

void pace_init(struct pace *p)
{
	*p = (struct pace){ .stride = STRIDE_FIRST, .left = STRIDE_FIRST };
}

/** Limits the steps before the next reading to what surely fits into a slice. */
static void begin_stride(struct pace *p)
{
	p->left = p->stride;
	if (p->slice_ns && p->slice_ns / STEP_NS < p->left)
		p->left = 1 + (uint32_t)(p->slice_ns / STEP_NS);
}

void pace_begin(struct pace *p)
{
	p->over = p->late;
	p->begun = p->looked = p->light ? 0 : monotonic_ns();
	begin_stride(p);
}

void pace_end(struct pace *p)
{
	if (p->begun)
		p->spent_ns += monotonic_ns() - p->begun;
	p->begun = 0;
}

bool pace_look(struct pace *p)
{
	int64_t now = monotonic_ns();
	int64_t took = now - p->looked;

	p->looked = now;
	if (!p->begun) {
		p->begun = now;
	} else if (took > LOOK_MAX_NS) {
		p->stride = took > 16 * LOOK_MAX_NS ? 1 : p->stride / 2 ? p->stride / 2 : 1;
	} else if (took < LOOK_MIN_NS && p->stride < STRIDE_MAX) {
		p->stride *= 2;
	}
	begin_stride(p);
	if (p->slice_ns && now - p->begun >= p->slice_ns)
		p->over = true;
	if (p->max_ns && p->spent_ns + (now - p->begun) >= p->max_ns)
		p->over = p->late = true;
	return p->over;
}
