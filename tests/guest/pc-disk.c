/* SPDX-License-Identifier: MIT */
/* ATA by programmed I/O. */
#include "pc.h"

#define DATA 0x1f0
#define ERROR 0x1f1
#define COUNT 0x1f2
#define LBA 0x1f3 /* three ports */
#define DRIVE 0x1f6
#define COMMAND 0x1f7 /* written */
#define STATUS 0x1f7  /* read    */
#define CONTROL 0x3f6
#define CONTROL_NO_INTERRUPT 2

#define STATUS_ERROR 0x01
#define STATUS_DATA 0x08
#define STATUS_BUSY 0x80

#define DRIVE_LBA 0xe0

#define READ_SECTORS 0x20
#define WRITE_SECTORS 0x30
#define FLUSH_CACHE 0xe7
#define IDENTIFY 0xec

#define WORDS (SECTOR_BYTES / 2)

static uint8_t wait_while_busy(void)
{
    uint8_t status;

    do
        status = inb(STATUS);
    while ( status != 0xff && (status & STATUS_BUSY) );
    return status;
}

/* Is there data to be moved? */
static bool command(uint8_t code, uint32_t sector)
{
    uint8_t status;

    outb(CONTROL, CONTROL_NO_INTERRUPT);
    outb(DRIVE, (uint8_t)(DRIVE_LBA | sector >> 24));
    outb(COUNT, 1);
    for ( unsigned int i = 0; i < 3; i++ )
        outb((uint16_t)(LBA + i), (uint8_t)(sector >> 8 * i));
    outb(COMMAND, code);
    status = wait_while_busy();
    return (status & (STATUS_DATA | STATUS_ERROR)) == STATUS_DATA;
}

static void words_in(void *to)
{
    unsigned long nr = WORDS;

    __asm__ volatile("rep insw" : "+D"(to), "+c"(nr) : "d"(DATA) : "memory");
}

static void words_out(const void *from)
{
    unsigned long nr = WORDS;

    __asm__ volatile("rep outsw" : "+S"(from), "+c"(nr) : "d"(DATA) : "memory");
}

/* Words of a text have their first character in the high byte. */
static void copy_text(char *to, const uint16_t *word, unsigned int nr)
{
    char *end = to;

    for ( unsigned int i = 0; i < 2 * nr; i++ )
    {
        to[i] = (char)(word[i / 2] >> (i % 2 ? 0 : 8));
        if ( to[i] != ' ' )
            end = to + i + 1;
    }
    *end = 0;
}

bool disk_identify(struct disk *disk)
{
    static uint16_t word[WORDS];

    if ( !command(IDENTIFY, 0) )
        return false;
    words_in(word);
    copy_text(disk->model, word + 27, 20);
    disk->sectors = word[60] | (uint32_t)word[61] << 16;
    return true;
}

bool disk_read(uint32_t sector, void *to)
{
    if ( !command(READ_SECTORS, sector) )
        return false;
    words_in(to);
    return !(wait_while_busy() & STATUS_ERROR);
}

bool disk_write(uint32_t sector, const void *from)
{
    if ( !command(WRITE_SECTORS, sector) )
        return false;
    words_out(from);
    if ( wait_while_busy() & STATUS_ERROR )
        return false;
    outb(COMMAND, FLUSH_CACHE);
    return !(wait_while_busy() & STATUS_ERROR);
}
