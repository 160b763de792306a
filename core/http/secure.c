/* SPDX-License-Identifier: Apache-2.0 */
#include "http/secure.h"

#include "http/complain.h"
#include "http/http_internal.h"
#include "log/log.h"
#include "tls/tls_client.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* About what GnuTLS needs for a connection: charged to the memory of requests. */
#define SECURE_MEMORY ((size_t)24 << 10)
/* How much a client may send in a handshake, in bytes: GnuTLS would buffer a message of up to 16 MB. */
#define HANDSHAKE_MAX ((size_t)64 << 10)
#define REFUSAL_MAX 128

struct secure {
	struct tls_client client; /* GnuTLS reads from here */
	struct connection *connection;
	gnutls_session_t session;
	struct charge charge;
	char refusal[REFUSAL_MAX]; /* of a request */
	size_t pulled;             /* bytes of the handshake */
	bool begun;                /* the client has sent something, and it is not HTTP */
	bool over;                 /* the handshake has ended, whatever its result */
};

bool secure_is_possible(void)
{
	return MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES &&
		MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK2) == MHD_YES;
}

unsigned secure_options_fill(struct MHD_OptionItem options[SECURE_OPTIONS + 1])
{
	options[0] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITY };
	options[1] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)tls_retrieve_nothing };
	options[2] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return MHD_USE_TLS;
}

/* ---- reading ---- */

static bool is_http(char first)
{
	return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z') || first == '\r' || first == '\n';
}

/* The first bytes tell which protocol the client speaks. \return false if it is not TLS, or the server is closing */
static bool greet(struct secure *s, const char *hello)
{
	struct connection *c = s->connection;
	if (is_http(*hello)) {
		answer_bare(c, MHD_HTTP_BAD_REQUEST, "This port speaks HTTPS: the address must begin with https://");
		return false;
	}
	s->begun = true;
	if (atomic_load(&c->http->phase) >= HTTP_CLOSING)
		return false;
	int r = tls_client_begin(&s->client, dispatch_tls(c->http->dispatch), s->session);
	if (r == LYRE_ENOMEM)
		log_error("http", "out of memory: connection closed");
	return r != LYRE_ENOMEM; /* without certificates the handshake fails, and the client is told */
}

static ssize_t pull(gnutls_transport_ptr_t from, void *to, size_t max)
{
	struct secure *s = from;
	ssize_t n = wire_read(s->connection, to, max);
	if (n > 0 && !s->over) {
		s->pulled += (size_t)n;
		if (s->pulled > HANDSHAKE_MAX || (!s->begun && !greet(s, to))) {
			errno = ECONNRESET;
			n = -1;
		}
	}
	if (n < 0)
		gnutls_transport_set_errno(s->session, errno);
	return n;
}

/* NULL for a session of some library: of those only the pointers are compared. */
static struct secure *secure_of(gnutls_session_t session)
{
	gnutls_transport_ptr_t from, to;
	gnutls_transport_get_ptr2(session, &from, &to);
	const struct connection *c = wire_connection((int)(intptr_t)to);
	return c && from && c->secure == from ? c->secure : NULL;
}

static void settle(struct secure *s)
{
	if (s->over)
		return;
	s->over = true;
	metric_add(&dispatch_traffic(s->connection->http->dispatch)->handshakes, 1);
	tls_client_settle(&s->client, s->session);
}

/* The same as in GnuTLS, where it is the function below without a sequence number. */
__attribute__((visibility("default"))) ssize_t gnutls_record_recv(gnutls_session_t session, void *to, size_t max)
{
	struct secure *s = secure_of(session);
	if (s)
		settle(s);
	ssize_t n = gnutls_record_recv_seq(session, to, max, NULL);
	if (n > 0 && s && !wire_came(s->connection, to, (size_t)n))
		return GNUTLS_E_PREMATURE_TERMINATION; /* libmicrohttpd hangs up; the client has its answer */
	return n;
}

/* ---- sending ---- */

bool secure_send_last(struct secure *s, const char *text, size_t len)
{
	if (!s->begun)
		return send(s->connection->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	bool sent = gnutls_record_send(s->session, text, len) >= 0;
	gnutls_bye(s->session, GNUTLS_SHUT_WR);
	return sent;
}

static void log_refusal(const struct secure *s, const char *why)
{
	static _Atomic int64_t next;
	log_write(complaint_due(&next) ? LYRE_WARN : LYRE_DEBUG, "http", "%s: client certificate refused: %s", s->connection->peer,
		why);
}

void secure_failed(struct secure *s)
{
	struct connection *c = s->connection;
	if (!s->begun || s->over)
		return;
	s->over = true;
	metric_add(&dispatch_traffic(c->http->dispatch)->handshakes_failed, 1);
	if (s->client.refused)
		log_refusal(s, s->client.refused);
	if (!s->client.alerted)
		gnutls_alert_send(s->session, GNUTLS_AL_FATAL, GNUTLS_A_HANDSHAKE_FAILURE);
	connection_linger(c); /* it may have sent its request with the end of the handshake */
}

int secure_check(struct secure *s, const char **why)
{
	const char *cause;
	int rc = tls_client_check(&s->client, dispatch_tls(s->connection->http->dispatch), s->session, &cause);
	if (!rc)
		return 0;
	if (rc == LYRE_ENOMEM) {
		*why = "Out of memory";
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	log_refusal(s, cause);
	snprintf(s->refusal, sizeof s->refusal, "The client certificate is no longer accepted: %s", cause);
	*why = s->refusal;
	return MHD_HTTP_UNAUTHORIZED;
}

const char *secure_user(const struct secure *s)
{
	return s->client.user;
}

/* ---- beginning and end ---- */

bool secure_begin(struct connection *c, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!i)
		return true;
	struct secure *s = calloc(1, sizeof *s);
	if (!s)
		return false;
	charge_init(&s->charge, c->http->budget, 0);
	if (!charge_take(&s->charge, SECURE_MEMORY)) {
		free(s);
		return false;
	}
	s->connection = c;
	s->session = i->tls_session;
	gnutls_transport_set_ptr2(s->session, s, (gnutls_transport_ptr_t)(intptr_t)c->fd);
	gnutls_transport_set_pull_function(s->session, pull);
	c->secure = s;
	return true;
}

void secure_end(struct secure *s)
{
	if (!s)
		return;
	tls_client_end(&s->client);
	charge_give(&s->charge, SECURE_MEMORY);
	free(s);
}
