/* SPDX-License-Identifier: MIT */
/*
 * The handle: opening, closing, and the handles it lends.
 *
 * A handle owns one handle each of libxencall, libxenforeignmemory and
 * libxendevicemodel, and the loggers it had to make for itself.  A dummy
 * handle owns none of the three and can only report.
 */
#include "private.h"

static xentoollog_logger *stderr_logger(void)
{
    return (xentoollog_logger *)
        xtl_createlogger_stdiostream(stderr, XTL_PROGRESS, 0);
}

/* Closes all open handles; returns the first failure, with its errno. */
static int close_handles(xc_interface *xch)
{
    int rc = 0, err = errno;

    if ( xencall_close(xch->xcall) )
    {
        err = errno;
        rc = -1;
        report_errno(xch, "Could not close the hypercall handle");
    }
    if ( xenforeignmemory_close(xch->fmem) )
    {
        err = rc ? err : errno;
        rc = -1;
        report_errno(xch, "Could not close the foreign memory handle");
    }
    if ( xendevicemodel_close(xch->dmod) )
    {
        err = rc ? err : errno;
        rc = -1;
        report_errno(xch, "Could not close the device model handle");
    }
    errno = err;

    return rc;
}

static void free_handle(xc_interface *xch)
{
    int err = errno;

    xtl_logger_destroy(xch->dombuild_logger_tofree);
    xtl_logger_destroy(xch->error_handler_tofree);
    free(xch);
    errno = err;
}

xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *dombuild_logger,
                                unsigned open_flags)
{
    xc_interface *xch = calloc(1, sizeof(*xch));
    unsigned int call_flags = 0;

    if ( !xch )
        return NULL;

    xch->flags = open_flags;
    xch->dombuild_logger = dombuild_logger;
    xch->error_handler = logger;
    if ( !logger )
    {
        xch->error_handler = xch->error_handler_tofree = stderr_logger();
        if ( !xch->error_handler )
            goto fail;
    }

    if ( open_flags & XC_OPENFLAG_DUMMY )
        return xch;

    if ( open_flags & XC_OPENFLAG_NON_REENTRANT )
        call_flags |= XENCALL_OPENFLAG_NON_REENTRANT;

    /* Each library prints itself what it could not open. */
    xch->xcall = xencall_open(xch->error_handler, call_flags);
    if ( !xch->xcall )
        goto fail;
    xch->fmem = xenforeignmemory_open(xch->error_handler, 0);
    if ( !xch->fmem )
        goto fail;
    xch->dmod = xendevicemodel_open(xch->error_handler, 0);
    if ( !xch->dmod )
        goto fail;

    return xch;

fail:
    close_handles(xch);
    free_handle(xch);

    return NULL;
}

int xc_interface_close(xc_interface *xch)
{
    int rc;

    if ( !xch )
        return 0;

    rc = close_handles(xch);
    free_handle(xch);

    return rc;
}

struct xencall_handle *xc_interface_xcall_handle(xc_interface *xch)
{
    return xch->xcall;
}

struct xenforeignmemory_handle *xc_interface_fmem_handle(xc_interface *xch)
{
    return xch->fmem;
}

struct xendevicemodel_handle *xc_interface_dmod_handle(xc_interface *xch)
{
    return xch->dmod;
}
