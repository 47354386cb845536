import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { installed, scriptsOf } from '../scripts/installed.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T

interface Locked { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean; readonly hasInstallScript?: boolean; readonly resolved?: string; readonly integrity?: string; readonly link?: boolean; readonly version?: string }
const lock = read<{ readonly packages: { readonly [path: string]: Locked } }>('package-lock.json').packages
const external = Object.entries(lock).filter(([path, { link }]) => path.includes('node_modules/') && link !== true)

test('install-script: no package of the lock file has one, for any platform', () => {
  assert.ok(external.length > 10)
  assert.deepEqual(external.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path), [])
})

test('install-script: no package that is installed has one, nor anything to compile', () => {
  const packages = installed(join(root, 'node_modules'))
  assert.ok(packages.length > 10)
  assert.deepEqual(packages.filter((one) => scriptsOf(one).length > 0).map(({ name }) => name), [])
})

test('install-script: one that is planted is found, also deep down, and links are not followed', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-installed-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const plant = (path: string, manifest: object): void => {
    mkdirSync(join(folder, path), { recursive: true })
    writeFileSync(join(folder, path, 'package.json'), JSON.stringify(manifest))
  }
  plant('good', { name: 'good', version: '1.0.0', scripts: { prepare: 'x', test: 'y' } })
  plant('good/node_modules/@scope/bad', { name: '@scope/bad', scripts: { postinstall: 'x' } })
  plant('compiled', { name: 'compiled' })
  writeFileSync(join(folder, 'compiled', 'binding.gyp'), '')
  symlinkSync(join(folder, 'good'), join(folder, 'linked'), 'junction')
  const found = installed(folder)
  assert.deepEqual(found.map(({ name }) => name).sort(), ['@scope/bad', 'compiled', 'good'])
  assert.deepEqual(found.flatMap(scriptsOf).sort(), ['binding.gyp', 'postinstall'])
})

test('too-many-packages: those that a user gets are at most 40, and the pinned Node is not among them', () => {
  const users = external.filter(([, { dev, optional, devOptional }]) => dev !== true && optional !== true && devOptional !== true).map(([path]) => path)
  assert.ok(users.length <= 40, `${users.length}: ${users.join(' ')}`)
  const { dependencies = {}, optionalDependencies = {} } = read<{ readonly dependencies?: object; readonly optionalDependencies?: object }>('package.json')
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) assert.doesNotMatch(name, /^node-(?:bin-)?(?:linux|darwin|win)/)
})

test('lock-file: complete and of no particular registry: every package has its digest, no address of a machine is in it', () => {
  for (const [path, { integrity, resolved }] of external) {
    assert.match(integrity ?? '', /^sha512-/, path)
    assert.match(resolved ?? 'https://registry.npmjs.org/', /^https:\/\/registry\.npmjs\.org\//, path)
  }
})

test('lock-file: for every platform, or npm ci fails elsewhere: each optional package that is named is locked', () => {
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock) as readonly [string, { readonly optionalDependencies?: object }][]) {
    for (const name of Object.keys(optionalDependencies)) {
      assert.ok(`${path}/node_modules/${name}` in lock || `node_modules/${name}` in lock, `${path === '' ? 'package.json' : path} names ${name}, which is not in package-lock.json`)
    }
  }
})

test('versions: exact ones in package.json, so that what was tested is what is installed', () => {
  const { dependencies, devDependencies } = read<{ readonly dependencies: { readonly [name: string]: string }; readonly devDependencies: { readonly [name: string]: string } }>('package.json')
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) assert.match(version, /^\d+\.\d+\.\d+$/, name)
})
