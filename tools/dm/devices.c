/* SPDX-License-Identifier: MIT */
/* The devices, where they are, and which of them the user wants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dm.h"

#define DEVICE(kind, from, to, title, functions, ...)                        \
    { .range.type = XEN_DMOP_IO_RANGE_##kind, .range.start = from,           \
      .range.end = to, .range.name = title, .range.read = functions##_read,  \
      .range.write = functions##_write, __VA_ARGS__ }

struct region regions[] = {
    DEVICE(PORT, 0x3f8, 0x3ff, "uart", uart),
    DEVICE(PORT, 0x500, 0x50f, "block", block),
    DEVICE(PORT, 0x510, 0x51f, "lines", lines),
    DEVICE(MEMORY, 0xf1000000, 0xf1000fff, "block", block),
    /* Writes come through the ring, reads as any other access. */
    DEVICE(MEMORY, 0xa0000, 0xbffff, "window", block,
           .range.buffered = block_buffered),
    /* A PCI function and its BARs, which the guest places: pci.c. */
    DEVICE(PCI, 0, 0, "pci", pci, .off = true),
    DEVICE(MEMORY, 0, 0, "bar0", bar, .off = true),
    DEVICE(PORT, 0, 0, "bar1", bar, .off = true),
};
const unsigned int nr_regions = sizeof(regions) / sizeof(regions[0]);

#define NR_CHOICES 4U /* devices that --devices names */

static bool choose(const char *name, size_t len)
{
    static const char *const names[NR_CHOICES] = { "uart", "block", "lines",
                                                   "window" };
    bool found = false;

    for ( unsigned int i = 0; i < NR_CHOICES; i++ )
        if ( strlen(names[i]) == len && !strncmp(names[i], name, len) )
            for ( unsigned int j = 0; j < nr_regions; j++ )
                if ( !strcmp(regions[j].range.name, names[i]) )
                {
                    regions[j].off = false;
                    found = true;
                }
    return found;
}

bool devices_choose(const char *list)
{
    for ( unsigned int i = 0; i < nr_regions; i++ )
        if ( regions[i].range.type != XEN_DMOP_IO_RANGE_PCI )
            regions[i].off = true;
    if ( !strcmp(list, "none") )
        return true;
    for ( ;; )
    {
        size_t len = strcspn(list, ",");

        if ( !choose(list, len) )
        {
            fprintf(stderr, "oriel-dm: %.*s: no such device; uart, block, "
                    "lines, window, or none\n", (int)len, list);
            return false;
        }
        if ( !list[len] )
            return true;
        list += len + 1;
    }
}

bool devices_place_pci(const char *text)
{
    unsigned int bus, device, function;
    int end = 0;

    if ( sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3 ||
         text[end] || device > 31 || function > 7 )
    {
        fprintf(stderr, "oriel-dm: %s: no PCI function; BUS:DEVICE.FUNCTION "
                "in hexadecimal, such as 00:1e.0\n", text);
        return false;
    }
    for ( unsigned int i = 0; i < nr_regions; i++ )
        if ( regions[i].range.type == XEN_DMOP_IO_RANGE_PCI )
        {
            regions[i].range.start = regions[i].range.end =
                bus << 8 | device << 3 | function;
            regions[i].off = false;
        }
    return true;
}

struct region *device_region(const char *name)
{
    for ( unsigned int i = 0; i < nr_regions; i++ )
        if ( !strcmp(regions[i].range.name, name) )
            return &regions[i];
    abort(); /* the name is not in the table */
}
