import type { Call } from '../../call.ts'
import { floats, logistic, one } from './scores.ts'

// it takes 2 to 4 rounds, whatever the probabilities and however many the classes; ONNX Runtime stops after 100
const ROUNDS = 8

/** Probabilities of classes from the scores of their pairs: Platt's sigmoid of each, then the coupling of Wu, Lin and Weng (2004), section 4, with
    the stops and the order of ONNX Runtime and libsvm. A row that is not settled after some rounds is rejected. */
export function coupled(call: Call, pairs: number, classes: number, a: Float64Array, b: Float64Array): number {
  const { unary, binary, where } = floats(call), size = classes
  const select = (of: number, columns: readonly number[]): number => call.add({ op: 'select', of, columns: Int32Array.from(columns) })
  const sum = (of: number): number => call.add({ op: 'reduce', fn: 'sum', of, size, float32: true })
  const cells = Array.from({ length: size * size }, (_, i) => [Math.floor(i / size), i % size] as const)

  const raw = binary('subtract', one(1), logistic(call, binary('add', binary('multiply', pairs, a), b)))
  const first = binary('minimum', binary('maximum', raw, one(1e-7)), one(1 - Math.fround(1e-7)))
  const both = call.add({ op: 'concat', of: [first, binary('subtract', one(1), first)] })
  // r[i, j]: of i against j; pair (i, j) with i < j stands at its place among the pairs
  const pairAt = (i: number, j: number): number => i * size - i * (i + 1) / 2 + j - i - 1, count = size * (size - 1) / 2
  const place = (i: number, j: number): number => i === j ? -1 : i < j ? pairAt(i, j) : count + pairAt(j, i)
  const r = select(both, cells.map(([i, j]) => place(i, j))), turned = select(both, cells.map(([i, j]) => place(j, i)))
  const diagonal = sum(binary('multiply', turned, turned)), others = unary('negate', binary('multiply', turned, r))
  const q = select(call.add({ op: 'concat', of: [others, diagonal] }), cells.map(([i, j], at) => i === j ? size * size + i : at))

  let p = call.add({ op: 'concat', of: [new Float64Array(size).fill(Math.fround(1 / size))] }), isOpen: number | undefined
  const look = (): { readonly qp: number; readonly pqp: number; readonly isOpen: number } => {
    const qp = sum(binary('multiply', q, select(p, cells.map(([, j]) => j)))), pqp = sum(binary('multiply', p, qp))
    const error = call.add({ op: 'reduce', fn: 'maximum', of: unary('absolute', binary('subtract', qp, pqp)), size })
    const isFar = binary('greaterEqual', error, one(Math.fround(0.005) / size))
    return { qp, pqp, isOpen: isOpen === undefined ? isFar : binary('and', isOpen, isFar) }
  }
  for (let round = 0; round < ROUNDS; round++) {
    const seen = look(), before = p
    let { qp, pqp } = seen
    isOpen = seen.isOpen
    for (let i = 0; i < size; i++) {
      const own = select(qp, [i]), qii = select(q, [i * size + i]), row = select(q, Array.from({ length: size }, (_, j) => i * size + j))
      const step = binary('divide', binary('add', unary('negate', own), pqp), qii), more = binary('add', one(1), step)
      const inner = binary('add', binary('multiply', step, qii), binary('multiply', own, one(2)))
      pqp = binary('divide', binary('divide', binary('add', pqp, binary('multiply', step, inner)), more), more)
      qp = binary('divide', binary('add', qp, binary('multiply', row, step)), more)
      p = binary('divide', binary('add', p, binary('multiply', step, Float64Array.from({ length: size }, (_, j) => j === i ? 1 : 0))), more)
    }
    p = where(isOpen, p, before)
  }
  call.reject(look().isOpen, `${call.at}: the probabilities of its pairs of classes do not settle`)
  return p
}
