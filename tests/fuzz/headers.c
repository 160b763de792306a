/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file headers.c
 * \brief One header's value as Accept, Content-Type and Authorization.
 */
#include "fuzz.h"

#include "dispatch/dispatch_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct err e = { 0 };
	struct credentials c;
	char *text = fuzz_copy(data, size, 1);
	arena_init(&a);
	must(format_accepted(text) <= FORMAT_CSV);
	must(media_of(text) <= MEDIA_TEXT);
	int rc = credentials_read(&c, text, &a, &e);
	must(rc == e.code && (rc == 0 || rc == LYRE_EUNAUTHENTICATED));
	if (!rc && c.user) {
		must(c.password && !c.user[c.user_len] && !c.password[c.password_len]);
		must(c.user_len || c.password_len);
	}
	credentials_clear(&c);
	arena_free(&a);
	free(text);
	return 0;
}
