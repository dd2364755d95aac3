/* SPDX-License-Identifier: MIT */
/*
 * A guest's ports and memory-mapped devices: what the hypervisor emulates
 * (platform.c), and what goes to a device model as an ioreq.
 *
 * An access that has to wait leaves in v->arch.hvm.io_completion how to go on:
 *
 *   exit_port, exit_memory --> done
 *        |                       ^
 *        +--IO_PENDING--> wait --+ io_resume(), when the answer is there
 */
#include <hv/domain.h>
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/dom0.h>
#include <x86/hvm.h>
#include <x86/hvm-vendor.h>

#include "emul-regs.h"

#define WALK_RETRIES 16

/* ---- one access ---- */

static enum io_result guest_io(void *arg, ioreq_t *p)
{
    struct vcpu *v = arg;

    enum io_result result;

    if ( p->type == IOREQ_TYPE_PIO ? platform_port(v, p, &result)
                                   : platform_memory(v, p, &result) )
        return result;
    return ioreq_send(v, p);
}

/* ---- the emulator's view of memory ---- */

static bool is_read_only(enum p2m_type t)
{
    return t == P2M_RAM_RO || t == P2M_GRANT_RO;
}

/* Writes to read-only memory are dropped, those to claimed memory are I/O. */
static bool write_phys(void *arg, uint64_t gpa, const void *buf,
                       unsigned int bytes)
{
    struct vcpu *v = arg;

    return guest_write_phys(v, gpa, buf, bytes) ||
           is_read_only(p2m_lookup(v->domain, _gfn(gpa >> PAGE_SHIFT)).type);
}

#define CMPXCHG(type, p, old, new)                                           \
    ({                                                                       \
        type expected = (type)*(old);                                        \
                                                                             \
        atomic_cmpxchg((type *)(p), &expected, (type)(new));                 \
        *(old) = expected;                                                   \
    })

static bool cmpxchg_phys(void *arg, uint64_t gpa, uint64_t *old, uint64_t new,
                         unsigned int bytes)
{
    struct vcpu *v = arg;
    enum p2m_type type;
    struct page *pg = p2m_get_page(v->domain, _gfn(gpa >> PAGE_SHIFT), &type);
    bool ok = pg && p2m_is_writable(type) && type != P2M_IOREQ;
    char *p;

    if ( ok )
    {
        p = (char *)page_to_virt(pg) + (gpa & ~PAGE_MASK);
        switch ( bytes )
        {
        case 1:
            CMPXCHG(uint8_t, p, old, new);
            break;
        case 2:
            CMPXCHG(uint16_t, p, old, new);
            break;
        case 4:
            CMPXCHG(uint32_t, p, old, new);
            break;
        default:
            CMPXCHG(uint64_t, p, old, new);
            break;
        }
        log_dirty_mark(v->domain, gpa >> PAGE_SHIFT);
    }
    if ( pg )
        page_put(pg);
    return ok;
}

static bool is_ram(void *arg, uint64_t gpa, bool write)
{
    struct vcpu *v = arg;
    enum p2m_type t = p2m_lookup(v->domain, _gfn(gpa >> PAGE_SHIFT)).type;

    if ( t == P2M_POD ) /* has a frame when it is accessed */
        return true;
    return write ? p2m_is_writable(t) && t != P2M_IOREQ : p2m_has_page(t);
}

static const struct emul_ops ops = {
    .io = guest_io,
    .read_phys = guest_read_phys,
    .write_phys = write_phys,
    .cmpxchg_phys = cmpxchg_phys,
    .is_ram = is_ram,
    EMUL_REGISTER_OPS
};

void io_vcpu_init(struct vcpu *v)
{
    v->arch.hvm.emul.ops = &ops;
    v->arch.hvm.emul.arg = v;
}

/* ---- the emulator's results ---- */

/*
 * What cannot be done with a device is the guest's mistake, perhaps of a user
 * program in it.  People hear of the first one.
 */
static void refuse(struct vcpu *v, const char *what)
{
    if ( !v->arch.hvm.warned )
        guest_printk(v->domain, XENLOG_WARNING, "d%uv%u: %s, rip %lx: #GP\n",
                     v->domain->domain_id, v->vcpu_id, what,
                     (unsigned long)v->arch.hvm.emul.regs.rip);
    v->arch.hvm.warned = true;
    vendor->inject_exception(v, VECTOR_GP, true, 0);
}

static void refuse_insn(struct vcpu *v)
{
    const struct emul *e = &v->arch.hvm.emul;
    char text[16 + 3 * EMUL_MAX_INSN + 1] = "cannot execute ";

    for ( unsigned int i = 0; i < e->nr_code; i++ )
        hv_snprintf(text + 15 + 3 * i, 4, "%02x ", e->code[i]);
    refuse(v, text);
}

static void finish(struct vcpu *v, enum emul_result r)
{
    struct emul *e = &v->arch.hvm.emul;

    v->arch.hvm.io_completion = IO_COMPLETE_NOTHING;
    switch ( r )
    {
    case EMUL_DONE:
    case EMUL_RETRY: /* what the registers are now is what goes on */
        break;
    case EMUL_PENDING:
        v->arch.hvm.io_completion = IO_COMPLETE_EMULATE;
        break;
    case EMUL_EXCEPTION:
        if ( e->vector == VECTOR_PF )
            vendor->inject_page_fault(v, e->error, e->cr2);
        else
            vendor->inject_exception(v, e->vector, e->has_error, e->error);
        break;
    case EMUL_UNHANDLEABLE:
        refuse_insn(v);
        break;
    }
}

/* ---- exits ---- */

/* The rest of a register of which 1 or 2 bytes are read stays. */
static void port_done(struct vcpu *v, const ioreq_t *p)
{
    uint64_t *rax = &v->arch.hvm.emul.regs.gpr[EMUL_RAX];

    if ( p->dir != IOREQ_READ )
        return;
    if ( p->size == 4 )
        *rax = (uint32_t)p->data;
    else if ( p->size == 2 )
        *rax = (*rax & ~0xffffUL) | (uint16_t)p->data;
    else
        *rax = (*rax & ~0xffUL) | (uint8_t)p->data;
}

bool exit_port(struct vcpu *v, uint16_t port, unsigned int size, bool in,
               unsigned int len)
{
    const struct emul_regs *regs = &v->arch.hvm.emul.regs;
    ioreq_t p = { .type = IOREQ_TYPE_PIO, .addr = port, .size = size,
                  .count = 1, .dir = in ? IOREQ_READ : IOREQ_WRITE };

    if ( !in )
        p.data = size == 4 ? (uint32_t)regs->gpr[EMUL_RAX]
                           : regs->gpr[EMUL_RAX] & ((1U << size * 8) - 1);
    switch ( guest_io(v, &p) )
    {
    case IO_DONE:
    case IO_UNHANDLED:
        port_done(v, &p);
        return true;
    case IO_PENDING:
        v->arch.hvm.port_len = (uint8_t)len;
        v->arch.hvm.io_completion = IO_COMPLETE_PORT;
        break;
    case IO_RETRY:
        break;
    }
    return false;
}

void exit_port_string(struct vcpu *v, uint16_t port, unsigned int size,
                      bool in)
{
    vendor->fill_regs(v);
    finish(v, emul_port_string(&v->arch.hvm.emul, port, size, in));
}

/*
 * The emulator could not take the walk over: the instruction makes no access
 * but that of its own bytes.  Races with other vcpus end; this does not.
 */
static bool walk_is_stuck(struct vcpu *v)
{
    if ( v->arch.hvm.walk_rip != v->arch.hvm.emul.regs.rip )
    {
        v->arch.hvm.walk_rip = v->arch.hvm.emul.regs.rip;
        v->arch.hvm.walk_retries = 0;
    }
    return ++v->arch.hvm.walk_retries > WALK_RETRIES;
}

void exit_memory(struct vcpu *v, uint64_t gpa, bool write, bool fetch,
                 bool in_walk, bool in_delivery)
{
    struct domain *d = v->domain;
    int rc = d->arch.hardware ? dom0_map_device(d, gpa) : -EPERM;
    enum emul_result result;
    enum p2m_type t;

    if ( !rc || (write && log_dirty_fault(d, gpa >> PAGE_SHIFT)) )
        return;
    t = p2m_lookup(d, _gfn(gpa >> PAGE_SHIFT)).type;
    if ( t == P2M_POD )
    {
        (void)p2m_pod_fault(d, _gfn(gpa >> PAGE_SHIFT));
        return;
    }
    /* Somebody mapped it meanwhile, or made it writable. */
    if ( t == P2M_MMIO_DIRECT ||
         (p2m_has_page(t) &&
          (!write || (t != P2M_IOREQ && !is_read_only(t)))) )
        return;
    if ( in_delivery ) /* no device can take a part in that */
    {
        domain_crash(d, "vcpu %u: an event at rip %lx needs address %lx, "
                     "where no memory is", v->vcpu_id,
                     (unsigned long)v->arch.hvm.emul.regs.rip,
                     (unsigned long)gpa);
        return;
    }
    if ( rc == -ENOMEM ) /* not ones for what the device has there */
    {
        refuse(v, "no memory to map the device that it touches");
        return;
    }
    if ( fetch && !in_walk )
    {
        refuse(v, "executes where there is no memory");
        return;
    }
    vendor->fill_regs(v);
    result = emulate(&v->arch.hvm.emul);
    if ( unlikely(in_walk) && result == EMUL_RETRY && walk_is_stuck(v) )
    {
        v->arch.hvm.walk_retries = 0;
        refuse(v, "its page tables cannot be written");
        return;
    }
    finish(v, result);
}

void exit_insn(struct vcpu *v)
{
    vendor->fill_regs(v);
    finish(v, emulate(&v->arch.hvm.emul));
}

bool io_resume(struct vcpu *v)
{
    enum io_completion wait = v->arch.hvm.io_completion;
    ioreq_t answer;

    if ( ioreq_resume(v, &answer) != IO_DONE )
        return false;
    v->arch.hvm.io_completion = IO_COMPLETE_NOTHING;
    if ( wait == IO_COMPLETE_PORT )
    {
        port_done(v, &answer);
        vendor->advance(v, v->arch.hvm.port_len);
    }
    else if ( wait == IO_COMPLETE_EMULATE )
    {
        emul_answer(&v->arch.hvm.emul, answer.data);
        finish(v, emulate(&v->arch.hvm.emul));
    }
    return !ioreq_in_flight(v);
}
