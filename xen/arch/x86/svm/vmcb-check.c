/* SPDX-License-Identifier: MIT */
/*
 * The rules of VMRUN.  QEMU ignores most violations; processors exit with
 * VMEXIT_INVALID or deliver a wrong event.  So debug builds check each VMCB
 * before the entry (svm.c), and unit tests violate each rule.
 */
#include <emul/emulate.h>
#include <emul/rules.h>
#include <hv/lib.h>

#include <x86/processor.h>

#include "vmcb-check.h"

#define RFLAGS_RESERVED (~RFLAGS_DEFINED)
#define EVENT_RESERVED 0x7ffff000UL
#define NP_CR3_RESERVED 0xfe7UL
#define VINTR_LEGAL                                                          \
    (VINTR_TPR | VINTR_IRQ | VINTR_PRIO | VINTR_IGNORE_TPR | VINTR_MASKING | \
     0xffUL << VINTR_VECTOR_SHIFT)

#define RULE(condition, text)                                                \
    do {                                                                     \
        if ( unlikely(!(condition)) )                                        \
            return text;                                                     \
    } while ( 0 )

static bool all_zero(const void *p, size_t n)
{
    const uint8_t *byte = p;

    while ( n && !*byte )
    {
        byte++;
        n--;
    }
    return !n;
}
#define ZERO(field) all_zero(&(field), sizeof(field))

/* ---- the control area ---- */

static const char *check_reserved(const struct vmcb *b)
{
    RULE(ZERO(b->reserved_018) && ZERO(b->reserved_05d) &&
         ZERO(b->reserved_098) && ZERO(b->reserved_0c4) &&
         ZERO(b->reserved_0e0) && ZERO(b->reserved_4a0) &&
         ZERO(b->reserved_4cc), "a reserved field is not zero");
    RULE(!b->lbr_control && !b->debugctl, "branch records are on");
    RULE(!b->tsc_offset, "the TSC has an offset");
    RULE(b->np_control == NP_ENABLE, "nested paging alone is on");
    return NULL;
}

static const char *check_control(const struct vmcb *b,
                                 const struct vmcb_limits *l)
{
    uint64_t outside = ~l->mode.physical | (PAGE_SIZE - 1);

    RULE(b->intercept_2 & INTERCEPT_VMRUN, "VMRUN is not intercepted");
    RULE(b->asid && b->asid < l->nr_asids, "ASID");
    RULE(b->tlb_control == 0 || b->tlb_control == TLB_FLUSH_ALL ||
         (b->tlb_control == TLB_FLUSH_THIS_ASID && l->flush_asid),
         "TLB control");
    RULE(b->iopm && !(b->iopm & outside) && b->msrpm && !(b->msrpm & outside),
         "permission maps");
    RULE(b->np_cr3 && !(b->np_cr3 & (~l->mode.physical | NP_CR3_RESERVED)),
         "nested CR3");
    return check_reserved(b);
}

/* ---- events ---- */

static const char *check_injected(const struct vmcb *b)
{
    uint64_t event = b->event_inject, type = event & EVENT_TYPE;
    unsigned int vector = event & EVENT_VECTOR;
    bool has_error = event & EVENT_HAS_ERROR;

    if ( !(event & EVENT_VALID) )
        return NULL;
    RULE(!(event & EVENT_RESERVED), "event: reserved bits");
    RULE(type == EVENT_INTR || type == EVENT_NMI || type == EVENT_EXCEPTION,
         "event: type");
    RULE(type != EVENT_NMI || vector == 2, "event: an NMI's vector");
    RULE(type != EVENT_EXCEPTION || (vector < 32 && vector != 2),
         "event: an exception's vector");
    RULE(type != EVENT_INTR || ((b->rflags & RFLAGS_IF) &&
                                !(b->interrupt_shadow & 1)),
         "event: an interrupt where none can be");
    RULE(has_error == (type == EVENT_EXCEPTION &&
                       exception_has_error_code(vector, b->cr0)),
         "event: error code");
    RULE(has_error || !(event >> EVENT_ERROR_SHIFT),
         "event: an error code that is none");
    return NULL;
}

/*
 * V_IRQ without the VINTR intercept is an injection: the guest takes it.  Its
 * vector may be any: the 8259s' begin at 8 when firmware has set them up.
 */
static const char *check_virtual(const struct vmcb *b)
{
    bool injected = !(b->intercept_1 & INTERCEPT_VINTR);

    RULE(!(b->vintr & ~VINTR_LEGAL), "virtual interrupt: reserved bits");
    RULE((b->vintr & VINTR_MASKING) && !(b->vintr & 0xf0),
         "virtual interrupts are not the guest's own");
    if ( !(b->vintr & VINTR_IRQ) )
        return NULL;
    RULE(b->vintr & VINTR_IGNORE_TPR, "a virtual interrupt with priority");
    if ( !injected )
        return NULL;
    RULE((b->rflags & RFLAGS_IF) && !(b->interrupt_shadow & 1) &&
         !(b->event_inject & EVENT_VALID),
         "V_IRQ where no interrupt can be taken");
    return NULL;
}

/* ---- the guest's registers ---- */

static const char *check_modes(const struct vmcb *b,
                               const struct vmcb_limits *l)
{
    const struct mode m = { b->cr0, b->cr3, b->cr4, b->efer };

    RULE(b->efer & EFER_SVME, "EFER: SVME");
    RULE(!(b->efer & EFER_LMA) || !(b->cs.attr & EMUL_SEG_L) ||
         !(b->cs.attr & EMUL_SEG_DB), "CS: L and D");
    return mode_broken(&m, &l->mode);
}

static const char *check_rest(const struct vmcb *b)
{
    bool real = !(b->cr0 & CR0_PE);
    /* Elsewhere the flag means nothing, and may be left over. */
    bool vm86 = (b->rflags & RFLAGS_VM) && !real && !(b->efer & EFER_LMA);
    const struct vmcb_seg *seg = &b->es;

    RULE(!(b->dr6 >> 32) && !(b->dr7 >> 32), "DR6, DR7: upper half");
    RULE((b->rflags & RFLAGS_FIXED) && !(b->rflags & RFLAGS_RESERVED),
         "RFLAGS: reserved bits");
    RULE(b->cpl <= 3 && (!real || !b->cpl) && (!vm86 || b->cpl == 3), "CPL");
    RULE(pat_legal(b->pat), "PAT");
    for ( ; seg <= &b->tr; seg++ )
        RULE(!(seg->attr & 0xf000), "a segment's attributes");
    return NULL;
}

const char *vmcb_check(const struct vmcb *b, const struct vmcb_limits *l)
{
    const char *broken = check_control(b, l);

    if ( !broken )
        broken = check_injected(b);
    if ( !broken )
        broken = check_virtual(b);
    if ( !broken )
        broken = check_modes(b, l);
    return broken ? broken : check_rest(b);
}

/* ---- clean bits ---- */

#define FROM_TO(bit, first, after)                                           \
    { bit, offsetof(struct vmcb, first), offsetof(struct vmcb, after), #first }

static const struct {
    uint32_t bit;
    uint16_t first, after;
    const char *what;
} clean_fields[] = {
    FROM_TO(CLEAN_INTERCEPTS, intercept_cr, reserved_018),
    FROM_TO(CLEAN_INTERCEPTS, pause_threshold, iopm),
    FROM_TO(CLEAN_INTERCEPTS, tsc_offset, asid),
    FROM_TO(CLEAN_MAPS, iopm, tsc_offset),
    FROM_TO(CLEAN_ASID, asid, tlb_control),
    FROM_TO(CLEAN_VINTR, vintr, interrupt_shadow),
    FROM_TO(CLEAN_NP, np_control, reserved_098),
    FROM_TO(CLEAN_NP, np_cr3, lbr_control),
    FROM_TO(CLEAN_NP, pat, debugctl),
    FROM_TO(CLEAN_CR, efer, reserved_4d8),
    FROM_TO(CLEAN_CR, cr4, dr7),
    FROM_TO(CLEAN_DR, dr7, rflags),
    FROM_TO(CLEAN_TABLES, gdtr, ldtr),
    FROM_TO(CLEAN_TABLES, idtr, tr),
    FROM_TO(CLEAN_SEGMENTS, es, fs),
    FROM_TO(CLEAN_SEGMENTS, cpl, reserved_4cc),
    FROM_TO(CLEAN_CR2, cr2, reserved_648),
    FROM_TO(CLEAN_LBR, lbr_control, clean),
    FROM_TO(CLEAN_LBR, debugctl, reserved_678),
};

const char *vmcb_check_clean(const struct vmcb *b, const struct vmcb *kept)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(clean_fields); i++ )
        if ( (b->clean & clean_fields[i].bit) &&
             memcmp((const char *)b + clean_fields[i].first,
                    (const char *)kept + clean_fields[i].first,
                    (size_t)(clean_fields[i].after - clean_fields[i].first)) )
            return clean_fields[i].what;
    return NULL;
}
