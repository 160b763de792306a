/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR: the examples of RFC 8949, appendix A, and input that must be refused. */
#include "encode_fixture.h"

static const struct bytes_case both[] = {
	{ "0", "00" },
	{ "1", "01" },
	{ "10", "0a" },
	{ "23", "17" },
	{ "24", "1818" },
	{ "25", "1819" },
	{ "100", "1864" },
	{ "1000", "1903e8" },
	{ "1000000", "1a000f4240" },
	{ "1000000000000", "1b000000e8d4a51000" },
	{ "9223372036854775807", "1b7fffffffffffffff" },
	{ "9223372036854775808", "1b8000000000000000" },
	{ "18446744073709551615", "1bffffffffffffffff" },
	{ "18446744073709551616", "c249010000000000000000" },
	{ "-1", "20" },
	{ "-10", "29" },
	{ "-100", "3863" },
	{ "-1000", "3903e7" },
	{ "-9223372036854775808", "3b7fffffffffffffff" },
	{ "-9223372036854775809", "3b8000000000000000" },
	{ "-18446744073709551615", "3bfffffffffffffffe" },
	{ "-18446744073709551616", "c348ffffffffffffffff" },
	{ "-18446744073709551617", "c349010000000000000000" },
	{ "1.1", "fb3ff199999999999a" },
	{ "-4.1", "fbc010666666666666" },
	{ "1e+300", "fb7e37e43c8800759c" },
	{ "false", "f4" },
	{ "true", "f5" },
	{ "null", "f6" },
	{ "\"\"", "60" },
	{ "\"a\"", "6161" },
	{ "\"IETF\"", "6449455446" },
	{ "\"\\\"\\\\\"", "62225c" },
	{ "\"\xc3\xbc\"", "62c3bc" },
	{ "\"\xe6\xb0\xb4\"", "63e6b0b4" },
	{ "\"\xf0\x90\x85\x91\"", "64f0908591" },
	{ "\"a\\u0000b\"", "63610062" },
	{ "[]", "80" },
	{ "[1,2,3]", "83010203" },
	{ "[1,[2,3],[4,5]]", "8301820203820405" },
	{ "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
		"98190102030405060708090a0b0c0d0e0f101112131415161718181819" },
	{ "{}", "a0" },
	{ "{\"a\":1,\"b\":[2,3]}", "a26161016162820203" },
	{ "[\"a\",{\"b\":\"c\"}]", "826161a161626163" },
	{ "{\"a\":\"A\",\"b\":\"B\",\"c\":\"C\",\"d\":\"D\",\"e\":\"E\"}", "a56161614161626142616361436164614461656145" },
};

/* Without a length, other floats, tags; as sent by JavaScript and Python libraries. */
static const struct bytes_case decoded[] = {
	{ "0", "f90000" },
	{ "0", "f98000" },
	{ "1", "f93c00" },
	{ "1.5", "f93e00" },
	{ "65504", "f97bff" },
	{ "0.00006097555160522461", "f903ff" },
	{ "0.00006103515625", "f90400" },
	{ "-4", "f9c400" },
	{ "100000", "fa47c35000" },
	{ "3.4028234663852886e+38", "fa7f7fffff" },
	{ "null", "f7" },
	{ "[]", "9fff" },
	{ "[1,[2,3],[4,5]]", "9f018202039f0405ffff" },
	{ "[1,[2,3],[4,5]]", "9f01820203820405ff" },
	{ "[1,[2,3],[4,5]]", "83018202039f0405ff" },
	{ "[1,[2,3],[4,5]]", "83019f0203ff820405" },
	{ "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
		"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff" },
	{ "{\"a\":1,\"b\":[2,3]}", "bf61610161629f0203ffff" },
	{ "[\"a\",{\"b\":\"c\"}]", "826161bf61626163ff" },
	{ "{\"Fun\":true,\"Amt\":-2}", "bf6346756ef563416d7421ff" },
	{ "\"streaming\"", "7f657374726561646d696e67ff" },
	{ "\"\"", "7fff" },
	{ "\"\"", "7f6060ff" },
	{ "{\"streaming\":{\"x\":\"ab\"}}", "a17f657374726561646d696e67ffa161787f61616162ff" },
	{ "\"2013-03-21T20:04:00Z\"", "c074323031332d30332d32315432303a30343a30305a" },
	{ "\"2013-03-21T20:04:00.000Z\"", "c11a514b67b0" },
	{ "\"2013-03-21T20:04:00.500Z\"", "c1fb41d452d9ec200000" },
	{ "\"1969-12-31T23:59:59.000Z\"", "c120" },
	{ "[\"2013-03-21T20:04:00.000Z\",1]", "82c11a514b67b001" },
	{ "0", "c240" },
	{ "1", "c2420001" },
	{ "-1", "c340" },
	{ "-9223372036854775808", "c3487fffffffffffffff" },
	{ "{\"a\":1}", "d9d9f7a1616101" },
	{ "{\"a\":2,\"b\":0}", "a3616101616200616102" },
	{ "{\"a\":3}", "bf616101616102616103ff" },
	{ "[0,0]",
		"820018"
		"00" },
};

static const struct bytes_case refused[] = {
	{ "Unexpected end of CBOR input", "" },
	{ "Unexpected end of CBOR input", "18" },
	{ "Unexpected end of CBOR input", "1b00000000000000" },
	{ "Unexpected end of CBOR input", "6261" },
	{ "Unexpected end of CBOR input", "7b7fffffffffffffff61" },
	{ "Unexpected end of CBOR input", "7bffffffffffffffff61" },
	{ "Unexpected end of CBOR input", "81" },
	{ "Unexpected end of CBOR input", "9affffffff00" },
	{ "Unexpected end of CBOR input", "9bffffffffffffffff00" },
	{ "Unexpected end of CBOR input", "bbffffffffffffffff616100" },
	{ "Unexpected end of CBOR input", "bb8000000000000001616100" },
	{ "Unexpected end of CBOR input", "9f00" },
	{ "Unexpected end of CBOR input", "bf616100" },
	{ "Unexpected end of CBOR input", "7f6161" },
	{ "Unexpected end of CBOR input", "c2" },
	{ "Unexpected end of CBOR input", "c24401" },
	{ "Unexpected end of CBOR input", "c1" },
	{ "Unexpected end of CBOR input", "d9d9f7" },
	/* each count alone would be valid: together they announce more than there is */
	{ "Unexpected end of CBOR input", "848400000000" },
	{ "Data read, but end of buffer not reached", "ffffffff" },
	{ "Data read, but end of buffer not reached", "0000" },
	{ "Data read, but end of buffer not reached", "a000" },
	{ "CBOR: Unexpected break at byte 0", "ff" },
	{ "CBOR: Unexpected break at byte 1", "81ff" },
	{ "CBOR: Unexpected break at byte 3", "a16161ff" },
	{ "CBOR: Unexpected break at byte 3", "bf6161ff" },
	{ "CBOR: A map key is not a text string at byte 1", "a1ff00" },
	{ "CBOR: A map key is not a text string at byte 1", "a10000" },
	{ "CBOR: A map key is not a text string at byte 1", "bf8000ff" },
	{ "CBOR: Malformed item at byte 0", "1c" },
	{ "CBOR: Malformed item at byte 0", "1f" },
	{ "CBOR: Malformed item at byte 0", "3f" },
	{ "CBOR: Malformed item at byte 0", "df" },
	{ "CBOR: Malformed item at byte 1", "81fe" },
	{ "CBOR: Unsupported simple value at byte 0", "f0" },
	{ "CBOR: Unsupported simple value at byte 0", "f8ff" },
	{ "CBOR: Unsupported simple value at byte 1", "81f8f4" },
	{ "CBOR: Byte strings are not supported at byte 0", "4401020304" },
	{ "CBOR: Byte strings are not supported at byte 1", "815f42010243030405ff" },
	{ "CBOR: Unsupported tag at byte 0", "d74401020304" },
	{ "CBOR: Unsupported tag at byte 0",
		"d90102"
		"80" },
	{ "CBOR: Invalid bignum at byte 1", "c201" },
	{ "CBOR: Invalid bignum at byte 1", "c25f4101ff" },
	{ "CBOR: Invalid date at byte 0", "c001" },
	{ "CBOR: Invalid date at byte 0", "c16161" },
	{ "CBOR: Invalid date at byte 0", "c1f6" },
	{ "CBOR: Invalid date at byte 0", "c11f" },
	{ "CBOR: Date out of range at byte 0", "c1fb7e37e43c8800759c" },
	{ "CBOR: Date out of range at byte 0", "c1f97e00" },
	{ "CBOR: Number out of range at byte 0", "f97c00" },
	{ "CBOR: Number out of range at byte 0", "f97e00" },
	{ "CBOR: Number out of range at byte 1", "81faff800000" },
	{ "CBOR: Number out of range at byte 0", "fb7ff8000000000000" },
	{ "CBOR: Invalid UTF-8 at byte 1", "61ff" },
	{ "CBOR: Invalid UTF-8 at byte 2", "6261c3" },
	{ "CBOR: Invalid UTF-8 at byte 1", "63eda080" },
	{ "CBOR: Invalid UTF-8 at byte 2", "7f61c361bcff" },
	{ "CBOR: Invalid chunk of a text string at byte 1", "7f4161ff" },
	{ "CBOR: Invalid chunk of a text string at byte 1", "7f7f6161ffff" },
};

START_TEST(writes_and_reads)
{
	check_both_ways(&encode_cbor, &decode_cbor, &both[_i]);
}
END_TEST

START_TEST(reads)
{
	check_decoded(&decode_cbor, &decoded[_i]);
}
END_TEST

START_TEST(refuses)
{
	check_decoded(&decode_cbor, &refused[_i]);
}
END_TEST

START_TEST(values_written_by_tokens_have_ends)
{
	lyre_value v = value_of_json("{\"a\":[1,{}],\"b\":{}}");

	encode(&encode_cbor, &v, true);
	ck_assert_str_eq(hex(written.data, written.len), "bf61619f01bfffff6162bfffff");
}
END_TEST

/* The largest bignums within the range of a double, and one larger. */
START_TEST(large_bignums)
{
	char head[] = "c25880", digits[sizeof head + 256];

	memcpy(digits, head, sizeof head);
	for (int i = 0; i < 128; i++)
		strcat(digits, i ? "00" : "80");
	const char *json = decode(&decode_cbor, digits, false);
	ck_assert_uint_eq(strlen(json), 308);
	ck_assert_msg(!strncmp(json, "8988465674311579538646525953945123668089884894711532863671504057886633790275048156635", 85),
		"%s", json);
	lyre_value v = value_of_json(json);
	encode(&encode_cbor, &v, false);
	ck_assert_str_eq(hex(written.data, written.len), digits);
	memcpy(digits + 6, "ffffffffffffffff", 16);
	ck_assert_str_eq(decode(&decode_cbor, digits, false), "CBOR: Number out of range at byte 0");
	ck_assert_str_eq(decode(&decode_cbor, "c24101", false), "1");
}
END_TEST

static const char *nested(unsigned depth, const char *open, const char *inner, const char *close)
{
	struct buf b;

	buf_init(&b);
	for (unsigned i = 0; i < depth; i++)
		buf_add_str(&b, open);
	buf_add_str(&b, inner);
	for (unsigned i = 0; i < depth; i++)
		buf_add_str(&b, close);
	const char *text = arena_strndup(&arena, b.data, b.len);
	buf_free(&b);
	return text;
}

START_TEST(depth_is_limited)
{
	ck_assert_msg(*decode(&decode_cbor, nested(JSON_DEPTH_MAX, "81", "00", ""), false) == '[', "512 levels");
	ck_assert_msg(*decode(&decode_cbor, nested(JSON_DEPTH_MAX, "9f", "00", "ff"), true) == '[', "512 levels");
	ck_assert_msg(*decode(&decode_cbor, nested(JSON_DEPTH_MAX, "a16161", "00", ""), true) == '{', "512 levels");
	for (int steps = 0; steps < 2; steps++) {
		ck_assert_str_eq(decode(&decode_cbor, nested(513, "81", "00", ""), steps), "CBOR: Nesting too deep at byte 512");
		ck_assert_str_eq(
			decode(&decode_cbor, nested(513, "bf6161", "00", "ff"), steps), "CBOR: Nesting too deep at byte 1536");
	}
	/* tags do not count as nesting, however many there are */
	ck_assert_str_eq(decode(&decode_cbor, nested(100000, "d9d9f7", "01", ""), false), "1");
}
END_TEST

/* Announced items take no memory before they arrive. */
START_TEST(memory_follows_bytes)
{
	struct budget budget;
	struct charge charge;
	struct arena small;
	struct err e;
	lyre_value v;
	char bytes[4096];

	budget_init(&budget, 1 << 20, 256 << 10, 1);
	charge_init(&charge, &budget, 0);
	arena_init_charged(&small, &charge);
	for (size_t i = 0; i + 5 < sizeof bytes; i += 5)
		memcpy(bytes + i, "\x9a\x00\x00\x03\x00", 5); /* nested arrays of 768 */
	ck_assert_int_eq(decode_cbor.decode(&small, bytes, sizeof bytes, false, &v, &e), LYRE_EINVAL);
	ck_assert_str_eq(e.text, "Unexpected end of CBOR input");
	ck_assert_uint_lt(charge.held, 32 * sizeof bytes);
	arena_free(&small);
	/* and what is there is refused if it is too much */
	char *many = malloc(1 << 20);
	memset(many, 0, 1 << 20);
	memcpy(many, "\x9a\x00\x0f\xff\xfb", 5);
	ck_assert_int_eq(decode_cbor.decode(&small, many, 1 << 20, false, &v, &e), LYRE_ENOMEM);
	ck_assert_int_eq(charge_explain(&charge, &e), LYRE_ETOOBIG);
	ck_assert_int_eq(decode_cbor.decode(&small, many, 1 << 20, true, &v, &e), 0);
	ck_assert_uint_eq(v.type, VALUE_UNREAD);
	arena_free(&small);
	free(many);
	ck_assert_uint_eq(charge.held, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("encode_cbor");
	TCase *t = tcase_create("cbor");

	tcase_add_checked_fixture(t, encode_setup, encode_teardown);
	tcase_add_loop_test(t, writes_and_reads, 0, COUNT(both));
	tcase_add_loop_test(t, reads, 0, COUNT(decoded));
	tcase_add_loop_test(t, refuses, 0, COUNT(refused));
	tcase_add_test(t, values_written_by_tokens_have_ends);
	tcase_add_test(t, large_bignums);
	tcase_add_test(t, depth_is_limited);
	tcase_add_test(t, memory_follows_bytes);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
