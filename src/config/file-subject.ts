/** What the rules about the whole file look at. */

import type { Where } from './place.ts'
import type { WrittenSettings } from './schema.ts'

/** What the rules about the whole file look at; parts that broke the schema are absent. */
export interface FileSubject {
  readonly names: readonly unknown[]
  readonly choices: Readonly<Record<string, { readonly true: readonly string[]; readonly false: readonly string[] }>>
  readonly source?: WrittenSettings['source'] | undefined
  readonly archive?: WrittenSettings['archive']
  readonly report?: WrittenSettings['report'] | undefined
  readonly didomi?: WrittenSettings['didomi']
  readonly retention?: WrittenSettings['retention'] | undefined
  readonly reverse: WrittenSettings['reverse'] | undefined
  readonly heartbeat?: WrittenSettings['heartbeat']
  readonly notify?: WrittenSettings['notify'] | undefined
  /** Where relative paths start. */
  readonly folder: string
  readonly where: Where
}
