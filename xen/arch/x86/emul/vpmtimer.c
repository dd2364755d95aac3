/* SPDX-License-Identifier: MIT */
/*
 * ACPI's PM timer.  The count is computed from the time when it is read;
 * `half` remembers up to which change of bit 31 TMR_STS is up to date.
 */
#include <emul/vpmtimer.h>
#include <hv/lib.h>

#include <xen/errno.h>
#include <xen/hvm/save.h>

#define SCI_EVENTS                                                           \
    (PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_SLEEP_BUTTON)
#define HALF_SHIFT 31

/* The count without an end: the timer shows the lower 32 bits. */
static uint64_t count_at(const struct vpmtimer *p, uint64_t now)
{
    return p->base + vline_ticks(now - p->since, PMTIMER_HZ);
}

static void settle(struct vpmtimer *p)
{
    uint64_t half = count_at(p, now_ns()) >> HALF_SHIFT;

    if ( half != p->half )
        p->status |= PM1_TIMER;
    p->half = half;
}

/* The timer's next event matters only while TMR_STS would raise the SCI. */
static void update_sci(struct vpmtimer *p)
{
    uint64_t next = ((p->half + 1) << HALF_SHIFT) - p->base;

    vline_set(&p->line, 0, p->status & p->enabled & SCI_EVENTS);
    if ( (p->enabled & PM1_TIMER) && !(p->status & PM1_TIMER) )
        vline_arm(&p->line, p->since + vline_ns(next, PMTIMER_HZ));
}

static void fired(void *data)
{
    struct vpmtimer *p = data;

    spin_lock(&p->lock);
    settle(p);
    update_sci(p);
    spin_unlock(&p->lock);
}

void vpmtimer_init(struct vpmtimer *p,
                   void (*set)(void *arg, unsigned int line, bool asserted),
                   void *arg)
{
    *p = (struct vpmtimer){ .since = now_ns() };
    spin_lock_init(&p->lock, LOCK_DEVICE);
    vline_init(&p->line, set, arg, fired, p);
}

void vpmtimer_stop(struct vpmtimer *p)
{
    spin_lock(&p->lock);
    p->line.stopped = true;
    spin_unlock(&p->lock);
    timer_stop(&p->line.timer);
}

void vpmtimer_destroy(struct vpmtimer *p)
{
    spin_lock_destroy(&p->lock);
}

uint32_t vpmtimer_value(struct vpmtimer *p)
{
    uint32_t value;

    spin_lock(&p->lock);
    value = (uint32_t)count_at(p, now_ns());
    spin_unlock(&p->lock);
    return value;
}

uint32_t vpmtimer_event_read(struct vpmtimer *p, unsigned int offset,
                             unsigned int size)
{
    uint64_t both;

    spin_lock(&p->lock);
    settle(p);
    update_sci(p);
    both = p->status | (uint32_t)p->enabled << 16;
    spin_unlock(&p->lock);
    return (uint32_t)(both >> offset * 8 & ((1UL << size * 8) - 1));
}

/* Ones clear bits of the status register. */
void vpmtimer_event_write(struct vpmtimer *p, unsigned int offset,
                          unsigned int size, uint32_t value)
{
    uint32_t mask = (uint32_t)(((1UL << size * 8) - 1) << offset * 8);
    uint32_t bits = value << offset * 8 & mask;

    spin_lock(&p->lock);
    settle(p);
    p->status &= (uint16_t)~bits;
    p->enabled = (uint16_t)((p->enabled & ~(mask >> 16)) | bits >> 16);
    update_sci(p);
    spin_unlock(&p->lock);
}

void vpmtimer_button(struct vpmtimer *p, uint16_t button)
{
    spin_lock(&p->lock);
    p->status |= button;
    update_sci(p);
    spin_unlock(&p->lock);
}

/* ---- saved state ---- */

void vpmtimer_save(struct vpmtimer *p, struct hvm_hw_pmtimer *hw)
{
    memset(hw, 0, sizeof(*hw));
    spin_lock(&p->lock);
    settle(p);
    hw->tmr_val = (uint32_t)count_at(p, now_ns());
    hw->pm1a_sts = p->status;
    hw->pm1a_en = p->enabled;
    spin_unlock(&p->lock);
}

/* The registers keep every bit that is written, so each value is possible. */
int vpmtimer_load(struct vpmtimer *p, const struct hvm_hw_pmtimer *hw)
{
    spin_lock(&p->lock);
    p->base = hw->tmr_val;
    p->since = now_ns();
    p->half = p->base >> HALF_SHIFT;
    p->status = hw->pm1a_sts;
    p->enabled = hw->pm1a_en;
    update_sci(p);
    spin_unlock(&p->lock);
    return 0;
}
