import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Waits until a process is gone, then ends the broker in the folder: `node watch.ts PID SCRIPT FOLDER`. */
const [pid, script, folder] = process.argv.slice(2) as [string, string, string]
while (existsSync(folder)) {
  try { process.kill(Number(pid), 0) } catch { break }
  await new Promise(resolve => { setTimeout(resolve, 500) })
}
if (existsSync(folder)) {
  // it may be about to start
  if (!existsSync(join(folder, 'node1', 'pid'))) await new Promise(resolve => { setTimeout(resolve, 5_000) })
  if (existsSync(join(folder, 'port'))) {
    const args = ['--dir', folder, '--port', readFileSync(join(folder, 'port'), 'utf8')]
    execFileSync(script, ['stop', ...args])          // a clean end writes the archive that makes the next start quicker
    execFileSync(script, ['stop', ...args, '--wipe'])
  }
  rmSync(folder, { recursive: true, force: true })
}
