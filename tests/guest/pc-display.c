/* SPDX-License-Identifier: MIT */
/*
 * A VGA adapter's text mode of 80 by 25 characters, set register by register, as
 * its BIOS would.  The font is the one in the adapter's ROM.
 */
#include "pc.h"
#include "pci.h"

#define ROM 0xf4000000UL
#define ROM_BYTES 0x10000U
#define GLYPH_ROWS 16U
#define NR_GLYPHS 256U

#define COMMAND_MEMORY 2U
#define ROM_ENABLE 1U

#define FONT_WINDOW 0xa0000UL /* plane 2, while the font is loaded */
#define TEXT 0xb8000UL
#define COLUMNS 80U
#define ROWS 25U
#define GRAY 0x0700U

#define MISC 0x3c2
#define SEQUENCER 0x3c4
#define PALETTE_INDEX 0x3c8
#define PALETTE_DATA 0x3c9
#define GRAPHICS 0x3ce
#define CRTC 0x3d4
#define INPUT_STATUS 0x3da
#define ATTRIBUTE 0x3c0

/* Colour, 28 MHz, 400 lines. */
#define MISC_VALUE 0x67

static const uint8_t sequencer[] = { 0x03, 0x00, 0x03, 0x00, 0x02 };
/* 720 by 400 in cells of 16 rows; no cursor. */
static const uint8_t crtc[] = {
    0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x20, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
};
static const uint8_t graphics[] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff,
};
/* A palette of which only 0 and 7 are used, then the mode, nine columns a cell. */
static const uint8_t attribute[] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    0x0c, 0x00, 0x0f, 0x08, 0x00,
};

static void set(uint16_t port, unsigned int index, uint8_t value)
{
    outb(port, (uint8_t)index);
    outb((uint16_t)(port + 1), value);
}

static void set_all(uint16_t port, const uint8_t *value, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
        set(port, i, value[i]);
}

static void set_attributes(void)
{
    (void)inb(INPUT_STATUS); /* an index comes next */
    for ( unsigned int i = 0; i < sizeof(attribute); i++ )
    {
        outb(ATTRIBUTE, (uint8_t)i);
        outb(ATTRIBUTE, attribute[i]);
    }
    outb(ATTRIBUTE, 0x20); /* show */
}

static void set_colour(unsigned int index, uint8_t level)
{
    outb(PALETTE_INDEX, (uint8_t)index);
    for ( unsigned int i = 0; i < 3; i++ )
        outb(PALETTE_DATA, level);
}

/* ---- the font ---- */

/* The rows of 'A' in the fonts of 16 rows that VGA BIOSes have. */
static const uint8_t letter_a[GLYPH_ROWS] = {
    0x00, 0x00, 0x10, 0x38, 0x6c, 0xc6, 0xc6, 0xfe,
    0xc6, 0xc6, 0xc6, 0xc6, 0x00, 0x00, 0x00, 0x00,
};

static uint8_t rom[ROM_BYTES];

static void read_rom(unsigned int f)
{
    pci_write(f, 0x30, ROM | ROM_ENABLE);
    pci_write(f, 4, COMMAND_MEMORY);
    for ( unsigned int i = 0; i < ROM_BYTES; i += 8 )
        *(uint64_t *)(rom + i) = read64(ROM + i);
    pci_write(f, 4, 0);
    pci_write(f, 0x30, 0);
}

static bool is_letter_a(const uint8_t *glyph)
{
    for ( unsigned int i = 0; i < GLYPH_ROWS; i++ )
        if ( glyph[i] != letter_a[i] )
            return false;
    return true;
}

static const uint8_t *find_font(void)
{
    const uint8_t *end = rom + ROM_BYTES - (NR_GLYPHS - 'A') * GLYPH_ROWS;

    for ( const uint8_t *p = rom + 'A' * GLYPH_ROWS; p <= end; p++ )
        if ( is_letter_a(p) )
            return p - 'A' * GLYPH_ROWS;
    return NULL;
}

/* Plane 2 has 32 bytes for each character. */
static void load_font(const uint8_t *font)
{
    set(SEQUENCER, 2, 4);
    set(SEQUENCER, 4, 6);
    set(GRAPHICS, 5, 0);
    set(GRAPHICS, 6, 4);
    for ( unsigned int c = 0; c < NR_GLYPHS; c++ )
        for ( unsigned int row = 0; row < GLYPH_ROWS; row++ )
            write8(FONT_WINDOW + c * 32 + row, font[c * GLYPH_ROWS + row]);
}

bool display_text_mode(unsigned int f)
{
    const uint8_t *font;

    read_rom(f);
    font = find_font();
    if ( !font )
        return false;
    outb(MISC, MISC_VALUE);
    set(CRTC, 0x11, 0); /* its first registers can be written then */
    set_all(CRTC, crtc, sizeof(crtc));
    set_all(SEQUENCER, sequencer, sizeof(sequencer));
    set_all(GRAPHICS, graphics, sizeof(graphics));
    load_font(font);
    set_all(SEQUENCER, sequencer, sizeof(sequencer));
    set_all(GRAPHICS, graphics, sizeof(graphics));
    set_colour(0, 0);
    set_colour(7, 42);
    set_attributes();
    for ( unsigned int i = 0; i < COLUMNS * ROWS; i++ )
        write16(TEXT + 2 * i, GRAY | ' ');
    return true;
}

void display_write(unsigned int row, unsigned int column, const char *s)
{
    unsigned long at = TEXT + 2 * (row * COLUMNS + column);

    for ( ; *s; s++, at += 2 )
        write16(at, (uint16_t)(GRAY | (uint8_t)*s));
}
