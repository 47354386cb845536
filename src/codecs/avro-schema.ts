/** Types of Avro 1.12, as declared: named types are the same object wherever they are used, so types may contain themselves. */
export type AvroType =
  | AvroPrimitive
  | { readonly kind: 'fixed'; readonly name: string; readonly aliases: readonly string[]; readonly size: number; readonly logical?: Logical }
  | { readonly kind: 'enum'; readonly name: string; readonly aliases: readonly string[]; readonly symbols: readonly string[]; readonly default?: string }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | AvroRecord
export interface AvroPrimitive { readonly kind: Primitive; readonly logical?: Logical }
export interface AvroRecord { readonly kind: 'record'; readonly name: string; readonly aliases: readonly string[]; readonly fields: readonly AvroField[] }
export interface AvroField { readonly name: string; readonly aliases: readonly string[]; readonly type: AvroType; readonly default?: unknown }
export type AvroNamed = Extract<AvroType, { readonly name: string }>

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
type Primitive = typeof PRIMITIVES[number]

/** Those that change how a value is read and written. All others are read as what they lie on, as Avro has it for those one does not know. */
export type Logical =
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'date' | 'timestamp-millis' | 'timestamp-micros' | 'local-timestamp-millis' | 'local-timestamp-micros' | 'uuid' }
const LOGICALS: { readonly [logical: string]: readonly string[] } = {
  decimal: ['bytes', 'fixed'], date: ['int'], 'timestamp-millis': ['long'], 'timestamp-micros': ['long'],
  'local-timestamp-millis': ['long'], 'local-timestamp-micros': ['long'], uuid: ['fixed'],
}

type Json = { readonly [name: string]: unknown }
const NAME = /^[A-Za-z_]\w*$/

/** `references`: schemas whose names it uses, each after those it uses itself. @throws Error that says what is wrong */
export function parseAvro(text: string, references: readonly string[] = []): AvroType {
  const named = new Map<string, AvroNamed>()
  for (const reference of references) typeOf(jsonOf(reference), '', named, 0)
  return typeOf(jsonOf(text), '', named, 0)
}

function jsonOf(text: string): unknown {
  // a primitive may stand without quotes
  if ((PRIMITIVES as readonly string[]).includes(text.trim())) return text.trim()
  try { return JSON.parse(text) } catch (cause) { throw new Error('it is not JSON', { cause }) }
}

function typeOf(schema: unknown, space: string, named: Map<string, AvroNamed>, depth: number): AvroType {
  if (depth > 100) throw new Error('its types are nested deeper than 100')
  if (typeof schema === 'string') return isPrimitive(schema) ? { kind: schema } : known(schema, space, named)
  if (Array.isArray(schema)) return unionOf(schema, space, named, depth)
  if (!isObject(schema)) throw new Error('a type is a name, a list or an object')
  const { type } = schema
  switch (type) {
    case 'array': return { kind: 'array', items: typeOf(schema['items'], space, named, depth + 1) }
    case 'map': return { kind: 'map', values: typeOf(schema['values'], space, named, depth + 1) }
    case 'record': case 'error': case 'enum': case 'fixed': return namedOf(schema, type, space, named, depth)
  }
  if (typeof type !== 'string') return typeOf(type, space, named, depth + 1)
  if (!isPrimitive(type)) return known(type, space, named)
  return { kind: type, ...logicalOf(schema, type) }
}

function namedOf(schema: Json, type: string, space: string, named: Map<string, AvroNamed>, depth: number): AvroNamed {
  const given = schema['name']
  if (typeof given !== 'string') throw new Error(`a type '${type}' has no name`)
  const inside = typeof schema['namespace'] === 'string' && !given.includes('.') ? schema['namespace'] : space
  const name = full(given, inside)
  if (named.has(name)) throw new Error(`the name '${name}' is declared twice`)
  const within = name.slice(0, Math.max(0, name.lastIndexOf('.')))
  const aliases = namesIn(schema['aliases']).map(alias => full(alias, within))
  const keep = <T extends AvroNamed>(made: T): T => { named.set(name, made); return made }
  if (type === 'fixed') {
    const size = schema['size']
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > 1e9) throw new Error(`the size of '${name}' is no size`)
    return keep({ kind: 'fixed', name, aliases, size, ...logicalOf(schema, 'fixed', size) })
  }
  if (type === 'enum') {
    const symbols = namesIn(schema['symbols']), fallback = schema['default']
    if (new Set(symbols).size !== symbols.length || symbols.length === 0) throw new Error(`the symbols of '${name}' are none, or not distinct`)
    return keep({ kind: 'enum', name, aliases, symbols, ...(typeof fallback === 'string' ? { default: fallback } : {}) })
  }
  if (!Array.isArray(schema['fields'])) throw new Error(`the record '${name}' has no fields`)
  const fields: AvroField[] = []
  const made = keep({ kind: 'record', name, aliases, fields })
  for (const field of schema['fields'] as readonly unknown[]) {
    if (!isObject(field) || typeof field['name'] !== 'string' || !NAME.test(field['name'])) throw new Error(`a field of '${name}' has no name`)
    const fieldName = field['name']
    if (fields.some(other => other.name === fieldName)) throw new Error(`'${name}' has two fields '${fieldName}'`)
    fields.push({ name: fieldName, aliases: namesIn(field['aliases']), type: typeOf(field['type'], within, named, depth + 1), ...('default' in field ? { default: field['default'] } : {}) })
  }
  return made
}

function unionOf(schemas: readonly unknown[], space: string, named: Map<string, AvroNamed>, depth: number): AvroType {
  const branches = schemas.map(schema => typeOf(schema, space, named, depth + 1))
  if (branches.some(({ kind }) => kind === 'union')) throw new Error('a union lies directly in a union')
  const kinds = branches.map(branch => 'name' in branch ? branch.name : branch.kind)
  if (new Set(kinds).size !== kinds.length || kinds.length === 0) throw new Error(`a union has no branches, or two of a kind: ${kinds.join(', ')}`)
  return { kind: 'union', branches }
}

function logicalOf(schema: Json, on: string, size = Infinity): { readonly logical?: Logical } {
  const kind = schema['logicalType']
  if (typeof kind !== 'string' || !Object.hasOwn(LOGICALS, kind) || !LOGICALS[kind]!.includes(on)) return {}
  if (kind === 'decimal') {
    const precision = schema['precision'], scale = schema['scale'] ?? 0
    // one that is not valid is to be ignored
    if (!isCount(precision) || precision === 0 || !isCount(scale) || scale > precision) return {}
    return { logical: { kind, precision, scale } }
  }
  if (kind === 'uuid' && size !== 16) return {}
  return { logical: { kind: kind as Exclude<Logical['kind'], 'decimal'> } }
}

function known(name: string, space: string, named: ReadonlyMap<string, AvroNamed>): AvroNamed {
  const found = named.get(full(name, space)) ?? named.get(name)
  if (found === undefined) throw new Error(`there is no type '${full(name, space)}'`)
  return found
}

function full(name: string, space: string): string {
  const whole = name.includes('.') || space === '' ? name : `${space}.${name}`
  if (!whole.split('.').every((part, i) => NAME.test(part) || (i === 0 && part === ''))) throw new Error(`'${whole}' is no name`)
  return whole.startsWith('.') ? whole.slice(1) : whole
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const isPrimitive = (name: string): name is Primitive => (PRIMITIVES as readonly string[]).includes(name)
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1e6
const namesIn = (value: unknown): string[] => Array.isArray(value) ? value.filter(name => typeof name === 'string') : []
