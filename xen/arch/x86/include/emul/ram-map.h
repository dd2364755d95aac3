/* SPDX-License-Identifier: MIT */
/*
 * RAM of a direct-mapped domain: placing its kernel, modules and tables in it,
 * and its E820 map.
 */
#ifndef EMUL_RAM_MAP_H
#define EMUL_RAM_MAP_H

#include <hv/memory.h>
#include <hv/types.h>

#define RAM_MAX_RANGES 128
#define RAM_MAX_TAKEN 16

#define E820_RESERVED 2
#define E820_ACPI 3
#define E820_UNUSABLE 5

struct ram_range {
    uint64_t start, end;
};

struct ram_map {
    unsigned int nr, nr_taken;
    struct ram_range ram[RAM_MAX_RANGES];   /* whole pages, sorted, disjoint */
    struct ram_range taken[RAM_MAX_TAKEN];  /* in use, in any order         */
};

/* Add a range above all others.  False: RAM_MAX_RANGES exist. */
bool ram_add(struct ram_map *m, uint64_t start, uint64_t end) must_check;

/* Is all of [start, end) in one range of RAM? */
bool ram_contains(const struct ram_map *m, uint64_t start, uint64_t end);

/* Mark [start, end) as used, for ram_place(). */
void ram_take(struct ram_map *m, uint64_t start, uint64_t end);

/*
 * Allocate size bytes, rounded up to pages, as high as possible below limit.
 * False: no range has so many free.
 */
bool ram_place(struct ram_map *m, uint64_t size, uint64_t limit,
               uint64_t *start) must_check;

/*
 * The domain's E820 map: the host's, sorted, with the domain's RAM as RAM,
 * except the page-aligned range `acpi`, which holds tables.  All other RAM is
 * reserved: the domain may map other domains' pages at free addresses, and DMA
 * of a device to such an address must not hit RAM.  Returns the number of
 * entries; max when some are missing.
 */
unsigned int ram_e820(const struct ram_map *m, const struct e820entry *host,
                      unsigned int nr_host, struct ram_range acpi,
                      struct e820entry *out, unsigned int max);

/*
 * Sort a loader's map of nr entries, which may overlap, be empty or wrap.  In
 * the result RAM is whole pages, neighbours of one type are joined, and an
 * overlap with RAM is not RAM.  While it has more than `max` entries (at least
 * 2), the smallest range of RAM is removed, or the smallest gap between two
 * entries that are not RAM becomes reserved, whichever loses fewer bytes; *lost:
 * bytes lost in all.  Returns the number of entries in `out`.
 */
unsigned int e820_tidy(const struct e820entry *raw, unsigned int nr,
                       struct e820entry *out, unsigned int max,
                       uint64_t *lost);

/*
 * The largest order (0, 9 or 18, up to `most`) of an aligned block that contains
 * the address `page`, ends at `limit` or below, and overlaps none of the nr
 * ranges of `kept`; -1: the page itself overlaps one.
 */
int ram_free_order(const struct ram_range *kept, unsigned int nr,
                   uint64_t limit, uint64_t page, unsigned int most);

#endif
