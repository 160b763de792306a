/* SPDX-License-Identifier: Apache-2.0 */
#include "http/seats.h"

#include "base/text.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* How often to look for lost seats, and how long a connection may take to reach its thread before its seat is suspected. */
#define LOOK_MS 1000
#define LOST_MS 5000

struct peer {
	uint8_t address[16]; /* IPv6; IPv4-mapped for IPv4 */
	uint16_t port;
};

struct seat {
	uint64_t number; /* 0: free */
	struct seat_limit *limit;
	struct peer peer;
	char *note; /* until seats_begin() */
	bool begun;
	int prev, next; /* in its bucket */
	int64_t since;  /* monotonic_ms() */
};

static struct peer peer_of(const struct sockaddr *a)
{
	struct peer p = { .port = 0 };
	if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)a;
		memcpy(p.address, &v6->sin6_addr, sizeof p.address);
		p.port = v6->sin6_port;
	} else if (a->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)a;
		p.address[10] = p.address[11] = 0xff;
		memcpy(p.address + 12, &v4->sin_addr, 4);
		p.port = v4->sin_port;
	}
	return p;
}

static bool same_address(const struct peer *a, const struct peer *b)
{
	return memcmp(a->address, b->address, sizeof a->address) == 0;
}

static int *bucket_of(struct seats *s, const struct peer *p)
{
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < sizeof p->address; i++)
		hash = (hash ^ p->address[i]) * 16777619U;
	return &s->buckets[(hash ^ hash >> 16) % SEAT_BUCKETS];
}

void seats_init(struct seats *s)
{
	*s = (struct seats){ .seats = NULL };
	pthread_mutex_init(&s->lock, NULL);
	for (size_t i = 0; i < SEAT_BUCKETS; i++)
		s->buckets[i] = -1;
}

void seats_destroy(struct seats *s)
{
	for (size_t i = 0; i < s->size; i++)
		free(s->seats[i].note);
	pthread_mutex_destroy(&s->lock);
	free(s->seats);
}

static struct seat *taken_seat(struct seats *s, int fd)
{
	return (size_t)fd < s->size && s->seats[fd].number ? &s->seats[fd] : NULL;
}

static void leave(struct seats *s, int fd)
{
	struct seat *seat = &s->seats[fd];
	if (seat->prev >= 0)
		s->seats[seat->prev].next = seat->next;
	else
		*bucket_of(s, &seat->peer) = seat->next;
	if (seat->next >= 0)
		s->seats[seat->next].prev = seat->prev;
	seat->limit->taken--;
	seat->number = 0;
	free(seat->note);
	seat->note = NULL;
}

static bool grow(struct seats *s, int fd)
{
	if ((size_t)fd < s->size)
		return true;
	size_t size = s->size ? s->size : 256;
	while (size <= (size_t)fd)
		size *= 2;
	struct seat *seats = realloc(s->seats, size * sizeof *seats);
	if (!seats)
		return false;
	memset(seats + s->size, 0, (size - s->size) * sizeof *seats);
	s->seats = seats;
	s->size = size;
	return true;
}

static bool address_full(struct seats *s, const struct seat_limit *limit, const struct peer *p)
{
	unsigned n = 0;
	if (!limit->per_address)
		return false;
	for (int i = *bucket_of(s, p); i >= 0 && n < limit->per_address; i = s->seats[i].next)
		n += s->seats[i].limit == limit && same_address(&s->seats[i].peer, p);
	return n >= limit->per_address;
}

static void enter(struct seats *s, struct seat_limit *limit, int fd, const struct peer *p, char *note)
{
	int *first = bucket_of(s, p);
	s->seats[fd] = (struct seat){
		.number = ++s->count,
		.limit = limit,
		.peer = *p,
		.note = note,
		.prev = -1,
		.next = *first,
		.since = monotonic_ms(),
	};
	if (*first >= 0)
		s->seats[*first].prev = fd;
	*first = fd;
	limit->taken++;
}

enum seat_answer seats_take(
	struct seats *s, struct seat_limit *limit, int fd, const struct sockaddr *address, char *note, uint64_t *ret)
{
	struct peer p = peer_of(address);
	enum seat_answer answer = SEAT_GIVEN;
	pthread_mutex_lock(&s->lock);
	if (taken_seat(s, fd))
		leave(s, fd); /* the system reused the descriptor: its previous connection is gone */
	if (address_full(s, limit, &p))
		answer = SEAT_FULL_ADDRESS;
	else if (!grow(s, fd))
		answer = SEAT_NO_MEMORY;
	else
		enter(s, limit, fd, &p, note);
	*ret = s->count;
	pthread_mutex_unlock(&s->lock);
	if (answer != SEAT_GIVEN)
		free(note);
	return answer;
}

/* The descriptor is closed or reused. A connection whose client has gone may still be on its way to its thread. */
static bool is_lost(int fd, const struct seat *seat)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof a;
	if (getpeername(fd, (struct sockaddr *)&a, &len) != 0)
		return errno == EBADF || errno == ENOTSOCK;
	struct peer p = peer_of((struct sockaddr *)&a);
	return !same_address(&p, &seat->peer) || p.port != seat->peer.port;
}

static void look_for_lost(struct seats *s, int64_t now)
{
	s->looked_at = now;
	for (size_t i = 0; i < s->size; i++) {
		const struct seat *seat = taken_seat(s, (int)i);
		if (seat && !seat->begun && now - seat->since >= LOST_MS && is_lost((int)i, seat))
			leave(s, (int)i);
	}
}

bool seats_room(struct seats *s, struct seat_limit *limit, int64_t now)
{
	pthread_mutex_lock(&s->lock);
	bool room = limit->taken < limit->most;
	if (!room && now - s->looked_at >= LOOK_MS) {
		look_for_lost(s, now);
		room = limit->taken < limit->most;
	}
	pthread_mutex_unlock(&s->lock);
	return room;
}

char *seats_begin(struct seats *s, int fd)
{
	char *note = NULL;
	pthread_mutex_lock(&s->lock);
	struct seat *seat = taken_seat(s, fd);
	if (seat) {
		seat->begun = true;
		note = seat->note;
		seat->note = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return note;
}

void seats_end(struct seats *s, int fd)
{
	pthread_mutex_lock(&s->lock);
	if (taken_seat(s, fd))
		leave(s, fd);
	pthread_mutex_unlock(&s->lock);
}

void seats_give_back(struct seats *s, int fd, uint64_t number)
{
	pthread_mutex_lock(&s->lock);
	const struct seat *seat = taken_seat(s, fd);
	if (seat && seat->number == number)
		leave(s, fd);
	pthread_mutex_unlock(&s->lock);
}
