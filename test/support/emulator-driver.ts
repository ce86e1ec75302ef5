/** Plays steps against an emulator over HTTP and holds, after each, what is found against what is permitted. */
import type { Emulator } from '../../src/emulator/emulator.ts'
import type { Fault, FaultAction, FaultMatch } from '../../src/emulator/faults.ts'
import { askToken } from '../integration/emulator-caller.ts'
import { applyUnit, type Condition, type Model, type Rules, type Write } from './emulator-model.ts'
import { batchOf, hear, requestOf, type WireAnswer, type WireRequest } from './emulator-model-wire.ts'
import {
  type FoundRow,
  type Heard,
  permitted,
  predicted,
  recognise,
  type Sent,
  type Verdict,
} from './emulator-permitted.ts'
import {
  type AskedCondition,
  type AskedWrite,
  KEYS,
  POISON,
  type Step,
  THEIRS,
  type Trouble,
} from './emulator-steps.ts'
import { EmulatorWitness } from './emulator-witness.ts'

type Kind = Trouble['kind']

/** Troubles that leave no doubt about what every unit must answer. */
const PREDICTABLE: ReadonlySet<Kind | undefined> = new Set<Kind | undefined>([
  undefined,
  'slow',
  'poison',
  'foreign-edit',
])

/** What a caller must hear where a trouble strikes the whole request; of the others it depends on what was sent. */
const HEARD: Readonly<Partial<Record<Kind, Verdict>>> = {
  'reset-before-commit': 'unknown',
  'reset-after-commit': 'unknown',
  'truncate-body': 'unknown',
  'lost-504': 'unknown',
  'status-503': 'unknown',
  'html-502': 'unknown',
  'status-429': 'refused',
  'status-500': 'refused',
  'too-large': 'refused',
  'tokens-expired': 'refused',
}

/** Troubles that a caller may meet in any part of a batch. */
const ACTIONS: Readonly<Record<Exclude<Kind, 'foreign-edit'>, FaultAction>> = {
  'reset-before-commit': { kind: 'reset-before-commit' },
  'reset-after-commit': { kind: 'reset-after-commit' },
  'truncate-body': { kind: 'truncate-body' },
  'lost-504': { kind: 'status-after-commit', status: 504, html: true },
  'status-429': { kind: 'status', status: 429, code: '0x80072322', retryAfter: 1 },
  'status-500': { kind: 'status', status: 500, code: '0x80040216' },
  'status-503': { kind: 'status', status: 503, html: true },
  'html-502': { kind: 'status', status: 502, html: true },
  'too-large': { kind: 'too-large-above', bytes: 60 },
  slow: { kind: 'slow', ms: 0 },
  deadlock: { kind: 'deadlock' },
  'sql-timeout': { kind: 'sql-timeout-above', rows: 1 },
  'bulk-unavailable': { kind: 'bulk-unavailable' },
  poison: { kind: 'poison-row', column: 'jobtitle', value: POISON },
  'tokens-expired': { kind: 'control-before', method: 'POST', path: 'tokens/expire' },
}

/** What came of a request, and whether its trouble struck; without an answer the connection broke. */
interface Reception {
  readonly answer: WireAnswer | undefined
  readonly struck: boolean
}

/** Which faults struck and what came of units, over all runs. */
export interface Tally {
  readonly struck: Set<Kind>
  readonly outcomes: Set<string>
}

/** One emulator, run after run. Every method rejects where the emulator and the model disagree. */
export class EmulatorDriver {
  readonly emulator: Emulator
  readonly tally: Tally = { struck: new Set(), outcomes: new Set() }
  #token = ''
  #model: Model = { rows: new Map(), stamp: 0 }
  #witness: EmulatorWitness
  #snapshot: { readonly model: Model; readonly found: ReadonlyMap<string, FoundRow> } | undefined

  constructor(emulator: Emulator) {
    this.emulator = emulator
    this.#witness = new EmulatorWitness(emulator)
  }

  /** An empty table, a fresh token. */
  async begin(): Promise<void> {
    this.emulator.world.reset()
    this.#model = { rows: new Map(), stamp: 0 }
    this.#witness = new EmulatorWitness(this.emulator)
    this.#snapshot = undefined
    await this.#signIn()
  }

  async #signIn(): Promise<void> {
    const { access_token: token } = (await (await askToken(this.emulator.url)).json()) as { access_token: string }
    this.#token = token
  }

  async play(step: Step): Promise<void> {
    if (step.kind === 'snapshot') {
      this.emulator.world.snapshot()
      this.#snapshot = { model: this.#model, found: this.#witness.rows }
    } else if (step.kind === 'restore') await this.#restore()
    else await this.#request(step)
  }

  async #restore(): Promise<void> {
    if (!this.emulator.world.restore()) return
    const found = await this.#read()
    if (this.#snapshot === undefined || !sameRows(found, this.#snapshot.found)) {
      throw new Error(`a restore left ${shown(found)}`)
    }
    this.#model = this.#snapshot.model
    this.#witness.restored(found, this.#model)
  }

  async #request(step: Extract<Step, { kind: 'write' | 'batch' }>): Promise<void> {
    const asked = step.kind === 'write' ? [[step.write]] : step.units.map(({ writes }) => writes)
    const sent: Sent = {
      units: asked.map((writes) => writes.map((write) => this.#resolve(write))),
      continues: step.kind === 'batch' && step.continues,
    }
    const etagAt = (stamp: number) => this.#witness.etagAt(stamp)
    const [first] = sent.units[0] ?? []
    const request =
      step.kind === 'write' && first !== undefined
        ? requestOf(first, etagAt)
        : batchOf(sent, step.kind === 'batch' ? step.units.map(({ isSet }) => isSet) : [], etagAt)
    const before = this.#model
    const rules: Rules = { poison: step.trouble?.kind === 'poison' ? POISON : undefined }
    const { answer, struck } = await this.#send(request, step.kind === 'batch', step.trouble)
    const heard = hear(answer, sent.units.length, step.kind === 'batch', sent.continues)
    if (!struck || PREDICTABLE.has(step.trouble?.kind))
      expectPredicted(heard, predicted(this.#model, sent, rules), answer)
    else if (step.trouble !== undefined) expectHeard(heard, step.trouble)
    await this.#settle(sent, heard, rules, answer)
    this.#count(heard, before)
  }

  /** Sends under the trouble; what somebody else does meanwhile is in the model afterwards. */
  async #send(request: WireRequest, isBatch: boolean, trouble: Trouble | undefined): Promise<Reception> {
    const { world } = this.emulator
    const fault = this.#faultOf(trouble, isBatch)
    if (fault !== undefined) world.addFaults([fault])
    const answer = await this.#fetch(request)
    const struck = world.counters().faults > 0
    world.clearFaults()
    if (trouble === undefined || !struck) return { answer, struck }
    this.tally.struck.add(trouble.kind)
    if (trouble.kind === 'tokens-expired') await this.#signIn()
    if (fault?.action.kind === 'edit-before') {
      const address = { id: fault.action.id }
      const edit: Write = { kind: 'patch', address, columns: { title: THEIRS }, condition: 'none' }
      this.#model = applyUnit(this.#model, [edit], { poison: undefined }) ?? this.#model
    }
    return { answer, struck }
  }

  #faultOf(trouble: Trouble | undefined, isBatch: boolean): Fault | undefined {
    if (trouble === undefined) return undefined
    // Only a part of a batch has the table in its path.
    const match: FaultMatch | undefined = trouble.part && isBatch ? { path: 'contacts' } : undefined
    const given = match === undefined ? {} : { match }
    if (trouble.kind !== 'foreign-edit') return { ...given, action: ACTIONS[trouble.kind] }
    const [id] = this.#model.rows.keys()
    if (id === undefined) return undefined
    // In a batch it strikes before everything, so that the model need not know what was done until then.
    return { action: { kind: 'edit-before', set: 'contacts', id, changes: { jobtitle: THEIRS } } }
  }

  async #fetch({ method, path, headers, body }: WireRequest): Promise<WireAnswer | undefined> {
    const init = { method, headers: { ...headers, Authorization: `Bearer ${this.#token}` } }
    const url = `${this.emulator.url}/api/data/v9.2/${path}`
    try {
      const response = await fetch(url, body === undefined ? init : { ...init, body })
      const text = await response.text()
      return { status: response.status, contentType: response.headers.get('content-type') ?? '', text }
    } catch {
      return undefined
    }
  }

  async #settle(sent: Sent, heard: Heard, rules: Rules, answer: WireAnswer | undefined): Promise<void> {
    const found = await this.#read()
    const models = permitted(this.#model, sent, heard, rules)
    const alike = models.flatMap((model) => recognise(model, found, this.#witness.seen) ?? [])
    // A batch may have made a row and deleted it again, of which the table knows nothing.
    const known = alike.find(({ stamp }) => stamp === this.#witness.writtenStamp) ?? alike[0]
    if (known === undefined) {
      const said = answer === undefined ? 'nothing' : String(answer.status)
      const may = models.map(({ rows }) => shown(rows)).join(' or ')
      throw new Error(`answered ${said}; found ${shown(found)}; permitted ${may}`)
    }
    this.#witness.found(found, known)
    this.#model = known
  }

  #count(heard: Heard, before: Model): void {
    const outcome = this.#model.stamp === before.stamp ? 'unknown, left' : 'unknown, applied'
    if (heard === 'unknown') this.tally.outcomes.add(outcome)
    else for (const verdict of heard) this.tally.outcomes.add(verdict === 'unknown' ? outcome : verdict)
  }

  #resolve(asked: AskedWrite): Write {
    if (asked.kind === 'create' || asked.kind === 'bulk') return asked
    return { ...asked, condition: this.#condition(asked.condition, asked) }
  }

  #condition(
    asked: AskedCondition,
    { address: { id, key } }: Extract<AskedWrite, { kind: 'patch' | 'delete' }>,
  ): Condition {
    if (asked === 'stale') return { stamp: -1 }
    if (asked !== 'current') return asked
    const rows = [...this.#model.rows.values()]
    const row = rows.find((each) => (id === undefined ? each.ouid === key : each.id === id))
    return { stamp: row?.stamp ?? -1 }
  }

  async #read(): Promise<ReadonlyMap<string, FoundRow>> {
    return this.#witness.read(this.#token)
  }

  /** Every key finds the row that has it, and no other. */
  async end(): Promise<void> {
    for (const key of KEYS) await this.#witness.checkKey(key, this.#model, this.#token)
  }
}

function expectPredicted(heard: Heard, expected: readonly string[], answer: WireAnswer | undefined): void {
  if (String(heard) === String(expected)) return
  throw new Error(`answered ${String(heard)} (${answer?.status}), the model expects ${String(expected)}`)
}

function expectHeard(heard: Heard, { kind, part }: Trouble): void {
  const expected = part ? undefined : HEARD[kind]
  const all = heard === 'unknown' ? [heard] : heard
  if (expected === undefined || all.every((each) => each === expected)) return
  throw new Error(`heard ${String(heard)} under ${kind}`)
}

function sameRows(one: ReadonlyMap<string, FoundRow>, other: ReadonlyMap<string, FoundRow>): boolean {
  const sorted = (rows: ReadonlyMap<string, FoundRow>) => JSON.stringify([...rows].sort())
  return sorted(one) === sorted(other)
}

function shown(rows: ReadonlyMap<string, object>): string {
  const list = [...rows].map(([id, row]) => {
    const { ouid, title, mute, version } = row as Partial<FoundRow>
    const at = version === undefined ? '' : `@${version}`
    return `#${id.slice(-1)} '${ouid ?? ''}' ${title ?? '-'}${mute === true ? ' mute' : ''}${at}`
  })
  return `[${list.join(', ')}]`
}
