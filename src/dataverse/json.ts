/** JSON of Dataverse's answers: unknown until looked at. */

import type { JsonValue } from '../record/record.ts'
import type { Guid } from './dataverse.ts'

export type JsonObject = { readonly [name: string]: JsonValue }

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The text's value, or `undefined` where it is no JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

const GUID_SOURCE = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const GUID = new RegExp(`^${GUID_SOURCE}$`, 'i')
const GUIDS = new RegExp(GUID_SOURCE, 'gi')

export const isGuid = (value: unknown): value is string => typeof value === 'string' && GUID.test(value)

/** A GUID in lower case, or `undefined` for anything else. */
export const guidOf = (value: unknown): Guid | undefined => (isGuid(value) ? value.toLowerCase() : undefined)

/** The GUIDs in a text, in lower case. */
export const guidsIn = (text: string): Guid[] => text.match(GUIDS)?.map((guid) => guid.toLowerCase()) ?? []

/** The objects of an array-valued property; anything else counts as none. */
export function objectsOf(json: JsonObject, property: string): JsonObject[] {
  const value = json[property]
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}
