/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/msgpack.h
 * \brief The first bytes of MessagePack.
 */
#ifndef ENCODE_MSGPACK_H
#define ENCODE_MSGPACK_H

enum {
	MSGPACK_INT_MAX = 0x7f, /**< up to here, the number itself */
	MSGPACK_MAP = 0x80,     /**< from here on, with a length in the low bits */
	MSGPACK_ARRAY = 0x90,
	MSGPACK_TEXT = 0xa0,
	MSGPACK_NIL = 0xc0,
	MSGPACK_FALSE = 0xc2,
	MSGPACK_TRUE = 0xc3,
	MSGPACK_BIN_8 = 0xc4,
	MSGPACK_BIN_32 = 0xc6,
	MSGPACK_EXT_8 = 0xc7,
	MSGPACK_EXT_16 = 0xc8,
	MSGPACK_EXT_32 = 0xc9,
	MSGPACK_FLOAT = 0xca,
	MSGPACK_DOUBLE = 0xcb,
	MSGPACK_UINT_8 = 0xcc,
	MSGPACK_UINT_64 = 0xcf,
	MSGPACK_INT_8 = 0xd0,
	MSGPACK_INT_64 = 0xd3,
	MSGPACK_FIXEXT_1 = 0xd4,
	MSGPACK_FIXEXT_16 = 0xd8,
	MSGPACK_TEXT_8 = 0xd9,
	MSGPACK_TEXT_16 = 0xda,
	MSGPACK_TEXT_32 = 0xdb,
	MSGPACK_ARRAY_16 = 0xdc,
	MSGPACK_ARRAY_32 = 0xdd,
	MSGPACK_MAP_16 = 0xde,
	MSGPACK_MAP_32 = 0xdf,
	MSGPACK_INT_MIN = 0xe0 /**< from here on, the negative number itself */
};

/** The predefined extension type for times. */
#define MSGPACK_TIMESTAMP (-1)

#endif
