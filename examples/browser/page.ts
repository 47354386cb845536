import { csvCells } from '../../src/codecs/csv.ts'
import { score } from './score.ts'

const byId = (id: string): HTMLElement => document.getElementById(id)!
const files: { model?: File; rows?: File } = {}
const kernels = fetch('/kernels.wasm').then(async answer => answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined)
const SHOWN = 20

for (const which of ['model', 'rows'] as const) {
  const input = byId(which) as HTMLInputElement, drop = byId(`${which}-drop`)
  const take = (file: File | undefined): void => {
    if (file === undefined) return
    files[which] = file
    drop.classList.add('filled')
    void show()
  }
  input.addEventListener('change', () => take(input.files?.[0]))
  for (const event of ['dragover', 'dragleave', 'drop']) {
    drop.addEventListener(event, dragged => {
      dragged.preventDefault()
      drop.classList.toggle('over', event === 'dragover')
      if (event === 'drop') take((dragged as DragEvent).dataTransfer?.files[0])
    })
  }
}

async function show(): Promise<void> {
  const { model, rows } = files
  if (model === undefined || rows === undefined) return
  for (const id of ['error', 'said', 'scores']) byId(id).replaceChildren()
  const download = byId('download') as HTMLAnchorElement
  download.hidden = true
  try {
    const [modelBytes, csv] = await Promise.all([model, rows].map(async file => new Uint8Array(await file.arrayBuffer())))
    const scored = await score({ name: model.name, bytes: modelBytes! }, csv!, await kernels)
    byId('said').textContent = `${scored.rows} rows in ${scored.ms.toFixed(0)} ms, ${scored.rejected.length} of them not scored. ${scored.model}; evaluator ${scored.evaluator}.`
    if (scored.rejected.length > 0) byId('error').textContent = scored.rejected.slice(0, 5).map(({ row, message }) => `row ${row + 1}: ${message}`).join('\n')
    byId('scores').replaceChildren(...scored.csv.split('\n').slice(0, SHOWN + 1).map((line, i) => {
      const tr = document.createElement('tr')
      tr.replaceChildren(...csvCells(line).map(text => { const cell = document.createElement(i === 0 ? 'th' : 'td'); cell.textContent = text; return cell }))
      return tr
    }))
    download.href = URL.createObjectURL(new Blob([scored.csv], { type: 'text/csv' }))
    download.hidden = false
  } catch (error) {
    const { message, fix } = error as { readonly message: string; readonly fix?: string }
    byId('error').textContent = fix === undefined ? message : `${message}\n${fix}`
  }
}
