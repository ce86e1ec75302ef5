/** A large environment from a small seed, and the journal that must not grow large with it. */
import { expect, it } from 'vitest'
import { generatedRows } from '../../src/emulator/generated-rows.ts'
import { Journal, type JournalWrite } from '../../src/emulator/journal.ts'

it('rows differ by their number, with leading zeros where a width is given', () => {
  const row = { contactid: 'c-{n:3}', emailaddress1: '{n}@example.com {n}', firstname: 'Per{x}son', donotemail: true }
  expect([...generatedRows({ table: 'contacts', count: 2, row })]).toEqual([
    { contactid: 'c-001', emailaddress1: '1@example.com 1', firstname: 'Per{x}son', donotemail: true },
    { contactid: 'c-002', emailaddress1: '2@example.com 2', firstname: 'Per{x}son', donotemail: true },
  ])
})

it('the journal gives back every entry as it was written, whatever its neighbours were', () => {
  const head = { table: 'contact', requestId: 'r', userId: 'u', tag: null, at: '2026-01-01T00:00:00Z' }
  const other = { ...head, table: 'account', requestId: null }
  const writes: JournalWrite[] = [
    { head, id: '1', operation: 'create', columns: { a: 1, b: null }, changed: ['a'] },
    { head, id: '2', operation: 'update', columns: { a: 2, b: 'x' }, changed: ['a', 'b'] },
    { head, id: '2', operation: 'update', columns: { 'a,b': true }, changed: [] },
    { head: other, id: '3', operation: 'delete', columns: {}, changed: [] },
    { head, id: '2', operation: 'update', columns: { a: 2, b: 'x' }, changed: ['b'] },
  ]
  const journal = new Journal()
  for (const write of writes) journal.push(write)
  const whole = writes.map(({ head: shared, ...own }, at) => ({ sequence: at + 1, ...shared, ...own }))
  expect(journal.entries()).toEqual(whole)
  expect(journal.entries(3)).toEqual(whole.slice(3))
  expect(journal).toHaveLength(5)
})
