/* SPDX-License-Identifier: MIT */
/* The control domain: built at boot, with the machine's devices passed on. */
#ifndef X86_DOM0_H
#define X86_DOM0_H

#include <emul/elf-load.h>
#include <emul/ram-map.h>
#include <hv/types.h>

struct domain;
struct vcpu;

extern struct domain *dom0;

/* load.c: what of dom0 is where; addresses are the machine's and dom0's. */
struct dom0_layout {
    struct ram_map ram;
    struct ram_range acpi;
    uint64_t start_info;
    uint64_t entry; /* 32-bit, paging off */
};

enum { MODULE_KERNEL, MODULE_INITRD };

/* The first module, or what was packed in it: then at the end of dom0's RAM. */
struct dom0_kernel {
    const void *file;
    size_t size;
    struct elf_image img;
};

/*
 * load.c: l->ram is all of dom0's RAM, where nothing is yet; a packed kernel is
 * unpacked there.  Panics when the first module is no kernel with a PVH entry.
 */
void dom0_find_kernel(const struct dom0_layout *l, struct dom0_kernel *k);

/* What depends on the kind of guest that dom0 is. */
struct dom0_builder {
    const char *name;
    bool translated;
    /* dom0's frames [first, first + nr) are its memory; an errno. */
    int (*give)(uint64_t first, uint64_t nr) must_check;
    /* The machine's devices are dom0's; panics without memory. */
    void (*give_devices)(void);
    /* dom0 has its memory, l->ram, and its vcpus: the first one is started. */
    void (*start)(struct dom0_layout *l);
};

extern const struct dom0_builder dom0_pvh;

/*
 * dom0/build.c: from the boot modules: [0] the kernel, and its command line; [1],
 * when given, its initrd.  Once, after all CPUs are known and before any of them
 * runs guests; dom0 is unpaused at the end.  Options: dom0_max_vcpus=N.  Panics
 * with the reason.
 */
void dom0_build(const struct dom0_builder *b);

/* ---- dom0/devices.c ---- */

/* dom0 may use this port itself; the same answer always. */
bool dom0_port_allowed(uint16_t port);
/*
 * d touched gpa, where it has nothing: maps the device there, in as large a
 * block as may be, if d is the hardware domain and may have it.  0: there is
 * something now that reads and writes can use.  -EPERM d is not the hardware
 * domain, or gpa is RAM of the machine, a local APIC, an I/O APIC, or no
 * address that the processor has; -ENOMEM no page for a table.
 */
int dom0_map_device(struct domain *d, uint64_t gpa);

/*
 * ---- dom0/msr.c: the machine's MSRs of memory types ----
 *
 * dom0_msrs_init(): at boot.  dom0_rdmsr(): what dom0 reads; false: it is none
 * of these, or the machine does not have it.
 */
void dom0_msrs_init(void);
bool dom0_rdmsr(uint32_t msr, uint64_t *value);

/* ---- dom0/acpi.c: an XSDT and MADT for dom0 ---- */

/*
 * Writes tables to dom0's memory at gpa (size bytes there, identity mapped);
 * returns the address of the RSDP.
 */
uint64_t dom0_acpi_build(uint64_t gpa, size_t size, unsigned int nr_vcpus);

#endif
