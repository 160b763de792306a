/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/input.h
 * \brief A file that is sent to the server, or standard input; its beginning tells what it is.
 */
#ifndef CTL_INPUT_H
#define CTL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;

/** Bytes at the start that are looked at. */
#define INPUT_HEAD 64

struct input {
	const char *name; /**< for messages */
	int fd;
	bool standard;
	int64_t size; /**< bytes to the end; -1: unknown, as of a pipe */
	unsigned char head[INPUT_HEAD];
	size_t head_len, head_sent;
	int64_t sent; /**< bytes that input_read() has returned */
	bool ended;   /**< everything has been read */
};

/** \param file  "-" for standard input. \return 0, or CTL_REFUSED after a message */
int input_open(struct input *in, struct arena *a, const char *file);
void input_close(struct input *in);
/** Reads the start, as much of it as there is. \return 0, or CTL_REFUSED after a message */
int input_look(struct input *in);
/** A source for client_upload(): the start, then the rest. \param arg  the input */
ssize_t input_read(void *arg, char *to, size_t max);
/** Whether input_read() has returned everything. */
bool input_all_sent(const struct input *in);

#endif
