/* SPDX-License-Identifier: MIT */
/*
 * Instructions that fault in ring 3 and that a PV kernel executes all the same:
 * ports, MSRs, control and debug registers, CLTS, WBINVD, XSETBV; and CPUID
 * behind the prefix that asks for the hypervisor's answer.
 *
 * Programs have ports only, where their kernel allowed them.
 */
#include "pv.h"

#include <emul/control-regs.h>
#include <hv/cpu-policy.h>

#include <x86/fpu.h>

#define MAX_BYTES 15
#define LAR_LONG X86_BIT32(21)
#define STRING_STEPS 64 /* of REP INS and OUTS, until the next look around */

struct insn {
    struct vcpu *v;
    struct trap_frame *r;
    uint8_t bytes[MAX_BYTES];
    unsigned int nr, at;   /* bytes that could be read, decoded of them */
    bool wide, narrow, rep, other_segment;
    bool undefined;        /* #UD, not #GP                   */
    bool again;            /* not over: to be executed again */
    uint8_t rex;
    uint64_t segment_base; /* of FS or GS */
};

/* ---- decoding ---- */

static void fetch(struct insn *i)
{
    uint64_t rest = PAGE_SIZE - (i->r->rip & ~PAGE_MASK);
    unsigned int first = (unsigned int)min(rest, (uint64_t)MAX_BYTES);

    if ( pv_read(i->bytes, i->r->rip, first) )
        return;
    i->nr = first;
    if ( first < MAX_BYTES &&
         !pv_read(i->bytes + first, i->r->rip + first, MAX_BYTES - first) )
        i->nr = MAX_BYTES;
}

/* The next byte; -1: there is none. */
static int next(struct insn *i)
{
    return i->at < i->nr ? i->bytes[i->at++] : -1;
}

static int prefixes(struct insn *i)
{
    for ( ;; )
    {
        int b = next(i);

        switch ( b )
        {
        case 0x66:
            i->narrow = true;
            break;
        case 0xf2:
        case 0xf3:
            i->rep = true;
            break;
        case 0x64:
            i->other_segment = true;
            i->segment_base = rdmsr(MSR_FS_BASE);
            break;
        case 0x65:
            i->other_segment = true;
            i->segment_base = pv_gs_base(i->v, !pv_of(i->v)->kernel);
            break;
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x26:
            break;
        default:
            if ( (b & 0xf0) != 0x40 || b < 0 )
                return b;
            i->rex = (uint8_t)b;
            i->wide = b & 8;
            return next(i);
        }
    }
}

/* ---- ports ---- */

/* A kernel has privilege level 1 here, so it needs an I/O level of 1. */
static bool ports_allowed(struct vcpu *v)
{
    const struct pv_vcpu *p = pv_of(v);

    return p->iopl >= (p->kernel ? 1 : 3);
}

static bool port_insn(struct insn *i, unsigned int op)
{
    unsigned int size = !(op & 1) ? 1 : i->narrow ? 2 : 4;
    uint16_t port = (uint16_t)i->r->rdx;
    uint64_t keep = size == 4 ? 0 : ~0UL << (8 * size);
    int b;

    if ( !(op & 8) ) /* the port is in the instruction */
    {
        b = next(i);
        if ( b < 0 )
            return false;
        port = (uint16_t)b;
    }
    if ( !ports_allowed(i->v) )
        return false;
    if ( op & 2 )
        pv_port_out(i->v, port, size, (uint32_t)i->r->rax);
    else
        i->r->rax = (i->r->rax & keep) | pv_port_in(i->v, port, size);
    return true;
}

/* One element; false: the memory is not there. */
static bool string_step(struct insn *i, bool out, unsigned int size)
{
    uint16_t port = (uint16_t)i->r->rdx;
    uint64_t step = i->r->rflags & RFLAGS_DF ? -(uint64_t)size : size;
    uint32_t value = 0;

    if ( out )
    {
        if ( pv_read(&value, i->r->rsi + i->segment_base, size) )
            return false;
        pv_port_out(i->v, port, size, value);
        i->r->rsi += step;
    }
    else
    {
        value = pv_port_in(i->v, port, size);
        if ( pv_write(i->r->rdi, &value, size) )
            return false;
        i->r->rdi += step;
    }
    return true;
}

static bool string_insn(struct insn *i, unsigned int op)
{
    unsigned int size = !(op & 1) ? 1 : i->narrow ? 2 : 4;

    if ( i->rep && !i->r->rcx )
        return true; /* no port is accessed */
    if ( !ports_allowed(i->v) )
        return false;
    for ( unsigned int n = 0; n < STRING_STEPS; n++ )
    {
        if ( i->rep && !i->r->rcx )
            return true;
        if ( !string_step(i, op & 2, size) )
            return false;
        if ( !i->rep )
            return true;
        i->r->rcx--;
    }
    i->again = i->r->rcx;
    return true;
}

/* ---- registers ---- */

static bool read_cr(struct insn *i, unsigned int nr, uint64_t *value)
{
    struct vcpu *v = i->v;

    switch ( nr )
    {
    case 0:
        *value = (read_cr0() & ~CR0_TS) | (pv_of(v)->ts ? CR0_TS : 0);
        return true;
    case 2:
        *value = v->info->arch.cr2;
        return true;
    case 3:
        *value = mfn_x(page_to_mfn(v->domain->pv->roots[v->vcpu_id].kernel))
                 << PAGE_SHIFT;
        return true;
    case 4:
        *value = pv_of(v)->cr4;
        return true;
    default:
        return false;
    }
}

/* The bits of CR4 that are as a kernel sets them; all others stay as they are. */
#define CR4_OF_KERNEL (CR4_OSXSAVE | PV_CR4_LIVE)

static bool write_cr(struct insn *i, unsigned int nr, uint64_t value)
{
    struct vcpu *v = i->v;
    bool done;
    int rc;

    switch ( nr )
    {
    case 0:
        if ( (value ^ read_cr0()) & ~CR0_TS )
            return false;
        pv_of(v)->ts = value & CR0_TS;
        return true;
    case 2:
        v->info->arch.cr2 = value;
        return true;
    case 3:
        rc = pv_set_root(v, _mfn(value >> PAGE_SHIFT), false, &done);
        i->again = rc == -ERESTART && !done;
        return !rc || rc == -ERESTART;
    case 4:
        value = (value & CR4_OF_KERNEL) | (pv_of(v)->cr4 & ~CR4_OF_KERNEL);
        pv_of(v)->cr4 = value;
        pv_load_cr4(value);
        return true;
    default:
        return false;
    }
}

static bool cr_insn(struct insn *i, unsigned int op)
{
    int modrm = next(i);
    unsigned int nr = (modrm >> 3 & 7) | (i->rex & 4 ? 8 : 0);
    uint64_t *reg = pv_gpr(i->r, (modrm & 7) | (i->rex & 1 ? 8 : 0));
    bool debug = op & 1;

    if ( modrm < 0 )
        return false;
    i->undefined = debug && nr > 7;
    if ( op & 2 )
        return debug ? !pv_set_dr(i->v, nr, *reg) : write_cr(i, nr, *reg);
    return debug ? !pv_get_dr(i->v, nr, reg) : read_cr(i, nr, reg);
}

static bool msr_insn(struct insn *i, bool write)
{
    struct trap_frame *r = i->r;
    uint64_t value = r->rdx << 32 | (uint32_t)r->rax;

    if ( write )
        return pv_wrmsr(i->v, (uint32_t)r->rcx, value);
    if ( !pv_rdmsr(i->v, (uint32_t)r->rcx, &value) )
        return false;
    r->rax = (uint32_t)value;
    r->rdx = value >> 32;
    return true;
}

static bool xsetbv_insn(struct insn *i)
{
    uint64_t value = i->r->rdx << 32 | (uint32_t)i->r->rax;

    if ( next(i) != 0xd1 )
        return false;
    i->undefined = !(pv_of(i->v)->cr4 & CR4_OSXSAVE);
    if ( i->undefined || (uint32_t)i->r->rcx || (value & ~fpu_states()) ||
         !xcr0_legal(i->v, value) )
        return false;
    xsetbv0(value);
    return true;
}

static bool two_byte(struct insn *i)
{
    int op = next(i);
    uint64_t time;

    switch ( op )
    {
    case 0x01:
        return xsetbv_insn(i);
    case 0x06: /* CLTS */
        pv_of(i->v)->ts = false;
        return true;
    case 0x09: /* WBINVD */
        if ( i->v->domain->arch.hardware )
            __asm__ volatile ( "wbinvd" ::: "memory" );
        return true;
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
        return cr_insn(i, (unsigned int)op);
    case 0x31: /* RDTSC: CR4.TSD is for programs */
        time = rdtsc();
        i->r->rax = (uint32_t)time;
        i->r->rdx = time >> 32;
        return true;
    case 0x30:
    case 0x32:
        return msr_insn(i, op == 0x30);
    default:
        return false;
    }
}

static bool execute(struct insn *i, int op)
{
    switch ( op )
    {
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x6f:
        return string_insn(i, (unsigned int)op);
    case 0xe4:
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xec:
    case 0xed:
    case 0xee:
    case 0xef:
        return port_insn(i, (unsigned int)op);
    case 0xfa: /* CLI, STI: nothing, where they are allowed */
    case 0xfb:
        return ports_allowed(i->v);
    case 0x0f:
        return pv_of(i->v)->kernel && two_byte(i);
    default:
        return false;
    }
}

/* Ring 3's CS, in the descriptor tables that this CPU has now. */
static bool is_64bit(const struct trap_frame *r)
{
    uint32_t access = 0;

    __asm__ ( "lar %1, %0" : "+r" (access) : "r" ((uint32_t)r->cs) : "cc" );
    return access & LAR_LONG;
}

bool pv_emulate_privileged(struct vcpu *v)
{
    struct insn i = { .v = v, .r = pv_of(v)->regs };

    if ( !is_64bit(i.r) )
        return false;
    fetch(&i);
    if ( !execute(&i, prefixes(&i)) )
        return i.undefined && pv_enter_trap(v, VECTOR_UD);
    if ( !i.again )
        i.r->rip += i.at;
    i.r->rflags &= ~RFLAGS_RF;
    return true;
}

/* ---- CPUID ---- */

static void cpuid_of(struct vcpu *v, struct trap_frame *r)
{
    uint32_t leaf = (uint32_t)r->rax, subleaf = (uint32_t)r->rcx, a, c, d;
    struct cpuid_regs out;

    cpuid_for_guest(v, leaf, subleaf, &out);
    if ( leaf == 1 )
        out.c = (out.c & ~CPUID_1C_OSXSAVE) |
                (pv_of(v)->cr4 & CR4_OSXSAVE ? CPUID_1C_OSXSAVE : 0);
    if ( leaf == 0xd && subleaf == 0 && out.a )
        cpuid(leaf, subleaf, &a, &out.b, &c, &d); /* by XCR0, as it is now */
    r->rax = out.a;
    r->rbx = out.b;
    r->rcx = out.c;
    r->rdx = out.d;
}

bool pv_emulate_cpuid(struct vcpu *v)
{
    static const uint8_t forced[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
    struct trap_frame *r = pv_of(v)->regs;
    uint8_t bytes[sizeof(forced)];

    if ( pv_read(bytes, r->rip, sizeof(bytes)) ||
         memcmp(bytes, forced, sizeof(bytes)) )
        return false;
    cpuid_of(v, r);
    r->rip += sizeof(forced);
    r->rflags &= ~RFLAGS_RF;
    return true;
}
