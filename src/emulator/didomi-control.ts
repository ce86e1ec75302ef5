/** The control endpoints of an emulated Didomi API, below `/__emulator/`, without a session. */
import type { DidomiApi } from './didomi-api.ts'
import { type ExportSettings, exportLines } from './didomi-export.ts'
import type { DidomiFault, DidomiFaults } from './didomi-faults.ts'
import { type DidomiReply, didomiRefusal } from './didomi-reply.ts'
import type { DidomiRoute } from './didomi-routes.ts'

/** Every control path starts with this. */
export const DIDOMI_CONTROL_PREFIX = '/__emulator/'

interface FaultOrder {
  readonly route: DidomiRoute
  readonly fault: DidomiFault
  readonly nth?: number
  readonly times?: number
}

/** Answers a control request; `action` is the method and the path below the prefix. */
export function didomiControl(
  api: DidomiApi,
  faults: DidomiFaults,
  action: string,
  query: URLSearchParams,
  body: unknown,
): DidomiReply {
  switch (action) {
    case 'GET counters':
      return { status: 200, body: api.counters }
    case 'GET events':
      return { status: 200, body: api.inbox.received }
    case 'GET users':
      return { status: 200, body: api.people.records.flatMap((record) => (record === undefined ? [] : [record.user])) }
    case 'GET export':
      return { status: 200, body: exported(api, query) }
    case 'POST faults': {
      const { route, fault, ...when } = body as FaultOrder
      faults.add(route, fault, when)
      return { status: 204 }
    }
    case 'DELETE faults':
      faults.clear()
      return { status: 204 }
    case 'POST tokens/expire':
      api.sessions.expire()
      return { status: 204 }
    default:
      return didomiRefusal(404, 'No such control.')
  }
}

/** The lines of an export after the change of a number (`after`), and the number to begin the next one with. */
function exported({ people }: DidomiApi, query: URLSearchParams): object {
  const settings: ExportSettings = {
    afterSequence: Number(query.get('after') ?? 0),
    unchanged: query.get('unchanged') === 'true',
    guests: query.get('guests') === 'true',
  }
  return { sequence: people.sequence, lines: exportLines(people.records, settings) }
}
