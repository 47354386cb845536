import type { Family } from './snapshot.ts'

/** What Prometheus' own clients tell of every process, under their names. */
export function processFamilies(): readonly Family[] {
  const { user, system } = process.cpuUsage()
  const startedAt = Date.now() / 1000 - process.uptime()
  return [
    { name: 'process_cpu_seconds_total', kind: 'counter', cells: [{ labels: {}, value: (user + system) / 1e6 }] },
    { name: 'process_resident_memory_bytes', kind: 'gauge', cells: [{ labels: {}, value: process.memoryUsage.rss() }] },
    { name: 'process_start_time_seconds', kind: 'gauge', cells: [{ labels: {}, value: startedAt }] },
    { name: 'nodejs_version_info', kind: 'gauge', cells: [{ labels: { version: process.version }, value: 1 }] },
  ]
}
