/** One seeded life of both sides: choices at Didomi, edits in Dataverse, runs in both directions, faults, deaths; then rest. */

import { join } from 'node:path'
import type { Settings } from '../../../src/config/settings.ts'
import { APPLICATION_USER_ID } from '../../../src/emulator/seed-ids.ts'
import type { World } from '../../../src/emulator/world.ts'
import { openSqliteStore } from '../../../src/store/sqlite.ts'
import { settingsOf } from '../../support/deliver-settings.ts'
import { below, type Chance, chanceOf } from '../../support/sync-world.ts'
import { Chaos, type Fate } from '../chaos.ts'
import { CONSENTS, MAPPED, VALUES } from '../common.ts'
import { ORIGIN, openEnvironment, type SimClock, simClock, tokenOf } from '../environment.ts'
import { exported, openDidomiSide, reverseOnce, type Sides, syncOnce } from './both-sides.ts'
import { judge } from './judge.ts'

const BEGIN = Date.parse('2026-03-01T00:00:00Z')
export const PURPOSES = ['newsletter', 'offers'] as const
export type Purpose = (typeof PURPOSES)[number]

export interface PersonOf {
  readonly ouid: string
  /** Its contact, by number; persons of one number share it. */
  readonly contact: number
}

/** A choice somebody made, wherever. */
export interface Uttered {
  readonly side: 'didomi' | 'dataverse'
  readonly atMs: number
  /** OUID or place of the edit. */
  readonly who: string
  readonly purpose: Purpose
  readonly yes: boolean
}

export interface Rest {
  readonly mode: 'contact' | 'consent'
  readonly persons: readonly PersonOf[]
  readonly sides: Sides
  readonly uttered: readonly Uttered[]
  readonly story: readonly string[]
  /** Some step of a run was to fail. */
  readonly troubled: boolean
  readonly rounds: number
  readonly writesAfterRest: number
  readonly postsAfterRest: number
  readonly waiting: readonly string[]
}

const cache = new Map<string, Promise<Settings>>()

/** The same settings for all lives of a mode; only the store's place differs. */
function settingsFor(mode: 'contact' | 'consent'): Promise<Settings> {
  const known = cache.get(mode)
  if (known !== undefined) return known
  const mappings = PURPOSES.map((purpose) => ({
    id: mode === 'contact' ? MAPPED.contact[purpose] : `purpose:${MAPPED.consent[purpose]}`,
    value: `consents_purposes_${purpose}_enabled`,
  }))
  const options = {
    contact: { matchAttribute: 'new_ouid' },
    brake: { share: 1, atLeast: 1_000_000 },
    reverse: { enabled: true },
    // A row that somebody made lies in no business unit of a purpose's owner.
    businessUnit: 'any',
  }
  // Nobody need have used a purpose for a refusal of it to count.
  const catalogue = { purposes: PURPOSES.map((id) => ({ id })) }
  const type = mode === 'contact' ? 'microsoft-dynamics' : 'microsoft-dynamics-cpc'
  const made = settingsOf(
    { targets: [{ name: 'crm', type, mappings, options }], settings: { catalogue } },
    ORIGIN,
    '/nowhere',
  )
  cache.set(mode, made)
  return made
}

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
/** Contacts 1 and 2 of the consent mode have one address. */
export const addressOf = (contact: number, shared: boolean) => (shared ? 'one@example.com' : `c${contact}@example.com`)

/** Lives one seed in a folder; answers every breach. */
export async function live(seed: number, folder: string): Promise<readonly string[]> {
  const life = await Life.begin(seed, folder)
  await life.steps()
  return judge(await life.rest())
}

class Life {
  readonly #chance: Chance
  readonly #mode: 'contact' | 'consent'
  readonly #persons: readonly PersonOf[]
  readonly #shared: boolean
  readonly #sides: Sides
  readonly #uttered: Uttered[] = []
  readonly #story: string[] = []
  /** Places that nobody touches again before a run has heard them: what is taken back unseen was never there. */
  readonly #unheard = new Set<string>()
  #export = exported
  #lines: ReturnType<typeof exported> = []
  #runs = 0
  #troubled = false

  private constructor(
    chance: Chance,
    mode: 'contact' | 'consent',
    persons: readonly PersonOf[],
    shared: boolean,
    sides: Sides,
  ) {
    this.#chance = chance
    this.#mode = mode
    this.#persons = persons
    this.#shared = shared
    this.#sides = sides
  }

  static async begin(seed: number, folder: string): Promise<Life> {
    const chance = chanceOf(seed)
    const mode = chance() < 0.5 ? 'contact' : 'consent'
    const shared = chance() < 0.3
    const persons: PersonOf[] = [{ ouid: 'ann', contact: 1 }]
    if (shared) persons.push(mode === 'contact' ? { ouid: 'Ann', contact: 1 } : { ouid: 'bob', contact: 2 })
    else if (chance() < 0.3) persons.push({ ouid: 'bob', contact: 2 })
    const clock = simClock(BEGIN)
    const world = openEnvironment(seedOf(persons, shared), clock)
    const settings = await settingsFor(mode)
    const sides: Sides = {
      settings,
      world,
      token: await tokenOf(world),
      didomi: openDidomiSide(clock),
      clock,
      random: chanceOf(seed + 1),
      path: join(folder, `${seed}.db`),
    }
    return new Life(chance, mode, persons, shared, sides)
  }

  async steps(): Promise<void> {
    for (let left = 5 + below(this.#chance, 10); left > 0; left -= 1) {
      this.#pass()
      const die = this.#chance()
      if (die < 0.25) this.#chooses()
      else if (die < 0.55) this.#edits()
      else if (die < 0.6) this.#lines = exported(this.#sides.didomi)
      else if (die < 0.81) await this.#sync(this.#chance() < 0.7, this.#fortune())
      else await this.#reverse(this.#fortune())
    }
  }

  async rest(): Promise<Rest> {
    const { world, didomi } = this.#sides
    let rounds = 0
    let before = -1
    // Who is due when a round ends is work for the next one.
    while ((before !== this.#activity() || (await this.#due()) > 0) && rounds < 9) {
      before = this.#activity()
      rounds += 1
      await this.#round()
    }
    const [writes, posts] = [world.journal().length, didomi.inbox.received.length]
    await this.#round()
    const store = this.#sides.open ?? (await openSqliteStore(this.#sides.path, this.#sides.clock))
    const organization = String(world.rows('organization')[0]?.['organizationid'])
    const waiting = (await store.openLooks({ organization, target: 'crm' })).map(({ reason }) => reason)
    await store.close()
    return {
      mode: this.#mode,
      persons: this.#persons,
      sides: this.#sides,
      uttered: this.#uttered,
      story: this.#story,
      troubled: this.#troubled,
      rounds,
      writesAfterRest: world.journal().length - writes,
      postsAfterRest: didomi.inbox.received.length - posts,
      waiting,
    }
  }

  async #due(): Promise<number> {
    return (await this.#sides.open?.countDue('crm')) ?? 0
  }

  #activity(): number {
    return this.#sides.world.journal().length + this.#sides.didomi.inbox.received.length
  }

  async #round(): Promise<void> {
    this.#sides.clock.advanceTo(this.#sides.clock.now() + 60_000)
    await this.#sync(true, undefined)
    this.#sides.clock.advanceTo(this.#sides.clock.now() + 60_000)
    await this.#reverse(undefined)
  }

  #tell(text: string): void {
    this.#story.push(`${((this.#sides.clock.now() - BEGIN) / 1_000).toFixed(3)} s: ${text}`)
  }

  #pass(): void {
    const { clock } = this.#sides
    const luck = this.#chance()
    const ms = luck < 0.5 ? this.#chance() * 4_000 : luck < 0.95 ? this.#chance() * 7_200_000 : 8 * 86_400_000
    clock.advanceTo(clock.now() + Math.floor(ms))
  }

  #chooses(): void {
    const { didomi, clock } = this.#sides
    const person = this.#persons[below(this.#chance, this.#persons.length)]
    const purpose = PURPOSES[this.#chance() < 0.8 ? 0 : 1]
    if (person === undefined || purpose === undefined) return
    const yes = this.#chance() < 0.55
    didomi.people.post({
      id: undefined,
      createdAt: undefined,
      status: 'confirmed',
      regulation: 'gdpr',
      user: { organization_user_id: person.ouid },
      consents: { purposes: [{ id: purpose, enabled: yes }] },
      metadata: {},
      delegate: undefined,
      proofsId: [],
    })
    this.#uttered.push({ side: 'didomi', atMs: clock.now(), who: person.ouid, purpose, yes })
    this.#tell(`${person.ouid} says ${yes ? 'yes' : 'no'} to ${purpose} at Didomi`)
  }

  #edits(): void {
    const { world, clock } = this.#sides
    const person = this.#persons[below(this.#chance, this.#persons.length)]
    const purpose = PURPOSES[this.#chance() < 0.8 ? 0 : 1]
    if (person === undefined || purpose === undefined) return
    const place = placeOf(this.#mode, person, purpose, this.#shared)
    if (this.#unheard.has(place)) return
    const yes = this.#chance() < 0.45
    const how = { idle: this.#chance() < 0.15, remove: this.#chance() < 0.15 }
    const held = setIn(world, this.#mode, person, purpose, yes, this.#shared, how, clock)
    if (held === undefined) return
    this.#tell(`somebody in Dynamics: ${held} ${place}`)
    if (!held.startsWith('sets')) return
    this.#unheard.add(place)
    this.#uttered.push({ side: 'dataverse', atMs: clock.now(), who: place, purpose, yes })
  }

  #fortune(): ((n: number) => Fate) | undefined {
    if (this.#chance() < 0.7) return undefined
    this.#troubled = true
    const at = 1 + below(this.#chance, 25)
    const fate = (['before', 'after', 'kill-before', 'kill-after'] as const)[below(this.#chance, 4)] ?? 'fine'
    return (n) => (n === at ? fate : 'fine')
  }

  async #sync(fresh: boolean, fortune: ((n: number) => Fate) | undefined): Promise<void> {
    this.#runs += 1
    this.#wholeSecond()
    if (fresh) this.#lines = this.#export(this.#sides.didomi)
    const chaos = new Chaos(fortune)
    const { end, error } = await syncOnce(this.#sides, `run-${this.#runs}`, this.#lines, chaos)
    this.#ended('sync', end, error, chaos)
  }

  async #reverse(fortune: ((n: number) => Fate) | undefined): Promise<void> {
    this.#runs += 1
    this.#wholeSecond()
    const chaos = new Chaos(fortune)
    const { end, error } = await reverseOnce(this.#sides, chaos)
    this.#ended('reverse', end, error, chaos)
    if (end === 'done') this.#unheard.clear()
  }

  #ended(what: string, end: string, error: unknown, chaos: Chaos): void {
    const why = error instanceof Error ? ` ${error.message.slice(0, 200)}` : ''
    this.#tell(`${what} ${end}${why} ${chaos.mishaps.join(', ')}`)
    if (end === 'failed' && chaos.mishaps.length === 0) throw error
  }

  /** Dataverse tells whole seconds: a run that began within one would seem to have written before it. */
  #wholeSecond(): void {
    const { clock } = this.#sides
    clock.advanceTo(Math.ceil(clock.now() / 1_000) * 1_000)
  }
}

export const placeOf = (mode: 'contact' | 'consent', { contact }: PersonOf, purpose: Purpose, shared: boolean) =>
  mode === 'contact' ? `contact ${contact} ${purpose}` : `${addressOf(contact, shared)} ${purpose}`

function seedOf(persons: readonly PersonOf[], shared: boolean): Parameters<typeof openEnvironment>[0] {
  const contacts = [...new Map(persons.map((person) => [person.contact, person])).values()]
  const times = { createdon: '2026-01-01T00:00:00Z', modifiedon: '2026-01-01T00:00:00Z' }
  return {
    columns: {
      contacts: [
        { type: 'text', name: 'new_ouid' },
        { type: 'boolean', name: 'new_newsletter' },
        { type: 'boolean', name: 'new_offers' },
      ],
    },
    rows: {
      contacts: contacts.map(({ ouid, contact }) => ({
        contactid: idOf(contact),
        new_ouid: ouid,
        emailaddress1: addressOf(contact, shared),
        ...times,
      })),
    },
  }
}

/** Rows of a slot. */
export const slotRows = (world: World, address: string, purpose: Purpose) =>
  world
    .rows(CONSENTS)
    .filter(
      (row) =>
        row['msdynmkt_contactpointvalue'] === address &&
        String(row['msdynmkt_purposeid']).toLowerCase() === MAPPED.consent[purpose].toLowerCase(),
    )

export const contactValue = (world: World, contact: number, purpose: Purpose) =>
  world.row('contact', idOf(contact))?.[MAPPED.contact[purpose]]

/** No other row has it, one that is gone included: a row seeded under the id of another would take its place. */
const newRowId = (contact: number, purpose: Purpose, clock: SimClock) =>
  idOf((clock.now() - BEGIN) * 8 + contact * 2 + PURPOSES.indexOf(purpose))

/** Somebody sets a value, saves a row for another reason, or makes a row; answers what was done. */
function setIn(
  world: World,
  mode: 'contact' | 'consent',
  { contact }: PersonOf,
  purpose: Purpose,
  yes: boolean,
  shared: boolean,
  { idle, remove }: { readonly idle: boolean; readonly remove: boolean },
  clock: SimClock,
): string | undefined {
  const word = `sets ${yes ? 'yes' : 'no'} at`
  if (mode === 'contact') {
    if (idle) {
      world.edit('contact', idOf(contact), { lastname: `x${clock.now()}` })
      return 'saves'
    }
    if (contactValue(world, contact, purpose) === yes) return undefined
    world.edit('contact', idOf(contact), { [MAPPED.contact[purpose]]: yes })
    return word
  }
  const value = yes ? VALUES.in : VALUES.out
  const address = addressOf(contact, shared)
  const [row] = slotRows(world, address, purpose)
  if (row === undefined) {
    const now = new Date(clock.now()).toISOString()
    world.seed({
      rows: {
        [`${CONSENTS}s`]: [
          {
            [`${CONSENTS}id`]: newRowId(contact, purpose, clock),
            msdynmkt_contactpointvalue: address,
            msdynmkt_contactpointtype: 534120000,
            msdynmkt_contactpointconsenttype: 534120000,
            msdynmkt_purposeid: MAPPED.consent[purpose],
            msdynmkt_value: value,
            msdynmkt_reason: 'form',
            createdon: now,
            modifiedon: now,
          },
        ],
      },
    })
    return `${word} a new row of`
  }
  const id = String(row[`${CONSENTS}id`])
  if (idle) {
    world.edit(CONSENTS, id, { msdynmkt_reason: `saved ${clock.now()}` })
    return 'saves'
  }
  // A row that only Dynamics knows may go without a trace; one that we made is missed.
  if (!yes && remove && String(row['modifiedby']).toLowerCase() === APPLICATION_USER_ID) {
    world.delete(CONSENTS, id)
    return `${word} the row, deleted, of`
  }
  if (row['msdynmkt_value'] === value) return undefined
  world.edit(CONSENTS, id, { msdynmkt_value: value })
  return word
}
