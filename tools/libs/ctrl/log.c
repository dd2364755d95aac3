/* SPDX-License-Identifier: MIT */
/*
 * Reporting: messages go to the handle's logger under the context "xc"; one
 * of ERROR level or above is also kept as the handle's last error until the
 * next one replaces it.  errno is preserved, because libxentoollog does.
 */
#include "private.h"

const char *xc_error_code_to_desc(int code)
{
    switch ( code )
    {
    case XC_ERROR_NONE:
        return "No error details";
    case XC_INTERNAL_ERROR:
        return "Internal error";
    case XC_INVALID_KERNEL:
        return "Invalid kernel";
    case XC_INVALID_PARAM:
        return "Invalid configuration";
    case XC_OUT_OF_MEMORY:
        return "Out of memory";
    default:
        return "Unknown error code";
    }
}

const char *xc_strerror(xc_interface *xch, int errcode)
{
    static _Thread_local char text[128];

    if ( xch->flags & XC_OPENFLAG_NON_REENTRANT )
        return strerror(errcode);

    if ( strerror_r(errcode, text, sizeof(text)) )
        snprintf(text, sizeof(text), "error %d", errcode);

    return text;
}

const xc_error *xc_get_last_error(xc_interface *xch)
{
    return &xch->last_error;
}

void xc_clear_last_error(xc_interface *xch)
{
    xch->last_error.code = XC_ERROR_NONE;
    xch->last_error.message[0] = '\0';
}

void xc_reportv(xc_interface *xch, xentoollog_logger *logger,
                xentoollog_level level, int code, const char *format,
                va_list args)
{
    char text[XC_MAX_ERROR_MSG_LEN];

    vsnprintf(text, sizeof(text), format, args);

    if ( level >= XTL_ERROR )
    {
        xch->last_error.code = code;
        memcpy(xch->last_error.message, text, sizeof(text));
    }

    xtl_log(logger, level, -1, "xc", "%s%s%s", text, code ? ": " : "",
            code ? xc_error_code_to_desc(code) : "");
}

void xc_report(xc_interface *xch, xentoollog_logger *logger,
               xentoollog_level level, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    xc_reportv(xch, logger, level, code, format, args);
    va_end(args);
}

void xc_report_error(xc_interface *xch, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    xc_reportv(xch, xch->error_handler, XTL_ERROR, code, format, args);
    va_end(args);
}

const char *xc_set_progress_prefix(xc_interface *xch, const char *doing)
{
    const char *old = xch->currently_progress_reporting;

    xch->currently_progress_reporting = doing;

    return old;
}

void xc_report_progress_single(xc_interface *xch, const char *doing)
{
    xtl_progress(xch->error_handler, "xc", doing, 0, 0);
}

void xc_report_progress_step(xc_interface *xch, unsigned long done,
                             unsigned long total)
{
    xtl_progress(xch->error_handler, "xc",
                 xch->currently_progress_reporting ?: "", done, total);
}
