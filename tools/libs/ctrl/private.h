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

/* --- call.c: one helper per hypercall ------------------------------------ */

/* The structure is bounced both ways; its interface_version is filled in. */
int do_domctl(xc_interface *xch, struct xen_domctl *op);
int do_sysctl(xc_interface *xch, struct xen_sysctl *op);

/* These bounce arg (len bytes) both ways; messages contain their name. */
int do_evtchn_op(xc_interface *xch, int cmd, void *arg, size_t len);
int do_physdev_op(xc_interface *xch, int cmd, void *arg, size_t len);
int do_sched_op(xc_interface *xch, int cmd, void *arg, size_t len);
int do_hvm_op(xc_interface *xch, int cmd, void *arg, size_t len);

#endif /* CTRL_PRIVATE_H */
