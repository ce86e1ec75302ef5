/** The body of a webhook call, value by value (item 18). */
import { describe, expect, it } from 'vitest'
import { choice, choices, column, integer, options } from '../../src/emulator/column-kinds.ts'
import { contactTable } from '../../src/emulator/contact-table.ts'
import { type ContextFacts, executionContext, withoutDetails } from '../../src/emulator/execution-context.ts'
import type { Value } from '../../src/emulator/schema.ts'
import type { RowWrite } from '../../src/emulator/webhook-event.ts'
import { parseSettings, proveCall } from '../../src/emulator/webhook-secret.ts'

const CONTACT = '00000000-0000-4000-8000-000000000001'
const OTHER = '00000000-0000-4000-8000-000000000002'
const USER = '00000000-0000-4000-8000-000000000003'
const CONTRACTS = 'http://schemas.microsoft.com/xrm/2011/Contracts'

const schema = contactTable()
for (const each of [
  choice('new_choice', options([1, 'Yes'])),
  choices('new_set', options([1, 'a'], [9, 'b'])),
  column('datetime', 'new_at'),
  column('decimal', 'new_rate'),
  integer('new_count'),
]) {
  schema.columns.set(each.logicalName, each)
}

const before = {
  contactid: CONTACT,
  fullname: 'Ada Lovelace',
  lastname: 'Lovelace',
  jobtitle: null,
  modifiedon: '2026-01-01T00:00:00Z',
  modifiedby: USER,
  ownerid: USER,
  'ownerid@type': 'systemuser',
  statecode: 0,
  versionnumber: 5,
}

function update(columns: Record<string, Value>): RowWrite {
  const after = { ...before, ...columns, modifiedon: '2026-01-02T00:00:00Z', versionnumber: 6 }
  const author = { userId: USER, requestId: null, tag: 'etl', bypass: undefined }
  return { message: 'Update', schema, id: CONTACT, before, after, columns, ...author }
}

const FACTS: ContextFacts = {
  stepId: 'step',
  images: [],
  userId: USER,
  businessUnitId: 'unit',
  correlationId: 'correlation',
  operationId: 'operation',
  createdAtMs: 1_506_384_247_000,
  organization: { id: 'organization', name: 'acme' },
  tagLevel: 'context',
  nameOf: (table, id) => `${table} ${id.slice(-1)}`,
}

interface Entity {
  readonly Attributes: readonly { readonly key: string; readonly value: unknown }[]
}
/** A context has many shapes, and every part that is read is asserted. */
// biome-ignore lint/suspicious/noExplicitAny: as the line above says
type Anything = any

function contextOf(write: RowWrite, facts: Partial<ContextFacts> = {}): Anything {
  return executionContext(write, { ...FACTS, ...facts })
}
const values = (entity: Entity) => Object.fromEntries(entity.Attributes.map(({ key, value }) => [key, value]))
const targetOf = (columns: Record<string, Value>) => values(contextOf(update(columns)).InputParameters[0].value)

describe('18: values of a target', () => {
  const cases: [string, Record<string, Value>, unknown][] = [
    ['a text', { lastname: 'x' }, 'x'],
    ['a boolean', { donotemail: true }, true],
    ['a number', { new_count: 7 }, 7],
    ['a decimal', { new_rate: 1.5 }, 1.5],
    ['a cleared value', { lastname: null }, null],
    ['an instant', { new_at: '2017-09-26T00:04:07Z' }, '/Date(1506384247000)/'],
    ['a date', { birthdate: '1970-01-02' }, '/Date(86400000)/'],
    ['a choice', { new_choice: 1 }, { __type: `OptionSetValue:${CONTRACTS}`, Value: 1 }],
    ['a state', { statecode: 1 }, { __type: `OptionSetValue:${CONTRACTS}`, Value: 1 }],
    ['choices', { new_set: '1,9' }, [1, 9].map((n) => ({ __type: `OptionSetValue:${CONTRACTS}`, Value: n }))],
    [
      'a lookup with several targets',
      { parentcustomerid: OTHER, 'parentcustomerid@type': 'contact' },
      {
        __type: `EntityReference:${CONTRACTS}`,
        Id: OTHER,
        KeyAttributes: [],
        LogicalName: 'contact',
        Name: null,
        RowVersion: null,
      },
    ],
  ]
  it.each(cases)('%s', (_, columns, expected) => {
    const [name = ''] = Object.keys(columns)
    expect(targetOf(columns)[name]).toEqual(expected)
  })
})

describe('18: what a context holds', () => {
  it('of an update the columns of the write, the id, and who wrote when; the parent only what was asked', () => {
    const context = contextOf(update({ jobtitle: 'x' }))
    const names = ({ InputParameters }: { InputParameters: { value: Entity }[] }) =>
      Object.keys(values(InputParameters[0]?.value ?? { Attributes: [] })).sort()
    expect(names(context)).toEqual(['contactid', 'jobtitle', 'modifiedby', 'modifiedon', 'modifiedonbehalfby'])
    expect(names(context.ParentContext)).toEqual(['contactid', 'jobtitle'])
    expect([context.Stage, context.ParentContext.Stage, context.ParentContext.ParentContext]).toEqual([40, 30, null])
  })

  it('of a create also what the platform filled in, without columns that stayed empty', () => {
    const { before: _, ...rest } = update({ lastname: 'x' })
    const target = values(contextOf({ ...rest, message: 'Create', before: undefined }).InputParameters[0].value)
    expect(target).toMatchObject({ lastname: 'x', statecode: { Value: 0 }, ownerid: { LogicalName: 'systemuser' } })
    expect(target).not.toHaveProperty('jobtitle')
  })

  it('of a delete a reference, and only images from before', () => {
    const write: RowWrite = { ...update({}), message: 'Delete', after: undefined }
    const context = contextOf(write, { images: [{ alias: 'pre', type: 0, columns: ['lastname'] }] })
    expect(context.InputParameters[0].value).toMatchObject({ __type: `EntityReference:${CONTRACTS}`, Id: CONTACT })
    expect(context.PreEntityImages.map((image: { key: string }) => image.key)).toEqual([
      'pre',
      'AsynchronousStepPrimaryName',
    ])
    expect(context.PostEntityImages).toEqual([])
  })

  it('images name what lookups point at, hold no empty columns, and none asked for means all', () => {
    const images = [{ alias: 'all', type: 1, columns: [] }]
    const [image] = contextOf(update({ jobtitle: 'x' }), { images }).PostEntityImages
    expect(values(image.value)).toMatchObject({ jobtitle: 'x', ownerid: { Name: 'systemuser 3' } })
    expect(values(image.value)).not.toHaveProperty('birthdate')
  })

  it('without details only ids, names and times are left', () => {
    const context = contextOf(update({ jobtitle: 'x' }))
    const left = withoutDetails(context)
    const gone = Object.keys(context).filter((name) => !(name in left))
    expect(gone.sort()).toEqual(['InputParameters', 'ParentContext', 'PostEntityImages', 'PreEntityImages'])
    expect(left).toMatchObject({ PrimaryEntityId: CONTACT, OperationId: 'operation' })
  })
})

describe('18: the secret of a call', () => {
  it('settings are read with entities, either order of attributes and closing tags', () => {
    const xml = `<settings>
      <setting name="a" value="1&amp;2"/>
      <setting value="&lt;3&gt;" name="b"></setting>
    </settings>`
    expect(parseSettings(xml)).toEqual([
      ['a', '1&2'],
      ['b', '<3>'],
    ])
  })

  it.each(['secret', '<settings></settings>', '<settings><setting name="a"/></settings>', '<settings>x</settings>'])(
    '%s is no settings list',
    (xml) => expect(parseSettings(xml)).toBeUndefined(),
  )

  it('a code and query values join what the url has', () => {
    const settings = '<settings><setting name="k" value="a b"/></settings>'
    expect(proveCall('https://127.0.0.1/hook?x=1', 4, 's').url.search).toBe('?x=1&code=s')
    expect(proveCall('https://127.0.0.1/hook?x=1', 6, settings).url.search).toBe('?x=1&k=a+b')
    expect(proveCall('https://127.0.0.1/hook', 5, settings).headers).toEqual({ k: 'a b' })
  })
})
