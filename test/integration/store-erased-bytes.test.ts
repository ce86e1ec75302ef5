/** What was erased stands in no byte of the embedded store's file, however often its rows had moved (semantics §8.9). */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { checked, evidenceFor } from '../contract/store-evidence.ts'
import { SCOPE, union } from '../contract/store-samples.ts'

const PERSONS = 400
const ERASED = 40

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-erased-'))
  path = join(folder, 'state.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = () => openSqliteStore(path, { now: () => 0 })
const who = Array.from({ length: PERSONS }, (_, n) => {
  const name = `zq${n.toString(36).padStart(4, '0')}zq`
  return { person: personId(`${name}@example.com`), ouid: `${name}@example.com`, name }
}).sort((a, b) => (a.person < b.person ? -1 : 1))
const erased = who.filter((_, n) => n % (PERSONS / ERASED) === 3)

/** Rows that grow, shrink and move: pages are split, merged and given back. */
async function live(store: Store): Promise<void> {
  for (const length of [40, 900, 2_500]) {
    const rows = who.map(({ person, ouid, name }) => ({ person, ouid, userId: 'd', state: name.repeat(length / 8) }))
    await store.joinStates(rows, (_, added) => added, { targets: ['crm'], dueAll: true })
    const found = who.map(({ person, name }) => ({
      person,
      contacts: [
        {
          contactId: `c-${name}`,
          addresses: [{ channel: 'email' as const, address: `${length}-${name}@mail.example` }],
        },
      ],
    }))
    await store.saveContacts(SCOPE, found)
    await store.settle(SCOPE, {
      now: length,
      settlements: who.map(({ person }) => ({ person, mark: 1, outcome: 'unmatched', park: 'keep' as const })),
      ledger: who.map(({ name }) => ({
        place: `slot/email/${length}-${name}@mail.example/purpose/p`,
        rowId: `row-${name}`,
      })),
      evidence: who.map(({ person, name }) => {
        const place = `slot/email/${length}-${name}@mail.example/purpose/p`
        return evidenceFor(1, { person, place, rowId: `row-${name}`, event: `event-${name}` })
      }),
      quarantine: who.map(({ person, name }) => ({ person, placeHash: name, what: 'w', code: 'c', message: name })),
    })
  }
  await store.joinStates([], union, { targets: [], dueAll: false })
}

it('§8.9 no byte of an erased person is left, every byte of the others is, and the file keeps its mode', async () => {
  const store = await open()
  await live(store)
  await store.close()
  const mode = statSync(path).mode
  const again = await open()
  expect(await again.forget(erased, 1, 'none')).toMatchObject({ known: ERASED, states: ERASED, ledger: 3 * ERASED })
  await again.close()
  const bytes = readFileSync(path, 'latin1')
  expect(erased.filter(({ name }) => bytes.includes(name)).map(({ name }) => name)).toEqual([])
  const keys = erased.map(({ person }) => Buffer.from(person, 'hex').toString('latin1'))
  expect(keys.filter((key) => bytes.includes(key))).toHaveLength(0)
  const others = who.filter((one) => !erased.includes(one))
  expect(others.filter(({ name }) => !bytes.includes(name))).toEqual([])
  expect(readdirSync(folder).sort()).toEqual(['state.db', 'state.db.lease'])
  expect(statSync(path).mode).toBe(mode)
  const last = await open()
  expect(await last.countStates()).toBe(PERSONS - ERASED)
  expect(await checked(last)).toMatchObject({ entries: 3 * PERSONS, erased: 3 * ERASED, breaks: [] })
  await last.close()
})
