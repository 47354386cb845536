/** Below it lie the tables of the kernels, from it on the arena. */
export function heapBase(): usize {
  return __heap_base
}
