/* SPDX-License-Identifier: MIT */
/*
 * The descriptor tables that a CPU has while a PV vcpu is on it.
 *
 * Each CPU has an area of its own in the hypervisor's address space: 16 pages
 * for the GDT, of which the guest has the first 14 and the hypervisor the next
 * one, and 16 pages for the LDT.  Only the vcpu on the CPU has its frames there.
 * A page of the GDT that the guest does not have is full of zeroes: no selector
 * of that page can be loaded.  One of the LDT that is not mapped yet faults, and
 * pv_map_ldt() looks for it.  One more page is for a device's register, while it is
 * read or written.
 */
#include "pv.h"

#include <x86/boot.h>

#define AREA(c) (CPU_MAP + (uint64_t)(c)->id * CPU_MAP_BYTES)
#define LDT_OFFSET (16 * PAGE_SIZE)
#define LDT_BYTES (PV_LDT_FRAMES * PAGE_SIZE)

#define DEVICE_OFFSET (32 * PAGE_SIZE)

#define DEVICE (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_PCD | PTE_PWT | PTE_NX)
#define DESCRIPTORS (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
#define ZEROES (PTE_P | PTE_A | PTE_NX)

#define LDT_PRESENT (0x82UL << 40)

static const uint8_t zeroes[PAGE_SIZE] __attribute__((aligned(4096)));
static uint64_t nx_or_0;

static uint64_t frame_entry(const struct page *pg, uint64_t none)
{
    return pg ? ((mfn_x(page_to_mfn(pg)) << PAGE_SHIFT) | DESCRIPTORS) & nx_or_0
              : none;
}

void pv_descriptors_cpu_up(struct cpu *c)
{
    uint32_t a, b, cx, d;

    cpuid(0x80000001, 0, &a, &b, &cx, &d);
    nx_or_0 = d & CPUID_E1D_NX ? ~0UL : ~PTE_NX;
    c->cpu_map = paging_area(AREA(c));
    for ( unsigned int i = 0; i < GDT_GUEST_PAGES; i++ )
        c->cpu_map[i] = (virt_to_phys(zeroes) | ZEROES) & nx_or_0;
    c->cpu_map[GDT_GUEST_PAGES] =
        (virt_to_phys(c->gdt) | DESCRIPTORS) & nx_or_0;
    c->cpu_map[GDT_GUEST_PAGES + 1] = c->cpu_map[0];
    cpu_load_gdt(AREA(c));
}

/* ---- a device's register ---- */

static volatile uint32_t *map_device(uint64_t phys)
{
    struct cpu *c = this_cpu();

    WRITE_ONCE(c->cpu_map[DEVICE_OFFSET / PAGE_SIZE],
               ((phys & PAGE_MASK) | DEVICE) & nx_or_0);
    return (void *)(AREA(c) + DEVICE_OFFSET + (phys & ~PAGE_MASK));
}

static void unmap_device(volatile uint32_t *reg)
{
    WRITE_ONCE(this_cpu()->cpu_map[DEVICE_OFFSET / PAGE_SIZE], 0);
    __asm__ volatile ( "invlpg (%0)" :: "r" (reg) : "memory" );
}

uint32_t pv_device_read(uint64_t phys)
{
    volatile uint32_t *reg = map_device(phys);
    uint32_t value = *reg;

    unmap_device(reg);
    return value;
}

void pv_device_write(uint64_t phys, uint32_t value)
{
    volatile uint32_t *reg = map_device(phys);

    *reg = value;
    unmap_device(reg);
}

/* ---- tables ---- */

static void load_ldt(struct cpu *c, unsigned int entries)
{
    uint64_t base = AREA(c) + LDT_OFFSET, limit = entries * 8 - 1UL;

    if ( !entries )
    {
        __asm__ volatile ( "lldt %w0" :: "r" (0) );
        return;
    }
    c->gdt[GDT_LDT] = (limit & 0xffff) | (base & 0xffffff) << 16 | LDT_PRESENT |
                      (limit >> 16) << 48 | (base >> 24 & 0xff) << 56;
    c->gdt[GDT_LDT + 1] = base >> 32;
    __asm__ volatile ( "lldt %w0" :: "r" (SELECTOR_LDT) );
}

static void map_tables(struct cpu *c, const struct pv_descriptors *t)
{
    uint64_t none = (virt_to_phys(zeroes) | ZEROES) & nx_or_0;

    for ( unsigned int i = 0; i < PV_GDT_FRAMES; i++ )
        WRITE_ONCE(c->cpu_map[i], frame_entry(t ? t->gdt[i] : NULL, none));
    for ( unsigned int i = 0; i < PV_LDT_FRAMES; i++ )
        WRITE_ONCE(c->cpu_map[LDT_OFFSET / PAGE_SIZE + i],
                   frame_entry(t ? t->ldt[i] : NULL, 0));
    load_ldt(c, t ? t->ldt_entries : 0);
}

void pv_map_descriptors(struct vcpu *v)
{
    map_tables(this_cpu(), &v->domain->pv->descriptors[v->vcpu_id]);
}

void pv_unmap_descriptors(void)
{
    map_tables(this_cpu(), NULL);
}

/* Segments that are loaded keep what was read when they were. */
void pv_load_descriptors(struct vcpu *v)
{
    if ( this_cpu()->loaded != v )
        return;
    pv_map_descriptors(v);
    tlb_load_cr3(read_cr3());
}

bool pv_ldt_fault(struct vcpu *v, uint64_t *address)
{
    uint64_t offset = *address - (AREA(this_cpu()) + LDT_OFFSET);

    if ( offset >= LDT_BYTES )
        return false;
    if ( pv_map_ldt(v, (unsigned int)(offset / PAGE_SIZE)) != -EINVAL )
        return true;
    *address = v->domain->pv->descriptors[v->vcpu_id].ldt_base + offset;
    return false;
}
