/* SPDX-License-Identifier: MIT */
/* The groups of rows that are measured inside one process. */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

void bench_acquire(void);
void bench_routing(void);
void bench_pending(void);

#endif
