/** Does Didomi's API let us in, and do the ids that mappings hold mean anything to it? */

import type { DidomiSettings, MappingEntry, Settings } from '../config/settings.ts'
import type { WidgetIds } from '../didomi/catalogue.ts'
import { isCatalogueClosed } from '../didomi/trouble.ts'
import { catalogueKeys, knownIds } from '../mapping/known-ids.ts'
import { isPath } from '../mapping/path.ts'
import { resolve } from '../mapping/resolve.ts'
import type { StoreGlance } from '../store/glance.ts'
import { type Check, type Finding, failed, ok, orOk, skipped, warning } from './finding.ts'

export interface DidomiWorld {
  readonly settings: Pick<Settings, 'didomi' | 'targets' | 'lookup' | 'catalogue'>
  readonly glance: () => Promise<StoreGlance | undefined>
  /** Asked once. */
  readonly widgetIds: (didomi: DidomiSettings, signal: AbortSignal) => Promise<WidgetIds>
}

const NO_KEYS = skipped('no API keys are configured (`didomi`)')

const access: Check<DidomiWorld> = {
  id: 'access',
  title: 'API keys',
  run: async ({ settings: { didomi }, widgetIds }, signal) => {
    if (didomi === undefined) return NO_KEYS
    try {
      await widgetIds(didomi, signal)
    } catch (error) {
      if (!isCatalogueClosed(error)) throw error
      return warning(
        'a session, but no right to read configuration tree and widgets',
        'Nothing need be done; with that right this command could say what widget ids mean.',
      )
    }
    return ok('a session, configuration tree and widgets')
  },
}

const widgets: Check<DidomiWorld> = {
  id: 'widget-ids',
  title: 'ids in mappings',
  needs: ['access', 'store/content'],
  run: async ({ settings, glance, widgetIds }, signal) => {
    const { didomi, targets, lookup, catalogue } = settings
    if (didomi === undefined) return NO_KEYS
    const known = knownIds([...((await glance())?.knownIds ?? []), ...catalogueKeys(catalogue)])
    const open = targets
      .flatMap(({ entries }) => entries)
      .filter((entry): entry is MappingEntry & { value: string } => {
        if (typeof entry.value !== 'string' || isPath(entry.value)) return false
        const options = { wants: 'choice', li: entry.li ?? false, known, lookup, frozen: undefined } as const
        return resolve(entry.value, options).kind === 'unmatched'
      })
    if (open.length === 0) return ok('store, catalogue and lookup answer all of them')
    const ids = await widgetIds(didomi, signal).catch((error: unknown) => {
      if (!isCatalogueClosed(error)) throw error
      return undefined
    })
    if (ids === undefined) return skipped('configuration tree and widgets may not be read by us')
    if (ids.size === 0) return skipped('Didomi keeps neither tree nor widgets for this organization')
    const findings: Finding[] = open.map(({ id, value }) => {
      const meant = ids.get(value)
      if (meant === undefined)
        return failed(
          'configuration',
          `the value that maps to ${id} stands neither in Didomi's configuration tree nor in its widgets`,
          'Correct the value in the integration document, or add it to `lookup`.',
        )
      return warning(
        `the value that maps to ${id} is known to Didomi, and nothing in store, catalogue or lookup says so yet`,
        `Add it to \`lookup\` as ${JSON.stringify(meant)}, unless the first export will bring it.`,
      )
    })
    return orOk(findings, 'all of them')
  },
}

export const DIDOMI_CHECKS: readonly Check<DidomiWorld>[] = [access, widgets]
