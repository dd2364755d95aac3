/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl, what its files share: the handle, reporting, hypercall buffers
 * and one call helper per hypercall.
 *
 * Every public function has the same shape: fill the operation, bounce the
 * caller's arrays, call, bounce back.  A helper returns what Xen returned, or
 * -1 with errno; a failed hypercall is logged at DETAIL level (many failures
 * are expected, such as ESRCH at the end of a domain walk), a failure inside
 * the library or an answer that contradicts the interface at ERROR level, which
 * also becomes the handle's last error.  Reporting never changes errno.
 *
 * There are no locks: a handle is used by one thread at a time, as the
 * handles of libxencall that it owns.
 */
#ifndef CTRL_PRIVATE_H
#define CTRL_PRIVATE_H

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xencall.h>

#define XC_WANT_COMPAT_DEVICEMODEL_API
#define XC_WANT_COMPAT_EVTCHN_API
#define XC_WANT_COMPAT_GNTTAB_API
#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xenctrl.h>

#include <xendevicemodel.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>

/*
 * ABI: libxenguest reads the members up to dmod by their offsets, so they
 * stay where libxenctrl 4.17 has them.  Ours follow them.
 */
struct xc_interface_core {
    int flags; /* XC_OPENFLAG_* */
    xentoollog_logger *error_handler, *error_handler_tofree;
    xentoollog_logger *dombuild_logger, *dombuild_logger_tofree;
    struct xc_error last_error;
    FILE *dombuild_logger_file;
    const char *currently_progress_reporting;
    xencall_handle *xcall;
    xenforeignmemory_handle *fmem;
    xendevicemodel_handle *dmod;

    int max_cpus; /* number of CPUs Xen can have, 0 = not asked yet */
    int max_nodes; /* the same for NUMA nodes */
};

_Static_assert(offsetof(struct xc_interface_core, dombuild_logger) == 24, "");
_Static_assert(offsetof(struct xc_interface_core, last_error) == 40, "");
_Static_assert(offsetof(struct xc_interface_core, xcall) == 1088, "");
_Static_assert(offsetof(struct xc_interface_core, dmod) == 1104, "");

/* --- log.c: the first six are called by libxenguest --------------------- */

void xc_reportv(xc_interface *xch, xentoollog_logger *logger,
                xentoollog_level level, int code, const char *format,
                va_list args) __attribute__((format(printf, 5, 0)));
void xc_report(xc_interface *xch, xentoollog_logger *logger,
               xentoollog_level level, int code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void xc_report_error(xc_interface *xch, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *xc_set_progress_prefix(xc_interface *xch, const char *doing);
void xc_report_progress_single(xc_interface *xch, const char *doing);
void xc_report_progress_step(xc_interface *xch, unsigned long done,
                             unsigned long total);

/* An error of this library's own: message and nothing else. */
#define report(xch, ...) xc_report_error(xch, XC_INTERNAL_ERROR, __VA_ARGS__)

/* The same with errno's number and text after it. */
#define report_errno(xch, fmt, ...)                                            \
    xc_report_error(xch, XC_INTERNAL_ERROR, fmt " (%d = %s)", ##__VA_ARGS__,   \
                    errno, xc_strerror(xch, errno))

/* Logs at DETAIL level what Xen refused. */
#define detail(xch, ...)                                                       \
    xc_report(xch, (xch)->error_handler, XTL_DETAIL, 0, __VA_ARGS__)

/*
 * A zeroed operation.  Unlike an initialiser, this clears the padding too: no
 * byte of the stack reaches the hypervisor.
 */
#define ZEROED(type, name)                                                     \
    type name;                                                                 \
    memset(&(name), 0, sizeof(name))

/* Sets errno and returns -1. */
static inline int fail(int err)
{
    errno = err;
    return -1;
}

/* ABI: a few functions of 4.17 answer -errno for a bad argument. */
static inline int fail_negative(int err)
{
    errno = err;
    return -err;
}

/*
 * A domid has 32 bits in the functions of this library and 16 in hypercalls.
 * 65536 is not domain 0: what does not fit names no domain, and Xen answers
 * ESRCH.
 */
static inline domid_t domid16(uint32_t domid)
{
    return domid > UINT16_MAX ? DOMID_INVALID : domid;
}

/* --- buffer.c ------------------------------------------------------------ */

/* ABI: directions of a bounce; compiled into libxenguest. */
#define BOUNCE_NONE 0
#define BOUNCE_IN 1
#define BOUNCE_OUT 2
#define BOUNCE_BOTH 3

int xc__hypercall_bounce_pre(xc_interface *xch, xc_hypercall_buffer_t *bounce);
void xc__hypercall_bounce_post(xc_interface *xch,
                               xc_hypercall_buffer_t *bounce);

/* A bounce of len bytes at ptr, which may be NULL: then so is .hbuf. */
#define BOUNCE(ptr, len, way)                                                  \
    {                                                                          \
        .dir = (way), .ubuf = (void *)(uintptr_t)(ptr), .sz = (len)            \
    }

/*
 * Prepares nr bounces, all or none.  0, or -1 with ENOMEM after a message that
 * names the operation.
 */
int bounce_in(xc_interface *xch, const char *what, xc_hypercall_buffer_t *b,
              unsigned int nr);

/* Copies OUT directions back and frees all; errno is kept. */
void bounce_out(xc_interface *xch, xc_hypercall_buffer_t *b, unsigned int nr);

/* The address of a caller's buffer, NULL without one. */
static inline void *buffer_of(const xc_hypercall_buffer_t *b)
{
    return b ? (b->param_shadow ?: b)->hbuf : NULL;
}

/* An array of the caller's, and the handle of an operation that names it. */
struct array {
    void *handle; /* an XEN_GUEST_HANDLE */
    xc_hypercall_buffer_t b;
};

#define ARRAY(handle, ptr, len, way)                                           \
    {                                                                          \
        &(handle), BOUNCE(ptr, len, way)                                       \
    }

/*
 * bounce_in() for nr arrays, whose addresses go into their handles; and
 * bounce_out().
 */
int arrays_in(xc_interface *xch, const char *what, struct array *a,
              unsigned int nr);
void arrays_out(xc_interface *xch, struct array *a, unsigned int nr);

/* --- call.c: one helper per hypercall ------------------------------------ */

/* The structure is bounced both ways; its interface_version is filled in. */
int do_domctl(xc_interface *xch, struct xen_domctl *op);
int do_sysctl(xc_interface *xch, struct xen_sysctl *op);

/* The same with the nr arrays that op names. */
int domctl_arrays(xc_interface *xch, struct xen_domctl *op, struct array *a,
                  unsigned int nr);
int sysctl_arrays(xc_interface *xch, struct xen_sysctl *op, struct array *a,
                  unsigned int nr);
long memory_op_arrays(xc_interface *xch, unsigned int cmd, void *arg,
                      size_t len, struct array *a, unsigned int nr);

/* These bounce arg (len bytes) both ways; messages contain their name. */
int do_platform_op(xc_interface *xch, struct xen_platform_op *op);
int do_evtchn_op(xc_interface *xch, int cmd, void *arg, size_t len);
int do_physdev_op(xc_interface *xch, int cmd, void *arg, size_t len);
int do_sched_op(xc_interface *xch, int cmd, void *arg, size_t len);
int do_hvm_op(xc_interface *xch, int cmd, void *arg, size_t len);
int do_kexec_op(xc_interface *xch, int cmd, void *arg, size_t len);

/* --- exported, but in no public header: libxenguest calls them ----------- */

/* dom's page-table updates, collected; free() it after the last flush. */
struct xc_mmu *xc_alloc_mmu_updates(xc_interface *xch, unsigned int subject);
int xc_add_mmu_update(xc_interface *xch, struct xc_mmu *mmu,
                      unsigned long long ptr, unsigned long long val);
int xc_flush_mmu_updates(xc_interface *xch, struct xc_mmu *mmu);

/* XEN_DOMCTL_getpageframeinfo3 of num frames: their types replace them. */
int xc_get_pfn_type_batch(xc_interface *xch, uint32_t dom, unsigned int num,
                          xen_pfn_t *arr);

/* Maps size bytes: chunksize bytes from each entry's mfn on. */
struct privcmd_mmap_entry;
void *xc_map_foreign_ranges(xc_interface *xch, uint32_t dom, size_t size,
                            int prot, size_t chunksize,
                            struct privcmd_mmap_entry *entries, int nentries);

/* port may be NULL; the version (GET_VERSION) is what it returns. */
int xc_vm_event_control(xc_interface *xch, uint32_t domain_id, unsigned int op,
                        unsigned int mode, uint32_t *port);

/* param: HVM_PARAM_*_RING_PFN.  The ring's page, or NULL with errno. */
void *xc_vm_event_enable(xc_interface *xch, uint32_t domain_id, int param,
                         uint32_t *port);

/* All of it, or -1: read_exact() with errno 0 at the end of the file. */
struct iovec;
int read_exact(int fd, void *data, size_t size);
int write_exact(int fd, const void *data, size_t size);
int writev_exact(int fd, const struct iovec *iov, int iovcnt);

/* Written pages of fd need not stay in memory; errors do not matter. */
void discard_file_cache(xc_interface *xch, int fd, int flush);

/* The bytes that have nbits of a bitmap, from words and to words. */
void bitmap_64_to_byte(uint8_t *bp, const uint64_t *lp, int nbits);
void bitmap_byte_to_64(uint64_t *lp, const uint8_t *bp, int nbits);

/* The lowest bit that is set, counted from 1; 0: none. */
int xc_ffs8(uint8_t x);
int xc_ffs16(uint16_t x);
int xc_ffs32(uint32_t x);
int xc_ffs64(uint64_t x);

#endif /* CTRL_PRIVATE_H */
