/* SPDX-License-Identifier: MIT */
/*
 * The record CPU_XSAVE of an HVM guest's saved state: what of it is legal, that
 * it is saved as it was loaded, and that the guest then has the registers that
 * it says, not those of the record CPU before it.
 */
#include <cpuid.h>
#include <stdio.h>

#include <xen/hvm/save.h>

#include "ct.h"

#define AVX_BYTES 256
#define MXCSR_AT 24
#define ST0_AT 32
#define XMM0_AT 160

/* ---- a context of the two records ---- */

struct avx {
    struct hvm_hw_cpu_xsave hw;
    uint8_t high[AVX_BYTES];
};

struct context {
    struct hvm_save_descriptor header_is;
    struct hvm_save_header header;
    struct hvm_save_descriptor cpu_is;
    struct hvm_hw_cpu cpu;
    struct hvm_save_descriptor xsave_is;
    struct avx xsave;
    struct hvm_save_descriptor end_is;
};

static void put(void *to, size_t at, const void *from, size_t len)
{
    memcpy((uint8_t *)to + at, from, len);
}

/* All registers have a value that no other part has. */
static void fill(uint8_t image[512], uint8_t value, uint16_t fcw, uint32_t mxcsr)
{
    static const uint8_t real[10] = { 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0x40 };

    memset(image, 0, 512);
    put(image, 0, &fcw, sizeof(fcw));
    image[4] = 0xff; /* no x87 register is empty */
    put(image, MXCSR_AT, &mxcsr, sizeof(mxcsr));
    for ( unsigned int i = 0; i < 8; i++ )
    {
        put(image, ST0_AT + 16 * i, real, sizeof(real));
        image[ST0_AT + 16 * i] = value + (uint8_t)i;
    }
    memset(image + XMM0_AT, value, 256);
}

/* vcpu 0 in flat 32-bit code at 0x1000, with CR4.OSFXSR and OSXSAVE. */
static void make(struct context *c, uint32_t domid)
{
    static uint8_t all[65536];

    memset(c, 0, sizeof(*c));
    if ( xc_domain_hvm_getcontext(ct.xch, domid, all, sizeof(all)) < 0 )
        ct_bail("domain %u has no context: %s", domid, strerror(errno));
    memcpy(c, all, offsetof(struct context, cpu_is));
    c->cpu_is = (struct hvm_save_descriptor){ HVM_SAVE_CODE(CPU), 0,
                                              sizeof(c->cpu) };
    c->xsave_is = (struct hvm_save_descriptor){ CPU_XSAVE_CODE, 0,
                                                sizeof(c->xsave) };
    c->cpu = (struct hvm_hw_cpu){
        .rip = 0x1000, .rflags = 2, .cr0 = 0x33, .cr4 = 0x40600,
        .dr6 = 0xffff0ff0, .dr7 = 0x400, .cs_sel = 8, .ds_sel = 16,
        .es_sel = 16, .ss_sel = 16, .tr_sel = 24, .cs_arbytes = 0xc9b,
        .ds_arbytes = 0xc93, .es_arbytes = 0xc93, .ss_arbytes = 0xc93,
        .tr_arbytes = 0x8b, .cs_limit = ~0U, .ds_limit = ~0U,
        .es_limit = ~0U, .ss_limit = ~0U, .tr_limit = 0x67, .flags = 1,
    };
    fill(c->cpu.fpu_regs, 0x11, 0x37f, 0x1f80);
    c->xsave.hw.xfeature_mask = 7;
    c->xsave.hw.xcr0 = c->xsave.hw.xcr0_accum = 7;
    c->xsave.hw.save_area.xsave_hdr.xstate_bv = 7;
    fill((uint8_t *)c->xsave.hw.save_area.fpu_sse.x, 0x22, 0x27f, 0x1fa0);
    for ( unsigned int i = 0; i < AVX_BYTES; i++ )
        c->xsave.high[i] = 0x80 + (uint8_t)(i / 16);
}

static int set(uint32_t domid, struct context *c)
{
    return xc_domain_hvm_setcontext(ct.xch, domid, (uint8_t *)c, sizeof(*c));
}

static bool saved(uint32_t domid, struct avx *r)
{
    uint8_t buf[8192];

    memset(buf, 0, sizeof(buf));
    if ( xc_domain_hvm_getcontext_partial(ct.xch, domid, CPU_XSAVE_CODE, 0, buf,
                                          sizeof(buf)) )
        return false;
    memcpy(r, buf, sizeof(*r));
    return true;
}

/* But for the mask, which is the processor's. */
static bool same(const struct avx *a, const struct avx *b)
{
    size_t at = sizeof(a->hw.xfeature_mask);

    for ( size_t i = at; i < sizeof(*a); i++ )
        if ( ((const uint8_t *)a)[i] != ((const uint8_t *)b)[i] )
            ct_diag("byte %zu: %02x %02x", i, ((const uint8_t *)a)[i],
                    ((const uint8_t *)b)[i]);
    return !memcmp((const uint8_t *)a + at, (const uint8_t *)b + at,
                   sizeof(*a) - at);
}

/* ---- what is loaded ---- */

static struct context good, bad;

static void test_record(uint32_t domid)
{
    struct avx r;

    ct_ok(!saved(domid, &r), "a new vcpu has no record CPU_XSAVE");
    ct_expect(0, set(domid, &good), "CPU and CPU_XSAVE are loaded");
    ct_ok(saved(domid, &r) && same(&good.xsave, &r), "saved as it was loaded");
}

static void test_refused(uint32_t domid)
{
    struct hvm_hw_cpu_xsave *x = &bad.xsave.hw;
    struct avx r;

#define BAD(err, what, change)                                               \
    do {                                                                     \
        bad = good;                                                          \
        change;                                                              \
        ct_expect(err, set(domid, &bad), what);                              \
    } while ( 0 )
    BAD(EINVAL, "no such vcpu", bad.xsave_is.instance = 1);
    BAD(EINVAL, "XCR0 without x87", x->xcr0 = 6);
    BAD(EINVAL, "AVX without SSE", x->xcr0 = 5);
    BAD(EINVAL, "XCR0 was never so", x->xcr0_accum = 3);
    BAD(EINVAL, "a state that is unknown", x->xcr0_accum |= 1UL << 61);
    BAD(EINVAL, "a state that was never on",
        x->save_area.xsave_hdr.xstate_bv |= 0x200);
    BAD(EOPNOTSUPP, "the compact format",
        x->save_area.xsave_hdr.xcomp_bv = 1UL << 63 | 7);
    BAD(EIO, "the header's reserved part",
        x->save_area.xsave_hdr.reserved[2] = 1);
    if ( ct_differs("record-fields") )
        BAD(EINVAL, "reserved bits of MXCSR", x->save_area.fpu_sse.x[26] = 1);
    /* Each of these records came behind a CPU record, which was loaded. */
    ct_expect(0, set(domid, &good), "the good one again");
    ct_ok(saved(domid, &r) && same(&good.xsave, &r), "saved as it was loaded");
}

/* ---- what the guest has ---- */

struct seen {
    uint8_t fxsave[512];
    uint32_t xcr0, done;
    uint8_t high[16];
};
#define SEEN_GFN 2

/*
 * Store what the registers are at 0x2000, and halt.  Xen in QEMU 7.2 may forget
 * that AVX is on, so the instruction of AVX is for Oriel.
 */
static const uint8_t code[] = {
    0x0f, 0xae, 0x05, 0x00, 0x20, 0x00, 0x00,       /* fxsave 0x2000 */
    0x31, 0xc9, 0x0f, 0x01, 0xd0,                   /* ecx = 0; xgetbv */
    0xa3, 0x00, 0x22, 0x00, 0x00,                   /* mov %eax, 0x2200 */
    0xc4, 0xe3, 0x7d, 0x19, 0x05, 0x08, 0x22, 0x00, 0x00,
    0x01,                                           /* vextractf128: ymm0 */
    0xc7, 0x05, 0x04, 0x22, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00,                                     /* movl $1, 0x2204 */
    0xf4,
};
#define CODE_AVX 17
#define CODE_AVX_BYTES 10

static void test_guest(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .hvm = true, .pages = 8 });
    const uint8_t *image = (const uint8_t *)good.xsave.hw.save_area.fpu_sse.x;
    uint8_t *page = ct_map_foreign(domid, 1, 2);
    volatile struct seen *live;
    struct seen seen;
    struct avx r;

    if ( !page )
        ct_bail("no memory of domain %u: %s", domid, strerror(errno));
    put(page, 0, code, sizeof(code));
    if ( !is_oriel() )
        memset(page + CODE_AVX, 0x90, CODE_AVX_BYTES);
    live = (void *)(page + CT_PAGE);
    make(&good, domid);
    ct_expect(0, set(domid, &good), "a guest's CPU and CPU_XSAVE");
    ct_expect(0, xc_domain_unpause(ct.xch, domid), "it runs");
    ct_eventually(live->done);
    ct_expect(0, xc_domain_pause(ct.xch, domid), "it has been paused");
    memcpy(&seen, (void *)(page + CT_PAGE), sizeof(seen));
    ct_equal(seen.xcr0, 7, "XCR0");
    ct_ok(!memcmp(seen.fxsave, image, 2), "the x87 control word");
    ct_ok(!memcmp(seen.fxsave + MXCSR_AT, image + MXCSR_AT, 4), "MXCSR");
    ct_ok(!memcmp(seen.fxsave + ST0_AT, image + ST0_AT, 128),
          "the x87 registers");
    ct_ok(!memcmp(seen.fxsave + XMM0_AT, image + XMM0_AT, 128),
          "the SSE registers");
    if ( is_oriel() )
        ct_ok(!memcmp(seen.high, good.xsave.high, sizeof(seen.high)),
              "the upper half of an AVX register");
    ct_ok(saved(domid, &r) && r.hw.xcr0 == 7 &&
              !memcmp(r.high, good.xsave.high, sizeof(r.high)),
          "the upper halves are saved again");
    munmap(page, 2 * CT_PAGE);
    ct_destroy(domid);
}

static bool has_xsave(void)
{
    uint32_t a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_XSAVE) && (c & bit_AVX);
}

int main(void)
{
    uint32_t domid;
    uint8_t pic[64];

    ct_begin();
    domid = ct_create(&(struct ct_config){ .hvm = true });
    if ( xc_domain_hvm_getcontext_partial(ct.xch, domid, HVM_SAVE_CODE(PIC), 0,
                                          pic, sizeof(pic)) )
        ct_skip("the record CPU_XSAVE",
                "hosted-records: guests there have no XSAVE");
    else if ( !has_xsave() )
        ct_bail("this processor has no AVX");
    else
    {
        make(&good, domid);
        test_record(domid);
        test_refused(domid);
        test_guest();
    }
    ct_destroy(domid);
    return ct_end();
}
