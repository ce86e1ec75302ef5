/** A process that holds a store and can be killed: `node store-child.mjs hold|commit|join|settle PATH`. */

import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../dist/src/store/sqlite.js'

const [scenario, path] = process.argv.slice(2)
const SCOPE = { organization: 'organization', target: 'crm' }
const person = (n) => n.toString(16).padStart(8, '0').padEnd(32, '0')
/** Written at once: a killed process flushes nothing. */
const say = (line) => writeSync(1, `${line}\n`)
const dieNow = () => process.kill(process.pid, 'SIGKILL')

let store
try {
  store = await openSqliteStore(path, { now: () => 0 })
} catch (error) {
  say(error.code)
  process.exit(error.code === 'lease-held' ? 7 : 1)
}
switch (scenario) {
  case 'hold':
    say('held')
    setInterval(() => {}, 60_000)
    break
  case 'commit':
    // Batch n is announced only after its transaction; the parent kills this process somewhere in between.
    for (let n = 0; ; n++) {
      const ledger = Array.from({ length: 50 }, (_, i) => ({ place: `slot/${n}/${i}`, rowId: 'x'.repeat(200) }))
      await store.putLedger(SCOPE, ledger)
      say(n)
    }
  case 'join': {
    // More than the page cache holds, so that uncommitted pages are in the log file when the process dies.
    const rows = Array.from({ length: 10_000 }, (_, n) => ({
      person: person(n),
      ouid: `ouid-${n}`,
      userId: '',
      state: 'a'.repeat(8_000),
    }))
    const last = { ...rows[0], state: 'b' }
    await store.joinStates([{ ...last, state: 'a' }], (old) => old, { targets: [], dueAll: false })
    say('committed')
    await store.joinStates([...rows.slice(1), last], dieNow, { targets: ['crm'], dueAll: true })
    break
  }
  case 'settle': {
    await store.joinStates([{ person: person(1), ouid: 'o', userId: '', state: 'a' }], (old) => old, {
      targets: ['crm'],
      dueAll: false,
    })
    say('committed')
    const deadly = {
      get person() {
        return dieNow()
      },
    }
    await store.settle(SCOPE, {
      now: 1,
      settlements: [{ person: person(1), mark: 1, outcome: 'written', park: 'clear' }],
      ledger: [{ place: 'slot/a' }],
      evidence: [],
      quarantine: [deadly],
    })
  }
}
