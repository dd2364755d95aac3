/* SPDX-License-Identifier: MIT */
/*
 * The real time clock in CMOS: read once, at boot, and taken to keep UTC.
 *
 * It counts while it is read: two equal readings outside of an update are one
 * consistent reading.
 */
#include <emul/date.h>
#include <hv/lib.h>

#include <x86/platform.h>

#define CMOS_INDEX 0x70 /* bit 7, NMIs off, stays 0 */
#define CMOS_DATA 0x71

#define RTC_SECOND 0x00
#define RTC_MINUTE 0x02
#define RTC_HOUR 0x04
#define RTC_DAY 0x07
#define RTC_MONTH 0x08
#define RTC_YEAR 0x09
#define RTC_A 0x0a
#define RTC_B 0x0b

#define RTC_A_UPDATE 0x80
#define RTC_B_BINARY 0x04
#define RTC_B_24H 0x02
#define RTC_HOUR_PM 0x80

#define UPDATE_WAIT 1000000U /* reads; an update takes 2 ms at most */
#define READ_TRIES 10U

struct rtc {
    uint8_t second, minute, hour, day, month, year, century;
};

static uint8_t cmos(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

static struct rtc read_registers(void)
{
    unsigned int wait = UPDATE_WAIT;

    while ( (cmos(RTC_A) & RTC_A_UPDATE) && --wait )
        cpu_relax();
    return (struct rtc){
        .second = cmos(RTC_SECOND), .minute = cmos(RTC_MINUTE),
        .hour = cmos(RTC_HOUR), .day = cmos(RTC_DAY),
        .month = cmos(RTC_MONTH), .year = cmos(RTC_YEAR),
        .century = acpi.century ? cmos(acpi.century & 0x7f) : 0,
    };
}

static unsigned int number(uint8_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10U + (value & 0xf);
}

static uint64_t decode(const struct rtc *r, uint8_t b)
{
    bool binary = b & RTC_B_BINARY;
    unsigned int hour = number(r->hour & (b & RTC_B_24H ? 0xff : 0x7f), binary);
    unsigned int month = number(r->month, binary);
    unsigned int day = number(r->day, binary);
    unsigned int century = number(r->century, binary);
    unsigned int year = number(r->year, binary);

    if ( !(b & RTC_B_24H) )
        hour = hour % 12 + (r->hour & RTC_HOUR_PM ? 12 : 0);
    /* Many a machine has no such register, or garbage in it. */
    if ( century != 19 && century != 20 && century != 21 )
        century = 20;
    year += century * 100;
    if ( year < 1970 || year > 2199 || month < 1 || month > 12 || day < 1 ||
         day > 31 )
    {
        printk(XENLOG_WARNING, "RTC: %u-%u-%u is no date\n", year, month, day);
        return 0;
    }
    return date_to_seconds(&(struct date){
        .year = year, .month = month, .day = day, .hour = hour,
        .minute = number(r->minute, binary),
        .second = number(r->second, binary),
    });
}

uint64_t rtc_read(void)
{
    struct rtc last = read_registers();

    for ( unsigned int i = 0; i < READ_TRIES; i++ )
    {
        struct rtc again = read_registers();

        if ( !memcmp(&last, &again, sizeof(last)) )
            break;
        last = again;
    }
    return decode(&last, cmos(RTC_B));
}
