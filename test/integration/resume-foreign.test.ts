/** What people in Dynamics chose stands against anything older from Didomi, whoever saves the row later (semantics §7). */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { type Control, consentTarget, contactTarget, controlOf, openPlace, type Place } from '../support/sync-run.ts'
import { CONSENTS, consentRow, contactRow, environment, guidOf, lineOf } from '../support/sync-world.ts'

const LIMIT_MS = 240_000
const OUID = 'ada@example.com'
const CONTACT = guidOf('c', 1)
/** Before anything happens: what is new in an environment shows only from its own time on. */
const BEGINNING = Date.parse('2026-01-10T00:00:00Z')

/** One mode's place of the choice, as people in Dynamics see and change it. */
interface Mode {
  readonly name: 'contact' | 'consent'
  target(url: string): object
  /** The choice that stands; undefined where none does. */
  read(control: Control): Promise<boolean | undefined>
  /** Somebody sets the choice. */
  choose(control: Control, optedIn: boolean): Promise<void>
  /** Somebody saves the row for another reason. */
  touch(control: Control): Promise<void>
  /** Below which path the row is written. */
  readonly path: string
}

const consentId = async (control: Control): Promise<string> =>
  String((await control.rows(CONSENTS))[0]?.['msdynmkt_contactpointconsent4id'])

const MODES: readonly Mode[] = [
  {
    name: 'contact',
    target: (url) => contactTarget(url, [{ id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' }]),
    read: async (control) => {
      const value = (await control.rows('contacts'))[0]?.['new_newsletter']
      return typeof value === 'boolean' ? value : undefined
    },
    choose: (control, optedIn) => control.edit('contacts', CONTACT, { new_newsletter: optedIn }),
    touch: (control) => control.edit('contacts', CONTACT, { lastname: 'Lovelace' }),
    path: 'contacts(',
  },
  {
    name: 'consent',
    target: (url) => consentTarget(url, [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'newsletter' }]),
    read: async (control) => {
      const rows = await control.rows(CONSENTS)
      expect(rows.length).toBeLessThanOrEqual(1)
      return rows[0] && rows[0]['msdynmkt_value'] === 534120001
    },
    choose: async (control, optedIn) =>
      control.edit(CONSENTS, await consentId(control), { msdynmkt_value: optedIn ? 534120001 : 534120002 }),
    touch: async (control) => control.edit(CONSENTS, await consentId(control), { msdynmkt_reason: 'checked by phone' }),
    path: `${CONSENTS}(`,
  },
]

/** An environment in which somebody had chosen before, in both places; the rows were saved last at `savedAt`. */
function chosenBefore(optedIn: boolean, createdon: string, savedAt: string) {
  const times = { createdon, modifiedon: savedAt }
  return environment(
    [contactRow(1, OUID, { new_newsletter: optedIn, ...times })],
    [consentRow(1, OUID, optedIn, times)],
  )
}

let emulator: Emulator
let control: Control
let place: Place

beforeEach(async () => {
  emulator = await startEmulator({ seed: environment([contactRow(1, OUID)]), now: () => BEGINNING })
  control = controlOf(emulator.url)
  place = await openPlace()
})
afterEach(async () => {
  await emulator.close()
  await place.remove()
})

/** A partition in which Didomi tells of one choice. */
async function tell(date: string, at: string, newsletter: boolean): Promise<void> {
  await place.writeDay({ date, parts: [[lineOf({ ouid: OUID, at, newsletter, version: Date.parse(at) / 1_000 })]] })
}

/** A run while Dataverse's clock stands at `now`; answers the rows written, counted by the server. */
async function runAt(now: string, flags: readonly string[] = []): Promise<number> {
  await control.freeze(now)
  await control.ask('DELETE', 'counters')
  const { exitCode, stderr } = await place.run({ flags })
  expect(exitCode, stderr).toBe(0)
  const { rowsCreated, rowsUpdated } = await control.counters()
  return rowsCreated + rowsUpdated
}

/** Somebody in Dynamics does something in every place, while its clock stands at `now`. */
async function inDynamics(now: string, work: (mode: Mode) => Promise<void>): Promise<void> {
  await control.freeze(now)
  for (const mode of MODES) await work(mode)
}

const choices = async () => [await MODES[0]?.read(control), await MODES[1]?.read(control)]
const IN = [true, true]
const OUT = [false, false]

describe('§7 in both modes', () => {
  beforeEach(async () => {
    await place.configure(MODES.map(({ target }) => target(emulator.url)))
  })

  it(
    'an unsubscribe made in Dynamics is never undone by an older opt-in, nor by an unrelated save and a rerun after it',
    async () => {
      await tell('2026-10-20', '2026-10-20T10:00:00Z', true)
      expect(await runAt('2026-10-21T02:00:00Z')).toBe(2)
      expect(await choices()).toEqual(IN)

      await inDynamics('2026-10-21T12:00:00Z', ({ choose }) => choose(control, false))
      // Said before the unsubscribe, delivered after it.
      await tell('2026-10-21', '2026-10-21T08:00:00Z', true)
      expect(await runAt('2026-10-22T02:00:00Z')).toBe(0)
      expect(await choices()).toEqual(OUT)

      await inDynamics('2026-10-22T12:00:00Z', ({ touch }) => touch(control))
      expect(await runAt('2026-10-23T02:00:00Z', ['--from', '2026-10-20', '--to', '2026-10-21'])).toBe(0)
      expect(await choices()).toEqual(OUT)
    },
    LIMIT_MS,
  )

  it(
    'an unsubscribe that the store never saw an opt-in before is not undone either',
    async () => {
      await control.begin(chosenBefore(false, '2026-10-21T12:00:00Z', '2026-10-21T12:00:00Z'))
      await tell('2026-10-21', '2026-10-21T08:00:00Z', true)
      expect(await runAt('2026-10-22T02:00:00Z')).toBe(0)
      expect(await choices()).toEqual(OUT)
    },
    LIMIT_MS,
  )

  it(
    'an opt-in that is newer than the unsubscribe is written',
    async () => {
      await tell('2026-10-20', '2026-10-20T10:00:00Z', true)
      await runAt('2026-10-21T02:00:00Z')
      await inDynamics('2026-10-21T12:00:00Z', ({ choose }) => choose(control, false))
      await tell('2026-10-22', '2026-10-22T08:00:00Z', true)
      expect(await runAt('2026-10-23T02:00:00Z')).toBe(2)
      expect(await choices()).toEqual(IN)
    },
    LIMIT_MS,
  )

  it(
    'a refusal is not lost because somebody touched the row after it',
    async () => {
      await tell('2026-10-20', '2026-10-20T10:00:00Z', true)
      await runAt('2026-10-21T02:00:00Z')
      await inDynamics('2026-10-22T12:00:00Z', ({ touch }) => touch(control))
      await tell('2026-10-21', '2026-10-21T08:00:00Z', false)
      expect(await runAt('2026-10-23T02:00:00Z')).toBe(2)
      expect(await choices()).toEqual(OUT)
    },
    LIMIT_MS,
  )

  it(
    'a refusal is not lost on a row that the store never wrote and somebody touched after it',
    async () => {
      await control.begin(chosenBefore(true, '2026-09-01T08:00:00Z', '2026-10-22T12:00:00Z'))
      await tell('2026-10-21', '2026-10-21T08:00:00Z', false)
      expect(await runAt('2026-10-23T02:00:00Z')).toBe(2)
      expect(await choices()).toEqual(OUT)
    },
    LIMIT_MS,
  )

  it(
    'a refusal is not lost because an older one was known',
    async () => {
      await tell('2026-10-20', '2026-10-20T10:00:00Z', false)
      await runAt('2026-10-21T02:00:00Z')
      await inDynamics('2026-10-21T12:00:00Z', ({ choose }) => choose(control, true))
      expect(await runAt('2026-10-21T13:00:00Z', ['--from', '2026-10-20'])).toBe(0)
      expect(await choices()).toEqual(IN)

      await tell('2026-10-22', '2026-10-22T08:00:00Z', false)
      expect(await runAt('2026-10-23T02:00:00Z')).toBe(2)
      expect(await choices()).toEqual(OUT)
    },
    LIMIT_MS,
  )

  it.each(MODES)(
    'mode $name: a value written by a killed run and about to be changed by another killed run still counts as ours',
    async (mode) => {
      await place.configure([mode.target(emulator.url)])
      await tell('2026-10-20', '2026-10-20T10:00:00Z', false)
      await runAt('2026-10-24T02:00:00Z')
      await tell('2026-10-21', '2026-10-21T10:00:00Z', true)
      const hold = await control.hold({ path: mode.path })
      const first = place.start()
      await Promise.race([control.held(hold), first.ended])
      first.kill('SIGKILL')
      expect((await first.ended).signal).toBe('SIGKILL')
      await control.ask('POST', 'hold/release', { how: 'reset' })
      await control.ask('DELETE', 'faults')
      expect(await mode.read(control)).toBe(true)

      await tell('2026-10-22', '2026-10-22T10:00:00Z', false)
      const busy = { kind: 'status', status: 503, code: '0x8004E109', message: 'busy', retryAfter: 60 }
      await control.ask('POST', 'faults', [{ match: { method: 'PATCH' }, count: 0, action: busy }])
      const second = place.start()
      for (let struck = 0; struck === 0; struck = (await control.counters()).faults)
        await new Promise((r) => setTimeout(r, 20))
      second.kill('SIGKILL')
      expect((await second.ended).signal).toBe('SIGKILL')
      await control.ask('DELETE', 'faults')
      expect(await mode.read(control)).toBe(true)

      expect(await runAt('2026-10-24T03:00:00Z')).toBe(1)
      expect(await mode.read(control)).toBe(false)
    },
    LIMIT_MS,
  )
})
