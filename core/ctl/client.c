/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ctl/client.h"

#include "base/arena.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_S 10L
/** Most of an error's text that is read. */
#define ERROR_MAX ((size_t)1 << 20)

struct client {
	CURL *curl;
	const char *where; /**< for messages */
	bool local;        /**< a domain socket */
	char error[CURL_ERROR_SIZE];
	/* of the request under way */
	const struct sink *sink;
	struct answer *answer;
	bool sink_failed;
};

/** What matters of an address. */
struct address {
	bool loopback; /**< this machine for certain */
	bool tls;
	bool password; /**< holds one */
};

static bool is_loopback(const char *host)
{
	struct in_addr address;
	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/** All false for what is no URL. */
static struct address address_read(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *scheme = NULL, *password = NULL;
	struct address ret = { 0 };
	if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_DEFAULT_SCHEME) == CURLUE_OK) {
		ret.password = curl_url_get(u, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK;
		ret.loopback = curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && is_loopback(host);
		ret.tls = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
			strcasecmp(scheme, "https") == 0;
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

/** How https makes sure of the server. */
static int set_trust(struct client *c, const struct options *o, bool tls)
{
	if (o->insecure && !tls)
		return complain(CTL_USAGE, "--insecure is for a server with https: give its address with --url");
	if (o->insecure && o->cacert)
		return complain(CTL_USAGE, "--insecure and --cacert exclude each other");
	if (o->cacert)
		curl_easy_setopt(c->curl, CURLOPT_CAINFO, o->cacert);
	if (!o->insecure)
		return 0;
	complain(CTL_OK, "warning: --insecure: whether '%s' is the right server is not checked", o->url);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	return 0;
}

static int set_address(struct client *c, struct options *o)
{
	if (!o->url) {
		if (o->insecure)
			return set_trust(c, o, false);
		c->where = o->socket;
		c->local = true;
		curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, o->socket);
		curl_easy_setopt(c->curl, CURLOPT_URL, "http://localhost/");
		curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
		return 0;
	}
	struct address address = address_read(o->url);
	if (address.password)
		return complain(CTL_USAGE, "a password in the URL can be read by everybody on this machine: "
			"use --user with --password-file FILE or LYRE_PASSWORD, or let me ask for it");
	o->other_host = !address.loopback;
	if (o->other_host && !address.tls && (o->user || o->token_file || o->token))
		complain(CTL_OK, "warning: the %s goes to '%s' without encryption: use https", o->user ? "password" : "token", o->url);
	c->where = o->url;
	curl_easy_setopt(c->curl, CURLOPT_URL, o->url);
	curl_easy_setopt(c->curl, CURLOPT_DEFAULT_PROTOCOL, "http");
	if (!o->other_host)
		curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
	return set_trust(c, o, address.tls);
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
		c->sink_failed = !c->sink->write(c->sink->arg, type ? type : "", piece, len);
		return c->sink_failed ? 0 : len;
	}
	if (good || answer->body.len + len <= ERROR_MAX)
		buf_add(&answer->body, piece, len);
	return answer->body.failed ? 0 : len;
}

int client_open(struct client **ret, struct arena *a, struct options *o)
{
	struct client *c = ARENA_NEW(a, struct client);
	if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return complain(CTL_REFUSED, "out of memory");
	c->curl = curl_easy_init();
	int rc = c->curl ? set_address(c, o) : complain(CTL_REFUSED, "out of memory");
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

int client_send(struct client *c, const struct buf *request, const char *accept, const struct sink *sink,
	struct answer *ret)
{
	char accept_line[100];
	snprintf(accept_line, sizeof accept_line, "Accept: %s", accept);
	*ret = (struct answer){ .type = "" };
	c->sink = sink;
	c->answer = ret;
	c->sink_failed = false;
	c->error[0] = '\0';
	if (request->failed)
		return complain(CTL_REFUSED, "out of memory");

	static const char *const fixed[] = { "Content-Type: application/json", "Expect:" };
	struct curl_slist *headers = curl_slist_append(NULL, accept_line);
	for (size_t i = 0; headers && i < sizeof fixed / sizeof *fixed; i++) {
		struct curl_slist *more = curl_slist_append(headers, fixed[i]);
		if (!more)
			curl_slist_free_all(headers);
		headers = more;
	}
	if (!headers)
		return complain(CTL_REFUSED, "out of memory");
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, request->data);
	CURLcode code = curl_easy_perform(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &ret->type);
	if (!ret->type)
		ret->type = "";
	if (code == CURLE_OK)
		return 0;
	if (c->sink_failed)
		return CTL_REFUSED; /* the sink has said why */
	if (ret->body.failed)
		return complain(CTL_REFUSED, "out of memory: the answer is too large");
	long error = 0;
	curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &error);
	if (c->local && code == CURLE_COULDNT_CONNECT && error != 0)
		return complain(CTL_UNREACHABLE, "cannot reach the server at '%s': %s", c->where, strerror((int)error));
	const char *hint = code == CURLE_PEER_FAILED_VERIFICATION ? "; --cacert FILE names the authority that signed its certificate" : "";
	return complain(CTL_UNREACHABLE, "cannot reach the server at '%s': %s%s", c->where,
		c->error[0] ? c->error : curl_easy_strerror(code), hint);
}
