/** Room behind what is written: copies go in steps of four bytes and may write three more. */
export const SLACK = 4

/** Copies length bytes between two places; may write SLACK - 1 bytes behind them, and read as many. */
export function copyOver(from: DataView, at: number, into: DataView, to: number, length: number): void {
  for (const stop = to + length; to < stop; to += 4, at += 4) into.setInt32(to, from.getInt32(at, true), true)
}

/** What was written `distance` bytes before, which may reach into what is being written. */
export function copyBack(bytes: Uint8Array, view: DataView, to: number, distance: number, length: number): void {
  if (distance >= 4) copyOver(view, to - distance, view, to, length)
  else for (const stop = to + length; to < stop; to++) bytes[to] = bytes[to - distance]!
}
