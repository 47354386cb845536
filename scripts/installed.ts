import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An installed package. */
export interface Installed {
  readonly path: string
  readonly name: string
  readonly version: string
  readonly scripts: { readonly [name: string]: string }
}

/** What lies in a node_modules folder, and in those of the packages in it. Links (workspaces) are not followed. */
export function installed(folder: string): readonly Installed[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).flatMap(({ name }) => {
    const path = join(folder, name)
    if (name.startsWith('@')) return installed(path)
    const manifest = join(path, 'package.json')
    if (!existsSync(manifest)) return []
    const { name: itself = name, version = '', scripts = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as Partial<Installed>
    return [{ path, name: itself, version, scripts }, ...installed(join(path, 'node_modules'))]
  })
}

/** What npm would run while installing it: npm 12 blocks that, and a machine without a compiler or the network fails on it. */
export const scriptsOf = ({ path, scripts }: Installed): readonly string[] => [
  ...['preinstall', 'install', 'postinstall'].filter((script) => script in scripts),
  ...(existsSync(join(path, 'binding.gyp')) ? ['binding.gyp'] : []),
]
