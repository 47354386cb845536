/** Below it lie the tables of the kernels, from it on the arena. */
export function heapBase(): usize {
  return __heap_base
}

/** 16 bytes at a time; may write up to 15 further. What is long is left to the engine. */
export function copy(to: usize, from: usize, length: i32): usize {
  if (length > 256) memory.copy(to, from, length)
  else for (let z: usize = 0; z < usize(length); z += 16) v128.store(to + z, v128.load(from + z))
  return to + length
}

export function addTo<S extends number>(to: usize, from: usize): void {
  store<S>(to, <S>(load<S>(to) + load<S>(from)))
}
