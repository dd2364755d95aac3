/* SPDX-License-Identifier: MIT */
/*
 * A guest that accesses devices for ever, on all its vcpus, in every way: for
 * hostile device models (hostile.h).  Any answer is fine.
 */
#include "hostile.h"
#include "smp.h"

#define SPARE (HOSTILE_SPARE_GFN * PAGE_SIZE)

static uint64_t memory(struct chance *c)
{
    return SPARE + below(c, (HOSTILE_SPARE_GFNS - 2) * PAGE_SIZE);
}

static uint64_t device(struct chance *c)
{
    return (one_in(c, 2) ? HOSTILE_MEMORY : HOSTILE_WINDOW) +
           below(c, PAGE_SIZE - 64);
}

static void port(struct chance *c)
{
    uint16_t at = (uint16_t)(HOSTILE_PORT + below(c, 16));
    uint64_t to = memory(c), nr = below(c, 8);

    switch ( below(c, 8) )
    {
    case 0: (void)inb(at); break;
    case 1: (void)inw(at); break;
    case 2: (void)inl(at); break;
    case 3: outb(at, (uint8_t)any(c)); break;
    case 4: outl(at, (uint32_t)any(c)); break;
    case 5: /* PCI */
        outl(0xcf8, 0x80000000 | ((uint32_t)any(c) & 0xfffc));
        (void)inl(0xcfc);
        break;
    case 6:
        __asm__ volatile("rep insb" : "+D"(to), "+c"(nr) : "d"(at) : "memory");
        break;
    default:
        __asm__ volatile("rep outsl" : "+S"(to), "+c"(nr) : "d"(at)
                         : "memory");
        break;
    }
}

static void strings(struct chance *c)
{
    uint64_t from = one_in(c, 2) ? device(c) : memory(c);
    uint64_t to = one_in(c, 2) ? device(c) : memory(c), nr = below(c, 8);

    __asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(nr) : : "memory");
}

static void access(struct chance *c)
{
    uint64_t at = one_in(c, 4) ? memory(c) : device(c), v = any(c);

    switch ( below(c, 8) )
    {
    case 0: (void)read8(at); break;
    case 1: (void)read32(at); break;
    case 2: (void)read64(at); break;
    case 3: write8(at, (uint8_t)v); break;
    case 4: write32(at, (uint32_t)v); break;
    case 5: write64(at, v); break;
    case 6:
        __asm__ volatile("lock addl %1, (%0)" : : "r"(at), "r"((uint32_t)v)
                         : "memory");
        break;
    default:
        __asm__ volatile("cmpxchg %2, (%1)" : "+a"(v) : "r"(at), "r"(v + 1)
                         : "memory");
        break;
    }
}

/* Pages go and come: device models are told. */
static void balloon(struct chance *c)
{
    xen_pfn_t gfn = HOSTILE_SPARE_GFN + below(c, HOSTILE_SPARE_GFNS);
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

    set_xen_guest_handle(r.extent_start, &gfn);
    hypercall5(__HYPERVISOR_memory_op,
               one_in(c, 2) ? XENMEM_decrease_reservation
                            : XENMEM_populate_physmap, ADDRESS(&r), 0, 0, 0);
}

static _Noreturn void live(void)
{
    uint32_t r[4];
    struct chance c;

    cpuid(1, 0, r);
    c.state = command_number("seed", 1) * 0x9e3779b97f4a7c15UL + (r[1] >> 24) +
              1;
    for ( ;; )
        switch ( below(&c, 8) )
        {
        case 0 ... 2: port(&c); break;
        case 3: strings(&c); break;
        case 4:
            if ( one_in(&c, 4) )
                balloon(&c);
            break;
        default: access(&c); break;
        }
}

_Noreturn void guest_main(void)
{
    guest_init();
    smp_init();
    start_cpu(2, live);
    live();
}
