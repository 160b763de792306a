/* SPDX-License-Identifier: Apache-2.0 */
#include "http/framing.h"

#include <string.h>
#include <strings.h>

struct reading {
	struct framing *f;
	const char *at; /* see below; NULL: lines are not compared */
	size_t bytes;
	unsigned lengths, encodings, contents, hosts;
	bool close, stay, expects;
};

static void refuse(struct framing *f, int status, const char *why)
{
	if (f->refuse)
		return;
	f->refuse = status;
	f->why = why;
}

bool is_token_char(char c)
{
	/* A bit a character: letters, digits, and !#$%&'*+-.^_`|~ */
	static const uint64_t allowed[4] = { UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe), 0, 0 };
	unsigned u = (unsigned char)c;
	return allowed[u >> 6] >> (u & 63) & 1;
}

static bool is_token(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_token_char(s[i]))
			return false;
	return len > 0;
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* Whether one of eight bytes may be a control character. Also true for tabs and for some bytes above 0x7f. */
static bool may_have_control(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	return (((x - ones * ' ') | (x + ones)) & ones << 7) != 0;
}

static bool has_control_in(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_control(s[i]))
			return true;
	return false;
}

static bool has_control(const char *s, size_t len)
{
	uint64_t eight;
	for (; len >= sizeof eight; s += sizeof eight, len -= sizeof eight) {
		memcpy(&eight, s, sizeof eight);
		if (may_have_control(eight) && has_control_in(s, sizeof eight))
			return true;
	}
	return has_control_in(s, len);
}

static bool is_name(const char *key, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(key, name, len) == 0;
}

static void read_length(struct framing *f, const char *s, size_t len)
{
	uint64_t n = 0;
	if (len == 0 || len > 18) {
		refuse(f, MHD_HTTP_BAD_REQUEST, "The Content-Length header is not valid");
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9') {
			refuse(f, MHD_HTTP_BAD_REQUEST, "The Content-Length header is not valid");
			return;
		}
		n = n * 10 + (uint64_t)(s[i] - '0');
	}
	f->content_length = n;
	f->has_content_length = true;
}

/* A list of words: close, keep-alive, and others that do not concern us. */
static void read_connection(struct reading *r, const char *s)
{
	while (*s) {
		size_t skip = strspn(s, " \t,");
		s += skip;
		size_t len = strcspn(s, " \t,");
		if (is_name(s, len, "close"))
			r->close = true;
		else if (is_name(s, len, "keep-alive"))
			r->stay = true;
		s += len;
	}
}

static void keep_first(const char **slot, const char *value)
{
	if (!*slot)
		*slot = value;
}

/* ---- does libmicrohttpd's view agree with the bytes? ----
 *
 * Up to 0.9.76 it reads past a NUL, appends folded lines to the previous header's name, treats a line without a name as
 * the end of the headers, and accepts bare line feeds as line ends: all of this hides headers from it, or from a proxy in
 * front. It splits the text in place, colon, CR and LF becoming NULs, and reports where the text starts and its length.
 * So the lines must follow each other without a gap. A NUL sent in place of a CR or LF cannot be distinguished from one:
 * tests/fuzz/framing.c lists what this lets through. Later versions reject all of these themselves. */

static bool splits_in_place(void)
{
	const char *version = MHD_get_version();
	return strcmp(version, "0.9.75") == 0 || strcmp(version, "0.9.76") == 0;
}

/* \return the start of the headers; NULL, after setting a refusal, if the request line is not three words separated
 * by single blanks */
static const char *first_header(struct framing *f, const struct request_line *line)
{
	const char *target = line->method + strlen(line->method) + 1;
	if (line->target == target && line->version == target + line->target_len + 1)
		return line->version + strlen(line->version) + 2;
	refuse(f, MHD_HTTP_BAD_REQUEST, "The request line is not valid");
	return NULL;
}

/* "name" NUL, blanks, "value" NUL NUL */
static bool follows(struct reading *r, const char *key, size_t key_len, const char *value, size_t len)
{
	if (key != r->at)
		return false;
	const char *p = key + key_len + 1;
	while (p != value && (*p == ' ' || *p == '\t'))
		p++;
	r->at = value + len + 2;
	return p == value && value[len + 1] == '\0';
}

/* ---- one pass over the headers ---- */

/* Stores a valid header if it is one that we use. */
static void take_header(struct reading *r, const char *key, size_t key_len, const char *value, size_t len)
{
	struct framing *f = r->f;
	switch (key_len) {
	case 4:
		if (is_name(key, key_len, "host")) {
			keep_first(&f->host, value);
			r->hosts++;
		}
		break;
	case 6:
		if (is_name(key, key_len, "accept"))
			keep_first(&f->accept, value);
		else if (is_name(key, key_len, "cookie"))
			keep_first(&f->cookie, value);
		else if (is_name(key, key_len, "expect"))
			r->expects = is_name(value, len, "100-continue");
		else if (is_name(key, key_len, "origin"))
			keep_first(&f->origin, value);
		break;
	case 10:
		if (is_name(key, key_len, "connection"))
			read_connection(r, value);
		break;
	case 12:
		if (is_name(key, key_len, "content-type"))
			keep_first(&f->content_type, value);
		break;
	case 13:
		if (is_name(key, key_len, "authorization"))
			keep_first(&f->authorization, value);
		break;
	case 14:
		if (is_name(key, key_len, "content-length")) {
			r->lengths++;
			read_length(f, value, len);
		}
		break;
	case 15:
		if (is_name(key, key_len, "x-forwarded-for"))
			f->forwarded_for = value;
		else if (is_name(key, key_len, "accept-encoding"))
			keep_first(&f->accept_encoding, value);
		break;
	case 16:
		if (is_name(key, key_len, "content-encoding")) {
			r->contents++;
			f->encoding = encoding_of(value);
		} else if (is_name(key, key_len, "x-forwarded-host")) {
			f->forwarded_host = value;
		}
		break;
	case 17:
		if (is_name(key, key_len, "transfer-encoding")) {
			r->encodings++;
			f->chunked = is_name(value, len, "chunked");
		} else if (is_name(key, key_len, "x-forwarded-proto")) {
			f->forwarded_proto = value;
		}
		break;
	case 30:
		if (is_name(key, key_len, "access-control-request-headers"))
			keep_first(&f->requested_headers, value);
		break;
	default:
		break;
	}
}

static enum MHD_Result read_header(
	void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len, const char *value, size_t len)
{
	(void)kind;
	struct reading *r = cls;
	if (!value) {
		value = "";
		len = 0;
	}
	r->bytes += key_len + len + 4;
	if (!is_token(key, key_len) || has_control(value, len) || (r->at && !follows(r, key, key_len, value, len))) {
		refuse(r->f, MHD_HTTP_BAD_REQUEST, "A header is not valid");
		return MHD_NO;
	}
	take_header(r, key, key_len, value, len);
	return MHD_YES;
}

static void read_headers(struct reading *r, struct MHD_Connection *c, const struct request_line *line)
{
	const union MHD_ConnectionInfo *size = MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	r->f->in_place = splits_in_place();
	if (r->f->in_place && size)
		r->at = first_header(r->f, line);
	MHD_get_connection_values_n(c, MHD_HEADER_KIND, read_header, r);
	if (r->at && r->at + 2 != line->method + size->header_size)
		refuse(r->f, MHD_HTTP_BAD_REQUEST, "A header is not valid");
}

void framing_read(struct framing *f, struct MHD_Connection *c, const struct request_line *line)
{
	*f = (struct framing){ 0 };
	struct reading r = { .f = f };
	bool old = strcmp(line->version, MHD_HTTP_VERSION_1_0) == 0;
	if (!old && strcmp(line->version, MHD_HTTP_VERSION_1_1) != 0)
		refuse(f, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are supported");
	if (line->target_blank || !is_token(line->method, strlen(line->method)))
		refuse(f, MHD_HTTP_BAD_REQUEST, "The request line is not valid");
	if (line->target_len > TARGET_MAX)
		refuse(f, MHD_HTTP_URI_TOO_LONG, "The address is too long");
	if (has_control(line->target, strlen(line->target)))
		refuse(f, MHD_HTTP_BAD_REQUEST, "The address is not valid");
	read_headers(&r, c, line);
	if (r.bytes > HEADERS_MAX)
		refuse(f, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large");
	if (r.lengths > 1)
		refuse(f, MHD_HTTP_BAD_REQUEST, "More than one Content-Length header");
	if (r.encodings > 1)
		refuse(f, MHD_HTTP_BAD_REQUEST, "More than one Transfer-Encoding header");
	if (r.lengths && r.encodings)
		refuse(f, MHD_HTTP_BAD_REQUEST, "Both Content-Length and Transfer-Encoding");
	if (r.encodings && (!f->chunked || old))
		refuse(f, MHD_HTTP_BAD_REQUEST, "The Transfer-Encoding header is not valid: only chunked is supported");
	if (r.hosts > 1)
		refuse(f, MHD_HTTP_BAD_REQUEST, "More than one Host header");
	if (!r.hosts && !old)
		refuse(f, MHD_HTTP_BAD_REQUEST, "There is no Host header");
	/* RFC 9110 10.1.1 forbids it. Up to 0.9.76, libmicrohttpd accepts no answer from here once it has sent its 100. */
	if (r.expects && !f->chunked && !f->content_length)
		refuse(f, MHD_HTTP_BAD_REQUEST, "Expect: 100-continue without a body");
	if (r.contents > 1)
		f->encoding = ENCODING_OTHER;
	f->keep_alive = !r.close && (!old || r.stay);
}
