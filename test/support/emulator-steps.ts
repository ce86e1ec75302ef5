/** Random steps against a small table: few ids and keys, so that they meet often, with every kind of fault. */
import fc from 'fast-check'
import type { Address, SentColumns } from './emulator-model.ts'

/** A condition before the version that it names is known: the present one, or one that the row never had. */
export type AskedCondition = 'none' | 'exists' | 'absent' | 'current' | 'stale'

/** A write as it is drawn; ids and keys are numbers and texts of the pools below. */
export type AskedWrite =
  | { readonly kind: 'create'; readonly id: string; readonly columns: SentColumns }
  | {
      readonly kind: 'patch'
      readonly address: Address
      readonly columns: SentColumns
      readonly condition: AskedCondition
    }
  | { readonly kind: 'delete'; readonly address: Address; readonly condition: AskedCondition }
  | {
      readonly kind: 'bulk'
      readonly message: 'CreateMultiple' | 'UpdateMultiple' | 'UpsertMultiple'
      readonly targets: readonly { readonly address: Address; readonly columns: SentColumns }[]
    }

/** What happens to a step; `part`: to the first part of a batch instead of the whole. */
export interface Trouble {
  readonly kind: (typeof TROUBLES)[number]
  readonly part: boolean
}

/** One step of a run. */
export type Step =
  | { readonly kind: 'write'; readonly write: AskedWrite; readonly trouble: Trouble | undefined }
  | {
      readonly kind: 'batch'
      readonly continues: boolean
      readonly units: readonly { readonly isSet: boolean; readonly writes: readonly AskedWrite[] }[]
      readonly trouble: Trouble | undefined
    }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'restore' }

/** Every fault, as the driver arms them. */
export const TROUBLES = [
  'reset-before-commit',
  'reset-after-commit',
  'truncate-body',
  'lost-504',
  'status-429',
  'status-500',
  'status-503',
  'html-502',
  'too-large',
  'slow',
  'deadlock',
  'sql-timeout',
  'bulk-unavailable',
  'poison',
  'foreign-edit',
  'tokens-expired',
] as const

/** A title that a customer's plug-in refuses while that trouble lasts. */
export const POISON = 'poison'
/** What somebody else writes. */
export const THEIRS = 'theirs'

const ids = [1, 2, 3, 4].map((n) => `00000000-0000-4000-8000-00000000000${n}`)
/** Two of them are one, and so are two others, to a database that cares for neither case nor trailing blanks. */
export const KEYS = ['k1', 'K1', 'k2', 'k2 ', 'k3']

const id = fc.constantFrom(...ids)
const key = fc.constantFrom(...KEYS)
const title = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', null) },
  { weight: 2, arbitrary: fc.constant(POISON) },
  { weight: 1, arbitrary: fc.constant('x'.repeat(101)) },
)
const plain = { title, mute: fc.boolean() }
const columns: fc.Arbitrary<SentColumns> = fc.record(
  { ...plain, ouid: fc.oneof(key, fc.constant(null)) },
  { requiredKeys: [] },
)
const columnsWithoutKey: fc.Arbitrary<SentColumns> = fc.record(plain, { requiredKeys: [] })
const byId: fc.Arbitrary<Address> = fc.record({ id })
const byKey: fc.Arbitrary<Address> = fc.record({ key })
const address = fc.oneof(byId, byKey)

const create = fc.record({ kind: fc.constant('create' as const), id, columns })
const patch = fc.record({
  kind: fc.constant('patch' as const),
  address,
  columns,
  condition: fc.constantFrom<AskedCondition[]>('none', 'none', 'none', 'exists', 'absent', 'current', 'stale'),
})
const remove = fc.record({
  kind: fc.constant('delete' as const),
  address,
  condition: fc.constantFrom<AskedCondition[]>('none', 'none', 'current', 'stale'),
})

function bulkOf(message: 'CreateMultiple' | 'UpdateMultiple' | 'UpsertMultiple', target: fc.Arbitrary<Target>) {
  return fc.record({
    kind: fc.constant('bulk' as const),
    message: fc.constant(message),
    targets: fc.array(target, { minLength: 1, maxLength: 4 }),
  })
}

interface Target {
  readonly address: Address
  readonly columns: SentColumns
}

// Renaming keys in the middle of a bulk message is nowhere documented.
const targetById = fc.record({ address: byId, columns: columnsWithoutKey })
const targetByKey = fc.record({ address: byKey, columns })
const bulk = fc.oneof(
  bulkOf('CreateMultiple', fc.record({ address: byId, columns })),
  bulkOf('UpdateMultiple', targetById),
  bulkOf('UpdateMultiple', targetByKey),
  bulkOf('UpsertMultiple', targetById),
  bulkOf('UpsertMultiple', targetByKey),
)
const lone: fc.Arbitrary<AskedWrite> = fc.oneof(create, patch, patch, remove)
const write: fc.Arbitrary<AskedWrite> = fc.oneof(create, patch, patch, remove, bulk)
const unit = fc.oneof(
  fc.record({ isSet: fc.constant(false), writes: fc.array(write, { minLength: 1, maxLength: 1 }) }),
  fc.record({ isSet: fc.constant(true), writes: fc.array(lone, { minLength: 1, maxLength: 3 }) }),
)
const trouble = fc.option(fc.record({ kind: fc.constantFrom(...TROUBLES), part: fc.boolean() }), {
  nil: undefined,
  freq: 2,
})

/** Runs of steps. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), write, trouble }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('batch' as const),
        continues: fc.boolean(),
        units: fc.array(unit, { minLength: 1, maxLength: 4 }),
        trouble,
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom<Step[]>({ kind: 'snapshot' }, { kind: 'restore' }) },
  ),
  { minLength: 1, maxLength: 20, size: 'max' },
)

/** A step on one line. */
export function told(step: Step): string {
  if (step.kind === 'snapshot' || step.kind === 'restore') return step.kind
  const trouble = step.trouble === undefined ? '' : ` ! ${step.trouble.kind}${step.trouble.part ? ' in part' : ''}`
  if (step.kind === 'write') return `${toldWrite(step.write)}${trouble}`
  const units = step.units.map(({ isSet, writes }) => {
    const list = writes.map(toldWrite).join(' & ')
    return isSet ? `{${list}}` : list
  })
  return `batch${step.continues ? ' on error too' : ''}: ${units.join('; ')}${trouble}`
}

function toldWrite(asked: AskedWrite): string {
  if (asked.kind === 'create') return `create ${toldAddress(asked)} ${toldColumns(asked.columns)}`
  if (asked.kind === 'bulk') {
    const targets = asked.targets.map((each) => `${toldAddress(each.address)} ${toldColumns(each.columns)}`)
    return `${asked.message} [${targets.join(', ')}]`
  }
  const condition = asked.condition === 'none' ? '' : ` if ${asked.condition}`
  const sent = asked.kind === 'delete' ? '' : ` ${toldColumns(asked.columns)}`
  return `${asked.kind} ${toldAddress(asked.address)}${sent}${condition}`
}

function toldAddress({ id: given, key: other }: Address): string {
  return given === undefined ? `'${other}'` : `#${given.slice(-1)}`
}

function toldColumns(sent: SentColumns): string {
  return JSON.stringify(sent, (_, value) => (typeof value === 'string' && value.length > 9 ? 'too long' : value))
}
