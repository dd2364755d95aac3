/* SPDX-License-Identifier: MIT */
/* Between the files of the local APIC: state, IPIs, timer, registers. */
#ifndef VLAPIC_PRIVATE_H
#define VLAPIC_PRIVATE_H

#include <emul/vlapic.h>

/* Offsets in the xAPIC page; in x2APIC mode MSR 0x800 + offset / 16. */
#define REG_ID 0x020
#define REG_VERSION 0x030
#define REG_TPR 0x080
#define REG_APR 0x090
#define REG_PPR 0x0a0
#define REG_EOI 0x0b0
#define REG_RRD 0x0c0
#define REG_LDR 0x0d0
#define REG_DFR 0x0e0
#define REG_SVR 0x0f0
#define REG_ISR 0x100
#define REG_TMR 0x180
#define REG_IRR 0x200
#define REG_ESR 0x280
#define REG_ICR 0x300
#define REG_ICR_HIGH 0x310
#define REG_LVT 0x320
#define REG_TMICT 0x380
#define REG_TMCCT 0x390
#define REG_TDCR 0x3e0
#define REG_SELF_IPI 0x3f0

#define SVR_ENABLED 0x100U
#define SVR_WRITABLE 0x3ffU

#define LVT_VECTOR 0xffU
#define LVT_MODE 0x700U
#define LVT_READ_ONLY 0x5000U /* delivery status, remote IRR */
#define LVT_PIN 0xa000U       /* polarity, trigger mode */
#define LVT_MASKED 0x10000U
#define LVT_PERIODIC 0x20000U

#define ESR_SEND_ILLEGAL 0x20U
#define ESR_RECEIVE_ILLEGAL 0x40U
#define ESR_REGISTER 0x80U

#define ICR_LOGICAL 0x800U
#define ICR_STATUS 0x1000U
#define ICR_ASSERT 0x4000U
#define ICR_LEVEL 0x8000U
#define ICR_SHORTHAND_SHIFT 18
#define ICR_WRITABLE 0xccfffU /* and the destination; status is read only */

#define FIRST_LEGAL_VECTOR 16

/* What the machine registered. */
extern const struct vlapic_machine *vlapic_machine;

/* ---- vlapic.c ---- */

/* An event of the APIC itself: LVT_TIMER, LVT_ERROR, unless masked. */
void vlapic_local(struct vlapic *l, enum vlapic_lvt i);
/* Count ESR_ bits, and signal them.  Any CPU. */
void vlapic_error(struct vlapic *l, uint32_t bits);

/* ---- vlapic-regs.c ---- */

/* The bits of each LVT entry that can be written. */
extern const uint32_t vlapic_lvt_writable[NR_LVT];
/* A register as it reads; false: there is none at offset. */
bool vlapic_read_register(struct vlapic *l, unsigned int offset,
                          uint32_t *value);

/* ---- vlapic-ipi.c ---- */

/* l->icr was written: send it. */
void vlapic_send_ipi(struct vlapic *l);

/* ---- vlapic-timer.c ---- */

void vlapic_timer_init(struct vlapic *l);
/*
 * Around each change of the timer's registers: settle() stops the timer and
 * signals what was due before the change, resume() goes on after it.
 */
void vlapic_timer_settle(struct vlapic *l);
void vlapic_timer_resume(struct vlapic *l);
/* Writes of the initial count and of the divider; the count now. */
void vlapic_timer_start(struct vlapic *l, uint32_t count);
void vlapic_timer_divide(struct vlapic *l, uint32_t tdcr);
uint32_t vlapic_timer_count(const struct vlapic *l);
/*
 * The registers of a stopped timer, which goes on with `left` of the count; 0:
 * with all of it.  The LVT entry is set.
 */
void vlapic_timer_load(struct vlapic *l, uint32_t count, uint32_t tdcr,
                       uint32_t left);

#endif
