/* SPDX-License-Identifier: MIT */
/*
 * How a PV kernel is entered and left, and what it executes by way of #GP:
 * pv/bounce.c, pv/hypercall.c, pv/privileged.c and pv/run.c.
 *
 * Seen failing with: a frame that is written wherever the stack points; flags of
 * iret as they are in the frame; MOV to CR3 that is tried until it is done; page
 * faults of programs that are taken for the processor's own; iret among the
 * calls that a multicall finds; a vcpu that runs before its segments are loaded,
 * or forgets the flush that it was told; INS of a program to its kernel's memory.
 */
#include <asm/prctl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include "../../xen/arch/x86/pv/bounce.c"
#include "../../xen/arch/x86/pv/hypercall.c"
#include "../../xen/arch/x86/pv/privileged.c"
#define enter enter_ring3 /* bounce.c has one, too */
#include "../../xen/arch/x86/pv/run.c"

/* ---- the machine ---- */

#define RIP 0x400000UL
#define DATA 0x500000UL

static struct vcpu_info info;
static struct pv_roots roots[1];
static struct pv_domain pv_domain = { .roots = roots };
static struct domain domain = { .pv = &pv_domain };
static struct trap_frame regs __attribute__((aligned(16)));
static struct vcpu vcpu = { .domain = &domain };
struct cpu *cpus[MAX_CPUS];
struct page *frame_table;

static bool crashed;
static unsigned int nr_written, nr_roots, nr_ldt;
static uint64_t written_at, written_bytes;
static struct iret on_stack;

void domain_crash(struct domain *d, const char *fmt, ...)
{
    (void)d, (void)fmt;
    crashed = true;
}

int pv_copy_out(struct vcpu *v, uint64_t dst, const void *src, size_t bytes)
{
    (void)v, (void)src;
    if ( !pv_range_ok(dst, bytes) )
        return -EFAULT;
    nr_written++;
    written_at = dst;
    written_bytes = bytes;
    return 0;
}

/* What runs has its instruction there, and 64 bytes of data. */
static const uint8_t *code;
static size_t code_bytes;
static uint8_t data[64];

int pv_read(void *dst, uint64_t src, size_t bytes)
{
    if ( src >= DATA && src + bytes <= DATA + sizeof(data) )
        memcpy(dst, data + src - DATA, bytes);
    else if ( src >= RIP && src < RIP + 64 )
    {
        memset(dst, 0xcc, bytes);
        memcpy(dst, code, min(bytes, code_bytes));
    }
    else
        return -EFAULT;
    return 0;
}

int pv_write(uint64_t dst, const void *src, size_t bytes)
{
    if ( dst < DATA || dst + bytes > DATA + sizeof(data) )
        return -EFAULT;
    memcpy(data + dst - DATA, src, bytes);
    return 0;
}

/* Of the kernel's memory the frame of hypercall iret. */
int pv_copy_in(struct vcpu *v, void *dst, uint64_t src, size_t bytes)
{
    (void)v;
    if ( !pv_range_ok(src, bytes) || bytes != sizeof(on_stack) )
        return -EFAULT;
    memcpy(dst, &on_stack, bytes);
    return 0;
}

static int root_rc;
static bool root_done;

int pv_set_root(struct vcpu *v, mfn_t mfn, bool user, bool *done)
{
    (void)v, (void)mfn, (void)user;
    assert_true(nr_roots++ < 3);
    *done = root_done;
    return root_rc;
}

bool pv_ldt_fault(struct vcpu *v, uint64_t *address)
{
    (void)v, (void)address;
    nr_ldt++;
    return true;
}

static unsigned int nr_flushes, nr_loads;

void pv_load_segments(struct vcpu *v)
{
    assert_false(v->arch.in_guest); /* others may wait for that */
    nr_loads++;
    pv_of(v)->load_again = false;
}

/* What is not reached, or does nothing here. */
#define NOTHING(declaration, ...)                                            \
    declaration                                                              \
    {                                                                        \
        __VA_ARGS__;                                                         \
    }
NOTHING(void pv_swap_gs(struct vcpu *v), (void)v)
NOTHING(void pv_load_cr3(struct vcpu *v), (void)v)
NOTHING(uint64_t pv_gs_base(struct vcpu *v, bool u), (void)v, (void)u; return 0)
NOTHING(uint32_t pv_port_in(const struct vcpu *v, uint16_t p, unsigned int s),
        (void)v, (void)p; return ~0U >> (32 - 8 * s))
NOTHING(void pv_port_out(const struct vcpu *v, uint16_t p, unsigned int s,
                         uint32_t x), (void)v, (void)p, (void)s, (void)x)
NOTHING(bool pv_rdmsr(struct vcpu *v, uint32_t m, uint64_t *x),
        (void)v, (void)m, (void)x; return false)
NOTHING(bool pv_wrmsr(struct vcpu *v, uint32_t m, uint64_t x),
        (void)v, (void)m, (void)x; return false)
#define CALL(name) NOTHING(long name(struct hypercall *hc), (void)hc; return 1)
CALL(do_mmu_update)
CALL(do_mmuext_op)
CALL(do_set_gdt)
CALL(do_update_descriptor)
CALL(do_update_va_mapping)
CALL(do_update_va_mapping_otherdomain)
CALL(pv_physdev_op)
NOTHING(bool arch_hypercall_preempted(void), return false)
uint32_t trace_events;
NOTHING(void trace_record(enum oriel_trace_event e, unsigned int d,
                          unsigned int v, uint64_t a, uint32_t b, uint32_t c),
        (void)e, (void)d, (void)v, (void)a, (void)b, (void)c)
NOTHING(int guest_copy_in(void *d, uint64_t s, size_t n),
        (void)d, (void)s, (void)n; return -EFAULT)
const struct compat_layout compat_of_none;
NOTHING(bool guest_is_32bit(void), return false)
NOTHING(int compat_copy_in(const struct compat_layout *l, void *dst,
                           uint64_t src, size_t nr),
        (void)l, (void)dst, (void)src, (void)nr; return -EFAULT)
NOTHING(void pv_set_gs_base(struct vcpu *v, bool u, uint64_t b),
        (void)v, (void)u, (void)b)
NOTHING(int pv_set_user_gs(struct vcpu *v, uint16_t s),
        (void)v, (void)s; return 0)
NOTHING(struct vcpu *arch_current(void), return &vcpu)
NOTHING(uint64_t fpu_states(void), return 3)
NOTHING(bool xcr0_legal(const struct vcpu *v, uint64_t x),
        (void)v, (void)x; return true)
NOTHING(void cpuid_for_guest(const struct vcpu *v, uint32_t l, uint32_t s,
                             struct cpuid_regs *r),
        (void)v, (void)l, (void)s, (void)r)
NOTHING(void tlb_begin(bool flush), nr_flushes += flush)
NOTHING(void tlb_end(void), )
#ifdef COUNT_STEPS
NOTHING(void budget_begin(void), )
NOTHING(void budget_end(void), )
NOTHING(void budget_renew(void), )
#endif
NOTHING(void trap_interrupt(unsigned int vector), (void)vector)
NOTHING(long hypercall_dispatch(struct hypercall *hc), (void)hc; return 0)
NOTHING(enum ring3_exit ring3_enter(struct trap_frame *f, const bool *p),
        (void)f, (void)p; return RING3_LEFT)
NOTHING(enum pv_pt_write pv_emulate_pt_write(struct vcpu *v, struct pv_regs *r,
                                             uint64_t va),
        (void)v, (void)r, (void)va; return PV_PT_FAULT)
NOTHING(bool vcpu_event_pending(const struct vcpu *v), (void)v; return false)

static int reset(void **state)
{
    (void)state;
    memset(&vcpu.arch, 0, sizeof(vcpu.arch));
    memset(&info, 0, sizeof(info));
    memset(roots, 0, sizeof(roots));
    regs = (struct trap_frame){ .cs = RING3_CS64, .ss = RING3_DS, .rip = RIP };
    vcpu.info = (vcpu_info_ref_t *)&info;
    pv_of(&vcpu)->regs = &regs;
    pv_of(&vcpu)->kernel = true;
    pv_of(&vcpu)->trap[VECTOR_PF].address = 0x1000;
    pv_of(&vcpu)->entry[PV_ENTRY_FAILSAFE].address = 0x2000;
    crashed = false;
    nr_written = nr_roots = nr_ldt = 0;
    return 0;
}

/* ---- addresses ---- */

static void test_ranges(void **state)
{
    static const struct {
        uint64_t va, bytes;
        bool ok;
    } range[] = {
        { 0, 0, true },
        { LOW_CANONICAL_END - 8, 8, true },
        { LOW_CANONICAL_END - 8, 9, false },
        { LOW_CANONICAL_END, 1, false },
        { 1UL << 63, 8, false },
        { HV_VIRT_START - 8, 8, false },
        { HV_VIRT_START, 8, false },
        { HV_VIRT_END - 1, 1, false },
        { HV_VIRT_END - 8, 16, false },
        { HV_VIRT_END, 8, true },
        { -8UL, 7, true },
        { -8UL, 9, false },
        { -1UL, -1UL, false },
        { 0, -1UL, false },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(range); i++ )
        assert_int_equal(pv_range_ok(range[i].va, range[i].bytes),
                         range[i].ok);
}

/* The longest frame, of the failsafe callback, at each edge. */
static void test_xsa_215_stacks(void **state)
{
    static const struct {
        uint64_t sp;
        bool ok;
    } stack[] = {
        { 0x10000, true }, { LOW_CANONICAL_END, true }, { 0, false },
        { 8, false }, { LOW_CANONICAL_END + 16, false }, { 1UL << 63, false },
        { HV_VIRT_START, false }, { HV_VIRT_START + 0x1000, false },
        { HV_VIRT_END, false }, { HV_VIRT_END + 16, false },
        { HV_VIRT_END + 96, true }, { -1UL, true },
    };

    (void)state;
    for ( unsigned int program = 0; program < 2; program++ )
        for ( unsigned int i = 0; i < ARRAY_SIZE(stack); i++ )
        {
            bool ok;

            reset(NULL);
            pv_of(&vcpu)->kernel = !program;
            *(program ? &pv_of(&vcpu)->kernel_sp : &regs.rsp) = stack[i].sp;
            ok = pv_enter_at(&vcpu, PV_ENTRY_FAILSAFE);
            assert_int_equal(ok, stack[i].ok);
            assert_int_equal(crashed, !ok);
            assert_int_equal(nr_written, ok);
            assert_int_equal(regs.rip, ok ? 0x2000 : RIP);
            if ( ok )
                assert_true(pv_range_ok(written_at, written_bytes) &&
                            written_bytes == 11 * 8);
        }
}

/* ---- iret ---- */

/* Whatever the frame says, ring 3 runs with interrupts on and no I/O level. */
static void test_xsa_202_flags(void **state)
{
    (void)state;
    for ( unsigned int bit = 0; bit < 64; bit++ )
        for ( unsigned int set = 0; set < 2; set++ )
        {
            reset(NULL);
            regs.rsp = 0x8000;
            on_stack = (struct iret){ .rflags = set ? 1UL << bit
                                                    : ~(1UL << bit) };
            pv_iret(&vcpu);
            assert_false(crashed);
            assert_true(regs.rflags & RFLAGS_IF);
            assert_false(regs.rflags & (RFLAGS_IOPL | RFLAGS_VM));
            assert_false(regs.rflags & ~RFLAGS_DEFINED);
            assert_int_equal(regs.cs & 3, 3);
            assert_int_equal(regs.ss & 3, 3);
            assert_int_equal(info.evtchn_upcall_mask,
                             !(on_stack.rflags & RFLAGS_IF));
        }
    reset(NULL);
    on_stack = (struct iret){ .cs = 3 };
    pv_iret(&vcpu); /* to a program that has no page tables */
    assert_true(crashed && pv_of(&vcpu)->kernel);
    reset(NULL);
    regs.rsp = HV_VIRT_START;
    pv_iret(&vcpu);
    assert_true(crashed);
}

/* Multicalls find their calls in the table; only SYSCALL's iret is done. */
static void test_xsa_213_iret_in_a_multicall(void **state)
{
    struct hypercall hc = { .nr = __HYPERVISOR_iret };
    struct trap_frame before;

    reset(state);
    regs.rsp = 0x8000;
    on_stack = (struct iret){ .rip = 0x1234, .cs = 3 };
    roots[0].user = (struct page *)&roots;
    before = regs;
    assert_int_equal(arch_pv_hypercall(&hc), -ENOSYS);
    assert_memory_equal(&regs, &before, sizeof(regs));
    assert_true(pv_of(&vcpu)->kernel);
    regs.rax = __HYPERVISOR_iret;
    on_syscall(&vcpu);
    assert_int_equal(regs.rip, 0x1234);
    assert_false(pv_of(&vcpu)->kernel);
}

/* ---- instructions ---- */

static void test_mov_to_cr3_gives_way(void **state)
{
    static const uint8_t mov[] = { 0x0f, 0x22, 0xd8 };
    static const struct {
        int rc;
        bool done, told;
        unsigned int bytes;
    } c[] = {
        { -ERESTART, false, false, 0 }, /* again, when others had the CPU */
        { -ERESTART, true, false, 3 },
        { 0, true, false, 3 },
        { -EINVAL, false, true, 0 },
    };

    code = mov;
    code_bytes = sizeof(mov);
    for ( unsigned int i = 0; i < ARRAY_SIZE(c); i++ )
    {
        reset(state);
        regs.cs = 0x33; /* a 64-bit segment of the machine that tests */
        root_rc = c[i].rc;
        root_done = c[i].done;
        assert_int_equal(pv_emulate_privileged(&vcpu), !c[i].told);
        assert_int_equal(nr_roots, 1);
        assert_int_equal(regs.rip, RIP + c[i].bytes);
    }
}

/*
 * A program that has ports does not have its kernel's memory by way of them.  The
 * port reads as ones.
 */
static void test_string_instructions_of_programs(void **state)
{
    static const uint8_t insb[] = { 0xf3, 0x6c };
    static const struct {
        uint64_t to;
        bool done;
    } c[] = { { DATA + 8, true }, { 0x8000, false } };

    (void)state;
    code = insb;
    code_bytes = sizeof(insb);
    for ( unsigned int i = 0; i < ARRAY_SIZE(c); i++ )
    {
        reset(NULL);
        memset(data, 0, sizeof(data));
        pv_of(&vcpu)->kernel = false;
        pv_of(&vcpu)->iopl = 3;
        regs.cs = 0x33;
        regs.rdi = c[i].to;
        regs.rcx = 1;
        assert_int_equal(pv_emulate_privileged(&vcpu), c[i].done);
        assert_int_equal(nr_written, 0);
        assert_int_equal(data[8], c[i].done ? 0xff : 0);
        assert_int_equal(regs.rip, c[i].done ? RIP + sizeof(insb) : RIP);
    }
}

/* ---- page faults ---- */

/* Only accesses of the processor's own are for pages of the LDT. */
static void test_faults_of_programs(void **state)
{
    reset(state);
    regs.error = 0;
    on_page_fault(&vcpu, HV_VIRT_START + 0x1000);
    assert_int_equal(nr_ldt, 1);
    assert_int_equal(regs.rip, RIP);
    regs.rsp = 0x8000;
    regs.error = PF_PRESENT | PF_USER;
    on_page_fault(&vcpu, HV_VIRT_START + 0x1000);
    assert_int_equal(nr_ldt, 1);
    assert_int_equal(regs.rip, 0x1000);
    assert_int_equal(info.arch.cr2, HV_VIRT_START + 0x1000);
    assert_int_equal(regs.error, PF_PRESENT); /* it was the kernel */
}

/* Its LDT's pages are looked for again, and it runs at a later call. */
static void test_segments_are_loaded_first(void **state)
{
    static struct cpu cpu = { .self = &cpu };

    (void)state;
    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, &cpu), 0);
    pv_of(&vcpu)->load_again = pv_of(&vcpu)->refused = true;
    vcpu.arch.in_guest = true;
    pv_run(&vcpu, true);
    assert_false(vcpu.arch.in_guest || crashed);
    assert_int_equal(nr_loads, 1);
    assert_int_equal(nr_flushes, 1);
    assert_int_equal(nr_written, 0); /* the kernel is not told */
    assert_int_not_equal(cpu.busy_since, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ranges, reset),
        cmocka_unit_test_setup(test_xsa_215_stacks, reset),
        cmocka_unit_test_setup(test_xsa_202_flags, reset),
        cmocka_unit_test_setup(test_xsa_213_iret_in_a_multicall, reset),
        cmocka_unit_test_setup(test_mov_to_cr3_gives_way, reset),
        cmocka_unit_test_setup(test_string_instructions_of_programs, reset),
        cmocka_unit_test_setup(test_faults_of_programs, reset),
        cmocka_unit_test_setup(test_segments_are_loaded_first, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
