/* SPDX-License-Identifier: MIT */
/* Measuring: see bench.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define BATCH_NS 300000
#define MAX_ROWS 16
#define LOOK_EVERY 32 /* rounds */

bool bench_counting;
clockid_t bench_clock = CLOCK_MONOTONIC;

/* Found by name by the tool that counts: one call, one result. */
void bench_counted(const struct bench_row *row);

struct series {
    unsigned long batch; /* ops */
    unsigned int nr;
    double sample[BENCH_MAX_SAMPLES];
};

uint64_t bench_now(void)
{
    struct timespec ts;

    clock_gettime(bench_clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000UL + (uint64_t)ts.tv_nsec;
}

static uint64_t time_batch(const struct bench_row *row, unsigned long n)
{
    uint64_t before = bench_now();

    row->op(row->arg, n);
    return bench_now() - before;
}

static double units(const struct bench_row *row)
{
    return row->per > 0 ? row->per : 1;
}

static unsigned long calibrate(const struct bench_row *row)
{
    unsigned long n = 1;

    while ( time_batch(row, n) < BATCH_NS )
        n *= 2;
    return n;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/*
 * The median lies between two samples whose places depend on their number
 * only, whatever the distribution: are these within 1 %?  Sorts.
 */
static bool is_settled(double *sample, unsigned int nr)
{
    unsigned int half = (unsigned int)(0.98 * sqrt(nr)) + 1;
    double low, high;

    qsort(sample, nr, sizeof(*sample), compare);
    low = sample[nr / 2 - half];
    high = sample[nr / 2 + half < nr ? nr / 2 + half : nr - 1];
    return high - low <= 0.02 * sample[nr / 2];
}

static bool all_settled(struct series *s, unsigned int nr)
{
    bool settled = true;

    for ( unsigned int i = 0; i < nr; i++ )
        settled &= is_settled(s[i].sample, s[i].nr);
    return settled;
}

static void measure(const struct bench_row *rows, struct series *s,
                    unsigned int nr, unsigned int ms)
{
    uint64_t end = bench_now() + (uint64_t)ms * nr * 1000000;

    for ( unsigned int i = 0; i < nr; i++ )
        s[i].batch = calibrate(&rows[i]);
    for ( unsigned int round = 1; round <= BENCH_MAX_SAMPLES; round++ )
    {
        for ( unsigned int i = 0; i < nr; i++ )
            s[i].sample[s[i].nr++] =
                (double)time_batch(&rows[i], s[i].batch) /
                ((double)s[i].batch * units(&rows[i]));
        if ( round % LOOK_EVERY == 0 &&
             (bench_now() > end || all_settled(s, nr)) )
            break;
    }
}

__attribute__((noinline)) void bench_counted(const struct bench_row *row)
{
    row->op(row->arg, COUNTED_OPS);
}

static void count(const char *group, const struct bench_row *row)
{
    row->op(row->arg, COUNTED_OPS);
    bench_counted(row);
    printf("count\t%s\t%s\t%.0f\n", group, row->label,
           COUNTED_OPS * units(row));
}

void bench_group(const char *group, struct bench_row *rows, unsigned int nr,
                 unsigned int ms)
{
    static struct series s[MAX_ROWS];

    if ( nr > MAX_ROWS )
        abort();
    if ( !bench_counting )
    {
        for ( unsigned int i = 0; i < nr; i++ )
            s[i].nr = 0;
        measure(rows, s, nr, ms);
    }
    for ( unsigned int i = 0; i < nr; i++ )
        if ( bench_counting )
            count(group, &rows[i]);
        else
            rows[i].median = bench_print(group, rows[i].label, s[i].sample,
                                         s[i].nr);
}

double bench_print(const char *group, const char *label, double *samples,
                   unsigned int nr)
{
    qsort(samples, nr, sizeof(*samples), compare);
    printf("row\t%s\t%s\tns\t%.2f\t%.2f\t%.2f\t%u\n", group, label,
           samples[nr / 2], samples[0], samples[nr - 1], nr);
    fflush(stdout);
    return samples[nr / 2];
}

void bench_ratio(const char *group, const char *label, double value,
                 double target)
{
    if ( bench_counting )
        return;
    printf("ratio\t%s\t%s\t%.3f\t%.2f\n", group, label, value, target);
    fflush(stdout);
}
