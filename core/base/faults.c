/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"

#include <stdlib.h>
#include <string.h>

void faults_add(struct fault_list *f, const struct err *e)
{
	size_t told = f->count < FAULTS_TOLD ? f->count : FAULTS_TOLD;
	for (size_t i = 0; i < told; i++)
		if (f->texts[i] && strcmp(f->texts[i], e->text) == 0)
			return;
	if (!f->count)
		f->code = e->code;
	if (f->count < FAULTS_TOLD)
		f->texts[f->count] = strdup(e->text);
	f->count++;
}

int faults_take(struct fault_list *f, struct err *e)
{
	if (!f || !e->code || e->code == LYRE_ENOMEM)
		return e->code;
	faults_add(f, e);
	*e = (struct err){ .code = 0 };
	return 0;
}

int faults_first(const struct fault_list *f, struct err *e)
{
	return f->texts[0] ? err_set(e, f->code, "%s", f->texts[0]) : err_nomem(e);
}

void faults_free(struct fault_list *f)
{
	for (size_t i = 0; i < FAULTS_TOLD; i++)
		free(f->texts[i]);
	*f = (struct fault_list){ .code = 0 };
}
