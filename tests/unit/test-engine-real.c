/* SPDX-License-Identifier: MIT */
/* Guests in real mode: interrupts, and calls between segments. */
#include "test-engine.h"

/* A guest goes to real mode, as firmware does, to execute code at 0x10000. */
static struct domain *real_mode_guest(const uint8_t *code, size_t bytes)
{
    static const uint8_t flat[] = {
        0x0f, 0x01, 0x15, 0x20, 0x00, 0x10, 0x00, /* lgdt 0x100020        */
        0xea, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, /* ljmp $8, $0          */
    };
    static const uint8_t table[] = {
        0x17, 0x00, 0x30, 0x00, 0x10, 0x00, [0x18] = /* 24 bytes, 0x100030 */
        0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0x00, 0x00, /* code at 0       */
        0xff, 0xff, 0x00, 0x00, 0x00, 0x93, 0x00, 0x00, /* data at 0       */
    };
    static const uint8_t start[] = {
        0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xd0, /* ds = ss = 0x10       */
        0x0f, 0x20, 0xc0, 0x24, 0xfe,       /* mov %cr0, %eax; clear PE   */
        0x0f, 0x22, 0xc0,                   /* mov %eax, %cr0             */
        0xea, 0x14, 0x00, 0x00, 0x00,       /* ljmp $0, $0x14             */
        0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, /* ds = ss = 0                */
        0xea, 0x00, 0x00, 0x00, 0x10,       /* ljmp $0x1000, $0           */
    };
    struct domain *d = guest_of_code(flat, sizeof(flat));
    struct hvm_hw_cpu context = pvh_context(0x100000);

    guest_write(d, 0x100020, table, sizeof(table));
    guest_write(d, 0, start, sizeof(start));
    guest_write(d, 0x10000, code, bytes);
    context.idtr_limit = 0x3ff;
    context.rsp = 0x8000;
    assert_int_equal(arch_vcpu_set_context(domain_vcpu(d, 0), &context), 0);
    return d;
}

/* INT, and a handler that returns; then HLT. */
static void test_interrupt_in_real_mode(void **state)
{
    static const uint8_t code[] = {
        0xc7, 0x06, 0x00, 0x01, 0x05, 0x80, /* movw $0x8005, 0x100        */
        0xc7, 0x06, 0x02, 0x01, 0x00, 0x10, /* movw $0x1000, 0x102        */
        0xcd, 0x40,                         /* int $0x40                  */
        0xc6, 0x06, 0x01, 0x90, 0x01,       /* movb $1, 0x9001            */
        0xfa, 0xf4,                         /* cli; hlt                   */
    };
    static const uint8_t handler[] = {
        0xc6, 0x06, 0x00, 0x90, 0x01, 0xcf, /* movb $1, 0x9000; iret      */
    };
    struct domain *d = real_mode_guest(code, sizeof(code));
    const uint8_t *seen = fixture_gfn_to_virt(d, 9);

    (void)state;
    guest_write(d, 0x18005, handler, sizeof(handler));
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_poweroff);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 1);
    fixture_kill(d);
}

/* Far calls, and all forms of far returns, between segments. */
static void test_far_returns_in_real_mode(void **state)
{
    static const uint8_t code[] = {
        0x9a, 0x00, 0x00, 0x00, 0x18,       /* lcall $0x1800, $0          */
        0x6a, 0x07, 0x6a, 0x08,             /* push $7; push $8           */
        0x9a, 0x10, 0x00, 0x00, 0x18,       /* lcall $0x1800, $0x10       */
        0x66, 0x9a, 0x20, 0x00, 0x00, 0x00, 0x00, 0x18, /* $0x20, wide    */
        0x6a, 0x09,                         /* push $9                    */
        0x66, 0x9a, 0x30, 0x00, 0x00, 0x00, 0x00, 0x18, /* $0x30, wide    */
        0x89, 0x26, 0x10, 0x90,             /* mov %sp, 0x9010            */
        0xfa, 0xf4,                         /* cli; hlt                   */
    };
    static const uint8_t called[] = {
        0xfe, 0x06, 0x00, 0x90, 0xcb,                    /* incb; lret     */
        [0x10] = 0xfe, 0x06, 0x00, 0x90, 0xca, 4, 0,     /* incb; lret $4  */
        [0x20] = 0xfe, 0x06, 0x00, 0x90, 0x66, 0xcb,     /* incb; lretl    */
        [0x30] = 0xfe, 0x06, 0x00, 0x90, 0x66, 0xca, 2, 0, /* lretl $2     */
    };
    struct domain *d = real_mode_guest(code, sizeof(code));
    const uint8_t *seen = fixture_gfn_to_virt(d, 9);

    (void)state;
    guest_write(d, 0x18000, called, sizeof(called));
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_poweroff);
    assert_int_equal(seen[0], 4);
    assert_int_equal(seen[0x10] | seen[0x11] << 8, 0x8000);
    fixture_kill(d);
}

int main(void)
{
#define T(name) \
    cmocka_unit_test_setup_teardown(test_##name, engine_setup, engine_teardown)
    const struct CMUnitTest tests[] = {
        T(interrupt_in_real_mode), T(far_returns_in_real_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
