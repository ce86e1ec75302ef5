/** Can the export be listed and read, how long does it stay, and does its server's clock agree? */

import { existsSync } from 'node:fs'
import type { ArchiveSettings, LocationSettings, Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { SourcesReport } from '../report/sources-report.ts'
import type { Discovery } from '../source/discover.ts'
import type { ObjectStore } from '../source/object-store.ts'
import type { PartitionStatus } from '../source/status.ts'
import { type Check, counted, type Finding, failed, ok, orOk, skipped, warning } from './finding.ts'
import { skewFinding } from './skew.ts'

export interface SourceWorld {
  readonly settings: Pick<Settings, 'source' | 'retention' | 'archive'>
  readonly clock: Pick<Clock, 'now'>
  readonly exports: () => Promise<ObjectStore>
  readonly archive: (settings: ArchiveSettings) => Promise<ObjectStore>
  /** Listed once. */
  readonly discovery: (signal: AbortSignal) => Promise<Discovery>
  /** Where every partition stands, by the store and what was listed. */
  readonly status: (discovery: Discovery) => Promise<SourcesReport>
  /** Whether a sync has ever begun: before the first one nothing is overdue. */
  readonly hasRun: () => Promise<boolean>
  /** What a server says the time is, in milliseconds since the epoch; nothing where it does not say. */
  readonly serverDate: (location: LocationSettings, signal: AbortSignal) => Promise<number | undefined>
}

/** Didomi keeps a partition for a week: with so few days left somebody should look. */
const FEW_DAYS = 2

const where = (location: LocationSettings): string =>
  location.kind === 'directory' ? 'the folder' : `bucket ${location.bucket}`

const listed: Check<SourceWorld> = {
  id: 'list',
  title: 'listing',
  run: async ({ settings, discovery }, signal) => {
    const { partitions } = await discovery(signal)
    const { location, prefix } = settings.source
    const last = partitions.at(-1)
    if (last !== undefined) return ok(`${counted(partitions.length, 'partition')}, the last of ${last.date}`)
    return warning(
      `no partition in ${where(location)} below "${prefix}"`,
      'Check `source.prefix` and the export in Didomi; a first delivery may still be to come.',
    )
  },
}

const role: Check<SourceWorld> = {
  id: 'role',
  title: 'assumed role',
  needs: ['list'],
  run: ({ settings }) => {
    const { location } = settings.source
    if (location.kind !== 's3' || location.assumeRole === undefined) return skipped('none is configured')
    return ok('assumed')
  },
}

const payer: Check<SourceWorld> = {
  id: 'requester-pays',
  title: 'Requester Pays',
  needs: ['list'],
  run: ({ settings }) => {
    const { location } = settings.source
    if (location.kind === 'directory') return skipped('a folder costs nothing')
    const pays = location.kind === 's3' ? location.requestPayer : location.userProject !== undefined
    return ok(pays ? 'requests say that we pay, and are let in' : 'not asked for')
  },
}

const readable: Check<SourceWorld> = {
  id: 'read',
  title: 'reading',
  needs: ['list'],
  run: async ({ discovery, exports }, signal) => {
    const part = (await discovery(signal)).partitions.findLast(({ parts }) => parts.length > 0)?.parts[0]
    if (part === undefined) return skipped('there is no object to read')
    const bytes = await (await exports()).open(part.key, { etag: part.etag }, signal)
    // The first bytes are enough; leaving the loop lets the rest go.
    for await (const chunk of bytes) if (chunk.length > 0) break
    return ok('the first bytes of an object')
  },
}

const retention: Check<SourceWorld> = {
  id: 'retention',
  title: 'retention',
  needs: ['list', 'store/content'],
  run: async ({ discovery, status, hasRun }, signal) => {
    const { partitions, retentionDays } = await status(await discovery(signal))
    const kept = retentionDays === undefined ? 'nothing is deleted' : `partitions stay ${counted(retentionDays, 'day')}`
    return orOk(
      [...toReadFindings(partitions, await hasRun()), ...gapFindings(partitions)],
      `${kept}; nothing is about to be lost`,
    )
  },
}

/** Partitions that nobody took, once for those that are overdue and once for those with little time left. */
function toReadFindings(all: readonly PartitionStatus[], hasRun: boolean): Finding[] {
  const toRead = all.filter(({ state }) => state === 'pending' || state === 'changed')
  const overdue = toRead.filter(({ alarm }) => alarm)
  const soon = toRead.filter(({ alarm, expiresInDays = FEW_DAYS + 1 }) => !alarm && expiresInDays <= FEW_DAYS)
  return [overdue, soon].flatMap((some) => {
    const [oldest] = some
    if (oldest === undefined) return []
    const { expiresInDays } = oldest
    const left = expiresInDays === undefined ? '' : `, which is deleted in ${counted(expiresInDays, 'day')}`
    const found = `${counted(some.length, 'partition')} not ingested, the oldest of ${oldest.date}${left}`
    if (!hasRun) return [warning(found, 'Run sync: it begins with the oldest.')]
    const remedy = 'Run sync now, and look why the runs before it did not take them.'
    return [some === overdue ? failed('source', found, remedy) : warning(found, remedy)]
  })
}

/** Days that were lost, or never came, and what brings back what was said on them. */
function gapFindings(all: readonly PartitionStatus[]): Finding[] {
  return all
    .filter(({ state }) => state === 'gone' || state === 'missing')
    .map(({ exportId, date, to, state, closedBy = [] }) => {
      const name = `partition ${exportId} of ${date}`
      const days = to === undefined ? '' : ` to ${to}`
      const found = state === 'gone' ? `${name} is gone and was never ingested` : `no ${name}${days}`
      return warning(found, `Close the gap with ${closedBy.map((command) => `\`${command}\``).join(' or ')}.`)
    })
}

const archive: Check<SourceWorld> = {
  id: 'archive',
  title: 'archive',
  run: async ({ settings, archive: open }, signal) => {
    if (settings.archive === undefined) return skipped('none is configured')
    const { to } = settings.archive
    if (to.kind === 'directory' && !existsSync(to.directory)) return ok('a folder that the first run makes')
    const store = await open(settings.archive)
    for await (const _ of store.list(settings.source.prefix, signal)) break
    return ok('can be listed; whether it can be written shows in a run')
  },
}

const clock: Check<SourceWorld> = {
  id: 'clock',
  title: 'clock',
  run: async ({ settings, serverDate, clock: { now } }, signal) => {
    const { location } = settings.source
    if (location.kind === 'directory') return skipped('a folder has no clock of its own')
    const sentAtMs = now()
    const dateMs = await serverDate(location, signal).catch(() => undefined)
    return skewFinding('the object store', dateMs, sentAtMs, now())
  },
}

export const SOURCE_CHECKS: readonly Check<SourceWorld>[] = [listed, role, payer, readable, retention, archive, clock]
