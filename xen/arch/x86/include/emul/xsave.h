/* SPDX-License-Identifier: MIT */
/*
 * emul/xsave.c: images that XSAVE and FXSAVE store.  An XSAVE image begins with
 * that of FXSAVE and the header; the states that the header's first word,
 * XSTATE_BV, does not name are in their initial state, whatever the image has.
 */
#ifndef EMUL_XSAVE_H
#define EMUL_XSAVE_H

#include <hv/types.h>

struct vcpu;
struct hvm_hw_cpu_xsave;

#define FXSAVE_BYTES 512
#define FXSAVE_FCW 0
#define FXSAVE_MXCSR 24
#define FCW_DEFAULT 0x37f
#define MXCSR_DEFAULT 0x1f80
#define MXCSR_LEGAL 0xffffU

#define XSAVE_BV FXSAVE_BYTES  /* where XSTATE_BV is */
#define XSAVE_LEGACY_BYTES 576 /* of an FXSAVE image and the header */

uint64_t xsave_bv(const void *image);
void xsave_set_bv(void *image, uint64_t bv);

/*
 * The registers of x87 and SSE that an XSAVE image means, as FXSAVE stores them;
 * `to` has FXSAVE_BYTES.
 */
void xsave_legacy(const void *image, void *to);
/*
 * The other way round, for a PV guest's context: MXCSR, whose reserved bits are
 * #GP for FXRSTOR and XRSTOR, loses those, as on Xen.
 */
void xsave_set_legacy(void *image, const void *from);

/*
 * May XRSTOR load this record for v on a processor that has these states?  The
 * parts behind the header may have any content.  Errors are Xen's: -EINVAL, XCR0
 * cannot be or have been so, states that were never on; -EOPNOTSUPP, states that
 * the processor has not, the compact format; -EIO, the header's reserved part.
 * Oriel's own: -EINVAL, reserved bits of MXCSR.
 */
int xsave_check(const struct vcpu *v, const struct hvm_hw_cpu_xsave *r,
                uint64_t states) must_check;

#endif
