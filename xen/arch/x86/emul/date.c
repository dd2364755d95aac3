/* SPDX-License-Identifier: MIT */
/*
 * Dates.  Years are counted from March, so that the leap day is the last one of
 * a year, and days from 1 March 2000, when a cycle of 400 years begins.
 */
#include <emul/date.h>

#define SECONDS_PER_DAY 86400U
#define DAYS_PER_400_YEARS 146097U
#define DAYS_PER_100_YEARS 36524U /* of the first three in 400 */
#define DAYS_PER_4_YEARS 1461U
#define DAYS_TO_2000 11017U /* from 1 January 1970 to 1 March 2000 */

/* Days from 1 March to the first of the month that is m after March. */
static unsigned int days_before(unsigned int m)
{
    return (153 * m + 2) / 5;
}

static uint64_t days_of(unsigned int year, unsigned int month)
{
    /* Years since March 1600, of which all of 1970 to 2000 are later. */
    uint64_t y = year - 1600UL - (month < 3);
    unsigned int m = month < 3 ? month + 9 : month - 3;

    return y * 365 + y / 4 - y / 100 + y / 400 + days_before(m) -
           (DAYS_PER_400_YEARS - DAYS_TO_2000);
}

uint64_t date_to_seconds(const struct date *d)
{
    unsigned int months = d->month ? d->month - 1 : 0;
    uint64_t days = days_of(d->year + months / 12, months % 12 + 1) + d->day;

    return (((days - !!days) * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
}

struct date date_of_seconds(uint64_t seconds)
{
    uint64_t days = seconds / SECONDS_PER_DAY;
    unsigned int in_day = seconds % SECONDS_PER_DAY, rest, year, month;
    struct date d = {
        .hour = in_day / 3600, .minute = in_day / 60 % 60,
        .second = in_day % 60, .weekday = (days + 4) % 7,
    };

    days += DAYS_PER_400_YEARS - DAYS_TO_2000; /* since March 1600 */
    year = 1600 + days / DAYS_PER_400_YEARS * 400;
    rest = days % DAYS_PER_400_YEARS;
    /* The last day of 400, and of 4, years belongs to the year before. */
    year += (rest - rest / (DAYS_PER_400_YEARS - 1)) / DAYS_PER_100_YEARS * 100;
    rest -= (rest - rest / (DAYS_PER_400_YEARS - 1)) / DAYS_PER_100_YEARS *
            DAYS_PER_100_YEARS;
    year += rest / DAYS_PER_4_YEARS * 4;
    rest %= DAYS_PER_4_YEARS;
    year += (rest - rest / (DAYS_PER_4_YEARS - 1)) / 365;
    rest -= (rest - rest / (DAYS_PER_4_YEARS - 1)) / 365 * 365;

    month = (5 * rest + 2) / 153; /* since March */
    d.day = rest - days_before(month) + 1;
    d.month = month < 10 ? month + 3 : month - 9;
    d.year = year + (month >= 10);
    return d;
}
