/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file proxy_header.c
 * \brief The first bytes of a connection, in pieces of any size, read as a PROXY protocol header.
 */
#include "fuzz.h"

#include "http/proxy_header.h"

#include <arpa/inet.h>

static enum proxy_answer read_first(struct proxy_header *ret, const uint8_t *data, size_t len)
{
	char *piece = fuzz_copy(data, len, 0);
	enum proxy_answer answer = proxy_header_read(ret, piece, len);
	free(piece);
	return answer;
}

static void check_address(const char *text)
{
	char again[ADDRESS_MAX];
	must(address_read(again, strchr(text, ':') ? AF_INET6 : AF_INET, text) && !strcmp(again, text));
}

static void check(const struct proxy_header *h, enum proxy_answer answer, const uint8_t *data, size_t len)
{
	must((answer == PROXY_BAD) == (h->why != NULL));
	if (answer == PROXY_READ) {
		must(h->size >= 8 && h->size <= PROXY_HEADER_MAX);
		must(*data != 'P' || (h->size <= len && data[h->size - 1] == '\n'));
		if (*h->client)
			check_address(h->client);
	} else if (answer == PROXY_NONE) {
		must(len >= 1 && memcmp(data, "PROXY ", len < 6 ? len : 6) != 0);
	} else if (answer != PROXY_BAD) {
		must(len < PROXY_LINE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header last = { 0 };
	enum proxy_answer said = PROXY_MORE;
	for (size_t len = 0; len <= size && len <= 2 * PROXY_LINE_MAX; len++) {
		struct proxy_header h;
		enum proxy_answer answer = read_first(&h, data, len);
		check(&h, answer, data, len);
		/* A decision stays the same whatever follows. */
		if (said == PROXY_BEGUN)
			must(answer != PROXY_NONE && answer != PROXY_MORE);
		else if (said != PROXY_MORE)
			must(answer == said && h.size == last.size && !strcmp(h.client, last.client));
		said = answer;
		last = h;
	}
	must(size < PROXY_LINE_MAX || (said != PROXY_MORE && said != PROXY_BEGUN));
	return 0;
}
