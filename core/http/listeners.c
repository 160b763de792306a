/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/listeners.c
 * \brief Chooses what to listen on: what the settings say, or the service manager's sockets, which override defaults.
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

/* The two TCP listeners. */
#define PORT NETWORK "port"
#define SECURE_PORT NETWORK "securePort"

static const char *host_setting(const struct config *c)
{
	return config_is_null(c, NETWORK "host") ? NULL : config_string(c, NETWORK "host");
}

static bool is_given(const struct config *c, const char *key)
{
	return config_source_of(c, key) != CONFIG_DEFAULT;
}

/* ---- sockets from the service manager ---- */

static int contradiction(int fd, const char *key, const char *value, struct err *e)
{
	char name[LISTEN_NAME];
	return err_set(e, LYRE_EINVAL,
		"the socket passed by the service manager listens on %s, but %s "
		"is %s: change one of them",
		listen_name(fd, name), key, value);
}

/* A default contradicts nothing. */
static int managed_tcp_fits(int fd, const struct config *c, const char *key, struct err *e)
{
	const char *host = host_setting(c);
	if (host && !listen_is_tcp(fd, host, 0))
		return contradiction(fd, NETWORK "host", host, e);
	if (config_is_null(c, key))
		return is_given(c, key) ? contradiction(fd, key, "null", e) : LYRE_OK;
	int port = (int)config_int(c, key);
	char text[24];
	snprintf(text, sizeof text, "%d", port);
	return !is_given(c, key) || listen_is_tcp(fd, NULL, port) ? LYRE_OK : contradiction(fd, key, text, e);
}

static int managed_domain_fits(int fd, const struct config *c, struct err *e)
{
	if (!is_given(c, NETWORK "domainSocket"))
		return LYRE_OK;
	const char *path = config_is_null(c, NETWORK "domainSocket") ? NULL : config_path(c, NETWORK "domainSocket");
	return path && listen_is_domain(fd, path) ? LYRE_OK : contradiction(fd, NETWORK "domainSocket", path ? path : "null", e);
}

/* If the service manager passes only other sockets, a default must not open a port to the network. */
static bool wants_tcp(const struct config *c, const char *key, bool manager_has_others)
{
	return !config_is_null(c, key) && (!manager_has_others || is_given(c, key) || is_given(c, NETWORK "host"));
}

static int secure_is_built(struct err *e)
{
	return secure_is_possible() ?
		LYRE_OK :
		err_set(e, LYRE_ENOTSUP,
			SECURE_PORT ": this build has no TLS; set it to null, and "
				    "let a proxy terminate TLS, or use a build with GnuTLS and a libmicrohttpd that has TLS");
}

static int ports_differ(const struct config *c, struct err *e)
{
	if (config_is_null(c, PORT) || config_is_null(c, SECURE_PORT) || !config_int(c, PORT) ||
		config_int(c, PORT) != config_int(c, SECURE_PORT))
		return LYRE_OK;
	return err_set(e, LYRE_EINVAL, SECURE_PORT " and " PORT " are both %d: they must differ", (int)config_int(c, PORT));
}

/* ---- open ---- */

/* Another address on the same port is possible only after the given socket has stopped listening. */
static int listen_anew(struct acceptor *a, const char *host, struct http_socket *given, struct err *e)
{
	int port = a->port;
	int r = listen_tcp(&a->fd, host, &a->port, e);
	if (!r || given->fd < 0)
		return r;
	close(given->fd);
	given->fd = -1;
	a->port = port;
	return listen_tcp(&a->fd, host, &a->port, e);
}

static int open_tcp(struct acceptor *a, const struct config *c, const char *key, struct http_socket *given, bool manager_has_others,
	struct err *e)
{
	if (given->fd >= 0 && given->managed) {
		int r = managed_tcp_fits(given->fd, c, key, e);
		if (r)
			return r;
		listen_take(&a->fd, &given->fd);
		a->port = listen_port(a->fd);
		a->managed = true;
		return LYRE_OK;
	}
	if (!wants_tcp(c, key, manager_has_others))
		return LYRE_OK;
	const char *host = host_setting(c);
	a->port = (int)config_int(c, key);
	return listen_adopt_tcp(&a->fd, &given->fd, host, &a->port) ? LYRE_OK : listen_anew(a, host, given, e);
}

static int open_domain(struct http *h, const struct config *c, struct http_socket *given, struct err *e)
{
	char name[LISTEN_NAME];
	bool managed = given->fd >= 0 && given->managed;
	if (!managed && config_is_null(c, NETWORK "domainSocket"))
		return LYRE_OK;
	int r = managed ? managed_domain_fits(given->fd, c, e) : LYRE_OK;
	if (r)
		return r;
	const char *path = managed ? listen_name(given->fd, name) + strlen("unix:") : config_path(c, NETWORK "domainSocket");
	char *copy = strdup(path);
	if (!copy)
		return err_nomem(e);
	if (managed)
		listen_take(&h->domain.fd, &given->fd);
	else if (!listen_adopt_domain(&h->domain.fd, &given->fd, path))
		r = listen_domain(&h->domain.fd, path, e);
	if (r) {
		free(copy);
		return r;
	}
	h->domain.managed = managed;
	h->domain_path = copy;
	return LYRE_OK;
}

static int open_secure(struct http *h, const struct config *c, struct http_socket *given, struct err *e)
{
	int r = LYRE_OK;
	if ((given->fd >= 0 && given->managed) || !config_is_null(c, SECURE_PORT))
		r = secure_is_built(e);
	if (!r)
		r = ports_differ(c, e);
	return r ? r : open_tcp(&h->secure, c, SECURE_PORT, given, false, e);
}

static bool has(const struct http_socket *s)
{
	return s->fd >= 0 && s->managed;
}

int listeners_open(struct http *h, const struct config *c, struct http_sockets *given, struct err *e)
{
	bool others = has(&given->domain) || has(&given->secure);
	int r = open_tcp(&h->tcp, c, PORT, &given->tcp, others, e);
	if (!r)
		r = open_secure(h, c, &given->secure, e);
	if (!r)
		r = open_domain(h, c, &given->domain, e);
	if (!r && others && h->tcp.fd < 0 && !config_is_null(c, PORT))
		log_notify("http",
			"no TCP listener%s: the service manager passes only other sockets, and the settings name no port",
			h->secure.fd >= 0 ? " without TLS" : "");
	return r;
}

/* ---- try ---- */

static int try_tcp(const struct acceptor *a, const struct config *c, const char *key, bool manager_has_others, struct err *e)
{
	if (a && a->managed)
		return managed_tcp_fits(a->fd, c, key, e);
	if (!wants_tcp(c, key, manager_has_others))
		return LYRE_OK;
	int port = (int)config_int(c, key);
	if ((a && port == a->port) || config_is_faulty(c, key))
		port = 0; /* it will be free, or is not known; any port shows whether the address is ours */
	return listen_try_tcp(host_setting(c), port, e);
}

static int try_secure(const struct http *h, const struct config *c, struct err *e)
{
	int r = config_is_null(c, SECURE_PORT) ? LYRE_OK : secure_is_built(e);
	if (!r)
		r = ports_differ(c, e);
	return r ? r : try_tcp(h ? &h->secure : NULL, c, SECURE_PORT, false, e);
}

static int try_domain(const struct http *h, const struct config *c, struct err *e)
{
	if (h && h->domain.managed)
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
	struct err limits = { .code = 0 }, tcp = limits, secure = limits, domain = limits;
	bool path = !config_is_null(c, NETWORK "domainSocket");
	bool below = bad && path && folder_holds(bad, config_path(c, NETWORK "domainSocket"));
	if (!config_is_faulty(c, NETWORK "maxConnections") && !config_is_faulty(c, "threads"))
		http_try_limits(c, &limits);
	note(&limits, faults, NULL);
	if (!config_is_faulty(c, NETWORK "host"))
		try_tcp(h ? &h->tcp : NULL, c, PORT, h && (h->domain.managed || h->secure.managed), &tcp);
	note(&tcp, faults, busy);
	if (!config_is_faulty(c, NETWORK "host"))
		try_secure(h, c, &secure);
	note(&secure, faults, busy);
	if (!config_is_faulty(c, NETWORK "domainSocket") && !config_is_faulty(c, "rootPath") && !below)
		try_domain(h, c, &domain);
	note(&domain, faults, busy);
}

const char *http_socket_name(int fd, char text[HTTP_SOCKET_NAME])
{
	return listen_name(fd, text);
}
