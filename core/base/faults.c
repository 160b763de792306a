/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"

#include <string.h>

void faults_add(struct fault_list *f, const struct err *e)
{
	for (size_t i = 0; i < faults_told(f); i++)
		if (strcmp(f->told[i].text, e->text) == 0)
			return;
	if (f->count < FAULTS_TOLD)
		f->told[f->count] = *e;
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

size_t faults_told(const struct fault_list *f)
{
	return f->count < FAULTS_TOLD ? f->count : FAULTS_TOLD;
}
