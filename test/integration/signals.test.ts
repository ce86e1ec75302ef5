/** SIGTERM and SIGINT to the real program while Dataverse keeps an answer back (semantics §9). */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { CLI } from '../support/cli-run.ts'
import { type Control, consentTarget, contactTarget, controlOf, openPlace, type Place } from '../support/sync-run.ts'
import { storeContent } from '../support/sync-store.ts'
import { CONSENT_MAPPINGS, CONTACT_MAPPINGS, CONTACT_OPTIONS, chanceOf, populationOf } from '../support/sync-world.ts'

const POPULATION = populationOf(chanceOf(11), true)
const LIMIT_MS = 240_000

let emulator: Emulator
let control: Control
let place: Place

beforeEach(async () => {
  emulator = await startEmulator({ seed: POPULATION.seed })
  control = controlOf(emulator.url)
  place = await openPlace()
  for (const day of POPULATION.days) await place.writeDay(day)
  const effort = { concurrency: 1, batchRows: 4, brake: { share: 1, atLeast: 100_000 } }
  await place.configure([
    contactTarget(emulator.url, CONTACT_MAPPINGS, { ...effort, upsert: true, entryOptions: CONTACT_OPTIONS }),
    consentTarget(emulator.url, CONSENT_MAPPINGS, effort),
  ])
})
afterEach(async () => {
  await emulator.close()
  await place.remove()
})

/** A run that waits for the answer to a message, which has been committed; its own messages can be waited for. */
async function startUntilHeld(message = 'CreateMultiple') {
  const hold = await control.hold({ message })
  const run = start()
  const ended = run.ended().then(({ code }) => Promise.reject(new Error(`ended with ${code} before its ${message}`)))
  await Promise.race([control.held(hold), ended])
  ended.catch(() => {})
  return { ...run, answer: () => control.ask('POST', 'hold/release', { how: 'answer', id: hold }) }
}

function start() {
  const config = join(place.folder, 'didomi-dataverse.json')
  const args = [CLI, 'sync', '--config', config, '--json', '--quiet', '--log-level', 'warn']
  const child = spawn(process.execPath, args, { cwd: place.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const said: string[] = []
  const lines = createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  return {
    /** Sends the signal; resolves once the run says that it heard it. */
    signalled: async (name: NodeJS.Signals) => {
      const from = said.length
      child.kill(name)
      while (!said.slice(from).some((line) => line.includes(`${name}: what is in flight`))) await once(lines, 'line')
    },
    kill: (name: NodeJS.Signals) => void child.kill(name),
    ended: async () => {
      const [code, signal] = await closed
      return { code, signal, stdout, report: stdout === '' ? undefined : (JSON.parse(stdout) as RunReport) }
    },
  }
}

const dueOf = (target: string) => (storeContent(place.store)['due'] ?? []).filter((row) => row.includes(target))

async function expectNextRunFinishes(): Promise<void> {
  await control.ask('POST', 'hold/release', { how: 'reset' }).catch(() => {})
  await control.ask('DELETE', 'faults')
  const next = await place.run()
  expect(next.exitCode, next.stderr).toBe(0)
  expect(storeContent(place.store)['due']).toEqual([])
  expect((await place.run()).report?.deliver.map(({ places }) => places.written)).toEqual([0, 0])
}

describe('a first signal', () => {
  it.each([
    ['SIGTERM', 143, 'terminated'],
    ['SIGINT', 130, 'interrupted'],
  ] as const)(
    '§9 %s while an answer is awaited: the answer is taken, everything begun is settled, nothing else is begun, exit %i',
    async (name, code, failure) => {
      const run = await startUntilHeld()
      await run.signalled(name)
      await run.answer()
      const ended = await run.ended()
      expect([ended.code, ended.signal]).toEqual([code, null])
      expect(ended.report?.failures).toMatchObject([{ stage: 'deliver contact', code: failure }])
      expect(ended.report?.deliver).toMatchObject([{ target: 'contact', deferred: 0 }])
      expect(ended.report?.deliver[0]?.outcomes.written).toBeGreaterThan(0)
      expect([dueOf('contact'), dueOf('consent').length > 0]).toEqual([[], true])
      await expectNextRunFinishes()
    },
    LIMIT_MS,
  )

  it(
    '§9 SIGTERM while an answer never comes: it is abandoned, whoever it was for stays due, exit 143 with a report',
    async () => {
      const run = await startUntilHeld()
      await run.signalled('SIGTERM')
      const ended = await run.ended()
      expect([ended.code, ended.signal]).toEqual([143, null])
      expect(ended.report?.failures).toMatchObject([{ stage: 'deliver contact', code: 'terminated' }])
      expect(dueOf('contact').length).toBeGreaterThan(0)
      await expectNextRunFinishes()
    },
    LIMIT_MS,
  )
})

describe('a second signal', () => {
  it.each([
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
  ] as const)(
    '§9 %s, then %s: the process ends at once with %i, without a report, and its state is valid',
    async (first, second, code) => {
      const run = await startUntilHeld()
      await run.signalled(first)
      run.kill(second)
      const ended = await run.ended()
      expect([ended.code, ended.signal, ended.stdout]).toEqual([code, null, ''])
      await expectNextRunFinishes()
    },
    LIMIT_MS,
  )
})
