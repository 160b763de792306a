/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/seats.h
 * \brief Counts open connections, from before libmicrohttpd gets them to their end.
 *
 * libmicrohttpd 0.9.75 has limits of its own that must never be reached: new_connection_process_() returns with a mutex locked
 * when the number of connections is at its limit, and both its thread and whoever resumes a request then wait forever.
 * Its count also misses connections that were handed over but not yet taken by their thread. So the limits are kept here.
 *
 * A seat is identified by the connection's descriptor. libmicrohttpd drops a connection silently if it has no memory for
 * it; such a seat is freed when the descriptor is reused, or when seats become scarce. Any thread.
 */
#ifndef HTTP_SEATS_H
#define HTTP_SEATS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** A limit shared by the connections of one or more listeners. Belongs to the listeners' owner, and must outlive the seats. */
struct seat_limit {
	unsigned most;        /**< at a time */
	unsigned per_address; /**< from one address; 0: no limit */
	unsigned taken;       /**< protected by the lock of the seats */
};

enum { SEAT_BUCKETS = 1024 };

struct seat;

struct seats {
	pthread_mutex_t lock;
	struct seat *seats; /**< by descriptor */
	size_t size;
	int buckets[SEAT_BUCKETS]; /**< by address: the first seat; -1: none */
	uint64_t count;            /**< seats ever taken */
	int64_t looked_at;         /**< monotonic_ms() of the last search for lost seats */
};

enum seat_answer { SEAT_GIVEN, SEAT_FULL_ADDRESS, SEAT_NO_MEMORY };

void seats_init(struct seats *s);
/** Seats still taken are forgotten. */
void seats_destroy(struct seats *s);
/** Whether one more connection may be accepted. \param now  monotonic_ms() */
bool seats_room(struct seats *s, struct seat_limit *limit, int64_t now);
/**
 * Takes a seat for an open connection; does not check \p limit->most.
 * \param address  of the client
 * \param note     for its thread; allocated, and owned by the seat from here on, even after a failure. NULL for none
 * \param[out] ret the seat's number, for seats_give_back(), which others may call before this returns
 */
enum seat_answer seats_take(
	struct seats *s, struct seat_limit *limit, int fd, const struct sockaddr *address, char *note, uint64_t *ret);
/** The connection has reached its thread, which will report its end. \return the note, to be freed; NULL: none */
char *seats_begin(struct seats *s, int fd);
/** At the connection's end, before its descriptor is closed. Does nothing if it has no seat. */
void seats_end(struct seats *s, int fd);
/** The connection did not reach a thread, and its descriptor may already be reused. */
void seats_give_back(struct seats *s, int fd, uint64_t number);

#endif
