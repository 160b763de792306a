/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/source.h
 * \brief What counts as one sender where attempts to sign in are counted.
 */
#ifndef AUTH_SOURCE_H
#define AUTH_SOURCE_H

/** Bytes of the longest source with its NUL. */
#define SOURCE_MAX 64

/**
 * A peer as it is; of an IPv6 address its /64, all of which one host may use as it likes (RFC 4291 2.5.4, RFC 8981), so
 * that addresses that cost nothing are no way around a limit. NULL is "".
 */
void source_of(const char *peer, char ret[SOURCE_MAX]);

#endif
