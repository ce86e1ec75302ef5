/** Pods on PostgreSQL keep the contract of shared work, and what only several of them can show. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CrewClaims } from '../../src/deliver/crew-claims.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openPostgresStore, type PostgresStore, type StoreWishes } from '../../src/store/postgres.ts'
import { once, onceOrNever, taken } from '../../src/work/steps.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { person, stateRow, union } from './store-samples.ts'
import { workContract } from './work.ts'

const bin = findPostgres()
const running = () => new AbortController().signal
const NOW = { now: () => 0 }

describe.skipIf(bin === undefined)('with a server', () => {
  let server: PostgresServer
  let schemas = 0
  let opened: PostgresStore[] = []
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())

  const schema = () => `work_${schemas}`
  const open = async (wishes: StoreWishes) => {
    const store = await openPostgresStore(server.address(schema()), NOW, wishes)
    opened.push(store)
    return store
  }
  async function pod(wishes: StoreWishes = {}) {
    const store = await open({ job: 'night', ...wishes })
    if (store.pods === undefined) throw new Error('a store without pods')
    return { store, ...store.pods }
  }
  const closeAll = async () => {
    for (const store of opened.splice(0)) await store.close()
  }

  workContract('PostgreSQL', async () => {
    schemas += 1
    return { pod: async () => (await pod()).work, dispose: closeAll }
  })

  describe('several pods', () => {
    beforeEach(() => {
      schemas += 1
    })
    afterEach(closeAll)

    /** Ends a pod's connections as the death of its machine does; its rows stay. */
    const dies = async (store: PostgresStore) => {
      opened = opened.filter((other) => other !== store)
      const lost = new Promise((resolve) => store.leaseLost.addEventListener('abort', resolve, { once: true }))
      await server.ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = (SELECT max(pid) FROM pg_locks
        WHERE locktype = 'advisory')`)
      await lost
      await store.close()
    }

    it('who comes second finds the items of whoever came first, and none is in two hands', async () => {
      const [one, two] = [await pod(), await pod()]
      const [first, second] = [await one.work.begin('p', ['a', 'b']), await two.work.begin('p', ['c', 'd', 'e'])]
      expect([await first.take(), await second.take(), await first.take(), await second.take()]).toEqual([
        'a',
        'b',
        undefined,
        undefined,
      ])
      const over = second.wait(running())
      await first.done(new Map([['a', 1]]))
      await second.done(new Map([['b', 2]]))
      expect(await over).toBe('over')
      expect([...(await first.results())]).toEqual([
        ['a', 1],
        ['b', 2],
      ])
    })

    it('§8.2 many items and many pods: each is done once', async () => {
      const pods = [await pod(), await pod(), await pod()]
      const items = Array.from({ length: 60 }, (_, number) => `${number}`)
      const done: string[] = []
      await Promise.all(
        pods.map(async ({ work }) => {
          const phase = await work.begin('p', items)
          for await (const item of taken(phase, running())) {
            done.push(item)
            await phase.done(new Map([[item, null]]))
          }
        }),
      )
      expect(done.sort()).toEqual([...items].sort())
    })

    it('once: one makes, all have the answer; where one fails the next tries', async () => {
      const [one, two] = [await pod(), await pod()]
      await expect(once(one.work, 'p', () => Promise.reject(new Error('trouble')), running())).rejects.toThrow(
        'trouble',
      )
      expect(await once(two.work, 'p', async () => ({ by: 'two' }), running())).toEqual({ by: 'two' })
      expect(await once(one.work, 'p', async () => ({ by: 'one' }), running())).toEqual({ by: 'two' })
    })

    it('§8.7 what is given up waits until no other pod is at work in it, and is then done by nobody', async () => {
      const [one, two] = [await pod(), await pod()]
      const phase = await two.work.begin('p', ['once'])
      expect(await phase.take()).toBe('once')
      let given = false
      const giving = (async () => {
        await (await one.work.begin('p', [])).giveUp(running())
        given = true
      })()
      await two.work.begin('q', [])
      await giving
      expect([given, await phase.wait(running())]).toEqual([true, 'over'])
      const late = await pod()
      await expect(once(late.work, 'p', async () => 1, running())).rejects.toMatchObject({ code: 'source-unreadable' })
      await expect(onceOrNever(late.work, 'p', async () => 1, running())).rejects.toThrow()
    })

    it('a pod that leaves in order leaves its items to the others at once', async () => {
      const [one, two] = [await pod(), await pod()]
      const phase = await one.work.begin('p', ['a'])
      await phase.take()
      const other = await two.work.begin('p', ['a'])
      await one.store.close()
      expect(await other.wait(running())).toBe('free')
      expect(await other.take()).toBe('a')
    })

    it('a job of which no pod lives is begun anew; one that was completed is not', async () => {
      const one = await pod()
      await (await one.work.begin('p', ['a', 'b'])).take()
      await one.store.close()
      const two = await pod()
      expect(two.late).toBe(false)
      const anew = await two.work.begin('p', ['c'])
      expect(await anew.take()).toBe('c')
      await anew.done(new Map([['c', null]]))
      await two.work.complete()
      await two.store.close()
      const late = await pod()
      expect([late.late, await (await late.work.begin('p', ['d'])).wait(running())]).toEqual([true, 'over'])
    })

    it('§9 pods of one job share the store; another job and a process alone are refused, and so are pods while one is alone', async () => {
      const one = await pod()
      await pod()
      await expect(open({ job: 'day' })).rejects.toMatchObject({ code: 'lease-held' })
      await expect(open({})).rejects.toMatchObject({ code: 'lease-held' })
      await closeAll()
      expect(one.store.leaseLost.aborted).toBe(false)
      await open({})
      await expect(open({ job: 'night' })).rejects.toMatchObject({ code: 'lease-held' })
    })

    it('§3 states of the same persons, joined by several pods at the same time: none is lost, whatever the order', async () => {
      const pods = [await pod(), await pod(), await pod()]
      const numbers = Array.from({ length: 40 }, (_, number) => number)
      const join = (store: PostgresStore, letter: string) =>
        store.joinStates(
          numbers.map((number) => stateRow(number, letter)),
          union,
          { targets: ['crm'], dueAll: false },
        )
      const letters = ['a', 'b', 'c', 'd', 'e', 'f']
      await Promise.all(letters.map((letter, index) => join((pods[index % pods.length] ?? defect()).store, letter)))
      const [first] = pods
      const persons = (await first?.store.persons(numbers.map(person))) ?? []
      expect(persons.map(({ states }) => states.map((state) => [...state].sort().join('')))).toEqual(
        numbers.map(() => [stateRow(0, letters.join('')).state]),
      )
      // A mark counts each change: six for everybody.
      expect((await first?.store.takeDue('crm', undefined, 99))?.map(({ mark }) => mark)).toEqual(numbers.map(() => 6))
    })

    it('§8.2 keys of the dead are free only when their lease and their last request have surely ended', async () => {
      const survivor = await pod({ leaseMs: 60_000 })
      const dead = await pod({ leaseMs: 1_500, requestMs: 1_500 })
      const key = Buffer.from('k')
      await dead.keys.take([key])
      const phase = await dead.work.begin('p', ['a'])
      await phase.take()
      await dies(dead.store)
      expect(await survivor.keys.take([key])).toBeUndefined()
      const other = await survivor.work.begin('p', ['a'])
      expect(await other.take()).toBeUndefined()
      expect(await other.wait(running())).toBe('free')
      const [left] = await server.ask(`SELECT count(*)::int AS n FROM ${schema()}.holder`)
      expect(left).toEqual({ n: 1 })
      // Whoever read before the dead one's time was over may have read what it wrote since.
      expect((await survivor.keys.take([key]))?.released).toBeGreaterThan(0)
    })

    it('§8.2 a process alone waits for the dead before it sends anything; after an orderly end it does not', async () => {
      const first = await open({ leaseMs: 1_200, requestMs: 1_300 })
      await dies(first)
      const waits: number[] = []
      const second = await open({})
      await second.quiet(running(), (ms) => waits.push(ms))
      expect(waits.length).toBeGreaterThan(0)
      await second.close()
      const third = await open({})
      await third.quiet(running(), () => expect.unreachable('nobody is waited for'))
    })

    it('keys are taken all or none, and whoever reads before a release is told', async () => {
      const [one, two] = [await pod(), await pod()]
      const [a, b] = [Buffer.from('a'), Buffer.from('b')]
      const mark = await two.keys.mark()
      expect(await one.keys.take([a])).toEqual({ released: 0 })
      expect(await two.keys.take([b, a])).toBeUndefined()
      expect(await one.keys.take([b])).toEqual({ released: 0 })
      await one.keys.release([a, b])
      const later = await two.keys.mark()
      const { released } = (await two.keys.take([a, b])) ?? { released: 0 }
      expect(released).toBeGreaterThan(mark)
      expect(released).toBeLessThan(later)
    })

    it('claims: nobody holds what another pod holds, and whoever waited or read too early is told', async () => {
      const claimsOf = async () => {
        const { keys, store } = await pod()
        return new CrewClaims({ keys, digestKey: store.pseudonymKey, organization: 'o', sleep: systemClock.sleep })
      }
      const [one, two] = [await claimsOf(), await claimsOf()]
      const early = await two.watch()
      const held = await one.claim(new Set(['x', 'y']), running(), await one.watch())
      expect(held.contended).toBe(false)
      let granted = false
      const waiting = two.claim(new Set(['y', 'z']), running(), await two.watch()).then((claim) => {
        granted = true
        return claim
      })
      // What it does not meet is free, and it holds nothing while it waits.
      await (await one.claim(new Set(['z']), running(), await one.watch())).release()
      expect(granted).toBe(false)
      await held.release()
      const claim = await waiting
      expect(claim.contended).toBe(true)
      await claim.release()
      expect((await two.claim(new Set(['x']), running(), early)).contended).toBe(true)
      const fresh = await one.claim(new Set(['y']), running(), await one.watch())
      expect(fresh.contended).toBe(false)
      // No key stands in clear text.
      const [{ clear } = {}] = await server.ask(
        `SELECT count(*) FILTER (WHERE length(key) < 32)::int AS clear FROM ${schema()}.held_key`,
      )
      expect(clear).toBe(0)
    })

    it('§9 a lease whose time has passed is no lease any more, although its connection lives', async () => {
      let ms = 0
      const clock = { ...NOW, monotonic: () => ms }
      const store = await openPostgresStore(server.address(schema()), clock, { leaseMs: 60_000 })
      store.checkLease()
      ms = 60_001
      expect(() => store.checkLease()).toThrow(/its time passed/)
      ms = 0
      expect(() => store.checkLease()).toThrow(/no lease any more/)
      expect(store.leaseLost.aborted).toBe(true)
      await store.close()
    })
  })
})

function defect(): never {
  throw new Error('no pod')
}
