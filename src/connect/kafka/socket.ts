import { connect as connectPlain } from 'node:net'
import type { Socket as NetSocket, SocketConstructorOpts, TcpSocketConnectOpts } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { Reader, Writer } from '@platformatic/kafka'

/** Memory for an answer of so many bytes, or more. */
export type Room = (bytes: number) => Uint8Array

export interface SocketOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly connectMs: number
  /** Absent: the bytes are not encrypted. */
  readonly tls?: TlsOptions | undefined
}

type Parse<R> = (correlation: number, key: number, version: number, reader: Reader) => R
type Done<R> = (error: Error | null, answer?: R) => void
interface Pending { readonly room: Room | undefined; answer(frame: Buffer): void; fail(error: Error): void }

/** Small answers lie here until they are whole. */
const SCRATCH = 65_536
/** No broker sends more, unless it is none: socket.request.max.bytes and fetch sizes are far below. */
const ANSWER_MAX = 1_073_741_824

/** One connection to a broker: requests out, answers in. It has the method that the library's protocol functions call on a connection of theirs, whose own socket
    copies every byte twice: here the kernel writes a large answer straight to where it is to lie.
    Request: size int32, key int16, version int16, correlation int32, client id, [tags], payload. Answer: size int32, correlation int32, [tags], payload
    (Kafka protocol guide, request header v1 and v2, response header v0 and v1). */
export class Socket {
  readonly #options: SocketOptions
  readonly #pending = new Map<number, Pending>()
  readonly #ended: (error: Error) => void
  #socket: NetSocket | undefined
  #error: Error | undefined
  #correlation = 0
  #room: Room | undefined
  /** Requests that wait while the session is prolonged: between its steps the broker takes no other. */
  #waiting: (() => void)[] | undefined
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH)
  #filled = 0
  #frame: { readonly bytes: Buffer; at: number; readonly pending: Pending } | undefined

  /** `ended` is called once, when the connection is over. */
  constructor(options: SocketOptions, ended: (error: Error) => void) {
    this.#options = options
    this.#ended = ended
  }

  open(): Promise<void> {
    const { host, port, tls, connectMs } = this.#options
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.destroy(new Error(`no connection within ${connectMs} ms`)), connectMs)
      const settle = (error?: Error): void => { clearTimeout(timer); if (error === undefined) resolve(); else reject(error) }
      const options: TcpSocketConnectOpts & SocketConstructorOpts = { host, port, noDelay: true, onread: { buffer: () => this.#target(), callback: read => { this.#arrived(read); return true } } }
      // `onread` of a TLS connection is honoured, and missing in its types
      const socket = this.#socket = tls === undefined ? connectPlain(options) : connectTls({ ...tls, ...options } as TlsOptions)
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => settle())
      socket.on('error', error => { this.#end(error); settle(error) })
      socket.on('close', () => { const error = this.#error ?? new Error('the connection was closed'); this.#end(error); settle(error) })
    })
  }

  destroy(error: Error): void {
    this.#end(error)
    this.#socket?.destroy()
  }

  /** Calls one of the library's functions with this as its connection; the answer comes to lie in `room`. */
  withRoom(room: Room | undefined, call: () => void): void {
    this.#room = room
    try { call() } finally { this.#room = undefined }
  }

  /** What is called meanwhile is sent when `work` is done. */
  async alone(work: () => Promise<void>): Promise<void> {
    this.#waiting = []
    try { await work() } finally {
      const waiting = this.#waiting
      this.#waiting = undefined
      for (const send of waiting) send()
    }
  }

  send<R>(key: number, version: number, payload: () => Writer, parse: Parse<R>, requestTags: boolean, answerTags: boolean, done: Done<R>): void {
    const room = this.#room
    const send = (): void => { this.#send(key, version, payload, parse, requestTags, answerTags, room, done) }
    if (this.#waiting === undefined || SASL.has(key)) send()
    else this.#waiting.push(send)
  }

  #send<R>(key: number, version: number, payload: () => Writer, parse: Parse<R>, requestTags: boolean, answerTags: boolean, room: Room | undefined, done: Done<R>): void {
    if (this.#error !== undefined) return done(this.#error)
    const correlation = this.#correlation = this.#correlation + 1 & 0x7fffffff
    const writer = Writer.create().appendInt16(key).appendInt16(version).appendInt32(correlation).appendString(this.#options.clientId, false)
    if (requestTags) writer.appendTaggedFields()
    writer.appendFrom(payload()).prependLength()
    this.#pending.set(correlation, {
      room, fail: error => done(error),
      answer(frame) {
        let answer: R
        try {
          const reader = Reader.from(frame)
          reader.skip(answerTags ? 5 : 4)
          answer = parse(correlation, key, version, reader)
        } catch (error) { return done(error as Error) }       // the library's parsers throw what the broker refused
        done(null, answer)
      },
    })
    this.#socket!.cork()
    for (const part of writer.buffers) this.#socket!.write(part)
    this.#socket!.uncork()
  }

  /** Where the next bytes go. */
  #target(): Uint8Array {
    return this.#frame === undefined ? this.#scratch.subarray(this.#filled) : this.#frame.bytes.subarray(this.#frame.at)
  }

  #arrived(read: number): void {
    if (this.#frame !== undefined) {
      const frame = this.#frame
      frame.at += read
      if (frame.at < frame.bytes.length) return
      this.#frame = undefined
      frame.pending.answer(frame.bytes)
      return
    }
    this.#filled += read
    let at = 0
    while (this.#filled - at >= 8) {
      const length = this.#scratch.readInt32BE(at), correlation = this.#scratch.readInt32BE(at + 4), pending = this.#pending.get(correlation)
      if (pending === undefined || length < 4 || length > ANSWER_MAX) return this.destroy(new Error(whatIsIt(this.#scratch, at)))
      const here = Math.min(this.#filled - at - 4, length)
      if (here === length || pending.room !== undefined || length > SCRATCH - 4) {
        const room = pending.room?.(length), bytes = room === undefined ? Buffer.allocUnsafeSlow(length) : Buffer.from(room.buffer, room.byteOffset, length)
        this.#scratch.copy(bytes, 0, at + 4, at + 4 + here)
        this.#pending.delete(correlation)
        at += 4 + here
        if (here === length) pending.answer(bytes)
        else this.#frame = { bytes, at: here, pending }       // the rest of it comes in place; nothing lies behind
      } else break
    }
    this.#scratch.copyWithin(0, at, this.#filled)
    this.#filled -= at
  }

  #end(error: Error): void {
    if (this.#error !== undefined) return
    this.#error = error
    const pending = [...this.#pending.values(), ...this.#frame === undefined ? [] : [this.#frame.pending]]
    this.#pending.clear()
    for (const each of pending) each.fail(error)
    for (const send of this.#waiting?.splice(0) ?? []) send()
    this.#ended(error)
  }
}

/** SaslHandshake, SaslAuthenticate. */
const SASL = new Set([17, 36])

const whatIsIt = (bytes: Buffer, at: number): string =>
  bytes[at]! >= 0x14 && bytes[at]! <= 0x17 && bytes[at + 1] === 3 ? 'the broker speaks TLS here' : 'what answers here does not speak the protocol of Kafka'
