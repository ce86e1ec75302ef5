/** The indexes of a table against a search through all rows. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openCollation } from '../../src/emulator/collation.ts'
import { contactTable } from '../../src/emulator/contact-table.ts'
import type { Value } from '../../src/emulator/schema.ts'
import { Table } from '../../src/emulator/table.ts'

const ids = ['a', 'b', 'c', 'd']
const values: Value[] = ['x', 'X ', 'y', 1, true, null]
const step = fc.record({
  id: fc.constantFrom(...ids),
  removes: fc.boolean(),
  employeeid: fc.constantFrom(...values),
  jobtitle: fc.constantFrom(...values),
})

it('finds by one column and by two what a search finds, after any writes and deletions', () => {
  const collation = openCollation(true)
  const folded = (value: Value) => (typeof value === 'string' ? collation.fold(value) : value)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const table = new Table(contactTable(), collation)
      for (const { id, removes, employeeid, jobtitle } of steps) {
        if (removes) table.remove(id)
        else table.put(id, { contactid: id, employeeid, jobtitle })
        for (const columns of [['employeeid'], ['employeeid', 'jobtitle']]) {
          for (const first of values) {
            const wanted = columns.length === 1 ? [first] : [first, 'y']
            const all = [...table.all()].filter((row) =>
              columns.every((name, at) => folded(row[name] ?? null) === folded(wanted[at] ?? null)),
            )
            const expected = wanted.every((value) => value === null) ? [] : all.map((row) => row['contactid'])
            expect([...table.find(columns, wanted)].sort()).toEqual(expected.sort())
          }
        }
      }
    }),
  )
})
