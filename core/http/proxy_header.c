/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proxy_header.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* ---- version 1: a line ---- */

#define V1 "PROXY "
#define V1_LEN (sizeof V1 - 1)

static enum proxy_answer bad(struct proxy_header *h, const char *why)
{
	h->why = why;
	return PROXY_BAD;
}

/* Cuts off the next word. \return NULL when there is none */
static char *next_word(char **rest)
{
	char *word = *rest;
	if (!word || !*word || *word == ' ')
		return NULL;
	char *blank = strchr(word, ' ');
	if (blank)
		*blank++ = '\0';
	*rest = blank;
	return word;
}

static bool is_port(const char *s)
{
	size_t len = s ? strlen(s) : 0;
	if (!len || len > 5 || strspn(s, "0123456789") != len || (len > 1 && *s == '0'))
		return false;
	unsigned n = 0;
	for (; *s; s++)
		n = n * 10 + (unsigned)(*s - '0');
	return n <= UINT16_MAX;
}

/* \param line  what follows "PROXY " */
static enum proxy_answer read_words(struct proxy_header *h, char *line)
{
	char other[ADDRESS_MAX];
	const char *family = next_word(&line);
	if (family && strcmp(family, "UNKNOWN") == 0)
		return PROXY_READ;
	if (!family || (strcmp(family, "TCP4") != 0 && strcmp(family, "TCP6") != 0))
		return bad(h, "it names an unknown address family");
	int af = family[3] == '4' ? AF_INET : AF_INET6;
	const char *from = next_word(&line), *to = next_word(&line);
	if (!from || !to || !address_read(h->client, af, from) || !address_read(other, af, to))
		return bad(h, "an address is not valid");
	const char *from_port = next_word(&line), *to_port = next_word(&line);
	if (!is_port(from_port) || !is_port(to_port) || line)
		return bad(h, "a port is not valid");
	return PROXY_READ;
}

static enum proxy_answer read_v1(struct proxy_header *h, const char *s, size_t len)
{
	char line[PROXY_LINE_MAX];
	size_t most = len < PROXY_LINE_MAX ? len : PROXY_LINE_MAX;
	const char *lf = memchr(s, '\n', most);
	if (!lf)
		return len < PROXY_LINE_MAX ? PROXY_BEGUN : bad(h, "the line is too long");
	h->size = (size_t)(lf + 1 - s);
	size_t text = h->size - V1_LEN - 2;
	if (h->size < V1_LEN + 2 || lf[-1] != '\r' || memchr(s, '\0', h->size) || memchr(s, '\r', h->size - 2))
		return bad(h, "the line is not valid");
	memcpy(line, s + V1_LEN, text);
	line[text] = '\0';
	return read_words(h, line);
}

/* ---- version 2: binary ---- */

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define V2_LEN (sizeof V2 - 1)
#define V2_HEAD 16
#define VERSION_LOCAL 0x20
#define VERSION_PROXY 0x21

/* The high half is the address family, the low half the socket type (stream or datagram). */
enum { UNSPECIFIED = 0x00, TCP4 = 0x11, UDP4 = 0x12, TCP6 = 0x21, UDP6 = 0x22, DOMAIN_STREAM = 0x31, DOMAIN_DATAGRAM = 0x32 };

/* \return bytes of both addresses and ports; -1: unknown family */
static int addresses_size(unsigned char family)
{
	switch (family) {
	case UNSPECIFIED:
		return 0;
	case TCP4:
	case UDP4:
		return 12;
	case TCP6:
	case UDP6:
		return 36;
	case DOMAIN_STREAM:
	case DOMAIN_DATAGRAM:
		return 216;
	default:
		return -1;
	}
}

static enum proxy_answer read_v2(struct proxy_header *h, const char *s, size_t len)
{
	if (len < V2_HEAD)
		return PROXY_BEGUN;
	const unsigned char *u = (const unsigned char *)s;
	unsigned char command = u[12], family = u[13];
	size_t rest = (size_t)u[14] << 8 | u[15];
	int addresses = addresses_size(family);
	h->size = V2_HEAD + rest;
	if (command != VERSION_LOCAL && command != VERSION_PROXY)
		return bad(h, "its version or command is unknown");
	if (h->size > PROXY_HEADER_MAX)
		return bad(h, "it is too long");
	if (command == VERSION_LOCAL)
		return PROXY_READ;
	if (addresses < 0)
		return bad(h, "it names an unknown address family");
	if (rest < (size_t)addresses)
		return bad(h, "it is too short for its addresses");
	if (family != TCP4 && family != TCP6)
		return PROXY_READ;
	if (len < V2_HEAD + (size_t)addresses)
		return PROXY_BEGUN;
	address_write(h->client, family == TCP4 ? AF_INET : AF_INET6, u + V2_HEAD);
	return PROXY_READ;
}

/* ---- which version ---- */

/* \return whether everything received so far matches how a header begins */
static bool begins(const char *s, size_t len, const char *with, size_t with_len)
{
	return memcmp(s, with, len < with_len ? len : with_len) == 0;
}

enum proxy_answer proxy_header_read(struct proxy_header *ret, const char *s, size_t len)
{
	*ret = (struct proxy_header){ .size = 0 };
	if (begins(s, len, V1, V1_LEN))
		return len < V1_LEN ? PROXY_MORE : read_v1(ret, s, len);
	if (begins(s, len, V2, V2_LEN))
		return len < V2_LEN ? PROXY_MORE : read_v2(ret, s, len);
	return PROXY_NONE;
}
