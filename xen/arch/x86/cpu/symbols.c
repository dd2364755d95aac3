/* SPDX-License-Identifier: MIT */
/* The names of the hypervisor's own functions: made by cpu/make-names. */
#include <hv/lib.h>

#include <x86/irq.h>

/* Offsets: of the function to the 4 GiB it is in; in names_text. */
struct name {
    uint32_t address, text;
};

extern const struct name names_start[], names_end[];
extern const char names_text[], names_text_end[];
extern const char image_start[], text_end[];

const char *symbol_name(uint64_t address, uint64_t *offset)
{
    uint32_t low = (uint32_t)address;
    size_t from = 0, to = (size_t)(names_end - names_start);

    *offset = 0;
    if ( address < (uintptr_t)image_start || address >= (uintptr_t)text_end )
        return NULL;
    /* The last one that does not begin above it is in [from - 1, to). */
    while ( from < to )
    {
        size_t middle = from + (to - from) / 2;

        if ( names_start[middle].address <= low )
            from = middle + 1;
        else
            to = middle;
    }
    if ( !from || names_start[from - 1].text >=
                  (size_t)(names_text_end - names_text) )
        return NULL;
    *offset = low - names_start[from - 1].address;
    return names_text + names_start[from - 1].text;
}
