/* SPDX-License-Identifier: MIT */
/*
 * The choice of a guest's next event: svm/event.c and hvm/event.c, with a local
 * APIC that has only IRR and ISR.
 *
 * Seen failing with: an interrupt or an NMI lost for an exception; an upcall
 * given back to the APIC; an NMI that stays masked; a V_IRQ that was not
 * taken and not made pending again, that was taken and made pending again, or
 * that stays in the VMCB; a window that is not intercepted, a V_IRQ that is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

static int setup(void **state)
{
    (void)state;
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

static bool like_qemu; /* a delivery is told at its end, as an exception's */

/* ... or it does not: the guest is left in the midst of it. */
static void interrupted(void)
{
    vmcb.exit_int_info = vmcb.event_inject;
    if ( svm.vintr_vector && !like_qemu )
        vmcb.vintr &= ~VINTR_IRQ;
    if ( svm.vintr_vector )
        vmcb.exit_int_info = event(like_qemu ? EVENT_EXCEPTION : EVENT_INTR,
                                   svm.vintr_vector);
    vmcb.event_inject = 0;
    left();
}

/* ---- tests ---- */

static bool waits(unsigned int vector)
{
    return bit(lapic->irr, vector) && !bit(lapic->isr, vector);
}

static bool is_taken(unsigned int vector)
{
    return bit(lapic->isr, vector) && !bit(lapic->irr, vector);
}

static void test_interrupted_again(void **state)
{
    (void)state;
    lapic->irr[1] = 2;
    for ( int i = 0; i < 2; i++ )
    {
        like_qemu = i;
        assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
        interrupted();
        assert_true(waits(VECTOR) && !virtual_interrupt() && !svm.event);
    }
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    delivered();
    assert_true(is_taken(VECTOR));
    assert_int_equal(entry(), 0);
}

/* Something else ended guest mode first. */
static void test_not_taken(void **state)
{
    (void)state;
    lapic->irr[1] = 2;
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    left();
    assert_true(waits(VECTOR) && !virtual_interrupt() && !svm.vintr_vector);
    vcpu.arch.hvm.emul.regs.rflags = 0;
    assert_int_equal(entry(), 0);
    assert_true(virtual_interrupt() && intercepted());
    vcpu.arch.hvm.emul.regs.rflags = RFLAGS_IF;
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    delivered();
    assert_true(is_taken(VECTOR));
    assert_int_equal(entry(), 0);
}

/* The upcall goes first; for the other one a window is open. */
static void test_upcall_before_interrupt(void **state)
{
    (void)state;
    lapic->irr[1] = 2;
    vcpu.upcall_vector = VECTOR + 1;
    vcpu.own_info.evtchn_upcall_pending = 1;
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR + 1));
    assert_true(virtual_interrupt() && intercepted() && waits(VECTOR));
    vcpu.own_info.evtchn_upcall_pending = 0;
    delivered();
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    assert_false(intercepted());
    delivered();
    assert_true(is_taken(VECTOR));
    assert_int_equal(entry(), 0);
}

static void test_exception_before_interrupt(void **state)
{
    (void)state;
    lapic->irr[1] = 2;
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    interrupted();
    svm_inject(&vcpu, UD, false, 0);
    assert_true(waits(VECTOR));
    assert_int_equal(entry(), event(EVENT_EXCEPTION, UD));
    assert_true(virtual_interrupt() && intercepted());
    delivered();
    vcpu.arch.hvm.emul.regs.rflags = 0;
    assert_int_equal(entry(), 0);
    vcpu.arch.hvm.emul.regs.rflags = RFLAGS_IF;
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    assert_true(is_taken(VECTOR));
}

/* It is no interrupt of the APIC's, even if one has the same vector. */
static void test_exception_before_upcall(void **state)
{
    (void)state;
    lapic->isr[1] = 2;
    vcpu.upcall_vector = VECTOR;
    vcpu.own_info.evtchn_upcall_pending = 1;
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    left();
    assert_true(is_taken(VECTOR));
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    interrupted();
    assert_true(is_taken(VECTOR));
    lapic->irr[2] = 1; /* meanwhile, for the APIC */
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    interrupted();
    svm_inject(&vcpu, GP, true, 0);
    assert_true(is_taken(VECTOR));
    assert_int_equal(entry(), event(EVENT_EXCEPTION | EVENT_HAS_ERROR, GP));
    delivered();
    assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
    delivered();
    vcpu.own_info.evtchn_upcall_pending = 0;
    assert_int_equal(entry(), event(EVENT_INTR, 128));
}

static void test_exception_before_nmi(void **state)
{
    (void)state;
    lapic->nmi = 1;
    assert_int_equal(entry(), event(EVENT_NMI, VECTOR_NMI));
    assert_true(svm.nmi_masked && (vmcb.intercept_1 & INTERCEPT_IRET));
    interrupted();
    svm_inject(&vcpu, GP, true, 0);
    assert_true(lapic->nmi && !svm.nmi_masked);
    assert_false(vmcb.intercept_1 & INTERCEPT_IRET);
    assert_int_equal(entry(), event(EVENT_EXCEPTION | EVENT_HAS_ERROR, GP));
    delivered();
    assert_int_equal(entry(), event(EVENT_NMI, VECTOR_NMI));
    assert_true(!lapic->nmi && svm.nmi_masked);
}

static void test_faults_of_faults(void **state)
{
    static const struct {
        unsigned int first, second, becomes;
    } cases[] = {
        { GP, GP, DF }, { PF, PF, DF }, { PF, GP, DF }, { GP, PF, PF },
        { GP, UD, UD }, { UD, GP, GP }, { DF, UD, UD }, { DF, GP, 0 },
        { DF, PF, 0 }, { 0, GP, DF }, { 17, PF, PF }, { 10, 12, DF },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        setup(state);
        vmcb.event_inject = event(EVENT_EXCEPTION, cases[i].first);
        interrupted();
        svm_inject(&vcpu, cases[i].second, false, 0);
        assert_int_equal(svm.event & EVENT_VECTOR, cases[i].becomes);
        assert_int_equal(triple_faults, !cases[i].becomes);
        assert_int_equal(!!(svm.event & EVENT_VALID), !!cases[i].becomes);
    }
}

/* The instruction does it again. */
static void test_software_is_not_kept(void **state)
{
    static const uint64_t events[] = {
        EVENT_SOFTWARE | 0x80, EVENT_EXCEPTION | VECTOR_BP,
        EVENT_EXCEPTION | VECTOR_OF,
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(events); i++ )
    {
        vmcb.event_inject = EVENT_VALID | events[i];
        interrupted();
        assert_int_equal(entry(), 0);
    }
}

/* Faults of real mode push none, nor do those that never have one. */
static void test_error_codes(void **state)
{
    (void)state;
    for ( unsigned int vector = 0; vector < 32; vector++ )
        for ( unsigned int real = 0; real < 2; real++ )
        {
            bool has = !real && ((vector >= 10 && vector <= 14) ||
                                 vector == 8 || vector == 17 || vector == 21 ||
                                 vector == 29 || vector == 30);

            setup(state);
            vmcb.cr0 = real ? 0 : CR0_PE;
            svm_inject(&vcpu, vector, true, 5);
            assert_int_equal(svm.event, has ? event(EVENT_EXCEPTION |
                                                    EVENT_HAS_ERROR |
                                                    5UL << 32, vector)
                                            : event(EVENT_EXCEPTION, vector));
        }
}

/* IRET of an NMI's handler is ahead, and interrupts stay off behind it. */
static void arrive_at_iret(bool tf)
{
    lapic->nmi = 1;
    assert_int_equal(entry(), event(EVENT_NMI, VECTOR_NMI));
    delivered();
    lapic->nmi = 1;
    vcpu.arch.hvm.emul.regs.rflags = RFLAGS_FIXED | (tf ? RFLAGS_TF : 0);
    assert_int_equal(entry(), 0);
    assert_false(svm.stepping);
    svm_unmask_nmi(&svm);
    svm.at_iret = true;
    assert_int_equal(entry(), 0);
}

static void test_nmi_behind_iret(void **state)
{
    (void)state;
    arrive_at_iret(false);
    assert_true(svm.stepping && lapic->nmi && !virtual_interrupt());
    assert_int_equal(vmcb.intercept_exceptions, STEP_FAULTS);
    vmcb.exit_code = EXIT_EXCEPTION + VECTOR_DB;
    vmcb.dr6 = DR6_BS;
    svm_step_end(&vcpu);
    assert_true(svm_step_was_ours(&vcpu));
    assert_int_equal(vmcb.dr6, 0);
    assert_int_equal(vmcb.intercept_exceptions, 0);
    assert_int_equal(entry(), event(EVENT_NMI, VECTOR_NMI));
    assert_true(svm.nmi_masked && !lapic->nmi && !svm.at_iret);
}

/* Left before it was executed: our flag goes, the step is made again. */
static void test_nmi_step_interrupted(void **state)
{
    (void)state;
    arrive_at_iret(false);
    vmcb.exit_code = EXIT_INTR;
    vcpu.arch.hvm.emul.regs.rflags |= RFLAGS_TF;
    svm_step_end(&vcpu);
    assert_false(svm.stepping || svm_step_was_ours(&vcpu));
    assert_int_equal(vcpu.arch.hvm.emul.regs.rflags, RFLAGS_FIXED);
    assert_int_equal(entry(), 0);
    assert_true(svm.stepping);
}

/* A guest that steps itself has its trap; the NMI comes in its handler. */
static void test_nmi_guest_steps(void **state)
{
    (void)state;
    arrive_at_iret(true);
    assert_false(svm.stepping || svm_step_was_ours(&vcpu));
    assert_true(lapic->nmi && !virtual_interrupt());
}

/*
 * IRET goes first, alone: an interrupt's handler would find our flag in its
 * frame, or the NMI in the place of IRET.
 */
static void test_nmi_and_interrupt_behind_iret(void **state)
{
    (void)state;
    for ( unsigned int tf = 0; tf < 2; tf++ )
    {
        setup(NULL);
        arrive_at_iret(tf);
        vcpu.arch.hvm.emul.regs.rflags |= RFLAGS_IF;
        lapic->irr[1] = 2;
        assert_int_equal(entry(), 0);
        assert_false(virtual_interrupt());
        assert_true(lapic->nmi && svm.stepping == !tf);
        assert_true(waits(VECTOR));
    }
}

/* An exception of IRET itself goes before the NMI. */
static void test_nmi_behind_fault_of_iret(void **state)
{
    (void)state;
    arrive_at_iret(false);
    vmcb.exit_code = EXIT_EXCEPTION + GP;
    svm_step_end(&vcpu);
    svm_inject(&vcpu, GP, true, 0);
    assert_int_equal(entry(), event(EVENT_EXCEPTION | EVENT_HAS_ERROR, GP));
    assert_true(lapic->nmi && !svm.stepping && virtual_interrupt() &&
                intercepted());
}

/* The window that a waiting NMI opens needs IF: else it is the next exit. */
static void test_nmi_waits_for_the_next_exit(void **state)
{
    (void)state;
    vcpu.arch.hvm.emul.regs.rflags = RFLAGS_FIXED;
    lapic->nmi = 1;
    vmcb.interrupt_shadow = 1; /* of MOV SS */
    assert_int_equal(entry(), 0);
    assert_true(lapic->nmi && virtual_interrupt() && intercepted());
    vmcb.interrupt_shadow = 0;
    svm_inject(&vcpu, GP, true, 0);
    assert_int_equal(entry(), event(EVENT_EXCEPTION | EVENT_HAS_ERROR, GP));
    assert_true(lapic->nmi && virtual_interrupt() && intercepted());
    delivered();
    assert_int_equal(entry(), event(EVENT_NMI, VECTOR_NMI));
    assert_true(!lapic->nmi && svm.nmi_masked);
}

/* Timers that rested go on before the entry looks for interrupts. */
static void test_timers_resume(void **state)
{
    (void)state;
    assert_int_equal(entry(), 0);
    assert_int_equal(nr_resumed, 0);
    lapic->rests = true;
    vcpu.domain->arch.hvm.clocks_rest = true;
    assert_int_equal(entry(), 0);
    assert_int_equal(nr_resumed, 2);
    lapic->rests = true;
    assert_int_equal(entry(), 0);
    assert_int_equal(nr_resumed, 3);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_interrupted_again),       T(test_not_taken),
        T(test_upcall_before_interrupt), T(test_exception_before_interrupt),
        T(test_exception_before_upcall), T(test_exception_before_nmi),
        T(test_faults_of_faults),        T(test_software_is_not_kept),
        T(test_error_codes),             T(test_nmi_behind_iret),
        T(test_nmi_step_interrupted),    T(test_nmi_guest_steps),
        T(test_nmi_and_interrupt_behind_iret), T(test_nmi_behind_fault_of_iret),
        T(test_nmi_waits_for_the_next_exit), T(test_timers_resume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
