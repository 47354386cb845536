import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** An empty folder that goes when the test ends. Paths in it by name. */
export async function folder(t: Pick<TestContext, 'after'>): Promise<(name: string) => string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return name => join(path, name)
}
