/* SPDX-License-Identifier: MIT */
/*
 * A block of registers, reached by ports and by memory:
 *
 *   0x0  identity "ORIL", read only     0x8  accesses so far, read only
 *   0x4  scratch                        0xc  sum of all buffered writes
 *
 * and, by memory only, plain bytes up to the end of its page.
 */
#include "dm.h"

#define BYTES 4096U
#define FIRST_PLAIN 0x10U

static union {
    struct {
        uint32_t identity, scratch, accesses, sum;
    };
    uint8_t byte[BYTES];
} block = { .identity = 0x4c49524f };

uint64_t block_read(void *data, uint64_t offset, unsigned int size)
{
    (void)data;
    block.accesses++;
    return offset + size <= BYTES ? load_bytes(&block.byte[offset], size) : 0;
}

void block_write(void *data, uint64_t offset, unsigned int size, uint64_t value)
{
    (void)data;
    block.accesses++;
    for ( unsigned int i = 0; i < size && offset + i < BYTES; i++ )
    {
        uint64_t at = offset + i;

        if ( at >= FIRST_PLAIN || (at >= 4 && at < 8) )
            block.byte[at] = (uint8_t)(value >> (8 * i));
    }
}

void block_buffered(void *data, uint64_t offset, unsigned int size,
                    uint64_t value)
{
    (void)data, (void)offset, (void)size;
    block.sum += (uint32_t)value;
}
