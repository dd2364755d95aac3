/* SPDX-License-Identifier: MIT */
/* One line for each request, in columns. */
#include <stdio.h>

#include "dm.h"

static int trace_fd = -1;

void trace_to(int fd)
{
    trace_fd = fd;
}

void trace(domid_t domid, int vcpu, const char *region, const ioreq_t *p)
{
    static const char *const types[] = { "port", "memory", "pci" };
    const char *type = p->type <= IOREQ_TYPE_PCI_CONFIG ? types[p->type]
                                                        : "notice";
    char who[16] = "buffered";

    if ( trace_fd < 0 )
        return;
    if ( vcpu >= 0 )
        snprintf(who, sizeof(who), "vcpu %d", vcpu);
    dprintf(trace_fd, "d%-3u %-9s %-7s %-5s %-10s %#10lx  %u byte%s",
            domid, who, type, p->dir == IOREQ_READ ? "read" : "write", region,
            (unsigned long)p->addr, p->size, p->size == 1 ? " " : "s");
    if ( p->count > 1 )
        dprintf(trace_fd, " x%u%s", p->count, p->df ? " down" : "");
    dprintf(trace_fd, " %s %#lx\n", p->data_is_ptr ? "memory" : "=",
            (unsigned long)p->data);
}
