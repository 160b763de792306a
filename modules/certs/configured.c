/* SPDX-License-Identifier: Apache-2.0 */
#include "configured.h"

#include "own_authority.h"
#include "revocation.h"
#include "utf8_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 80
/* Of a file with authorities or CRLs, bytes. */
#define FILE_MAX ((size_t)16 << 20)

static const char *setting(lyre_instance *self, const char *section, const char *name)
{
	char key[KEY_MAX];
	snprintf(key, sizeof key, "%s.%s", section, name);
	return lyre_setting_string(self, key);
}

static void add_section(lyre_instance *self, struct configuration *c, const char *section, bool certificates)
{
	const char *certificate = setting(self, section, "certificate");
	if (certificate && certificates) {
		struct configured *item = &c->items[c->count++];
		*item = (struct configured){ .certificate = certificate,
			.key = setting(self, section, "privateKey"),
			.host = setting(self, section, "host") };
		snprintf(item->setting, sizeof item->setting, "%s.certificate", section + 1);
	}
	const char *authority = setting(self, section, "certificateAuthority");
	if (authority)
		c->authorities[c->authority_count++] = authority;
	const char *revoked = setting(self, section, "revocationList");
	if (revoked)
		c->revoked[c->revoked_count++] = (struct revocation_file){ .path = revoked, .due = INT64_MAX };
	if (!c->ciphers)
		c->ciphers = setting(self, section, "ciphers");
}

/* A section, or the list of sections in its place. */
static void add_sections(lyre_instance *self, struct configuration *c, const char *section)
{
	/* the certificates of the first section that has some */
	bool certificates = c->count == 0;
	size_t count = lyre_setting_count(self, section);
	char item[KEY_MAX];
	add_section(self, c, section, certificates);
	for (size_t i = 0; i < count; i++) {
		snprintf(item, sizeof item, "%s.%zu", section, i);
		add_section(self, c, item, certificates);
	}
}

static void read_mtls(lyre_instance *self, struct configuration *c)
{
	static const char enabled[] = "/operationsApi.network.mtls", required[] = "/operationsApi.network.mtls.required";
	const char *user = lyre_setting_string(self, "/operationsApi.network.mtls.user");
	bool named = !user || strcmp(user, "*") != 0;
	c->user = !user ? "" : named ? user : NULL;
	c->client_wanted = lyre_setting_is_null(self, enabled) ? named || !lyre_setting_is_null(self, required) :
								 lyre_setting_bool(self, enabled);
	c->client_required = c->client_wanted && lyre_setting_bool(self, required);
}

bool configuration_open(lyre_instance *self, struct configuration *ret, char why[CERTIFICATE_WHY_MAX])
{
	static const char *const sections[] = { "/operationsApi.tls", "/tls" };
	size_t room = 2 + lyre_setting_count(self, sections[0]) + lyre_setting_count(self, sections[1]);
	*ret = (struct configuration){
		.items = calloc(room, sizeof *ret->items),
		.authorities = calloc(room, sizeof *ret->authorities),
		.revoked = calloc(room, sizeof *ret->revoked),
	};
	if (!ret->items || !ret->authorities || !ret->revoked) {
		snprintf(why, CERTIFICATE_WHY_MAX, NO_MEMORY);
		return false;
	}
	for (size_t i = 0; i < 2; i++)
		add_sections(self, ret, sections[i]);
	read_mtls(self, ret);
	for (size_t i = 0; i < ret->count; i++) {
		const struct configured *c = &ret->items[i];
		if (!c->key) {
			snprintf(why, CERTIFICATE_WHY_MAX, "'%s' is set without a privateKey", c->setting);
			return false;
		}
		if (c->host && !host_is_valid(c->host, strlen(c->host))) {
			snprintf(why, CERTIFICATE_WHY_MAX, "the host '%.200s' next to '%s' is not a valid host name", c->host,
				c->setting);
			return false;
		}
	}
	return true;
}

static void clear(struct configured *c)
{
	free(c->name);
	free(c->chain);
	secret_free(c->key_text);
	certificate_hosts_free(c->hosts);
	c->name = c->chain = c->key_text = NULL;
	c->hosts = NULL;
}

void configuration_close(struct configuration *c)
{
	for (size_t i = 0; i < c->count; i++)
		clear(&c->items[i]);
	free(c->items);
	free(c->authorities);
	free(c->revoked);
	*c = (struct configuration){ 0 };
}

/* ---- the files ---- */

static bool fail_file(char *why, const char *what, const char *path, const char *cause)
{
	snprintf(why, CERTIFICATE_WHY_MAX, "%s %.300s: %.150s", what, path, cause);
	return false;
}

static bool read_chain(const struct configured *from, struct configured *ret, struct certificate *c, char *why)
{
	char cause[CERTIFICATE_WHY_MAX];
	size_t len;
	ret->chain = pem_read(from->certificate, CERTIFICATE_PEM_MAX, &len);
	if (!ret->chain)
		return fail_file(why, "cannot read the certificate", from->certificate, errno_text(errno));
	if (!certificate_parse(c, ret->chain, len, cause) || !certificate_is_usable(c, cause))
		return fail_file(why, "the certificate", from->certificate, cause);
	ret->from = c->from;
	ret->to = c->to;
	ret->name = certificate_name(c);
	ret->hosts = from->host ? calloc(2, sizeof *ret->hosts) : certificate_hosts(c);
	if (ret->hosts && from->host)
		ret->hosts[0] = strdup(from->host);
	if (ret->name && ret->hosts && (!from->host || ret->hosts[0]))
		return true;
	return fail_file(why, "the certificate", from->certificate, NO_MEMORY);
}

static bool read_key(const struct configured *from, struct configured *ret, const struct certificate *c, char *why)
{
	char cause[CERTIFICATE_WHY_MAX];
	struct private_key key = { 0 };
	size_t len;
	char *text = pem_read(from->key, CERTIFICATE_PEM_MAX, &len);
	if (!text)
		return fail_file(why, "cannot read the private key", from->key, errno_text(errno));
	bool read = private_key_parse(&key, text, len, cause);
	explicit_bzero(text, len);
	free(text);
	if (!read)
		return fail_file(why, "the private key", from->key, cause);
	bool matches = private_key_matches(&key, c);
	ret->key_text = matches ? private_key_text(&key) : NULL;
	private_key_free(&key);
	if (!matches)
		snprintf(why, CERTIFICATE_WHY_MAX, "the private key %.200s does not match the certificate %.200s", from->key,
			from->certificate);
	else if (!ret->key_text)
		snprintf(why, CERTIFICATE_WHY_MAX, NO_MEMORY);
	return ret->key_text != NULL;
}

bool configured_load(struct configured *c, char why[CERTIFICATE_WHY_MAX])
{
	struct configured fresh = { 0 };
	struct certificate parsed = { 0 };
	char cause[CERTIFICATE_WHY_MAX];
	bool right = read_chain(c, &fresh, &parsed, cause) && read_key(c, &fresh, &parsed, cause);
	certificate_free(&parsed);
	if (!right) {
		clear(&fresh);
		snprintf(why, CERTIFICATE_WHY_MAX, "'%s': %.440s", c->setting, cause);
		return false;
	}
	clear(c);
	c->name = fresh.name;
	c->chain = fresh.chain;
	c->key_text = fresh.key_text;
	c->hosts = fresh.hosts;
	c->from = fresh.from;
	c->to = fresh.to;
	return true;
}

/* A setting that names files, and what must hold for each of them. */
struct kind {
	const char *setting;
	bool (*check)(void *arg, const char *pem, size_t len, char *why);
};

static bool check_authorities(void *arg, const char *pem, size_t len, char *why)
{
	(void)arg;
	return authorities_are_valid(pem, len, why);
}
static const struct kind authority_files = { "certificateAuthority", check_authorities };

/* What CRLs must be signed by, and when they are due. */
struct signers {
	const char *authorities;
	int64_t due;
};

static bool check_revoked(void *arg, const char *pem, size_t len, char *why)
{
	struct signers *s = arg;
	return revocation_lists_read(pem, len, s->authorities, &s->due, why);
}
static const struct kind revocation_files = { "revocationList", check_revoked };

static bool add_file(struct text *all, const char *path, const struct kind *kind, void *arg, char *why)
{
	char cause[CERTIFICATE_WHY_MAX];
	size_t len;
	char *s = pem_read(path, FILE_MAX, &len);
	if (!s)
		return fail_file(why, kind->setting, path, errno_text(errno));
	bool right = kind->check(arg, s, len, cause);
	if (right) {
		text_add(all, s, len);
		text_add(all, "\n", 1);
	}
	free(s);
	return right || fail_file(why, kind->setting, path, cause);
}

/* The texts of all files together; NULL if there were none. */
static bool finish(struct text *all, bool right, const struct kind *kind, char **ret, char *why)
{
	*ret = NULL;
	if (right && !text_is_empty(all) && !(*ret = text_take(all))) {
		snprintf(why, CERTIFICATE_WHY_MAX, "%s: " NO_MEMORY, kind->setting);
		right = false;
	}
	text_erase(all);
	return right;
}

bool configuration_authorities(const struct configuration *c, char **ret, char why[CERTIFICATE_WHY_MAX])
{
	struct text all = { 0 };
	bool right = true;
	for (size_t i = 0; i < c->authority_count && right; i++)
		right = add_file(&all, c->authorities[i], &authority_files, NULL, why);
	return finish(&all, right, &authority_files, ret, why);
}

bool configuration_revoked(const struct configuration *c, const char *authorities, char **ret, char why[CERTIFICATE_WHY_MAX])
{
	struct text all = { 0 };
	struct signers signers = { .authorities = authorities };
	bool right = true;
	for (size_t i = 0; i < c->revoked_count && right; i++) {
		right = add_file(&all, c->revoked[i].path, &revocation_files, &signers, why);
		if (right)
			c->revoked[i].due = signers.due;
	}
	return finish(&all, right, &revocation_files, ret, why);
}

bool configuration_check(struct configuration *c, char why[CERTIFICATE_WHY_MAX])
{
	char *authority_text = NULL, *revoked_text = NULL;
	for (size_t i = 0; i < c->count; i++)
		if (!configured_load(&c->items[i], why))
			return false;
	bool right =
		configuration_authorities(c, &authority_text, why) && configuration_revoked(c, authority_text, &revoked_text, why);
	free(authority_text);
	free(revoked_text);
	return right;
}

/* ---- the listeners ---- */

struct lyre_tls configuration_tls(const struct configuration *c)
{
	return (struct lyre_tls){
		.size = sizeof(struct lyre_tls),
		.client = !c->client_wanted ? LYRE_TLS_CLIENT_NONE :
			c->client_required  ? LYRE_TLS_CLIENT_REQUIRED :
					      LYRE_TLS_CLIENT_WELCOME,
		.ciphers = c->ciphers,
		.user = c->user,
	};
}

static int try_with(lyre_instance *self, const struct configuration *c, const struct lyre_tls_certificate *list, uint32_t count)
{
	char why[CERTIFICATE_WHY_MAX], *authority_text;
	struct lyre_tls tls = configuration_tls(c);
	if (!configuration_authorities(c, &authority_text, why))
		return lyre_start_fail(self, LYRE_EINVAL, "%s", why);
	tls.certificates = (struct lyre_list){ list, count, sizeof *list };
	tls.authorities = authority_text;
	/* The table may have some. */
	if (!authority_text)
		tls.client = LYRE_TLS_CLIENT_NONE;
	int rc = lyre_tls_try(self, &tls);
	free(authority_text);
	return rc;
}

static int try_with_own(lyre_instance *self, const struct configuration *c)
{
	char why[CERTIFICATE_WHY_MAX], *key_text = NULL;
	struct private_key key;
	struct own_pair pair = { 0 };
	bool made = own_key_make(&key, why) && own_pair_make(&key, "authority", "localhost", certs_now(), &pair, why);
	if (made)
		key_text = private_key_text(&key);
	struct lyre_tls_certificate one = { .size = sizeof one, .name = "localhost", .chain = pair.server, .key = key_text };
	int rc = key_text ? try_with(self, c, &one, 1) : lyre_start_fail(self, LYRE_EINTERNAL, "%s", made ? NO_MEMORY : why);
	secret_free(key_text);
	private_key_free(&key);
	own_pair_free(&pair);
	return rc;
}

int configuration_try(lyre_instance *self, const struct configuration *c)
{
	struct lyre_tls_certificate *list;
	if (!c->count)
		return try_with_own(self, c);
	list = calloc(c->count, sizeof *list);
	if (!list)
		return lyre_start_fail(self, LYRE_ENOMEM, NO_MEMORY);
	for (size_t i = 0; i < c->count; i++)
		list[i] = (struct lyre_tls_certificate){
			.size = sizeof *list, .name = c->items[i].name, .chain = c->items[i].chain, .key = c->items[i].key_text
		};
	int rc = try_with(self, c, list, (uint32_t)c->count);
	free(list);
	return rc;
}
