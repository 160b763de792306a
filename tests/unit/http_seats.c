/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/text.h"
#include "http/seats.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Long enough that a connection on its way to its thread is checked. */
#define LATER_MS 60000

static struct seats seats;
static struct seat_limit limit;

static void setup(void)
{
	seats_init(&seats);
	limit = (struct seat_limit){ .most = 3 };
}

static void teardown(void)
{
	seats_destroy(&seats);
}

static enum seat_answer take_from(int fd, const char *address, uint64_t *number)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(1000) };

	ck_assert_int_eq(inet_pton(AF_INET, address, &a.sin_addr), 1);
	return seats_take(&seats, &limit, fd, (struct sockaddr *)&a, NULL, number);
}

static uint64_t take(int fd)
{
	uint64_t number = 0;

	ck_assert_int_eq(take_from(fd, "127.0.0.1", &number), SEAT_GIVEN);
	return number;
}

static bool room(int64_t in_ms)
{
	return seats_room(&seats, &limit, monotonic_ms() + in_ms);
}

START_TEST(room_is_taken_and_returned)
{
	for (int fd = 1000; fd < 1003; fd++) {
		ck_assert(room(0));
		take(fd);
	}
	ck_assert(!room(0));
	seats_end(&seats, 1001);
	ck_assert(room(0));
	seats_end(&seats, 1001); /* it has no seat */
	seats_end(&seats, 5000);
	ck_assert_uint_eq(limit.taken, 2);
}
END_TEST

START_TEST(a_descriptor_may_be_reused)
{
	take(1000);
	take(1000);
	ck_assert_uint_eq(limit.taken, 1);
}
END_TEST

START_TEST(a_seat_is_returned_only_by_its_number)
{
	uint64_t first = take(1000);

	seats_end(&seats, 1000);
	uint64_t second = take(1000);
	seats_give_back(&seats, 1000, first);
	ck_assert_uint_eq(limit.taken, 1);
	seats_give_back(&seats, 1000, second);
	ck_assert_uint_eq(limit.taken, 0);
}
END_TEST

/* Of the closed descriptors, one has reached its thread, which will report its end. */
START_TEST(lost_seats_are_found)
{
	take(1000);
	take(1001);
	take(1002);
	seats_begin(&seats, 1001);
	ck_assert(!room(0));
	ck_assert(room(LATER_MS));
	ck_assert_uint_eq(limit.taken, 1);
}
END_TEST

START_TEST(open_connections_are_not_lost)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	uint64_t number;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_int_eq(getpeername(ends[0], (struct sockaddr *)&peer, &len), 0);
	limit.most = 1;
	ck_assert_int_eq(seats_take(&seats, &limit, ends[0], (struct sockaddr *)&peer, NULL, &number), SEAT_GIVEN);
	close(ends[1]);
	ck_assert(!room(LATER_MS));
	close(ends[0]);
	ck_assert(room(2 * LATER_MS));
}
END_TEST

START_TEST(one_address_has_a_limit)
{
	uint64_t number;

	limit.most = 1000;
	limit.per_address = 2;
	ck_assert_int_eq(take_from(1000, "10.0.0.1", &number), SEAT_GIVEN);
	ck_assert_int_eq(take_from(1001, "10.0.0.1", &number), SEAT_GIVEN);
	ck_assert_int_eq(take_from(1002, "10.0.0.1", &number), SEAT_FULL_ADDRESS);
	ck_assert_int_eq(take_from(1002, "10.0.0.2", &number), SEAT_GIVEN);
	seats_end(&seats, 1000);
	ck_assert_int_eq(take_from(1003, "10.0.0.1", &number), SEAT_GIVEN);
	ck_assert_int_eq(take_from(1004, "10.0.0.1", &number), SEAT_FULL_ADDRESS);
	ck_assert_uint_eq(limit.taken, 3);
}
END_TEST

/* A note goes to the thread once, or is freed with the seat. */
START_TEST(a_note_goes_with_its_seat)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	uint64_t number;

	ck_assert_int_eq(seats_take(&seats, &limit, 1000, (struct sockaddr *)&a, strdup("lost"), &number), SEAT_GIVEN);
	ck_assert_int_eq(seats_take(&seats, &limit, 1000, (struct sockaddr *)&a, strdup("kept"), &number), SEAT_GIVEN);
	char *note = seats_begin(&seats, 1000);
	ck_assert_str_eq(note, "kept");
	free(note);
	ck_assert_ptr_null(seats_begin(&seats, 1000));
	limit.per_address = 1;
	ck_assert_int_eq(seats_take(&seats, &limit, 1001, (struct sockaddr *)&a, strdup("refused"), &number), SEAT_FULL_ADDRESS);
	seats_end(&seats, 1000);
	ck_assert_int_eq(seats_take(&seats, &limit, 1001, (struct sockaddr *)&a, strdup("left"), &number), SEAT_GIVEN);
}
END_TEST

/* The same client, through an IPv4 or an IPv6 socket. */
START_TEST(a_mapped_address_is_the_same)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
	uint64_t number;

	limit.per_address = 1;
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:10.0.0.1", &a.sin6_addr), 1);
	ck_assert_int_eq(seats_take(&seats, &limit, 1000, (struct sockaddr *)&a, NULL, &number), SEAT_GIVEN);
	ck_assert_int_eq(take_from(1001, "10.0.0.1", &number), SEAT_FULL_ADDRESS);
}
END_TEST

/* Chains of many addresses, taken and released in different orders. */
START_TEST(many_connections_open_and_close)
{
	char address[32];
	uint64_t number;

	limit = (struct seat_limit){ .most = 20000, .per_address = 5 };
	for (int i = 0; i < 20000; i++) {
		snprintf(address, sizeof address, "10.1.%d.%d", i / 5 / 256, i / 5 % 256);
		ck_assert_int_eq(take_from(i, address, &number), SEAT_GIVEN);
	}
	ck_assert(!room(0));
	ck_assert_int_eq(take_from(20000, "10.1.0.0", &number), SEAT_FULL_ADDRESS);
	for (int i = 0; i < 20000; i++)
		seats_end(&seats, i * 7919 % 20000);
	ck_assert_uint_eq(limit.taken, 0);
	ck_assert_int_eq(take_from(20000, "10.1.0.0", &number), SEAT_GIVEN);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("http/seats");
	TCase *t = tcase_create("seats");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, room_is_taken_and_returned);
	tcase_add_test(t, a_descriptor_may_be_reused);
	tcase_add_test(t, a_seat_is_returned_only_by_its_number);
	tcase_add_test(t, lost_seats_are_found);
	tcase_add_test(t, open_connections_are_not_lost);
	tcase_add_test(t, one_address_has_a_limit);
	tcase_add_test(t, a_note_goes_with_its_seat);
	tcase_add_test(t, a_mapped_address_is_the_same);
	tcase_add_test(t, many_connections_open_and_close);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
