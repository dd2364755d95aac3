/* SPDX-License-Identifier: MIT */
/*
 * screen VGABIOS IMAGE: the text on a screen, from QEMU's screendump.
 *
 * IMAGE is a binary PPM of a text mode with characters of 16 rows; VGABIOS is
 * the ROM whose font the screen shows.  Prints each row without the blanks at
 * its end; a cell that shows no character of the font, such as the cursor, is
 * a blank.  Status 1: not a text mode; 2: a file cannot be read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 16 /* of pixels in a character */

/* The font's 'A', by which the font is found. */
static const uint8_t letter_a[ROWS] = { 0, 0, 0x10, 0x38, 0x6c, 0xc6, 0xc6,
                                        0xfe, 0xc6, 0xc6, 0xc6, 0xc6 };

struct file {
    uint8_t *bytes;
    size_t size;
};

static struct file read_file(const char *path)
{
    struct file f = { NULL, 0 };
    FILE *in = fopen(path, "rb");
    size_t room = 1 << 23;

    f.bytes = malloc(room);
    if ( !in || !f.bytes )
    {
        fprintf(stderr, "screen: cannot read %s\n", path);
        exit(2);
    }
    f.size = fread(f.bytes, 1, room - 1, in);
    f.bytes[f.size] = 0;
    fclose(in);
    return f;
}

static const uint8_t *find_font(const struct file *rom)
{
    for ( size_t i = 'A' * ROWS; i + (256 - 'A') * ROWS <= rom->size; i++ )
        if ( !memcmp(rom->bytes + i, letter_a, ROWS) )
            return rom->bytes + i - 'A' * ROWS;
    fprintf(stderr, "screen: no font in this ROM\n");
    exit(2);
}

/* The rows of a cell: a bit is set where the colour is not the first pixel's. */
static void cell(const uint8_t *pixel, unsigned int line, uint8_t rows[ROWS])
{
    for ( unsigned int y = 0; y < ROWS; y++ )
    {
        rows[y] = 0;
        for ( unsigned int x = 0; x < 8; x++ )
            if ( memcmp(pixel + y * line + x * 3, pixel, 3) )
                rows[y] |= (uint8_t)(0x80 >> x);
    }
}

/* Line drawing characters are their nearest in ASCII. */
static char printable(unsigned int c)
{
    if ( c >= ' ' && c < 0x7f )
        return (char)c;
    if ( c == 0xc4 || c == 0xcd )
        return '-';
    if ( c == 0xb3 || c == 0xba )
        return '|';
    return c > 0x7f ? '+' : ' ';
}

static char recognise(const uint8_t *font, const uint8_t rows[ROWS])
{
    for ( unsigned int c = 1; c < 256; c++ )
    {
        const uint8_t *glyph = font + c * ROWS;
        uint8_t invert = glyph[0] & 0x80 ? 0xff : 0;
        unsigned int y = 0;

        while ( y < ROWS && rows[y] == (uint8_t)(glyph[y] ^ invert) )
            y++;
        if ( y == ROWS )
            return printable(c);
    }
    return ' ';
}

int main(int argc, char **argv)
{
    unsigned int width, height, advance;
    int head = 0;
    struct file rom, image;
    const uint8_t *font;

    if ( argc != 3 )
        return fprintf(stderr, "usage: screen VGABIOS IMAGE\n"), 2;
    rom = read_file(argv[1]);
    image = read_file(argv[2]);
    font = find_font(&rom);
    if ( sscanf((char *)image.bytes, "P6 %u %u 255%*c%n", &width, &height,
                &head) != 2 ||
         head + (uint64_t)width * height * 3 > image.size )
        return fprintf(stderr, "screen: no PPM\n"), 2;
    if ( !width || width > 8 * 240 || height % ROWS || height > 800 ||
         (width % 9 && width % 8) )
        return printf("a screen of %u x %u\n", width, height), 1;
    advance = width % 9 ? 8 : 9;
    for ( unsigned int y = 0; y < height; y += ROWS )
    {
        char text[256];
        unsigned int nr = 0, end = 0;

        for ( unsigned int x = 0; x < width && nr < sizeof(text);
              x += advance )
        {
            uint8_t rows[ROWS];

            cell(image.bytes + head + (y * width + x) * 3, width * 3, rows);
            text[nr++] = recognise(font, rows);
            if ( text[nr - 1] != ' ' )
                end = nr;
        }
        printf("%.*s\n", (int)end, text);
    }
    return 0;
}
