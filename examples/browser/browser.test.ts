import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { builtKernels } from '../../scripts/build-kernels.ts'
import { serve } from './main.ts'
import { score } from './score.ts'

const ROOT = join(import.meta.dirname, '../..'), GOLDEN = join(ROOT, 'test/golden/models')
const MODELS = ['xgboost/multi-iris/model.json', 'xgboost/reg-diabetes/model.json', 'lightgbm/bin-cancer-nan/model.txt', 'lightgbm/cat-str-orders/model.txt']
const browserPath = process.env['BROWSER_PATH'] ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path => existsSync(path))

/** What the command line says of the same files. */
const predicted = async (model: string, rows: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, [join(ROOT, 'bin/sluice.js'), 'predict', model, rows, '--format', 'csv'], { maxBuffer: 2 ** 26 })).stdout

test('the code of the page, without a browser: to the byte what `sluice predict` says, with kernels and without', async () => {
  for (const name of MODELS) {
    const path = join(GOLDEN, name), rows = join(path, '../inputs.csv'), csv = readFileSync(rows), expected = await predicted(path, rows)
    for (const kernels of [undefined, await builtKernels()]) {
      const scored = await score({ name: 'model', bytes: readFileSync(path) }, csv, kernels)
      assert.deepEqual(scored.rejected, [])
      assert.equal(scored.csv, expected, `${name}${kernels === undefined ? '' : ', with kernels'}`)
    }
  }
})

describe('the page in a browser', { skip: browserPath === undefined && 'no Chromium is installed; BROWSER_PATH names one', timeout: 120_000 }, () => {
  const server = serve(0)
  let browser: Browser, page: Page
  const asked: string[] = [], errors: string[] = []
  before(async () => {
    if (!server.listening) await once(server, 'listening')
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] })
    page = await browser.newPage()
    page.on('request', request => asked.push(`${request.method()} ${request.url()}`))
    page.on('console', message => { if (message.type() === 'error') errors.push(message.text()) })
    page.on('pageerror', error => errors.push(error.message))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  })
  after(async () => {
    await browser?.close()
    server.close()
  })

  for (const name of MODELS) {
    test(`${name}: the same bits, and nothing is sent`, async () => {
      const path = join(GOLDEN, name), rows = join(path, '../inputs.csv')
      await page.reload()
      const before = asked.length
      await page.setInputFiles('#model', path)
      await page.setInputFiles('#rows', rows)
      await page.waitForFunction('!document.getElementById("download").hidden || document.getElementById("error").textContent !== ""')
      assert.equal(await page.textContent('#error'), '')
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
      const saved = readFileSync((await download.path())!, 'utf8')
      assert.equal(saved, await predicted(path, rows))
      assert.deepEqual(asked.slice(before).filter(request => !/^GET http:\/\/127\.0\.0\.1:\d+\/(src|examples|kernels)|blob:/.test(request)), [])
      assert.match((await page.textContent('#said'))!, /^\d+ rows in \d+ ms, 0 of them not scored/)
    })
  }

  test('a file that is no model is refused with a sentence', async () => {
    await page.reload()
    await page.setInputFiles('#model', { name: 'model.json', mimeType: 'application/json', buffer: Buffer.from('{"a":1}') })
    await page.setInputFiles('#rows', { name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') })
    await page.waitForFunction('document.getElementById("error").textContent !== ""')
    assert.match((await page.textContent('#error'))!, /no format recognises model\.json/)
  })

  test('no errors in the console', () => assert.deepEqual(errors, []))
})
