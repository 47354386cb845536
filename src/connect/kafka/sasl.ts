import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { saslAuthenticateV2, saslHandshakeV1 } from '@platformatic/kafka'
import type { Connection } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { KafkaSasl } from './options.ts'
import type { Socket } from './socket.ts'

const MECHANISMS = { 'plain': 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512', 'oauthbearer': 'OAUTHBEARER' } as const

/** One step: what we say, what the broker answers. */
type Say = (bytes: string) => Promise<Buffer>

/** Proves who we are. Answers how long the session lasts, in ms; 0: for as long as the connection.
    @throws what the broker refuses, SLUICE_AUTHENTICATION_FAILED */
export async function prove(socket: Socket, sasl: KafkaSasl): Promise<number> {
  const connection = socket as unknown as Connection
  let lifetimeMs = 0
  await saslHandshakeV1.api.async(connection, MECHANISMS[sasl.mechanism])
  const say: Say = async bytes => {
    const { authBytes, sessionLifetimeMs } = await saslAuthenticateV2.api.async(connection, Buffer.from(bytes))
    lifetimeMs = Number(sessionLifetimeMs)
    return authBytes
  }
  const { mechanism, username = '', password = '', token = '' } = sasl
  if (mechanism === 'plain') await say(`\0${username}\0${password}`)
  else if (mechanism === 'oauthbearer') await bearer(token, say)
  else await scram(mechanism === 'scram-sha-256' ? 'sha256' : 'sha512', username, password, say)
  return lifetimeMs
}

const failed = (what: string): SluiceError => new SluiceError('SLUICE_AUTHENTICATION_FAILED', what)

/** RFC 7628: a refusal comes as an answer, and is an error only when it was acknowledged. */
async function bearer(token: string, say: Say): Promise<void> {
  const refusal = await say(`n,,\x01auth=Bearer ${token}\x01\x01`)
  if (refusal.length === 0) return
  await say('\x01')
  throw failed(`the token was refused: ${refusal.toString()}`)
}

const ITERATIONS_MIN = 4096, ITERATIONS_MAX = 10_000_000
const derive = promisify(pbkdf2)

/** RFC 5802, without channel binding; passwords are bytes of UTF-8, as Kafka takes them. */
async function scram(hash: 'sha256' | 'sha512', username: string, password: string, say: Say): Promise<void> {
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest()
  const nonce = randomBytes(24).toString('base64'), first = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  const answer = (await say(`n,,${first}`)).toString(), { r: both = '', s: salt = '', i: rounds = '' } = attributesOf(answer)
  const iterations = Number(rounds)
  if (!both.startsWith(nonce) || both === nonce) throw failed('the broker did not answer our challenge')
  if (!(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX)) throw failed(`the broker asks for ${rounds} iterations`)
  const salted = await derive(password, Buffer.from(salt, 'base64'), iterations, hash === 'sha256' ? 32 : 64, hash)
  const last = `c=biws,r=${both}`, said = `${first},${answer},${last}`
  const clientKey = hmac(salted, 'Client Key'), signature = hmac(createHash(hash).update(clientKey).digest(), said)
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64')
  const { v: theirs = '', e: error } = attributesOf((await say(`${last},p=${proof}`)).toString())
  if (error !== undefined) throw failed(`the broker refused: ${error}`)
  const server = Buffer.from(theirs, 'base64'), expected = hmac(hmac(salted, 'Server Key'), said)
  if (server.length !== expected.length || !timingSafeEqual(server, expected)) throw failed('the broker does not know the password: it is not who it seems to be')
}
const attributesOf = (text: string): { readonly [name: string]: string | undefined } => Object.fromEntries(text.split(',').map(part => [part.slice(0, 1), part.slice(2)]))
