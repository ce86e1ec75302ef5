import { describe, expect, it } from 'vitest'
import { type ApiError, classify, type ErrorClass, isRepeatable, parseApiError } from '../../src/dataverse/errors.ts'

const error = (status: number, code: string, message = ''): ApiError => ({ status, code, message, wellFormed: true })

const TABLE: ReadonlyArray<readonly [number, string, string, ErrorClass, boolean]> = [
  [429, '0x80072322', 'Number of requests exceeded', 'throttled', true],
  [429, '0x80072321', 'Combined execution time', 'throttled', true],
  [429, '0x80072326', 'Number of concurrent requests', 'throttled', true],
  [429, '', '', 'throttled', true],
  [200, '0x80072322', '', 'throttled', true],
  [503, '', '', 'transient', true],
  [500, '0x80044150', 'Generic SQL error. Sql Number: 2812', 'transient', true],
  [400, '0x80044150', 'SQL error. Sql Number: 1205', 'deadlock', true],
  [500, '0x80040255', 'transaction already rolled back', 'deadlock', true],
  [500, '0x80131509', 'SQL connection', 'transient', true],
  [502, '', '', 'ambiguous', true],
  [504, '', '', 'ambiguous', true],
  [408, '', '', 'ambiguous', true],
  [500, '0x80040216', 'An unexpected error occurred.', 'ambiguous', false],
  [500, '0x80044151', 'SQL timeout. Sql Number: -2', 'shrink', false],
  [413, '', '', 'shrink', false],
  [412, '0x80060882', '', 'conflict', false],
  [412, '0x80040237', '', 'conflict', false],
  [412, '0x80060892', '', 'conflict', false],
  [412, '', '', 'conflict', false],
  [404, '0x80040217', '', 'gone', false],
  [404, '0x80060891', '', 'gone', false],
  [404, '', '', 'gone', false],
  [404, '0x80060888', "Resource not found for the segment 'UpdateMultiple'.", 'bulk-unavailable', false],
  [405, '', '', 'bulk-unavailable', false],
  [501, '', '', 'bulk-unavailable', false],
  [403, '0x80040220', 'missing prvWriteContact', 'authorisation', false],
  [500, '0x80040299', 'CrmCheckPrivilege failed', 'authorisation', false],
  [403, '0x80072560', 'not a member of the organization', 'authorisation', false],
  [403, '', '', 'authorisation', false],
  [400, '0x80060888', 'Could not find a property named', 'fatal-configuration', false],
  [400, '0x80048d19', "An undeclared property 'x' which only has", 'fatal-configuration', false],
  [400, '0x8004430c', 'TooManyConditionsInQuery', 'fatal-configuration', false],
  [302, '', '', 'fatal-configuration', false],
  [400, '0x80048d19', "Cannot convert a value to target type 'Edm.Int32'", 'row', false],
  [400, '0x80044331', 'exceeded the maximum allowed length', 'row', false],
  [400, '0x8004431a', 'outside the valid range', 'row', false],
  [400, '0x80040265', 'a plug-in says no', 'row', false],
  [500, '0x80040265', 'a plug-in says no', 'row', false],
  [412, '0x80040333', 'duplicate detection', 'row', false],
  [400, '0x80049999', 'unheard of', 'row', false],
  [400, '', 'no code', 'row', false],
]

describe('what happens next', () => {
  it.each(TABLE)('Dataverse: HTTP %i %s %s is %s, repeated: %s', (status, code, message, expected, repeated) => {
    expect(classify(error(status, code, message))).toBe(expected)
    expect(isRepeatable(error(status, code, message))).toBe(repeated)
  })

  it('a refusal without the Web API’s own form is never one row’s fault, nor proof that a row is gone', () => {
    const page = '<html><body>Not found</body></html>'
    expect(classify(parseApiError(400, page))).toBe('fatal-configuration')
    expect(classify(parseApiError(404, page))).toBe('fatal-configuration')
    expect(classify(parseApiError(503, page))).toBe('transient')
  })
})

describe('reading an error body', () => {
  const whole = { error: { code: '0x80040217', message: 'contact Does Not Exist' } }

  it('reads the documented form', () => {
    expect(parseApiError(404, JSON.stringify(whole))).toEqual({
      status: 404,
      code: '0x80040217',
      message: 'contact Does Not Exist',
      wellFormed: true,
    })
  })

  it.each([
    ['hex in upper case', '0x80048D19', '0x80048d19'],
    ['signed decimal', '-2147220969', '0x80040217'],
    ['a number', -2147220969, '0x80040217'],
    ['unsigned decimal', '2147746327', '0x80040217'],
    ['an empty code', '', ''],
    ['0x0', '0x0', ''],
    ['a word', 'BadRequest', ''],
    ['null', null, ''],
    ['an object', { a: 1 }, ''],
  ])('reads %s as code', (_, code, expected) => {
    expect(parseApiError(400, JSON.stringify({ error: { code, message: 'm' } })).code).toBe(expected)
  })

  it('keeps the code of a body that was cut off', () => {
    const cut = JSON.stringify(whole).slice(0, 50)
    expect(parseApiError(500, cut)).toMatchObject({ code: '0x80040217', wellFormed: false })
  })

  it.each(['', 'null', '[]', '"text"', '{}', '{"error":null}', '{"error":"x"}', '<html>', '\uFEFF{', '{"Message":1}'])(
    'survives %j',
    (body) => {
      expect(parseApiError(400, body)).toMatchObject({ status: 400, code: '', message: '', wellFormed: false })
    },
  )

  it('reads a gateway’s {"Message"}', () => {
    expect(parseApiError(404, '{"Message":"No HTTP resource was found"}')).toMatchObject({
      message: 'No HTTP resource was found',
      wellFormed: false,
    })
  })
})
