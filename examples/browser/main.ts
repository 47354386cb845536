// Serves the page: node examples/browser/main.ts [port]. Modules are sent as they stand in src, without their types; nothing is built.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { builtKernels } from '../../scripts/build-kernels.ts'

const root = join(import.meta.dirname, '../..')

export function serve(port: number): Server {
  return createServer((request, response) => {
    const path = new URL(request.url!, 'http://page').pathname
    if (path === '/') return response.writeHead(302, { location: '/examples/browser/page.html' }).end()
    answer(path).then(({ type, body }) => {
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    }, () => response.writeHead(404).end())
  }).listen(port, '127.0.0.1')
}

async function answer(path: string): Promise<{ readonly type: string; readonly body: string | Uint8Array }> {
  if (path === '/kernels.wasm') return { type: 'application/wasm', body: await builtKernels() }
  if (!/^\/(src|examples\/browser)\/[\w/-]+\.(ts|html)$/.test(path)) throw new Error(path)
  const text = await readFile(join(root, path), 'utf8')
  return path.endsWith('.html') ? { type: 'text/html', body: text } : { type: 'text/javascript', body: stripTypeScriptTypes(text) }
}

if (import.meta.main) {
  const port = Number(process.argv[2] ?? 8000)
  serve(port).once('listening', () => console.log(`http://127.0.0.1:${port}`))
}
