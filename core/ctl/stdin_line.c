/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/stdin_line.h"

#include "ctl/interrupt.h"

#include <unistd.h>

/** Bytes read and not used yet. Not stdio's buffer, which cannot tell whether a read would wait. */
static struct {
	char bytes[4096];
	size_t at, len;
} ahead;

/** Reads more. \return false at the end, or if a signal came */
static bool fill(void)
{
	ssize_t n = interrupt_wait(STDIN_FILENO) ? read(STDIN_FILENO, ahead.bytes, sizeof ahead.bytes) : -1;
	ahead.at = 0;
	ahead.len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

enum line stdin_line(struct buf *line)
{
	bool any = false;
	buf_clear(line);
	while (ahead.at < ahead.len || fill()) {
		const char *from = ahead.bytes + ahead.at, *end = memchr(from, '\n', ahead.len - ahead.at);
		size_t len = end ? (size_t)(end - from) : ahead.len - ahead.at;
		buf_add(line, from, len);
		ahead.at += len + (end != NULL);
		any = true;
		if (end)
			return LINE_READ;
	}
	if (interrupted())
		return LINE_INTERRUPTED;
	return any ? LINE_READ : LINE_END;
}
