/* SPDX-License-Identifier: MIT */
/*
 * The picture: a panel for each group, a bar for each row as long as its
 * median, with a line from the smallest sample to the largest.  Each panel has
 * its own axis, which ends a little after its longest bar: lines that go
 * further are cut, and end in a point.
 *
 * No background, and colours that are readable on white and on black.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum {
    WIDTH = 900,
    LEFT = 300,   /* where bars begin */
    RIGHT = 690,  /* where the axis ends; values stand beyond */
    ROW_HEIGHT = 20,
    BAR = 12,
    TITLE = 26,
    AXIS = 34,
};

static const char style[] =
    "<style>\n"
    "text { font: 12px sans-serif; fill: #57606a; }\n"
    ".title { font-weight: bold; fill: #24292f; }\n"
    ".bar { fill: #4c8bd0; }\n"
    ".spread { stroke: #d08a2c; stroke-width: 1.5; }\n"
    ".cut { fill: #d08a2c; }\n"
    ".axis { stroke: #8c959f; stroke-width: 1; }\n"
    ".grid { stroke: #8c959f; stroke-opacity: 0.25; stroke-width: 1; }\n"
    ".OK { fill: #2da05a; font-weight: bold; }\n"
    ".MISS { fill: #d1483e; font-weight: bold; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "text { fill: #9da7b1; }\n"
    ".title { fill: #e6edf3; }\n"
    "}\n"
    "</style>\n";

/* ---- one panel ---- */

struct panel {
    FILE *f;
    unsigned int first, end; /* lines */
    int top;
    double longest; /* ns at RIGHT */
};

/* 1, 2 or 5 times a power of ten: about four on the axis. */
static double step_of(double longest)
{
    double step = pow(10, floor(log10(longest / 4)));

    if ( longest / step > 20 )
        return step * 5;
    return longest / step > 8 ? step * 2 : step;
}

static double x_of(const struct panel *p, double ns)
{
    return LEFT + ns / p->longest * (RIGHT - LEFT);
}

static unsigned int nr_rows(const struct panel *p, enum kind kind)
{
    unsigned int n = 0;

    for ( unsigned int i = p->first; i < p->end; i++ )
        n += line[i].kind == kind;
    return n;
}

static int bars_end(const struct panel *p)
{
    return p->top + TITLE + (int)nr_rows(p, ROW) * ROW_HEIGHT;
}

static void axis(const struct panel *p)
{
    double step = step_of(p->longest);
    int bottom = bars_end(p);
    char text[32];

    for ( double at = 0; at <= p->longest; at += step )
    {
        double x = x_of(p, at);

        fprintf(p->f, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" "
                "y2=\"%d\"/>\n", x, p->top + TITLE - 4, x, bottom);
        fprintf(p->f, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s"
                "</text>\n", x, bottom + 15,
                at > 0 ? time_text(at, text) : "0");
    }
    fprintf(p->f, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" "
            "y2=\"%d\"/>\n", LEFT, bottom, RIGHT, bottom);
}

static void bar(const struct panel *p, const struct line *l, int y)
{
    bool cut = l->max > p->longest;
    double right = x_of(p, cut ? p->longest : l->max);
    int middle = y + BAR / 2;
    char text[32];

    fprintf(p->f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
            LEFT - 8, y + 10, l->label);
    fprintf(p->f, "<rect class=\"bar\" x=\"%d\" y=\"%d\" width=\"%.1f\" "
            "height=\"%d\"/>\n", LEFT, y, x_of(p, l->median) - LEFT, BAR);
    fprintf(p->f, "<line class=\"spread\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" "
            "y2=\"%d\"/>\n", x_of(p, l->min), middle, right, middle);
    if ( cut )
        fprintf(p->f, "<path class=\"cut\" d=\"M%.1f %d l-6 -4 v8 z\"/>\n",
                right + 6, middle);
    fprintf(p->f, "<text x=\"%d\" y=\"%d\">%s</text>\n", RIGHT + 14, y + 10,
            time_text(l->median, text));
}

static void ratio(const struct panel *p, const struct line *l, int y)
{
    fprintf(p->f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
            LEFT - 8, y, l->label);
    fprintf(p->f, "<text x=\"%d\" y=\"%d\">%.2fx", LEFT, y, l->ratio);
    if ( l->target > 0 )
        fprintf(p->f, ", target: at most %.4gx <tspan class=\"%s\">%s</tspan>",
                l->target, verdict(l), verdict(l));
    fprintf(p->f, "</text>\n");
}

/* Returns where the next one begins. */
static int panel(struct panel *p)
{
    int y = p->top + TITLE, z = bars_end(p) + AXIS;

    fprintf(p->f, "<text class=\"title\" x=\"12\" y=\"%d\">%s</text>\n",
            p->top + 12, line[p->first].group);
    axis(p);
    for ( unsigned int i = p->first; i < p->end; i++ )
        if ( line[i].kind == ROW )
        {
            bar(p, &line[i], y);
            y += ROW_HEIGHT;
        }
        else
        {
            ratio(p, &line[i], z);
            z += ROW_HEIGHT;
        }
    return z + 14;
}

/* ---- all of them ---- */

/* The panel that begins with this line; longest bar and end found. */
static struct panel panel_at(FILE *f, unsigned int first, int top)
{
    struct panel p = { f, first, first, top, 0 };

    while ( p.end < nr_lines && !strcmp(line[p.end].group, line[first].group) )
    {
        p.longest = fmax(p.longest, line[p.end].median);
        p.end++;
    }
    p.longest *= 1.15;
    return p;
}

static int panels(FILE *f)
{
    int top = 40;

    for ( unsigned int i = 0; i < nr_lines; )
    {
        struct panel p = panel_at(f, i, top);

        top = panel(&p);
        i = p.end;
    }
    return top;
}

void write_svg(const char *path)
{
    FILE *f = fopen(path, "w"), *body = tmpfile();
    char part[4096];
    size_t len;
    int height;

    if ( !f || !body )
    {
        fprintf(stderr, "report: cannot write %s\n", path);
        exit(1);
    }
    height = panels(body);
    rewind(body);
    fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
            "<title>What Oriel's calls cost</title>\n%s"
            "<text x=\"12\" y=\"18\">Bars: medians, per frame or call, time "
            "on each axis; lines: smallest to largest sample.</text>\n",
            WIDTH, height, WIDTH, height, style);
    while ( (len = fread(part, 1, sizeof(part), body)) > 0 )
        fwrite(part, 1, len, f);
    fprintf(f, "</svg>\n");
    fclose(body);
    if ( fclose(f) )
        exit(1);
}
