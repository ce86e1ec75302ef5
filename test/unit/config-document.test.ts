import { describe, expect, it } from 'vitest'
import { document, fixture, leastConfig, load, refusal, SECRET } from '../support/config-files.ts'

const TOPIC = 'topic:20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2'
const PURPOSE = 'purpose:10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f1'

function withIntegration(integration: unknown) {
  const config = leastConfig()
  return { ...config, targets: [{ ...config.targets[0], integration }] }
}

async function targetOf(integration: unknown, files: Record<string, string> = {}) {
  const { targets, warnings } = await load(withIntegration(integration), files)
  const [target] = targets
  if (target === undefined) throw new Error('no target')
  return { ...target, warnings }
}

describe('§4 the three forms are accepted as they are, by path and in place', () => {
  it.each([
    ['legacy.json', 'contact', ['new_newsletter', 'donotemail', 'new_topics']],
    ['current.json', 'consent', [PURPOSE, TOPIC]],
    ['older.json', 'contact', ['new_newsletter']],
  ] as const)('%s', async (name, mode, ids) => {
    for (const integration of [name, await document(name)]) {
      const target = await targetOf(integration)
      expect(target.mode).toBe(mode)
      expect(target.entries.map(({ id }) => id)).toEqual(ids)
      expect(target.upsert).toBe(false)
      expect(target.instance.root).toBe('https://acme.crm4.dynamics.com/api/data/v9.2')
      const [user, ...others] = target.authentication
      expect(others).toEqual([])
      expect(user).toMatchObject({
        authority: 'https://login.microsoftonline.com/d2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f',
      })
      const { credential } = user
      expect(credential.kind === 'secret' && credential.secret.reveal()).toBe(SECRET)
      expect(target.warnings).toEqual([])
      expect(target.documentRepairs).toEqual([])
    }
  })

  it('type_id does what type does, and an absent upsert_mode is false', async () => {
    const { type, upsert_mode: _, ...rest } = await document('current.json')
    expect(await targetOf({ ...rest, type_id: type })).toMatchObject({ mode: 'consent', upsert: false })
    expect(await targetOf({ ...rest, type, upsert_mode: true })).toMatchObject({ upsert: true })
    const older = await document('older.json')
    expect(await targetOf({ ...older, type_id: 'microsoft-dynamics' })).toMatchObject({ mode: 'contact' })
  })

  it("the vendor's unknown keys are tolerated, ours are kept", async () => {
    const legacy = await document('legacy.json')
    const entry = { id: 'new_a', value: { purpose: 'p', preference: 'f' }, trueValue: 1, falseValue: 'No', label: 'x' }
    const target = await targetOf({ ...legacy, enable_emailing: true, mappings: [{ ...entry, options: { v: 7 } }] })
    const { label: _, ...known } = entry
    expect(target.entries).toEqual([{ ...known, options: { v: 7 } }])
  })
})

describe('§4 what a document must not be', () => {
  it.each([
    ['no known form', {}, 'targets[0].integration'],
    ['another type', { type: 'braze', mappings: [] }, 'targets[0].integration'],
    ['no mapping', { type: 'microsoft-dynamics', mappings: [] }, 'targets[0].integration.mappings'],
    [
      'a placeholder id',
      { type: 'microsoft-dynamics-cpc', mappings: [{ id: 'purpose:<msdynmkt_purposeId>', value: 'v' }] },
      'targets[0].integration.mappings[0].id',
    ],
    [
      'a placeholder value',
      { type: 'microsoft-dynamics-cpc', mappings: [{ id: PURPOSE, value: '<pmp_preference_value_widget_id>' }] },
      'targets[0].integration.mappings[0].value',
    ],
    [
      'a value without its preference',
      { type: 'microsoft-dynamics', mappings: [{ id: 'new_a', value: { purpose: 'p', value: 'v' } }] },
      'targets[0].integration.mappings[0].value',
    ],
    [
      'a column where a purpose belongs',
      { type: 'microsoft-dynamics-cpc', mappings: [{ id: 'new_a', value: 'v' }] },
      'targets[0].integration.mappings[0].id',
    ],
  ])('%s', async (_, integration, where) => {
    const error = await refusal(withIntegration(integration))
    expect(error.code).toBe('document-invalid')
    expect(error.complaints.map((complaint) => complaint.where.replace(/^[^ ]+ /, ''))).toEqual([where])
  })

  it('a missing file, and a file that is no JSON', async () => {
    for (const [where, files] of [
      ['conf/didomi.yaml:8: targets[0].integration', {}],
      ['gone.json', { '/srv/job/conf/gone.json': `{"client_secret": "${SECRET}",, }` }],
    ] as const) {
      const error = await refusal(withIntegration('gone.json'), files)
      expect(error.code).toBe('document-invalid')
      expect(error.complaints[0]?.where).toBe(where)
      expect(error.message).not.toContain(SECRET)
    }
  })

  it('the same id twice for one channel; apart by channel it is fine', async () => {
    const current = await document('current.json')
    const twice = (a: object, b: object) => ({
      ...current,
      mappings: [
        { id: TOPIC, value: 'a', ...a },
        { id: TOPIC.toUpperCase().replace('TOPIC', 'topic'), value: 'b', ...b },
      ],
    })
    expect((await targetOf(twice({ channel: 'email' }, { channel: 'text' }))).entries.map(({ id }) => id)).toEqual([
      TOPIC,
      TOPIC,
    ])
    for (const [a, b] of [
      [{}, {}],
      [{ channel: 'email' }, {}],
      [{ channel: 'text' }, { channel: 'text' }],
    ] as const) {
      const error = await refusal(withIntegration(twice(a, b)))
      expect(error.complaints[0]?.where).toContain('mappings[1].id')
    }
  })
})

describe('§4 the printed examples', () => {
  it('a bare or between alternatives is one entry per alternative, with a warning', async () => {
    const target = await targetOf('current-as-printed.txt')
    expect(target.entries).toEqual([
      { id: PURPOSE, value: 'sports-a1' },
      { id: TOPIC, value: 'sports-a1' },
    ])
    expect(target.documentRepairs).toHaveLength(1)
    expect(target.warnings.join()).toMatch(/current-as-printed\.txt: .*bare `or`/)
  })

  it('missing braces at the end are added, with a warning', async () => {
    const target = await targetOf('older-as-printed.txt')
    const whole = await targetOf('older.json')
    expect(target.entries).toEqual(whole.entries)
    expect(target.documentRepairs).toEqual(['added the missing `}}` at the end'])
    expect(target.warnings).toHaveLength(1)
  })

  it('both faults at once', async () => {
    const text = (await fixture('current-as-printed.txt')).replace(/,\s*"upsert_mode": false\s*}\s*$/, '')
    expect((await targetOf('x.txt', { '/srv/job/conf/x.txt': text })).documentRepairs).toHaveLength(2)
  })

  it('an or inside a text, or alternatives elsewhere, are not read', async () => {
    const text = await fixture('current.json')
    const inside = text.replace('"newsletter"', '"a\\" or \\"b"')
    expect((await refusal(withIntegration('x'), { '/srv/job/conf/x': inside })).complaints[0]?.where).toContain('value')
    const elsewhere = text.replace('"newsletter"', '"a" or "b"')
    const error = await refusal(withIntegration('x'), { '/srv/job/conf/x': elsewhere })
    expect(error.complaints[0]?.found).toContain('bare `or`')
  })

  it('left as placeholders they are refused with what to fill in', async () => {
    const text = (await fixture('current-as-printed.txt')).replace(/purpose:[\w-]+/, 'purpose:<msdynmkt_purposeId>')
    const error = await refusal(withIntegration('x'), { '/srv/job/conf/x': text })
    expect(error.complaints).toHaveLength(1)
    expect(error.complaints[0]?.expected).toBe('purpose:<guid> or topic:<guid>')
  })

  it('other damage stays damage', async () => {
    for (const text of [
      '',
      '{',
      '{"type": "microsoft-dynamics", "mappings": [{"id": "new_a',
      ']',
      '{}}',
      '{"a": 1 or 2}',
    ]) {
      expect((await refusal(withIntegration('x'), { '/srv/job/conf/x': text })).code).toBe('document-invalid')
    }
  })
})
