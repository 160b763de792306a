/* SPDX-License-Identifier: Apache-2.0 */
#include "serving.h"

#include "utf8_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What is to be handed over. */
struct serving {
	lyre_call *call;
	struct item *items; /**< certificates of servers */
	size_t count;
	struct in_use *in_use;
	size_t in_use_count;
	struct text authorities;
	size_t authority_count;
	bool log; /**< whether what is left out is logged */
};

/** A certificate of a server; name, chain and hosts are borrowed. */
struct item {
	const char *name, *chain;
	char *key;
	char **own_hosts; /**< for certificate_hosts_free(); NULL: hosts are borrowed */
	const char *const *hosts;
	int64_t from, to;
	int rank;     /**< of its origin: the configuration, the table, this server */
	size_t order; /**< in the configuration */
};
enum { RANK_CONFIGURED, RANK_ADDED, RANK_OWN };

static struct configuration configuration;

/* ---- putting it together ---- */

static void note_use(struct serving *s, const char *name, int64_t from, int64_t to, unsigned uses, bool configured)
{
	char *copy = strdup(name);
	if (copy)
		s->in_use[s->in_use_count++] = (struct in_use){ copy, from, to, uses, configured, 0 };
}

static int add_configured(struct serving *s)
{
	for (size_t i = 0; i < configuration.count; i++) {
		const struct configured *c = &configuration.items[i];
		if (!c->chain)
			continue;
		struct item *item = &s->items[s->count++];
		*item = (struct item){
			.name = c->name,
			.chain = c->chain,
			.key = strdup(c->key_text),
			.hosts = (const char *const *)c->hosts,
			.from = c->from,
			.to = c->to,
			.rank = RANK_CONFIGURED,
			.order = i,
		};
		if (!item->key)
			return lyre_fail_no_memory(s->call);
		note_use(s, c->name, c->from, c->to, SERVED, true);
	}
	return 0;
}

/* The hosts that were given with it, or those in it. */
static bool take_hosts(struct serving *s, struct item *item, const struct record *r, const struct certificate *c)
{
	size_t count = lyre_value_count(r->hosts);
	if (!count) {
		item->own_hosts = certificate_hosts(c);
		item->hosts = (const char *const *)item->own_hosts;
		return item->hosts != NULL;
	}
	const char **hosts = lyre_alloc(s->call, (count + 1) * sizeof *hosts);
	size_t n = 0;
	for (size_t i = 0; hosts && i < count; i++) {
		const char *host = lyre_value_string(lyre_value_at(r->hosts, i), NULL);
		if (host)
			hosts[n++] = host;
	}
	item->hosts = hosts;
	return hosts != NULL;
}

static void add_authority(struct serving *s, const struct record *r, const struct certificate *c)
{
	if (!configuration.client_wanted)
		return;
	text_add(&s->authorities, r->pem, strlen(r->pem));
	text_add(&s->authorities, "\n", 1);
	s->authority_count++;
	note_use(s, r->name, c->from, c->to, TRUSTED, false);
}

static int add_server(struct serving *s, const struct record *r, const struct certificate *c, const struct private_key *key)
{
	struct item *item = &s->items[s->count++];
	*item = (struct item){
		.name = r->name,
		.chain = r->pem,
		.key = private_key_text(key),
		.from = c->from,
		.to = c->to,
		.rank = r->own ? RANK_OWN : RANK_ADDED,
	};
	if (!item->key || !take_hosts(s, item, r, c))
		return lyre_fail_no_memory(s->call);
	note_use(s, r->name, c->from, c->to, SERVED, false);
	return 0;
}

static void log_unused(const struct serving *s, const struct record *r, const char *why)
{
	if (s->log)
		lyre_log(certs.self, LYRE_ERROR, "certificate '%s' cannot be %s: %s", r->name,
			r->authority ? "used to sign" : "served", why);
}

/* A record of the table, whoever wrote it: one that cannot be used is left out. */
static int add_record(struct serving *s, const struct record *r)
{
	struct certificate c;
	struct private_key key = { 0 };
	char why[CERTIFICATE_WHY_MAX];
	int rc = 0;
	if (!certificate_parse(&c, r->pem, strlen(r->pem), why)) {
		if (lacked_memory(why))
			return lyre_fail_no_memory(s->call);
		log_unused(s, r, why);
		return 0;
	}
	bool there = r->key_name && key_file_read(certs.folder, r->key_name, false, &c, &key, why);
	if (r->key_name && !there && lacked_memory(why))
		rc = lyre_fail_no_memory(s->call);
	else if (r->authority)
		add_authority(s, r, &c);
	else if (there)
		rc = add_server(s, r, &c, &key);
	if (!rc && !there && (r->key_name || !r->authority))
		log_unused(s, r, r->key_name ? why : "it has no private key");
	private_key_free(&key);
	certificate_free(&c);
	return rc;
}

static int add_change(struct serving *s, const struct serving_change *change)
{
	if (!change || !change->record)
		return 0;
	if (change->record->authority)
		add_authority(s, change->record, change->certificate);
	else
		return add_server(s, change->record, change->certificate, change->key);
	return 0;
}

/* ---- the order ---- */

static bool is_valid(const struct item *i, int64_t now)
{
	return i->from <= now && now <= i->to;
}

static int64_t sorting_time;

/* The first is served where no other fits: a valid one, of the configuration, or the one that was issued last. */
static int compare_items(const void *a, const void *b)
{
	const struct item *i = a, *j = b;
	bool valid_i = is_valid(i, sorting_time), valid_j = is_valid(j, sorting_time);
	if (valid_i != valid_j)
		return valid_i ? -1 : 1;
	if (i->rank != j->rank)
		return i->rank - j->rank;
	if (i->order != j->order)
		return i->order < j->order ? -1 : 1;
	if (i->from != j->from)
		return i->from > j->from ? -1 : 1;
	return strcmp(i->name, j->name);
}

/* ---- handing over ---- */

/* Names that a handshake can ask for: no addresses. */
static uint32_t take_names(const char *const *hosts, const char **names)
{
	uint32_t count = 0;
	for (; *hosts; hosts++)
		if (!host_is_address(*hosts))
			names[count++] = *hosts;
	return count;
}

static size_t count_hosts(const char *const *hosts)
{
	size_t n = 0;
	while (hosts[n])
		n++;
	return n;
}

static int make_list(struct serving *s, struct lyre_tls_certificate *list)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct item *item = &s->items[i];
		const char **names = lyre_alloc(s->call, (count_hosts(item->hosts) + 1) * sizeof *names);
		if (!names)
			return lyre_fail_no_memory(s->call);
		list[i] = (struct lyre_tls_certificate){ .size = sizeof *list,
			.name = item->name,
			.chain = item->chain,
			.key = item->key,
			.host_count = take_names(item->hosts, names),
			.hosts = names };
	}
	return 0;
}

/* The authorities of the files and of the table, and the CRLs; NULL if there are none. */
static int read_lists(struct serving *s, char **authorities, char **revoked)
{
	char why[CERTIFICATE_WHY_MAX], *files = NULL;
	*authorities = *revoked = NULL;
	if (!configuration.client_wanted)
		return 0;
	if (!configuration_authorities(&configuration, &files, why) ||
		!configuration_revoked(&configuration, files, revoked, why)) {
		free(files);
		return certs_fail(s->call, LYRE_EINVAL, "", why);
	}
	if (files)
		text_add(&s->authorities, files, strlen(files));
	free(files);
	if (!text_is_empty(&s->authorities) && !(*authorities = text_take(&s->authorities)))
		return lyre_fail_no_memory(s->call);
	return 0;
}

static int set(struct serving *s)
{
	struct lyre_tls_certificate *list = lyre_alloc(s->call, (s->count + 1) * sizeof *list);
	char *authorities = NULL, *revoked = NULL;
	int rc = list ? make_list(s, list) : lyre_fail_no_memory(s->call);
	if (!rc)
		rc = read_lists(s, &authorities, &revoked);
	struct lyre_tls tls = configuration_tls(&configuration);
	tls.certificates = (struct lyre_list){ list, (uint32_t)s->count, sizeof *list };
	tls.authorities = authorities;
	tls.revoked = revoked;
	if (!rc)
		rc = lyre_tls_set(s->call, &tls);
	free(authorities);
	free(revoked);
	return rc;
}

static int collect(struct serving *s, const struct record_list *records, const struct serving_change *change)
{
	int rc = 0;
	size_t room = configuration.count + records->count + 1;
	s->items = calloc(room, sizeof *s->items);
	s->in_use = calloc(room, sizeof *s->in_use);
	if (!s->items || !s->in_use)
		return lyre_fail_no_memory(s->call);
	rc = add_configured(s);
	for (size_t i = 0; i < records->count && !rc; i++)
		if (!change || strcmp(records->items[i].name, change->name))
			rc = add_record(s, &records->items[i]);
	if (!rc)
		rc = add_change(s, change);
	sorting_time = certs_now();
	if (s->count)
		qsort(s->items, s->count, sizeof *s->items, compare_items);
	return rc;
}

static void release(struct serving *s)
{
	for (size_t i = 0; i < s->count; i++) {
		secret_free(s->items[i].key);
		certificate_hosts_free(s->items[i].own_hosts);
	}
	for (size_t i = 0; i < s->in_use_count; i++)
		free(s->in_use[i].name);
	free(s->items);
	free(s->in_use);
	text_erase(&s->authorities);
}

/* Refuses what would leave listeners without a certificate, or without an authority that they need. */
static int check_enough(const struct serving *s, const struct serving_change *change)
{
	bool removal = change && !change->record;
	if (!s->count)
		return removal ? lyre_fail(s->call, LYRE_ECONFLICT,
					 "'%s' is the only certificate that the TLS listener can serve: add another one first",
					 change->name) :
				 lyre_fail(s->call, LYRE_ENOTFOUND,
					 "there is no certificate with a private key: TLS listeners refuse connections");
	if (removal && configuration.client_required && !s->authority_count && !configuration.authority_count &&
		serving_uses(change->name, false) & TRUSTED)
		return lyre_fail(s->call, LYRE_ECONFLICT,
			"'%s' is the only authority, and 'operationsApi.network.mtls.required' is on: without one, no client could connect",
			change->name);
	return 0;
}

int serving_hand_over(lyre_call *call, const struct record_list *records, const struct serving_change *change)
{
	struct serving s = { .call = call, .log = !change };
	int rc = collect(&s, records, change);
	if (!rc && lyre_tls_wanted(certs.self))
		rc = check_enough(&s, change);
	/* without a listener too: one may come while the server runs */
	if (!rc && s.count)
		rc = set(&s);
	if (!rc) {
		expiry_set(s.in_use, s.in_use_count);
		s.in_use = NULL;
		s.in_use_count = 0;
	}
	release(&s);
	return rc;
}

/* ---- the configuration ---- */

static int open_failed(lyre_instance *self, const char *why)
{
	return lyre_start_fail(self, LYRE_EINVAL, "%s", why);
}

int serving_open(lyre_instance *self)
{
	char why[CERTIFICATE_WHY_MAX];
	if (!configuration_open(self, &configuration, why))
		return open_failed(self, why);
	if (configuration_check(&configuration, why))
		return 0;
	if (lyre_tls_wanted(self))
		return open_failed(self, why);
	lyre_log(self, LYRE_WARN, "%s; no listener needs it", why);
	return 0;
}

void serving_close(void)
{
	configuration_close(&configuration);
	expiry_set(NULL, 0);
}

struct configuration *serving_configuration(void)
{
	return &configuration;
}

int serving_reload(lyre_call *call, bool log)
{
	struct record_list records;
	char why[CERTIFICATE_WHY_MAX];
	for (size_t i = 0; i < configuration.count; i++) {
		struct configured *c = &configuration.items[i];
		bool right = configured_load(c, why);
		if (!right && log)
			lyre_log(certs.self, LYRE_ERROR, "the files have changed, but the previous certificate is kept: %s", why);
		c->failing = !right;
	}
	int rc = records_read(call, &records);
	return rc ? rc : serving_hand_over(call, &records, NULL);
}

bool serving_is_failing(void)
{
	bool failing = false;
	for (size_t i = 0; i < configuration.count; i++)
		failing |= configuration.items[i].failing;
	return failing;
}

void serving_each_path(void (*visit)(void *arg, const char *path), void *arg)
{
	for (size_t i = 0; i < configuration.count; i++) {
		visit(arg, configuration.items[i].certificate);
		visit(arg, configuration.items[i].key);
	}
	for (size_t i = 0; i < configuration.authority_count; i++)
		visit(arg, configuration.authorities[i]);
	for (size_t i = 0; i < configuration.revoked_count; i++)
		visit(arg, configuration.revoked[i].path);
}

unsigned serving_uses(const char *name, bool configured)
{
	return expiry_uses(name, configured);
}
