/* SPDX-License-Identifier: MIT */
/*
 * check-calls: functions that pass on to libxenevtchn, libxengnttab and
 * libxendevicemodel, with stand-ins for these; and helpers that make no
 * hypercall.
 */
#include "check-calls.h"

#include <fcntl.h>
#include <sys/uio.h>

#include <xenevtchn.h>
#include <xengnttab.h>

/* Each prints its arguments but for pointers. */
#define STANDS_IN(type, name, params, format, ...)  \
    type name params                                \
    {                                               \
        printf("  %s" format "\n", #name __VA_OPT__(,) __VA_ARGS__); \
        return next_answer() ? (type)-1 : (type)5; \
    }

#define P(p) (int)!!(p)
STANDS_IN(xenevtchn_handle *, xenevtchn_open,
          (struct xentoollog_logger *l, unsigned int flags), " %d %u", P(l),
          flags)
STANDS_IN(int, xenevtchn_close, (xenevtchn_handle *h), " %d", P(h))
STANDS_IN(int, xenevtchn_fd, (xenevtchn_handle *h), " %d", P(h))
STANDS_IN(int, xenevtchn_notify, (xenevtchn_handle *h, evtchn_port_t p),
          " %d %u", P(h), p)
STANDS_IN(int, xenevtchn_bind_unbound_port, (xenevtchn_handle *h, uint32_t d),
          " %d %u", P(h), d)
STANDS_IN(int, xenevtchn_bind_interdomain,
          (xenevtchn_handle *h, uint32_t d, evtchn_port_t p), " %d %u %u",
          P(h), d, p)
STANDS_IN(int, xenevtchn_bind_virq, (xenevtchn_handle *h, unsigned int v),
          " %d %u", P(h), v)
STANDS_IN(int, xenevtchn_unbind, (xenevtchn_handle *h, evtchn_port_t p),
          " %d %u", P(h), p)
STANDS_IN(int, xenevtchn_pending, (xenevtchn_handle *h), " %d", P(h))
STANDS_IN(int, xenevtchn_unmask, (xenevtchn_handle *h, evtchn_port_t p),
          " %d %u", P(h), p)

STANDS_IN(xengnttab_handle *, xengnttab_open,
          (struct xentoollog_logger *l, unsigned flags), " %d %u", P(l), flags)
STANDS_IN(int, xengnttab_close, (xengnttab_handle *h), " %d", P(h))
STANDS_IN(void *, xengnttab_map_grant_ref,
          (xengnttab_handle *h, uint32_t d, uint32_t ref, int prot),
          " %d %u %u %d", P(h), d, ref, prot)
STANDS_IN(void *, xengnttab_map_grant_refs,
          (xengnttab_handle *h, uint32_t n, uint32_t *d, uint32_t *ref,
           int prot), " %d %u %u %u %d", P(h), n, d[0], ref[0], prot)
STANDS_IN(void *, xengnttab_map_domain_grant_refs,
          (xengnttab_handle *h, uint32_t n, uint32_t d, uint32_t *ref,
           int prot), " %d %u %u %u %d", P(h), n, d, ref[0], prot)
STANDS_IN(void *, xengnttab_map_grant_ref_notify,
          (xengnttab_handle *h, uint32_t d, uint32_t ref, int prot,
           uint32_t offset, evtchn_port_t port), " %d %u %u %d %u %u", P(h), d,
          ref, prot, offset, port)
STANDS_IN(int, xengnttab_unmap, (xengnttab_handle *h, void *p, uint32_t n),
          " %d %d %u", P(h), P(p), n)
STANDS_IN(int, xengnttab_set_max_grants, (xengnttab_handle *h, uint32_t n),
          " %d %u", P(h), n)

STANDS_IN(xengntshr_handle *, xengntshr_open,
          (struct xentoollog_logger *l, unsigned flags), " %d %u", P(l), flags)
STANDS_IN(int, xengntshr_close, (xengntshr_handle *h), " %d", P(h))
STANDS_IN(void *, xengntshr_share_pages,
          (xengntshr_handle *h, uint32_t d, int n, uint32_t *refs, int w),
          " %d %u %d %u %d", P(h), d, n, refs[0], w)
STANDS_IN(void *, xengntshr_share_page_notify,
          (xengntshr_handle *h, uint32_t d, uint32_t *ref, int w,
           uint32_t offset, evtchn_port_t port), " %d %u %u %d %u %u", P(h), d,
          ref[0], w, offset, port)
STANDS_IN(int, xengntshr_unshare, (xengntshr_handle *h, void *p, uint32_t n),
          " %d %d %u", P(h), P(p), n)

STANDS_IN(int, xendevicemodel_create_ioreq_server,
          (xendevicemodel_handle *h, domid_t d, int buf, ioservid_t *id),
          " %d %u %d %d", P(h), d, buf, P(id))
STANDS_IN(int, xendevicemodel_get_ioreq_server_info,
          (xendevicemodel_handle *h, domid_t d, ioservid_t id, xen_pfn_t *a,
           xen_pfn_t *b, evtchn_port_t *c), " %d %u %u %d %d %d", P(h), d, id,
          P(a), P(b), P(c))
STANDS_IN(int, xendevicemodel_map_io_range_to_ioreq_server,
          (xendevicemodel_handle *h, domid_t d, ioservid_t id, int mmio,
           uint64_t s, uint64_t e), " %d %u %u %d %lu %lu", P(h), d, id, mmio,
          s, e)
STANDS_IN(int, xendevicemodel_unmap_io_range_from_ioreq_server,
          (xendevicemodel_handle *h, domid_t d, ioservid_t id, int mmio,
           uint64_t s, uint64_t e), " %d %u %u %d %lu %lu", P(h), d, id, mmio,
          s, e)
STANDS_IN(int, xendevicemodel_map_pcidev_to_ioreq_server,
          (xendevicemodel_handle *h, domid_t d, ioservid_t id, uint16_t s,
           uint8_t b, uint8_t v, uint8_t f), " %d %u %u %u %u %u %u", P(h), d,
          id, s, b, v, f)
STANDS_IN(int, xendevicemodel_unmap_pcidev_from_ioreq_server,
          (xendevicemodel_handle *h, domid_t d, ioservid_t id, uint16_t s,
           uint8_t b, uint8_t v, uint8_t f), " %d %u %u %u %u %u %u", P(h), d,
          id, s, b, v, f)
STANDS_IN(int, xendevicemodel_destroy_ioreq_server,
          (xendevicemodel_handle *h, domid_t d, ioservid_t id), " %d %u %u",
          P(h), d, id)
STANDS_IN(int, xendevicemodel_set_ioreq_server_state,
          (xendevicemodel_handle *h, domid_t d, ioservid_t id, int on),
          " %d %u %u %d", P(h), d, id, on)
STANDS_IN(int, xendevicemodel_set_pci_intx_level,
          (xendevicemodel_handle *h, domid_t d, uint16_t s, uint8_t b,
           uint8_t v, uint8_t i, unsigned int l), " %d %u %u %u %u %u %u",
          P(h), d, s, b, v, i, l)
STANDS_IN(int, xendevicemodel_set_isa_irq_level,
          (xendevicemodel_handle *h, domid_t d, uint8_t irq, unsigned int l),
          " %d %u %u %u", P(h), d, irq, l)
STANDS_IN(int, xendevicemodel_set_pci_link_route,
          (xendevicemodel_handle *h, domid_t d, uint8_t link, uint8_t irq),
          " %d %u %u %u", P(h), d, link, irq)
STANDS_IN(int, xendevicemodel_inject_msi,
          (xendevicemodel_handle *h, domid_t d, uint64_t a, uint32_t v),
          " %d %u %lu %u", P(h), d, a, v)
STANDS_IN(int, xendevicemodel_track_dirty_vram,
          (xendevicemodel_handle *h, domid_t d, uint64_t f, uint32_t n,
           unsigned long *b), " %d %u %lu %u %d", P(h), d, f, n, P(b))
STANDS_IN(int, xendevicemodel_modified_memory,
          (xendevicemodel_handle *h, domid_t d, uint64_t f, uint32_t n),
          " %d %u %lu %u", P(h), d, f, n)
STANDS_IN(int, xendevicemodel_set_mem_type,
          (xendevicemodel_handle *h, domid_t d, hvmmem_type_t t, uint64_t f,
           uint32_t n), " %d %u %u %lu %u", P(h), d, t, f, n)
STANDS_IN(int, xendevicemodel_inject_event,
          (xendevicemodel_handle *h, domid_t d, int v, uint8_t vec,
           uint8_t type, uint32_t code, uint8_t len, uint64_t extra),
          " %d %u %d %u %u %u %u %lu", P(h), d, v, vec, type, code, len, extra)
STANDS_IN(int, xendevicemodel_pin_memory_cacheattr,
          (xendevicemodel_handle *h, domid_t d, uint64_t s, uint64_t e,
           uint32_t t), " %d %u %lu %lu %u", P(h), d, s, e, t)

void compat_calls(xc_interface *x)
{
    void *h = &out;

    CALL(xc_evtchn_open, NULL, 1);
    CALL(xc_evtchn_close, h);
    CALL(xc_evtchn_fd, h);
    CALL(xc_evtchn_notify, h, 3);
    CALL(xc_evtchn_bind_unbound_port, h, 7);
    CALL(xc_evtchn_bind_interdomain, h, 7, 3);
    CALL(xc_evtchn_bind_virq, h, 2);
    CALL(xc_evtchn_unbind, h, 3);
    CALL(xc_evtchn_pending, h);
    CALL(xc_evtchn_unmask, h, 3);

    CALL(xc_gnttab_open, NULL, 1);
    CALL(xc_gnttab_close, h);
    CALL(xc_gnttab_map_grant_ref, h, 7, 8, 3);
    CALL(xc_gnttab_map_grant_refs, h, 2, in.u32, out.u32, 3);
    CALL(xc_gnttab_map_domain_grant_refs, h, 2, 7, in.u32, 3);
    CALL(xc_gnttab_map_grant_ref_notify, h, 7, 8, 3, 4, 5);
    CALL(xc_gnttab_munmap, h, h, 2);
    CALL(xc_gnttab_set_max_grants, h, 9);
    CALL(xc_gntshr_open, NULL, 1);
    CALL(xc_gntshr_close, h);
    CALL(xc_gntshr_share_pages, h, 7, 2, in.u32, 1);
    CALL(xc_gntshr_share_page_notify, h, 7, in.u32, 1, 4, 5);
    CALL(xc_gntshr_munmap, h, h, 2);

    CALL(xc_hvm_create_ioreq_server, x, 7, 2, &out.u16[0]);
    CALL(xc_hvm_get_ioreq_server_info, x, 7, 2, out.pfn, NULL, NULL);
    CALL(xc_hvm_map_io_range_to_ioreq_server, x, 7, 2, 1, 3, 4);
    CALL(xc_hvm_unmap_io_range_from_ioreq_server, x, 7, 2, 1, 3, 4);
    CALL(xc_hvm_map_pcidev_to_ioreq_server, x, 7, 2, 3, 4, 5, 6);
    CALL(xc_hvm_unmap_pcidev_from_ioreq_server, x, 7, 2, 3, 4, 5, 6);
    CALL(xc_hvm_destroy_ioreq_server, x, 7, 2);
    CALL(xc_hvm_set_ioreq_server_state, x, 7, 2, 1);
    CALL(xc_hvm_set_pci_intx_level, x, 7, 2, 3, 4, 1, 1);
    CALL(xc_hvm_set_isa_irq_level, x, 7, 2, 1);
    CALL(xc_hvm_set_pci_link_route, x, 7, 2, 5);
    CALL(xc_hvm_inject_msi, x, 7, 0xfee00000, 0x31);
    CALL(xc_hvm_track_dirty_vram, x, 7, 1, 2, out.ul);
    CALL(xc_hvm_modified_memory, x, 7, 1, 2);
    CALL(xc_hvm_set_mem_type, x, 7, HVMMEM_ram_ro, 1, 2);
    CALL(xc_hvm_inject_trap, x, 7, 1, 2, 3, 4, 5, 6);
    CALL(xc_domain_pin_memory_cacheattr, x, 7, 1, 2, 6);
}

/* Of the library, for libxenguest; in no public header. */
void bitmap_64_to_byte(uint8_t *bp, const uint64_t *lp, int nbits);
void bitmap_byte_to_64(uint64_t *lp, const uint8_t *bp, int nbits);
void discard_file_cache(xc_interface *xch, int fd, int flush);
int read_exact(int fd, void *data, size_t size);
int write_exact(int fd, const void *data, size_t size);
int writev_exact(int fd, const struct iovec *iov, int iovcnt);
int xc_ffs8(uint8_t x);
int xc_ffs16(uint16_t x);
int xc_ffs32(uint32_t x);
int xc_ffs64(uint64_t x);

static void bit_calls(void)
{
    static const int widths[] = { 1, 7, 8, 9, 63, 64, 65, 127, 128 };

    for ( size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++ )
    {
        reset();
        bitmap_64_to_byte(out.bytes, in.u64, widths[i]);
        result("bitmap_64_to_byte", widths[i]);
        reset();
        bitmap_byte_to_64(out.u64, in.bytes, widths[i]);
        result("bitmap_byte_to_64", widths[i]);
    }
    for ( int bit = 0; bit <= 64; bit++ )
    {
        uint64_t v = bit == 64 ? 0 : 3ULL << bit;

        printf("ffs %#lx %d %d %d %d\n", v, xc_ffs8(v), xc_ffs16(v),
               xc_ffs32(v), xc_ffs64(v));
    }
}

void helper_calls(xc_interface *x)
{
    struct iovec iov[4] = { { in.bytes, 5 },
                            { in.bytes + 9, 0 },
                            { in.bytes + 20, 7 },
                            { in.bytes + 40, 0 } };
    int fds[2];
    void *p;

    bit_calls();
    if ( pipe(fds) )
        abort();
    CALL(write_exact, fds[1], in.bytes, 9);
    CALL(read_exact, fds[0], out.bytes, 9);
    CALL(writev_exact, fds[1], iov, 4);
    CALL(read_exact, fds[0], out.bytes, 12);
    CALL(writev_exact, fds[1], iov, 0);
    CALL(writev_exact, fds[1], iov + 1, 1);
    CALL(write_exact, fds[1], in.bytes, 4);
    close(fds[1]);
    CALL(read_exact, fds[0], out.bytes, 9); /* ends early */
    CALL(read_exact, -1, out.bytes, 9);
    CALL(write_exact, -1, in.bytes, 9);
    CALL(writev_exact, -1, iov, 4);
    CALL(read_exact, -1, out.bytes, 0);
    close(fds[0]);
    discard_file_cache(x, -1, 1);

    p = xc_memalign(x, 4096, 100);
    printf("memalign %d\n", p && !((uintptr_t)p & 4095));
    free(p);
    p = xc_memalign(x, 24, 100);
    printf("memalign %d\n", !!p);
}
