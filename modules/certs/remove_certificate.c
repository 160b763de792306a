/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/remove_certificate.c
 * \brief Removing a certificate and its key, without leaving a listener with nothing to serve.
 */
#include "serving.h"
#include "certificate_watch.h"

#include <stdio.h>
#include <string.h>

struct path_search {
	const char *path;
	bool found;
};

static void compare_path(void *arg, const char *path)
{
	struct path_search *s = arg;
	s->found |= !strcmp(path, s->path);
}

static bool is_configured(const char *key_name)
{
	char path[sizeof certs.folder + KEY_NAME_MAX + 2];
	struct path_search search = { .path = path };
	snprintf(path, sizeof path, "%s/%s", certs.folder, key_name);
	serving_each_path(compare_path, &search);
	return search.found;
}

static int not_found(lyre_call *call, const char *name)
{
	const struct configuration *c = serving_configuration();
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].name && !strcmp(c->items[i].name, name))
			return lyre_fail(call, LYRE_EINVAL,
				"'%s' is a certificate of the configuration: change '%s' in the file and restart", name,
				c->items[i].setting);
	return lyre_fail(call, LYRE_ENOTFOUND, "there is no certificate '%s'", name);
}

/* \param[out] served  it was in use by a listener */
static int remove_one(lyre_call *call, const char *name, unsigned *uses)
{
	const struct serving_change gone = { .name = name };
	struct record_list records;
	char why[CERTIFICATE_WHY_MAX];
	int rc = records_read(call, &records);
	const struct record *r = rc ? NULL : records_find(&records, name);
	if (!r)
		return rc ? rc : not_found(call, name);
	*uses = serving_uses(name, false);
	rc = serving_hand_over(call, &records, &gone);
	if (rc)
		return rc;
	rc = records_delete(call, name);
	if (rc) {
		serving_hand_over(call, &records, NULL);
		return rc;
	}
	bool unused = r->key_name && !records_share_key(&records, name, r->key_name) && !is_configured(r->key_name);
	if (unused && !key_file_remove(certs.folder, r->key_name, why))
		return lyre_fail(call, LYRE_EIO, "'%s' was removed, but not its key: %s", name, why);
	return 0;
}

int certs_remove(lyre_call *call)
{
	const char *name = lyre_arg_string(call, "name");
	unsigned uses = 0;
	lyre_server_rights_begin(call);
	pthread_mutex_lock(&certs.lock);
	int rc = remove_one(call, name, &uses);
	watch_wake();
	pthread_mutex_unlock(&certs.lock);
	if (rc)
		return rc;
	lyre_log(certs.self, LYRE_NOTIFY, "certificate '%s' was removed by '%s'", name, lyre_call_user(call));
	lyre_out *o = lyre_reply(call);
	char message[NAME_LENGTH_MAX + 40];
	snprintf(message, sizeof message, "Successfully removed %s", name);
	lyre_out_object_begin(o);
	lyre_out_text(o, "message", message);
	if (uses & SERVED)
		lyre_out_text(o, "warning", "The TLS listener served it. From now on it serves other certificates for its hosts.");
	else if (uses & TRUSTED)
		lyre_out_text(o, "warning", "Clients whose certificates it signed can no longer sign in with them.");
	lyre_out_object_end(o);
	return 0;
}
