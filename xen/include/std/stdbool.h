/* SPDX-License-Identifier: MIT */
#ifndef STD_STDBOOL_H
#define STD_STDBOOL_H

#define bool _Bool
#define true 1
#define false 0

#endif
