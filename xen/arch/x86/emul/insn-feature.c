/* SPDX-License-Identifier: MIT */
/* Which instructions a guest has: as its CPUID shows. */
#include <hv/array.h>
#include <hv/cpu-policy.h>
#include <hv/lib.h>

#include "insn-vector.h"

enum { A, B, C, D };

static const struct {
    uint32_t leaf;
    uint8_t reg, bit;
} features[NR_FEATURES] = {
    [FEATURE_FPU] = { 1, D, 0 }, [FEATURE_CX8] = { 1, D, 8 },
    [FEATURE_CLFLUSH] = { 1, D, 19 }, [FEATURE_MMX] = { 1, D, 23 },
    [FEATURE_SSE] = { 1, D, 25 }, [FEATURE_SSE2] = { 1, D, 26 },
    [FEATURE_SSE3] = { 1, C, 0 }, [FEATURE_PCLMUL] = { 1, C, 1 },
    [FEATURE_SSSE3] = { 1, C, 9 }, [FEATURE_FMA] = { 1, C, 12 },
    [FEATURE_CX16] = { 1, C, 13 }, [FEATURE_SSE41] = { 1, C, 19 },
    [FEATURE_SSE42] = { 1, C, 20 }, [FEATURE_MOVBE] = { 1, C, 22 },
    [FEATURE_POPCNT] = { 1, C, 23 }, [FEATURE_AES] = { 1, C, 25 },
    [FEATURE_AVX] = { 1, C, 28 }, [FEATURE_F16C] = { 1, C, 29 },
    [FEATURE_BMI1] = { 7, B, 3 }, [FEATURE_AVX2] = { 7, B, 5 },
    [FEATURE_BMI2] = { 7, B, 8 }, [FEATURE_ADX] = { 7, B, 19 },
    [FEATURE_CLFLUSHOPT] = { 7, B, 23 }, [FEATURE_CLWB] = { 7, B, 24 },
    [FEATURE_SHA] = { 7, B, 29 }, [FEATURE_GFNI] = { 7, C, 8 },
    [FEATURE_MOVDIRI] = { 7, C, 27 },
    [FEATURE_SSE4A] = { 0x80000001, C, 6 },
};

bool insn_has_feature(const struct run *run, enum insn_feature f)
{
    const struct emul *e = run->e;
    struct cpuid_regs r;
    uint32_t v;

    switch ( f )
    {
    case FEATURE_NONE:
        return true;
    case FEATURE_AVXI:
        return insn_has_feature(run, run->i.vex_l ? FEATURE_AVX2
                                                  : FEATURE_AVX);
    case FEATURE_VEX_AES:
        return insn_has_feature(run, FEATURE_AVX) &&
               insn_has_feature(run, FEATURE_AES);
    case FEATURE_VEX_PCLMUL:
        return insn_has_feature(run, FEATURE_AVX) &&
               insn_has_feature(run, FEATURE_PCLMUL);
    default:
        break;
    }
    e->ops->cpuid(e->arg, array_at(features, f).leaf, 0, &r);
    v = features[f].reg == A ? r.a : features[f].reg == B ? r.b
        : features[f].reg == C ? r.c : r.d;
    return v >> features[f].bit & 1;
}

enum insn_feature insn_feature_of(const struct insn *i)
{
    switch ( i->op )
    {
    case OP_CMPXCHG_PAIR:
        return i->bytes == 16 ? FEATURE_CX16 : FEATURE_CX8;
    case OP_MOVBE:
        return FEATURE_MOVBE;
    case OP_CRC32:
        return FEATURE_SSE42;
    case OP_SCAN:
        return i->sub == SCAN_ONES ? FEATURE_POPCNT : FEATURE_NONE;
    case OP_FLUSH:
        return !i->op66 ? FEATURE_CLFLUSH
               : (i->reg & 7) == 7 ? FEATURE_CLFLUSHOPT : FEATURE_CLWB;
    default:
        return FEATURE_NONE;
    }
}
