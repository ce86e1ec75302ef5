/** A mapping proposed by name: which choice of Didomi goes with which purpose, topic or column. Pure. */

import { type Key, type KeyText, keyText } from '../consent/key.ts'
import type { TreeChoice } from '../didomi/catalogue.ts'

/** Something of Dataverse that a choice can go to. */
export interface Destination {
  /** As a mapping names it: `purpose:<guid>`, `topic:<guid>`, or a column. */
  readonly id: string
  readonly name: string
}

/** A choice as a mapping names it (semantics §4). */
export interface Choice {
  readonly value: string
  /** What Didomi calls it, in whatever languages; last its id, which is often made of the first name it had. */
  readonly names: readonly string[]
}

export interface Proposal {
  readonly pairs: ReadonlyArray<{ readonly destination: Destination; readonly choice: Choice }>
  readonly destinationsLeft: readonly Destination[]
  readonly choicesLeft: readonly Choice[]
}

/** Names are taken for the same from this share of common words on. */
const ALIKE = 0.5

/**
 * Pairs what is called most alike, each once. Of two that are equally alike nothing is proposed: a wrong mapping writes
 * somebody's choice to the wrong place, and is harder to see than a missing one.
 */
export function propose(destinations: readonly Destination[], choices: readonly Choice[]): Proposal {
  const scored = destinations.flatMap((destination) =>
    choices.map((choice) => ({
      destination,
      choice,
      score: Math.max(...choice.names.map((name) => likeness(wordsOf(destination.name), wordsOf(name)))),
    })),
  )
  const pairs = scored.filter(
    ({ destination, choice, score }) =>
      score >= ALIKE &&
      scored.every(
        (other) =>
          (other.destination !== destination && other.choice !== choice) ||
          (other.destination === destination && other.choice === choice) ||
          other.score < score,
      ),
  )
  const taken = new Set<Destination | Choice>(pairs.flatMap(({ destination, choice }) => [destination, choice]))
  return {
    pairs,
    destinationsLeft: destinations.filter((one) => !taken.has(one)),
    choicesLeft: choices.filter((one) => !taken.has(one)),
  }
}

/** Words that tell one thing from no other. */
const EMPTY = new Set([
  'consent',
  'consents',
  'purpose',
  'purposes',
  'topic',
  'topics',
  'marketing',
  'new',
  'the',
  'and',
  'of',
])

/** The words of a name: `new_partnerOffers`, `partner-offers-k3Jd` and "Partner offers" have the same. */
export function wordsOf(name: string): ReadonlySet<string> {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    // Didomi ends ids of its own making with a few letters and digits.
    .replace(/[-_](?=[a-zA-Z]*\d)[a-zA-Z0-9]{1,8}$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1)
  const telling = words.filter((word) => !EMPTY.has(word))
  return new Set(telling.length > 0 ? telling : words)
}

/** The share of common words; names written together (`partneroffers`) count as the words they are made of. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [joinedA, joinedB] = [[...a].join(''), [...b].join('')]
  if (joinedA !== '' && joinedA === joinedB) return 1
  const common = [...a].filter((word) => b.has(word)).length
  return common / Math.max(1, new Set([...a, ...b]).size)
}

/**
 * The choices that a mapping may name, for consents and for columns: what the export has stated (`known`), and what
 * Didomi's configuration tree offers, stated or not.
 */
export function choicesIn(
  known: readonly Key[],
  mode: 'contact' | 'consent',
  tree: readonly TreeChoice[] = [],
): Choice[] {
  const stated = new Set(known.map(keyText))
  const offered = tree.map(({ reference, titles }) => ({ key: keyOf(reference, stated), titles }))
  const titles = new Map(offered.map((one) => [keyText(one.key), one.titles]))
  const keys = [...known, ...offered.map(({ key }) => key)]
  const choices = keys.flatMap((key) => choicesOf(key, mode, titles.get(keyText(key)) ?? []))
  return [...new Map(choices.map((choice) => [choice.value, choice])).values()]
}

/** The tree does not tell by which schema records hold a preference; the export does, once somebody has stated it. */
function keyOf({ purpose, preference, value }: TreeChoice['reference'], stated: ReadonlySet<KeyText>): Key {
  if (preference === undefined) return { kind: 'purpose', purpose }
  const first = { kind: 'preference', purpose, preference } as const
  if (stated.has(keyText(first)) && !stated.has(keyText({ ...first, kind: 'set' }))) return first
  return value === undefined ? { kind: 'set', purpose, preference } : { kind: 'value', purpose, preference, value }
}

function choicesOf(key: Key, mode: 'contact' | 'consent', titles: readonly string[]): Choice[] {
  const named = (id: string, value: string): Choice[] => [{ value, names: [...titles, id] }]
  switch (key.kind) {
    case 'purpose':
      return named(key.purpose, `consents_purposes_${key.purpose}_enabled`)
    case 'preference':
      return named(key.preference, `consents_purposes_${key.purpose}_preferences_${key.preference}_enabled`)
    case 'set':
      if (mode === 'consent') return []
      return named(key.preference, `consents_purposes_${key.purpose}_values_${key.preference}_value`)
    case 'value':
      if (mode === 'contact') return []
      return named(key.value, `consents_purposes_${key.purpose}_values_${key.preference}_${key.value}`)
    case 'channel':
      return mode === 'contact' ? named(key.channel, `consents_channels_${key.channel}_enabled`) : []
    case 'purpose-channel':
    case 'purpose-li':
      return []
  }
}
