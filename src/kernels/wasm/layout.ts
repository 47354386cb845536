// How tables lie in the memory: read by the kernels (AssemblyScript) and written by the host (TypeScript), so plain numbers only.

// Shape, what is wanted of an object or an array: fields u32 (pointer), end of the fields u32, fields that are wanted u32, slots u32 (pointer to a
// hash table of u32 pointers to fields), their mask u32, keys that were not where they were expected u32.
export const SHAPE_BYTES = 24
export const SHAPE_FIELDS = 0
export const SHAPE_LAST = 4
export const SHAPE_WANTED = 8
export const SHAPE_SLOTS = 12
export const SHAPE_SLOT_MASK = 16
export const SHAPE_MISSES = 20

// Field. What is expected from the end of the value before it to its own value, `, "key": `: the first 16 bytes, a mask of those that count, its
// length u32. Kind u32, cell u32 (bytes from the start of the row), ref u32 (a shape, a dictionary, the first of many), literal u32 (all of what is
// expected, if it is longer than 16), what it allows u32, serial u64 of the record that was last seen to hold it.
// Behind these 64 bytes what is seldom needed: `"key"`, the first 16 bytes, its length u32, all of it u32; index u32 (in arrays), next u32 (of many);
// then f64 values that stand for null, true, false, absent, unknown; of a run the end of its cells u32 (bytes from the start of the row), the cell
// it has come to u32, and how long its lists are, u32 for each depth. In the field of the whole record the serial counts the records.
export const FIELD_BYTES = 192
export const FIELD_HEAD = 0
export const FIELD_MASK = 16
export const FIELD_LENGTH = 32
export const FIELD_KIND = 36
export const FIELD_CELL = 40
export const FIELD_REF = 44
export const FIELD_LITERAL = 48
export const FIELD_ALLOWS = 52
export const FIELD_SERIAL = 56
export const FIELD_KEY = 64
export const FIELD_KEY_LENGTH = 80
export const FIELD_KEY_LITERAL = 84
export const FIELD_INDEX = 88
export const FIELD_NEXT = 92
export const FIELD_NULL = 96
export const FIELD_TRUE = 104
export const FIELD_FALSE = 112
export const FIELD_ABSENT = 120
export const FIELD_UNKNOWN = 128
export const FIELD_RUN_END = 136
export const FIELD_RUN_AT = 140
export const FIELD_RUN_LENGTHS = 144

export const KIND_NUMBER = 0
export const KIND_SKIP = 1
export const KIND_OBJECT = 2
export const KIND_ARRAY = 3
export const KIND_TOKEN = 4
/** Several want the same value. */
export const KIND_MANY = 5
/** Two numbers: time.ts. */
export const KIND_TIME = 6
/** All numbers of a list. */
export const KIND_RUN = 7
/** Added: what is expected is longer than 16 bytes. */
export const KIND_LONG = 8

export const ALLOWS_NULL = 1
export const ALLOWS_TRUE = 2
export const ALLOWS_FALSE = 4
export const ALLOWS_ABSENT = 8
/** Texts that are not in the dictionary. */
export const ALLOWS_UNKNOWN = 16
/** Also those that are longer than any in it. */
export const ALLOWS_LONG = 32
/** The dictionary holds what is no text, too. */
export const ALLOWS_BARE = 64

// Table of CSV: end of its columns u32, the first of the fields that no column has u32 (then by next); then a pointer to the field of each column, 0: skipped.
export const CSV_END = 0
export const CSV_CONSTANTS = 4
export const CSV_COLUMNS = 8

// Dictionary of tokens, as they are written: mask of slots u32; then slots, u32 pointers to entries of token 32 bytes (zeros behind it), value f64,
// length u32.
export const DICTIONARY_MASK = 0
export const DICTIONARY_SLOTS = 16
export const ENTRY_BYTES = 48
export const ENTRY_VALUE = 32
export const ENTRY_LENGTH = 40
export const TOKEN_MAX = 32

// Index of rows for batch.ts: blocks of INDEX_ROWS numbers each, which is a power of two. Times f64; begin and end of keys, values and headers i32 (begin < 0: null), counted from a base;
// then the bytes of each row i32, the group that it is in u32 (0: none), and the rows that are taken u32.
export const INDEX_ROWS = 1024
export const INDEX_TIMES_MS = 0
export const INDEX_KEY_START = 8 * INDEX_ROWS
export const INDEX_KEY_END = 12 * INDEX_ROWS
export const INDEX_VALUE_START = 16 * INDEX_ROWS
export const INDEX_VALUE_END = 20 * INDEX_ROWS
export const INDEX_HEADERS_START = 24 * INDEX_ROWS
export const INDEX_HEADERS_END = 28 * INDEX_ROWS
export const INDEX_SIZES = 32 * INDEX_ROWS
export const INDEX_GROUP = 36 * INDEX_ROWS
export const INDEX_TAKEN = 40 * INDEX_ROWS
export const INDEX_BYTES = 44 * INDEX_ROWS

// Behind the index that batch.ts works on: slots of a hash table of groups u32; rows that are in no group u32, bytes of the others f64; the latest time of those
// that were appended last f64; the groups. Group: partition i32, its first row among those taken u32, how many u32, how far they are filled in u32, bytes f64.
export const STAGE_SLOTS = 44 * INDEX_ROWS
export const STAGE_SLOTS_BYTES = 8 * INDEX_ROWS
export const STAGE_REFUSED = STAGE_SLOTS + STAGE_SLOTS_BYTES
export const STAGE_BYTES_HELD = STAGE_REFUSED + 8
export const STAGE_MAX_MS = STAGE_REFUSED + 16
export const STAGE_GROUPS = STAGE_REFUSED + 24
export const STAGE_BYTES = STAGE_GROUPS + 24 * INDEX_ROWS
export const GROUP_SIZE = 24
export const GROUP_PARTITION = 0
export const GROUP_FIRST = 4
export const GROUP_ROWS = 8
export const GROUP_CURSOR = 12
export const GROUP_BYTES = 16

// Plan of results for result.ts: first field u32, end of the fields u32, names of a record that must not be there u32 (0: the record is no part of the
// result), tails u32 (pointer and length of a text for each model; 0: none), end u32 and its length u32, bytes that a row takes besides what is copied
// u32, how often the value of a record is copied, at most, u32; then what writeResults answers: rows u32, end u32, whether any has headers u32.
export const PLAN_BYTES = 48
export const PLAN_FIELDS = 0
export const PLAN_LAST = 4
export const PLAN_NAMES = 8
export const PLAN_TAILS = 12
export const PLAN_END = 16
export const PLAN_END_LENGTH = 20
export const PLAN_MOST = 24
export const PLAN_COPIES = 28
export const PLAN_ROWS = 32
export const PLAN_TO = 36
export const PLAN_HEADERS = 40
/** The first of the fields that are taken from records u32, 0: none; the others by OUT_NEXT. */
export const PLAN_TAKEN = 44

// Field of a result: text before it u32 and its length u32; kind u32, numbers of a row u32, whether they are a list u32, the numbers of all rows u32. If it is taken from the record:
// its name with quotes u32 and their length u32 in place of numbers and list, whether a record may be without it u32; the next one u32; where it was found
// u32, its end u32.
export const OUT_BYTES = 48
export const OUT_BEFORE = 0
export const OUT_BEFORE_LENGTH = 4
export const OUT_KIND = 8
export const OUT_WIDTH = 12
export const OUT_LIST = 16
export const OUT_DATA = 20
export const OUT_NAME = 12
export const OUT_NAME_LENGTH = 16
export const OUT_OPTIONAL = 20
export const OUT_NEXT = 24
export const OUT_FOUND = 28
export const OUT_FOUND_END = 32

export const OUT_F64 = 0
export const OUT_F32 = 1
export const OUT_I32 = 2
export const OUT_BOOL = 3
export const OUT_TAKEN = 4
/** No number takes more bytes, with a comma. */
export const OUT_NUMBER_MOST = 25
/** May be written behind a row. */
export const OUT_OVER = 64

// Names, as they end: `..me"`. For the last byte before the quote and the one before it, by its lower half, which of 8 groups of names may have it there:
// 2 vectors; end of the names u32; then of each the last 16 bytes with the quotes, and which of them count.
export const NAMES_LAST = 32
export const NAMES_FIRST = 48
export const NAME_BYTES = 32

// What results are made of, for up to INDEX_ROWS rows: an index of rows; behind it of each row its offset f64, whether there is an answer i32 (below 0: none),
// which i32, its model i32. writeResults fills an index of rows, too; rows taken are the numbers of the rows in the first one.
export const FROM_OFFSETS = 44 * INDEX_ROWS
export const FROM_PART = 52 * INDEX_ROWS
export const FROM_AT = 56 * INDEX_ROWS
export const FROM_MODEL = 60 * INDEX_ROWS
export const FROM_BYTES = 64 * INDEX_ROWS

// What planRecords and walkRecords (walk.ts) answer: where the first records begin u32, where they stopped u32, where the last record ends u32, rows u32, whether any has
// headers u32, the next offset f64; behind it columns of one row. Columns of n rows: n offsets f64, n times f64, then begin and end of keys, values and headers,
// n i32 each.
export const WALK_BYTES = 80
export const WALK_START = 0
export const WALK_STOP = 4
export const WALK_END = 8
export const WALK_ROWS = 12
export const WALK_HEADERS = 16
export const WALK_NEXT = 24
export const WALK_MARKER = 32
export const WALK_ROW_BYTES = 40
/** Flags: checksums are compared; markers of transactions are looked at. */
export const WALK_CHECKSUMS = 1
export const WALK_MARKERS = 2
