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
/* A longer time left is not worth showing. */
#define LEFT_MAX_S 360000
#define CLEAR_REST "\033[K"

static struct {
	const char *what; /* NULL: nothing is shown */
	enum progress_unit unit;
	int64_t began, next;
	uint64_t done, total;
	bool shown;
} line;

void progress_begin(const char *what, enum progress_unit unit, bool quiet)
{
	int64_t now = monotonic_ms();
	line.unit = unit;
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

/* The number, in the unit of the line. \return \p text */
static const char *amount_text(char text[24], double amount)
{
	if (line.unit == PROGRESS_BYTES)
		return size_text(text, amount);
	snprintf(text, 24, "%.0f", amount);
	return text;
}

/* ", 1:05 left", by the average rate so far. */
static void print_time_left(int64_t elapsed)
{
	double s = (double)elapsed / 1000 * (double)(line.total - line.done) / (double)line.done;
	if (s >= LEFT_MAX_S)
		return;
	unsigned left = (unsigned)s + 1, minutes = left / 60;
	if (minutes >= 60)
		fprintf(stderr, ", %u:%02u:%02u left", minutes / 60, minutes % 60, left % 60);
	else
		fprintf(stderr, ", %u:%02u left", minutes, left % 60);
}

static void print(int64_t now)
{
	char done[24], total[24], rate[24];
	fprintf(stderr, "\r%.*s: %s", NAME_SHOWN, line.what, amount_text(done, (double)line.done));
	if (line.total)
		fprintf(stderr, " of %s", amount_text(total, (double)line.total));
	if (line.unit == PROGRESS_RECORDS)
		fputs(" records", stderr);
	if (line.total)
		fprintf(stderr, " (%.0f%%)", 100 * (double)line.done / (double)line.total);
	if (now > line.began)
		fprintf(stderr, ", %s/s", amount_text(rate, (double)line.done * 1000 / (double)(now - line.began)));
	if (line.done && line.done < line.total)
		print_time_left(now - line.began);
	fputs(CLEAR_REST, stderr);
	fflush(stderr);
}

void progress_show(enum progress_unit unit, uint64_t done, uint64_t total)
{
	int64_t now = monotonic_ms();
	if (unit != line.unit)
		return;
	line.done = done;
	line.total = total && total < done ? done : total; /* it may have grown meanwhile */
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
