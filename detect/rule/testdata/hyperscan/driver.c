/* driver times Hyperscan on the packs and texts that TestHyperscan writes.
 *
 *   driver literal|regexp PATTERNS TEXTS ROUNDS
 *
 * PATTERNS and TEXTS have one pattern and one text per line. A literal matches
 * with a space on each side and is reported wherever it stands; a regular
 * expression is reported once per text. Prints one line:
 *
 *   nanoseconds-per-text hits texts seconds-to-compile bytes-of-database
 *
 * Time is the sum of the best times of short runs of texts over ROUNDS, so
 * that a busy machine does not count.
 */
#define _GNU_SOURCE
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUN = 25 };

struct lines {
	char **at;
	unsigned *len;
	size_t n;
};

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void die(const char *what, const char *why) {
	fprintf(stderr, "driver: %s: %s\n", what, why);
	exit(1);
}

static struct lines read_lines(const char *path) {
	struct lines l = {0};
	FILE *f = fopen(path, "r");
	if (!f) die(path, "cannot be opened");
	char *line = NULL;
	size_t room = 0, cap = 0;
	ssize_t n;
	while ((n = getline(&line, &room, f)) > 0) {
		if (line[n - 1] == '\n') line[--n] = 0;
		if (l.n == cap) {
			cap = cap ? 2 * cap : 1024;
			l.at = realloc(l.at, cap * sizeof *l.at);
			l.len = realloc(l.len, cap * sizeof *l.len);
			if (!l.at || !l.len) die(path, "no memory");
		}
		l.at[l.n] = strdup(line);
		l.len[l.n++] = n;
	}
	free(line);
	fclose(f);
	return l;
}

static int count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *hits) {
	(void)id, (void)from, (void)to, (void)flags;
	++*(unsigned long *)hits;
	return 0;
}

static hs_database_t *compile(struct lines p, int literal) {
	unsigned *flags = calloc(p.n, sizeof *flags), *ids = calloc(p.n, sizeof *ids);
	size_t *lens = calloc(p.n, sizeof *lens);
	for (size_t i = 0; i < p.n; i++) {
		if (literal) {
			char *s;
			if (asprintf(&s, " %s ", p.at[i]) < 0) die("patterns", "no memory");
			p.at[i] = s;
		} else {
			flags[i] = HS_FLAG_SINGLEMATCH;
		}
		lens[i] = strlen(p.at[i]);
		ids[i] = i;
	}
	hs_database_t *db = NULL;
	hs_compile_error_t *err = NULL;
	const char *const *at = (const char *const *)p.at;
	hs_error_t r = literal
		? hs_compile_lit_multi(at, flags, ids, lens, p.n, HS_MODE_BLOCK, NULL, &db, &err)
		: hs_compile_multi(at, flags, ids, p.n, HS_MODE_BLOCK, NULL, &db, &err);
	if (r != HS_SUCCESS) die("compile", err ? err->message : "failed");
	return db;
}

int main(int argc, char **argv) {
	if (argc != 5) die("usage", "driver literal|regexp PATTERNS TEXTS ROUNDS");
	struct lines patterns = read_lines(argv[2]), texts = read_lines(argv[3]);
	double start = now();
	hs_database_t *db = compile(patterns, !strcmp(argv[1], "literal"));
	double compiling = (now() - start) / 1e9;
	size_t bytes = 0;
	hs_scratch_t *scratch = NULL;
	if (hs_database_size(db, &bytes) || hs_alloc_scratch(db, &scratch)) die("database", "no memory");

	size_t runs = texts.n / RUN;
	double *best = calloc(runs, sizeof *best), sum = 0;
	unsigned long hits = 0;
	for (int round = 0, rounds = atoi(argv[4]); round < rounds; round++) {
		hits = 0;
		for (size_t r = 0; r < runs; r++) {
			double t = now();
			for (size_t i = r * RUN; i < (r + 1) * RUN; i++)
				if (hs_scan(db, texts.at[i], texts.len[i], 0, scratch, count, &hits)) die("scan", "failed");
			t = now() - t;
			if (round == 0 || t < best[r]) best[r] = t;
		}
	}
	for (size_t r = 0; r < runs; r++) sum += best[r];
	printf("%.0f %lu %zu %.3f %zu\n", sum / (runs * RUN), hits, runs * RUN, compiling, bytes);
	return 0;
}
