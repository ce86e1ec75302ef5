/** The paths of the persons that were asked about, as they are shown: masked, unless all is to be revealed. */

import { formatInstant } from '../consent/time.ts'
import { maskedPlace } from '../plan/masked-place.ts'
import { consentWord, spanText } from '../plan/wording.ts'
import type { RevealedEvidence } from '../store/evidence.ts'
import type { ChoicePath, PlacePath } from './path.ts'
import type { Said } from './said.ts'

/** One decision of the past, from the evidence log. */
export interface PastDecision {
  readonly sequence: number
  readonly at: string
  readonly run: string
  readonly target: string
  readonly what: string
  readonly place: string
  readonly decision: RevealedEvidence['decision']
  readonly from: RevealedEvidence['from']
  readonly to: RevealedEvidence['to']
  readonly lo: string
  readonly hi: string
}

/** What one target makes of the person. */
export interface TargetPath {
  readonly target: string
  readonly mode: 'contact' | 'consent'
  readonly due: boolean
  /** Of a delivery now; absent where it came to none. */
  readonly outcome?: string
  readonly rule?: string
  readonly contacts: number
  readonly addresses: number
  /** Other persons of the same contacts or addresses: their choices count too (semantics §5.4, §6.4). */
  readonly sharedWith: number
  readonly choices: readonly ChoicePath[]
}

/** One person. */
export interface PersonPath {
  /** A keyed hash: the same person has the same in every report of this store. */
  readonly person: string
  readonly records: number
  readonly targets: readonly TargetPath[]
  readonly past: readonly PastDecision[]
}

export interface ExplainReport {
  readonly version: 1
  readonly persons: readonly PersonPath[]
  /** What kept a target from being looked at. */
  readonly failures: readonly string[]
  readonly exitCode: number
}

/** What the evidence log tells, oldest first. */
export function pastDecisions(entries: readonly RevealedEvidence[]): PastDecision[] {
  return entries.map(({ sequence, at, run, target, what, place = '', decision, from, to, lo, hi }) => ({
    ...{ sequence, at: formatInstant(at), run, target, what, place, decision, from, to },
    ...{ lo: formatInstant(lo), hi: formatInstant(hi) },
  }))
}

/** The same without addresses, ids, and values that tell of a person. */
export function masked(report: ExplainReport): ExplainReport {
  return {
    ...report,
    persons: report.persons.map((person) => ({
      ...person,
      targets: person.targets.map((target) => ({
        ...target,
        choices: target.choices.map((choice) => maskedChoice(choice)),
      })),
      past: person.past.map((one) => ({ ...one, place: maskedPlace(one.place) })),
    })),
  }
}

function maskedChoice(choice: ChoicePath): ChoicePath {
  const { records, person } = choice
  const places = choice.places.map((path) => ({ ...path, place: maskedPlace(path.place) }))
  if (choice.form !== 'attribute') return { ...choice, places }
  return {
    ...choice,
    records: records.map(maskedValue),
    ...(person && { person: maskedValue(person) }),
    places: places.map(maskedValues),
  }
}

const maskedValue = <S extends Said>(said: S): S => ({ ...said, value: said.value === null ? null : '•••' })

/** What evidence tells of an attribute is a keyed hash already. */
const maskedValues = (path: PlacePath): PlacePath => ({
  ...path,
  ...(path.ledger && { ledger: maskedValue(path.ledger) }),
  ...(path.foreign && { foreign: maskedValue(path.foreign) }),
})

/** For people at a terminal; without a line end. */
export function explainText({ persons, failures }: ExplainReport): string {
  return [
    ...(persons.length === 0 ? ['Nobody: the store knows no such person.'] : persons.flatMap(personLines)),
    ...failures.map((message) => `! ${message}`),
  ].join('\n')
}

function personLines({ person, records, targets, past }: PersonPath): string[] {
  return [
    `Person ${person}: ${records} records`,
    ...targets.flatMap(targetLines),
    `  evidence: ${past.length} decisions`,
    ...past.map(
      ({ at, run, target, what, place, decision, from, to, lo, hi }) =>
        `    ${at} ${target}, ${place}, ${what}: ${told(from)} → ${told(to)}, ${decision} (said ${spanText(lo, hi)}; run ${run})`,
    ),
  ]
}

function targetLines(path: TargetPath): string[] {
  const { target, mode, due, outcome, rule, contacts, addresses, sharedWith, choices } = path
  return [
    `  ${target}: ${outcome === undefined ? 'no outcome' : `${outcome} (${rule})`}${due ? ', due' : ''}; ${contacts} contacts, ${addresses} addresses, shared with ${sharedWith} others`,
    ...choices.flatMap((choice) => choiceLines(choice, mode)),
  ]
}

function choiceLines({ what, records, person, places }: ChoicePath, mode: TargetPath['mode']): string[] {
  if (person === undefined && records.length === 0)
    return [`    ${what}: nothing stated, nothing written (${mode === 'contact' ? '§5.5' : '§6.5'})`]
  return [
    `    ${what}`,
    ...records.map((said) => `      record: ${saidText(said)}`),
    ...(person === undefined ? [] : [`      person: ${saidText(person)}`]),
    ...places.flatMap(({ place, decision, rule, from, to, ledger, foreign }) => [
      `      ${place}: ${decision} (${rule})${to === undefined ? '' : `: ${told(from ?? null)} → ${told(to)}`}`,
      ...(ledger === undefined ? [] : [`        we left ${saidText(ledger)}, at ${ledger.at}`]),
      ...(foreign === undefined ? [] : [`        somebody else said ${saidText(foreign)}`]),
    ]),
  ]
}

const saidText = ({ value, lo, hi, rule }: Said): string => `${told(value)}, said ${spanText(lo, hi)} (${rule})`

function told(value: Said['value']): string {
  if (value === true) return 'yes'
  if (value === false) return 'no'
  return consentWord(value) ?? JSON.stringify(value)
}
