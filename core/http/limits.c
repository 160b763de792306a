/* SPDX-License-Identifier: Apache-2.0 */
#include "http/limits.h"

#include "config/config.h"

#include <limits.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#define NETWORK "operationsApi.network."
#define THREADS_MAX 256
/* Descriptors that are not for clients: the log, databases, listeners, files that modules open; and those of each thread. */
#define FILES_KEPT 48
#define FILES_OF_A_THREAD 4
/* The minimum to start with. */
#define CONNECTIONS_MIN 16

static unsigned thread_count(const struct config *c)
{
	int64_t n = config_int(c, "threads");
	return n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static unsigned long file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > INT_MAX)
		return INT_MAX;
	return (unsigned long)limit.rlim_cur;
}

int limits_read(struct limits *ret, const struct config *c, struct err *e)
{
	struct limits l = {
		.threads = thread_count(c),
		.wanted = (unsigned)config_int(c, NETWORK "maxConnections"),
		.per_address = (unsigned)config_int(c, NETWORK "maxConnectionsPerAddress"),
		.files = file_limit(),
	};
	unsigned serving = config_is_null(c, NETWORK "securePort") ? l.threads : 2 * l.threads;
	unsigned long kept = FILES_KEPT + FILES_OF_A_THREAD * serving;
	unsigned long least = l.wanted < CONNECTIONS_MIN ? l.wanted : CONNECTIONS_MIN;
	if (l.files < kept + least)
		return err_set(e, LYRE_EINVAL,
			"the process may open only %lu files, too few to serve clients: at least %lu are needed, or "
			"%lu for operationsApi.network.maxConnections %u; raise ulimit -n or LimitNOFILE=",
			l.files, kept + least, kept + l.wanted, l.wanted);
	l.connections = l.files - kept < l.wanted ? (unsigned)(l.files - kept) : l.wanted;
	*ret = l;
	return LYRE_OK;
}
