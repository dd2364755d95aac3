/* SPDX-License-Identifier: MIT */
/* The groups of rows that are measured inside one process. */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

void bench_acquire(void);
void bench_routing(void);
void bench_pending(void);

/*
 * core --scale: counts, for each curve of docs/scaling.md and each number on its
 * x axis: "count CURVE NUMBER UNITS".  bench_counting is set.
 */
extern void (*const scale_curves[])(void);
extern const unsigned int nr_scale_curves;

#endif
