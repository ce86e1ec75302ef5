/** Fingerprints of the settings that shape ingest and delivery: when one changes, work must be done again (semantics §8.6). */

import { createHash } from 'node:crypto'
import type { Settings, TargetSettings } from './settings.ts'

/** SHA-256 in hexadecimal: of what shapes ingest, and per target name of what shapes delivery. */
export interface Fingerprints {
  readonly ingest: string
  readonly delivery: Readonly<Record<string, string>>
}

/** Pure. Secrets, credentials, timeouts, batch sizes and paths do not count, nor does the order of lists that are sets. */
export function fingerprints(settings: Settings): Fingerprints {
  return {
    ingest: sha256(ingestShape(settings)),
    delivery: Object.fromEntries(
      settings.targets.map((target) => [target.name, sha256(deliveryShape(settings, target))]),
    ),
  }
}

function ingestShape({ reading, source }: Settings): unknown {
  const { normalise, regulations, clockSkew } = reading
  const csv = source.csv && {
    ...source.csv,
    choices: asSet(
      source.csv.choices.map((choice) => ({
        ...choice,
        trueSpellings: asSet(choice.trueSpellings),
        falseSpellings: asSet(choice.falseSpellings),
      })),
    ),
  }
  return { normalise, regulations: asSet(regulations), clockSkew, csv }
}

function deliveryShape({ events, lookup, catalogue }: Settings, target: TargetSettings): unknown {
  const { mode, entries, upsert, contactPoints, defaultCountry, sharedAddress, addressOnly, owner } = target
  const { businessUnit, parentPurpose, conflict, clockToleranceMicros, tables } = target
  const { matchAttribute, duplicates, template, adopt, upsertOn } = target.contact
  return {
    events,
    lookup,
    catalogue: {
      purposes: asSet(
        catalogue.purposes.map(({ id, preferences, channels }) => ({
          id,
          preferences: asSet(preferences.map(({ id: preference, values }) => ({ preference, values: asSet(values) }))),
          channels: asSet(channels),
        })),
      ),
      channels: asSet(catalogue.channels),
    },
    target: {
      mode,
      entries: asSet(entries),
      upsert,
      contact: { matchAttribute, duplicates, template, adopt: asSet(adopt), upsertOn },
      contactPoints: asSet(contactPoints),
      defaultCountry,
      sharedAddress,
      addressOnly,
      owner,
      businessUnit,
      parentPurpose,
      conflict,
      clockToleranceMicros,
      tables,
    },
  }
}

/** A list whose order means nothing, in the order of its items' canonical JSON. */
function asSet(items: readonly unknown[]): unknown[] {
  return [...new Map(items.map((item) => [canonicalJson(item), item])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, item]) => item)
}

/** JSON with sorted keys and without undefined ones. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

function sha256(shape: unknown): string {
  return createHash('sha256').update(canonicalJson(shape)).digest('hex')
}
