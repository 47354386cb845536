import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SluiceError } from '../../core/index.ts'
import { failing, fileError, folderError } from './errors.ts'
import { lock } from './lock.ts'
import type { Lock } from './lock.ts'

/** What one system call writes, at most. */
const GROUP_BYTES = 4 * 1024 * 1024, GROUP_BUFFERS = 256

interface Waiting { readonly bytes: Uint8Array; readonly resolve: () => void; readonly reject: (error: unknown) => void }

/** A file that is written at its end, by one process. Order is call order; what waits is written together. */
export class Output {
  readonly path: string
  /** Devices and pipes cannot be cut, nor written at a position. */
  readonly isRegular: boolean
  /** Its writer was killed, so its last line may be incomplete. */
  readonly wasHeld: boolean
  /** Bytes in the file. */
  length: number
  /** Bytes in the file when everything that waits is written. */
  planned: number
  /** Each group of writes is synced before it settles. */
  durable = true
  readonly #handle: FileHandle
  readonly #lock: Lock | undefined
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #unsynced = false
  #failed = false                      // the file may be longer than `length`

  /** Makes the folders above it. @throws SLUICE_FILE_IN_USE, SLUICE_FILE_DENIED, SLUICE_FILE_FORMAT when it is a folder */
  static async open(path: string): Promise<Output> {
    await failing('making the folder of', path, 'SLUICE_WRITE_FAILED', () => mkdir(dirname(path), { recursive: true }))
    const handle = await failing('opening', path, 'SLUICE_WRITE_FAILED', () => open(path, constants.O_RDWR | constants.O_CREAT, 0o666))
    let locked: Lock | undefined
    try {
      const stats = await handle.stat()
      if (stats.isDirectory()) throw folderError(path)
      if (stats.isFile()) locked = await lock(path)
      return new Output(path, handle, locked, stats.isFile(), stats.isFile() ? (await handle.stat()).size : 0)
    } catch (error) {
      await locked?.release()
      await handle.close()
      throw error
    }
  }

  private constructor(path: string, handle: FileHandle, locked: Lock | undefined, isRegular: boolean, length: number) {
    this.path = path
    this.isRegular = isRegular
    this.wasHeld = locked?.wasHeld ?? false
    this.length = this.planned = length
    this.#handle = handle
    this.#lock = locked
  }

  /** Resolves when the bytes are in the file, or durable in it. */
  append(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return this.settled()
    this.planned += bytes.length
    const written = new Promise<void>((resolve, reject) => { this.#waiting.push({ bytes, resolve, reject }) })
    this.#writing ??= this.#write()
    return written
  }
  async settled(): Promise<void> { while (this.#writing !== undefined) await this.#writing }

  async sync(): Promise<void> {
    if (!this.#unsynced || !this.isRegular) return
    await failing('syncing', this.path, 'SLUICE_WRITE_FAILED', () => this.#handle.datasync())
    this.#unsynced = false
  }

  /** Not while something is written. @throws SLUICE_FILE_SHRUNK when the file is shorter */
  async cut(length: number): Promise<void> {
    if (this.isRegular) {
      const { size } = await failing('reading', this.path, 'SLUICE_WRITE_FAILED', () => this.#handle.stat())
      if (size < length) throw new SluiceError('SLUICE_FILE_SHRUNK', `'${this.path}' has ${size} bytes, and ${length} had been committed`, {
        at: this.path, why: 'the output was removed, replaced or cut', fix: 'bring it back, or remove output and position file to begin anew',
      })
      if (size > length) await failing('cutting', this.path, 'SLUICE_WRITE_FAILED', () => this.#handle.truncate(length))
      this.#unsynced ||= size > length
    }
    this.length = this.planned = length
    this.#failed = false
  }

  /** What lies behind `length` is cut off before the next write. */
  cutLater(length: number): void {
    this.length = this.planned = length
    this.#failed = true
  }

  async read(start: number, into: Uint8Array): Promise<number> {
    return (await failing('reading', this.path, 'SLUICE_WRITE_FAILED', () => this.#handle.read(into, 0, into.length, start))).bytesRead
  }

  async close(): Promise<void> {
    await this.settled()
    await this.#handle.close()
    await this.#lock?.release()
  }

  async #write(): Promise<void> {
    await undefined                    // what is called in the same turn is written together
    while (this.#waiting.length > 0) {
      const group = this.#take()
      try {
        if (this.#failed) await this.cut(this.length)
        const length = await this.#put(group.map(({ bytes }) => bytes))
        if (this.durable) await this.sync()
        this.length = length
        for (const { resolve } of group) resolve()
      } catch (cause) {
        await this.#fail(group, fileError(cause, 'writing', this.path, 'SLUICE_WRITE_FAILED'))
      }
    }
    this.#writing = undefined
  }

  #take(): Waiting[] {
    let bytes = 0, count = 0
    while (count < this.#waiting.length && count < GROUP_BUFFERS && (count === 0 || bytes + this.#waiting[count]!.bytes.length <= GROUP_BYTES)) bytes += this.#waiting[count++]!.bytes.length
    return this.#waiting.splice(0, count)
  }

  /** Answers the length of the file behind the buffers. */
  async #put(buffers: Uint8Array[]): Promise<number> {
    let at = this.length, first = 0
    this.#unsynced = true
    while (first < buffers.length) {
      const { bytesWritten } = await this.#handle.writev(buffers.slice(first), ...this.isRegular ? [at] : [])
      at += bytesWritten
      let rest = bytesWritten
      while (first < buffers.length && rest >= buffers[first]!.length) rest -= buffers[first++]!.length
      if (rest > 0) buffers[first] = buffers[first]!.subarray(rest)
    }
    return at
  }

  /** Nothing of the group lands, nor of what was called after it. */
  async #fail(group: readonly Waiting[], error: SluiceError): Promise<void> {
    this.#failed = true
    await this.cut(this.length).catch(() => {})          // else before the next write
    const behind = this.#waiting.splice(0)
    this.planned = this.length
    for (const { reject } of group) reject(error)
    for (const { reject } of behind) reject(new SluiceError('SLUICE_WRITE_BEFORE_FAILED', `a write to '${this.path}' before this one failed`, { at: this.path, cause: error }))
  }
}
