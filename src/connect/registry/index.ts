export { decoding } from './decoding.ts'
export { encoding, unframed } from './encoding.ts'
