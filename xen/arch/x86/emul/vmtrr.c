/* SPDX-License-Identifier: MIT */
/* MTRRs: which values they take. */
#include <emul/vmtrr.h>
#include <hv/array.h>
#include <hv/lib.h>

#include <xen/errno.h>
#include <xen/hvm/save.h>

#define MSR_CAP 0x0feU
#define MSR_VARIABLE 0x200U
#define MSR_FIXED_64K 0x250U
#define MSR_FIXED_16K 0x258U /* two of these  */
#define MSR_FIXED_4K 0x268U  /* eight of these */
#define MSR_DEFAULT_TYPE 0x2ffU

#define CAP 0x508UL /* eight variable ranges, fixed ones, write-combining */
#define ADDRESS ~0xfffUL
#define MASK_VALID 0x800UL
#define DEFAULT_ON 0xc00UL /* all, and the fixed ones */

#define TYPE_WB 6U
#define TYPES 0x73U /* UC WC WT WP WB */
#define ALL_WB 0x0606060606060606UL

static bool type_ok(uint64_t type)
{
    return type < 8 && (TYPES >> type & 1);
}

static bool types_ok(uint64_t types)
{
    for ( unsigned int i = 0; i < 64; i += 8 )
        if ( !type_ok(types >> i & 0xff) )
            return false;
    return true;
}

void vmtrr_init(struct vmtrr *m, bool reset)
{
    *m = (struct vmtrr){ .default_type = reset ? 0 : DEFAULT_ON | TYPE_WB };
    for ( unsigned int i = 0; i < VMTRR_FIXED && !reset; i++ )
        m->fixed[i] = ALL_WB;
}

/* The fixed range of an MSR; VMTRR_FIXED: it is none. */
static unsigned int fixed_of(uint32_t msr)
{
    if ( msr == MSR_FIXED_64K )
        return 0;
    if ( msr >= MSR_FIXED_16K && msr < MSR_FIXED_16K + 2 )
        return 1 + msr - MSR_FIXED_16K;
    if ( msr >= MSR_FIXED_4K && msr < MSR_FIXED_4K + 8 )
        return 3 + msr - MSR_FIXED_4K;
    return VMTRR_FIXED;
}

static bool is_variable(uint32_t msr)
{
    return msr >= MSR_VARIABLE && msr < MSR_VARIABLE + VMTRR_VARIABLE;
}

bool vmtrr_is(uint32_t msr)
{
    return msr == MSR_CAP || msr == MSR_DEFAULT_TYPE || is_variable(msr) ||
           fixed_of(msr) < VMTRR_FIXED;
}

/* The register that a guest may write. */
static uint64_t *register_of(struct vmtrr *m, uint32_t msr)
{
    unsigned int i = fixed_of(msr);

    if ( msr == MSR_DEFAULT_TYPE )
        return &m->default_type;
    if ( is_variable(msr) )
        return &array_at(m->variable, msr - MSR_VARIABLE);
    return i < VMTRR_FIXED ? &array_at(m->fixed, i) : NULL;
}

uint64_t vmtrr_read(const struct vmtrr *m, uint32_t msr)
{
    const uint64_t *reg = register_of((struct vmtrr *)m, msr);

    return reg ? *reg : CAP;
}

static bool value_ok(uint32_t msr, uint64_t value, uint64_t physical)
{
    if ( msr == MSR_DEFAULT_TYPE )
        return !(value & ~(DEFAULT_ON | 0xff)) && type_ok(value & 0xff);
    if ( !is_variable(msr) )
        return types_ok(value);
    physical &= ADDRESS;
    return msr & 1 ? !(value & ~(physical | MASK_VALID))
                   : !(value & ~(physical | 0xff)) && type_ok(value & 0xff);
}

bool vmtrr_write(struct vmtrr *m, uint32_t msr, uint64_t value,
                 uint64_t physical)
{
    uint64_t *reg = register_of(m, msr);

    if ( !reg || !value_ok(msr, value, physical) )
        return false;
    *reg = value;
    return true;
}

void vmtrr_save(const struct vmtrr *m, struct hvm_hw_mtrr *hw)
{
    memset(hw, 0, sizeof(*hw));
    memcpy(hw->msr_mtrr_var, m->variable, sizeof(m->variable));
    memcpy(hw->msr_mtrr_fixed, m->fixed, sizeof(m->fixed));
    hw->msr_mtrr_cap = CAP;
    hw->msr_mtrr_def_type = m->default_type;
}

/* A base or a mask of 0, and with it the type UC, was never written. */
int vmtrr_load(struct vmtrr *m, const struct hvm_hw_mtrr *hw,
               uint64_t physical)
{
    if ( !value_ok(MSR_DEFAULT_TYPE, hw->msr_mtrr_def_type, physical) )
        return -EINVAL;
    for ( unsigned int i = 0; i < VMTRR_VARIABLE; i++ )
        if ( !value_ok(MSR_VARIABLE + i, hw->msr_mtrr_var[i], physical) )
            return -EINVAL;
    for ( unsigned int i = 0; i < VMTRR_FIXED; i++ )
        if ( !types_ok(hw->msr_mtrr_fixed[i]) )
            return -EINVAL;
    memcpy(m->variable, hw->msr_mtrr_var, sizeof(m->variable));
    memcpy(m->fixed, hw->msr_mtrr_fixed, sizeof(m->fixed));
    m->default_type = hw->msr_mtrr_def_type;
    return 0;
}
