/* SPDX-License-Identifier: MIT */
/*
 * What an HVM guest's access to an address without memory does: hvm/io.c as it
 * is, with answers of the p2m, the emulator and dom0's devices that the test sets.
 * The program is linked without the rest: to call any of that ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include "../../xen/arch/x86/hvm/io.c"

static struct domain d;
static struct vcpu v;

/* What the others answer, and what they were asked. */
static int map_device;
static bool is_logged;
static enum p2m_type type;
static enum emul_result emulated;
static unsigned int nr_mapped, nr_emulated, nr_filled, nr_faults, nr_crashes;
static unsigned int fault;

int dom0_map_device(struct domain *of, uint64_t gpa)
{
    assert_true(of == &d && gpa == 0xfee123);
    nr_mapped++;
    return map_device;
}

bool log_dirty_fault(struct domain *of, uint64_t gfn)
{
    return of && gfn == 0xfee && is_logged;
}

struct p2m_entry p2m_lookup(struct domain *of, gfn_t gfn)
{
    assert_true(of == &d && gfn_x(gfn) == 0xfee);
    return p2m_entry(INVALID_MFN, type);
}

bool p2m_pod_fault(struct domain *of, gfn_t gfn)
{
    nr_filled++;
    return of && gfn_x(gfn);
}

enum emul_result emulate(struct emul *e)
{
    assert_ptr_equal(e, &v.arch.hvm.emul);
    nr_emulated++;
    return emulated;
}

void domain_crash(struct domain *of, const char *fmt, ...)
{
    assert_true(of && fmt);
    nr_crashes++;
}

void guest_printk(struct domain *of, enum log_level level, const char *fmt, ...)
{
    assert_true(of && level == XENLOG_WARNING && fmt);
}

static void inject(struct vcpu *to, unsigned int vector, bool has_error,
                   uint32_t error)
{
    assert_true(to == &v && has_error && !error);
    fault = vector;
    nr_faults++;
}

static void fill_regs(struct vcpu *of)
{
    assert_ptr_equal(of, &v);
}

static const struct hvm_vendor test_vendor = { .inject_exception = inject,
                                               .fill_regs = fill_regs };
const struct hvm_vendor *vendor = &test_vendor;

enum outcome {
    GOES_ON,  /* the guest tries again */
    FILLED,   /* by populate on demand */
    EMULATED, /* as an access to a device */
    GP,       /* #GP */
    CRASHED,
};

#define WRITE 1U
#define FETCH 2U
#define IN_WALK 4U
#define IN_DELIVERY 8U

static void set(bool hardware, int mapped, enum p2m_type is)
{
    memset(&d, 0, sizeof(d));
    memset(&v, 0, sizeof(v));
    d.arch.hardware = hardware;
    v.domain = &d;
    map_device = mapped;
    type = is;
    is_logged = false;
    emulated = EMUL_DONE;
}

/* One access: what of all things has happened, and nothing else? */
static enum outcome access(unsigned int how)
{
    nr_mapped = nr_emulated = nr_filled = nr_faults = nr_crashes = fault = 0;
    exit_memory(&v, 0xfee123, how & WRITE, how & FETCH, how & IN_WALK,
                how & IN_DELIVERY);
    assert_int_equal(nr_mapped, d.arch.hardware);
    assert_in_range(nr_emulated + nr_filled + nr_faults + nr_crashes, 0, 1);
    assert_int_equal(fault, nr_faults ? VECTOR_GP : 0);
    return nr_emulated ? EMULATED : nr_filled ? FILLED : nr_faults ? GP
           : nr_crashes ? CRASHED : GOES_ON;
}

/* Device memory of dom0, which is mapped when it is touched. */
static void test_hardware_domain(void **state)
{
    (void)state;
    set(true, 0, P2M_NONE);
    for ( unsigned int how = 0; how < 16; how++ )
        assert_int_equal(access(how), GOES_ON);
    /* Not what emulation would answer: ones, and writes that vanish. */
    set(true, -ENOMEM, P2M_NONE);
    for ( unsigned int how = 0; how < 16; how++ )
        assert_int_equal(access(how), how & IN_DELIVERY ? CRASHED : GP);
    /* No device is there, and the address may be a local APIC's. */
    set(true, -EPERM, P2M_NONE);
    assert_int_equal(access(WRITE), EMULATED);
    assert_int_equal(access(0), EMULATED);
    /* A guest's address is never dom0's device. */
    set(false, 0, P2M_NONE);
    assert_int_equal(access(0), EMULATED);
}

static void test_no_memory(void **state)
{
    (void)state;
    set(false, 0, P2M_NONE);
    for ( unsigned int how = 0; how < 16; how++ )
        assert_int_equal(access(how),
                         how & IN_DELIVERY ? CRASHED
                         : (how & FETCH) && !(how & IN_WALK) ? GP
                                                             : EMULATED);
}

static void test_memory_by_now(void **state)
{
    static const enum p2m_type readable[] = { P2M_RAM_RO, P2M_GRANT_RO,
                                              P2M_IOREQ };

    (void)state;
    set(false, 0, P2M_POD);
    for ( unsigned int how = 0; how < 16; how++ )
        assert_int_equal(access(how), FILLED);
    set(false, 0, P2M_RAM_RW);
    for ( unsigned int how = 0; how < 16; how++ )
        assert_int_equal(access(how), GOES_ON);
    for ( unsigned int i = 0; i < ARRAY_SIZE(readable); i++ )
    {
        set(false, 0, readable[i]);
        assert_int_equal(access(0), GOES_ON);
        assert_int_equal(access(WRITE), EMULATED);
        is_logged = true; /* it was clean: that alone kept it from writing */
        assert_int_equal(access(WRITE), GOES_ON);
        assert_int_equal(access(0), GOES_ON);
    }
}

/* Only a write may have been kept back by a log. */
static void test_logged(void **state)
{
    (void)state;
    set(false, 0, P2M_NONE);
    is_logged = true;
    assert_int_equal(access(WRITE), GOES_ON);
    assert_int_equal(access(0), EMULATED);
}

/* Page tables in memory that cannot be written: not for ever. */
static void test_stuck_walk(void **state)
{
    (void)state;
    set(false, 0, P2M_RAM_RO);
    emulated = EMUL_RETRY;
    for ( unsigned int rip = 0; rip < 3; rip++ )
    {
        v.arch.hvm.emul.regs.rip = 0x1000 + rip;
        for ( unsigned int i = 0; i < WALK_RETRIES; i++ )
        {
            assert_int_equal(access(WRITE), EMULATED); /* not in a walk */
            assert_int_equal(access(WRITE | IN_WALK), EMULATED);
        }
        nr_faults = nr_emulated = 0;
        exit_memory(&v, 0xfee123, true, false, true, false);
        assert_int_equal(nr_emulated, 1);
        assert_int_equal(nr_faults, 1);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hardware_domain),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_memory_by_now),
        cmocka_unit_test(test_logged),
        cmocka_unit_test(test_stuck_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
