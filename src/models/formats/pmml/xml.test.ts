import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseXml } from './xml.ts'
import type { Element } from './xml.ts'

const encoder = new TextEncoder()
const parse = (text: string): Element => parseXml('x.pmml', encoder.encode(text))

test('elements, attributes, texts, comments, CDATA, entities, prefixes, blanks in tags', () => {
  const root = parse(`<?xml version="1.0" encoding="UTF-8"?>
<!-- > before <a> -->
<p:PMML xmlns:p="urn:x" a = '1' b="&lt;&amp;&#65;&#x42;&quot;">
  <row ><data:x>5</data:x ><y/></row>t<![CDATA[<&]]>u
</p:PMML>
`)
  assert.equal(root.name, 'PMML')
  assert.deepEqual({ ...root.attributes }, { a: '1', b: '<&AB"' })
  assert.equal(root.text.trim(), 't<&u')
  const [row] = root.children
  assert.deepEqual([row!.name, row!.line, row!.column, row!.children.map(({ name, text }) => [name, text])], ['row', 4, 3, [['x', '5'], ['y', '']]])
})

test('what is damaged says where', () => {
  for (const [text, message, at] of [
    ['<a>\n<b></a>', /<\/a> where <\/b> belongs/, 'line 2, column 8'], ['<a', /has no end/, undefined], ['<a b=c/>', /has no quotes/, undefined], ['<a b="1" b="2"/>', /twice/, undefined], ['<a/><b/>', /a second root/, undefined], ['', /no element/, undefined],
    ['x<a/>', /outside of the root/, undefined], ['<a>&b;</a>', /no entity/, undefined], ['<a>&#1114112;</a>', /no entity/, undefined], ['<a __proto__="x"/>', /cannot be/, undefined], ['<a b/>', /no value/, undefined], ['<a>', /is not closed/, undefined], ['<a><!-- </a>', /comment has no end/, undefined],
    ['</a>', /closes nothing/, undefined], ['< a/>', /without a name/, undefined], ['<a / >', /does not end/, undefined],
  ] as const) assert.throws(() => parse(text), { code: 'SLUICE_MODEL_BROKEN', message, ...at === undefined ? {} : { at } }, text)
  assert.throws(() => parseXml('x', Uint8Array.of(60, 97, 62, 255, 60, 47, 97, 62)), { code: 'SLUICE_MODEL_BROKEN', message: /not valid UTF-8/ })
})

test('entity bombs, nesting, other encodings are refused by name', () => {
  assert.throws(() => parse('<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>&b;</a>'), { code: 'SLUICE_MODEL_UNSUPPORTED', message: /document type/ })
  assert.throws(() => parse('<a>'.repeat(100_000)), { code: 'SLUICE_MODEL_UNSUPPORTED', message: /2000 deep/ })
  assert.throws(() => parse('<?xml version="1.0" encoding="ISO-8859-1"?><a/>'), { code: 'SLUICE_MODEL_UNSUPPORTED', message: /iso-8859-1/ })
  assert.throws(() => parse(`<a ${Array.from({ length: 2000 }, (_, i) => `a${i}="1"`).join(' ')}/>`), { code: 'SLUICE_MODEL_BROKEN', message: /more than 1000 attributes/ })
  assert.equal(parseXml('x', Uint8Array.from([0xff, 0xfe, ...[...'<a b="é"/>'].flatMap(c => [c.charCodeAt(0), 0])])).attributes['b'], 'é')
})

test('documents longer than a piece are read the same: names, values and texts across its end, lines counted on', () => {
  const long = 'w'.repeat(3_000_000), many = Array.from({ length: 60_000 }, (_, i) => `<Node id="${i}" score="${i / 7}"><True/>\n<ScoreDistribution value="\u6771\u4eac" recordCount="${i}.0"/></Node>`).join('\n')
  const root = parse(`<PMML a="${long}"><t>${long}</t><TreeModel><Node id="top">${many}</Node></TreeModel></PMML>`)
  assert.equal(root.attributes['a'], long)
  assert.equal(root.children[0]!.text, long)
  const top = root.children[1]!.children[0]!, nodes = top.children
  assert.equal(nodes.length, 60_000)
  for (const i of [0, 1, 31_234, 59_999]) {
    const { attributes, children, line } = nodes[i]!
    assert.deepEqual([{ ...attributes }, line, children.map(child => [child.name, { ...child.attributes }, child.line])],
      [{ id: String(i), score: String(i / 7) }, 1 + 2 * i, [['True', {}, 1 + 2 * i], ['ScoreDistribution', { value: '\u6771\u4eac', recordCount: `${i}.0` }, 2 + 2 * i]]])
  }
})
