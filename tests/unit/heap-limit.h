/* SPDX-License-Identifier: MIT */
/*
 * The most bytes of small objects that a domain may have, by its
 * configuration: the table in docs/limits.md as a sum.
 */
#ifndef TESTS_HEAP_LIMIT_H
#define TESTS_HEAP_LIMIT_H

#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/memory.h>

#include <pv-mm/pv-mm.h>

#include "../../xen/common/evtchn-private.h"
#include "../../xen/common/gnttab-private.h"
#include "../../xen/common/ioreq-index.h"
#include "../../xen/common/ioreq-private.h"

/* What an object takes: a power of two from 64 to 2048, or whole frames. */
static inline uint64_t heap_object(uint64_t bytes)
{
    uint64_t size = 64;

    if ( bytes > 2048 )
        return DIV_ROUND_UP(bytes, PAGE_SIZE) * PAGE_SIZE;
    while ( size < bytes )
        size *= 2;
    return size;
}

static inline uint64_t limit_of_ports(const struct domain *d)
{
    uint64_t buckets = DIV_ROUND_UP(d->evtchn.limit, EVTCHN_PER_BUCKET);

    return heap_object(buckets * sizeof(void *)) +
           buckets * heap_object(EVTCHN_PER_BUCKET * sizeof(struct evtchn)) +
           heap_object(sizeof(struct evtchn_fifo_domain)) +
           d->max_vcpus * heap_object(sizeof(struct evtchn_fifo_vcpu));
}

/* One index more: it is made before the old one goes. */
static inline uint64_t limit_of_servers(const struct domain *d)
{
    uint64_t segments = 2 * MAX_IO_RANGES * MAX_IOREQ_SERVERS + 3;

    return MAX_IOREQ_SERVERS *
               heap_object(sizeof(struct ioreq_server) +
                           d->max_vcpus * sizeof(evtchn_port_t)) +
           (NR_IO_RANGE_TYPES + 1) *
               heap_object(sizeof(struct ioreq_index) +
                           segments * sizeof(struct ioreq_segment));
}

/* A table of pointers doubles when it grows, beside the old one. */
static inline uint64_t limit_of_pointers(uint64_t nr)
{
    return heap_object(3 * max(nr, 8UL) * sizeof(void *));
}

static inline uint64_t limit_of_grants(const struct domain *d)
{
    const struct grant_table *gt = d->grant;
    uint64_t frames = gt->max_frames;
    uint64_t chunks = frames * V1_PER_FRAME / ACTIVE_PER_CHUNK;
    uint64_t maptrack = gt->max_handles / MAPTRACK_PER_FRAME;

    return heap_object(sizeof(*gt)) + 2 * limit_of_pointers(frames) +
           limit_of_pointers(chunks) + limit_of_pointers(maptrack) +
           chunks * heap_object(ACTIVE_PER_CHUNK *
                                sizeof(struct active_entry)) +
           maptrack * heap_object(MAPTRACK_PER_FRAME *
                                  sizeof(struct mapping));
}

static inline uint64_t limit_of_pv(const struct domain *d)
{
    if ( !d->pv )
        return 0;
    return heap_object(sizeof(struct pv_domain)) +
           heap_object(d->max_vcpus * sizeof(struct pv_roots)) +
           heap_object(d->max_vcpus * sizeof(struct pv_descriptors));
}

/* The map twice: it is copied to be shown. */
static inline uint64_t heap_limit(const struct domain *d)
{
    return heap_object(sizeof(*d)) +
           heap_object(d->max_vcpus * sizeof(void *)) +
           d->max_vcpus * heap_object(sizeof(struct vcpu)) +
           2 * heap_object(MAX_MEMORY_MAP * sizeof(struct e820entry)) +
           2 * heap_object(sizeof(struct cpu_policy)) + limit_of_ports(d) +
           limit_of_servers(d) + limit_of_grants(d) + limit_of_pv(d);
}

#endif
