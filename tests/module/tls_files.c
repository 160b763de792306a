/* SPDX-License-Identifier: Apache-2.0 */
/** Hands over certificates: at the start those in a folder set by a setting, later those passed to an operation as PEM. */
#include <lyre/lyre.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *folder, const char *name)
{
	char path[4096], *text = NULL;
	long size = -1;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size >= 0 && (text = calloc(1, (size_t)size + 1))) {
		rewind(f);
		if (fread(text, 1, (size_t)size, f) != (size_t)size) {
			free(text);
			text = NULL;
		}
	}
	if (f)
		fclose(f);
	return text;
}

/** Uses the files of a folder; \p call NULL: only checks them. */
static int use_files(lyre_instance *self, const char *folder, lyre_call *call)
{
	const char *hosts[] = { "first.example" };
	char *chain = read_file(folder, "chain.pem"), *key = read_file(folder, "key.pem"),
	     *authorities = read_file(folder, "authorities.pem");
	const struct lyre_tls_certificate certificate = {
		.size = sizeof certificate, .name = "first", .chain = chain, .key = key, .hosts = hosts, .host_count = 1
	};
	const struct lyre_tls tls = {
		.size = sizeof tls,
		.certificates = { &certificate, 1, sizeof certificate },
		.authorities = authorities,
		.client = authorities ? LYRE_TLS_CLIENT_WELCOME : LYRE_TLS_CLIENT_NONE,
	};
	int rc = call ? lyre_tls_set(call, &tls) : lyre_tls_try(self, &tls);
	free(chain);
	free(key);
	free(authorities);
	return rc;
}

static int use_folder(lyre_call *call, void *arg)
{
	return use_files(NULL, (const char *)arg, call);
}

static int check(lyre_instance *self)
{
	const char *folder = lyre_setting_string(self, "folder");
	return folder && lyre_tls_available() ? use_files(self, folder, NULL) : 0;
}

static int start(lyre_instance *self)
{
	const char *folder = lyre_setting_string(self, "folder");
	lyre_log(self, LYRE_NOTIFY, "TLS %d %d", lyre_tls_available(), lyre_tls_wanted(self));
	return folder && lyre_tls_available() ? lyre_run(self, use_folder, (void *)folder) : 0;
}

/** {name, chain, key, hosts} */
static int take(lyre_call *call, const lyre_value *from, struct lyre_tls_certificate *ret)
{
	const lyre_value *hosts = lyre_value_get(from, "hosts");
	uint32_t count = hosts ? (uint32_t)lyre_value_count(hosts) : 0;
	const char **names = lyre_alloc(call, (count + 1) * sizeof *names);
	if (!names)
		return lyre_fail(call, LYRE_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < count; i++)
		names[i] = lyre_value_string(lyre_value_at(hosts, i), NULL);
	*ret = (struct lyre_tls_certificate){
		.size = sizeof *ret,
		.name = lyre_value_string(lyre_value_get(from, "name"), NULL),
		.chain = lyre_value_string(lyre_value_get(from, "chain"), NULL),
		.key = lyre_value_string(lyre_value_get(from, "key"), NULL),
		.hosts = names,
		.host_count = count,
	};
	return 0;
}

static int use(lyre_call *call)
{
	const lyre_value *list = lyre_arg(call, "certificates");
	uint32_t count = (uint32_t)lyre_value_count(list);
	struct lyre_tls_certificate *certificates = lyre_alloc(call, (count + 1) * sizeof *certificates);
	if (!certificates)
		return lyre_fail(call, LYRE_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < count; i++) {
		int rc = take(call, lyre_value_at(list, i), &certificates[i]);
		if (rc)
			return rc;
	}
	const struct lyre_tls tls = {
		.size = sizeof tls,
		.client = (uint32_t)lyre_value_int(lyre_arg(call, "client")),
		.certificates = { certificates, count, sizeof *certificates },
		.authorities = lyre_arg_string(call, "authorities"),
		.revoked = lyre_arg_string(call, "revoked"),
		.ciphers = lyre_arg_string(call, "ciphers"),
		.user = lyre_arg_string(call, "user"),
	};
	int rc = lyre_tls_set(call, &tls);
	return rc ? rc : lyre_reply_message(call, "used");
}

static const struct lyre_param params[] = {
	{ .name = "certificates",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_REQUIRED | LYRE_P_OBJECTS,
		.help = "Objects of name, chain, key and hosts." },
	{ .name = "client",
		.types = LYRE_T_NUMBER,
		.flags = LYRE_P_INTEGER,
		.fallback = "0",
		.help = "Whether clients are asked for a certificate." },
	{ .name = "authorities", .types = LYRE_T_STRING, .help = "Who signs those." },
	{ .name = "revoked", .types = LYRE_T_STRING, .help = "Lists of those that are revoked." },
	{ .name = "ciphers", .types = LYRE_T_STRING, .help = "Ciphers to offer." },
	{ .name = "user", .types = LYRE_T_STRING, .help = "Whom a certificate signs in." },
};

static const struct lyre_operation operations[] = {
	{ .name = "tls_use",
		.handler = use,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(params),
		.help = "Hand over certificates." },
	{ .name = "tls_try",
		.handler = use,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(params),
		.help = "The same, for anybody to try." },
};

static const struct lyre_setting settings[] = {
	{ .key = "folder",
		.type = LYRE_S_PATH,
		.flags = LYRE_SF_NULL,
		.help = "The folder of chain.pem, key.pem and, where clients are asked, authorities.pem." },
};

LYRE_MODULE(tls_files, "1.0.0", "Hands over certificates", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations),
	.start = start, .check = check);
