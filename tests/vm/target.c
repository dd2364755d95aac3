/* SPDX-License-Identifier: MIT */
/* set-target STUB TARGET: the first domain is the second one's device model. */
#include <stdio.h>
#include <stdlib.h>

#include <xenctrl.h>

int main(int argc, char **argv)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);

    if ( argc != 3 || !xch ||
         xc_domain_set_target(xch, (uint32_t)atoi(argv[1]),
                              (uint32_t)atoi(argv[2])) )
    {
        perror("set-target");
        return 1;
    }
    return xc_interface_close(xch) != 0;
}
