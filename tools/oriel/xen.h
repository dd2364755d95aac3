/* SPDX-License-Identifier: MIT */
/*
 * The connection to the hypervisor, and domains by id, name or UUID.  One
 * connection per process, from xen_open() to xen_close().
 */
#ifndef ORIEL_XEN_H
#define ORIEL_XEN_H

#include <stdbool.h>

#include <xenctrl.h>

/* The name that domain 0 has without a record of its own. */
#define XEN_DOM0_NAME "Domain-0"

/* NULL after a message.  chatty: the library logs to stderr. */
xc_interface *xen_open(bool chatty);
void xen_close(void);
xentoollog_logger *xen_logger(void);

/*
 * The domain named by an id, the name it was created with, or its UUID.  False
 * after a message.  command is for messages.
 */
bool xen_find(xc_interface *xch, const char *who, xc_dominfo_t *info);

/*
 * A sysctl of Oriel's own: `bytes` at op take the place of the union, and have
 * the answer then.  0, or -1 with errno; ENOSYS: the hypervisor is not Oriel.
 */
int xen_sysctl(xc_interface *xch, uint32_t cmd, void *op, size_t bytes);

/* Exactly that domain; false with errno. */
bool xen_domain(xc_interface *xch, uint32_t domid, xc_dominfo_t *info);

/* All domains, for free(); the count, or -1 with errno. */
int xen_domains(xc_interface *xch, xc_dominfo_t **list);

/* "d5 (name)" or "d5", in one of a few static buffers used in turn. */
const char *xen_label(const xc_dominfo_t *info);

/* "pv", "pvh" or "hvm". */
const char *xen_type(const xc_dominfo_t *info);

/* Has the domain ended?  ABI: for a crash the library sets crashed only. */
bool xen_has_ended(const xc_dominfo_t *info);

/* "poweroff", "crash", ... */
const char *xen_shutdown_reason(unsigned int reason);

#endif
