/* SPDX-License-Identifier: MIT */
/*
 * The interval timer (8254) and port 0x61.  Channel 0 drives an interrupt line,
 * channel 2 has its gate and its output at port 0x61.
 *
 * The line gets an edge where channel 0's output rises because a count is over.
 * It gets none where the output rises because the guest writes a mode, and none
 * in modes 1 and 5, which wait for the gate: channel 0's is always up.  Where a
 * guest chooses a period below VLINE_MIN_PERIOD_NS, only every n-th period ends
 * with an edge.
 */
#ifndef EMUL_VPIT_H
#define EMUL_VPIT_H

#include <emul/vline.h>
#include <hv/lock.h>
#include <hv/types.h>

struct hvm_hw_pit;

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
    spinlock_t lock; /* LOCK_DEVICE */
    struct vline line;
    uint64_t edge;   /* ns, of the line's next one; VLINE_NEVER */
    struct vpit_channel channel[3];
    uint8_t speaker; /* the writable bits of port 0x61 */
};

/* set(arg, 0, level): channel 0's line; set NULL: there is none. */
void vpit_init(struct vpit *p,
               void (*set)(void *arg, unsigned int line, bool asserted),
               void *arg);
/* No more calls of set(), when it returns.  No locks held. */
void vpit_stop(struct vpit *p);
void vpit_destroy(struct vpit *p); /* after vpit_stop() */
/* A vcpu enters the guest, and the line may rest: emul/vline.h. */
void vpit_resume(struct vpit *p);

static inline bool vpit_covers(uint16_t port)
{
    return (port >= 0x40 && port <= 0x43) || port == 0x61;
}

/* Byte accesses to a port that vpit_covers(). */
uint8_t vpit_read(struct vpit *p, uint16_t port);
void vpit_write(struct vpit *p, uint16_t port, uint8_t value);

/*
 * The record of saved state.  It has no time: a channel that is loaded begins
 * its count again.  A count of 0 says that none was written since the mode was.
 * vpit_load(): -EINVAL, and nothing has changed.
 */
void vpit_save(struct vpit *p, struct hvm_hw_pit *hw);
int vpit_load(struct vpit *p, const struct hvm_hw_pit *hw);

#endif
