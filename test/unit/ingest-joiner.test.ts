/** §3, §8.1: states gathered and joined in large transactions, known ids ahead of them. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { joinTexts, stateOf, stateText } from '../../src/consent/state.ts'
import { StateJoiner } from '../../src/ingest/joiner.ts'
import { keysMadeKnown } from '../../src/mapping/known-ids.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { StateRow, Store } from '../../src/store/store.ts'

const DUE = { targets: ['crm'], dueAll: false }

let folder: string
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-joiner-'))
  store = await openSqliteStore(join(folder, 'store.db'), { now: () => 0 })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

function row(ouid: string, purpose: string, asOf: number, userId = 'd1'): StateRow {
  const key = `purpose/${purpose}` as const
  const record = { ouid, userId, version: 1, asOf, statements: [[key, true]] as const, events: [], attributes: [] }
  return { person: personId(ouid), ouid, userId, state: stateText(stateOf(record)) }
}

/** Adds states together with the keys they make known. */
const add = (joiner: StateJoiner, rows: readonly StateRow[]): Promise<void> =>
  joiner.add(rows, new Set(rows.flatMap(({ state }) => [...keysMadeKnown(state)])))

/** The store, telling how many states and ids each call was given. */
function watched(calls: string[]): Store {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (name !== 'joinStates' && name !== 'addKnownIds') return value
      return (given: readonly unknown[], ...rest: unknown[]) => {
        calls.push(`${name} ${given.length}`)
        return Reflect.apply(value, target, [given, ...rest])
      }
    },
  })
}

describe('StateJoiner', () => {
  it('joins in transactions of its size, and the rest when flushed', async () => {
    const calls: string[] = []
    const joiner = await StateJoiner.open(watched(calls), DUE, 3)
    await add(
      joiner,
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((ouid) => row(ouid, 'p', 1)),
    )
    expect(await store.countStates()).toBe(6)
    await joiner.flush()
    await joiner.flush()
    expect(calls.filter((call) => call.startsWith('join'))).toEqual(['joinStates 3', 'joinStates 3', 'joinStates 1'])
    expect([joiner.changed, await store.countDue('crm')]).toEqual([7, 7])
  })

  it('§4 ids become known before the states that name them, each once', async () => {
    const calls: string[] = []
    await store.addKnownIds(['purpose/p'])
    const joiner = await StateJoiner.open(watched(calls), DUE, 2)
    await add(joiner, [row('a', 'p', 1), row('b', 'q', 1), row('c', 'q', 1), row('d', 'p', 1)])
    expect(calls).toEqual(['addKnownIds 1', 'joinStates 2', 'joinStates 2'])
    expect(await store.knownIds()).toEqual(['purpose/p', 'purpose/q'])
  })

  it('§3 one record twice, in one transaction or in two, is joined and counted once per transaction', async () => {
    const [older, newer] = [row('a', 'p', 1), row('a', 'q', 2)]
    const joiner = await StateJoiner.open(store, DUE)
    await add(joiner, [newer, row('a', 'p', 1, 'd2'), older])
    await joiner.flush()
    expect(joiner.changed).toBe(2)
    await add(joiner, [older, newer])
    await joiner.flush()
    expect(joiner.changed).toBe(2)
    const [person] = await store.persons([older.person])
    expect(person?.states).toEqual([joinTexts(older.state, newer.state), row('a', 'p', 1, 'd2').state])
  })

  it('what the store could not take waits for the next time: it is never taken for joined', async () => {
    let full = true
    const joiner = await StateJoiner.open(
      new Proxy(store, {
        get(target, name) {
          const value = Reflect.get(target, name, target)
          if (name !== 'joinStates' || !full) return value
          return () => Promise.reject(new Error('disk full'))
        },
      }),
      DUE,
    )
    await add(joiner, [row('a', 'p', 1)])
    await expect(joiner.flush()).rejects.toThrow('disk full')
    full = false
    await joiner.flush()
    expect([joiner.changed, await store.countStates()]).toEqual([1, 1])
  })

  it('what changed nothing makes nobody due, unless everybody shall be', async () => {
    const first = await StateJoiner.open(store, { targets: [], dueAll: false })
    await add(first, [row('a', 'p', 1)])
    await first.flush()
    const same = await StateJoiner.open(store, DUE)
    await add(same, [row('a', 'p', 1)])
    await same.flush()
    expect([same.changed, await store.countDue('crm')]).toEqual([0, 0])
    const repair = await StateJoiner.open(store, { ...DUE, dueAll: true })
    await add(repair, [row('a', 'p', 1)])
    await repair.flush()
    expect([repair.changed, await store.countDue('crm')]).toEqual([0, 1])
  })
})
