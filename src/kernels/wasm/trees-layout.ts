// How a model of trees lies in its memory: read by trees-*.ts (AssemblyScript), written by src/models/evaluators/compiled. Plain numbers only.

// Cell: what nodes compare, made of one column of the input. Kind u32; column u32, in bytes; what counts as missing u32; the rank of what is missing i32 (of a number its sign);
// table u32 (of thresholds f64, ascending, filled up with Infinity to one less than a power of two; of words), its size u32 (half of that power of two, in bytes; or members).
export const CELL_BYTES = 24
export const CELL_KIND = 0
export const CELL_COLUMN = 4
export const CELL_RULE = 8
export const CELL_MISSING = 12
export const CELL_TABLE = 16
export const CELL_SIZE = 20

/** The number itself; what is missing is infinite. */
export const CELL_NUMBER = 0
/** How many thresholds are below the number. */
export const CELL_RANK = 1
/** 1: a member of the set, or no member (RULE_OTHERS), so that it goes right. */
export const CELL_MEMBER = 2

export const RULE_NAN = 1
export const RULE_ZERO = 2
export const RULE_NO_NEGATIVE = 4
export const RULE_OTHERS = 8

/** As a byte, the rank 0. What is missing on the left has the rank -1. */
export const RANK_ZERO = -127
export const RANK_MOST = 254

// Forest: bytes of a row of the input u32; numbers of the input are float64 u32; sums a row u32; their beginnings u32; numbers a leaf u32; cells u32 and
// how many u32; how often the columns are there as cells, in order, as long as none is NaN u32 (0: cells are something else); where cells of the rows are put u32; sections u32 and how many u32; zero f64.
export const FOREST_BYTES = 56
export const FOREST_STRIDE = 0
export const FOREST_WIDE = 4
export const FOREST_GROUPS = 8
export const FOREST_START = 12
export const FOREST_LEAF_WIDTH = 16
export const FOREST_CELLS = 20
export const FOREST_CELL_COUNT = 24
export const FOREST_COPIES = 28
export const FOREST_WORK = 32
export const FOREST_SECTIONS = 36
export const FOREST_SECTION_COUNT = 40
export const FOREST_ZERO = 48

// Section, some trees after each other: nodes u32, trees u32, their end u32, leaves u32.
export const SECTION_BYTES = 16
export const SECTION_NODES = 0
export const SECTION_TREES = 4
export const SECTION_END = 8
export const SECTION_LEAVES = 12

// Tree. To walk: root u32, longest way u32, its sum in bytes u32, the longest way of this and the seven that follow u32. To ask: its first node u32, the end of its nodes u32, its sum (of ASK_ROWS each) in bytes u32, its leaves u32.
export const TREE_BYTES = 16
export const TREE_ROOT = 0
export const TREE_DEPTH = 4
export const TREE_SUM = 8
export const TREE_DEPTH_OF_EIGHT = 12
export const TREE_NODES = 0
export const TREE_END = 4
export const TREE_LEAVES = 12

// Node to walk: threshold f32; below, the cell in bytes (13 bits), above, its left child; the right one follows it. A leaf is its own child, and its threshold is NaN with the leaf's number.
export const NODE_BYTES = 8
export const NODE_CELLS = 2048
export const NODE_CHILD_SHIFT = 13
export const NODES_MOST = 524288
export const LEAF_NAN = 0x7fc00000
export const LEAF_MOST = 4194304

// Node to ask: cell of all rows in bytes u16; rank i8; then where the answers of its children stand, left and right, u16. Nodes follow their children.
export const ASK_BYTES = 8
export const ASK_RANK = 2
export const ASK_LEFT = 4
export const ASK_RIGHT = 6
export const ASK_CELLS = 2048
/** Rows at once. */
export const ASK_ROWS = 32
/** The answers of leaves, the number of each ASK_ROWS times, are there already; behind them is place for those of nodes. */
export const ASK_LEAVES = 256
export const ASK_WORK_BYTES = 16384
