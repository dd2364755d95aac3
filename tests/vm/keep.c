/* SPDX-License-Identifier: MIT */
/*
 * A device model whose registers keep what is written, as the guest "exits"
 * wants it: oriel-dm with this in place of its block of registers.  Ports and
 * memory have 4096 bytes each; the guest uses low offsets of both in turn, so
 * they may share them.
 */
#include "../../tools/dm/dm.h"

static uint8_t kept[4096];

uint64_t block_read(void *data, uint64_t offset, unsigned int size)
{
    (void)data;
    return offset + size <= sizeof(kept) ? load_bytes(kept + offset, size) : 0;
}

void block_write(void *data, uint64_t offset, unsigned int size, uint64_t value)
{
    (void)data;
    if ( offset + size <= sizeof(kept) )
        store_bytes(kept + offset, size, value);
}

void block_buffered(void *data, uint64_t offset, unsigned int size,
                    uint64_t value)
{
    block_write(data, offset, size, value);
}
