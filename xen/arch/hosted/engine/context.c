/* SPDX-License-Identifier: MIT */
/*
 * Register state in and out of an engine.
 *
 * An engine starts in 64-bit mode with paging off, a state that no processor
 * has. Its registers can be written from outside, but writing them changes
 * neither the segments nor the mode.  So a few instructions on start pages,
 * which the engine executes before the guest's memory is mapped, load the
 * segments from descriptors made for this and switch the mode as a guest would.
 *
 * Each descriptor is at its selector's place in the table, or above all others
 * if the selector is null (a PVH start has no selectors).
 */
#include <string.h>
#include <sys/mman.h>

#include <hv/lib.h>

#include "engine-private.h"

#define AR_CODE 0x18
#define AR_DPL 0x60
#define AR_P 0x80
#define AR_L 0x200
#define AR_G 0x800

/* The start pages: code, descriptors, and tables that map 2 MiB one to one. */
#define START_GDTR 0x7f0
#define START_GDT 0x800
#define START_GDT_SPARE 186 /* as many as there are segments, up to 192 */
#define START_STACK 0xff0
#define START_TABLES 0x1000
#define START_BYTES 0x4000

/*
 * In: r8, r9: cr4 and cr0 of long mode; r10-r14: selectors of ds, es, ss, fs,
 * gs; rbx: of cs; r15: where to go there; ecx, edx: cr0 and cr4 outside long
 * mode.
 */
extern const uint8_t engine_start[], engine_start_32[], engine_start_end_64[],
    engine_start_end_32[], engine_start_end[];
__asm__(".pushsection .rodata\n"
        "engine_start:\n"
        "    .code64\n"
        "    lgdt 0x7f0\n"
        "    mov %r8, %cr4\n"
        "    mov $0x1000, %eax\n"
        "    mov %rax, %cr3\n"
        "    mov %r9, %cr0\n"
        "    mov %r10d, %ds\n"
        "    mov %r11d, %es\n"
        "    mov %r12d, %ss\n"
        "    mov %r13d, %fs\n"
        "    mov %r14d, %gs\n"
        "    push %rbx\n"
        "    push %r15\n"
        "    lretq\n"
        "engine_start_end_64:\n"
        "    nop\n"
        "engine_start_32:\n"
        "    .code32\n"
        "    mov %ecx, %cr0\n"
        "    mov %edx, %cr4\n"
        "engine_start_end_32:\n"
        "    nop\n"
        "    .code64\n"
        "engine_start_end:\n"
        ".popsection\n");

uint64_t engine_msr(struct hosted_vcpu *h, uint32_t msr)
{
    uc_x86_msr m = { .rid = msr };

    uc_reg_read(h->uc, UC_X86_REG_MSR, &m);
    return m.value;
}

void engine_set_msr(struct hosted_vcpu *h, uint32_t msr, uint64_t value)
{
    uc_x86_msr m = { .rid = msr, .value = value };

    uc_reg_write(h->uc, UC_X86_REG_MSR, &m);
}

static bool is_long(const struct hvm_hw_cpu *c)
{
    return (c->cr0 & CR0_PG) && (c->msr_efer & EFER_LME);
}

int context_check(const struct hvm_hw_cpu *c)
{
    bool wide = is_long(c) && (c->cs_arbytes & AR_L);

    if ( !(c->cr0 & CR0_PE) || (c->rflags & RFLAGS_VM) ||
         (is_long(c) && !(c->cr4 & CR4_PAE)) ||
         (!is_long(c) && (c->msr_efer & EFER_LMA)) )
        return -EINVAL;
    if ( !(c->cs_arbytes & AR_P) || (c->cs_arbytes & AR_CODE) != AR_CODE ||
         (c->cs_arbytes & AR_DPL) || (!wide && c->cs_base) ||
         (!wide && c->rip > UINT32_MAX) )
        return -EINVAL;
    return 0;
}

/* ---- in ---- */

static uint64_t descriptor(uint64_t base, uint32_t limit, uint32_t ar)
{
    if ( ar & AR_G )
        limit >>= 12;
    return (limit & 0xffff) | (base & 0xffffff) << 16 |
           (uint64_t)(ar & 0xff) << 40 | (uint64_t)(limit >> 16 & 0xf) << 48 |
           (uint64_t)(ar >> 8 & 0xf) << 52 | (base >> 24 & 0xff) << 56;
}

struct segment {
    uint32_t sel, limit, ar;
    uint64_t base;
};

enum { CS, DS, ES, SS, FS, GS, NR_SEGMENTS };

/* Put segment i into the table; returns the selector for it. */
static uint64_t place_segment(uint64_t *gdt, unsigned int i, struct segment s)
{
    unsigned int slot = s.sel >> 3;
    uint64_t d = descriptor(s.base, s.limit, s.ar);

    if ( !(s.ar & AR_P) )
        return 0;
    if ( !slot || slot >= START_GDT_SPARE || (s.sel & 4) ||
         (gdt[slot] && gdt[slot] != d) )
        slot = START_GDT_SPARE + i;
    gdt[slot] = d;
    return slot * 8;
}

/* Fill in the start pages; gives a selector for each segment. */
static void fill_pages(uint8_t *page, const struct hvm_hw_cpu *c,
                       uint64_t selector[NR_SEGMENTS])
{
#define SEGMENT(s) { c->s##_sel, c->s##_limit, c->s##_arbytes, c->s##_base }
    const struct segment segment[NR_SEGMENTS] = {
        SEGMENT(cs), SEGMENT(ds), SEGMENT(es),
        SEGMENT(ss), SEGMENT(fs), SEGMENT(gs),
    };
#undef SEGMENT
    const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdtr = { (START_GDT_SPARE + NR_SEGMENTS) * 8 - 1, START_GDT };
    uint64_t *table = (uint64_t *)(page + START_TABLES);

    memcpy(page, engine_start, (size_t)(engine_start_end - engine_start));
    memcpy(page + START_GDTR, &gdtr, sizeof(gdtr));
    for ( unsigned int i = 0; i < NR_SEGMENTS; i++ )
        selector[i] = place_segment((uint64_t *)(page + START_GDT), i,
                                    segment[i]);
    table[0] = (START_TABLES + 0x1000) | 0x3;
    table[512] = (START_TABLES + 0x2000) | 0x3;
    table[1024] = 0x83;
}

/* Segments and mode. */
static bool run_start(struct hosted_vcpu *h, const struct hvm_hw_cpu *c)
{
    const uint8_t *stop = is_long(c) ? engine_start_end_64
                                     : engine_start_end_32;
    uint64_t exit = (uint64_t)(stop - engine_start), selector[NR_SEGMENTS];
    uint8_t *page = mmap(NULL, START_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool ok;

    if ( page == MAP_FAILED )
        return false;
    fill_pages(page, c, selector);
    engine_set_msr(h, MSR_EFER, c->msr_efer | EFER_LME);
    engine_set_reg(h, UC_X86_REG_R8, c->cr4 | CR4_PAE);
    engine_set_reg(h, UC_X86_REG_R9, c->cr0 | CR0_PG);
    engine_set_reg(h, UC_X86_REG_RBX, selector[CS]);
    engine_set_reg(h, UC_X86_REG_R10, selector[DS]);
    engine_set_reg(h, UC_X86_REG_R11, selector[ES]);
    engine_set_reg(h, UC_X86_REG_R12, selector[SS]);
    engine_set_reg(h, UC_X86_REG_R13, selector[FS]);
    engine_set_reg(h, UC_X86_REG_R14, selector[GS]);
    engine_set_reg(h, UC_X86_REG_R15,
                   is_long(c) ? exit
                              : (uint64_t)(engine_start_32 - engine_start));
    engine_set_reg(h, UC_X86_REG_RCX, c->cr0 & ~CR0_PG);
    engine_set_reg(h, UC_X86_REG_RDX, c->cr4);
    engine_set_reg(h, UC_X86_REG_RSP, START_STACK);

    ok = !uc_mem_map_ptr(h->uc, 0, START_BYTES, UC_PROT_ALL, page) &&
         !uc_ctl_set_exits(h->uc, &exit, 1);
    while ( ok && engine_reg(h, UC_X86_REG_RIP) != exit )
    {
        h->reason = EXIT_NONE;
        ok = !uc_emu_start(h->uc, engine_reg(h, UC_X86_REG_RIP), 0, 0, 0) &&
             (h->reason == EXIT_NONE || h->reason == EXIT_KICK);
        if ( h->reason == EXIT_KICK )
            engine_unkick(h);
    }
    ok = ok && !uc_ctl_set_exits(h->uc, &exit, 0) &&
         !uc_mem_unmap(h->uc, 0, START_BYTES);
    munmap(page, START_BYTES);
    return ok;
}

static const struct {
    int reg;
    size_t offset;
} registers[] = {
#define R(name, field) \
    { UC_X86_REG_##name, offsetof(struct hvm_hw_cpu, field) }
    R(RAX, rax), R(RBX, rbx), R(RCX, rcx), R(RDX, rdx), R(RBP, rbp),
    R(RSI, rsi), R(RDI, rdi), R(RSP, rsp), R(R8, r8),   R(R9, r9),
    R(R10, r10), R(R11, r11), R(R12, r12), R(R13, r13), R(R14, r14),
    R(R15, r15), R(RIP, rip), R(RFLAGS, rflags),        R(CR2, cr2),
    R(CR3, cr3), R(FS_BASE, fs_base),      R(GS_BASE, gs_base),
    R(DR0, dr0), R(DR1, dr1), R(DR2, dr2), R(DR3, dr3),
#undef R
};

static const struct {
    uint32_t msr;
    size_t offset;
} msrs[] = {
#define M(name, field) { MSR_##name, offsetof(struct hvm_hw_cpu, field) }
    M(SYSENTER_CS, sysenter_cs),   M(SYSENTER_ESP, sysenter_esp),
    M(SYSENTER_EIP, sysenter_eip), M(STAR, msr_star),
    M(LSTAR, msr_lstar),           M(CSTAR, msr_cstar),
    M(SFMASK, msr_syscall_mask),   M(KERNEL_GS_BASE, shadow_gs),
    M(TSC_AUX, msr_tsc_aux),
#undef M
};

static void *field(struct hvm_hw_cpu *c, size_t offset)
{
    return (char *)c + offset;
}

/* FXSAVE's form: MXCSR at byte 24, the XMM registers from byte 160 on. */
static void load_fpu(struct hosted_vcpu *h, const struct hvm_hw_cpu *c)
{
    uint16_t fcw = 0x37f;
    uint32_t mxcsr = 0x1f80;
    uint64_t xmm[2] = { 0, 0 };

    if ( c->flags & XEN_X86_FPU_INITIALISED )
    {
        memcpy(&fcw, c->fpu_regs, sizeof(fcw));
        memcpy(&mxcsr, c->fpu_regs + 24, sizeof(mxcsr));
    }
    uc_reg_write(h->uc, UC_X86_REG_FPCW, &fcw);
    uc_reg_write(h->uc, UC_X86_REG_MXCSR, &mxcsr);
    for ( int i = 0; i < 16; i++ )
    {
        if ( c->flags & XEN_X86_FPU_INITIALISED )
            memcpy(xmm, c->fpu_regs + 160 + 16 * i, sizeof(xmm));
        uc_reg_write(h->uc, UC_X86_REG_XMM0 + i, xmm);
    }
}

bool context_load(struct hosted_vcpu *h, const struct hvm_hw_cpu *c)
{
    struct hvm_hw_cpu copy = *c;
    uc_x86_mmr gdtr = { .base = c->gdtr_base, .limit = c->gdtr_limit };
    uc_x86_mmr idtr = { .base = c->idtr_base, .limit = c->idtr_limit };
    uc_x86_mmr tr = { (uint16_t)c->tr_sel, c->tr_base, c->tr_limit,
                      (c->tr_arbytes & 0xff) << 8 };
    uc_x86_mmr ldtr = { (uint16_t)c->ldtr_sel, c->ldtr_base, c->ldtr_limit,
                        (c->ldtr_arbytes & 0xff) << 8 };

    if ( !run_start(h, c) )
        return false;
    uc_reg_write(h->uc, UC_X86_REG_GDTR, &gdtr);
    uc_reg_write(h->uc, UC_X86_REG_IDTR, &idtr);
    uc_reg_write(h->uc, UC_X86_REG_TR, &tr);
    uc_reg_write(h->uc, UC_X86_REG_LDTR, &ldtr);
    engine_set_msr(h, MSR_EFER, c->msr_efer);
    for ( size_t i = 0; i < ARRAY_SIZE(msrs); i++ )
        engine_set_msr(h, msrs[i].msr,
                       *(uint64_t *)field(&copy, msrs[i].offset));
    for ( size_t i = 0; i < ARRAY_SIZE(registers); i++ )
        engine_set_reg(h, registers[i].reg,
                       *(uint64_t *)field(&copy, registers[i].offset));
    if ( !is_long(c) ) /* with paging, if the guest has it on */
        engine_set_reg(h, UC_X86_REG_CR0, c->cr0);
    load_fpu(h, c);
    return true;
}

/* ---- out ---- */

/* The selector's descriptor in the guest's table; a flat one without it. */
static struct segment read_segment(struct hosted_vcpu *h, int reg, bool code)
{
    struct segment s = { (uint32_t)engine_reg(h, reg), ~0U, 0xc93, 0 };
    uc_x86_mmr gdtr = { 0 };
    uint64_t d;

    uc_reg_read(h->uc, UC_X86_REG_GDTR, &gdtr);
    if ( code )
        s.ar = guest_is_64bit(h) ? 0xa9b : 0xc9b;
    if ( !(s.sel & ~7U) || (s.sel | 7) > gdtr.limit ||
         guest_virt_copy(h, gdtr.base + (s.sel & ~7U), &d, 8, false) )
        return s;
    s.ar = (uint32_t)(d >> 40 & 0xff) | (uint32_t)(d >> 52 & 0xf) << 8;
    s.limit = (uint32_t)(d & 0xffff) | (uint32_t)(d >> 48 & 0xf) << 16;
    if ( s.ar & AR_G )
        s.limit = s.limit << 12 | 0xfff;
    s.base = (d >> 16 & 0xffffff) | (d >> 56) << 24;
    return s;
}

static void store_fpu(struct hosted_vcpu *h, struct hvm_hw_cpu *c)
{
    uint16_t fcw = 0;
    uint32_t mxcsr = 0;

    uc_reg_read(h->uc, UC_X86_REG_FPCW, &fcw);
    uc_reg_read(h->uc, UC_X86_REG_MXCSR, &mxcsr);
    memcpy(c->fpu_regs, &fcw, sizeof(fcw));
    memcpy(c->fpu_regs + 24, &mxcsr, sizeof(mxcsr));
    for ( int i = 0; i < 16; i++ )
    {
        uint64_t xmm[2] = { 0, 0 };

        uc_reg_read(h->uc, UC_X86_REG_XMM0 + i, xmm);
        memcpy(c->fpu_regs + 160 + 16 * i, xmm, sizeof(xmm));
    }
    c->flags = XEN_X86_FPU_INITIALISED;
}

void context_store(struct hosted_vcpu *h, struct hvm_hw_cpu *c)
{
    struct segment s;
    uc_x86_mmr m = { 0 };

    memset(c, 0, sizeof(*c));
    for ( size_t i = 0; i < ARRAY_SIZE(registers); i++ )
        *(uint64_t *)field(c, registers[i].offset) =
            engine_reg(h, registers[i].reg);
    for ( size_t i = 0; i < ARRAY_SIZE(msrs); i++ )
        *(uint64_t *)field(c, msrs[i].offset) = engine_msr(h, msrs[i].msr);
    c->cr0 = engine_reg(h, UC_X86_REG_CR0);
    c->cr4 = engine_reg(h, UC_X86_REG_CR4);
    c->msr_efer = engine_msr(h, MSR_EFER);
    c->dr6 = engine_reg(h, UC_X86_REG_DR6);
    c->dr7 = engine_reg(h, UC_X86_REG_DR7);

#define SEGMENT(name, reg, code)                                             \
    s = read_segment(h, UC_X86_REG_##reg, code);                             \
    c->name##_sel = s.sel;                                                   \
    c->name##_limit = s.limit;                                               \
    c->name##_arbytes = s.ar;                                                \
    if ( UC_X86_REG_##reg != UC_X86_REG_FS &&                                \
         UC_X86_REG_##reg != UC_X86_REG_GS )                                 \
    c->name##_base = s.base
    SEGMENT(cs, CS, true);
    SEGMENT(ds, DS, false);
    SEGMENT(es, ES, false);
    SEGMENT(ss, SS, false);
    SEGMENT(fs, FS, false);
    SEGMENT(gs, GS, false);
#undef SEGMENT
#define TABLE(name, reg)                                                     \
    uc_reg_read(h->uc, UC_X86_REG_##reg, &m);                                \
    c->name##_base = m.base;                                                 \
    c->name##_limit = m.limit
    TABLE(gdtr, GDTR);
    TABLE(idtr, IDTR);
    TABLE(tr, TR);
    c->tr_sel = m.selector;
    c->tr_arbytes = m.flags >> 8 & 0xff;
    TABLE(ldtr, LDTR);
    c->ldtr_sel = m.selector;
    c->ldtr_arbytes = m.flags >> 8 & 0xff;
#undef TABLE
    store_fpu(h, c);
}
