/** `store check|backup|restore` on the command line: no ports are opened, for a store that is damaged opens none. */

import { resolve } from 'node:path'
import { backUpStore, checkStore, restoreStore } from '../../jobs/store.ts'
import { exitCode } from '../report/exit-code.ts'
import { isSound, storeText } from '../report/store-text.ts'
import type { StoreCheck } from '../store/store-rules.ts'
import { storeFiles } from '../wire.ts'
import { openSettings, openVoices } from './opening.ts'

/** The flags that all three have. */
export interface StoreFlags {
  readonly config: string
  readonly json: boolean
  readonly logLevel: string
}

/** Prints what was found: 0 sound, 2 damaged, 1 where sums do not hold. */
export async function runStoreCheck(flags: StoreFlags): Promise<number> {
  const check = await checkStore(storeFiles, await storeOf(flags))
  say(flags, check, storeText(check))
  return verdict(check)
}

/** Makes a backup and prints what is in it. */
export async function runStoreBackup(flags: StoreFlags & { readonly to: string }): Promise<number> {
  const to = resolve(flags.to)
  const check = await backUpStore(storeFiles, await storeOf(flags), to)
  say(flags, { ...check, to }, `Backed up to ${to}.\n${storeText(check)}`)
  return verdict(check)
}

/** Puts a backup in the store's place and says where the store is that was there. */
export async function runStoreRestore(
  flags: StoreFlags & { readonly from: string; readonly force: boolean },
): Promise<number> {
  const [from, { force }] = [resolve(flags.from), flags]
  const { check, kept } = await restoreStore(storeFiles, await storeOf(flags), { from, force })
  const aside = kept === undefined ? '' : ` What was there is kept as ${kept}.`
  const next = 'The ledger is not trusted any more: everybody is due, and the next sync reads all of Dataverse afresh.'
  say(flags, { ...check, from, ...(kept !== undefined && { kept }) }, `Restored.${aside}\n${next}\n${storeText(check)}`)
  return verdict(check)
}

async function storeOf(flags: StoreFlags) {
  const { log } = openVoices({ ...flags, quiet: true })
  return (await openSettings(flags.config, log)).store
}

function say({ json }: StoreFlags, answer: object, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(answer) : text}\n`)
}

function verdict(check: StoreCheck): number {
  if (isSound(check)) return exitCode([])
  return exitCode([check.damage.length > 0 ? 'configuration' : 'defect'])
}
