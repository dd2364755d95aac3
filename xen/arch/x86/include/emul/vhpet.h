/* SPDX-License-Identifier: MIT */
/*
 * The high precision event timer: a main counter of 62.5 MHz and three timers,
 * of 64 or 32 bits, periodic or one-shot, which drive GSIs 20 to 23 or, with
 * legacy replacement, what are the PIT's and the RTC's lines otherwise.  No
 * interrupts by message (FSB).
 *
 * The guest cannot choose a period below VHPET_MIN_PERIOD: a shorter one becomes
 * this long, as in Xen.  While a level-triggered timer's status bit is set
 * nothing new can happen, so its timer rests.
 */
#ifndef EMUL_VHPET_H
#define EMUL_VHPET_H

#include <emul/vline.h>
#include <hv/lock.h>
#include <hv/types.h>

struct hvm_hw_hpet;

#define VHPET_BASE 0xfed00000UL
#define VHPET_BYTES 1024U
#define VHPET_TIMERS 3
#define VHPET_TICK_NS 16U
#define VHPET_MIN_PERIOD (900000U / VHPET_TICK_NS)

/* Lines of vhpet_init()'s set(); the others are GSIs 20 to 23. */
#define VHPET_LINE_IRQ0 0U
#define VHPET_LINE_IRQ8 8U
#define VHPET_LINES 24U

struct vhpet_timer {
    uint64_t config;
    uint64_t cmp;      /* comparator; periodic: the next one */
    uint64_t period;   /* ticks; what was written last */
    uint64_t fsb;      /* kept, without effect */
    uint64_t due;      /* ns, of the next match; VLINE_NEVER */
    bool high;         /* edges: the line is high since the last one */
};

struct vhpet {
    spinlock_t lock;  /* LOCK_DEVICE */
    struct vline line;
    uint64_t config;  /* [h] read anywhere */
    uint64_t status;  /* [h] */
    uint32_t lines;   /* [h] those that are asserted */
    uint32_t rest;    /* [h] bit: this timer rests until vhpet_resume() */
    uint64_t counter; /* [h] main counter at `since` */
    uint64_t since;   /* [h] ns; the counter runs on while enabled */
    struct vhpet_timer timer[VHPET_TIMERS]; /* [h] */
};
/* [h] h->lock */

void vhpet_init(struct vhpet *h,
                void (*set)(void *arg, unsigned int line, bool asserted),
                void *arg);
void vhpet_stop(struct vhpet *h); /* as vpit_stop() */
void vhpet_destroy(struct vhpet *h);
void vhpet_resume(struct vhpet *h); /* as vpit_resume() */

/* Timers 0 and 1 have the PIT's and the RTC's lines, which these have not. */
bool vhpet_is_legacy(const struct vhpet *h);

/*
 * Offset below VHPET_BYTES; size 1, 2, 4, 8.  An access that is not aligned to
 * its size reads as ones, or is dropped.
 */
uint64_t vhpet_read(struct vhpet *h, unsigned int offset, unsigned int size);
void vhpet_write(struct vhpet *h, unsigned int offset, unsigned int size,
                 uint64_t value);

/* vhpet_load(): -EINVAL, and nothing has changed. */
void vhpet_save(struct vhpet *h, struct hvm_hw_hpet *hw);
int vhpet_load(struct vhpet *h, const struct hvm_hw_hpet *hw);

#endif
