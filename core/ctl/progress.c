/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/progress.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* Time until the first line, and between lines. */
#define FIRST_MS 500
#define NEXT_MS 200
/* Columns shown of a name: the line stays shorter than any terminal. */
#define NAME_SHOWN 24
#define CLEAR_REST "\033[K"

static struct {
	const char *what; /* NULL: nothing is shown */
	int64_t began, next;
	uint64_t done, total;
	bool shown;
} line;

void progress_begin(const char *what, bool quiet)
{
	int64_t now = monotonic_ms();
	line.what = !quiet && isatty(STDERR_FILENO) ? what : NULL;
	line.began = now;
	line.next = now + FIRST_MS;
	line.done = line.total = 0;
	line.shown = false;
}

/* "12.3 MB". \return \p text */
static const char *size_text(char text[24], double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	size_t unit = 0;
	for (; bytes >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
		bytes /= 1000;
	snprintf(text, 24, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
	return text;
}

static void print(int64_t now)
{
	char done[24], total[24], rate[24];
	fprintf(stderr, "\r%.*s: %s", NAME_SHOWN, line.what, size_text(done, (double)line.done));
	if (line.total)
		fprintf(stderr, " of %s (%.0f%%)", size_text(total, (double)line.total),
			100 * (double)line.done / (double)line.total);
	if (now > line.began)
		fprintf(stderr, ", %s/s", size_text(rate, (double)line.done * 1000 / (double)(now - line.began)));
	fputs(CLEAR_REST, stderr);
	fflush(stderr);
}

void progress_show(uint64_t done, uint64_t total)
{
	int64_t now = monotonic_ms();
	line.done = done;
	line.total = total;
	if (!line.what || now < line.next || !done)
		return;
	print(now);
	line.shown = true;
	line.next = now + NEXT_MS;
}

void progress_end(void)
{
	if (line.shown) {
		print(monotonic_ms());
		fputc('\n', stderr);
	}
	line.what = NULL;
	line.shown = false;
}
