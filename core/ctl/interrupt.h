/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/interrupt.h
 * \brief ^C in the middle of something: the command cleans up first, then the program ends by the signal.
 */
#ifndef CTL_INTERRUPT_H
#define CTL_INTERRUPT_H

#include <stdbool.h>

/** From now on the first signal to terminate (INT, TERM, HUP) is only noted, and a waiting call returns EINTR. */
void interrupts_note(void);
/** Whether a signal was received. */
bool interrupted(void);
/** Waits for input or its end. \return false if a signal came, now or before */
bool interrupt_wait(int fd);
/** Waits this long. \return as interrupt_wait() */
bool interrupt_pause(unsigned ms);
/** Forgets a ^C, so that the next one is noted again. \return false if another signal came, which is kept */
bool interrupt_forget(void);
/** Ends the process by the received signal; without one, does nothing. */
void interrupts_obey(void);

#endif
