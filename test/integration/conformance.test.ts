/** The corpus of documented behaviour, run over HTTP against the emulator: every case holds, and every case can fail. */
import { readFile } from 'node:fs/promises'
import { Agent } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { check } from '../../src/conformance/check.ts'
import { CORPUS } from '../../src/conformance/corpus.ts'
import { reportJson, reportText } from '../../src/conformance/report.ts'
import type { ConformanceReport, Verdict } from '../../src/conformance/result.ts'
import { runCorpus } from '../../src/conformance/run.ts'
import { type ConformanceSchema, DEFAULT_SCHEMA } from '../../src/conformance/schema.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts'
import { askToken, id } from './emulator-caller.ts'

const SEED = JSON.parse(await readFile(new URL('../../fixtures/conformance-seed.json', import.meta.url), 'utf8'))

/** The settings of an emulator that is told nothing, and the others. */
const LIKELY = {
  accents: 'insensitive',
  keyCasing: 'insensitive',
  keyWithNull: 'unique',
  updateMultipleByKey: 'accepted',
  specialInReferences: 'refused',
  upsertDuplicates: 'exists',
  outerHeaders: 'ignored',
  conditionCodes: 'told',
} as const
const OTHER = {
  accents: 'sensitive',
  keyCasing: 'sensitive',
  keyWithNull: 'ignored',
  updateMultipleByKey: 'refused',
  specialInReferences: 'accepted',
  upsertDuplicates: 'unexpected',
  outerHeaders: 'inherited',
  conditionCodes: 'empty',
} as const

let emulator: Emulator | undefined
afterEach(() => emulator?.close())

interface Measured {
  readonly report: ConformanceReport
  readonly world: Emulator['world']
}

interface Measuring {
  readonly corpus?: typeof CORPUS
  readonly options?: EmulatorOptions
  readonly settings?: Readonly<Record<string, string>>
  readonly schema?: ConformanceSchema
  readonly prepare?: (world: Emulator['world']) => void
  /** Stops the run after so many requests. */
  readonly stopAfter?: number
}

async function measure(measuring: Measuring = {}): Promise<Measured> {
  const { corpus = CORPUS, options = {}, settings = {}, schema = DEFAULT_SCHEMA, prepare, stopAfter } = measuring
  emulator = await startEmulator({ ...options, seed: { ...SEED, ...options.seed } })
  const { url, world } = emulator
  const reply = (await (await askToken(url)).json()) as { access_token: string }
  prepare?.(world)
  const dispatcher = new Agent()
  const stop = new AbortController()
  let requests = 0
  const token = async () => {
    if (++requests === stopAfter) stop.abort()
    return reply.access_token
  }
  try {
    const caller = { url, token, dispatcher }
    return { world, report: await runCorpus({ caller, schema, corpus, settings, signal: stop.signal }) }
  } finally {
    await dispatcher.close()
  }
}

function told({ results }: ConformanceReport, ...verdicts: readonly Verdict[]): string[] {
  return results.filter(({ verdict }) => verdicts.includes(verdict)).map(({ id, detail }) => `${id}: ${detail}`)
}

describe('the corpus', () => {
  it('has at least 300 cases, each with an id of its own and a source', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(300)
    expect(new Set(CORPUS.map((each) => each.id)).size).toBe(CORPUS.length)
    const sourceless = CORPUS.filter(({ cites }) => !/^(Dataverse|Contact point consent): .+, \d+(\.\d+)?$/.test(cites))
    expect(sourceless.map((each) => each.id)).toEqual([])
  })

  it('says every rule once', () => {
    const titles = CORPUS.map(({ topic, title }) => `${topic}: ${title}`)
    expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([])
  })

  it('holds nothing unknown for true: what is unknown has a switch and an answer for each setting', () => {
    const answers = (each: (typeof CORPUS)[number]) => each.steps.flatMap(({ either }) => Object.keys(either ?? {}))
    const unknown = CORPUS.filter(({ confidence }) => confidence === 'unknown')
    expect(unknown.map((each) => [each.id, answers(each).length])).toEqual(unknown.map((each) => [each.id, 2]))
    expect(new Set(unknown.map((each) => each.switch))).toEqual(new Set(Object.keys(LIKELY)))
    expect(CORPUS.filter((each) => each.confidence !== 'unknown' && answers(each).length > 0)).toEqual([])
  })

  it('accepts no absurd answer anywhere', () => {
    const absurd = { status: 418, headers: new Map(), text: '{}', json: {}, parts: undefined }
    const idle = CORPUS.flatMap(({ id, steps }) =>
      steps
        .flatMap(({ expect: one, either }) => (one === undefined ? Object.values(either ?? {}) : [one]))
        .filter((expectation) => check(absurd, expectation) === undefined)
        .map(() => id),
    )
    expect(idle).toEqual([])
  })
})

describe('the emulator', () => {
  it('conforms: every case holds, nothing is not understood, and no row of the run is left', async () => {
    const foreign = { contactid: id(1), lastname: 'Lovelace', new_conformancekey: 'foreign' }
    const { report, world } = await measure({
      settings: LIKELY,
      options: { seed: { ...SEED, rows: { contacts: [foreign] } } },
    })
    expect(told(report, 'deviates', 'skipped', 'observed')).toEqual([])
    expect(report).toMatchObject({ leftBehind: 0, interrupted: false })
    expect(world.counters().notUnderstood).toBe(0)
    expect(world.rows('contacts')).toMatchObject([foreign])
    expect(world.journal().filter((entry) => entry.id === id(1))).toEqual([])
    expect(world.rows('msdynmkt_contactpointconsent4s')).toEqual([])
  })

  it('answers the unknowns the other way where its switches stand the other way', async () => {
    const { accents, ...unknowns } = OTHER
    expect(accents).toBe('sensitive')
    const corpus = CORPUS.filter(({ confidence }) => confidence === 'unknown')
    const options = { unknowns, seed: { ...SEED, accentInsensitive: false } }
    const { report } = await measure({ corpus, options, settings: OTHER })
    expect(told(report, 'deviates', 'skipped', 'observed')).toEqual([])
    expect(told((await measure({ corpus, settings: OTHER })).report, 'deviates')).toHaveLength(corpus.length)
  })

  it('without known settings, the unknowns are told as they were seen', async () => {
    const corpus = CORPUS.filter(({ confidence }) => confidence === 'unknown')
    const { report } = await measure({ corpus })
    expect(told(report, 'deviates', 'skipped')).toEqual([])
    expect(told(report, 'observed')).toContain('reading/key/casing: keyCasing = insensitive (200)')
  })
})

describe('a run', () => {
  it('finds every case deviating in an environment that answers nothing as it should', async () => {
    const probes = (await measure({ corpus: [] })).world.counters().requests
    // Looking for rows that are left asks both tables at the end.
    const nth = probes - 2 + 1
    await emulator?.close()
    const strike = { nth, count: 0, action: { kind: 'status', status: 418 } } as const
    const { report } = await measure({ settings: LIKELY, prepare: (world) => world.addFaults([strike]) })
    // What is refused at the door never reaches the fault.
    const atTheDoor = /^(authentication\/|headers\/url\/long$)/
    const passing = report.results.filter(({ verdict, id: name }) => verdict !== 'deviates' && !atTheDoor.test(name))
    expect(passing.map((each) => each.id)).toEqual([])
    expect(report.results.length).toBe(CORPUS.length)
  })

  it('tells the first difference, and no value that it did not expect', async () => {
    const corpus = CORPUS.filter((each) => each.id === 'reading/select')
    const edit = (world: Emulator['world']) =>
      world.addFaults([
        {
          match: { method: 'GET', path: 'select=jobtitle' },
          action: { kind: 'status', status: 200, message: 'no row' },
        },
      ])
    const { report } = await measure({ corpus, prepare: edit })
    expect(told(report, 'deviates')).toEqual(['reading/select: body.jobtitle: expected "Countess", found nothing'])
  })

  it('skips what the environment has not, and says why', async () => {
    const schema = { ...DEFAULT_SCHEMA, choices: 'new_elsewhere', pending: '' }
    const { report } = await measure({
      schema,
      settings: LIKELY,
      options: { bulk: false, changeTracking: false },
    })
    expect(told(report, 'deviates')).toEqual([])
    const reasons = new Set(report.results.filter((each) => each.verdict === 'skipped').map((each) => each.detail))
    expect([...reasons].sort()).toEqual(
      [
        "contact has no column for 'choices' (--schema names it)",
        "contact has no column for 'pending' (--schema names it)",
        'contact does not track changes here',
        'contact takes no bulk messages here',
      ].sort(),
    )
  })

  it('that is stopped still deletes what it made', async () => {
    const { report, world } = await measure({ stopAfter: 400 })
    expect(report).toMatchObject({ interrupted: true, leftBehind: 0 })
    expect(report.results.length).toBeGreaterThan(20)
    expect(world.journal().length).toBeGreaterThan(0)
    expect(world.rows('contacts')).toEqual([])
  })

  it('says how many rows it could not delete', async () => {
    const corpus = CORPUS.filter((each) => each.id === 'create/post')
    const keep = (world: Emulator['world']) =>
      world.addFaults([{ match: { method: 'DELETE' }, count: 0, action: { kind: 'status', status: 503 } }])
    const { report } = await measure({ corpus, prepare: keep })
    expect(report.leftBehind).toBe(1)
    expect(reportText(report)).toContain('1 rows of the run could not be deleted')
  })

  it('is told as a table by topic and as JSON', async () => {
    const corpus = CORPUS.filter(({ topic }) => topic === 'delete' || topic === 'errors')
    const { report } = await measure({ corpus })
    expect(reportText(report)).toMatch(/^topic +pass +deviates +observed +skipped\ndelete +7 +0 +0 +0\n/)
    expect(JSON.parse(reportJson(report))).toMatchObject({ pass: corpus.length, deviates: 0, leftBehind: 0 })
  })
})
