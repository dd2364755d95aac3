/* SPDX-License-Identifier: MIT */
/* The lines that were read, in order, and how values are written. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#define MAX_LINES 128

enum kind { ROW, RATIO };

struct line {
    enum kind kind;
    char *group, *label;
    double median, min, max; /* rows: ns */
    unsigned int samples;
    double instructions;  /* rows: per unit, 0: not counted */
    double ratio, target; /* ratios; target 0: none         */
};
extern struct line line[MAX_LINES];
extern unsigned int nr_lines;

/* buf has room for 32; returns it. */
const char *time_text(double ns, char *buf);
const char *verdict(const struct line *l); /* "OK", "MISS", "" */

void write_svg(const char *path);

#endif
