/* SPDX-License-Identifier: MIT */
/*
 * The interval timer (8254) and port 0x61, as far as guests measure time with
 * them: counters run and can be read, channel 2 has its gate and its output.
 * There are no interrupts: channel 0's output is not connected.
 */
#ifndef EMUL_VPIT_H
#define EMUL_VPIT_H

#include <hv/lock.h>
#include <hv/types.h>

#define PIT_HZ 1193182U

struct vpit_channel {
    uint8_t access;    /* 1 low byte, 2 high byte, 3 low then high */
    uint8_t mode;      /* 0..5 */
    bool bcd;
    bool gate;
    bool null;         /* no count written since the mode was: not counting */
    bool write_high, read_high; /* access 3: the second byte is next */
    uint8_t low;       /* the first byte written */
    bool count_latched, status_latched;
    uint16_t latch;
    uint8_t status;
    uint32_t initial;  /* 1..65536 */
    uint64_t ticks;    /* ticks counted up to `since` */
    uint64_t since;    /* ns; while the gate is up, ticks count from here on */
};

struct vpit {
    spinlock_t lock; /* LOCK_ARCH */
    struct vpit_channel channel[3];
    uint8_t speaker; /* the writable bits of port 0x61 */
};

void vpit_init(struct vpit *p);
void vpit_destroy(struct vpit *p);

static inline bool vpit_covers(uint16_t port)
{
    return (port >= 0x40 && port <= 0x43) || port == 0x61;
}

/* Byte accesses to a port that vpit_covers(). */
uint8_t vpit_read(struct vpit *p, uint16_t port);
void vpit_write(struct vpit *p, uint16_t port, uint8_t value);

#endif
