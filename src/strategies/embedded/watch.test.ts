import { test, type TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { directFiles, snapshotOf, stampOf } from './files.ts'
import { natural, type Place } from './places.ts'
import { Watch } from './watch.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-watch-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}
async function write(path: string, text = path): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
}
const repository = (path: string): Place => ({ kind: 'repository', path, name: 'delay' })
const next = async (watch: Watch): Promise<string | undefined> => (await watch.look()).next?.version
async function take(watch: Watch): Promise<string | undefined> {
  const { next } = await watch.look()
  if (next !== undefined) watch.taken(next)
  return next?.version
}

test('a version is not taken while it is written, and is after two equal looks', async t => {
  const path = await folder(t)
  await write(join(path, '1/model.json'), 'half')
  const watch = new Watch(repository(path))
  assert.deepEqual(await watch.look(), { next: undefined, writing: true })
  await appendFile(join(path, '1/model.json'), ' and half')
  assert.equal(await next(watch), undefined)
  await write(join(path, '1/second.json'))
  assert.equal(await next(watch), undefined)
  assert.equal(await next(watch), '1')
})

test('while the highest is written the highest complete one is taken', async t => {
  const path = await folder(t)
  for (const version of ['8', '9', '10']) await write(join(path, version, 'model.json'))
  const watch = new Watch(repository(path))
  await watch.look()
  await appendFile(join(path, '10/model.json'), 'more')
  assert.equal(await take(watch), '9')
  assert.equal(await take(watch), '10')
  assert.deepEqual(await watch.look(), { next: undefined, writing: false })
})

test('a version renamed into place is taken at the second look, and what is temporary never', async t => {
  const path = await folder(t)
  await write(join(path, '.5/model.json'))
  await write(join(path, '6.tmp/model.json'))
  await write(join(path, '7.part/model.json'))
  await write(join(path, '8/model.json.tmp'))
  await write(join(path, '8/.model.json'))
  const watch = new Watch(repository(path))
  await watch.look()
  assert.deepEqual(await watch.look(), { next: undefined, writing: false })
  await rename(join(path, '6.tmp'), join(path, '6'))
  assert.equal(await next(watch), undefined)
  assert.equal(await next(watch), '6')
  assert.deepEqual((await directFiles(join(path, '8'))).names, [])
})

test('a version that was taken is not asked for again, whatever is written to it', async t => {
  const path = await folder(t)
  await write(join(path, '1/model.json'))
  await write(join(path, '2/model.json'))
  const watch = new Watch(repository(path))
  await watch.look()
  assert.equal(await take(watch), '2')
  await appendFile(join(path, '2/model.json'), 'more')
  await watch.look()
  assert.equal(await next(watch), undefined)
})

test('when the version that serves is removed, the one before comes back, but not at the first look', async t => {
  const path = await folder(t)
  await write(join(path, '1/model.json'))
  await write(join(path, '2/model.json'))
  const watch = new Watch(repository(path))
  await watch.look()
  assert.equal(await take(watch), '2')
  await rename(join(path, '2'), join(path, '.2'))
  assert.equal(await next(watch), undefined)
  await rename(join(path, '.2'), join(path, '2'))
  assert.equal(await next(watch), undefined)
  await rm(join(path, '2'), { recursive: true })
  assert.equal(await next(watch), undefined)
  assert.equal(await take(watch), '1')
  await rm(join(path, '1'), { recursive: true })
  await watch.look()
  assert.deepEqual(await watch.look(), { next: undefined, writing: false })
})

test('a version passed by is asked for again when somebody writes to it', async t => {
  const path = await folder(t)
  await write(join(path, '1/model.json'))
  await write(join(path, '2/model.json'), 'broken')
  const watch = new Watch(repository(path))
  await watch.look()
  const broken = (await watch.look()).next!
  assert.equal(broken.version, '2')
  watch.pass(broken)
  await watch.look()
  assert.equal(await next(watch), '1')
  await write(join(path, '2/model.json'), 'mended!')
  await watch.look()
  assert.equal(await take(watch), '2')
})

test('a pinned version is the only one seen', async t => {
  const path = await folder(t)
  for (const version of ['1', '2', '3']) await write(join(path, version, 'model.json'))
  const watch = new Watch(repository(path), '2')
  await watch.look()
  assert.equal(await next(watch), '2')
  assert.deepEqual(await new Watch(repository(path), '4').look(), { next: undefined, writing: false })
})

test('what was last written long ago is complete at the first look', async t => {
  const path = await folder(t)
  await write(join(path, '1/model.json'))
  const { changedMs } = await stampOf(join(path, '1'))
  assert.equal((await new Watch(repository(path)).look(changedMs - 1)).next, undefined)
  assert.equal((await new Watch(repository(path)).look(changedMs)).next?.version, '1')
})

test('a single file replaced by a rename is a new version; one that vanishes is not', async t => {
  const path = join(await folder(t), 'delay.json')
  await write(path, 'old')
  const watch = new Watch({ kind: 'file', path, name: 'delay' })
  await watch.look()
  const old = (await watch.look()).next!
  watch.taken(old)
  assert.equal(await watch.unchanged(old), true)
  assert.deepEqual(await watch.look(), { next: undefined, writing: false })
  await rm(path)
  assert.equal(await watch.unchanged(old), false)
  assert.deepEqual(await watch.look(), { next: undefined, writing: false })
  await write(`${path}.tmp`, 'new')
  await rename(`${path}.tmp`, path)
  assert.deepEqual(await watch.look(), { next: undefined, writing: true })
  assert.equal((await watch.look()).next?.path, path)
})

test('a link that leads back does not hang a look', { timeout: 10_000 }, async t => {
  const path = await folder(t)
  await write(join(path, '1/model.json'))
  await symlink(path, join(path, '1/up'))
  const watch = new Watch(repository(path))
  await watch.look()
  assert.equal(await next(watch), '1')
})

test('the digest of one file is what sha256sum prints, of several it holds every name and byte', async t => {
  const path = await folder(t)
  await write(join(path, 'one/model.json'), 'content')
  const hex = createHash('sha256').update('content').digest('hex').slice(0, 12)
  assert.equal((await snapshotOf(join(path, 'one'))).digest, hex)
  assert.equal((await snapshotOf(join(path, 'one/model.json'))).digest, hex)
  const digests = new Set<string>([hex])
  for (const [first, second, name] of [['a', 'b', 'x'], ['b', 'a', 'x'], ['a', 'b', 'y'], ['ab', '', 'x']] as const) {
    await write(join(path, `${first}${second}${name}/1`), first)
    await write(join(path, `${first}${second}${name}/${name}/2`), second)
    const { digest, files, bytes } = await snapshotOf(join(path, `${first}${second}${name}`))
    assert.deepEqual(files.names, ['1', `${name}/2`])
    assert.equal(new TextDecoder().decode(await files.read(`${name}/2`)), second)
    assert.equal(bytes, 2)
    digests.add(digest)
  }
  assert.equal(digests.size, 5)
})

test('versions compare as numbers where they are digits', () => {
  const sorted = ['1', '2', '9', '10', '0011', '100', '20260101', '1.2.9', '1.2.10', '1.10.0', 'v2', 'v10', '2026-01-09', '2026-01-10']
  const groups = [sorted.slice(0, 7), sorted.slice(7, 10), sorted.slice(10, 12), sorted.slice(12)]
  for (const group of groups) assert.deepEqual([...group].reverse().sort(natural), group)
  assert.ok(natural('99999999999999999998', '99999999999999999999') < 0)
  assert.equal(natural('7', '7'), 0)
  assert.notEqual(natural('7', '07'), 0)
})

test('the order of versions is one order', () => {
  const version = fc.string({ unit: fc.constantFrom('0', '1', '9', '.', 'v', '-'), maxLength: 6 })
  fc.assert(fc.property(version, version, version, (a, b, c) => {
    assert.equal(Math.sign(natural(a, b)), -Math.sign(natural(b, a)) + 0)
    assert.equal(natural(a, b) === 0, a === b)
    if (natural(a, b) <= 0 && natural(b, c) <= 0) assert.ok(natural(a, c) <= 0)
  }), { numRuns: 2000 })
})
