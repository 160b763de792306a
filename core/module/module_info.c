/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/module_info.c
 * \brief lyred --module-info: shows a module's descriptor.
 */
#include <config.h>

#include "module/internal.h"

#include <string.h>

/** Reads the head of the module \p what: built in, found by name, or a path. */
static int info_read(struct arena *a, const char *what, struct lyre_module *head, const char **where, struct err *e)
{
	if (!strchr(what, '/') && module_name_valid(what)) {
		const struct lyre_module *builtin = module_builtin(what);
		if (builtin) {
			memcpy(head, builtin, HEAD_SIZE);
			*where = "built in";
			return 0;
		}
		int rc = module_find(a, what, where, e);
		return rc < 0 ? rc : head_read(*where, head, e);
	}
	*where = strchr(what, '/') ? what : arena_printf(a, "./%s", what);
	return *where ? head_read(*where, head, e) : err_nomem(e);
}

/** Whether this build would load the file. No code of it is run here. */
static bool file_loads(const char *path, const char *name, struct err *why)
{
#ifdef LYRE_STATIC_ONLY
	return module_refuse_file(path, name, why) == 0;
#else
	(void)name;
	return module_trusted(path, why) == 0;
#endif
}

int module_info(const char *path, FILE *out, struct err *e)
{
	struct arena a;
	arena_init(&a);
	struct lyre_module head = { 0 };
	struct err why = { 0 };
	const char *where = NULL;
	int rc = info_read(&a, path, &head, &where, e);
	if (rc < 0)
		goto out;
	bool loads = head_check(&head, where, NULL, &why) == 0;
	if (why.code == LYRE_EINVAL) {
		rc = err_set(e, LYRE_EINVAL, "the file %s", why.text);
		goto out;
	}
	if (loads && strchr(where, '/'))
		loads = file_loads(where, head.name, &why);
	fprintf(out, "name:     %.32s\n", head.name);
	fprintf(out, "version:  %.32s\n", head.version);
	fprintf(out, "summary:  %.128s\n", head.summary);
	fprintf(out, "needs:    %.128s\n", head.needs[0] ? head.needs : "nothing");
	fprintf(out, "abi:      %u.%u%s%.32s\n", head.abi_major, head.abi_minor, head.extra[0] ? " " : "", head.extra);
	fprintf(out, "file:     %s\n", where);
	fprintf(out, "loads:    %s%s\n", loads ? "yes" : "no: ", loads ? "" : why.text);
out:
	arena_free(&a);
	return rc;
}
