/** What of a run needs somebody, and how it is written to each kind of webhook. */

import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import type { Settings } from '../../src/config/settings.ts'
import { alarmsOf, type RunEnd } from '../../src/notify/alarms.ts'
import { type Notice, payloadOf } from '../../src/notify/payload.ts'
import { fill } from '../../src/notify/template.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { leastConfig, load } from '../support/config-files.ts'
import { DELIVER, INGEST, PARTITION, REPORT } from '../support/report-samples.ts'
import { selfSigned } from '../support/self-signed.ts'

const NOW_MS = Date.parse('2026-10-23T03:00:00Z')
const SETTINGS = await load(leastConfig())

const told = (report: Partial<RunReport>, settings: Settings = SETTINGS) =>
  alarmsOf({ exitCode: report.exitCode ?? 0, report: { ...REPORT, ...report } }, settings, NOW_MS)

const failure = (
  code: 'brake' | 'forbidden' | 'dataverse-unavailable',
  next: 'brake' | 'authorisation' | 'deferred',
) => ({
  stage: 'deliver crm',
  code,
  next,
  message: `${code}: https://acme.crm4.dynamics.com/ and a path /srv/secret`,
})

describe('alarms', () => {
  it('of a run that went well there are none; nor of one that somebody stopped by hand', () => {
    expect(told({})).toEqual([])
    expect(told({ exitCode: 130 })).toEqual([])
  })

  it('a failure is told by code and meaning; its message stays here', () => {
    const alarms = told({ exitCode: 3, failures: [failure('forbidden', 'authorisation')] })
    expect(alarms).toEqual([{ event: 'failure', lines: [expect.stringMatching(/^deliver crm: forbidden: \w/)] }])
    expect(JSON.stringify(alarms)).not.toContain('acme')
  })

  it.each([1, 2, 3, 4, 6, 7, 143])(
    'exit code %i is a failure, also where no stage failed and there is no report',
    (exitCode) => {
      expect(told({ exitCode })).toMatchObject([{ event: 'failure', lines: [expect.any(String)] }])
      const end: RunEnd = { exitCode }
      expect(alarmsOf(end, SETTINGS, NOW_MS)).toMatchObject([{ event: 'failure' }])
    },
  )

  it('what ended the run before its report is told', () => {
    const [alarm] = alarmsOf({ exitCode: 7, code: 'lease-held' }, SETTINGS, NOW_MS)
    expect(alarm).toEqual({ event: 'failure', lines: [expect.stringMatching(/^lease-held: /)] })
  })

  it('damaged objects are told by number', () => {
    const partitions = [{ ...PARTITION, damaged: ['a', 'b'] }]
    expect(told({ exitCode: 4, ingest: { ...INGEST, partitions } })).toEqual([
      { event: 'failure', lines: ['2 damaged objects; their partitions stay pending'] },
    ])
  })

  it('too many rejects and too much quarantine are a threshold, also beside a failure', () => {
    const ingest = { ...INGEST, partitions: [{ ...PARTITION, tooManyRejects: true }] }
    const deliver = [{ ...DELIVER, quarantined: 4 }]
    const lines = ['2026-10-20 of export E1: 1 of 100 lines are rejects', 'crm: 4 rows in quarantine, 0 allowed']
    expect(told({ exitCode: 5, ingest, deliver })).toEqual([{ event: 'threshold', lines }])
    const both = told({ exitCode: 6, ingest, deliver, failures: [failure('dataverse-unavailable', 'deferred')] })
    expect(both.map(({ event }) => event)).toEqual(['failure', 'threshold'])
    const settings = { ...SETTINGS, quarantine: { max: 4 } }
    expect(told({ deliver }, settings)).toEqual([])
  })

  it('the brake is the brake and no failure', () => {
    const alarms = told({ exitCode: 9, failures: [failure('brake', 'brake')] })
    expect(alarms).toEqual([{ event: 'brake', lines: [expect.stringMatching(/^deliver crm: nothing was written/)] }])
  })

  it('a brake beside a failure is both', () => {
    const failures = [failure('brake', 'brake'), { ...failure('forbidden', 'authorisation'), stage: 'deliver b' }]
    const alarms = told({ exitCode: 3, failures })
    expect(alarms.map(({ event, lines }) => [event, lines.length])).toEqual([
      ['failure', 1],
      ['brake', 1],
    ])
  })

  it('what is overdue or gone is an expiry, whatever the exit code', () => {
    const overdue = [{ exportId: 'E1', date: '2026-10-18', expiresInDays: 1 }]
    const goneDates = [{ exportId: 'E1', date: '2026-10-10', closedBy: [] }]
    expect(told({ ingest: { ...INGEST, overdue, goneDates } })).toEqual([
      {
        event: 'expiry',
        lines: [
          '2026-10-18 of export E1: not ingested yet; the source deletes it in 1 day',
          '2026-10-10 of export E1: gone before it was ingested',
        ],
      },
    ])
  })

  it('credentials are told so many days ahead, those of a certificate by its own last day', () => {
    const ends = new Date(NOW_MS + 9.5 * 86_400_000).toISOString()
    const { certificate } = selfSigned('2026-01-01T00:00:00Z', ends)
    const [target] = SETTINGS.targets
    if (target === undefined) throw new Error('no target')
    const [user] = target.authentication
    const credential = {
      kind: 'certificate',
      thumbprint: 'ab',
      privateKey: new Secret('x'),
      x5c: new Secret(certificate),
    }
    const settings = {
      ...SETTINGS,
      targets: [{ ...target, authentication: [{ ...user, credential }] }],
      credentials: {
        alarmDays: 30,
        known: [
          { name: 'far', endsAtMs: NOW_MS + 31 * 86_400_000 },
          { name: 'past', endsAtMs: NOW_MS - 1 },
        ],
      },
    } as unknown as Settings
    expect(told({}, settings)).toEqual([
      {
        event: 'credentials',
        lines: ['past: ended on 2026-10-23', 'certificate of crm: ends on 2026-11-01, in 9 days'],
      },
    ])
  })
})

const NOTICE: Notice = {
  command: 'sync',
  run: '20261023T021500-0a1b2c3d',
  exitCode: 3,
  startedAt: '2026-10-23T02:15:00.000Z',
  endedAt: '2026-10-23T02:15:09.000Z',
  version: '1.2.3',
  alarms: [
    { event: 'failure', lines: ['deliver "crm" <b>&co: forbidden'] },
    { event: 'brake', lines: ['second'] },
  ],
}

describe('payloads', () => {
  it('without a template every placeholder is sent under its own name', () => {
    expect(payloadOf({ kind: 'webhook' }, NOTICE)).toEqual({
      events: 'failure, brake',
      title: 'didomi-dataverse sync: failure, brake',
      text: 'failure: deliver "crm" <b>&co: forbidden\nbrake: second',
      command: 'sync',
      run: NOTICE.run,
      exitCode: '3',
      startedAt: NOTICE.startedAt,
      endedAt: NOTICE.endedAt,
      version: '1.2.3',
    })
  })

  it('a template is filled in at any depth; nothing ends a text or adds a key', () => {
    const template = { '{{title}}': [{ a: '<{{ text }}>{{unknown}}' }, 7, null, true] }
    const payload = payloadOf({ kind: 'webhook', template: new Secret(JSON.stringify(template)) }, NOTICE)
    const sent = JSON.parse(JSON.stringify(payload))
    expect(Object.keys(sent)).toEqual(['{{title}}'])
    expect(sent['{{title}}']).toEqual([
      { a: '<failure: deliver "crm" <b>&co: forbidden\nbrake: second>{{unknown}}' },
      7,
      null,
      true,
    ])
  })

  it('what is filled in is not filled in again', () => {
    const filling = {
      events: '',
      title: '{{run}} $& $1',
      text: '',
      command: '',
      run: 'R',
      exitCode: '',
      startedAt: '',
      endedAt: '',
      version: '',
    }
    expect(fill('{{title}}', filling)).toBe('{{run}} $& $1')
  })

  it('Teams gets a message with one Adaptive Card, a line for each', () => {
    expect(payloadOf({ kind: 'teams' }, NOTICE)).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: {
            type: 'AdaptiveCard',
            version: '1.4',
            body: [
              { type: 'TextBlock', text: 'didomi-dataverse sync: failure, brake' },
              { type: 'TextBlock', text: 'failure: deliver "crm" <b>&co: forbidden' },
              { type: 'TextBlock', text: 'brake: second' },
              { type: 'FactSet', facts: expect.arrayContaining([{ title: 'Exit code', value: '3' }]) },
            ],
          },
        },
      ],
    })
  })

  it('Slack gets blocks, with its own signs escaped and its lengths kept', () => {
    const alarms = [
      { event: 'failure' as const, lines: Array.from({ length: 60 }, (_, n) => `<${n}>${'x'.repeat(400)}`) },
    ]
    const payload = payloadOf({ kind: 'slack' }, { ...NOTICE, alarms }) as {
      text: string
      blocks: { type: string; text?: { text: string } }[]
    }
    expect(payload.blocks.map(({ type }) => type)).toEqual(['header', 'section', 'context'])
    expect(payload.blocks[0]?.text?.text.length).toBeLessThanOrEqual(150)
    expect(payload.blocks[1]?.text?.text.length).toBeLessThanOrEqual(3_000)
    expect(payload.blocks[1]?.text?.text).toMatch(/^failure: &lt;0&gt;x/)
  })

  it('twenty lines are enough for a chat', () => {
    const alarms = [{ event: 'failure' as const, lines: Array.from({ length: 25 }, (_, n) => `line ${n}`) }]
    const { text } = payloadOf({ kind: 'webhook' }, { ...NOTICE, alarms }) as { text: string }
    expect(text.split('\n')).toHaveLength(21)
    expect(text).toMatch(/… and 5 more: see the report$/)
  })
})
