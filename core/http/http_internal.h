/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/http_internal.h
 * \brief What the files of http/ share: the server, its connections, its requests.
 */
#ifndef HTTP_HTTP_INTERNAL_H
#define HTTP_HTTP_INTERNAL_H

#include "dispatch/dispatch.h"
#include "http/accept.h"
#include "http/encoder.h"
#include "http/framing.h"
#include "http/http.h"
#include "http/limits.h"
#include "http/linger.h"
#include "http/proxy.h"
#include "http/query_string.h"
#include "http/secure.h"
#include "http/wire.h"
#include "tls/tls.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/** Memory libmicrohttpd takes for a connection: headers, the read buffer, pieces of streams. More is taken by mmap(),
 * which halves the rate of new connections and makes bodies no faster. */
#define CONNECTION_MEMORY ((size_t)32 << 10)
/** What a request that waits for its next use may keep of each of its buffers, and all of a pool together; and which part
 * of the memory for requests all pools may keep at most. */
#define REQUEST_MEMORY_KEPT ((size_t)256 << 10)
#define POOL_MEMORY_KEPT ((size_t)1 << 20)
#define POOLS_SHARE 8
/** Piece of a streamed answer. */
#define STREAM_PIECE ((size_t)64 << 10)
/** A body up to this is read before it is asked who sends it, as credentials may stand in it. */
#define BODY_UNASKED ((size_t)256 << 10)
/** Free requests are kept in this many lists, so that threads do not share a lock. */
#define REQUEST_POOLS 16

/** Where our settings stand. */
#define NETWORK "operationsApi.network."

struct request;

/** The life of the server; it only goes on. */
enum http_phase {
	HTTP_STARTING,  /* libmicrohttpd's messages are about us */
	HTTP_SERVING,   /* they are about requests */
	HTTP_QUIESCING, /* answers end their connections */
	HTTP_CLOSING    /* dispatch gets nothing any more */
};

/** Where a connection stands that a trusted proxy may begin with a PROXY header. */
enum header_stage {
	HEADER_OVER, /* none comes, or it was read */
	HEADER_DUE,
	HEADER_BEGUN /* it is one, and is not whole */
};

/** A client's connection, from accept to close. */
struct connection {
	struct http *http;
	struct connection *prev, *next; /* in http.connections, under its lock */
	int fd;
	_Atomic int64_t deadline; /* monotonic_ms() after which the connection is cut; INT64_MAX: none */
	_Atomic int64_t last;     /* monotonic_ms() when it came, or the last request ended */
	_Atomic uint64_t taken;   /* bytes of the requests so far; see uncounted */
	atomic_bool busy;         /* from a request line to the end of its answer */
	atomic_bool uncounted;    /* taken is not known: no TCP, or a chunked body */
	atomic_bool partial;      /* a part of a request line was read */
	size_t target_len;        /* of the request under way */
	bool target_blank;        /* it has one in it, unescaped */
	bool trusted, tcp;
	struct secure *secure;   /* TLS; NULL: none */
	struct request *request; /* under way */
	struct wire wire;
	bool paused;  /* under http.lock: what comes stays in the kernel */
	bool left;    /* under http.lock: its client is taken leave of; it is to end by itself */
	bool proxied; /* the peer is a trusted proxy */
	bool told;    /* peer is what its PROXY header said, not its own */
	enum header_stage header;
	size_t header_left;     /* bytes of it to be passed over */
	char peer[ADDRESS_MAX]; /* address */
};

/** Free requests of one or a few threads, the last used on top. */
struct request_pool {
	_Alignas(64) pthread_mutex_t lock;
	struct request *free;
	size_t kept; /* memory of the free ones */
	int64_t in_use;
};

struct http {
	struct dispatch *dispatch;
	struct limits limits;
	struct seats seats;
	struct acceptor tcp, secure, domain;
	struct seat_limit network, local; /* of the first two together; of the last */
	char *domain_path;                /* to unlink at close, unless managed */
	char keep_alive[32];              /* the value of the Keep-Alive header */
	struct budget *budget;            /* of memory that requests hold */
	size_t pool_kept;
	size_t body_max;
	int64_t headers_ms, request_ms, idle_ms;
	bool cors, cors_any;
	const char *const *origins;
	size_t origin_count;
	struct proxies proxies;
	atomic_int phase;   /* enum http_phase */
	atomic_int waiting; /* exchanges that are suspended */
	atomic_ulong begun; /* connections that have come to their thread */
	int64_t paused_at;  /* monotonic_ms() when no connection was accepted any more */
	unsigned settled;   /* how often in a row it was found so */
	int hold_fd;        /* our end of what holds the thread of domain; -1: nothing does */
	atomic_int held_fd; /* the end that libmicrohttpd has */
	int64_t hold_since;
	atomic_bool held;
	atomic_bool dropped; /* much memory was freed: the watcher gives it back to the system */

	pthread_mutex_t lock; /* of the following six */
	pthread_cond_t wake;
	struct connection *connections;
	unsigned gone; /* connections that ended since memory was given back for them */
	struct lingering linger;
	bool ending;
	pthread_t watcher;
	bool watching;

	pthread_mutex_t all_lock;
	struct request *all; /* every request struct there is */
	struct request_pool pools[REQUEST_POOLS];
};

/** Where a request stands between its connection's thread and the one that resumes it. */
enum request_state {
	REQUEST_RUNNING,   /* the connection's thread has it */
	REQUEST_SUSPENDED, /* nobody runs it; the resumer wakes the connection */
	REQUEST_RESUMED,   /* resume() was called; the connection's thread goes on */
	REQUEST_ABANDONED  /* closed over its head: answered without dispatch, which may still hold it */
};

struct request {
	struct exchange x;
	struct http *http;
	struct connection *connection;
	struct MHD_Connection *mhd;
	struct framing framing;
	char client[ADDRESS_MAX]; /* address; the connection's, or what a trusted proxy says */
	atomic_int state;
	size_t body_sent;        /* bytes of the body as they came */
	size_t held;             /* of those that come next, how many were taken before: a piece of a file ends with them */
	struct decoder *decoder; /* of a compressed body that has begun; NULL else */
	struct encoder *encoder; /* of a file that is sent compressed; NULL else */
	bool begun;              /* dispatch_begin() was called: dispatch_end() is owed */
	bool body_due;           /* dispatch wants the body */
	bool asking;             /* it has not said yet whether it wants the body, or more of it */
	bool ask_first;          /* and was asked in libmicrohttpd's first call */
	lyre_value query;        /* where the body is a file; else none is read */
	bool preflight;          /* answered as one */
	size_t stream_at;        /* what of x.out is sent */
	bool stream_due;         /* the connection was suspended for the next piece, which x.out may not be asked about before */
	bool stream_ended;       /* x.out is the last piece */
	unsigned pool;
	size_t kept;          /* memory it has while it is free */
	struct request *next; /* in its pool */
	struct request *next_all;
};

/* listeners.c */
/** Opens what the settings say is listened on, or takes over what is given. After a failure some may be open. */
int listeners_open(struct http *h, const struct config *c, struct http_sockets *given, struct err *e);

/* connection.c */
int connections_open(struct http *h, struct err *e);
/** Ends the watcher. Before the daemons are stopped. */
void connections_close(struct http *h);
void connection_notify(void *cls, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code);
void *connection_request_line(void *cls, const char *uri, struct MHD_Connection *c);
struct connection *connection_of(struct MHD_Connection *c);
/** Whether the client's side is closed. */
bool connection_hung_up(const struct connection *c);
/** Counts the head of a request that was read. \return its length */
size_t connection_took_head(struct connection *c, struct MHD_Connection *mhd, bool chunked);
/**
 * The connection will be closed with bytes of the client unread: keeps the kernel from resetting it, and reads on for a
 * moment without libmicrohttpd.
 */
void connection_linger(struct connection *c);

/* proxy_take.c */
/** Takes a PROXY header off a connection on which one may come. \return > 0: read on; else what recv() is to return, with errno */
ssize_t proxy_take(struct connection *c);
/** The connection ends. */
void proxy_end(const struct connection *c);

/* socket_handover.c */
/** Puts connections that were given into the hands of libmicrohttpd. */
void connections_adopt(struct http *h, struct http_sockets *given);
/** Holds the calling thread until domain_release(), when \p fd is the connection that is to do so. \return whether it was */
bool domain_hold_here(struct http *h, int fd);
void domain_release(struct http *h);
/** Goes on with a connection of which another server has read. \param client  as it is handed over */
void connection_resume(struct connection *c, const char *client);

/* request.c */
enum MHD_Result request_handle(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
	const char *data, size_t *size, void **context);
void request_completed(void *cls, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode code);
/** Refuses it where libmicrohttpd takes no answer; see answer_past(). \return MHD_NO */
enum MHD_Result request_cut(struct request *r, int status, const char *why);
/** Wakes what waits, to be answered 503; a later resume() does nothing. At close. */
void requests_abandon(struct http *h);
/* The next piece of a stream. Within libmicrohttpd's content reader. \return as dispatch_stream(); LYRE_PENDING: the connection
 * is suspended, and the reader is called again after it was resumed */
int request_stream(struct request *r);

/* request_pool.c */
/** One that is free, else a new one; NULL when out of memory. */
struct request *request_take(struct http *h);
/** An abandoned one is never used again. */
void request_give_back(struct request *r);
int64_t requests_in_use(struct http *h);
void requests_free(struct http *h);

/* body.c */
/** Whether the body that the headers promise may come. \return 0, or a status to refuse it with, with \p why */
int body_expect(struct request *r, const char **why);
/** Takes a piece. \return 0, or a status to refuse the request with, with \p why */
int body_add(struct request *r, const char *data, size_t size, const char **why);
/** The body is there: whether a compressed one is whole. \return as body_add() */
int body_end(struct request *r, const char **why);
/** Where there is no memory for a body: the status to refuse it with, and \p why. */
int body_failure(const struct request *r, const char **why);
/** Gives back what decoding it has taken. */
void body_release(struct request *r);

/* http.c */
/** operationsApi.network.trustedProxies. \return as proxies_read() */
int http_proxies(struct proxies *ret, const struct config *c, struct err *e);

/* response.c */
/** Whether the request comes from a page of an origin that corsAccessList names, not by "*". */
bool answer_names_origin(const struct request *r);
/** Queues the exchange's answer. */
enum MHD_Result answer_send(struct request *r);
/** Gives back what sending it has taken. */
void answer_release(struct request *r);
/**
 * Sends the exchange's answer past libmicrohttpd, which takes none while a body comes.
 * The connection is over then: it must be closed by returning MHD_NO.
 * \return MHD_NO
 */
enum MHD_Result answer_past(struct request *r);
/** The same where there is no request yet. \p why goes into JSON as it is. */
void answer_bare(struct connection *c, unsigned status, const char *why);
/** Queues a 503 without touching the exchange, which dispatch may still write to. */
enum MHD_Result answer_abandoned(struct request *r);
/** Fills in the answer to a preflight. \return false when it is none that is to be answered here */
bool answer_preflight(struct request *r);

#endif
