/* SPDX-License-Identifier: MIT */
/* Storage of a spinlock: a pthread mutex that freestanding code cannot see. */
#ifndef ASM_LOCK_H
#define ASM_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
    uint64_t mutex[5]; /* a pthread_mutex_t; checked in lock.c */
    uint64_t owner;    /* thread that holds it, for assertions  */
    uint8_t level;
};

#endif
