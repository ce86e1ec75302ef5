/** What every inbox keeps, whatever it is made of. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Inbox, TouchedRow } from '../../src/reverse/inbox.ts'

/** Opens one and the same inbox as often as it is asked. */
export interface InboxPlace {
  open(): Promise<Inbox>
  dispose(): Promise<void>
}

const row = (n: number, table = 'contact'): TouchedRow => ({
  table,
  rowId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
})
const bare = (rows: readonly TouchedRow[]) => rows.map(({ table, rowId }) => ({ table, rowId }))

export function inboxContract(name: string, openPlace: () => Promise<InboxPlace>): void {
  describe(`inbox in ${name}`, () => {
    let place: InboxPlace
    let inbox: Inbox
    let other: Inbox
    beforeEach(async () => {
      place = await openPlace()
      ;[inbox, other] = [await place.open(), await place.open()]
    })
    afterEach(async () => {
      await inbox.close()
      await other.close()
      await place.dispose()
    })

    it('rows come in the order in which they were touched, as many as asked, and stay', async () => {
      await inbox.add([row(3), row(1)])
      await inbox.add([row(2)])
      expect(bare(await inbox.take(2))).toHaveLength(2)
      expect(bare((await inbox.take(3)).slice(2))).toEqual([row(2)])
      expect(await inbox.count()).toBe(3)
    })

    it('a row touched twice stands in it once, behind those touched between; tables are told apart', async () => {
      await inbox.add([row(1), row(1)])
      await inbox.add([row(2)])
      await inbox.add([row(1)])
      await inbox.add([row(1, 'msdynmkt_contactpointconsent4')])
      expect(bare(await inbox.take(9))).toEqual([row(2), row(1), row(1, 'msdynmkt_contactpointconsent4')])
    })

    it('what was taken and is removed is gone; what was touched again since stays, with a new mark', async () => {
      await inbox.add([row(1), row(2)])
      const taken = await inbox.take(9)
      await other.add([row(2)])
      await inbox.remove(taken)
      const left = await inbox.take(9)
      expect(bare(left)).toEqual([row(2)])
      expect(taken.map(({ mark }) => mark)).not.toContain(left[0]?.mark)
    })

    it('a mark never comes again: a remove that comes late takes no new touch', async () => {
      await inbox.add([row(1)])
      const taken = await inbox.take(9)
      await other.remove(taken)
      expect(await inbox.count()).toBe(0)
      await other.add([row(1)])
      await inbox.remove(taken)
      expect(bare(await inbox.take(9))).toEqual([row(1)])
    })

    it('two processes add at once: nothing is lost, nothing stands twice', async () => {
      const adding = Array.from({ length: 40 }, (_, n) => (n % 2 ? inbox : other).add([row(n % 25), row(n)]))
      await Promise.all(adding)
      expect(await inbox.count()).toBe(40)
      expect(new Set((await other.take(99)).map(({ mark }) => mark)).size).toBe(40)
    })

    it('what was added is there for the next process', async () => {
      await inbox.add([row(7)])
      const next = await place.open()
      expect(bare(await next.take(9))).toEqual([row(7)])
      await next.close()
    })

    it('nothing to add or to remove is nothing to do', async () => {
      await inbox.add([])
      await inbox.remove([])
      expect(await inbox.take(9)).toEqual([])
    })
  })
}
