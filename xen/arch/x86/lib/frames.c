/* SPDX-License-Identifier: MIT */
/*
 * Tables with an entry for each frame: what their parts describe.  Memory is for
 * those of RAM only: on a PC there is none between 2 or 3 and 4 GiB.
 */
#include <hv/page.h>

#include <x86/boot.h>

static bool has_ram(uint64_t start, uint64_t end)
{
    uint64_t a, b;

    for ( unsigned int i = 0; memory_ram_range(i, &a, &b); i++ )
        if ( start < b && end > a )
            return true;
    return false;
}

void memory_frame_table(unsigned int entry,
                        void (*part)(void *data, uint64_t offset,
                                     uint64_t bytes, bool of_ram),
                        void *data)
{
    uint64_t end = (memory_end() >> PAGE_SHIFT) * entry;
    uint64_t ram_of_page = PAGE_SIZE / entry << PAGE_SHIFT;
    uint64_t ram_of_large = FRAMES_LARGE / entry << PAGE_SHIFT;

    for ( uint64_t at = 0; at < end; at += FRAMES_LARGE )
    {
        uint64_t ram = at / entry << PAGE_SHIFT;

        if ( memory_is_ram(ram, ram + ram_of_large) )
            part(data, at, FRAMES_LARGE, true);
        else if ( !has_ram(ram, ram + ram_of_large) )
            part(data, at, FRAMES_LARGE, false);
        else
            for ( uint64_t n = 0; n < FRAMES_LARGE; n += PAGE_SIZE )
            {
                part(data, at + n, PAGE_SIZE, has_ram(ram, ram + ram_of_page));
                ram += ram_of_page;
            }
    }
}

static void add_part(void *data, uint64_t offset, uint64_t bytes, bool of_ram)
{
    uint64_t *sum = data;

    (void)offset;
    *sum += of_ram ? bytes : 0;
}

uint64_t memory_frame_table_bytes(unsigned int entry)
{
    uint64_t sum = PAGE_SIZE;

    memory_frame_table(entry, add_part, &sum);
    return sum;
}
