/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file main.c
 * \brief Runs a target on files: the arguments, or its folder of the corpus, then on random inputs if the target wants
 * any (fuzz_rounds): mutated entries of the corpus if it has fuzz_words, otherwise random bytes. A failure ends the
 * process.
 *
 * FUZZ_ROUNDS: how many random inputs; FUZZ_SEED: which (1); FUZZ_FIRST: the number of the first (0).
 */
#include "fuzz.h"
#include "vary.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>

#define INPUT_MAX 41
/** Time limit for one input, even with a sanitizer on a busy machine. */
#define HANG_SECONDS 60

/** Number of random inputs that a target wants besides its corpus. */
extern unsigned fuzz_rounds;
__attribute__((weak)) unsigned fuzz_rounds = 0;
__attribute__((weak)) const char *const *fuzz_words = NULL;

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
	if (fuzz_words)
		vary_keep((const uint8_t *)data, (size_t)size);
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

/* ---- random inputs ---- */

static char present[80];

/** Prints which input it was, if one ends the process. */
static void say_present(int signal)
{
	ssize_t ignored = write(STDERR_FILENO, present, strlen(present));
	(void)ignored;
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigaction(signal, &usual, NULL);
	raise(signal);
}

static unsigned long number(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);
	return text ? strtoul(text, NULL, 10) : otherwise;
}

static const uint8_t *random_bytes(uint64_t *state, size_t *size)
{
	static uint8_t input[INPUT_MAX];
	*size = 1 + 8 * (size_t)(1 + fuzz_random(state) % 8 * (fuzz_random(state) % 2) % 5);
	for (size_t i = 0; i < *size; i++)
		input[i] = (uint8_t)fuzz_random(state);
	return input;
}

static void run_random(unsigned long seed, unsigned long round)
{
	uint64_t state = (uint64_t)seed << 32 ^ round;
	size_t size;
	const uint8_t *input = fuzz_words ? vary(&state, &size) : random_bytes(&state, &size);
	snprintf(present, sizeof present, "FUZZ_SEED=%lu FUZZ_FIRST=%lu FUZZ_ROUNDS=1\n", seed, round);
	alarm(HANG_SECONDS);
	LLVMFuzzerTestOneInput(input, size);
}

static void run_rounds(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGALRM, SIGFPE, SIGILL };
	struct sigaction say = { .sa_handler = say_present };
	unsigned long rounds = fuzz_rounds ? number("FUZZ_ROUNDS", fuzz_rounds) : 0;
	unsigned long seed = number("FUZZ_SEED", 1), first = number("FUZZ_FIRST", 0);
	for (size_t i = 0; i < sizeof signals / sizeof *signals && rounds; i++)
		sigaction(signals[i], &say, NULL);
	for (unsigned long i = 0; i < rounds; i++)
		run_random(seed, first + i);
	alarm(0);
	if (rounds)
		printf("%lu random inputs\n", rounds);
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
	int rc = run_folder(folder);
	if (!rc)
		run_rounds();
	return rc;
}
