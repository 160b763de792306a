/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/seats.h
 * \brief The connections that are open, counted from before libmicrohttpd gets them to their end.
 *
 * libmicrohttpd 0.9.75 has limits of its own that must never be met: new_connection_process_() returns with a mutex locked
 * when the number of connections is at its limit, and both its thread and whoever resumes a request then wait for ever.
 * Its count also misses connections that were handed over but not yet taken by their thread. So the limits are kept here.
 *
 * A seat is known by the connection's descriptor. libmicrohttpd drops a connection without a word when it has no memory for
 * it; such a seat is found free when the descriptor comes again, or when seats become scarce. Any thread.
 */
#ifndef HTTP_SEATS_H
#define HTTP_SEATS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** Connections that share a limit: those of a listener. Owned by whoever listens, to outlive the seats. */
struct seat_limit {
	unsigned most;        /**< at once */
	unsigned per_address; /**< of them from one address; 0: no limit */
	unsigned taken;       /**< under the lock of the seats */
};

enum { SEAT_BUCKETS = 1024 };

struct seat;

struct seats {
	pthread_mutex_t lock;
	struct seat *seats; /**< by descriptor */
	size_t size;
	int buckets[SEAT_BUCKETS]; /**< by address: the first seat; -1 for none */
	uint64_t count;            /**< of seats ever taken */
	int64_t looked_at;         /**< monotonic_ms() when lost seats were looked for */
};

enum seat_answer { SEAT_GIVEN, SEAT_FULL_ADDRESS, SEAT_NO_MEMORY };

void seats_init(struct seats *s);
/** Those that are taken are forgotten. */
void seats_destroy(struct seats *s);
/** Whether one more connection may be accepted. \param now  monotonic_ms() */
bool seats_room(struct seats *s, struct seat_limit *limit, int64_t now);
/**
 * Takes a seat for an open connection; \p limit->most is not looked at.
 * \param address  of the client
 * \param note     for its thread; allocated, and the seat's from here on, also after a failure. NULL for none
 * \param[out] ret the seat's number, for seats_give_back(), which others may call before this returns
 */
enum seat_answer seats_take(
	struct seats *s, struct seat_limit *limit, int fd, const struct sockaddr *address, char *note, uint64_t *ret);
/** The connection has come to its thread, which will say when it ends. \return the note, to be freed; NULL: none */
char *seats_begin(struct seats *s, int fd);
/** At the connection's end, before its descriptor is closed. Nothing to do when it has no seat. */
void seats_end(struct seats *s, int fd);
/** The connection did not come to a thread, and its descriptor may be another's by now. */
void seats_give_back(struct seats *s, int fd, uint64_t number);

#endif
