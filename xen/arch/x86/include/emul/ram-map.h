/* SPDX-License-Identifier: MIT */
/*
 * RAM of a direct-mapped domain: the places of what the domain starts with, and
 * its E820 map.
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

/* Keep [start, end) free of ram_place(). */
void ram_take(struct ram_map *m, uint64_t start, uint64_t end);

/*
 * Take size bytes, rounded up to pages, as high as possible below limit.
 * False: there is no such place.
 */
bool ram_place(struct ram_map *m, uint64_t size, uint64_t limit,
               uint64_t *start) must_check;

/*
 * The domain's E820 map: the host's, sorted, but of its RAM only what is the
 * domain's; of that the page-aligned `acpi` holds tables.  RAM of others and
 * unusable RAM are reserved: the domain may map other domains' pages at
 * addresses that are free, and a device that is told such an address must not
 * find RAM there.  Returns the number of entries; max when some are missing.
 */
unsigned int ram_e820(const struct ram_map *m, const struct e820entry *host,
                      unsigned int nr_host, struct ram_range acpi,
                      struct e820entry *out, unsigned int max);

/*
 * A loader's map of nr entries in any order, which may overlap or be empty or
 * wrap, as one that is sorted and does not: RAM in whole pages, neighbours of
 * one type joined, and where entries overlap it is not RAM.  When that has more
 * than `max` entries (at least 2), the smallest piece of RAM goes, or the
 * smallest gap between two entries that are not RAM becomes reserved, whichever
 * loses less, until it fits: *lost bytes in all.  Returns how many there are.
 */
unsigned int e820_tidy(const struct e820entry *raw, unsigned int nr,
                       struct e820entry *out, unsigned int max,
                       uint64_t *lost);

/*
 * The largest order (0, 9 or 18, up to `most`) of a block around `page` (an
 * address) that ends at `limit` at most and meets none of the nr ranges of
 * `kept`; -1: even the page does.
 */
int ram_free_order(const struct ram_range *kept, unsigned int nr,
                   uint64_t limit, uint64_t page, unsigned int most);

#endif
