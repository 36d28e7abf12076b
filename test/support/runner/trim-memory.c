/* Gives the free memory of malloc back to the system, as often as it is loaded. Node then finds no module in it, and unloads it. */
#include <malloc.h>

__attribute__((constructor)) static void trim(void) {
  malloc_trim(0);
}
