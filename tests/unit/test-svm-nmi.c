/* SPDX-License-Identifier: MIT */
/*
 * NMIs of a guest, and the IRET that ends their handler: svm/event.c.
 *
 * Seen failing with: an NMI injected in front of IRET when the shadow is gone; an
 * interrupt injected while IRET is stepped over; #TS of IRET that is not
 * intercepted; no window behind a fault of IRET while the guest steps; our flag
 * left in the VMCB when an emulated IRET is to follow.
 */
#include "svm-entry.h"

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
    vmcb.rflags = RFLAGS_FIXED | RFLAGS_TF;
    svm_step_end(&vcpu);
    assert_false(svm.stepping || svm_step_was_ours(&vcpu));
    assert_int_equal(vcpu.arch.hvm.emul.regs.rflags, RFLAGS_FIXED);
    assert_int_equal(vmcb.rflags, RFLAGS_FIXED); /* IRET may be emulated */
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

/*
 * An exception of IRET itself goes before the NMI, with the guest's flag in its
 * frame; a window is open behind it.
 */
static void test_nmi_behind_fault_of_iret(void **state)
{
    (void)state;
    for ( unsigned int vector = VECTOR_TS; vector <= PF; vector++ )
        for ( unsigned int tf = 0; tf < 2; tf++ )
        {
            setup(NULL);
            arrive_at_iret(tf);
            assert_true(vmcb.intercept_exceptions >> vector & 1);
            vmcb.exit_code = EXIT_EXCEPTION + vector;
            vcpu.arch.hvm.emul.regs.rflags |= RFLAGS_TF;
            svm_step_end(&vcpu);
            assert_int_equal(vcpu.arch.hvm.emul.regs.rflags,
                             RFLAGS_FIXED | (tf ? RFLAGS_TF : 0));
            assert_int_equal(vmcb.intercept_exceptions, 0);
            svm_inject(&vcpu, vector, true, 0);
            assert_int_equal(entry(), event(EVENT_EXCEPTION | EVENT_HAS_ERROR,
                                            vector));
            assert_true(lapic->nmi && !svm.stepping && virtual_interrupt() &&
                        intercepted());
        }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_nmi_behind_iret),
        T(test_nmi_step_interrupted),
        T(test_nmi_guest_steps),
        T(test_nmi_and_interrupt_behind_iret),
        T(test_nmi_behind_fault_of_iret),
        T(test_nmi_waits_for_the_next_exit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
