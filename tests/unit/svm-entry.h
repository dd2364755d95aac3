/* SPDX-License-Identifier: MIT */
/*
 * svm/event.c and hvm/event.c with a vcpu of their own, whose local APIC has only
 * IRR and ISR, and what the processor does with an entry.
 */
#ifndef SVM_ENTRY_H
#define SVM_ENTRY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include "../../xen/arch/x86/emul/rules.c"
#include "../../xen/arch/x86/svm/event.c"
#include "../../xen/arch/x86/hvm/event.c"

enum { UD = 6, DF = 8, GP = 13, PF = 14, VECTOR = 0x41 };

/* ---- the machine ---- */

static struct domain domain;
static struct vcpu vcpu;
static struct svm_vcpu svm;
static struct vmcb vmcb;
static unsigned int triple_faults;
static struct vlapic *const lapic = &vcpu.arch.hvm.vlapic;

static bool bit(const uint64_t *bits, unsigned int i)
{
    return bits[i / 64] >> i % 64 & 1;
}

int vlapic_highest_set(const uint64_t bits[4])
{
    int i = 255;

    while ( i >= 0 && !bit(bits, (unsigned int)i) )
        i--;
    return i;
}

int vlapic_pending(const struct vlapic *l)
{
    return vlapic_highest(l->irr) > vlapic_highest(l->isr)
               ? vlapic_highest(l->irr) : -1;
}

void vlapic_ack(struct vlapic *l, uint8_t vector)
{
    l->irr[vector / 64] &= ~(1UL << vector % 64);
    l->isr[vector / 64] |= 1UL << vector % 64;
}

void vlapic_unack(struct vlapic *l, uint8_t vector)
{
    l->isr[vector / 64] &= ~(1UL << vector % 64);
    l->irr[vector / 64] |= 1UL << vector % 64;
}

void vlapic_set_nmi(struct vlapic *l)
{
    l->nmi = 1;
}

bool vcpu_event_pending(const struct vcpu *v)
{
    return v->own_info.evtchn_upcall_pending;
}

void exit_triple_fault(struct vcpu *v)
{
    (void)v;
    triple_faults++;
}

/* There are no 8259s, and the callback is no line. */
bool hvm_pic_reaches(const struct vcpu *v)
{
    (void)v;
    return false;
}

static unsigned int nr_resumed;

void platform_resume(struct domain *d)
{
    d->arch.hvm.clocks_rest = false;
    nr_resumed++;
}

void vlapic_timer_wake(struct vlapic *l)
{
    l->rests = false;
    nr_resumed++;
}

int vpic_ack(struct vpic *p)
{
    (void)p;
    return -1;
}

void irq_lines_route_callback(struct irq_lines *l, struct irq_callback to)
{
    (void)l, (void)to;
}

void irq_lines_set_callback(struct irq_lines *l, bool asserted)
{
    (void)l, (void)asserted;
}

struct vcpu *domain_vcpu(struct domain *d, unsigned int id)
{
    (void)d, (void)id;
    return NULL;
}

int arch_guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    (void)dst, (void)src, (void)bytes;
    return -EFAULT;
}

static struct cpu cpu;
struct svm_features svm_features;
static unsigned int nr_ipis; /* to the CPU itself */

void lapic_send_ipi(uint32_t apic_id, uint8_t vector)
{
    assert_int_equal(apic_id, cpu.apic_id);
    assert_int_equal(vector, VECTOR_RESCHEDULE);
    nr_ipis++;
}

static int setup(void **state)
{
    static struct cpu *self = &cpu;

    (void)state;
    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, &self), 0);
    cpu.apic_id = 5;
    nr_ipis = 0;
    svm_features.qemu = false;
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&svm, 0, sizeof(svm));
    memset(&vmcb, 0, sizeof(vmcb));
    triple_faults = 0;
    svm.vmcb = &vmcb;
    vmcb.cr0 = CR0_PE;
    vcpu.domain = &domain;
    vcpu.info = &vcpu.own_info;
    vcpu.arch.hvm.vendor = &svm;
    vcpu.arch.hvm.emul.regs.rflags = RFLAGS_IF;
    lapic->base = APIC_BASE_ENABLE;
    return 0;
}

/* ---- what the processor does ---- */

static bool virtual_interrupt(void)
{
    return vmcb.vintr & VINTR_IRQ;
}

static bool intercepted(void)
{
    return vmcb.intercept_1 & INTERCEPT_VINTR;
}

/* It enters the guest: what it begins to deliver. */
static uint64_t entry(void)
{
    svm_events(&vcpu);
    if ( !virtual_interrupt() || intercepted() )
        return vmcb.event_inject;
    assert_int_equal(vmcb.event_inject, 0);
    return EVENT_VALID | EVENT_INTR | (vmcb.vintr >> VINTR_VECTOR_SHIFT & 0xff);
}

static void left(void)
{
    if ( svm.vintr_vector )
        svm_vintr_taken_back(&vcpu);
    if ( vmcb.exit_int_info & EVENT_VALID )
        svm_event_interrupted(&vcpu);
    vmcb.exit_int_info = 0;
}

/* ... and it arrives. */
static void delivered(void)
{
    vmcb.event_inject = 0;
    if ( !intercepted() )
        vmcb.vintr &= ~VINTR_IRQ;
    left();
}

static uint64_t event(uint64_t type, unsigned int vector)
{
    return EVENT_VALID | type | vector;
}

/* ---- where an interrupt is ---- */

static bool waits(unsigned int vector)
{
    return bit(lapic->irr, vector) && !bit(lapic->isr, vector);
}

#define T(f) cmocka_unit_test_setup(f, setup)

#endif
