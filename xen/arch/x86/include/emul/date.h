/* SPDX-License-Identifier: MIT */
/* Dates of the Gregorian calendar, and seconds since 1970. */
#ifndef EMUL_DATE_H
#define EMUL_DATE_H

#include <hv/types.h>

struct date {
    unsigned int year, month, day; /* month, day: from 1 */
    unsigned int hour, minute, second;
    unsigned int weekday; /* Sunday: 0; not read by date_to_seconds() */
};

/*
 * A month beyond 12 counts as one of the next year, a day beyond its month as
 * one of the next month, and so on.  year: 1970 or later.
 */
uint64_t date_to_seconds(const struct date *d);
struct date date_of_seconds(uint64_t seconds);

#endif
