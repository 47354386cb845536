import type { Image } from '../../../kernels/image.ts'
import { CELL_BYTES, CELL_COLUMN, CELL_KIND, CELL_MEMBER, CELL_MISSING, CELL_NUMBER, CELL_RANK, CELL_RULE, CELL_SIZE, CELL_TABLE, NODE_CELLS, RULE_NAN, RULE_NO_NEGATIVE, RULE_OTHERS,
  RULE_ZERO } from '../../../kernels/wasm/trees-layout.ts'
import { FLAG } from '../../trees.ts'
import type { Trees } from '../../trees.ts'

/** What the nodes of trees compare: one number, by one comparison, `cell > threshold: right`. A cell is a column with what its nodes think of missing values, or a set. */
export interface Cells {
  /** How often the columns are there as cells, in order, as long as none is NaN. 0: cells are something else. */
  readonly copies: number
  readonly count: number
  /** [nodes] */
  readonly of: Int32Array
  /** [nodes] thresholds as float32, or ranks. */
  readonly threshold: Float64Array
  /** The most thresholds that a cell has ranks for. */
  readonly ranks: number
  /** Answers where the table of cells is. */
  lay(image: Image): number
}

interface Cell { readonly kind: number; readonly column: number; readonly rule: number; readonly missing: number; readonly set: number; thresholds: Float64Array }

/** `ranked`: thresholds become ranks among those of their cell; else they stay numbers where float32 can say the same. */
export function cellsOf(trees: Trees, ranked: boolean): Cells {
  const { feature, flags, threshold, width } = trees, nodes = flags.length
  const asRanks = ranked || !numbersDo(trees)
  const cells: Cell[] = [], known = new Map<string, number>(), of = new Int32Array(nodes), compared = new Float64Array(nodes), found: number[][] = []
  for (let node = 0; node < nodes; node++) {
    const flag = flags[node]!, column = feature[node]!, isSet = (flag & FLAG.set) !== 0, rule = ruleOf(flag), left = (flag & FLAG.missingLeft) !== 0 && rule !== 0
    const key = isSet ? `${column} ${threshold[node]} ${flag}` : `${column} ${rule} ${left}`
    let cell = known.get(key)
    if (cell === undefined) {
      cell = cells.length
      known.set(key, cell)
      found.push([])
      cells.push(isSet
        ? { kind: CELL_MEMBER, column, set: threshold[node]!, missing: left ? 0 : 1, thresholds: new Float64Array(0),
            rule: rule | ((flag & FLAG.noNegative) === 0 ? 0 : RULE_NO_NEGATIVE) | ((flag & FLAG.membersLeft) === 0 ? 0 : RULE_OTHERS) }
        : { kind: asRanks ? CELL_RANK : CELL_NUMBER, column, set: -1, rule, missing: left ? -1 : 1, thresholds: new Float64Array(0) })
    }
    of[node] = cell
    if (isSet) continue
    compared[node] = (flag & FLAG.strict) === 0 ? threshold[node]! : below(threshold[node]!)
    if (!asRanks) compared[node] = atMost32(compared[node]!)
    // nothing is below -Infinity: NaN here, and rank -1
    else if (compared[node] === compared[node]) found[cell]!.push(compared[node]!)
  }
  let ranks = 0
  if (asRanks) {
    for (const [i, cell] of cells.entries()) {
      cell.thresholds = Float64Array.from(new Set(found[i]!)).sort()
      ranks = Math.max(ranks, cell.thresholds.length)
    }
    const rankOf = cells.map(({ thresholds }) => new Map([...thresholds].map((value, rank) => [value, rank])))
    for (let node = 0; node < nodes; node++) if (cells[of[node]!]!.kind === CELL_RANK) compared[node] = rankOf[of[node]!]!.get(compared[node]!) ?? -1
  }
  const numbers = trees.inputs === 'float32' && trees.zero === 0 && cells.every(({ kind, rule }) => kind === CELL_NUMBER && (rule & RULE_ZERO) === 0)
  const once = new Set(cells.map(({ column }) => column)).size === cells.length
  // of most columns what is missing goes left, or right, and nothing else
  const placeOf = cells.map(({ column, missing }) => once || missing < 0 ? column : width + column)
  const copies = !numbers || new Set(placeOf).size < cells.length || 2 * width >= NODE_CELLS ? 0 : once ? 1 : 2
  if (copies === 0) return { copies, count: cells.length, of, threshold: compared, ranks, lay: image => layCells(image, trees, cells) }
  const columns: Cell[] = Array.from({ length: copies * width }, (_, i) => ({ kind: CELL_NUMBER, column: i % width, set: -1, rule: 0, missing: 0, thresholds: new Float64Array(0) }))
  for (const [i, cell] of cells.entries()) columns[placeOf[i]!] = cell
  for (let node = 0; node < nodes; node++) of[node] = placeOf[of[node]!]!
  return { copies, count: columns.length, of, threshold: compared, ranks, lay: image => layCells(image, trees, columns) }
}

/** Of rows in which NaN ends a walk the answer is not taken: any rule will do. */
const ruleOf = (flag: number): number => ((flag & (FLAG.missingNaN | FLAG.missingZero | FLAG.missingEnds)) === 0 ? 0 : RULE_NAN) | ((flag & FLAG.missingZero) === 0 ? 0 : RULE_ZERO)

/** float32 inputs compare alike with the largest float32 up to a threshold. Not where everything goes right, nor where Infinity is on the left and what is missing, infinite too, on the right. */
function numbersDo({ inputs, flags, threshold }: Trees): boolean {
  if (inputs !== 'float32') return false
  for (let node = 0; node < flags.length; node++) {
    const flag = flags[node]!, at = threshold[node]!
    if ((flag & FLAG.set) !== 0) continue
    if ((flag & FLAG.strict) !== 0 && at === -Infinity) return false
    if ((flag & FLAG.strict) === 0 && at === Infinity && ruleOf(flag) !== 0 && (flag & FLAG.missingLeft) === 0) return false
  }
  return true
}

const double = new Float64Array(1), doubleBits = new BigInt64Array(double.buffer), single = new Float32Array(1), singleBits = new Int32Array(single.buffer)

/** The largest double below x: y < x is y <= below(x). NaN for -Infinity. */
function below(x: number): number {
  if (x === -Infinity) return NaN
  double[0] = x === 0 ? -0 : x
  doubleBits[0] = doubleBits[0]! + (doubleBits[0]! < 0n ? 1n : -1n)
  return double[0]!
}
/** The largest float32 up to x. */
function atMost32(x: number): number {
  single[0] = x
  if (single[0] <= x) return single[0]
  if (single[0] === 0) single[0] = -0
  singleBits[0] = singleBits[0]! + (singleBits[0]! < 0 ? 1 : -1)
  return single[0]!
}

function layCells(image: Image, { inputs, sets, words }: Trees, cells: readonly Cell[]): number {
  const at = image.take(Math.max(cells.length, 1) * CELL_BYTES)
  for (const [i, { kind, column, rule, missing, set, thresholds }] of cells.entries()) {
    const cell = at + i * CELL_BYTES
    image.u32(cell + CELL_KIND, kind)
    image.u32(cell + CELL_COLUMN, column * (inputs === 'float32' ? 4 : 8))
    image.u32(cell + CELL_RULE, rule)
    image.u32(cell + CELL_MISSING, kind === CELL_RANK && missing > 0 ? thresholds.length : missing >>> 0)
    if (kind === CELL_MEMBER) {
      const members = words.subarray(sets[set]!, sets[set + 1]!), table = image.take(members.byteLength)
      image.bytes(table, bytesOf(members))
      image.pointer(cell + CELL_TABLE, table)
      image.u32(cell + CELL_SIZE, members.length * 32)
    } else if (kind === CELL_RANK) {
      const size = 2 ** Math.ceil(Math.log2(thresholds.length + 1)), filled = new Float64Array(size).fill(Infinity), table = image.take(filled.byteLength)
      filled.set(thresholds)
      image.bytes(table, bytesOf(filled))
      image.pointer(cell + CELL_TABLE, table)
      image.u32(cell + CELL_SIZE, size / 2 * 8)
    }
  }
  return at
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)
