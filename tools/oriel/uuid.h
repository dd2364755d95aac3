/* SPDX-License-Identifier: MIT */
/* A domain's handle as text: 8-4-4-4-12 hexadecimal digits. */
#ifndef ORIEL_UUID_H
#define ORIEL_UUID_H

#include <stdbool.h>

#include <xen/xen.h>

#define UUID_TEXT 37 /* with the zero */

void uuid_format(const uint8_t *handle, char text[UUID_TEXT]);

/* Takes digits of either case; dashes where they belong, or none at all. */
bool uuid_parse(const char *text, uint8_t *handle);

/* A random UUID (version 4).  False with errno without random bytes. */
bool uuid_random(uint8_t *handle);

#endif
