/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ctl/client.h"

#include "base/arena.h"
#include "base/text.h"
#include "ctl/client_certificate.h"
#include "ctl/interrupt.h"
#include "ctl/progress.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_S 10L
/** Maximum size of an error answer that is read. */
#define ERROR_MAX ((size_t)1 << 20)
#define HINT_MAX 1024

struct client {
	CURL *curl;
	const struct options *options;
	const char *url, *where; /**< where: for messages */
	bool local;              /**< a domain socket */
	char error[CURL_ERROR_SIZE];
	/* of the current request */
	const struct sink *sink;
	const struct source *source;
	uint64_t moved; /**< bytes received into the sink or read from the source */
	struct answer *answer;
	bool failed; /**< the sink or the source has failed */
};

/** The relevant parts of an address. */
struct address {
	bool loopback; /**< certainly this machine */
	bool tls;
	bool password; /**< it contains a password */
};

static bool is_loopback(const char *host)
{
	struct in_addr address;
	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/** All false if it is not a URL. */
static struct address address_read(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *scheme = NULL, *password = NULL;
	struct address ret = { 0 };
	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
		ret.password = curl_url_get(u, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK;
		ret.loopback = curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && is_loopback(host);
		ret.tls = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && strcasecmp(scheme, "https") == 0;
	}
	curl_free(host);
	curl_free(scheme);
	curl_free(password);
	curl_url_cleanup(u);
	return ret;
}

static int set_credentials(struct client *c, struct arena *a, const struct options *o)
{
	char *password;
	int rc = password_get(a, o, &password);
	if (rc != 0)
		return rc;
	curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(c->curl, CURLOPT_USERNAME, o->user);
	curl_easy_setopt(c->curl, CURLOPT_PASSWORD, password);
	secure_clear(password, strlen(password));
	return 0;
}

static int set_token(struct client *c, struct arena *a, const struct options *o)
{
	char *token;
	int rc = token_get(a, o, &token);
	if (rc != 0)
		return rc;
	curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
	curl_easy_setopt(c->curl, CURLOPT_XOAUTH2_BEARER, token);
	secure_clear(token, strlen(token));
	return 0;
}

/** How the server is verified with https, and which certificate it is shown. */
static int set_trust(struct client *c, const struct options *o, bool tls)
{
	if (o->insecure && !tls)
		return complain(CTL_USAGE, "--insecure needs an https address: give one with --url");
	if (o->insecure && o->cacert)
		return complain(CTL_USAGE, "--insecure and --cacert cannot be used together");
	if (o->cacert)
		curl_easy_setopt(c->curl, CURLOPT_CAINFO, o->cacert);
	int rc = client_certificate_set(c->curl, o, tls);
	if (rc || !o->insecure)
		return rc;
	complain(CTL_OK, "warning: --insecure: the identity of '%s' is not verified", o->url);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	return 0;
}

static int set_address(struct client *c, struct arena *a, struct options *o)
{
	if (!o->url) {
		int rc = set_trust(c, o, false);
		if (rc)
			return rc;
		c->where = o->socket;
		c->local = true;
		curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, o->socket);
		c->url = "http://localhost/";
		curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
		return 0;
	}
	/* libcurl would guess the scheme, and not always the same */
	c->url = strstr(o->url, "://") ? o->url : arena_printf(a, "http://%s", o->url);
	if (!c->url)
		return complain(CTL_REFUSED, "out of memory");
	struct address address = address_read(c->url);
	if (address.password)
		return complain(CTL_USAGE,
			"a password in the URL can be read by everyone on this machine: "
			"use --user with --password-file FILE or LYRE_PASSWORD, or enter it when prompted");
	if (!address.loopback && !address.tls && (o->user || o->token_file || o->token))
		complain(CTL_OK, "warning: the %s is sent to '%s' without encryption: use https", o->user ? "password" : "token",
			o->url);
	c->where = o->url;
	if (address.loopback)
		curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
	return set_trust(c, o, address.tls);
}

/** Passes a piece to the sink. */
static size_t take(struct client *c, const char *type, const char *piece, size_t len)
{
	curl_off_t total = 0;
	c->failed = !c->sink->write(c->sink->arg, type, piece, len);
	if (c->failed)
		return 0;
	c->moved += len;
	curl_easy_getinfo(c->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
	progress_show(PROGRESS_BYTES, c->moved, total > 0 ? (uint64_t)total : 0);
	return len;
}

static size_t receive(char *piece, size_t one, size_t len, void *arg)
{
	(void)one;
	struct client *c = arg;
	struct answer *answer = c->answer;
	const char *type = NULL;
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
	bool good = answer->status >= 200 && answer->status < 300;
	if (good && c->sink) {
		return take(c, type ? type : "", piece, len);
	}
	if (good || answer->body.len + len <= ERROR_MAX)
		buf_add(&answer->body, piece, len);
	return answer->body.failed ? 0 : len;
}

static size_t give(char *to, size_t one, size_t max, void *arg)
{
	struct client *c = arg;
	uint64_t total = c->source->size > 0 ? (uint64_t)c->source->size : 0;
	(void)one;
	if (c->source->size >= 0 && total - c->moved < max)
		max = (size_t)(total - c->moved); /* if a file grows meanwhile, only the announced size is sent */
	ssize_t n = max > 0 ? c->source->read(c->source->arg, to, max) : 0;
	c->failed = n < 0;
	if (c->failed)
		return CURL_READFUNC_ABORT;
	c->moved += (size_t)n;
	progress_show(PROGRESS_BYTES, c->moved, total);
	return (size_t)n;
}

/** Called now and then while data moves or is awaited. */
static int look(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	(void)arg;
	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return interrupted();
}

int client_open(struct client **ret, struct arena *a, struct options *o)
{
	struct client *c = ARENA_NEW(a, struct client);
	if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return complain(CTL_REFUSED, "out of memory");
	c->options = o;
	c->curl = curl_easy_init();
	int rc = c->curl ? set_address(c, a, o) : complain(CTL_REFUSED, "out of memory");
	if (rc == 0 && o->user)
		rc = set_credentials(c, a, o);
	else if (rc == 0 && (o->token_file || o->token))
		rc = set_token(c, a, o);
	if (rc != 0) {
		client_close(c);
		return rc;
	}
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(c->curl, CURLOPT_READDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, look);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
	curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "lyre/" PACKAGE_VERSION);
	*ret = c;
	return 0;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
}

/** What to do if the domain socket cannot be connected to. */
static const char *socket_hint(int error)
{
	if (error == EACCES)
		return "; --url http://localhost:9925 --user NAME signs in without it";
	if (error == ENOENT || error == ECONNREFUSED)
		return "; start lyred, or name another server with --socket or --url";
	return "";
}

/** Reports why there is no answer. */
static int complain_code(struct client *c, CURLcode code)
{
	if (c->failed || interrupted())
		return CTL_REFUSED; /* the reason was already reported, or is known */
	if (c->answer->body.failed)
		return complain(CTL_REFUSED, "out of memory: the answer is too large");
	long error = 0;
	curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &error);
	if (c->local && code == CURLE_COULDNT_CONNECT && error != 0)
		return complain(CTL_UNREACHABLE, "cannot reach the server at '%s': %s%s", c->where, strerror((int)error),
			socket_hint((int)error));
	const char *why = c->error[0] ? c->error : curl_easy_strerror(code);
	if (c->answer->status >= 200)
		return complain(CTL_UNREACHABLE, "the server at '%s' broke off its answer: %s", c->where, why);
	char hint[HINT_MAX] = "";
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		snprintf(hint, sizeof hint, "; --cacert FILE names the authority that signed its certificate");
	else
		client_certificate_hint(c->options, code, why, hint, sizeof hint);
	if (!*hint && code == CURLE_SSL_CONNECT_ERROR)
		snprintf(hint, sizeof hint, "; if this port has no TLS, the address begins with http://");
	return complain(CTL_UNREACHABLE, "cannot reach the server at '%s': %s%s", c->where, why, hint);
}

/** Sends the prepared request with these headers, a NULL-terminated list. */
static int perform(struct client *c, const char *const *lines, const char *url, const struct sink *sink,
	const struct source *source, struct answer *ret)
{
	struct curl_slist *headers = NULL;
	*ret = (struct answer){ .type = "" };
	c->answer = ret;
	c->sink = sink;
	c->source = source;
	c->moved = 0;
	c->failed = false;
	c->error[0] = '\0';
	for (; *lines; lines++) {
		struct curl_slist *more = curl_slist_append(headers, *lines);
		if (!more) {
			curl_slist_free_all(headers);
			return complain(CTL_REFUSED, "out of memory");
		}
		headers = more;
	}
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl_easy_perform(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &ret->type);
	if (!ret->type)
		ret->type = "";
	return code == CURLE_OK ? 0 : complain_code(c, code);
}

int client_send(struct client *c, const struct buf *request, const char *accept, const struct sink *sink, struct answer *ret)
{
	char accept_line[100];
	const char *const lines[] = { accept_line, "Content-Type: application/json", "Expect:", NULL };
	snprintf(accept_line, sizeof accept_line, "Accept: %s", accept);
	*ret = (struct answer){ .type = "" };
	if (request->failed)
		return complain(CTL_REFUSED, "out of memory");
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, request->data);
	return perform(c, lines, c->url, sink, NULL, ret);
}

/** The server's address with the parameters, to be freed with curl_free(). NULL: failed, after a message */
static char *address_with(const struct client *c, struct arena *a, const struct parameter *p)
{
	CURLU *u = curl_url();
	char *ret = NULL;
	CURLUcode code = u ? curl_url_set(u, CURLUPART_URL, c->url, 0) : CURLUE_OUT_OF_MEMORY;
	for (; p->name && code == CURLUE_OK; p++) {
		char *text = arena_printf(a, "%s=%s", p->name, p->value);
		code = text ? curl_url_set(u, CURLUPART_QUERY, text, CURLU_APPENDQUERY | CURLU_URLENCODE) : CURLUE_OUT_OF_MEMORY;
	}
	if (code == CURLUE_OK)
		code = curl_url_get(u, CURLUPART_URL, &ret, 0);
	curl_url_cleanup(u);
	if (code != CURLUE_OK)
		complain(CTL_REFUSED, "the address '%s' cannot be used", c->url);
	return code == CURLUE_OK ? ret : NULL;
}

int client_upload(
	struct client *c, struct arena *a, const struct parameter *parameters, const struct source *source, struct answer *ret)
{
	const char *const lines[] = { "Accept: application/json", "Content-Type: application/octet-stream",
		source->size ? "Expect: 100-continue" : "Expect:", /* not for an empty body */
		source->size < 0 ? "Transfer-Encoding: chunked" : NULL, NULL };
	*ret = (struct answer){ .type = "" };
	char *url = address_with(c, a, parameters);
	if (!url)
		return CTL_REFUSED;
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)source->size);
	int rc = perform(c, lines, url, NULL, source, ret);
	curl_free(url);
	return rc;
}
