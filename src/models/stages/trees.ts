import { FLAG } from '../trees.ts'
import type { TreeNode } from '../trees.ts'

/** Left where x <= threshold, NaN to the right. */
export const splitAt = (feature: number, threshold: number, left: number, right: number): TreeNode => ({ feature, threshold, left, right, flags: FLAG.missingNaN })

/** Left where x is one of the categories, or with `isLeft` false where it is none of them. What is no category, NaN too, is in no set. */
export function splitIn(feature: number, categories: Iterable<number>, isLeft: boolean, left: number, right: number): TreeNode {
  const words: number[] = []
  for (const category of categories) {
    while (words.length <= category >>> 5) words.push(0)
    words[category >>> 5]! |= 1 << (category & 31)
  }
  return { feature, threshold: 0, left, right, words: words.map(word => word >>> 0), flags: FLAG.set | FLAG.noNegative | (isLeft ? FLAG.membersLeft : 0) }
}
