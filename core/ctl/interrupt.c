/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;
static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

static void note(int number)
{
	came = number;
}

void interrupts_note(void)
{
	const struct sigaction noted = { .sa_handler = note, .sa_flags = (int)SA_RESETHAND };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct sigaction now;
		/* Ignored signals stay ignored, as nohup requires. */
		if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaction(numbers[i], &noted, NULL);
	}
}

bool interrupted(void)
{
	return came != 0;
}

/* \param left  how long; NULL: without limit */
static bool wait_for(struct pollfd *p, nfds_t count, const struct timespec *left)
{
	sigset_t noted, before;
	sigemptyset(&noted);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&noted, numbers[i]);
	/* a signal between the check and the wait would go unnoticed until input came */
	sigprocmask(SIG_BLOCK, &noted, &before);
	while (!came && ppoll(p, count, left, &before) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !came;
}

bool interrupt_wait(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return wait_for(&p, 1, NULL);
}

bool interrupt_pause(unsigned ms)
{
	const struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	return wait_for(NULL, 0, &left);
}

bool interrupt_forget(void)
{
	if (came && came != SIGINT)
		return false;
	came = 0;
	interrupts_note();
	return true;
}

void interrupts_obey(void)
{
	int number = came;
	if (!number)
		return;
	signal(number, SIG_DFL);
	raise(number);
}
