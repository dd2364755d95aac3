/* SPDX-License-Identifier: MIT */
/*
 * Exits from an engine: port I/O, memory that is not mapped in the engine,
 * CPUID, hypercalls, exceptions and HLT.
 *
 * I/O is done in the engine's callbacks: the thread leaves guest mode, waits
 * for the device model and continues in the middle of the instruction.  Every
 * other exit stops the engine and is handled afterwards.
 *
 * The engine splits an I/O access of 8 bytes into two of 4.  A hook that the
 * engine calls before each access announces size and value; the callback of the
 * first half does the whole access, that of the second half returns its part of
 * the answer.
 */
#include <hv/cpu-policy.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/trace.h>

#include <xen/arch-x86/cpuid.h>
#include <xen/sched.h>

#include "engine-private.h"

#define DEBUG_CONSOLE 0xe9
#define LATE 10000 /* accesses: more than any block makes by itself */

/* ---- I/O ---- */

/* Wait for the answer to the request in flight: false at the vcpu's end. */
static bool await_answer(struct hosted_vcpu *h, ioreq_t *p)
{
    for ( ;; )
    {
        engine_unkick(h);
        if ( ioreq_resume(h->v, p) == IO_DONE )
            return true;
        if ( !engine_wait(h) )
            return false;
    }
}

void exits_trace(struct hosted_vcpu *h, enum oriel_exit_reason reason)
{
    bool wanted = trace_wants(ORIEL_TRACE_exit);

    trace_exit(h->v, reason, wanted ? engine_reg(h, UC_X86_REG_RIP) : 0, 0);
}

/* One access; returns the value of a read. */
static uint64_t do_io(struct hosted_vcpu *h, ioreq_t *p)
{
    const ioreq_t original = *p;
    uint64_t value;

    if ( READ_ONCE(h->terminate) ) /* the rest of its last block */
        return ~0UL;
    exits_trace(h, p->type == IOREQ_TYPE_PIO ? ORIEL_EXIT_port
                                             : ORIEL_EXIT_memory);
    for ( ;; )
    {
        enum io_result r;

        engine_leave(h);
        r = ioreq_send(h->v, p);
        if ( r == IO_PENDING && !await_answer(h, p) )
            p->data = ~0UL;
        if ( !engine_return(h) )
            return ~0UL;
        if ( r != IO_RETRY )
            return p->data;
        *p = original;
        value = p->data;
        if ( p->type == IOREQ_TYPE_COPY &&
             space_access(h, p->addr, p->size, p->dir == IOREQ_WRITE, &value) )
            return value;
    }
}

static uint32_t port_in(uc_engine *uc, uint32_t port, int size, void *arg)
{
    ioreq_t p = { .type = IOREQ_TYPE_PIO, .dir = IOREQ_READ, .addr = port,
                  .size = (uint32_t)size, .count = 1 };

    (void)uc;
    return (uint32_t)do_io(arg, &p);
}

static void port_out(uc_engine *uc, uint32_t port, int size, uint32_t value,
                     void *arg)
{
    ioreq_t p = { .type = IOREQ_TYPE_PIO, .dir = IOREQ_WRITE, .addr = port,
                  .size = (uint32_t)size, .count = 1 };
    struct hosted_vcpu *h = arg;

    (void)uc;
    p.data = size == 4 ? value : value & ((1U << size * 8) - 1);
    if ( port == DEBUG_CONSOLE && size == 1 )
    {
        exits_trace(h, ORIEL_EXIT_port);
        domain_console_putc(h->v->domain, (char)value);
        trace(ORIEL_TRACE_enter, h->v, 0, 0, 0);
    }
    else
        do_io(h, &p);
}

static uint64_t memory_io(struct hosted_vcpu *h, uint64_t gpa,
                          unsigned int size, bool write, uint64_t value)
{
    ioreq_t p = { .type = IOREQ_TYPE_COPY, .addr = gpa, .data = value,
                  .size = size, .count = 1 };

    if ( space_access(h, gpa, size, write, &value) )
        return value;
    p.dir = write ? IOREQ_WRITE : IOREQ_READ;
    return do_io(h, &p);
}

/*
 * The hook at the start of a block stops the engine, but a string instruction
 * repeats without a new block.  It can also be stopped here; another
 * instruction cannot be stopped between two of its accesses.
 */
static void stop_long_instruction(struct hosted_vcpu *h, uc_engine *uc)
{
    if ( ++h->late < LATE )
        return;
    h->late = 0;
    h->reason = EXIT_KICK;
    uc_emu_stop(uc);
}

static void before_access(uc_engine *uc, uc_mem_type type, uint64_t va,
                          int size, int64_t value, void *arg)
{
    struct hosted_vcpu *h = arg;

    if ( unlikely(READ_ONCE(h->kicked)) || unlikely(READ_ONCE(h->terminate)) ||
         unlikely(turn_wanted(&machine_turns)) )
        stop_long_instruction(h, uc);
    h->access = (struct access){ va, (uint64_t)value, (unsigned int)size,
                                 type == UC_MEM_WRITE, true };
    h->half.valid = false;
}

/* The first half of an announced access of 8 bytes? */
static bool first_half(const struct hosted_vcpu *h, uint64_t gpa,
                       unsigned int size, bool write)
{
    const struct access *a = &h->access;

    return a->valid && a->size == 8 && size == 4 && a->write == write &&
           !(a->va & 7) && (a->va & ~PAGE_MASK) == (gpa & ~PAGE_MASK);
}

static bool second_half(struct hosted_vcpu *h, uint64_t gpa,
                        unsigned int size, bool write)
{
    bool is = h->half.valid && h->half.va == gpa && size == 4 &&
              h->half.write == write;

    h->half.valid = false;
    return is;
}

uint64_t exits_mmio_read(uc_engine *uc, uint64_t offset, unsigned int size,
                         void *arg)
{
    const struct region *r = arg;
    struct hosted_vcpu *h = r->vcpu;
    uint64_t gpa = (r->gfn << PAGE_SHIFT) + offset, value;

    (void)uc;
    if ( second_half(h, gpa, size, false) )
        return h->half.value;
    if ( !first_half(h, gpa, size, false) )
        return memory_io(h, gpa, size, false, 0);
    value = memory_io(h, gpa, 8, false, 0);
    h->half = (struct access){ gpa + 4, value >> 32, 4, false, true };
    return (uint32_t)value;
}

void exits_mmio_write(uc_engine *uc, uint64_t offset, unsigned int size,
                      uint64_t value, void *arg)
{
    const struct region *r = arg;
    struct hosted_vcpu *h = r->vcpu;
    uint64_t gpa = (r->gfn << PAGE_SHIFT) + offset;

    (void)uc;
    if ( second_half(h, gpa, size, true) )
        return;
    if ( size < 8 )
        value &= (1UL << size * 8) - 1;
    if ( first_half(h, gpa, size, true) )
    {
        memory_io(h, gpa, 8, true, h->access.value);
        h->half = (struct access){ gpa + 4, 0, 4, true, true };
    }
    else
        memory_io(h, gpa, size, true, value);
}

/* ---- CPUID, invalid instructions, exceptions ---- */

static int on_cpuid(uc_engine *uc, void *arg)
{
    struct hosted_vcpu *h = arg;
    struct cpuid_regs r;

    (void)uc;
    exits_trace(h, ORIEL_EXIT_cpuid);
    cpuid_for_guest(h->v, (uint32_t)engine_reg(h, UC_X86_REG_RAX),
                    (uint32_t)engine_reg(h, UC_X86_REG_RCX), &r);
    if ( engine_reg(h, UC_X86_REG_RAX) == XEN_CPUID_LEAF(2) )
        hypercall_page_offer(h, &r.b);
    engine_set_reg(h, UC_X86_REG_RAX, r.a);
    engine_set_reg(h, UC_X86_REG_RBX, r.b);
    engine_set_reg(h, UC_X86_REG_RCX, r.c);
    engine_set_reg(h, UC_X86_REG_RDX, r.d);
    trace(ORIEL_TRACE_enter, h->v, 0, 0, 0);
    return 1; /* handled: the engine skips the instruction */
}

static bool on_invalid(uc_engine *uc, void *arg)
{
    struct hosted_vcpu *h = arg;

    h->reason = EXIT_INVALID;
    uc_emu_stop(uc);
    return true;
}

static void on_exception(uc_engine *uc, uint32_t vector, void *arg)
{
    struct hosted_vcpu *h = arg;

    h->reason = EXIT_EXCEPTION;
    h->vector = vector;
    uc_emu_stop(uc);
}

uc_err exits_install(struct hosted_vcpu *h)
{
    uc_engine *uc = h->uc;
    uc_hook hook;
    uc_err err;

    err = uc_hook_add(uc, &hook, UC_HOOK_INSN, (void *)port_in, h, 1, 0,
                      UC_X86_INS_IN);
    if ( !err )
        err = uc_hook_add(uc, &hook, UC_HOOK_INSN, (void *)port_out, h, 1, 0,
                          UC_X86_INS_OUT);
    if ( !err )
        err = uc_hook_add(uc, &hook, UC_HOOK_INSN, (void *)on_cpuid, h, 1, 0,
                          UC_X86_INS_CPUID);
    if ( !err )
        err = uc_hook_add(uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
                          (void *)before_access, h, 1, 0);
    if ( !err )
        err = uc_hook_add(uc, &hook, UC_HOOK_INSN_INVALID, (void *)on_invalid,
                          h, 1, 0);
    if ( !err )
        err = uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)on_exception, h, 1,
                          0);
    return err;
}

/* ---- after the engine stopped ---- */

static long hypercall_64(struct hosted_vcpu *h)
{
    struct hypercall hc = {
        .nr = engine_reg(h, UC_X86_REG_RAX),
        .a = { engine_reg(h, UC_X86_REG_RDI), engine_reg(h, UC_X86_REG_RSI),
               engine_reg(h, UC_X86_REG_RDX), engine_reg(h, UC_X86_REG_R10),
               engine_reg(h, UC_X86_REG_R8), engine_reg(h, UC_X86_REG_R9) },
    };

    return hypercall_run(&hc);
}

static long hypercall_32(struct hosted_vcpu *h)
{
    struct hypercall hc = {
        .nr = engine_reg(h, UC_X86_REG_RAX),
        .a = { engine_reg(h, UC_X86_REG_RBX), engine_reg(h, UC_X86_REG_RCX),
               engine_reg(h, UC_X86_REG_RDX), engine_reg(h, UC_X86_REG_RSI),
               engine_reg(h, UC_X86_REG_RDI) },
    };

    return (uint32_t)hypercall_run_32(&hc);
}

static void hypercall(struct hosted_vcpu *h)
{
    long rc;

    if ( engine_reg(h, UC_X86_REG_CS) & 3 )
        rc = -EPERM;
    else if ( guest_is_64bit(h) )
        rc = hypercall_64(h);
    else
        rc = hypercall_32(h);
    engine_set_reg(h, UC_X86_REG_RAX, (uint64_t)rc);
}

#define HYPERCALL_BYTES 3

/* VMCALL or VMMCALL is what it stands at. */
static bool at_hypercall(struct hosted_vcpu *h)
{
    uint8_t code[HYPERCALL_BYTES];

    return !guest_virt_copy(h, engine_reg(h, UC_X86_REG_RIP), code,
                            sizeof(code), false) &&
           code[0] == 0x0f && code[1] == 0x01 &&
           (code[2] == 0xc1 || code[2] == 0xd9);
}

static void invalid_instruction(struct hosted_vcpu *h)
{
    uint64_t rip = engine_reg(h, UC_X86_REG_RIP);

    if ( at_hypercall(h) )
    {
        hypercall(h);
        engine_set_reg(h, UC_X86_REG_RIP, rip + HYPERCALL_BYTES);
    }
    else
        inject_exception(h, VECTOR_UD);
}

static void halted(struct hosted_vcpu *h)
{
    struct domain *d = h->v->domain;

    if ( engine_reg(h, UC_X86_REG_RFLAGS) & RFLAGS_IF )
    {
        vcpu_block(h->v);
        return;
    }
    /* HLT with interrupts off: no event can wake the vcpu; it goes offline. */
    vcpu_down(h->v);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && !(READ_ONCE(v->flags) & VCPU_DOWN) )
            return;
    }
    domain_shutdown(d, SHUTDOWN_poweroff);
}

void exits_handle(struct hosted_vcpu *h)
{
    switch ( h->reason )
    {
    case EXIT_INVALID:
        invalid_instruction(h);
        break;
    case EXIT_EXCEPTION:
        inject_exception(h, h->vector);
        break;
    case EXIT_HYPERCALL_PAGE:
        hypercall_page_make(h);
        break;
    case EXIT_FAR_RETURN:
        real_mode_return_finish(h);
        break;
    default:
        halted(h);
        break;
    }
}

enum oriel_exit_reason exits_reason(struct hosted_vcpu *h, uc_err err)
{
    if ( err )
        return err == UC_ERR_FETCH_UNMAPPED || err == UC_ERR_FETCH_PROT
                   ? ORIEL_EXIT_exception : ORIEL_EXIT_other;
    switch ( h->reason )
    {
    case EXIT_KICK:
        return ORIEL_EXIT_interrupt;
    case EXIT_INVALID:
        return at_hypercall(h) ? ORIEL_EXIT_hypercall : ORIEL_EXIT_exception;
    case EXIT_EXCEPTION:
        return ORIEL_EXIT_exception;
    case EXIT_HYPERCALL_PAGE:
        return ORIEL_EXIT_msr;
    case EXIT_FAR_RETURN:
        return ORIEL_EXIT_other;
    default:
        return ORIEL_EXIT_halt;
    }
}
