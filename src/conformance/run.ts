/** A run of the corpus: what the environment can show, case by case, and nothing of ours left in it. */
import { Caller, type CallerSettings } from './caller.ts'
import type { ConformanceCase, Need } from './case.ts'
import { namesIn } from './placeholders.ts'
import { type CaseResult, type ConformanceReport, resultOf } from './result.ts'
import { play, type Stage } from './scenario.ts'
import type { ConformanceSchema } from './schema.ts'
import { Traces } from './traces.ts'

/** What a run needs. */
export interface RunSettings {
  readonly caller: Omit<CallerSettings, 'signal'>
  readonly schema: ConformanceSchema
  readonly corpus: readonly ConformanceCase[]
  /** Settings of the environment's switches, where they are known. */
  readonly settings?: Readonly<Record<string, string>>
  /** Stops the run after the case that is under way; what it made is deleted even then. */
  readonly signal: AbortSignal
}

/** Runs every case whose needs are met, one after the other. */
export async function runCorpus(settings: RunSettings): Promise<ConformanceReport> {
  const { corpus, schema, signal } = settings
  const caller = new Caller({ ...settings.caller, signal })
  // Cleaning up goes on after an interruption.
  const cleaner = new Caller({ ...settings.caller, signal: new AbortController().signal })
  const traces = new Traces()
  const names = new Map<string, string>([...Object.entries(schema), ['origin', settings.caller.url]])
  const results: CaseResult[] = []
  let lacks: ReadonlyMap<string, string> = new Map()
  try {
    lacks = await lacking(caller, schema)
    for (const each of corpus) {
      if (signal.aborted) break
      const reason = reasonToSkip(each, lacks)
      const stage: Stage = { caller, names, traces, settings: settings.settings ?? {} }
      const result = reason === undefined ? await play(stage, each) : resultOf(each, 'skipped', reason)
      if (!signal.aborted) results.push(result)
      await traces.clear(cleaner).catch(() => undefined)
    }
  } finally {
    await traces.clear(cleaner).catch(() => undefined)
  }
  const leftBehind = await traces.sweep(cleaner, schema, !lacks.has('consent')).catch(() => -1)
  return { results, leftBehind, interrupted: results.length < corpus.length }
}

/** What the environment has not, by need or by the placeholder of a column, each with the reason to tell. */
async function lacking(caller: Caller, schema: ConformanceSchema): Promise<ReadonlyMap<string, string>> {
  const lacks = new Map<string, string>()
  const ok = async (path: string): Promise<unknown> => {
    const answer = await caller.send({ method: 'GET', path })
    return answer.status === 200 ? (answer.json ?? {}) : undefined
  }
  const features: Readonly<Record<Need, string>> = {
    emulator: '/__emulator/counters',
    bulk: `sdkmessagefilters?$select=sdkmessagefilterid&$filter=${encodeURIComponent("sdkmessageid/name eq 'UpdateMultiple' and primaryobjecttypecode eq 'contact'")}`,
    tracking: "EntityDefinitions(LogicalName='contact')?$select=ChangeTrackingEnabled",
    consent: `msdynmkt_purposes(${schema.purpose})?$select=msdynmkt_name`,
  }
  for (const [need, path] of Object.entries(features) as [Need, string][]) {
    const found = (await ok(path)) as { value?: unknown[]; ChangeTrackingEnabled?: boolean } | undefined
    const has = found !== undefined && found.value?.length !== 0 && found.ChangeTrackingEnabled !== false
    if (!has) lacks.set(need, REASONS[need])
  }
  for (const [name, column] of Object.entries(schema)) {
    if (name === 'purpose') continue
    const has =
      column !== '' &&
      (await ok(`EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='${column}')?$select=LogicalName`))
    if (!has) lacks.set(name, `contact has no column for '${name}' (--schema names it)`)
  }
  return lacks
}

const REASONS: Readonly<Record<Need, string>> = {
  emulator: 'needs the control port of the emulator',
  bulk: 'contact takes no bulk messages here',
  tracking: 'contact does not track changes here',
  consent: 'there is no such purpose, or no consent table',
}

function reasonToSkip(each: ConformanceCase, lacks: ReadonlyMap<string, string>): string | undefined {
  for (const need of each.needs) if (lacks.has(need)) return lacks.get(need)
  for (const name of namesIn(each)) {
    // The keys of a case's rows stand in the key column.
    const column = /^key\d+$/.test(name) ? 'key' : name
    if (lacks.has(column)) return lacks.get(column)
  }
  return undefined
}
