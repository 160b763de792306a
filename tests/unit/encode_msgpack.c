/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack: the formats of its specification, and input that must be refused. */
#include "encode_fixture.h"

static const struct bytes_case both[] = {
	{ "null", "c0" },
	{ "false", "c2" },
	{ "true", "c3" },
	{ "0", "00" },
	{ "127", "7f" },
	{ "128", "cc80" },
	{ "255", "ccff" },
	{ "256", "cd0100" },
	{ "65535", "cdffff" },
	{ "65536", "ce00010000" },
	{ "4294967295", "ceffffffff" },
	{ "4294967296", "cf0000000100000000" },
	{ "9223372036854775807", "cf7fffffffffffffff" },
	{ "9223372036854775808", "cf8000000000000000" },
	{ "18446744073709551615", "cfffffffffffffffff" },
	{ "-1", "ff" },
	{ "-32", "e0" },
	{ "-33", "d0df" },
	{ "-128", "d080" },
	{ "-129", "d1ff7f" },
	{ "-32768", "d18000" },
	{ "-32769", "d2ffff7fff" },
	{ "-2147483648", "d280000000" },
	{ "-2147483649", "d3ffffffff7fffffff" },
	{ "-9223372036854775808", "d38000000000000000" },
	{ "1.5", "cb3ff8000000000000" },
	{ "1e+300", "cb7e37e43c8800759c" },
	{ "\"\"", "a0" },
	{ "\"a\"", "a161" },
	{ "\"\xc3\xbc\"", "a2c3bc" },
	{ "\"0123456789012345678901234567890\"", "bf30313233343536373839303132333435363738393031323334353637383930" },
	{ "\"01234567890123456789012345678901\"", "d9203031323334353637383930313233343536373839303132333435363738393031" },
	{ "[]", "90" },
	{ "[1,[2,3],[]]", "930192020390" },
	{ "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]", "9f0102030405060708090a0b0c0d0e0f" },
	{ "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", "dc00100102030405060708090a0b0c0d0e0f10" },
	{ "{}", "80" },
	{ "{\"a\":1,\"b\":[2,{\"c\":null}]}", "82a16101a162920281a163c0" },
};

static const struct bytes_case decoded[] = {
	{ "5", "cc05" },
	{ "5", "cf0000000000000005" },
	{ "5",
		"d3"
		"0000000000000005" },
	{ "-1", "d0ff" },
	{ "1.5", "ca3fc00000" },
	{ "1", "cb3ff0000000000000" },
	{ "\"a\"", "d90161" },
	{ "\"a\"", "da000161" },
	{ "\"a\"", "db0000000161" },
	{ "[1]", "dc000101" },
	{ "[1]", "dd0000000101" },
	{ "{\"a\":1}", "de0001a16101" },
	{ "{\"a\":{\"b\":\"c\"}}", "df00000001d90161de0001a162a163" },
	{ "{\"a\":2,\"b\":0}", "83a16101a16200a16102" },
	/* times: 32, 64 and 96 bits */
	{ "\"2013-03-21T20:04:00.000Z\"", "d6ff514b67b0" },
	{ "\"2013-03-21T20:04:00.500Z\"", "d7ff77359400514b67b0" },
	{ "\"1969-12-31T23:59:59.500Z\"", "c70cff1dcd6500ffffffffffffffff" },
	{ "[null,1]", "92d4000001" },
};

static const struct bytes_case refused[] = {
	{ "Unexpected end of MessagePack input", "" },
	{ "Unexpected end of MessagePack input", "cc" },
	{ "Unexpected end of MessagePack input", "a261" },
	{ "Unexpected end of MessagePack input", "dbffffffff61" },
	{ "Unexpected end of MessagePack input",
		"92"
		"00"
		"92" },
	{ "Unexpected end of MessagePack input", "ddffffffff00" },
	{ "Unexpected end of MessagePack input", "dfffffffffa16100" },
	{ "Unexpected end of MessagePack input",
		"9494"
		"00000000" },
	{ "Unexpected end of MessagePack input", "c9ffffffff0000" },
	{ "Unexpected end of MessagePack input", "d6ff" },
	{ "Data read, but end of buffer not reached", "0000" },
	{ "MessagePack: Reserved type byte at byte 0", "c1" },
	{ "MessagePack: Reserved type byte at byte 1", "91c1" },
	{ "MessagePack: A map key is not a text string at byte 1", "810000" },
	{ "MessagePack: A map key is not a text string at byte 1", "819000" },
	{ "MessagePack: Byte strings are not supported at byte 0", "c40161" },
	{ "MessagePack: Byte strings are not supported at byte 1",
		"91c6"
		"0000000161" },
	{ "MessagePack: Unsupported extension type at byte 0", "d40101" },
	{ "MessagePack: Unsupported extension type at byte 0", "c70072" },
	{ "MessagePack: Unsupported extension type at byte 0", "d5ff0000" },
	{ "MessagePack: Date out of range at byte 0", "c70cff000000007fffffffffffffff" },
	{ "MessagePack: Number out of range at byte 0", "cb7ff0000000000000" },
	{ "MessagePack: Number out of range at byte 0", "ca7fc00000" },
	{ "MessagePack: Invalid UTF-8 at byte 1", "a1ff" },
};

START_TEST(writes_and_reads)
{
	check_both_ways(&encode_msgpack, &decode_msgpack, &both[_i]);
}
END_TEST

START_TEST(reads)
{
	check_decoded(&decode_msgpack, &decoded[_i]);
}
END_TEST

START_TEST(refuses)
{
	check_decoded(&decode_msgpack, &refused[_i]);
}
END_TEST

/* The recorded server always uses maps with 16-bit counts. */
START_TEST(tokens_are_counted)
{
	lyre_value v = value_of_json("{\"a\":[1,{},[]],\"b\":{\"c\":null}}");

	encode(&encode_msgpack, &v, true);
	ck_assert_str_eq(hex(written.data, written.len), "de0002a161dc000301de0000dc0000a162de0001a163c0");
}
END_TEST

START_TEST(many_tokens)
{
	for (uint32_t n = 65535; n <= 65536; n++) {
		lyre_value v = { .type = LYRE_ARRAY, .len = n, .items = ARENA_ARRAY(&arena, lyre_value, n) }, back;
		struct value_member *outer = ARENA_ARRAY(&arena, struct value_member, 1);
		struct err e;

		for (uint32_t i = 0; i < n; i++)
			v.items[i] = value_int(i);
		outer[0] = (struct value_member){ "a", 1, v };
		lyre_value whole = { .type = LYRE_OBJECT, .len = 1, .members = outer };
		encode(&encode_msgpack, &whole, true);
		ck_assert_int_eq(decode_msgpack.decode(&arena, written.data, written.len, false, &back, &e), 0);
		ck_assert(value_equal(&whole, &back));
	}
}
END_TEST

/* Integers that the format cannot hold stay exact as strings. */
START_TEST(large_integers)
{
	lyre_value v = value_of_json("[18446744073709551616,-9223372036854775809]");

	encode(&encode_msgpack, &v, false);
	ck_assert_str_eq(decode(&decode_msgpack, hex(written.data, written.len), false),
		"[\"18446744073709551616\",\"-9223372036854775809\"]");
}
END_TEST

START_TEST(depth_is_limited)
{
	char text[2 * 514 + 1];

	for (unsigned depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		for (unsigned i = 0; i < depth; i++)
			memcpy(text + 2 * i, "91", 2);
		memcpy(text + 2 * depth, "00", 3);
		const char *said = decode(&decode_msgpack, text, depth % 2);
		ck_assert_msg(depth == JSON_DEPTH_MAX ? *said == '[' : !strcmp(said, "MessagePack: Nesting too deep at byte 512"),
			"%s", said);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("encode_msgpack");
	TCase *t = tcase_create("msgpack");

	tcase_add_checked_fixture(t, encode_setup, encode_teardown);
	tcase_add_loop_test(t, writes_and_reads, 0, COUNT(both));
	tcase_add_loop_test(t, reads, 0, COUNT(decoded));
	tcase_add_loop_test(t, refuses, 0, COUNT(refused));
	tcase_add_test(t, tokens_are_counted);
	tcase_add_test(t, many_tokens);
	tcase_add_test(t, large_integers);
	tcase_add_test(t, depth_is_limited);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
