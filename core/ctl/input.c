/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/input.h"

#include "base/arena.h"
#include "ctl/ctl.h"
#include "ctl/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Bytes from the position of \p fd to the end; -1 if unknown. */
static int64_t size_of(int fd, const struct stat *st)
{
	off_t at = S_ISREG(st->st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	return at >= 0 && at <= st->st_size ? st->st_size - at : -1;
}

int input_open(struct input *in, struct arena *a, const char *file)
{
	struct stat st;
	bool standard = strcmp(file, "-") == 0;
	*in = (struct input){ .name = standard ? "standard input" : arena_printf(a, "'%s'", file), .fd = -1, .standard = standard };
	if (!in->name)
		return complain(CTL_REFUSED, "out of memory");
	in->fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0 || fstat(in->fd, &st) < 0)
		return complain(CTL_REFUSED, "cannot read %s: %s", in->name, strerror(errno));
	in->size = size_of(in->fd, &st);
	return 0;
}

void input_close(struct input *in)
{
	if (!in->standard && in->fd >= 0)
		close(in->fd);
}

/** As read(). */
static ssize_t read_some(struct input *in, void *to, size_t max)
{
	ssize_t n = -1;
	while (interrupt_wait(in->fd) && (n = read(in->fd, to, max)) < 0 && errno == EINTR)
		;
	if (n < 0 && !interrupted())
		complain(CTL_REFUSED, "cannot read %s: %s", in->name, strerror(errno));
	in->ended = n == 0;
	return n;
}

int input_look(struct input *in)
{
	ssize_t n = 1;
	while (in->head_len < INPUT_HEAD && n > 0) {
		n = read_some(in, in->head + in->head_len, INPUT_HEAD - in->head_len);
		in->head_len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? CTL_REFUSED : 0;
}

ssize_t input_read(void *arg, char *to, size_t max)
{
	struct input *in = arg;
	size_t left = in->head_len - in->head_sent;
	if (left == 0) {
		ssize_t n = read_some(in, to, max);
		in->sent += n > 0 ? n : 0;
		return n;
	}
	if (left > max)
		left = max;
	memcpy(to, in->head + in->head_sent, left);
	in->head_sent += left;
	in->sent += (int64_t)left;
	return (ssize_t)left;
}

bool input_all_sent(const struct input *in)
{
	bool all = in->size >= 0 ? in->sent >= in->size : in->ended && in->head_sent == in->head_len;
	return in->sent > 0 && all;
}
