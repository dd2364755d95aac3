/* SPDX-License-Identifier: MIT */
/*
 * A PV dom0: what it starts with, in its memory.
 *
 * Its pseudo-physical frames are its machine frames in order of address, so
 * frame 0 is the machine's frame 0, and the frames from 640 KiB on lie higher.
 *
 *   0 -- kernel, where it wants to be -- start info -- page tables -- stack --
 *   P2M list -- initrd -- the rest
 *
 * The tables map everything up to the stack at the kernel's virtual base, and
 * half a MiB more; and the P2M list where the kernel wants that.
 */
#include "pv.h"

#include <hv/array.h>
#include <hv/heap.h>

#include <x86/dom0.h>

#define SLACK (512UL << 10)
#define REGION (4UL << 20) /* the mapped region ends with a whole one */

#define LEAF (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define LEVEL_SHIFT(l) (PAGE_SHIFT + 9 * ((l) - 1))

struct build {
    const struct dom0_layout *l;
    struct dom0_kernel k;
    struct elf_pv pv;
    uint64_t *p2m;     /* nr_pages machine frames */
    uint64_t nr_pages;
    /* pseudo-physical frames */
    uint64_t start_info, tables, nr_tables, stack, list, nr_list, initrd;
    uint64_t end;      /* of what is used */
    uint64_t mapped;   /* frames that are mapped at virt_base */
    uint64_t used;     /* tables of nr_tables that are given away */
};

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static void *frame(const struct build *b, uint64_t pfn)
{
    if ( pfn >= b->nr_pages )
        panic("dom0: it has too little memory: give it more with dom0_mem=\n");
    return phys_to_virt(b->p2m[pfn] << PAGE_SHIFT);
}

static uint64_t va_of(const struct build *b, uint64_t pfn)
{
    return b->pv.virt_base + (pfn << PAGE_SHIFT);
}

/* ---- the plan ---- */

static void list_frames(struct build *b)
{
    uint64_t n = 0;

    for ( unsigned int i = 0; i < b->l->ram.nr; i++ )
        b->nr_pages += (b->l->ram.ram[i].end - b->l->ram.ram[i].start) >>
                       PAGE_SHIFT;
    b->p2m = arch_heap_alloc(b->nr_pages * sizeof(*b->p2m));
    if ( !b->p2m )
        panic("dom0: no memory for its P2M list: give it less with "
              "dom0_mem=\n");
    for ( unsigned int i = 0; i < b->l->ram.nr; i++ )
        for ( uint64_t at = b->l->ram.ram[i].start; at < b->l->ram.ram[i].end;
              at += PAGE_SIZE )
            b->p2m[n++] = at >> PAGE_SHIFT;
}

/* Tables of a level that [start, end) needs. */
static uint64_t nr_tables(uint64_t start, uint64_t end, unsigned int level)
{
    unsigned int shift = LEVEL_SHIFT(level + 1);

    return ((end - 1) >> shift) - (start >> shift) + 1;
}

static void plan(struct build *b)
{
    const struct boot_module *m = &boot_info.module[MODULE_INITRD];
    uint64_t tables = 0;

    b->start_info = pages_of(b->k.img.high);
    b->nr_list = pages_of(b->nr_pages * sizeof(*b->p2m));
    b->tables = b->start_info + 1;
    do {
        uint64_t end;

        b->nr_tables = tables;
        b->stack = b->tables + tables;
        end = ((b->stack + 1) << PAGE_SHIFT) + SLACK;
        end = (end + REGION - 1) & ~(REGION - 1);
        b->mapped = end >> PAGE_SHIFT;
        tables = 1;
        for ( unsigned int level = 1; level <= 3; level++ )
            tables += nr_tables(b->pv.virt_base, b->pv.virt_base + end,
                                level) +
                      nr_tables(b->pv.p2m,
                                b->pv.p2m + (b->nr_list << PAGE_SHIFT), level);
    } while ( tables != b->nr_tables );
    b->list = b->stack + 1;
    b->initrd = b->list + b->nr_list;
    b->end = b->initrd;
    if ( boot_info.nr_modules > MODULE_INITRD )
        b->end += pages_of(m->size);
    if ( max(b->end, b->mapped) > b->nr_pages )
        panic("dom0: %lu MiB are too little for its kernel and its initrd: "
              "give it more with dom0_mem=\n",
              (unsigned long)b->nr_pages >> (20 - PAGE_SHIFT));
}

/* ---- contents ---- */

/* The kernel's frames are in a row, so it is loaded in one piece. */
static void load_kernel(struct build *b)
{
    uint64_t first = b->k.img.low >> PAGE_SHIFT, nr = b->start_info - first;
    uint64_t from = virt_to_phys(b->k.file), to = b->p2m[first] << PAGE_SHIFT;

    if ( b->p2m[first + nr - 1] != b->p2m[first] + nr - 1 )
        panic("dom0: no piece of its memory is large enough for its kernel\n");
    if ( to < from + b->k.size && from < to + (nr << PAGE_SHIFT) )
        panic("dom0: no room to unpack its kernel beside the place where it "
              "belongs: give it more memory with dom0_mem=\n");
    elf_load(b->k.file, b->k.size, &b->k.img,
             (uint8_t *)phys_to_virt(to) + (b->k.img.low & ~PAGE_MASK));
    if ( b->pv.hypercall_page )
        pv_fill_hypercall_page(
            frame(b, (b->pv.hypercall_page - b->pv.virt_base) >> PAGE_SHIFT));
}

/* Before anything else is written: the unpacked kernel is somewhere there. */
static void load_pages(const struct build *b, uint64_t pfn, const void *from,
                       uint64_t bytes)
{
    for ( uint64_t at = 0; at < bytes; at += PAGE_SIZE, pfn++ )
    {
        uint64_t n = min(bytes - at, PAGE_SIZE);
        uint8_t *to = frame(b, pfn);

        memcpy(to, (const uint8_t *)from + at, n);
        memset(to + n, 0, PAGE_SIZE - n);
    }
}

static void write_start_info(const struct build *b)
{
    const struct boot_module *m = &boot_info.module[MODULE_INITRD];
    struct start_info *s = frame(b, b->start_info);

    memset(s, 0, PAGE_SIZE);
    hv_snprintf(s->magic, sizeof(s->magic), "xen-3.0-x86_64");
    s->nr_pages = b->nr_pages;
    s->shared_info = mfn_x(page_to_mfn(dom0->shared_page)) << PAGE_SHIFT;
    s->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    s->pt_base = va_of(b, b->tables);
    s->nr_pt_frames = b->nr_tables;
    s->mfn_list = b->pv.p2m;
    s->first_p2m_pfn = b->list;
    s->nr_p2m_frames = b->nr_list;
    if ( b->end > b->initrd )
    {
        s->flags |= SIF_MOD_START_PFN;
        s->mod_start = b->initrd;
        s->mod_len = m->size;
    }
    hv_snprintf((char *)s->cmd_line, sizeof(s->cmd_line), "%s",
                boot_info.module[MODULE_KERNEL].cmdline);
}

/* ---- tables ---- */

static uint64_t new_table(struct build *b)
{
    uint64_t pfn = b->tables + b->used++;

    BUG_ON(b->used > b->nr_tables);
    memset(frame(b, pfn), 0, PAGE_SIZE);
    return b->p2m[pfn];
}

static void map(struct build *b, uint64_t va, uint64_t pfn, bool writable)
{
    uint64_t *table = frame(b, b->tables), *e;

    for ( unsigned int level = 4; ; level-- )
    {
        e = &table[va >> LEVEL_SHIFT(level) & 511];
        if ( level == 1 )
            break;
        if ( !(*e & PTE_P) )
            *e = new_table(b) << PAGE_SHIFT | LEAF;
        table = phys_to_virt(*e & PTE_ADDRESS);
    }
    *e = b->p2m[pfn] << PAGE_SHIFT | (writable ? LEAF : LEAF & ~PTE_RW);
}

static mfn_t make_tables(struct build *b)
{
    mfn_t root = _mfn(new_table(b));

    for ( uint64_t pfn = 0; pfn < b->mapped; pfn++ )
        map(b, va_of(b, pfn), pfn,
            pfn < b->tables || pfn >= b->tables + b->nr_tables);
    for ( uint64_t i = 0; i < b->nr_list; i++ )
        map(b, b->pv.p2m + (i << PAGE_SHIFT), b->list + i, true);
    BUG_ON(b->used != b->nr_tables);
    return root;
}

static void start(struct build *b, mfn_t root)
{
    const struct pv_start s = {
        .rip = b->pv.entry,
        .rsp = va_of(b, b->stack + 1),
        .rsi = va_of(b, b->start_info),
        .root = root,
    };
    int rc = pv_vcpu_start(domain_vcpu(dom0, 0), &s);

    if ( rc )
        panic("dom0: its page tables are not accepted: error %d\n", -rc);
}

static void pv_start_dom0(struct dom0_layout *l)
{
    static struct build b;
    const char *why;

    b.l = l;
    dom0_find_kernel(l, &b.k);
    why = elf_load_pv(b.k.file, b.k.size, &b.k.img, &b.pv);
    if ( why )
        panic("dom0: the first module cannot be started as a PV kernel: %s\n",
              why);
    list_frames(&b);
    plan(&b);
    load_kernel(&b);
    memset(frame(&b, b.stack), 0, PAGE_SIZE);
    load_pages(&b, b.list, b.p2m, b.nr_pages * sizeof(*b.p2m));
    load_pages(&b, b.initrd,
               phys_to_virt(boot_info.module[MODULE_INITRD].start),
               b.end > b.initrd ? boot_info.module[MODULE_INITRD].size : 0);
    write_start_info(&b);
    for ( uint64_t pfn = 0; pfn < b.nr_pages; pfn++ )
        if ( pv_set_m2p(dom0, _mfn(b.p2m[pfn]), pfn) )
            panic("dom0: frame %lx is not its own\n",
                  (unsigned long)b.p2m[pfn]);
    start(&b, make_tables(&b));
    printk(XENLOG_INFO, "dom0: kernel at %lx-%lx, PV entry %lx, %lu tables\n",
           (unsigned long)(b.pv.virt_base + b.k.img.low),
           (unsigned long)(b.pv.virt_base + b.k.img.high),
           (unsigned long)b.pv.entry, (unsigned long)b.nr_tables);
    arch_heap_free(b.p2m);
    vcpu_up(domain_vcpu(dom0, 0));
}

static int give(uint64_t first, uint64_t nr)
{
    return pv_adopt(dom0, _mfn(first), nr);
}

const struct dom0_builder dom0_pv = {
    .name = "PV",
    .translated = false,
    .give = give,
    .give_devices = pv_pirq_init,
    .start = pv_start_dom0,
};
