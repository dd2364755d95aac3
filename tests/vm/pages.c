/* SPDX-License-Identifier: MIT */
/* Prints how many pages of the host are free. */
#include <inttypes.h>
#include <stdio.h>

#include <xenctrl.h>

int main(void)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    xc_physinfo_t info = { 0 };

    if ( !xch || xc_physinfo(xch, &info) )
    {
        perror("free-pages");
        return 1;
    }
    printf("%" PRIu64 "\n", info.free_pages + info.scrub_pages);
    return xc_interface_close(xch) != 0;
}
