/* SPDX-License-Identifier: MIT */
/* Instructions that are executed by a stub: their rows, and features of CPUID. */
#ifndef EMUL_INSN_VECTOR_H
#define EMUL_INSN_VECTOR_H

#include "insn-stubs.h"
#include "insn.h"

/* ---- insn-feature.c ---- */

enum insn_feature {
    FEATURE_NONE, FEATURE_FPU, FEATURE_MMX, FEATURE_SSE, FEATURE_SSE2,
    FEATURE_SSE3, FEATURE_SSSE3, FEATURE_SSE41, FEATURE_SSE42, FEATURE_SSE4A,
    FEATURE_AES, FEATURE_PCLMUL, FEATURE_SHA, FEATURE_GFNI, FEATURE_ADX,
    FEATURE_MOVDIRI, FEATURE_BMI1, FEATURE_BMI2, FEATURE_AVX, FEATURE_AVX2,
    FEATURE_F16C, FEATURE_FMA, FEATURE_CX8, FEATURE_CX16, FEATURE_MOVBE,
    FEATURE_POPCNT, FEATURE_CLFLUSH, FEATURE_CLFLUSHOPT, FEATURE_CLWB,
    NR_FEATURES,
    /* Of two: AVX, and with L=1 AVX2; AVX and the one without VEX. */
    FEATURE_AVXI, FEATURE_VEX_AES, FEATURE_VEX_PCLMUL,
};

/* Does the guest's CPUID show it? */
bool insn_has_feature(const struct run *run, enum insn_feature f);
/* That of an instruction that needs no stub. */
enum insn_feature insn_feature_of(const struct insn *i);

/* ---- insn-stubs.c ---- */

struct stub_row {
    uint32_t flags;
    uint16_t slot, ni;
    uint8_t feature, bytes, op;
    uint8_t key; /* VEX << 7 | map << 2 | prefix; map 0: x87 */
    uint8_t ext, nw, nl;
};

extern const struct stub_row insn_rows[];
extern const unsigned int insn_nr_rows;

/* reg: an MMX register. */
const void *insn_stub(const struct stub_row *r, unsigned int reg,
                      unsigned int w, unsigned int l, unsigned int imm);
/* FNSTSW and FNSTCW. */
const void *insn_stub_status(void);
const void *insn_stub_control(void);
/* MOVQ to memory. */
const void *insn_stub_mmx(unsigned int reg);

#endif
