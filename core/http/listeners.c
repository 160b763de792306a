/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/listeners.c
 * \brief What is listened on: where the settings say, or where the service manager does, whose word is over defaults.
 */
#include "base/folder.h"
#include "config/config.h"
#include "http/http_internal.h"
#include "http/listen.h"
#include "log/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *host_setting(const struct config *c)
{
	return config_is_null(c, NETWORK "host") ? NULL : config_string(c, NETWORK "host");
}

static bool is_given(const struct config *c, const char *key)
{
	return config_source_of(c, key) != CONFIG_DEFAULT;
}

/* ---- sockets of the service manager ---- */

static int contradiction(int fd, const char *what, const char *value, struct err *e)
{
	char name[LISTEN_NAME];
	return err_set(e, LYRE_EINVAL, "the socket that the service manager hands over listens on %s, but operationsApi.network.%s "
		"is %s: change one of them", listen_name(fd, name), what, value);
}

/* A default says nothing against it. */
static int managed_tcp_fits(int fd, const struct config *c, struct err *e)
{
	const char *host = host_setting(c);
	if (host && !listen_is_tcp(fd, host, 0))
		return contradiction(fd, "host", host, e);
	if (config_is_null(c, NETWORK "port"))
		return contradiction(fd, "port", "null", e);
	int port = (int)config_int(c, NETWORK "port");
	char text[24];
	snprintf(text, sizeof text, "%d", port);
	return !is_given(c, NETWORK "port") || listen_is_tcp(fd, NULL, port) ? LYRE_OK : contradiction(fd, "port", text, e);
}

static int managed_domain_fits(int fd, const struct config *c, struct err *e)
{
	if (!is_given(c, NETWORK "domainSocket"))
		return LYRE_OK;
	const char *path = config_is_null(c, NETWORK "domainSocket") ? NULL : config_path(c, NETWORK "domainSocket");
	return path && listen_is_domain(fd, path) ? LYRE_OK : contradiction(fd, "domainSocket", path ? path : "null", e);
}

/* Whoever hands over a domain socket alone wants no port open to the network because of a default. */
static bool wants_tcp(const struct config *c, bool manager_has_domain)
{
	return !config_is_null(c, NETWORK "port") &&
		(!manager_has_domain || is_given(c, NETWORK "port") || is_given(c, NETWORK "host"));
}

/* ---- open ---- */

/* Another address on the same port can be listened on only when the socket that was given does not any more. */
static int listen_anew(struct http *h, const char *host, struct http_sockets *given, struct err *e)
{
	int port = h->port;
	int r = listen_tcp(&h->tcp.fd, host, &h->port, e);
	if (!r || given->tcp < 0)
		return r;
	close(given->tcp);
	given->tcp = -1;
	h->port = port;
	return listen_tcp(&h->tcp.fd, host, &h->port, e);
}

static int open_tcp(struct http *h, const struct config *c, struct http_sockets *given, struct err *e)
{
	if (given->tcp >= 0 && given->tcp_managed) {
		int r = managed_tcp_fits(given->tcp, c, e);
		if (r)
			return r;
		listen_take(&h->tcp.fd, &given->tcp);
		h->port = listen_port(h->tcp.fd);
		h->tcp_managed = true;
		return LYRE_OK;
	}
	if (!wants_tcp(c, given->domain >= 0 && given->domain_managed))
		return LYRE_OK;
	const char *host = host_setting(c);
	h->port = (int)config_int(c, NETWORK "port");
	return listen_adopt_tcp(&h->tcp.fd, &given->tcp, host, &h->port) ? LYRE_OK : listen_anew(h, host, given, e);
}

static int open_domain(struct http *h, const struct config *c, struct http_sockets *given, struct err *e)
{
	char name[LISTEN_NAME];
	bool managed = given->domain >= 0 && given->domain_managed;
	if (!managed && config_is_null(c, NETWORK "domainSocket"))
		return LYRE_OK;
	int r = managed ? managed_domain_fits(given->domain, c, e) : LYRE_OK;
	if (r)
		return r;
	const char *path = managed ? listen_name(given->domain, name) + strlen("unix:") : config_path(c, NETWORK "domainSocket");
	char *copy = strdup(path);
	if (!copy)
		return err_nomem(e);
	if (managed)
		listen_take(&h->domain.fd, &given->domain);
	else if (!listen_adopt_domain(&h->domain.fd, &given->domain, path))
		r = listen_domain(&h->domain.fd, path, e);
	if (r) {
		free(copy);
		return r;
	}
	h->domain_managed = managed;
	h->domain_path = copy;
	return LYRE_OK;
}

int listeners_open(struct http *h, const struct config *c, struct http_sockets *given, struct err *e)
{
	bool manager_has_domain = given->domain >= 0 && given->domain_managed;
	int r = open_tcp(h, c, given, e);
	if (!r)
		r = open_domain(h, c, given, e);
	if (!r && manager_has_domain && h->tcp.fd < 0 && !config_is_null(c, NETWORK "port"))
		log_notify("http", "no TCP: the service manager hands over a domain socket alone, and the settings name no port");
	return r;
}

/* ---- try ---- */

static int try_tcp(const struct http *h, const struct config *c, struct err *e)
{
	if (h && h->tcp_managed)
		return managed_tcp_fits(h->tcp.fd, c, e);
	if (!wants_tcp(c, h && h->domain_managed))
		return LYRE_OK;
	int port = (int)config_int(c, NETWORK "port");
	if ((h && port == h->port) || config_is_faulty(c, NETWORK "port"))
		port = 0; /* it will be free, or is not known; any shows whether the address is one of ours */
	return listen_try_tcp(host_setting(c), port, e);
}

static int try_domain(const struct http *h, const struct config *c, struct err *e)
{
	if (h && h->domain_managed)
		return managed_domain_fits(h->domain.fd, c, e);
	if (config_is_null(c, NETWORK "domainSocket"))
		return LYRE_OK;
	const char *path = config_path(c, NETWORK "domainSocket");
	if (h && h->domain_path && strcmp(path, h->domain_path) == 0)
		return LYRE_OK;
	int r = listen_try_domain(path, e);
	return r ? r : folder_try_parent(path, e);
}

int http_try_limits(const struct config *c, struct err *e)
{
	struct limits unused;
	struct proxies proxies;
	int r = http_proxies(&proxies, c, e);
	if (r)
		return r;
	proxies_free(&proxies);
	return limits_read(&unused, c, e);
}

static void note(const struct err *e, struct fault_list *faults, struct err *busy)
{
	if (busy && e->code == LYRE_EBUSY)
		*busy = *e;
	else if (e->code)
		faults_add(faults, e);
}

void http_try(const struct http *h, const struct config *c, const char *bad, struct fault_list *faults, struct err *busy)
{
	struct err limits = { .code = 0 }, tcp = limits, domain = limits;
	bool path = !config_is_null(c, NETWORK "domainSocket");
	bool below = bad && path && folder_holds(bad, config_path(c, NETWORK "domainSocket"));
	if (!config_is_faulty(c, NETWORK "maxConnections") && !config_is_faulty(c, "threads"))
		http_try_limits(c, &limits);
	note(&limits, faults, NULL);
	if (!config_is_faulty(c, NETWORK "host"))
		try_tcp(h, c, &tcp);
	note(&tcp, faults, busy);
	if (!config_is_faulty(c, NETWORK "domainSocket") && !config_is_faulty(c, "rootPath") && !below)
		try_domain(h, c, &domain);
	note(&domain, faults, busy);
}

const char *http_socket_name(int fd, char text[HTTP_SOCKET_NAME])
{
	return listen_name(fd, text);
}
