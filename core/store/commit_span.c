/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the audit log entries of a time range. */
#include "store/clock.h"
#include "store/codec.h"
#include "store/commit_log.h"
#include "store/store_internal.h"

#include <math.h>

int commit_entry_from(struct commit_log *l, uint64_t sequence, struct commit_entry *ret, MDB_val *value, struct err *e)
{
	unsigned char bytes[8];
	be_put(bytes, sequence, 8);
	MDB_val key = val(bytes, sizeof bytes);
	int rc = guard_cursor_get(l->snapshot, l->cursor, &key, value, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return LYRE_END;
	if (rc)
		return store_error(e, rc, "read", l->snapshot->db);
	if (!commit_entry_decode(key, *value, ret))
		return err_set(e, LYRE_ECORRUPT, "the audit log of database '%s' is damaged", l->snapshot->db->name);
	return 0;
}

/** First and last sequence number; LYRE_END if the log is empty. */
static int ends(struct commit_log *l, uint64_t *first, uint64_t *last, struct err *e)
{
	MDB_val key, value;
	if (!l->cursor)
		return LYRE_END;
	int rc = guard_cursor_get(l->snapshot, l->cursor, &key, &value, MDB_FIRST);
	if (!rc && key.mv_size == 8) {
		*first = be_get(key.mv_data, 8);
		rc = guard_cursor_get(l->snapshot, l->cursor, &key, &value, MDB_LAST);
	}
	if (!rc && key.mv_size != 8)
		rc = MDB_CORRUPTED;
	if (!rc)
		*last = be_get(key.mv_data, 8);
	return rc == MDB_NOTFOUND ? LYRE_END : store_error(e, rc, "read", l->snapshot->db);
}

/** In a range where times increase with the sequence: the first entry at \p time or later; with \p behind, only later. */
static int find_time(struct commit_log *l, uint64_t first, uint64_t last, double time, bool behind, uint64_t *ret, struct err *e)
{
	uint64_t low = first, high = last + 1;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		struct commit_entry entry;
		MDB_val value;
		int rc = commit_entry_from(l, middle, &entry, &value, e);
		if (rc < 0)
			return rc;
		if (rc || (behind ? entry.time > time : entry.time >= time))
			high = middle;
		else
			low = middle + 1;
	}
	*ret = low;
	return 0;
}

/** The stored clock record; if a file was written by a server without it, one in which nothing is known. */
static void read_clock(struct snapshot *s, struct clock_record *ret)
{
	MDB_val key = val("clock", 5), v;
	if (guard_get(s, s->db->meta, &key, &v) || !clock_decode(ret, v))
		*ret = (struct clock_record){ .unknown_end = UINT64_MAX };
}

struct span {
	double from, until;
	uint64_t first, end;
};

/** Adds the entries of a range, \p low to before \p high, to the span. */
static void take_in(struct span *s, uint64_t low, uint64_t high)
{
	if (low >= high)
		return;
	if (s->first >= s->end)
		s->first = low;
	s->end = high;
}

/** The same for a range in which times increase. */
static int search(struct commit_log *l, struct span *s, uint64_t low, uint64_t high, struct err *e)
{
	uint64_t first = low, end = high;
	int rc = 0;
	if (low >= high)
		return 0;
	if (!isnan(s->from))
		rc = find_time(l, low, high - 1, s->from, false, &first, e);
	if (!rc && !isnan(s->until))
		rc = find_time(l, low, high - 1, s->until, true, &end, e);
	if (!rc)
		take_in(s, first, end);
	return rc;
}

int commit_log_span(struct commit_log *l, double from, double until, uint64_t *first, uint64_t *end, struct err *e)
{
	struct span s = { .from = from, .until = until };
	struct clock_record clock;
	uint64_t low = 1, last = 0;
	int rc = ends(l, &low, &last, e);
	if (rc)
		return rc;
	read_clock(l->snapshot, &clock);
	uint64_t behind = last + 1, known = clock.unknown_end < behind ? clock.unknown_end : behind;
	if (known > low) {
		take_in(&s, low, known);
		low = known;
	}
	for (unsigned i = 0; !rc && i < clock.count; i++) {
		uint64_t step = clock.steps[i].sequence;
		if (step <= low || step >= behind)
			continue;
		rc = search(l, &s, low, step, e);
		low = step;
	}
	if (!rc)
		rc = search(l, &s, low, behind, e);
	*first = s.first;
	*end = s.end;
	return rc ? rc : s.first < s.end ? 0 : LYRE_END;
}
