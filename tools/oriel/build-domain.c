/* SPDX-License-Identifier: MIT */
/* The domain: its limits, and its event channels and grants with dom0. */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xen/hvm/params.h>

#include "state.h"

#define DOM0 0U

static uint32_t emulation_flags(const struct config *config)
{
    return config->hvm ? XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI
                       : XEN_X86_EMU_LAPIC;
}

/* The host's features decide on nested paging and grant versions. */
static int ask_host(struct build *b, uint32_t *flags)
{
    xc_physinfo_t host = { 0 };

    if ( xc_physinfo(b->xch, &host) )
        return -errno;
    *flags = XEN_DOMCTL_CDF_hvm;
    if ( !(host.capabilities & XEN_SYSCTL_PHYSCAP_hvm) )
    {
        b->hint = "this hypervisor cannot run HVM guests: no SVM or VMX?";
        return -EOPNOTSUPP;
    }
    if ( host.capabilities & XEN_SYSCTL_PHYSCAP_hap )
        *flags |= XEN_DOMCTL_CDF_hap;
    b->nested_paging = *flags & XEN_DOMCTL_CDF_hap;
    b->grant_version = b->config->max_grant_version > 0
                           ? (uint32_t)b->config->max_grant_version
                       : host.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2 ? 2
                                                                          : 1;
    return 0;
}

const char *host_memory_hint(struct build *b)
{
    xc_physinfo_t host = { 0 };

    if ( xc_physinfo(b->xch, &host) )
        return "the host is short of memory";
    snprintf(b->hint_text, sizeof(b->hint_text),
             "the host has %llu of %llu MiB free, memory is %llu MiB: oriel "
             "destroy what is not needed, or give the host more (scripts/hosted "
             "--memory SIZE)",
             (unsigned long long)host.free_pages >> 8,
             (unsigned long long)host.total_pages >> 8,
             (unsigned long long)b->config->memory);
    return b->hint_text;
}

static const char *create_hint(struct build *b, int err)
{
    switch ( err )
    {
    case EINVAL:
    case EOPNOTSUPP:
        return "a limit (vcpus, max_grant_frames, max_event_channels...) "
               "exceeds the host's, or the host cannot run HVM guests";
    case ENOMEM:
        b->short_of_memory = true;
        return NULL;
    case EACCES:
        return "library and hypervisor are of different versions";
    case EPERM:
        return "only the control domain may do this";
    default:
        return NULL;
    }
}

int create_domain(struct build *b)
{
    const struct config *c = b->config;
    struct xen_domctl_createdomain create = {
        .max_vcpus = (uint32_t)c->maxvcpus,
        .max_evtchn_port = (uint32_t)c->max_event_channels,
        .max_grant_frames = (int32_t)c->max_grant_frames,
        .max_maptrack_frames = (int32_t)c->max_maptrack_frames,
        .arch = { .emulation_flags = emulation_flags(c) },
    };
    uint32_t domid = DOMID_INVALID;
    int rc = ask_host(b, &create.flags);

    if ( rc )
        return rc;
    create.grant_opts = XEN_DOMCTL_GRANT_version(b->grant_version);
    memcpy(create.handle, b->uuid, sizeof(create.handle));
    if ( xc_domain_create(b->xch, &domid, &create) )
    {
        int err = errno;

        b->hint = create_hint(b, err);
        return -err;
    }
    b->domid = domid;
    b->exists = true;
    return 0;
}

/*
 * Before the device model is started: whatever happens to oriel, the domain has
 * its name, by which it can be destroyed.
 */
int record_name(struct build *b)
{
    struct state_record record = { 0 };

    snprintf(record.name, sizeof(record.name), "%s", b->config->name);
    if ( !state_write(b->uuid, &record) )
        state_lost(b->domid, "name");
    return 0;
}

/* -errno of a call that needs memory. */
static int memory_failed(struct build *b)
{
    int err = errno;

    b->short_of_memory = err == ENOMEM;
    return -err;
}

/*
 * The paging pool provides the tables that map the guest's memory: a few pages
 * for each vcpu and 8 bytes for each page; without nested paging it provides
 * shadows of the guest's own tables, for which 1 MiB per vcpu proved enough.
 * Before 4.17 all domains shared one pool, and there is nothing to set.
 */
int set_paging_pool(struct build *b)
{
    uint64_t per_vcpu = b->nested_paging ? 16ULL << 10 : 1ULL << 20;
    uint64_t size = (4ULL << 20) + b->config->maxvcpus * per_vcpu +
                    (b->config->maxmem << 20) / 128;

    size &= ~(LAYOUT_PAGE - 1);
    if ( !xc_set_paging_mempool_size(b->xch, b->domid, size) ||
         errno == EOPNOTSUPP || errno == ENOSYS )
        return 0;
    return memory_failed(b);
}

int make_vcpus(struct build *b)
{
    if ( !xc_domain_max_vcpus(b->xch, b->domid,
                              (unsigned int)b->config->maxvcpus) )
        return 0;
    return memory_failed(b);
}

int set_memory_limit(struct build *b)
{
    uint64_t kib = (b->config->maxmem << 10) +
                   LAYOUT_NR_SPECIAL * (LAYOUT_PAGE >> 10);

    return xc_domain_setmaxmem(b->xch, b->domid, kib) ? -errno : 0;
}

int set_tsc(struct build *b)
{
    return xc_domain_set_tsc_info(b->xch, b->domid,
                                  (uint32_t)b->config->tsc_mode, 0, 0, 0)
               ? -errno
               : 0;
}

static int make_port(struct build *b, evtchn_port_t *port)
{
    int rc = xc_evtchn_alloc_unbound(b->xch, b->domid, DOM0);

    if ( rc < 0 )
        return -errno;
    *port = (evtchn_port_t)rc;
    return 0;
}

int make_event_channels(struct build *b)
{
    int rc = make_port(b, &b->store_port);

    return rc ? rc : make_port(b, &b->console_port);
}

int set_params(struct build *b)
{
    const struct {
        const char *name;
        uint32_t param;
        uint64_t value;
    } params[] = {
#define PARAM(name, value) { #name, HVM_PARAM_##name, value }
        PARAM(STORE_PFN, LAYOUT_XENSTORE_GFN),
        PARAM(STORE_EVTCHN, b->store_port),
        PARAM(CONSOLE_PFN, LAYOUT_CONSOLE_GFN),
        PARAM(CONSOLE_EVTCHN, b->console_port),
        PARAM(IOREQ_SERVER_PFN, LAYOUT_IOREQ_GFN),
        PARAM(NR_IOREQ_SERVER_PAGES, LAYOUT_NR_IOREQ),
        PARAM(IDENT_PT, LAYOUT_IDENT_PT_GFN * LAYOUT_PAGE),
        PARAM(TIMER_MODE, HVMPTM_no_delay_for_missed_ticks),
        PARAM(HPET_ENABLED, b->config->hvm),
#undef PARAM
    };

    for ( unsigned int i = 0; i < sizeof(params) / sizeof(params[0]); i++ )
        if ( xc_hvm_param_set(b->xch, b->domid, params[i].param,
                              params[i].value) )
        {
            int err = errno;

            snprintf(b->why, sizeof(b->why), "HVM_PARAM_%s = %#llx: %s",
                     params[i].name, (unsigned long long)params[i].value,
                     strerror(err));
            return -err;
        }
    return 0;
}

int seed_grants(struct build *b)
{
    if ( !xc_dom_gnttab_seed(b->xch, b->domid, true, LAYOUT_CONSOLE_GFN,
                             LAYOUT_XENSTORE_GFN, DOM0, DOM0) )
        return 0;
    b->hint = "its shared frame 0 could not be mapped; --verbose shows more";
    return -errno;
}
