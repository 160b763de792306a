/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file bench/echo.c
 * \brief The upper limit: libmicrohttpd reads a request and sends a fixed answer, and does nothing else.
  *
  * Run on the same machine at the same time as the server, with the same threads, answer size and headers, it shows what can
  * be reached.
 *
 *   echo [-t THREADS] [-H HEADERS] [-w] [-c CERTIFICATE -k KEY] [PORT [ANSWER_BYTES]]
 *
 * Port 0, the default, means any free port. Prints the port and serves until it is interrupted. -w suspends each request
 * and resumes it from another thread, like an operation that waits for the disk. -c and -k, PEM files, are for TLS.
 */
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The headers of the server's answers, besides those that libmicrohttpd writes. */
static const char *const headers[][2] = {
	{ "Server", "echo" },
	{ "vary", "Origin" },
	{ "content-type", "application/json" },
	{ "server-timing", "db;dur=0.240" },
	{ "Keep-Alive", "timeout=30" },
};
#define HEADERS_MAX (sizeof headers / sizeof *headers)
#define PEM_MAX ((size_t)64 << 10)

struct request {
	struct MHD_Connection *connection;
	struct request *next;
	bool resumed;
};

static struct {
	size_t size;
	unsigned headers;
	char *body;
	bool wait;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct request *waiting;
	bool ending;
	char *certificate, *key;
} echo = { .headers = HEADERS_MAX, .size = 100, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

static void *resume_all(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&echo.lock);
	while (!echo.ending) {
		while (!echo.waiting && !echo.ending)
			pthread_cond_wait(&echo.wake, &echo.lock);
		struct request *r = echo.waiting;
		echo.waiting = NULL;
		pthread_mutex_unlock(&echo.lock);
		while (r) {
			struct request *next = r->next;
			MHD_resume_connection(r->connection);
			r = next;
		}
		pthread_mutex_lock(&echo.lock);
	}
	pthread_mutex_unlock(&echo.lock);
	return NULL;
}

static enum MHD_Result suspend(struct request *r, struct MHD_Connection *c)
{
	r->resumed = true;
	r->connection = c;
	MHD_suspend_connection(c);
	pthread_mutex_lock(&echo.lock);
	r->next = echo.waiting;
	echo.waiting = r;
	pthread_cond_signal(&echo.wake);
	pthread_mutex_unlock(&echo.lock);
	return MHD_YES;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
	const char *data, size_t *size, void **context)
{
	(void)cls;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	struct request *r = *context;
	if (!r) {
		*context = calloc(1, sizeof *r);
		return *context ? MHD_YES : MHD_NO;
	}
	if (*size) {
		*size = 0;
		return MHD_YES;
	}
	if (echo.wait && !r->resumed)
		return suspend(r, c);
	struct MHD_Response *response = MHD_create_response_from_buffer(echo.size, echo.body, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	for (unsigned i = 0; i < echo.headers; i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
	MHD_set_response_options(response, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END);
	enum MHD_Result queued = MHD_queue_response(c, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return queued;
}

static void completed(void *cls, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)c;
	(void)code;
	free(*context);
	*context = NULL;
}

static long number(const char *text, long max)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (*end || end == text || n < 0 || n > max) {
		fprintf(stderr, "echo: '%s' is not a number from 0 to %ld\n", text, max);
		exit(2);
	}
	return n;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, PEM_MAX);
	size_t n = f && text ? fread(text, 1, PEM_MAX - 1, f) : 0;
	if (!n) {
		fprintf(stderr, "echo: cannot read '%s'\n", path);
		exit(2);
	}
	fclose(f);
	return text;
}

static struct MHD_Daemon *start(uint16_t port, unsigned threads)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct MHD_OptionItem tls[] = {
		{ echo.key ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0, echo.key },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, echo.certificate },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem pool[] = {
		{ MHD_OPTION_ARRAY, 0, tls },
		{ threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG;
	if (echo.key) /* clients that disconnect during a handshake are not worth a message */
		flags = (flags | MHD_USE_TLS) & ~(unsigned)MHD_USE_ERROR_LOG;
	return MHD_start_daemon(flags, 0, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &a, MHD_OPTION_CONNECTION_LIMIT, 10000u,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 << 10, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
		MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
	uint16_t port = 0;
	unsigned threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	int option;
	while ((option = getopt(argc, argv, "t:H:wc:k:")) != -1) {
		switch (option) {
		case 't':
			threads = (unsigned)number(optarg, 1024);
			break;
		case 'H':
			echo.headers = (unsigned)number(optarg, HEADERS_MAX);
			break;
		case 'w':
			echo.wait = true;
			break;
		case 'c':
			echo.certificate = read_file(optarg);
			break;
		case 'k':
			echo.key = read_file(optarg);
			break;
		default:
			fprintf(stderr,
				"usage: echo [-t THREADS] [-H HEADERS] [-w] [-c CERTIFICATE -k KEY] [PORT [ANSWER_BYTES]]\n");
			return 2;
		}
	}
	if (optind < argc)
		port = (uint16_t)number(argv[optind++], UINT16_MAX);
	if (optind < argc)
		echo.size = (size_t)number(argv[optind++], INT_MAX);
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	pthread_t resumer;
	echo.body = malloc(echo.size + 1);
	if (!echo.body || (echo.wait && pthread_create(&resumer, NULL, resume_all, NULL) != 0)) {
		fprintf(stderr, "echo: out of memory\n");
		return 1;
	}
	memset(echo.body, 'x', echo.size);
	struct MHD_Daemon *daemon = start(port, threads);
	if (!daemon) {
		fprintf(stderr, "echo: cannot serve on port %u\n", port);
		return 1;
	}
	printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	int signal_number;
	sigwait(&signals, &signal_number);
	return 0; /* suspended requests need not end cleanly */
}
