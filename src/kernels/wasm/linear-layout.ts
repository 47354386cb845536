// How a linear model lies in its memory: read by linear.ts (AssemblyScript), written by src/models/evaluators/compiled. Plain numbers only.

// Columns u32; groups u32; beginnings u32 [groups]; weights u32 [columns, groups]; NaN adds nothing u32. Beginnings and each row of weights are filled up with zeros to 16 bytes.
export const LINEAR_BYTES = 20
export const LINEAR_WIDTH = 0
export const LINEAR_GROUPS = 4
export const LINEAR_START = 8
export const LINEAR_WEIGHTS = 12
export const LINEAR_SKIPS = 16
