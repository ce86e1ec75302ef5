/** Both sides without sockets: an emulated Dataverse and an emulated Didomi on one clock, and processes that run between them. */

import type { Settings } from '../../../src/config/settings.ts'
import { personId } from '../../../src/consent/person-id.ts'
import { joinTexts, stateOf, stateText } from '../../../src/consent/state.ts'
import { NoAnswer, type Reply } from '../../../src/dataverse/send.ts'
import { deliver } from '../../../src/deliver/deliver.ts'
import { openDidomi } from '../../../src/didomi/open.ts'
import { NoAnswer as NoDidomi, type Send } from '../../../src/didomi/send.ts'
import { DidomiApi } from '../../../src/emulator/didomi-api.ts'
import { type ExportLine, exportLines } from '../../../src/emulator/didomi-export.ts'
import { didomiTarget } from '../../../src/emulator/didomi-routes.ts'
import { didomiSettings } from '../../../src/emulator/didomi-settings.ts'
import type { World } from '../../../src/emulator/world.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { noProgress } from '../../../src/lib/progress.ts'
import { keysMadeKnown } from '../../../src/mapping/known-ids.ts'
import { parseLine } from '../../../src/record/line.ts'
import { listen } from '../../../src/reverse/listen.ts'
import { tell } from '../../../src/reverse/tell.ts'
import { openSqliteStore } from '../../../src/store/sqlite.ts'
import type { Store } from '../../../src/store/store.ts'
import { type Chaos, stepwise } from '../chaos.ts'
import { connect, type SimClock } from '../environment.ts'

export interface Sides {
  readonly settings: Settings
  readonly world: World
  readonly token: string
  readonly didomi: DidomiApi
  readonly clock: SimClock
  readonly random: () => number
  readonly path: string
  /** The store of a process that ended well serves the next one; one that died is opened again. */
  open?: Store | undefined
}

/** All worlds of a mode have the same tables. */
const metadata = new Map<string, Reply>()

/** Didomi on the world's clock. */
export function openDidomiSide(clock: SimClock): DidomiApi {
  return new DidomiApi(didomiSettings({ now: clock.now, rate: false }))
}

/** How a process ended: whole, with a failure of its own, or dead. */
export type End = 'done' | 'failed'

async function asProcess(
  sides: Sides,
  chaos: Chaos,
  work: (ports: { store: Store; dataverse: ReturnType<typeof connect> }) => Promise<void>,
): Promise<{ end: End; error?: unknown }> {
  sides.open ??= await openSqliteStore(sides.path, sides.clock)
  const dataverse = connect({ ...sides, metadata }, chaos)
  try {
    await work({ store: stepwise(sides.open, chaos, 'store'), dataverse })
    return { end: 'done' }
  } catch (error) {
    await sides.open.close()
    sides.open = undefined
    return { end: 'failed', error }
  } finally {
    await dataverse.close()
  }
}

/** Every user's line as an export would hold it now. */
export const exported = (didomi: DidomiApi): readonly ExportLine[] =>
  exportLines(didomi.people.records, { events: 'all' })

/** Joins exported lines and delivers, as `sync` does. */
export function syncOnce(sides: Sides, run: string, lines: readonly ExportLine[], chaos: Chaos) {
  const { settings, clock } = sides
  return asProcess(sides, chaos, async ({ store, dataverse }) => {
    const targets = settings.targets.map(({ name }) => name)
    const rows = lines.map((line) => {
      const outcome = parseLine(JSON.stringify(line), settings.reading, Number.MAX_SAFE_INTEGER)
      if (outcome.kind !== 'record') throw new TypeError(`an exported line that is a ${outcome.kind}`)
      const { ouid, userId } = outcome.record
      return { person: personId(ouid), ouid, userId, state: stateText(stateOf(outcome.record)) }
    })
    rows.sort((a, b) => (a.person < b.person ? -1 : a.person > b.person ? 1 : a.userId < b.userId ? -1 : 1))
    await store.addKnownIds([...new Set(rows.flatMap(({ state }) => [...keysMadeKnown(state)]))])
    await store.joinStates(rows, joinTexts, { targets, dueAll: false })
    for (const target of settings.targets) {
      const ports = { store, dataverse, clock, log: silentLog, progress: noProgress }
      const request = { run, adoptEnvironment: false, fingerprint: 'simulation' }
      await deliver(ports, settings, target, request, () => {}, new AbortController().signal)
    }
  })
}

/** Hears and tells, as `reverse` does. */
export function reverseOnce(sides: Sides, chaos: Chaos) {
  const { settings, clock, didomi: api, random } = sides
  return asProcess(sides, chaos, async ({ store, dataverse }) => {
    const ports = { store, dataverse, clock, log: silentLog, progress: noProgress }
    const { signal } = new AbortController()
    for (const target of settings.targets)
      await listen(ports, settings, target, { run: 'reverse', touched: [] }, () => {}, signal)
    const didomi = openDidomi({
      organizationId: api.settings.organizationId,
      key: api.settings.key,
      secret: { reveal: () => api.settings.secret },
      apiRoot: 'http://127.0.0.1:1/v1',
      exportLogUrl: 'http://127.0.0.1:1/log',
      regulations: ['gdpr'],
      userAgent: 'simulation',
      clock,
      random,
      onWait: () => {},
      retry: { attempts: 3 },
      transport: { send: didomiSend(api, chaos), close: async () => {} },
    })
    await tell({ store, didomi, progress: noProgress }, { ...settings, accept: undefined }, () => {}, signal)
  })
}

/** Every request to Didomi is a step of the process. */
function didomiSend(api: DidomiApi, chaos: Chaos): Send {
  return async ({ what, method, url, body, token }) => {
    try {
      return await chaos.step('network', `didomi ${what}`, async () => {
        const target = didomiTarget(method, url.pathname)
        if (typeof target === 'string') throw new TypeError(`a request that Didomi does not know: ${what}`)
        const authorization = token === undefined ? undefined : `Bearer ${token}`
        const sent = body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as unknown)
        const reply = api.answer({ method, target, query: url.searchParams, authorization, body: sent })
        return { status: reply.status, json: reply.body, answeredAtMs: api.settings.now() }
      })
    } catch (error) {
      throw error instanceof NoAnswer ? new NoDidomi('simulated') : error
    }
  }
}
