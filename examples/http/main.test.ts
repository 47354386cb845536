import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stump } from '../../test/support/xgboost.ts'

test('ten lines make a model server: rows in, answers out, a mistake named', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-http-'))
  const path = join(folder, 'delay.json')
  await writeFile(path, stump({ features: ['distance'], threshold: 100, left: -1, right: 1 }))
  const server = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), path, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    if (server.exitCode === null && server.kill()) await once(server, 'exit')
    await rm(folder, { recursive: true })
  })
  const [started] = await once(server.stdout, 'data') as [Buffer]
  const { address, port } = JSON.parse(started.toString()) as { address: string; port: number }
  const ask = (body: string): Promise<Response> => fetch(`http://${address}:${port}`, { method: 'POST', body })

  const answered = await ask('[{ "distance": 300 }, { "distance": 30 }]')
  assert.equal(answered.status, 200)
  assert.deepEqual((await answered.json() as { prediction: number }[]).map(({ prediction }) => prediction), [1, -1])
  const refused = await ask('[{ "distence": 300 }]')
  assert.equal(refused.status, 400)
  assert.match(await refused.text(), /SLUICE_FEATURE_MISSING/)
  assert.equal((await ask('[{')).status, 400)
})
