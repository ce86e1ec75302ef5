/** Both sides in one process: an emulated Didomi beside a world of delivery, and the way back between them. */

import { join } from 'node:path'
import { reverse } from '../../jobs/reverse.ts'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import { exportLines } from '../../src/emulator/didomi-export.ts'
import { writeExportDay } from '../../src/emulator/didomi-export-folder.ts'
import type { DidomiEmulatorOptions } from '../../src/emulator/didomi-settings.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import type { Inbox } from '../../src/reverse/inbox.ts'
import { BEGIN } from './deliver-samples.ts'
import type { TargetDraft } from './deliver-settings.ts'
import { type DeliverWorld, openWorld } from './deliver-world.ts'

export interface ReverseWorld {
  readonly world: DeliverWorld
  readonly didomi: DidomiEmulator
  /** Runs `reverse` once; `accept`: the plan that the brake stopped. */
  reverse(inbox?: Inbox, accept?: string): Promise<RunReport>
  /** Somebody says something at Didomi, now. */
  choose(ouid: string, consents: object): void
  /** Lays the export of everything that Didomi knows, and runs `sync` a minute later. */
  sync(): Promise<RunReport>
  close(): Promise<void>
}

export interface ReverseDraft {
  readonly target: TargetDraft
  readonly didomi?: DidomiEmulatorOptions
  readonly settings?: Readonly<Record<string, unknown>>
  readonly emulator?: NonNullable<Parameters<typeof openWorld>[0]['emulator']>
}

const DAY_MS = 86_400_000

export async function openReverse(draft: ReverseDraft): Promise<ReverseWorld> {
  let nowMs = Date.parse(BEGIN)
  const didomi = await startDidomiEmulator({ rate: false, ...draft.didomi, now: () => nowMs })
  const { organizationId, key, secret, apiRoot } = didomi
  const target = { ...draft.target, options: { reverse: { enabled: true }, ...draft.target.options } }
  const world = await openWorld({
    targets: [target],
    settings: { didomi: { organizationId, key, secret, apiRoot }, ...draft.settings },
    ...(draft.emulator && { emulator: draft.emulator }),
  })
  let runs = 0
  const tick = () => {
    nowMs = world.clock.now()
  }
  return {
    world,
    didomi,
    choose(ouid, consents) {
      tick()
      didomi.people.post({
        id: undefined,
        createdAt: undefined,
        status: 'confirmed',
        regulation: 'gdpr',
        user: { organization_user_id: ouid },
        consents: consents as Readonly<Record<string, unknown>>,
        metadata: {},
        delegate: undefined,
        proofsId: [],
      })
    },
    async reverse(inbox, accept) {
      world.clock.advance(60_000)
      tick()
      runs += 1
      const settings = world.settings
      if (settings.didomi === undefined) throw new TypeError('no didomi')
      const request = {
        ...{ run: `reverse-${runs}`, targets: settings.targets, didomi: settings.didomi },
        ...(accept !== undefined && { accept }),
      }
      return reverse({ ...world.ports, ...(inbox && { inbox }) }, settings, request, new AbortController().signal)
    },
    async sync() {
      world.clock.advance(60_000)
      tick()
      const date = new Date(Math.floor(nowMs / DAY_MS) * DAY_MS).toISOString().slice(0, 10)
      const lines = exportLines(didomi.people.records, { events: 'all' })
      await writeExportDay(join(world.folder, 'export'), { exportId: 'E1', date }, lines)
      world.clock.advance(60_000)
      const report = await world.run()
      world.clock.advance(60_000)
      tick()
      return report
    },
    close: () => didomi.close(),
  }
}
