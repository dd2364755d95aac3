/* SPDX-License-Identifier: MIT */
/*
 * A test of a device model: a domain gets an ioreq server,
 * whose slots are mapped.  Prints TAP; exits with 0 when all is well.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h> /* first: it defines what the headers below need */
#include <xendevicemodel.h>
#include <xenforeignmemory.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>

static int nr, failed;

static int ok(int good, const char *name)
{
    int error = errno;

    printf("%sok %d - %s\n", good ? "" : "not ", ++nr, name);
    if ( !good )
        printf("# errno, if a call failed: %s\n", strerror(error));
    failed += !good;
    return good;
}

static void test_slots(xendevicemodel_handle *dm, xenforeignmemory_handle *mem,
                       domid_t d)
{
    xenforeignmemory_resource_handle *res;
    ioservid_t id;
    void *p = NULL;

    if ( !ok(!xendevicemodel_create_ioreq_server(
                 dm, d, HVM_IOREQSRV_BUFIOREQ_ATOMIC, &id), "a server") )
        return;
    res = xenforeignmemory_map_resource(mem, d, XENMEM_resource_ioreq_server,
                                        id, 0, 2, &p, PROT_READ | PROT_WRITE, 0);
    if ( ok(res != NULL, "its ring and its slots are mapped") )
    {
        const ioreq_t *slots = (const ioreq_t *)((char *)p + 4096);

        ok(!xendevicemodel_set_ioreq_server_state(dm, d, id, 1), "enabled");
        ok(slots[0].vp_eport != 0, "vcpu 0 has a port");
        ok(!xenforeignmemory_unmap_resource(mem, res), "unmapped");
    }
    ok(!xendevicemodel_destroy_ioreq_server(dm, d, id), "destroyed");
}

int main(void)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 1, .max_evtchn_port = 1023,
        .max_grant_frames = 4, .max_maptrack_frames = 4, .grant_opts = 1,
        .arch = { .emulation_flags = XEN_X86_EMU_LAPIC },
    };
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    xendevicemodel_handle *dm = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *mem = xenforeignmemory_open(NULL, 0);
    uint32_t domid = 0;

    if ( !xch || !dm || !mem )
        return 1;
    if ( ok(!xc_domain_create(xch, &domid, &config) &&
            !xc_domain_max_vcpus(xch, domid, 1), "a domain") )
        test_slots(dm, mem, (domid_t)domid);
    ok(!xc_domain_destroy(xch, domid), "which ends");
    printf("1..%d\n", nr);
    return failed ? 1 : 0;
}
