/* SPDX-License-Identifier: MIT */
/* Images of XSAVE: see emul/xsave.h. */
#include <emul/control-regs.h>
#include <emul/rules.h>
#include <emul/xsave.h>
#include <hv/lib.h>

#include <x86/defns.h>

#include <xen/hvm/save.h>

/* Parts of an FXSAVE image. */
#define X87_HEAD_BYTES 24 /* control, status, tags, pointers */
#define X87_REGS 32
#define X87_REGS_BYTES 128
#define XMM_REGS 160
#define XMM_REGS_BYTES 256

uint64_t xsave_bv(const void *image)
{
    uint64_t bv;

    memcpy(&bv, (const uint8_t *)image + XSAVE_BV, sizeof(bv));
    return bv;
}

void xsave_set_bv(void *image, uint64_t bv)
{
    memcpy((uint8_t *)image + XSAVE_BV, &bv, sizeof(bv));
}

/* MXCSR is stored and loaded whatever XSTATE_BV says. */
void xsave_legacy(const void *image, void *to)
{
    const uint64_t bv = xsave_bv(image);
    const uint16_t fcw = FCW_DEFAULT;
    uint8_t *p = to;

    memcpy(p, image, FXSAVE_BYTES);
    if ( !(bv & XCR0_X87) )
    {
        memset(p, 0, X87_HEAD_BYTES);
        memcpy(p + FXSAVE_FCW, &fcw, sizeof(fcw));
        memset(p + X87_REGS, 0, X87_REGS_BYTES);
    }
    if ( !(bv & XCR0_SSE) )
        memset(p + XMM_REGS, 0, XMM_REGS_BYTES);
}

void xsave_set_legacy(void *image, const void *from)
{
    uint8_t *p = image;
    uint32_t mxcsr;

    memcpy(p, from, FXSAVE_BYTES);
    memcpy(&mxcsr, p + FXSAVE_MXCSR, sizeof(mxcsr));
    mxcsr &= MXCSR_LEGAL;
    memcpy(p + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

int xsave_check(const struct vcpu *v, const struct hvm_hw_cpu_xsave *r,
                uint64_t states)
{
    const struct hvm_hw_cpu_xsave_hdr *h = &r->save_area.xsave_hdr;
    uint32_t mxcsr;

    if ( !xcr0_legal(v, r->xcr0) || !xcr0_legal(v, r->xcr0_accum) ||
         (r->xcr0 & ~r->xcr0_accum) || (h->xstate_bv & ~r->xcr0_accum) )
        return -EINVAL;
    if ( (r->xcr0_accum & ~states) || h->xcomp_bv )
        return -EOPNOTSUPP;
    for ( unsigned int i = 0; i < ARRAY_SIZE(h->reserved); i++ )
        if ( h->reserved[i] )
            return -EIO;
    memcpy(&mxcsr, r->save_area.fpu_sse.x + FXSAVE_MXCSR, sizeof(mxcsr));
    return mxcsr_legal(mxcsr) ? 0 : -EINVAL;
}
