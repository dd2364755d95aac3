/* SPDX-License-Identifier: MIT */
/*
 * The instruction emulator: any bytes, any registers, any page tables, on
 * sixteen pages of which some are RAM and the others a device's.
 *
 * Each instruction runs twice from the same state: all accesses done at once,
 * and all of them waiting.  Both must end alike and make the same accesses in
 * the same order; and no access is out of bounds.
 */
#include "fuzz-insn.h"

#include <emul/emulate.h>

#include <x86/defns.h>

#define PAGES 16U
#define PAGE 4096U
#define BYTES (PAGES * PAGE)
#define PML4 0xd000U
#define PDPT 0xe000U
#define PD 0xf000U
#define PT 0xc000U
#define MAX_ENTRIES 40 /* how often an instruction may give way */
#define MAX_IO (32 * 16)

static struct fixture {
    uint8_t memory[BYTES], ymm[16][32], x87[108];
    uint32_t mxcsr;
    uint64_t xcr0;
    bool hidden; /* all features */
    uint16_t ram; /* a bit for each page */
    bool wait;    /* accesses are not done at once */
    bool unclaimed;
    uint16_t port;
    uint8_t port_size, port_in;
    bool has_port;
    unsigned int nr_io;
    uint64_t trace;
    ioreq_t waiting;
    struct emul e;
} start, now, first;

extern const uint8_t insn_stubs[], insn_stubs_end[];

/* ---- the outside ---- */

static uint8_t *ram(uint64_t gpa, unsigned int bytes)
{
    if ( (gpa & (PAGE - 1)) + bytes > PAGE )
        fuzz_fail("RAM access over the end of a page\n");
    if ( gpa >= BYTES || !(now.ram >> gpa / PAGE & 1) )
        return NULL;
    return now.memory + gpa;
}

static bool read_phys(void *arg, uint64_t gpa, void *buf, unsigned int bytes)
{
    uint8_t *p = ram(gpa, bytes);

    (void)arg;
    if ( p )
        memcpy(buf, p, bytes);
    return p;
}

static bool write_phys(void *arg, uint64_t gpa, const void *buf,
                       unsigned int bytes)
{
    uint8_t *p = ram(gpa, bytes);

    (void)arg;
    if ( p )
        memcpy(p, buf, bytes);
    return p;
}

static bool cmpxchg_phys(void *arg, uint64_t gpa, uint64_t *old, uint64_t new,
                         unsigned int bytes)
{
    uint8_t *p = ram(gpa, bytes);
    uint64_t seen = 0;

    (void)arg;
    if ( !p )
        return false;
    memcpy(&seen, p, bytes);
    if ( seen == *old )
        memcpy(p, &new, bytes);
    *old = seen;
    return true;
}

static bool is_ram(void *arg, uint64_t gpa, bool write)
{
    (void)arg;
    (void)write;
    return ram(gpa, 1);
}

static void read_vector(void *arg, unsigned int reg, void *v, bool wide)
{
    (void)arg;
    if ( reg >= 16 )
        fuzz_fail("no such register\n");
    memcpy(v, now.ymm[reg], wide ? 32 : 16);
}

static void write_vector(void *arg, unsigned int reg, const void *v, bool wide)
{
    (void)arg;
    if ( reg >= 16 )
        fuzz_fail("no such register\n");
    memcpy(now.ymm[reg], v, wide ? 32 : 16);
}

static void mxcsr(void *arg, uint32_t *v, bool write)
{
    (void)arg;
    if ( write && (*v & ~0xffffU) )
        fuzz_fail("no such MXCSR\n");
    *(write ? &now.mxcsr : v) = write ? *v : now.mxcsr;
}

/* A stub is one of those in the image. */
static void run_stub(void *arg, struct emul_stub *s)
{
    const uint8_t *code = s->code;

    (void)arg;
    if ( code < insn_stubs || code >= insn_stubs_end ||
         (code - insn_stubs) % 8 )
        fuzz_fail("no such stub\n");
    __asm__ volatile ( "frstor %0" :: "m" (now.x87) );
    emul_stub_run(s);
    __asm__ volatile ( "fnsave %0" : "=m" (now.x87) );
}

static void guest_cpuid(void *arg, uint32_t leaf, uint32_t subleaf,
                        struct cpuid_regs *r)
{
    (void)arg;
    __asm__ ( "cpuid" : "=a" (r->a), "=b" (r->b), "=c" (r->c), "=d" (r->d)
              : "a" (leaf), "c" (subleaf) );
    if ( now.hidden )
        r->b = r->c = r->d = 0;
}

static uint64_t xcr0(void *arg)
{
    (void)arg;
    return now.xcr0;
}

static void note(uint64_t v)
{
    now.trace = (now.trace ^ v) * 0x100000001b3UL;
}

/* The device: what it gives depends on all that it was asked. */
static void do_io(ioreq_t *p)
{
    note(p->addr);
    note((uint64_t)p->type << 24 | p->size << 16 | p->dir << 8 | p->df);
    for ( uint32_t i = 0; i < p->count; i++ )
    {
        uint64_t step = (uint64_t)i * p->size, v = now.trace;
        uint8_t *at = NULL;

        if ( p->data_is_ptr )
            at = ram(p->df ? p->data - step : p->data + step, p->size);
        if ( p->data_is_ptr && !at )
            fuzz_fail("a lot leaves its RAM\n");
        if ( p->dir == IOREQ_WRITE && at )
            memcpy(&v, at, p->size);
        note(p->dir == IOREQ_WRITE && !at ? p->data : v);
        if ( p->dir == IOREQ_READ && at )
            memcpy(at, &v, p->size);
        else if ( p->dir == IOREQ_READ )
            p->data = v;
    }
}

static void check_request(const ioreq_t *p)
{
    uint64_t last = p->size * ((uint64_t)p->count - 1);
    bool pio = p->type == IOREQ_TYPE_PIO;

    if ( ++now.nr_io > MAX_IO )
        fuzz_fail("too many accesses\n");
    if ( !p->size || p->size > (pio ? 4 : 8) || (p->size & (p->size - 1)) ||
         !p->count ||
         (p->count > 1 && !p->data_is_ptr && p->dir != IOREQ_WRITE) )
        fuzz_fail("a bad request\n");
    if ( pio && (!now.has_port || p->addr != now.port ||
                 p->size != now.port_size || p->dir != now.port_in) )
        fuzz_fail("not the announced port\n");
    if ( p->dir == IOREQ_WRITE && !p->data_is_ptr && p->size < 8 &&
         p->data >> p->size * 8 )
        fuzz_fail("more data than bytes\n");
    if ( !pio && ((p->df ? p->addr - last : p->addr + last) ^ p->addr) >= PAGE )
        fuzz_fail("a lot leaves its page\n");
}

static enum io_result io(void *arg, ioreq_t *p)
{
    (void)arg;
    check_request(p);
    if ( now.unclaimed )
    {
        note(p->addr ^ p->count);
        p->data = ~0UL;
        return IO_UNHANDLED;
    }
    if ( now.wait )
    {
        now.waiting = *p;
        return IO_PENDING;
    }
    do_io(p);
    return IO_DONE;
}

static void put_regs(void *arg)
{
    (void)arg;
}

static bool write_cr0(void *arg, uint64_t value)
{
    (void)arg;
    if ( (now.e.regs.cr0 ^ value) & ~0xfUL )
        fuzz_fail("more of CR0 than LMSW has\n");
    now.e.regs.cr0 = value;
    return true;
}

static const struct emul_ops ops = {
    .io = io, .read_phys = read_phys, .write_phys = write_phys,
    .cmpxchg_phys = cmpxchg_phys, .is_ram = is_ram, .put_regs = put_regs,
    .write_cr0 = write_cr0, .cpuid = guest_cpuid, .xcr0 = xcr0,
    .read_vector = read_vector, .write_vector = write_vector, .mxcsr = mxcsr,
    .run_stub = run_stub,
};

/* ---- a run ---- */

static enum emul_result enter(void)
{
    enum emul_result r;

    now.nr_io = 0;
    r = now.has_port ? emul_port_string(&now.e, now.port, now.port_size,
                                        now.port_in)
                     : emulate(&now.e);
    while ( r == EMUL_PENDING )
    {
        if ( emulate(&now.e) != EMUL_PENDING )
            fuzz_fail("it does not wait\n");
        do_io(&now.waiting);
        emul_answer(&now.e, now.waiting.data);
        r = emulate(&now.e);
    }
    return r;
}

static void check_end(enum emul_result r, const struct emul_regs *before)
{
    const struct emul *e = &now.e;

    if ( e->waiting || e->started || e->port_known )
        fuzz_fail("something is left\n");
    if ( r > EMUL_UNHANDLEABLE || r == EMUL_PENDING )
        fuzz_fail("no such result\n");
    if ( r != EMUL_DONE && e->regs.rip != before->rip )
        fuzz_fail("rip moved\n");
    if ( r == EMUL_UNHANDLEABLE && memcmp(&e->regs, before, sizeof(*before)) )
        fuzz_fail("registers changed\n");
    if ( r == EMUL_EXCEPTION && e->vector != 0 &&
         (e->vector < 5 || e->vector > 7) &&
         (e->vector < 11 || e->vector > 14) && e->vector != 16 &&
         e->vector != 19 )
        fuzz_fail("no such exception\n");
}

static enum emul_result run(void)
{
    enum emul_result r = EMUL_RETRY;

    for ( unsigned int i = 0; r == EMUL_RETRY && i < MAX_ENTRIES; i++ )
    {
        struct emul_regs before = now.e.regs;

        r = enter();
        check_end(r, &before);
    }
    return r;
}

/* ---- input ---- */

/* An address in memory, mostly. */
static uint64_t value(struct input *in)
{
    unsigned int b = in8(in);

    if ( b < 0xa0 )
        return in_bytes(in, 2);
    if ( b < 0xb0 )
        return (b % 16) * PAGE + 0x1000 - in8(in) % 16;
    if ( b < 0xc0 )
        return in8(in);
    if ( b < 0xd0 )
        return (1UL << 47) - in8(in) % 16;
    if ( b < 0xe0 )
        return (b & 1 ? 1UL << 32 : ~0UL) - in8(in) % 16;
    return in_bytes(in, 8);
}

static void put_entry(unsigned int at, uint64_t v)
{
    memcpy(start.memory + at, &v, 8);
}

static void make_tables(struct input *in)
{
    put_entry(PML4, PDPT | 7);
    put_entry(PDPT, PD | 7);
    put_entry(PD, PT | 7);
    for ( unsigned int i = 0; i < PAGES; i++ )
    {
        unsigned int b = in8(in);

        put_entry(PT + i * 8, in_rarely(in, 8) ? in_bytes(in, 8)
                              : b < 0xe0 ? i * PAGE | 7
                                         : (b & 15) * PAGE | (b >> 4 & 7));
    }
}

static void make_segments(struct input *in, unsigned int mode)
{
    for ( unsigned int i = 0; i < EMUL_NR_SEGS; i++ )
    {
        struct emul_seg *s = &start.e.regs.seg[i];

        *s = (struct emul_seg){ .limit = mode == 2 ? 0xffff : 0xffffffff,
                                .attr = i == EMUL_CS ? 0x9b : 0x93 };
        if ( in_rarely(in, 16) )
            s->attr = (uint16_t)in_bytes(in, 2) & 0xfff;
        if ( in_rarely(in, 16) )
            s->limit = (uint32_t)value(in);
        if ( in_rarely(in, 8) )
            s->base = value(in);
    }
    start.e.regs.gdt = (struct emul_table){ value(in), (uint16_t)value(in) };
    start.e.regs.idt = (struct emul_table){ value(in), (uint16_t)value(in) };
    start.e.regs.ldt = start.e.regs.seg[in_below(in, EMUL_NR_SEGS)];
    start.e.regs.tr = start.e.regs.seg[in_below(in, EMUL_NR_SEGS)];
    start.e.regs.seg[EMUL_CS].attr &= (uint16_t)~(EMUL_SEG_L | EMUL_SEG_DB);
    if ( mode != 2 )
        start.e.regs.seg[EMUL_CS].attr |= mode == 8 ? EMUL_SEG_L : EMUL_SEG_DB;
}

static void make(struct input *in)
{
    struct emul_regs *r = &start.e.regs;
    unsigned int mode = 2U << in_below(in, 3), n;
    uint8_t code[24];
    uint64_t at;

    start.e = (struct emul){ .ops = &ops };
    start.ram = (uint16_t)(in_bytes(in, 2) | 0xf001);
    start.unclaimed = in_rarely(in, 16);
    for ( unsigned int i = 0; i < EMUL_NR_GPRS; i++ )
        r->gpr[i] = value(in);
    r->rflags = in_bytes(in, 2) | 2;
    make_segments(in, mode);
    make_tables(in);
    r->cpl = in_rarely(in, 4) ? 3 : 0;
    r->cr3 = PML4;
    r->cr4 = in_rarely(in, 16) ? 0 : CR4_OSFXSR | CR4_OSXSAVE;
    if ( mode == 8 )
    {
        r->cr0 = CR0_PG | CR0_WP | CR0_PE;
        r->cr4 |= CR4_PAE;
        r->efer = in_rarely(in, 4) ? 0x500 : 0xd00;
    }
    else
        r->cr0 = mode == 4 || in_rarely(in, 4);
    if ( in_rarely(in, 16) )
        r->cr0 |= in8(in) & 0xc;
    n = in8(in);
    for ( unsigned int i = 0; i < sizeof(start.ymm); i++ )
        start.ymm[i / 32][i % 32] = (uint8_t)(n + i * 7);
    /* Three values on the stack of x87, maybe exceptions that are not masked. */
    __asm__ volatile ( "fninit; fld1; fldpi; fldl %1; fnsave %0"
                       : "=m" (start.x87) : "m" (start.ymm[3]) );
    if ( in_rarely(in, 8) )
        start.x87[0] = in8(in);
    if ( in_rarely(in, 16) )
        start.x87[4] = in8(in);
    start.mxcsr = in_rarely(in, 8) ? (uint16_t)in_bytes(in, 2) : 0x1f80;
    start.xcr0 = in_rarely(in, 16) ? 3 : 7;
    start.hidden = in_rarely(in, 16);
    r->rip = in_rarely(in, 16) ? value(in) : in_bytes(in, 1) * 16;
    n = make_code(in, code);
    at = r->rip + r->seg[EMUL_CS].base;
    if ( at < BYTES - n )
        memcpy(start.memory + at, code, n);
    start.has_port = in_rarely(in, 16) || (code[0] & 0xfc) == 0x6c ||
                     (code[1] & 0xfc) == 0x6c;
    start.port = (uint16_t)(in_rarely(in, 16) ? in_bytes(in, 2)
                                              : r->gpr[EMUL_RDX]);
    start.port_size = (uint8_t)(1U << in_below(in, 3));
    start.port_in = in8(in) & 1;
}

/*
 * Of the image of FNSAVE: the pointers to the last instruction and operand are
 * not compared, since some processors forget them when the kernel switches away.
 */
#define X87_POINTERS 12
#define X87_REGISTERS 28

/* Where a string would take too long both are at the same point. */
static void compare(enum emul_result a, enum emul_result b)
{
    const struct emul *x = &first.e, *y = &now.e;

    if ( a != b || memcmp(&x->regs, &y->regs, sizeof(x->regs)) )
        fuzz_fail("results differ: %u and %u\n", a, b);
    if ( a == EMUL_EXCEPTION &&
         (x->vector != y->vector || x->has_error != y->has_error ||
          x->error != y->error || (x->vector == 14 && x->cr2 != y->cr2)) )
        fuzz_fail("exceptions differ\n");
    if ( first.trace != now.trace )
        fuzz_fail("accesses differ\n");
    if ( memcmp(first.ymm, now.ymm, sizeof(now.ymm)) ||
         first.mxcsr != now.mxcsr ||
         memcmp(first.x87, now.x87, X87_POINTERS) ||
         memcmp(first.x87 + X87_REGISTERS, now.x87 + X87_REGISTERS,
                sizeof(now.x87) - X87_REGISTERS) )
        fuzz_fail("vector or x87 registers differ\n");
    if ( memcmp(first.memory, now.memory, BYTES) )
        fuzz_fail("memory differs\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    memset(start.memory, 0, BYTES);
    while ( in_more(&in) )
    {
        enum emul_result r;
        unsigned int insn, len;

        make(&in);
        insn = in_below(&in, EMUL_NR_INSNS);
        now = start;
        r = run();
        first = now;
        now = start;
        now.wait = true;
        compare(r, run());
        now = start;
        len = emul_insn_length(&now.e, insn);
        if ( len > EMUL_MAX_INSN ||
             memcmp(&now.e.regs, &start.e.regs, sizeof(now.e.regs)) )
            fuzz_fail("a bad length\n");
        fuzz_ops++;
    }
    return 0;
}
