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
#include "svm-entry.h"

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

/* QEMU keeps the vector of EVENTINJ's interrupt until the next exit. */
static void test_qemu_leaves_at_once(void **state)
{
    (void)state;
    for ( unsigned int qemu = 0; qemu < 2; qemu++ )
    {
        setup(NULL);
        svm_features.qemu = qemu;
        lapic->irr[1] = 2;
        assert_int_equal(entry(), event(EVENT_INTR, VECTOR));
        delivered();
        assert_int_equal(nr_ipis, 0); /* by V_IRQ */

        /* An upcall before it: a window is open for the other one. */
        lapic->isr[1] = 0;
        lapic->irr[1] = 2;
        vcpu.upcall_vector = VECTOR + 0x10;
        vcpu.own_info.evtchn_upcall_pending = 1;
        assert_int_equal(entry(), event(EVENT_INTR, VECTOR + 0x10));
        assert_int_equal(nr_ipis, qemu);
        svm_not_entered(&vcpu);
        assert_int_equal(vmcb.event_inject, 0);
        assert_int_equal(entry(), event(EVENT_INTR, VECTOR + 0x10)); /* again */
        assert_int_equal(nr_ipis, 2 * qemu);
        delivered();
        svm_inject(&vcpu, GP, true, 0);
        assert_int_equal(entry(), event(EVENT_EXCEPTION | EVENT_HAS_ERROR, GP));
        assert_int_equal(nr_ipis, 2 * qemu);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_interrupted_again),
        T(test_not_taken),
        T(test_upcall_before_interrupt),
        T(test_exception_before_interrupt),
        T(test_exception_before_upcall),
        T(test_exception_before_nmi),
        T(test_faults_of_faults),
        T(test_software_is_not_kept),
        T(test_error_codes),
        T(test_timers_resume),
        T(test_qemu_leaves_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
