/** From a JSON value of a payload to what a column stores, with Dataverse's refusals. */
import { ApiError, badPayload } from './api-error.ts'
import { isoSeconds } from './clock.ts'
import type { Column, Value } from './schema.ts'

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DATE = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})$/

/** More selected options than a choices column may hold. */
const MAX_SELECTED = 150

/** Whether the text is a GUID in its hyphenated form. */
export function isGuid(text: string): boolean {
  return GUID.test(text)
}

/** Whether the calendar has this day: a thirtieth of February would silently become a day of March. */
function isDay(text: string): boolean {
  const at = Date.parse(text)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

function wrongType(column: Column): ApiError {
  return badPayload(`Cannot convert the literal of property '${column.logicalName}' to the expected type.`)
}

/** Throws the error of section "Column values" for the first thing that is wrong. Lookups are bound, never valued. */
export function columnValue(column: Column, json: unknown): Value {
  if (json === null) {
    if (column.required === 'SystemRequired') throw badPayload(`Property '${column.logicalName}' cannot be null.`)
    return null
  }
  switch (column.type) {
    case 'uniqueidentifier':
      if (typeof json !== 'string' || !isGuid(json)) throw wrongType(column)
      return json.toLowerCase()
    case 'text':
    case 'memo':
      return textValue(column, json)
    case 'boolean':
      if (typeof json !== 'boolean') throw wrongType(column)
      return json
    case 'choice':
    case 'state':
    case 'status':
      return optionValue(column, integerOf(column, json))
    case 'choices':
      return choicesValue(column, json)
    case 'integer':
      return inRange(column, integerOf(column, json), '0x8004432f')
    case 'decimal':
    case 'bigint':
      if (typeof json !== 'number') throw wrongType(column)
      return inRange(column, json, '0x80044330')
    case 'datetime':
      if (typeof json !== 'string' || !INSTANT.test(json) || !isDay(json.slice(0, 10))) throw wrongType(column)
      if (Number.isNaN(Date.parse(json))) throw wrongType(column)
      return isoSeconds(Date.parse(json))
    case 'dateonly':
      if (typeof json !== 'string' || !DATE.test(json) || !isDay(json)) throw wrongType(column)
      return json
    case 'lookup':
    case 'customer':
    case 'owner':
      throw badPayload(`An undeclared property '${column.logicalName}' was found; bind its navigation property.`)
  }
}

/** An empty text is stored as null. */
function textValue(column: Column, json: unknown): Value {
  if (typeof json !== 'string') throw wrongType(column)
  if (column.maxLength !== undefined && json.length > column.maxLength) {
    throw new ApiError(
      400,
      '0x80044331',
      `A validation error occurred. The length of the '${column.logicalName}' attribute exceeded the maximum allowed length of '${column.maxLength}'.`,
    )
  }
  return json === '' ? null : json
}

function integerOf(column: Column, json: unknown): number {
  if (typeof json !== 'number' || !Number.isInteger(json) || Math.abs(json) > 2_147_483_648) throw wrongType(column)
  return json
}

function optionValue(column: Column, value: number): Value {
  const accepted = column.options ?? []
  if (accepted.some((option) => option.value === value)) return value
  throw new ApiError(
    400,
    '0x8004431a',
    `A validation error occurred. The value ${value} of '${column.logicalName}' is outside the valid range. Accepted Values: ${accepted.map((option) => option.value).join(',')}`,
  )
}

/** Stored in ascending order: a client must compare sets, not texts. */
function choicesValue(column: Column, json: unknown): Value {
  if (typeof json !== 'string') throw wrongType(column)
  if (json.trim() === '') return null
  const codes = json.split(',').map((part) => Number(part.trim()))
  for (const code of codes) optionValue(column, integerOf(column, code))
  if (codes.length > MAX_SELECTED) throw wrongType(column)
  return [...new Set(codes)].sort((a, b) => a - b).join(',')
}

function inRange(column: Column, value: number, code: string): number {
  const { minValue = Number.NEGATIVE_INFINITY, maxValue = Number.POSITIVE_INFINITY } = column
  if (value >= minValue && value <= maxValue) return value
  throw new ApiError(
    400,
    code,
    `A validation error occurred. The value of '${column.logicalName}' is outside the valid range.`,
  )
}
