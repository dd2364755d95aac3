/* SPDX-License-Identifier: MIT */
/*
 * Measuring: rows of one group are measured in turns, a batch of each, so
 * that whatever slows the machine down for a while slows all of them down.
 *
 * Output is lines of fields with tabs between, for report.c:
 *
 *   row    GROUP LABEL UNIT MEDIAN MIN MAX SAMPLES
 *   ratio  GROUP LABEL VALUE TARGET      (target 0: for information)
 *   count  GROUP LABEL UNITS             (under --count: what was counted)
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_MAX_SAMPLES 400

/* A program that fails must not look fast. */
#define MUST(condition)                                                      \
    do {                                                                     \
        if ( !(condition) )                                                  \
        {                                                                    \
            fprintf(stderr, "bench: %s failed\n", #condition);               \
            exit(1);                                                         \
        }                                                                    \
    } while ( 0 )

struct bench_row {
    const char *label;
    void (*op)(void *arg, unsigned long n); /* do it n times */
    void *arg;
    double per;    /* an op is this many units (frames, ...); 0: one */
    double median; /* result: ns per unit */
};

/*
 * --count: run each row once, COUNTED_OPS times in bench_counted(), so that a
 * tool which counts instructions can be told to look at nothing else.
 */
#define COUNTED_OPS 128
extern bool bench_counting;

/*
 * The clock: CLOCK_MONOTONIC, or that of the thread where nothing sleeps, so
 * that what other programs take is not counted.
 */
extern clockid_t bench_clock;
uint64_t bench_now(void); /* ns */

/*
 * Measure and print.  A batch takes at least 300 us; there are batches until
 * all medians are known to 1 % (95 % confidence), or for so many ms a row.
 */
void bench_group(const char *group, struct bench_row *rows, unsigned int nr,
                 unsigned int ms);
/* The same for samples that were taken elsewhere, in ns; sorts them. */
double bench_print(const char *group, const char *label, double *samples,
                   unsigned int nr);
/* value should be at most target. */
void bench_ratio(const char *group, const char *label, double value,
                 double target);

#endif
