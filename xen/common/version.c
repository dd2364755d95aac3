/* SPDX-License-Identifier: MIT */
/*
 * xen_version(cmd, arg) and vm_assist(cmd, type): who we are.
 *
 * The numbers are those of the interface that is spoken, Xen 4.17: clients
 * compare them.  Everybody may ask, but for the command line ("<denied>") and
 * the build id, which only control domains get.
 */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/features.h>
#include <xen/version.h>

#define VERSION_MAJOR 4
#define VERSION_MINOR 17
#define EXTRAVERSION ".7-oriel"
/*
 * Debian's xenctx takes registers for those of 32-bit code unless xen-3.0-x86_64,
 * the PV guests, are among the kinds of guests.
 */
#define CAPABILITIES "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p "          \
                     "hvm-3.0-x86_64"
#define VIRT_START 0xffff800000000000UL

/* The string, and zeroes up to the size of the guest's array. */
static long copy_string(uint64_t arg, const char *s, size_t size)
{
    char buf[sizeof(xen_capabilities_info_t)];

    ASSERT(size <= sizeof(buf));
    memset(buf, 0, size);
    memcpy(buf, s, min(strlen(s), size - 1));
    return guest_copy_out(arg, buf, size) ? -EFAULT : 0;
}

static long compile_info(uint64_t arg)
{
    /* Neither date nor builder: a build can be repeated bit for bit. */
    const xen_compile_info_t info = { .compiler = "C " __VERSION__ };

    return copy_to_arg(arg, &info) ? -EFAULT : 0;
}

static uint32_t features_of(const struct domain *d)
{
    uint32_t map = 1U << XENFEAT_memory_op_vnode_supported;

    if ( is_control_domain(d) )
        map |= 1U << XENFEAT_dom0;
    if ( d->translated )
        map |= 1U << XENFEAT_writable_page_tables |
               1U << XENFEAT_auto_translated_physmap |
               1U << XENFEAT_hvm_callback_vector |
               1U << XENFEAT_hvm_safe_pvclock |
               1U << XENFEAT_not_direct_mapped;
    else
        map |= 1U << XENFEAT_mmu_pt_update_preserve_ad |
               1U << XENFEAT_highmem_assist |
               1U << XENFEAT_gnttab_map_avail_bits |
               1U << XENFEAT_direct_mapped;
    return map;
}

static long get_features(uint64_t arg)
{
    xen_feature_info_t info;

    if ( copy_from_arg(&info, arg) )
        return -EFAULT;
    if ( info.submap_idx >= XENFEAT_NR_SUBMAPS )
        return -EINVAL;
    info.submap = features_of(current_domain);
    return copy_field_to_arg(arg, &info, submap) ? -EFAULT : 0;
}

static long platform_parameters(uint64_t arg)
{
    const xen_platform_parameters_t params = { .virt_start = VIRT_START };

    return copy_to_arg(arg, &params) ? -EFAULT : 0;
}

static long guest_handle(uint64_t arg)
{
    uint8_t handle[16];

    spin_lock(&current_domain->lock);
    memcpy(handle, current_domain->handle, sizeof(handle));
    spin_unlock(&current_domain->lock);
    return guest_copy_out(arg, handle, sizeof(handle)) ? -EFAULT : 0;
}

long do_xen_version(struct hypercall *hc)
{
    bool control = is_control_domain(current_domain);
    uint64_t arg = hc->a[1];

    switch ( (unsigned int)hc->a[0] )
    {
    case XENVER_version:
        return VERSION_MAJOR << 16 | VERSION_MINOR;
    case XENVER_extraversion:
        return copy_string(arg, EXTRAVERSION, XEN_EXTRAVERSION_LEN);
    case XENVER_compile_info:
        return compile_info(arg);
    case XENVER_capabilities:
        return copy_string(arg, CAPABILITIES, XEN_CAPABILITIES_INFO_LEN);
    case XENVER_changeset:
        return copy_string(arg, "unavailable", XEN_CHANGESET_INFO_LEN);
    case XENVER_platform_parameters:
        return platform_parameters(arg);
    case XENVER_get_features:
        return get_features(arg);
    case XENVER_pagesize:
        return arg ? -EINVAL : (long)PAGE_SIZE;
    case XENVER_guest_handle:
        return guest_handle(arg);
    case XENVER_commandline:
        return copy_string(arg, control ? hv_command_line : "<denied>",
                           sizeof(xen_commandline_t));
    case XENVER_build_id:
        return control ? -ENODATA : -EPERM; /* there is none */
    default:
        return -ENOSYS;
    }
}

#define ASSIST(type) (1UL << VMASST_TYPE_##type)
/* Those of 32-bit kernels change nothing for others. */
#define PV_ASSISTS                                                           \
    (ASSIST(4gb_segments) | ASSIST(4gb_segments_notify) |                    \
     ASSIST(writable_pagetables) | ASSIST(pae_extended_cr3))
#define XEN_PV_ASSISTS                                                       \
    (PV_ASSISTS | ASSIST(architectural_iopl) | ASSIST(m2p_strict))

static bool is_assist(unsigned long assists, unsigned int type)
{
    return type < 64 && (assists >> type & 1);
}

/* Types that Xen has and Oriel has not are refused after the command. */
long do_vm_assist(struct hypercall *hc)
{
    struct domain *d = current_domain;
    unsigned int cmd = (unsigned int)hc->a[0], type = (unsigned int)hc->a[1];

    if ( !is_assist(ASSIST(runstate_update_flag) |
                    (d->translated ? 0 : XEN_PV_ASSISTS), type) )
        return -EINVAL;
    if ( cmd != VMASST_CMD_enable && cmd != VMASST_CMD_disable )
        return -ENOSYS;
    if ( d->translated || !is_assist(PV_ASSISTS, type) )
        return -EINVAL;
    if ( type == VMASST_TYPE_writable_pagetables )
        WRITE_ONCE(d->writable_tables, cmd == VMASST_CMD_enable);
    return 0;
}
