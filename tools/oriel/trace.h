/* SPDX-License-Identifier: MIT */
/* oriel trace and oriel counters: the hypervisor's side, and records as text. */
#ifndef ORIEL_TOOL_TRACE_H
#define ORIEL_TOOL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <xenctrl.h>

#include <oriel/trace.h>

/* Records of all CPUs, in no order. */
struct trace_log {
    struct oriel_trace_record *record;
    size_t nr, room;
    uint64_t lost;
};

/* One call: 0, or -1 with errno. */
int trace_call(xc_interface *xch, uint32_t op, struct oriel_sysctl_trace *t);

/* "oriel: ...": why the call failed; ENOSYS is a hypervisor without it. */
int trace_failed(int err, const char *what);

/* ---- trace-text.c ---- */

/* The events of a list "exit,enter", as a mask; 0 after a message. */
uint32_t trace_parse_events(const char *list);

/*
 * All records of the log in their order, times from the first one printed on;
 * domain < 0: of all.  False after a message.
 */
bool trace_print(struct trace_log *log, int domain, FILE *to);

extern const char *const trace_exit_names[ORIEL_NR_EXIT_REASONS];

#endif
