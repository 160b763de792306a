/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_tls.c
 * \brief Certificates that a module hands over: lyre/tls.h.
 */
#include "tls/tls.h"

#include "config/config.h"
#include "dispatch/dispatch.h"
#include "host/host_internal.h"

#include <stdlib.h>

#define TLS_SIZE SIZE_UP_TO(struct lyre_tls, user)
#define CERTIFICATE_SIZE SIZE_UP_TO(struct lyre_tls_certificate, hosts)

static int host_tls_available(void)
{
	return tls_is_built();
}

static int host_tls_wanted(lyre_instance *self)
{
	const struct tls *t = self->dispatch ? dispatch_tls(self->dispatch) : NULL;

	return !config_is_null(self->config, "operationsApi.network.securePort") || (t && tls_is_wanted(t));
}

/**
 * Copies what a module hands over into our structs.
 * \param ret  the caller must free its certificates, whatever this returns
 */
static int take(struct lyre_tls *ret, const struct lyre_tls *theirs, const char *module, struct err *e)
{
	*ret = (struct lyre_tls){ .size = 0 };
	int rc = host_take_of(module, ret, sizeof *ret, theirs, TLS_SIZE, "lyre_tls", e);
	const struct lyre_list list = ret->certificates;
	ret->certificates = (struct lyre_list){ NULL, 0, 0 };
	if (rc)
		return rc;
	struct lyre_tls_certificate *ours = calloc((size_t)list.count + 1, sizeof *ours);
	if (!ours)
		return err_nomem(e);
	for (uint32_t i = 0; i < list.count && !rc; i++)
		rc = host_take_of(
			module, &ours[i], sizeof ours[i], lyre_list_at(&list, i), CERTIFICATE_SIZE, "lyre_tls_certificate", e);
	ret->certificates = (struct lyre_list){ ours, list.count, (uint32_t)sizeof *ours };
	return rc;
}

static void give_back(struct lyre_tls *ours)
{
	free((void *)ours->certificates.items);
}

static int host_tls_set(lyre_call *call, const struct lyre_tls *tls)
{
	struct lyre_tls ours;

	int rc = host_may_manage(call);
	if (rc)
		return rc;
	rc = take(&ours, tls, call->operation->owner, &call->err);
	if (!rc)
		rc = tls_use(dispatch_tls(call->dispatch), &ours, &call->err);
	give_back(&ours);
	return rc;
}

static int host_tls_try(lyre_instance *self, const struct lyre_tls *tls)
{
	struct lyre_tls ours;

	int rc = take(&ours, tls, self->name, &self->err);
	if (!rc)
		rc = tls_try(&ours, &self->err);
	give_back(&ours);
	return rc;
}

const struct lyre_tls_api host_tls_api = {
	.size = (uint32_t)sizeof(struct lyre_tls_api),

	.tls_available = host_tls_available,
	.tls_wanted = host_tls_wanted,
	.tls_set = host_tls_set,
	.tls_try = host_tls_try,
};
