/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: the control calls of a toolstack and of device models.
 *
 * The names, types and signatures are those of Xen 4.17 (libxenctrl.so.4.17);
 * the library exports the functions that are declared here.  Unless said
 * otherwise a function returns 0, or -1 with errno: ENOMEM when there is no
 * hypercall buffer, EACCES when library and hypervisor are of different
 * versions, else Xen's errno.  Outputs are undefined after a failure. Errors
 * from Xen are logged at DETAIL level; failures inside the library and answers
 * that contradict the interface at ERROR level.  xc_get_last_error() returns
 * the last message of ERROR level.
 *
 * A handle is used by one thread at a time and never after a fork().
 */
#ifndef XENCTRL_H
#define XENCTRL_H

/* The tools' view of the ABI headers. */
#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

#include <xentoollog.h>

#define XC_PAGE_SHIFT 12
#define XC_PAGE_SIZE (1UL << XC_PAGE_SHIFT)
#define XC_PAGE_MASK (~(XC_PAGE_SIZE - 1))

#define INVALID_MFN (~0UL)

/* Barriers for rings shared with a guest; x86 reorders only store-load. */
#define xen_barrier() __asm__ __volatile__("" ::: "memory")
#define xen_rmb() xen_barrier()
#define xen_wmb() xen_barrier()
#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* A handle is a pointer, not a file descriptor (as it was before 4.1). */
#define XENCTRL_HAS_XC_INTERFACE 1

typedef struct xc_interface_core xc_interface;

/* --- the handle ---------------------------------------------------------- */

enum xc_open_flags {
    /* No connection to Xen: only reporting works. */
    XC_OPENFLAG_DUMMY = 1 << 0,
    /* The whole process uses the library from one thread. */
    XC_OPENFLAG_NON_REENTRANT = 1 << 1,
};

/*
 * Opens a handle.  logger gets all messages (NULL: one on stderr is made);
 * dombuild_logger is kept for libxenguest.  Both stay the caller's and must
 * outlive the handle.  NULL with errno when the privcmd device cannot be
 * opened or memory is short.
 */
xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *dombuild_logger,
                                unsigned open_flags);

/* Closes the handle in any case, also after an error; NULL is allowed. */
int xc_interface_close(xc_interface *xch);

/* The handles that xch uses: the library keeps them, until xch is closed. */
struct xencall_handle *xc_interface_xcall_handle(xc_interface *xch);
struct xenforeignmemory_handle *xc_interface_fmem_handle(xc_interface *xch);
struct xendevicemodel_handle *xc_interface_dmod_handle(xc_interface *xch);

/* --- errors -------------------------------------------------------------- */

typedef enum xc_error_code {
    XC_ERROR_NONE = 0,
    XC_INTERNAL_ERROR = 1,
    XC_INVALID_KERNEL = 2,
    XC_INVALID_PARAM = 3,
    XC_OUT_OF_MEMORY = 4,
} xc_error_code;

#define XC_MAX_ERROR_MSG_LEN 1024
typedef struct xc_error {
    enum xc_error_code code;
    char message[XC_MAX_ERROR_MSG_LEN];
} xc_error;

/* A constant string, whatever the code. */
const char *xc_error_code_to_desc(int code);

/* errcode in words; valid until the thread's next call. */
const char *xc_strerror(xc_interface *xch, int errcode);

/* The last message of ERROR level; the handle owns it. */
const xc_error *xc_get_last_error(xc_interface *handle);
void xc_clear_last_error(xc_interface *xch);

/* --- hypercall buffers --------------------------------------------------- */

/*
 * Memory Xen may read and write.  Declare with DECLARE_HYPERCALL_BUFFER(type,
 * name), which also declares `type *name`; get memory for it with
 * xc_hypercall_buffer_alloc() and put it in an operation with
 * set_xen_guest_handle().  The members belong to the library.
 */
struct xc_hypercall_buffer {
    void *hbuf; /* the address that Xen gets */
    struct xc_hypercall_buffer *param_shadow; /* the buffer that this names */
    int dir; /* of a bounce, 0 if none */
    void *ubuf; /* the caller's memory that is bounced */
    size_t sz; /* bytes of ubuf */
};
typedef struct xc_hypercall_buffer xc_hypercall_buffer_t;

#define XC__HYPERCALL_BUFFER_NAME(_name) xc__hypercall_buffer_##_name

#define HYPERCALL_BUFFER_INIT_NO_BOUNCE .dir = 0, .sz = 0, .ubuf = (void *)-1

static inline xc_hypercall_buffer_t *
xc__hypercall_buffer_resolve(xc_hypercall_buffer_t *b)
{
    return b->param_shadow ? b->param_shadow : b;
}

/* The buffer of that name; any other argument does not compile. */
#define HYPERCALL_BUFFER(_name)                                                \
    xc__hypercall_buffer_resolve(&XC__HYPERCALL_BUFFER_NAME(_name))

#define DECLARE_HYPERCALL_BUFFER(_type, _name)                                 \
    _type *(_name) = NULL;                                                     \
    xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(_name) = {                 \
        HYPERCALL_BUFFER_INIT_NO_BOUNCE                                        \
    }

/* A name, without a pointer, for a buffer got as an argument. */
#define DECLARE_HYPERCALL_BUFFER_ARGUMENT(_name)                               \
    xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(_name) = {                 \
        .hbuf = (void *)-1, .param_shadow = (_name),                           \
        HYPERCALL_BUFFER_INIT_NO_BOUNCE                                        \
    }

/* The same with a pointer to its memory. */
#define DECLARE_HYPERCALL_BUFFER_SHADOW(_type, _name, _hbuf)                   \
    _type *(_name) = (_hbuf)->hbuf;                                            \
    __attribute__((unused)) xc_hypercall_buffer_t                              \
    XC__HYPERCALL_BUFFER_NAME(_name) = {                                       \
        .hbuf = (void *)-1, .param_shadow = (_hbuf),                           \
        HYPERCALL_BUFFER_INIT_NO_BOUNCE                                        \
    }

#define HYPERCALL_BUFFER_AS_ARG(_name)                                         \
    ((unsigned long)HYPERCALL_BUFFER(_name)->hbuf)

#define set_xen_guest_handle_impl(_hnd, _val, _byte_off)                       \
    set_xen_guest_handle_raw(_hnd, (void *)((char *)HYPERCALL_BUFFER(_val)     \
                                                ->hbuf + (_byte_off)))
#undef set_xen_guest_handle
#define set_xen_guest_handle(_hnd, _val)                                       \
    set_xen_guest_handle_raw(_hnd, HYPERCALL_BUFFER(_val)->hbuf)
#define set_xen_guest_handle_offset(_hnd, _val, _off)                          \
    set_xen_guest_handle_impl(_hnd, _val, sizeof(*(_val)) * (_off))

/* set_xen_guest_handle(handle, HYPERCALL_BUFFER_NULL) passes NULL. */
extern xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(HYPERCALL_BUFFER_NULL);

/* Zeroed memory, or NULL with errno; freeing after a failure is harmless. */
void *xc__hypercall_buffer_alloc(xc_interface *xch, xc_hypercall_buffer_t *b,
                                 size_t size);
void xc__hypercall_buffer_free(xc_interface *xch, xc_hypercall_buffer_t *b);
void *xc__hypercall_buffer_alloc_pages(xc_interface *xch,
                                       xc_hypercall_buffer_t *b, int nr_pages);
void xc__hypercall_buffer_free_pages(xc_interface *xch,
                                     xc_hypercall_buffer_t *b, int nr_pages);

#define xc_hypercall_buffer_alloc(_xch, _name, _size)                          \
    xc__hypercall_buffer_alloc(_xch, HYPERCALL_BUFFER(_name), _size)
#define xc_hypercall_buffer_free(_xch, _name)                                  \
    xc__hypercall_buffer_free(_xch, HYPERCALL_BUFFER(_name))
#define xc_hypercall_buffer_alloc_pages(_xch, _name, _nr)                      \
    xc__hypercall_buffer_alloc_pages(_xch, HYPERCALL_BUFFER(_name), _nr)
#define xc_hypercall_buffer_free_pages(_xch, _name, _nr)                       \
    xc__hypercall_buffer_free_pages(_xch, HYPERCALL_BUFFER(_name), _nr)

/*
 * n buffers under one pointer.  alloc fills an empty slot and get returns a
 * filled one; other indexes abort().  destroy frees them all.
 */
typedef struct xc_hypercall_buffer_array xc_hypercall_buffer_array_t;

xc_hypercall_buffer_array_t *xc_hypercall_buffer_array_create(xc_interface *xch,
                                                              unsigned n);
void *xc__hypercall_buffer_array_alloc(xc_interface *xch,
                                       xc_hypercall_buffer_array_t *array,
                                       unsigned index,
                                       xc_hypercall_buffer_t *hbuf,
                                       size_t size);
void *xc__hypercall_buffer_array_get(xc_interface *xch,
                                     xc_hypercall_buffer_array_t *array,
                                     unsigned index,
                                     xc_hypercall_buffer_t *hbuf);
void xc_hypercall_buffer_array_destroy(xc_interface *xc,
                                       xc_hypercall_buffer_array_t *array);

#define xc_hypercall_buffer_array_alloc(_xch, _array, _index, _name, _size)    \
    xc__hypercall_buffer_array_alloc(_xch, _array, _index,                     \
                                     HYPERCALL_BUFFER(_name), _size)
#define xc_hypercall_buffer_array_get(_xch, _array, _index, _name, _size)      \
    xc__hypercall_buffer_array_get(_xch, _array, _index,                       \
                                   HYPERCALL_BUFFER(_name))

/* --- raw calls ----------------------------------------------------------- */

/* interface_version is filled in; the structure is copied back in any case. */
int xc_domctl(xc_interface *xch, struct xen_domctl *domctl);
int xc_sysctl(xc_interface *xch, struct xen_sysctl *sysctl);

/* A XENMEM_* with len bytes at arg; the full 64-bit answer, or -1. */
long xc_memory_op(xc_interface *xch, unsigned int cmd, void *arg, size_t len);

/* A XENVER_*; arg is that command's structure.  -EINVAL: not one. */
int xc_version(xc_interface *xch, int cmd, void *arg);

/* --- the host ------------------------------------------------------------ */

typedef struct xen_sysctl_physinfo xc_physinfo_t;
typedef struct xen_sysctl_cputopo xc_cputopo_t;
typedef struct xen_sysctl_meminfo xc_meminfo_t;
typedef struct xen_sysctl_cpuinfo xc_cpuinfo_t;

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info);
int xc_sched_id(xc_interface *xch, int *sched_id);
int xc_maximum_ram_page(xc_interface *xch, unsigned long *max_mfn);

/* Free bytes at addresses of min..max_width bits (0: any); node -1: any. */
int xc_availheap(xc_interface *xch, int min_width, int max_width, int node,
                 uint64_t *bytes);

/* Arrays of *max_... entries; a NULL array asks how many there are. */
int xc_getcpuinfo(xc_interface *xch, int max_cpus, xc_cpuinfo_t *info,
                  int *nr_cpus);
int xc_cputopoinfo(xc_interface *xch, unsigned *max_cpus,
                   xc_cputopo_t *cputopo);
int xc_numainfo(xc_interface *xch, unsigned *max_nodes, xc_meminfo_t *meminfo,
                uint32_t *distance);

/*
 * Xen's messages: up to *pnr_chars bytes into buffer, from *pindex on when
 * incremental; both are updated.  clear empties Xen's ring.
 */
int xc_readconsolering(xc_interface *xch, char *buffer,
                       unsigned int *pnr_chars, int clear, int incremental,
                       uint32_t *pindex);
/* As if these keys were typed on Xen's console, which shows the result. */
int xc_send_debug_keys(xc_interface *xch, const char *keys);

/* Pages saved by sharing, and frames shared; -1 on error. */
long xc_sharing_freed_pages(xc_interface *xch);
long xc_sharing_used_frames(xc_interface *xch);

/* --- CPU and node maps --------------------------------------------------- */

/* Little-endian bitmaps of xc_get_{cpu,node}map_size() bytes; free() them. */
typedef uint8_t *xc_cpumap_t;
typedef uint8_t *xc_nodemap_t;

int xc_get_max_cpus(xc_interface *xch);
int xc_get_online_cpus(xc_interface *xch);
int xc_get_max_nodes(xc_interface *xch);
int xc_get_cpumap_size(xc_interface *xch);
int xc_get_nodemap_size(xc_interface *xch);
xc_cpumap_t xc_cpumap_alloc(xc_interface *xch);
xc_nodemap_t xc_nodemap_alloc(xc_interface *xch);
void xc_cpumap_clearcpu(int cpu, xc_cpumap_t map);
void xc_cpumap_setcpu(int cpu, xc_cpumap_t map);
int xc_cpumap_testcpu(int cpu, xc_cpumap_t map);

/* --- CPU pools ----------------------------------------------------------- */

typedef struct xc_cpupoolinfo {
    uint32_t cpupool_id;
    uint32_t sched_id;
    uint32_t n_dom;
    xc_cpumap_t cpumap;
} xc_cpupoolinfo_t;

#define XC_CPUPOOL_POOLID_ANY 0xFFFFFFFF

int xc_cpupool_create(xc_interface *xch, uint32_t *ppoolid, uint32_t sched_id);
int xc_cpupool_destroy(xc_interface *xch, uint32_t poolid);

/* The first pool with an id >= poolid; NULL when there is none. */
xc_cpupoolinfo_t *xc_cpupool_getinfo(xc_interface *xch, uint32_t poolid);
void xc_cpupool_infofree(xc_interface *xch, xc_cpupoolinfo_t *info);

/* cpu < 0: any. */
int xc_cpupool_addcpu(xc_interface *xch, uint32_t poolid, int cpu);
int xc_cpupool_removecpu(xc_interface *xch, uint32_t poolid, int cpu);
int xc_cpupool_movedomain(xc_interface *xch, uint32_t poolid, uint32_t domid);

/* The CPUs in no pool; free() it. */
xc_cpumap_t xc_cpupool_freeinfo(xc_interface *xch);

/* --- domains ------------------------------------------------------------- */

typedef struct xc_dominfo {
    uint32_t domid;
    uint32_t ssidref;
    unsigned int dying:1, crashed:1, shutdown:1, paused:1, blocked:1,
        running:1, hvm:1, debugged:1, xenstore:1, hap:1;
    unsigned int shutdown_reason; /* when shutdown */
    unsigned long nr_pages;
    unsigned long nr_outstanding_pages;
    unsigned long nr_shared_pages;
    unsigned long nr_paged_pages;
    unsigned long shared_info_frame;
    uint64_t cpu_time; /* ns */
    unsigned long max_memkb;
    unsigned int nr_online_vcpus;
    unsigned int max_vcpu_id;
    xen_domain_handle_t handle;
    unsigned int cpupool;
    uint8_t gpaddr_bits;
    struct xen_arch_domainconfig arch_config;
} xc_dominfo_t;

typedef xen_domctl_getdomaininfo_t xc_domaininfo_t;
typedef struct xen_domctl_getvcpuinfo xc_vcpuinfo_t;

/* *pdomid: the id wanted, or an invalid one for Xen to choose; written back. */
int xc_domain_create(xc_interface *xch, uint32_t *pdomid,
                     struct xen_domctl_createdomain *config);

/* Returns when the domain is gone or Xen refuses; may take seconds. */
int xc_domain_destroy(xc_interface *xch, uint32_t domid);

int xc_domain_pause(xc_interface *xch, uint32_t domid);
int xc_domain_unpause(xc_interface *xch, uint32_t domid);
int xc_domain_soft_reset(xc_interface *xch, uint32_t domid);

/* reason: SHUTDOWN_*. */
int xc_domain_shutdown(xc_interface *xch, uint32_t domid, int reason);
int xc_watchdog(xc_interface *xch, uint32_t id, uint32_t timeout);

/*
 * Describes up to max_doms domains from first_domid on, in order of id.  The
 * count, which may be 0 for the list form, or -1 (ESRCH: none left).  The
 * first domain may have an id above first_domid: check it.
 */
int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
                      unsigned int max_doms, xc_dominfo_t *info);
int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain,
                          unsigned int max_domains, xc_domaininfo_t *info);

/* Pages of exactly that domain, or -1. */
long xc_get_tot_pages(xc_interface *xch, uint32_t domid);

int xc_domain_max_vcpus(xc_interface *xch, uint32_t domid, unsigned int max);
int xc_domain_sethandle(xc_interface *xch, uint32_t domid,
                        xen_domain_handle_t handle);
int xc_domain_set_target(xc_interface *xch, uint32_t domid, uint32_t target);
int xc_domain_set_virq_handler(xc_interface *xch, uint32_t domid, int virq);
int xc_domain_subscribe_for_suspend(xc_interface *xch, uint32_t domid,
                                    evtchn_port_t port);
int xc_domain_send_trigger(xc_interface *xch, uint32_t domid, uint32_t trigger,
                           uint32_t vcpu);
int xc_domain_setdebugging(xc_interface *xch, uint32_t domid,
                           unsigned int enable);

/* Bytes of the guest's native word.  ABI: failure is 1, not -1. */
int xc_domain_get_guest_width(xc_interface *xch, uint32_t domid,
                              unsigned int *guest_width);
int xc_domain_set_time_offset(xc_interface *xch, uint32_t domid,
                              int32_t time_offset_seconds);
int xc_domain_set_tsc_info(xc_interface *xch, uint32_t domid,
                           uint32_t tsc_mode, uint64_t elapsed_nsec,
                           uint32_t gtsc_khz, uint32_t incarnation);
int xc_domain_get_tsc_info(xc_interface *xch, uint32_t domid,
                           uint32_t *tsc_mode, uint64_t *elapsed_nsec,
                           uint32_t *gtsc_khz, uint32_t *incarnation);

/* flags: XEN_VCPUAFFINITY_{HARD,SOFT}; set reports the effective maps back. */
int xc_vcpu_setaffinity(xc_interface *xch, uint32_t domid, int vcpu,
                        xc_cpumap_t cpumap_hard_inout,
                        xc_cpumap_t cpumap_soft_inout, uint32_t flags);
int xc_vcpu_getaffinity(xc_interface *xch, uint32_t domid, int vcpu,
                        xc_cpumap_t cpumap_hard, xc_cpumap_t cpumap_soft,
                        uint32_t flags);
int xc_domain_node_setaffinity(xc_interface *xch, uint32_t domind,
                               xc_nodemap_t nodemap);
int xc_domain_node_getaffinity(xc_interface *xch, uint32_t domind,
                               xc_nodemap_t nodemap);
int xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu,
                    xc_vcpuinfo_t *info);

/* ns, or -1. */
long long xc_domain_get_cpu_usage(xc_interface *xch, uint32_t domid, int vcpu);

/* --- domain memory ------------------------------------------------------- */

int xc_domain_setmaxmem(xc_interface *xch, uint32_t domid, uint64_t max_memkb);

/* Bytes for page tables; set: EINVAL when not whole pages. */
int xc_get_paging_mempool_size(xc_interface *xch, uint32_t domid,
                               uint64_t *size);
int xc_set_paging_mempool_size(xc_interface *xch, uint32_t domid,
                               uint64_t size);

/*
 * nr_extents extents of 2^extent_order pages each.  The plain forms return
 * how many were done; the _exact forms return 0, or -1 when fewer were done,
 * with ENOMEM (increase), EINVAL (decrease) or EBUSY (populate).
 * extent_start: frames in, for populate also out; decrease: EINVAL if NULL.
 */
int xc_domain_increase_reservation(xc_interface *xch, uint32_t domid,
                                   unsigned long nr_extents,
                                   unsigned int extent_order,
                                   unsigned int mem_flags,
                                   xen_pfn_t *extent_start);
int xc_domain_increase_reservation_exact(xc_interface *xch, uint32_t domid,
                                         unsigned long nr_extents,
                                         unsigned int extent_order,
                                         unsigned int mem_flags,
                                         xen_pfn_t *extent_start);
int xc_domain_decrease_reservation(xc_interface *xch, uint32_t domid,
                                   unsigned long nr_extents,
                                   unsigned int extent_order,
                                   xen_pfn_t *extent_start);
int xc_domain_decrease_reservation_exact(xc_interface *xch, uint32_t domid,
                                         unsigned long nr_extents,
                                         unsigned int extent_order,
                                         xen_pfn_t *extent_start);
int xc_domain_populate_physmap(xc_interface *xch, uint32_t domid,
                               unsigned long nr_extents,
                               unsigned int extent_order,
                               unsigned int mem_flags,
                               xen_pfn_t *extent_start);
int xc_domain_populate_physmap_exact(xc_interface *xch, uint32_t domid,
                                     unsigned long nr_extents,
                                     unsigned int extent_order,
                                     unsigned int mem_flags,
                                     xen_pfn_t *extent_start);
int xc_domain_claim_pages(xc_interface *xch, uint32_t domid,
                          unsigned long nr_pages);

/* space: XENMAPSPACE_*.  The batch form reports an errno per entry in errs. */
int xc_domain_add_to_physmap(xc_interface *xch, uint32_t domid,
                             unsigned int space, unsigned long idx,
                             xen_pfn_t gpfn);
int xc_domain_add_to_physmap_batch(xc_interface *xch, uint32_t domid,
                                   uint32_t foreign_domid, unsigned int space,
                                   unsigned int size, xen_ulong_t *idxs,
                                   xen_pfn_t *gfpns, int *errs);
int xc_domain_remove_from_physmap(xc_interface *xch, uint32_t domid,
                                  xen_pfn_t gpfn);

/* The highest gfn in use, and the one above it. */
int xc_domain_maximum_gpfn(xc_interface *xch, uint32_t domid,
                           xen_pfn_t *gpfns);
int xc_domain_nr_gpfns(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns);

#define E820_RAM 1
#define E820_RESERVED 2
#define E820_ACPI 3
#define E820_NVS 4
#define E820_UNUSABLE 5

#define E820MAX (128)

struct e820entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type;
} __attribute__((packed));

int xc_domain_set_memory_map(xc_interface *xch, uint32_t domid,
                             struct e820entry entries[], uint32_t nr_entries);

/* A map of one RAM entry, 0 up to the limit. */
int xc_domain_set_memmap_limit(xc_interface *xch, uint32_t domid,
                               unsigned long map_limitkb);

/* The host's map: the number of entries, or -1. */
int xc_get_machine_memory_map(xc_interface *xch, struct e820entry entries[],
                              uint32_t max_entries);

int xc_domain_set_pod_target(xc_interface *xch, uint32_t domid,
                             uint64_t target_pages, uint64_t *tot_pages,
                             uint64_t *pod_cache_pages, uint64_t *pod_entries);
int xc_domain_get_pod_target(xc_interface *xch, uint32_t domid,
                             uint64_t *tot_pages, uint64_t *pod_cache_pages,
                             uint64_t *pod_entries);

int xc_copy_to_domain_page(xc_interface *xch, uint32_t domid,
                           unsigned long dst_pfn, const char *src_page);
int xc_clear_domain_pages(xc_interface *xch, uint32_t domid,
                          unsigned long dst_pfn, int num);

static inline int xc_clear_domain_page(xc_interface *xch, uint32_t domid,
                                       unsigned long dst_pfn)
{
    return xc_clear_domain_pages(xch, domid, dst_pfn, 1);
}

/* Nothing to do on x86; always 0. */
int xc_domain_cacheflush(xc_interface *xch, uint32_t domid,
                         xen_pfn_t start_pfn, xen_pfn_t nr_pfns);

/* --- HVM ----------------------------------------------------------------- */

/* param: HVM_PARAM_*. */
int xc_hvm_param_set(xc_interface *handle, uint32_t dom, uint32_t param,
                     uint64_t value);
int xc_hvm_param_get(xc_interface *handle, uint32_t dom, uint32_t param,
                     uint64_t *value);
int xc_set_hvm_param(xc_interface *handle, uint32_t dom, int param,
                     unsigned long value);
int xc_get_hvm_param(xc_interface *handle, uint32_t dom, int param,
                     unsigned long *value);

/* Bytes of the saved state (with a NULL buffer: needed for it), or -1. */
int xc_domain_hvm_getcontext(xc_interface *xch, uint32_t domid,
                             uint8_t *ctxt_buf, uint32_t size);

/* One record of it; EINVAL without a buffer. */
int xc_domain_hvm_getcontext_partial(xc_interface *xch, uint32_t domid,
                                     uint16_t typecode, uint16_t instance,
                                     void *ctxt_buf, uint32_t size);
int xc_domain_hvm_setcontext(xc_interface *xch, uint32_t domid,
                             uint8_t *hvm_ctxt, uint32_t size);

/* --- event channels of other domains ------------------------------------- */

typedef int xc_evtchn_port_or_error_t;
typedef struct evtchn_status xc_evtchn_status_t;

/* A port in dom that remote_dom may bind. */
xc_evtchn_port_or_error_t xc_evtchn_alloc_unbound(xc_interface *xch,
                                                  uint32_t dom,
                                                  uint32_t remote_dom);
int xc_evtchn_reset(xc_interface *xch, uint32_t dom);
int xc_evtchn_status(xc_interface *xch, xc_evtchn_status_t *status);

/* --- grant tables of other domains --------------------------------------- */

/* A GNTTABOP_* over count structures of op_size bytes; each has a status. */
int xc_gnttab_op(xc_interface *xch, int cmd, void *op, int op_size, int count);
int xc_gnttab_query_size(xc_interface *xch, struct gnttab_query_size *query);

/* 1 or 2, or -1. */
int xc_gnttab_get_version(xc_interface *xch, uint32_t domid);

/*
 * The whole table, mapped read-only until munmap(), with *gnt_num entries;
 * NULL when it has the other version or cannot be mapped.
 */
grant_entry_v1_t *xc_gnttab_map_table_v1(xc_interface *xch, uint32_t domid,
                                         int *gnt_num);
grant_entry_v2_t *xc_gnttab_map_table_v2(xc_interface *xch, uint32_t domid,
                                         int *gnt_num);

/*
 * Grants a new domain's console and xenstore pages to their backends, in the
 * reserved entries of its version 1 table.  A backend that is the domain
 * itself and a gfn of -1 are skipped.  gfns are MFNs for a PV domain.
 *
 * The table is reached as a resource; where kernel or Xen do not know that
 * (EOPNOTSUPP), through its frames.  Any other error is final and explained
 * by a message: ESRCH no such domain, EINVAL no grant table, EPERM the caller
 * does not control the domain, ENOMEM.  Exported under the version ORIEL_1.0,
 * so that it does not replace the function of the same name in libxenguest.
 */
int xc_dom_gnttab_seed(xc_interface *xch, uint32_t guest_domid, bool is_hvm,
                       xen_pfn_t console_gfn, xen_pfn_t xenstore_gfn,
                       uint32_t console_domid, uint32_t xenstore_domid);

/* --- passthrough --------------------------------------------------------- */

int xc_domain_ioport_permission(xc_interface *xch, uint32_t domid,
                                uint32_t first_port, uint32_t nr_ports,
                                uint32_t allow_access);
int xc_domain_irq_permission(xc_interface *xch, uint32_t domid, uint32_t pirq,
                             bool allow_access);
int xc_domain_iomem_permission(xc_interface *xch, uint32_t domid,
                               unsigned long first_mfn, unsigned long nr_mfns,
                               uint8_t allow_access);

/* machine_sbdf: segment << 16 | bus << 8 | devfn. */
int xc_assign_device(xc_interface *xch, uint32_t domid, uint32_t machine_sbdf,
                     uint32_t flag);
int xc_test_assign_device(xc_interface *xch, uint32_t domid,
                          uint32_t machine_sbdf);
int xc_deassign_device(xc_interface *xch, uint32_t domid,
                       uint32_t machine_sbdf);

/*
 * add_mapping: DPCI_{ADD,REMOVE}_MAPPING.  A mapping that fails part-way is
 * undone; nothing is done for a PV domain.  -EINVAL: no such domain.
 */
int xc_domain_memory_mapping(xc_interface *xch, uint32_t domid,
                             unsigned long first_gfn, unsigned long first_mfn,
                             unsigned long nr_mfns, uint32_t add_mapping);
int xc_domain_ioport_mapping(xc_interface *xch, uint32_t domid,
                             uint32_t first_gport, uint32_t first_mport,
                             uint32_t nr_ports, uint32_t add_mapping);

int xc_domain_update_msi_irq(xc_interface *xch, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags, uint64_t gtable);
int xc_domain_unbind_msi_irq(xc_interface *xch, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags);

/* irq_type: PT_IRQ_TYPE_{PCI,ISA,MSI_TRANSLATE,SPI}, EINVAL otherwise. */
int xc_domain_bind_pt_irq(xc_interface *xch, uint32_t domid,
                          uint8_t machine_irq, uint8_t irq_type, uint8_t bus,
                          uint8_t device, uint8_t intx, uint8_t isa_irq);
int xc_domain_unbind_pt_irq(xc_interface *xch, uint32_t domid,
                            uint8_t machine_irq, uint8_t irq_type, uint8_t bus,
                            uint8_t device, uint8_t intx, uint8_t isa_irq);
int xc_domain_bind_pt_pci_irq(xc_interface *xch, uint32_t domid,
                              uint8_t machine_irq, uint8_t bus, uint8_t device,
                              uint8_t intx);
int xc_domain_bind_pt_isa_irq(xc_interface *xch, uint32_t domid,
                              uint8_t machine_irq);

/* *pirq: the pirq wanted, or negative; written back.  EINVAL: no pirq. */
int xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int index,
                        int *pirq);
int xc_physdev_map_pirq_msi(xc_interface *xch, uint32_t domid, int index,
                            int *pirq, int devfn, int bus, int entry_nr,
                            uint64_t table_base);
int xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq);

/* --- older names, on request --------------------------------------------- */

#ifdef XC_WANT_COMPAT_MAP_FOREIGN_API

/* xenforeignmemory_map() of size bytes from mfn on; munmap() the result. */
void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot,
                           unsigned long mfn);

/* Of num frames, all or none. */
void *xc_map_foreign_pages(xc_interface *xch, uint32_t dom, int prot,
                           const xen_pfn_t *arr, int num);

/* Of num frames, each with its own errno in err. */
void *xc_map_foreign_bulk(xc_interface *xch, uint32_t dom, int prot,
                          const xen_pfn_t *arr, int *err, unsigned int num);

#endif /* XC_WANT_COMPAT_MAP_FOREIGN_API */

#endif /* XENCTRL_H */
