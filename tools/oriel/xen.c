/* SPDX-License-Identifier: MIT */
#include "xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "state.h"
#include "uuid.h"

static xc_interface *interface;
static xentoollog_logger *logger;

xc_interface *xen_open(bool chatty)
{
    logger = (xentoollog_logger *)xtl_createlogger_stdiostream(
        stderr, chatty ? XTL_DETAIL : XTL_CRITICAL, 0);
    interface = xc_interface_open(logger, logger, XC_OPENFLAG_NON_REENTRANT);
    if ( !interface )
        failed_errno(errno, errno == EACCES || errno == EPERM
                                ? "be root"
                                : "run it in dom0 (is xen-privcmd loaded?), or "
                                  "under scripts/hosted",
                     "open /dev/xen/privcmd");
    return interface;
}

void xen_close(void)
{
    xc_interface_close(interface);
    xtl_logger_destroy(logger);
    interface = NULL;
    logger = NULL;
}

xentoollog_logger *xen_logger(void)
{
    return logger;
}

int xen_sysctl(xc_interface *xch, uint32_t cmd, void *op, size_t bytes)
{
    struct xen_sysctl s;
    int rc;

    memset(&s, 0, sizeof(s));
    s.cmd = cmd;
    memcpy(&s.u, op, bytes);
    rc = xc_sysctl(xch, &s);
    memcpy(op, &s.u, bytes);
    return rc;
}

bool xen_domain(xc_interface *xch, uint32_t domid, xc_dominfo_t *info)
{
    int rc = xc_domain_getinfo(xch, domid, 1, info);

    if ( rc == 1 && info->domid == domid )
        return true;
    if ( rc >= 0 )
        errno = ESRCH;
    return false;
}

int xen_domains(xc_interface *xch, xc_dominfo_t **list)
{
    uint32_t next = 0;
    int nr = 0;

    *list = NULL;
    for ( ;; )
    {
        xc_dominfo_t *more =
            reallocarray(*list, (size_t)nr + 64, sizeof(*more));
        int rc;

        if ( !more )
            break;
        *list = more;
        rc = xc_domain_getinfo(xch, next, 64, more + nr);
        if ( rc < 0 && errno != ESRCH )
            break;
        if ( rc <= 0 )
            return nr;
        nr += rc;
        next = (*list)[nr - 1].domid + 1;
    }
    free(*list);
    *list = NULL;
    return -1;
}

static bool matches(const xc_dominfo_t *info, const char *name,
                    const uint8_t *uuid)
{
    struct state_record record;

    if ( uuid )
        return !memcmp(info->handle, uuid, sizeof(info->handle));
    return (state_read(info->handle, &record) && !strcmp(record.name, name)) ||
           (info->domid == 0 && !strcmp(name, XEN_DOM0_NAME));
}

static bool find_by_name(xc_interface *xch, const char *who,
                         xc_dominfo_t *info)
{
    xen_domain_handle_t uuid;
    bool is_uuid = uuid_parse(who, uuid), found = false;
    xc_dominfo_t *list;
    int nr = xen_domains(xch, &list);

    if ( nr < 0 )
    {
        failed_errno(errno, NULL, "%s: list the domains", who);
        return false;
    }
    for ( int i = 0; i < nr && !found; i++ )
        if ( matches(&list[i], who, is_uuid ? uuid : NULL) )
        {
            *info = list[i];
            found = true;
        }
    free(list);
    if ( !found )
        failed("%s: no domain has this %s; see oriel list", who,
               is_uuid ? "UUID" : "name");
    return found;
}

bool xen_find(xc_interface *xch, const char *who, xc_dominfo_t *info)
{
    char *end;
    unsigned long domid = strtoul(who, &end, 10);

    if ( *who < '0' || *who > '9' || *end )
        return find_by_name(xch, who, info);
    if ( domid >= DOMID_FIRST_RESERVED )
    {
        failed("%s: not a domain id; they are below %u", who,
               DOMID_FIRST_RESERVED);
        return false;
    }
    if ( xen_domain(xch, (uint32_t)domid, info) )
        return true;
    failed_errno(errno, "see oriel list", "domain %s", who);
    return false;
}

const char *xen_label(const xc_dominfo_t *info)
{
    static char text[4][96];
    static unsigned int turn;
    char *label = text[turn++ % 4];
    struct state_record record;

    if ( state_read(info->handle, &record) )
        snprintf(label, sizeof(text[0]), "d%u (%s)", info->domid, record.name);
    else
        snprintf(label, sizeof(text[0]), "d%u", info->domid);
    return label;
}

const char *xen_type(const xc_dominfo_t *info)
{
    if ( !info->hvm )
        return "pv";
    return info->arch_config.emulation_flags == XEN_X86_EMU_LAPIC ? "pvh"
                                                                  : "hvm";
}

bool xen_has_ended(const xc_dominfo_t *info)
{
    return info->shutdown || info->crashed || info->dying;
}

const char *xen_shutdown_reason(unsigned int reason)
{
    static const char *const names[] = {
        [SHUTDOWN_poweroff] = "poweroff", [SHUTDOWN_reboot] = "reboot",
        [SHUTDOWN_suspend] = "suspend", [SHUTDOWN_crash] = "crash",
        [SHUTDOWN_watchdog] = "watchdog", [SHUTDOWN_soft_reset] = "soft reset",
    };

    return reason <= SHUTDOWN_MAX ? names[reason] : "unknown";
}
