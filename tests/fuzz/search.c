/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file search.c
 * \brief SEARCH_JSON(): the first line is an expression, the rest is JSON. The result is written, and read again.
 */
#include "fuzz.h"
#include "sql/jsonata.h"

#include <sqlite3.h>

static void check_result(struct jsonata_run *run, const struct jsonata_value *v)
{
	sqlite3_str *s = sqlite3_str_new(NULL);
	jsonata_write(s, v);
	size_t len = (size_t)sqlite3_str_length(s);
	char *text = sqlite3_str_finish(s);
	must(text);
	struct jsonata_value *again = jsonata_read(run, text, len);
	must(!again || again->type == v->type || v->type == JSONATA_NUMBER);
	sqlite3_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jsonata_run nodes = { .failed = false }, run = { .failed = false };
	char *text = fuzz_copy(data, size, 1), error[200] = "";
	const char *end = memchr(text, '\n', size);
	size_t len = end ? (size_t)(end - text) : size;
	struct jsonata_node *n = len <= 10000 ? jsonata_parse(&nodes, text, len, error, sizeof error) : NULL;
	must(n || *error || nodes.failed || len > 10000);
	if (n) {
		struct jsonata_value *v = end ? jsonata_read(&run, end + 1, size - len - 1) : NULL;
		struct jsonata_value *result = jsonata_evaluate(&run, n, v);
		if (result)
			check_result(&run, result);
	}
	jsonata_free(&run);
	jsonata_free(&nodes);
	free(text);
	return 0;
}
