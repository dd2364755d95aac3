/* SPDX-License-Identifier: MIT */
/*
 * ACPI's PM timer and its event registers (PM1a_STS, PM1a_EN), which share one
 * interrupt, the SCI.  PM1a_CNT and the GPE block are the device model's.
 *
 * The timer has 32 bits; TMR_STS is set each time that bit 31 changes.  The SCI
 * is asserted while a status bit and its enable bit are set.
 */
#ifndef EMUL_VPMTIMER_H
#define EMUL_VPMTIMER_H

#include <emul/vline.h>
#include <hv/lock.h>
#include <hv/types.h>

struct hvm_hw_pmtimer;

#define PMTIMER_HZ 3579545U

/* PM1a_STS and PM1a_EN */
#define PM1_TIMER 0x0001U
#define PM1_GLOBAL 0x0020U
#define PM1_POWER_BUTTON 0x0100U
#define PM1_SLEEP_BUTTON 0x0200U

struct vpmtimer {
    spinlock_t lock; /* LOCK_DEVICE */
    struct vline line;
    uint16_t status, enabled; /* [d] */
    uint64_t since;           /* [d] ns: the timer was `base` then        */
    uint32_t base;            /* [d] */
    uint64_t half;            /* [d] how often bit 31 has changed by then,  */
                              /* the last time that somebody looked         */
};
/* [d] p->lock */

/* set(arg, 0, level): the SCI. */
void vpmtimer_init(struct vpmtimer *p,
                   void (*set)(void *arg, unsigned int line, bool asserted),
                   void *arg);
void vpmtimer_stop(struct vpmtimer *p); /* as vpit_stop() */
void vpmtimer_destroy(struct vpmtimer *p);

/* The timer's port, of which 4 bytes are read at once. */
uint32_t vpmtimer_value(struct vpmtimer *p);

/* The event registers: offset 0, 1 PM1a_STS, 2, 3 PM1a_EN; bytes in them. */
uint32_t vpmtimer_event_read(struct vpmtimer *p, unsigned int offset,
                             unsigned int size);
void vpmtimer_event_write(struct vpmtimer *p, unsigned int offset,
                          unsigned int size, uint32_t value);

/* PM1_POWER_BUTTON or PM1_SLEEP_BUTTON was pressed. */
void vpmtimer_button(struct vpmtimer *p, uint16_t button);

/* vpmtimer_load(): -EINVAL, and nothing has changed. */
void vpmtimer_save(struct vpmtimer *p, struct hvm_hw_pmtimer *hw);
int vpmtimer_load(struct vpmtimer *p, const struct hvm_hw_pmtimer *hw);

#endif
