/* SPDX-License-Identifier: Apache-2.0 */
#include "config/settings.h"

#define CORS_HELP "Origins from which browsers may send requests; \"*\" for any."
#define PORT .min = 0, .max = 65535
/* The settings of a section with certificates. */
/* clang-format off */
#define TLS(section, key_file, certificate_help, ciphers_help)                                                         \
	{ section ".certificate", LYRE_S_PATH, LYRE_SF_NULL, NULL, .help = certificate_help },                         \
	{ section ".privateKey", LYRE_S_PATH, LYRE_SF_NULL, key_file, .help = "Private key of the certificate, not encrypted (PEM file)." }, \
	{ section ".host", LYRE_S_STRING, LYRE_SF_NULL, NULL, .help = "Host name for which the certificate is served; null: the names in it." }, \
	{ section ".certificateAuthority", LYRE_S_PATH, LYRE_SF_NULL, NULL,                                            \
	  .help = "Authorities that sign client certificates, in addition to those in the table (PEM file)." }, \
	{ section ".revocationList", LYRE_S_PATH, LYRE_SF_NULL, NULL, .help = "Certificate revocation lists (CRLs), each signed by an authority in certificateAuthority (PEM file)." }, \
	{ section ".ciphers", LYRE_S_STRING, LYRE_SF_NULL, NULL, .help = ciphers_help }
/* clang-format on */

/* In the order of etc/lyre.yaml. Paths that do not start with / are relative to rootPath. */
const struct lyre_setting core_settings[] = {
	{ "rootPath", LYRE_S_PATH, 0, ROOTDIR, .help = "Folder for everything that the server stores." },
	{ "threads", LYRE_S_INT, LYRE_SF_NULL, NULL, .min = 1, .max = 1024,
		.help = "Number of threads that serve connections, and of worker threads for long operations; null: one per processor." },
	{ "threads.stackSize", LYRE_S_SIZE, 0, "2M", .min = 128 << 10, .max = 1 << 30,
		.help = "Address space for the stack of each thread; only what is used takes memory." },
	{ "threads.debug", SETTING_ANY, SETTING_INERT, "false", .help = "Thread debugging." },

	{ "operationsApi.network.port", LYRE_S_INT, LYRE_SF_NULL | SETTING_LISTENER, "9925", PORT,
		.help = "TCP port of the operations API; null disables it; 0 picks a free port and logs it." },
	{ "operationsApi.network.host", LYRE_S_STRING, LYRE_SF_NULL | SETTING_LISTENER, NULL,
		.help = "Address to listen on; null: all addresses, or that of the socket passed by the service manager." },
	{ "operationsApi.network.domainSocket", LYRE_S_PATH, LYRE_SF_NULL | SETTING_LISTENER, "operations-server",
		.help = "Unix domain socket of the operations API; root and the server's own user need no password; null disables it." },
	{ "operationsApi.network.cors", LYRE_S_BOOL, SETTING_LISTENER, "true",
		.help = "Whether browsers may send requests from other origins." },
	{ "operationsApi.network.trustedProxies", LYRE_S_LIST, LYRE_SF_NULL | SETTING_LISTENER, "[]",
		.help = "Addresses and networks of proxies whose PROXY protocol and X-Forwarded-For, -Proto and -Host headers are "
			"trusted." },
	{ "operationsApi.network.corsAccessList", LYRE_S_LIST, LYRE_SF_NULL | SETTING_LISTENER, "[\"*\"]", .help = CORS_HELP },
	{ "operationsApi.network.timeout", LYRE_S_DURATION, SETTING_LISTENER, "120s", .min = 1000, .max = 86400e3,
		.help = "Time limit for a request, after which its connection is closed; for an uploaded file "
			"(restore_backup), for each pause in it." },
	{ "operationsApi.network.headersTimeout", LYRE_S_DURATION, SETTING_LISTENER, "60s", .min = 1000, .max = 86400e3,
		.help = "Time limit for receiving the headers of a request." },
	{ "operationsApi.network.keepAliveTimeout", LYRE_S_DURATION, SETTING_LISTENER, "30s", .min = 1000, .max = 86400e3,
		.help = "Time after which an idle connection is closed." },
	{ "operationsApi.network.drainTimeout", LYRE_S_DURATION, 0, "30s", .min = 0, .max = 3600e3,
		.help = "Time that requests and jobs in progress get to finish before a stop or restart." },
	{ "operationsApi.network.hangTimeout", LYRE_S_DURATION, LYRE_SF_NULL, "60s", .min = 0, .max = 86400e3,
		.help = "Time that a serving thread may hang before the server exits with a failure, to be restarted; 0 or null: "
			"no limit." },
	{ "operationsApi.network.maxConnections", LYRE_S_INT, SETTING_LISTENER, "1000", .min = 1, .max = 1000000,
		.help = "Maximum number of open connections." },
	{ "operationsApi.network.maxConnectionsPerAddress", LYRE_S_INT, SETTING_LISTENER, "0", .min = 0, .max = 1000000,
		.help = "Maximum number of open connections from one address; 0: no limit." },
	{ "operationsApi.network.maxBodySize", LYRE_S_SIZE, SETTING_LISTENER, "128M", .min = 1024, .max = 4294967295.0,
		.help = "Maximum size of a request body. It is held in memory, and its decoded values may take eight times as much. "
			"Above 256K, clients must sign in by header or domain socket. Uploaded files (restore_backup) may be larger: "
			"they go to disk." },
	{ "operationsApi.network.securePort", LYRE_S_INT, LYRE_SF_NULL | SETTING_LISTENER, NULL, PORT,
		.help = "TCP port of the operations API over TLS; null disables it; 0 picks a free port and logs it." },
	{ "operationsApi.network.mtls", LYRE_S_BOOL, LYRE_SF_NULL, NULL,
		.help = "Whether clients of the TLS listener can sign in with a certificate; null: if one of the settings below is set." },
	{ "operationsApi.network.mtls.required", LYRE_S_BOOL, LYRE_SF_NULL, NULL,
		.help = "Whether connections without a valid client certificate are refused." },
	{ "operationsApi.network.mtls.user", LYRE_S_STRING, LYRE_SF_NULL, "\"*\"",
		.help = "User that a valid client certificate signs in; \"*\": the user named by its CN; null: nobody, it is only verified." },
	{ "operationsApi.network.mtls.certificateVerification", SETTING_ANY, SETTING_INERT, NULL,
		.help = "Online checks for revoked client certificates; see tls.revocationList." },
	{ "operationsApi.network.http2", LYRE_S_BOOL, SETTING_INERT, "false", .help = "HTTP/2." },
	TLS("operationsApi.tls", NULL,
		"Certificate of the operations API, followed by those of its issuers (PEM file); null: as in tls. A list of such sections has a certificate for each name.",
		"Ciphers of the operations API; null: as in tls."),
	{ "operationsApi.maxMemory", LYRE_S_SIZE, LYRE_SF_NULL, NULL, .min = 8 << 20, .max = 1099511627776e2,
		.help = "Memory that all requests and jobs together may use; null: a quarter of the memory of the machine or "
			"container." },
	{ "operationsApi.maxRequestMemory", LYRE_S_SIZE, LYRE_SF_NULL, NULL, .min = 1 << 20, .max = 1099511627776e2,
		.help = "Memory that a single request or job may use; null: almost half of maxMemory." },
	{ "operationsApi.queryTimeout", LYRE_S_DURATION, LYRE_SF_NULL, "5m", .min = 1, .max = 86400e3,
		.help = "Time limit for a query, not counting the time it waits for its turn and for its client; null: no limit." },
	{ "operationsApi.maxConditions", LYRE_S_INT, 0, "10000", .min = 1, .max = 1000000,
		.help = "Maximum number of search conditions in a query; each value of in and not_in counts as one." },
	{ "operationsApi.sysInfo.disk", LYRE_S_BOOL, 0, "true",
		.help = "Disk and file system statistics in system_information; false: an empty object instead." },
	{ "operationsApi.sysInfo.network", LYRE_S_BOOL, 0, "true",
		.help = "Network statistics in system_information; false: an object without statistics instead." },

	{ "authentication.cacheTTL", LYRE_S_DURATION, 0, "30s", .min = 0, .max = 86400e3,
		.help = "Time for which a verified password is remembered, so that it is not hashed again for every request." },
	{ "authentication.authorizeLocal", LYRE_S_BOOL, SETTING_INERT, "false",
		.help = "Requests without a password from the loopback address." },
	{ "authentication.enableSessions", LYRE_S_BOOL, 0, "true", .help = "Whether login starts a cookie session." },
	{ "authentication.sessionTimeout", LYRE_S_DURATION, 0, "1d", .min = 1000, .max = 36500 * 86400e3,
		.help = "Lifetime of a session." },
	{ "authentication.operationTokenTimeout", LYRE_S_DURATION, SETTING_TEXT | SETTING_UNIT, "1d", .min = 1000,
		.max = 36500 * 86400e3, .help = "Lifetime of an operation token." },
	{ "authentication.operationTokenMaxTimeout", LYRE_S_DURATION, SETTING_TEXT | SETTING_UNIT, "30d", .min = 1000,
		.max = 36500 * 86400e3, .help = "Longest lifetime that a client may request with expires_in." },
	{ "authentication.refreshTokenTimeout", LYRE_S_DURATION, SETTING_TEXT | SETTING_UNIT, "30d", .min = 1000,
		.max = 36500 * 86400e3, .help = "Lifetime of a refresh token." },
	{ "authentication.argon2.memory", LYRE_S_SIZE, 0, "19456K", .min = 8192, .max = 4294967296.0,
		.help = "Memory used to hash a password. Hashes made with other parameters are replaced at the next sign-in." },
	{ "authentication.argon2.iterations", LYRE_S_INT, 0, "2", .min = 1, .max = 1000,
		.help = "Number of argon2 passes over the memory." },
	{ "authentication.argon2.lanes", LYRE_S_INT, 0, "1", .min = 1, .max = 64,
		.help = "Number of argon2 lanes, which could be computed in parallel." },
	{ "authentication.argon2.threads", LYRE_S_INT, 0, "0", .min = 0, .max = 64,
		.help = "Number of passwords hashed at the same time; 0: half the number of processors." },
	{ "authentication.failures.free", LYRE_S_INT, 0, "3", .min = 0, .max = 1000000,
		.help = "Number of failed sign-ins (per user and address) allowed before delays begin." },
	{ "authentication.failures.delay", LYRE_S_DURATION, 0, "250ms", .min = 0, .max = 600e3,
		.help = "Delay of the next sign-in after that, doubled by each further failure; 0: no delay." },
	{ "authentication.failures.maxDelay", LYRE_S_DURATION, 0, "8s", .min = 0, .max = 600e3,
		.help = "Upper limit for the delay." },
	{ "authentication.failures.memory", LYRE_S_DURATION, 0, "15m", .min = 1000, .max = 86400e3,
		.help = "Time after the last failure until failed sign-ins are forgotten." },

	{ "storage.path", LYRE_S_PATH, 0, "database", .help = "Folder of the databases, one file each." },
	{ "storage.writeAsync", LYRE_S_BOOL, 0, "false",
		.help = "Whether writes are answered before they are on disk: faster, but the latest writes are lost if the "
			"machine crashes." },
	{ "storage.mapSize", LYRE_S_SIZE, 0, "64M", .min = 1 << 20, .max = 1099511627776e2,
		.help = "Initial address space of a database; it grows automatically." },
	{ "storage.maxSize", LYRE_S_SIZE, 0, "0", .help = "Maximum size of a database; 0: no limit." },
	{ "storage.reserve", LYRE_S_SIZE, 0, "4M", .max = 1099511627776.0,
		.help = "Disk space reserved for deleting records and signing in when the disk is full, at most 1/16 of the disk; "
			"0: none." },
	{ "storage.commitMemory", LYRE_S_SIZE, 0, "64M", .min = 64 << 10, .max = 1099511627776.0,
		.help = "Memory for pages that requests change together in one commit of a database: further requests wait for the "
			"next. It stays allocated, for each database. A single request takes what it needs." },
	{ "storage.maxTrees", LYRE_S_INT, 0, "10000", .min = 16, .max = 1000000,
		.help = "Maximum number of tables and indexed attributes in a database, counted together." },
	{ "storage.maxReaders", LYRE_S_INT, 0, "1024", .min = 16, .max = 65536,
		.help = "Maximum number of concurrent reads in a database." },
	{ "storage.checkAtStart", LYRE_S_SIZE, 0, "64M", .min = 0, .max = 1099511627776e2,
		.help = "Size up to which databases are checked page by page at startup; in larger ones, only what startup reads "
			"is checked." },
	{ "storage.noReadAhead", LYRE_S_BOOL, 0, "true",
		.help = "Whether to disable the system's read-ahead: recommended if a database is larger than the memory." },
	{ "storage.caching", LYRE_S_BOOL, SETTING_INERT, "true", .help = "Record cache in addition to the system's page cache." },
	{ "storage.compression", SETTING_ANY, SETTING_INERT, "false", .help = "Record compression." },
	{ "storage.prefetchWrites", LYRE_S_BOOL, SETTING_INERT, "true", .help = "Loading of pages before they are written." },

	{ "logging.level", LYRE_S_ENUM, LYRE_SF_LIVE, "warn", "notify fatal error warn info debug trace",
		.help = "Least urgent level that is logged; from the most urgent: notify fatal error warn info debug trace." },
	{ "logging.file", LYRE_S_BOOL, 0, "true", .help = "Whether to log to the file lyre.log in logging.root." },
	{ "logging.stdStreams", LYRE_S_BOOL, LYRE_SF_NULL, NULL,
		.help = "Whether to log to standard error (fatal, error, warn) and standard output (others); null: without a "
			"terminal, only notify, fatal, error." },
	{ "logging.root", LYRE_S_PATH, 0, "log", .help = "Folder of the log." },
	{ "logging.rotation.enabled", LYRE_S_BOOL, 0, "true",
		.help = "Whether log files are rotated when they reach maxSize or interval." },
	{ "logging.rotation.maxSize", LYRE_S_SIZE, SETTING_TEXT | LYRE_SF_NULL, "64M", .min = 4096, .max = 1099511627776.0,
		.help = "Size at which a log file is rotated; null: no limit." },
	{ "logging.rotation.interval", LYRE_S_DURATION, SETTING_TEXT | LYRE_SF_NULL, NULL, .min = 1000, .max = 3650 * 86400e3,
		.help = "Age at which a log file is rotated, such as 1D, 12H or 30M; null: no limit." },
	{ "logging.rotation.maxTotalSize", LYRE_S_SIZE, SETTING_TEXT | LYRE_SF_NULL, "640M", .min = 4096, .max = 1099511627776e2,
		.help = "Total size of rotated files above which the oldest are removed; null: no limit." },
	{ "logging.rotation.path", LYRE_S_PATH, LYRE_SF_NULL, NULL,
		.help = "Folder for rotated files, on the file system of logging.root; null: logging.root." },
	{ "logging.rotation.compress", LYRE_S_BOOL, 0, "false", .help = "Compression of rotated files; not in this build." },
	{ "logging.auditLog", LYRE_S_BOOL, 0, "true",
		.help = "Whether changes to tables are recorded in the audit log, with the user who made them; a table can "
			"override this." },
	{ "logging.auditRetention", LYRE_S_DURATION, SETTING_TEXT | LYRE_SF_NULL, "3d", .min = 1000, .max = 36500 * 86400e3,
		.help = "Time for which entries of the audit log are kept; null: forever." },
	{ "logging.auditAuthEvents.logFailed", LYRE_S_BOOL, 0, "false", .help = "Whether failed sign-ins are logged." },
	{ "logging.auditAuthEvents.logSuccessful", LYRE_S_BOOL, 0, "false",
		.help = "Whether successful sign-ins are logged, at level info; those with a remembered password are not." },

	{ "jobs.parallel", LYRE_S_INT, 0, "2", .min = 1, .max = 64,
		.help = "Maximum number of jobs running at the same time; if it is more than one, one is kept for super users." },
	{ "jobs.maxWaiting", LYRE_S_INT, 0, "1000", .min = 0, .max = 1000000,
		.help = "Maximum number of waiting jobs, half of them for super users only; further jobs are refused." },
	{ "jobs.retention", LYRE_S_DURATION, LYRE_SF_NULL, "30d", .min = 0, .max = 36500 * 86400e3,
		.help = "Time for which get_job can report on a finished job; null or 0: forever." },

	{ "clustering.enabled", LYRE_S_BOOL, 0, "false",
		.help = "Whether table descriptions include the name of their stream; this build has no clustering." },

	{ "http.port", LYRE_S_INT, LYRE_SF_NULL | SETTING_INERT, "9926", PORT, .help = "TCP port of the REST interface." },
	{ "http.securePort", LYRE_S_INT, LYRE_SF_NULL | SETTING_INERT, NULL, PORT,
		.help = "TCP port of the REST interface over TLS." },
	{ "http.cors", LYRE_S_BOOL, SETTING_INERT, "false", .help = "Whether browsers may send requests from other origins." },
	{ "http.corsAccessList", LYRE_S_LIST, LYRE_SF_NULL | SETTING_INERT, "[]", .help = CORS_HELP },
	{ "http.compressionThreshold", LYRE_S_SIZE, SETTING_INERT, "1200", .help = "Size from which answers are compressed." },
	{ "http.timeout", LYRE_S_DURATION, SETTING_INERT, "120s", .help = "Time limit for a request." },
	{ "http.keepAliveTimeout", LYRE_S_DURATION, SETTING_INERT, "30s",
		.help = "Time after which an idle connection is closed." },
	{ "http.mtls", SETTING_ANY, SETTING_INERT, "false", .help = "Sign-in with client certificates." },
	{ "http.http2", LYRE_S_BOOL, SETTING_INERT, "false", .help = "HTTP/2." },

	TLS("tls", "keys/privateKey.pem",
		"Certificate of TLS listeners, followed by those of its issuers (PEM file); null: those in the table. A list of such sections has a certificate for each name.",
		"Ciphers: a priority string of GnuTLS, or OpenSSL names separated by colons; null: the default."),

	{ "replication.hostname", LYRE_S_STRING, LYRE_SF_NULL | SETTING_INERT, NULL, .help = "Name of this node." },
	{ "replication.url", LYRE_S_STRING, LYRE_SF_NULL | SETTING_INERT, NULL,
		.help = "URL at which other nodes reach this one." },
	{ "replication.databases", SETTING_ANY, SETTING_INERT, "\"*\"", .help = "Databases to replicate." },
	{ "replication.routes", SETTING_ANY, SETTING_INERT, NULL, .help = "Other nodes." },
	{ "node.hostname", LYRE_S_STRING, LYRE_SF_NULL, NULL,
		.help = "Name of this node, for the certificate made at the first start; null: the host name of the machine." },

	{ "mqtt.network.port", LYRE_S_INT, LYRE_SF_NULL | SETTING_INERT, "1883", PORT, .help = "TCP port of MQTT." },
	{ "mqtt.network.securePort", LYRE_S_INT, LYRE_SF_NULL | SETTING_INERT, "8883", PORT, .help = "TCP port of MQTT over TLS." },
	{ "mqtt.network.mtls", SETTING_ANY, SETTING_INERT, "false", .help = "Sign-in with client certificates." },
	{ "mqtt.webSocket", LYRE_S_BOOL, SETTING_INERT, "true", .help = "MQTT over WebSocket." },
	{ "mqtt.requireAuthentication", LYRE_S_BOOL, SETTING_INERT, "true", .help = "Whether MQTT clients must sign in." },

	{ "analytics.aggregatePeriod", LYRE_S_INT, SETTING_INERT, "60", .min = 0, .max = 86400,
		.help = "Seconds covered by one analytics record." },
	{ "analytics.replicate", LYRE_S_BOOL, SETTING_INERT, "false", .help = "Replication of analytics records." },
	{ "componentsRoot", LYRE_S_PATH, 0, "components",
		.help = "Folder of components, in which install_node_modules runs npm: scripts of projects and packages then run "
			"as the server's user." },
	{ "localStudio.enabled", LYRE_S_BOOL, SETTING_INERT, "false", .help = "Browser-based studio." },
};

const size_t core_setting_count = sizeof core_settings / sizeof *core_settings;
