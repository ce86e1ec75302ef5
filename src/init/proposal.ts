/** A mapping proposed by name: which choice of Didomi goes with which purpose, topic or column. Pure. */

import type { Key } from '../consent/key.ts'

/** Something of Dataverse that a choice can go to. */
export interface Destination {
  /** As a mapping names it: `purpose:<guid>`, `topic:<guid>`, or a column. */
  readonly id: string
  readonly name: string
}

/** A choice as a mapping names it (semantics §4). */
export interface Choice {
  readonly value: string
  readonly name: string
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
      score: likeness(wordsOf(destination.name), wordsOf(choice.name)),
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
    .split(/[^a-z0-9]+/)
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

/** The choices that known ids allow, for consents and for columns. */
export function choicesIn(keys: readonly Key[], mode: 'contact' | 'consent'): Choice[] {
  const choices = keys.flatMap((key) => choicesOf(key, mode))
  return [...new Map(choices.map((choice) => [choice.value, choice])).values()]
}

function choicesOf(key: Key, mode: 'contact' | 'consent'): Choice[] {
  switch (key.kind) {
    case 'purpose':
      return [{ value: `consents_purposes_${key.purpose}_enabled`, name: key.purpose }]
    case 'preference':
      return [
        {
          value: `consents_purposes_${key.purpose}_preferences_${key.preference}_enabled`,
          name: key.preference,
        },
      ]
    case 'set':
      return mode === 'contact'
        ? [{ value: `consents_purposes_${key.purpose}_values_${key.preference}_value`, name: key.preference }]
        : []
    case 'value':
      return mode === 'consent'
        ? [{ value: `consents_purposes_${key.purpose}_values_${key.preference}_${key.value}`, name: key.value }]
        : []
    case 'channel':
      return mode === 'contact' ? [{ value: `consents_channels_${key.channel}_enabled`, name: key.channel }] : []
    case 'purpose-channel':
    case 'purpose-li':
      return []
  }
}
