/* SPDX-License-Identifier: MIT */
/*
 * Between the life of domains (domain.c) and the list of them (domain-ref.c).
 */
#ifndef DOMAIN_PRIVATE_H
#define DOMAIN_PRIVATE_H

#include <hv/domain.h>

/*
 * Enter d, which is complete, into the list.  domid: the wanted id, or
 * DOMID_INVALID for any free one.  -EEXIST domid is in use; -ENOMEM no id is
 * free.  No locks held.
 */
int domain_enlist(struct domain *d, domid_t domid) must_check;

#endif
