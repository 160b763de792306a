/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file main.c
 * \brief Runs a target on files: the arguments, or its folder of the corpus. What fails ends the process.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>

static void run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	long size = ftell(f);
	must(size >= 0);
	rewind(f);
	char *data = malloc(size ? (size_t)size : 1);
	must(data && fread(data, 1, (size_t)size, f) == (size_t)size);
	fclose(f);
	puts(path);
	fflush(stdout);
	LLVMFuzzerTestOneInput((const uint8_t *)data, (size_t)size);
	free(data);
}

static int run_folder(const char *folder)
{
	struct dirent **files;
	int n = scandir(folder, &files, NULL, alphasort), runs = 0;
	if (n < 0) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return 1;
	}
	for (int i = 0; i < n; i++) {
		char path[4400];
		snprintf(path, sizeof path, "%s/%s", folder, files[i]->d_name);
		if (files[i]->d_name[0] != '.') {
			run_file(path);
			runs++;
		}
		free(files[i]);
	}
	free(files);
	printf("%d inputs\n", runs);
	return runs ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *top = getenv("TOP_SRCDIR"), *name = strrchr(argv[0], '/');
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc > 1)
		return 0;
	char folder[4096];
	snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top ? top : ".", name ? name + 1 : argv[0]);
	return run_folder(folder);
}
