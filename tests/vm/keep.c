/* SPDX-License-Identifier: MIT */
/*
 * A device model whose registers keep what is written, as the guest "exits"
 * wants it: oriel-dm with this in place of its block of registers.  Ports and
 * memory have 4096 bytes each; which one it is, find_region() has decided, and
 * the guest uses low offsets of both in turn, so they may share them.
 */
#include <string.h>

#include "../../tools/dm/dm.h"

static uint8_t kept[4096];

uint64_t block_read(uint64_t offset, unsigned int size)
{
    uint64_t value = 0;

    if ( offset + size <= sizeof(kept) )
        memcpy(&value, kept + offset, size);
    return value;
}

void block_write(uint64_t offset, unsigned int size, uint64_t value)
{
    if ( offset + size <= sizeof(kept) )
        memcpy(kept + offset, &value, size);
}

void block_buffered(uint64_t offset, unsigned int size, uint64_t value)
{
    block_write(offset, size, value);
}
