/* SPDX-License-Identifier: MIT */
/*
 * Encoding of p2m table entries: the nested paging format of AMD processors.
 * Present, writable and user bits 0-2, the type in bits 52-55, which hardware
 * ignores; bit 7 of an entry above the lowest level says that it is a leaf.
 * Bits 56-58, which hardware ignores, too: for which logs the entry is clean
 * (hv/log-dirty.h); a clean entry is not writable whatever its type says.
 * Hosted, nothing walks the tables but the core.
 */
#ifndef ASM_P2M_H
#define ASM_P2M_H

#include <hv/p2m.h>

#include <x86/defns.h>

#define PTE_TYPE_SHIFT 52

/* A leaf entry; not present for types without a frame, which keep the type. */
static inline uint64_t arch_pte_make(mfn_t mfn, enum p2m_type type)
{
    uint64_t pte = (uint64_t)type << PTE_TYPE_SHIFT;

    if ( type == P2M_NONE || type == P2M_MMIO_DM || type == P2M_POD )
        return pte;
    pte |= (mfn_x(mfn) << PAGE_SHIFT) | PTE_P | PTE_US;
    if ( p2m_is_writable(type) && type != P2M_IOREQ )
        pte |= PTE_RW;
    if ( type == P2M_MMIO_DIRECT )
        pte |= PTE_RW;
    return pte;
}

#define PTE_CLEAN_SHIFT 56

/* The logs, LOG_*, for which a leaf is clean. */
static inline unsigned int arch_pte_clean(uint64_t pte)
{
    return (pte >> PTE_CLEAN_SHIFT) & LOG_ANY;
}

/* A leaf that was writable for its type, clean for these logs, at least one. */
static inline uint64_t arch_pte_make_clean(uint64_t pte, unsigned int logs)
{
    return (pte | (uint64_t)logs << PTE_CLEAN_SHIFT) & ~PTE_RW;
}

/* A leaf of a higher level, from one of the lowest with its first frame. */
static inline uint64_t arch_pte_make_large(uint64_t pte)
{
    return pte | PTE_PS;
}

static inline bool arch_pte_large(uint64_t pte)
{
    return pte & PTE_PS;
}

/* An entry that points to the next lower table. */
static inline uint64_t arch_pte_table(mfn_t table)
{
    return (mfn_x(table) << PAGE_SHIFT) | PTE_P | PTE_RW | PTE_US;
}

static inline bool arch_pte_present(uint64_t pte)
{
    return pte & PTE_P;
}

static inline mfn_t arch_pte_mfn(uint64_t pte)
{
    return _mfn((pte & PTE_ADDRESS) >> PAGE_SHIFT);
}

static inline enum p2m_type arch_pte_type(uint64_t pte)
{
    return (enum p2m_type)((pte >> PTE_TYPE_SHIFT) & 0xf);
}

#endif
