/* Returns malloc's free memory to the system whenever it is loaded. Node finds no module in it and unloads it. */
#include <malloc.h>

__attribute__((constructor)) static void trim(void) {
  malloc_trim(0);
}
