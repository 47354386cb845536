// Writes docs/errors.md from the table of codes: node scripts/errors-page.ts
import { writeFileSync } from 'node:fs'
import { CODES } from '../src/core/index.ts'

const SEVERITIES = {
  record: 'Severity `record`: this record is rejected, the others go on.',
  retry: 'Severity `retry`: it is tried again, slower each time; nothing is lost and nothing is written twice.',
  fatal: 'Severity `fatal`: what is done is committed, then the pipeline stops.',
}

const page = `# Errors

Every error has a code, and says what happened, where, why, and how to mend it:
\`\`\`
SluiceError: 'test/golden/models/lightgbm/bin-cancer/model.txt': the file ends within tree 3
  code: SLUICE_MODEL_BROKEN
  at:   tree 3
  why:  the model file is damaged or truncated
  fix:  copy it again from where it was trained
\`\`\`
Codes keep their meaning within a major version. Rejected records carry theirs in headers ([results and rejects](results.md)); the metric
\`sluice_rejected_total{stage,code}\` counts them. \`SLUICE_DEBUG=1\` adds the stack. What is said below is said where the place that failed knows
nothing better. This page is written by \`node scripts/errors-page.ts\`.

${Object.entries(CODES).map(([code, { severity, why, fix }]) => `## ${code}
${SEVERITIES[severity]}
- why: ${why}
- fix: ${fix}
`).join('\n')}`

writeFileSync(new URL('../docs/errors.md', import.meta.url), page)
