// Opening a large PMML document: CPU seconds, and how much memory at most. node bench/pmml.ts [FILE.pmml]
// Without a file: forests of 100 and of 4,700 trees of some 400 nodes each (5 and 250 MB), made up, each opened in a process of its own.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { openModel, readModel } from '../src/models/index.ts'
import { kernelModule } from '../src/strategies/kernels.ts'

function forest(trees: number): Uint8Array {
  let state = 1
  const random = (): number => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32
  const encoder = new TextEncoder(), parts: Uint8Array[] = [], names = Array.from({ length: 30 }, (_, i) => `f${i}`)
  const put = (text: string): void => { parts.push(encoder.encode(text)) }
  put(`<?xml version="1.0" encoding="UTF-8"?>\n<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">\n<DataDictionary>\n<DataField name="y" optype="categorical" dataType="integer"><Value value="0"/><Value value="1"/></DataField>
${names.map(name => `<DataField name="${name}" optype="continuous" dataType="float"/>\n`).join('')}</DataDictionary>\n<MiningModel functionName="classification">\n<MiningSchema><MiningField name="y" usageType="target"/>${names.map(name => `<MiningField name="${name}"/>`).join('')}</MiningSchema>
<Segmentation multipleModelMethod="average" missingPredictionTreatment="returnMissing">\n`)
  const node = (depth: number, predicate: string): string => {
    if (depth === 0) {
      const p = random()
      return `<Node score="${p > 0.5 ? 1 : 0}" recordCount="1.0">\n${predicate}\n<ScoreDistribution value="0" recordCount="${1 - p}"/>\n<ScoreDistribution value="1" recordCount="${p}"/>\n</Node>\n`
    }
    const field = names[Math.floor(random() * 30)]!, at = Math.fround(random())
    return `<Node>\n${predicate}\n${node(depth - 1, `<SimplePredicate field="${field}" operator="lessOrEqual" value="${at}"/>`)}${node(depth - 1, '<True/>')}</Node>\n`
  }
  for (let i = 0; i < trees; i++) put(`<Segment id="${i + 1}">\n<True/>\n<TreeModel functionName="classification" missingValueStrategy="nullPrediction">\n<MiningSchema>${names.map(name => `<MiningField name="${name}"/>`).join('')}</MiningSchema>\n${node(7, '<True/>')}</TreeModel>\n</Segment>\n`)
  put('</Segmentation>\n</MiningModel>\n</PMML>\n')
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) { whole.set(part, at); at += part.length }
  return whole
}

const [what] = process.argv.slice(2)
if (what === undefined) for (const trees of [136, 6400]) spawnSync(process.execPath, [import.meta.filename, `trees=${trees}`], { stdio: 'inherit' })
else {
  const bytes = what.startsWith('trees=') ? forest(Number(what.slice(6))) : new Uint8Array(readFileSync(what)), made = process.resourceUsage().maxRSS / 1024
  const before = process.cpuUsage(), model = await readModel({ names: ['model.pmml'], read: async () => bytes }), { user, system } = process.cpuUsage(before)
  const { how } = await openModel(model, { name: 'model', version: '1' }, await kernelModule())
  console.log(`${(bytes.length / 1e6).toFixed(1)} MB: ${((user + system) / 1e6).toFixed(2)} CPU s to read, ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB resident at most (${Math.round(made)} before it was read, with the file); ${(model.bytes / 1e6).toFixed(0)} MB in memory; ${how}`)
}
