/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/http_internal.h
 * \brief Shared by the files of http/: the server, its connections and requests.
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

/** Memory libmicrohttpd takes for a connection: headers, the read buffer, pieces of streams. Larger pools come from
 * mmap(), which halves the rate of new connections and does not speed up bodies. */
#define CONNECTION_MEMORY ((size_t)32 << 10)
/**
 * What an unused request may keep of each of its buffers, and all of a pool together; and the share of the memory for
 * requests that all pools may keep.
 */
#define REQUEST_MEMORY_KEPT ((size_t)256 << 10)
#define POOL_MEMORY_KEPT ((size_t)1 << 20)
#define POOLS_SHARE 8
/** Piece of a streamed answer. */
#define STREAM_PIECE ((size_t)64 << 10)
/** Unused requests are kept in this many lists, so that threads do not share a lock. */
#define REQUEST_POOLS 16

/** Prefix of our settings. */
#define NETWORK "operationsApi.network."

struct request;

/** The server's life; it only moves forward. */
enum http_phase {
	HTTP_STARTING,  /* libmicrohttpd's messages concern us */
	HTTP_SERVING,   /* its messages concern requests */
	HTTP_QUIESCING, /* answers close their connections */
	HTTP_CLOSING    /* dispatch receives nothing more */
};

/** Progress of a connection on which a trusted proxy may send a PROXY header. */
enum header_stage {
	HEADER_OVER, /* none is expected, or it was read */
	HEADER_DUE,
	HEADER_BEGUN /* begun and incomplete */
};

/** A client's connection, from accept to close. */
struct connection {
	struct http *http;
	struct connection *prev, *next; /* in http.connections, under its lock */
	int fd;
	_Atomic int64_t deadline; /* monotonic_ms() after which the connection is closed; INT64_MAX: none */
	_Atomic int64_t last;     /* monotonic_ms() when it was opened, or when its last request ended */
	_Atomic uint64_t taken;   /* bytes of the requests so far; see uncounted */
	atomic_bool busy;         /* from a request line to the end of its answer */
	atomic_bool uncounted;    /* taken is not known: not TCP, or a chunked body */
	atomic_bool partial;      /* a part of a request line was read */
	size_t target_len;        /* of the current request */
	bool target_blank;        /* the target contains an unescaped blank */
	bool trusted, tcp;
	struct secure *secure;   /* TLS; NULL: none */
	struct request *request; /* the current request */
	struct wire wire;
	bool paused;  /* under http.lock: incoming data stays in the kernel */
	bool left;    /* under http.lock: its client was notified; the connection is to close by itself */
	bool proxied; /* the peer is a trusted proxy */
	bool told;    /* peer comes from a PROXY header */
	enum header_stage header;
	size_t header_left;     /* bytes of the header still to skip */
	char peer[ADDRESS_MAX]; /* address */
};

/** Unused requests of one or a few threads, the most recently used on top. */
struct request_pool {
	_Alignas(64) pthread_mutex_t lock;
	struct request *free;
	size_t kept; /* memory of the unused requests */
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
	struct budget *budget;            /* memory held by requests */
	size_t pool_kept;
	size_t body_max;
	int64_t headers_ms, request_ms, idle_ms;
	bool cors, cors_any;
	const char *const *origins;
	size_t origin_count;
	struct proxies proxies;
	atomic_int phase;   /* enum http_phase */
	atomic_int waiting; /* suspended exchanges */
	atomic_ulong begun; /* connections that reached their thread */
	int64_t paused_at;  /* monotonic_ms() when accepting stopped */
	unsigned settled;   /* how many times in a row it was found settled */
	int hold_fd;        /* our end of the connection that holds domain's thread; -1: it is not held */
	atomic_int held_fd; /* libmicrohttpd's end */
	int64_t hold_since;
	atomic_bool held;
	atomic_bool dropped; /* a lot of memory was freed: the watcher returns it to the system */

	pthread_mutex_t lock; /* protects the following six */
	pthread_cond_t wake;
	struct connection *connections;
	unsigned gone; /* connections closed since memory was last given back */
	struct lingering linger;
	bool ending;
	pthread_t watcher;
	bool watching;

	pthread_mutex_t all_lock;
	struct request *all; /* every request struct */
	struct request_pool pools[REQUEST_POOLS];
};

/** Who has a request: its connection's thread, or the thread that resumes it. */
enum request_state {
	REQUEST_RUNNING,   /* the connection's thread has it */
	REQUEST_SUSPENDED, /* no thread runs it; the resumer wakes the connection */
	REQUEST_RESUMED,   /* resume() was called; the connection's thread continues */
	REQUEST_ABANDONED  /* closed while suspended: answered without dispatch, which may still hold it */
};

struct request {
	struct exchange x;
	struct http *http;
	struct connection *connection;
	struct MHD_Connection *mhd;
	struct framing framing;
	char client[ADDRESS_MAX]; /* address; the connection's, or the one that a trusted proxy reports */
	atomic_int state;
	size_t body_sent;        /* bytes of the body as received */
	size_t held;             /* how many of the next bytes were already taken: a piece of a file ends with them */
	struct decoder *decoder; /* of a compressed body in progress; else NULL */
	struct encoder *encoder; /* of a file that is sent compressed; else NULL */
	bool begun;              /* dispatch_begin() was called, so dispatch_end() must be */
	bool body_due;           /* dispatch wants the body */
	bool asking;             /* dispatch has not decided yet whether it wants the body, or more of it */
	bool ask_first;          /* ... and was asked in libmicrohttpd's first call */
	lyre_value query;        /* read only if the body is a file */
	bool preflight;          /* answered as a preflight */
	size_t stream_at;        /* how much of x.out was sent */
	bool stream_due;         /* the connection was suspended for the next piece; x.out must not be read before it is there */
	bool stream_ended;       /* x.out is the last piece */
	unsigned pool;
	size_t kept;          /* memory kept while unused */
	struct request *next; /* in its pool */
	struct request *next_all;
};

/* listeners.c */
/** Opens the listeners that the settings name, or takes over given sockets. After a failure some may be open. */
int listeners_open(struct http *h, const struct config *c, struct http_sockets *given, struct err *e);

/* connection.c */
int connections_open(struct http *h, struct err *e);
/** Stops the watcher. Before the daemons are stopped. */
void connections_close(struct http *h);
void connection_notify(void *cls, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code);
void *connection_request_line(void *cls, const char *uri, struct MHD_Connection *c);
struct connection *connection_of(struct MHD_Connection *c);
/** Whether the client has closed its side. */
bool connection_hung_up(const struct connection *c);
/** Counts a request head that was read. \return its length */
size_t connection_took_head(struct connection *c, struct MHD_Connection *mhd, bool chunked);
/**
 * For a connection that will be closed with unread bytes: prevents the kernel from resetting it, and reads for a moment
 * without libmicrohttpd.
 */
void connection_linger(struct connection *c);

/* proxy_take.c */
/** Removes a PROXY header from a connection that may begin with one. \return > 0: read on; else the result of recv(), with errno */
ssize_t proxy_take(struct connection *c);
/** The connection ends. */
void proxy_end(const struct connection *c);

/* socket_handover.c */
/** Passes the given connections to libmicrohttpd. */
void connections_adopt(struct http *h, struct http_sockets *given);
/** Holds the calling thread until domain_release(), if \p fd is the connection made for that. \return whether it was */
bool domain_hold_here(struct http *h, int fd);
void domain_release(struct http *h);
/** Continues a connection that another server has read from. \param client  as handed over */
void connection_resume(struct connection *c, const char *client);

/* request.c */
enum MHD_Result request_handle(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
	const char *data, size_t *size, void **context);
void request_completed(void *cls, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode code);
/** Refuses a request at a point where libmicrohttpd accepts no answer; see answer_past(). \return MHD_NO */
enum MHD_Result request_cut(struct request *r, int status, const char *why);
/** Wakes suspended requests, to be answered with 503; a later resume() does nothing. At close. */
void requests_abandon(struct http *h);
/* Fetches the next piece of a stream, within libmicrohttpd's content reader. \return as dispatch_stream(); LYRE_PENDING:
 * the connection is suspended, and the reader is called again after it was resumed */
int request_stream(struct request *r);

/* request_texts.c: each_header and each_param of the exchange */
void request_each_header(const struct exchange *x, take_text take, void *arg);
void request_each_param(const struct exchange *x, take_text take, void *arg);

/* request_pool.c */
/** An unused request, or else a new one; NULL: out of memory. */
struct request *request_take(struct http *h);
/** An abandoned request is never used again. */
void request_give_back(struct request *r);
int64_t requests_in_use(struct http *h);
void requests_free(struct http *h);

/* body.c */
/**
 * Whether dispatch must be asked before the body may have \p more bytes: it is large, or it would take of the memory that all
 * share, and the header may tell who sends it.
 */
bool body_asks(const struct request *r, uint64_t more);
/**
 * Checks the body that the headers announce.
 * \param asks  as body_asks() of its length
 * \return 0, or a status to refuse it with, and \p why
 */
int body_expect(struct request *r, bool asks, const char **why);
/** Adds a piece. \return 0, or a status to refuse the request with, and \p why */
int body_add(struct request *r, const char *data, size_t size, const char **why);
/** The body has ended: checks that a compressed one is complete. \return as body_add() */
int body_end(struct request *r, const char **why);
/** For a body that got no memory: the status to refuse it with, and \p why. */
int body_failure(const struct request *r, const char **why);
/** Frees the decoder. */
void body_release(struct request *r);

/* http.c */
/** operationsApi.network.trustedProxies. \return as proxies_read() */
int http_proxies(struct proxies *ret, const struct config *c, struct err *e);

/* response.c */
/** Whether the request comes from a page whose origin corsAccessList names, other than by "*". */
bool answer_names_origin(const struct request *r);
/** Queues the exchange's answer. */
enum MHD_Result answer_send(struct request *r);
/** Frees what sending it has allocated. */
void answer_release(struct request *r);
/**
 * Sends the exchange's answer directly, as libmicrohttpd accepts none while it reads a body. The caller must then close
 * the connection by returning MHD_NO.
 * \return MHD_NO
 */
enum MHD_Result answer_past(struct request *r);
/** The same without a request. \p why is inserted into JSON unescaped. */
void answer_bare(struct connection *c, unsigned status, const char *why);
/** Queues a 503 without touching the exchange, which dispatch may still write to. */
enum MHD_Result answer_abandoned(struct request *r);
/** Fills in the answer to a preflight. \return false if the request is not one that is answered here */
bool answer_preflight(struct request *r);

#endif
