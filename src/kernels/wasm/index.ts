export { heapBase } from './memory';
export { crcInit, crc32c } from './crc32c';
export { utf8 } from './utf8';
