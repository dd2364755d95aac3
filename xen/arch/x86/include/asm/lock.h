/* SPDX-License-Identifier: MIT */
/* Storage of a spinlock: a ticket lock. */
#ifndef ASM_LOCK_H
#define ASM_LOCK_H

#include <stdint.h>

struct cpu;

struct spinlock {
    uint32_t next, serving; /* tickets: the next to give; whose turn it is */
    const struct cpu *owner; /* NULL: free; for assertions                 */
    uint8_t level;
};

#endif
