/* SPDX-License-Identifier: MIT */
/* One line for each request, in columns. */
#include <stdio.h>
#include <string.h>

#include "dm.h"

int trace_fd = -1;

void trace_to(int fd)
{
    trace_fd = fd;
}

void trace_line(domid_t domid, int vcpu, const char *region, const ioreq_t *p)
{
    static const char *const types[] = { "port", "memory", "pci" };
    const char *type = p->type <= IOREQ_TYPE_PCI_CONFIG ? types[p->type]
                                                        : "notice";
    char who[16] = "buffered", count[24] = "", at[24], line[160];

    if ( vcpu >= 0 )
        snprintf(who, sizeof(who), "vcpu %d", vcpu);
    if ( p->count > 1 )
        snprintf(count, sizeof(count), " x%u%s", p->count,
                 p->df ? " down" : "");
    if ( p->type == IOREQ_TYPE_PCI_CONFIG )
        snprintf(at, sizeof(at), "%02x:%02x.%x+%#x",
                 (unsigned int)(p->addr >> 40) & 0xff,
                 (unsigned int)(p->addr >> 35) & 31,
                 (unsigned int)(p->addr >> 32) & 7, (uint32_t)p->addr);
    else
        snprintf(at, sizeof(at), "%#lx", (unsigned long)p->addr);
    snprintf(line, sizeof(line),
             "d%-3u %-9s %-7s %-5s %-10s %10s  %u byte%s%s %s %#lx\n",
             domid, who, type, p->dir == IOREQ_READ ? "read" : "write", region,
             at, p->size, p->size == 1 ? " " : "s", count,
             p->data_is_ptr ? "memory" : "=", (unsigned long)p->data);
    if ( !output_write(trace_fd, "the trace", line, strlen(line)) )
        trace_fd = -1;
}
